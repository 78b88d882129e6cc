/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ManagerFixture: the loop runs on the main thread, which the client's thread only tells that it has ended */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "daemon/log.h"
#include "tests/unit/manager-fixture.h"

static void on_problem(const char *problem, void *userdata) {
        (void)userdata;
        print_message("%s\n", problem);
}

Config *make_config(const Place *place, const char *more) {
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

void run_until_told(Place *place, const char *word) {
        for (size_t i = 0; i < 100000; i++) {
                (void)fflush(place->log);
                if (place->told && strstr(place->told, word))
                        return;
                assert_true(sd_event_run(place->event, WAIT_USEC) > 0);
        }
        fail_msg("never told: %s", word);
}

void settle(Place *place) {
        for (size_t i = 0; i < 1000 && sd_event_run(place->event, 10 * USEC_PER_MSEC) > 0; i++)
                ;
        (void)fflush(place->log);
}

static void start_manager(Place *place, const char *more) {
        const ManagerPlaces places = {
                .bus_address = place->bus.address,
                .runtime_folder = place->runtime,
                .state_folder = place->state,
        };

        assert_int_equal(manager_new(place->event, &places, make_config(place, more),
                                     &place->manager),
                         0);
        run_until_told(place, "ready");
}

static void make_folders(Place *place) {
        (void)snprintf(place->folder, sizeof(place->folder), "/tmp/test-itaxd-XXXXXX");
        assert_non_null(mkdtemp(place->folder));
        (void)snprintf(place->runtime, sizeof(place->runtime), "%s/run", place->folder);
        (void)snprintf(place->state, sizeof(place->state), "%s/state", place->folder);
        assert_int_equal(mkdir(place->runtime, 0700), 0);
        assert_int_equal(mkdir(place->state, 0700), 0);
}

/* Folders are never deeper than that. */
static void remove_all(const char *path, unsigned depth) {
        DIR *dir = opendir(path);
        struct dirent *entry;

        while (dir && (entry = readdir(dir))) {
                char below[512];

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                (void)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
                if (unlink(below) < 0 && depth > 0)
                        remove_all(below, depth - 1);
        }
        if (dir)
                (void)closedir(dir);
        (void)rmdir(path);
}

void place_init_with(Place *place, const ServerAnswer *answers, const char *more) {
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

        make_folders(place);
        assert_true(sd_event_new(&place->event) >= 0);
        place->at = (ClientPlace){ place->bus.socket, place->passwd, WAIT_USEC, WAIT_USEC };
        start_manager(place, more);
}

void place_init(Place *place) {
        place_init_with(place, NULL, "");
}

void place_done(Place *place) {
        place->manager = manager_free(place->manager);
        place->event = sd_event_unref(place->event);
        place->server = tls_server_free(place->server);
        log_open("/nonexistent", NULL);
        (void)fclose(place->log);
        free(place->told);
        bus_fixture_stop(&place->bus);
        remove_all(place->folder, 3);
}

void place_restart(Place *place, const char *more) {
        place->manager = manager_free(place->manager);
        settle(place);
        log_open("/nonexistent", NULL);
        (void)fclose(place->log);
        free(place->told);
        place->told = NULL;
        place->log = open_memstream(&place->told, &place->n_told);
        log_open("/nonexistent", place->log);
        start_manager(place, more);
}

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

void talk_start(const Place *place, Talk *t) {
        t->at = (ClientPlace){ place->bus.socket, place->passwd, WAIT_USEC, WAIT_USEC };
        t->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        assert_true(t->done >= 0);
        assert_int_equal(pthread_create(&t->thread, NULL, talk_run, t), 0);
}

void talk_finish(Place *place, Talk *t) {
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

void talk(Place *place, Talk *t) {
        talk_start(place, t);
        talk_finish(place, t);
}

/* One call on a thread. */
typedef struct Asking {
        AskFn fn;
        const ClientPlace *at;
        void *data;
        int result, done;
} Asking;

static void *asking_run(void *userdata) {
        Asking *asking = userdata;

        asking->result = asking->fn(asking->at, asking->data);
        (void)eventfd_write(asking->done, 1);
        return NULL;
}

static void run_until_finished(Place *place, int fd) {
        sd_event_source *source = NULL;
        bool finished = false;

        assert_true(sd_event_add_io(place->event, &source, fd, EPOLLIN, on_finished, &finished) >=
                    0);
        while (!finished)
                assert_true(sd_event_run(place->event, WAIT_USEC) > 0);
        source = sd_event_source_disable_unref(source);
}

int place_ask(Place *place, AskFn fn, void *data) {
        Asking asking = { .fn = fn, .at = &place->at, .data = data };
        pthread_t thread;

        asking.done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        assert_true(asking.done >= 0);
        assert_int_equal(pthread_create(&thread, NULL, asking_run, &asking), 0);
        run_until_finished(place, asking.done);
        assert_int_equal(pthread_join(thread, NULL), 0);
        (void)close(asking.done);
        (void)fflush(place->log);
        return asking.result;
}

int ask_as(Place *place, uid_t uid, AskFn fn, void *data) {
        int fds[2], status;
        pid_t pid;

        assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
                        _exit(120);
                _exit(fn(&place->at, data));
        }
        (void)close(fds[1]);
        /* It is readable, as at its end, when the child has gone. */
        run_until_finished(place, fds[0]);
        (void)close(fds[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        (void)fflush(place->log);
        return WEXITSTATUS(status);
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

void ask_as_nobody(Place *place, const char *user, unsigned n_times, char *letters,
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

void end_child(pid_t pid) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}
