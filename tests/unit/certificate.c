/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Certificate: X.509 by OpenSSL, one curve, one digest */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "tests/unit/certificate.h"

static void add_extension(X509 *x509, X509 *issuer, int nid, const char *value) {
        X509_EXTENSION *extension;
        X509V3_CTX context;

        X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
        extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        assert_non_null(extension);
        assert_int_equal(X509_add_ext(x509, extension, -1), 1);
        X509_EXTENSION_free(extension);
}

void certificate_make(const char *common_name, const char *alternative, const Certificate *issuer,
                      long from_sec, long until_sec, Certificate *ret) {
        static long serial = 1;
        EVP_PKEY *key = EVP_EC_gen("P-256");
        X509 *x509 = X509_new();
        X509 *by = issuer ? issuer->x509 : x509;
        X509_NAME *name;

        assert_non_null(key);
        assert_non_null(x509);
        assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
        assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++), 1);
        assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x509), from_sec));
        assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x509), until_sec));
        assert_int_equal(X509_set_pubkey(x509, key), 1);

        name = X509_get_subject_name(x509);
        assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                    (const unsigned char *)common_name, -1, -1, 0), 1);
        assert_int_equal(X509_set_issuer_name(x509, X509_get_subject_name(by)), 1);
        add_extension(x509, by, NID_basic_constraints, alternative ? "critical,CA:FALSE" : "critical,CA:TRUE");
        add_extension(x509, by, NID_subject_key_identifier, "hash");
        if (alternative)
                add_extension(x509, by, NID_subject_alt_name, alternative);
        assert_true(X509_sign(x509, issuer ? issuer->key : key, EVP_sha256()) > 0);

        *ret = (Certificate){ .key = key, .x509 = x509 };
}

void certificate_done(Certificate *certificate) {
        EVP_PKEY_free(certificate->key);
        X509_free(certificate->x509);
        *certificate = (Certificate){};
}
