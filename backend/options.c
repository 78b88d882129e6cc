/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backend/clock.h"
#include "backend/options-parts.h"
#include "backend/options.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"

#define QR_LIFETIME_DEFAULT_SEC 120
#define CONNECTIONS_DEFAULT 16384

enum {
        OPTION_STORE = 256,
        OPTION_LISTEN,
        OPTION_ISSUER,
        OPTION_TLS_CERT,
        OPTION_TLS_KEY,
        OPTION_PHASE,
        OPTION_QR_LIFETIME,
        OPTION_OUTBOX,
        OPTION_SMS_COMMAND,
        OPTION_SMS_HOOK,
        OPTION_SMS_HOOK_KEY_FILE,
        OPTION_SMS_HOOK_CA,
        OPTION_CLIENT_REQUIRED,
        OPTION_MAX_CONNECTIONS,
        OPTION_MAX_PER_ADDRESS,
        OPTION_PHASE_DUAL,
        OPTION_PHASE_RELATION,
        OPTION_PHASE_REALNAME,
        OPTION_UNIT_CA,
        OPTION_UNIT_CRL,
        OPTION_MAX_FAILURES,
        OPTION_METRICS,
        OPTION_ACCESS_LOG,
        OPTION_TRUSTED_PROXY,
        /* those of single commands, each OPTION_COMMAND + its bit in CommandOption */
        OPTION_COMMAND = 512,
        OPTION_WHY = OPTION_COMMAND + TAKES_WHY,
        OPTION_JSON = OPTION_COMMAND + TAKES_JSON,
        OPTION_NAME = OPTION_COMMAND + TAKES_NAME,
        OPTION_DOCUMENT_TYPE = OPTION_COMMAND + TAKES_DOCUMENT_TYPE,
        OPTION_DOCUMENT_NUMBER = OPTION_COMMAND + TAKES_DOCUMENT_NUMBER,
        OPTION_LEGAL_REPRESENTATIVE = OPTION_COMMAND + TAKES_LEGAL_REPRESENTATIVE,
        OPTION_FINANCE_MANAGER = OPTION_COMMAND + TAKES_FINANCE_MANAGER,
        OPTION_PASSWORD_FILE = OPTION_COMMAND + TAKES_PASSWORD_FILE,
        OPTION_SECRET_FILE = OPTION_COMMAND + TAKES_SECRET_FILE,
        OPTION_NOTE = OPTION_COMMAND + TAKES_NOTE,
        OPTION_KEEP_OLD = OPTION_COMMAND + TAKES_KEEP_OLD,
        OPTION_SINCE = OPTION_COMMAND + TAKES_SINCE,
};

static const struct option long_options[] = {
        { "store", required_argument, NULL, OPTION_STORE },
        { "listen", required_argument, NULL, OPTION_LISTEN },
        { "issuer", required_argument, NULL, OPTION_ISSUER },
        { "tls-cert", required_argument, NULL, OPTION_TLS_CERT },
        { "tls-key", required_argument, NULL, OPTION_TLS_KEY },
        { "phase", required_argument, NULL, OPTION_PHASE },
        { "phase-dual", required_argument, NULL, OPTION_PHASE_DUAL },
        { "phase-relation", required_argument, NULL, OPTION_PHASE_RELATION },
        { "phase-realname", required_argument, NULL, OPTION_PHASE_REALNAME },
        { "unit-ca", required_argument, NULL, OPTION_UNIT_CA },
        { "unit-crl", required_argument, NULL, OPTION_UNIT_CRL },
        { "max-failures-per-source", required_argument, NULL, OPTION_MAX_FAILURES },
        { "qr-lifetime", required_argument, NULL, OPTION_QR_LIFETIME },
        { "outbox", required_argument, NULL, OPTION_OUTBOX },
        { "sms-command", required_argument, NULL, OPTION_SMS_COMMAND },
        { "sms-hook", required_argument, NULL, OPTION_SMS_HOOK },
        { "sms-hook-key-file", required_argument, NULL, OPTION_SMS_HOOK_KEY_FILE },
        { "sms-hook-ca", required_argument, NULL, OPTION_SMS_HOOK_CA },
        { "client-required", no_argument, NULL, OPTION_CLIENT_REQUIRED },
        { "max-connections", required_argument, NULL, OPTION_MAX_CONNECTIONS },
        { "max-per-address", required_argument, NULL, OPTION_MAX_PER_ADDRESS },
        { "metrics", required_argument, NULL, OPTION_METRICS },
        { "access-log", required_argument, NULL, OPTION_ACCESS_LOG },
        { "trusted-proxy", required_argument, NULL, OPTION_TRUSTED_PROXY },
        { "why", required_argument, NULL, OPTION_WHY },
        { "json", no_argument, NULL, OPTION_JSON },
        { "name", required_argument, NULL, OPTION_NAME },
        { "document-type", required_argument, NULL, OPTION_DOCUMENT_TYPE },
        { "document-number", required_argument, NULL, OPTION_DOCUMENT_NUMBER },
        { "legal-representative", required_argument, NULL, OPTION_LEGAL_REPRESENTATIVE },
        { "finance-manager", required_argument, NULL, OPTION_FINANCE_MANAGER },
        { "password-file", required_argument, NULL, OPTION_PASSWORD_FILE },
        { "secret-file", required_argument, NULL, OPTION_SECRET_FILE },
        { "note", required_argument, NULL, OPTION_NOTE },
        { "keep-old", required_argument, NULL, OPTION_KEEP_OLD },
        { "since", required_argument, NULL, OPTION_SINCE },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        {},
};

static int number_read(const char *name, const char *text, long low, long high, long *ret) {
        char *end;
        long value;

        value = strtol(text, &end, 10);
        if (text[0] == '\0' || *end != '\0' || value < low || value > high) {
                fprintf(stderr, "itax-backend: --%s takes a number from %ld to %ld\n", name, low,
                        high);
                return OPTIONS_E_USAGE;
        }
        *ret = value;
        return 0;
}

static int date_take(PhaseRule *rule, Phase phase, const char *date) {
        if (phase_rule_date(rule, phase, date) == 0)
                return 0;
        fprintf(stderr, "itax-backend: --phase-%s takes a day as YYYY-MM-DD\n",
                phase_to_string(phase));
        return OPTIONS_E_USAGE;
}

/* One line that can be shown, with something in it. */
static int words_check(const char *name, const char *text, size_t n_max) {
        if (text[strspn(text, " ")] != '\0' && strlen(text) <= n_max && text_is_showable(text) &&
            !strchr(text, '\n'))
                return 0;
        fprintf(stderr, "itax-backend: --%s takes one line of text, %zu bytes at most\n", name,
                n_max);
        return OPTIONS_E_USAGE;
}

static bool duration_read(const char *text, int64_t n_max, int64_t *ret) {
        static const struct {
                char letter;
                int64_t sec;
        } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
        size_t n_digits = strspn(text, "0123456789");

        if (n_digits == 0 || n_digits > 9 || strlen(text) != n_digits + 1)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                int64_t sec = units[i].sec * (int64_t)strtoul(text, NULL, 10);

                if (text[n_digits] != units[i].letter || sec > n_max)
                        continue;
                *ret = sec;
                return true;
        }
        return false;
}

/* A day begins at midnight where the operator is. */
static bool since_read(const char *text, int64_t *ret) {
        struct tm tm = { .tm_isdst = -1 }, same;
        int64_t sec;
        int n = 0;
        time_t t;

        if (duration_read(text, INT64_C(100000000000), &sec)) {
                *ret = clock_wall_sec() - sec;
                return true;
        }
        if (strlen(text) != 10 ||
            sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &n) != 3 ||
            n != 10)
                return false;
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        same = tm;
        t = mktime(&tm);
        *ret = t;
        /* a day that there is not becomes another one */
        return tm.tm_mday == same.tm_mday && tm.tm_mon == same.tm_mon;
}

static int option_take(int option, const char *value, Options *options) {
        ServerOptions *server = &options->server;
        long number;
        int r;

        switch (option) {
        case OPTION_STORE:
                options->store = value;
                return 0;
        case OPTION_LISTEN:
                server->listen = value;
                return 0;
        case OPTION_ISSUER:
                server->issuer = value;
                return 0;
        case OPTION_TLS_CERT:
                server->tls_cert = value;
                return 0;
        case OPTION_TLS_KEY:
                server->tls_key = value;
                return 0;
        case OPTION_PHASE:
                server->phase.floor = phase_from_string(value);
                if (server->phase.floor != _PHASE_MAX)
                        return 0;
                fprintf(stderr, "itax-backend: --phase takes dual, relation or realname\n");
                return OPTIONS_E_USAGE;
        case OPTION_PHASE_DUAL:
                return date_take(&server->phase, PHASE_DUAL, value);
        case OPTION_PHASE_RELATION:
                return date_take(&server->phase, PHASE_RELATION, value);
        case OPTION_PHASE_REALNAME:
                return date_take(&server->phase, PHASE_REALNAME, value);
        case OPTION_UNIT_CA:
                server->authorities.roots = value;
                return 0;
        case OPTION_UNIT_CRL:
                if (server->authorities.n_lists == AUTHORITY_LISTS_MAX) {
                        fprintf(stderr, "itax-backend: --unit-crl: %d at most\n",
                                AUTHORITY_LISTS_MAX);
                        return OPTIONS_E_USAGE;
                }
                server->authorities.lists[server->authorities.n_lists++] = value;
                return 0;
        case OPTION_MAX_FAILURES:
                r = number_read("max-failures-per-source", value, 0, 1000000, &number);
                if (r == 0)
                        server->n_failures_per_source = (unsigned)number;
                return r;
        case OPTION_QR_LIFETIME:
                r = number_read("qr-lifetime", value, 1, 1800, &number);
                if (r == 0)
                        server->qr_lifetime_sec = number;
                return r;
        case OPTION_OUTBOX:
                server->outbox = value;
                return 0;
        case OPTION_SMS_COMMAND:
                server->sms_command = value;
                return 0;
        case OPTION_SMS_HOOK:
                server->sms_hook = value;
                return 0;
        case OPTION_SMS_HOOK_KEY_FILE:
                server->sms_hook_key_file = value;
                return 0;
        case OPTION_SMS_HOOK_CA:
                server->sms_hook_ca = value;
                return 0;
        case OPTION_CLIENT_REQUIRED:
                server->client_policy = CLIENT_UNKNOWN_REFUSED;
                return 0;
        case OPTION_MAX_CONNECTIONS:
                r = number_read("max-connections", value, 1, 1000000, &number);
                if (r == 0)
                        server->n_connections = (unsigned)number;
                return r;
        case OPTION_MAX_PER_ADDRESS:
                r = number_read("max-per-address", value, 1, 1000000, &number);
                if (r == 0)
                        server->n_per_address = (unsigned)number;
                return r;
        case OPTION_METRICS:
                server->metrics = value;
                return 0;
        case OPTION_ACCESS_LOG:
                server->access_log = value;
                return 0;
        case OPTION_TRUSTED_PROXY:
                r = proxies_add(&server->proxies, value);
                if (r == 0)
                        return 0;
                if (r == PROXY_E_FULL)
                        fprintf(stderr, "itax-backend: --trusted-proxy: %d at most\n",
                                PROXIES_MAX);
                else
                        fputs("itax-backend: --trusted-proxy takes unix, ADDRESS or ADDRESS/BITS"
                              "\n",
                              stderr);
                return OPTIONS_E_USAGE;
        case OPTION_WHY:
                options->why = value;
                return words_check("why", value, WHY_BYTES_MAX);
        case OPTION_JSON:
                options->json = true;
                return 0;
        case OPTION_NAME:
                options->name = value;
                return words_check("name", value, LIMIT_NAME_BYTES);
        case OPTION_DOCUMENT_TYPE:
                options->document_type = value;
                return words_check("document-type", value, LIMIT_NAME_BYTES);
        case OPTION_DOCUMENT_NUMBER:
                options->document_number = value;
                return words_check("document-number", value, LIMIT_NAME_BYTES);
        case OPTION_LEGAL_REPRESENTATIVE:
                options->legal_representative = value;
                return 0;
        case OPTION_FINANCE_MANAGER:
                options->finance_manager = value;
                return 0;
        case OPTION_PASSWORD_FILE:
                options->password_file = value;
                return 0;
        case OPTION_SECRET_FILE:
                options->secret_file = value;
                return 0;
        case OPTION_NOTE:
                options->note = value;
                return words_check("note", value, CLIENT_NOTE_BYTES);
        case OPTION_KEEP_OLD:
                if (duration_read(value, KEEP_OLD_MAX_SEC, &options->keep_old_sec))
                        return 0;
                fputs("itax-backend: --keep-old takes a number and s, m, h or d, 90d at most\n",
                      stderr);
                return OPTIONS_E_USAGE;
        case OPTION_SINCE:
                if (since_read(value, &options->since))
                        return 0;
                fputs("itax-backend: --since takes a day as YYYY-MM-DD, or how long ago: 30m, 24h,"
                      " 7d\n",
                      stderr);
                return OPTIONS_E_USAGE;
        case 'h':
                options_help_print();
                return OPTIONS_E_SHOWN;
        case 'V':
                puts("itax-backend " VERSION);
                return OPTIONS_E_SHOWN;
        default: /* getopt has said what is wrong */
                return OPTIONS_E_USAGE;
        }
}

/* Tells of every option in @set. */
static void tell_of_options(const char *command, const char *what, unsigned set) {
        for (const struct option *o = long_options; o->name; o++)
                if (o->val >= OPTION_COMMAND && (set & (unsigned)(o->val - OPTION_COMMAND)))
                        fprintf(stderr, "itax-backend: %s %s --%s\n", command, what, o->name);
}

static int usage_show(const char *name, const CommandWords *words) {
        fprintf(stderr, "itax-backend: use: itax-backend %s %s\n", name, words->usage);
        return OPTIONS_E_USAGE;
}

/* @given: which options there were, a set of CommandOption */
static int command_take(size_t n, char **words, unsigned given, Options *options) {
        char name[COMMAND_NAME_BYTES + 1];
        Command command = command_find(n, words);
        const CommandWords *c;
        size_t n_words;

        if (command == _COMMAND_MAX)
                return OPTIONS_E_USAGE;
        c = command_words(command);
        command_name(command, name);
        n_words = c->words[1] ? 2 : 1;

        if (n - n_words < c->n_arguments_min || n - n_words > c->n_arguments_max)
                return usage_show(name, c);
        if (given & ~c->takes) {
                tell_of_options(name, "does not take", given & ~c->takes);
                if (given & ~c->takes & TAKES_SERVER)
                        fprintf(stderr, "itax-backend: %s does not take options of serve\n", name);
                return usage_show(name, c);
        }
        if (c->needs & ~given) {
                tell_of_options(name, "needs", c->needs & ~given);
                if (c->needs & ~given & TAKES_WHY)
                        fputs("itax-backend: say why it is done with --why TEXT; it is written"
                              " into the audit with your name\n",
                              stderr);
                return usage_show(name, c);
        }

        options->command = command;
        for (size_t i = n_words; i < n; i++)
                options->arguments[i - n_words] = words[i];
        return 0;
}

int options_read(int argc, char **argv, Options *ret) {
        Options options = {
                .store = STORE_DEFAULT,
                .server = { .qr_lifetime_sec = QR_LIFETIME_DEFAULT_SEC,
                            .n_connections = CONNECTIONS_DEFAULT,
                            .n_failures_per_source = SOURCE_BURST_DEFAULT },
        };
        unsigned given = 0;
        int option, r;

        while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
                r = option_take(option, optarg, &options);
                if (r != 0)
                        return r;
                if (option >= OPTION_COMMAND)
                        given |= (unsigned)(option - OPTION_COMMAND);
                else if (option != OPTION_STORE)
                        given |= TAKES_SERVER;
        }
        r = command_take((size_t)(argc - optind), argv + optind, given, &options);
        if (r != 0)
                return r;

        options.server.store = options.store;
        if (options.command == COMMAND_SERVE) {
                r = options_serve_check(&options.server);
                if (r != 0)
                        return r;
        }
        *ret = options;
        return 0;
}
