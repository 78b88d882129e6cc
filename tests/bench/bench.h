/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bench: what bench-load can do, one function each; arguments are described in main.c */

#include <stddef.h>
#include <stdint.h>

typedef struct BenchLogin {
        const char *service, *user, *account, *password;
        void (*heard)(const char *text, void *userdata); /* each message; may be NULL */
        void *userdata;
        int n_answers;
} BenchLogin;

/** bench_authenticate() - one login. Return: 0 when it was granted, else -1 (told on standard
 * error). */
int bench_authenticate(BenchLogin *login);

typedef struct BenchOptions {
        size_t n_samples, n_workers;
        const char *service, *accounts; /* accounts: file of lines "USER ACCOUNT PASSWORD" */
        const char *issuer, *ca, *token; /* token: file with an access token of the phone app */
        const char *setting;             /* of crypt(3) */
} BenchOptions;

int bench_login(const BenchOptions *options);
int bench_qr(const BenchOptions *options);
int bench_bus(const BenchOptions *options);
int bench_https(const BenchOptions *options);
int bench_hash(const BenchOptions *options);
