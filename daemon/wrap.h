/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Wrap: a sentence in lines that fit a terminal
 *
 * Terminals break where they are full, in the middle of a word. English is divided between words,
 * Chinese between any two characters but before a closing and behind an opening sign. */

#include <stddef.h>

/**
 * wrap_line() - divide @line by newlines so that none of the parts takes more than @n_columns
 * @line: showable, without newline
 * @ret: owned by the caller
 *
 * What has no place to be divided, an address for instance, is left whole.
 *
 * Return: 0 or -ENOMEM.
 */
int wrap_line(const char *line, size_t n_columns, char **ret);
