/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* QR: a code of ISO/IEC 18004 as a text picture
 *
 * The light points are drawn, so that on a dark terminal the code has its right colours: several
 * readers do not take an inverted one. A quiet zone of two modules is half of what the standard
 * asks for; every reader tried takes it, and it is what lets a code and its address share 24
 * lines. */

#include <errno.h>
#include <qrencode.h>
#include <string.h>

#include "daemon/render/bitmap.h"
#include "daemon/render/render.h"

enum {
        QUIET_MODULES = 2,
        VERSION_MAX = 10,
        TEXT_BYTES_MAX = 652, /* digits in a version 10-L code, the most that any mode takes */
        MODULE_DARK = 1,      /* in libqrencode's matrix: the lowest bit */
};

/* The 45 characters of ISO/IEC 18004 table 5. */
static const char alphanumeric[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

static void input_freep(QRinput **input) {
        if (*input)
                QRinput_free(*input);
}

static void code_freep(QRcode **code) {
        if (*code)
                QRcode_free(*code);
}

/* One segment for a text of capitals: its size is then what the standard's table says. Anything
 * else is left to the library, which changes modes where that saves bits. */
static QRcode *encode(const char *text, size_t n_text) {
        _cleanup_(input_freep) QRinput *input = NULL;

        if (strspn(text, alphanumeric) != n_text)
                return QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);

        input = QRinput_new2(0, QR_ECLEVEL_L);
        if (!input)
                return NULL;
        if (QRinput_append(input, QR_MODE_AN, (int)n_text, (const unsigned char *)text) < 0)
                return NULL;
        return QRcode_encodeInput(input);
}

/* @n_below: rows of quiet zone beyond those of the other sides */
static int bitmap_from_code(const QRcode *code, size_t n_below, Bitmap **ret) {
        _cleanup_(bitmap_freep) Bitmap *bitmap = NULL;
        size_t side = (size_t)code->width, first;
        int r;

        r = bitmap_new(side + 2 * QUIET_MODULES, side + 2 * QUIET_MODULES + n_below, &bitmap);
        if (r < 0)
                return r;

        first = QUIET_MODULES * bitmap->width + QUIET_MODULES;
        memset(bitmap->points, 1, bitmap->width * bitmap->height);
        for (size_t y = 0; y < side; y++)
                for (size_t x = 0; x < side; x++)
                        if (code->data[y * side + x] & MODULE_DARK)
                                bitmap->points[first + y * bitmap->width + x] = 0;

        *ret = TAKE_PTR(bitmap);
        return 0;
}

static int draw(const Bitmap *bitmap, RenderStyle style, char **ret) {
        switch (style) {
        case RENDER_BLOCKS:
                return bitmap_draw_blocks(bitmap, "", ret);
        case RENDER_BLOCKS_COLOUR:
                return bitmap_draw_blocks(bitmap, BITMAP_WHITE_ON_BLACK, ret);
        case RENDER_ASCII:
                return bitmap_draw_ascii(bitmap, 2, ret);
        case RENDER_NONE:
        case _RENDER_STYLE_MAX:
                break;
        }
        *ret = NULL;
        return 0;
}

int render_qr(const char *text, RenderStyle style, char **ret) {
        _cleanup_(code_freep) QRcode *code = NULL;
        _cleanup_(bitmap_freep) Bitmap *bitmap = NULL;
        size_t n_text = strlen(text);
        int r;

        if (n_text == 0)
                return RENDER_E_DATA;
        if (n_text > TEXT_BYTES_MAX)
                return RENDER_E_SIZE;

        code = encode(text, n_text);
        if (!code) {
                r = errno;
                return r == ERANGE ? RENDER_E_SIZE : -(r > 0 ? r : ENOMEM);
        }
        if (code->version > VERSION_MAX)
                return RENDER_E_SIZE;

        /* A code has an odd number of rows: in blocks the half line left over is quiet zone too. */
        r = bitmap_from_code(code, style == RENDER_ASCII ? 0 : 1, &bitmap);
        if (r < 0)
                return r;
        return draw(bitmap, style, ret);
}
