/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Leader: proc(5). The name of a process stands in parentheses and may hold anything, so that fields are
 * counted behind the last of them. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "daemon/leader.h"
#include "lib/common/util.h"

/* Of the fields behind the name, the first being the state. */
#define FIELD_START 19

/* Return: 0, -ESRCH, or another negative errno when /proc tells nothing. */
static int read_start(pid_t pid, uint64_t *ret) {
        _cleanup_(closep) int fd = -1;
        char path[32], text[1024];
        const char *p;
        ssize_t n;

        (void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        n = read(fd, text, sizeof(text) - 1);
        if (n < 0)
                return -errno;
        text[n] = '\0';

        p = strrchr(text, ')');
        if (!p || p[1] != ' ')
                return -EBADMSG;
        p += 2;
        if (*p == 'Z' || *p == 'X')
                return -ESRCH;
        for (unsigned i = 0; i < FIELD_START; i++) {
                p = strchr(p, ' ');
                if (!p)
                        return -EBADMSG;
                p++;
        }
        *ret = strtoull(p, NULL, 10);
        return *ret > 0 ? 0 : -EBADMSG;
}

/* Nothing is sent: it is only asked whether anything could be. */
static bool exists(pid_t pid) {
        return kill(pid, 0) == 0 || errno == EPERM;
}

int leader_of(pid_t pid, Leader *ret) {
        uint64_t start = 0;
        int r;

        if (pid <= 0 || !exists(pid))
                return -ESRCH;
        r = read_start(pid, &start);
        if (r == -ESRCH)
                return r;
        *ret = (Leader){ .pid = pid, .start = r == 0 ? start : 0 };
        return 0;
}

bool leader_lives(const Leader *leader) {
        Leader now;

        return leader->pid > 0 && leader_of(leader->pid, &now) == 0 &&
               (!leader->start || !now.start || leader->start == now.start);
}
