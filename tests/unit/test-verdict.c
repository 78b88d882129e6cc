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
        "account-disabled", "Invalid_Grant", "invalid_grant ", "insufficient_authorization",
};

static bool kind_is_yes(ReplyKind kind) {
        return kind == REPLY_PERSON || kind == REPLY_UNIT || kind == REPLY_DEVICE;
}

static void test_no_word_is_a_yes(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                char word[64], type[80];
                WireChallengeError challenge = { .error = word, .attempts_left = -1 };
                WireTokenError token = { .error = word, .attempts_left = -1 };
                WireProblem problem = { .type = type, .attempts_left = -1 };
                Reply reply;

                (void)snprintf(word, sizeof(word), "%s", words[i]);
                (void)snprintf(type, sizeof(type), "https://x/problems/%s", words[i]);
                verdict_of_challenge(&challenge, &reply);
                assert_false(kind_is_yes(reply.kind));
                verdict_of_code(&token, &reply);
                assert_false(kind_is_yes(reply.kind));
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
        verdict_of_challenge(&wire, &reply);
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
        verdict_of_challenge(&wire, &reply);
        assert_int_equal(reply.kind, REPLY_BROKEN);
        assert_null(reply.captcha_png);
}

static void test_states_and_their_words(void **state) {
        (void)state;
        for (DeviceState s = 0; s < _DEVICE_STATE_MAX; s++)
                assert_int_equal(verdict_state(verdict_state_word(s)), s);
        assert_int_equal(verdict_state(NULL), DEVICE_PENDING);
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
                cmocka_unit_test(test_persons),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
