/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Captcha picture: four characters in strokes of our own, bent and crossed
 *
 * Dark on light and in bold strokes, because a terminal shows it as 76x32 half blocks, where one
 * pixel of ours is a third of one. No font file is needed. */

#include <stddef.h>
#include <stdint.h>

#define CAPTCHA_WIDTH 240
#define CAPTCHA_HEIGHT 96

/**
 * captcha_draw() - draw @text, characters of CAPTCHA_ALPHABET
 * @ret_png: at most LIMIT_CAPTCHA_PNG_BYTES, to be released by free()
 *
 * Return: 0, -EINVAL for a character that has no strokes, -ENOMEM, -EIO when there is no
 * randomness.
 */
int captcha_draw(const char *text, uint8_t **ret_png, size_t *ret_n_png);
