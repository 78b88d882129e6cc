/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Daemon files: configuration and audit file are read by itaxd itself, so that nobody else has to know how. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "lib/client/client.h"

#ifndef ITAXD_PATH
#define ITAXD_PATH "/usr/sbin/itaxd"
#endif

#define AUDIT_HASH_CHARS 64U

enum { AUDIT_WHOLE = 0, AUDIT_BROKEN = 1 }; /* exit statuses of itaxd --verify-audit; others: not read */

/* Lines of @text as an array. */
static void print_json(const char *name, bool is_good, char *text) {
        Json json = { .out = stdout };
        char *save = NULL;

        json_open(&json, NULL, '{');
        json_truth(&json, name, is_good);
        json_open(&json, "findings", '[');
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                json_string(&json, NULL, line);
        json_close(&json, ']');
        json_close(&json, '}');
        (void)printf("\n");
}

static int run_itaxd(const char *const *argv, RunOutput wanted, char **ret_output, int *ret_status) {
        int r;

        r = run_program(ITAXD_PATH, argv, wanted, ret_output, ret_status);
        if (r == -ENOENT)
                ctl_complain(_("%s is not there. Please install the package itaxd."), ITAXD_PATH);
        else if (r < 0)
                ctl_complain("%s: %s", ITAXD_PATH, strerror(-r));
        return r;
}

/* Whoever is not root may see findings that are only his own lack of rights. */
static int judge(bool is_good) {
        if (is_good)
                return CTL_OK;
        if (geteuid() == 0)
                return CTL_NO;
        ctl_complain("%s", _("some files can only be read by root; please try again as root"));
        return CTL_DENIED;
}

int ctl_config_check(char **arguments, const CtlOptions *options) {
        const char *const argv[] = { ITAXD_PATH, "--check", arguments[0] ? "--config" : NULL, arguments[0], NULL };
        _cleanup_(freep) char *output = NULL;
        int status;

        if (run_itaxd(argv, RUN_OUTPUT_AND_ERRORS, &output, &status) < 0)
                return CTL_AWAY;
        if (options->json)
                print_json("ok", status == 0, output);
        else
                (void)fputs(output, stdout);
        return judge(status == 0);
}

int ctl_config_show(_unused_ char **arguments, const CtlOptions *options) {
        const char *const argv[] = { ITAXD_PATH, "--show", options->json ? "--json" : NULL, NULL };
        _cleanup_(freep) char *output = NULL;
        int status;

        if (run_itaxd(argv, RUN_OUTPUT_AND_ERRORS, &output, &status) < 0)
                return CTL_AWAY;
        (void)fputs(output, status == 0 ? stdout : stderr);
        return judge(status == 0);
}

/* The newest record is known to the journal, which is another hand's, and to the daemon that wrote it; the file
 * alone could be made anew. */
static char *head_of(const CtlOptions *options) {
        ClientStatus status = {};
        char *head = NULL;

        if (options->head)
                return strdup(options->head);
        if (journal_head(options->journal, &head) == 0 || options->journal)
                return head;
        if (geteuid() == 0 && client_status(&status) == 0)
                head = TAKE_PTR(status.audit_head);
        client_status_done(&status);
        return head;
}

/* "SEQ:HASH" */
static bool head_is_fit(const char *head) {
        const size_t n = strspn(head, "0123456789");

        return n > 0 && n <= 20 && head[n] == ':' && strlen(head + n + 1) == AUDIT_HASH_CHARS &&
               strspn(head + n + 1, "0123456789abcdef") == AUDIT_HASH_CHARS;
}

int ctl_audit_verify(char **arguments, const CtlOptions *options) {
        _cleanup_(freep) char *output = NULL, *file = NULL, *head = NULL;
        const char *argv[8] = { ITAXD_PATH };
        size_t n = 1;
        int status;

        if (options->head && !head_is_fit(options->head)) {
                ctl_complain(_("--head %s: allowed: SEQ:HASH, as ITAX_AUDIT_HASH in the journal"), options->head);
                return CTL_USAGE;
        }
        if (arguments[0] && asprintf(&file, "--verify-audit=%s", arguments[0]) < 0) {
                file = NULL;
                return CTL_AWAY;
        }
        argv[n++] = file ? file : "--verify-audit";
        /* Of a file that lies elsewhere the journal of this host knows nothing. */
        if (!file || options->head || options->journal)
                head = head_of(options);
        if (head) {
                argv[n++] = "--head";
                argv[n++] = head;
        }
        if (options->json)
                argv[n++] = "--json";

        if (run_itaxd(argv, RUN_OUTPUT_AND_ERRORS, &output, &status) < 0)
                return CTL_AWAY;
        (void)fputs(output, status == AUDIT_WHOLE || status == AUDIT_BROKEN ? stdout : stderr);
        if (!head && !options->json && status == AUDIT_WHOLE)
                (void)printf("%s\n", _("Neither the journal nor itaxd knows a record to compare it with: that the end"
                                       " was removed, or all of it made anew, cannot be excluded."));
        return status == AUDIT_BROKEN ? CTL_NO : judge(status == AUDIT_WHOLE);
}

/* "[section] key = value    # where" */
int ctl_setting(const char *section, const char *key, char **ret) {
        const char *const argv[] = { ITAXD_PATH, "--show", NULL };
        _cleanup_(freep) char *output = NULL;
        char wanted[96], *save = NULL;
        int status, r;

        r = run_program(ITAXD_PATH, argv, RUN_OUTPUT, &output, &status);
        if (r < 0 || status != 0)
                return r < 0 ? r : -ENOENT;
        (void)snprintf(wanted, sizeof(wanted), "[%s] %s = ", section, key);
        for (char *line = strtok_r(output, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                char *value = line + strlen(wanted), *end;

                if (strncmp(line, wanted, strlen(wanted)) != 0)
                        continue;
                end = strstr(value, " # ");
                if (end)
                        *end = '\0';
                for (end = value + strlen(value); end > value && end[-1] == ' '; end--)
                        end[-1] = '\0';
                *ret = strdup(value);
                return *ret ? 0 : -ENOMEM;
        }
        return -ENOENT;
}
