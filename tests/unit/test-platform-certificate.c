/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Units by certificate, as far as the platform is asked: what the key has to sign, and what becomes of it. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/platform-fixture.h"

#define REFUSED(rest) \
        { PATH_VERIFICATION, .status = 403, .type = "application/problem+json", \
          .body = PROBLEM_JSON("unit-certificate-refused", rest) }
#define REASON(word) REFUSED(",\"reason\":\"" word "\"")
#define VERIFIED(json) { PATH_VERIFICATION, .body = json }
#define CHALLENGED(json) { PATH_UNIT_CHALLENGE, .body = json }
#define PEM "-----BEGIN CERTIFICATE-----\nAB+/\n-----END CERTIFICATE-----\n"

static char algorithm[] = "ES256", certificates[] = PEM, signature[] = "MEUCIQ-_x";
static const Signed result = {
        .status = SIGN_OK,
        .tries_left = -1,
        .algorithm = algorithm,
        .certificates = certificates,
        .signature = signature,
};

static const Request challenge = { .kind = REQUEST_UNIT_CHALLENGE, .unit = UNIT_CODE };
static const Request certificate = {
        .kind = REQUEST_UNIT_CERTIFICATE,
        .unit = UNIT_CODE,
        .challenge = CHALLENGE_TEXT,
        .result = &result,
};

typedef struct CertificateCase {
        const char *sentence;
        const Request *request;
        ReplyKind kind;
        ServerAnswer answers[3];
        CertificateFault fault;
} CertificateCase;

static const CertificateCase cases[] = {
        { "a challenge", &challenge, .kind = REPLY_CHALLENGE },
        { "a unit without login by certificate", &challenge, REPLY_UNIT_UNKNOWN,
          .answers = { { PATH_UNIT_CHALLENGE, .status = 404, .body = PROBLEM_JSON("not-found", "") } } },
        { "a unit without relation", &challenge, REPLY_UNIT_UNRELATED,
          .answers = { { PATH_UNIT_CHALLENGE, .status = 403, .body = PROBLEM_JSON("unit-not-related", "") } } },
        { "a person disabled meanwhile", &challenge, REPLY_DISABLED,
          .answers = { { PATH_UNIT_CHALLENGE, .status = 403, .body = PROBLEM_JSON("account-disabled", "") } } },
        { "a challenge refused with the words for another request", &challenge, REPLY_BROKEN,
          .answers = { { PATH_UNIT_CHALLENGE, .status = 403, .body = PROBLEM_JSON("unit-certificate-refused", "") } } },
        { "a token not taken", &challenge, REPLY_BROKEN,
          .answers = { { PATH_UNIT_CHALLENGE, .status = 401, .body = PROBLEM_JSON("unauthorized", "") } } },
        { "no challenge to be had now", &challenge, REPLY_UNAVAILABLE,
          .answers = { { PATH_UNIT_CHALLENGE, .status = 503, .body = "{}" } } },
        /* threats 73 */
        { "an empty challenge", &challenge, REPLY_BROKEN,
          .answers = { CHALLENGED("{\"challenge\":\"\",\"expires_in\":120}") } },
        { "a short challenge", &challenge, REPLY_BROKEN,
          .answers = { CHALLENGED("{\"challenge\":\"0123456789\",\"expires_in\":120}") } },
        { "a challenge with a line of its own", &challenge, REPLY_BROKEN,
          .answers = { CHALLENGED("{\"challenge\":\"0123456789012345678901234567890123456789\\n012\",\"expires_in\":120}") } },
        { "a challenge with status 201", &challenge, REPLY_BROKEN,
          .answers = { { PATH_UNIT_CHALLENGE, .status = 201,
                         .body = "{\"challenge\":\"" CHALLENGE_TEXT "\",\"expires_in\":120}" } } },
        { "a challenge with status 403", &challenge, REPLY_BROKEN,
          .answers = { { PATH_UNIT_CHALLENGE, .status = 403,
                         .body = "{\"challenge\":\"" CHALLENGE_TEXT "\",\"expires_in\":120}" } } },
        { "two documents", &challenge, REPLY_BROKEN,
          .answers = { CHALLENGED("{\"challenge\":\"" CHALLENGE_TEXT "\",\"expires_in\":120}{}") } },
        { "a verification instead of a challenge", &challenge, REPLY_BROKEN, /* threats 65 */
          .answers = { CHALLENGED("{\"code\":\"" UNIT_CODE "\",\"method\":\"ca\"}") } },

        { "a unit by certificate", &certificate, REPLY_UNIT,
          .answers = { VERIFIED("{\"code\":\"" UNIT_CODE "\",\"method\":\"ca\"}") } },
        /* threats 65, 66, 72 */
        { "a verification of another unit", &certificate, REPLY_BROKEN,
          .answers = { VERIFIED("{\"code\":\"" OTHER_UNIT_CODE "\",\"method\":\"ca\"}") } },
        { "a verification by relation, from before", &certificate, .kind = REPLY_BROKEN },
        { "a verification by password, from before", &certificate, REPLY_BROKEN,
          .answers = { VERIFIED("{\"code\":\"" UNIT_CODE "\",\"method\":\"declaration_password\"}") } },
        { "the challenge once more", &certificate, REPLY_BROKEN,
          .answers = { VERIFIED("{\"challenge\":\"" CHALLENGE_TEXT "\",\"expires_in\":120}") } },
        { "an empty object", &certificate, REPLY_BROKEN, .answers = { VERIFIED("{}") } },
        { "a verification with status 403", &certificate, REPLY_BROKEN,
          .answers = { { PATH_VERIFICATION, .status = 403, .body = "{\"code\":\"" UNIT_CODE "\",\"method\":\"ca\"}" } } },
        /* threats 70, 71, 73: what the platform found */
        { "nobody trusts it", &certificate, REPLY_CERTIFICATE, .answers = { REASON("untrusted") }, .fault = CERTIFICATE_UNTRUSTED },
        { "it is too old", &certificate, REPLY_CERTIFICATE, .answers = { REASON("expired") }, .fault = CERTIFICATE_EXPIRED },
        { "it was revoked", &certificate, REPLY_CERTIFICATE, .answers = { REASON("revoked") }, .fault = CERTIFICATE_REVOKED },
        { "it was made for something else", &certificate, REPLY_CERTIFICATE, .answers = { REASON("usage") }, .fault = CERTIFICATE_USAGE },
        { "it is weak", &certificate, REPLY_CERTIFICATE, .answers = { REASON("weak") }, .fault = CERTIFICATE_USAGE },
        { "it is another unit's", &certificate, REPLY_CERTIFICATE, .answers = { REASON("other-unit") }, .fault = CERTIFICATE_OTHER_UNIT },
        { "the signature is wrong", &certificate, REPLY_CERTIFICATE, .answers = { REASON("signature") }, .fault = CERTIFICATE_SIGNATURE },
        { "the challenge was used", &certificate, REPLY_CERTIFICATE, .answers = { REASON("challenge") }, .fault = CERTIFICATE_SIGNATURE },
        { "for a reason that nobody knows", &certificate, REPLY_CERTIFICATE, .answers = { REASON("accepted") }, .fault = CERTIFICATE_UNTRUSTED },
        { "for no reason", &certificate, REPLY_CERTIFICATE, .answers = { REFUSED("") }, .fault = CERTIFICATE_UNTRUSTED },
        { "the relation was removed meanwhile", &certificate, REPLY_UNIT_UNRELATED, /* threats 74 */
          .answers = { { PATH_VERIFICATION, .status = 403, .body = PROBLEM_JSON("unit-not-related", "") } } },
        { "the words for a password", &certificate, REPLY_BROKEN,
          .answers = { { PATH_VERIFICATION, .status = 403, .body = PROBLEM_JSON("unit-password-wrong", "") } } },
        { "the person was disabled meanwhile", &certificate, REPLY_DISABLED,
          .answers = { { PATH_VERIFICATION, .status = 403, .body = PROBLEM_JSON("account-disabled", "") } } },
        { "status 413", &certificate, REPLY_BROKEN,
          .answers = { { PATH_VERIFICATION, .status = 413, .body = PROBLEM_JSON("too-large", "") } } },
        { "status 500", &certificate, REPLY_UNAVAILABLE,
          .answers = { { PATH_VERIFICATION, .status = 500, .body = "{}" } } },
        { "a platform without units", &certificate, REPLY_UNIT_UNKNOWN,
          .answers = { { PATH_METADATA, .body = METADATA_OF("@", ",\"authorization_challenge_endpoint\":\"@/challenge\","
                                                                 "\"userinfo_endpoint\":\"@/userinfo\"") } } },
};

static void test_cases(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const CertificateCase *c = &cases[i];
                PlatformFixture fixture;
                ReplyKind kind;

                fixture_start(&fixture, &(FixtureOptions){ .answers = c->answers });
                assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
                kind = fixture_ask(&fixture, c->request);
                if (kind != c->kind)
                        fail_msg("%s: reply %d", c->sentence, kind);
                if (kind == REPLY_CERTIFICATE && fixture.reply.certificate_fault != c->fault)
                        fail_msg("%s: fault %d", c->sentence, fixture.reply.certificate_fault);
                fixture_stop(&fixture);
        }
}

static void test_what_is_signed_and_sent(void **state) {
        static const ServerAnswer answers[] = { VERIFIED("{\"code\":\"" UNIT_CODE "\",\"method\":\"ca\"}"), {} };
        _cleanup_(freep) char *text = NULL;
        PlatformFixture fixture;
        char *wanted;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        assert_int_equal(fixture_ask(&fixture, &challenge), REPLY_CHALLENGE);
        assert_string_equal(fixture.reply.challenge, CHALLENGE_TEXT);
        assert_int_equal(fixture.reply.expires_in_sec, 120);
        assert_true(asprintf(&wanted, "itax-unit-verification-v1\n%s\n" UNIT_CODE "\n" CHALLENGE_TEXT,
                             tls_server_address(fixture.server)) > 0);
        assert_string_equal(fixture.reply.to_sign, wanted);
        free(wanted);
        text = tls_server_last(fixture.server, PATH_UNIT_CHALLENGE);
        assert_memory_equal(text, "POST ", 5);
        assert_non_null(strstr(text, "Content-Length: 0\r\n"));
        assert_non_null(strstr(text, "Authorization: Bearer tOkEn-1\r\n"));

        assert_int_equal(fixture_ask(&fixture, &certificate), REPLY_UNIT);
        assert_true(fixture_sent(&fixture, PATH_VERIFICATION,
                                 "method=ca&challenge=" CHALLENGE_TEXT "&algorithm=ES256&signature=MEUCIQ-_x&"
                                 "certificates=-----BEGIN+CERTIFICATE-----%0AAB%2B%2F%0A-----END+CERTIFICATE-----%0A"));
        assert_false(fixture_sent(&fixture, PATH_VERIFICATION, "password"));
        fixture_stop(&fixture);
}

/* A unit code is part of the address and of what is signed: nothing else gets in (threats 72, 82). */
static void test_codes_that_are_none(void **state) {
        static const char *const codes[] = { "", "*", "../account", "91990000000000002b", "9199 000", "9199\n000",
                                             "919900000000000018?x", "919900000000000018919900000000000018" };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        for (size_t i = 0; i < ELEMENTSOF(codes); i++) {
                Request request = challenge;
                unsigned n_before = tls_server_requests(fixture.server, NULL);

                request.unit = codes[i];
                assert_int_equal(platform_login_request(fixture.login, &request), -EINVAL);
                request = certificate;
                request.unit = codes[i];
                assert_int_equal(platform_login_request(fixture.login, &request), -EINVAL);
                assert_int_equal(tls_server_requests(fixture.server, NULL), n_before);
        }
        assert_int_equal(fixture_ask(&fixture, &challenge), REPLY_CHALLENGE);
        fixture_stop(&fixture);
}

static void test_signatures_that_are_none(void **state) {
        static const Signed results[] = {
                { .status = SIGN_WRONG_PIN, .algorithm = algorithm, .certificates = certificates, .signature = signature },
                { .status = SIGN_OK, .certificates = certificates, .signature = signature },
                { .status = SIGN_OK, .algorithm = algorithm, .signature = signature },
                { .status = SIGN_OK, .algorithm = algorithm, .certificates = certificates },
        };
        PlatformFixture fixture;
        Request request = certificate;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(platform_login_request(fixture.login, &challenge), -EINVAL); /* nobody has logged in */
        assert_int_equal(platform_login_request(fixture.login, &certificate), -EINVAL);
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        for (size_t i = 0; i < ELEMENTSOF(results); i++) {
                request.result = &results[i];
                assert_int_equal(platform_login_request(fixture.login, &request), -EINVAL);
        }
        request = certificate;
        request.challenge = NULL;
        assert_int_equal(platform_login_request(fixture.login, &request), -EINVAL);
        request = certificate;
        request.result = NULL;
        assert_int_equal(platform_login_request(fixture.login, &request), -EINVAL);
        fixture_run(&fixture, 10 * USEC_PER_MSEC);
        assert_int_equal(tls_server_requests(fixture.server, PATH_VERIFICATION), 0);
        fixture_stop(&fixture);
}

static void test_what_a_unit_can_be_verified_by(void **state) {
        static const ServerAnswer answers[] = {
                { "/units", .body = "{\"units\":[{\"code\":\"" UNIT_CODE "\",\"name\":\"u\",\"methods\":[\"ca\"]},"
                                    "{\"code\":\"" OTHER_UNIT_CODE "\",\"name\":\"v\",\"methods\":[\"relation\"]}]}" },
                {},
        };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        assert_true(fixture.reply.person.units[0].has_certificate);
        assert_false(fixture.reply.person.units[0].has_password);
        assert_false(fixture.reply.person.units[1].has_certificate);
        fixture_stop(&fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_what_is_signed_and_sent),
                cmocka_unit_test(test_codes_that_are_none),
                cmocka_unit_test(test_signatures_that_are_none),
                cmocka_unit_test(test_what_a_unit_can_be_verified_by),
        };

        return cmocka_run_group_tests(tests, fixture_init_process, NULL);
}
