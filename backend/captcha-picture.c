/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each character is a few polylines on a grid of 5 columns and 7 rows, written as pairs of digits
 * (column, row); ' ' goes on with the line, ';' lifts the pen. A character is turned, sheared and
 * stretched, then the whole picture is bent by a sine. */

#include <errno.h>
#include <gd.h>
#include <math.h>
#include <string.h>

#include "backend/captcha-picture.h"
#include "backend/random.h"
#include "lib/common/limits.h"
#include "lib/common/util.h"

#define GRID_WIDTH 4.0
#define GRID_HEIGHT 6.0
#define PEN_PIXELS 9
#define MARGIN_PIXELS 10
#define SPECKS 60

static const struct {
        char character;
        const char *strokes;
} glyphs[] = {
        { 'A', "06 20 46;13 33" },
        { 'C', "41 30 10 01 05 16 36 45" },
        { 'D', "00 06 26 45 41 20 00" },
        { 'E', "40 00 06 46;03 33" },
        { 'F', "40 00 06;03 33" },
        { 'H', "00 06;40 46;03 43" },
        { 'J', "20 40;40 45 36 16 05" },
        { 'K', "00 06;40 03 46" },
        { 'L', "00 06 46" },
        { 'M', "06 00 23 40 46" },
        { 'N', "06 00 46 40" },
        { 'P', "06 00 30 41 42 33 03" },
        { 'R', "06 00 30 41 42 33 03;23 46" },
        { 'T', "00 40;20 26" },
        { 'U', "00 05 16 36 45 40" },
        { 'V', "00 26 40" },
        { 'W', "00 16 22 36 40" },
        { 'X', "00 46;40 06" },
        { 'Y', "00 23 40;23 26" },
        { '3', "01 10 30 41 42 33 13;33 44 45 36 16 05" },
        { '4', "30 04 44;30 36" },
        { '7', "00 40 16" },
        { '9', "43 13 02 01 10 30 41 43 45 36 16" },
};

typedef struct Bend {
        double turn_cos, turn_sin, shear, scale_x, scale_y, x, y; /* of one character */
        double wave_height, wave_length, wave_phase;              /* of the picture */
} Bend;

/* From @low to @high; a failure of the source shows in @failed and leaves the middle. */
static double between(double low, double high, bool *failed) {
        unsigned k = 500;

        if (random_number(1001, &k) < 0)
                *failed = true;
        return low + (high - low) * k / 1000.0;
}

static const char *strokes_of(char character) {
        for (size_t i = 0; i < ELEMENTSOF(glyphs); i++)
                if (glyphs[i].character == character)
                        return glyphs[i].strokes;
        return NULL;
}

static void map(const Bend *bend, double column, double row, double *ret_x, double *ret_y) {
        double x = (column - GRID_WIDTH / 2) * bend->scale_x,
               y = (row - GRID_HEIGHT / 2) * bend->scale_y;

        x += bend->shear * y;
        *ret_x = bend->x + x * bend->turn_cos - y * bend->turn_sin;
        *ret_y = bend->y + x * bend->turn_sin + y * bend->turn_cos;
        *ret_y += bend->wave_height * sin(*ret_x / bend->wave_length + bend->wave_phase);
}

static void draw_line(gdImagePtr image, const Bend *bend, const char *from, const char *to,
                      int ink) {
        enum { STEPS = 24 };

        for (int i = 0; i <= STEPS; i++) {
                double t = (double)i / STEPS, x, y;

                map(bend, (from[0] - '0') * (1 - t) + (to[0] - '0') * t,
                    (from[1] - '0') * (1 - t) + (to[1] - '0') * t, &x, &y);
                gdImageFilledEllipse(image, (int)lround(x), (int)lround(y), PEN_PIXELS, PEN_PIXELS,
                                     ink);
        }
}

static void draw_glyph(gdImagePtr image, const Bend *bend, const char *strokes, int ink) {
        for (const char *p = strokes; p[2]; p += 3)
                if (p[2] == ' ')
                        draw_line(image, bend, p, p + 3, ink);
}

static void draw_noise(gdImagePtr image, int grey, int paper, bool *failed) {
        for (int i = 0; i < SPECKS; i++)
                gdImageFilledEllipse(image, (int)between(0, CAPTCHA_WIDTH, failed),
                                     (int)between(0, CAPTCHA_HEIGHT, failed), 3, 3, grey);

        /* two thin lines over, one in the colour of the paper through the characters */
        for (int i = 0; i < 3; i++) {
                double y0 = between(10, CAPTCHA_HEIGHT - 10, failed),
                       y1 = between(10, CAPTCHA_HEIGHT - 10, failed);

                gdImageSetThickness(image, 2);
                gdImageLine(image, 0, (int)y0, CAPTCHA_WIDTH, (int)y1, i == 0 ? paper : grey);
        }
}

int captcha_draw(const char *text, uint8_t **ret_png, size_t *ret_n_png) {
        size_t n = strlen(text);
        Bend bend = {};
        bool failed = false;
        gdImagePtr image;
        int paper, ink, grey, n_png = 0;
        void *png, *copy;

        for (size_t i = 0; i < n; i++)
                if (!strokes_of(text[i]))
                        return -EINVAL;

        image = gdImageCreate(CAPTCHA_WIDTH, CAPTCHA_HEIGHT);
        if (!image)
                return -ENOMEM;
        paper = gdImageColorAllocate(image, 255, 255, 255); /* the first is the ground */
        ink = gdImageColorAllocate(image, 20, 20, 60);
        grey = gdImageColorAllocate(image, 150, 150, 165);

        bend.wave_height = between(2, 5, &failed);
        bend.wave_length = between(18, 30, &failed);
        bend.wave_phase = between(0, 6.28, &failed);
        for (size_t i = 0; i < n; i++) {
                double turn = between(-0.22, 0.22, &failed),
                       cell = (CAPTCHA_WIDTH - 2.0 * MARGIN_PIXELS) / (double)n;

                bend.turn_cos = cos(turn);
                bend.turn_sin = sin(turn);
                bend.shear = between(-0.15, 0.15, &failed);
                bend.scale_x = between(7, 8.5, &failed);
                bend.scale_y = between(9, 10.5, &failed);
                bend.x = MARGIN_PIXELS + cell * ((double)i + 0.5) + between(-4, 4, &failed);
                bend.y = CAPTCHA_HEIGHT / 2.0 + between(-5, 5, &failed);
                draw_glyph(image, &bend, strokes_of(text[i]), ink);
        }
        draw_noise(image, grey, paper, &failed);

        png = gdImagePngPtr(image, &n_png);
        gdImageDestroy(image);
        if (!png)
                return -ENOMEM;

        /* gd has an allocator of its own */
        copy = n_png > 0 && n_png <= LIMIT_CAPTCHA_PNG_BYTES ? malloc((size_t)n_png) : NULL;
        if (copy)
                memcpy(copy, png, (size_t)n_png);
        gdFree(png);
        if (failed) {
                free(copy);
                return -EIO;
        }
        if (!copy)
                return -ENOMEM;

        *ret_png = copy;
        *ret_n_png = (size_t)n_png;
        return 0;
}
