/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Wire and platform with the n-th allocation failing, for each n: an error, never a crash, never an answer that
 * was not given, and nothing left behind. Not built with a sanitizer, which has allocators of its own. */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <openssl/crypto.h>

#include "daemon/platform/body.h"
#include "daemon/platform/person.h"
#include "daemon/platform/verdict.h"
#include "lib/wire/wire.h"
#include "tests/unit/platform-fixture.h"

/* Only what this thread asks for fails, and only while it is counted: the server's threads have enough. */
static _Thread_local long countdown = -1;
static _Thread_local bool happened;
static _Thread_local long n_live;
static _Thread_local bool in_library;

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

_export_ void *malloc(size_t n);
_export_ void *calloc(size_t n, size_t size);
_export_ void *realloc(void *p, size_t n);
_export_ void free(void *p);
_export_ void *mmap(void *p, size_t n, int protection, int flags, int fd, off_t offset);
_export_ int munmap(void *p, size_t n);

static bool fails_now(void) {
        if (in_library || countdown < 0 || countdown-- > 0)
                return false;
        happened = true;
        errno = ENOMEM;
        return true;
}

void *malloc(size_t n) {
        if (fails_now())
                return NULL;
        n_live++;
        return __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
        if (fails_now())
                return NULL;
        n_live++;
        return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
        if (fails_now())
                return NULL;
        if (!p)
                n_live++;
        return __libc_realloc(p, n);
}

void free(void *p) {
        if (p)
                n_live--;
        __libc_free(p);
}

/* Secrets are mappings of their own. */
void *mmap(void *p, size_t n, int protection, int flags, int fd, off_t offset) {
        if (fails_now())
                return MAP_FAILED;
        n_live++;
        return (void *)syscall(SYS_mmap, p, n, protection, flags, fd, offset);
}

int munmap(void *p, size_t n) {
        n_live--;
        return (int)syscall(SYS_munmap, p, n);
}

/* What libcurl and OpenSSL ask for never fails: libcurl 7.88 divides by zero after some of its own failures, which
 * is not ours to mend. Where it fails cleanly, it is a fault of transfer like any other. */

#define IN_LIBRARY(type, call) \
        ({ \
                bool _before = in_library; \
                type _result; \
\
                in_library = true; \
                _result = (call); \
                in_library = _before; \
                _result; \
        })

static void *library_malloc(size_t n) {
        return IN_LIBRARY(void *, wipe_malloc(n));
}

static void *library_calloc(size_t n, size_t size) {
        return IN_LIBRARY(void *, wipe_calloc(n, size));
}

static void *library_realloc(void *p, size_t n) {
        return IN_LIBRARY(void *, wipe_realloc(p, n));
}

static char *library_strdup(const char *s) {
        return IN_LIBRARY(char *, wipe_strdup(s));
}

static void *crypto_malloc(size_t n, const char *file, int line) {
        (void)file;
        (void)line;
        return library_malloc(n);
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line) {
        (void)file;
        (void)line;
        return library_realloc(p, n);
}

static void crypto_free(void *p, const char *file, int line) {
        (void)file;
        (void)line;
        wipe_free(p);
}

/* In the place of platform_init_process(). */
static int init_process(void **state) {
        (void)state;
        (void)signal(SIGPIPE, SIG_IGN);
        if (!CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) ||
            curl_global_init_mem(CURL_GLOBAL_DEFAULT, library_malloc, wipe_free, library_realloc, library_strdup,
                                 library_calloc) != CURLE_OK)
                return -1;
        wire_init_process();
        return 0;
}

#define TRIES_MAX 5000

/* @work returns 0 when it has come to its end, else an error; it leaves nothing either way. */
static void try_each(const char *sentence, int (*work)(void)) {
        bool reached_end = false;

        assert_int_equal(work(), 0); /* what libraries keep for good is there now */
        for (long n = 0; n < TRIES_MAX && !reached_end; n++) {
                long n_before = n_live;
                int r;

                happened = false;
                countdown = n;
                r = work();
                countdown = -1;
                if (happened ? r != -ENOMEM : r != 0)
                        fail_msg("%s: %d with allocation %ld failing", sentence, r, n);
                if (n_live != n_before)
                        fail_msg("%s: %ld left behind with allocation %ld failing", sentence, n_live - n_before, n);
                reached_end = !happened;
        }
        assert_true(reached_end);
}

#define PICTURE ",\"captcha_id\":\"c\",\"captcha_png\":\"iVBORw0KGgo=\""
#define UNITS "[{\"code\":\"919900000000000018\",\"name\":\"n\",\"methods\":[\"relation\"]}]"

/* For each schema: read it, write it, release it. */
#define DEFINE_WORK(name, Type, json) \
        static int work_##name(void) { \
                static const char text[] = json; \
                _cleanup_(secret_freep) Secret *written = NULL; \
                Type x = {}; \
                int r; \
\
                r = wire_##name##_decode(text, strlen(text), &x); \
                if (r == 0) \
                        r = wire_##name##_encode(&x, &written); \
                wire_##name##_done(&x); \
                return r; \
        }

DEFINE_WORK(metadata, WireMetadata,
            "{\"issuer\":\"https://x\",\"token_endpoint\":\"https://x/t\",\"response_types_supported\":[\"code\"],"
            "\"phase\":\"dual\",\"links\":{\"register\":\"https://x/r\"}}")
DEFINE_WORK(challenge_error, WireChallengeError,
            "{\"error\":\"x\",\"auth_session\":\"s\",\"attempts_left\":1" PICTURE "}")
DEFINE_WORK(device_answer, WireDeviceAnswer,
            "{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_uri\":\"https://x\",\"expires_in\":9}")
DEFINE_WORK(token_answer, WireTokenAnswer,
            "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"userinfo\":{\"sub\":\"1\",\"name\":\"n\","
            "\"units\":" UNITS "}}")
DEFINE_WORK(units, WireUnits, "{\"units\":" UNITS "}")
DEFINE_WORK(problem, WireProblem, "{\"type\":\"x/unit-locked\",\"title\":\"t\",\"retry_after\":9" PICTURE "}")

static int work_refused(void) {
        static const char text[] = "{\"sub\":\"1\",\"name\":\"n\",\"units\":" UNITS ",\"login_hint_matched\":1}";
        WireUserinfo x = {};
        int r = wire_userinfo_decode(text, strlen(text), &x);

        return r == WIRE_E_SCHEMA ? 0 : r;
}

static int work_person(void) {
        char sub[] = "7", name[] = "n", code[] = "919900000000000018";
        WireUnit unit = { .code = code, .name = name };
        const WireUserinfo wire = { .sub = sub, .preferred_username = name,
                                    .units = { .items = &unit, .n_items = 1, .present = true } };
        ReplyPerson person = {};
        int r = person_new(&wire, &person);

        reply_person_done(&person);
        return r;
}

static int work_unit_login(void) {
        char sub[] = "unit:919900000000000018", name[] = "n", code[] = "919900000000000018";
        WireUnit unit = { .code = code, .name = name };
        const WireUserinfo wire = { .sub = sub, .unit_login = true,
                                    .units = { .items = &unit, .n_items = 1, .present = true } };
        ReplyPerson person = {};
        int r = person_new_unit(&wire, code, &person);

        reply_person_done(&person);
        return r;
}

static int work_unit_challenge(void) {
        static const char text[] = "{\"challenge\":\"" CHALLENGE_TEXT "\",\"expires_in\":120}";
        WireUnitChallenge wire = {};
        int r = wire_unit_challenge_decode(text, strlen(text), &wire);

        wire_unit_challenge_done(&wire);
        return r;
}

static int work_authorization(void) {
        _cleanup_(secret_freep) Secret *secret = NULL, *line = NULL, *bearer = NULL;
        int r;

        r = pkce_new(&secret);
        if (r == 0)
                r = authorization_new_basic("id", secret, &line);
        if (r == 0)
                r = authorization_new_bearer(secret, &bearer);
        return r;
}

static void test_each_allocation(void **state) {
        static const struct {
                const char *sentence;
                int (*work)(void);
        } works[] = {
                { "metadata", work_metadata },
                { "a wrong password with a picture", work_challenge_error },
                { "a device code", work_device_answer },
                { "a token with the person folded in", work_token_answer },
                { "units", work_units },
                { "a problem", work_problem },
                { "a person that is refused", work_refused },
                { "a person for the login machine", work_person },
                { "a unit for the login machine", work_unit_login },
                { "a challenge for a unit", work_unit_challenge },
                { "headers", work_authorization },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(works); i++)
                try_each(works[i].sentence, works[i].work);
}

static const Signed signed_result = {
        .status = SIGN_OK,
        .algorithm = (char *)(uintptr_t)"SM2",
        .certificates = (char *)(uintptr_t)"-----BEGIN CERTIFICATE-----\n",
        .signature = (char *)(uintptr_t)"MEUC",
};

/* One reply, or an error at once; a login whose memory gave out says so or was not touched by it. */
static ReplyKind ask(PlatformFixture *fixture, RequestKind kind, long n) {
        _cleanup_(secret_freep) Secret *password = NULL;
        Request request = { .kind = kind, .account = "a", .unit = UNIT_CODE, .challenge = CHALLENGE_TEXT,
                            .result = &signed_result };
        unsigned n_before = fixture->n_replies;
        int r;

        assert_int_equal(secret_new_from("Jia-pass1", 9, &password), 0);
        request.password = request.new_password = password;
        happened = false;
        countdown = n;
        r = platform_login_request(fixture->login, &request);
        for (uint64_t until = now_usec() + 20 * USEC_PER_SEC;
             r == 0 && fixture->n_replies == n_before && now_usec() < until;)
                (void)sd_event_run(fixture->event, USEC_PER_SEC);
        countdown = -1;
        if (r < 0)
                return REPLY_UNAVAILABLE;
        if (fixture->n_replies != n_before + 1)
                fail_msg("request %d: %u replies with allocation %ld failing", kind, fixture->n_replies - n_before, n);
        return fixture->reply.kind;
}

typedef struct RequestCase {
        const char *sentence;
        RequestKind request;
        ReplyKind kind;
        RequestKind before; /* REQUEST_NONE: nothing */
        ServerAnswer answers[2];
} RequestCase;

static const RequestCase request_cases[] = {
        { "a password", .request = REQUEST_PASSWORD, .kind = REPLY_PERSON },
        { "a QR code", .request = REQUEST_DEVICE, .kind = REPLY_DEVICE },
        { "a unit login", .request = REQUEST_UNIT_LOGIN, .kind = REPLY_PERSON,
          .answers = { { "/userinfo", .body = "{\"sub\":\"unit:" UNIT_CODE "\",\"unit_login\":true,\"units\":[{\"code\":\""
                                              UNIT_CODE "\",\"name\":\"u\"}]}" } } },
        { "a challenge", .request = REQUEST_UNIT_CHALLENGE, .kind = REPLY_CHALLENGE, .before = REQUEST_PASSWORD },
        { "a certificate", .request = REQUEST_UNIT_CERTIFICATE, .kind = REPLY_UNIT, .before = REQUEST_PASSWORD,
          .answers = { { PATH_VERIFICATION, .body = "{\"code\":\"" UNIT_CODE "\",\"method\":\"ca\"}" } } },
        { "a resumed login", .request = REQUEST_RESUME, .kind = REPLY_PERSON, .before = REQUEST_PASSWORD },
        { "a new password", .request = REQUEST_NEW_PASSWORD, .kind = REPLY_CHANGED, .before = REQUEST_PASSWORD },
};

/* A login that is as far as @c wants it. */
static void prepare(PlatformFixture *fixture, const RequestCase *c) {
        if (c->before) {
                assert_int_equal(ask(fixture, c->before, -1), REPLY_PERSON);
                platform_login_rest(fixture->login);
        }
}

static void test_requests(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(request_cases); i++) {
                const RequestCase *c = &request_cases[i];
                unsigned n_good = 0;

                for (long n = 0; n_good < 3; n++) {
                        PlatformFixture fixture;
                        ReplyKind kind;

                        fixture_start(&fixture, &(FixtureOptions){ .answers = c->answers,
                                                                   .timeout_usec = 2 * USEC_PER_SEC });
                        prepare(&fixture, c);
                        kind = ask(&fixture, c->request, n);
                        if (kind != c->kind && (!happened || (kind != REPLY_UNAVAILABLE && kind != REPLY_BROKEN)))
                                fail_msg("%s: reply %d with allocation %ld failing", c->sentence, kind, n);
                        n_good += !happened;

                        /* Whatever it was, the next login is as good as any. */
                        (void)platform_login_free(fixture.login);
                        fixture_renew(&fixture);
                        prepare(&fixture, c);
                        kind = ask(&fixture, c->request, -1);
                        if (kind != c->kind)
                                fail_msg("%s: reply %d after allocation %ld had failed", c->sentence, kind, n);
                        fixture_stop(&fixture);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_allocation),
                cmocka_unit_test(test_requests),
        };

        return cmocka_run_group_tests(tests, init_process, NULL);
}
