/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Accounts by all their names, sessions by their one secret, clients by theirs. */

#include <openssl/evp.h>

#include "backend/model-client.h"
#include "backend/model-session.h"
#include "tests/unit/backend-fixture.h"

typedef struct NameCase {
        const char *sentence, *typed;
        bool jia, found;
} NameCase;

static const NameCase name_cases[] = {
        { "the login name", "ceshi_jia", true, true },
        { "spaces around it do not matter", "  ceshi_jia\t", true, true },
        { "full-width letters are the same letters", "ｃｅｓｈｉ＿ｊｉａ", true, true },
        { "the mobile number", "19900000001", true, true },
        { "the identity number", "990101199001010019", true, true },
        { "case of a login name matters", "Ceshi_jia", false, false },
        { "another login name", "Ceshi_Bing", false, true },
        { "the number of a passport is no name", "X99000003", false, false },
        { "nothing", "", false, false },
        { "a unit behind the name is not ours to take off", "ceshi_jia@" UNIT_ONE, false, false },
        { "a name with a NUL's look-alike", "ceshi_jia\xc0\x80", false, false },
        { "root", "root", false, false },
        { "what the daemon asks for when nobody is mapped", "local:root", false, false },
};

/* threats 47: all names and spellings share one guard */
static void test_names(void **state) {
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(name_cases); i++) {
                const NameCase *c = &name_cases[i];
                char key[GUARD_KEY_BYTES + 1], jia[GUARD_KEY_BYTES + 1];
                AccountRow row;
                int r;

                r = account_find(fixture->store, c->typed, &row);
                if (r != (c->found ? 0 : ACCOUNT_E_UNKNOWN) ||
                    (c->found && (strcmp(row.id, fixture->jia) == 0) != c->jia))
                        fail_msg("%s: %d", c->sentence, r);

                assert_int_equal(
                        account_guard_key(fixture->store, c->typed, r == 0 ? row.id : NULL, key),
                        0);
                (void)snprintf(jia, sizeof(jia), "a:%s", fixture->jia);
                assert_int_equal(strcmp(key, jia) == 0, c->jia);
                assert_int_equal(key[0], c->found ? 'a' : 'p');
        }
}

static void phantom(Fixture *fixture, const char *typed, char *ret) {
        assert_int_equal(account_guard_key(fixture->store, typed, NULL, ret), 0);
}

/* threats 47, 52: unknown names have counters too, one for all spellings, and the name cannot be
 * read from them */
static void test_phantoms(void **state) {
        Fixture *fixture = *state;
        char a[GUARD_KEY_BYTES + 1], b[GUARD_KEY_BYTES + 1], plain[HASH_HEX_BYTES + 1];

        phantom(fixture, "nobody_here", a);
        phantom(fixture, " nobody_here\xe3\x80\x80", b);
        assert_string_equal(a, b);
        phantom(fixture, "Nobody_here", b);
        assert_string_not_equal(a, b);
        assert_int_equal(hash_hex_text("nobody_here", plain), 0);
        assert_string_not_equal(a + 2, plain);

        /* the same after a restart, another in another store */
        fixture->store = store_close(fixture->store);
        assert_int_equal(store_open(fixture->path, &fixture->store), 0);
        phantom(fixture, "nobody_here", b);
        assert_string_equal(a, b);
}

static void test_taken(void **state) {
        Fixture *fixture = *state;
        AccountNew account = { .login_name = "ceshi_xin",
                               .name = "新",
                               .document_type = "passport",
                               .document_number = "X1",
                               .mobile = "19900000001",
                               .password_hash = "h",
                               .residence = "110101" };
        char id[RANDOM_ID_BYTES + 1];

        {
                _cleanup_(transaction_done) Transaction transaction = {};

                fixture_begin(fixture, &transaction);
                assert_int_equal(account_put(fixture->store, &account, T0, id), ACCOUNT_E_TAKEN);
        }
        account.mobile = "19900000099";
        account.document_number = "X99000003";
        {
                _cleanup_(transaction_done) Transaction transaction = {};

                fixture_begin(fixture, &transaction);
                assert_int_equal(account_put(fixture->store, &account, T0, id), ACCOUNT_E_TAKEN);
        }
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM account"), 2);
}

#define VERIFIER "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void challenge(char *ret) {
        unsigned char digest[32], text[48];

        assert_int_equal(EVP_Digest(VERIFIER, strlen(VERIFIER), digest, NULL, EVP_sha256(), NULL),
                         1);
        (void)EVP_EncodeBlock(text, digest, sizeof(digest));
        for (size_t i = 0; i < RANDOM_TOKEN_BYTES; i++)
                ret[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
        ret[RANDOM_TOKEN_BYTES] = '\0';
}

static const Holder *holder_jia(const Fixture *fixture) {
        static Holder holder;

        memcpy(holder.account_id, fixture->jia, sizeof(holder.account_id));
        return &holder;
}

/* A code for jia, by its hash. */
static void code_for_jia(Fixture *fixture, char *ret_hash) {
        _cleanup_(secret_freep) Secret *code = NULL;
        char text[RANDOM_TOKEN_BYTES + 1];

        challenge(text);
        assert_int_equal(
                code_new(fixture->store, holder_jia(fixture), "hash-jia", "ws", text, T0, &code),
                0);
        assert_int_equal(secret_size(code), RANDOM_TOKEN_BYTES);
        assert_int_equal(hash_hex_text(secret_text(code), ret_hash), 0);
}

typedef struct CodeCase {
        const char *sentence, *client, *verifier;
        int64_t now;
        int result, again;
} CodeCase;

static const CodeCase code_cases[] = {
        { "a code is redeemed once", "ws", VERIFIER, T0 + 59, 0, SESSION_E_INVALID },
        { "a code of 60 s is too old", "ws", VERIFIER, T0 + 60, SESSION_E_INVALID,
          SESSION_E_INVALID },
        { "another client does not get it, nor use it up", "ws2", VERIFIER, T0, SESSION_E_INVALID,
          0 },
        { "a wrong verifier uses it up", "ws", VERIFIER "x", T0, SESSION_E_INVALID,
          SESSION_E_INVALID },
        { "a clock put back makes it one of the future", "ws", VERIFIER, T0 - 60, SESSION_E_INVALID,
          0 },
};

static void test_codes(void **state) {
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(code_cases); i++) {
                const CodeCase *c = &code_cases[i];
                char hash[HASH_HEX_BYTES + 1];
                Holder holder;
                int r, q;

                code_for_jia(fixture, hash);
                r = code_redeem(fixture->store, hash, c->client, c->verifier, c->now, &holder);
                q = code_redeem(fixture->store, hash, "ws", VERIFIER,
                                c->now < T0 || c->now == T0 ? T0 : c->now, &holder);
                if (r != c->result || q != c->again)
                        fail_msg("%s: %d, %d", c->sentence, r, q);
        }
        /* nothing that the store holds can be redeemed */
        assert_int_equal(
                fixture_number(fixture, "SELECT COUNT(*) FROM code WHERE LENGTH(hash) <> 64"), 0);
}

static void token_for(Fixture *fixture, const char *client, const char *origin, char *ret_hash) {
        _cleanup_(secret_freep) Secret *token = NULL;

        assert_int_equal(
                token_issue(fixture->store, client, holder_jia(fixture), 0, origin, T0, &token), 0);
        assert_int_equal(hash_hex_text(secret_text(token), ret_hash), 0);
}

static void test_replay_ends_the_token(void **state) {
        Fixture *fixture = *state;
        char code[HASH_HEX_BYTES + 1], token[HASH_HEX_BYTES + 1];
        Holder holder;
        TokenRow row;

        code_for_jia(fixture, code);
        assert_int_equal(code_redeem(fixture->store, code, "ws", VERIFIER, T0, &holder), 0);
        assert_string_equal(holder.account_id, fixture->jia);
        assert_string_equal(holder.unit_code, "");
        token_for(fixture, "ws", code, token);
        assert_int_equal(code_redeem(fixture->store, code, "ws2", VERIFIER, T0, &holder),
                         SESSION_E_INVALID);
        assert_int_equal(token_find(fixture->store, token, T0, &row), 0);
        assert_int_equal(code_redeem(fixture->store, code, "ws", VERIFIER, T0, &holder),
                         SESSION_E_INVALID);
        assert_int_equal(token_find(fixture->store, token, T0, &row), SESSION_E_INVALID);
}

/* threats 59: disabled, or another password, between the code and its redemption */
static void test_between(void **state) {
        Fixture *fixture = *state;
        char hash[HASH_HEX_BYTES + 1], id[RANDOM_ID_BYTES + 1], text[RANDOM_TOKEN_BYTES + 1];
        _cleanup_(secret_freep) Secret *none = NULL;
        Holder holder;

        code_for_jia(fixture, hash);
        assert_int_equal(account_set_disabled(fixture->store, fixture->jia, 1), 0);
        assert_int_equal(code_redeem(fixture->store, hash, "ws", VERIFIER, T0, &holder),
                         SESSION_E_DISABLED);
        assert_int_equal(account_set_disabled(fixture->store, fixture->jia, 0), 0);
        assert_int_equal(code_redeem(fixture->store, hash, "ws", VERIFIER, T0, &holder),
                         SESSION_E_INVALID);

        code_for_jia(fixture, hash);
        fixture_account(fixture, "ceshi_jia", "resident_identity_card", "990101199001010019",
                        "19900000001", "other", id);
        assert_string_equal(id, fixture->jia);
        assert_int_equal(code_redeem(fixture->store, hash, "ws", VERIFIER, T0, &holder),
                         SESSION_E_INVALID);

        /* the hash that was tested is not the account's any more */
        challenge(text);
        assert_int_equal(
                code_new(fixture->store, holder_jia(fixture), "hash-jia", "ws", text, T0, &none),
                SESSION_E_INVALID);
}

typedef struct TokenCase {
        const char *sentence, *client;
        int64_t age;
        int result;
} TokenCase;

static const TokenCase token_cases[] = {
        { "a workstation's token at once", "ws", 0, 0 },
        { "a workstation's token a second before 12 h", "ws", 12 * 3600 - 1, 0 },
        { "a workstation's token after 12 h", "ws", 12 * 3600, SESSION_E_INVALID },
        { "the app's token after 29 days", CLIENT_APP, 29 * 86400, 0 },
        { "the app's token after 30 days", CLIENT_APP, 30 * 86400, SESSION_E_INVALID },
        { "another machine's clock may be 5 s behind", "ws", -5, 0 },
        { "a clock put back ends it", "ws", -3600, SESSION_E_INVALID },
};

static void test_tokens(void **state) {
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(token_cases); i++) {
                const TokenCase *c = &token_cases[i];
                char hash[HASH_HEX_BYTES + 1];
                TokenRow row;
                int r;

                token_for(fixture, c->client, "origin", hash);
                r = token_find(fixture->store, hash, T0 + c->age, &row);
                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                assert_int_equal(token_revoke(fixture->store, hash, "somebody"), 0);
                assert_int_equal(token_find(fixture->store, hash, T0, &row), 0);
                assert_int_equal(token_revoke(fixture->store, hash, c->client), 0);
                assert_int_equal(token_find(fixture->store, hash, T0, &row), SESSION_E_INVALID);
        }
}

static void test_purge(void **state) {
        Fixture *fixture = *state;
        _cleanup_(secret_freep) Secret *session = NULL;
        char hash[HASH_HEX_BYTES + 1];

        code_for_jia(fixture, hash);
        token_for(fixture, "ws", hash, hash);
        assert_int_equal(auth_session_new(fixture->store, "ws", "a:x", T0, &session), 0);
        assert_int_equal(session_purge(fixture->store, T0 + 30), 0);
        assert_int_equal(
                fixture_number(fixture,
                               "SELECT (SELECT COUNT(*) FROM code) + (SELECT COUNT(*) FROM token)"
                               " + (SELECT COUNT(*) FROM auth_session)"),
                3);
        assert_int_equal(session_purge(fixture->store, T0 + TOKEN_LIFETIME_SEC + 60), 0);
        assert_int_equal(
                fixture_number(fixture,
                               "SELECT (SELECT COUNT(*) FROM code) + (SELECT COUNT(*) FROM token)"
                               " + (SELECT COUNT(*) FROM auth_session)"),
                0);
}

static void test_auth_session(void **state) {
        Fixture *fixture = *state;
        _cleanup_(secret_freep) Secret *session = NULL;
        char hash[HASH_HEX_BYTES + 1], key[GUARD_KEY_BYTES + 1];

        assert_int_equal(auth_session_new(fixture->store, "ws", "a:x", T0, &session), 0);
        assert_int_equal(hash_hex_text(secret_text(session), hash), 0);
        assert_int_equal(auth_session_use(fixture->store, hash, "ws2", NULL, T0, NULL),
                         SESSION_E_INVALID);
        assert_int_equal(auth_session_use(fixture->store, hash, "ws", NULL, T0 + 600, NULL),
                         SESSION_E_INVALID);
        assert_int_equal(
                auth_session_use(fixture->store, secret_text(session), "ws", NULL, T0, NULL),
                SESSION_E_INVALID);
        assert_int_equal(auth_session_use(fixture->store, hash, "ws", "a:y", T0 + 599, key), 0);
        assert_string_equal(key, "a:x");
        assert_int_equal(auth_session_use(fixture->store, hash, "ws", NULL, T0, key), 0);
        assert_string_equal(key, "a:y");
}

typedef struct ClientCase {
        const char *sentence, *id, *secret;
        ClientPolicy policy;
        int result;
} ClientCase;

/* threats 115 */
static const ClientCase client_cases[] = {
        { "the right secret", "known", "secret-of-known", CLIENT_UNKNOWN_REFUSED, 0 },
        { "a wrong secret", "known", "secret-of-other", CLIENT_UNKNOWN_REFUSED, CLIENT_E_REFUSED },
        { "another client's secret", "known", "secret-of-gone", CLIENT_UNKNOWN_MAY,
          CLIENT_E_REFUSED },
        { "no secret", "known", NULL, CLIENT_UNKNOWN_MAY, CLIENT_E_REFUSED },
        { "an empty secret", "known", "", CLIENT_UNKNOWN_MAY, CLIENT_E_REFUSED },
        { "a revoked client", "gone", "secret-of-gone", CLIENT_UNKNOWN_MAY, CLIENT_E_REFUSED },
        { "an unknown client where it may", "unknown", NULL, CLIENT_UNKNOWN_MAY, 0 },
        { "an unknown client with a secret", "unknown", "x", CLIENT_UNKNOWN_MAY, CLIENT_E_REFUSED },
        { "an unknown client where it may not", "unknown", NULL, CLIENT_UNKNOWN_REFUSED,
          CLIENT_E_REFUSED },
        { "the app", CLIENT_APP, NULL, CLIENT_UNKNOWN_REFUSED, 0 },
        { "the app with a secret", CLIENT_APP, "x", CLIENT_UNKNOWN_REFUSED, CLIENT_E_REFUSED },
        { "an id with a space", "a b", NULL, CLIENT_UNKNOWN_MAY, CLIENT_E_REFUSED },
        { "an empty id", "", NULL, CLIENT_UNKNOWN_MAY, CLIENT_E_REFUSED },
};

static void test_clients(void **state) {
        Fixture *fixture = *state;

        assert_int_equal(client_put(fixture->store, "known", "secret-of-known", NULL, T0), 0);
        assert_int_equal(client_put(fixture->store, "gone", "secret-of-gone", NULL, T0), 0);
        assert_int_equal(client_revoke(fixture->store, "gone"), 0);
        assert_int_equal(client_revoke(fixture->store, "never"), CLIENT_E_REFUSED);
        for (size_t i = 0; i < ELEMENTSOF(client_cases); i++) {
                const ClientCase *c = &client_cases[i];
                int r = client_check(fixture->store, c->id, c->secret, c->policy, T0);

                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
        }
}

static void test_revoked_client_loses_its_tokens(void **state) {
        Fixture *fixture = *state;
        char hash[HASH_HEX_BYTES + 1];
        TokenRow row;

        assert_int_equal(client_put(fixture->store, "ws", "secret", NULL, T0), 0);
        token_for(fixture, "ws", "origin", hash);
        assert_int_equal(client_revoke(fixture->store, "ws"), 0);
        assert_int_equal(token_find(fixture->store, hash, T0, &row), SESSION_E_INVALID);
}

/* threats 74, 114 */
static void test_units(void **state) {
        _cleanup_(freep) UnitRow *units = NULL;
        Fixture *fixture = *state;
        UnitRow unit;
        size_t n;

        assert_int_equal(unit_list(fixture->store, fixture->jia, &units, &n), 0);
        assert_int_equal(n, 2);
        assert_string_equal(units[0].code, UNIT_ONE);
        assert_true(units[0].authorised);
        assert_false(units[1].authorised);

        assert_int_equal(unit_find(fixture->store, fixture->bing, UNIT_ONE, &unit), UNIT_E_UNKNOWN);
        assert_int_equal(unit_find(fixture->store, fixture->jia, UNIT_ONE, &unit), 0);
        assert_true(unit.authorised);
        assert_int_equal(relation_put(fixture->store, fixture->jia, UNIT_ONE, 0), 0);
        assert_int_equal(unit_find(fixture->store, fixture->jia, UNIT_ONE, &unit), 0);
        assert_false(unit.authorised);
        assert_int_equal(relation_put(fixture->store, fixture->jia, "*", 1), UNIT_E_UNKNOWN);
        assert_int_equal(unit_find(fixture->store, fixture->jia, "*", &unit), UNIT_E_UNKNOWN);
        assert_int_equal(unit_find(fixture->store, fixture->jia, "91990000000000002b", &unit),
                         UNIT_E_UNKNOWN);
}

/* The key of phantoms is made with the first name that is asked for, which may be in a transaction. */
static void test_first_name_in_a_transaction(void **state) {
        _cleanup_(transaction_done) Transaction transaction = {};
        char key[GUARD_KEY_BYTES + 1];
        Fixture *fixture = *state;

        assert_int_equal(transaction_begin(fixture->store, &transaction), 0);
        assert_int_equal(account_guard_key(fixture->store, "ceshi_jia", NULL, key), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_first_name_in_a_transaction),
                UNIT_TEST(test_names),   UNIT_TEST(test_phantoms),
                UNIT_TEST(test_taken),   UNIT_TEST(test_codes),
                UNIT_TEST(test_between), UNIT_TEST(test_replay_ends_the_token),
                UNIT_TEST(test_tokens),  UNIT_TEST(test_purge),
                UNIT_TEST(test_clients), UNIT_TEST(test_revoked_client_loses_its_tokens),
                UNIT_TEST(test_units),   UNIT_TEST(test_auth_session),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
