/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "backend/listen.h"
#include "backend/options.h"
#include "lib/common/limits.h"

#define STORE_DEFAULT "/var/lib/itax-backend/store.db"
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
        OPTION_CLIENT_REQUIRED,
        OPTION_MAX_CONNECTIONS,
        OPTION_MAX_PER_ADDRESS,
        OPTION_SECRET_FILE,
        OPTION_PHASE_DUAL,
        OPTION_PHASE_RELATION,
        OPTION_PHASE_REALNAME,
        OPTION_UNIT_CA,
        OPTION_UNIT_CRL,
        OPTION_MAX_FAILURES,
};

static const struct {
        const char *words[2];
        size_t n_arguments;
        const char *usage;
} commands[_COMMAND_MAX] = {
        [COMMAND_SERVE] = { { "serve" },
                            0,
                            "--listen ADDRESS:PORT|unix:/PATH --issuer URL [OPTION]…" },
        [COMMAND_LOAD] = { { "load" }, 1, "FILE" },
        [COMMAND_CLIENT_ADD] = { { "client", "add" }, 1, "ID [--secret-file FILE]" },
        [COMMAND_CLIENT_REVOKE] = { { "client", "revoke" }, 1, "ID" },
        [COMMAND_ACCOUNT_DISABLE] = { { "account", "disable" }, 1, "LOGIN" },
        [COMMAND_ACCOUNT_ENABLE] = { { "account", "enable" }, 1, "LOGIN" },
        [COMMAND_ACCOUNT_UNLOCK] = { { "account", "unlock" }, 1, "LOGIN" },
        [COMMAND_RELATION_GRANT] = { { "relation", "grant" }, 2, "LOGIN UNIT-CODE" },
        [COMMAND_RELATION_REVOKE] = { { "relation", "revoke" }, 2, "LOGIN UNIT-CODE" },
        [COMMAND_UNIT_UNLOCK] = { { "unit", "unlock" }, 1, "UNIT-CODE" },
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
        { "client-required", no_argument, NULL, OPTION_CLIENT_REQUIRED },
        { "max-connections", required_argument, NULL, OPTION_MAX_CONNECTIONS },
        { "max-per-address", required_argument, NULL, OPTION_MAX_PER_ADDRESS },
        { "secret-file", required_argument, NULL, OPTION_SECRET_FILE },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        {},
};

static void print_help(void) {
        puts("Usage:");
        for (size_t i = 0; i < _COMMAND_MAX; i++)
                printf("  itax-backend [--store FILE] %s%s%s %s\n", commands[i].words[0],
                       commands[i].words[1] ? " " : "",
                       commands[i].words[1] ? commands[i].words[1] : "", commands[i].usage);
        puts("\nOptions:\n"
             "  --store FILE             default " STORE_DEFAULT "\n"
             "  --listen ADDRESS:PORT    or [ADDRESS]:PORT, or unix:/PATH; TLS is a must unless"
             " it is loopback\n"
             "  --issuer URL             https://HOST[:PORT], as workstations know this platform\n"
             "  --tls-cert F --tls-key F certificate chain and key in PEM\n"
             "  --phase P                dual, relation or realname: announced, and applied to"
             " unit verification\n"
             "  --phase-dual DATE        first day (YYYY-MM-DD, China Standard Time) of that phase;"
             " announced,\n"
             "  --phase-relation DATE    and applied from then on; the strictest in force counts,"
             " --phase too\n"
             "  --phase-realname DATE\n"
             "  --unit-ca FILE           authorities (PEM) of units' certificates; without it there"
             " is no login by\n"
             "                           certificate\n"
             "  --unit-crl FILE          their revocation lists (PEM), up to 16 times; if there is"
             " one, every\n"
             "                           authority needs one that is not too old\n"
             "  --qr-lifetime SECONDS    of a QR code, 1 to 1800, default 120\n"
             "  --outbox FOLDER          where text messages are put; without it none are written\n"
             "  --client-required        refuse workstations that were not added by `client add`;\n"
             "                           always so when listening on more than loopback\n"
             "  --max-connections N      default 16384\n"
             "  --max-per-address N      default half of that\n"
             "  --max-failures-per-source N  wrong passwords of one client at one address before it"
             " is slowed\n"
             "                           down; default 300, 0 for never\n"
             "  --secret-file FILE       the client's secret; without it a new one is printed\n"
             "  -h, --help  -V, --version");
}

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
        case OPTION_SECRET_FILE:
                options->secret_file = value;
                return 0;
        case 'h':
                print_help();
                return OPTIONS_E_SHOWN;
        case 'V':
                puts("itax-backend " VERSION);
                return OPTIONS_E_SHOWN;
        default: /* getopt has said what is wrong */
                return OPTIONS_E_USAGE;
        }
}

static int command_take(int n, char **words, Options *options) {
        for (Command i = 0; i < _COMMAND_MAX; i++) {
                int n_words = commands[i].words[1] ? 2 : 1;

                if (n < n_words || strcmp(words[0], commands[i].words[0]) != 0 ||
                    (n_words == 2 && strcmp(words[1], commands[i].words[1]) != 0))
                        continue;

                options->command = i;
                if ((size_t)(n - n_words) != commands[i].n_arguments) {
                        fprintf(stderr, "itax-backend: use: %s%s%s %s\n", words[0],
                                n_words == 2 ? " " : "", n_words == 2 ? words[1] : "",
                                commands[i].usage);
                        return OPTIONS_E_USAGE;
                }
                for (size_t k = 0; k < commands[i].n_arguments; k++)
                        options->arguments[k] = words[(size_t)n_words + k];
                return 0;
        }
        fprintf(stderr, "itax-backend: no such command; see itax-backend --help\n");
        return OPTIONS_E_USAGE;
}

/* An issuer with a path would need its metadata elsewhere (RFC 8414 section 3.1); not to be had
 * here. */
static bool issuer_is_fit(const char *issuer) {
        static const char *const local[] = { "http://127.", "http://localhost", "http://[::1]" };
        const char *host;
        bool fit;

        fit = strncmp(issuer, "https://", 8) == 0;
        for (size_t i = 0; i < ELEMENTSOF(local); i++)
                fit = fit || strncmp(issuer, local[i], strlen(local[i])) == 0;

        host = fit ? strstr(issuer, "://") + 3 : "";
        /* room for the longest path behind it */
        return fit && host[0] != '\0' && strlen(issuer) + 64 <= LIMIT_URI_BYTES &&
               strspn(host, "0123456789abcdefghijklmnopqrstuvwxyz.-:[]") == strlen(host);
}

static int serve_check(ServerOptions *server) {
        ListenScope scope;

        if (!server->listen || !server->issuer) {
                fprintf(stderr, "itax-backend: serve needs --listen and --issuer\n");
                return OPTIONS_E_USAGE;
        }
        if (!issuer_is_fit(server->issuer)) {
                fprintf(stderr,
                        "itax-backend: --issuer takes https://HOST[:PORT] in small letters,"
                        " without a path"
                        " (http:// for loopback only)\n");
                return OPTIONS_E_USAGE;
        }
        if (listen_scope(server->listen, &scope) != 0) {
                fprintf(stderr,
                        "itax-backend: --listen takes ADDRESS:PORT, [ADDRESS]:PORT or"
                        " unix:/PATH\n");
                return OPTIONS_E_USAGE;
        }
        if (!server->tls_cert != !server->tls_key) {
                fprintf(stderr, "itax-backend: --tls-cert and --tls-key belong together\n");
                return OPTIONS_E_USAGE;
        }
        if (server->authorities.n_lists > 0 && !server->authorities.roots) {
                fprintf(stderr, "itax-backend: --unit-crl belongs to --unit-ca\n");
                return OPTIONS_E_USAGE;
        }
        if (scope == LISTEN_NETWORK && !server->tls_cert) {
                fprintf(stderr,
                        "itax-backend: %s is not loopback: --tls-cert and --tls-key are needed\n",
                        server->listen);
                return OPTIONS_E_USAGE;
        }
        if (scope == LISTEN_NETWORK)
                server->client_policy = CLIENT_UNKNOWN_REFUSED;
        if (server->n_per_address == 0)
                server->n_per_address = server->n_connections / 2 ? server->n_connections / 2 : 1;
        return 0;
}

int options_read(int argc, char **argv, Options *ret) {
        Options options = {
                .store = STORE_DEFAULT,
                .server = { .qr_lifetime_sec = QR_LIFETIME_DEFAULT_SEC,
                            .n_connections = CONNECTIONS_DEFAULT,
                            .n_failures_per_source = SOURCE_BURST_DEFAULT },
        };
        int option, r;

        while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
                r = option_take(option, optarg, &options);
                if (r != 0)
                        return r;
        }
        r = command_take(argc - optind, argv + optind, &options);
        if (r != 0)
                return r;

        options.server.store = options.store;
        if (options.command == COMMAND_SERVE) {
                r = serve_check(&options.server);
                if (r != 0)
                        return r;
        }
        *ret = options;
        return 0;
}
