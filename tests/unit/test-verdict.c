/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Verdicts: no word of a platform is ever a yes, and each known no is the right one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/platform/person.h"
#include "daemon/platform/verdict.h"

static const char *const words[] = {
        "", "ok", "success", "granted", "invalid_credentials", "invalid_grant", "captcha_required",
        "account_locked", "account_disabled", "invalid_session", "invalid_request", "invalid_scope",
        "unsupported_grant_type", "authorization_pending", "slow_down", "expired_token", "access_denied",
        "invalid_digits", "temporarily_unavailable", "server_error", "unit-password-wrong",
        "unit-captcha-required", "unit-locked", "unit-not-related", "not-found", "unauthorized", "unavailable",
        "account-disabled", "unit-certificate-refused", "password-wrong", "password-captcha-required", "password-weak",
        "password-same", "account-locked", "changed", "Invalid_Grant", "invalid_grant ", "insufficient_authorization",
};

static bool kind_is_yes(ReplyKind kind) {
        return kind == REPLY_PERSON || kind == REPLY_UNIT || kind == REPLY_DEVICE || kind == REPLY_CHANGED ||
               kind == REPLY_CHALLENGE;
}

static void test_no_word_is_a_yes(void **state) {
        static const RequestKind tested[] = { REQUEST_PASSWORD, REQUEST_UNIT_LOGIN };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                char word[64], type[80];
                WireChallengeError challenge = { .error = word, .attempts_left = -1 };
                WireTokenError token = { .error = word, .attempts_left = -1 };
                WireProblem problem = { .type = type, .attempts_left = -1 };
                Reply reply;

                (void)snprintf(word, sizeof(word), "%s", words[i]);
                (void)snprintf(type, sizeof(type), "https://x/problems/%s", words[i]);
                for (size_t k = 0; k < ELEMENTSOF(tested); k++) {
                        verdict_of_challenge(&challenge, tested[k], &reply);
                        assert_false(kind_is_yes(reply.kind));
                        verdict_of_code(&token, tested[k], &reply);
                        assert_false(kind_is_yes(reply.kind));
                }
                verdict_of_new_password(&problem, &reply);
                assert_false(kind_is_yes(reply.kind));
                assert_false(kind_is_yes(verdict_of_token(401, "{}", 2)));
                verdict_of_device(&token, &reply);
                assert_false(kind_is_yes(reply.kind));
                for (RequestKind kind = 0; kind < _REQUEST_KIND_MAX; kind++) {
                        verdict_of_unit(&problem, kind, &reply);
                        assert_false(kind_is_yes(reply.kind));
                }
        }
}

static void test_captcha_moves_into_the_reply(void **state) {
        char error[] = "captcha_required", id[] = "c";
        WireChallengeError wire = { .error = error, .attempts_left = 3,
                                    .captcha = { .id = id, .png = calloc(1, 4), .n_png = 4, .wrong = true } };
        Reply reply;

        (void)state;
        verdict_of_challenge(&wire, REQUEST_PASSWORD, &reply);
        assert_int_equal(reply.kind, REPLY_CAPTCHA);
        assert_int_equal(reply.attempts_left, 3);
        assert_int_equal(reply.n_captcha_png, 4);
        assert_true(reply.captcha_wrong);
        assert_null(wire.captcha.png);
        reply_done(&reply);
        reply_done(&reply);
}

static void test_captcha_that_nobody_could_answer(void **state) {
        char error[] = "captcha_required";
        uint8_t png[4] = {};
        WireChallengeError wire = { .error = error, .captcha = { .png = png, .n_png = sizeof(png) } };
        Reply reply;

        (void)state;
        verdict_of_challenge(&wire, REQUEST_PASSWORD, &reply);
        assert_int_equal(reply.kind, REPLY_BROKEN);
        assert_null(reply.captcha_png);
}

static void test_states_and_their_words(void **state) {
        (void)state;
        for (DeviceState s = 0; s < _DEVICE_STATE_MAX; s++)
                assert_int_equal(verdict_state(verdict_state_word(s)), s);
        assert_int_equal(verdict_state(NULL), DEVICE_PENDING);
}

static void test_the_old_login_is_over_for_units_only(void **state) {
        char denied[] = "access_denied";
        WireChallengeError challenge = { .error = denied, .attempts_left = -1 };
        WireTokenError token = { .error = denied, .attempts_left = -1 };
        Reply reply;

        (void)state;
        verdict_of_challenge(&challenge, REQUEST_UNIT_LOGIN, &reply);
        assert_int_equal(reply.kind, REPLY_PHASE);
        verdict_of_code(&token, REQUEST_UNIT_LOGIN, &reply);
        assert_int_equal(reply.kind, REPLY_PHASE);
        verdict_of_challenge(&challenge, REQUEST_PASSWORD, &reply);
        assert_int_equal(reply.kind, REPLY_BROKEN);
        verdict_of_code(&token, REQUEST_PASSWORD, &reply);
        assert_int_equal(reply.kind, REPLY_BROKEN);
}

/* threats 70, 71, 73 */
static void test_why_a_certificate_was_refused(void **state) {
        static const struct {
                const char *reason;
                CertificateFault fault;
        } cases[] = {
                { "untrusted", CERTIFICATE_UNTRUSTED }, { "expired", CERTIFICATE_EXPIRED },
                { "revoked", CERTIFICATE_REVOKED },     { "usage", CERTIFICATE_USAGE },
                { "weak", CERTIFICATE_USAGE },          { "other-unit", CERTIFICATE_OTHER_UNIT },
                { "signature", CERTIFICATE_SIGNATURE }, { "challenge", CERTIFICATE_SIGNATURE },
                { "none", CERTIFICATE_UNTRUSTED },      { NULL, CERTIFICATE_UNTRUSTED },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char type[] = "https://x/problems/unit-certificate-refused", reason[32];
                WireProblem problem = { .type = type, .attempts_left = -1 };
                Reply reply;

                if (cases[i].reason)
                        (void)snprintf(problem.reason = reason, sizeof(reason), "%s", cases[i].reason);
                verdict_of_unit(&problem, REQUEST_UNIT_CERTIFICATE, &reply);
                assert_int_equal(reply.kind, REPLY_CERTIFICATE);
                assert_int_equal(reply.certificate_fault, cases[i].fault);
                verdict_of_unit(&problem, REQUEST_UNIT_RELATION, &reply);
                assert_int_equal(reply.kind, REPLY_BROKEN);
                verdict_of_unit(&problem, REQUEST_UNIT_PASSWORD, &reply);
                assert_int_equal(reply.kind, REPLY_BROKEN);
        }
}

static void test_a_token_that_is_taken_no_more(void **state) {
        static const char disabled[] = "{\"type\":\"https://x/problems/account-disabled\"}";
        static const char plain[] = "{\"type\":\"https://x/problems/unauthorized\"}";

        (void)state;
        assert_int_equal(verdict_of_token(401, plain, strlen(plain)), REPLY_EXPIRED);
        assert_int_equal(verdict_of_token(401, NULL, 0), REPLY_EXPIRED);
        assert_int_equal(verdict_of_token(401, "<html>", 6), REPLY_EXPIRED);
        assert_int_equal(verdict_of_token(401, disabled, strlen(disabled)), REPLY_DISABLED);
        assert_int_equal(verdict_of_token(403, disabled, strlen(disabled)), REPLY_DISABLED);
        assert_int_equal(verdict_of_token(403, plain, strlen(plain)), REPLY_BROKEN);
        assert_int_equal(verdict_of_token(404, NULL, 0), REPLY_BROKEN);
}

typedef struct PersonCase {
        const char *sentence;
        const char *login_name, *name;
        int result;
        const char *shown;
} PersonCase;

/* threats 75-79: names are data */
static const PersonCase person_cases[] = {
        { "a name", "ceshi_jia", "测试甲", 0, "测试甲" },
        { "no name", "ceshi_jia", NULL, 0, "ceshi_jia" },
        { "an empty name", "ceshi_jia", "", 0, "ceshi_jia" },
        { "a name with an escape sequence", "ceshi_jia", "a\x1b[2J", 0, "a\xEF\xBF\xBD[2J" },
        { "a name from right to left", "ceshi_jia", "a\xE2\x80\xAE", 0, "a\xEF\xBF\xBD" },
        { "a name of two lines", "ceshi_jia", "a\nb", 0, "a\xEF\xBF\xBD" "b" },
        { "no login name", NULL, "测试甲", PERSON_E_NAMELESS, NULL },
        { "a login name with a zero-width space", "root\xE2\x80\x8B", "x", PERSON_E_NAME, NULL },
        { "a login name of two lines", "root\n", "x", PERSON_E_NAME, NULL },
        { "a login name with an escape character", "\x1b" "c", "x", PERSON_E_NAME, NULL },
};

#define UNIT "919900000000000018"

typedef struct UnitCase {
        const char *sentence;
        WireUserinfo wire;
        int result;       /* of person_new_unit() for UNIT */
        int person_result; /* of person_new() */
} UnitCase;

static char sub_person[] = "7", sub_unit[] = "unit:" UNIT, sub_other[] = "unit:91990000000000002B", some_login[] = "a",
            unit_code[] = UNIT, code_other[] = "91990000000000002B", some_unit[] = "u";
static WireUnit one_unit[] = { { .code = unit_code, .name = some_unit, .has_ca = true } };
static WireUnit other_unit[] = { { .code = code_other, .name = some_unit } };
static WireUnit two_units[] = { { .code = unit_code, .name = some_unit }, { .code = code_other, .name = some_unit } };

#define UNITS(list) .units = { .items = list, .n_items = ELEMENTSOF(list), .present = true }

/* threats 66, 72 */
static const UnitCase unit_cases[] = {
        { "the unit alone", { .sub = sub_unit, .unit_login = true, UNITS(one_unit) }, 0, PERSON_E_UNIT },
        { "the unit, not said to have logged in", { .sub = sub_unit, UNITS(one_unit) }, PERSON_E_UNIT, PERSON_E_UNIT },
        { "the subject of another unit", { .sub = sub_other, .unit_login = true, UNITS(one_unit) }, PERSON_E_UNIT,
          PERSON_E_UNIT },
        { "another unit", { .sub = sub_unit, .unit_login = true, UNITS(other_unit) }, PERSON_E_UNIT, PERSON_E_UNIT },
        { "two units", { .sub = sub_unit, .unit_login = true, UNITS(two_units) }, PERSON_E_UNIT, PERSON_E_UNIT },
        { "no unit", { .sub = sub_unit, .unit_login = true }, PERSON_E_UNIT, PERSON_E_UNIT },
        { "a unit with a login name", { .sub = sub_unit, .unit_login = true, .preferred_username = some_login,
                                        UNITS(one_unit) }, PERSON_E_UNIT, PERSON_E_UNIT },
        { "a person", { .sub = sub_person, .preferred_username = some_login, UNITS(one_unit) }, PERSON_E_UNIT, 0 },
        { "a person said to be a unit", { .sub = sub_person, .unit_login = true, .preferred_username = some_login,
                                          UNITS(one_unit) }, PERSON_E_UNIT, PERSON_E_UNIT },
        { "a person with the subject of a unit", { .sub = sub_unit, .preferred_username = some_login,
                                                   UNITS(one_unit) }, PERSON_E_UNIT, PERSON_E_UNIT },
};

static void test_units_that_logged_in(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(unit_cases); i++) {
                const UnitCase *c = &unit_cases[i];
                ReplyPerson person = {};
                int r = person_new_unit(&c->wire, UNIT, &person);

                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                if (r == 0) {
                        assert_null(person.login_name);
                        assert_null(person.name);
                        assert_int_equal(person.n_units, 1);
                        assert_true(person.units[0].has_certificate);
                }
                reply_person_done(&person);
                r = person_new(&c->wire, &person);
                if (r != c->person_result)
                        fail_msg("%s, as a person: %d", c->sentence, r);
                reply_person_done(&person);
        }
}

static void test_persons(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(person_cases); i++) {
                const PersonCase *c = &person_cases[i];
                char sub[] = "7", code[] = "919900000000000018", unit_name[] = "u\x1b";
                WireUnit unit = { .code = code, .name = unit_name, .authorised = true };
                WireUserinfo wire = { .sub = sub, .units = { .items = &unit, .n_items = 1, .present = true } };
                _cleanup_(freep) char *login_name = c->login_name ? strdup(c->login_name) : NULL;
                _cleanup_(freep) char *name = c->name ? strdup(c->name) : NULL;
                ReplyPerson person = {};
                int r;

                wire.preferred_username = login_name;
                wire.name = name;
                r = person_new(&wire, &person);
                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                if (r == 0) {
                        assert_string_equal(person.name, c->shown);
                        assert_string_equal(person.units[0].name, "u\xEF\xBF\xBD");
                        assert_string_equal(person.units[0].code, code);
                        assert_false(person.units[0].has_password);
                        assert_false(person.hint_matched);
                }
                reply_person_done(&person);
                reply_person_done(&person);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_no_word_is_a_yes),
                cmocka_unit_test(test_captcha_moves_into_the_reply),
                cmocka_unit_test(test_captcha_that_nobody_could_answer),
                cmocka_unit_test(test_states_and_their_words),
                cmocka_unit_test(test_the_old_login_is_over_for_units_only),
                cmocka_unit_test(test_why_a_certificate_was_refused),
                cmocka_unit_test(test_a_token_that_is_taken_no_more),
                cmocka_unit_test(test_units_that_logged_in),
                cmocka_unit_test(test_persons),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
