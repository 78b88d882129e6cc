/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Render: pictures as text, drawn by us from bitmaps (design.md D13)
 *
 * Nothing of what comes in goes out: a picture is made of half blocks, '#', space, newline and, in
 * one style, two colour sequences; text_is_picture() holds for it, and it is within
 * LIMIT_STEP_PICTURE_BYTES. */

#include <stddef.h>
#include <stdint.h>

typedef enum RenderStyle {
        RENDER_BLOCKS,        /* half blocks, a code's light modules drawn: right on dark terminals */
        RENDER_BLOCKS_COLOUR, /* the same, white on black said on each line: right on all of them */
        RENDER_ASCII,         /* '#', two a module, one line a row: for terminals without UTF-8 */
        RENDER_NONE,          /* no picture: proportional fonts, braille, blind clients */
        _RENDER_STYLE_MAX,
} RenderStyle;

/**
 * render_qr() - @text as a QR code, quiet zone of two modules (in blocks one more below), level L
 * @ret: lines divided by '\n', none at the end; owned by the caller; NULL for RENDER_NONE
 *
 * Text in capitals, digits and " $%*+-./:" is encoded in alphanumeric mode, which is what keeps an
 * address of 47 characters within 15 lines.
 *
 * Return: 0, -ENOMEM, RENDER_E_SIZE when it needs more than version 10, RENDER_E_DATA for empty
 * text. The text is judged in every style, RENDER_NONE too.
 */
int render_qr(const char *text, RenderStyle style, char **ret);

/**
 * render_captcha() - a PNG from the platform as text
 *
 * The header is checked against LIMIT_CAPTCHA_* before anything is decoded. Scaled to at most 76
 * columns and 16 lines, thresholded, the ink (the colour there is less of) drawn in @style; in
 * ASCII one '#' a point.
 * @ret: as for render_qr()
 *
 * Return: 0, -ENOMEM, RENDER_E_SIZE when it is too large, RENDER_E_DATA when it is not exactly one
 * PNG.
 */
int render_captcha(const uint8_t *png, size_t n_png, RenderStyle style, char **ret);

enum {
        RENDER_E_SIZE = 1,
        RENDER_E_DATA,
};
