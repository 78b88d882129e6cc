/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The old unit login: a unit code and its declaration password lead to a token of the unit, and to nobody. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/platform-fixture.h"

#define UNIT_JSON(code) "{\"code\":\"" code "\",\"name\":\"u\",\"methods\":[\"declaration_password\"]}"
#define UNIT_USER(sub, rest) "{\"sub\":\"" sub "\",\"unit_login\":true" rest "}"
#define GOOD_USER UNIT_USER("unit:" UNIT_CODE, ",\"units\":[" UNIT_JSON(UNIT_CODE) "]")
#define USERINFO(json) { "/userinfo", .body = json }
#define CHALLENGE(code, json) { "/challenge", .status = code, .body = json }

typedef struct UnitCase {
        const char *sentence;
        ReplyKind kind;
        ServerAnswer answers[4];
        const char *path; /* asked for at most .n_most times */
        unsigned n_most;
} UnitCase;

static const UnitCase cases[] = {
        { "a unit logs in", .kind = REPLY_PERSON, .answers = { USERINFO(GOOD_USER) }, .path = "/units" },
        { "a unit folded in is not asked for", REPLY_PERSON,
          .answers = { { "/token", .body = TOKEN_JSON(",\"userinfo\":" GOOD_USER) } }, .path = "/userinfo" },

        /* what the platform says about the password: as for an account */
        { "a wrong declaration password", REPLY_WRONG,
          .answers = { CHALLENGE(400, "{\"error\":\"invalid_credentials\",\"attempts_left\":4}") }, .path = "/token" },
        { "a captcha is due", REPLY_CAPTCHA, .answers = { CHALLENGE(400, "{\"error\":\"captcha_required\"" CAPTCHA_REST "}") },
          .path = "/token" },
        { "a captcha is due and there is none", REPLY_BROKEN,
          .answers = { CHALLENGE(400, "{\"error\":\"captcha_required\"}") } },
        { "a locked unit", REPLY_LOCKED, .answers = { CHALLENGE(400, "{\"error\":\"account_locked\",\"retry_after\":7200}") } },
        { "a unit disabled", REPLY_DISABLED, .answers = { CHALLENGE(400, "{\"error\":\"account_disabled\"}") } },
        { "the old login is over", REPLY_PHASE, .answers = { CHALLENGE(400, "{\"error\":\"access_denied\"}") },
          .path = "/token" },
        { "the old login is over by the time the code is redeemed", REPLY_PHASE,
          .answers = { { "/token", .status = 400, .body = "{\"error\":\"access_denied\"}" } }, .path = "/userinfo" },
        { "the code was used by somebody else", REPLY_WRONG,
          .answers = { { "/token", .status = 400, .body = "{\"error\":\"invalid_grant\"}" } } },
        { "a platform that knows no unit login", REPLY_BROKEN,
          .answers = { CHALLENGE(400, "{\"error\":\"invalid_request\"}") }, .path = "/challenge", .n_most = 1 },
        { "an ended session is begun again", REPLY_PERSON,
          .answers = { CHALLENGE(400, "{\"error\":\"invalid_session\"}"),
                       { "/challenge", .body = "{\"authorization_code\":\"c\"}" }, USERINFO(GOOD_USER) } },
        { "an unknown workstation", REPLY_UNAVAILABLE, .answers = { CHALLENGE(401, "{\"error\":\"invalid_client\"}") } },
        { "a platform without password login", REPLY_UNAVAILABLE,
          .answers = { { PATH_METADATA, .body = METADATA_OF("@", "") } }, .path = "/challenge" },

        /* threats 65, 66: whose answer is it? */
        { "a person's answer", .kind = REPLY_BROKEN }, /* as the server in order gives it */
        { "a person's answer that calls itself a unit's", REPLY_BROKEN,
          .answers = { USERINFO("{\"sub\":\"7\",\"unit_login\":true,\"preferred_username\":\"ceshi_jia\",\"units\":["
                                UNIT_JSON(UNIT_CODE) "]}") } },
        { "the unit's answer, which does not call itself one", REPLY_BROKEN,
          .answers = { USERINFO("{\"sub\":\"unit:" UNIT_CODE "\",\"units\":[" UNIT_JSON(UNIT_CODE) "]}") } },
        { "another unit's answer", REPLY_BROKEN,
          .answers = { USERINFO(UNIT_USER("unit:" OTHER_UNIT_CODE, ",\"units\":[" UNIT_JSON(OTHER_UNIT_CODE) "]")) } },
        { "the unit's subject with another unit", REPLY_BROKEN,
          .answers = { USERINFO(UNIT_USER("unit:" UNIT_CODE, ",\"units\":[" UNIT_JSON(OTHER_UNIT_CODE) "]")) } },
        { "another unit's subject with the unit", REPLY_BROKEN,
          .answers = { USERINFO(UNIT_USER("unit:" OTHER_UNIT_CODE, ",\"units\":[" UNIT_JSON(UNIT_CODE) "]")) } },
        { "the unit and another one", REPLY_BROKEN,
          .answers = { USERINFO(UNIT_USER("unit:" UNIT_CODE, ",\"units\":[" UNIT_JSON(UNIT_CODE) ","
                                          UNIT_JSON(OTHER_UNIT_CODE) "]")) } },
        { "the unit twice", REPLY_BROKEN,
          .answers = { USERINFO(UNIT_USER("unit:" UNIT_CODE, ",\"units\":[" UNIT_JSON(UNIT_CODE) ","
                                          UNIT_JSON(UNIT_CODE) "]")) } },
        { "no unit at all", REPLY_BROKEN, .answers = { USERINFO(UNIT_USER("unit:" UNIT_CODE, ",\"units\":[]")) } }, /* 72 */
        { "a unit with a login name", REPLY_BROKEN,
          .answers = { USERINFO(UNIT_USER("unit:" UNIT_CODE, ",\"preferred_username\":\"root\",\"units\":["
                                          UNIT_JSON(UNIT_CODE) "]")) } },

        /* threats 38, 42 */
        { "a code with status 400", REPLY_BROKEN, .answers = { CHALLENGE(400, "{\"authorization_code\":\"c\"}") },
          .path = "/token" },
        { "a code with status 201", REPLY_BROKEN, .answers = { CHALLENGE(201, "{\"authorization_code\":\"c\"}") },
          .path = "/token" },
        { "a redirect", REPLY_BROKEN,
          .answers = { { "/challenge", .status = 307, .body = "{}", .headers = "Location: @/other\r\n" } }, .path = "/other" },
        { "status 429", REPLY_UNAVAILABLE, .answers = { CHALLENGE(429, "{}") }, .path = "/challenge", .n_most = 1 },
        { "status 500", REPLY_UNAVAILABLE, .answers = { CHALLENGE(500, "{}") }, .path = "/challenge", .n_most = 1 },
        { "a unit login told by a word", REPLY_BROKEN,
          .answers = { USERINFO("{\"sub\":\"unit:" UNIT_CODE "\",\"unit_login\":\"true\",\"units\":[" UNIT_JSON(UNIT_CODE)
                                "]}") } },
        { "a unit login told by a number", REPLY_BROKEN,
          .answers = { USERINFO("{\"sub\":\"unit:" UNIT_CODE "\",\"unit_login\":1,\"units\":[" UNIT_JSON(UNIT_CODE) "]}") } },
        { "a unit login told twice", REPLY_BROKEN,
          .answers = { USERINFO("{\"sub\":\"unit:" UNIT_CODE "\",\"unit_login\":true,\"unit_login\":true,\"units\":["
                                UNIT_JSON(UNIT_CODE) "]}") } },
};

static void test_cases(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const UnitCase *c = &cases[i];
                PlatformFixture fixture;
                ReplyKind kind;

                fixture_start(&fixture, &(FixtureOptions){ .answers = c->answers });
                kind = fixture_ask_simple(&fixture, REQUEST_UNIT_LOGIN);
                if (kind != c->kind)
                        fail_msg("%s: reply %d", c->sentence, kind);
                if (c->path && tls_server_requests(fixture.server, c->path) > c->n_most)
                        fail_msg("%s: %s was asked for %u times", c->sentence, c->path,
                                 tls_server_requests(fixture.server, c->path));
                fixture_stop(&fixture);
        }
}

static void test_what_a_unit_login_sends_and_brings(void **state) {
        static const ServerAnswer answers[] = { USERINFO(GOOD_USER), {} };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask_simple(&fixture, REQUEST_UNIT_LOGIN), REPLY_PERSON);
        assert_null(fixture.reply.person.login_name);
        assert_null(fixture.reply.person.name);
        assert_string_equal(fixture.reply.person.subject, "unit:" UNIT_CODE);
        assert_false(fixture.reply.person.hint_matched);
        assert_int_equal(fixture.reply.person.n_units, 1);
        assert_string_equal(fixture.reply.person.units[0].code, UNIT_CODE);

        assert_true(fixture_sent(&fixture, "/challenge", "unit_code=" UNIT_CODE "&password=Jia-pass1+%26%3D"));
        assert_true(fixture_sent(&fixture, "/challenge", "code_challenge_method=S256"));
        assert_false(fixture_sent(&fixture, "/challenge", "username"));
        assert_true(fixture_sent(&fixture, "/token", "code_verifier="));
        fixture_stop(&fixture);
}

/* A unit's answer is not taken for a person's either. */
static void test_a_unit_is_nobody(void **state) {
        static const ServerAnswer answers[] = { USERINFO(GOOD_USER), {} };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask_password(&fixture), REPLY_BROKEN);
        /* and its token is good for nothing here */
        assert_null(fixture.login->token);
        assert_int_equal(platform_login_request(fixture.login, &(Request){ .kind = REQUEST_UNIT_RELATION,
                                                                           .unit = UNIT_CODE }), -EINVAL);
        fixture_stop(&fixture);
}

static void test_a_captcha_of_a_unit_login(void **state) {
        static const ServerAnswer answers[] = {
                CHALLENGE(400, "{\"error\":\"invalid_credentials\",\"auth_session\":\"s-1\",\"attempts_left\":4"
                               CAPTCHA_REST "}"),
                CHALLENGE(400, "{\"error\":\"captcha_required\",\"captcha_id\":\"c-2\",\"captcha_png\":\"iVBORw0KGgo=\"}"),
                { "/challenge", .body = "{\"authorization_code\":\"c\"}" },
                CHALLENGE(400, "{\"error\":\"access_denied\"}"),
                USERINFO(GOOD_USER),
                {},
        };
        _cleanup_(secret_freep) Secret *password = NULL, *captcha = NULL;
        Request request = { .kind = REQUEST_UNIT_LOGIN, .unit = UNIT_CODE };
        PlatformFixture fixture;

        (void)state;
        assert_int_equal(secret_new_from("Unit-pass1", 10, &password), 0);
        assert_int_equal(secret_new_from("x7k", 3, &captcha), 0);
        request.password = password;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask(&fixture, &request), REPLY_WRONG);
        assert_int_equal(fixture.reply.attempts_left, 4);

        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_CAPTCHA, .unit = UNIT_CODE }), REPLY_CAPTCHA);
        assert_true(fixture_sent(&fixture, "/challenge", "auth_session=s-1&refresh=captcha"));
        assert_false(fixture_sent(&fixture, "/challenge", "unit_code"));
        assert_false(fixture_sent(&fixture, "/challenge", "password"));

        request.captcha = captcha;
        assert_int_equal(fixture_ask(&fixture, &request), REPLY_PERSON);
        assert_true(fixture_sent(&fixture, "/challenge", "auth_session=s-1&"));
        assert_true(fixture_sent(&fixture, "/challenge", "captcha_id=c-2&captcha_answer=x7k"));

        /* The picture may be what the end of the old login is told with. */
        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_CAPTCHA, .unit = UNIT_CODE }), REPLY_PHASE);
        assert_int_equal(tls_server_requests(fixture.server, PATH_VERIFICATION), 0);
        fixture_stop(&fixture);
}

static void test_what_is_missing_is_not_sent(void **state) {
        _cleanup_(secret_freep) Secret *password = NULL;
        PlatformFixture fixture;

        (void)state;
        assert_int_equal(secret_new_from("x", 1, &password), 0);
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(platform_login_request(fixture.login, &(Request){ .kind = REQUEST_UNIT_LOGIN,
                                                                           .password = password }), -EINVAL);
        assert_int_equal(platform_login_request(fixture.login, &(Request){ .kind = REQUEST_UNIT_LOGIN,
                                                                           .unit = UNIT_CODE }), -EINVAL);
        assert_int_equal(platform_login_request(fixture.login, &(Request){ .kind = REQUEST_CAPTCHA,
                                                                           .unit = UNIT_CODE }), -EINVAL);
        fixture_run(&fixture, 10 * USEC_PER_MSEC);
        assert_int_equal(tls_server_requests(fixture.server, NULL), 0);
        fixture_stop(&fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_what_a_unit_login_sends_and_brings),
                cmocka_unit_test(test_a_unit_is_nobody),
                cmocka_unit_test(test_a_captcha_of_a_unit_login),
                cmocka_unit_test(test_what_is_missing_is_not_sent),
        };

        return cmocka_run_group_tests(tests, fixture_init_process, NULL);
}
