/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* No entropy (threats 130), in itaxd: where the kernel gives no random bytes, nothing is handed out that could be
 * guessed - no session, no key. */

#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/random.h>

#include <cmocka.h>

#include "daemon/core/mark.h"
#include "daemon/grant.h"
#include "daemon/platform/body.h"

static bool is_empty; /* the kernel's pool */

/* In the place of libc's, for everything that is linked into this program. */
ssize_t getrandom(void *buffer, size_t n, unsigned flags) {
        static ssize_t (*real)(void *, size_t, unsigned);

        if (is_empty) {
                errno = EIO;
                return -1;
        }
        if (!real)
                *(void **)&real = dlsym(RTLD_NEXT, "getrandom");
        return real(buffer, n, flags);
}

static void test_the_daemon_hands_out_nothing(void **state _unused_) {
        Secret *verifier = NULL;
        Grant *grant = NULL;
        Mark *mark = NULL;

        is_empty = true;
        assert_true(grant_new(&grant) < 0);
        assert_true(pkce_new(&verifier) < 0);
        assert_true(mark_new(&mark) < 0);
        is_empty = false;
        assert_null(grant);
        assert_null(verifier);
        assert_null(mark);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_daemon_hands_out_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
