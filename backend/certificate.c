/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* OpenSSL builds the chain and checks most of it; what it does not check, or only if asked, is
 * checked here on the chain that it built. */

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "backend/certificate.h"
#include "backend/revocation.h"
#include "lib/common/subject.h"

#define AUTH_LEVEL 2 /* 112 bits; X509_VERIFY_PARAM_set_auth_level(3) */
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

struct Authorities {
        X509_STORE *store;
        STACK_OF(X509_CRL) *lists; /* NULL: revocation is not asked for */
};

static inline void bio_freep(BIO **bio) {
        (void)BIO_free(*bio);
}

static inline void certificates_freep(STACK_OF(X509) **certificates) {
        sk_X509_pop_free(*certificates, X509_free);
}

/* The library would ask at the terminal for the password of what is encrypted. */
static int no_password(char *buffer _unused_, int n _unused_, int writes _unused_,
                       void *userdata _unused_) {
        return -1;
}

/* Return: 0 at the end of the text, -EBADMSG when something else ended it. */
static int pem_end(void) {
        unsigned long error = ERR_peek_last_error();

        ERR_clear_error();
        return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE
                       ? 0
                       : -EBADMSG;
}

/* The library takes another identity, the empty one, for what an SM2 key has signed. */
static int identity_set(X509 *certificate) {
        ASN1_OCTET_STRING *id;

        if (X509_get_signature_nid(certificate) != NID_SM2_with_SM3)
                return 0;
        id = ASN1_OCTET_STRING_new();
        if (!id || ASN1_OCTET_STRING_set(id, (const unsigned char *)SM2_ID, SM2_ID_BYTES) != 1) {
                ASN1_OCTET_STRING_free(id);
                return -ENOMEM;
        }
        X509_set0_distinguishing_id(certificate, id);
        return 0;
}

static int certificates_read(const char *text, size_t n, int n_max, STACK_OF(X509) **ret) {
        _cleanup_(certificates_freep) STACK_OF(X509) *certificates = sk_X509_new_null();
        _cleanup_(bio_freep) BIO *bio = NULL;
        X509 *certificate;
        int r;

        if (n > INT_MAX)
                return -EBADMSG;
        ERR_clear_error();
        bio = BIO_new_mem_buf(text, (int)n);
        if (!certificates || !bio)
                return -ENOMEM;

        while ((certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL) {
                if (sk_X509_push(certificates, certificate) == 0) {
                        X509_free(certificate);
                        return -ENOMEM;
                }
                if (sk_X509_num(certificates) > n_max)
                        return -EBADMSG;
                r = identity_set(certificate);
                if (r < 0)
                        return r;
        }
        r = pem_end();
        if (r < 0 || sk_X509_num(certificates) == 0)
                return -EBADMSG;
        *ret = TAKE_PTR(certificates);
        return 0;
}

Authorities *authorities_free(Authorities *authorities) {
        if (authorities) {
                X509_STORE_free(authorities->store);
                sk_X509_CRL_pop_free(authorities->lists, X509_CRL_free);
                free(authorities);
        }
        return NULL;
}

int authorities_new(const char *roots, size_t n_roots, Authorities **ret) {
        _cleanup_(authorities_freep) Authorities *authorities = calloc(1, sizeof(*authorities));
        _cleanup_(certificates_freep) STACK_OF(X509) *certificates = NULL;
        int r;

        if (!authorities)
                return -ENOMEM;
        authorities->store = X509_STORE_new();
        if (!authorities->store)
                return -ENOMEM;
        r = certificates_read(roots, n_roots, INT_MAX, &certificates);
        if (r < 0)
                return r;

        for (int i = 0; i < sk_X509_num(certificates); i++) {
                X509 *root = sk_X509_value(certificates, i);

                if (X509_check_ca(root) != 1)
                        return -EBADMSG;
                if (X509_STORE_add_cert(authorities->store, root) != 1)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(authorities);
        return 0;
}

int authorities_add_lists(Authorities *authorities, const char *lists, size_t n_lists) {
        _cleanup_(bio_freep) BIO *bio = NULL;
        X509_CRL *list;
        int n_before;

        if (n_lists > INT_MAX)
                return -EBADMSG;
        if (!authorities->lists)
                authorities->lists = sk_X509_CRL_new_null();
        ERR_clear_error();
        bio = BIO_new_mem_buf(lists, (int)n_lists);
        if (!authorities->lists || !bio)
                return -ENOMEM;

        n_before = sk_X509_CRL_num(authorities->lists);
        while ((list = PEM_read_bio_X509_CRL(bio, NULL, no_password, NULL)) != NULL)
                if (sk_X509_CRL_push(authorities->lists, list) == 0) {
                        X509_CRL_free(list);
                        return -ENOMEM;
                }
        return pem_end() < 0 || sk_X509_CRL_num(authorities->lists) == n_before ? -EBADMSG : 0;
}

static int error_from_openssl(int error) {
        switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
        case X509_V_ERR_CERT_NOT_YET_VALID:
        case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
        case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
                return CERTIFICATE_E_EXPIRED;
        case X509_V_ERR_EE_KEY_TOO_SMALL:
        case X509_V_ERR_CA_KEY_TOO_SMALL:
        case X509_V_ERR_CA_MD_TOO_WEAK:
                return CERTIFICATE_E_WEAK;
        case X509_V_ERR_OUT_OF_MEM:
                return -ENOMEM;
        default: /* the library's own set, open by its documentation */
                return CERTIFICATE_E_UNTRUSTED;
        }
}

static int chain_build(Authorities *authorities, STACK_OF(X509) *presented, int64_t now,
                       STACK_OF(X509) **ret) {
        X509_STORE_CTX *context = X509_STORE_CTX_new();
        X509_VERIFY_PARAM *parameters;
        int r = -ENOMEM;

        if (context && X509_STORE_CTX_init(context, authorities->store,
                                           sk_X509_value(presented, 0), presented) == 1) {
                parameters = X509_STORE_CTX_get0_param(context);
                X509_VERIFY_PARAM_set_time(parameters, (time_t)now);
                X509_VERIFY_PARAM_set_auth_level(parameters, AUTH_LEVEL);
                X509_VERIFY_PARAM_set_depth(parameters, CERTIFICATES_MAX);
                r = X509_verify_cert(context) == 1
                            ? 0
                            : error_from_openssl(X509_STORE_CTX_get_error(context));
        }
        if (r == 0) {
                *ret = X509_STORE_CTX_get1_chain(context);
                r = *ret ? 0 : -ENOMEM;
        }
        X509_STORE_CTX_free(context);
        return r;
}

/* A certificate that is an authority itself was made to sign certificates, not logins; and one that
 * stands among the authorities has nobody who answers for it. */
static int chain_check(Authorities *authorities, STACK_OF(X509) *chain, int64_t now) {
        int n = sk_X509_num(chain);

        if (n < 2)
                return CERTIFICATE_E_UNTRUSTED;
        for (int i = 1; i < n; i++)
                if (X509_check_ca(sk_X509_value(chain, i)) != 1)
                        return CERTIFICATE_E_UNTRUSTED;
        for (int i = 0; authorities->lists && i + 1 < n; i++)
                if (!revocation_is_clear(authorities->lists, sk_X509_value(chain, i),
                                         sk_X509_value(chain, i + 1), now))
                        return CERTIFICATE_E_REVOKED;
        return 0;
}

static int usage_check(X509 *certificate) {
        uint32_t usage = X509_get_key_usage(certificate),
                 extended = X509_get_extended_key_usage(certificate);

        /* without the extension the library says "everything" */
        if (X509_check_ca(certificate) != 0 || usage == UINT32_MAX ||
            !(usage & KU_DIGITAL_SIGNATURE))
                return CERTIFICATE_E_USAGE;
        if (extended != UINT32_MAX && !(extended & (XKU_SSL_CLIENT | XKU_ANYEKU)))
                return CERTIFICATE_E_USAGE;
        return 0;
}

/* The one algorithm for a key; NULL for a key that is not good enough. */
static const char *algorithm_of(EVP_PKEY *key) {
        char group[32] = "";

        if (!key)
                return NULL;
        if (EVP_PKEY_is_a(key, "RSA"))
                return EVP_PKEY_get_bits(key) >= RSA_BITS_MIN &&
                                       EVP_PKEY_get_bits(key) <= RSA_BITS_MAX
                               ? "RS256"
                               : NULL;
        if (EVP_PKEY_is_a(key, "SM2"))
                return "SM2";
        if (EVP_PKEY_is_a(key, "EC") &&
            EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
            strcmp(group, "prime256v1") == 0)
                return "ES256";
        return NULL;
}

static int unit_check(X509 *certificate, const char *unit_code) {
        static const struct {
                int nid;
                SubjectAttribute attribute;
        } attributes[] = {
                { NID_organizationIdentifier, SUBJECT_ORGANIZATION_IDENTIFIER },
                { NID_serialNumber, SUBJECT_SERIAL_NUMBER },
                { NID_organizationalUnitName, SUBJECT_ORGANIZATIONAL_UNIT },
                { NID_commonName, SUBJECT_COMMON_NAME },
        };
        const X509_NAME *name = X509_get_subject_name(certificate);
        Subject subject = {};
        const char *unit;

        for (size_t i = 0; i < ELEMENTSOF(attributes); i++) {
                int at = -1;

                while ((at = X509_NAME_get_index_by_NID(name, attributes[i].nid, at)) >= 0) {
                        unsigned char *value = NULL;
                        int n = ASN1_STRING_to_UTF8(
                                &value, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));

                        if (n < 0) /* not to be read: it might have been another unit's */
                                return CERTIFICATE_E_OTHER_UNIT;
                        subject_add(&subject, attributes[i].attribute, (const char *)value,
                                    (size_t)n);
                        OPENSSL_free(value);
                }
        }
        unit = subject_unit(&subject);
        return unit && strcmp(unit, unit_code) == 0 ? 0 : CERTIFICATE_E_OTHER_UNIT;
}

static int signature_check(EVP_PKEY *key, const CertificateProof *proof) {
        EVP_MD_CTX *context;
        int good;

        if (strcmp(proof->algorithm, "SM2") == 0)
                return sm2_verify(key, proof->signature, proof->n_signature, proof->text,
                                  proof->n_text)
                               ? 0
                               : CERTIFICATE_E_SIGNATURE;

        /* PKCS #1 v1.5 is what the library does with an RSA key unless told otherwise */
        context = EVP_MD_CTX_new();
        good = context && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
               EVP_DigestVerify(context, proof->signature, proof->n_signature,
                                (const unsigned char *)proof->text, proof->n_text) == 1;
        EVP_MD_CTX_free(context);
        return good ? 0 : CERTIFICATE_E_SIGNATURE;
}

static int verify(Authorities *authorities, const CertificateProof *proof, int64_t now) {
        _cleanup_(certificates_freep) STACK_OF(X509) *presented = NULL, *chain = NULL;
        const char *algorithm;
        EVP_PKEY *key;
        X509 *unit;
        int r;

        r = certificates_read(proof->certificates, proof->n_certificates, CERTIFICATES_MAX,
                              &presented);
        if (r == -EBADMSG)
                return CERTIFICATE_E_UNTRUSTED;
        if (r == 0)
                r = chain_build(authorities, presented, now, &chain);
        if (r == 0)
                r = chain_check(authorities, chain, now);
        if (r != 0)
                return r;

        unit = sk_X509_value(chain, 0);
        key = X509_get0_pubkey(unit);
        algorithm = algorithm_of(key);
        r = usage_check(unit);
        if (r == 0 && !algorithm)
                r = CERTIFICATE_E_WEAK;
        if (r == 0)
                r = unit_check(unit, proof->unit_code);
        if (r == 0 && strcmp(algorithm, proof->algorithm) != 0)
                r = CERTIFICATE_E_SIGNATURE;
        return r == 0 ? signature_check(key, proof) : r;
}

int certificate_verify(Authorities *authorities, const CertificateProof *proof, int64_t now) {
        int r = verify(authorities, proof, now);

        ERR_clear_error();
        return r;
}

const char *certificate_reason(int error) {
        static const char *const reasons[_CERTIFICATE_E_MAX] = {
                [CERTIFICATE_E_UNTRUSTED] = "untrusted", [CERTIFICATE_E_EXPIRED] = "expired",
                [CERTIFICATE_E_REVOKED] = "revoked",     [CERTIFICATE_E_USAGE] = "usage",
                [CERTIFICATE_E_WEAK] = "weak",           [CERTIFICATE_E_OTHER_UNIT] = "other-unit",
                [CERTIFICATE_E_SIGNATURE] = "signature", [CERTIFICATE_E_CHALLENGE] = "challenge",
        };

        return reasons[error];
}
