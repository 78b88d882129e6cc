/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Log: what the daemon tells the administrator, a record a line
 *
 * Records go to the journal in its native protocol where there is one, else to standard error with
 * the priority in front ("<4>…", sd-daemon(3)). Nothing here waits: a journal that does not take a
 * record loses it, and the next one that it takes says how many were lost.
 *
 * Whatever a value holds, a record stays one line: bytes that must not be shown are written as
 * \xNN. Never log a secret, a body, an answer, or a user name that nobody knows (it may be a
 * password typed too early). */

#include <stdint.h>
#include <stdio.h>
#include <syslog.h>

#include "lib/common/util.h"

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"
#define LOG_MESSAGE_BYTES 1024 /* a longer message is cut */
#define LOG_VALUE_BYTES 512    /* a longer value of a field likewise */

/* A field beside the message. @name is capitals, digits and underscores
 * (systemd.journal-fields(7)). */
typedef struct LogField {
        const char *name;
        const char *value; /* NULL leaves the field out */
} LogField;

/**
 * log_open() - choose where records go; without it they go to standard error
 * @journal_path: socket of the journal, LOG_JOURNAL_SOCKET outside of tests
 * @fallback: where they go when nobody listens there; borrowed for good
 */
void log_open(const char *journal_path, FILE *fallback);

/**
 * log_record() - write one record
 * @priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO or LOG_DEBUG of syslog(3)
 * @login_id: the login it belongs to, 0 for none
 */
void log_record(int priority, uint64_t login_id, const char *format, ...) _printf_(3, 4);

/** log_fields() - write one record with fields; @message is escaped like the values */
void log_fields(int priority, uint64_t login_id, const char *message, const LogField *fields,
                size_t n_fields);

/** log_to_person() - records are for somebody who reads them now: no priority in front, whatever standard
 * error is */
void log_to_person(void);

/** log_set_level() - leave out what is less important than @priority; LOG_INFO at start */
void log_set_level(int priority);

/**
 * log_escape() - make any bytes fit for one line of a log
 * @s: any bytes, NUL-terminated
 * @n: room at @ret, at least 5; what does not fit ends in "…"
 */
void log_escape(const char *s, char *ret, size_t n);
