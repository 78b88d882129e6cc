/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* itax-backend: the platform, in one program. Exit status 0, 1 when it could not be done, 2 for a
 * wrong command line, 3 when a command's store failed. */

#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "backend/commands.h"
#include "backend/options.h"
#include "backend/store.h"
#include "lib/common/secret.h"
#include "lib/wire/wire.h"

static void *crypto_malloc(size_t n, const char *file _unused_, int line _unused_) {
        return wipe_malloc(n);
}

static void *crypto_realloc(void *p, size_t n, const char *file _unused_, int line _unused_) {
        return wipe_realloc(p, n);
}

static void crypto_free(void *p, const char *file _unused_, int line _unused_) {
        wipe_free(p);
}

/* Passwords pass through this process: no core file, no debugger of the same user, nothing left
 * behind by the libraries, no file that others may read. */
static void process_harden(void) {
        (void)prctl(PR_SET_DUMPABLE, 0);
        (void)setrlimit(RLIMIT_CORE, &(const struct rlimit){});
        (void)umask(077);
        (void)unsetenv("SSLKEYLOGFILE");
        (void)CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
        wire_init_process();
        store_init_process();
}

int main(int argc, char **argv) {
        Options options;
        int r;

        process_harden();
        r = options_read(argc, argv, &options);
        if (r != 0)
                return r == OPTIONS_E_SHOWN ? EXIT_SUCCESS : 2;

        if (options.command != COMMAND_SERVE)
                return command_run(&options);
        return server_run(&options.server) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
