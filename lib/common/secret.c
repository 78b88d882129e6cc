/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Secret: one anonymous mapping a secret, header and bytes together. A mapping of its own makes the
 * locking, the exclusion from dumps and the disappearance exact: no neighbour on the page, nothing
 * returned to a heap. */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/common/secret.h"

#define SECRET_CAPACITY_MAX (1024U * 1024U)

struct Secret {
        size_t n_mapped;
        size_t capacity;
        size_t n_used;
        char bytes[];
};

int secret_new(size_t capacity, Secret **ret) {
        size_t page, n;
        Secret *secret;

        if (capacity == 0 || capacity > SECRET_CAPACITY_MAX)
                return -EINVAL;

        page = (size_t)sysconf(_SC_PAGESIZE);
        n = (sizeof(Secret) + capacity + 1 + page - 1) / page * page;
        secret = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (secret == MAP_FAILED)
                return -ENOMEM;

        /* Best effort: an unprivileged process may lock little, and a login must not fail for it. */
        (void)mlock(secret, n);
        (void)madvise(secret, n, MADV_DONTDUMP);

        secret->n_mapped = n;
        secret->capacity = capacity;
        *ret = secret;
        return 0;
}

int secret_new_from(const void *data, size_t n, Secret **ret) {
        Secret *secret = NULL;
        int r;

        r = secret_new(n ? n : 1, &secret);
        if (r < 0)
                return r;

        if (n)
                memcpy(secret->bytes, data, n);
        secret->n_used = n;
        *ret = secret;
        return 0;
}

int secret_dup(const Secret *secret, Secret **ret) {
        if (!secret) {
                *ret = NULL;
                return 0;
        }
        return secret_new_from(secret->bytes, secret->n_used, ret);
}

Secret *secret_free(Secret *secret) {
        if (secret) {
                size_t n = secret->n_mapped;

                explicit_bzero(secret, n);
                (void)munmap(secret, n);
        }
        return NULL;
}

int secret_append(Secret *secret, const void *data, size_t n) {
        if (n > secret->capacity - secret->n_used)
                return -ENOBUFS;

        if (n)
                memcpy(secret->bytes + secret->n_used, data, n);
        secret->n_used += n;
        secret->bytes[secret->n_used] = '\0';
        return 0;
}

int secret_append_text(Secret *secret, const char *text) {
        return secret_append(secret, text, strlen(text));
}

void secret_clear(Secret *secret) {
        if (secret)
                secret_truncate(secret, 0);
}

void secret_truncate(Secret *secret, size_t n) {
        if (n >= secret->n_used)
                return;

        explicit_bzero(secret->bytes + n, secret->n_used - n);
        secret->n_used = n;
}

const char *secret_text(const Secret *secret) {
        return secret ? secret->bytes : "";
}

size_t secret_size(const Secret *secret) {
        return secret ? secret->n_used : 0;
}

bool secret_is_text(const Secret *secret) {
        return !secret || memchr(secret->bytes, '\0', secret->n_used) == NULL;
}

bool secret_equal_bytes(const void *a, const void *b, size_t n) {
        const volatile unsigned char *x = a, *y = b;
        unsigned char difference = 0;

        for (size_t i = 0; i < n; i++)
                difference |= x[i] ^ y[i];
        return difference == 0;
}

bool secret_equal(const Secret *a, const Secret *b) {
        if (!a || !b)
                return a == b;
        if (a->n_used != b->n_used)
                return false;
        return secret_equal_bytes(a->bytes, b->bytes, a->n_used);
}

/* The wiping allocators keep the size in front of the block, padded to malloc's own alignment. */

typedef union WipeHeader {
        size_t n;
        max_align_t align;
} WipeHeader;

void *wipe_malloc(size_t n) {
        WipeHeader *header;

        if (n > SIZE_MAX - sizeof(WipeHeader))
                return NULL;

        header = malloc(sizeof(WipeHeader) + n);
        if (!header)
                return NULL;

        header->n = n;
        return header + 1;
}

void *wipe_calloc(size_t n, size_t size) {
        size_t bytes;
        void *p;

        if (__builtin_mul_overflow(n, size, &bytes))
                return NULL;

        p = wipe_malloc(bytes);
        if (p)
                memset(p, 0, bytes);
        return p;
}

void *wipe_realloc(void *p, size_t n) {
        size_t n_old;
        void *q;

        if (!p)
                return wipe_malloc(n);

        n_old = ((WipeHeader *)p - 1)->n;
        q = wipe_malloc(n);
        if (!q)
                return NULL;

        memcpy(q, p, n_old < n ? n_old : n);
        wipe_free(p);
        return q;
}

char *wipe_strdup(const char *s) {
        size_t n = strlen(s) + 1;
        char *p;

        p = wipe_malloc(n);
        if (p)
                memcpy(p, s, n);
        return p;
}

void wipe_free(void *p) {
        WipeHeader *header;

        if (!p)
                return;

        header = (WipeHeader *)p - 1;
        explicit_bzero(p, header->n);
        free(header);
}
