/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Render: pictures as text, drawn by us from bitmaps (design.md D13) */

#include <stddef.h>
#include <stdint.h>

typedef enum RenderStyle {
        RENDER_BLOCKS,        /* half blocks, light modules drawn: right on a dark terminal */
        RENDER_BLOCKS_COLOUR, /* the same with explicit colours on each line: right on every terminal */
        RENDER_ASCII,         /* two '#' a light module, one line a row: for terminals without UTF-8 */
        RENDER_NONE,          /* no picture: greeters with proportional fonts, braille, blind clients */
        _RENDER_STYLE_MAX,
} RenderStyle;

/**
 * render_qr() - @text as a QR code, quiet zone of two modules, level L
 * @ret: lines divided by '\n', none at the end; owned by the caller; NULL for RENDER_NONE
 *
 * Text in capitals, digits and " $%*+-./:" is encoded in alphanumeric mode, which is what keeps an address of 47
 * characters within 15 lines.
 *
 * Return: 0, -ENOMEM, RENDER_E_SIZE when it needs more than version 10, RENDER_E_DATA for empty text.
 */
int render_qr(const char *text, RenderStyle style, char **ret);

/**
 * render_captcha() - a PNG from the platform as text
 *
 * The header is checked against LIMIT_CAPTCHA_* before anything is decoded. Scaled to at most 76 columns and 16 lines,
 * thresholded, drawn in @style.
 *
 * Return: 0, -ENOMEM, RENDER_E_SIZE, RENDER_E_DATA.
 */
int render_captcha(const uint8_t *png, size_t n_png, RenderStyle style, char **ret);

enum {
        RENDER_E_SIZE = 1,
        RENDER_E_DATA,
};
