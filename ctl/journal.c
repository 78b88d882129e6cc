/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Journal: the story of one login, or how the last ones ended.
 *
 * Anybody may write into the journal, and name whatever login he likes; a record counts if the journal
 * itself says that the daemon's unit or user wrote it. */

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "ctl/ctl.h"
#include "lib/client/client.h"
#include "lib/common/text.h"

#define OUTCOMES_MAX 50
#define VALUE_BYTES 1024
#define MATCH_BYTES 64
#define OUR_UNIT "_SYSTEMD_UNIT=itaxd.service"
#define OUR_FIELD "ITAX_"
#define OUR_IDENTIFIER "SYSLOG_IDENTIFIER=itaxd"

static void journal_closep(sd_journal **journal) {
        if (*journal)
                sd_journal_close(*journal);
}

/* Both ways to know the daemon, each together with @wanted. */
static int match(sd_journal *journal, const char *wanted) {
        const struct passwd *entry = getpwnam(CLIENT_DAEMON_USER);
        char user[MATCH_BYTES];
        int r;

        r = sd_journal_add_match(journal, wanted, 0);
        if (r >= 0)
                r = sd_journal_add_match(journal, OUR_UNIT, 0);
        if (r < 0 || !entry)
                return r;
        (void)snprintf(user, sizeof(user), "_UID=%lu", (unsigned long)entry->pw_uid);
        r = sd_journal_add_disjunction(journal);
        if (r >= 0)
                r = sd_journal_add_match(journal, wanted, 0);
        return r < 0 ? r : sd_journal_add_match(journal, user, 0);
}

/* Fit to show, "" where the record has no such field. */
static void read_field(sd_journal *journal, const char *name, char ret[static VALUE_BYTES]) {
        _cleanup_(freep) char *raw = NULL, *shown = NULL;
        const size_t n_name = strlen(name) + 1;
        const void *data;
        size_t n;

        ret[0] = '\0';
        if (sd_journal_get_data(journal, name, &data, &n) < 0 || n <= n_name)
                return;
        raw = strndup((const char *)data + n_name, n - n_name);
        if (raw && text_filter(raw, VALUE_BYTES - 1, &shown) == 0)
                (void)snprintf(ret, VALUE_BYTES, "%s", shown);
}

static void print_fields(Json *json, sd_journal *journal) {
        const void *data;
        size_t n;

        json_open(json, "fields", '{');
        SD_JOURNAL_FOREACH_DATA(journal, data, n) {
                const char *equals = memchr(data, '=', n);
                char name[MATCH_BYTES], value[VALUE_BYTES];

                if (!equals || n < strlen(OUR_FIELD) || memcmp(data, OUR_FIELD, strlen(OUR_FIELD)) != 0 ||
                    (size_t)(equals - (const char *)data) >= sizeof(name))
                        continue;
                (void)snprintf(name, sizeof(name), "%.*s", (int)(equals - (const char *)data),
                               (const char *)data);
                read_field(journal, name, value);
                json_string(json, name, value);
        }
        json_close(json, '}');
}

static void print_record(Json *json, sd_journal *journal, bool with_login) {
        char message[VALUE_BYTES], priority[VALUE_BYTES], login[VALUE_BYTES], when[sizeof("2026-01-02 03:04:05")];
        uint64_t usec = 0;
        struct tm tm;
        time_t sec;

        read_field(journal, "MESSAGE", message);
        read_field(journal, "PRIORITY", priority);
        (void)sd_journal_get_realtime_usec(journal, &usec);
        if (json) {
                json_open(json, NULL, '{');
                json_number(json, "time_usec", usec);
                json_number(json, "priority", isdigit((unsigned char)priority[0]) ? (uint64_t)(priority[0] - '0') : 6);
                json_string(json, "message", message);
                print_fields(json, journal);
                json_close(json, '}');
                return;
        }

        sec = (time_t)(usec / USEC_PER_SEC);
        if (!localtime_r(&sec, &tm) || strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm) == 0)
                (void)snprintf(when, sizeof(when), "?");
        read_field(journal, "ITAX_LOGIN", login);
        if (with_login)
                (void)printf("%s.%03u  %s  %s\n", when, (unsigned)(usec / 1000 % 1000), login[0] ? login : "-",
                             message);
        else
                (void)printf("%s.%03u  %s\n", when, (unsigned)(usec / 1000 % 1000), message);
}

static bool is_outcome(sd_journal *journal) {
        const void *data;
        size_t n;

        return sd_journal_get_data(journal, "ITAX_RESULT", &data, &n) >= 0;
}

/* A story from its beginning; outcomes as last(1) lists them, the newest first.
 * Return: how many were printed, or a negative errno. */
static int print_records(Json *json, sd_journal *journal, const char *login) {
        int n = 0, r;

        r = login ? sd_journal_seek_head(journal) : sd_journal_seek_tail(journal);
        if (r < 0)
                return r;
        while (login || n < OUTCOMES_MAX) {
                r = login ? sd_journal_next(journal) : sd_journal_previous(journal);
                if (r <= 0)
                        break;
                if (!login && !is_outcome(journal))
                        continue;
                print_record(json, journal, !login);
                n++;
        }
        return r < 0 ? r : n;
}

static int show(sd_journal *journal, const char *login, const CtlOptions *options) {
        Json json = { .out = stdout };
        char wanted[MATCH_BYTES] = OUR_IDENTIFIER;
        int r;

        if (login)
                (void)snprintf(wanted, sizeof(wanted), "ITAX_LOGIN=%s", login);
        r = match(journal, wanted);
        if (r < 0)
                return r;
        if (options->json)
                json_open(&json, NULL, '[');
        r = print_records(options->json ? &json : NULL, journal, login);
        if (options->json) {
                json_close(&json, ']');
                (void)printf("\n");
        }
        return r;
}

static int open_journal(const char *folder, sd_journal **ret) {
        return folder ? sd_journal_open_directory(ret, folder, 0) :
                        sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
}

int journal_head(const char *folder, char **ret) {
        _cleanup_(journal_closep) sd_journal *journal = NULL;
        char value[VALUE_BYTES] = "";
        int r;

        r = open_journal(folder, &journal);
        if (r >= 0)
                r = match(journal, OUR_IDENTIFIER);
        if (r >= 0)
                r = sd_journal_seek_tail(journal);
        while (r >= 0 && !value[0] && (r = sd_journal_previous(journal)) > 0)
                read_field(journal, "ITAX_AUDIT_HASH", value);
        if (r < 0)
                return r;
        if (!value[0])
                return -ENOENT;
        *ret = strdup(value);
        return *ret ? 0 : -ENOMEM;
}

static int judge(int r, const char *login) {
        if (r > 0)
                return CTL_OK;
        if (r < 0)
                ctl_complain(_("the journal cannot be read: %s"), strerror(-r));
        else if (login)
                ctl_complain(_("the journal has no record of login %s; itaxctl log lists the last ones"), login);
        else
                ctl_complain("%s", _("the journal has no record of a login"));
        if (geteuid() == 0)
                return CTL_NO;
        ctl_complain("%s", _("some files can only be read by root; please try again as root"));
        return CTL_DENIED;
}

int ctl_log(char **arguments, const CtlOptions *options) {
        _cleanup_(journal_closep) sd_journal *journal = NULL;
        const char *login = arguments[0];
        int r;

        if (login && (login[0] == '\0' || strlen(login) > 20 || login[strspn(login, "0123456789")])) {
                ctl_complain(_("%s: a login has a number; itaxctl log lists the last ones"), login);
                return CTL_USAGE;
        }
        r = open_journal(options->journal, &journal);
        if (r >= 0)
                r = show(journal, login, options);
        return judge(r, login);
}
