/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Authority: the files that tell whom the platform trusts for units' certificates
 *
 * They are read again when they have changed: a revocation list is replaced every few hours, and
 * one that is too old stops every login by certificate. A file that cannot be read stops them too:
 * what was read before is not used on. */

#include <sys/stat.h>

#include "backend/certificate.h"

#define AUTHORITY_LISTS_MAX 16
#define AUTHORITY_FILE_BYTES_MAX 1048576

typedef struct AuthorityFiles {
        const char *roots; /* NULL: there is no login by certificate */
        const char *lists[AUTHORITY_LISTS_MAX];
        size_t n_lists; /* 0: revocation is not asked for */
} AuthorityFiles;

typedef struct AuthorityCache {
        Authorities *authorities;
        struct stat read[1 + AUTHORITY_LISTS_MAX]; /* the files as they were read */
} AuthorityCache;

/**
 * authority_get() - the authorities as the files have them now
 * @ret: belongs to @cache, until the next call
 *
 * Return: 0, -EBADMSG, -EFBIG, -errno.
 */
int authority_get(const AuthorityFiles *files, AuthorityCache *cache, Authorities **ret);

void authority_cache_done(AuthorityCache *cache);
