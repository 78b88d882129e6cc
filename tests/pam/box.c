/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Box: dbus-daemon with a configuration that allows everything, because a policy file must not be the only
 * thing that keeps a foreign daemon from a password. */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>

#include <cmocka.h>

#include "tests/pam/box.h"

typedef struct FakeDaemon {
        BoxManner manner;
        int report;
        unsigned n_next;
} FakeDaemon;

static void write_file(const char *path, const char *text) {
        FILE *f;

        f = fopen(path, "we");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static int on_next(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        FakeDaemon *daemon = userdata;
        const void *bytes;
        uint32_t serial;
        size_t n;

        if (!sd_bus_message_is_method_call(m, "org.itax.Auth1.Login", "Next"))
                return 0;
        if (daemon->manner == BOX_STUCK)
                return 1;
        if (sd_bus_message_read(m, "u", &serial) < 0 || sd_bus_message_read_array(m, 'y', &bytes, &n) < 0 ||
            serial != daemon->n_next)
                return -EPROTO;
        daemon->n_next++;
        if (serial > 0 && daemon->manner == BOX_DEAF)
                return 1;
        if (serial == 0)
                return sd_bus_reply_method_return(m, "usa{sv}", 1, "prompt-secret", 1, "prompt", "s", "pw: ");
        if (n == strlen(BOX_PASSWORD) && memcmp(bytes, BOX_PASSWORD, n) == 0)
                return sd_bus_reply_method_return(m, "usa{sv}", 2, "done", 4, "user", "s", BOX_USER, "account", "s",
                                                  "ceshi", "method", "s", "password", "session", "s", BOX_SESSION);
        return sd_bus_reply_method_return(m, "usa{sv}", 2, "fail", 1, "reason", "s", "denied");
}

static int run_bus(sd_bus *bus) {
        int r;

        do {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        } while (r >= 0);
        return r;
}

/* One login, to its end: the daemon of a test has no other. */
static void serve_login(FakeDaemon *daemon, int fd) {
        sd_id128_t id = SD_ID128_MAKE(01, 02, 03, 04, 05, 06, 07, 08, 09, 0a, 0b, 0c, 0d, 0e, 0f, 10);
        sd_bus *bus = NULL;

        daemon->n_next = 0;
        if (sd_bus_new(&bus) >= 0 && sd_bus_set_server(bus, 1, id) >= 0 && sd_bus_set_anonymous(bus, 1) >= 0 &&
            sd_bus_set_fd(bus, fd, fd) >= 0 && sd_bus_start(bus) >= 0 &&
            sd_bus_add_filter(bus, NULL, on_next, daemon) >= 0)
                (void)run_bus(bus);
        (void)sd_bus_close_unref(bus);
}

/* Is there a key of that name in the a{sv}? */
static bool has_key(sd_bus_message *m, const char *wanted) {
        const char *key;

        if (sd_bus_message_enter_container(m, 'a', "{sv}") <= 0)
                return false;
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                if (sd_bus_message_read(m, "s", &key) <= 0 || strcmp(key, wanted) == 0)
                        return true;
                (void)sd_bus_message_skip(m, "v");
                (void)sd_bus_message_exit_container(m);
        }
        return false;
}

static int on_other(sd_bus_message *m) {
        if (sd_bus_message_is_method_call(m, "org.itax.Auth1.Manager", "CheckAccount"))
                return sd_bus_reply_method_return(m, "s", has_key(m, "session") ? "granted" : "mapped");
        return sd_bus_reply_method_return(m, "");
}

static int on_call(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        FakeDaemon *daemon = userdata;
        int fds[2], r;

        if (!sd_bus_message_is_method_call(m, "org.itax.Auth1.Manager", NULL))
                return 0;
        if (daemon->report >= 0 && write(daemon->report, "o", 1) != 1)
                return -EPIPE;

        switch (daemon->manner) {
        case BOX_REFUSES:
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "no");
        case BOX_SILENT:
                return 1;
        case BOX_NO_SOCKET:
                return sd_bus_reply_method_return(m, "s", "no socket");
        case BOX_SERVES:
        case BOX_HUNG_UP:
        case BOX_STUCK:
        case BOX_DEAF:
                break;
        }
        if (!sd_bus_message_is_method_call(m, NULL, "OpenLogin"))
                return on_other(m);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
                return -errno;
        r = sd_bus_reply_method_return(m, "h", fds[1]);
        (void)close(fds[1]);
        if (r >= 0)
                r = sd_bus_flush(sd_bus_message_get_bus(m));
        if (daemon->manner == BOX_HUNG_UP)
                (void)close(fds[0]);
        else
                serve_login(daemon, fds[0]);
        return r < 0 ? r : 1;
}

int box_run_daemon(const char *bus_path, BoxManner manner, int report) {
        FakeDaemon daemon = { .manner = manner, .report = report };
        char address[128];
        sd_bus *bus = NULL;
        int r;

        (void)snprintf(address, sizeof(address), "unix:path=%s", bus_path);
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, 1);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = sd_bus_add_filter(bus, NULL, on_call, &daemon);
        if (r >= 0)
                r = sd_bus_request_name(bus, "org.itax.Auth1", 0);
        if (r >= 0 && report >= 0)
                r = write(report, "r", 1) == 1 ? 0 : -EPIPE;
        if (r >= 0)
                r = run_bus(bus);
        (void)sd_bus_close_unref(bus);
        return r;
}

void box_add_daemon(Box *box, uid_t uid, BoxManner manner) {
        const size_t i = box->n_daemons++;
        int fds[2];
        char ready;
        pid_t pid;

        assert_true(i < BOX_DAEMONS);
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void)close(fds[0]);
                if (uid != getuid() &&
                    (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0))
                        _exit(1);
                (void)box_run_daemon(box->bus_path, manner, fds[1]);
                _exit(0);
        }
        (void)close(fds[1]);
        box->daemons[i] = pid;
        box->reports[i] = fds[0];
        assert_int_equal(read(fds[0], &ready, 1), 1);
        assert_int_equal(ready, 'r');
        assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
}

size_t box_n_opened(const Box *box, size_t daemon) {
        size_t n = 0;
        char letter;

        while (read(box->reports[daemon], &letter, 1) == 1)
                n++;
        return n;
}

void box_set_passwd(Box *box, const char *text) {
        write_file(box->passwd_path, text);
}

static void write_service(const Box *box) {
        char program[256] = {}, path[128], text[512];

        assert_true(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
        (void)snprintf(path, sizeof(path), "%s/org.itax.Auth1.service", box->folder);
        (void)snprintf(text, sizeof(text), "[D-BUS Service]\nName=org.itax.Auth1\nExec=%s daemon %s\n", program,
                       box->bus_path);
        write_file(path, text);
}

static void remove_file(const Box *box, const char *name) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/%s", box->folder, name);
        (void)unlink(path);
}

void box_start(Box *box, BoxActivation activation) {
        char config[128], print[32], text[1024], address[256];
        int fds[2], quiet;

        *box = (Box){};
        (void)snprintf(box->folder, sizeof(box->folder), "/tmp/itax-box-XXXXXX");
        assert_non_null(mkdtemp(box->folder));
        assert_int_equal(chmod(box->folder, 0755), 0);
        (void)snprintf(box->bus_path, sizeof(box->bus_path), "%s/bus", box->folder);
        (void)snprintf(box->passwd_path, sizeof(box->passwd_path), "%s/passwd", box->folder);
        (void)snprintf(config, sizeof(config), "%s/config", box->folder);
        (void)snprintf(text, sizeof(text),
                       "<busconfig><listen>unix:path=%s</listen><auth>EXTERNAL</auth><servicedir>%s</servicedir>"
                       "<policy context='default'><allow user='*'/><allow own='*'/>"
                       "<allow send_destination='*' eavesdrop='true'/>"
                       "<allow send_requested_reply='false' send_type='method_return'/>"
                       "<allow send_requested_reply='false' send_type='error'/>"
                       "<allow receive_requested_reply='false' receive_type='method_return'/>"
                       "<allow receive_requested_reply='false' receive_type='error'/>"
                       "<allow receive_sender='*' eavesdrop='true'/></policy></busconfig>\n",
                       box->bus_path, box->folder);
        write_file(config, text);
        box_set_passwd(box, "");
        if (activation == BOX_SERVICE)
                write_service(box);

        assert_int_equal(pipe(fds), 0);
        box->bus = fork();
        assert_true(box->bus >= 0);
        if (box->bus == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void)close(fds[0]);
                quiet = open("/dev/null", O_WRONLY);
                (void)dup2(quiet, 2); /* it tells of limits and activations */
                (void)snprintf(print, sizeof(print), "--print-address=%d", fds[1]);
                (void)snprintf(text, sizeof(text), "--config-file=%s", config);
                (void)execlp("dbus-daemon", "dbus-daemon", text, print, "--nofork", "--nopidfile", (char *)NULL);
                _exit(127);
        }
        (void)close(fds[1]);
        /* The address is printed once the bus listens. */
        assert_true(read(fds[0], address, sizeof(address)) > 0);
        (void)close(fds[0]);
}

static void end_process(pid_t pid) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
}

void box_stop(Box *box) {
        for (size_t i = 0; i < box->n_daemons; i++) {
                end_process(box->daemons[i]);
                (void)close(box->reports[i]);
        }
        end_process(box->bus);
        remove_file(box, "config");
        remove_file(box, "passwd");
        remove_file(box, "bus");
        remove_file(box, "org.itax.Auth1.service");
        assert_int_equal(rmdir(box->folder), 0);
}
