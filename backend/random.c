/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Randomness comes from the kernel and from nowhere else; without it nothing is handed out. */

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/random.h>

#include "backend/random.h"

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int random_bytes(void *data, size_t n) {
        /* up to 256 bytes come whole or not at all (getrandom(2)) */
        return getrandom(data, n, 0) == (ssize_t)n ? 0 : -EIO;
}

/* One character for six bits; the last takes the bits that are left. */
static void encode(const unsigned char *bytes, size_t n_bytes, char *text) {
        unsigned buffer = 0, n_bits = 0;

        for (size_t i = 0; i < n_bytes; i++) {
                buffer = buffer << 8 | bytes[i];
                for (n_bits += 8; n_bits >= 6; n_bits -= 6)
                        *text++ = base64url[buffer >> (n_bits - 6) & 63];
        }
        if (n_bits)
                *text++ = base64url[buffer << (6 - n_bits) & 63];
        *text = '\0';
}

int random_token(Secret **ret) {
        unsigned char bytes[32];
        char text[RANDOM_TOKEN_BYTES + 1];
        int r;

        r = random_bytes(bytes, sizeof(bytes));
        if (r < 0)
                return r;

        encode(bytes, sizeof(bytes), text);
        r = secret_new_from(text, RANDOM_TOKEN_BYTES, ret);
        explicit_bzero(bytes, sizeof(bytes));
        explicit_bzero(text, sizeof(text));
        return r;
}

int random_id(char ret[static RANDOM_ID_BYTES + 1]) {
        unsigned char bytes[16];
        int r;

        r = random_bytes(bytes, sizeof(bytes));
        if (r < 0)
                return r;

        encode(bytes, sizeof(bytes), ret);
        return 0;
}

int random_number(unsigned n, unsigned *ret) {
        unsigned limit = 0x10000 / n * n;
        uint16_t value;

        /* what would favour the low numbers is drawn again; a run of 64 such draws does not
         * happen */
        for (int i = 0; i < 64; i++) {
                if (random_bytes(&value, sizeof(value)) < 0)
                        return -EIO;
                if (value < limit) {
                        *ret = value % n;
                        return 0;
                }
        }
        return -EIO;
}

int random_text(const char *alphabet, size_t n, char *ret) {
        for (size_t i = 0; i < n; i++) {
                unsigned k;
                int r;

                r = random_number((unsigned)strlen(alphabet), &k);
                if (r < 0)
                        return r;
                ret[i] = alphabet[k];
        }
        ret[n] = '\0';
        return 0;
}

static void to_hex(const unsigned char digest[static 32], char *ret) {
        for (size_t i = 0; i < 32; i++) {
                ret[2 * i] = "0123456789abcdef"[digest[i] >> 4];
                ret[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
        }
        ret[HASH_HEX_BYTES] = '\0';
}

int hash_hex(const void *data, size_t n, char ret[static HASH_HEX_BYTES + 1]) {
        unsigned char digest[32];

        if (EVP_Digest(data, n, digest, NULL, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        to_hex(digest, ret);
        return 0;
}

int hash_hex_text(const char *text, char ret[static HASH_HEX_BYTES + 1]) {
        return hash_hex(text, strlen(text), ret);
}

int hash_hex_keyed(const char *key, const char *text, char ret[static HASH_HEX_BYTES + 1]) {
        unsigned char digest[32];

        if (!HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text, strlen(text),
                  digest, NULL))
                return -ENOMEM;
        to_hex(digest, ret);
        return 0;
}
