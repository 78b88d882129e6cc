/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the options of serve may be together. */

#include <stdio.h>
#include <string.h>

#include "backend/listen.h"
#include "backend/options-parts.h"
#include "lib/common/limits.h"

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

int options_serve_check(ServerOptions *server) {
        ListenScope scope, metrics_scope;

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
        if (!!server->outbox + !!server->sms_command + !!server->sms_hook > 1 ||
            (!server->sms_hook && (server->sms_hook_key_file || server->sms_hook_ca))) {
                fprintf(stderr, "itax-backend: text messages go one way: --outbox, --sms-command or"
                                " --sms-hook (with --sms-hook-key-file, --sms-hook-ca)\n");
                return OPTIONS_E_USAGE;
        }
        if (server->sms_command && server->sms_command[0] != '/') {
                fprintf(stderr, "itax-backend: --sms-command takes the whole path of a program\n");
                return OPTIONS_E_USAGE;
        }
        if (server->sms_hook && strncmp(server->sms_hook, "https://", 8) != 0) {
                fprintf(stderr, "itax-backend: --sms-hook takes an https:// address\n");
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
        if (server->metrics &&
            (listen_scope(server->metrics, &metrics_scope) != 0 ||
             metrics_scope != LISTEN_LOCAL || strcmp(server->metrics, server->listen) == 0)) {
                fputs("itax-backend: --metrics takes another loopback ADDRESS:PORT, or"
                      " unix:/PATH: what reads them runs on this machine\n",
                      stderr);
                return OPTIONS_E_USAGE;
        }
        /* behind a proxy stands the network too */
        if (scope == LISTEN_NETWORK || server->proxies.n > 0)
                server->client_policy = CLIENT_UNKNOWN_REFUSED;
        if (server->n_per_address == 0)
                server->n_per_address = server->n_connections / 2 ? server->n_connections / 2 : 1;
        return 0;
}
