/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Manager: real logins from the client library over a private bus to a platform on the loopback.
 * Who may ask, how many at once, what is written down, and what becomes of logins whose client,
 * bus, platform or configuration goes away. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "daemon/log.h"
#include "daemon/manager.h"
#include "lib/client/client-private.h"
#include "lib/common/limits.h"
#include "tests/unit/bus-fixture.h"
#include "tests/unit/platform-fixture.h"

#define NOBODY 65534
#define PASSWORD "Jia-pass1"
#define WAIT_USEC (20 * USEC_PER_SEC)

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

typedef struct Place {
        BusFixture bus;
        TlsServer *server;
        sd_event *event;
        Manager *manager;
        FILE *log;
        char *told; /* what was logged */
        size_t n_told;
        char passwd[96], users[96];
} Place;

static void on_problem(const char *problem, void *userdata) {
        (void)userdata;
        print_message("%s\n", problem);
}

static Config *make_config(const Place *place, const char *more) {
        Config *config = NULL;
        char text[2048];

        (void)snprintf(
                text, sizeof(text),
                "[platform]\nissuer=%s\nca_file=%s\ntimeout=2\n[login]\nlanguage=en\nusers=%s\n%s",
                tls_server_address(place->server), tls_server_ca_file(place->server), place->users,
                more);
        assert_int_equal(config_parse("test", text, strlen(text), on_problem, NULL, &config), 0);
        return config;
}

static int on_finished(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        bool *finished = userdata;
        eventfd_t n;

        (void)source, (void)revents;
        (void)eventfd_read(fd, &n);
        *finished = true;
        return 0;
}

/* Until the daemon has said @word. */
static void run_until_told(Place *place, const char *word) {
        for (size_t i = 0; i < 100000; i++) {
                (void)fflush(place->log);
                if (place->told && strstr(place->told, word))
                        return;
                assert_true(sd_event_run(place->event, WAIT_USEC) > 0);
        }
        fail_msg("never told: %s", word);
}

static void place_init_with(Place *place, const ServerAnswer *answers, const char *more) {
        Config *config;
        char text[96];

        *place = (Place){};
        if (geteuid() != 0 || bus_fixture_start(&place->bus) < 0)
                skip();
        place->server = tls_server_new(CERT_GOOD, answers, good_answers);
        place->log = open_memstream(&place->told, &place->n_told);
        log_open("/nonexistent", place->log);

        (void)snprintf(text, sizeof(text), "root:x:0:0::/:/bin/sh\n%s:x:%lu:0::/:/bin/sh\n",
                       CLIENT_DAEMON_USER, (unsigned long)geteuid());
        bus_fixture_write(&place->bus, "passwd", text);
        bus_fixture_write(&place->bus, "users",
                          "ceshi_jia root\nceshi_yi nobody\nceshi_bing nobody\n");
        (void)snprintf(place->passwd, sizeof(place->passwd), "%s/passwd", place->bus.dir);
        (void)snprintf(place->users, sizeof(place->users), "%s/users", place->bus.dir);

        assert_true(sd_event_new(&place->event) >= 0);
        config = make_config(place, more);
        assert_int_equal(manager_new(place->event,
                                     &(ManagerPlaces){ .bus_address = place->bus.address },
                                     config, &place->manager),
                         0);
        run_until_told(place, "ready");
}

static void place_init(Place *place) {
        place_init_with(place, NULL, "");
}

static void place_done(Place *place) {
        place->manager = manager_free(place->manager);
        place->event = sd_event_unref(place->event);
        place->server = tls_server_free(place->server);
        log_open("/nonexistent", NULL);
        (void)fclose(place->log);
        free(place->told);
        bus_fixture_stop(&place->bus);
}

/* A client that says its lines, on a thread. */
typedef struct Talk {
        ClientRequest request;
        const char *answers[6]; /* to prompts, in order */
        size_t n_steps;         /* leaves after so many; 0: goes on to the end */
        int result;             /* of the last call */
        Step last;
        size_t n;               /* steps seen */
        int done;               /* eventfd */
        ClientPlace at;
        pthread_t thread;
} Talk;

static void talk_on(Talk *t, Client *client) {
        size_t n_answers = 0;

        while (t->result == 0 && !step_is_terminal(&t->last) &&
               (!t->n_steps || t->n < t->n_steps)) {
                _cleanup_(secret_freep) Secret *answer = NULL;
                bool asks = t->n &&
                        (t->last.kind == STEP_PROMPT_ECHO || t->last.kind == STEP_PROMPT_SECRET ||
                         t->last.kind == STEP_CHOICE);

                if (asks && n_answers < ELEMENTSOF(t->answers) && t->answers[n_answers])
                        (void)secret_new_from(t->answers[n_answers], strlen(t->answers[n_answers]),
                                              &answer);
                n_answers += asks;
                t->result = client_next(client, answer, &t->last);
                t->n += t->result == 0;
        }
}

static void *talk_run(void *userdata) {
        Talk *t = userdata;
        Client *client = NULL;

        t->result = client_open_at(&t->at, &t->request, &client);
        if (t->result == 0)
                talk_on(t, client);
        client = client_free(client);
        (void)eventfd_write(t->done, 1);
        return NULL;
}

static void talk_start(const Place *place, Talk *t) {
        t->at = (ClientPlace){ place->bus.socket, place->passwd, WAIT_USEC, WAIT_USEC };
        t->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        assert_true(t->done >= 0);
        assert_int_equal(pthread_create(&t->thread, NULL, talk_run, t), 0);
}

static void talk_finish(Place *place, Talk *t) {
        sd_event_source *source = NULL;
        bool finished = false;

        assert_true(sd_event_add_io(place->event, &source, t->done, EPOLLIN, on_finished,
                                    &finished) >= 0);
        while (!finished)
                assert_true(sd_event_run(place->event, WAIT_USEC) > 0);
        source = sd_event_source_disable_unref(source);
        assert_int_equal(pthread_join(t->thread, NULL), 0);
        (void)close(t->done);
        (void)fflush(place->log);
}

static void talk(Place *place, Talk *t) {
        talk_start(place, t);
        talk_finish(place, t);
}

/* Sees to it that the daemon has noticed the end of a client. */
static void settle(Place *place) {
        for (size_t i = 0; i < 1000 && sd_event_run(place->event, 10 * USEC_PER_MSEC) > 0; i++)
                ;
        (void)fflush(place->log);
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
        assert_int_equal(tls_server_requests(place.server, NULL), 0);
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

/* What children that became nobody got: a letter each, by the code of client_open_at(). */
static pid_t nobody_asks(const Place *place, const char *user, unsigned n_times, int *ret_fd) {
        const ClientPlace at = { place->bus.socket, place->passwd, WAIT_USEC, WAIT_USEC };
        const ClientRequest request = { .service = "swaylock", .user = user };
        int fds[2];
        pid_t pid;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid > 0) {
                (void)close(fds[1]);
                *ret_fd = fds[0];
                return pid;
        }

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
                _exit(2);
        for (unsigned i = 0; i < n_times; i++) {
                Client *client = NULL;
                char letter = (char)('0' + client_open_at(&at, &request, &client)); /* kept open */

                if (write(fds[1], &letter, 1) != 1)
                        _exit(3);
        }
        /* Waits until the test ends it. */
        (void)pause();
        _exit(0);
}

static int on_letter(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        char *letters = userdata;
        size_t n = strlen(letters);

        (void)source, (void)revents;
        if (read(fd, letters + n, 1) != 1)
                fail_msg("nobody could not ask");
        return 0;
}

static void ask_as_nobody(Place *place, const char *user, unsigned n_times, char *letters,
                          pid_t *ret_pid) {
        sd_event_source *source = NULL;
        int fd;

        *ret_pid = nobody_asks(place, user, n_times, &fd);
        assert_true(sd_event_add_io(place->event, &source, fd, EPOLLIN, on_letter, letters) >= 0);
        while (strlen(letters) < n_times)
                assert_true(sd_event_run(place->event, WAIT_USEC) > 0);
        source = sd_event_source_disable_unref(source);
        (void)close(fd);
}

static void end_child(pid_t pid) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
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
                cmocka_unit_test(test_clients_that_leave),
                cmocka_unit_test(test_the_daemon_ends),
                cmocka_unit_test(test_the_platform_is_silent),
                cmocka_unit_test(test_the_bus_goes_away),
                cmocka_unit_test(test_reloads),
                cmocka_unit_test(test_a_bad_reload_changes_nothing),
        };

        return cmocka_run_group_tests_name("manager", tests, fixture_init_process, NULL);
}
