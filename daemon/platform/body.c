/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Body: forms, headers and proofs, in secrets from the first byte */

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>

#include "daemon/platform/body.h"
#include "lib/common/form.h"

#define PKCE_RANDOM_BYTES 32

static size_t field_size(const BodyField *field) {
        size_t n_value = field->secret ? secret_size(field->secret) : strlen(field->text);

        return FORM_ENCODED_SIZE(strlen(field->name)) + FORM_ENCODED_SIZE(n_value) + 2;
}

int body_new(const BodyField *fields, size_t n_fields, Secret **ret) {
        _cleanup_(secret_freep) Secret *body = NULL;
        size_t n = 1;
        int r;

        for (size_t i = 0; i < n_fields; i++)
                if (fields[i].secret || fields[i].text)
                        n += field_size(&fields[i]);

        r = secret_new(n, &body);
        for (size_t i = 0; i < n_fields && r == 0; i++)
                if (fields[i].secret)
                        r = form_append_secret(body, fields[i].name, fields[i].secret);
                else if (fields[i].text)
                        r = form_append(body, fields[i].name, fields[i].text);
        if (r == 0)
                *ret = TAKE_PTR(body);
        return r;
}

/* Appends the base64 of @n bytes; the text is made in memory that is wiped. */
static int append_base64(Secret *to, const void *bytes, size_t n) {
        size_t n_text = (n + 2) / 3 * 4;
        char *text = wipe_malloc(n_text + 1);
        int r;

        if (!text)
                return -ENOMEM;
        (void)EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
        r = secret_append(to, text, n_text);
        wipe_free(text);
        return r;
}

int authorization_new_basic(const char *client_id, const Secret *client_secret, Secret **ret) {
        static const char scheme[] = "Authorization: Basic ";
        _cleanup_(secret_freep) Secret *pair = NULL, *line = NULL;
        const BodyField both = { client_id, NULL, client_secret };
        char *equals;
        int r;

        /* "id=secret", each part in form encoding as RFC 6749 wants it; an id has no '=' then. */
        r = body_new(&both, 1, &pair);
        if (r < 0)
                return r;
        equals = strchr(secret_text(pair), '=');
        *equals = ':';

        r = secret_new(strlen(scheme) + (secret_size(pair) + 2) / 3 * 4, &line);
        if (r == 0)
                r = secret_append_text(line, scheme);
        if (r == 0)
                r = append_base64(line, secret_text(pair), secret_size(pair));
        if (r == 0)
                *ret = TAKE_PTR(line);
        return r;
}

int authorization_new_bearer(const Secret *token, Secret **ret) {
        static const char scheme[] = "Authorization: Bearer ";
        _cleanup_(secret_freep) Secret *line = NULL;
        int r;

        r = secret_new(strlen(scheme) + secret_size(token), &line);
        if (r == 0)
                r = secret_append_text(line, scheme);
        if (r == 0)
                r = secret_append(line, secret_text(token), secret_size(token));
        if (r == 0)
                *ret = TAKE_PTR(line);
        return r;
}

/* 32 bytes as base64url without padding (RFC 4648 section 5). */
static void encode_url(const unsigned char bytes[PKCE_RANDOM_BYTES],
                       char ret[PKCE_TEXT_BYTES + 1]) {
        char text[PKCE_TEXT_BYTES + 2];

        (void)EVP_EncodeBlock((unsigned char *)text, bytes, PKCE_RANDOM_BYTES);
        for (size_t i = 0; i < PKCE_TEXT_BYTES; i++)
                ret[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
        ret[PKCE_TEXT_BYTES] = '\0';
        explicit_bzero(text, sizeof(text));
}

int pkce_new(Secret **ret_verifier) {
        unsigned char bytes[PKCE_RANDOM_BYTES];
        char text[PKCE_TEXT_BYTES + 1];
        ssize_t n;
        int r;

        n = getrandom(bytes, sizeof(bytes), 0);
        if (n < 0)
                return -errno;
        if (n != sizeof(bytes))
                return -EIO;

        encode_url(bytes, text);
        r = secret_new_from(text, PKCE_TEXT_BYTES, ret_verifier);
        explicit_bzero(bytes, sizeof(bytes));
        explicit_bzero(text, sizeof(text));
        return r;
}

int pkce_challenge(const Secret *verifier, char ret[PKCE_TEXT_BYTES + 1]) {
        unsigned char digest[PKCE_RANDOM_BYTES];

        if (EVP_Digest(secret_text(verifier), secret_size(verifier), digest, NULL, EVP_sha256(),
                       NULL) != 1)
                return -EIO;
        encode_url(digest, ret);
        return 0;
}
