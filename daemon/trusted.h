/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Trusted: files that decide who may be whom
 *
 * What is judged is the descriptor that is read from, never a path that could be another file a
 * moment later. Trusted is a regular file, not reached through a link in its last place, that
 * belongs to root (or to whom we run as: whoever can write as that user is this daemon already) and
 * that nobody else may write; and the same for the folder it lies in. */

#include <stddef.h>

enum {
        TRUSTED_E_TYPE = 1, /* a link, a folder, a device */
        TRUSTED_E_OWNER,
        TRUSTED_E_WRITABLE, /* for the group or for others */
        TRUSTED_E_FOLDER,   /* the folder belongs to somebody else or is writable */
        TRUSTED_E_SIZE,     /* larger than the limit */
        TRUSTED_E_NO_FOLDER, /* a link, or something else */
        _TRUSTED_E_MAX,
};

/** trusted_open() - open @path for reading. Return: 0, TRUSTED_E_*, or a negative errno. */
int trusted_open(const char *path, int *ret);

/**
 * trusted_read() - open and read the whole of it
 * @n_max: a larger file is TRUSTED_E_SIZE
 * @ret: the bytes with a NUL behind them; owned by the caller
 * @ret_n: how many, without that NUL
 */
int trusted_read(const char *path, size_t n_max, char **ret, size_t *ret_n);

/** trusted_folder() - the same of a folder, not reached through a link. Return: as trusted_open(). */
int trusted_folder(const char *path);

/** trusted_error_to_string() - what is wrong, in words, for TRUSTED_E_* and for a negative errno */
const char *trusted_error_to_string(int r);
