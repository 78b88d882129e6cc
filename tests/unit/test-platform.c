/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The platform as seen by a login: each way in which a server can answer, and the reply that comes of it. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "daemon/platform/http-internal.h"
#include "tests/unit/platform-fixture.h"

#define METADATA(rest) { PATH_METADATA, .body = METADATA_OF("@", rest) }
#define PROBLEM(word, rest) "{\"type\":\"https://x/problems/" word "\"" rest "}"
#define CAPTCHA_JSON ",\"captcha_id\":\"c-1\",\"captcha_png\":\"iVBORw0KGgo=\""

typedef struct PlatformCase {
        const char *sentence;
        ReplyKind kind;         /* of the reply expected */
        RequestKind request;    /* REQUEST_NONE: a password; a unit is asked for after a good password */
        ServerAnswer answers[5];
        ServerCert cert;
        const char *path;       /* asked for at most .n_most times, and never if that is 0 */
        unsigned n_most;
        const char *issuer;
        unsigned timeout_msec;  /* 0: long enough */
} PlatformCase;

static const PlatformCase cases[] = {
        { "a password takes challenge, token, userinfo and units", .kind = REPLY_PERSON },
        { "a person folded in is not asked for", REPLY_PERSON,
          .answers = { { "/token", .body = TOKEN_JSON(",\"userinfo\":" PERSON_JSON) } }, .path = "/userinfo" },
        { "units folded in are not asked for", REPLY_PERSON,
          .answers = { { "/token", .body = TOKEN_JSON(",\"userinfo\":{\"sub\":\"7\",\"preferred_username\":\"ceshi_jia\","
                                           "\"units\":" UNITS_JSON "}") } }, .path = "/units" },
        { "a platform without units is not asked for them", REPLY_PERSON,
          .answers = { METADATA(",\"authorization_challenge_endpoint\":\"@/challenge\",\"userinfo_endpoint\":\"@/userinfo\"") },
          .path = "/units" },
        { "chunked answers are as good", REPLY_PERSON,
          .answers = { { "/token", .how = ANSWER_CHUNKED, .body = TOKEN_JSON("") } } },
        { "a type with a character set is JSON too", REPLY_PERSON,
          .answers = { { "/token", .body = TOKEN_JSON(""), .type = "Application/JSON; charset=utf-8" } } },
        { "metadata at the place of OpenID Connect is found", REPLY_PERSON,
          .answers = { { PATH_METADATA, .status = 404, .type = "text/html", .body = "<html>" },
            { PATH_OPENID, .body = METADATA_OF("@", ",\"authorization_challenge_endpoint\":\"@/challenge\","
                                                    "\"userinfo_endpoint\":\"@/userinfo\"") } } },

        /* what the platform says about a password */
        { "a wrong password", REPLY_WRONG,
          .answers = { { "/challenge", .status = 400, .body = "{\"error\":\"invalid_credentials\",\"attempts_left\":4}" } },
          .path = "/token" },
        { "a captcha is due", REPLY_CAPTCHA,
          .answers = { { "/challenge", .status = 400, .body = "{\"error\":\"captcha_required\"" CAPTCHA_JSON "}" } } },
        { "a captcha is due and there is none", REPLY_BROKEN,
          .answers = { { "/challenge", .status = 400, .body = "{\"error\":\"captcha_required\"}" } } },
        { "a locked account", REPLY_LOCKED,
          .answers = { { "/challenge", .status = 400, .body = "{\"error\":\"account_locked\",\"retry_after\":7200}" } } },
        { "a disabled account", REPLY_DISABLED,
          .answers = { { "/challenge", .status = 400, .body = "{\"error\":\"account_disabled\"}" } } },
        { "an account disabled before its code was redeemed", REPLY_DISABLED,
          .answers = { { "/token", .status = 400, .body = "{\"error\":\"account_disabled\"}" } }, .path = "/userinfo" },
        { "a server that knows no such error but the one of RFC 6749", REPLY_WRONG,
          .answers = { { "/challenge", .status = 400, .body = "{\"error\":\"invalid_grant\"}" } } },
        { "an error that nobody knows", REPLY_BROKEN,
          .answers = { { "/challenge", .status = 400, .body = "{\"error\":\"success\"}" } } },
        { "this workstation is not known", REPLY_UNAVAILABLE,
          .answers = { { "/challenge", .status = 401, .body = "{\"error\":\"invalid_client\"}" } }, .path = "/token" },
        { "this workstation is not known when the code is redeemed", REPLY_UNAVAILABLE,
          .answers = { { "/token", .status = 401, .body = "{\"error\":\"invalid_client\"}" } } },
        { "an ended session is begun again once", REPLY_PERSON,
          .answers = { { "/challenge", .status = 400, .body = "{\"error\":\"invalid_session\"}" },
            { "/challenge", .body = "{\"authorization_code\":\"c\"}" } } },
        { "and not twice", REPLY_BROKEN,
          .answers = { { "/challenge", .status = 400, .body = "{\"error\":\"invalid_session\"}" } },
          .path = "/challenge", .n_most = 2 },
        { "a platform without password login", REPLY_UNAVAILABLE, .answers = { METADATA("") }, .path = "/challenge" },

        /* threats 38: statuses, mapped, no retry storm */
        { "HTML with status 200", REPLY_BROKEN,
          .answers = { { "/challenge", .type = "text/html", .body = "<html>" } }, .path = "/challenge", .n_most = 1 },
        { "JSON that calls itself text", REPLY_BROKEN,
          .answers = { { "/challenge", .type = "text/plain", .body = "{\"authorization_code\":\"c\"}" } }, .path = "/token" },
        { "a type that only begins like JSON", REPLY_BROKEN,
          .answers = { { "/challenge", .type = "application/jsonx", .body = "{\"authorization_code\":\"c\"}" } } },
        { "a code with status 201", REPLY_BROKEN,
          .answers = { { "/challenge", .status = 201, .body = "{\"authorization_code\":\"c\"}" } }, .path = "/token" },
        { "a code with status 400", REPLY_BROKEN,
          .answers = { { "/challenge", .status = 400, .body = "{\"authorization_code\":\"c\"}" } }, .path = "/token" },
        { "a refusal with status 200", REPLY_BROKEN,
          .answers = { { "/challenge", .body = "{\"error\":\"invalid_credentials\"}" } } },
        { "status 204", REPLY_BROKEN, .answers = { { "/challenge", .status = 204 } } },
        { "status 429", REPLY_UNAVAILABLE, .answers = { { "/challenge", .status = 429, .body = "{}" } },
          .path = "/challenge", .n_most = 1 },
        { "status 500", REPLY_UNAVAILABLE, .answers = { { "/challenge", .status = 500, .body = "{}" } },
          .path = "/challenge", .n_most = 1 },
        { "status 503 in HTML without a length", REPLY_UNAVAILABLE,
          .answers = { { "/challenge", .how = ANSWER_NO_LENGTH, .status = 503, .type = "text/html", .body = "<html>" } } },
        { "a storm of 1xx", REPLY_BROKEN, .answers = { { "/challenge", .how = ANSWER_CONTINUES } },
          .path = "/challenge", .n_most = 1 },

        /* threats 39: redirects, none is followed */
        { "a redirect to the same place", REPLY_BROKEN,
          .answers = { { "/challenge", .status = 302, .body = "{}", .headers = "Location: @/other\r\n" } }, .path = "/other" },
        { "a redirect that keeps the method", REPLY_BROKEN,
          .answers = { { "/challenge", .status = 307, .body = "{}", .headers = "Location: @/other\r\n" } }, .path = "/other" },
        { "a redirect to plain http", REPLY_BROKEN,
          .answers = { { "/challenge", .status = 307, .body = "{}", .headers = "Location: http://127.0.0.1:1/\r\n" } } },
        { "a redirect to a file", REPLY_BROKEN,
          .answers = { { "/challenge", .status = 302, .body = "{}", .headers = "Location: file:///etc/passwd\r\n" } } },

        /* threats 35-37: not reached, silent, cut off */
        { "nobody listens", REPLY_UNAVAILABLE, .issuer = "https://localhost:1" },
        { "a server that reads and says nothing", REPLY_UNAVAILABLE, .answers = { { "/challenge", .how = ANSWER_SILENCE } },
          .timeout_msec = 300, .path = "/challenge", .n_most = 1 },
        { "a server that drips", REPLY_UNAVAILABLE, .answers = { { "/challenge", .how = ANSWER_DRIP } }, .timeout_msec = 300 },
        { "a server silent about its metadata", REPLY_UNAVAILABLE, .answers = { { PATH_METADATA, .how = ANSWER_SILENCE } },
          .timeout_msec = 300, .path = "/challenge" },
        { "half a body, then an orderly end", REPLY_UNAVAILABLE,
          .answers = { { "/challenge", .how = ANSWER_SHORT, .body = "{\"authorization_code\":\"c\"}" } }, .path = "/token" },
        { "half a body, then a reset", REPLY_UNAVAILABLE,
          .answers = { { "/challenge", .how = ANSWER_RESET, .body = "{\"authorization_code\":\"c\"}" } }, .path = "/token" },
        { "a body that ends with the connection", REPLY_BROKEN,
          .answers = { { "/challenge", .how = ANSWER_NO_LENGTH, .body = "{\"authorization_code\":\"c\"}" } }, .path = "/token" },
        { "a body cut without a word", REPLY_BROKEN,
          .answers = { { "/challenge", .how = ANSWER_CUT, .body = "{\"authorization_code\":\"c\"}" } }, .path = "/token" },
        { "no answer at all is asked for once more on a new connection only", REPLY_UNAVAILABLE,
          .answers = { { "/challenge", .how = ANSWER_NONE } }, .path = "/challenge", .n_most = 2 },
        { "a kept connection that dies is replaced once", REPLY_PERSON,
          .answers = { { "/challenge", .how = ANSWER_NONE }, { "/challenge", .body = "{\"authorization_code\":\"c\"}" } },
          .path = "/challenge", .n_most = 2 },
        { "what is no HTTP", REPLY_BROKEN, .answers = { { "/challenge", .how = ANSWER_GARBAGE } } },

        /* threats 40: too much */
        { "a body without an end", REPLY_BROKEN, .answers = { { "/challenge", .how = ANSWER_ENDLESS } } },
        { "a header without an end", REPLY_BROKEN, .answers = { { "/challenge", .how = ANSWER_HEADERS } } },
        { "a packed body, which nobody asked for", REPLY_BROKEN,
          .answers = { { "/challenge", .body = "\x1f\x8b\x08", .headers = "Content-Encoding: gzip\r\n" } } },

        /* threats 41: certificates, and not a byte of the request goes out */
        { "a certificate of another host", REPLY_UNAVAILABLE, .cert = CERT_WRONG_HOST },
        { "a certificate with the host in its subject only", REPLY_UNAVAILABLE, .cert = CERT_NAME_IN_CN },
        { "a certificate signed by itself", REPLY_UNAVAILABLE, .cert = CERT_SELF_SIGNED },
        { "a certificate of another CA with the same name", REPLY_UNAVAILABLE, .cert = CERT_UNKNOWN_CA },
        { "an expired certificate", REPLY_UNAVAILABLE, .cert = CERT_EXPIRED },
        { "a certificate of the future", REPLY_UNAVAILABLE, .cert = CERT_NOT_YET },
        { "TLS 1.1", REPLY_UNAVAILABLE, .cert = CERT_OLD_TLS },

        /* threats 42: JSON; the many forms are in test-wire */
        { "half of a document, whole by its length", REPLY_BROKEN,
          .answers = { { "/challenge", .body = "{\"authorization_code\":\"c\"" } }, .path = "/token" },
        { "a member twice", REPLY_BROKEN,
          .answers = { { "/challenge", .body = "{\"authorization_code\":\"c\",\"authorization_code\":\"d\"}" } },
          .path = "/token" },
        { "an empty body", REPLY_BROKEN, .answers = { { "/challenge", .body = "" } } },
        { "a token of another type", REPLY_BROKEN,
          .answers = { { "/token", .body = "{\"access_token\":\"t\",\"token_type\":\"mac\"}" } }, .path = "/userinfo" },
        { "a person without a subject", REPLY_BROKEN, .answers = { { "/userinfo", .body = "{\"name\":\"x\"}" } } },
        { "a person without a login name", REPLY_BROKEN, .answers = { { "/userinfo", .body = "{\"sub\":\"7\"}" } },
          .path = "/units", .n_most = 1 },
        { "a login name with an invisible character", REPLY_BROKEN,
          .answers = { { "/userinfo", .body = "{\"sub\":\"7\",\"preferred_username\":\"root\\u200b\"}" } } },
        { "units that are no list", REPLY_BROKEN, .answers = { { "/units", .body = "{\"units\":{}}" } } },
        { "a token that its own server does not take", REPLY_BROKEN,
          .answers = { { "/userinfo", .status = 401, .type = "application/problem+json", .body = PROBLEM("unauthorized", "") } } },

        /* metadata */
        { "metadata of another issuer", REPLY_BROKEN,
          .answers = { { PATH_METADATA, .body = METADATA_OF("https://other.example",
                                                 ",\"authorization_challenge_endpoint\":\"@/challenge\"") } },
          .path = "/challenge" },
        { "an issuer with a slash too many", REPLY_BROKEN,
          .answers = { { PATH_METADATA, .body = METADATA_OF("@/", ",\"authorization_challenge_endpoint\":\"@/challenge\"") } },
          .path = "/challenge" },
        { "an endpoint on another host", REPLY_BROKEN,
          .answers = { METADATA(",\"authorization_challenge_endpoint\":\"https://other.example/challenge\"") } },
        { "an endpoint on another port", REPLY_BROKEN,
          .answers = { METADATA(",\"authorization_challenge_endpoint\":\"https://localhost/challenge\"") } },
        { "an endpoint over plain http", REPLY_BROKEN,
          .answers = { METADATA(",\"authorization_challenge_endpoint\":\"http://localhost/challenge\"") } },
        { "an endpoint with another user's name", REPLY_BROKEN,
          .answers = { METADATA(",\"authorization_challenge_endpoint\":\"https://a:b@localhost/challenge\"") } },
        { "an unused endpoint on another host", REPLY_BROKEN,
          .answers = { METADATA(",\"authorization_challenge_endpoint\":\"@/challenge\","
                     "\"revocation_endpoint\":\"https://other.example/revoke\"") }, .path = "/challenge" },
        { "a password endpoint on another host", REPLY_BROKEN,
          .answers = { METADATA(",\"authorization_challenge_endpoint\":\"@/challenge\","
                     "\"password_endpoint\":\"https://other.example/password\"") }, .path = "/challenge" },
        { "a phase from a day that does not exist", REPLY_BROKEN,
          .answers = { METADATA(",\"authorization_challenge_endpoint\":\"@/challenge\",\"userinfo_endpoint\":\"@/userinfo\","
                     "\"phases\":{\"realname\":\"2030-02-30\"}") }, .path = "/challenge" },
        { "a phase from a leap day", REPLY_PERSON,
          .answers = { METADATA(",\"authorization_challenge_endpoint\":\"@/challenge\",\"userinfo_endpoint\":\"@/userinfo\","
                     "\"phases\":{\"realname\":\"2032-02-29\"}") } },
        { "metadata that redirect", REPLY_BROKEN,
          .answers = { { PATH_METADATA, .status = 301, .body = "{}", .headers = "Location: @/other\r\n" } }, .path = "/other" },
        { "metadata nowhere", REPLY_BROKEN,
          .answers = { { PATH_METADATA, .status = 404, .body = "{}" }, { PATH_OPENID, .status = 404, .body = "{}" } } },
        { "metadata away", REPLY_UNAVAILABLE, .answers = { { PATH_METADATA, .status = 502, .body = "{}" } },
          .path = PATH_METADATA, .n_most = 1 },

        /* units */
        { "a unit by relation", REPLY_UNIT, .request = REQUEST_UNIT_RELATION },
        { "a unit by password", REPLY_UNIT, .request = REQUEST_UNIT_PASSWORD,
          .answers = { { PATH_VERIFICATION, .body = "{\"code\":\"" UNIT_CODE "\",\"method\":\"declaration_password\"}" } } },
        { "a verification by another method than asked for", REPLY_BROKEN, .request = REQUEST_UNIT_PASSWORD },
        { "a verification of another unit", REPLY_BROKEN, .request = REQUEST_UNIT_RELATION, /* threats 66 */
          .answers = { { PATH_VERIFICATION, .body = "{\"code\":\"91990000000000002B\",\"method\":\"relation\"}" } } },
        { "a verification that is an empty object", REPLY_BROKEN, .request = REQUEST_UNIT_RELATION, /* threats 72 */
          .answers = { { PATH_VERIFICATION, .body = "{}" } } },
        { "a unit without relation", REPLY_UNIT_UNRELATED, .request = REQUEST_UNIT_RELATION,
          .answers = { { PATH_VERIFICATION, .status = 403, .type = "application/problem+json",
              .body = PROBLEM("unit-not-related", "") } } },
        { "a wrong unit password", REPLY_WRONG, .request = REQUEST_UNIT_PASSWORD,
          .answers = { { PATH_VERIFICATION, .status = 403, .type = "application/problem+json",
              .body = PROBLEM("unit-password-wrong", ",\"attempts_left\":3" CAPTCHA_JSON) } } },
        { "a unit's captcha", REPLY_CAPTCHA, .request = REQUEST_UNIT_PASSWORD,
          .answers = { { PATH_VERIFICATION, .status = 403, .type = "application/problem+json",
              .body = PROBLEM("unit-captcha-required", CAPTCHA_JSON) } } },
        { "a new picture for a unit's captcha", REPLY_CAPTCHA, .request = REQUEST_CAPTCHA,
          .answers = { { PATH_VERIFICATION, .status = 403, .type = "application/problem+json",
              .body = PROBLEM("unit-captcha-required", CAPTCHA_JSON) } } },
        { "a verification where a picture was asked for", REPLY_BROKEN, .request = REQUEST_CAPTCHA },
        { "a locked unit", REPLY_LOCKED, .request = REQUEST_UNIT_PASSWORD,
          .answers = { { PATH_VERIFICATION, .status = 403, .type = "application/problem+json",
              .body = PROBLEM("unit-locked", ",\"retry_after\":7200") } } },
        { "a wrong password where none was sent", REPLY_BROKEN, .request = REQUEST_UNIT_RELATION,
          .answers = { { PATH_VERIFICATION, .status = 403, .body = PROBLEM("unit-password-wrong", "") } } },
        { "a unit that is not the person's", REPLY_UNIT_UNKNOWN, .request = REQUEST_UNIT_RELATION,
          .answers = { { PATH_VERIFICATION, .status = 404, .type = "application/problem+json",
              .body = PROBLEM("not-found", "") } } },
        { "a problem that nobody knows", REPLY_BROKEN, .request = REQUEST_UNIT_RELATION,
          .answers = { { PATH_VERIFICATION, .status = 403, .body = PROBLEM("unit-verified", "") } } },
        { "a person disabled meanwhile", REPLY_DISABLED, .request = REQUEST_UNIT_RELATION, /* threats 59 */
          .answers = { { PATH_VERIFICATION, .status = 403, .body = PROBLEM("account-disabled", "") } } },
        { "units away", REPLY_UNAVAILABLE, .request = REQUEST_UNIT_RELATION,
          .answers = { { PATH_VERIFICATION, .status = 503, .body = "{}" } } },

        /* QR codes; how they go on is in test-platform-device */
        { "a QR code", REPLY_DEVICE, .request = REQUEST_DEVICE },
        { "a QR code with a web page that is not https", REPLY_BROKEN, .request = REQUEST_DEVICE,
          .answers = { { "/device", .body = "{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_uri\":\"http://x/q\","
                                 "\"expires_in\":120}" } } },
        { "a QR code that would dial", REPLY_BROKEN, .request = REQUEST_DEVICE,
          .answers = { { "/device", .body = "{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_uri\":\"@/q\","
                                 "\"verification_uri_complete\":\"tel:110\",\"expires_in\":120}" } } },
        { "a platform without QR login", REPLY_UNAVAILABLE, .request = REQUEST_DEVICE, .answers = { METADATA("") } },
        { "a QR code refused", REPLY_BROKEN, .request = REQUEST_DEVICE,
          .answers = { { "/device", .status = 400, .body = "{\"error\":\"invalid_scope\"}" } } },
        { "a QR code for an unknown workstation", REPLY_UNAVAILABLE, .request = REQUEST_DEVICE,
          .answers = { { "/device", .status = 401, .body = "{\"error\":\"invalid_client\"}" } } },
};

static bool request_needs_person(RequestKind kind) {
        return kind == REQUEST_UNIT_RELATION || kind == REQUEST_UNIT_PASSWORD || kind == REQUEST_CAPTCHA;
}

static void test_cases(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const PlatformCase *c = &cases[i];
                const FixtureOptions options = {
                        .cert = c->cert,
                        .answers = c->answers,
                        .issuer = c->issuer,
                        .timeout_usec = c->timeout_msec * USEC_PER_MSEC,
                };
                PlatformFixture fixture;
                uint64_t start = now_usec();
                ReplyKind kind;

                fixture_start(&fixture, &options);
                if (request_needs_person(c->request))
                        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
                kind = fixture_ask_simple(&fixture, c->request ? c->request : REQUEST_PASSWORD);
                if (kind != c->kind)
                        fail_msg("%s: reply %d", c->sentence, kind);
                if (c->path && tls_server_requests(fixture.server, c->path) > c->n_most)
                        fail_msg("%s: %s was asked for %u times", c->sentence, c->path,
                                 tls_server_requests(fixture.server, c->path));
                if (c->cert != CERT_GOOD && tls_server_bytes(fixture.server) > 0)
                        fail_msg("%s: bytes were sent", c->sentence);
                if (now_usec() - start > 15 * USEC_PER_SEC)
                        fail_msg("%s: took too long", c->sentence);
                fixture_stop(&fixture);
        }
}

static void test_what_a_password_login_sends(void **state) {
        static const char *const wanted[] = { "client_id=lab-workstation", "scope=openid+profile+units",
                                              "code_challenge_method=S256", "username=ceshi_jia",
                                              "password=Jia-pass1+%26%3D" };
        _cleanup_(freep) char *challenge = NULL, *token = NULL, *userinfo = NULL;
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        assert_string_equal(fixture.reply.person.login_name, "ceshi_jia");
        assert_string_equal(fixture.reply.person.name, "测试甲");
        assert_string_equal(fixture.reply.person.subject, "7");
        assert_true(fixture.reply.person.hint_matched);
        assert_int_equal(fixture.reply.person.n_units, 1);
        assert_string_equal(fixture.reply.person.units[0].code, UNIT_CODE);
        assert_true(fixture.reply.person.units[0].authorised);
        assert_true(fixture.reply.person.units[0].has_password);

        challenge = tls_server_last(fixture.server, "/challenge");
        token = tls_server_last(fixture.server, "/token");
        userinfo = tls_server_last(fixture.server, "/userinfo");
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++)
                assert_non_null(strstr(challenge, wanted[i]));
        assert_null(strstr(challenge, "Authorization:"));
        assert_null(strstr(challenge, "Accept-Encoding"));
        assert_non_null(strstr(token, "grant_type=authorization_code"));
        assert_non_null(strstr(token, "code=cOdE-1"));
        assert_non_null(strstr(token, "code_verifier="));
        assert_non_null(strstr(userinfo, "Authorization: Bearer tOkEn-1\r\n"));

        assert_int_equal(tls_server_requests(fixture.server, NULL), 5);
        assert_int_equal(tls_server_connections(fixture.server), 1);
        assert_int_equal(platform_phase(fixture.platform), PHASE_RELATION);
        assert_non_null(platform_links(fixture.platform)->register_uri);
        assert_null(platform_links(fixture.platform)->app_uri); /* not https */
        fixture_stop(&fixture);
}

static void test_wrong_password_then_captcha(void **state) {
        static const ServerAnswer answers[] = {
                { "/challenge", .status = 400, .body = "{\"error\":\"invalid_credentials\",\"auth_session\":\"s-1\","
                                                       "\"attempts_left\":4" CAPTCHA_JSON "}" },
                { "/challenge", .status = 400, .body = "{\"error\":\"captcha_required\",\"auth_session\":\"s-2\","
                                                       "\"captcha_wrong\":true" CAPTCHA_JSON "}" },
                { "/challenge", .status = 400, .body = "{\"error\":\"captcha_required\",\"captcha_id\":\"c-2\","
                                                       "\"captcha_png\":\"iVBORw0KGgo=\"}" },
                { "/challenge", .body = "{\"authorization_code\":\"c\"}" },
                {},
        };
        _cleanup_(secret_freep) Secret *password = NULL, *captcha = NULL;
        Request request = { .kind = REQUEST_PASSWORD, .account = "ceshi_jia" };
        PlatformFixture fixture;
        char *text;

        (void)state;
        assert_int_equal(secret_new_from("Jia-pass1", 9, &password), 0);
        assert_int_equal(secret_new_from("x7k", 3, &captcha), 0);
        request.password = password;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers });

        assert_int_equal(fixture_ask(&fixture, &request), REPLY_WRONG);
        assert_int_equal(fixture.reply.attempts_left, 4);
        assert_int_equal(fixture.reply.n_captcha_png, 8);
        text = tls_server_last(fixture.server, "/challenge");
        assert_null(strstr(text, "auth_session"));
        assert_null(strstr(text, "captcha"));
        free(text);

        request.captcha = captcha;
        assert_int_equal(fixture_ask(&fixture, &request), REPLY_CAPTCHA);
        assert_true(fixture.reply.captcha_wrong);
        text = tls_server_last(fixture.server, "/challenge");
        assert_non_null(strstr(text, "auth_session=s-1"));
        assert_non_null(strstr(text, "captcha_id=c-1&captcha_answer=x7k"));
        free(text);

        assert_int_equal(fixture_ask(&fixture, &(Request){ .kind = REQUEST_CAPTCHA }), REPLY_CAPTCHA);
        assert_false(fixture.reply.captcha_wrong);
        text = tls_server_last(fixture.server, "/challenge");
        assert_non_null(strstr(text, "auth_session=s-2&refresh=captcha"));
        assert_null(strstr(text, "password"));
        free(text);

        assert_int_equal(fixture_ask(&fixture, &request), REPLY_PERSON);
        text = tls_server_last(fixture.server, "/challenge");
        assert_non_null(strstr(text, "auth_session=s-2")); /* none came with the picture: the old one holds */
        assert_non_null(strstr(text, "captcha_id=c-2"));
        free(text);
        fixture_stop(&fixture);
}

static void write_secret(char path[static 32], const char *text, mode_t mode) {
        int fd;

        strcpy(path, "/tmp/itax-test-sec-XXXXXX");
        fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_int_equal(fchmod(fd, mode), 0);
        assert_int_equal(close(fd), 0);
}

static void test_client_secret(void **state) {
        _cleanup_(freep) char *text = NULL;
        PlatformFixture fixture;
        char path[32];

        (void)state;
        write_secret(path, "s3cr:t +\n", 0640);
        fixture_start(&fixture, &(FixtureOptions){ .secret_file = path });
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        text = tls_server_last(fixture.server, "/challenge");
        /* "lab-workstation:s3cr%3At+%2B", RFC 6749 section 2.3.1 */
        assert_non_null(strstr(text, "Authorization: Basic bGFiLXdvcmtzdGF0aW9uOnMzY3IlM0F0KyUyQg==\r\n"));
        fixture_stop(&fixture);
        assert_int_equal(unlink(path), 0);
}

typedef struct ConfigCase {
        const char *sentence;
        const char *issuer;    /* NULL: a good one */
        const char *client_id; /* NULL: a good one */
        const char *ca_file;   /* NULL: a good one */
        const char *secret;    /* NULL: no file */
        mode_t mode;
        uint64_t timeout_usec; /* 0: a good one */
        int result;
} ConfigCase;

/* threats 118 */
static const ConfigCase config_cases[] = {
        { "a good configuration", .result = 0 },
        { "a good configuration with a path in the issuer", .issuer = "https://x.example/tenant", .result = 0 },
        { "plain http", .issuer = "http://x.example", .result = -EINVAL },
        { "a slash at the end", .issuer = "https://x.example/", .result = -EINVAL },
        { "a query", .issuer = "https://x.example?a", .result = -EINVAL },
        { "a user in the address", .issuer = "https://u@x.example", .result = -EINVAL },
        { "no host", .issuer = "https:///x", .result = -EINVAL },
        { "nothing", .issuer = "", .result = -EINVAL },
        { "a client id with a space", .client_id = "a b", .result = -EINVAL },
        { "an empty client id", .client_id = "", .result = -EINVAL },
        { "a CA file that is not there", .ca_file = "/nonexistent/ca.pem", .result = -EINVAL },
        { "a timeout of a minute", .timeout_usec = 60 * USEC_PER_SEC, .result = -EINVAL },
        { "a secret of ours", .secret = "x\n", .mode = 0600, .result = 0 },
        { "a secret of our group", .secret = "x", .mode = 0640, .result = 0 },
        { "a secret that others read", .secret = "x", .mode = 0604, .result = -EINVAL },
        { "a secret that the group writes", .secret = "x", .mode = 0660, .result = -EINVAL },
        { "an empty secret", .secret = "\n", .mode = 0600, .result = -EINVAL },
        { "a secret of two lines", .secret = "x\ny\n", .mode = 0600, .result = -EINVAL },
        { "a secret beyond ASCII", .secret = "密", .mode = 0600, .result = -EINVAL },
};

static void test_configuration(void **state) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;

        (void)state;
        assert_true(sd_event_new(&event) >= 0);
        for (size_t i = 0; i < ELEMENTSOF(config_cases); i++) {
                const ConfigCase *c = &config_cases[i];
                _cleanup_(platform_freep) Platform *platform = NULL;
                char path[32] = "";
                PlatformConfig config = {
                        .issuer = c->issuer ? c->issuer : "https://x.example",
                        .client_id = c->client_id ? c->client_id : "ws",
                        .ca_file = c->ca_file ? c->ca_file : "/dev/null",
                        .timeout_usec = c->timeout_usec ? c->timeout_usec : USEC_PER_SEC,
                        .connect_timeout_usec = USEC_PER_SEC,
                };
                int r;

                if (c->secret) {
                        write_secret(path, c->secret, c->mode);
                        config.client_secret_file = path;
                }
                r = platform_new(event, &config, &platform);
                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                if (c->secret)
                        assert_int_equal(unlink(path), 0);
        }
}

static void test_one_request_at_a_time(void **state) {
        const Request device = { .kind = REQUEST_DEVICE };
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(platform_login_request(fixture.login, &(Request){ .kind = REQUEST_POLL }), -EINVAL);
        assert_int_equal(platform_login_request(fixture.login, &(Request){ .kind = REQUEST_UNIT_RELATION }), -EINVAL);
        assert_int_equal(platform_login_request(fixture.login, &(Request){ .kind = REQUEST_NONE }), -EINVAL);
        assert_int_equal(platform_login_request(fixture.login, &device), 0);
        assert_int_equal(platform_login_request(fixture.login, &device), -EBUSY);
        platform_login_cancel(fixture.login);
        assert_int_equal(fixture_ask(&fixture, &device), REPLY_DEVICE);
        fixture_stop(&fixture);
}

/* A login goes away at each moment of its request: no reply, nothing touched, nothing left (threats 27, under ASan). */
static void test_gone_at_any_moment(void **state) {
        static const char *const paths[] = { PATH_METADATA, "/challenge", "/token", "/userinfo", "/units" };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                const ServerAnswer answers[] = { { paths[i], .how = ANSWER_SILENCE }, {} };
                _cleanup_(secret_freep) Secret *password = NULL;
                PlatformFixture fixture;

                assert_int_equal(secret_new_from("Jia-pass1", 9, &password), 0);
                fixture_start(&fixture, &(FixtureOptions){ .answers = answers, .timeout_usec = 10 * USEC_PER_SEC });
                assert_int_equal(platform_login_request(fixture.login, &(Request){ .kind = REQUEST_PASSWORD,
                                                                                   .account = "a",
                                                                                   .password = password }), 0);
                for (uint64_t until = now_usec() + 5 * USEC_PER_SEC;
                     tls_server_requests(fixture.server, paths[i]) == 0 && now_usec() < until;)
                        assert_true(sd_event_run(fixture.event, 20 * USEC_PER_MSEC) >= 0);
                fixture.login = platform_login_free(fixture.login);
                fixture_run(&fixture, 20 * USEC_PER_MSEC);
                assert_int_equal(fixture.n_replies, 0);
                fixture_stop(&fixture);
        }
}

static void test_a_token_is_revoked_when_its_login_goes(void **state) {
        _cleanup_(freep) char *text = NULL;
        PlatformFixture fixture;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        fixture.login = platform_login_free(fixture.login);
        for (uint64_t until = now_usec() + 5 * USEC_PER_SEC;
             fixture.platform->n_revocations > 0 && now_usec() < until;)
                assert_true(sd_event_run(fixture.event, USEC_PER_SEC) >= 0);
        text = tls_server_last(fixture.server, "/revoke");
        assert_non_null(text);
        assert_non_null(strstr(text, "token=tOkEn-1&"));
        fixture_stop(&fixture);
}

typedef struct Many {
        PlatformLogin *logins[64];
        unsigned n_persons, n_others;
} Many;

static void on_many(PlatformLogin *login, Reply *reply, void *userdata) {
        Many *many = userdata;

        (void)login;
        if (reply->kind == REPLY_PERSON)
                many->n_persons++;
        else
                many->n_others++;
}

static void ask_many(PlatformFixture *fixture, Many *many) {
        _cleanup_(secret_freep) Secret *password = NULL;
        const Request request = { .kind = REQUEST_PASSWORD, .account = "a", .password = password };
        Request copy = request;

        assert_int_equal(secret_new_from("Jia-pass1", 9, &password), 0);
        copy.password = password;
        many->n_persons = many->n_others = 0;
        for (size_t i = 0; i < ELEMENTSOF(many->logins); i++)
                assert_int_equal(platform_login_request(many->logins[i], &copy), 0);
        for (uint64_t until = now_usec() + 20 * USEC_PER_SEC;
             many->n_persons + many->n_others < ELEMENTSOF(many->logins) && now_usec() < until;)
                assert_true(sd_event_run(fixture->event, USEC_PER_SEC) >= 0);
}

static void make_many(PlatformFixture *fixture, Many *many) {
        *many = (Many){};
        for (size_t i = 0; i < ELEMENTSOF(many->logins); i++)
                assert_int_equal(platform_login_new(fixture->platform, &(PlatformContext){ .login_id = i },
                                                    on_many, many, &many->logins[i]), 0);
}

static void free_many(Many *many) {
        for (size_t i = 0; i < ELEMENTSOF(many->logins); i++)
                (void)platform_login_free(many->logins[i]);
}

static void test_many_at_once_fetch_metadata_once_and_keep_connections(void **state) {
        PlatformFixture fixture;
        unsigned n_connections;
        Many many;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .timeout_usec = 15 * USEC_PER_SEC });
        make_many(&fixture, &many);
        ask_many(&fixture, &many);
        assert_int_equal(many.n_persons, ELEMENTSOF(many.logins));
        assert_int_equal(tls_server_requests(fixture.server, PATH_METADATA), 1);

        n_connections = tls_server_connections(fixture.server);
        assert_true(n_connections <= 1 + ELEMENTSOF(many.logins));
        ask_many(&fixture, &many);
        assert_int_equal(many.n_persons, ELEMENTSOF(many.logins));
        /* 64 logins at once once more, with 64 revocations of their first tokens beside them. */
        assert_true(tls_server_connections(fixture.server) <= n_connections + ELEMENTSOF(many.logins));
        free_many(&many);
        fixture_stop(&fixture);
}

static void test_what_a_rush_opened_is_closed_at_rest(void **state) {
        PlatformFixture fixture;
        unsigned n_connections;
        Many many;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .timeout_usec = 15 * USEC_PER_SEC });
        fixture.platform->http->rest_usec = USEC_PER_MSEC;
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        fixture_run(&fixture, 50 * USEC_PER_MSEC);
        n_connections = tls_server_connections(fixture.server);
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        /* One at a time is no rush; the revocation of the first token may have opened another. */
        assert_true(tls_server_connections(fixture.server) <= n_connections + 1);

        make_many(&fixture, &many);
        ask_many(&fixture, &many);
        free_many(&many);
        fixture_run(&fixture, 200 * USEC_PER_MSEC);
        assert_int_equal(fixture.platform->http->n_under_way, 0);
        assert_int_equal(fixture.platform->http->n_most, 0);

        n_connections = tls_server_connections(fixture.server);
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        assert_true(tls_server_connections(fixture.server) > n_connections);
        fixture_stop(&fixture);
}

static void test_many_hear_of_missing_metadata_and_the_next_try_fetches_again(void **state) {
        static const ServerAnswer answers[] = {
                { PATH_METADATA, .status = 503, .body = "{}" },
                { PATH_METADATA, .body = METADATA_OF("@", ",\"authorization_challenge_endpoint\":\"@/challenge\","
                                                          "\"userinfo_endpoint\":\"@/userinfo\"") },
                {},
        };
        PlatformFixture fixture;
        Many many;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers, .timeout_usec = 15 * USEC_PER_SEC });
        make_many(&fixture, &many);
        ask_many(&fixture, &many);
        assert_int_equal(many.n_others, ELEMENTSOF(many.logins));
        assert_int_equal(tls_server_requests(fixture.server, PATH_METADATA), 1);
        assert_int_equal(platform_phase(fixture.platform), _PHASE_MAX);
        ask_many(&fixture, &many);
        assert_int_equal(many.n_persons, ELEMENTSOF(many.logins));
        assert_int_equal(tls_server_requests(fixture.server, PATH_METADATA), 2);
        free_many(&many);
        fixture_stop(&fixture);
}

/* threats 101: what the environment says changes nothing. Set before platform_init_process(), see main(). */
static void test_environment_is_not_asked(void **state) {
        static const char *const names[] = { "https_proxy", "ALL_PROXY", "SSLKEYLOGFILE", "SSL_CERT_FILE",
                                             "OPENSSL_CONF", "CURL_CA_BUNDLE", "no_proxy" };
        PlatformFixture fixture;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                assert_null(getenv(names[i]));
        assert_string_equal(getenv("ITAX_TEST_KEPT"), "1");
        fixture_start(&fixture, &(FixtureOptions){});
        assert_int_equal(fixture_ask_password(&fixture), REPLY_PERSON);
        fixture_stop(&fixture);
        assert_int_equal(access("/tmp/itax-test-keylog", F_OK), -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_environment_is_not_asked),
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_what_a_password_login_sends),
                cmocka_unit_test(test_wrong_password_then_captcha),
                cmocka_unit_test(test_client_secret),
                cmocka_unit_test(test_configuration),
                cmocka_unit_test(test_one_request_at_a_time),
                cmocka_unit_test(test_gone_at_any_moment),
                cmocka_unit_test(test_a_token_is_revoked_when_its_login_goes),
                cmocka_unit_test(test_many_at_once_fetch_metadata_once_and_keep_connections),
                cmocka_unit_test(test_what_a_rush_opened_is_closed_at_rest),
                cmocka_unit_test(test_many_hear_of_missing_metadata_and_the_next_try_fetches_again),
        };

        (void)setenv("https_proxy", "http://127.0.0.1:1", 1);
        (void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
        (void)setenv("no_proxy", "x", 1);
        (void)setenv("SSLKEYLOGFILE", "/tmp/itax-test-keylog", 1);
        (void)setenv("SSL_CERT_FILE", "/dev/null", 1);
        (void)setenv("CURL_CA_BUNDLE", "/dev/null", 1);
        (void)setenv("OPENSSL_CONF", "/nonexistent", 1);
        (void)setenv("ITAX_TEST_KEPT", "1", 1);
        return cmocka_run_group_tests(tests, fixture_init_process, NULL);
}
