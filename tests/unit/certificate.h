/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Certificate: throw-away certificates for tests */

#include <openssl/x509.h>

typedef struct Certificate {
        EVP_PKEY *key;
        X509 *x509;
} Certificate;

/**
 * certificate_make() - make one, with a new key
 * @common_name: its subject
 * @alternative: subjectAltName, e.g. "DNS:localhost"; NULL: a CA
 * @issuer: who signs; NULL: itself
 * @from_sec, @until_sec: validity, counted from now
 */
void certificate_make(const char *common_name, const char *alternative, const Certificate *issuer,
                      long from_sec, long until_sec, Certificate *ret);
void certificate_done(Certificate *certificate);
