/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzz render_captcha(): the first byte picks the style and whether check sums are put right first, as no
 * fuzzer finds one by itself; the rest is the picture. What is drawn is a picture within its limits. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/render/render.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"
#include "lib/common/util.h"

enum { COLUMNS_MAX = 76, LINES_MAX = 16, SIGNATURE_BYTES = 8, FRAME_BYTES = 12 };

/* PNG (ISO/IEC 15948) annex D. */
static uint32_t check_sum(const uint8_t *data, size_t n) {
        uint32_t crc = 0xffffffff;

        for (size_t i = 0; i < n; i++) {
                crc ^= data[i];
                for (int bit = 0; bit < 8; bit++)
                        crc = crc & 1 ? 0xedb88320 ^ (crc >> 1) : crc >> 1;
        }
        return ~crc;
}

static void put_check_sums(uint8_t *png, size_t n) {
        size_t at = SIGNATURE_BYTES;

        while (n > at && n - at >= FRAME_BYTES) {
                size_t n_data = (size_t)png[at] << 24 | (size_t)png[at + 1] << 16 |
                                (size_t)png[at + 2] << 8 | png[at + 3];
                uint32_t crc;

                if (n_data > n - at - FRAME_BYTES)
                        return;
                crc = check_sum(png + at + 4, n_data + 4);
                for (size_t i = 0; i < 4; i++)
                        png[at + 8 + n_data + i] = (uint8_t)(crc >> (24 - 8 * i));
                at += FRAME_BYTES + n_data;
        }
}

static void check_picture(const char *picture) {
        size_t n_lines = 0;

        if (!text_is_picture(picture) || strlen(picture) > LIMIT_STEP_PICTURE_BYTES)
                abort();
        for (const char *line = picture; line; n_lines++) {
                const char *end = strchrnul(line, '\n');
                size_t n_columns = 0;

                for (const char *p = line; p < end; p++)
                        n_columns += ((unsigned char)*p & 0xc0) != 0x80; /* not the rest of a character */
                if (n_columns > COLUMNS_MAX + strlen("\033[97;40m\033[0m"))
                        abort();
                line = *end == '\n' ? end + 1 : NULL;
        }
        if (n_lines > LINES_MAX)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* threats 80 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        _cleanup_(freep) uint8_t *png = NULL;
        _cleanup_(freep) char *picture = NULL;
        RenderStyle style;

        if (n < 2)
                return 0;
        png = malloc(n - 1);
        if (!png)
                return 0;
        memcpy(png, data + 1, n - 1);
        if (data[0] & 0x80)
                put_check_sums(png, n - 1);

        style = (RenderStyle)(data[0] % _RENDER_STYLE_MAX);
        if (render_captcha(png, n - 1, style, &picture) != 0) {
                if (picture)
                        abort();
        } else if (style == RENDER_NONE) {
                if (picture)
                        abort();
        } else
                check_picture(picture);
        return 0;
}
