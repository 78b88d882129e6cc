/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Audit: what happened, a record each, for the administrator at 8 a.m.
 *
 * One for each login that ended, each password that was changed, each session that began or ended, each
 * check of an account. Fields beside the message: ITAX_RESULT (granted or the reason of the step; the
 * verdict of a check; opened, closed or gone of a session), ITAX_DETAIL (a fixed word), ITAX_SERVICE,
 * ITAX_TTY, ITAX_RHOST, ITAX_CALLER (uid), ITAX_ACCOUNT (masked, only when it was proven or came from
 * the map), ITAX_TYPED (masked: the account as it was typed, never what may be a password), ITAX_USER
 * (local user, only when it exists here), ITAX_UNIT (masked where it could be a person's number),
 * ITAX_METHOD, ITAX_REFUSED (what the person was refused for last), ITAX_REFUSALS (how often),
 * ITAX_SESSION, ITAX_SECONDS. Never a secret, and never a name that nobody knows: it may be a password
 * typed too early. */

#include <stdint.h>
#include <sys/types.h>

#include "daemon/core/login.h"
#include "daemon/grant.h"

/* Borrowed; NULL where unknown. */
typedef struct AuditRecord {
        uint64_t login_id;
        uid_t caller;
        const char *service, *tty, *rhost;
        uint64_t duration_usec;
        LoginPurpose purpose;
        const Outcome *outcome;
} AuditRecord;

void audit_outcome(const AuditRecord *record);

/** audit_session() - @what: "opened", "closed", or "gone" when its process ended without a word. @caller is
 * not told then. */
void audit_session(const Grant *grant, const char *what, uid_t caller);

/** audit_check() - the account of @grant was looked at again; @verdict as CheckAccount gives it */
void audit_check(const Grant *grant, const char *verdict, uid_t caller);

/** audit_unit_shown() - the code of a unit as a record has it: masked where it may be that of a person.
 * Return: 0 or -ENOMEM. */
int audit_unit_shown(const char *code, char **ret);
