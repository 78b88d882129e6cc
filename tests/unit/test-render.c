/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Render: pictures are read back into points and compared with what they were drawn from */

#include <errno.h>
#include <png.h>
#include <qrencode.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/render/bitmap.h"
#include "daemon/render/render.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"
#include "lib/common/util.h"

enum { QUIET = 2, SIDE_MAX = 256, PNG_ROOM = 65536 };

typedef struct Points {
        size_t width, height;
        unsigned char at[SIDE_MAX][SIDE_MAX];
} Points;

/* Reads a picture of half blocks or of two '#' a module; fails the test on any other character. */
static void points_read(const char *picture, RenderStyle style, Points *ret) {
        size_t x = 0, y = 0, n_rows = style == RENDER_ASCII ? 1 : 2;

        memset(ret, 0, sizeof(*ret));
        for (const char *p = picture; *p != '\0';) {
                unsigned char upper = 0, lower = 0;

                if (*p == '\n') {
                        y += n_rows, x = 0, p++;
                        continue;
                }
                if (strncmp(p, "\033[97;40m", 8) == 0 || strncmp(p, "\033[0m", 4) == 0) {
                        assert_int_equal(style, RENDER_BLOCKS_COLOUR);
                        p = strchr(p, 'm') + 1;
                        continue;
                }
                if (style == RENDER_ASCII) {
                        assert_true(*p == ' ' || *p == '#');
                        assert_int_equal(p[0], p[1]);
                        upper = *p == '#', p += 2;
                } else if (*p == ' ') {
                        p++;
                } else {
                        assert_memory_equal(p, "\xe2\x96", 2);
                        upper = (unsigned char)p[2] == 0x80 || (unsigned char)p[2] == 0x88;
                        lower = (unsigned char)p[2] == 0x84 || (unsigned char)p[2] == 0x88;
                        assert_true(upper || lower);
                        p += 3;
                }
                assert_true(y + n_rows <= SIDE_MAX && x < SIDE_MAX);
                ret->at[y][x] = upper;
                if (n_rows == 2)
                        ret->at[y + 1][x] = lower;
                if (++x > ret->width)
                        ret->width = x;
        }
        ret->height = y + n_rows;
}

static size_t lines_of(const char *picture) {
        size_t n = 1;

        for (const char *p = picture; *p != '\0'; p++)
                n += *p == '\n';
        return n;
}

static QRcode *expected_code(const char *text, QRencodeMode mode) {
        QRinput *input = QRinput_new2(0, QR_ECLEVEL_L);
        QRcode *code;

        assert_non_null(input);
        assert_int_equal(
                QRinput_append(input, mode, (int)strlen(text), (const unsigned char *)text), 0);
        code = QRcode_encodeInput(input);
        assert_non_null(code);
        QRinput_free(input);
        return code;
}

/* -- QR ------------------------------------------------------------------------------------------
 * */

static const struct QrCase {
        const char *name, *text;
        QRencodeMode mode;
        int version;
        size_t n_lines; /* in blocks */
} qr_cases[] = {
        { "our own address is a version 2 code in alphanumeric mode", "HTTPS://ITAX.LAB/Q/K7Q29X4P",
          QR_MODE_AN, 2, 15 },
        { "47 capitals still fit into version 2",
          "HTTPS://ITAX.EXAMPLE-OF-A-LONGER-NAME/Q/K7Q29X4", QR_MODE_AN, 2, 15 },
        { "one more is version 3", "HTTPS://ITAX.EXAMPLE-OF-A-LONGER-NAME/Q/K7Q29X4P",
          QR_MODE_AN, 3, 17 },
        { "small letters are written as bytes", "https://itax.lab/q/abcdefg", QR_MODE_8, 2, 15 },
        { "one character is enough", "A", QR_MODE_AN, 1, 13 },
};

static void test_qr_is_the_matrix(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(qr_cases); i++)
                for (RenderStyle style = RENDER_BLOCKS; style < RENDER_NONE; style++) {
                        const struct QrCase *c = &qr_cases[i];
                        QRcode *code = expected_code(c->text, c->mode);
                        _cleanup_(freep) char *picture = NULL;
                        static Points points;
                        size_t side = (size_t)code->width;

                        print_message("%s, style %d\n", c->name, (int)style);
                        assert_int_equal(render_qr(c->text, style, &picture), 0);
                        assert_int_equal(code->version, c->version);
                        assert_int_equal(lines_of(picture),
                                         style == RENDER_ASCII ? side + 2 * QUIET : c->n_lines);
                        assert_true(text_is_picture(picture));

                        points_read(picture, style, &points);
                        assert_int_equal(points.width, side + 2 * QUIET);
                        /* the half line left over belongs to the quiet zone */
                        for (size_t x = 0; x < points.width; x++)
                                assert_int_equal(points.at[points.height - 1][x], 1);
                        for (size_t y = 0; y < side + 2 * QUIET; y++)
                                for (size_t x = 0; x < side + 2 * QUIET; x++) {
                                        size_t u = x - QUIET, v = y - QUIET; /* wrap in the zone */
                                        int light = u >= side || v >= side ||
                                                    !(code->data[v * side + u] & 1);

                                        assert_int_equal(points.at[y][x], light);
                                }
                        QRcode_free(code);
                }
}

static const struct QrLimit {
        const char *name;
        char fill;
        size_t n;
        int result;
} qr_limits[] = {
        { "no text is no code", 'A', 0, RENDER_E_DATA },
        { "395 capitals are version 10", 'A', 395, 0 },
        { "396 capitals are refused", 'A', 396, RENDER_E_SIZE },
        { "271 bytes are version 10", 'a', 271, 0 },
        { "272 bytes are refused", 'a', 272, RENDER_E_SIZE },
        { "the longest address allowed is refused, not cut", 'a', LIMIT_URI_BYTES, RENDER_E_SIZE },
        { "more than any code holds is refused", 'a', 8000, RENDER_E_SIZE },
        { "ten thousand capitals are refused unseen", 'A', 10000, RENDER_E_SIZE },
        { "bytes above 127 are bytes", '\xff', 271, 0 },
};

static void test_qr_limits(void **state) {
        static char text[10001];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(qr_limits); i++)
                for (RenderStyle style = RENDER_BLOCKS; style < _RENDER_STYLE_MAX; style++) {
                        _cleanup_(freep) char *picture = NULL;

                        print_message("%s, style %d\n", qr_limits[i].name, (int)style);
                        memset(text, qr_limits[i].fill, qr_limits[i].n);
                        text[qr_limits[i].n] = '\0';
                        assert_int_equal(render_qr(text, style, &picture), qr_limits[i].result);
                        if (qr_limits[i].result != 0 || style == RENDER_NONE)
                                assert_null(picture);
                        else /* threats 80 */
                                assert_true(strlen(picture) <= LIMIT_STEP_PICTURE_BYTES);
                }
}

static void test_colour_is_said_and_taken_back_on_each_line(void **state) {
        _cleanup_(freep) char *picture = NULL;
        char *rest, *line;

        (void)state;
        assert_int_equal(render_qr("A", RENDER_BLOCKS_COLOUR, &picture), 0);
        rest = picture;
        while ((line = strsep(&rest, "\n"))) {
                assert_memory_equal(line, "\033[97;40m", 8);
                assert_string_equal(line + strlen(line) - 4, "\033[0m");
        }
}

/* -- Captcha -------------------------------------------------------------------------------------
 * */

typedef struct Png {
        uint8_t bytes[PNG_ROOM];
        size_t n;
} Png;

typedef struct PngKind {
        const char *name;
        int color_type, bit_depth, interlace;
} PngKind;

static const PngKind png_kinds[] = {
        { "grey, 1 bit", PNG_COLOR_TYPE_GRAY, 1, PNG_INTERLACE_NONE },
        { "grey, 8 bits", PNG_COLOR_TYPE_GRAY, 8, PNG_INTERLACE_NONE },
        { "grey, 16 bits, interlaced", PNG_COLOR_TYPE_GRAY, 16, PNG_INTERLACE_ADAM7 },
        { "grey with alpha", PNG_COLOR_TYPE_GRAY_ALPHA, 8, PNG_INTERLACE_NONE },
        { "colour, 8 bits", PNG_COLOR_TYPE_RGB, 8, PNG_INTERLACE_NONE },
        { "colour, 16 bits", PNG_COLOR_TYPE_RGB, 16, PNG_INTERLACE_NONE },
        { "colour with alpha, interlaced", PNG_COLOR_TYPE_RGBA, 8, PNG_INTERLACE_ADAM7 },
        { "palette, 2 bits", PNG_COLOR_TYPE_PALETTE, 2, PNG_INTERLACE_NONE },
        { "palette, 8 bits, interlaced", PNG_COLOR_TYPE_PALETTE, 8, PNG_INTERLACE_ADAM7 },
};

static void png_append(png_structp png, png_bytep data, size_t n) {
        Png *to = png_get_io_ptr(png);

        assert_true(n <= sizeof(to->bytes) - to->n);
        memcpy(to->bytes + to->n, data, n);
        to->n += n;
}

static void png_flush_nothing(png_structp png) {
        (void)png;
}

/* The test picture: an L of ink, a tenth of the whole. */
static int is_ink(size_t x, size_t y, size_t width, size_t height) {
        return x < (width + 9) / 10 || (y == height - 1 && x < width / 2);
}

/* Writes a point of @level (0 dark, 1 light) into a row as the kind has it. */
static void point_write(uint8_t *row, size_t x, const PngKind *kind, int level) {
        size_t n_channels = kind->color_type == PNG_COLOR_TYPE_RGB          ? 3
                            : kind->color_type == PNG_COLOR_TYPE_RGBA       ? 4
                            : kind->color_type == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                                                            : 1;
        size_t n_bytes = kind->bit_depth == 16 ? 2 : 1;

        if (kind->bit_depth < 8) {
                size_t bit = x * (size_t)kind->bit_depth;

                row[bit / 8] |= (uint8_t)(level << (8 - kind->bit_depth - (int)(bit % 8)));
                return;
        }
        if (kind->color_type == PNG_COLOR_TYPE_PALETTE) {
                row[x] = (uint8_t)level;
                return;
        }
        memset(row + x * n_channels * n_bytes, level ? 0xff : 0, n_channels * n_bytes);
        /* Transparent points are what the ground shows through: ink is opaque. */
        if (kind->color_type & PNG_COLOR_MASK_ALPHA)
                row[x * n_channels * n_bytes + n_channels - 1] = level ? 0 : 0xff;
}

static void png_make(const PngKind *kind, size_t width, size_t height, Png *ret) {
        static const png_color palette[2] = { { 0, 0, 64 }, { 250, 250, 250 } };
        static uint8_t rows[300][300 * 8];
        static png_bytep pointers[300];
        png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
        png_infop info = png_create_info_struct(png);

        assert_non_null(info);
        ret->n = 0;
        memset(rows, 0, sizeof(rows));
        for (size_t y = 0; y < height; y++) {
                pointers[y] = rows[y];
                for (size_t x = 0; x < width; x++)
                        point_write(rows[y], x, kind, !is_ink(x, y, width, height));
        }

        png_set_write_fn(png, ret, png_append, png_flush_nothing);
        png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, kind->bit_depth,
                     kind->color_type, kind->interlace, PNG_COMPRESSION_TYPE_DEFAULT,
                     PNG_FILTER_TYPE_DEFAULT);
        if (kind->color_type == PNG_COLOR_TYPE_PALETTE)
                png_set_PLTE(png, info, palette, 2);
        png_set_rows(png, info, pointers);
        png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
        png_destroy_write_struct(&png, &info);
}

static void test_captcha_of_every_kind_is_the_same_picture(void **state) {
#define UPPER_LINE "\u2588         "
#define LOWER_LINE "\u2588\u2584\u2584\u2584\u2584     "
        static const char *const expected[] = {
                [RENDER_BLOCKS] = UPPER_LINE "\n" LOWER_LINE,
                [RENDER_BLOCKS_COLOUR] = "\033[97;40m" UPPER_LINE "\033[0m\n\033[97;40m" LOWER_LINE "\033[0m",
        };
        static Png png;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(png_kinds); i++)
                for (RenderStyle style = RENDER_BLOCKS; style <= RENDER_BLOCKS_COLOUR; style++) {
                        _cleanup_(freep) char *picture = NULL;

                        print_message("%s, style %d\n", png_kinds[i].name, (int)style);
                        png_make(&png_kinds[i], 10, 4, &png);
                        assert_int_equal(render_captcha(png.bytes, png.n, style, &picture), 0);
                        assert_string_equal(picture, expected[style]);
                        assert_true(text_is_picture(picture));
                }
}

static const struct CaptchaSize {
        const char *name;
        size_t width, height, n_columns, n_lines;
        int result;
} captcha_sizes[] = {
        { "a single point", 1, 1, 1, 1, 0 },
        { "one that fits is not scaled", 76, 32, 76, 16, 0 },
        { "the largest allowed is scaled to 76 columns", 256, 96, 76, 14, 0 },
        { "a tall one is scaled to 16 lines", 10, 96, 3, 16, 0 },
        { "a flat one keeps a line", 256, 1, 76, 1, 0 },
        { "a thin one keeps a column", 1, 96, 1, 16, 0 },
        { "one column too many", 257, 10, 0, 0, RENDER_E_SIZE },
        { "one row too many", 10, 97, 0, 0, RENDER_E_SIZE },
};

static void test_captcha_sizes(void **state) {
        static Png png;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(captcha_sizes); i++)
                for (RenderStyle style = RENDER_BLOCKS; style < _RENDER_STYLE_MAX; style++) {
                        const struct CaptchaSize *c = &captcha_sizes[i];
                        _cleanup_(freep) char *picture = NULL;

                        print_message("%s, style %d\n", c->name, (int)style);
                        png_make(&png_kinds[1], c->width, c->height, &png);
                        assert_int_equal(render_captcha(png.bytes, png.n, style, &picture),
                                         c->result);
                        if (c->result != 0 || style == RENDER_NONE) {
                                assert_null(picture);
                                continue;
                        }
                        assert_true(strlen(picture) <= LIMIT_STEP_PICTURE_BYTES);
                        assert_true(text_is_picture(picture));
                        assert_int_equal(lines_of(picture),
                                         style == RENDER_ASCII && c->height / 2 < c->n_lines &&
                                                         c->height > 1
                                                 ? c->height / 2
                                                 : c->n_lines);
                        if (style == RENDER_ASCII)
                                assert_int_equal(strcspn(picture, "\n"), c->n_columns);
                }
}

/* -- Hostile pictures, threats 80 ----------------------------------------------------------------
 * */

static void put_be32(uint8_t *p, uint32_t v) {
        for (int i = 0; i < 4; i++)
                p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void cut_in_half(Png *png) {
        png->n /= 2;
}

static void cut_last_byte(Png *png) {
        png->n--;
}

static void nothing_at_all(Png *png) {
        png->n = 0;
}

static void signature_only(Png *png) {
        png->n = 8;
}

static void header_only(Png *png) {
        png->n = 8 + 12 + 13;
}

static void trailing_data(Png *png) {
        memcpy(png->bytes + png->n, "<html>", 6);
        png->n += 6;
}

static void two_pictures(Png *png) {
        memcpy(png->bytes + png->n, png->bytes, png->n);
        png->n *= 2;
}

static void huge_width(Png *png) {
        put_be32(png->bytes + 16, 0x7fffffff);
}

static void huge_both(Png *png) {
        put_be32(png->bytes + 16, 0xffffffff);
        put_be32(png->bytes + 20, 0xffffffff);
}

static void no_width(Png *png) {
        put_be32(png->bytes + 16, 0);
}

static void endless_chunk(Png *png) {
        put_be32(png->bytes + 33, 0xfffffff0);
}

static void other_signature(Png *png) {
        memcpy(png->bytes, "GIF89a", 6);
}

static void header_of_other_length(Png *png) {
        put_be32(png->bytes + 8, 14);
}

static void wrong_check_sum(Png *png) {
        png->bytes[8 + 8 + 13] ^= 1;
}

static void impossible_depth(Png *png) {
        png->bytes[24] = 3;
}

static void broken_pixels(Png *png) {
        png->bytes[33 + 8 + 4] ^= 0xff;
}

static void more_bytes_than_allowed(Png *png) {
        memset(png->bytes + png->n, 0, LIMIT_CAPTCHA_PNG_BYTES + 1 - png->n);
        png->n = LIMIT_CAPTCHA_PNG_BYTES + 1;
}

static const struct Hostile {
        const char *name;
        void (*change)(Png *png);
        int result;
} hostile[] = {
        { "cut in half", cut_in_half, RENDER_E_DATA },
        { "the last byte is missing", cut_last_byte, RENDER_E_DATA },
        { "no byte at all", nothing_at_all, RENDER_E_DATA },
        { "only the signature", signature_only, RENDER_E_DATA },
        { "only the header", header_only, RENDER_E_DATA },
        { "a page behind the picture", trailing_data, RENDER_E_DATA },
        { "a picture behind the picture", two_pictures, RENDER_E_DATA },
        { "two thousand million columns", huge_width, RENDER_E_SIZE },
        { "more columns and rows than PNG knows", huge_both, RENDER_E_SIZE },
        { "no column", no_width, RENDER_E_DATA },
        { "a chunk that is longer than the file", endless_chunk, RENDER_E_DATA },
        { "another format", other_signature, RENDER_E_DATA },
        { "a header of another length", header_of_other_length, RENDER_E_DATA },
        { "a check sum that does not fit", wrong_check_sum, RENDER_E_DATA },
        { "a depth that does not exist", impossible_depth, RENDER_E_DATA },
        { "points that do not unpack", broken_pixels, RENDER_E_DATA },
        { "more bytes than allowed", more_bytes_than_allowed, RENDER_E_SIZE },
};

static void test_hostile_captcha_is_refused(void **state) {
        static Png png;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(hostile); i++) {
                char *picture = NULL;

                print_message("%s\n", hostile[i].name);
                png_make(&png_kinds[1], 100, 40, &png);
                hostile[i].change(&png);
                assert_int_equal(render_captcha(png.bytes, png.n, RENDER_BLOCKS, &picture),
                                 hostile[i].result);
                assert_null(picture);
        }
}

/* Every single byte of a picture changed, and every length cut: an answer, and only picture
 * characters. */
static void test_flipped_and_cut_captcha_is_survived(void **state) {
        static Png png;

        (void)state;
        png_make(&png_kinds[7], 40, 20, &png);
        for (size_t i = 0; i < png.n; i++) {
                _cleanup_(freep) char *flipped = NULL;
                _cleanup_(freep) char *cut = NULL;

                png.bytes[i] ^= 0x55;
                (void)render_captcha(png.bytes, png.n, RENDER_ASCII, &flipped);
                png.bytes[i] ^= 0x55;
                assert_true(!flipped || strspn(flipped, "# \n") == strlen(flipped));
                assert_int_equal(render_captcha(png.bytes, i, RENDER_BLOCKS, &cut), RENDER_E_DATA);
        }
}

static void test_text_chunks_are_never_unpacked(void **state) {
        /* A zTXt chunk with a wrong check sum and no valid stream: libpng would complain. */
        static const uint8_t chunk[] = {
                0, 0, 0, 4, 'z', 'T', 'X', 't', 'a', 0, 0, 0xff, 1, 2, 3, 4,
        };
        static Png png, with;
        _cleanup_(freep) char *picture = NULL;
        _cleanup_(freep) char *same = NULL;

        (void)state;
        png_make(&png_kinds[1], 40, 20, &png);
        memcpy(with.bytes, png.bytes, 33);
        memcpy(with.bytes + 33, chunk, sizeof(chunk));
        memcpy(with.bytes + 33 + sizeof(chunk), png.bytes + 33, png.n - 33);
        with.n = png.n + sizeof(chunk);

        assert_int_equal(render_captcha(png.bytes, png.n, RENDER_BLOCKS, &picture), 0);
        assert_int_equal(render_captcha(with.bytes, with.n, RENDER_BLOCKS, &same), 0);
        assert_string_equal(picture, same);
}

/* -- Bitmap --------------------------------------------------------------------------------------
 * */

static void test_bitmap_sides(void **state) {
        static const struct {
                size_t width, height;
                int result;
        } cases[] = {
                { 1, 1, 0 },       { 256, 256, 0 },     { 0, 1, -EINVAL },
                { 1, 0, -EINVAL }, { 257, 1, -EINVAL }, { 1, SIZE_MAX, -EINVAL },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(bitmap_freep) Bitmap *bitmap = NULL;

                assert_int_equal(bitmap_new(cases[i].width, cases[i].height, &bitmap),
                                 cases[i].result);
                assert_int_equal(!!bitmap, cases[i].result == 0);
        }
}

static void test_bitmap_of_odd_height_ends_in_upper_halves(void **state) {
        _cleanup_(bitmap_freep) Bitmap *bitmap = NULL;
        _cleanup_(freep) char *blocks = NULL;
        _cleanup_(freep) char *ascii = NULL;

        (void)state;
        assert_int_equal(bitmap_new(2, 3, &bitmap), 0);
        memcpy(bitmap->points, (uint8_t[]){ 1, 0, 0, 1, 1, 1 }, 6);
        assert_int_equal(bitmap_draw_blocks(bitmap, "", &blocks), 0);
        assert_string_equal(blocks, "\u2580\u2584\n\u2580\u2580");
        assert_int_equal(bitmap_draw_ascii(bitmap, 1, &ascii), 0);
        assert_string_equal(ascii, "# \n #\n##");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_qr_is_the_matrix),
                cmocka_unit_test(test_qr_limits),
                cmocka_unit_test(test_colour_is_said_and_taken_back_on_each_line),
                cmocka_unit_test(test_captcha_of_every_kind_is_the_same_picture),
                cmocka_unit_test(test_captcha_sizes),
                cmocka_unit_test(test_hostile_captcha_is_refused),
                cmocka_unit_test(test_flipped_and_cut_captcha_is_survived),
                cmocka_unit_test(test_text_chunks_are_never_unpacked),
                cmocka_unit_test(test_bitmap_sides),
                cmocka_unit_test(test_bitmap_of_odd_height_ends_in_upper_halves),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
