/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Audit: the message is a sentence for people, the fields are for programs; both hold the same. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/audit.h"
#include "daemon/audit-file.h"
#include "daemon/log.h"
#include "lib/common/identity.h"
#include "lib/common/text.h"

#define FIELDS_MAX 16U /* of one record */

/* A taxpayer number of one person is his identity number, by itself or with two digits behind it;
 * before 1999 that number had 15 digits, and a unit's own number of 15 cannot be told from it. */
static bool unit_may_be_person(const char *code) {
        char number[19] = "";

        if (strlen(code) < 18)
                return true;
        memcpy(number, code, 18);
        return identity_number_check(number) == ACCOUNT_FAULT_NONE;
}

int audit_unit_shown(const char *code, char **ret) {
        if (unit_may_be_person(code))
                return text_mask(code, ret);
        *ret = strdup(code);
        return *ret ? 0 : -ENOMEM;
}

static const char *or_none(const char *s) {
        return s && *s ? s : NULL;
}

/* " name=\"value\"": what an application says of itself may hold anything, another field too, but no quote
 * of ours, and no backslash, which would be doubled later; the field beside the sentence has it as it
 * was. What does not fit is left out whole. */
static void add(char *message, const char *name, const char *value) {
        size_t used = strlen(message), n = used;

        if (!or_none(value))
                return;
        n += (size_t)snprintf(message + n, LOG_MESSAGE_BYTES - n, " %s=\"", name);
        for (const char *p = value; *p && n + 3 < LOG_MESSAGE_BYTES; p++)
                message[n++] = *p == '"' ? '\'' : *p == '\\' ? '/' : *p;
        if (n + 3 >= LOG_MESSAGE_BYTES) {
                message[used] = '\0';
                return;
        }
        message[n++] = '"';
        message[n] = '\0';
}

/* The sentence, from the fields that people look for. */
static void write_sentence(char *message, const char *what, const char *result, const char *detail,
                           const LogField *fields, size_t n_fields) {
        static const struct {
                const char *field, *name;
        } told[] = {
                { "ITAX_SERVICE", "service" }, { "ITAX_TTY", "tty" },
                { "ITAX_RHOST", "rhost" },     { "ITAX_ACCOUNT", "account" },
                { "ITAX_TYPED", "typed" },     { "ITAX_USER", "user" },
                { "ITAX_UNIT", "unit" },       { "ITAX_METHOD", "method" },
                { "ITAX_REFUSED", "refused" }, { "ITAX_REFUSALS", "refusals" },
        };

        if (detail)
                (void)snprintf(message, LOG_MESSAGE_BYTES, "%s %s (%s):", what, result, detail);
        else
                (void)snprintf(message, LOG_MESSAGE_BYTES, "%s %s:", what, result);
        for (size_t i = 0; i < ELEMENTSOF(told); i++)
                for (size_t j = 0; j < n_fields; j++)
                        if (strcmp(fields[j].name, told[i].field) == 0)
                                add(message, told[i].name, fields[j].value);
}

/* First the file, so that the journal holds its newest hash, where who can write the file cannot change it. */
static void tell(int priority, uint64_t login_id, const char *message, const LogField *fields,
                 size_t n_fields) {
        char head[AUDIT_HEAD_BYTES + 1];
        LogField more[FIELDS_MAX + 1] = {};

        audit_file_add(login_id, message, fields, n_fields, head);
        memcpy(more, fields, n_fields * sizeof(*fields));
        more[n_fields] = (LogField){ "ITAX_AUDIT_HASH", *head ? head : NULL };
        log_fields(priority, login_id, message, more, n_fields + 1);
}

void audit_outcome(const AuditRecord *record) {
        const Outcome *outcome = record->outcome;
        const bool granted = outcome->reason == REASON_NONE;
        const char *result = granted ? "granted" : step_reason_to_string(outcome->reason);
        const char *what = record->purpose == PURPOSE_PASSWORD ? "change of password" : "login";
        _cleanup_(freep) char *account = NULL, *unit = NULL, *typed = NULL;
        char caller[16], seconds[32], refusals[16], message[LOG_MESSAGE_BYTES];

        /* Without memory the account is left out: a record that is missing is worth less than one
         * that is short. */
        if (or_none(outcome->account))
                (void)text_mask(outcome->account, &account);
        if (!account && or_none(outcome->typed))
                (void)text_mask(outcome->typed, &typed);
        if (or_none(outcome->unit))
                (void)audit_unit_shown(outcome->unit, &unit);
        (void)snprintf(caller, sizeof(caller), "%lu", (unsigned long)record->caller);
        (void)snprintf(seconds, sizeof(seconds), "%.3f",
                       (double)record->duration_usec / USEC_PER_SEC);
        (void)snprintf(refusals, sizeof(refusals), "%u", outcome->n_refusals);

        const LogField fields[] = {
                { "ITAX_RESULT", result },
                { "ITAX_DETAIL", outcome->detail },
                { "ITAX_SERVICE", or_none(record->service) },
                { "ITAX_TTY", or_none(record->tty) },
                { "ITAX_RHOST", or_none(record->rhost) },
                { "ITAX_CALLER", caller },
                { "ITAX_ACCOUNT", account },
                { "ITAX_TYPED", typed },
                { "ITAX_USER", or_none(outcome->user) },
                { "ITAX_UNIT", unit },
                { "ITAX_METHOD", or_none(outcome->method) },
                { "ITAX_REFUSED", outcome->n_refusals ? outcome->last_refusal : NULL },
                { "ITAX_REFUSALS", outcome->n_refusals ? refusals : NULL },
                { "ITAX_SECONDS", seconds },
        };
        write_sentence(message, what, result, outcome->detail ? outcome->detail : "-", fields,
                       ELEMENTSOF(fields));
        tell(granted ? LOG_INFO : LOG_NOTICE, record->login_id, message, fields, ELEMENTSOF(fields));
}

/* The login that the session came from. */
static uint64_t login_of(const Grant *grant) {
        return grant->text[GRANT_LOGIN] ? strtoull(grant->text[GRANT_LOGIN], NULL, 10) : 0;
}

static void audit_grant(int priority, const char *what, const Grant *grant, const char *result,
                        const char *caller) {
        _cleanup_(freep) char *account = NULL, *unit = NULL;
        char message[LOG_MESSAGE_BYTES];

        if (grant->text[GRANT_ACCOUNT])
                (void)text_mask(grant->text[GRANT_ACCOUNT], &account);
        if (grant->text[GRANT_UNIT])
                (void)audit_unit_shown(grant->text[GRANT_UNIT], &unit);

        const LogField fields[] = {
                { "ITAX_RESULT", result },
                { "ITAX_SERVICE", grant->text[GRANT_SERVICE] },
                { "ITAX_TTY", grant->text[GRANT_TTY] },
                { "ITAX_RHOST", grant->text[GRANT_RHOST] },
                { "ITAX_CALLER", caller },
                { "ITAX_ACCOUNT", account },
                { "ITAX_USER", grant->text[GRANT_USER] },
                { "ITAX_UNIT", unit },
                { "ITAX_METHOD", grant->text[GRANT_METHOD] },
                { "ITAX_SESSION", grant->id },
        };
        write_sentence(message, what, result, NULL, fields, ELEMENTSOF(fields));
        tell(priority, login_of(grant), message, fields, ELEMENTSOF(fields));
}

void audit_session(const Grant *grant, const char *what, uid_t caller) {
        char uid[16];

        (void)snprintf(uid, sizeof(uid), "%lu", (unsigned long)caller);
        audit_grant(LOG_INFO, "session", grant, what, strcmp(what, "gone") == 0 ? NULL : uid);
}

void audit_check(const Grant *grant, const char *verdict, uid_t caller) {
        char uid[16];

        (void)snprintf(uid, sizeof(uid), "%lu", (unsigned long)caller);
        audit_grant(strcmp(verdict, "granted") == 0 ? LOG_INFO : LOG_NOTICE, "account check", grant,
                    verdict, uid);
}
