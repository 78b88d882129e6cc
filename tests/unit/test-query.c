/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Query: what becomes of a login that was granted: checks of the account, sessions, logins that are taken up
 * again, and who may ask for any of it. The whole daemon runs, against a platform on the loopback. */

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <systemd/sd-bus.h>

#include <cmocka.h>

#include "daemon/bus/bus-private.h"
#include "daemon/registry.h"
#include "lib/common/limits.h"
#include "tests/unit/manager-fixture.h"

#define OTHER_UNIT "91990000000000002B"
#define UNIT_PASSWORD "Unit-pass1"

/* One call, and what came of it. In memory that a child shares, where it is asked as somebody else. */
typedef struct Call {
        ClientRequest request;
        const char *session;
        ClientQuestion question;
        ClientVerdict verdict;
        ClientPolicy policy;
        ClientSessions sessions;
        size_t n_sessions;
        char id[LIMIT_SESSION_BYTES + 1]; /* of a login that was granted */
        const char *answer;
} Call;

static int check(const ClientPlace *at, void *data) {
        Call *call = data;

        call->verdict = _CLIENT_VERDICT_MAX;
        return client_check_at(at, &call->request, &call->verdict);
}

static int open_session(const ClientPlace *at, void *data) {
        const Call *call = data;

        return client_open_session_at(at, &call->request);
}

static int close_session(const ClientPlace *at, void *data) {
        const Call *call = data;

        return client_close_session_at(at, call->session);
}

static int list(const ClientPlace *at, void *data) {
        Call *call = data;
        int r = client_sessions_at(at, &call->sessions);

        call->n_sessions = call->sessions.n;
        return r;
}

static int ask_policy(const ClientPlace *at, void *data) {
        Call *call = data;

        return client_simulate_at(at, &call->question, &call->policy);
}

/* A login whose every prompt is answered alike. Return: 0 when it was granted. */
static int log_in(const ClientPlace *at, void *data) {
        Call *call = data;
        Client *client = NULL;
        Step step = {};
        unsigned n_prompts = 0;
        int r;

        r = client_open_at(at, &call->request, &client);
        while (r == 0 && !step_is_terminal(&step) && n_prompts < 8) {
                _cleanup_(secret_freep) Secret *answer = NULL;
                bool asks = step.kind == STEP_PROMPT_ECHO || step.kind == STEP_PROMPT_SECRET;
                const char *text = step.kind == STEP_PROMPT_ECHO ? call->answer : PASSWORD;

                if (step.serial && asks) {
                        (void)secret_new_from(text, strlen(text), &answer);
                        n_prompts++;
                }
                r = client_next(client, answer, &step);
        }
        if (r == 0 && step.kind == STEP_DONE && step.session)
                memcpy(call->id, step.session, sizeof(call->id));
        r = r ? r : step.kind != STEP_DONE;
        client = client_free(client);
        step_done(&step);
        return r;
}

static const ClientRequest root_login = { .service = "login", .tty = "/dev/tty1", .user = "root" };

/* Root logs in with the usual password. Return: the session's id, for free(). */
static char *granted(Place *place, const ClientRequest *request, const char *const *answers) {
        Talk t = { .request = *request, .answers = { PASSWORD } };
        char *id;

        for (size_t i = 0; answers && answers[i]; i++)
                t.answers[i] = answers[i];
        talk(place, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.last.kind, STEP_DONE);
        assert_non_null(t.last.session);
        assert_int_equal(strlen(t.last.session), LIMIT_SESSION_BYTES);
        id = strdup(t.last.session);
        step_done(&t.last);
        return id;
}

static ClientVerdict checked(Place *place, const char *user, const char *id) {
        Call call = { .request = { .service = "login", .user = user, .session = id } };

        assert_int_equal(place_ask(place, check, &call), 0);
        return call.verdict;
}

static void test_from_the_grant_to_the_end_of_the_session(void **state) {
        Call call = { .request = root_login };
        const ClientSession *session;
        Place place;
        char *id;

        (void)state;
        place_init(&place);
        id = granted(&place, &root_login, NULL);
        call.request.session = id;

        assert_int_equal(place_ask(&place, check, &call), 0);
        assert_int_equal(call.verdict, CLIENT_GRANTED);
        assert_int_equal(tls_server_requests(place.server, "/userinfo"), 2);

        assert_int_equal(place_ask(&place, open_session, &call), 0);
        assert_int_equal(place_ask(&place, list, &call), 0);
        assert_int_equal(call.n_sessions, 1);
        session = &call.sessions.list[0];
        assert_string_equal(session->session, id);
        assert_string_equal(session->user, "root");
        assert_string_equal(session->account, "ceshi_jia");
        assert_string_equal(session->name, "测试甲");
        assert_string_equal(session->unit, UNIT_CODE);
        assert_string_equal(session->method, "password");
        assert_string_equal(session->service, "login");
        assert_string_equal(session->tty, "/dev/tty1");
        assert_true(session->is_open);
        assert_true(session->since_sec > 1573228800);
        client_sessions_done(&call.sessions);

        /* threats 24, 40 */
        assert_int_not_equal(place_ask(&place, open_session, &call), 0);
        assert_int_equal(place_ask(&place, check, &call), 0);
        assert_int_equal(call.verdict, CLIENT_GRANTED);

        call.session = id;
        assert_int_equal(place_ask(&place, close_session, &call), 0);
        assert_int_equal(place_ask(&place, close_session, &call), CLIENT_E_SESSION);
        assert_int_equal(place_ask(&place, open_session, &call), CLIENT_E_SESSION);
        assert_int_equal(place_ask(&place, check, &call), CLIENT_E_SESSION);
        assert_int_equal(place_ask(&place, list, &call), 0);
        assert_int_equal(call.n_sessions, 0);
        client_sessions_done(&call.sessions);
        settle(&place);
        assert_int_equal(tls_server_requests(place.server, "/revoke"), 1);

        assert_non_null(strstr(place.told, "account check granted: service=\"login\""));
        assert_non_null(strstr(place.told, "session opened: service=\"login\" tty=\"/dev/tty1\""));
        assert_non_null(strstr(place.told, "session closed: "));
        /* threats 88 */
        assert_null(strstr(place.told, "ceshi_jia"));
        assert_null(strstr(place.told, "tOkEn"));
        free(id);
        place_done(&place);
}

#define UNITS_OF(text) "{\"units\":[" text "]}"
#define UNIT_OF(code, authorised) \
        "{\"code\":\"" code "\",\"name\":\"测试一号有限公司\",\"authorised\":" authorised "," \
        "\"methods\":[\"relation\",\"declaration_password\"]}"
#define PERSON_OF(account) \
        "{\"sub\":\"7\",\"preferred_username\":\"" account "\",\"name\":\"测试甲\"}"

/* threats 59, 67, 74: what the platform says by now counts, not what it said at the login */
static void test_what_the_platform_says_by_now(void **state) {
        static const struct {
                const char *name;
                ServerAnswer answers[3];
                ClientVerdict verdict;
        } cases[] = {
                { "the account is disabled, or its token was revoked",
                  { { "/userinfo", .body = PERSON_JSON },
                    { "/userinfo", .status = 401, .body = "{\"error\":\"invalid_token\"}" } },
                  CLIENT_DENIED },
                { "the token is somebody else's",
                  { { "/userinfo", .body = PERSON_JSON },
                    { "/userinfo", .body = PERSON_OF("ceshi_yi") } },
                  CLIENT_DENIED },
                { "the unit is no longer the person's",
                  { { "/units", .body = UNITS_OF(UNIT_OF(UNIT_CODE, "true")) },
                    { "/units", .body = UNITS_OF(UNIT_OF(OTHER_UNIT, "true")) } },
                  CLIENT_UNIT },
                { "the person has no unit at all",
                  { { "/units", .body = UNITS_OF(UNIT_OF(UNIT_CODE, "true")) },
                    { "/units", .body = UNITS_OF("") } },
                  CLIENT_UNIT },
                { "the relation was removed",
                  { { "/units", .body = UNITS_OF(UNIT_OF(UNIT_CODE, "true")) },
                    { "/units", .body = UNITS_OF(UNIT_OF(UNIT_CODE, "false")) } },
                  CLIENT_UNIT },
                { "the platform is away",
                  { { "/userinfo", .body = PERSON_JSON },
                    { "/userinfo", .status = 503, .body = "{}" } },
                  CLIENT_UNAVAILABLE },
                { "the platform makes no sense",
                  { { "/userinfo", .body = PERSON_JSON }, { "/userinfo", .body = "[]" } },
                  CLIENT_UNAVAILABLE },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ClientVerdict verdict;
                Place place;
                char *id;

                place_init_with(&place, cases[i].answers, "");
                id = granted(&place, &root_login, NULL);
                verdict = checked(&place, "root", id);
                if (verdict != cases[i].verdict)
                        fail_msg("%s: %u", cases[i].name, verdict);
                free(id);
                place_done(&place);
        }
}

static void reload(Place *place, const char *more) {
        assert_int_equal(manager_reload(place->manager, make_config(place, more)), 0);
}

/* What this host says by now: its map, its units, its phase. Nothing is asked of the platform then. */
static void test_what_this_host_says_by_now(void **state) {
        static const ServerAnswer by_password[] = {
                { "/units", .body = UNITS_OF(UNIT_OF(UNIT_CODE, "false")) },
                { PATH_VERIFICATION,
                  .body = "{\"code\":\"" UNIT_CODE "\",\"method\":\"declaration_password\"}" },
                {},
        };
        static const char *const answers[] = { PASSWORD, UNIT_PASSWORD, NULL };
        unsigned n_asked;
        Place place;
        char *id;

        (void)state;
        place_init(&place);
        id = granted(&place, &root_login, NULL);
        n_asked = tls_server_requests(place.server, NULL);
        assert_int_equal(checked(&place, "nobody", id), CLIENT_DENIED);
        reload(&place, "units=" OTHER_UNIT "\n");
        assert_int_equal(checked(&place, "root", id), CLIENT_UNIT);
        reload(&place, "");
        bus_fixture_write(&place.bus, "users", "ceshi_jia nobody\n# and a longer file\n");
        assert_int_equal(checked(&place, "root", id), CLIENT_DENIED);
        bus_fixture_write(&place.bus, "users", "# nobody any more\n");
        assert_int_equal(checked(&place, "root", id), CLIENT_DENIED);
        assert_int_equal(tls_server_requests(place.server, NULL), n_asked);
        bus_fixture_write(&place.bus, "users", "ceshi_jia root\nceshi_yi nobody\n");
        assert_int_equal(checked(&place, "root", id), CLIENT_GRANTED);
        free(id);
        place_done(&place);

        /* A declaration password is no proof in phase realname. */
        place_init_with(&place, by_password, "");
        id = granted(&place, &root_login, answers);
        assert_int_equal(checked(&place, "root", id), CLIENT_GRANTED);
        reload(&place, "[phases]\nrealname=2020-01-01\n");
        assert_int_equal(checked(&place, "root", id), CLIENT_UNIT);
        reload(&place, "[phases]\nrealname=2199-01-01\n");
        assert_int_equal(checked(&place, "root", id), CLIENT_GRANTED);
        free(id);
        place_done(&place);
}

/* threats 8: logins that were not ours */
static void test_checks_without_session(void **state) {
        Call call = {};
        Place place;

        (void)state;
        place_init(&place);
        call.request.user = "root";
        assert_int_equal(place_ask(&place, check, &call), 0);
        assert_int_equal(call.verdict, CLIENT_MAPPED);
        call.request.user = "daemon";
        assert_int_equal(place_ask(&place, check, &call), 0);
        assert_int_equal(call.verdict, CLIENT_NOT_OURS);
        call.request.user = "no-such-user";
        assert_int_equal(place_ask(&place, check, &call), 0);
        assert_int_equal(call.verdict, CLIENT_NOT_OURS);
        assert_int_equal(tls_server_requests(place.server, NULL), 0);
        place_done(&place);
}

/* threats 20, 24: every method with what is somebody else's */
static void test_nobody_asks_for_others(void **state) {
        Call *call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                          -1, 0);
        unsigned n_asked;
        Place place;
        char *id;

        (void)state;
        assert_true(call != MAP_FAILED);
        place_init(&place);
        id = granted(&place, &root_login, NULL);
        n_asked = tls_server_requests(place.server, NULL);

        *call = (Call){ .request = { .user = "root", .session = id }, .session = id };
        assert_int_equal(ask_as(&place, NOBODY, check, call), CLIENT_E_REFUSED);
        assert_int_equal(ask_as(&place, NOBODY, open_session, call), CLIENT_E_REFUSED);
        assert_int_equal(ask_as(&place, NOBODY, close_session, call), CLIENT_E_SESSION);
        call->request.session = NULL;
        assert_int_equal(ask_as(&place, NOBODY, check, call), CLIENT_E_REFUSED);
        /* As his own: a session of root's is as unknown as none. */
        call->request = (ClientRequest){ .user = "nobody", .session = id };
        assert_int_equal(ask_as(&place, NOBODY, check, call), CLIENT_E_SESSION);
        assert_int_equal(ask_as(&place, NOBODY, open_session, call), CLIENT_E_SESSION);
        call->request.session = "0123456789abcdef0123456789abcdef";
        assert_int_equal(ask_as(&place, NOBODY, check, call), CLIENT_E_SESSION);
        assert_int_equal(ask_as(&place, NOBODY, list, call), 0);
        assert_int_equal(call->n_sessions, 0);
        call->question = (ClientQuestion){ .account = "ceshi_jia" };
        assert_int_equal(ask_as(&place, NOBODY, ask_policy, call), CLIENT_E_REFUSED);
        assert_int_equal(tls_server_requests(place.server, NULL), n_asked);
        assert_non_null(strstr(place.told, "uid 65534 was refused: it asked for somebody else"));
        assert_non_null(strstr(place.told, "uid 65534 was refused: it asked what is for root alone"));

        /* Root's is untouched by it. */
        assert_int_equal(checked(&place, "root", id), CLIENT_GRANTED);
        (void)munmap(call, sizeof(*call));
        free(id);
        place_done(&place);
}

/* threats 21 */
static void test_nobody_asks_for_himself(void **state) {
        static const ServerAnswer answers[] = { { "/userinfo", .body = PERSON_OF("ceshi_yi") }, {} };
        Call *call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                          -1, 0);
        Call roots = {};
        char id[LIMIT_SESSION_BYTES + 1];
        unsigned n_asked;
        Place place;

        (void)state;
        assert_true(call != MAP_FAILED);
        place_init_with(&place, answers, "");
        *call = (Call){ .request = { .service = "swaylock", .prompts = "many", .user = "nobody" },
                        .answer = "ceshi_yi" };
        assert_int_equal(ask_as(&place, NOBODY, log_in, call), 0);
        memcpy(id, call->id, sizeof(id));
        assert_int_equal(strlen(id), LIMIT_SESSION_BYTES);

        *call = (Call){ .request = { .user = "nobody", .session = id }, .session = id };
        assert_int_equal(ask_as(&place, NOBODY, check, call), 0);
        assert_int_equal(call->verdict, CLIENT_GRANTED);
        /* The platform is not asked as often as he likes. */
        n_asked = tls_server_requests(place.server, NULL);
        assert_int_equal(ask_as(&place, NOBODY, check, call), 0);
        assert_int_equal(call->verdict, CLIENT_GRANTED);
        assert_int_equal(tls_server_requests(place.server, NULL), n_asked);

        assert_int_equal(ask_as(&place, NOBODY, list, call), 0);
        assert_int_equal(call->n_sessions, 1);
        assert_int_equal(ask_as(&place, NOBODY, open_session, call), 0);
        /* The process that opened it has gone meanwhile. */
        assert_int_equal(place_ask(&place, list, &roots), 0);
        assert_int_equal(roots.n_sessions, 0);
        client_sessions_done(&roots.sessions);
        roots = (Call){ .request = { .user = "nobody", .session = id } };
        assert_int_equal(place_ask(&place, check, &roots), CLIENT_E_SESSION);
        assert_non_null(strstr(place.told, "session gone: "));
        (void)munmap(call, sizeof(*call));
        place_done(&place);
}

/* A service may check and open what was granted to it, and nothing else. */
static void test_services(void **state) {
        Call *call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                          -1, 0);
        Place place;
        char *id;

        (void)state;
        assert_true(call != MAP_FAILED);
        place_init_with(&place, NULL, "[callers]\nservices=nobody\n");
        id = granted(&place, &root_login, NULL);
        *call = (Call){ .request = { .service = "dovecot", .user = "root" } };
        assert_int_equal(ask_as(&place, NOBODY, log_in, call), 0);
        call->request = (ClientRequest){ .user = "root", .session = call->id };
        assert_int_equal(ask_as(&place, NOBODY, check, call), 0);
        assert_int_equal(call->verdict, CLIENT_GRANTED);
        call->request.session = id;
        assert_int_equal(ask_as(&place, NOBODY, check, call), CLIENT_E_SESSION);
        call->session = call->id;
        assert_int_equal(ask_as(&place, NOBODY, close_session, call), 0);
        assert_int_equal(ask_as(&place, NOBODY, list, call), 0);
        assert_int_equal(call->n_sessions, 0);
        (void)munmap(call, sizeof(*call));
        free(id);
        place_done(&place);
}

/* threats 32, 49: what was open before is known after a restart, but not trusted for more */
static void test_sessions_outlive_the_daemon(void **state) {
        Call call = { .request = root_login };
        char path[96];
        struct stat st;
        Place place;
        char *id;

        (void)state;
        place_init(&place);
        id = granted(&place, &root_login, NULL);
        call.request.session = call.session = id;
        assert_int_equal(place_ask(&place, open_session, &call), 0);
        (void)snprintf(path, sizeof(path), "%s/sessions/%s", place.runtime, id);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);

        place_restart(&place, "");
        assert_int_equal(place_ask(&place, list, &call), 0);
        assert_int_equal(call.n_sessions, 1);
        assert_string_equal(call.sessions.list[0].name, "测试甲");
        client_sessions_done(&call.sessions);
        assert_int_equal(checked(&place, "root", id), CLIENT_UNAVAILABLE);
        assert_int_equal(checked(&place, "daemon", id), CLIENT_DENIED);
        assert_int_equal(place_ask(&place, close_session, &call), 0);
        assert_int_not_equal(stat(path, &st), 0);
        free(id);
        place_done(&place);
}

/* A login at the same place as before. */
static void log_in_again(Place *place, const ClientRequest *request, const char *method,
                         const char *answer) {
        Talk t = { .request = *request, .answers = { answer } };

        talk(place, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.last.kind, STEP_DONE);
        assert_string_equal(t.last.method, method);
        assert_string_equal(t.last.user, "root");
        assert_non_null(t.last.session);
        step_done(&t.last);
}

static void test_logins_that_are_resumed(void **state) {
        static const struct {
                const char *name;
                ClientRequest request;
                const char *method;
        } cases[] = {
                { "at the same terminal",
                  { .service = "sudo", .tty = "/dev/tty1", .user = "root", .max_age_sec = 300 },
                  "session" },
                { "at another terminal",
                  { .service = "sudo", .tty = "/dev/tty2", .user = "root", .max_age_sec = 300 },
                  "password" },
                { "at no terminal",
                  { .service = "sudo", .user = "root", .max_age_sec = 300 },
                  "password" },
                { "from somewhere else",
                  { .service = "login", .tty = "/dev/tty1", .rhost = "192.0.2.1", .user = "root",
                    .method = "password", .max_age_sec = 300 },
                  "password" },
                { "of any age is not asked for",
                  { .service = "sudo", .tty = "/dev/tty1", .user = "root" },
                  "password" },
                { "for a unit", { .service = "tax", .user = "root", .purpose = "unit" }, "session" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Call call = { .request = root_login };
                Place place;
                char *id;

                place_init(&place);
                id = granted(&place, &root_login, NULL);
                call.request.session = id;
                assert_int_equal(place_ask(&place, open_session, &call), 0);
                log_in_again(&place, &cases[i].request, cases[i].method, PASSWORD);
                assert_int_equal(tls_server_requests(place.server, "/challenge"),
                                 strcmp(cases[i].method, "session") == 0 ? 1 : 2);
                /* The token is shared: the end of the one does not end the other. */
                settle(&place);
                assert_int_equal(checked(&place, "root", id), CLIENT_GRANTED);
                free(id);
                place_done(&place);
        }
}

/* Resumed by its id alone; somebody else's id, or one that is no more, resumes nothing. */
static void test_the_session_that_is_named(void **state) {
        ClientRequest request = { .service = "tax", .user = "root", .purpose = "unit" };
        Place place;
        char *id;

        (void)state;
        place_init(&place);
        id = granted(&place, &root_login, NULL);
        /* It is not open, so it is found by nothing but its id. */
        log_in_again(&place, &request, "password", PASSWORD);
        request.session = id;
        log_in_again(&place, &request, "session", NULL);
        request.session = "0123456789abcdef0123456789abcdef";
        log_in_again(&place, &request, "password", PASSWORD);
        free(id);
        place_done(&place);
}

/* Whoever the platform no longer knows is asked again, on a token of his own. */
static void test_a_token_that_was_revoked_resumes_nothing(void **state) {
        static const ServerAnswer answers[] = {
                { "/userinfo", .body = PERSON_JSON },
                { "/userinfo", .status = 401, .body = "{\"error\":\"invalid_token\"}" },
                { "/userinfo", .body = PERSON_JSON },
                {},
        };
        const ClientRequest request = { .service = "sudo", .tty = "/dev/tty1", .user = "root",
                                        .max_age_sec = 300 };
        Call call = { .request = root_login };
        Place place;
        char *id;

        (void)state;
        place_init_with(&place, answers, "");
        id = granted(&place, &root_login, NULL);
        call.request.session = id;
        assert_int_equal(place_ask(&place, open_session, &call), 0);
        log_in_again(&place, &request, "password", PASSWORD);
        assert_int_equal(tls_server_requests(place.server, "/userinfo"), 3);
        assert_int_equal(tls_server_requests(place.server, "/challenge"), 2);
        free(id);
        place_done(&place);
}

/* A program with one answer shows who it is by that answer. */
static void test_one_answer_is_known_again(void **state) {
        const ClientRequest request = { .service = "dovecot", .user = "root", .max_age_sec = 300 };
        Place place;

        (void)state;
        place_init(&place);
        log_in_again(&place, &request, "password", PASSWORD);
        log_in_again(&place, &request, "session", PASSWORD);
        assert_int_equal(tls_server_requests(place.server, "/challenge"), 1);
        /* The platform of this test takes any password; that it is asked is what counts. */
        log_in_again(&place, &request, "password", "Another-pass1");
        assert_int_equal(tls_server_requests(place.server, "/challenge"), 2);
        place_done(&place);
}

/* threats 21: a locker that runs as the user is not opened by his being logged in */
static void test_own_programs_resume_no_login(void **state) {
        static const ServerAnswer answers[] = { { "/userinfo", .body = PERSON_OF("ceshi_yi") }, {} };
        Call *call = mmap(NULL, sizeof(*call), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                          -1, 0);
        Place place;

        (void)state;
        assert_true(call != MAP_FAILED);
        place_init_with(&place, answers, "");
        *call = (Call){ .request = { .service = "vlock", .tty = "/dev/tty1", .user = "nobody",
                                     .max_age_sec = 300 },
                        .answer = "ceshi_yi" };
        for (unsigned n = 1; n <= 2; n++) {
                assert_int_equal(ask_as(&place, NOBODY, log_in, call), 0);
                assert_int_equal(tls_server_requests(place.server, "/challenge"), n);
        }
        (void)munmap(call, sizeof(*call));
        place_done(&place);
}

/* Tokens of old configurations are let go after a few reloads. */
static void test_reloads_and_tokens(void **state) {
        Place place;
        char *id;

        (void)state;
        place_init(&place);
        id = granted(&place, &root_login, NULL);
        reload(&place, "");
        assert_int_equal(checked(&place, "root", id), CLIENT_GRANTED);
        for (unsigned i = 0; i < 6; i++)
                reload(&place, "");
        assert_int_equal(checked(&place, "root", id), CLIENT_UNAVAILABLE);
        free(id);
        place_done(&place);
}

/* The unit of last time is remembered, also by the next daemon. */
static void test_the_last_unit_is_kept(void **state) {
        char path[96], text[128] = "";
        struct stat st;
        Place place;
        FILE *f;

        (void)state;
        place_init(&place);
        free(granted(&place, &root_login, NULL));
        (void)snprintf(path, sizeof(path), "%s/last-units", place.state);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        f = fopen(path, "r");
        assert_non_null(f);
        assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
        assert_int_equal(fclose(f), 0);
        assert_string_equal(text, "itaxd last units 1\nceshi_jia " UNIT_CODE "\n");
        place_done(&place);
}

static void test_simulations(void **state) {
        static const struct {
                const char *more;
                ClientQuestion question;
                const char *phase, *phase_by, *user, *user_by, *unit_policy, *method;
                bool unit_allowed, relation, password, certificate, unit_login;
        } cases[] = {
                { "", { .account = "ceshi_jia", .date = "2019-11-09" }, "relation", "configuration",
                  "root", "table", "required", "any", true, true, true, true, true },
                { "phase=dual\n", { .account = "ceshi_jia", .date = "2019-11-09" }, "dual",
                  "configuration", "root", "table", "required", "any", true, false, true, true, true },
                { "[phases]\nrealname=2021-01-01\n", { .account = "x", .date = "2021-01-01" },
                  "realname", "configuration", NULL, "none", "required", "any", true, true, false,
                  true, false },
                { "[phases]\nrealname=2021-01-01\n", { .date = "2020-12-31" }, "dual",
                  "configuration", NULL, "none", "required", "any", true, false, true, true, true },
                { "units=" UNIT_CODE "\nmethod=qr\n",
                  { .account = "ceshi_jia", .unit = OTHER_UNIT, .date = "2019-11-09",
                    .service = "login" },
                  "relation", "configuration", "root", "table", "required", "qr", false, false, false,
                  false, false },
                { "unit=" UNIT_CODE "\n",
                  { .account = "ceshi_jia", .unit = UNIT_CODE, .service = "polkit-1",
                    .date = "2019-11-09" },
                  "relation", "configuration", "root", "table", UNIT_CODE, "password", true, true,
                  true, true, true },
                { "accounts=name\n", { .account = "no_such_user", .date = "2019-11-09" }, "relation",
                  "configuration", NULL, "none", "required", "any", true, true, true, true, true },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Call call = { .question = cases[i].question };
                const ClientPolicy *policy = &call.policy;
                Place place;

                place_init_with(&place, NULL, cases[i].more);
                assert_int_equal(place_ask(&place, ask_policy, &call), 0);
                if (cases[i].question.date)
                        assert_string_equal(policy->date, cases[i].question.date);
                assert_string_equal(policy->phase, cases[i].phase);
                assert_string_equal(policy->phase_by, cases[i].phase_by);
                if (cases[i].user)
                        assert_string_equal(policy->user, cases[i].user);
                else
                        assert_null(policy->user);
                assert_string_equal(policy->user_by, cases[i].user_by);
                assert_string_equal(policy->unit_policy, cases[i].unit_policy);
                assert_string_equal(policy->method, cases[i].method);
                assert_int_equal(policy->unit_allowed, cases[i].unit_allowed);
                assert_int_equal(policy->relation, cases[i].relation);
                assert_int_equal(policy->declaration_password, cases[i].password);
                assert_int_equal(policy->certificate, cases[i].certificate);
                assert_int_equal(policy->unit_login, cases[i].unit_login);
                client_policy_done(&call.policy);
                place_done(&place);
        }
}

/* What the platform announces counts where it is stricter, as soon as it was reached. */
static void test_phases_of_the_platform(void **state) {
        static const struct {
                const char *date, *phase, *phase_by;
        } cases[] = {
                { "2030-12-30", "relation", "platform" },
                { "2030-12-31", "realname", "platform" },
                { "2032-01-01", "realname", "configuration" }, /* both say so */
        };
        Place place;

        (void)state;
        place_init_with(&place, NULL, "phase=dual\n[phases]\nrealname=2032-01-01\n");
        free(granted(&place, &root_login, NULL));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Call call = { .question.date = cases[i].date };

                assert_int_equal(place_ask(&place, ask_policy, &call), 0);
                assert_string_equal(call.policy.phase, cases[i].phase);
                assert_string_equal(call.policy.phase_by, cases[i].phase_by);
                client_policy_done(&call.policy);
        }
        place_done(&place);
}

typedef struct Several {
        const ClientPlace *at;
        Call calls[5];
        int results[5];
        size_t n_next;
} Several;

static void *check_one(void *userdata) {
        Several *several = userdata;
        size_t i = __atomic_fetch_add(&several->n_next, 1, __ATOMIC_SEQ_CST);

        several->results[i] = check(several->at, &several->calls[i]);
        return NULL;
}

static int check_several(const ClientPlace *at, void *data) {
        Several *several = data;
        pthread_t threads[ELEMENTSOF(several->calls)];
        int r = 0;

        several->at = at;
        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                r |= pthread_create(&threads[i], NULL, check_one, several);
        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                r |= pthread_join(threads[i], NULL);
        return r;
}

/* On one token one request is under way; the others have their turn. The daemon may also end meanwhile. */
static void test_checks_at_once(void **state) {
        static const ServerAnswer slow[] = {
                { "/userinfo", .body = PERSON_JSON },
                { "/userinfo", .how = ANSWER_LATE, .delay_msec = 50, .body = PERSON_JSON },
                {},
        };
        Several several = {};
        Place place;
        char *id;

        (void)state;
        place_init_with(&place, slow, "");
        id = granted(&place, &root_login, NULL);
        for (size_t i = 0; i < ELEMENTSOF(several.calls); i++)
                several.calls[i].request = (ClientRequest){ .user = "root", .session = id };
        assert_int_equal(place_ask(&place, check_several, &several), 0);
        for (size_t i = 0; i < ELEMENTSOF(several.calls); i++) {
                assert_int_equal(several.results[i], 0);
                assert_int_equal(several.calls[i].verdict, CLIENT_GRANTED);
        }
        assert_int_equal(tls_server_requests(place.server, "/userinfo"), 6);
        free(id);
        place_done(&place);
}

/* threats 27: the session is closed, and the daemon ends, while its account is being checked */
static void test_the_end_comes_during_a_check(void **state) {
        static const ServerAnswer silent[] = {
                { "/userinfo", .body = PERSON_JSON },
                { "/userinfo", .how = ANSWER_SILENCE },
                {},
        };

        (void)state;
        for (unsigned ends = 0; ends < 2; ends++) {
                Call call = {}, closing = {};
                Place place;
                char *id;

                place_init_with(&place, silent, "");
                id = granted(&place, &root_login, NULL);
                call.request = (ClientRequest){ .user = "root", .session = id };
                closing.session = id;
                if (ends)
                        place.at.next_wait_usec = USEC_PER_SEC / 2; /* the client gives up first */
                (void)place_ask(&place, check, &call);
                if (!ends)
                        assert_int_equal(call.verdict, CLIENT_UNAVAILABLE);
                place.at.next_wait_usec = WAIT_USEC;
                if (ends)
                        assert_int_equal(place_ask(&place, close_session, &closing), 0);
                free(id);
                place_done(&place);
        }
}

static void test_simulations_of_nothing(void **state) {
        static const ClientQuestion questions[] = {
                { .date = "2019-02-29" },
                { .date = "yesterday" },
                { .unit = "919900000000000019" },
                { .unit = "off" },
        };
        Place place;

        (void)state;
        place_init(&place);
        for (size_t i = 0; i < ELEMENTSOF(questions); i++) {
                Call call = { .question = questions[i] };

                assert_int_not_equal(place_ask(&place, ask_policy, &call), 0);
        }
        place_done(&place);
}

static int on_nothing(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        (void)reply, (void)userdata, (void)error;
        return 0;
}

/* On several connections, as many logins and checks as go; no answer is waited for but a last one. */
static int flood(const ClientPlace *at, void *data) {
        static const char *const members[] = { "OpenLogin", "CheckAccount" };
        char address[128];

        (void)snprintf(address, sizeof(address), "unix:path=%s", at->bus_path);
        for (unsigned i = 0; i < 24; i++) {
                sd_bus *bus = NULL;

                if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, address) < 0 ||
                    sd_bus_set_bus_client(bus, 1) < 0 || sd_bus_start(bus) < 0)
                        return 3;
                for (unsigned j = 0; j < 100; j++) {
                        _cleanup_(bus_message_unrefp) sd_bus_message *message = NULL;

                        if (sd_bus_message_new_method_call(bus, &message, BUS_NAME, BUS_PATH,
                                                           BUS_INTERFACE, members[j % 2]) < 0 ||
                            sd_bus_message_append(message, "a{sv}", 2, "protocol", "u", 1U, "user",
                                                  "s", "nobody") < 0 ||
                            sd_bus_call_async(bus, NULL, message, on_nothing, NULL, 0) < 0)
                                return 4;
                }
                if (sd_bus_flush(bus) < 0)
                        return 5;
                /* Left open, unread. */
        }
        (void)check(at, data);
        return 0;
}

/* threats 31: root is served in the midst of it */
static void test_a_flood_of_one_user(void **state) {
        Talk t = { .request = root_login, .answers = { PASSWORD } };
        Call call = { .request = { .user = "nobody" } };
        uint64_t begun;
        Place place;

        (void)state;
        place_init(&place);
        begun = now_usec();
        talk_start(&place, &t);
        assert_int_equal(ask_as(&place, NOBODY, flood, &call), 0);
        talk_finish(&place, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.last.kind, STEP_DONE);
        assert_true(now_usec() - begun < WAIT_USEC);
        step_done(&t.last);
        settle(&place);
        assert_non_null(strstr(place.told, "uid 65534 was refused: too many at once"));
        place_done(&place);
}

/* threats 16: what an application says of itself cannot write a field of ours */
static void test_records_cannot_be_forged(void **state) {
        static const ClientRequest request = {
                .service = "x\" user=\"root", .tty = "a b=\"c\"\n", .rhost = "\033[2J", .user = "root"
        };
        Talk t = { .request = request, .answers = { PASSWORD } };
        Place place;

        (void)state;
        place_init(&place);
        talk(&place, &t);
        step_done(&t.last);
        settle(&place);
        assert_null(strstr(place.told, "service=\"x\" user"));
        assert_non_null(strstr(place.told, "service=\"x' user='root\""));
        place_done(&place);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_from_the_grant_to_the_end_of_the_session),
                cmocka_unit_test(test_what_the_platform_says_by_now),
                cmocka_unit_test(test_what_this_host_says_by_now),
                cmocka_unit_test(test_checks_without_session),
                cmocka_unit_test(test_nobody_asks_for_others),
                cmocka_unit_test(test_nobody_asks_for_himself),
                cmocka_unit_test(test_services),
                cmocka_unit_test(test_sessions_outlive_the_daemon),
                cmocka_unit_test(test_logins_that_are_resumed),
                cmocka_unit_test(test_the_session_that_is_named),
                cmocka_unit_test(test_a_token_that_was_revoked_resumes_nothing),
                cmocka_unit_test(test_one_answer_is_known_again),
                cmocka_unit_test(test_own_programs_resume_no_login),
                cmocka_unit_test(test_reloads_and_tokens),
                cmocka_unit_test(test_the_last_unit_is_kept),
                cmocka_unit_test(test_simulations),
                cmocka_unit_test(test_phases_of_the_platform),
                cmocka_unit_test(test_checks_at_once),
                cmocka_unit_test(test_the_end_comes_during_a_check),
                cmocka_unit_test(test_simulations_of_nothing),
                cmocka_unit_test(test_a_flood_of_one_user),
                cmocka_unit_test(test_records_cannot_be_forged),
        };

        return cmocka_run_group_tests_name("query", tests, fixture_init_process, NULL);
}
