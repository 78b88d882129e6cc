/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* itax-sign: makes one signature with the key of a unit, and ends
 *
 * Started by itaxd, which gives it nothing but a request, a place for the answer and perhaps one
 * open file (lib/common/signing.h). It trusts neither its environment nor the descriptors that it
 * finds, and it ends itself if it should take too long: itaxd ends it too, but not when it was
 * started by hand. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "lib/common/secret.h"
#include "lib/common/util.h"
#include "signer/answer.h"
#include "signer/file.h"
#include "signer/request.h"
#include "signer/token.h"

enum {
        EXIT_OK = 0,
        EXIT_TROUBLE = 1,
        EXIT_USAGE = 2,
};

/* Where memory is short this process is to go, and not itaxd, whose value it inherited. */
static void offer_as_victim(void) {
        _cleanup_(closep) int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

        if (fd >= 0)
                (void)!write(fd, "500", 3);
}

/* Nothing of the PIN is left for others to read, and nothing from outside has a say. */
static void process_close_up(void) {
        const struct rlimit none = {};
        sigset_t mask;

        offer_as_victim(); /* not allowed any more when it cannot be dumped */
        (void)prctl(PR_SET_DUMPABLE, 0);
        (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)umask(077);
        (void)clearenv();
        (void)close_range(SIGNING_FILE_DESCRIPTOR + 1, ~0U, 0);

        (void)signal(SIGALRM, SIG_DFL);
        (void)signal(SIGPIPE, SIG_DFL);
        (void)sigemptyset(&mask);
        (void)sigprocmask(SIG_SETMASK, &mask, NULL);
        (void)alarm(SIGNING_SECONDS_MAX);
}

/* Standard output is ours alone: a module may print what it likes, to nowhere. */
static int output_take(void) {
        int fd, null;

        fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, SIGNING_FILE_DESCRIPTOR + 1);
        if (fd < 0)
                return -errno;
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
                return -errno;
        return fd;
}

static void *crypto_malloc(size_t n, const char *file _unused_, int line _unused_) {
        return n ? wipe_malloc(n) : NULL;
}

static void *crypto_realloc(void *p, size_t n, const char *file _unused_, int line _unused_) {
        if (n == 0) {
                wipe_free(p);
                return NULL;
        }
        return wipe_realloc(p, n);
}

static void crypto_free(void *p, const char *file _unused_, int line _unused_) {
        wipe_free(p);
}

static void request_answer(const Request *request, Answer *answer) {
        answer->tries_left = -1;
        if (secret_size(request->pin) ==
            0) /* never a PIN, and not worth one of the token's tries */
                answer->status = SIGNING_WRONG_PIN;
        else
                answer->status = request->source == SOURCE_PKCS11 ? token_sign(request, answer) :
                                                                    file_sign(request, answer);
        if (answer->status == SIGNING_PIN_LOCKED)
                answer->tries_left = 0;
        if (answer->status != SIGNING_OK)
                answer->algorithm = NULL;
}

static int serve(int out) {
        _cleanup_(request_done) Request request = {};
        _cleanup_(answer_done) Answer answer = {};
        int r;

        r = request_read(STDIN_FILENO, &request);
        if (r < 0) {
                fputs("itax-sign: this is no request\n", stderr);
                return EXIT_USAGE;
        }

        (void)alarm(request.seconds);
        request_answer(&request, &answer);
        return answer_write(&answer, out) < 0 ? EXIT_TROUBLE : EXIT_OK;
}

int main(int argc, char **argv _unused_) {
        int out, status;

        if (argc > 1) {
                fputs("Usage: itax-sign <REQUEST >ANSWER\n"
                      "A helper of itaxd(8); doc/CERTIFICATES.md shows how to try it by hand.\n",
                      stderr);
                return EXIT_USAGE;
        }

        process_close_up();
        out = output_take();
        if (out < 0 || !CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) ||
            !OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
                return EXIT_TROUBLE;

        status = serve(out);
        /* No handlers at exit: those of a module may hang, and there is nothing left to be done. */
        _exit(status);
}
