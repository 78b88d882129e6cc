/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Terminal: one hidden or visible line, straight into a secret. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>

#include "ctl/ctl.h"
#include "lib/common/limits.h"

static void on_signal(_unused_ int number) {
        /* Its only effect is that read() returns EINTR, so that the echo comes back. */
}

/* Read up to a newline without buffering: what standard input holds behind it stays there. */
static int read_line(Secret *line) {
        for (;;) {
                char c;
                ssize_t n;

                n = read(STDIN_FILENO, &c, 1);
                if (n < 0)
                        return errno == EINTR ? -ECANCELED : -errno;
                if (n == 0)
                        return -ECANCELED;
                if (c == '\n')
                        return 0;
                if (secret_append(line, &c, 1) < 0)
                        return -E2BIG;
        }
}

static int read_line_hidden(Secret *line) {
        struct termios before, hidden;
        int r;

        if (tcgetattr(STDIN_FILENO, &before) < 0)
                return read_line(line); /* no terminal, no echo */
        hidden = before;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) < 0)
                return -errno;

        r = read_line(line);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        (void)putchar('\n');
        return r;
}

int terminal_ask(const char *question, TerminalEcho echo, Secret **ret) {
        const struct sigaction interrupt = { .sa_handler = on_signal };
        struct sigaction before_int, before_term;
        _cleanup_(secret_freep) Secret *line = NULL;
        int r;

        r = secret_new(LIMIT_ANSWER_BYTES, &line);
        if (r < 0)
                return r;

        (void)fputs(question, stdout);
        (void)fflush(stdout);
        (void)sigaction(SIGINT, &interrupt, &before_int);
        (void)sigaction(SIGTERM, &interrupt, &before_term);
        r = echo == TERMINAL_HIDE ? read_line_hidden(line) : read_line(line);
        (void)sigaction(SIGINT, &before_int, NULL);
        (void)sigaction(SIGTERM, &before_term, NULL);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(line);
        return 0;
}
