/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Certificate: X.509 by OpenSSL. Nothing here trusts anything: the platform verifies. */

#include <errno.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/common/subject.h"
#include "lib/common/util.h"
#include "signer/certificate.h"
#include "signer/cleanup.h"
#include "signer/key.h"

static const struct {
        int nid;
        SubjectAttribute attribute;
} attributes[] = {
        { NID_organizationIdentifier, SUBJECT_ORGANIZATION_IDENTIFIER },
        { NID_serialNumber, SUBJECT_SERIAL_NUMBER },
        { NID_organizationalUnitName, SUBJECT_ORGANIZATIONAL_UNIT },
        { NID_commonName, SUBJECT_COMMON_NAME },
};

static void entry_add(Subject *subject, const X509_NAME_ENTRY *entry) {
        int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));

        for (size_t i = 0; i < ELEMENTSOF(attributes); i++) {
                unsigned char *text = NULL;
                int n;

                if (attributes[i].nid != nid)
                        continue;
                n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
                if (n > 0)
                        subject_add(subject, attributes[i].attribute, (const char *)text,
                                    (size_t)n);
                if (n >= 0)
                        OPENSSL_free(text);
        }
}

bool certificate_names(const X509 *certificate, const char *unit) {
        const X509_NAME *name = X509_get_subject_name(certificate);
        Subject subject = {};
        const char *named;

        for (int i = 0; i < X509_NAME_entry_count(name); i++)
                entry_add(&subject, X509_NAME_get_entry(name, i));

        named = subject_unit(&subject);
        return named && strcmp(named, unit) == 0;
}

int certificate_rank(X509 *certificate) {
        const EVP_PKEY *key = X509_get0_pubkey(certificate);
        bool is_usable = key && key_algorithm(key) != NULL;
        bool is_for_signing = (X509_get_key_usage(certificate) &
                               (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
        bool is_valid_now = X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
                            X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;

        return 4 * is_usable + 2 * is_for_signing + is_valid_now;
}

static bool is_root(X509 *certificate) {
        return X509_check_issued(certificate, certificate) == X509_V_OK;
}

static X509 *issuer_of(X509 *certificate, const STACK_OF(X509) * others) {
        for (int i = 0; i < sk_X509_num(others); i++) {
                X509 *other = sk_X509_value(others, i);

                if (X509_cmp(other, certificate) != 0 && !is_root(other) &&
                    X509_check_issued(other, certificate) == X509_V_OK)
                        return other;
        }
        return NULL;
}

int certificate_chain(X509 *certificate, const STACK_OF(X509) * others, char **ret) {
        _cleanup_(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
        char *text, *copy;
        long n;

        if (!bio)
                return -ENOMEM;

        /* Bounded, so two that issued one another are no trap. */
        for (int i = 0; certificate && i < SIGNING_CERTIFICATES_MAX; i++) {
                if (!PEM_write_bio_X509(bio, certificate))
                        return -ENOMEM;
                certificate = is_root(certificate) ? NULL : issuer_of(certificate, others);
        }

        n = BIO_get_mem_data(bio, &text);
        if (n > SIGNING_CERTIFICATES_BYTES)
                return -E2BIG;
        copy = strndup(text, (size_t)n);
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}
