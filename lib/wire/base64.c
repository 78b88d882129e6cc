/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Base64: OpenSSL's block routines with the strictness they lack. EVP_DecodeBlock() passes over
 * white space at both ends and counts padding as bytes, so the text is judged first. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "lib/wire/schema.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int wire_base64_decode(const char *text, size_t n, uint8_t **ret_bytes, size_t *ret_n) {
        _cleanup_(freep) uint8_t *bytes = NULL;
        size_t n_padding, n_bytes;

        if (n == 0 || n % 4 != 0 || n / 4 * 3 > LIMIT_CAPTCHA_PNG_BYTES + 2)
                return WIRE_E_SCHEMA;

        n_padding = (text[n - 1] == '=') + (text[n - 1] == '=' && text[n - 2] == '=');
        for (size_t i = 0; i < n - n_padding; i++)
                if (text[i] == '\0' || !strchr(alphabet, text[i]))
                        return WIRE_E_SCHEMA;

        n_bytes = n / 4 * 3 - n_padding;
        if (n_bytes > LIMIT_CAPTCHA_PNG_BYTES)
                return WIRE_E_SCHEMA;

        bytes = malloc(n / 4 * 3);
        if (!bytes)
                return -ENOMEM;
        if (EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)n) != (int)(n / 4 * 3))
                return WIRE_E_SCHEMA;

        *ret_bytes = TAKE_PTR(bytes);
        *ret_n = n_bytes;
        return 0;
}

int wire_base64_encode(const uint8_t *bytes, size_t n, char **ret) {
        char *text;

        text = malloc((n + 2) / 3 * 4 + 1);
        if (!text)
                return -ENOMEM;
        (void)EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
        *ret = text;
        return 0;
}
