/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Terminal: nothing in here waits. TCSANOW and not TCSAFLUSH, which would wait for output that ^S holds. */

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/common/limits.h"
#include "pam_module/terminal.h"

#define FD STDIN_FILENO
#define DEVICES "/dev/"

static const char *without_folder(const char *tty) {
        return strncmp(tty, DEVICES, strlen(DEVICES)) == 0 ? tty + strlen(DEVICES) : tty;
}

/* Whoever changes a terminal from the background is stopped by it, and we are in somebody else's process. */
static bool is_foreground(void) {
        const pid_t group = tcgetpgrp(FD);

        return group > 0 && group == getpgrp();
}

void terminal_init(Terminal *terminal, const char *tty) {
        char name[LIMIT_TTY_BYTES + 1];

        *terminal = (Terminal){};
        terminal->is_ours = tty && isatty(FD) && ttyname_r(FD, name, sizeof(name)) == 0 &&
                            strcmp(without_folder(name), without_folder(tty)) == 0 && is_foreground();
}

void terminal_quiet(Terminal *terminal) {
        struct termios quiet;

        if (!terminal->is_ours || terminal->is_watched || !is_foreground())
                return;
        /* A second time only after the background: whoever was in front has modes of his own. */
        if (!terminal->is_quiet && tcgetattr(FD, &terminal->before) < 0)
                return;
        quiet = terminal->before;
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
        if (tcsetattr(FD, TCSANOW, &quiet) < 0)
                return;
        terminal->is_quiet = true;
        terminal->is_watched = true;
        (void)tcflush(FD, TCIFLUSH);
}

int terminal_fd(const Terminal *terminal) {
        return terminal->is_watched ? FD : -1;
}

bool terminal_discard(Terminal *terminal) {
        struct pollfd fd = { .fd = FD };

        if (is_foreground()) {
                if (tcflush(FD, TCIFLUSH) < 0)
                        return false;
        } else
                /* The line is somebody else's. Not looked at again before the next step. */
                terminal->is_watched = false;
        return poll(&fd, 1, 0) >= 0 && !(fd.revents & (POLLHUP | POLLERR | POLLNVAL));
}

void terminal_restore(Terminal *terminal) {
        if (terminal->is_quiet && is_foreground()) {
                (void)tcflush(FD, TCIFLUSH);
                (void)tcsetattr(FD, TCSANOW, &terminal->before);
        }
        terminal->is_quiet = false;
        terminal->is_watched = false;
}
