/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Audit: the message is a sentence for people, the fields are for programs; both hold the same. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/audit.h"
#include "daemon/log.h"
#include "lib/common/identity.h"
#include "lib/common/text.h"

/* A taxpayer number of one person is his identity number, by itself or with two digits behind it;
 * before 1999 that number had 15 digits, and a unit's own number of 15 cannot be told from it. */
static bool unit_may_be_person(const char *code) {
        char number[19] = "";

        if (strlen(code) < 18)
                return true;
        memcpy(number, code, 18);
        return identity_number_check(number) == ACCOUNT_FAULT_NONE;
}

static int unit_shown(const char *code, char **ret) {
        if (unit_may_be_person(code))
                return text_mask(code, ret);
        *ret = strdup(code);
        return *ret ? 0 : -ENOMEM;
}

static const char *or_none(const char *s) {
        return s && *s ? s : NULL;
}

void audit_outcome(const AuditRecord *record) {
        const Outcome *outcome = record->outcome;
        const bool granted = outcome->reason == REASON_NONE;
        const char *result = granted ? "granted" : step_reason_to_string(outcome->reason);
        _cleanup_(freep) char *account = NULL, *unit = NULL;
        char caller[16], seconds[32], message[LOG_MESSAGE_BYTES];

        /* Without memory the account is left out: a record that is missing is worth less than one
         * that is short. */
        if (or_none(outcome->account))
                (void)text_mask(outcome->account, &account);
        if (or_none(outcome->unit))
                (void)unit_shown(outcome->unit, &unit);
        (void)snprintf(caller, sizeof(caller), "%lu", (unsigned long)record->caller);
        (void)snprintf(seconds, sizeof(seconds), "%.3f",
                       (double)record->duration_usec / USEC_PER_SEC);
        (void)snprintf(
                message, sizeof(message),
                "login %s (%s): service=%s tty=%s rhost=%s account=%s user=%s unit=%s method=%s",
                result, outcome->detail ? outcome->detail : "-",
                or_none(record->service) ? record->service : "-",
                or_none(record->tty) ? record->tty : "-",
                or_none(record->rhost) ? record->rhost : "-", account ? account : "-",
                or_none(outcome->user) ? outcome->user : "-", unit ? unit : "-",
                or_none(outcome->method) ? outcome->method : "-");

        const LogField fields[] = {
                { "ITAX_RESULT", result },
                { "ITAX_DETAIL", outcome->detail },
                { "ITAX_SERVICE", or_none(record->service) },
                { "ITAX_TTY", or_none(record->tty) },
                { "ITAX_RHOST", or_none(record->rhost) },
                { "ITAX_CALLER", caller },
                { "ITAX_ACCOUNT", account },
                { "ITAX_USER", or_none(outcome->user) },
                { "ITAX_UNIT", unit },
                { "ITAX_METHOD", or_none(outcome->method) },
                { "ITAX_SECONDS", seconds },
        };
        log_fields(granted ? LOG_INFO : LOG_NOTICE, record->login_id, message, fields,
                   ELEMENTSOF(fields));
}
