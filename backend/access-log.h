/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Access log: one line a request, when it is over
 *
 *         TIME METHOD ROUTE STATUS DURATIONms CLIENT ADDRESS [cut]
 *         2026-01-31T08:30:00.123Z POST /oauth2/token 200 3.1ms lab-workstation 192.0.2.7
 *
 * TIME is UTC. ROUTE is the template of the path, "-" when there is no such path, and never the path
 * itself: codes and unit numbers stand in those. Nothing of query, body or headers is written, so
 * no secret can be. STATUS is 0 when no answer was sent; "cut": the connection ended before the
 * answer did. CLIENT is the workstation's id, "-" when nobody proved to be one. ADDRESS is the
 * other side's, or "unix"; behind a trusted proxy that of whom it serves. */

#include <stdint.h>

#include "lib/common/util.h"

typedef struct AccessLog {
        const char *path; /* borrowed; NULL for standard error */
        int fd;           /* -1: nothing is written */
} AccessLog;

/** access_log_open() - @where: NULL or "-" for standard error, "none", or a file that is appended
 * to. Return: 0 or -errno. */
int access_log_open(const char *where, AccessLog *ret);

/** access_log_reopen() - after the file was renamed (SIGHUP); the old one stays in use when the new
 * one cannot be opened. Return: 0 or -errno. */
int access_log_reopen(AccessLog *log);

void access_log_done(AccessLog *log);

/** access_log_write() - one request. @status 0: none was sent; @client and @peer "" when not known;
 * @note NULL or a word. What cannot be written is lost: no request waits for the log. */
void access_log_write(const AccessLog *log, const char *method, const char *route, unsigned status,
                      uint64_t usec, const char *client, const char *peer, const char *note);
