/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions: who works here, for which unit, since when. */

#include <stdio.h>
#include <time.h>

#include "ctl/ctl.h"
#include "lib/client/client.h"

#define SINCE_BYTES sizeof("2026-01-02 03:04")

typedef enum Column { USER, ACCOUNT, UNIT, METHOD, SERVICE, PLACE, SINCE, STATE, _COLUMN_MAX } Column;

static const char *const headings[_COLUMN_MAX] = {
        [USER] = N_("USER"),       [ACCOUNT] = N_("ACCOUNT"), [UNIT] = N_("UNIT"),
        [METHOD] = N_("METHOD"),   [SERVICE] = N_("SERVICE"), [PLACE] = N_("TERMINAL"),
        [SINCE] = N_("SINCE"),     [STATE] = N_("STATE"),
};

/* What a cell is made in. */
typedef struct List {
        const ClientSessions *sessions;
        char since[SINCE_BYTES];
} List;

static const char *format_since(List *list, uint64_t since_sec) {
        const time_t since = (time_t)since_sec;
        struct tm tm;

        if (!localtime_r(&since, &tm) || strftime(list->since, sizeof(list->since), "%Y-%m-%d %H:%M", &tm) == 0)
                return NULL;
        return list->since;
}

static const char *cell(size_t row, size_t column, void *userdata) {
        List *list = userdata;
        const ClientSession *session = &list->sessions->list[row];

        switch ((Column)column) {
        case USER:
                return session->user;
        case ACCOUNT:
                return session->account;
        case UNIT:
                return session->unit;
        case METHOD:
                return session->method;
        case SERVICE:
                return session->service;
        case PLACE:
                return session->rhost ? session->rhost : session->tty;
        case SINCE:
                return format_since(list, session->since_sec);
        case STATE:
                return session->is_open ? _("open") : _("not yet open");
        case _COLUMN_MAX:
                break;
        }
        return NULL;
}

static void print_table(const ClientSessions *sessions) {
        const char *translated[TABLE_COLUMNS] = {};
        List list = { .sessions = sessions };

        _Static_assert(_COLUMN_MAX <= TABLE_COLUMNS, "more columns than a table has");
        if (sessions->n == 0) {
                (void)printf("%s\n", _("Nobody is logged in through pam_itax."));
                return;
        }
        for (size_t i = 0; i < _COLUMN_MAX; i++)
                translated[i] = _(headings[i]);
        table_print(stdout, translated, sessions->n, cell, &list);
}

static void print_json(const ClientSessions *sessions) {
        Json json = { .out = stdout };

        json_open(&json, NULL, '[');
        for (size_t i = 0; i < sessions->n; i++) {
                const ClientSession *session = &sessions->list[i];

                json_open(&json, NULL, '{');
                json_string(&json, "session", session->session);
                json_string(&json, "user", session->user);
                json_string(&json, "account", session->account);
                json_string(&json, "name", session->name);
                json_string(&json, "unit", session->unit);
                json_string(&json, "unit_name", session->unit_name);
                json_string(&json, "method", session->method);
                json_string(&json, "service", session->service);
                json_string(&json, "tty", session->tty);
                json_string(&json, "rhost", session->rhost);
                json_number(&json, "since", session->since_sec);
                json_truth(&json, "open", session->is_open);
                json_close(&json, '}');
        }
        json_close(&json, ']');
        (void)printf("\n");
}

int ctl_sessions(_unused_ char **arguments, const CtlOptions *options) {
        _cleanup_(client_sessions_done) ClientSessions sessions = {};
        int r;

        r = client_sessions(&sessions);
        if (r != 0)
                return ctl_fail(r);
        if (options->json)
                print_json(&sessions);
        else
                print_table(&sessions);
        return CTL_OK;
}
