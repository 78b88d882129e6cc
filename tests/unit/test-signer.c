/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signer: signatures by the real helper, from files and from a token; and what itaxd has of a helper or a
 * module that hangs, crashes, floods or lies (threats 68) */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "daemon/log.h"
#include "daemon/signer/message.h"
#include "daemon/signer/signer.h"
#include "daemon/signer/tries.h"
#include "lib/common/signing.h"
#include "signer/cleanup.h"

#define OWN "91990000000000002B"
#define OTHER "91990000000000003E"
#define THIRD "919900000000000018"
#define PIN "123456"
#define TEXT "itax-unit-verification-v1\nhttps://itax.lab\n" OWN "\nabcdefghijklmnopqrstuvwxyz0123456789"
#define LONG_USEC (60 * USEC_PER_SEC)
#define SHORT_USEC (700 * USEC_PER_MSEC)

/* What all tests share: a folder with everything in it, made once. */
static struct {
        char base[64], program[PATH_MAX], module[128];
        sd_event *event;
        char *log;
        size_t n_log;
        FILE *log_file;
        int n_fds;
} here;

_printf_(1, 2) static void shell(const char *format, ...) {
        char command[2 * PATH_MAX];
        va_list args;
        int n;

        va_start(args, format);
        n = vsnprintf(command, sizeof(command), format, args);
        va_end(args);
        assert_in_range(n, 1, sizeof(command) - 1);
        if (system(command) != 0) /* NOLINT(cert-env33-c): words of our own */
                fail_msg("failed: %s", command);
}

_printf_(1, 2) static char *path_of(const char *format, ...) {
        static char path[PATH_MAX];
        va_list args;
        size_t n;

        n = (size_t)snprintf(path, sizeof(path), "%s/", here.base);
        va_start(args, format);
        (void)vsnprintf(path + n, sizeof(path) - n, format, args);
        va_end(args);
        return path;
}

static void file_write(const char *path, mode_t mode, const char *text) {
        FILE *f = fopen(path, "we");

        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(chmod(path, mode), 0);
}

static size_t file_read(const char *path, char *ret, size_t n_room) {
        FILE *f = fopen(path, "re");
        size_t n = 0;

        if (f) {
                n = fread(ret, 1, n_room - 1, f);
                (void)fclose(f);
        }
        ret[n] = '\0';
        return n;
}

/* Put a file of the authorities in the place where the signer looks for the unit's. */
static void put(const char *name, const char *unit) {
        shell("install -m 0600 %s/made/%s.p12 %s/certificates/%s.p12", here.base, name, here.base, unit);
}

static void take_away(const char *unit) {
        (void)unlink(path_of("certificates/%s.p12", unit));
}

static void set_mode(const char *mode) {
        file_write(path_of("token/mode"), 0600, mode);
        (void)unlink(path_of("token/tries"));
}

static void write_program(const char *script) {
        FILE *f = fopen(path_of("program"), "we");

        assert_non_null(f);
        assert_true(fprintf(f, "#!/bin/sh\n%s\n", script) > 0);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(chmod(path_of("program"), 0700), 0);
}

static Signer *make_signer(const char *program, const char *module, uint64_t timeout_usec) {
        char folder[PATH_MAX];
        const SignerConfig config = {
                .folder = folder,
                .pkcs11_module = module,
                .helper = program,
                .timeout_usec = timeout_usec,
        };
        Signer *signer = NULL;

        (void)snprintf(folder, sizeof(folder), "%s/certificates", here.base); /* @program may be path_of() */
        assert_int_equal(signer_new(here.event, &config, &signer), 0);
        return signer;
}

/* No child, not even one that is waited for by nobody. Runs the loop until that is so. */
static void expect_no_children(void) {
        siginfo_t info;

        for (int i = 0; i < 2000; i++) {
                if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD)
                        return;
                assert_true(sd_event_run(here.event, 20 * USEC_PER_MSEC) >= 0);
        }
        fail_msg("a helper is still there");
}

typedef struct Waiter {
        SignerJob *job;
        Signed result;
        unsigned n_calls;
} Waiter;

static void on_signed(SignerJob *job, Signed *result, void *userdata) {
        Waiter *waiter = userdata;

        assert_ptr_equal(job, waiter->job);
        waiter->n_calls++;
        waiter->result = *result;
        *result = (Signed){};
}

static void waiter_start(Signer *signer, const char *unit, const char *pin, Waiter *ret) {
        _cleanup_(secret_freep) Secret *secret = NULL;

        *ret = (Waiter){};
        assert_int_equal(secret_new_from(pin, strlen(pin), &secret), 0);
        assert_int_equal(signer_sign(signer, unit, secret, TEXT, on_signed, ret, &ret->job), 0);
        assert_int_equal(ret->n_calls, 0); /* never from inside */
}

static void waiter_wait(const Waiter *waiter) {
        for (int i = 0; i < 4000 && waiter->n_calls == 0; i++)
                assert_true(sd_event_run(here.event, 50 * USEC_PER_MSEC) >= 0);
        assert_int_equal(waiter->n_calls, 1);
}

static void waiter_done(Waiter *waiter) {
        waiter->job = signer_job_free(waiter->job);
        signed_done(&waiter->result);
}

/* The whole of it. The result is for signed_done(). */
static Signed sign(Signer *signer, const char *unit, const char *pin) {
        Waiter waiter;
        Signed result;

        waiter_start(signer, unit, pin, &waiter);
        waiter_wait(&waiter);
        result = waiter.result;
        waiter.result = (Signed){};
        waiter_done(&waiter);
        if (result.status != SIGN_OK) {
                assert_null(result.algorithm);
                assert_null(result.certificates);
                assert_null(result.signature);
        }
        return result;
}

static void expect(const char *name, Signer *signer, const char *unit, const char *pin, SignStatus status, int tries_left) {
        Signed result = sign(signer, unit, pin);

        if (result.status != status || result.tries_left != tries_left)
                fail_msg("%s: status %d, %d tries left", name, result.status, result.tries_left);
        signed_done(&result);
}

static X509 *certificate_of(const Signed *result, int *ret_n) {
        _cleanup_(bio_freep) BIO *bio = BIO_new_mem_buf(result->certificates, -1);
        X509 *first = NULL;

        for (*ret_n = 0;; (*ret_n)++) {
                X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);

                if (!x509)
                        return first;
                if (first)
                        X509_free(x509);
                else
                        first = x509;
        }
}

static size_t base64url_decode(const char *text, unsigned char ret[2048]) {
        char padded[2048];
        size_t n = strlen(text);

        assert_in_range(n, 1, sizeof(padded) - 4);
        for (size_t i = 0; i < n; i++)
                padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
        for (size_t i = n; i % 4 != 0; i++)
                padded[i] = '=';
        assert_true(EVP_DecodeBlock(ret, (unsigned char *)padded, (int)((n + 3) / 4 * 4)) > 0);
        return n * 3 / 4;
}

/* As the platform would: by the words of the result alone. */
static bool verifies(const Signed *result, const char *text) {
        _cleanup_(evp_md_ctx_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        _cleanup_(x509_freep) X509 *x509 = NULL;
        bool is_sm2 = strcmp(result->algorithm, "SM2") == 0;
        unsigned char signature[2048];
        EVP_PKEY_CTX *key_context;
        size_t n;
        int count;

        x509 = certificate_of(result, &count);
        assert_non_null(x509);
        n = base64url_decode(result->signature, signature);
        assert_int_equal(EVP_DigestVerifyInit(context, &key_context, is_sm2 ? EVP_sm3() : EVP_sha256(), NULL,
                                              X509_get0_pubkey(x509)), 1);
        if (is_sm2)
                assert_int_equal(EVP_PKEY_CTX_set1_id(key_context, "1234567812345678", 16), 1);
        return EVP_DigestVerify(context, signature, n, (const unsigned char *)text, strlen(text)) == 1;
}

static void expect_signed(const char *name, Signer *signer, const char *unit, const char *algorithm, int n_certificates) {
        Signed result = sign(signer, unit, PIN);
        int n;

        if (result.status != SIGN_OK)
                fail_msg("%s: status %d, log:\n%s", name, result.status, here.log ? here.log : "");
        assert_string_equal(result.algorithm, algorithm);
        X509_free(certificate_of(&result, &n));
        assert_int_equal(n, n_certificates);
        assert_true(verifies(&result, TEXT));
        assert_false(verifies(&result, TEXT "x"));
        signed_done(&result);
}

static const struct {
        const char *file, *algorithm;
        int n_certificates;
} good_files[] = {
        { "rsa", "RS256", 1 },       { "p256", "ES256", 1 },        { "sm2", "SM2", 1 },
        { "intermediate", "ES256", 2 }, { "old-ciphers", "RS256", 1 },
};

static void test_files(void **state) {
        _cleanup_(signer_freep) Signer *signer = make_signer(here.program, NULL, LONG_USEC);

        (void)state;
        assert_false(signer_has(signer, OWN));
        expect("no file", signer, OWN, PIN, SIGN_NO_KEY, -1);
        for (size_t i = 0; i < ELEMENTSOF(good_files); i++) {
                put(good_files[i].file, OWN);
                assert_true(signer_has(signer, OWN));
                expect_signed(good_files[i].file, signer, OWN, good_files[i].algorithm, good_files[i].n_certificates);
        }
        take_away(OWN);
}

/* threats 68, 71: another unit's certificate in the place of this one's, no unit, two units */
static void test_bad_files(void **state) {
        static const char *const names[] = { "other-unit", "no-unit", "two-units" };
        _cleanup_(signer_freep) Signer *signer = make_signer(here.program, NULL, LONG_USEC);

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                put(names[i], OWN);
                expect(names[i], signer, OWN, PIN, SIGN_NO_KEY, -1);
        }
        file_write(path_of("certificates/" OWN ".p12"), 0600, "this is no PKCS#12 file");
        expect("no PKCS#12 file", signer, OWN, PIN, SIGN_FAILED, -1);
        file_write(path_of("certificates/" OWN ".p12"), 0600, "");
        expect("an empty file", signer, OWN, PIN, SIGN_FAILED, -1);
        shell("head -c 1000 %s/made/rsa.p12 >%s/certificates/%s.p12", here.base, here.base, OWN);
        expect("half a file", signer, OWN, PIN, SIGN_FAILED, -1);
        shell("openssl pkcs12 -export -nomac -inkey %s/made/p256.key -in %s/made/p256.pem -passout pass:%s"
              " -out %s/certificates/%s.p12", here.base, here.base, PIN, here.base, OWN);
        expect("a file without MAC", signer, OWN, PIN, SIGN_FAILED, -1);
        shell("head -c 300000 /dev/zero >%s/certificates/%s.p12", here.base, OWN);
        expect("a large file", signer, OWN, PIN, SIGN_FAILED, -1);
        take_away(OWN);
}

/* threats 68: a file has five tries, and the right PIN in between gives them back */
static void test_wrong_pin(void **state) {
        _cleanup_(signer_freep) Signer *signer = make_signer(here.program, NULL, LONG_USEC);

        (void)state;
        put("p256", OWN);
        put("p256", THIRD);
        for (int left = 4; left >= 1; left--)
                expect("wrong", signer, OWN, "654321", SIGN_WRONG_PIN, left);
        expect_signed("the last try", signer, OWN, "ES256", 1);
        expect("what no PIN can be takes no try", signer, OWN, "", SIGN_WRONG_PIN, -1);
        for (int left = 4; left >= 1; left--)
                expect("wrong again", signer, OWN, left % 2 ? "12345" : "1234567", SIGN_WRONG_PIN, left);
        expect("the fifth", signer, OWN, "654321", SIGN_PIN_LOCKED, 0);
        expect("the right one, too late", signer, OWN, PIN, SIGN_PIN_LOCKED, 0);
        expect("another unit's is not locked", signer, THIRD, "654321", SIGN_WRONG_PIN, 4);
        take_away(OWN);
        take_away(THIRD);
}

static void test_pin_bytes(void **state) {
        _cleanup_(signer_freep) Signer *signer = make_signer(here.program, NULL, LONG_USEC);
        _cleanup_(secret_freep) Secret *nul = NULL;
        Waiter waiter = {};
        char wide[LIMIT_ANSWER_BYTES + 2];

        (void)state;
        put("p256", OWN);
        memset(wide, '1', sizeof(wide) - 1);
        wide[sizeof(wide) - 1] = '\0';
        expect("a PIN longer than any answer", signer, OWN, wide, SIGN_WRONG_PIN, -1);

        assert_int_equal(secret_new_from(PIN "\0x", sizeof(PIN) + 1, &nul), 0);
        assert_int_equal(signer_sign(signer, OWN, nul, TEXT, on_signed, &waiter, &waiter.job), 0);
        waiter_wait(&waiter);
        assert_int_equal(waiter.result.status, SIGN_WRONG_PIN);
        waiter_done(&waiter);

        assert_int_equal(signer_sign(signer, OWN, NULL, TEXT, on_signed, &waiter, &waiter.job), 0);
        waiter.n_calls = 0;
        waiter_wait(&waiter);
        assert_int_equal(waiter.result.status, SIGN_WRONG_PIN);
        waiter_done(&waiter);
        take_away(OWN);
}

static void test_has(void **state) {
        static const char *const no_codes[] = { "", "x", "../made/rsa", "91990000000000002b", OWN "/", "91990000000000002C" };
        _cleanup_(signer_freep) Signer *signer = make_signer(here.program, NULL, LONG_USEC);
        _cleanup_(signer_freep) Signer *with_module = make_signer(here.program, here.module, LONG_USEC);
        char path[PATH_MAX];
        SignerJob *job;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(no_codes); i++) {
                assert_false(signer_has(with_module, no_codes[i]));
                assert_int_equal(signer_sign(signer, no_codes[i], NULL, TEXT, on_signed, NULL, &job), -EINVAL);
        }
        assert_true(signer_has(with_module, OWN));

        put("p256", OWN);
        (void)snprintf(path, sizeof(path), "%s", path_of("certificates/" OWN ".p12"));
        assert_true(signer_has(signer, OWN));
        assert_int_equal(chmod(path, 0640), 0);
        assert_true(signer_has(signer, OWN));
        assert_int_equal(chmod(path, 0644), 0);
        assert_false(signer_has(signer, OWN));
        expect("readable for others", signer, OWN, PIN, SIGN_FAILED, -1);
        expect("what cannot be trusted is not passed over", with_module, OWN, PIN, SIGN_FAILED, -1);
        assert_int_equal(chmod(path, 0660), 0);
        assert_false(signer_has(signer, OWN));
        assert_int_equal(chmod(path, 0600), 0);

        assert_int_equal(chmod(path_of("certificates"), 0777), 0);
        assert_false(signer_has(signer, OWN));
        assert_int_equal(chmod(path_of("certificates"), 0700), 0);
        assert_true(signer_has(signer, OWN));

        shell("mv %s %s.real && ln -s %s.real %s", path, path, path, path);
        assert_false(signer_has(signer, OWN));
        shell("rm %s %s.real && mkfifo -m 0600 %s", path, path, path);
        assert_false(signer_has(signer, OWN));
        expect("a pipe", signer, OWN, PIN, SIGN_FAILED, -1);
        assert_int_equal(unlink(path), 0);
}

static void test_bad_config(void **state) {
        static const SignerConfig configs[] = {
                { .helper = NULL, .timeout_usec = 1 },
                { .helper = "itax-sign", .timeout_usec = 1 },
                { .helper = "/x", .timeout_usec = 0 },
                { .helper = "/x", .timeout_usec = 121 * USEC_PER_SEC },
                { .helper = "/x", .timeout_usec = 1, .folder = "certificates" },
                { .helper = "/x", .timeout_usec = 1, .pkcs11_module = "opensc-pkcs11.so" },
        };
        Signer *signer = NULL;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(configs); i++)
                assert_int_equal(signer_new(here.event, &configs[i], &signer), -EINVAL);
        assert_null(signer);
}

static void test_token(void **state) {
        _cleanup_(signer_freep) Signer *signer = make_signer(here.program, here.module, LONG_USEC);

        (void)state;
        set_mode("plain");
        expect_signed("RSA on the first token", signer, OWN, "RS256", 1);
        expect_signed("P-256 on the second token", signer, OTHER, "ES256", 1);
        expect("a wrong PIN", signer, OWN, "654321", SIGN_WRONG_PIN, -1);
        expect("a PIN that is too short", signer, OWN, "1", SIGN_WRONG_PIN, -1);
        expect("no token of this unit", signer, "990101000000004", PIN, SIGN_NO_KEY, -1);
        expect("SM2 cannot be used on a token", signer, THIRD, PIN, SIGN_FAILED, -1);
        (void)fflush(here.log_file);
        assert_non_null(strstr(here.log, "not SM2"));

        put("p256", OWN);
        expect_signed("a file goes before a token", signer, OWN, "ES256", 1);
        take_away(OWN);
}

/* threats 68 */
static void test_token_locks(void **state) {
        _cleanup_(signer_freep) Signer *signer = make_signer(here.program, here.module, LONG_USEC);

        (void)state;
        set_mode("card");
        expect("the first", signer, OWN, "654321", SIGN_WRONG_PIN, -1);
        expect_signed("the right one", signer, OWN, "RS256", 1);
        expect("the first of three", signer, OWN, "654321", SIGN_WRONG_PIN, -1);
        expect("another unit's token has tries of its own, but no PIN is tried on this one", signer, THIRD, PIN,
               SIGN_FAILED, -1);
        expect("the second", signer, OWN, "654321", SIGN_WRONG_PIN, 1);
        expect("the third", signer, OWN, "654321", SIGN_PIN_LOCKED, 0);
        expect("the right one, too late", signer, OWN, PIN, SIGN_PIN_LOCKED, 0);
        set_mode("plain");
}

/* threats 68 */
static void test_token_removed(void **state) {
        _cleanup_(signer_freep) Signer *signer = make_signer(here.program, here.module, LONG_USEC);

        (void)state;
        set_mode("removed");
        expect("removed while the PIN was typed", signer, OWN, PIN, SIGN_NO_KEY, -1);
        set_mode("plain");
        shell("mv %s/token/tokens %s/token/away && mkdir %s/token/tokens", here.base, here.base, here.base);
        expect("removed before", signer, OWN, PIN, SIGN_NO_KEY, -1);
        shell("rmdir %s/token/tokens && mv %s/token/away %s/token/tokens", here.base, here.base, here.base);
        expect_signed("put in again", signer, OWN, "RS256", 1);
}

/* threats 68: itaxd has an answer in time, and its loop turns meanwhile */
static const struct {
        const char *mode;
        SignStatus status;
        bool hangs;
} bad_modules[] = {
        { "crash-load", SIGN_FAILED, false }, { "crash-login", SIGN_FAILED, false },
        { "crash-sign", SIGN_FAILED, false }, { "hang-load", SIGN_FAILED, true },
        { "hang-login", SIGN_FAILED, true },  { "hang-sign", SIGN_FAILED, true },
        { "lie", SIGN_FAILED, false },        { "print-load", SIGN_OK, false },
        { "print-sign", SIGN_OK, false },     { "fork-load", SIGN_OK, false },
        { "fork-sign", SIGN_OK, false },
};

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata) {
        (*(unsigned *)userdata)++;
        assert_true(sd_event_source_set_time(source, usec + 20 * USEC_PER_MSEC) >= 0);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void test_bad_modules(void **state) {
        sd_event_source *ticker = NULL;
        unsigned n_ticks = 0;

        (void)state;
        assert_true(sd_event_add_time_relative(here.event, &ticker, CLOCK_MONOTONIC, 0, 1, on_tick, &n_ticks) >= 0);
        for (size_t i = 0; i < ELEMENTSOF(bad_modules); i++) {
                bool hangs = bad_modules[i].hangs;
                _cleanup_(signer_freep) Signer *signer =
                        make_signer(here.program, here.module, hangs ? 3 * SHORT_USEC : LONG_USEC);

                set_mode(bad_modules[i].mode);
                n_ticks = 0;
                expect(bad_modules[i].mode, signer, OWN, PIN, bad_modules[i].status, -1);
                if (hangs)
                        assert_true(n_ticks >= 10);
                expect_no_children();
        }
        set_mode("plain");
        ticker = sd_event_source_disable_unref(ticker);
}

static void test_no_module(void **state) {
        _cleanup_(signer_freep) Signer *missing = make_signer(here.program, "/nowhere/module.so", LONG_USEC);
        _cleanup_(signer_freep) Signer *text = NULL, *writable = NULL, *linked = NULL;

        (void)state;
        expect("a module that is not there", missing, OWN, PIN, SIGN_FAILED, -1);
        file_write(path_of("token/text.so"), 0600, "this is no module");
        text = make_signer(here.program, path_of("token/text.so"), LONG_USEC);
        expect("a file that is no module", text, OWN, PIN, SIGN_FAILED, -1);
        shell("install -m 0777 %s %s/token/writable.so", here.module, here.base);
        writable = make_signer(here.program, path_of("token/writable.so"), LONG_USEC);
        expect("a module that anybody may write", writable, OWN, PIN, SIGN_FAILED, -1);
        shell("ln -sf test-token.so %s/token/linked.so", here.base);
        linked = make_signer(here.program, path_of("token/linked.so"), LONG_USEC);
        expect_signed("a link to a good one", linked, OWN, "RS256", 1);
}

/* threats 68: whatever the helper does */
#define NO_KEY_ANSWER "11:itax-sign 1,6:no-key,2:-1,0:,0:,0:,0:,"
static const struct {
        const char *name, *script;
        SignStatus status;
        uint64_t timeout_usec;
} bad_helpers[] = {
        { "one that answers well, in a script too", "printf '" NO_KEY_ANSWER "'", SIGN_NO_KEY, LONG_USEC },
        { "one that hangs", "exec /bin/sleep 1000", SIGN_FAILED, SHORT_USEC },
        { "one that cannot be asked to end", "trap '' TERM INT HUP ALRM\n/bin/sleep 1000", SIGN_FAILED, SHORT_USEC },
        { "one that closes its output and hangs", "exec >&-\nexec /bin/sleep 1000", SIGN_FAILED, SHORT_USEC },
        { "one that answers and hangs", "printf '" NO_KEY_ANSWER "'\nexec /bin/sleep 1000", SIGN_FAILED, SHORT_USEC },
        { "one that crashes", "kill -SEGV $$", SIGN_FAILED, LONG_USEC },
        { "one that crashes after its answer", "printf '" NO_KEY_ANSWER "'\nkill -SEGV $$", SIGN_FAILED, LONG_USEC },
        { "one that says it failed", "printf '" NO_KEY_ANSWER "'\nexit 1", SIGN_FAILED, LONG_USEC },
        { "one that says nothing", "exit 0", SIGN_FAILED, LONG_USEC },
        { "one that floods", "exec /bin/cat /dev/zero", SIGN_FAILED, LONG_USEC },
        { "one that says a little too much", "/usr/bin/head -c 20481 /dev/zero", SIGN_FAILED, LONG_USEC },
        { "one that says nonsense", "echo hello", SIGN_FAILED, LONG_USEC },
        { "one that leaves a child with its output", "/bin/sleep 1000 &\nprintf '" NO_KEY_ANSWER "'", SIGN_NO_KEY, LONG_USEC },
};

static void test_bad_helpers(void **state) {
        (void)state;
        put("p256", OWN);
        for (size_t i = 0; i < ELEMENTSOF(bad_helpers); i++) {
                _cleanup_(signer_freep) Signer *signer = NULL;

                write_program(bad_helpers[i].script);
                signer = make_signer(path_of("program"), NULL, bad_helpers[i].timeout_usec);
                expect(bad_helpers[i].name, signer, OWN, PIN, bad_helpers[i].status, -1);
                expect_no_children();
        }

        {
                _cleanup_(signer_freep) Signer *missing = make_signer("/nowhere/itax-sign", NULL, LONG_USEC);

                expect("one that is not there", missing, OWN, PIN, SIGN_FAILED, -1);
        }
        take_away(OWN);
}

static bool process_runs(long pid) {
        char path[64], text[512];
        const char *state;

        (void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
        if (file_read(path, text, sizeof(text)) == 0)
                return false;
        state = strrchr(text, ')');
        return state && state[2] != 'Z' && state[2] != 'X';
}

static void test_grandchildren(void **state) {
        _cleanup_(signer_freep) Signer *signer = NULL;
        char script[2 * PATH_MAX], text[32];
        long pid;

        (void)state;
        put("p256", OWN);
        (void)snprintf(script, sizeof(script), "/bin/sleep 1000 &\necho $! >%s/child\nprintf '" NO_KEY_ANSWER "'", here.base);
        write_program(script);
        signer = make_signer(path_of("program"), NULL, LONG_USEC);
        expect("a child is left", signer, OWN, PIN, SIGN_NO_KEY, -1);
        (void)file_read(path_of("child"), text, sizeof(text));
        pid = strtol(text, NULL, 10);
        assert_true(pid > 1);
        for (int i = 0; i < 500 && process_runs(pid); i++)
                (void)sd_event_run(here.event, 10 * USEC_PER_MSEC);
        assert_false(process_runs(pid));
        take_away(OWN);
}

/* threats 90: nothing of the daemon's is inherited */
static void test_clean_start(void **state) {
        _cleanup_(signer_freep) Signer *signer = NULL;
        char script[3 * PATH_MAX], text[8192], *ignored;
        sigset_t mask, before;
        int fd;

        (void)state;
        put("p256", OWN);
        assert_int_equal(setenv("SECRET_OF_ITAXD", "yes", 1), 0);
        fd = fcntl(STDERR_FILENO, F_DUPFD, 77); /* not close-on-exec */
        assert_true(fd >= 77);
        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGUSR1);
        assert_int_equal(sigprocmask(SIG_BLOCK, &mask, &before), 0);
        (void)signal(SIGUSR2, SIG_IGN);

        (void)snprintf(script, sizeof(script),
                       "/bin/cat /proc/$$/environ >%s/seen-environ\n/bin/cat /proc/self/status >%s/seen-status\n"
                       "/bin/ls /proc/$$/fd >%s/seen-fds\n/bin/cat /proc/$$/stat >%s/seen-stat\nprintf '" NO_KEY_ANSWER "'",
                       here.base, here.base, here.base, here.base);
        write_program(script);
        signer = make_signer(path_of("program"), NULL, LONG_USEC);
        expect("a look around", signer, OWN, PIN, SIGN_NO_KEY, -1);

        assert_int_equal(file_read(path_of("seen-environ"), text, sizeof(text)), 0);
        (void)file_read(path_of("seen-status"), text, sizeof(text));
        assert_non_null(strstr(text, "SigBlk:\t0000000000000000"));
        ignored = strstr(text, "SigIgn:\t");
        assert_non_null(ignored);
        /* 32 and 33 are the C library's own, which it sets so in every posix_spawn(3). */
        assert_int_equal(strtoull(ignored + strlen("SigIgn:\t"), NULL, 16) & ~(3ULL << 31), 0);
        (void)file_read(path_of("seen-fds"), text, sizeof(text));
        assert_non_null(strstr(text, "\n3\n"));
        assert_null(strstr(text, "\n4\n")); /* 10 and 11 are the shell's own */
        assert_null(strstr(text, "77"));

        (void)signal(SIGUSR2, SIG_DFL);
        assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
        assert_int_equal(close(fd), 0);
        take_away(OWN);
}

/* Whether no rest of the PIN is in our memory (threats 83). It is looked for turned around, so that what
 * looks is not found itself. */
static size_t memory_count(const char *backwards) {
        size_t n = strlen(backwards), n_hits = 0, n_buffer = 1U << 16;
        _cleanup_(freep) char *buffer = malloc(n_buffer);
        FILE *maps = fopen("/proc/self/maps", "re");
        int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
        char line[512];

        assert_non_null(buffer);
        assert_non_null(maps);
        assert_true(fd >= 0);
        while (fgets(line, sizeof(line), maps)) {
                unsigned long begin, end;
                char rights[8];

                if (sscanf(line, "%lx-%lx %7s", &begin, &end, rights) != 3 || rights[1] != 'w' || end - begin > (64UL << 20))
                        continue;
                for (unsigned long at = begin; at < end; at += n_buffer - n) {
                        ssize_t n_read = pread(fd, buffer, end - at < n_buffer ? end - at : n_buffer, (off_t)at);

                        for (ssize_t i = 0; i + (ssize_t)n <= n_read; i++) {
                                size_t k = 0;

                                /* The buffer holds itself when it comes to its own place. */
                                if (at + (size_t)i >= (unsigned long)(uintptr_t)buffer &&
                                    at + (size_t)i < (unsigned long)(uintptr_t)buffer + n_buffer)
                                        continue;
                                while (k < n && buffer[i + (ssize_t)k] == backwards[n - 1 - k])
                                        k++;
                                n_hits += k == n;
                        }
                }
        }
        (void)fclose(maps);
        (void)close(fd);
        return n_hits;
}

static void test_memory(void **state) {
        static const char backwards[] = "tsrif-eht-ton-NIP-laiceps-yrev-a";
        _cleanup_(signer_freep) Signer *signer = make_signer(here.program, NULL, LONG_USEC);
        _cleanup_(secret_freep) Secret *pin = NULL;
        Waiter waiter = {};

        (void)state;
        put("p256", OWN);
        assert_int_equal(secret_new(64, &pin), 0);
        for (size_t i = sizeof(backwards) - 1; i > 0; i--)
                assert_int_equal(secret_append(pin, &backwards[i - 1], 1), 0);
        assert_true(memory_count(backwards) >= 1); /* it does find it */

        assert_int_equal(signer_sign(signer, OWN, pin, TEXT, on_signed, &waiter, &waiter.job), 0);
        pin = secret_free(pin);
        waiter_wait(&waiter);
        assert_int_equal(waiter.result.status, SIGN_WRONG_PIN);
        assert_int_equal(memory_count(backwards), 0);
        waiter_done(&waiter);

        /* Cancelled while it runs. */
        waiter = (Waiter){};
        assert_int_equal(secret_new(64, &pin), 0);
        for (size_t i = sizeof(backwards) - 1; i > 0; i--)
                assert_int_equal(secret_append(pin, &backwards[i - 1], 1), 0);
        assert_int_equal(signer_sign(signer, OWN, pin, TEXT, on_signed, &waiter, &waiter.job), 0);
        pin = secret_free(pin);
        assert_true(sd_event_run(here.event, 0) >= 0);
        waiter_done(&waiter);
        expect_no_children();
        assert_int_equal(memory_count(backwards), 0);
        take_away(OWN);
}

static size_t lines_of(const char *name) {
        _cleanup_(freep) char *text = calloc(1, 65536);
        size_t n = 0;

        assert_non_null(text);
        (void)file_read(path_of("%s", name), text, 65536);
        for (const char *p = text; *p; p++)
                n += *p == '\n';
        return n;
}

static void test_queue(void **state) {
        _cleanup_(signer_freep) Signer *signer = NULL;
        Waiter waiters[20];
        char script[PATH_MAX + 64];

        (void)state;
        set_mode("plain");
        (void)unlink(path_of("started"));
        (void)snprintf(script, sizeof(script), "echo x >>%s/started\nexec /bin/sleep 1000", here.base);
        write_program(script);
        signer = make_signer(path_of("program"), here.module, LONG_USEC);
        for (size_t i = 0; i < ELEMENTSOF(waiters); i++)
                waiter_start(signer, OWN, PIN, &waiters[i]);
        for (int i = 0; i < 1000 && lines_of("started") < SIGNER_HELPERS_MAX; i++)
                (void)sd_event_run(here.event, 10 * USEC_PER_MSEC);
        for (int i = 0; i < 20; i++)
                (void)sd_event_run(here.event, 10 * USEC_PER_MSEC);
        assert_int_equal(lines_of("started"), SIGNER_HELPERS_MAX);

        /* Two leave, two more get their turn; then all leave, also those that wait. */
        waiter_done(&waiters[0]);
        waiter_done(&waiters[19]);
        waiter_done(&waiters[3]);
        for (int i = 0; i < 1000 && lines_of("started") < SIGNER_HELPERS_MAX + 2; i++)
                (void)sd_event_run(here.event, 10 * USEC_PER_MSEC);
        assert_int_equal(lines_of("started"), SIGNER_HELPERS_MAX + 2);
        for (size_t i = 0; i < ELEMENTSOF(waiters); i++)
                waiter_done(&waiters[i]);
        expect_no_children();
        for (size_t i = 0; i < ELEMENTSOF(waiters); i++)
                assert_int_equal(waiters[i].n_calls, 0);
}

static void test_many(void **state) {
        _cleanup_(signer_freep) Signer *signer = make_signer(here.program, NULL, LONG_USEC);
        Waiter waiters[SIGNER_JOBS_MAX / 8];

        (void)state;
        put("p256", OWN);
        for (size_t i = 0; i < ELEMENTSOF(waiters); i++)
                waiter_start(signer, OWN, PIN, &waiters[i]);
        signer = signer_free(signer); /* jobs go on */
        for (size_t i = 0; i < ELEMENTSOF(waiters); i++) {
                waiter_wait(&waiters[i]);
                assert_int_equal(waiters[i].result.status, SIGN_OK);
                waiter_done(&waiters[i]);
        }
        take_away(OWN);
}

static void test_too_many(void **state) {
        _cleanup_(signer_freep) Signer *signer = make_signer(here.program, NULL, LONG_USEC);
        SignerJob *jobs[SIGNER_JOBS_MAX], *one_more = NULL;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(jobs); i++)
                assert_int_equal(signer_sign(signer, OWN, NULL, TEXT, on_signed, NULL, &jobs[i]), 0);
        assert_int_equal(signer_sign(signer, OWN, NULL, TEXT, on_signed, NULL, &one_more), -EAGAIN);
        for (size_t i = 0; i < ELEMENTSOF(jobs); i++)
                jobs[i] = signer_job_free(jobs[i]);
}

/* design.md D7: guessing in parallel gains nothing */
static void test_parallel_guesses(void **state) {
        _cleanup_(signer_freep) Signer *signer = NULL;
        Waiter waiters[40];
        char script[PATH_MAX + 128];
        unsigned n_wrong = 0, n_locked = 0;

        (void)state;
        put("p256", OWN);
        (void)unlink(path_of("guesses"));
        (void)snprintf(script, sizeof(script), "echo x >>%s/guesses\nprintf '11:itax-sign 1,9:wrong-pin,2:-1,0:,0:,0:,0:,'", here.base);
        write_program(script);
        signer = make_signer(path_of("program"), NULL, LONG_USEC);
        for (size_t i = 0; i < ELEMENTSOF(waiters); i++)
                waiter_start(signer, OWN, "654321", &waiters[i]);
        for (size_t i = 0; i < ELEMENTSOF(waiters); i++) {
                waiter_wait(&waiters[i]);
                n_wrong += waiters[i].result.status == SIGN_WRONG_PIN;
                n_locked += waiters[i].result.status == SIGN_PIN_LOCKED;
                waiter_done(&waiters[i]);
        }
        assert_int_equal(lines_of("guesses"), SIGNER_FILE_TRIES);
        assert_int_equal(n_wrong, SIGNER_FILE_TRIES - 1);
        assert_int_equal(n_locked, ELEMENTSOF(waiters) - n_wrong);
        take_away(OWN);
}

static void on_signed_free(SignerJob *job, Signed *result, void *userdata) {
        (void)result;
        (void)signer_job_free(job);
        *(unsigned *)userdata += 1;
}

static void test_free_inside(void **state) {
        Signer *signer = make_signer(here.program, NULL, LONG_USEC);
        unsigned n_calls = 0;
        SignerJob *job;

        (void)state;
        assert_int_equal(signer_sign(signer, OWN, NULL, TEXT, on_signed_free, &n_calls, &job), 0);
        signer = signer_free(signer);
        for (int i = 0; i < 100 && n_calls == 0; i++)
                (void)sd_event_run(here.event, 50 * USEC_PER_MSEC);
        assert_int_equal(n_calls, 1);
}

/* The event loop goes first, as when itaxd ends: nothing is left, the process is ended. */
static void test_loop_ends(void **state) {
        sd_event *event = here.event;
        Signer *signer;
        Waiter waiter;

        (void)state;
        put("p256", OWN);
        write_program("exec /bin/sleep 1000");
        assert_true(sd_event_new(&here.event) >= 0);
        signer = make_signer(path_of("program"), NULL, LONG_USEC);
        waiter_start(signer, OWN, PIN, &waiter);
        assert_true(sd_event_run(here.event, 0) >= 0);
        waiter_done(&waiter);
        signer = signer_free(signer);
        here.event = sd_event_unref(here.event);
        here.event = event;

        assert_null(signer);
        while (waitpid(-1, NULL, 0) > 0) /* it was ended, or this would hang */
                ;
        take_away(OWN);
}

static const struct {
        const char *name, *answer;
        int r;
        SignStatus status;
        int tries_left;
} answers[] = {
        { "a wrong PIN", "11:itax-sign 1,9:wrong-pin,1:2,0:,0:,0:,0:,", 0, SIGN_WRONG_PIN, 2 },
        { "a locked token", "11:itax-sign 1,10:pin-locked,1:0,0:,0:,0:,0:,", 0, SIGN_PIN_LOCKED, 0 },
        { "no key", "11:itax-sign 1,6:no-key,2:-1,0:,0:,0:,3:why,", 0, SIGN_NO_KEY, -1 },
        { "a bad source is a failure", "11:itax-sign 1,10:bad-source,2:-1,0:,0:,0:,3:why,", 0, SIGN_FAILED, -1 },
        { "a failure", "11:itax-sign 1,6:failed,2:99,0:,0:,0:,0:,", 0, SIGN_FAILED, 99 },
        { "a signature", "11:itax-sign 1,2:ok,2:-1,5:ES256,31:-----BEGIN CERTIFICATE-----\nAAA,4:ab-_,0:,", 0, SIGN_OK, -1 },
        { "nothing", "", -EBADMSG, 0, 0 },
        { "another version", "11:itax-sign 2,6:failed,2:-1,0:,0:,0:,0:,", -EBADMSG, 0, 0 },
        { "no such word", "11:itax-sign 1,4:fine,2:-1,0:,0:,0:,0:,", -EBADMSG, 0, 0 },
        { "no tries", "11:itax-sign 1,6:failed,0:,0:,0:,0:,0:,", -EBADMSG, 0, 0 },
        { "three digits of tries", "11:itax-sign 1,6:failed,3:100,0:,0:,0:,0:,", -EBADMSG, 0, 0 },
        { "negative tries", "11:itax-sign 1,6:failed,2:-2,0:,0:,0:,0:,", -EBADMSG, 0, 0 },
        { "a field too few", "11:itax-sign 1,6:failed,2:-1,0:,0:,0:,", -EBADMSG, 0, 0 },
        { "a field too many", "11:itax-sign 1,6:failed,2:-1,0:,0:,0:,0:,0:,", -EBADMSG, 0, 0 },
        { "something behind it", "11:itax-sign 1,6:failed,2:-1,0:,0:,0:,0:,\n", -EBADMSG, 0, 0 },
        { "cut off", "11:itax-sign 1,6:failed,2:-1,0:,0:,0:,0:", -EBADMSG, 0, 0 },
        { "a signature without its certificate", "11:itax-sign 1,2:ok,2:-1,5:ES256,0:,4:abcd,0:,", -EBADMSG, 0, 0 },
        { "a signature of another kind", "11:itax-sign 1,2:ok,2:-1,5:PS256,31:-----BEGIN CERTIFICATE-----\nAAA,4:abcd,0:,", -EBADMSG, 0, 0 },
        { "a signature that is none", "11:itax-sign 1,2:ok,2:-1,5:ES256,31:-----BEGIN CERTIFICATE-----\nAAA,4:ab=d,0:,", -EBADMSG, 0, 0 },
        { "an empty signature", "11:itax-sign 1,2:ok,2:-1,5:ES256,31:-----BEGIN CERTIFICATE-----\nAAA,0:,0:,", -EBADMSG, 0, 0 },
        { "a key in the place of a certificate", "11:itax-sign 1,2:ok,2:-1,5:ES256,31:-----BEGIN certificate-----\nAAA,4:abcd,0:,", -EBADMSG, 0, 0 },
        { "an escape sequence in a certificate", "11:itax-sign 1,2:ok,2:-1,5:ES256,31:-----BEGIN CERTIFICATE-----\n\033AA,4:abcd,0:,", -EBADMSG, 0, 0 },
        { "a failure with a signature", "11:itax-sign 1,6:failed,2:-1,0:,0:,4:abcd,0:,", -EBADMSG, 0, 0 },
};

static void test_answers(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(answers); i++) {
                _cleanup_(signed_done) Signed result = {};
                _cleanup_(freep) char *detail = NULL;
                int r = message_read(answers[i].answer, strlen(answers[i].answer), &result, &detail);

                if (r != answers[i].r || (r == 0 && (result.status != answers[i].status || result.tries_left != answers[i].tries_left)))
                        fail_msg("%s: %d, status %d, tries %d", answers[i].name, r, result.status, result.tries_left);
        }
}

/* Every cut and every flipped bit of a good answer is refused, or is another good one; none is read beyond. */
static void test_answer_flips(void **state) {
        static const char good[] = "11:itax-sign 1,2:ok,2:-1,5:ES256,31:-----BEGIN CERTIFICATE-----\nAAA,4:ab-_,3:why,";

        (void)state;
        for (size_t n = 0; n < sizeof(good) - 1; n++) {
                _cleanup_(freep) char *copy = malloc(n ? n : 1), *detail = NULL;
                Signed result = {};

                assert_non_null(copy);
                memcpy(copy, good, n);
                assert_int_equal(message_read(copy, n, &result, &detail), -EBADMSG);
        }
        for (size_t i = 0; i < 8 * (sizeof(good) - 1); i++) {
                _cleanup_(signed_done) Signed result = {};
                _cleanup_(freep) char *copy = malloc(sizeof(good) - 1), *detail = NULL;
                int r;

                assert_non_null(copy);
                memcpy(copy, good, sizeof(good) - 1);
                copy[i / 8] = (char)(copy[i / 8] ^ (1 << (i % 8)));
                r = message_read(copy, sizeof(good) - 1, &result, &detail);
                assert_true(r == -EBADMSG || (r == 0 && result.status == SIGN_OK));
        }
}

static void test_message_limits(void **state) {
        _cleanup_(freep) char *wide = malloc(SIGNING_REQUEST_BYTES + 1);
        MessageRequest request = { .source = "pkcs11", .path = "/x", .unit = OWN, .seconds = 10, .pin = NULL, .text = wide };
        Message message = { .fd = -1 };

        (void)state;
        assert_non_null(wide);
        memset(wide, 'x', SIGNING_REQUEST_BYTES);
        wide[SIGNING_REQUEST_BYTES] = '\0';
        assert_int_equal(message_new(&request, &message), -ENOBUFS);
        assert_int_equal(message.fd, -1);
        message_done(&message);
}

static void test_tries(void **state) {
        Tries tries = { .n_max = 3, .lock_usec = 100 };

        (void)state;
        assert_int_equal(tries_begin(&tries, OWN, 1), 0);
        assert_int_equal(tries_begin(&tries, OWN, 1), 0);
        assert_int_equal(tries_begin(&tries, OWN, 1), 0);
        assert_int_equal(tries_begin(&tries, OWN, 1), TRIES_E_BUSY);
        assert_int_equal(tries_begin(&tries, OTHER, 1), 0);
        assert_int_equal(tries_end(&tries, OWN, TRIES_WRONG, 2), 2);
        assert_int_equal(tries_begin(&tries, OWN, 2), TRIES_E_BUSY);
        assert_int_equal(tries_end(&tries, OWN, TRIES_UNKNOWN, 3), 2);
        assert_int_equal(tries_begin(&tries, OWN, 3), 0);
        assert_int_equal(tries_end(&tries, OWN, TRIES_WRONG, 4), 1);
        assert_int_equal(tries_end(&tries, OWN, TRIES_WRONG, 5), 0);
        assert_int_equal(tries_begin(&tries, OWN, 6), TRIES_E_LOCKED);
        assert_int_equal(tries_begin(&tries, OWN, 104), TRIES_E_LOCKED);
        assert_int_equal(tries_begin(&tries, OWN, 105), 0);
        assert_int_equal(tries_end(&tries, OWN, TRIES_WRONG, 106), 2);
        assert_int_equal(tries_begin(&tries, OWN, 107), 0);
        assert_int_equal(tries_end(&tries, OWN, TRIES_RIGHT, 108), 3);
        assert_int_equal(tries_end(&tries, OTHER, TRIES_RIGHT, 108), 3);
        assert_null(tries.first);
        assert_int_equal(tries_begin(&tries, OWN, 1), 0);
        tries_done(&tries);
        tries_done(&tries);
}

/* The program by itself: what is no request gets no answer. */
static const struct {
        const char *name, *request;
} bad_requests[] = {
        { "nothing", "" },
        { "no fields", "hello" },
        { "another version", "11:itax-sign 2,6:pkcs12,2:/x,18:" OWN ",2:10,1:1,1:x," },
        { "no such source", "11:itax-sign 1,6:pkcs13,2:/x,18:" OWN ",2:10,1:1,1:x," },
        { "a path that is not absolute", "11:itax-sign 1,6:pkcs12,1:x,18:" OWN ",2:10,1:1,1:x," },
        { "a path beside a descriptor", "11:itax-sign 1,17:pkcs12-descriptor,2:/x,18:" OWN ",2:10,1:1,1:x," },
        { "no unit code", "11:itax-sign 1,6:pkcs12,2:/x,4:unit,2:10,1:1,1:x," },
        { "no time", "11:itax-sign 1,6:pkcs12,2:/x,18:" OWN ",1:0,1:1,1:x," },
        { "too much time", "11:itax-sign 1,6:pkcs12,2:/x,18:" OWN ",3:121,1:1,1:x," },
        { "time with a sign", "11:itax-sign 1,6:pkcs12,2:/x,18:" OWN ",2:+1,1:1,1:x," },
        { "a field too few", "11:itax-sign 1,6:pkcs12,2:/x,18:" OWN ",2:10,1:1," },
        { "something behind it", "11:itax-sign 1,6:pkcs12,2:/x,18:" OWN ",2:10,1:1,1:x,\n" },
};

static void test_bad_requests(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(bad_requests); i++) {
                file_write(path_of("request"), 0600, bad_requests[i].request);
                shell("cd %s && ! %s <request >answer 2>told && ! test -s answer && grep -q 'no request' told",
                      here.base, here.program);
        }
        shell("cd %s && ! %s --help >answer 2>told && grep -q Usage told", here.base, here.program);
        file_write(path_of("request"), 0600, "11:itax-sign 1,6:pkcs12,2:/x,18:" OWN ",2:10,1:1,1:x,");
        shell("cd %s && %s <request >answer && grep -q no-key answer", here.base, here.program);
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
        (void)st, (void)kind, (void)ftw;
        return remove(path);
}

static int count_fds(void) {
        int n = 0;

        for (int fd = 0; fd < 256; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

#define SOFTHSM "SOFTHSM2_CONF=%s/token/softhsm2.conf "
#define HERE here.base

static void token_make(const char *label, const char *name, const char *id) {
        shell(SOFTHSM "softhsm2-util --init-token --free --label %s --pin " PIN " --so-pin 12345678 >/dev/null", HERE, label);
        shell("cd %s && openssl pkcs8 -topk8 -nocrypt -in %s.key -outform der -out key.der && "
              "openssl x509 -in %s.pem -outform der -out certificate.der", HERE, name, name);
        for (int i = 0; i < 2; i++)
                shell("cd %s && " SOFTHSM "pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label %s --login --pin "
                      PIN " --id %s --write-object %s >/dev/null 2>&1", HERE, HERE, label, id,
                      i == 0 ? "key.der --type privkey --usage-sign" : "certificate.der --type cert");
}

static int setup(void **state) {
        char self[PATH_MAX / 2];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

        (void)state;
        assert_true(n > 0);
        self[n] = '\0';
        *strrchr(self, '/') = '\0';
        *strrchr(self, '/') = '\0';
        (void)snprintf(here.program, sizeof(here.program), "%s/itax-sign", self);

        (void)umask(022);
        (void)snprintf(here.base, sizeof(here.base), "/tmp/test-signer-XXXXXX");
        assert_non_null(mkdtemp(here.base));
        (void)snprintf(here.module, sizeof(here.module), "%s/token/test-token.so", here.base);
        shell("mkdir -m 0700 %s/certificates %s/token %s/token/tokens", HERE, HERE, HERE);
        shell("install -m 0700 %s/test-token.so %s", self, here.module);
        shell("printf 'directories.tokendir = %s/token/tokens\\nobjectstore.backend = file\\nlog.level = ERROR\\n'"
              " >%s/token/softhsm2.conf", HERE, HERE);
        shell("tests/lab/certificates --pin " PIN " %s/made rsa p256 sm2 intermediate old-ciphers other-unit no-unit two-units", HERE);
        shell("tests/lab/certificates --unit " OTHER " %s/made-other p256", HERE);
        shell("tests/lab/certificates --unit " THIRD " %s/made-third sm2", HERE);
        token_make("first", "made/rsa", "01");
        token_make("second", "made-other/p256", "02");
        shell("cd %s && openssl x509 -in made-third/sm2.pem -outform der -out sm2.der && " SOFTHSM
              "pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label second --login --pin " PIN
              " --id 03 --write-object sm2.der --type cert >/dev/null 2>&1", HERE, HERE);

        here.log_file = open_memstream(&here.log, &here.n_log);
        assert_non_null(here.log_file);
        log_open("/nowhere", here.log_file);
        here.n_fds = count_fds();
        assert_true(sd_event_new(&here.event) >= 0);
        return 0;
}

static int teardown(void **state) {
        (void)state;
        expect_no_children();
        here.event = sd_event_unref(here.event); /* with the timers that it has opened */
        assert_int_equal(count_fds(), here.n_fds);
        log_open("/nowhere", stderr);
        (void)fclose(here.log_file);
        free(here.log);
        assert_int_equal(nftw(here.base, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
        return 0;
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_answer_flips),
                cmocka_unit_test(test_message_limits),
                cmocka_unit_test(test_tries),
                cmocka_unit_test(test_bad_requests),
                cmocka_unit_test(test_bad_config),
                cmocka_unit_test(test_has),
                cmocka_unit_test(test_files),
                cmocka_unit_test(test_bad_files),
                cmocka_unit_test(test_wrong_pin),
                cmocka_unit_test(test_pin_bytes),
                cmocka_unit_test(test_token),
                cmocka_unit_test(test_token_locks),
                cmocka_unit_test(test_token_removed),
                cmocka_unit_test(test_bad_modules),
                cmocka_unit_test(test_no_module),
                cmocka_unit_test(test_bad_helpers),
                cmocka_unit_test(test_grandchildren),
                cmocka_unit_test(test_clean_start),
                cmocka_unit_test(test_memory),
                cmocka_unit_test(test_queue),
                cmocka_unit_test(test_many),
                cmocka_unit_test(test_too_many),
                cmocka_unit_test(test_parallel_guesses),
                cmocka_unit_test(test_free_inside),
                cmocka_unit_test(test_loop_ends),
        };

        return cmocka_run_group_tests_name("signer", tests, setup, teardown);
}
