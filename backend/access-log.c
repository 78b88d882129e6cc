/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/access-log.h"
#include "backend/report.h"

#define LINE_BYTES 512

static int file_open(const char *path) {
        int fd;

        fd = open(path,
                  O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC,
                  0640);
        return fd < 0 ? -errno : fd;
}

int access_log_open(const char *where, AccessLog *ret) {
        int fd = -1;

        if (where && strcmp(where, "none") == 0) {
                *ret = (AccessLog){ .fd = -1 };
                return 0;
        }
        if (!where || strcmp(where, "-") == 0) {
                *ret = (AccessLog){ .fd = STDERR_FILENO };
                return 0;
        }
        fd = file_open(where);
        if (fd < 0)
                return fd;
        *ret = (AccessLog){ .path = where, .fd = fd };
        return 0;
}

int access_log_reopen(AccessLog *log) {
        int fd;

        if (!log->path)
                return 0;
        fd = file_open(log->path);
        if (fd < 0)
                return fd;
        (void)close(log->fd);
        log->fd = fd;
        return 0;
}

void access_log_done(AccessLog *log) {
        if (log->path)
                (void)close(log->fd);
        *log = (AccessLog){ .fd = -1 };
}

void access_log_write(const AccessLog *log, const char *method, const char *route, unsigned status,
                      uint64_t usec, const char *client, const char *peer, const char *note) {
        char stamp[REPORT_STAMP_BYTES], line[LINE_BYTES];
        int n;

        if (log->fd < 0)
                return;
        report_stamp(stamp);
        n = snprintf(line, sizeof(line), "%s %s %s %u %.1fms %s %s%s%s\n", stamp, method, route,
                     status, (double)usec / 1000, client[0] ? client : "-", peer[0] ? peer : "-",
                     note ? " " : "", note ? note : "");
        /* one write, so that lines of several processes stay whole */
        if (n > 0 && (size_t)n < sizeof(line) && write(log->fd, line, (size_t)n) < 0)
                return;
}
