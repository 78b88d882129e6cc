/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Secret: bytes that must leave no trace
 *
 * A Secret lives in its own pages: locked in memory, left out of core files, erased when freed. Where
 * the limit on locked memory is too small, the pages stay unlocked and everything else holds.
 * Passwords, captcha answers, PINs, codes and tokens are kept in nothing else.
 *
 * The bytes always have a NUL behind them, so that secret_text() can be given to a C library; a
 * secret that holds a NUL itself is refused by secret_is_text(). */

#include <stdbool.h>
#include <stddef.h>

#include "lib/common/util.h"

typedef struct Secret Secret;

/**
 * secret_new() - allocate an empty secret with room for @capacity bytes
 * @capacity: highest number of bytes it will ever hold, at least 1, at most 1 MiB
 * @ret: the new secret, owned by the caller
 *
 * Return: 0, or -ENOMEM, -EINVAL.
 */
int secret_new(size_t capacity, Secret **ret);

/** secret_new_from() - a secret that holds a copy of @n bytes at @data. Return: as secret_new(). */
int secret_new_from(const void *data, size_t n, Secret **ret);

/** secret_dup() - an equal secret. @secret may be NULL, then *@ret is NULL. */
int secret_dup(const Secret *secret, Secret **ret);

/** secret_free() - erase and release; takes NULL. Return: NULL. */
Secret *secret_free(Secret *secret);
DEFINE_CLEANUP(Secret, secret_free)

/** secret_append() - add @n bytes. Return: 0, or -ENOBUFS when they do not fit (nothing is added). */
int secret_append(Secret *secret, const void *data, size_t n);
int secret_append_text(Secret *secret, const char *text);

/** secret_clear() - erase the bytes, keep the room */
void secret_clear(Secret *secret);

/** secret_truncate() - keep the first @n bytes, erase the rest; no effect when it holds fewer */
void secret_truncate(Secret *secret, size_t n);

/* Borrowed views, valid until the next call that changes the secret. NULL counts as empty. */
const char *secret_text(const Secret *secret);
size_t secret_size(const Secret *secret);

/** secret_is_text() - true when it holds no NUL byte */
bool secret_is_text(const Secret *secret);

/** secret_equal() - compare without telling by the time taken where they differ. NULL equals NULL only. */
bool secret_equal(const Secret *a, const Secret *b);

/** secret_equal_bytes() - the same for @n bytes at @a and @b */
bool secret_equal_bytes(const void *a, const void *b, size_t n);

/* Allocators that erase on free, for libraries that copy what we hand them (libcurl, OpenSSL, jansson).
 * Their blocks carry their size in front, so they must never be mixed with plain free(). */
void *wipe_malloc(size_t n);
void *wipe_calloc(size_t n, size_t size);
void *wipe_realloc(void *p, size_t n);
char *wipe_strdup(const char *s);
void wipe_free(void *p);
