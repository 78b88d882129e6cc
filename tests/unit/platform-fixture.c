/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* PlatformFixture: setting up and asking */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/platform-fixture.h"

const ServerAnswer good_answers[] = {
        { PATH_METADATA,
          .body = METADATA_OF("@", ",\"authorization_challenge_endpoint\":\"@/challenge\","
                                   "\"device_authorization_endpoint\":\"@/device\","
                                   "\"userinfo_endpoint\":\"@/userinfo\",\"revocation_endpoint\":\"@/revoke\","
                                   "\"units_endpoint\":\"@/units\",\"device_scanned_state_supported\":true,"
                                   "\"password_endpoint\":\"@/password\","
                                   "\"device_long_poll_seconds\":20,\"phase\":\"relation\","
                                   "\"phases\":{\"relation\":\"2020-01-01\",\"realname\":\"2030-12-31\"},"
                                   "\"links\":{\"register\":\"@/register\",\"app_download\":\"http://x/app\"}") },
        { "/challenge", .body = "{\"authorization_code\":\"cOdE-1\"}" },
        { "/token", .body = TOKEN_JSON("") },
        { "/userinfo", .body = PERSON_JSON },
        { "/units", .body = "{\"units\":" UNITS_JSON "}" },
        { "/device", .body = "{\"device_code\":\"dEvIcE-1\",\"user_code\":\"K7Q29X4P\",\"verification_uri\":\"@/q\","
                             "\"verification_uri_complete\":\"HTTPS://ITAX.LAB/Q/K7Q29X4P\",\"expires_in\":120,"
                             "\"interval\":1}" },
        { PATH_VERIFICATION, .body = "{\"code\":\"" UNIT_CODE "\",\"method\":\"relation\"}" },
        { PATH_UNIT_CHALLENGE, .body = "{\"challenge\":\"" CHALLENGE_TEXT "\",\"expires_in\":120}" },
        { "/password", .body = "{}" },
        { "/revoke", .body = "{}" },
        {},
};

uint64_t now_usec(void) {
        struct timespec now;

        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

int fixture_init_process(void **state) {
        (void)state;
        (void)signal(SIGPIPE, SIG_IGN);
        return platform_init_process();
}

static void on_reply(PlatformLogin *login, Reply *reply, void *userdata) {
        PlatformFixture *fixture = userdata;

        assert_ptr_equal(login, fixture->login);
        reply_done(&fixture->reply);
        fixture->reply = *reply;
        *reply = (Reply){};
        fixture->n_replies++;
}

void fixture_renew(PlatformFixture *fixture) {
        const PlatformContext context = {
                .login_id = 1,
                .host = "ws1",
                .service = "login",
                .terminal = "tty1",
        };

        assert_int_equal(platform_login_new(fixture->platform, &context, on_reply, fixture, &fixture->login), 0);
}

void fixture_connect(PlatformFixture *fixture, const FixtureOptions *options) {
        PlatformConfig config = {
                .client_id = "lab-workstation",
                .client_secret_file = options->secret_file,
                .unix_socket = options->unix_socket,
                .timeout_usec = options->timeout_usec ? options->timeout_usec : 10 * USEC_PER_SEC,
                .connect_timeout_usec = 15 * USEC_PER_SEC,
        };

        assert_true(sd_event_new(&fixture->event) >= 0);
        config.issuer = options->issuer ? options->issuer : tls_server_address(fixture->server);
        config.ca_file = options->ca_file ? options->ca_file : tls_server_ca_file(fixture->server);
        assert_int_equal(platform_new(fixture->event, &config, &fixture->platform), 0);
        if (options->hold_usec)
                fixture->platform->hold_usec = options->hold_usec;
        fixture_renew(fixture);
}

void fixture_start(PlatformFixture *fixture, const FixtureOptions *options) {
        *fixture = (PlatformFixture){};
        fixture->server = tls_server_new(options->cert, options->answers, good_answers);
        fixture_connect(fixture, options);
}

void fixture_stop(PlatformFixture *fixture) {
        (void)platform_login_free(fixture->login);
        (void)platform_free(fixture->platform);
        (void)sd_event_unref(fixture->event);
        (void)tls_server_free(fixture->server);
        reply_done(&fixture->reply);
        *fixture = (PlatformFixture){};
}

void fixture_run(PlatformFixture *fixture, uint64_t usec) {
        uint64_t until = now_usec() + usec;

        for (uint64_t now = now_usec(); now < until; now = now_usec())
                assert_true(sd_event_run(fixture->event, until - now) >= 0);
}

ReplyKind fixture_ask(PlatformFixture *fixture, const Request *request) {
        uint64_t until = now_usec() + 20 * USEC_PER_SEC;
        unsigned n_before = fixture->n_replies;

        assert_int_equal(platform_login_request(fixture->login, request), 0);
        assert_int_equal(fixture->n_replies, n_before);
        while (fixture->n_replies == n_before && now_usec() < until)
                assert_true(sd_event_run(fixture->event, USEC_PER_SEC) >= 0);
        assert_int_equal(fixture->n_replies, n_before + 1);
        return fixture->reply.kind;
}

ReplyKind fixture_ask_simple(PlatformFixture *fixture, RequestKind kind) {
        _cleanup_(secret_freep) Secret *password = NULL;
        Request request = { .kind = kind, .account = "ceshi_jia", .unit = UNIT_CODE };

        assert_int_equal(secret_new_from("Jia-pass1 &=", 12, &password), 0);
        request.password = password;
        return fixture_ask(fixture, &request);
}

ReplyKind fixture_ask_password(PlatformFixture *fixture) {
        return fixture_ask_simple(fixture, REQUEST_PASSWORD);
}

bool fixture_sent(PlatformFixture *fixture, const char *path, const char *text) {
        _cleanup_(freep) char *request = tls_server_last(fixture->server, path);

        return request && strstr(request, text);
}
