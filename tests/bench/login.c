/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Password logins: each worker goes through accounts of its own, so that one person's tries are
 * not waited for by another's login */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/common/util.h"
#include "tests/bench/bench.h"
#include "tests/bench/load.h"

enum { ACCOUNTS_MAX = 256, WORD_BYTES = 64 };

typedef struct Accounts {
        const char *service;
        size_t n, n_workers;
        struct {
                char user[WORD_BYTES], account[WORD_BYTES], password[WORD_BYTES];
        } items[ACCOUNTS_MAX];
} Accounts;

static int accounts_read(const char *path, Accounts *ret) {
        FILE *file = fopen(path, "re");

        if (!file) {
                perror(path);
                return -1;
        }
        while (ret->n < ACCOUNTS_MAX &&
               fscanf(file, "%63s %63s %63s", ret->items[ret->n].user, ret->items[ret->n].account,
                      ret->items[ret->n].password) == 3)
                ret->n++;
        (void)fclose(file);
        return ret->n > 0 ? 0 : -1;
}

static int sample(size_t worker, size_t number, void *userdata) {
        Accounts *accounts = userdata;
        size_t n_own = accounts->n / accounts->n_workers, i;
        BenchLogin login;

        i = n_own > 0 ? worker * n_own + number % n_own : worker % accounts->n;
        login = (BenchLogin){
                .service = accounts->service,
                .user = accounts->items[i].user,
                .account = accounts->items[i].account,
                .password = accounts->items[i].password,
        };
        return bench_authenticate(&login);
}

int bench_login(const BenchOptions *options) {
        static Accounts accounts;
        const Load load = {
                .n_samples = options->n_samples,
                .n_workers = options->n_workers,
                .userdata = &accounts,
                .sample = sample,
        };

        accounts.service = options->service;
        accounts.n_workers = options->n_workers;
        if (accounts_read(options->accounts, &accounts) < 0)
                return -1;
        return load_run(&load);
}
