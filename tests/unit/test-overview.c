/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Overview: what root is told of daemon, platform, logins, locks and sessions, and nobody else. The whole
 * daemon runs, against a platform on the loopback. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <cmocka.h>

#include "lib/common/limits.h"
#include "tests/unit/manager-fixture.h"

static const ClientRequest root_login = { .service = "login", .tty = "/dev/tty1", .user = "root" };

typedef struct Ask {
        ClientStatus status;
        ClientLogins logins;
        ClientLocks locks;
        const char *session;
        const ClientRequest *request;
} Ask;

static int ask_status(const ClientPlace *at, void *data) {
        return client_status_at(at, &((Ask *)data)->status);
}

static int ask_logins(const ClientPlace *at, void *data) {
        return client_logins_at(at, &((Ask *)data)->logins);
}

static int ask_locks(const ClientPlace *at, void *data) {
        return client_locks_at(at, &((Ask *)data)->locks);
}

static int end_session(const ClientPlace *at, void *data) {
        return client_end_session_at(at, ((Ask *)data)->session);
}

static int list_sessions(const ClientPlace *at, void *data) {
        (void)data;
        ClientSessions sessions = {};
        int r = client_sessions_at(at, &sessions), n = (int)sessions.n;

        client_sessions_done(&sessions);
        return r ? -1 : n;
}

/* Asked from inside of a login that shows its first step. */
static int ask_within(const ClientPlace *at, void *data) {
        Ask *ask = data;
        Client *client = NULL;
        Step step = {};
        int r;

        r = client_open_at(at, ask->request, &client);
        if (r == 0)
                r = client_next(client, NULL, &step);
        if (r == 0)
                r = ask_logins(at, data);
        if (r == 0)
                r = ask_status(at, data);
        client = client_free(client);
        step_done(&step);
        return r;
}

static void test_status(void **state) {
        const uint64_t begun = (uint64_t)time(NULL);
        Ask ask = {};
        const ClientStatus *status = &ask.status;
        Place place;

        (void)state;
        place_init_with(&place, NULL, "phase=dual\n[phases]\nrealname=2031-01-01\n");
        assert_int_equal(place_ask(&place, ask_status, &ask), 0);
        assert_string_equal(status->platform, "ok");
        assert_null(status->platform_error);
        assert_string_equal(status->issuer, tls_server_address(place.server));
        assert_string_equal(status->phase, "dual"); /* no login has asked the platform yet */
        assert_string_equal(status->next_phase, "realname");
        assert_int_equal(status->next_phase_at_sec, 1924963200); /* midnight in China */
        assert_string_equal(status->users, place.users);
        assert_in_range(status->started_sec, begun, begun + 60);
        assert_in_range(status->config_loaded_sec, begun, begun + 60);
        assert_true(status->tls_expires_sec > begun);
        assert_null(status->config_error);
        assert_int_equal(status->logins + status->waiting + status->sessions, 0);
        client_status_done(&ask.status);

        /* A configuration that was refused is told until one is taken over. */
        manager_refused_config(place.manager, "itaxd.conf:3: what");
        assert_int_equal(place_ask(&place, ask_status, &ask), 0);
        assert_string_equal(status->config_error, "itaxd.conf:3: what");
        client_status_done(&ask.status);
        assert_int_equal(manager_reload(place.manager, make_config(&place, "")), 0);
        assert_int_equal(place_ask(&place, ask_status, &ask), 0);
        assert_null(status->config_error);
        client_status_done(&ask.status);
        place_done(&place);
}

static void test_a_platform_that_is_away(void **state) {
        static const ServerAnswer answers[] = {
                { PATH_METADATA, .status = 503, .body = "{}" },
                {},
        };
        Ask ask = {};
        Place place;

        (void)state;
        place_init_with(&place, answers, "");
        assert_int_equal(place_ask(&place, ask_status, &ask), 0);
        assert_string_equal(ask.status.platform, "away");
        assert_string_equal(ask.status.platform_error, "status 503");
        client_status_done(&ask.status);
        place_done(&place);
}

static void test_logins_in_progress(void **state) {
        static const ClientRequest by_qr = {
                .service = "login", .tty = "/dev/tty1", .user = "root", .method = "qr",
        };
        const uint64_t now = (uint64_t)time(NULL);
        Ask ask = { .request = &root_login };
        Place place;
        uint64_t first;

        (void)state;
        place_init(&place);
        assert_int_equal(place_ask(&place, ask_logins, &ask), 0);
        assert_int_equal(ask.logins.n, 0);
        client_logins_done(&ask.logins);

        assert_int_equal(place_ask(&place, ask_within, &ask), 0);
        assert_int_equal(ask.logins.n, 1);
        assert_string_equal(ask.logins.list[0].service, "login");
        assert_string_equal(ask.logins.list[0].tty, "/dev/tty1");
        assert_string_equal(ask.logins.list[0].user, "root");
        assert_string_equal(ask.logins.list[0].step, "prompt-secret");
        assert_null(ask.logins.list[0].rhost);
        assert_int_equal(ask.logins.list[0].caller, 0);
        assert_in_range(ask.logins.list[0].since_sec, now - 2, now + 60);
        first = ask.logins.list[0].login;
        assert_int_equal(ask.status.logins, 1);
        assert_int_equal(ask.status.waiting, 0);
        client_logins_done(&ask.logins);
        client_status_done(&ask.status);

        /* No number comes twice, not even in the journal of a daemon that was started anew. */
        place_restart(&place, "");
        ask.request = &by_qr;
        assert_int_equal(place_ask(&place, ask_within, &ask), 0);
        assert_int_equal(ask.logins.n, 1);
        assert_true(ask.logins.list[0].login > first);
        assert_int_equal(ask.status.waiting, 1);
        client_logins_done(&ask.logins);
        client_status_done(&ask.status);
        place_done(&place);
}

static void test_who_is_locked(void **state) {
        static const ServerAnswer answers[] = {
                { "/challenge", .status = 400,
                  .body = "{\"error\":\"account_locked\",\"retry_after\":7200}" },
                { "/challenge", .body = "{\"authorization_code\":\"cOdE-1\"}" },
                {},
        };
        const uint64_t now = (uint64_t)time(NULL);
        Talk t = { .request = root_login, .answers = { PASSWORD } };
        Ask ask = {};
        Place place;

        (void)state;
        place_init_with(&place, answers, "");
        assert_int_equal(place_ask(&place, ask_locks, &ask), 0);
        assert_int_equal(ask.locks.n, 0);
        client_locks_done(&ask.locks);

        talk(&place, &t);
        assert_int_equal(t.last.kind, STEP_FAIL);
        assert_int_equal(t.last.reason, REASON_LOCKED);
        step_done(&t.last);
        assert_int_equal(place_ask(&place, ask_locks, &ask), 0);
        assert_int_equal(ask.locks.n, 1);
        assert_string_equal(ask.locks.list[0].kind, "password");
        assert_string_equal(ask.locks.list[0].subject, "ce*****ia");
        assert_in_range(ask.locks.list[0].until_sec, now + 7200, now + 7260);
        client_locks_done(&ask.locks);

        /* unlocked by somebody: the next login shows it */
        t = (Talk){ .request = root_login, .answers = { PASSWORD } };
        talk(&place, &t);
        assert_int_equal(t.last.kind, STEP_DONE);
        step_done(&t.last);
        assert_int_equal(place_ask(&place, ask_locks, &ask), 0);
        assert_int_equal(ask.locks.n, 0);
        client_locks_done(&ask.locks);
        place_done(&place);
}

static void test_a_session_is_ended(void **state) {
        Talk t = { .request = root_login, .answers = { PASSWORD } };
        Ask ask = { .session = "0123456789abcdef0123456789abcdef" };
        Place place;

        (void)state;
        place_init(&place);
        talk(&place, &t);
        assert_int_equal(t.last.kind, STEP_DONE);
        assert_int_equal(place_ask(&place, list_sessions, NULL), 1);
        assert_int_equal(place_ask(&place, end_session, &ask), CLIENT_E_SESSION);
        ask.session = "0123";
        assert_int_equal(place_ask(&place, end_session, &ask), -EINVAL);
        assert_int_equal(place_ask(&place, list_sessions, NULL), 1);

        ask.session = t.last.session;
        assert_int_equal(place_ask(&place, end_session, &ask), 0);
        assert_int_equal(place_ask(&place, list_sessions, NULL), 0);
        assert_int_equal(place_ask(&place, end_session, &ask), CLIENT_E_SESSION);
        settle(&place);
        assert_int_equal(tls_server_requests(place.server, "/revoke"), 1);
        run_until_told(&place, "session ended");
        step_done(&t.last);
        place_done(&place);
}

/* threats 20, 30: by the uid, whatever the policy of the bus lets through */
static void test_for_root_alone(void **state) {
        static const AskFn asks[] = { ask_status, ask_logins, ask_locks, end_session };
        Ask *ask = mmap(NULL, sizeof(*ask), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        Talk t = { .request = root_login, .answers = { PASSWORD } };
        unsigned n_asked;
        Place place;

        (void)state;
        assert_true(ask != MAP_FAILED);
        place_init(&place);
        talk(&place, &t);
        assert_int_equal(t.last.kind, STEP_DONE);
        n_asked = tls_server_requests(place.server, NULL);
        *ask = (Ask){ .session = t.last.session };
        for (size_t i = 0; i < ELEMENTSOF(asks); i++)
                assert_int_equal(ask_as(&place, NOBODY, asks[i], ask), CLIENT_E_REFUSED);
        assert_int_equal(tls_server_requests(place.server, NULL), n_asked);
        assert_non_null(strstr(place.told, "uid 65534 was refused: it asked what is for root alone"));
        assert_int_equal(place_ask(&place, list_sessions, NULL), 1);
        step_done(&t.last);
        (void)munmap(ask, sizeof(*ask));
        place_done(&place);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_status),
                cmocka_unit_test(test_a_platform_that_is_away),
                cmocka_unit_test(test_logins_in_progress),
                cmocka_unit_test(test_who_is_locked),
                cmocka_unit_test(test_a_session_is_ended),
                cmocka_unit_test(test_for_root_alone),
        };

        return cmocka_run_group_tests(tests, fixture_init_process, NULL);
}
