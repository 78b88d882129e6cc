/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Key: one table of kinds; signing and verifying are set up by the same function */

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>

#include "lib/common/util.h"
#include "signer/cleanup.h"
#include "signer/key.h"

typedef struct Kind {
        const char *type;      /* of the key */
        const char *group;     /* NULL: has none */
        const char *algorithm; /* as the platform calls it */
        const EVP_MD *(*digest)(void);
        const char *id; /* what the signature is bound to beside the key; NULL: nothing */
} Kind;

static const Kind kinds[] = {
        { "RSA", NULL, "RS256", EVP_sha256, NULL },
        { "EC", "prime256v1", "ES256", EVP_sha256, NULL },
        { "SM2", NULL, "SM2", EVP_sm3, SIGNING_SM2_ID },
};

typedef int (*BeginFn)(EVP_MD_CTX *, EVP_PKEY_CTX **, const EVP_MD *, ENGINE *, EVP_PKEY *);

static const Kind *kind_of(const EVP_PKEY *key) {
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                char group[64] = "";

                if (!EVP_PKEY_is_a(key, kinds[i].type))
                        continue;
                if (!kinds[i].group)
                        return &kinds[i];
                if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) &&
                    strcmp(group, kinds[i].group) == 0)
                        return &kinds[i];
        }
        return NULL;
}

const char *key_algorithm(const EVP_PKEY *key) {
        const Kind *kind = kind_of(key);

        return kind ? kind->algorithm : NULL;
}

static EVP_MD_CTX *begin(BeginFn fn, const Kind *kind, EVP_PKEY *key) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_PKEY_CTX *key_context = NULL;

        if (!context)
                return NULL;

        /* The digest of SM2 begins with the identity, so it has to be known before the first byte.
         */
        if (fn(context, &key_context, kind->digest(), NULL, key) != 1 ||
            (kind->id && EVP_PKEY_CTX_set1_id(key_context, kind->id, (int)strlen(kind->id)) <= 0)) {
                EVP_MD_CTX_free(context);
                return NULL;
        }
        return context;
}

static char *to_base64url(const unsigned char *bytes, size_t n) {
        char *text = malloc((n + 2) / 3 * 4 + 1);
        char *p;

        if (!text)
                return NULL;

        (void)EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
        for (p = text; *p && *p != '='; p++)
                if (*p == '+')
                        *p = '-';
                else if (*p == '/')
                        *p = '_';
        *p = '\0';
        return text;
}

SigningStatus key_sign(EVP_PKEY *key, EVP_PKEY *public, const void *text, size_t n,
                       Answer *answer) {
        _cleanup_(evp_md_ctx_freep) EVP_MD_CTX *signing = NULL, *verifying = NULL;
        unsigned char signature[SIGNING_SIGNATURE_BYTES / 4 * 3];
        size_t n_signature = 0;
        const Kind *kind = kind_of(public);

        if (!kind)
                return answer_fail(answer, SIGNING_FAILED,
                                   "the certificate's key is neither RSA, P-256 nor SM2");
        if (EVP_PKEY_get_size(public) > (int)sizeof(signature))
                return answer_fail(answer, SIGNING_FAILED, "the certificate's key is too large");

        ERR_clear_error();
        n_signature = sizeof(signature);
        signing = begin(EVP_DigestSignInit, kind, key);
        if (!signing || EVP_DigestSign(signing, signature, &n_signature, text, n) != 1)
                return answer_fail_library(answer, SIGNING_FAILED, "the key does not sign");

        verifying = begin(EVP_DigestVerifyInit, kind, public);
        if (!verifying || EVP_DigestVerify(verifying, signature, n_signature, text, n) != 1)
                return answer_fail(answer, SIGNING_FAILED,
                                   "the signature is not one of the certificate's key");

        answer->signature = to_base64url(signature, n_signature);
        if (!answer->signature)
                return answer_fail(answer, SIGNING_FAILED, "out of memory");
        answer->algorithm = kind->algorithm;
        return SIGNING_OK;
}
