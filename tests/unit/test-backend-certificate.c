/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Certificates of units: what is accepted, and every way in which one is not. Made here, for a day
 * of our own, so that no clock and no file decides. threats 70-73 */

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/certificate.h"
#include "backend/revocation.h"

#define T0 1800000000
#define DAY 86400
#define UNIT "91990000000000002B"
#define OTHER_UNIT "91990000000000003E"
#define ORGANIZATION NID_organizationIdentifier
#define TEXT "itax-unit-verification-v1\nhttps://itax.lab\n" UNIT "\nnonce"

#define CA "critical,CA:TRUE"
#define NOT_CA "critical,CA:FALSE"
#define SIGNS "critical,keyCertSign,cRLSign"
#define USED "critical,digitalSignature,nonRepudiation"
#define CLIENT "clientAuth"

typedef enum KeyKind { P256, RSA2048, RSA1024, SM2, P384, ED25519, RSA_PSS, _KEY_MAX } KeyKind;

/* Authorities first; a row names its issuer by an earlier one. */
typedef enum Name {
        NOBODY, /* signs itself */
        ROOT,
        ROOT_SM2,
        ROOT_RSA,
        ROOT_WEAK,
        STRANGER,
        IMPOSTOR,
        MIDDLE,
        BELOW,
        LEAF_AS_CA,
        NO_SIGN,
        WEAK_MIDDLE,
        OLD_MIDDLE,
        GONE_MIDDLE,
        UNLISTED_MIDDLE,
        STALE_MIDDLE,
        _AUTHORITY_MAX,
} Name;

typedef struct Spec {
        const char *sentence;
        Name issuer;
        KeyKind key;
        const char *constraints, *usage, *extended;
        int64_t from, to; /* days; both 0: a day ago and a year from now */
        int nid;          /* of the subject's attribute; 0: ORGANIZATION */
        const char *unit; /* NULL: UNIT */
        const char *digest; /* NULL: what the key takes */
        int result;
} Spec;

#define MADE(who, kind, basic, uses, more) \
        .issuer = who, .key = kind, .constraints = basic, .usage = uses, .extended = more
#define GOOD(who, kind) MADE(who, kind, NOT_CA, USED, CLIENT)

static const Spec authority_specs[_AUTHORITY_MAX] = {
        [ROOT] = { "root", MADE(NOBODY, P256, CA, SIGNS, NULL) },
        [ROOT_SM2] = { "root by SM2", MADE(NOBODY, SM2, CA, SIGNS, NULL) },
        [ROOT_RSA] = { "root by RSA", MADE(NOBODY, RSA2048, CA, SIGNS, NULL) },
        [ROOT_WEAK] = { "root by a weak key", MADE(NOBODY, RSA1024, CA, SIGNS, NULL) },
        [STRANGER] = { "stranger", MADE(NOBODY, P256, CA, SIGNS, NULL) },
        /* by the name of the right one */
        [IMPOSTOR] = { "root", MADE(NOBODY, P256, CA, SIGNS, NULL) },
        [MIDDLE] = { "middle", MADE(ROOT, P256, CA ",pathlen:0", SIGNS, NULL) },
        [BELOW] = { "below the middle", MADE(MIDDLE, P256, CA, SIGNS, NULL) },
        [LEAF_AS_CA] = { "leaf as authority", MADE(ROOT, P256, NOT_CA, USED, NULL) },
        [NO_SIGN] = { "authority that may not sign", MADE(ROOT, P256, CA, "critical,cRLSign", NULL) },
        [WEAK_MIDDLE] = { "weak middle", MADE(ROOT, RSA1024, CA, SIGNS, NULL) },
        [OLD_MIDDLE] = { "old middle", MADE(ROOT, P256, CA, SIGNS, NULL), .from = -60, .to = -1 },
        [GONE_MIDDLE] = { "revoked middle", MADE(ROOT, P256, CA, SIGNS, NULL) },
        [UNLISTED_MIDDLE] = { "middle without a list", MADE(ROOT, P256, CA, SIGNS, NULL) },
        [STALE_MIDDLE] = { "middle with an old list", MADE(ROOT, P256, CA, SIGNS, NULL) },
};

#define U CERTIFICATE_E_UNTRUSTED

static const Spec cases[] = {
        { "P-256", GOOD(ROOT, P256) },
        { "RSA", GOOD(ROOT, RSA2048) },
        { "SM2 by an SM2 authority", GOOD(ROOT_SM2, SM2) },
        { "P-256 by an SM2 authority", GOOD(ROOT_SM2, P256) },
        { "SM2 by an RSA authority", GOOD(ROOT_RSA, SM2) },
        { "an authority between", GOOD(MIDDLE, P256) },
        { "no extendedKeyUsage at all", MADE(ROOT, P256, NOT_CA, USED, NULL) },
        { "extendedKeyUsage of two kinds", MADE(ROOT, P256, NOT_CA, USED, "emailProtection,clientAuth") },
        { "any extendedKeyUsage", MADE(ROOT, P256, NOT_CA, USED, "anyExtendedKeyUsage") },
        { "no basicConstraints", MADE(ROOT, P256, NULL, USED, CLIENT) },
        { "the unit in the common name", GOOD(ROOT, P256), .nid = NID_commonName },
        { "the unit in serialNumber", GOOD(ROOT, P256), .nid = NID_serialNumber },
        { "the last day", GOOD(ROOT, P256), .from = -364, .to = 1 },

        /* threats 70 */
        { "self-signed", GOOD(NOBODY, P256), .result = U },
        { "another authority", GOOD(STRANGER, P256), .result = U },
        { "another authority by the same name", GOOD(IMPOSTOR, P256), .result = U },
        { "issued by a unit's certificate", GOOD(LEAF_AS_CA, P256), .result = U },
        { "issued by an authority that may not sign certificates", GOOD(NO_SIGN, P256),
          .result = U },
        { "one authority too many on the path", GOOD(BELOW, P256), .result = U },
        { "made for encryption only", MADE(ROOT, P256, NOT_CA, "critical,keyEncipherment", CLIENT),
          .result = CERTIFICATE_E_USAGE },
        { "without keyUsage", MADE(ROOT, P256, NOT_CA, NULL, CLIENT), .result = CERTIFICATE_E_USAGE },
        { "for nonRepudiation only", MADE(ROOT, P256, NOT_CA, "critical,nonRepudiation", CLIENT),
          .result = CERTIFICATE_E_USAGE },
        { "made for servers", MADE(ROOT, P256, NOT_CA, USED, "serverAuth"),
          .result = CERTIFICATE_E_USAGE },
        { "made for signing programs", MADE(ROOT, P256, NOT_CA, USED, "codeSigning,timeStamping"),
          .result = CERTIFICATE_E_USAGE },
        { "an authority itself", MADE(ROOT, P256, CA, "critical,digitalSignature,keyCertSign", CLIENT),
          .result = CERTIFICATE_E_USAGE },
        { "an authority by its keyUsage", MADE(ROOT, P256, NULL,
          "critical,digitalSignature,keyCertSign", CLIENT), .result = CERTIFICATE_E_USAGE },
        { "expired", GOOD(ROOT, P256), .from = -30, .to = -1, .result = CERTIFICATE_E_EXPIRED },
        { "not valid yet", GOOD(ROOT, P256), .from = 1, .to = 30, .result = CERTIFICATE_E_EXPIRED },
        { "an expired authority", GOOD(OLD_MIDDLE, P256), .result = CERTIFICATE_E_EXPIRED },
        { "RSA of 1024 bits", GOOD(ROOT, RSA1024), .result = CERTIFICATE_E_WEAK },
        { "a weak authority", GOOD(WEAK_MIDDLE, P256), .result = CERTIFICATE_E_WEAK },
        { "a weak root", GOOD(ROOT_WEAK, P256), .result = CERTIFICATE_E_WEAK },
        { "signed with SHA-1", GOOD(ROOT, P256), .digest = "SHA1", .result = CERTIFICATE_E_WEAK },
        { "signed with MD5", GOOD(ROOT_RSA, P256), .digest = "MD5", .result = CERTIFICATE_E_WEAK },
        { "another curve", GOOD(ROOT, P384), .result = CERTIFICATE_E_WEAK },
        { "another kind of key", GOOD(ROOT, ED25519), .result = CERTIFICATE_E_WEAK },
        { "a key for PSS only", GOOD(ROOT, RSA_PSS), .result = CERTIFICATE_E_WEAK },
        { "issued by a revoked authority", GOOD(GONE_MIDDLE, P256),
          .result = CERTIFICATE_E_REVOKED },
        { "issued by an authority without a list", GOOD(UNLISTED_MIDDLE, P256),
          .result = CERTIFICATE_E_REVOKED },
        { "issued by an authority whose list is too old", GOOD(STALE_MIDDLE, P256),
          .result = CERTIFICATE_E_REVOKED },

        /* threats 71, 72 */
        { "another unit", GOOD(ROOT, P256), .unit = OTHER_UNIT,
          .result = CERTIFICATE_E_OTHER_UNIT },
        { "no unit", GOOD(ROOT, P256), .unit = "", .result = CERTIFICATE_E_OTHER_UNIT },
        { "a star", GOOD(ROOT, P256), .unit = "*", .result = CERTIFICATE_E_OTHER_UNIT },
        { "small letters", GOOD(ROOT, P256), .unit = "91990000000000002b",
          .result = CERTIFICATE_E_OTHER_UNIT },
        { "a space behind", GOOD(ROOT, P256), .unit = UNIT " ",
          .result = CERTIFICATE_E_OTHER_UNIT },
        { "a unit and more", GOOD(ROOT, P256), .unit = UNIT "0",
          .result = CERTIFICATE_E_OTHER_UNIT },
};

typedef struct Pair {
        X509 *certificate;
        EVP_PKEY *key;
} Pair;

static Pair authorities_made[_AUTHORITY_MAX];
static EVP_PKEY *keys[_KEY_MAX]; /* of units; one a kind, for RSA takes its time */
static char *roots;
static Authorities *with_lists, *without_lists;

static EVP_PKEY *key_new(KeyKind kind) {
        EVP_PKEY *key = NULL;

        switch (kind) {
        case P256:
                key = EVP_EC_gen("P-256");
                break;
        case P384:
                key = EVP_EC_gen("P-384");
                break;
        case SM2:
                key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
                break;
        case RSA2048:
                key = EVP_RSA_gen(2048);
                break;
        case RSA1024:
                key = EVP_RSA_gen(1024);
                break;
        case ED25519:
                key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
                break;
        case RSA_PSS: {
                EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);

                assert_int_equal(EVP_PKEY_keygen_init(context), 1);
                assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
                assert_int_equal(EVP_PKEY_generate(context, &key), 1);
                EVP_PKEY_CTX_free(context);
                break;
        }
        case _KEY_MAX:
                break;
        }
        assert_non_null(key);
        return key;
}

/* Ready to sign; with the usual identity when the key is SM2's. */
static EVP_MD_CTX *signer(EVP_PKEY *key, const char *digest) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_PKEY_CTX *parameters = NULL;
        int sm2 = EVP_PKEY_is_a(key, "SM2");

        if (sm2) {
                parameters = EVP_PKEY_CTX_new(key, NULL);
                assert_int_equal(EVP_PKEY_CTX_set1_id(parameters, SM2_ID, SM2_ID_BYTES), 1);
                EVP_MD_CTX_set_pkey_ctx(context, parameters);
        }
        if (!digest)
                digest = sm2 ? "SM3" : "SHA256";
        assert_int_equal(EVP_DigestSignInit(context, NULL,
                                            EVP_PKEY_is_a(key, "ED25519")
                                                    ? NULL
                                                    : EVP_get_digestbyname(digest),
                                            NULL, key),
                         1);
        return context;
}

static void extend(X509 *certificate, X509 *issuer, int nid, const char *value) {
        X509_EXTENSION *extension;
        X509V3_CTX context;

        if (!value)
                return;
        X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
        extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        assert_non_null(extension);
        assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
        X509_EXTENSION_free(extension);
}

static void name_add(X509_NAME *name, int nid, const char *value) {
        if (value[0])
                assert_int_equal(X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
                                                            (const unsigned char *)value, -1, -1,
                                                            0),
                                 1);
}

static X509 *certificate_make(const Spec *spec, EVP_PKEY *key, X509_NAME *subject, long serial) {
        const Pair *issuer = &authorities_made[spec->issuer];
        X509 *certificate = X509_new();
        EVP_MD_CTX *context;

        assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
        assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial), 1);
        ASN1_TIME_set(X509_getm_notBefore(certificate),
                      T0 + (spec->from || spec->to ? spec->from : -1) * DAY);
        ASN1_TIME_set(X509_getm_notAfter(certificate),
                      T0 + (spec->from || spec->to ? spec->to : 365) * DAY);
        assert_int_equal(X509_set_subject_name(certificate, subject), 1);
        assert_int_equal(X509_set_issuer_name(certificate,
                                              spec->issuer == NOBODY
                                                      ? subject
                                                      : X509_get_subject_name(issuer->certificate)),
                         1);
        assert_int_equal(X509_set_pubkey(certificate, key), 1);
        extend(certificate, issuer->certificate, NID_basic_constraints, spec->constraints);
        extend(certificate, issuer->certificate, NID_key_usage, spec->usage);
        extend(certificate, issuer->certificate, NID_ext_key_usage, spec->extended);
        context = signer(spec->issuer == NOBODY ? key : issuer->key, spec->digest);
        assert_true(X509_sign_ctx(certificate, context) > 0);
        EVP_PKEY_CTX_free(EVP_PKEY_is_a(spec->issuer == NOBODY ? key : issuer->key, "SM2")
                                  ? EVP_MD_CTX_get_pkey_ctx(context)
                                  : NULL);
        EVP_MD_CTX_free(context);
        return certificate;
}

/* What the authorities above a row sign, as text; without the root. */
static char *pem_of(X509 *certificate, Name issuer) {
        BIO *bio = BIO_new(BIO_s_mem());
        char *text, *copy;
        long n;

        assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
        for (Name i = issuer; i != NOBODY && authority_specs[i].issuer != NOBODY;
             i = authority_specs[i].issuer)
                assert_int_equal(PEM_write_bio_X509(bio, authorities_made[i].certificate), 1);
        n = BIO_get_mem_data(bio, &text);
        copy = strndup(text, (size_t)n);
        BIO_free(bio);
        return copy;
}

typedef enum ListFault {
        LIST_GOOD,
        LIST_OLD,
        LIST_FUTURE,
        LIST_WITHOUT_END,
        LIST_CRITICAL,
        LIST_SHA1,
        LIST_FORGED, /* signed by the stranger */
} ListFault;

/* A revocation list in PEM; @revoked may be NULL. */
static char *list_make(Name issuer, ListFault fault, X509 *revoked) {
        const Pair *pair = &authorities_made[issuer];
        EVP_PKEY *key = fault == LIST_FORGED ? authorities_made[STRANGER].key : pair->key;
        X509_CRL *list = X509_CRL_new();
        ASN1_TIME *time = ASN1_TIME_new();
        BIO *bio = BIO_new(BIO_s_mem());
        EVP_MD_CTX *context;
        char *text, *copy;
        long n;

        assert_int_equal(X509_CRL_set_version(list, X509_CRL_VERSION_2), 1);
        assert_int_equal(
                X509_CRL_set_issuer_name(list, X509_get_subject_name(pair->certificate)), 1);
        ASN1_TIME_set(time, T0 + (fault == LIST_OLD ? -9 : fault == LIST_FUTURE ? 1 : -1) * DAY);
        assert_int_equal(X509_CRL_set1_lastUpdate(list, time), 1);
        ASN1_TIME_set(time, T0 + (fault == LIST_OLD ? -2 : 7) * DAY);
        if (fault != LIST_WITHOUT_END)
                assert_int_equal(X509_CRL_set1_nextUpdate(list, time), 1);
        if (revoked) {
                X509_REVOKED *entry = X509_REVOKED_new();

                ASN1_TIME_set(time, T0 - 9 * DAY);
                X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked));
                X509_REVOKED_set_revocationDate(entry, time);
                assert_int_equal(X509_CRL_add0_revoked(list, entry), 1);
        }
        if (fault == LIST_CRITICAL) {
                ASN1_INTEGER *base = ASN1_INTEGER_new();

                ASN1_INTEGER_set(base, 1);
                assert_int_equal(X509_CRL_add1_ext_i2d(list, NID_delta_crl, base, 1, 0), 1);
                ASN1_INTEGER_free(base);
        }
        assert_int_equal(X509_CRL_sort(list), 1);
        context = signer(key, fault == LIST_SHA1 ? "SHA1" : NULL);
        assert_true(X509_CRL_sign_ctx(list, context) > 0);
        EVP_PKEY_CTX_free(EVP_PKEY_is_a(key, "SM2") ? EVP_MD_CTX_get_pkey_ctx(context) : NULL);
        EVP_MD_CTX_free(context);

        assert_int_equal(PEM_write_bio_X509_CRL(bio, list), 1);
        n = BIO_get_mem_data(bio, &text);
        copy = strndup(text, (size_t)n);
        BIO_free(bio);
        ASN1_TIME_free(time);
        X509_CRL_free(list);
        return copy;
}

static void list_add(Authorities *authorities, Name issuer, ListFault fault, X509 *revoked) {
        _cleanup_(freep) char *text = list_make(issuer, fault, revoked);

        assert_int_equal(authorities_add_lists(authorities, text, strlen(text)), 0);
}

static int group_setup(void **state) {
        static const Name trusted[] = { ROOT, ROOT_SM2, ROOT_RSA, ROOT_WEAK };
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;
        long n;

        (void)state;
        for (KeyKind i = 0; i < _KEY_MAX; i++)
                keys[i] = key_new(i);
        for (Name i = ROOT; i < _AUTHORITY_MAX; i++) {
                X509_NAME *name = X509_NAME_new();

                name_add(name, NID_commonName, authority_specs[i].sentence);
                /* keys of their own, so that nobody is somebody else by accident */
                authorities_made[i].key = key_new(authority_specs[i].key);
                authorities_made[i].certificate = certificate_make(
                        &authority_specs[i], authorities_made[i].key, name, 100 + (long)i);
                X509_NAME_free(name);
        }
        for (size_t i = 0; i < ELEMENTSOF(trusted); i++)
                assert_int_equal(
                        PEM_write_bio_X509(bio, authorities_made[trusted[i]].certificate), 1);
        n = BIO_get_mem_data(bio, &text);
        roots = strndup(text, (size_t)n);
        BIO_free(bio);

        assert_int_equal(authorities_new(roots, strlen(roots), &without_lists), 0);
        assert_int_equal(authorities_new(roots, strlen(roots), &with_lists), 0);
        list_add(with_lists, ROOT, LIST_GOOD, authorities_made[GONE_MIDDLE].certificate);
        list_add(with_lists, ROOT_SM2, LIST_GOOD, NULL);
        list_add(with_lists, ROOT_RSA, LIST_GOOD, NULL);
        list_add(with_lists, ROOT_WEAK, LIST_GOOD, NULL);
        list_add(with_lists, MIDDLE, LIST_GOOD, NULL);
        list_add(with_lists, OLD_MIDDLE, LIST_GOOD, NULL);
        list_add(with_lists, GONE_MIDDLE, LIST_GOOD, NULL);
        list_add(with_lists, STALE_MIDDLE, LIST_OLD, NULL);
        return 0;
}

static int group_teardown(void **state) {
        (void)state;
        for (Name i = ROOT; i < _AUTHORITY_MAX; i++) {
                X509_free(authorities_made[i].certificate);
                EVP_PKEY_free(authorities_made[i].key);
        }
        for (KeyKind i = 0; i < _KEY_MAX; i++)
                EVP_PKEY_free(keys[i]);
        with_lists = authorities_free(with_lists);
        without_lists = authorities_free(without_lists);
        free(roots);
        return 0;
}

/* A unit's certificate and a right signature by its key. */
typedef struct Made {
        X509 *certificate;
        char *pem;
        uint8_t signature[SIGNATURE_BYTES_MAX];
        CertificateProof proof;
} Made;

static void made_done(Made *made) {
        X509_free(made->certificate);
        free(made->pem);
}

static size_t sign(EVP_PKEY *key, const char *text, size_t n_text, uint8_t *ret) {
        EVP_MD_CTX *context = signer(key, NULL);
        size_t n = SIGNATURE_BYTES_MAX;

        assert_int_equal(
                EVP_DigestSign(context, ret, &n, (const unsigned char *)text, n_text), 1);
        EVP_PKEY_CTX_free(EVP_PKEY_is_a(key, "SM2") ? EVP_MD_CTX_get_pkey_ctx(context) : NULL);
        EVP_MD_CTX_free(context);
        return n;
}

static const char *algorithm_for(KeyKind kind) {
        return kind == RSA2048 || kind == RSA1024 || kind == RSA_PSS ? "RS256"
               : kind == SM2                                         ? "SM2"
                                                                     : "ES256";
}

static void make(const Spec *spec, long serial, Made *ret) {
        X509_NAME *name = X509_NAME_new();

        name_add(name, NID_organizationName, "测试二号");
        name_add(name, spec->nid ? spec->nid : ORGANIZATION, spec->unit ? spec->unit : UNIT);
        ret->certificate = certificate_make(spec, keys[spec->key], name, serial);
        X509_NAME_free(name);
        ret->pem = pem_of(ret->certificate, spec->issuer);
        ret->proof = (CertificateProof){
                .unit_code = UNIT,
                .algorithm = algorithm_for(spec->key),
                .certificates = ret->pem,
                .n_certificates = strlen(ret->pem),
                .signature = ret->signature,
                .n_signature = sign(keys[spec->key], TEXT, strlen(TEXT), ret->signature),
                .text = TEXT,
                .n_text = strlen(TEXT),
        };
}

static void test_cases(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Spec *c = &cases[i];
                _cleanup_(made_done) Made made = {};
                int r;

                make(c, 1000 + (long)i, &made);
                r = certificate_verify(with_lists, &made.proof, T0);
                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                /* where revocation is not asked for, only that is not asked for */
                r = certificate_verify(without_lists, &made.proof, T0);
                if (r != (c->result == CERTIFICATE_E_REVOKED ? 0 : c->result))
                        fail_msg("%s, without lists: %d", c->sentence, r);
        }
}

static const Spec good_p256 = { "good", GOOD(ROOT, P256) };

/* threats 70: the list of the issuer decides, and only a list that counts */
static const struct {
        const char *sentence;
        struct {
                Name issuer;
                ListFault fault;
                int names_it;
        } lists[2];
        int result;
} list_cases[] = {
        { "a list that does not name it", { { ROOT, LIST_GOOD, 0 } }, 0 },
        { "a list that names it", { { ROOT, LIST_GOOD, 1 } }, CERTIFICATE_E_REVOKED },
        { "another authority's list", { { ROOT_RSA, LIST_GOOD, 0 } }, CERTIFICATE_E_REVOKED },
        { "an old list", { { ROOT, LIST_OLD, 0 } }, CERTIFICATE_E_REVOKED },
        { "a list of tomorrow", { { ROOT, LIST_FUTURE, 0 } }, CERTIFICATE_E_REVOKED },
        { "a list without an end", { { ROOT, LIST_WITHOUT_END, 0 } }, CERTIFICATE_E_REVOKED },
        { "a list of changes only", { { ROOT, LIST_CRITICAL, 0 } }, CERTIFICATE_E_REVOKED },
        { "a list signed with SHA-1", { { ROOT, LIST_SHA1, 0 } }, CERTIFICATE_E_REVOKED },
        { "a list that another key has signed",
          { { ROOT, LIST_FORGED, 0 } },
          CERTIFICATE_E_REVOKED },
        { "a list by the same name that another key has signed",
          { { IMPOSTOR, LIST_GOOD, 0 } },
          CERTIFICATE_E_REVOKED },
        { "a forged list does not revoke beside a good one",
          { { ROOT, LIST_GOOD, 0 }, { ROOT, LIST_FORGED, 1 } },
          0 },
        { "an old list that names it beside a new one that does not",
          { { ROOT, LIST_GOOD, 0 }, { ROOT, LIST_OLD, 1 } },
          CERTIFICATE_E_REVOKED },
        { "a new list that names it beside an old one that does not",
          { { ROOT, LIST_OLD, 0 }, { ROOT, LIST_GOOD, 1 } },
          CERTIFICATE_E_REVOKED },
};

static void test_lists(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(list_cases); i++) {
                _cleanup_(authorities_freep) Authorities *authorities = NULL;
                _cleanup_(made_done) Made made = {};
                int r;

                make(&good_p256, 5000, &made);
                assert_int_equal(authorities_new(roots, strlen(roots), &authorities), 0);
                for (size_t k = 0; k < 2; k++)
                        if (list_cases[i].lists[k].issuer != NOBODY)
                                list_add(authorities, list_cases[i].lists[k].issuer,
                                         list_cases[i].lists[k].fault,
                                         list_cases[i].lists[k].names_it ? made.certificate : NULL);
                r = certificate_verify(authorities, &made.proof, T0);
                if (r != list_cases[i].result)
                        fail_msg("%s: %d", list_cases[i].sentence, r);
        }
}

static void test_list_by_sm2(void **state) {
        static const Spec spec = { "good", GOOD(ROOT_SM2, SM2) };

        (void)state;
        for (int names_it = 0; names_it < 2; names_it++) {
                _cleanup_(authorities_freep) Authorities *authorities = NULL;
                _cleanup_(made_done) Made made = {};

                make(&spec, 6000, &made);
                assert_int_equal(authorities_new(roots, strlen(roots), &authorities), 0);
                list_add(authorities, ROOT_SM2, LIST_GOOD, names_it ? made.certificate : NULL);
                assert_int_equal(certificate_verify(authorities, &made.proof, T0),
                                 names_it ? CERTIFICATE_E_REVOKED : 0);
        }
}

/* threats 71: the chain is that of the first certificate; others beside it prove nothing */
static void test_presented(void **state) {
        static const Spec other_unit = { "other", GOOD(ROOT, P256), .unit = OTHER_UNIT };
        static const Spec forged = { "forged", GOOD(NOBODY, P256) };
        _cleanup_(made_done) Made good = {}, other = {}, own = {};
        CertificateProof proof;
        char both[16384];

        (void)state;
        make(&good_p256, 7000, &good);
        make(&other_unit, 7001, &other);
        make(&forged, 7002, &own);
        /* all three certificates hold the same key, so every signature is right */
        proof = good.proof;
        proof.certificates = both;

        (void)snprintf(both, sizeof(both), "%s%s", other.pem, good.pem);
        proof.n_certificates = strlen(both);
        assert_int_equal(certificate_verify(with_lists, &proof, T0), CERTIFICATE_E_OTHER_UNIT);
        (void)snprintf(both, sizeof(both), "%s%s", own.pem, good.pem);
        proof.n_certificates = strlen(both);
        assert_int_equal(certificate_verify(with_lists, &proof, T0), CERTIFICATE_E_UNTRUSTED);
        (void)snprintf(both, sizeof(both), "%s%s", good.pem, own.pem);
        proof.n_certificates = strlen(both);
        assert_int_equal(certificate_verify(with_lists, &proof, T0), 0);
        /* a root brings nothing, and is no unit */
        (void)snprintf(both, sizeof(both), "%s", roots);
        proof.n_certificates = strlen(both);
        assert_int_equal(certificate_verify(with_lists, &proof, T0), CERTIFICATE_E_UNTRUSTED);
}

static void test_two_units(void **state) {
        X509_NAME *name = X509_NAME_new();
        _cleanup_(made_done) Made made = {};

        (void)state;
        make(&good_p256, 7100, &made);
        name_add(name, ORGANIZATION, UNIT);
        name_add(name, ORGANIZATION, OTHER_UNIT);
        X509_free(made.certificate);
        free(made.pem);
        made.certificate = certificate_make(&good_p256, keys[P256], name, 7101);
        made.pem = pem_of(made.certificate, ROOT);
        made.proof.certificates = made.pem;
        made.proof.n_certificates = strlen(made.pem);
        assert_int_equal(certificate_verify(with_lists, &made.proof, T0), CERTIFICATE_E_OTHER_UNIT);
        X509_NAME_free(name);
}

/* threats 73 */
static void test_signatures(void **state) {
        static const KeyKind kinds[] = { P256, RSA2048, SM2 };
        static const char *const algorithms[] = { "RS256", "ES256", "SM2" };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                const Spec spec = { "x", GOOD(kinds[i] == SM2 ? ROOT_SM2 : ROOT, kinds[i]) };
                _cleanup_(made_done) Made made = {};
                CertificateProof proof;
                uint8_t longer[SIGNATURE_BYTES_MAX + 1];
                size_t n;

                make(&spec, 8000 + (long)i, &made);
                assert_int_equal(certificate_verify(with_lists, &made.proof, T0), 0);

                for (size_t k = 0; k < ELEMENTSOF(algorithms); k++) {
                        proof = made.proof;
                        proof.algorithm = algorithms[k];
                        assert_int_equal(
                                certificate_verify(with_lists, &proof, T0),
                                strcmp(algorithms[k], made.proof.algorithm) == 0
                                        ? 0
                                        : CERTIFICATE_E_SIGNATURE);
                }
                for (n = 0; n < made.proof.n_signature; n++) {
                        proof = made.proof;
                        proof.n_signature = n;
                        assert_int_equal(certificate_verify(with_lists, &proof, T0),
                                         CERTIFICATE_E_SIGNATURE);
                }
                for (size_t bit = 0; bit < 8 * made.proof.n_signature; bit += 3) {
                        made.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
                        assert_int_equal(certificate_verify(with_lists, &made.proof, T0),
                                         CERTIFICATE_E_SIGNATURE);
                        made.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
                }
                memcpy(longer, made.signature, made.proof.n_signature);
                longer[made.proof.n_signature] = 0;
                proof = made.proof;
                proof.signature = longer;
                proof.n_signature++;
                assert_int_equal(certificate_verify(with_lists, &proof, T0),
                                 CERTIFICATE_E_SIGNATURE);
                /* over another nonce, another unit, another platform */
                proof = made.proof;
                proof.text = "itax-unit-verification-v1\nhttps://itax.lab\n" UNIT "\nNonce";
                assert_int_equal(certificate_verify(with_lists, &proof, T0),
                                 CERTIFICATE_E_SIGNATURE);
        }
}

/* RSA with PSS, SHA-1 or over a bare digest is not RS256; SM2 with the empty identity is not SM2. */
static void test_other_ways_to_sign(void **state) {
        static const Spec spec_rsa = { "x", GOOD(ROOT, RSA2048) };
        static const Spec spec_sm2 = { "x", GOOD(ROOT_SM2, SM2) };
        _cleanup_(made_done) Made rsa = {}, sm2 = {};
        EVP_PKEY_CTX *parameters;
        EVP_MD_CTX *context;

        (void)state;
        make(&spec_rsa, 8100, &rsa);
        context = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestSignInit(context, &parameters, EVP_sha256(), NULL, keys[RSA2048]),
                         1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_DigestSign(context, rsa.signature, &rsa.proof.n_signature,
                                        (const unsigned char *)TEXT, strlen(TEXT)),
                         1);
        EVP_MD_CTX_free(context);
        assert_int_equal(certificate_verify(with_lists, &rsa.proof, T0), CERTIFICATE_E_SIGNATURE);

        context = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha1(), NULL, keys[RSA2048]), 1);
        assert_int_equal(EVP_DigestSign(context, rsa.signature, &rsa.proof.n_signature,
                                        (const unsigned char *)TEXT, strlen(TEXT)),
                         1);
        EVP_MD_CTX_free(context);
        assert_int_equal(certificate_verify(with_lists, &rsa.proof, T0), CERTIFICATE_E_SIGNATURE);

        make(&spec_sm2, 8101, &sm2);
        context = EVP_MD_CTX_new();
        sm2.proof.n_signature = sizeof(sm2.signature);
        assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sm3(), NULL, keys[SM2]), 1);
        assert_int_equal(EVP_DigestSign(context, sm2.signature, &sm2.proof.n_signature,
                                        (const unsigned char *)TEXT, strlen(TEXT)),
                         1);
        EVP_MD_CTX_free(context);
        assert_int_equal(certificate_verify(with_lists, &sm2.proof, T0), CERTIFICATE_E_SIGNATURE);
}

/* What is no chain at all; and whatever one bit makes of a good one, it is judged without a crash
 * and never taken for another unit's. */
static void test_not_a_chain(void **state) {
        static const char *const texts[] = {
                "",
                "x",
                "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                ("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,"
                 "00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END CERTIFICATE-----\n"),
                ("-----BEGIN PRIVATE"
                 " KEY-----\nAAAA\n-----END PRIVATE"
                 " KEY-----\n"),
                "-----BEGIN CERTIFICATE-----\n",
        };
        _cleanup_(made_done) Made made = {};
        _cleanup_(freep) char *many = NULL;
        CertificateProof proof;
        size_t n;

        (void)state;
        make(&good_p256, 9000, &made);
        n = strlen(made.pem);
        proof = made.proof;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                proof.certificates = texts[i];
                proof.n_certificates = strlen(texts[i]);
                assert_int_equal(certificate_verify(with_lists, &proof, T0),
                                 CERTIFICATE_E_UNTRUSTED);
        }
        for (size_t i = 0; i + 1 < n; i += 7) {
                proof.certificates = made.pem;
                proof.n_certificates = i;
                if (i < strlen(made.pem) - 30)
                        assert_int_equal(certificate_verify(with_lists, &proof, T0),
                                         CERTIFICATE_E_UNTRUSTED);
        }
        proof = made.proof;
        proof.unit_code = OTHER_UNIT;
        for (size_t bit = 0; bit < 8 * n; bit += 5) {
                made.pem[bit / 8] ^= (char)(1 << bit % 8);
                assert_int_not_equal(certificate_verify(with_lists, &proof, T0), 0);
                made.pem[bit / 8] ^= (char)(1 << bit % 8);
        }

        many = malloc((CERTIFICATES_MAX + 1) * n + 1);
        many[0] = '\0';
        for (size_t i = 0; i <= CERTIFICATES_MAX; i++)
                memcpy(many + i * n, made.pem, n + 1);
        proof = made.proof;
        proof.certificates = many;
        proof.n_certificates = CERTIFICATES_MAX * n;
        assert_int_equal(certificate_verify(with_lists, &proof, T0), 0);
        proof.n_certificates += n;
        assert_int_equal(certificate_verify(with_lists, &proof, T0), CERTIFICATE_E_UNTRUSTED);
}

static void test_authorities(void **state) {
        _cleanup_(made_done) Made made = {};
        Authorities *authorities = NULL;

        (void)state;
        make(&good_p256, 9100, &made);
        assert_int_equal(authorities_new("", 0, &authorities), -EBADMSG);
        assert_int_equal(authorities_new("nonsense", 8, &authorities), -EBADMSG);
        /* a unit's certificate is no authority */
        assert_int_equal(authorities_new(made.pem, strlen(made.pem), &authorities), -EBADMSG);
        assert_null(authorities);
        assert_int_equal(authorities_new(roots, strlen(roots), &authorities), 0);
        assert_int_equal(authorities_add_lists(authorities, roots, strlen(roots)), -EBADMSG);
        assert_int_equal(authorities_add_lists(authorities, "", 0), -EBADMSG);
        /* asked for, and not there: nobody gets in */
        assert_int_equal(certificate_verify(authorities, &made.proof, T0), CERTIFICATE_E_REVOKED);
        (void)authorities_free(authorities);
}

static void test_reasons(void **state) {
        (void)state;
        for (int i = 1; i < _CERTIFICATE_E_MAX; i++)
                assert_non_null(certificate_reason(i));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_lists),
                cmocka_unit_test(test_list_by_sm2),
                cmocka_unit_test(test_presented),
                cmocka_unit_test(test_two_units),
                cmocka_unit_test(test_signatures),
                cmocka_unit_test(test_other_ways_to_sign),
                cmocka_unit_test(test_not_a_chain),
                cmocka_unit_test(test_authorities),
                cmocka_unit_test(test_reasons),
        };

        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
