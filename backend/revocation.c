/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signatures by SM2 are verified by hand: the library has a call to tell the identity for a
 * certificate, and none for a list. */

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "backend/revocation.h"

int sm2_verify(EVP_PKEY *key, const uint8_t *signature, size_t n_signature, const void *data,
               size_t n_data) {
        EVP_PKEY_CTX *key_context = EVP_PKEY_CTX_new(key, NULL);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        int good = 0;

        if (key_context && context &&
            EVP_PKEY_CTX_set1_id(key_context, SM2_ID, SM2_ID_BYTES) == 1) {
                EVP_MD_CTX_set_pkey_ctx(context, key_context);
                good = EVP_DigestVerifyInit(context, NULL, EVP_sm3(), NULL, key) == 1 &&
                       EVP_DigestVerify(context, signature, n_signature, data, n_data) == 1;
        }
        EVP_MD_CTX_free(context);
        EVP_PKEY_CTX_free(key_context); /* not the context's, once it was handed in */
        return good;
}

static int sm2_list_verify(X509_CRL *list, EVP_PKEY *key) {
        const ASN1_BIT_STRING *signature = NULL;
        unsigned char *body = NULL;
        int n, good = 0;

        X509_CRL_get0_signature(list, &signature, NULL);
        n = i2d_re_X509_CRL_tbs(list, &body);
        if (n > 0 && signature)
                good = sm2_verify(key, ASN1_STRING_get0_data(signature),
                                  (size_t)ASN1_STRING_length(signature), body, (size_t)n);
        OPENSSL_free(body);
        return good;
}

/* What level 2 of the library asks of a certificate's signature. */
static int digest_is_strong(int signature_nid) {
        static const int strong[] = { NID_sha224, NID_sha256, NID_sha384,   NID_sha512,
                                      NID_sm3,    NID_sha3_256, NID_sha3_384, NID_sha3_512 };
        int digest = NID_undef, key = NID_undef;

        if (signature_nid == NID_ED25519 || signature_nid == NID_ED448)
                return 1;
        if (OBJ_find_sigid_algs(signature_nid, &digest, &key) != 1)
                return 0;
        for (size_t i = 0; i < sizeof(strong) / sizeof(strong[0]); i++)
                if (digest == strong[i])
                        return 1;
        return 0;
}

static int signed_by(X509_CRL *list, X509 *issuer) {
        int nid = X509_CRL_get_signature_nid(list);
        EVP_PKEY *key = X509_get0_pubkey(issuer);

        if (!key || !digest_is_strong(nid) || !(X509_get_key_usage(issuer) & KU_CRL_SIGN))
                return 0;
        return nid == NID_SM2_with_SM3 ? EVP_PKEY_is_a(key, "SM2") && sm2_list_verify(list, key)
                                       : X509_CRL_verify(list, key) == 1;
}

static int is_in_time(X509_CRL *list, int64_t now) {
        const ASN1_TIME *begin = X509_CRL_get0_lastUpdate(list),
                        *end = X509_CRL_get0_nextUpdate(list);
        time_t then = (time_t)now;

        return begin && end && X509_cmp_time(begin, &then) < 0 && X509_cmp_time(end, &then) > 0;
}

static int has_critical_extension(X509_CRL *list) {
        return X509_CRL_get_ext_by_critical(list, 1, -1) >= 0;
}

int revocation_is_clear(STACK_OF(X509_CRL) *lists, X509 *cert, X509 *issuer, int64_t now) {
        int clear = 0;

        for (int i = 0; i < sk_X509_CRL_num(lists); i++) {
                X509_CRL *list = sk_X509_CRL_value(lists, i);
                X509_REVOKED *entry = NULL;

                if (X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_subject_name(issuer)) != 0 ||
                    !signed_by(list, issuer))
                        continue;
                /* what an old list says of a certificate stays true */
                if (X509_CRL_get0_by_cert(list, &entry, cert) != 0)
                        return 0;
                if (is_in_time(list, now) && !has_critical_extension(list))
                        clear = 1;
        }
        return clear;
}
