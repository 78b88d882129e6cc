/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Mark: fingerprints of answers. The key comes from the kernel and never leaves the secret. */

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/core/mark.h"

typedef struct MarkKey {
        uint64_t k0, k1;
} MarkKey;

typedef struct MarkData {
        MarkKey key;
        uint64_t prints[MARK_SLOTS];
        uint32_t is_set; /* a bit a slot */
} MarkData;

/* The data is the content of the secret; a secret's bytes are aligned for size_t. */
struct Mark {
        Secret *secret;
};

static MarkData *mark_data(const Mark *mark) {
        return (MarkData *)secret_text(mark->secret);
}

Mark *mark_free(Mark *mark) {
        if (mark) {
                (void)secret_free(mark->secret);
                free(mark);
        }
        return NULL;
}

int mark_new(Mark **ret) {
        _cleanup_(mark_freep) Mark *mark = NULL;
        MarkData data = {};
        int r;

        mark = calloc(1, sizeof(*mark));
        if (!mark)
                return -ENOMEM;

        r = secret_new_from(&data, sizeof(data), &mark->secret);
        if (r < 0)
                return r;

        /* Straight into the locked page; less than 256 bytes are never given in part. */
        if (getrandom(&mark_data(mark)->key, sizeof(MarkKey), GRND_NONBLOCK) < 0)
                return -errno;

        *ret = TAKE_PTR(mark);
        return 0;
}

static uint64_t rotate(uint64_t x, unsigned n) {
        return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4]) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
}

static uint64_t sip_hash(const MarkKey *key, const void *bytes, size_t n) {
        uint64_t v[4] = { 0x736f6d6570736575 ^ key->k0, 0x646f72616e646f6d ^ key->k1,
                          0x6c7967656e657261 ^ key->k0, 0x7465646279746573 ^ key->k1 };
        const unsigned char *p = bytes;
        uint64_t hash;

        for (size_t done = 0; done <= n; done += 8) {
                uint64_t word = 0;
                size_t n_here = n - done < 8 ? n - done : 8;

                for (size_t i = 0; i < n_here; i++)
                        word |= (uint64_t)p[done + i] << (8 * i);
                if (n_here < 8)
                        word |= (uint64_t)(n & 0xff) << 56;

                v[3] ^= word;
                sip_round(v);
                sip_round(v);
                v[0] ^= word;
                explicit_bzero(&word, sizeof(word));
        }

        v[2] ^= 0xff;
        for (unsigned i = 0; i < 4; i++)
                sip_round(v);

        hash = v[0] ^ v[1] ^ v[2] ^ v[3];
        explicit_bzero(v, sizeof(v));
        return hash;
}

void mark_set(Mark *mark, size_t slot, const Secret *answer) {
        MarkData *data = mark_data(mark);

        data->prints[slot] = sip_hash(&data->key, secret_text(answer), secret_size(answer));
        data->is_set |= UINT32_C(1) << slot;
}

void mark_keep(Mark *mark, size_t slot) {
        MarkData *data = mark_data(mark);
        uint64_t print = data->prints[slot];

        explicit_bzero(data->prints, sizeof(data->prints));
        data->prints[slot] = print;
        data->is_set &= UINT32_C(1) << slot;
}

bool mark_matches(const Mark *mark, size_t slot, const Secret *answer) {
        const MarkData *data;

        if (!mark)
                return false;

        data = mark_data(mark);
        return data->is_set >> slot & 1 &&
               data->prints[slot] == sip_hash(&data->key, secret_text(answer), secret_size(answer));
}
