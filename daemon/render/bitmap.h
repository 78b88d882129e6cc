/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bitmap: black and white points, and the one place that turns them into characters
 *
 * What leaves here is made of half blocks, '#', space, newline and two colour sequences, whatever
 * went in (design.md D13). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/render/render.h"
#include "lib/common/util.h"

#define BITMAP_SIDE_MAX 256

typedef struct Bitmap {
        size_t width, height;
        uint8_t points[]; /* row by row; not 0: drawn, in the terminal's foreground */
} Bitmap;

/** bitmap_new() - all points 0. Return: 0, -ENOMEM, or -EINVAL for a side of 0 or above
 * BITMAP_SIDE_MAX. */
int bitmap_new(size_t width, size_t height, Bitmap **ret);
Bitmap *bitmap_free(Bitmap *bitmap);
DEFINE_CLEANUP(Bitmap, bitmap_free)

/**
 * bitmap_draw_blocks() - two rows of points a line
 * @colour: sequence in front of each line, which is then closed by ESC [ 0 m; "" for none
 * @ret: lines divided by '\n', none at the end; owned by the caller
 *
 * Return: 0 or -ENOMEM.
 */
int bitmap_draw_blocks(const Bitmap *bitmap, const char *colour, char **ret);

/** bitmap_draw_ascii() - one row a line, each point @n_columns of '#' or space. Return: 0 or
 * -ENOMEM. */
int bitmap_draw_ascii(const Bitmap *bitmap, size_t n_columns, char **ret);

#define BITMAP_WHITE_ON_BLACK "\033[97;40m"
