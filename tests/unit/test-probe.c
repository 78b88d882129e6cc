/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Probe: each way in which a platform can be ill has its own word. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "daemon/platform/probe.h"
#include "tests/unit/platform-fixture.h"

#define OPENID_ONLY \
        METADATA_OF("@", ",\"authorization_challenge_endpoint\":\"@/challenge\"," \
                         "\"userinfo_endpoint\":\"@/userinfo\"")

typedef struct Heard {
        unsigned n;
        PlatformHealth health;
        char why[320];
        bool frees;
} Heard;

static void on_health(PlatformProbe *probe, const PlatformHealth *health, void *userdata) {
        Heard *heard = userdata;

        heard->n++;
        heard->health = *health;
        (void)snprintf(heard->why, sizeof(heard->why), "%s", health->why ? health->why : "");
        assert_int_equal(health->why == NULL, health->state == PLATFORM_OK);
        if (heard->frees)
                (void)platform_probe_free(probe);
}

static void probe(const FixtureOptions *options, Heard *heard) {
        PlatformFixture fixture;
        PlatformProbe *asked = NULL;
        uint64_t until = now_usec() + 30 * USEC_PER_SEC;

        *heard = (Heard){ .frees = heard->frees };
        fixture_start(&fixture, options);
        assert_int_equal(platform_probe_new(fixture.platform, on_health, heard, &asked), 0);
        assert_int_equal(heard->n, 0);
        while (heard->n == 0 && now_usec() < until)
                assert_true(sd_event_run(fixture.event, USEC_PER_SEC) >= 0);
        assert_int_equal(heard->n, 1);
        if (!heard->frees)
                (void)platform_probe_free(asked);
        fixture_stop(&fixture);
}

static void test_states(void **state) {
        static const ServerAnswer refusing[] = {
                { "/revoke", .status = 401, .body = "{\"error\":\"invalid_client\"}" },
                {},
        };
        static const ServerAnswer busy[] = { { PATH_METADATA, .status = 503, .body = "{}" }, {} };
        static const ServerAnswer silent[] = { { PATH_METADATA, .how = ANSWER_SILENCE }, {} };
        static const ServerAnswer cut[] = { { PATH_METADATA, .how = ANSWER_NONE }, {} };
        static const ServerAnswer page[] = {
                { PATH_METADATA, .body = "<html>", .type = "text/html" },
                {},
        };
        static const ServerAnswer other[] = {
                { PATH_METADATA, .body = METADATA_OF("https://other.example", "") },
                {},
        };
        static const ServerAnswer moved[] = {
                { PATH_METADATA, .status = 302, .headers = "Location: https://example.org/\r\n" },
                {},
        };
        static const ServerAnswer openid[] = {
                { PATH_METADATA, .status = 404, .body = "{}" },
                { PATH_OPENID, .body = OPENID_ONLY },
                {},
        };
        static const ServerAnswer revoke_busy[] = {
                { "/revoke", .status = 503, .body = "{}" },
                {},
        };
        static const struct {
                ServerCert cert;
                const ServerAnswer *answers;
                PlatformState state;
                uint64_t timeout_usec;
        } cases[] = {
                { CERT_GOOD, NULL, PLATFORM_OK, 0 },
                { CERT_GOOD, openid, PLATFORM_OK, 0 },
                { CERT_GOOD, refusing, PLATFORM_REFUSED, 0 },
                { CERT_GOOD, busy, PLATFORM_AWAY, 0 },
                { CERT_GOOD, revoke_busy, PLATFORM_AWAY, 0 },
                { CERT_GOOD, silent, PLATFORM_AWAY, USEC_PER_SEC },
                { CERT_GOOD, page, PLATFORM_BROKEN, 0 },
                { CERT_GOOD, other, PLATFORM_BROKEN, 0 },
                { CERT_GOOD, moved, PLATFORM_BROKEN, 0 },
                { CERT_WRONG_HOST, NULL, PLATFORM_UNTRUSTED, 0 },
                { CERT_SELF_SIGNED, NULL, PLATFORM_UNTRUSTED, 0 },
                { CERT_UNKNOWN_CA, NULL, PLATFORM_UNTRUSTED, 0 },
                { CERT_EXPIRED, NULL, PLATFORM_UNTRUSTED, 0 },
                { CERT_OLD_TLS, NULL, PLATFORM_UNTRUSTED, 0 },
                { CERT_GOOD, cut, PLATFORM_AWAY, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Heard heard = { .frees = i % 2 };

                probe(&(FixtureOptions){ .cert = cases[i].cert,
                                         .answers = cases[i].answers,
                                         .timeout_usec = cases[i].timeout_usec },
                      &heard);
                if (heard.health.state != cases[i].state)
                        fail_msg("case %zu: %s %s", i, platform_state_to_string(heard.health.state),
                                 heard.why);
        }
}

static void test_clock_and_certificate(void **state) {
        static ServerAnswer answers[] = { { .path = PATH_METADATA }, {} };
        const time_t ahead = time(NULL) + 3600;
        char date[64];
        struct tm tm;
        Heard heard = {};

        (void)state;
        assert_non_null(gmtime_r(&ahead, &tm));
        assert_true(strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm) > 0);
        for (const ServerAnswer *good = good_answers; good->path; good++)
                if (strcmp(good->path, PATH_METADATA) == 0)
                        answers[0] = *good;
        answers[0].headers = date;
        probe(&(FixtureOptions){ .answers = answers }, &heard);
        assert_int_equal(heard.health.state, PLATFORM_OK);
        assert_true(heard.health.has_clock);
        assert_in_range(heard.health.clock_offset_sec, 3540, 3600);
        assert_true(heard.health.expires_sec > (int64_t)time(NULL));
        assert_true(heard.health.asked_usec > 0);

        answers[0].headers = "Date: long ago\r\n";
        probe(&(FixtureOptions){ .answers = answers }, &heard);
        assert_int_equal(heard.health.state, PLATFORM_OK);
        assert_false(heard.health.has_clock);
}

static void test_gone_before_the_answer(void **state) {
        PlatformFixture fixture;
        PlatformProbe *asked = NULL;
        Heard heard = {};

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(platform_probe_new(fixture.platform, on_health, &heard, &asked), 0);
        (void)platform_probe_free(asked);
        fixture_run(&fixture, USEC_PER_SEC / 10);
        assert_int_equal(heard.n, 0);
        fixture_stop(&fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_states),
                cmocka_unit_test(test_clock_and_certificate),
                cmocka_unit_test(test_gone_before_the_answer),
        };

        return cmocka_run_group_tests(tests, fixture_init_process, NULL);
}
