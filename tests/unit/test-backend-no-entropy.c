/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* No entropy (threats 130), at the platform: where the kernel gives no random bytes, nothing is handed out that could be
 * guessed - no code, no token, no session. */

#include <dlfcn.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "tests/unit/browser.h"

static bool *is_empty; /* the kernel's pool; the platform is another process */

/* In the place of libc's, for everything that is linked into this program. */
ssize_t getrandom(void *buffer, size_t n, unsigned flags) {
        static ssize_t (*real)(void *, size_t, unsigned);

        if (is_empty && *is_empty) {
                errno = EIO;
                return -1;
        }
        if (!real)
                *(void **)&real = dlsym(RTLD_NEXT, "getrandom");
        return real(buffer, n, flags);
}

static int64_t count(World *world, const char *sql) {
        _cleanup_(statement_freep) Statement *statement = NULL;

        assert_int_equal(store_query(world->fixture->store, &statement, sql, ""), 0);
        assert_int_equal(statement_next(statement), 1);
        return statement_int(statement, 0);
}

static void test_the_platform_hands_out_nothing(void **state) {
        static const struct {
                const char *path, *body, *table;
        } asks[] = {
                { "/oauth2/device", C, "SELECT COUNT(*) FROM device" },
                { "/oauth2/challenge",
                  C "&username=ceshi_jia&password=Jia-pass1&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
                    "&code_challenge_method=S256&response_type=code&scope=openid",
                  "SELECT COUNT(*) FROM code" },
        };
        static Answer answer;
        Browser browser = BROWSER;
        World world;

        is_empty = mmap(NULL, sizeof(*is_empty), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(is_empty != MAP_FAILED);
        world_begin(*state, PHASE_RELATION, &world);
        for (size_t i = 0; i < ELEMENTSOF(asks); i++) {
                const int64_t n = count(&world, asks[i].table);

                *is_empty = true;
                ask(&world, asks[i].path, asks[i].body, "basic", &answer);
                *is_empty = false;
                if (answer.status < 400 || strstr(answer.body, "_code") ||
                    strstr(answer.body, "access_token"))
                        fail_msg("%s: %ld %s", asks[i].path, answer.status, answer.body);
                assert_int_equal(count(&world, asks[i].table), n);
        }

        *is_empty = true;
        browser_get(&world, &browser, "/login", &answer);
        *is_empty = false;
        assert_true(answer.status >= 500);
        assert_string_equal(browser.cookie, "");
        assert_int_equal(count(&world, "SELECT COUNT(*) FROM web_session"), 0);

        /* and goes on as if nothing had been */
        browser_login(&world, &browser, "ceshi_jia", "Jia-pass1");
        world_stop(&world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_the_platform_hands_out_nothing),
        };

        wire_init_process();
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
