/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bitmap: drawing points as characters
 *
 * Both ways of drawing know beforehand how long the text can get, so each is one allocation and
 * then writes without a check. */

#include <errno.h>
#include <string.h>

#include "daemon/render/bitmap.h"

#define COLOUR_END "\033[0m"

/* [upper point][lower point] */
static const char *const half_blocks[2][2] = { { " ", "\u2584" }, { "\u2580", "\u2588" } };
enum { HALF_BLOCK_BYTES = 3 };

int bitmap_new(size_t width, size_t height, Bitmap **ret) {
        Bitmap *bitmap;

        if (width == 0 || width > BITMAP_SIDE_MAX || height == 0 || height > BITMAP_SIDE_MAX)
                return -EINVAL;

        bitmap = calloc(1, sizeof(*bitmap) + width * height);
        if (!bitmap)
                return -ENOMEM;

        bitmap->width = width;
        bitmap->height = height;
        *ret = bitmap;
        return 0;
}

Bitmap *bitmap_free(Bitmap *bitmap) {
        free(bitmap);
        return NULL;
}

/* Below the last row there is nothing to draw. */
static unsigned int point(const Bitmap *bitmap, size_t x, size_t y) {
        return y < bitmap->height && bitmap->points[y * bitmap->width + x] != 0;
}

int bitmap_draw_blocks(const Bitmap *bitmap, const char *colour, char **ret) {
        size_t n_lines = (bitmap->height + 1) / 2;
        size_t n_line = strlen(colour) + bitmap->width * HALF_BLOCK_BYTES + sizeof(COLOUR_END);
        char *text, *p;

        text = malloc(n_lines * n_line + 1);
        if (!text)
                return -ENOMEM;

        p = text;
        for (size_t y = 0; y < bitmap->height; y += 2) {
                if (y > 0)
                        *p++ = '\n';
                p = stpcpy(p, colour);
                for (size_t x = 0; x < bitmap->width; x++)
                        p = stpcpy(p, half_blocks[point(bitmap, x, y)][point(bitmap, x, y + 1)]);
                if (colour[0] != '\0')
                        p = stpcpy(p, COLOUR_END);
        }
        *p = '\0';

        *ret = text;
        return 0;
}

int bitmap_draw_ascii(const Bitmap *bitmap, size_t n_columns, char **ret) {
        char *text, *p;

        text = malloc(bitmap->height * (bitmap->width * n_columns + 1));
        if (!text)
                return -ENOMEM;

        p = text;
        for (size_t y = 0; y < bitmap->height; y++) {
                if (y > 0)
                        *p++ = '\n';
                for (size_t x = 0; x < bitmap->width; x++)
                        for (size_t i = 0; i < n_columns; i++)
                                *p++ = point(bitmap, x, y) ? '#' : ' ';
        }
        *p = '\0';

        *ret = text;
        return 0;
}
