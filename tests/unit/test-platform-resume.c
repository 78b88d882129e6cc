/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Logins that have succeeded and are kept: at rest, asked again, given to another owner, ended. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/platform-fixture.h"

#define FIRST USERINFO(PERSON_JSON)
#define USERINFO(json) { "/userinfo", .body = json }
#define NO_PERSON(code, json) \
        { "/userinfo", .status = code, .type = "application/problem+json", .body = json }
#define UNIT_JSON(code) "{\"code\":\"" code "\",\"name\":\"u\",\"methods\":[\"declaration_password\"]}"
#define UNIT_USER(code) "{\"sub\":\"unit:" code "\",\"unit_login\":true,\"units\":[" UNIT_JSON(code) "]}"

static const Request resume = { .kind = REQUEST_RESUME };

typedef struct ResumeCase {
        const char *sentence;
        ReplyKind kind;          /* of REQUEST_RESUME */
        ServerAnswer answers[4]; /* the first for /userinfo is that of the login itself */
        RequestKind first;       /* REQUEST_NONE: a password */
} ResumeCase;

static const ResumeCase cases[] = {
        { "all is as it was", .kind = REPLY_PERSON },
        { "a person with the units folded in", REPLY_PERSON,
          .answers = { FIRST, USERINFO("{\"sub\":\"7\",\"preferred_username\":\"ceshi_jia\",\"units\":" UNITS_JSON "}") } },
        { "a person without units meanwhile", REPLY_PERSON,
          .answers = { FIRST, USERINFO("{\"sub\":\"7\",\"preferred_username\":\"ceshi_jia\",\"units\":[]}") } },

        /* the token has ended */
        { "a token taken no more", REPLY_EXPIRED,
          .answers = { FIRST, NO_PERSON(401, PROBLEM_JSON("unauthorized", "")) } },
        { "a token taken no more, in the words of OAuth", REPLY_EXPIRED,
          .answers = { FIRST, { "/userinfo", .status = 401, .body = "{\"error\":\"invalid_token\"}",
                     .headers = "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n" } } },
        { "a token taken no more, without a word", REPLY_EXPIRED,
          .answers = { FIRST, { "/userinfo", .status = 401, .type = "text/html", .body = "" } } },
        { "a token taken no more when units are asked for", REPLY_EXPIRED,
          .answers = { { "/units", .body = "{\"units\":[]}" }, { "/units", .status = 401, .body = "{}" } } },
        { "a person disabled", REPLY_DISABLED, .answers = { FIRST, NO_PERSON(403, PROBLEM_JSON("account-disabled", "")) } },

        /* threats 65, 66: somebody else's answer */
        { "another person's answer", REPLY_BROKEN,
          .answers = { FIRST, USERINFO("{\"sub\":\"8\",\"preferred_username\":\"ceshi_jia\",\"name\":\"测试甲\",\"units\":[]}") } },
        { "a subject that only begins like the person's", REPLY_BROKEN,
          .answers = { FIRST, USERINFO("{\"sub\":\"77\",\"preferred_username\":\"ceshi_jia\",\"units\":[]}") } },
        { "a unit's answer for a person", REPLY_BROKEN, .answers = { FIRST, USERINFO(UNIT_USER(UNIT_CODE)) } },
        { "the person, said to be a unit", REPLY_BROKEN,
          .answers = { FIRST, USERINFO("{\"sub\":\"7\",\"unit_login\":true,\"preferred_username\":\"ceshi_jia\",\"units\":[]}") } },
        { "a unit that logged in", REPLY_PERSON,
          .answers = { USERINFO(UNIT_USER(UNIT_CODE)) }, .first = REQUEST_UNIT_LOGIN },
        { "another unit's answer", REPLY_BROKEN,
          .answers = { USERINFO(UNIT_USER(UNIT_CODE)), USERINFO(UNIT_USER(OTHER_UNIT_CODE)) }, .first = REQUEST_UNIT_LOGIN },
        { "a person's answer for a unit", REPLY_BROKEN,
          .answers = { USERINFO(UNIT_USER(UNIT_CODE)), FIRST }, .first = REQUEST_UNIT_LOGIN },
        { "the unit with another one", REPLY_BROKEN,
          .answers = { USERINFO(UNIT_USER(UNIT_CODE)),
            USERINFO("{\"sub\":\"unit:" UNIT_CODE "\",\"unit_login\":true,\"units\":[" UNIT_JSON(UNIT_CODE) ","
                     UNIT_JSON(OTHER_UNIT_CODE) "]}") }, .first = REQUEST_UNIT_LOGIN },

        /* threats 38, 42 */
        { "a person with status 400", REPLY_BROKEN, .answers = { FIRST, { "/userinfo", .status = 400, .body = PERSON_JSON } } },
        { "a person with status 401", REPLY_EXPIRED, .answers = { FIRST, { "/userinfo", .status = 401, .body = PERSON_JSON } } },
        { "a person with status 201", REPLY_BROKEN, .answers = { FIRST, { "/userinfo", .status = 201, .body = PERSON_JSON } } },
        { "status 403 for whatever reason", REPLY_BROKEN,
          .answers = { FIRST, NO_PERSON(403, PROBLEM_JSON("forbidden", "")) } },
        { "status 404", REPLY_BROKEN, .answers = { FIRST, NO_PERSON(404, PROBLEM_JSON("not-found", "")) } },
        { "status 429", REPLY_UNAVAILABLE, .answers = { FIRST, NO_PERSON(429, "{}") } },
        { "status 503", REPLY_UNAVAILABLE, .answers = { FIRST, NO_PERSON(503, "{}") } },
        { "a redirect", REPLY_BROKEN,
          .answers = { FIRST, { "/userinfo", .status = 302, .body = "{}", .headers = "Location: @/other\r\n" } } },
        { "HTML", REPLY_BROKEN, .answers = { FIRST, { "/userinfo", .type = "text/html", .body = "<html>" } } },
        { "half a body, then an end", REPLY_UNAVAILABLE,
          .answers = { FIRST, { "/userinfo", .how = ANSWER_SHORT, .body = PERSON_JSON } } },
        { "no subject", REPLY_BROKEN, .answers = { FIRST, USERINFO("{\"preferred_username\":\"ceshi_jia\",\"units\":[]}") } },
        { "a subject that is null", REPLY_BROKEN, .answers = { FIRST, USERINFO("{\"sub\":null,\"units\":[]}") } },
        { "two subjects", REPLY_BROKEN,
          .answers = { FIRST, USERINFO("{\"sub\":\"8\",\"sub\":\"7\",\"preferred_username\":\"ceshi_jia\",\"units\":[]}") } },
        { "no login name any more", REPLY_BROKEN, .answers = { FIRST, USERINFO("{\"sub\":\"7\",\"units\":[]}") } },
};

static void test_cases(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases) * 2; i++) {
                const ResumeCase *c = &cases[i / 2];
                PlatformFixture fixture;
                ReplyKind kind;

                fixture_start(&fixture, &(FixtureOptions){ .answers = c->answers });
                assert_int_equal(fixture_ask_simple(&fixture, c->first ? c->first : REQUEST_PASSWORD), REPLY_PERSON);
                if (i % 2)
                        platform_login_rest(fixture.login);
                kind = fixture_ask(&fixture, &resume);
                if (kind != c->kind)
                        fail_msg("%s%s: reply %d", c->sentence, i % 2 ? ", at rest" : "", kind);
                fixture_stop(&fixture);
        }
}

static void test_what_resuming_sends_and_brings(void **state) {
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(platform_login_request(fixture.login, &resume), -EINVAL); /* nobody has logged in */
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        platform_login_rest(fixture.login);
        for (unsigned i = 1; i <= 3; i++) {
                assert_int_equal(fixture_ask(&fixture, &resume), REPLY_PERSON);
                assert_string_equal(fixture.reply.person.login_name, "ceshi_jia");
                assert_string_equal(fixture.reply.person.subject, "7");
                assert_int_equal(fixture.reply.person.n_units, 1);
                assert_true(fixture.reply.person.units[0].authorised);
                assert_int_equal(tls_server_requests(fixture.server, "/userinfo"), 1 + i);
        }
        assert_true(fixture_sent(&fixture, "/userinfo", "Authorization: Bearer tOkEn-1\r\n"));
        assert_int_equal(tls_server_requests(fixture.server, "/challenge"), 1);
        assert_int_equal(tls_server_requests(fixture.server, PATH_METADATA), 1); /* known to all */

        /* A unit for the person of before. */
        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_UNIT_RELATION, .unit = UNIT_CODE }), REPLY_UNIT);
        fixture_stop(&fixture);
}

/* It is said of the account that was named then, and of no other. */
static void test_whom_the_account_named_is(void **state) {
        static const ServerAnswer device_answers[] = {
                USERINFO("{\"sub\":\"7\",\"preferred_username\":\"ceshi_jia\",\"login_hint_matched\":true,\"units\":[]}"), {},
        };
        Request again = { .kind = REQUEST_RESUME, .account = "ceshi_jia" };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        assert_int_equal(fixture_ask(&fixture, &resume), REPLY_PERSON);
        assert_false(fixture.reply.person.hint_matched);
        assert_int_equal(fixture_ask(&fixture, &again), REPLY_PERSON);
        assert_true(fixture.reply.person.hint_matched);
        again.account = "13800138000";
        assert_int_equal(fixture_ask(&fixture, &again), REPLY_PERSON);
        assert_false(fixture.reply.person.hint_matched);
        fixture_stop(&fixture);

        fixture_start(&fixture, &(FixtureOptions){ .answers = device_answers });
        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_DEVICE, .account = "13800138000" }), REPLY_DEVICE);
        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_POLL }), REPLY_PERSON);
        assert_true(fixture.reply.person.hint_matched);
        platform_login_rest(fixture.login);
        assert_int_equal(fixture_ask(&fixture, &again), REPLY_PERSON);
        assert_true(fixture.reply.person.hint_matched);
        fixture_stop(&fixture);

        /* A phone that was anybody's, though the server says now that it was somebody. */
        fixture_start(&fixture, &(FixtureOptions){ .answers = device_answers });
        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_DEVICE }), REPLY_DEVICE);
        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_POLL }), REPLY_PERSON);
        assert_int_equal(fixture_ask(&fixture, &again), REPLY_PERSON);
        assert_false(fixture.reply.person.hint_matched);
        fixture_stop(&fixture);
}

/* A token that turned out to be somebody else's is ended and never used again. */
static void test_somebody_elses_token_is_not_kept(void **state) {
        static const ServerAnswer answers[] = {
                FIRST, USERINFO("{\"sub\":\"8\",\"preferred_username\":\"b\",\"units\":[]}"), {},
        };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        assert_int_equal(fixture_ask(&fixture, &resume), REPLY_BROKEN);
        assert_null(fixture.login->token);
        assert_int_equal(platform_login_request(fixture.login, &resume), -EINVAL);
        for (uint64_t until = now_usec() + 5 * USEC_PER_SEC; fixture.platform->n_revocations > 0 && now_usec() < until;)
                assert_true(sd_event_run(fixture.event, USEC_PER_SEC) >= 0);
        assert_true(fixture_sent(&fixture, "/revoke", "token=tOkEn-1&"));
        fixture_stop(&fixture);
}

static void test_an_ended_token_stays_ended_and_a_platform_away_comes_back(void **state) {
        static const ServerAnswer answers[] = {
                FIRST,
                NO_PERSON(503, "{}"),
                USERINFO("{\"sub\":\"7\",\"preferred_username\":\"ceshi_jia\",\"units\":[]}"),
                NO_PERSON(401, PROBLEM_JSON("unauthorized", "")),
                {},
        };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        assert_int_equal(fixture_ask(&fixture, &resume), REPLY_UNAVAILABLE);
        assert_int_equal(fixture_ask(&fixture, &resume), REPLY_PERSON);
        assert_int_equal(fixture_ask(&fixture, &resume), REPLY_EXPIRED);
        assert_int_equal(fixture_ask(&fixture, &resume), REPLY_EXPIRED);
        fixture_stop(&fixture);
}

typedef struct Owner {
        PlatformLogin *login;
        unsigned n_replies;
        ReplyKind kind;
} Owner;

static void on_owner_reply(PlatformLogin *login, Reply *reply, void *userdata) {
        Owner *owner = userdata;

        assert_ptr_equal(login, owner->login);
        owner->kind = reply->kind;
        owner->n_replies++;
}

static void wait_owner(PlatformFixture *fixture, const Owner *owner, unsigned n) {
        for (uint64_t until = now_usec() + 20 * USEC_PER_SEC; owner->n_replies < n && now_usec() < until;)
                assert_true(sd_event_run(fixture->event, USEC_PER_SEC) >= 0);
        assert_int_equal(owner->n_replies, n);
}

static void test_replies_go_to_the_new_owner(void **state) {
        PlatformFixture fixture;
        unsigned n_before;
        Owner owner = {};

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        n_before = fixture.n_replies;
        owner.login = fixture.login;
        platform_login_adopt(fixture.login, on_owner_reply, &owner);
        platform_login_rest(fixture.login);
        assert_int_equal(platform_login_request(fixture.login, &resume), 0);
        wait_owner(&fixture, &owner, 1);
        assert_int_equal(owner.kind, REPLY_PERSON);

        /* with a request under way, too */
        platform_login_adopt(fixture.login, NULL, NULL);
        assert_int_equal(platform_login_request(fixture.login, &resume), 0);
        assert_int_equal(platform_login_request(fixture.login, &resume), -EBUSY);
        platform_login_adopt(fixture.login, on_owner_reply, &owner);
        wait_owner(&fixture, &owner, 2);
        assert_int_equal(fixture.n_replies, n_before);
        fixture_stop(&fixture);
}

/* A login that goes to rest at each moment of a request: no reply, nothing left (under ASan). */
static void test_rest_at_any_moment(void **state) {
        static const char *const paths[] = { PATH_METADATA, "/userinfo", "/units" };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                const ServerAnswer answers[] = { { paths[i], .how = ANSWER_SILENCE }, {} };
                _cleanup_(secret_freep) Secret *password = NULL;
                PlatformFixture fixture;

                assert_int_equal(secret_new_from("Jia-pass1", 9, &password), 0);
                fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
                assert_int_equal(platform_login_request(fixture.login, &(Request){ .kind = REQUEST_PASSWORD,
                                                                                   .account = "a",
                                                                                   .password = password }), 0);
                for (uint64_t until = now_usec() + 5 * USEC_PER_SEC;
                     tls_server_requests(fixture.server, paths[i]) == 0 && now_usec() < until;)
                        assert_true(sd_event_run(fixture.event, 20 * USEC_PER_MSEC) >= 0);
                platform_login_rest(fixture.login);
                platform_login_rest(fixture.login);
                fixture_run(&fixture, 20 * USEC_PER_MSEC);
                assert_int_equal(fixture.n_replies, 0);
                /* Whoever was not told of a person has nothing to resume. */
                assert_int_equal(platform_login_request(fixture.login, &resume), -EINVAL);
                fixture_stop(&fixture);
        }
}

/* A stale half of an answer does not become part of the next one. */
static void test_a_cancelled_request_leaves_no_person(void **state) {
        static const ServerAnswer answers[] = {
                { "/units", .body = "{\"units\":[]}" }, { "/units", .how = ANSWER_SILENCE }, { "/units", .body = "{\"units\":[]}" }, {},
        };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        assert_int_equal(platform_login_request(fixture.login, &resume), 0);
        for (uint64_t until = now_usec() + 5 * USEC_PER_SEC;
             tls_server_requests(fixture.server, "/units") < 2 && now_usec() < until;)
                assert_true(sd_event_run(fixture.event, 20 * USEC_PER_MSEC) >= 0);
        platform_login_cancel(fixture.login);
        assert_false(fixture.login->has_userinfo);
        assert_int_equal(fixture_ask(&fixture, &resume), REPLY_PERSON);
        assert_int_equal(tls_server_requests(fixture.server, "/userinfo"), 3);
        fixture_stop(&fixture);
}

/* A resumed login that has to begin anew does so where it is now. */
static void test_a_login_goes_on_somewhere_else(void **state) {
        static const PlatformContext context = { .login_id = 2, .host = "ws2", .service = "sudo", .terminal = "pts/3" };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        platform_login_rest(fixture.login);
        assert_int_equal(platform_login_context(fixture.login, &context), 0);
        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_DEVICE }), REPLY_DEVICE);
        assert_true(fixture_sent(&fixture, "/device", "host=ws2&service=sudo&terminal=pts%2F3"));
        fixture_stop(&fixture);
}

/* Beside the page of its token: the struct, and the two texts at their longest. */
static void test_rest_is_small(void **state) {
        const PlatformLogin *login;
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_DEVICE, .account = "a" }), REPLY_DEVICE);
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        platform_login_rest(fixture.login);
        login = fixture.login;
        assert_non_null(login->token);
        assert_string_equal(login->subject, "7");
        assert_string_equal(login->hinted, "ceshi_jia");
        assert_null(login->metadata);
        assert_null(login->host);
        assert_null(login->service);
        assert_null(login->terminal);
        assert_null(login->verifier);
        assert_null(login->device_code);
        assert_null(login->device_hint);
        assert_null(login->auth_session);
        assert_null(login->userinfo.sub);
        assert_null(login->question.account);
        assert_null(login->question.password);
        assert_null(login->exchange);
        assert_true(sizeof(*login) + LIMIT_SUBJECT_BYTES + LIMIT_ACCOUNT_BYTES + 3 * sizeof(void *) * 2 < 768);
        fixture_stop(&fixture);
}

static void test_days_and_links_of_the_platform(void **state) {
        static const ServerAnswer answers[] = {
                { PATH_METADATA, .body = METADATA_OF("@", ",\"phases\":{\"dual\":\"2019-11-09\"},\"links\":{"
                        "\"register\":\"@/register?a=0123456789012345678901234567890123456789012345678901234567890123456789"
                        "012345678901234567890123456789012345678901234567890\","
                        "\"forgot_password\":\"@/forgot\",\"forgot_declaration_password\":\"https://a:b@x/\","
                        "\"app_download\":\"javascript:alert(1)\"}") },
                {},
        };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        for (Phase phase = 0; phase < _PHASE_MAX; phase++)
                assert_null(platform_schedule(fixture.platform)[phase]); /* not reached yet */
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        assert_null(platform_schedule(fixture.platform)[PHASE_DUAL]);
        assert_string_equal(platform_schedule(fixture.platform)[PHASE_RELATION], "2020-01-01");
        assert_string_equal(platform_schedule(fixture.platform)[PHASE_REALNAME], "2030-12-31");
        assert_int_equal(platform_phase(fixture.platform), PHASE_RELATION);
        fixture_stop(&fixture);

        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_DEVICE }), REPLY_UNAVAILABLE);
        assert_string_equal(platform_schedule(fixture.platform)[PHASE_DUAL], "2019-11-09");
        assert_null(platform_links(fixture.platform)->register_uri); /* too long to be typed */
        assert_non_null(platform_links(fixture.platform)->forgot_password_uri);
        assert_null(platform_links(fixture.platform)->forgot_declaration_uri);
        assert_null(platform_links(fixture.platform)->app_uri);
        fixture_stop(&fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_what_resuming_sends_and_brings),
                cmocka_unit_test(test_whom_the_account_named_is),
                cmocka_unit_test(test_somebody_elses_token_is_not_kept),
                cmocka_unit_test(test_an_ended_token_stays_ended_and_a_platform_away_comes_back),
                cmocka_unit_test(test_replies_go_to_the_new_owner),
                cmocka_unit_test(test_rest_at_any_moment),
                cmocka_unit_test(test_a_cancelled_request_leaves_no_person),
                cmocka_unit_test(test_a_login_goes_on_somewhere_else),
                cmocka_unit_test(test_rest_is_small),
                cmocka_unit_test(test_days_and_links_of_the_platform),
        };

        return cmocka_run_group_tests(tests, fixture_init_process, NULL);
}
