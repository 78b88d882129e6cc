/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Run: another program, without a shell, and what it says. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "ctl/ctl.h"

#define STATUS_NO_PROGRAM 127

static _Noreturn void child(const char *path, const char *const *argv, RunOutput wanted, int out) {
        const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
            dup2(wanted == RUN_OUTPUT ? null : out, STDERR_FILENO) < 0)
                _exit(STATUS_NO_PROGRAM);
        (void)execv(path, (char *const *)argv);
        _exit(STATUS_NO_PROGRAM);
}

static int read_all(int fd, char **ret) {
        _cleanup_(freep) char *text = NULL;
        size_t n = 0, room = 0;

        for (;;) {
                ssize_t got;

                if (n + 1 >= room) {
                        char *more;

                        if (room >= RUN_OUTPUT_BYTES)
                                return -E2BIG;
                        room = room ? 2 * room : 4096;
                        more = realloc(text, room);
                        if (!more)
                                return -ENOMEM;
                        text = more;
                }
                got = read(fd, text + n, room - n - 1);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return -errno;
                if (got == 0)
                        break;
                n += (size_t)got;
        }
        text[n] = '\0';
        *ret = TAKE_PTR(text);
        return 0;
}

int run_program(const char *path, const char *const *argv, RunOutput wanted, char **ret_output, int *ret_status) {
        _cleanup_(freep) char *output = NULL;
        _cleanup_(closep) int in = -1, out = -1;
        int ends[2], status = 0, r;
        pid_t pid;

        if (access(path, X_OK) < 0)
                return -errno;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        in = ends[0];
        out = ends[1];

        (void)fflush(NULL);
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                child(path, argv, wanted, out);
        (void)close(TAKE_FD(out));

        r = read_all(in, &output);
        if (r < 0)
                (void)kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (r < 0)
                return r;

        *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        *ret_output = TAKE_PTR(output);
        return 0;
}
