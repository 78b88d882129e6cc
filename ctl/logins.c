/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Logins: who is logging in at this moment, and what nobody may try for a while. */

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "lib/client/client.h"
#include "lib/common/step.h"

#define NUMBER_BYTES 24

typedef enum LoginColumn { LOGIN, SERVICE, PLACE, USER, CALLER, SHOWN, SINCE, _LOGIN_COLUMN_MAX } LoginColumn;
typedef enum LockColumn { KIND, SUBJECT, TRIES, UNTIL, _LOCK_COLUMN_MAX } LockColumn;

static const char *const login_headings[_LOGIN_COLUMN_MAX] = {
        [LOGIN] = N_("LOGIN"),   [SERVICE] = N_("SERVICE"), [PLACE] = N_("TERMINAL"), [USER] = N_("USER"),
        [CALLER] = N_("CALLER"), [SHOWN] = N_("SHOWN"),     [SINCE] = N_("SINCE"),
};
static const char *const lock_headings[_LOCK_COLUMN_MAX] = {
        [KIND] = N_("WHAT"), [SUBJECT] = N_("WHOSE"), [TRIES] = N_("TRIES"), [UNTIL] = N_("UNTIL"),
};

/* The words of the daemon in those of people; one that is not here is shown as it is. */
static const struct {
        const char *word, *text;
} word_table[] = {
        { "info", N_("a message") },       { "prompt-echo", N_("a question") },
        { "prompt-secret", N_("a password") }, { "choice", N_("a choice") },
        { "scan", N_("a code to scan") },  { "password", N_("account password") },
        { "unit", N_("declaration password") }, { "pin", N_("PIN of a certificate") },
};

static const char *in_words(const char *word) {
        for (size_t i = 0; word && i < ELEMENTSOF(word_table); i++)
                if (strcmp(word_table[i].word, word) == 0)
                        return _(word_table[i].text);
        return word;
}

/* What a cell is made in. */
typedef struct List {
        const ClientLogins *logins;
        const ClientLocks *locks;
        char number[NUMBER_BYTES], since[TIME_BYTES];
} List;

static const char *in_digits(List *list, uint64_t number) {
        (void)snprintf(list->number, sizeof(list->number), "%" PRIu64, number);
        return list->number;
}

static const char *login_cell(size_t row, size_t column, void *userdata) {
        List *list = userdata;
        const ClientLogin *login = &list->logins->list[row];
        const struct passwd *caller;

        switch ((LoginColumn)column) {
        case LOGIN:
                return in_digits(list, login->login);
        case SERVICE:
                return login->service;
        case PLACE:
                return login->rhost ? login->rhost : login->tty;
        case USER:
                return login->user;
        case CALLER:
                caller = getpwuid(login->caller);
                return caller ? caller->pw_name : in_digits(list, login->caller);
        case SHOWN:
                return in_words(login->step);
        case SINCE:
                format_time(login->since_sec, list->since);
                return list->since + strlen("2026-01-02 "); /* none lasts a day */
        case _LOGIN_COLUMN_MAX:
                break;
        }
        return NULL;
}

static void print_logins_json(const ClientLogins *logins) {
        Json json = { .out = stdout };

        json_open(&json, NULL, '[');
        for (size_t i = 0; i < logins->n; i++) {
                const ClientLogin *login = &logins->list[i];

                json_open(&json, NULL, '{');
                json_number(&json, "login", login->login);
                json_string(&json, "service", login->service);
                json_string(&json, "tty", login->tty);
                json_string(&json, "rhost", login->rhost);
                json_string(&json, "user", login->user);
                json_string(&json, "step", login->step);
                json_number(&json, "since", login->since_sec);
                json_number(&json, "caller", login->caller);
                json_close(&json, '}');
        }
        json_close(&json, ']');
        (void)printf("\n");
}

int ctl_logins(_unused_ char **arguments, const CtlOptions *options) {
        _cleanup_(client_logins_done) ClientLogins logins = {};
        const char *translated[TABLE_COLUMNS] = {};
        int r;

        r = client_logins(&logins);
        if (r != 0)
                return ctl_fail(r);
        if (options->json) {
                print_logins_json(&logins);
                return CTL_OK;
        }
        if (logins.n == 0) {
                (void)printf("%s\n", _("Nobody is logging in at this moment."));
                return CTL_OK;
        }
        _Static_assert(_LOGIN_COLUMN_MAX <= TABLE_COLUMNS, "more columns than a table has");
        for (size_t i = 0; i < _LOGIN_COLUMN_MAX; i++)
                translated[i] = _(login_headings[i]);
        table_print(stdout, translated, logins.n, login_cell, &(List){ .logins = &logins });
        return CTL_OK;
}

static const char *lock_cell(size_t row, size_t column, void *userdata) {
        List *list = userdata;
        const ClientLock *lock = &list->locks->list[row];

        switch ((LockColumn)column) {
        case KIND:
                return in_words(lock->kind);
        case SUBJECT:
                return lock->subject;
        case TRIES:
                return in_digits(list, lock->tries);
        case UNTIL:
                format_time(lock->until_sec, list->since);
                return list->since;
        case _LOCK_COLUMN_MAX:
                break;
        }
        return NULL;
}

static void print_locks_json(const ClientLocks *locks) {
        Json json = { .out = stdout };

        json_open(&json, NULL, '[');
        for (size_t i = 0; i < locks->n; i++) {
                const ClientLock *lock = &locks->list[i];

                json_open(&json, NULL, '{');
                json_string(&json, "kind", lock->kind);
                json_string(&json, "subject", lock->subject);
                json_number(&json, "tries", lock->tries);
                json_number(&json, "until", lock->until_sec);
                json_close(&json, '}');
        }
        json_close(&json, ']');
        (void)printf("\n");
}

int ctl_lock_show(_unused_ char **arguments, const CtlOptions *options) {
        _cleanup_(client_locks_done) ClientLocks locks = {};
        const char *translated[TABLE_COLUMNS] = {};
        int r;

        r = client_locks(&locks);
        if (r != 0)
                return ctl_fail(r);
        if (options->json) {
                print_locks_json(&locks);
                return CTL_OK;
        }
        if (locks.n == 0) {
                (void)printf("%s\n", _("This host knows of no lock. Those of accounts and units are kept by the"
                                       " platform."));
                return CTL_OK;
        }
        for (size_t i = 0; i < _LOCK_COLUMN_MAX; i++)
                translated[i] = _(lock_headings[i]);
        table_print(stdout, translated, locks.n, lock_cell, &(List){ .locks = &locks });
        return CTL_OK;
}
