/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole module with its real client, on a bus that lets everybody do everything (threats 22, 33, 34, 92,
 * 93, 124). */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/pam/box.h"
#include "tests/pam/harness.h"
#include "tests/pam/place.h"

/* dbus-daemon lets nobody in whom the host does not know: two users that are everywhere. */
#define ITAXD_UID 1     /* "daemon" */
#define OTHER_UID 65534 /* "nobody" */
#define PASSWD_LINE "root:x:0:0::/root:/bin/sh\n_itaxd:x:1:1::/nonexistent:/usr/sbin/nologin\n"
#define SHORT_USEC (200 * USEC_PER_MSEC)

_export_ ClientPlace test_place;

static const Play right = { .answers = { BOX_PASSWORD } }, wrong = { .answers = { "wrong" } };

static void set_place(const Box *box, uint64_t open_wait_usec, uint64_t next_wait_usec) {
        test_place = (ClientPlace){ .bus_path = box->bus_path, .passwd_path = box->passwd_path,
                                    .open_wait_usec = open_wait_usec, .next_wait_usec = next_wait_usec };
}

static void assert_login(const Play *play, int code, const char *shown) {
        Scene scene = {};

        scene_start(&scene, play, "place", BOX_USER);
        assert_int_equal(pam_authenticate(scene.handle, 0), code);
        assert_string_equal(scene.shown, shown);
        scene_finish(&scene);
}

static void test_login(_unused_ void **state) {
        Box box;

        if (getuid() != 0)
                skip();
        box_start(&box, BOX_NO_SERVICE);
        set_place(&box, 5 * USEC_PER_SEC, 5 * USEC_PER_SEC);
        box_add_daemon(&box, 0, BOX_SERVES);
        assert_login(&right, PAM_SUCCESS, "*:pw: ");
        assert_login(&wrong, PAM_AUTH_ERR, "*:pw: ");
        assert_int_equal(box_n_opened(&box, 0), 2);
        box_stop(&box);
}

/* The whole of a login, and of a change of password: every method that the module calls. */
static void test_all_methods(_unused_ void **state) {
        const Play twice = { .answers = { BOX_PASSWORD, BOX_PASSWORD } };
        Scene scene = {};
        Box box;

        if (getuid() != 0)
                skip();
        box_start(&box, BOX_NO_SERVICE);
        set_place(&box, 5 * USEC_PER_SEC, 5 * USEC_PER_SEC);
        box_add_daemon(&box, 0, BOX_SERVES);
        scene_start(&scene, &twice, "place", BOX_USER);
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        assert_string_equal(pam_getenv(scene.handle, "ITAX_SESSION"), BOX_SESSION);
        assert_int_equal(pam_acct_mgmt(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(box_n_opened(&box, 0), 2);
        assert_int_equal(pam_open_session(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(pam_close_session(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(box_n_opened(&box, 0), 2);
        assert_int_equal(pam_chauthtok(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(box_n_opened(&box, 0), 2); /* one check, one login */
        assert_string_equal(scene.shown, "*:pw: |*:pw: ");
        scene_finish(&scene);
        box_stop(&box);
}

/* threats 5, 33: an account that cannot be looked at again is not let in; a session that cannot be
 * reported is. */
static void test_after_the_login(_unused_ void **state) {
        static const struct {
                BoxManner manner;
                int account, password;
        } cases[] = {
                { BOX_REFUSES, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL },
                { BOX_SILENT, PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL },
                { BOX_NO_SOCKET, PAM_SYSTEM_ERR, PAM_SYSTEM_ERR },
        };

        if (getuid() != 0)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Scene scene = {};
                Box box;

                box_start(&box, BOX_NO_SERVICE);
                set_place(&box, SHORT_USEC, SHORT_USEC);
                box_add_daemon(&box, 0, cases[i].manner);
                scene_start(&scene, &right, "place", BOX_USER);
                assert_int_equal(pam_putenv(scene.handle, "ITAX_SESSION=" BOX_SESSION), PAM_SUCCESS);
                assert_int_equal(pam_acct_mgmt(scene.handle, 0), cases[i].account);
                assert_int_equal(pam_open_session(scene.handle, 0), PAM_SUCCESS);
                assert_int_equal(pam_close_session(scene.handle, 0), PAM_SUCCESS);
                assert_int_equal(pam_chauthtok(scene.handle, 0), cases[i].password);
                scene_finish(&scene);
                box_stop(&box);
        }
}

static void test_login_by_daemon_user(_unused_ void **state) {
        Box box;

        if (getuid() != 0)
                skip();
        box_start(&box, BOX_NO_SERVICE);
        set_place(&box, 5 * USEC_PER_SEC, 5 * USEC_PER_SEC);
        box_set_passwd(&box, PASSWD_LINE);
        box_add_daemon(&box, ITAXD_UID, BOX_SERVES);
        assert_login(&right, PAM_SUCCESS, "*:pw: ");
        box_stop(&box);
}

/* threats 22: refused before anything is sent; not even who wants to log in is told. */
static void test_foreign_daemon(_unused_ void **state) {
        Box box;

        if (getuid() != 0)
                skip();
        box_start(&box, BOX_NO_SERVICE);
        set_place(&box, 5 * USEC_PER_SEC, 5 * USEC_PER_SEC);
        box_set_passwd(&box, PASSWD_LINE);
        box_add_daemon(&box, OTHER_UID, BOX_SERVES);
        assert_login(&right, PAM_SYSTEM_ERR, "");
        assert_int_equal(box_n_opened(&box, 0), 0);

        /* The same without such a user on the host. */
        box_set_passwd(&box, "root:x:0:0::/root:/bin/sh\n");
        assert_login(&right, PAM_SYSTEM_ERR, "");
        assert_int_equal(box_n_opened(&box, 0), 0);
        box_stop(&box);
}

typedef struct MannerCase {
        const char *sentence;
        BoxManner manner;
        int code;
} MannerCase;

static const MannerCase manner_cases[] = {
        { "a daemon that refuses this caller", BOX_REFUSES, PAM_AUTHINFO_UNAVAIL },
        { "a daemon that does not answer OpenLogin", BOX_SILENT, PAM_AUTHINFO_UNAVAIL },
        { "a daemon that answers with something else", BOX_NO_SOCKET, PAM_SYSTEM_ERR },
        { "a daemon that hangs up", BOX_HUNG_UP, PAM_AUTHINFO_UNAVAIL },
        { "a daemon that does not answer Next", BOX_STUCK, PAM_AUTHINFO_UNAVAIL },
};

static void test_manners(_unused_ void **state) {
        if (getuid() != 0)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(manner_cases); i++) {
                const MannerCase *c = &manner_cases[i];
                Box box;

                print_message("         %s\n", c->sentence);
                box_start(&box, BOX_NO_SERVICE);
                set_place(&box, SHORT_USEC, SHORT_USEC);
                box_add_daemon(&box, 0, c->manner);
                assert_login(&right, c->code, "");
                assert_int_equal(box_n_opened(&box, 0), 1);
                box_stop(&box);
        }
}

/* threats 34: no daemon and no way to start one; no wait either. */
static void test_no_daemon(_unused_ void **state) {
        Box box;

        box_start(&box, BOX_NO_SERVICE);
        set_place(&box, 60 * USEC_PER_SEC, 60 * USEC_PER_SEC);
        assert_login(&right, PAM_AUTHINFO_UNAVAIL, "");
        box_stop(&box);
}

static void test_activation(_unused_ void **state) {
        Box box;

        if (getuid() != 0)
                skip();
        box_start(&box, BOX_SERVICE);
        set_place(&box, 30 * USEC_PER_SEC, 5 * USEC_PER_SEC);
        assert_login(&right, PAM_SUCCESS, "*:pw: ");
        assert_login(&wrong, PAM_AUTH_ERR, "*:pw: ");
        box_stop(&box);
}

/* threats 33, 124: the bus itself stands still, or is gone */
static void test_stopped_bus(_unused_ void **state) {
        Box box;

        box_start(&box, BOX_NO_SERVICE);
        set_place(&box, SHORT_USEC, SHORT_USEC);
        assert_int_equal(kill(box.bus, SIGSTOP), 0);
        assert_login(&right, PAM_AUTHINFO_UNAVAIL, "");
        assert_int_equal(kill(box.bus, SIGKILL), 0);
        assert_int_equal(kill(box.bus, SIGCONT), 0);
        assert_login(&right, PAM_AUTHINFO_UNAVAIL, "");
        box_stop(&box);
}

static pid_t daemon_to_stop;

static void stop_daemon(_unused_ Scene *scene) {
        assert_int_equal(kill(daemon_to_stop, SIGSTOP), 0);
}

static void kill_daemon(_unused_ Scene *scene) {
        assert_int_equal(kill(daemon_to_stop, SIGKILL), 0);
}

/* threats 32, 33: while the person types */
static void test_daemon_lost(_unused_ void **state) {
        void (*const ways[])(Scene *) = { stop_daemon, kill_daemon };

        if (getuid() != 0)
                skip();
        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                Scene scene = {};
                Box box;

                box_start(&box, BOX_NO_SERVICE);
                set_place(&box, 5 * USEC_PER_SEC, SHORT_USEC);
                box_add_daemon(&box, 0, BOX_SERVES);
                daemon_to_stop = box.daemons[0];
                scene_start(&scene, &right, "place", BOX_USER);
                scene.on_message = ways[i];
                assert_int_equal(pam_authenticate(scene.handle, 0), PAM_AUTHINFO_UNAVAIL);
                scene_finish(&scene);
                box_stop(&box);
        }
}

/* The descriptors that are open, by number. */
typedef struct Descriptors {
        bool open[256];
        size_t n;
} Descriptors;

static Descriptors before;

static Descriptors list_descriptors(void) {
        Descriptors list = {};

        for (int fd = 0; fd < (int)ELEMENTSOF(list.open); fd++) {
                list.open[fd] = fcntl(fd, F_GETFD) >= 0;
                list.n += list.open[fd];
        }
        return list;
}

/* D1: while a person is asked, there is one socket of ours and no connection to the bus. */
static void look_at_descriptors(_unused_ Scene *scene) {
        const Descriptors now = list_descriptors();

        assert_int_equal(now.n, before.n + 1);
        for (int fd = 0; fd < (int)ELEMENTSOF(now.open); fd++)
                if (now.open[fd] && !before.open[fd]) {
                        assert_true(fd > 2);
                        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
                }
}

static void assert_descriptors(Box *box) {
        Scene scene = {};

        scene_start(&scene, &right, "place", BOX_USER);
        /* The first visit opens the connection to the log, which belongs to libc. */
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        before = list_descriptors();
        scene.i_answer = 0;
        scene.on_message = look_at_descriptors;
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(list_descriptors().n, before.n);
        scene_finish(&scene);
        assert_int_equal(box_n_opened(box, 0), 2);
}

static void test_descriptors(_unused_ void **state) {
        Box box;

        if (getuid() != 0)
                skip();
        box_start(&box, BOX_NO_SERVICE);
        set_place(&box, 5 * USEC_PER_SEC, 5 * USEC_PER_SEC);
        box_add_daemon(&box, 0, BOX_SERVES);
        assert_descriptors(&box);
        box_stop(&box);
}

static void look_at_low_descriptors(Scene *scene) {
        for (int fd = 0; fd < 3; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        scene->n_opens = 99;
}

/* threats 92: the numbers 0 to 2 are never taken by something a stray printf could write to. */
static void test_low_descriptors(_unused_ void **state) {
        int status;
        pid_t pid;
        Box box;

        if (getuid() != 0)
                skip();
        box_start(&box, BOX_NO_SERVICE);
        set_place(&box, 5 * USEC_PER_SEC, 5 * USEC_PER_SEC);
        box_add_daemon(&box, 0, BOX_SERVES);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                Scene scene = {};
                int code;

                scene_start(&scene, &right, "place", BOX_USER);
                scene.on_message = look_at_low_descriptors;
                for (int fd = 0; fd < 3; fd++)
                        (void)close(fd);
                code = pam_authenticate(scene.handle, 0);
                _exit(code != PAM_SUCCESS ? 1 : scene.n_opens == 99 ? 2 : scene.n_messages == 1 ? 0 : 3);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        box_stop(&box);
}

/* threats 93 */
static void test_high_descriptors(_unused_ void **state) {
        struct rlimit limit, more;
        int fds[2000];
        Box box;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        more = limit;
        more.rlim_cur = more.rlim_max < 2200 ? more.rlim_max : 2200;
        if (getuid() != 0 || more.rlim_cur < 2200)
                skip();
        box_start(&box, BOX_NO_SERVICE);
        set_place(&box, 5 * USEC_PER_SEC, 5 * USEC_PER_SEC);
        box_add_daemon(&box, 0, BOX_SERVES);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &more), 0);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(fds[ELEMENTSOF(fds) - 1] > 1024);
        assert_login(&right, PAM_SUCCESS, "*:pw: ");
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                (void)close(fds[i]);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        box_stop(&box);
}

/* More at once than the bus lets wait in line for a connection. */
static void test_crowd(_unused_ void **state) {
        pid_t pids[60];
        Box box;

        if (getuid() != 0)
                skip();
        box_start(&box, BOX_NO_SERVICE);
        set_place(&box, 30 * USEC_PER_SEC, 30 * USEC_PER_SEC);
        box_add_daemon(&box, 0, BOX_SERVES);
        assert_int_equal(kill(box.bus, SIGSTOP), 0);
        for (size_t i = 0; i < ELEMENTSOF(pids); i++) {
                pids[i] = fork();
                assert_true(pids[i] >= 0);
                if (pids[i] == 0) {
                        Scene scene = {};

                        scene_start(&scene, &right, "place", BOX_USER);
                        _exit(pam_authenticate(scene.handle, 0));
                }
        }
        assert_int_equal(kill(box.bus, SIGCONT), 0);
        for (size_t i = 0; i < ELEMENTSOF(pids); i++) {
                int status;

                assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
                assert_int_equal(status, 0);
        }
        box_stop(&box);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_login),
                cmocka_unit_test(test_all_methods),
                cmocka_unit_test(test_after_the_login),
                cmocka_unit_test(test_login_by_daemon_user),
                cmocka_unit_test(test_foreign_daemon),
                cmocka_unit_test(test_manners),
                cmocka_unit_test(test_no_daemon),
                cmocka_unit_test(test_activation),
                cmocka_unit_test(test_stopped_bus),
                cmocka_unit_test(test_daemon_lost),
                cmocka_unit_test(test_descriptors),
                cmocka_unit_test(test_low_descriptors),
                cmocka_unit_test(test_high_descriptors),
                cmocka_unit_test(test_crowd),
        };

        /* Started by the bus of test_activation. */
        if (argc == 3 && strcmp(argv[1], "daemon") == 0)
                return box_run_daemon(argv[2], BOX_SERVES, -1) < 0 ? 1 : 0;

        return cmocka_run_group_tests_name("pam-bus", tests, harness_setup, harness_teardown);
}
