/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Audit: one record for each login that ended, for the administrator at 8 a.m.
 *
 * Fields beside the message: ITAX_RESULT (granted or the reason of the step), ITAX_DETAIL (a fixed
 * word), ITAX_SERVICE, ITAX_TTY, ITAX_RHOST, ITAX_CALLER (uid), ITAX_ACCOUNT (masked, only when it
 * was proven or came from the map), ITAX_USER (local user, only when it exists here), ITAX_UNIT
 * (masked where it could be a person's number), ITAX_METHOD, ITAX_SECONDS. Never a secret, and
 * never a name that nobody knows: it may be a password typed too early. */

#include <stdint.h>
#include <sys/types.h>

#include "daemon/core/login.h"

/* Borrowed; NULL where unknown. */
typedef struct AuditRecord {
        uint64_t login_id;
        uid_t caller;
        const char *service, *tty, *rhost;
        uint64_t duration_usec;
        const Outcome *outcome;
} AuditRecord;

void audit_outcome(const AuditRecord *record);
