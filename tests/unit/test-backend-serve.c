/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server whole, at the other end of a Unix socket: each path of doc/platform-api.yaml, its
 * refusals and its limits. Answers are decoded by lib/wire, so that what is sent is what is
 * declared. */

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "backend/clock.h"
#include "tests/unit/backend-world.h"

#define PKCE \
        "&code_challenge=0123456789012345678901234567890123456789012&code_challenge_method=S256"

/* A token by password; "app" for the phone. */
static void token_get(World *world, const char *client, const char *username, const char *password,
                      char *ret, size_t n) {
        const char *auth = strcmp(client, "ws") == 0 ? "basic" : NULL;
        WireChallengeAnswer code = {};
        WireTokenAnswer token = {};
        static Answer answer;
        char body[1024];

        (void)snprintf(
                body, sizeof(body),
                "client_id=%s&username=%s&password=%s&" ASKED,
                client, username, password, world->challenge);
        ask(world, "/oauth2/challenge", body, auth, &answer);
        if (answer.status != 200)
                fail_msg("%s", answer.body);
        assert_int_equal(wire_challenge_answer_decode(answer.body, answer.n_body, &code), 0);

        (void)snprintf(body, sizeof(body),
                       "client_id=%s&grant_type=authorization_code&code=%s&code_verifier=" VERIFIER,
                       client, secret_text(code.code));
        ask(world, "/oauth2/token", body, auth, &answer);
        assert_int_equal(answer.status, 200);
        assert_int_equal(wire_token_answer_decode(answer.body, answer.n_body, &token), 0);
        assert_true(token.has_userinfo);
        assert_string_equal(token.userinfo.preferred_username, username);
        assert_int_equal(token.userinfo.units.present, auth != NULL);
        (void)snprintf(ret, n, "%s", secret_text(token.access_token));

        /* the code is used up */
        expect(world, "/oauth2/token", body, auth, 400, "\"invalid_grant\"");
        wire_challenge_answer_done(&code);
        wire_token_answer_done(&token);
}

typedef struct AskCase {
        const char *sentence, *path, *body, *bearer;
        long status;
        const char *part;
} AskCase;

static const AskCase ask_cases[] = {
        { "metadata", "/.well-known/oauth-authorization-server", NULL, NULL, 200,
          "\"issuer\":\"" ISSUER "\"" },
        { "health", "/healthz", NULL, NULL, 200, "\"ok\"" },
        { "an unknown path", "/oauth2", NULL, NULL, 404, "/not-found" },
        { "a wrong method", "/oauth2/token", NULL, NULL, 405, "/method-not-allowed" },
        { "a client without secret", "/oauth2/challenge", C, NULL, 401, "\"invalid_client\"" },
        { "a client with a wrong secret", "/oauth2/device", C "&client_secret=wrong", NULL, 401,
          "\"invalid_client\"" },
        { "the secret in the body", "/oauth2/revoke", C "&token=x&client_secret=" SECRET, NULL, 200,
          "{}" },
        { "the secret twice", "/oauth2/revoke", C "&token=x&client_secret=" SECRET, "basic", 401,
          "\"invalid_client\"" },
        { "two clients in one request", "/oauth2/revoke", "client_id=itax-app&token=x", "basic",
          401, "\"invalid_client\"" },
        { "an unknown client", "/oauth2/device", "client_id=other", NULL, 401,
          "\"invalid_client\"" },
        { "no client at all", "/oauth2/device", "", NULL, 401, "\"invalid_client\"" },
        { "a challenge without anything", "/oauth2/challenge", C, "basic", 400,
          "\"invalid_request\"" },
        { "a challenge without password", "/oauth2/challenge", C "&username=ceshi_jia" PKCE,
          "basic", 400, "\"invalid_request\"" },
        { "an empty password", "/oauth2/challenge", C "&username=ceshi_jia&password=" PKCE, "basic",
          400, "\"invalid_request\"" },
        { "a challenge without PKCE", "/oauth2/challenge", C "&username=ceshi_jia&password=x",
          "basic", 400, "\"invalid_request\"" },
        { "PKCE in the clear", "/oauth2/challenge",
          C
          "&username=ceshi_jia&password=x&code_challenge_method=plain"
          "&code_challenge=0123456789012345678901234567890123456789012",
          "basic", 400, "\"invalid_request\"" },
        { "a session that nobody has", "/oauth2/challenge",
          C "&username=ceshi_jia&password=x&auth_session=x" PKCE, "basic", 400,
          "\"invalid_session\"" },
        { "a new picture without session", "/oauth2/challenge", C "&refresh=captcha", "basic", 400,
          "\"invalid_request\"" },
        { "a field twice", "/oauth2/challenge", C "&" C, "basic", 400, "\"invalid_request\"" },
        { "a bad escape", "/oauth2/challenge", C "&username=%zz", "basic", 400,
          "\"invalid_request\"" },
        { "a grant without type", "/oauth2/token", C, "basic", 400, "\"invalid_request\"" },
        { "an unknown grant", "/oauth2/token", C "&grant_type=password", "basic", 400,
          "\"unsupported_grant_type\"" },
        { "an unknown code", "/oauth2/token",
          C "&grant_type=authorization_code&code=x&code_verifier=" VERIFIER, "basic", 400,
          "\"invalid_grant\"" },
        { "a short verifier", "/oauth2/token",
          C "&grant_type=authorization_code&code=x&code_verifier=x", "basic", 400,
          "\"invalid_request\"" },
        { "an unknown device code", "/oauth2/token", C DEVICE_GRANT "&device_code=x", "basic", 400,
          "\"invalid_grant\"" },
        { "a wait of letters", "/oauth2/token", C DEVICE_GRANT "&device_code=x&wait=a", "basic",
          400, "\"invalid_request\"" },
        { "a wait beyond 60 s", "/oauth2/token", C DEVICE_GRANT "&device_code=x&wait=61", "basic",
          400, "\"invalid_request\"" },
        { "digits of letters", "/oauth2/token", C DEVICE_GRANT "&device_code=x&digits=12345a",
          "basic", 400, "\"invalid_request\"" },
        { "a binding that is none", "/oauth2/device", C "&binding=maybe", "basic", 400,
          "\"invalid_request\"" },
        { "the app begins no login", "/oauth2/device", "client_id=itax-app", NULL, 400,
          "\"unauthorized_client\"" },
        { "userinfo without token", "/oauth2/userinfo", NULL, NULL, 401, "/unauthorized" },
        { "units without token", "/units", NULL, NULL, 401, "/unauthorized" },
        { "units with a made-up token", "/units", NULL, "abc", 401, "/unauthorized" },
        { "the phone without token", "/app/device/AAAAAAAA", NULL, NULL, 401, "/unauthorized" },
        { "a page for a code that nobody has", "/Q/AAAAAAAA", NULL, NULL, 200, "个人所得税APP" },
        { "the page without a code", "/Q", NULL, NULL, 200, "个人所得税APP" },
        { "the page with a code typed", "/Q?code=aaaa-AAAA", NULL, NULL, 200, "个人所得税APP" },
        { "the page with too much typed", "/Q?code=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
          NULL, NULL, 200, "个人所得税APP" },
        { "the first page", "/", NULL, NULL, 200, "href=\"/f\"" },
        { "short: registration", "/r", NULL, NULL, 200, "立即注册" },
        { "short: forgotten password", "/f?lang=en", NULL, NULL, 200, "Forgotten password" },
        { "short, in capitals", "/F", NULL, NULL, 200, "忘记密码" },
        { "short: forgotten declaration password", "/d", NULL, NULL, 200, "忘记申报密码" },
        { "short: the app", "/a", NULL, NULL, 200, "手机端下载" },
        { "short addresses in the metadata", "/.well-known/oauth-authorization-server", NULL, NULL,
          200,
          "\"links\":{\"register\":\"" ISSUER "/r\",\"forgot_password\":\"" ISSUER
          "/f\",\"forgot_declaration_password\":\"" ISSUER "/d\",\"app_download\":\"" ISSUER
          "/a\"}" },
        { "a nonce without token", "/units/" UNIT_ONE "/challenge", "", NULL, 401,
          "/unauthorized" },
        { "a new password without token", "/account/password", "", NULL, 401, "/unauthorized" },
        { "registration", "/register", NULL, NULL, 200, "办税服务厅" },
        { "the app's page", "/app", NULL, NULL, 200, "手机端下载" },
        { "forgotten password", "/forgot-password", NULL, NULL, 200, "忘记密码" },
        { "forgotten declaration password", "/forgot-declaration-password", NULL, NULL, 200,
          "忘记申报密码" },
};

static void test_asked(void **state) {
        World world;

        world_begin(*state, PHASE_NONE, &world);
        for (size_t i = 0; i < ELEMENTSOF(ask_cases); i++) {
                const AskCase *c = &ask_cases[i];

                expect(&world, c->path, c->body, c->bearer, c->status, c->part);
        }
        world_stop(&world);
}

static void test_password(void **state) {
        char body[1024], token[64], app[64];
        WireChallengeError error = {};
        static Answer answer;
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_get(&world, "ws", "ceshi_jia", "Jia-pass1", token, sizeof(token));
        /* the replay within token_get() has ended that token */
        expect(&world, "/oauth2/userinfo", NULL, token, 401, "/unauthorized");

        (void)snprintf(
                body, sizeof(body),
                C
                "&username=ceshi_jia&password=Wrong-1&" ASKED,
                world.challenge);
        ask(&world, "/oauth2/challenge", body, "basic", &answer);
        assert_int_equal(answer.status, 400);
        assert_int_equal(wire_challenge_error_decode(answer.body, answer.n_body, &error), 0);
        assert_string_equal(error.error, "invalid_credentials");
        assert_int_equal(error.attempts_left, 4);
        assert_non_null(error.captcha.png);
        assert_false(error.captcha.wrong);

        /* the right password by another name, without the captcha and with a wrong one */
        (void)snprintf(
                body, sizeof(body),
                C
                "&username=19900000001&password=Jia-pass1&" ASKED,
                world.challenge);
        expect(&world, "/oauth2/challenge", body, "basic", 400, "\"captcha_required\"");
        (void)snprintf(
                body, sizeof(body),
                C
                "&username=19900000001&password=Jia-pass1&" ASKED
                "&auth_session=%s&captcha_id=%s&captcha_answer=****",
                world.challenge, error.auth_session, error.captcha.id);
        expect(&world, "/oauth2/challenge", body, "basic", 400, "\"captcha_wrong\":true");

        (void)snprintf(body, sizeof(body), C "&refresh=captcha&auth_session=%s",
                       error.auth_session);
        wire_challenge_error_done(&error);
        ask(&world, "/oauth2/challenge", body, "basic", &answer);
        assert_int_equal(wire_challenge_error_decode(answer.body, answer.n_body, &error), 0);
        assert_string_equal(error.error, "captcha_required");
        {
                Statement *statement = NULL;

                assert_int_equal(store_query(world.fixture->store, &statement,
                                             "SELECT answer FROM captcha WHERE id = $1", "t",
                                             error.captcha.id),
                                 0);
                assert_int_equal(statement_next(statement), 1);
                (void)snprintf(
                        body, sizeof(body),
                        C
                        "&username=990101199001010019&password=Jia-pass1&" ASKED
                        "&auth_session=%s&captcha_id=%s&captcha_answer=%s",
                        world.challenge, error.auth_session, error.captcha.id,
                        statement_text(statement, 0));
                (void)statement_free(statement);
        }
        expect(&world, "/oauth2/challenge", body, "basic", 200, "\"authorization_code\"");
        wire_challenge_error_done(&error);

        /* told only when the password is right */
        assert_int_equal(account_set_disabled(world.fixture->store, world.fixture->jia, 1), 0);
        (void)snprintf(
                body, sizeof(body),
                C
                "&username=ceshi_jia&password=Jia-pass1&" ASKED,
                world.challenge);
        expect(&world, "/oauth2/challenge", body, "basic", 400, "\"account_disabled\"");
        (void)snprintf(
                body, sizeof(body),
                C
                "&username=ceshi_jia&password=Wrong-1&" ASKED,
                world.challenge);
        expect(&world, "/oauth2/challenge", body, "basic", 400, "\"invalid_credentials\"");

        token_get(&world, CLIENT_APP, "Ceshi_Bing", "Bing-pass3", app, sizeof(app));
        world_stop(&world);
}

#define VERIFY_ONE "/units/" UNIT_ONE "/verification"
#define VERIFY_TWO "/units/" UNIT_TWO "/verification"
#define DECLARE "method=declaration_password&password="

typedef struct UnitCase {
        const char *sentence;
        Phase phase;
        const char *path, *body;
        long status;
        const char *part;
} UnitCase;

/* jia is authorised for one, bound to two without; bing is bound to one */
static const UnitCase unit_cases[] = {
        { "a relation", PHASE_RELATION, VERIFY_ONE, "method=relation", 200,
          "\"method\":\"relation\"" },
        { "no relation", PHASE_RELATION, VERIFY_TWO, "method=relation", 403, "/unit-not-related" },
        { "a unit of somebody else", PHASE_RELATION, "/units/91990000000000003E/verification",
          "method=relation", 404, "/not-found" },
        { "a method that is none", PHASE_RELATION, VERIFY_ONE, "method=ca", 400, "/bad-request" },
        { "no method", PHASE_RELATION, VERIFY_ONE, "", 400, "/bad-request" },
        { "no password", PHASE_RELATION, VERIFY_ONE, "method=declaration_password", 400,
          "/bad-request" },
        { "the declaration password", PHASE_RELATION, VERIFY_ONE, DECLARE "Declare-1", 200,
          "\"method\":\"declaration_password\"" },
        { "a unit that has none", PHASE_RELATION, VERIFY_TWO, DECLARE "Declare-1", 403,
          "/unit-not-related" },
        { "a relation before it counts", PHASE_DUAL, VERIFY_ONE, "method=relation", 403,
          "/unit-not-related" },
        { "the declaration password in the first phase", PHASE_DUAL, VERIFY_ONE,
          DECLARE "Declare-1", 200, "\"code\"" },
        { "a relation in the last phase", PHASE_REALNAME, VERIFY_ONE, "method=relation", 200,
          "\"code\"" },
        { "the declaration password when it does not count any more", PHASE_REALNAME, VERIFY_ONE,
          DECLARE "Declare-1", 403, "/unit-not-related" },
};

static void test_units(void **state) {
        for (Phase phase = PHASE_DUAL; phase < _PHASE_MAX; phase++) {
                char token[64], app[64];
                World world;

                world_begin(*state, phase, &world);
                token_make(&world, "ws", world.fixture->jia, token, sizeof(token));
                token_make(&world, CLIENT_APP, world.fixture->jia, app, sizeof(app));
                expect(&world, "/units", NULL, token, 200,
                       "{\"units\":[{\"code\":\"" UNIT_ONE "\"");
                expect(&world, "/units", NULL, app, 401, "/unauthorized");
                for (size_t i = 0; i < ELEMENTSOF(unit_cases); i++)
                        if (unit_cases[i].phase == phase)
                                expect(&world, unit_cases[i].path, unit_cases[i].body, token,
                                       unit_cases[i].status, unit_cases[i].part);

                /* threats 74: taken away a moment before */
                assert_int_equal(
                        relation_put(world.fixture->store, world.fixture->jia, UNIT_ONE, 0), 0);
                expect(&world, VERIFY_ONE, "method=relation", token, 403, "/unit-not-related");
                assert_int_equal(
                        relation_put(world.fixture->store, world.fixture->jia, UNIT_ONE, 1), 0);
                world_stop(&world);
        }
}

/* threats 46: whatever is sent as a password either costs a try or is no request; nothing is tested
 * for free */
static void test_odd_guesses(void **state) {
        static const struct {
                const char *sentence, *password;
                const char *part;
                int64_t tries_left; /* -1: no guard was touched */
        } cases[] = {
                { "nothing", "", "\"invalid_request\"", -1 },
                { "one character", "x", "\"invalid_credentials\"", 4 },
                { "not UTF-8", "%ff%fe%80", "\"invalid_credentials\"", 4 },
                { "a control character", "%1b%5b2J", "\"invalid_credentials\"", 4 },
                { "a NUL", "a%00b", "\"invalid_request\"", -1 },
                { "a space", "%20", "\"invalid_credentials\"", 4 },
                { "what looks like a hash", "%24y%24j9T%24", "\"invalid_credentials\"", 4 },
                { "257 bytes",
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                  "\"invalid_request\"", -1 },
        };
        char body[1024];
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(store_run(world.fixture->store, "DELETE FROM guard", ""), 0);
                (void)snprintf(body, sizeof(body), C "&username=ceshi_jia&password=%s&" ASKED,
                               cases[i].password, world.challenge);
                expect(&world, "/oauth2/challenge", body, "basic", 400, cases[i].part);
                assert_int_equal(fixture_number(world.fixture,
                                                "SELECT COALESCE(MIN(tries_left), -1) FROM guard"),
                                 cases[i].tries_left);
        }
        world_stop(&world);
}

/* One counter a unit, whoever of its people types. */
static void test_unit_password(void **state) {
        char jia[64], bing[64], body[256];
        WireProblem problem = {};
        static Answer answer;
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, "ws", world.fixture->jia, jia, sizeof(jia));
        token_make(&world, "ws", world.fixture->bing, bing, sizeof(bing));
        expect(&world, VERIFY_ONE, DECLARE "wrong", jia, 403, "/unit-password-wrong");
        expect(&world, VERIFY_ONE, DECLARE "Declare-1", bing, 403, "/unit-captcha-required");
        for (int left = 3; left >= 0; left--) {
                Statement *statement = NULL;

                ask(&world, VERIFY_ONE, "method=declaration_password&refresh=captcha", bing,
                    &answer);
                assert_int_equal(answer.status, 403);
                assert_int_equal(wire_problem_decode(answer.body, answer.n_body, &problem), 0);
                assert_int_equal(store_query(world.fixture->store, &statement,
                                             "SELECT answer FROM captcha WHERE id = $1", "t",
                                             problem.captcha.id),
                                 0);
                assert_int_equal(statement_next(statement), 1);
                (void)snprintf(body, sizeof(body), DECLARE "wrong&captcha_id=%s&captcha_answer=%s",
                               problem.captcha.id, statement_text(statement, 0));
                (void)statement_free(statement);
                wire_problem_done(&problem);

                ask(&world, VERIFY_ONE, body, bing, &answer);
                assert_int_equal(answer.status, 403);
                assert_int_equal(wire_problem_decode(answer.body, answer.n_body, &problem), 0);
                if (left > 0)
                        assert_int_equal(problem.attempts_left, left);
                else
                        assert_true(strstr(problem.type, "/unit-locked") &&
                                    problem.retry_after == 7200);
                wire_problem_done(&problem);
        }
        expect(&world, VERIFY_ONE, DECLARE "Declare-1", jia, 403, "/unit-locked");
        /* the lock stops the password, not the relation */
        expect(&world, VERIFY_ONE, "method=relation", jia, 200, "\"code\"");
        world_stop(&world);
}

static void test_device(void **state) {
        WireDeviceAnswer device = {};
        char jia[64], bing[64], workstation[64], page[64];
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, CLIENT_APP, world.fixture->jia, jia, sizeof(jia));
        token_make(&world, CLIENT_APP, world.fixture->bing, bing, sizeof(bing));
        token_make(&world, "ws", world.fixture->jia, workstation, sizeof(workstation));

        device_begin(&world,
                     "&host=%3Cws01%3E&service=login&terminal=tty1%1B%5B31m&login_hint=19900000001",
                     &device);
        poll_device(&world, &device, "", 400, "\"state\":\"pending\"");
        poll_device(&world, &device, "", 400, "\"slow_down\"");
        poll_device(&world, &device, "&wait=1&seen=scanned", 400, "\"state\":\"pending\"");
        /* held, then the same is said again */
        poll_device(&world, &device, "&wait=1&seen=pending", 400, "\"state\":\"pending\"");

        /* threats 55: looking changes nothing, and a stranger sees nothing */
        (void)snprintf(page, sizeof(page), "/q/%s", device.user_code);
        for (int i = 0; i < 20; i++)
                expect(&world, page, NULL, NULL, 200, "个人所得税APP");
        phone(&world, &device, "", jia, 200, "\"state\":\"pending\"");
        phone(&world, &device, "", jia, 200, "\"terminal\":\"tty1\xef\xbf\xbd[31m\"");
        phone(&world, &device, "", workstation, 401, "/unauthorized");
        phone(&world, &device, "/scan", workstation, 401, "/unauthorized");

        phone(&world, &device, "/scan", jia, 200, "\"state\":\"scanned\"");
        poll_device(&world, &device, "&wait=1&seen=pending", 400, "\"state\":\"scanned\"");
        phone(&world, &device, "/confirm", jia, 200, "{\"state\":\"confirmed\"}");
        phone(&world, &device, "/confirm", jia, 409, "/device-decided");
        poll_device(&world, &device, "&wait=1&seen=scanned", 200, "\"login_hint_matched\":true");
        poll_device(&world, &device, "&wait=1&seen=scanned", 400, "\"invalid_grant\"");
        phone(&world, &device, "/refuse", jia, 409, "/device-decided");
        wire_device_answer_done(&device);

        /* threats 57 */
        device_begin(&world, "&login_hint=ceshi_jia", &device);
        phone(&world, &device, "/confirm", bing, 403, "/wrong-person");
        poll_device(&world, &device, "&wait=1&seen=pending", 400, "\"reason\":\"wrong_person\"");
        wire_device_answer_done(&device);

        device_begin(&world, "", &device);
        phone(&world, &device, "/refuse", bing, 200, "\"state\":\"refused\"");
        poll_device(&world, &device, "", 400, "\"reason\":\"refused\"");
        wire_device_answer_done(&device);

        device_begin(&world, "", &device);
        assert_int_equal(account_set_disabled(world.fixture->store, world.fixture->bing, 1), 0);
        phone(&world, &device, "", bing, 401, "/unauthorized");
        phone(&world, &device, "/confirm", bing, 403, "/account-disabled");
        assert_int_equal(
                store_run(world.fixture->store, "UPDATE device SET expires_at = created_at", ""),
                0);
        phone(&world, &device, "/confirm", jia, 410, "/device-expired");
        poll_device(&world, &device, "&wait=5&seen=pending", 400, "\"expired_token\"");
        wire_device_answer_done(&device);
        world_stop(&world);
}

static void test_digits(void **state) {
        WireDeviceAnswer device = {};
        WireConfirmation confirmation = {};
        static Answer answer;
        char jia[64], path[128], more[64];
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, CLIENT_APP, world.fixture->jia, jia, sizeof(jia));
        device_begin(&world, "&binding=digits&service=sshd", &device);
        phone(&world, &device, "", jia, 200, "\"binding\":\"digits\"");
        (void)snprintf(path, sizeof(path), "/app/device/%s/confirm", device.user_code);
        ask(&world, path, "", jia, &answer);
        assert_int_equal(wire_confirmation_decode(answer.body, answer.n_body, &confirmation), 0);
        poll_device(&world, &device, "&wait=5&seen=pending", 400, "\"state\":\"digits_required\"");
        confirmation.digits[0] = (char)(confirmation.digits[0] == '9' ? '0'
                                                                      : confirmation.digits[0] + 1);
        (void)snprintf(more, sizeof(more), "&digits=%s", confirmation.digits);
        poll_device(&world, &device, more, 400, "{\"error\":\"invalid_digits\",\"attempts_left\":2}");
        confirmation.digits[0] = (char)(confirmation.digits[0] == '0' ? '9'
                                                                      : confirmation.digits[0] - 1);
        (void)snprintf(more, sizeof(more), "&digits=%s", confirmation.digits);
        poll_device(&world, &device, more, 200, "\"access_token\"");
        poll_device(&world, &device, more, 400, "\"invalid_grant\"");
        wire_device_answer_done(&device);
        wire_confirmation_done(&confirmation);
        world_stop(&world);
}

/* A held request hears at once of what the phone does, within about a second (on PostgreSQL: at
 * once) of what another process does, and of the server's end. */
static void test_held(void **state) {
        enum { BY_PHONE, BY_OTHER, BY_STOP, _BY_MAX };
        static const uint64_t limits_usec[_BY_MAX] = { 500000, 2000000, 2000000 };

        for (int by = 0; by < _BY_MAX; by++) {
                WireDeviceAnswer device = {};
                uint64_t begun_usec;
                char jia[64];
                World world;
                pid_t pid;
                int status;

                world_begin(*state, PHASE_RELATION, &world);
                token_make(&world, CLIENT_APP, world.fixture->jia, jia, sizeof(jia));
                device_begin(&world, "", &device);
                pid = fork();
                assert_true(pid >= 0);
                if (pid == 0) {
                        world.curl = curl_easy_init();
                        poll_device(&world, &device, "&wait=15&seen=pending", 400,
                             by == BY_STOP ? "\"pending\"" : "\"refused\"");
                        _exit(0);
                }
                (void)nanosleep(&(const struct timespec){ .tv_nsec = 200000000 }, NULL);
                begun_usec = clock_boot_usec();
                if (by == BY_PHONE)
                        phone(&world, &device, "/refuse", jia, 200, "\"refused\"");
                else if (by == BY_OTHER) {
                        assert_int_equal(store_run(world.fixture->store,
                                                   "UPDATE device SET state = 'refused'", ""),
                                         0);
                        assert_int_equal(store_tell(world.fixture->store, ""), 0);
                } else
                        assert_int_equal(kill(world.pid, SIGTERM), 0);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
                assert_true(clock_boot_usec() - begun_usec < limits_usec[by]);
                wire_device_answer_done(&device);
                if (by == BY_STOP) {
                        assert_int_equal(waitpid(world.pid, &status, 0), world.pid);
                        assert_int_equal(status, 0);
                        curl_easy_cleanup(world.curl);
                        (void)rmdir(world.outbox);
                } else
                        world_stop(&world);
        }
}

/* threats 113 */
static void test_too_large(void **state) {
        static char body[2 * SERVER_BODY_MAX];
        static Answer answer;
        World world;

        world_begin(*state, PHASE_NONE, &world);
        memset(body, 'a', sizeof(body) - 1);
        memcpy(body, "client_id=", 10);
        expect(&world, "/oauth2/challenge", body, "basic", 413, "/too-large");
        expect(&world, "/app/device/AAAAAAAA/scan", body, NULL, 413, "/too-large");

        /* many keys, and a header beyond all measure */
        for (size_t i = 0; i + 4 < 60000; i += 4)
                (void)snprintf(body + i, 5, "%c%zu=&", 'a' + (char)(i / 40 % 26), i % 10);
        body[60000] = '\0';
        expect(&world, "/oauth2/challenge", body, "basic", 400, "\"invalid_request\"");
        memset(body, 'a', sizeof(body) - 1);
        ask(&world, "/units", NULL, "x", &answer);
        assert_int_equal(answer.status, 401);
        expect(&world, "/healthz", NULL, NULL, 200, "ok");
        world_stop(&world);
}

/* What comes back on a connection of its own, until the server ends it. */
static void say(const World *world, const char *text, char *ret, size_t n) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const struct timeval bound = { .tv_sec = 20 };
        size_t n_got = 0;
        ssize_t got = 1;
        int fd;

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", world->socket);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound)), 0);
        assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        while (got > 0 && n_got < n - 1) {
                got = read(fd, ret + n_got, n - 1 - n_got);
                n_got += got > 0 ? (size_t)got : 0;
        }
        ret[n_got] = '\0';
        (void)close(fd);
}

/* threats 112: behind a proxy that counts otherwise, the rest would be another person's request */
static void test_a_body_that_ends_twice(void **state) {
        static const char *const framings[] = {
                "Content-Length: 4\r\nContent-Length: 40\r\n\r\na=bc",
                "Content-Length: 4\r\nContent-Length: 4\r\n\r\na=bc",
                "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
        };
        World world;

        world_begin(*state, PHASE_NONE, &world);
        for (size_t i = 0; i < ELEMENTSOF(framings); i++) {
                char text[512], answer[4096];

                (void)snprintf(text, sizeof(text),
                               "POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\n%s"
                               "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close"
                               "\r\n\r\n",
                               framings[i]);
                say(&world, text, answer, sizeof(answer));
                assert_non_null(strstr(answer, "HTTP/1.1 400"));
                assert_non_null(strstr(answer, "\"invalid_request\""));
                assert_null(strstr(answer, "HTTP/1.1 200"));
        }
        expect(&world, "/healthz", NULL, NULL, 200, "ok");
        world_stop(&world);
}

static void test_headers(void **state) {
        static Answer answer;
        World world;

        world_begin(*state, PHASE_NONE, &world);
        ask(&world, "/Q/AAAAAAAA", NULL, NULL, &answer);
        assert_non_null(strstr(answer.headers,
                               "Content-Security-Policy: default-src 'none'; script-src 'self';"
                               " style-src 'self';"));
        assert_non_null(strstr(answer.headers, "frame-ancestors 'none'"));
        assert_null(strstr(answer.body, "<script"));
        assert_null(strstr(answer.body, "<style"));
        ask(&world, "/oauth2/token", "", NULL, &answer);
        assert_int_equal(answer.status, 401);
        assert_non_null(strstr(answer.headers, "WWW-Authenticate: Basic"));
        assert_non_null(strstr(answer.headers, "Cache-Control: no-store"));
        ask(&world, "/units", NULL, NULL, &answer);
        assert_non_null(strstr(answer.headers, "application/problem+json"));
        world_stop(&world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_asked),         UNIT_TEST(test_password),  UNIT_TEST(test_units),
                UNIT_TEST(test_odd_guesses),
                UNIT_TEST(test_unit_password), UNIT_TEST(test_device),    UNIT_TEST(test_digits),
                UNIT_TEST(test_held),          UNIT_TEST(test_too_large), UNIT_TEST(test_headers),
                UNIT_TEST(test_a_body_that_ends_twice),
        };

        wire_init_process();
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
