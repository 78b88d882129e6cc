/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Netstring: fields of known length one after the other, "5:hello,"
 *
 * What itaxd and its helper itax-sign say to each other. A length has at most six digits and no
 * zero in front, so that every field has one form only. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/common/secret.h"

#define NETSTRING_EXTRA_BYTES 8 /* six digits, ':' and ',' */

/** netstring_append() - add a field. Return: 0, or -ENOBUFS (nothing is added). */
int netstring_append(Secret *out, const void *data, size_t n);
int netstring_append_text(Secret *out, const char *text);

/** netstring_next() - take the field off the front of the @n bytes at @in
 * @in, @n: moved behind the field
 * @ret: points into the input; not NUL-terminated
 * Return: false when there is no well-formed field (nothing is moved). */
bool netstring_next(const char **in, size_t *n, const char **ret, size_t *ret_n);
