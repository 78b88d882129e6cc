/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Captcha: a small PNG from another machine as a text picture
 *
 * libpng is shown as little as can be: the chunks are walked first, the size is judged from the
 * header, and only what makes up the picture is handed on. So no text, profile or private chunk is
 * ever unpacked, and the one buffer that is decoded into is at most 24 kB.
 *
 * The ink is drawn, not the ground: characters are read by eye, and drawn that way they stand out
 * on a dark terminal and on a light one. */

#include <errno.h>
#include <png.h>
#include <string.h>

#include "daemon/render/bitmap.h"
#include "daemon/render/render.h"
#include "lib/common/limits.h"

enum {
        COLUMNS_MAX = 76,
        LINES_MAX = 16,
        GREY_LEVELS = 256,
        /* PNG (ISO/IEC 15948) section 5: signature; chunks of length, type, data, CRC */
        SIGNATURE_BYTES = 8,
        CHUNK_FRAME_BYTES = 12,
        CHUNK_DATA_OFFSET = 8,
        HEADER_DATA_BYTES = 13,
};

typedef struct Grey {
        size_t width, height;
        uint8_t *levels; /* owned; 0 is black */
} Grey;

static void grey_done(Grey *grey) {
        free(grey->levels);
        *grey = (Grey){};
}

static void image_done(png_image *image) {
        png_image_free(image);
}

static uint32_t read_be32(const uint8_t *p) {
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool chunk_is(const uint8_t *chunk, const char *type) {
        return memcmp(chunk + 4, type, 4) == 0;
}

static bool chunk_is_of_picture(const uint8_t *chunk) {
        static const char types[][5] = { "IHDR", "PLTE", "tRNS", "IDAT", "IEND" };

        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (chunk_is(chunk, types[i]))
                        return true;
        return false;
}

static int header_check(const uint8_t *png, size_t n_png) {
        static const char signature[] = "\x89PNG\r\n\x1a\n";
        const uint8_t *header = png + SIGNATURE_BYTES;
        uint32_t width, height;

        if (n_png < SIGNATURE_BYTES + CHUNK_FRAME_BYTES + HEADER_DATA_BYTES)
                return RENDER_E_DATA;
        if (memcmp(png, signature, SIGNATURE_BYTES) != 0)
                return RENDER_E_DATA;
        if (read_be32(header) != HEADER_DATA_BYTES || !chunk_is(header, "IHDR"))
                return RENDER_E_DATA;

        width = read_be32(header + CHUNK_DATA_OFFSET);
        height = read_be32(header + CHUNK_DATA_OFFSET + 4);
        if (width == 0 || height == 0)
                return RENDER_E_DATA;
        if (width > LIMIT_CAPTCHA_WIDTH_PIXELS || height > LIMIT_CAPTCHA_HEIGHT_PIXELS)
                return RENDER_E_SIZE;
        return 0;
}

/* Copies the signature and the chunks of the picture to @to, which has room for all of @png. The
 * last chunk must end where the data ends: what stands behind it is no part of a PNG. */
static int copy_picture(const uint8_t *png, size_t n_png, uint8_t *to, size_t *ret_n) {
        size_t at = SIGNATURE_BYTES, n = SIGNATURE_BYTES;

        memcpy(to, png, SIGNATURE_BYTES);
        for (;;) {
                size_t n_chunk;

                if (n_png - at < CHUNK_FRAME_BYTES)
                        return RENDER_E_DATA;
                if (read_be32(png + at) > n_png - at - CHUNK_FRAME_BYTES)
                        return RENDER_E_DATA;

                n_chunk = CHUNK_FRAME_BYTES + read_be32(png + at);
                if (chunk_is_of_picture(png + at)) {
                        memcpy(to + n, png + at, n_chunk);
                        n += n_chunk;
                }
                if (chunk_is(png + at, "IEND"))
                        break;
                at += n_chunk;
        }
        if (at + CHUNK_FRAME_BYTES != n_png)
                return RENDER_E_DATA;

        *ret_n = n;
        return 0;
}

static int decode(const uint8_t *picture, size_t n_picture, Grey *ret) {
        static const png_color white = { .red = 255, .green = 255, .blue = 255 };
        _cleanup_(image_done) png_image image = { .version = PNG_IMAGE_VERSION };
        _cleanup_(grey_done) Grey grey = {};

        if (!png_image_begin_read_from_memory(&image, picture, n_picture))
                return RENDER_E_DATA;
        if (image.width > LIMIT_CAPTCHA_WIDTH_PIXELS || image.height > LIMIT_CAPTCHA_HEIGHT_PIXELS)
                return RENDER_E_SIZE;

        image.format = PNG_FORMAT_GRAY;
        grey.width = image.width;
        grey.height = image.height;
        grey.levels = malloc(PNG_IMAGE_SIZE(image));
        if (!grey.levels)
                return -ENOMEM;
        if (!png_image_finish_read(&image, &white, grey.levels, 0, NULL))
                return RENDER_E_DATA;

        *ret = grey;
        grey = (Grey){};
        return 0;
}

/* The mean of the points from (x0, y0) to before (x1, y1); of none, white. */
static uint8_t mean(const Grey *grey, size_t x0, size_t y0, size_t x1, size_t y1) {
        size_t sum = 0, n = 0;

        for (size_t y = y0; y < y1; y++)
                for (size_t x = x0; x < x1; x++, n++)
                        sum += grey->levels[y * grey->width + x];
        return n > 0 ? (uint8_t)(sum / n) : GREY_LEVELS - 1;
}

/* Each point of the smaller picture is the mean of the points it covers. */
static int scale(const Grey *from, size_t width, size_t height, Grey *ret) {
        Grey to = { .width = width, .height = height };

        to.levels = malloc(width * height);
        if (!to.levels)
                return -ENOMEM;

        for (size_t y = 0; y < height; y++)
                for (size_t x = 0; x < width; x++)
                        to.levels[y * width + x] =
                                mean(from, x * from->width / width, y * from->height / height,
                                     (x + 1) * from->width / width, (y + 1) * from->height / height);

        *ret = to;
        return 0;
}

/* Otsu's threshold (IEEE Trans. SMC 9, 1979): the level that divides the points into the two groups
 * which differ most. The smaller group is the ink. Of a picture of one colour, nothing is ink. */
static int threshold(const Grey *grey, Bitmap **ret) {
        _cleanup_(bitmap_freep) Bitmap *bitmap = NULL;
        size_t n = grey->width * grey->height, counts[GREY_LEVELS] = {};
        uint64_t sum = 0, sum_dark = 0, n_dark = 0, n_dark_best = 0;
        double best = 0;
        int level = -1, r;

        for (size_t i = 0; i < n; i++) {
                counts[grey->levels[i]]++;
                sum += grey->levels[i];
        }
        for (int i = 0; i < GREY_LEVELS - 1; i++) {
                double difference, spread;

                n_dark += counts[i];
                sum_dark += (uint64_t)i * counts[i];
                if (n_dark == 0 || n_dark == n)
                        continue;

                difference = (double)sum_dark / (double)n_dark -
                             (double)(sum - sum_dark) / (double)(n - n_dark);
                spread = (double)n_dark * (double)(n - n_dark) * difference * difference;
                if (spread > best) {
                        best = spread;
                        level = i;
                        n_dark_best = n_dark;
                }
        }

        r = bitmap_new(grey->width, grey->height, &bitmap);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n && level >= 0; i++)
                bitmap->points[i] = (grey->levels[i] <= level) == (2 * n_dark_best <= n);

        *ret = TAKE_PTR(bitmap);
        return 0;
}

/* The size in points: of the picture's own shape where points are square (two rows a line),
 * squeezed to half its height where they are not (one row a line). Nothing is ever made larger. */
static void fit(const Grey *grey, size_t n_rows_a_line, size_t *ret_width, size_t *ret_height) {
        size_t width = grey->width, height = grey->height;

        if (width > COLUMNS_MAX) {
                height = height * COLUMNS_MAX / width;
                width = COLUMNS_MAX;
        }
        if (height > 2 * LINES_MAX) {
                width = width * 2 * LINES_MAX / height;
                height = 2 * LINES_MAX;
        }
        height = height * n_rows_a_line / 2;

        *ret_width = width > 0 ? width : 1;
        *ret_height = height > 0 ? height : 1;
}

static int draw(const Grey *grey, RenderStyle style, char **ret) {
        _cleanup_(grey_done) Grey small = {};
        _cleanup_(bitmap_freep) Bitmap *bitmap = NULL;
        size_t width, height;
        int r;

        fit(grey, style == RENDER_ASCII ? 1 : 2, &width, &height);
        r = scale(grey, width, height, &small);
        if (r < 0)
                return r;
        r = threshold(&small, &bitmap);
        if (r < 0)
                return r;

        switch (style) {
        case RENDER_BLOCKS:
                return bitmap_draw_blocks(bitmap, "", ret);
        case RENDER_BLOCKS_COLOUR:
                return bitmap_draw_blocks(bitmap, BITMAP_WHITE_ON_BLACK, ret);
        case RENDER_ASCII:
                return bitmap_draw_ascii(bitmap, 1, ret);
        case RENDER_NONE:
        case _RENDER_STYLE_MAX:
                break;
        }
        *ret = NULL;
        return 0;
}

int render_captcha(const uint8_t *png, size_t n_png, RenderStyle style, char **ret) {
        _cleanup_(freep) uint8_t *picture = NULL;
        _cleanup_(grey_done) Grey grey = {};
        size_t n_picture;
        int r;

        if (n_png > LIMIT_CAPTCHA_PNG_BYTES)
                return RENDER_E_SIZE;
        r = header_check(png, n_png);
        if (r != 0)
                return r;

        picture = malloc(n_png);
        if (!picture)
                return -ENOMEM;
        r = copy_picture(png, n_png, picture, &n_picture);
        if (r != 0)
                return r;
        r = decode(picture, n_picture, &grey);
        if (r != 0)
                return r;

        return draw(&grey, style, ret);
}
