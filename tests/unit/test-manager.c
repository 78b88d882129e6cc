/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Manager: real logins from the client library over a private bus to a platform on the loopback.
 * Who may ask, how many at once, what is written down, and what becomes of logins whose client,
 * bus, platform or configuration goes away. */

#include <dlfcn.h>
#include <errno.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/common/limits.h"
#include "tests/unit/manager-fixture.h"

/* In place of the C library's: some directories know a user by other spellings of the name too. */
int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t n,
               struct passwd **ret) {
        static int (*real)(const char *, struct passwd *, char *, size_t, struct passwd **);

        if (!real)
                *(void **)&real = dlsym(RTLD_NEXT, "getpwnam_r");
        if (strcmp(name, "ROOT") == 0)
                name = "root";
        if (strcmp(name, "DAEMON") == 0)
                name = "daemon";
        return real(name, entry, buffer, n, ret);
}

static void test_a_login(void **state) {
        Talk t = { .request = { .service = "login",
                                .tty = "/dev/tty1",
                                .user = "root",
                                .locale = "en_US.UTF-8" },
                   .answers = { PASSWORD } };
        Place place;

        (void)state;
        place_init(&place);
        talk(&place, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.last.kind, STEP_DONE);
        assert_string_equal(t.last.user, "root");
        assert_string_equal(t.last.account, "ceshi_jia");
        assert_string_equal(t.last.name, "测试甲");
        assert_string_equal(t.last.unit, UNIT_CODE);
        assert_string_equal(t.last.method, "password");
        step_done(&t.last);

        assert_non_null(strstr(place.told, "ITAX_RESULT=\"granted\""));
        assert_non_null(strstr(place.told,
                               "ITAX_SERVICE=\"login\" ITAX_TTY=\"/dev/tty1\" ITAX_CALLER=\"0\""));
        /* threats 88 */
        assert_null(strstr(place.told, PASSWORD));
        assert_null(strstr(place.told, "ceshi_jia"));
        place_done(&place);
}

static void test_options_that_say_nothing_known(void **state) {
        static const ClientRequest requests[] = {
                { .service = "login", .user = "root", .method = "sms" },
                { .service = "login", .user = "root", .unit = "maybe" },
                { .service = "login", .user = "root", .unit = "919900000000000019" },
                { .service = "login", .user = "root", .prompts = "two" },
                { .service = "polkit-1", .user = "root", .method = "qr" },
        };
        Place place;

        (void)state;
        place_init(&place);
        for (size_t i = 0; i < ELEMENTSOF(requests); i++) {
                Talk t = { .request = requests[i] };

                talk(&place, &t);
                assert_int_equal(t.result, CLIENT_E_PROTOCOL);
        }
        assert_int_equal(tls_server_requests(place.server, NULL), 0);
        place_done(&place);
}

static void test_a_local_user_without_account_is_not_ours(void **state) {
        Talk t = { .request = { .service = "login", .user = "daemon" } };
        Place place;

        (void)state;
        place_init(&place);
        talk(&place, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.n, 1);
        assert_int_equal(t.last.kind, STEP_FAIL);
        assert_int_equal(t.last.reason, REASON_NOT_OURS);
        assert_int_equal(tls_server_requests(place.server, NULL), 0);
        step_done(&t.last);
        place_done(&place);
}

/* threats 47: who is in the map does not get past it by another spelling of his name */
static void test_other_spellings_of_a_user(void **state) {
        static const struct {
                const char *user;
                StepKind kind;
        } cases[] = { { "ROOT", STEP_PROMPT_SECRET }, { "DAEMON", STEP_FAIL } };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Talk t = { .request = { .service = "login", .user = cases[i].user }, .n_steps = 1 };
                Place place;

                place_init(&place);
                talk(&place, &t);
                assert_int_equal(t.result, 0);
                assert_int_equal(t.last.kind, cases[i].kind);
                step_done(&t.last);
                place_done(&place);
        }
}

static void test_a_local_user_typed_as_account_is_not_ours_either(void **state) {
        Talk t = { .request = { .service = "login" }, .answers = { "daemon" } };
        Place place;

        (void)state;
        place_init(&place);
        talk(&place, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.last.kind, STEP_FAIL);
        assert_int_equal(t.last.reason, REASON_NOT_OURS);
        assert_string_equal(t.last.user, "daemon");
        /* The platform was asked for its metadata, and for nobody. */
        assert_int_equal(tls_server_requests(place.server, "/challenge"), 0);
        step_done(&t.last);
        place_done(&place);
}

/* threats 2, 52: nothing tells an unknown user from a wrong password; and its name, which may be a
 * password typed too early, is written nowhere */
static void test_an_unknown_user_is_asked_as_anybody(void **state) {
        static const ServerAnswer answers[] = {
                { "/challenge", .status = 400,
                  .body = "{\"error\":\"invalid_credentials\",\"attempts_left\":0}" },
                {},
        };
        static const char *const users[] = { "root", "Jia-pass1-typed" };
        Talk t[ELEMENTSOF(users)] = {};
        Place place;

        (void)state;
        place_init_with(&place, answers, "");
        for (size_t i = 0; i < ELEMENTSOF(users); i++) {
                t[i] = (Talk){ .request = { .service = "login", .user = users[i] },
                               .answers = { "Wrong-pass1" } };
                talk(&place, &t[i]);
                assert_int_equal(t[i].result, 0);
                assert_int_equal(t[i].last.kind, STEP_FAIL);
        }
        assert_int_equal(t[0].n, t[1].n);
        assert_int_equal(t[0].last.reason, t[1].last.reason);
        assert_string_equal(t[0].last.text ? t[0].last.text : "",
                            t[1].last.text ? t[1].last.text : "");
        assert_int_equal(tls_server_requests(place.server, "/challenge"), 2);
        assert_null(strstr(place.told, "Jia-pass1-typed"));
        assert_null(strstr(place.told, "Wrong-pass1"));
        step_done(&t[0].last);
        step_done(&t[1].last);
        place_done(&place);
}

/* threats 20, 21 */
static void test_nobody_may_ask_for_himself_alone(void **state) {
        static const char *const others[] = { "root", "daemon", "no-such-user", NULL };
        char letters[ELEMENTSOF(others)][8] = {}, own[8] = "";
        Place place;
        pid_t pid;

        (void)state;
        place_init(&place);
        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                ask_as_nobody(&place, others[i], 1, letters[i], &pid);
                end_child(pid);
                assert_int_equal(letters[i][0] - '0', CLIENT_E_REFUSED);
        }
        assert_int_equal(tls_server_requests(place.server, NULL), 0);
        assert_non_null(strstr(place.told, "uid 65534 was refused: it asked for somebody else"));

        ask_as_nobody(&place, "nobody", 1, own, &pid);
        assert_string_equal(own, "0");
        end_child(pid);
        settle(&place);
        assert_non_null(strstr(place.told, "client-gone"));
        place_done(&place);
}

static void test_services_of_the_configuration_may_ask_for_anybody(void **state) {
        char letters[8] = "";
        Place place;
        pid_t pid;

        (void)state;
        place_init_with(&place, NULL, "[callers]\nservices=no-such-service nobody\n");
        ask_as_nobody(&place, "root", 1, letters, &pid);
        assert_string_equal(letters, "0");
        end_child(pid);
        place_done(&place);
}

/* threats 31: one user's flood is capped, leaves a few lines in the log, and does not stop root;
 * and his place is free again when he is gone */
static void test_limits(void **state) {
        enum { N = LIMIT_LOGINS_PER_UID + 40 };
        char letters[N + 1] = "", again[8] = "";
        Talk t = { .request = { .service = "login", .user = "root" }, .answers = { PASSWORD } };
        size_t n_lines = 0;
        Place place;
        pid_t pid;

        (void)state;
        place_init(&place);
        ask_as_nobody(&place, "nobody", N, letters, &pid);
        assert_int_equal(strspn(letters, "0"), LIMIT_LOGINS_PER_UID);
        for (size_t i = LIMIT_LOGINS_PER_UID; i < N; i++)
                assert_int_equal(letters[i] - '0', CLIENT_E_REFUSED);
        (void)fflush(place.log);
        for (const char *p = place.told; (p = strstr(p, "was refused")); p++)
                n_lines++;
        assert_true(n_lines <= 20);

        talk(&place, &t);
        assert_int_equal(t.last.kind, STEP_DONE);
        step_done(&t.last);
        end_child(pid);
        settle(&place);
        ask_as_nobody(&place, "nobody", 1, again, &pid);
        assert_string_equal(again, "0");
        end_child(pid);
        place_done(&place);
}

/* Who gave up is found in the record: what was typed, masked, and what it was refused for. */
static void test_the_record_of_who_gave_up(void **state) {
        static const ServerAnswer answers[] = {
                { "/challenge", .status = 400,
                  .body = "{\"error\":\"invalid_credentials\",\"attempts_left\":3}" },
                {},
        };
        Talk t = { .request = { .service = "login" },
                   .answers = { "ceshi_nobody", "Wrong-pass1" },
                   .n_steps = 3 };
        Place place;

        (void)state;
        place_init_with(&place, answers, "");
        talk(&place, &t);
        step_done(&t.last);
        settle(&place);
        assert_non_null(strstr(place.told, "login client (client-gone): service=\"login\" typed=\"ces******ody\""));
        assert_non_null(strstr(place.told, "refused=\"wrong-password\" refusals=\"1\""));
        assert_non_null(strstr(place.told, "ITAX_TYPED=\"ces******ody\""));
        assert_non_null(strstr(place.told, "ITAX_REFUSALS=\"1\""));
        assert_null(strstr(place.told, "ceshi_nobody"));
        assert_null(strstr(place.told, "Wrong-pass1"));
        place_done(&place);
}

/* threats 26, 27: the client leaves after each step, also while the platform has not answered */
static void test_clients_that_leave(void **state) {
        static const ServerAnswer silent[] = { { "/challenge", .how = ANSWER_SILENCE }, {} };

        (void)state;
        for (size_t quiet = 0; quiet < 2; quiet++) {
                Place place;

                place_init_with(&place, quiet ? silent : NULL, "");
                for (size_t n_steps = 1; n_steps <= 2; n_steps++) {
                        Talk t = { .request = { .service = "login" },
                                   .answers = { "ceshi_jia", PASSWORD },
                                   .n_steps = n_steps };

                        talk(&place, &t);
                        assert_int_equal(t.n, n_steps);
                        step_done(&t.last);
                }
                settle(&place);
                assert_non_null(strstr(place.told, "client-gone"));
                place_done(&place);
        }
}

/* threats 27: everything ends at once, with a login in each state */
static void test_the_daemon_ends(void **state) {
        static const ServerAnswer silent[] = { { "/challenge", .how = ANSWER_SILENCE }, {} };
        Talk t = { .request = { .service = "login", .user = "root" }, .answers = { PASSWORD } };
        Place place;

        (void)state;
        place_init_with(&place, silent, "");
        talk_start(&place, &t);
        while (tls_server_requests(place.server, "/challenge") == 0)
                assert_true(sd_event_run(place.event, 50 * USEC_PER_MSEC) >= 0);
        place.manager = manager_free(place.manager);
        talk_finish(&place, &t);
        assert_int_equal(t.result, CLIENT_E_AWAY);
        assert_non_null(strstr(place.told, "shutdown"));
        step_done(&t.last);
        place_done(&place);
}

static void test_the_platform_is_silent(void **state) {
        static const ServerAnswer silent[] = { { PATH_METADATA, .how = ANSWER_SILENCE }, {} };
        Talk t = { .request = { .service = "login", .user = "root" }, .answers = { PASSWORD } };
        Place place;

        (void)state;
        place_init_with(&place, silent, "");
        talk(&place, &t);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.last.kind, STEP_FAIL);
        assert_int_equal(t.last.reason, REASON_UNAVAILABLE);
        step_done(&t.last);
        place_done(&place);
}

/* threats 124: a login that has its socket needs no bus; the daemon ends itself, to be started with
 * the next bus */
static void test_the_bus_goes_away(void **state) {
        int code = 0;
        Place place;

        (void)state;
        place_init(&place);
        bus_fixture_kill(&place.bus);
        for (size_t i = 0; i < 1000 && sd_event_get_state(place.event) != SD_EVENT_FINISHED; i++)
                (void)sd_event_run(place.event, WAIT_USEC);
        assert_true(sd_event_get_exit_code(place.event, &code) >= 0);
        assert_int_not_equal(code, 0);
        place_done(&place);
}

/* The strictest phase counts, also when it is announced only now; threats 117: a reload in the
 * middle of logins, often */
static void test_reloads(void **state) {
        Talk t[8] = {};
        Place place;

        (void)state;
        place_init(&place);
        for (size_t i = 0; i < ELEMENTSOF(t); i++) {
                t[i] = (Talk){ .request = { .service = "login", .user = "root" },
                               .answers = { PASSWORD } };
                talk_start(&place, &t[i]);
        }
        for (size_t i = 0; i < 200; i++) {
                Config *config = make_config(&place, i % 2 ? "unit=off\n" : "");

                assert_int_equal(manager_reload(place.manager, config), 0);
                assert_true(sd_event_run(place.event, 0) >= 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(t); i++) {
                talk_finish(&place, &t[i]);
                assert_int_equal(t[i].result, 0);
                assert_int_equal(t[i].last.kind, STEP_DONE);
                step_done(&t[i].last);
        }
        place_done(&place);
}

static void test_a_bad_reload_changes_nothing(void **state) {
        Talk t = { .request = { .service = "login", .user = "root" }, .answers = { PASSWORD } };
        Config *config;
        Place place;

        (void)state;
        place_init(&place);
        config = make_config(&place, "");
        free(config->users);
        config->users = strdup("/nonexistent/users");
        assert_int_equal(manager_reload(place.manager, config), -ENOENT);
        config = config_free(config);
        talk(&place, &t);
        assert_int_equal(t.last.kind, STEP_DONE);
        step_done(&t.last);
        place_done(&place);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_login),
                cmocka_unit_test(test_options_that_say_nothing_known),
                cmocka_unit_test(test_a_local_user_without_account_is_not_ours),
                cmocka_unit_test(test_other_spellings_of_a_user),
                cmocka_unit_test(test_a_local_user_typed_as_account_is_not_ours_either),
                cmocka_unit_test(test_an_unknown_user_is_asked_as_anybody),
                cmocka_unit_test(test_nobody_may_ask_for_himself_alone),
                cmocka_unit_test(test_services_of_the_configuration_may_ask_for_anybody),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_the_record_of_who_gave_up),
                cmocka_unit_test(test_clients_that_leave),
                cmocka_unit_test(test_the_daemon_ends),
                cmocka_unit_test(test_the_platform_is_silent),
                cmocka_unit_test(test_the_bus_goes_away),
                cmocka_unit_test(test_reloads),
                cmocka_unit_test(test_a_bad_reload_changes_nothing),
        };

        return cmocka_run_group_tests_name("manager", tests, fixture_init_process, NULL);
}
