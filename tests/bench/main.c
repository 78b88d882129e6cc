/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* bench-load: one measurement, one line of JSON (load.h)
 *
 *   login  password logins: --service S --accounts FILE (lines "USER ACCOUNT PASSWORD")
 *   qr     phone confirms -> PAM returns: --service S --token FILE ("USER ACCESS-TOKEN") --issuer
 * U --ca F   bus    open the system bus, call itaxd (Ping), close   https  three requests over a
 * kept connection: --issuer U --ca F   hash   one password hash: --setting S, of crypt(3)
 *
 * and for all of them --count N --parallel N. Secrets come from files, never from the command
 * line. */

#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/common/util.h"
#include "tests/bench/bench.h"

static const struct {
        const char *name;
        int (*run)(const BenchOptions *options);
} measurements[] = {
        { "login", bench_login }, { "qr", bench_qr },     { "bus", bench_bus },
        { "https", bench_https }, { "hash", bench_hash },
};

static const struct option long_options[] = {
        { "count", required_argument, NULL, 'n' },    { "parallel", required_argument, NULL, 'p' },
        { "service", required_argument, NULL, 's' },  { "accounts", required_argument, NULL, 'a' },
        { "issuer", required_argument, NULL, 'i' },   { "ca", required_argument, NULL, 'c' },
        { "token", required_argument, NULL, 't' },    { "setting", required_argument, NULL, 'h' },
        {},
};

static int options_read(int argc, char *argv[], BenchOptions *ret) {
        int c;

        while ((c = getopt_long(argc, argv, "", long_options, NULL)) >= 0)
                switch (c) {
                case 'n':
                        ret->n_samples = strtoul(optarg, NULL, 10);
                        break;
                case 'p':
                        ret->n_workers = strtoul(optarg, NULL, 10);
                        break;
                case 's':
                        ret->service = optarg;
                        break;
                case 'a':
                        ret->accounts = optarg;
                        break;
                case 'i':
                        ret->issuer = optarg;
                        break;
                case 'c':
                        ret->ca = optarg;
                        break;
                case 't':
                        ret->token = optarg;
                        break;
                case 'h':
                        ret->setting = optarg;
                        break;
                case '?':
                        return -1;
                }
        return 0;
}

int main(int argc, char *argv[]) {
        BenchOptions options = {
                .n_samples = 100,
                .n_workers = 1,
                .service = "itax-demo",
                .accounts = "/dev/stdin",
                .issuer = "",
                .ca = "",
                .token = "/dev/stdin",
                .setting = "",
        };

        if (argc < 2 || options_read(argc - 1, argv + 1, &options) < 0)
                return EXIT_FAILURE;
        (void)curl_global_init(CURL_GLOBAL_ALL);
        for (size_t i = 0; i < ELEMENTSOF(measurements); i++)
                if (strcmp(argv[1], measurements[i].name) == 0)
                        return measurements[i].run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;

        fprintf(stderr, "%s: no such measurement\n", argv[1]);
        return EXIT_FAILURE;
}
