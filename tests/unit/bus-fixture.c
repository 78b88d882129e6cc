/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* BusFixture: it is ready once it has printed its address, and dies with the test */

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/bus-fixture.h"

static const char config[] =
        "<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth>"
        "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>"
        "<allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/></policy></busconfig>";

void bus_fixture_write(const BusFixture *fixture, const char *name, const char *text) {
        char path[96];
        int fd;

        (void)snprintf(path, sizeof(path), "%s/%s", fixture->dir, name);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(fchmod(fd, 0644), 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        assert_int_equal(close(fd), 0);
}

static void run_daemon(const BusFixture *fixture, int ready) {
        char option[96];

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)snprintf(option, sizeof(option), "--config-file=%s/bus.conf", fixture->dir);
        (void)dup2(ready, 3);
        (void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        (void)execlp("dbus-daemon", "dbus-daemon", option, "--nofork", "--nopidfile", "--nosyslog",
                     "--print-address=3", (char *)NULL);
        _exit(127);
}

int bus_fixture_start(BusFixture *fixture) {
        char text[1024], byte;
        bool is_up;
        int ready[2];

        *fixture = (BusFixture){ .dir = "/tmp/test-bus-XXXXXX" };
        assert_non_null(mkdtemp(fixture->dir));
        assert_int_equal(chmod(fixture->dir, 0755), 0);
        (void)snprintf(fixture->socket, sizeof(fixture->socket), "%s/bus", fixture->dir);
        (void)snprintf(fixture->address, sizeof(fixture->address), "unix:path=%s", fixture->socket);
        (void)snprintf(text, sizeof(text), config, fixture->address);
        bus_fixture_write(fixture, "bus.conf", text);

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        fixture->pid = fork();
        assert_true(fixture->pid >= 0);
        if (fixture->pid == 0)
                run_daemon(fixture, ready[1]);
        (void)close(ready[1]);
        is_up = read(ready[0], &byte, 1) == 1;
        (void)close(ready[0]);
        if (!is_up)
                bus_fixture_stop(fixture);
        return is_up ? 0 : -1;
}

void bus_fixture_kill(BusFixture *fixture) {
        if (fixture->pid <= 0)
                return;
        (void)kill(fixture->pid, SIGKILL);
        (void)waitpid(fixture->pid, NULL, 0);
        fixture->pid = 0;
}

void bus_fixture_stop(BusFixture *fixture) {
        struct dirent *entry;
        DIR *dir;

        bus_fixture_kill(fixture);
        dir = opendir(fixture->dir);
        while (dir && (entry = readdir(dir)))
                if (entry->d_name[0] != '.')
                        (void)unlinkat(dirfd(dir), entry->d_name, 0);
        if (dir)
                (void)closedir(dir);
        (void)rmdir(fixture->dir);
}
