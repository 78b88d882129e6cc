/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions: who works here, for which unit, since when; and ending one. */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl.h"
#include "lib/client/client.h"

#define SHORT_CHARACTERS 8 /* of a session's name in the table: enough to tell it from the others */

typedef enum Column { SESSION, USER, ACCOUNT, UNIT, SERVICE, PLACE, SINCE, STATE, _COLUMN_MAX } Column;

static const char *const headings[_COLUMN_MAX] = {
        [SESSION] = N_("SESSION"), [USER] = N_("USER"),       [ACCOUNT] = N_("ACCOUNT"),
        [UNIT] = N_("UNIT"),       [SERVICE] = N_("SERVICE"), [PLACE] = N_("TERMINAL"),
        [SINCE] = N_("SINCE"),     [STATE] = N_("STATE"),
};

/* What a cell is made in. */
typedef struct List {
        const ClientSessions *sessions;
        char since[TIME_BYTES], name[SHORT_CHARACTERS + 1];
} List;

/* Of today only the time, so that a line has 80 columns. */
static const char *format_since(List *list, uint64_t since_sec) {
        char today[TIME_BYTES];
        const size_t n_date = strlen("2026-01-02 ");

        format_time((uint64_t)time(NULL), today);
        format_time(since_sec, list->since);
        return strncmp(today, list->since, n_date) == 0 ? list->since + n_date : list->since;
}

static const char *cell(size_t row, size_t column, void *userdata) {
        List *list = userdata;
        const ClientSession *session = &list->sessions->list[row];

        switch ((Column)column) {
        case SESSION:
                (void)snprintf(list->name, sizeof(list->name), "%s", session->session ? session->session : "");
                return list->name;
        case USER:
                return session->user;
        case ACCOUNT:
                return session->account;
        case UNIT:
                return session->unit;
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
        size_t n_open = 0;

        _Static_assert(_COLUMN_MAX <= TABLE_COLUMNS, "more columns than a table has");
        if (sessions->n == 0) {
                (void)printf("%s\n", _("Nobody is logged in through pam_itax."));
                return;
        }
        for (size_t i = 0; i < sessions->n; i++)
                n_open += sessions->list[i].is_open;
        for (size_t i = 0; i < _COLUMN_MAX; i++)
                if (i != STATE || n_open < sessions->n)
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

/* The one whose name begins with @start. */
static const ClientSession *find(const ClientSessions *sessions, const char *start) {
        const ClientSession *found = NULL;

        for (size_t i = 0; i < sessions->n; i++) {
                const ClientSession *session = &sessions->list[i];

                if (!session->session || strncmp(session->session, start, strlen(start)) != 0)
                        continue;
                if (found) {
                        ctl_complain(_("%s: more than one session begins so; please type more of it"), start);
                        return NULL;
                }
                found = session;
        }
        if (!found)
                ctl_complain(_("%s: there is no such session; itaxctl sessions lists them"), start);
        return found;
}

int ctl_end(char **arguments, const CtlOptions *options) {
        _cleanup_(client_sessions_done) ClientSessions sessions = {};
        const ClientSession *session;
        Json json = { .out = stdout };
        int r;

        if (arguments[0][0] == '\0') {
                ctl_complain(_("%s: there is no such session; itaxctl sessions lists them"), "''");
                return CTL_USAGE;
        }
        if (geteuid() != 0) {
                ctl_complain("%s", _("sessions are ended by root; please try again as root"));
                return CTL_DENIED;
        }
        r = client_sessions(&sessions);
        if (r != 0)
                return ctl_fail(r);
        session = find(&sessions, arguments[0]);
        if (!session)
                return CTL_NO;
        r = client_end_session(session->session);
        if (r != 0)
                return ctl_fail(r);

        if (!options->json) {
                (void)printf(_("Ended: %s, for %s. Programs that are still open there are not closed.\n"),
                             session->account ? session->account : session->session,
                             session->unit ? session->unit : "-");
                return CTL_OK;
        }
        json_open(&json, NULL, '{');
        json_string(&json, "ended", session->session);
        json_close(&json, '}');
        (void)printf("\n");
        return CTL_OK;
}
