/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Cleanup: frees of OpenSSL for _cleanup_() */

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

static inline void bio_freep(BIO **p) {
        BIO_free(*p);
}

static inline void evp_pkey_freep(EVP_PKEY **p) {
        EVP_PKEY_free(*p);
}

static inline void evp_md_ctx_freep(EVP_MD_CTX **p) {
        EVP_MD_CTX_free(*p);
}

static inline void pkcs12_freep(PKCS12 **p) {
        PKCS12_free(*p);
}

static inline void x509_freep(X509 **p) {
        X509_free(*p);
}

static inline void x509_stack_freep(STACK_OF(X509) * *p) {
        sk_X509_pop_free(*p, X509_free);
}
