/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Another account password: each way in which the platform can answer, and the reply that comes of it. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/platform-fixture.h"

#define PROBLEM(code, word, rest) \
        { "/password", .status = code, .type = "application/problem+json", .body = PROBLEM_JSON(word, rest) }
#define PICTURE ",\"captcha_id\":\"c-2\",\"captcha_png\":\"iVBORw0KGgo=\""

typedef struct PasswordCase {
        const char *sentence;
        ReplyKind kind;
        ServerAnswer answers[3];
        int attempts_left; /* REPLY_WRONG */
} PasswordCase;

static const PasswordCase cases[] = {
        { "changed", .kind = REPLY_CHANGED },
        { "changed, with something to say besides", REPLY_CHANGED, .answers = { { "/password", .body = "{\"sub\":\"7\"}" } } },
        { "the current password is wrong", REPLY_WRONG, .answers = { PROBLEM(403, "password-wrong", ",\"attempts_left\":4") }, .attempts_left = 4 },
        { "the current password is wrong for the last time", REPLY_WRONG,
          .answers = { PROBLEM(403, "password-wrong", ",\"attempts_left\":0") }, .attempts_left = 0 },
        { "a captcha is due", REPLY_CAPTCHA, .answers = { PROBLEM(403, "password-captcha-required", CAPTCHA_REST) } },
        { "a captcha is due and there is none", REPLY_BROKEN, .answers = { PROBLEM(403, "password-captcha-required", "") } },
        { "locked", REPLY_LOCKED, .answers = { PROBLEM(403, "account-locked", ",\"retry_after\":7200") } },
        { "too weak", REPLY_WEAK, .answers = { PROBLEM(403, "password-weak", "") } },
        { "the same", REPLY_SAME, .answers = { PROBLEM(403, "password-same", "") } },
        { "the account is disabled", REPLY_DISABLED, .answers = { PROBLEM(403, "account-disabled", "") } },
        { "the token has ended", REPLY_EXPIRED, .answers = { PROBLEM(401, "unauthorized", "") } },
        { "a problem that nobody knows", REPLY_BROKEN, .answers = { PROBLEM(403, "password-changed", "") } },
        { "a problem of units", REPLY_BROKEN, .answers = { PROBLEM(403, "unit-password-wrong", ",\"attempts_left\":3") } },
        { "a platform where passwords cannot be changed", REPLY_UNAVAILABLE,
          .answers = { { PATH_METADATA, .body = METADATA_OF("@", ",\"authorization_challenge_endpoint\":\"@/challenge\","
                                                      "\"userinfo_endpoint\":\"@/userinfo\"") } } },
        { "a password endpoint on another host", REPLY_BROKEN, /* of the login before: nothing is sent */
          .answers = { { PATH_METADATA, .body = METADATA_OF("@", ",\"authorization_challenge_endpoint\":\"@/challenge\","
                                                      "\"password_endpoint\":\"https://other.example/password\"") } } },

        /* threats 38, 42: only a 200 in order is a yes */
        { "a problem with status 200", REPLY_BROKEN, .answers = { { "/password", .body = PROBLEM_JSON("password-wrong", "") } } },
        { "status 204", REPLY_BROKEN, .answers = { { "/password", .status = 204 } } },
        { "status 201", REPLY_BROKEN, .answers = { { "/password", .status = 201, .body = "{}" } } },
        { "status 400 and an empty object", REPLY_BROKEN, .answers = { { "/password", .status = 400, .body = "{}" } } },
        { "a redirect that keeps the method", REPLY_BROKEN,
          .answers = { { "/password", .status = 307, .body = "{}", .headers = "Location: @/other\r\n" } } },
        { "status 429", REPLY_UNAVAILABLE, .answers = { { "/password", .status = 429, .body = "{}" } } },
        { "status 500", REPLY_UNAVAILABLE, .answers = { { "/password", .status = 500, .body = "{}" } } },
        { "HTML", REPLY_BROKEN, .answers = { { "/password", .type = "text/html", .body = "<html>" } } },
        { "an empty body", REPLY_BROKEN, .answers = { { "/password", .body = "" } } },
        { "half an object", REPLY_BROKEN, .answers = { { "/password", .body = "{" } } },
        { "two objects", REPLY_BROKEN, .answers = { { "/password", .body = "{}{}" } } },
        { "a list", REPLY_BROKEN, .answers = { { "/password", .body = "[]" } } },
        { "true", REPLY_BROKEN, .answers = { { "/password", .body = "true" } } },
        { "a member twice", REPLY_BROKEN, .answers = { { "/password", .body = "{\"a\":1,\"a\":2}" } } },
        { "half a body, then an end", REPLY_UNAVAILABLE, .answers = { { "/password", .how = ANSWER_SHORT, .body = "{     }" } } },
        { "a body cut without a word", REPLY_BROKEN, .answers = { { "/password", .how = ANSWER_CUT, .body = "{}" } } },
};

static ReplyKind change(PlatformFixture *fixture, const Secret *captcha) {
        _cleanup_(secret_freep) Secret *current = NULL, *next = NULL;

        assert_int_equal(secret_new_from("Jia-pass1", 9, &current), 0);
        assert_int_equal(secret_new_from("Jia pass2&=", 11, &next), 0);
        return fixture_ask(fixture, &(Request){ .kind = REQUEST_NEW_PASSWORD, .password = current,
                                                .new_password = next, .captcha = captcha });
}

static void test_cases(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const PasswordCase *c = &cases[i];
                PlatformFixture fixture;
                ReplyKind kind;

                fixture_start(&fixture, &(FixtureOptions){ .answers = c->answers });
                kind = fixture_ask_password(&fixture);
                if (kind == REPLY_PERSON)
                        kind = change(&fixture, NULL);
                if (kind != c->kind)
                        fail_msg("%s: reply %d", c->sentence, kind);
                if (kind == REPLY_WRONG && fixture.reply.attempts_left != c->attempts_left)
                        fail_msg("%s: %d tries left", c->sentence, fixture.reply.attempts_left);
                if (kind == REPLY_LOCKED)
                        assert_int_equal(fixture.reply.retry_after_sec, 7200);
                assert_int_equal(tls_server_requests(fixture.server, "/other"), 0);
                assert_true(tls_server_requests(fixture.server, "/password") <= 1);
                fixture_stop(&fixture);
        }
}

static void test_what_is_sent(void **state) {
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        assert_int_equal(change(&fixture, NULL), REPLY_CHANGED);
        assert_true(fixture_sent(&fixture, "/password", "Authorization: Bearer tOkEn-1\r\n"));
        assert_true(fixture_sent(&fixture, "/password", "\r\n\r\ncurrent_password=Jia-pass1&new_password=Jia+pass2%26%3D"));
        assert_false(fixture_sent(&fixture, "/password", "captcha"));
        fixture_stop(&fixture);
}

static void test_captchas(void **state) {
        static const ServerAnswer answers[] = {
                PROBLEM(403, "password-wrong", ",\"attempts_left\":4" CAPTCHA_REST),
                PROBLEM(403, "password-captcha-required", PICTURE),
                PROBLEM(403, "password-captcha-required", ",\"captcha_wrong\":true" PICTURE),
                { "/password", .body = "{}" },
                { "/password", .body = "{}" },
                {},
        };
        static const Request picture = { .kind = REQUEST_CAPTCHA, .account = "ceshi_jia" };
        _cleanup_(secret_freep) Secret *captcha = NULL;
        PlatformFixture fixture;

        (void)state;
        assert_int_equal(secret_new_from("x7k", 3, &captcha), 0);
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        assert_int_equal(change(&fixture, NULL), REPLY_WRONG);
        assert_int_equal(fixture.reply.n_captcha_png, 8);

        assert_int_equal(fixture_ask(&fixture, &picture), REPLY_CAPTCHA);
        assert_true(fixture_sent(&fixture, "/password", "\r\n\r\nrefresh=captcha"));
        assert_false(fixture_sent(&fixture, "/password", "_password"));

        assert_int_equal(change(&fixture, captcha), REPLY_CAPTCHA);
        assert_true(fixture.reply.captcha_wrong);
        assert_int_equal(change(&fixture, captcha), REPLY_CHANGED);
        assert_true(fixture_sent(&fixture, "/password", "&captcha_id=c-2&captcha_answer=x7k"));

        /* A yes where a picture was asked for is none. */
        assert_int_equal(fixture_ask(&fixture, &picture), REPLY_BROKEN);
        assert_int_equal(tls_server_requests(fixture.server, "/challenge"), 1);
        fixture_stop(&fixture);
}

static void test_what_is_missing_is_not_sent(void **state) {
        _cleanup_(secret_freep) Secret *password = NULL;
        PlatformFixture fixture;

        (void)state;
        assert_int_equal(secret_new_from("x", 1, &password), 0);
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(platform_login_request(fixture.login, &(Request){ .kind = REQUEST_NEW_PASSWORD,
                                                                           .password = password,
                                                                           .new_password = password }), -EINVAL);
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        assert_int_equal(platform_login_request(fixture.login, &(Request){ .kind = REQUEST_NEW_PASSWORD,
                                                                           .password = password }), -EINVAL);
        assert_int_equal(platform_login_request(fixture.login, &(Request){ .kind = REQUEST_NEW_PASSWORD,
                                                                           .new_password = password }), -EINVAL);
        fixture_stop(&fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_what_is_sent),
                cmocka_unit_test(test_captchas),
                cmocka_unit_test(test_what_is_missing_is_not_sent),
        };

        return cmocka_run_group_tests(tests, fixture_init_process, NULL);
}
