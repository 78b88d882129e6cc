/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Simulate: what somebody would get. Nobody is asked for a password, and nothing is counted. */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl.h"
#include "lib/client/client.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"

/* The words of the daemon in those of people. A word that is not here is shown as it is. */
static const struct {
        const char *word, *text;
} word_table[] = {
        { "configuration", N_("set in the configuration") },
        { "platform", N_("announced by the platform") },
        { "table", N_("by the table of users") },
        { "name", N_("by the login name") },
        { "provision", N_("made at the first login") },
        { "none", N_("no local user") },
        { "dual", N_("dual: account, then declaration password or CA certificate") },
        { "relation", N_("relation: an authorisation relation is enough") },
        { "realname", N_("realname: an authorisation relation or CA certificate only") },
        { "any", N_("password or QR code") },
        { "password", N_("password") },
        { "qr", N_("QR code") },
        { "off", N_("not asked for") },
        { "ask", N_("required of who has any") },
        { "required", N_("required") },
};

static const char *in_words(const char *word) {
        for (size_t i = 0; word && i < ELEMENTSOF(word_table); i++)
                if (strcmp(word_table[i].word, word) == 0)
                        return _(word_table[i].text);
        return word;
}

static const char *yes_or_no(bool value) {
        return value ? _("yes") : _("no");
}

/* A day that there is. */
static bool date_is_fit(const char *date) {
        static const char shape[] = "dddd-dd-dd";
        struct tm tm = {}, again;
        time_t when;

        if (strlen(date) != strlen(shape))
                return false;
        for (size_t i = 0; shape[i]; i++)
                if (shape[i] == 'd' ? !isdigit((unsigned char)date[i]) : date[i] != shape[i])
                        return false;

        tm.tm_year = atoi(date) - 1900;
        tm.tm_mon = atoi(date + 5) - 1;
        tm.tm_mday = atoi(date + 8);
        again = tm;
        when = timegm(&again); /* puts the 30th of February into March */
        return when != (time_t)-1 && again.tm_mon == tm.tm_mon && again.tm_mday == tm.tm_mday;
}

/* What cannot be sent is named, so that nobody has to guess which it was. */
static bool options_are_fit(const ClientQuestion *question) {
        const struct {
                const char *option, *value;
                size_t n_max;
        } table[] = {
                { "--account", question->account, LIMIT_ACCOUNT_BYTES },
                { "--unit", question->unit, LIMIT_UNIT_CODE_BYTES },
                { "--service", question->service, LIMIT_SERVICE_BYTES },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                const char *value = table[i].value;

                if (!value || (value[0] && strlen(value) <= table[i].n_max && text_is_showable(value)))
                        continue;
                ctl_complain(_("%s: empty, longer than %zu bytes, or with characters that no name has"),
                             table[i].option, table[i].n_max);
                return false;
        }
        return true;
}

typedef struct Line {
        const char *label;
        const char *value;
} Line;

static void print_lines(const Line *lines, size_t n) {
        size_t width = 0;

        for (size_t i = 0; i < n; i++)
                if (text_width(_(lines[i].label)) > width)
                        width = text_width(_(lines[i].label));
        for (size_t i = 0; i < n; i++)
                label_print(stdout, _(lines[i].label), width + 2, lines[i].value);
}

static void print_text(const ClientPolicy *policy) {
        const Line lines[] = {
                { N_("Date (China Standard Time)"), policy->date },
                { N_("Phase"), in_words(policy->phase) },
                { N_("Phase is"), in_words(policy->phase_by) },
                { N_("Local user"), policy->user },
                { N_("Local user is found"), in_words(policy->user_by) },
                { N_("Login"), in_words(policy->method) },
                { N_("Unit"), in_words(policy->unit_policy) },
                { N_("Unit may be used on this host"), yes_or_no(policy->unit_allowed) },
                { N_("Authorisation relation is enough"), yes_or_no(policy->relation) },
                { N_("Declaration password is accepted"), yes_or_no(policy->declaration_password) },
                { N_("CA certificate is accepted"), yes_or_no(policy->certificate) },
                { N_("Unit login without a person"), yes_or_no(policy->unit_login) },
        };

        print_lines(lines, ELEMENTSOF(lines));
}

static void print_json(const ClientPolicy *policy) {
        Json json = { .out = stdout };

        json_open(&json, NULL, '{');
        json_string(&json, "date", policy->date);
        json_string(&json, "phase", policy->phase);
        json_string(&json, "phase_by", policy->phase_by);
        json_string(&json, "user", policy->user);
        json_string(&json, "user_by", policy->user_by);
        json_string(&json, "unit_policy", policy->unit_policy);
        json_string(&json, "method", policy->method);
        json_truth(&json, "unit_allowed", policy->unit_allowed);
        json_truth(&json, "relation", policy->relation);
        json_truth(&json, "declaration_password", policy->declaration_password);
        json_truth(&json, "certificate", policy->certificate);
        json_truth(&json, "unit_login", policy->unit_login);
        json_close(&json, '}');
        (void)printf("\n");
}

int ctl_simulate(_unused_ char **arguments, const CtlOptions *options) {
        const ClientQuestion question = { .account = options->account, .unit = options->unit,
                                          .date = options->date, .service = options->service };
        _cleanup_(client_policy_done) ClientPolicy policy = {};
        int r;

        if (options->date && !date_is_fit(options->date)) {
                (void)fprintf(stderr, _("itaxctl: %s: not a date written YYYY-MM-DD\n"), options->date);
                return CTL_USAGE;
        }
        if (!options_are_fit(&question))
                return CTL_USAGE;
        r = client_simulate(&question, &policy);
        if (r == CLIENT_E_PROTOCOL && options->unit) {
                ctl_complain(_("--unit %s: not the code of a unit"), options->unit);
                return CTL_USAGE;
        }
        if (r != 0)
                return ctl_fail(r);
        if (options->json)
                print_json(&policy);
        else
                print_text(&policy);
        return CTL_OK;
}
