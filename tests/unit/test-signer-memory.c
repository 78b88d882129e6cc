/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signer with the n-th allocation failing, for each n: an error or a failed signature, never a crash, never
 * a job without an answer, and nothing left behind. Not built with a sanitizer, which has allocators of
 * its own. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "daemon/log.h"
#include "daemon/signer/signer.h"

#define UNIT "91990000000000002B"

static long countdown = -1;
static bool happened;
static long n_live;

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

_export_ void *malloc(size_t n);
_export_ void *calloc(size_t n, size_t size);
_export_ void *realloc(void *p, size_t n);
_export_ void free(void *p);

static bool fails_now(void) {
        if (countdown < 0 || countdown-- > 0)
                return false;
        happened = true;
        errno = ENOMEM;
        return true;
}

void *malloc(size_t n) {
        if (fails_now())
                return NULL;
        n_live++;
        return __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
        if (fails_now())
                return NULL;
        n_live++;
        return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
        if (fails_now())
                return NULL;
        if (!p)
                n_live++;
        return __libc_realloc(p, n);
}

void free(void *p) {
        if (p)
                n_live--;
        __libc_free(p);
}

static char base[64], program[96];

static void on_signed(SignerJob *job, Signed *result, void *userdata) {
        (void)job;
        assert_true(result->status == SIGN_FAILED || result->status == SIGN_OK);
        *(int *)userdata = (int)result->status + 1;
}

static void reap(sd_event *event) {
        siginfo_t info;

        for (int i = 0; i < 2000; i++) {
                if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD)
                        return;
                assert_true(sd_event_run(event, 20 * USEC_PER_MSEC) >= 0);
        }
        fail_msg("a helper is still there");
}

/* Return: what went wrong before the job was there, else 0; @ret_outcome is its status and 1. */
static int walk(sd_event *event, int *ret_outcome) {
        const SignerConfig config = { .folder = base, .helper = program, .timeout_usec = 60 * USEC_PER_SEC };
        _cleanup_(signer_freep) Signer *signer = NULL;
        _cleanup_(signer_job_freep) SignerJob *job = NULL;
        _cleanup_(secret_freep) Secret *pin = NULL;
        int r;

        *ret_outcome = 0;
        r = signer_new(event, &config, &signer);
        if (r < 0)
                return r;
        assert_int_equal(secret_new_from("123456", 6, &pin), 0);
        r = signer_sign(signer, UNIT, pin, "text", on_signed, ret_outcome, &job);
        if (r < 0)
                return r;
        for (int i = 0; i < 1000 && *ret_outcome == 0; i++)
                if (sd_event_run(event, 20 * USEC_PER_MSEC) == -ENOMEM)
                        continue; /* the loop's own; it is asked again */
        assert_int_not_equal(*ret_outcome, 0);
        return 0;
}

static void test_each_allocation(void **state) {
        unsigned n_failed = 0;

        (void)state;
        for (long n = 0;; n++) {
                sd_event *event = NULL;
                long n_before = n_live;
                int r, outcome;

                assert_true(n < 1000);
                assert_true(sd_event_new(&event) >= 0);
                happened = false;
                countdown = n;
                r = walk(event, &outcome);
                countdown = -1;
                reap(event);
                event = sd_event_unref(event);

                assert_null(event);
                assert_true(r == 0 || r == -ENOMEM);
                if (n_live != n_before)
                        fail_msg("allocation %ld: %ld left behind", n, n_live - n_before);
                if (!happened) {
                        assert_int_equal(outcome, SIGN_OK + 1);
                        break;
                }
                n_failed += r < 0 || outcome == SIGN_FAILED + 1;
        }
        assert_true(n_failed >= 5);
}

static int setup(void **state) {
        char path[128];
        FILE *f;

        (void)state;
        (void)snprintf(base, sizeof(base), "/tmp/test-signer-memory-XXXXXX");
        assert_non_null(mkdtemp(base));
        (void)snprintf(path, sizeof(path), "%s/" UNIT ".p12", base);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(chmod(path, 0600), 0);

        (void)snprintf(program, sizeof(program), "%s/program", base);
        f = fopen(program, "we");
        assert_non_null(f);
        assert_true(fputs("#!/bin/sh\nprintf '11:itax-sign 1,2:ok,2:-1,5:ES256,31:-----BEGIN CERTIFICATE-----\\nAAA,4:abcd,0:,'\n",
                          f) >= 0);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(chmod(program, 0700), 0);

        f = fopen("/dev/null", "we");
        assert_non_null(f);
        assert_int_equal(setvbuf(f, NULL, _IONBF, 0), 0); /* no memory of its own later */
        log_open("/nowhere", f);
        return 0;
}

static int teardown(void **state) {
        char path[128];

        (void)state;
        (void)snprintf(path, sizeof(path), "%s/" UNIT ".p12", base);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(unlink(program), 0);
        assert_int_equal(rmdir(base), 0);
        return 0;
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_allocation),
        };

        return cmocka_run_group_tests_name("signer-memory", tests, setup, teardown);
}
