/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* QR logins: a platform with our extensions, a plain server of RFC 8628, and what can come of either. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/platform-fixture.h"

#define PENDING "{\"error\":\"authorization_pending\"}"
#define PENDING_STATE(word) "{\"error\":\"authorization_pending\",\"state\":\"" word "\"}"
#define TOKEN_ANSWER(text) { "/token", .status = 400, .body = text }
#define DEVICE(rest) \
        { "/device", .body = "{\"device_code\":\"dEvIcE-1\",\"user_code\":\"WDJB-MJHT\"," \
                             "\"verification_uri\":\"@/q\"" rest "}" }
#define FOLDED TOKEN_JSON(",\"userinfo\":{\"sub\":\"7\",\"preferred_username\":\"ceshi_jia\",\"units\":[]}")

/* Nothing but the standard: another path for metadata, no long poll, no state, nothing folded, no units. */
#define PLAIN_METADATA \
        { PATH_METADATA, .status = 404, .type = "text/html", .body = "<html>" }, \
        { PATH_OPENID, .body = METADATA_OF("@", ",\"device_authorization_endpoint\":\"@/device\"," \
                                                "\"userinfo_endpoint\":\"@/userinfo\"") }

static const Request device = { .kind = REQUEST_DEVICE };
static const Request poll_pending = { .kind = REQUEST_POLL, .seen = DEVICE_PENDING };

typedef struct DeviceCase {
        const char *sentence;
        ReplyKind kind; /* of the first poll */
        ServerAnswer answers[5];
        DeviceState state;  /* REPLY_STATE */
        int attempts_left;  /* REPLY_DIGITS_WRONG */
} DeviceCase;

static const DeviceCase cases[] = {
        { "confirmed", .kind = REPLY_PERSON },
        { "confirmed, with the person folded in", .kind = REPLY_PERSON,
          .answers = { { "/token", .body = FOLDED } } },
        { "scanned", .kind = REPLY_STATE, .state = DEVICE_SCANNED,
          .answers = { TOKEN_ANSWER(PENDING_STATE("scanned")) } },
        { "confirmed, and the digits are wanted", .kind = REPLY_STATE, .state = DEVICE_DIGITS,
          .answers = { TOKEN_ANSWER(PENDING_STATE("digits_required")) } },
        { "nothing has happened until the hold is over", .kind = REPLY_STATE, .state = DEVICE_PENDING,
          .answers = { TOKEN_ANSWER(PENDING_STATE("pending")) } },
        { "refused", .kind = REPLY_REFUSED,
          .answers = { TOKEN_ANSWER("{\"error\":\"access_denied\",\"reason\":\"refused\"}") } },
        { "refused, as RFC 8628 has it", .kind = REPLY_REFUSED,
          .answers = { TOKEN_ANSWER("{\"error\":\"access_denied\"}") } },
        { "another person's phone", .kind = REPLY_WRONG_PERSON, /* threats 57 */
          .answers = { TOKEN_ANSWER("{\"error\":\"access_denied\",\"reason\":\"wrong_person\"}") } },
        { "a disabled person's phone", .kind = REPLY_DISABLED, /* threats 59 */
          .answers = { TOKEN_ANSWER("{\"error\":\"access_denied\",\"reason\":\"disabled\"}") } },
        { "disabled at the moment of redemption", .kind = REPLY_DISABLED,
          .answers = { TOKEN_ANSWER("{\"error\":\"account_disabled\"}") } },
        { "wrong digits", .kind = REPLY_DIGITS_WRONG, .attempts_left = 2,
          .answers = { TOKEN_ANSWER("{\"error\":\"invalid_digits\",\"attempts_left\":2}") } },
        { "wrong digits too often", .kind = REPLY_DIGITS_WRONG, .attempts_left = 0,
          .answers = { TOKEN_ANSWER("{\"error\":\"access_denied\",\"reason\":\"digits_wrong\"}") } },
        { "expired", .kind = REPLY_EXPIRED, .answers = { TOKEN_ANSWER("{\"error\":\"expired_token\"}") } },
        { "used already", .kind = REPLY_EXPIRED, .answers = { TOKEN_ANSWER("{\"error\":\"invalid_grant\"}") } },
        { "expired here, whatever the server says", .kind = REPLY_EXPIRED,
          .answers = { DEVICE(",\"expires_in\":1"), TOKEN_ANSWER(PENDING_STATE("pending")) } },
        { "a word that nobody knows", .kind = REPLY_BROKEN,
          .answers = { TOKEN_ANSWER("{\"error\":\"authorization_granted\"}") } },
        { "a state that nobody knows", .kind = REPLY_BROKEN,
          .answers = { TOKEN_ANSWER(PENDING_STATE("granted")) } },
        { "pending with status 200 is no token", .kind = REPLY_BROKEN,
          .answers = { { "/token", .body = PENDING } } },
        { "pending with the status that some servers give", .kind = REPLY_STATE, .state = DEVICE_SCANNED,
          .answers = { { "/token", .status = 428, .body = PENDING_STATE("scanned") } } },
        { "an unknown workstation", .kind = REPLY_UNAVAILABLE,
          .answers = { { "/token", .status = 401, .body = "{\"error\":\"invalid_client\"}" } } },
        { "a server away", .kind = REPLY_UNAVAILABLE, .answers = { { "/token", .status = 503, .body = "{}" } } },
};

static void test_cases(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const DeviceCase *c = &cases[i];
                const FixtureOptions options = { .answers = c->answers, .hold_usec = 1500 * USEC_PER_MSEC };
                PlatformFixture fixture;
                uint64_t start = now_usec();
                ReplyKind kind;

                fixture_start(&fixture, &options);
                assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
                kind = fixture_ask(&fixture, &poll_pending);
                if (kind != c->kind)
                        fail_msg("%s: reply %d", c->sentence, kind);
                if (kind == REPLY_STATE && fixture.reply.state != c->state)
                        fail_msg("%s: state %d", c->sentence, fixture.reply.state);
                if (kind == REPLY_DIGITS_WRONG && fixture.reply.attempts_left != c->attempts_left)
                        fail_msg("%s: %d tries left", c->sentence, fixture.reply.attempts_left);
                if (kind == REPLY_STATE && c->state == DEVICE_PENDING &&
                    now_usec() - start < 1400 * USEC_PER_MSEC)
                        fail_msg("%s: told too soon", c->sentence);
                fixture_stop(&fixture);
        }
}

static void test_what_a_code_tells(void **state) {
        static const ServerAnswer plain[] = { DEVICE(",\"expires_in\":60"), {} };
        _cleanup_(freep) char *text = NULL;
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_DEVICE, .account = "ceshi_jia",
                                                           .binding = true }), REPLY_DEVICE);
        assert_string_equal(fixture.reply.uri, "HTTPS://ITAX.LAB/Q/K7Q29X4P");
        assert_string_equal(fixture.reply.user_code, "K7Q29X4P");
        assert_int_equal(fixture.reply.expires_in_sec, 120);
        text = tls_server_last(fixture.server, "/device");
        assert_non_null(strstr(text, "client_id=lab-workstation&scope=openid+profile+units&login_hint=ceshi_jia"
                                     "&host=ws1&service=login&terminal=tty1&binding=digits"));
        fixture_stop(&fixture);

        fixture_start(&fixture, &(FixtureOptions){ .answers = plain });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        assert_string_equal(fixture.reply.uri, fixture.reply.short_uri);
        fixture_stop(&fixture);
}

static void test_long_poll_says_what_was_seen(void **state) {
        static const ServerAnswer answers[] = { TOKEN_ANSWER(PENDING_STATE("scanned")),
                                                TOKEN_ANSWER(PENDING_STATE("digits_required")),
                                                { "/token", .body = FOLDED }, {} };
        _cleanup_(secret_freep) Secret *digits = NULL;
        Request request = poll_pending;
        PlatformFixture fixture;
        uint64_t start;
        char *text;

        (void)state;
        assert_int_equal(secret_new_from("012345", 6, &digits), 0);
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_DEVICE, .binding = true }), REPLY_DEVICE);
        start = now_usec();

        assert_int_equal(fixture_ask(&fixture, &request), REPLY_STATE);
        text = tls_server_last(fixture.server, "/token");
        assert_non_null(strstr(text, "device_code=dEvIcE-1&wait=18&seen=pending"));
        assert_non_null(strstr(text, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"));
        free(text);

        request.seen = DEVICE_SCANNED;
        assert_int_equal(fixture_ask(&fixture, &request), REPLY_STATE);
        text = tls_server_last(fixture.server, "/token");
        assert_non_null(strstr(text, "&seen=scanned"));
        free(text);

        request.seen = DEVICE_DIGITS;
        request.digits = digits;
        assert_int_equal(fixture_ask(&fixture, &request), REPLY_PERSON);
        text = tls_server_last(fixture.server, "/token");
        assert_non_null(strstr(text, "&wait=1&digits=012345"));
        free(text);

        /* Changes are followed at once: no interval of a second in between. */
        assert_true(now_usec() - start < USEC_PER_SEC);
        assert_int_equal(fixture.reply.person.n_units, 0);
        assert_false(fixture.reply.person.hint_matched);
        fixture_stop(&fixture);
}

static void test_confirmation_is_heard_at_once(void **state) {
        static const ServerAnswer answers[] = { { "/token", .how = ANSWER_CHANGED, .body = FOLDED }, {} };
        PlatformFixture fixture;
        uint64_t changed;

        (void)state;
        /* The server holds the request longer than an answer may take otherwise. */
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers, .timeout_usec = USEC_PER_SEC });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        assert_int_equal(platform_login_request(fixture.login, &poll_pending), 0);
        fixture_run(&fixture, 1500 * USEC_PER_MSEC);
        assert_int_equal(fixture.n_replies, 1);

        tls_server_change(fixture.server);
        changed = now_usec();
        while (fixture.n_replies == 1 && now_usec() - changed < 5 * USEC_PER_SEC)
                assert_true(sd_event_run(fixture.event, USEC_PER_SEC) >= 0);
        assert_int_equal(fixture.reply.kind, REPLY_PERSON);
        assert_true(now_usec() - changed < 500 * USEC_PER_MSEC);
        fixture_stop(&fixture);
}

static void test_held_poll_that_is_lost_ends(void **state) {
        static const ServerAnswer answers[] = { { "/token", .how = ANSWER_SILENCE }, {} };
        PlatformFixture fixture;
        uint64_t start = now_usec();

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers, .timeout_usec = USEC_PER_SEC,
                                                   .hold_usec = 1100 * USEC_PER_MSEC });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        assert_int_equal(fixture_ask(&fixture, &poll_pending), REPLY_UNAVAILABLE);
        assert_true(now_usec() - start > 1900 * USEC_PER_MSEC); /* wait=1, then the time of any answer */
        assert_true(now_usec() - start < 6 * USEC_PER_SEC);
        fixture_stop(&fixture);
}

/* A server that does not hold, though it says so, is asked once a second and not more. */
static void test_long_poll_that_is_none_does_not_spin(void **state) {
        static const ServerAnswer answers[] = { TOKEN_ANSWER(PENDING_STATE("pending")), {} };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers, .hold_usec = 2500 * USEC_PER_MSEC });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        assert_int_equal(fixture_ask(&fixture, &poll_pending), REPLY_STATE);
        assert_true(tls_server_requests(fixture.server, "/token") <= 3);
        fixture_stop(&fixture);
}

static void test_at_once_does_not_wait(void **state) {
        static const ServerAnswer answers[] = { TOKEN_ANSWER(PENDING_STATE("pending")), {} };
        _cleanup_(freep) char *text = NULL;
        PlatformFixture fixture;
        uint64_t start;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        start = now_usec();
        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_POLL, .at_once = true }), REPLY_STATE);
        assert_true(now_usec() - start < 500 * USEC_PER_MSEC);
        text = tls_server_last(fixture.server, "/token");
        assert_non_null(strstr(text, "&wait=1"));
        assert_null(strstr(text, "seen="));
        fixture_stop(&fixture);
}

static void test_plain_server(void **state) {
        static const ServerAnswer answers[] = {
                PLAIN_METADATA,
                DEVICE(",\"expires_in\":600,\"interval\":1"),
                TOKEN_ANSWER(PENDING),
                { "/token", .body = TOKEN_JSON(",\"id_token\":\"x\",\"expires_in\":300") },
                {},
        };
        PlatformFixture fixture;
        uint64_t start;
        char *text;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        text = tls_server_last(fixture.server, "/device");
        assert_non_null(strstr(text, "scope=openid+profile&"));
        free(text);

        start = now_usec();
        assert_int_equal(fixture_ask(&fixture, &poll_pending), REPLY_PERSON);
        assert_true(now_usec() - start > 1900 * USEC_PER_MSEC); /* two intervals, the first before the first poll */
        assert_int_equal(tls_server_requests(fixture.server, "/token"), 2);
        text = tls_server_last(fixture.server, "/token");
        assert_null(strstr(text, "wait="));
        assert_null(strstr(text, "seen="));
        free(text);
        assert_string_equal(fixture.reply.person.login_name, "ceshi_jia");
        assert_int_equal(fixture.reply.person.n_units, 0);
        assert_int_equal(platform_phase(fixture.platform), _PHASE_MAX);
        fixture_stop(&fixture);
}

/* The hold may be over before the interval is: the state is told again, the pace is kept over requests. */
static void test_plain_server_with_a_hold_shorter_than_its_interval(void **state) {
        static const ServerAnswer answers[] = { PLAIN_METADATA, DEVICE(",\"expires_in\":600,\"interval\":1"),
                                                TOKEN_ANSWER(PENDING), {} };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers, .hold_usec = 400 * USEC_PER_MSEC });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        for (int i = 0; i < 4; i++) {
                assert_int_equal(fixture_ask(&fixture, &poll_pending), REPLY_STATE);
                assert_int_equal(fixture.reply.state, DEVICE_PENDING);
        }
        assert_int_equal(tls_server_requests(fixture.server, "/token"), 1);
        fixture_stop(&fixture);
}

static void test_slow_down_is_obeyed(void **state) {
        static const ServerAnswer answers[] = { PLAIN_METADATA, DEVICE(",\"expires_in\":600,\"interval\":1"),
                                                TOKEN_ANSWER("{\"error\":\"slow_down\"}"), {} };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers, .hold_usec = 2500 * USEC_PER_MSEC });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        assert_int_equal(fixture_ask(&fixture, &poll_pending), REPLY_STATE);
        assert_int_equal(tls_server_requests(fixture.server, "/token"), 1);
        fixture_stop(&fixture);
}

static void test_a_new_code_replaces_the_old_one(void **state) {
        static const ServerAnswer answers[] = {
                DEVICE(",\"expires_in\":120"),
                { "/device", .body = "{\"device_code\":\"dEvIcE-2\",\"user_code\":\"u\",\"verification_uri\":\"@/q\","
                                     "\"expires_in\":120}" },
                TOKEN_ANSWER("{\"error\":\"expired_token\"}"),
                TOKEN_ANSWER(PENDING_STATE("scanned")),
                {},
        };
        _cleanup_(freep) char *text = NULL;
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        assert_int_equal(fixture_ask(&fixture, &poll_pending), REPLY_EXPIRED);
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        assert_int_equal(fixture_ask(&fixture, &poll_pending), REPLY_STATE);
        text = tls_server_last(fixture.server, "/token");
        assert_non_null(strstr(text, "device_code=dEvIcE-2&"));
        fixture_stop(&fixture);
}

/* Held polls may share a connection, which may die for reasons that are nobody's: once more, and no more than that. */
static void test_lost_poll_is_sent_once_more(void **state) {
        static const ServerAnswer once[] = { { "/token", .how = ANSWER_NONE }, TOKEN_ANSWER(PENDING_STATE("scanned")), {} };
        static const ServerAnswer always[] = { { "/token", .how = ANSWER_NONE }, {} };
        static const ServerAnswer away[] = { { "/token", .status = 503, .body = "{}" }, {} };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = once });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        assert_int_equal(fixture_ask(&fixture, &poll_pending), REPLY_STATE);
        assert_int_equal(fixture.reply.state, DEVICE_SCANNED);
        assert_int_equal(tls_server_requests(fixture.server, "/token"), 2);
        fixture_stop(&fixture);

        fixture_start(&fixture, &(FixtureOptions){ .answers = always });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        assert_int_equal(fixture_ask(&fixture, &poll_pending), REPLY_UNAVAILABLE);
        assert_true(tls_server_requests(fixture.server, "/token") <= 3); /* a kept connection may have died as well */
        fixture_stop(&fixture);

        /* a server that says that it is away is believed */
        fixture_start(&fixture, &(FixtureOptions){ .answers = away });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        assert_int_equal(fixture_ask(&fixture, &poll_pending), REPLY_UNAVAILABLE);
        assert_int_equal(tls_server_requests(fixture.server, "/token"), 1);
        fixture_stop(&fixture);
}

static void test_cancelled_poll_gives_no_reply(void **state) {
        static const ServerAnswer answers[] = { { "/token", .how = ANSWER_CHANGED, .body = FOLDED }, {} };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        assert_int_equal(platform_login_request(fixture.login, &poll_pending), 0);
        fixture_run(&fixture, 50 * USEC_PER_MSEC);
        platform_login_cancel(fixture.login);
        tls_server_change(fixture.server);
        fixture_run(&fixture, 100 * USEC_PER_MSEC);
        assert_int_equal(fixture.n_replies, 1);
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        fixture_stop(&fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_what_a_code_tells),
                cmocka_unit_test(test_long_poll_says_what_was_seen),
                cmocka_unit_test(test_confirmation_is_heard_at_once),
                cmocka_unit_test(test_held_poll_that_is_lost_ends),
                cmocka_unit_test(test_long_poll_that_is_none_does_not_spin),
                cmocka_unit_test(test_at_once_does_not_wait),
                cmocka_unit_test(test_plain_server),
                cmocka_unit_test(test_plain_server_with_a_hold_shorter_than_its_interval),
                cmocka_unit_test(test_slow_down_is_obeyed),
                cmocka_unit_test(test_a_new_code_replaces_the_old_one),
                cmocka_unit_test(test_lost_poll_is_sent_once_more),
                cmocka_unit_test(test_cancelled_poll_gives_no_reply),
        };

        return cmocka_run_group_tests(tests, fixture_init_process, NULL);
}
