/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unit verification by certificate, through a whole server: the nonce and what it is bound to, the
 * person who brings the proof, the files that say whom to trust. What a certificate must be is
 * test-backend-certificate's. threats 65, 71, 72, 73, 74 */

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "backend/clock.h"
#include "backend/model-nonce.h"
#include "tests/unit/backend-world.h"

#define CHALLENGE_ONE "/units/" UNIT_ONE "/challenge"
#define CHALLENGE_TWO "/units/" UNIT_TWO "/challenge"
#define VERIFY_ONE "/units/" UNIT_ONE "/verification"
#define VERIFY_TWO "/units/" UNIT_TWO "/verification"

typedef struct Pair {
        X509 *certificate;
        EVP_PKEY *key;
} Pair;

static Pair root, one, two; /* of UNIT_ONE and UNIT_TWO */

static void extend(X509 *certificate, int nid, const char *value) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

        assert_non_null(extension);
        assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
        X509_EXTENSION_free(extension);
}

/* @issuer NULL: a root. */
static void pair_make(const char *unit, const Pair *issuer, Pair *ret) {
        X509_NAME *name;

        ret->key = EVP_EC_gen("P-256");
        ret->certificate = X509_new();
        assert_int_equal(X509_set_version(ret->certificate, X509_VERSION_3), 1);
        (void)X509_gmtime_adj(X509_getm_notBefore(ret->certificate), -3600);
        (void)X509_gmtime_adj(X509_getm_notAfter(ret->certificate), 3600);
        name = X509_get_subject_name(ret->certificate);
        assert_int_equal(X509_NAME_add_entry_by_NID(name,
                                                    issuer ? NID_organizationIdentifier
                                                           : NID_commonName,
                                                    MBSTRING_UTF8, (const unsigned char *)unit, -1,
                                                    -1, 0),
                         1);
        (void)X509_set_issuer_name(ret->certificate,
                                   issuer ? X509_get_subject_name(issuer->certificate) : name);
        (void)X509_set_pubkey(ret->certificate, ret->key);
        extend(ret->certificate, NID_basic_constraints,
               issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
        extend(ret->certificate, NID_key_usage,
               issuer ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign");
        assert_true(X509_sign(ret->certificate, issuer ? issuer->key : ret->key, EVP_sha256()) > 0);
}

static void roots_write(const char *path) {
        FILE *file = fopen(path, "we");

        assert_non_null(file);
        assert_int_equal(PEM_write_X509(file, root.certificate), 1);
        (void)fclose(file);
}

/* An empty list of the root's, in force from @from to @to seconds from now. */
static void list_write(const char *path, long from, long to) {
        X509_CRL *list = X509_CRL_new();
        ASN1_TIME *begin = X509_gmtime_adj(NULL, from), *end = X509_gmtime_adj(NULL, to);
        FILE *file = fopen(path, "we");

        assert_non_null(file);
        (void)X509_CRL_set_version(list, X509_CRL_VERSION_2);
        (void)X509_CRL_set_issuer_name(list, X509_get_subject_name(root.certificate));
        (void)X509_CRL_set1_lastUpdate(list, begin);
        (void)X509_CRL_set1_nextUpdate(list, end);
        assert_true(X509_CRL_sign(list, root.key, EVP_sha256()) > 0);
        assert_int_equal(PEM_write_X509_CRL(file, list), 1);
        (void)fclose(file);
        ASN1_TIME_free(begin);
        ASN1_TIME_free(end);
        X509_CRL_free(list);
}

static int group_setup(void **state) {
        (void)state;
        pair_make("root", NULL, &root);
        pair_make(UNIT_ONE, &root, &one);
        pair_make(UNIT_TWO, &root, &two);
        wire_init_process();
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        return 0;
}

static int group_teardown(void **state) {
        const Pair *pairs[] = { &root, &one, &two };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
                X509_free(pairs[i]->certificate);
                EVP_PKEY_free(pairs[i]->key);
        }
        return 0;
}

typedef struct Proofs {
        World world;
        char roots[100], list[100];
        char jia[64], again[64], bing[64];
} Proofs;

static void proofs_begin(Fixture *fixture, Phase phase, Proofs *ret) {
        Transaction transaction = {};

        memset(ret, 0, sizeof(*ret));
        world_prepare(fixture, phase, &ret->world);
        (void)snprintf(ret->roots, sizeof(ret->roots), "%s/roots.pem", fixture->folder);
        (void)snprintf(ret->list, sizeof(ret->list), "%s/list.pem", fixture->folder);
        roots_write(ret->roots);
        ret->world.options.authorities.roots = ret->roots;

        fixture_begin(fixture, &transaction);
        assert_int_equal(store_run(fixture->store, "UPDATE unit SET ca = 1", ""), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
}

static void proofs_start(Proofs *proofs) {
        World *world = &proofs->world;

        world_start(world);
        token_make(world, "ws", world->fixture->jia, proofs->jia, sizeof(proofs->jia));
        token_make(world, "ws", world->fixture->jia, proofs->again, sizeof(proofs->again));
        token_make(world, "ws", world->fixture->bing, proofs->bing, sizeof(proofs->bing));
}

static void nonce_get(World *world, const char *path, const char *token, char *ret, size_t n) {
        WireUnitChallenge challenge = {};
        static Answer answer;

        ask(world, path, "", token, &answer);
        if (answer.status != 200)
                fail_msg("%s: %s", path, answer.body);
        assert_int_equal(wire_unit_challenge_decode(answer.body, answer.n_body, &challenge), 0);
        assert_int_equal(challenge.expires_in, NONCE_LIFETIME_SEC);
        assert_int_equal(strlen(challenge.challenge), 43);
        (void)snprintf(ret, n, "%s", challenge.challenge);
        wire_unit_challenge_done(&challenge);
}

/* The whole body: the text of @unit and @nonce signed by @pair. */
static void proof_make(const Pair *pair, const char *unit, const char *nonce, char *ret, size_t n) {
        char text[512], *pem, *certificates;
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        unsigned char signature[256], encoded[400];
        size_t n_signature = sizeof(signature);
        BIO *bio = BIO_new(BIO_s_mem());
        long n_pem;

        (void)snprintf(text, sizeof(text), "itax-unit-verification-v1\n" ISSUER "\n%s\n%s", unit,
                       nonce);
        assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pair->key), 1);
        assert_int_equal(EVP_DigestSign(context, signature, &n_signature,
                                        (const unsigned char *)text, strlen(text)),
                         1);
        EVP_MD_CTX_free(context);
        (void)EVP_EncodeBlock(encoded, signature, (int)n_signature);
        for (unsigned char *p = encoded; *p; p++)
                *p = *p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? '\0' : *p;

        assert_int_equal(PEM_write_bio_X509(bio, pair->certificate), 1);
        n_pem = BIO_get_mem_data(bio, &pem);
        certificates = curl_easy_escape(NULL, pem, (int)n_pem);
        (void)snprintf(ret, n,
                       "method=ca&algorithm=ES256&challenge=%s&signature=%s&certificates=%s", nonce,
                       (const char *)encoded, certificates);
        curl_free(certificates);
        BIO_free(bio);
}

#define GOOD "{\"code\":\"" UNIT_ONE "\",\"name\":\"一\",\"method\":\"ca\"}"

static void refused(Proofs *proofs, const char *path, const char *body, const char *token,
                    const char *reason) {
        char part[64];

        (void)snprintf(part, sizeof(part), "\"reason\":\"%s\"", reason);
        expect(&proofs->world, path, body, token, 403, part);
}

static void test_good(void **state) {
        for (Phase phase = PHASE_DUAL; phase < _PHASE_MAX; phase++) {
                char nonce[64], body[4096];
                Proofs proofs;

                proofs_begin(*state, phase, &proofs);
                proofs_start(&proofs);
                expect(&proofs.world, "/units", NULL, proofs.jia, 200, "\"ca\"");
                nonce_get(&proofs.world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
                proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
                expect(&proofs.world, VERIFY_ONE, body, proofs.jia, 200, GOOD);
                world_stop(&proofs.world);
        }
}

/* threats 65, 73: once, by whom and for what it was given, in time */
static void test_nonce(void **state) {
        char nonce[64], other[64], body[4096], *at, was;
        Proofs proofs;
        World *world;

        proofs_begin(*state, PHASE_RELATION, &proofs);
        world = &proofs.world;
        proofs_start(&proofs);

        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
        /* another login of the same person, another person of the same unit */
        refused(&proofs, VERIFY_ONE, body, proofs.again, "challenge");
        refused(&proofs, VERIFY_ONE, body, proofs.bing, "challenge");
        expect(world, VERIFY_ONE, body, proofs.jia, 200, GOOD);
        /* the recorded answer, again, and to another login */
        refused(&proofs, VERIFY_ONE, body, proofs.jia, "challenge");
        refused(&proofs, VERIFY_ONE, body, proofs.again, "challenge");

        /* a new one ends the one before */
        nonce_get(world, CHALLENGE_ONE, proofs.jia, other, sizeof(other));
        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        assert_string_not_equal(nonce, other);
        proof_make(&one, UNIT_ONE, other, body, sizeof(body));
        refused(&proofs, VERIFY_ONE, body, proofs.jia, "challenge");
        /* and that attempt has used up the new one */
        proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
        refused(&proofs, VERIFY_ONE, body, proofs.jia, "challenge");

        /* one unit's for another */
        nonce_get(world, CHALLENGE_TWO, proofs.jia, nonce, sizeof(nonce));
        proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
        refused(&proofs, VERIFY_ONE, body, proofs.jia, "challenge");

        /* a wrong signature uses it up as well */
        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
        at = strstr(body, "&signature=") + 20;
        was = *at;
        *at = was == 'A' ? 'B' : 'A';
        refused(&proofs, VERIFY_ONE, body, proofs.jia, "signature");
        *at = was;
        refused(&proofs, VERIFY_ONE, body, proofs.jia, "challenge");

        /* 119 s and 120 s, by the store's own row */
        for (int age = 119; age <= 120; age++) {
                nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
                assert_int_equal(
                        store_run(world->fixture->store,
                                  "UPDATE nonce SET created_at = created_at - $1,"
                                  " expires_at = expires_at - $1 + $2",
                                  "ii", (int64_t)age, (int64_t)(age == 119 ? 30 : 0)),
                        0);
                proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
                if (age == 119)
                        expect(world, VERIFY_ONE, body, proofs.jia, 200, GOOD);
                else
                        refused(&proofs, VERIFY_ONE, body, proofs.jia, "challenge");
        }
        /* the clock was put back since */
        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        assert_int_equal(store_run(world->fixture->store,
                                   "UPDATE nonce SET created_at = created_at + 3600,"
                                   " expires_at = expires_at + 3600",
                                   ""),
                         0);
        proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
        refused(&proofs, VERIFY_ONE, body, proofs.jia, "challenge");

        /* revoked with its token */
        nonce_get(world, CHALLENGE_ONE, proofs.again, nonce, sizeof(nonce));
        assert_int_equal(fixture_number(world->fixture, "SELECT COUNT(*) FROM nonce"), 2);
        (void)snprintf(body, sizeof(body), C "&token=%s", proofs.again);
        expect(world, "/oauth2/revoke", body, "basic", 200, "{}");
        assert_int_equal(fixture_number(world->fixture, "SELECT COUNT(*) FROM nonce"), 1);
        world_stop(world);
}

/* threats 61 in kind: 120 s exactly, where time is an argument */
static void test_nonce_in_time(void **state) {
        static const struct {
                int64_t age;
                int result;
        } cases[] = { { 0, 0 }, { 119, 0 }, { 120, NONCE_E_REFUSED }, { -4, 0 },
                      { -60, NONCE_E_REFUSED } };
        Fixture *fixture = *state;
        Holder holder = {};
        Secret *token = NULL;
        char hash[HASH_HEX_BYTES + 1];

        memcpy(holder.account_id, fixture->jia, sizeof(holder.account_id));
        assert_int_equal(token_issue(fixture->store, "ws", &holder, 0, "o", T0, &token), 0);
        assert_int_equal(hash_hex_text(secret_text(token), hash), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(secret_freep) Secret *nonce = NULL;

                assert_int_equal(nonce_new(fixture->store, hash, UNIT_ONE, T0, &nonce), 0);
                assert_int_equal(nonce_use(fixture->store, hash, UNIT_ONE, secret_text(nonce),
                                           T0 + cases[i].age),
                                 cases[i].result);
                assert_int_equal(nonce_use(fixture->store, hash, UNIT_ONE, secret_text(nonce), T0),
                                 NONCE_E_REFUSED);
        }
        assert_int_equal(nonce_use(fixture->store, hash, UNIT_ONE, "", T0), NONCE_E_REFUSED);
        (void)secret_free(token);
}

typedef struct FormCase {
        const char *sentence, *body;
} FormCase;

static const FormCase form_cases[] = {
        { "nothing", "method=ca" },
        { "an empty nonce", "method=ca&challenge=&algorithm=ES256&signature=AA&certificates=x" },
        { "an empty signature", "method=ca&challenge=x&algorithm=ES256&signature=&certificates=x" },
        { "no certificates", "method=ca&challenge=x&algorithm=ES256&signature=AA" },
        { "no algorithm", "method=ca&challenge=x&signature=AA&certificates=x" },
        { "an algorithm of none",
          "method=ca&challenge=x&algorithm=none&signature=AA&certificates=x" },
        { "PSS", "method=ca&challenge=x&algorithm=PS256&signature=AA&certificates=x" },
        { "small letters", "method=ca&challenge=x&algorithm=es256&signature=AA&certificates=x" },
        { "the other base64",
          "method=ca&challenge=x&algorithm=ES256&signature=AA%3D%3D&certificates=x" },
        { "half a byte", "method=ca&challenge=x&algorithm=ES256&signature=AAAAA&certificates=x" },
};

/* What is no request uses nothing up. */
static void test_forms(void **state) {
        char nonce[64], body[4096];
        Proofs proofs;

        proofs_begin(*state, PHASE_RELATION, &proofs);
        proofs_start(&proofs);
        nonce_get(&proofs.world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        for (size_t i = 0; i < ELEMENTSOF(form_cases); i++)
                expect(&proofs.world, VERIFY_ONE, form_cases[i].body, proofs.jia, 400,
                       "/bad-request");
        proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
        expect(&proofs.world, VERIFY_ONE, body, proofs.jia, 200, GOOD);
        world_stop(&proofs.world);
}

/* threats 71, 72, 74: whose certificate, and whose unit, at that moment */
static void test_whose(void **state) {
        char nonce[64], body[4096];
        Proofs proofs;
        World *world;

        proofs_begin(*state, PHASE_RELATION, &proofs);
        world = &proofs.world;
        proofs_start(&proofs);

        /* the other unit's certificate, over either unit's text */
        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        proof_make(&two, UNIT_ONE, nonce, body, sizeof(body));
        refused(&proofs, VERIFY_ONE, body, proofs.jia, "other-unit");
        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        proof_make(&two, UNIT_TWO, nonce, body, sizeof(body));
        refused(&proofs, VERIFY_ONE, body, proofs.jia, "other-unit");
        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        proof_make(&one, UNIT_TWO, nonce, body, sizeof(body));
        refused(&proofs, VERIFY_ONE, body, proofs.jia, "signature");

        /* bing is not bound to two; and nothing is spelt otherwise */
        expect(world, CHALLENGE_TWO, "", proofs.bing, 404, "/not-found");
        expect(world, "/units/91990000000000002b/challenge", "", proofs.jia, 404, "/not-found");
        expect(world, "/units/*/challenge", "", proofs.jia, 404, "/not-found");
        expect(world, "/units/%20" UNIT_TWO "/challenge", "", proofs.jia, 404, "/not-found");

        /* taken away a moment before: the person, then the unit's right to come by certificate */
        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
        assert_int_equal(store_run(world->fixture->store,
                                   "DELETE FROM relation WHERE account_id = $1", "t",
                                   world->fixture->jia),
                         0);
        expect(world, VERIFY_ONE, body, proofs.jia, 404, "/not-found");
        assert_int_equal(relation_put(world->fixture->store, world->fixture->jia, UNIT_ONE, 0), 0);
        expect(world, VERIFY_ONE, body, proofs.jia, 200, GOOD);
        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
        assert_int_equal(store_run(world->fixture->store, "UPDATE unit SET ca = 0", ""), 0);
        expect(world, VERIFY_ONE, body, proofs.jia, 403, "/unit-not-related");
        expect(world, CHALLENGE_ONE, "", proofs.jia, 404, "/not-found");
        world_stop(world);
}

/* No authorities: no such login, and nothing says that there is. */
static void test_not_offered(void **state) {
        char body[4096];
        static Answer answer;
        Proofs proofs;

        proofs_begin(*state, PHASE_RELATION, &proofs);
        proofs.world.options.authorities.roots = NULL;
        proofs_start(&proofs);
        ask(&proofs.world, "/units", NULL, proofs.jia, &answer);
        assert_int_equal(answer.status, 200);
        assert_null(strstr(answer.body, "\"ca\""));
        expect(&proofs.world, CHALLENGE_ONE, "", proofs.jia, 404, "/not-found");
        proof_make(&one, UNIT_ONE, "nonce", body, sizeof(body));
        expect(&proofs.world, VERIFY_ONE, body, proofs.jia, 403, "/unit-not-related");
        world_stop(&proofs.world);
}

/* The files are read again when they change: a new list, an old one, a broken one, none. */
static void test_files(void **state) {
        char nonce[64], body[4096];
        Proofs proofs;
        World *world;
        int fd;

        proofs_begin(*state, PHASE_RELATION, &proofs);
        world = &proofs.world;
        list_write(proofs.list, -3600, 3600);
        proofs.world.options.authorities.lists[0] = proofs.list;
        proofs.world.options.authorities.n_lists = 1;
        proofs_start(&proofs);

        for (int i = 0; i < 2; i++) {
                nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
                proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
                expect(world, VERIFY_ONE, body, proofs.jia, 200, GOOD);
        }
        list_write(proofs.list, -3600, -60);
        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
        refused(&proofs, VERIFY_ONE, body, proofs.jia, "revoked");

        fd = open(proofs.list, O_WRONLY | O_TRUNC | O_CLOEXEC);
        (void)close(fd);
        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
        expect(world, VERIFY_ONE, body, proofs.jia, 503, "/unavailable");
        assert_int_equal(unlink(proofs.list), 0);
        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
        expect(world, VERIFY_ONE, body, proofs.jia, 503, "/unavailable");

        list_write(proofs.list, -3600, 3600);
        nonce_get(world, CHALLENGE_ONE, proofs.jia, nonce, sizeof(nonce));
        proof_make(&one, UNIT_ONE, nonce, body, sizeof(body));
        expect(world, VERIFY_ONE, body, proofs.jia, 200, GOOD);
        world_stop(world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_good),        UNIT_TEST(test_nonce), UNIT_TEST(test_nonce_in_time),
                UNIT_TEST(test_forms),       UNIT_TEST(test_whose), UNIT_TEST(test_not_offered),
                UNIT_TEST(test_files),
        };

        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
