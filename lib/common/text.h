/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Text: what may reach a terminal, a log or a file name
 *
 * Everything that comes from a person, a unit, a certificate or another machine is data until it has
 * passed here (design.md D13). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * text_decode() - take one character apart (RFC 3629: no overlong form, no surrogate, at most U+10FFFF)
 * @ret: its code point, only written on success
 *
 * Return: how many of the @n bytes at @s it has, 0 when there is no well-formed character.
 */
size_t text_decode(const char *s, size_t n, uint32_t *ret);

/** text_is_utf8() - true for well-formed UTF-8 (RFC 3629: no overlong form, no surrogate, at most U+10FFFF) */
bool text_is_utf8(const char *s, size_t n);

/**
 * text_is_showable() - true when @s may be shown as it is
 *
 * Well-formed UTF-8 without C0 or C1 controls (a newline is allowed), ESC, DEL, bidirectional
 * controls and isolates, zero-width characters, line and paragraph separators, byte order mark,
 * tags, variation selectors and other default-ignorables, format characters, noncharacters, private
 * use. Code points that are not assigned yet pass: a rare Chinese character may be newer than our table.
 */
bool text_is_showable(const char *s);

/** text_is_picture() - true for block elements U+2580-259F, '#', space, newline and the colour sequences
 * ESC [ digits and ';' m that render/ writes; nothing else */
bool text_is_picture(const char *s);

/**
 * text_filter() - make a name fit to show: whatever must not be shown becomes U+FFFD
 * @s: any bytes, NUL-terminated
 * @n_max: highest length of the result in bytes; a longer name is cut at a character and ends in "…"
 * @ret: the new string, owned by the caller; one line, never a newline
 *
 * Return: 0 or -ENOMEM.
 */
int text_filter(const char *s, size_t n_max, char **ret);

/** text_width() - columns @s takes on a terminal: wide characters (UAX #11 W and F) count two, combining
 * ones none. @s must be showable and has one line. Independent of the locale. */
size_t text_width(const char *s);

/**
 * text_mask() - hide the middle of an identifier for a log: "199****0001", "990***********0019", "ce****ia"
 *
 * Keeps three characters in front and four behind of a mobile or identity number, else at most a
 * quarter of the characters at each end and so nothing of a name under 4 characters; each hidden
 * character is one '*'. Filtered like text_filter(), LIMIT_USER_BYTES long at most.
 * Return: 0 or -ENOMEM.
 */
int text_mask(const char *s, char **ret);
