/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Password storage (threats 116): a memory-hard hash of its own salt, at least as costly as argon2id with 19
 * MiB, and nothing in the store from which a password, a code or a token could be read. */

#include <crypt.h>

#include "backend/hash-pool.h"
#include "tests/unit/browser.h"

#define STORE_BYTES_MAX (16U * 1024U * 1024U)

static void test_a_hash_is_costly_and_of_its_own_salt(void **state) {
        char first[CRYPT_OUTPUT_SIZE] = "", second[CRYPT_OUTPUT_SIZE] = "", setting[CRYPT_GENSALT_OUTPUT_SIZE];

        (void)state;
        real_hash("Jia-pass1", first);
        real_hash("Jia-pass1", second);
        assert_string_not_equal(first, second);
        assert_int_equal(strncmp(first, "$y$", 3), 0);
        assert_string_equal(crypt("Jia-pass1", first), first);
        assert_string_not_equal(crypt("Jia-pass2", first), first);

        /* crypt(5): N = 2^(6 + 10 - 1) blocks of 1 KiB, 32 MiB */
        assert_true(HASH_COST >= 6);
        assert_non_null(crypt_gensalt_rn("$y$", HASH_COST, NULL, 0, setting, sizeof(setting)));
        assert_int_equal(strncmp(first, setting, strlen("$y$jBT$")), 0);
}

/* Every byte of the files, journal and all. */
static bool holds(const World *world, const char *text) {
        static const char *const ends[] = { "", "-wal", "-journal" };
        bool found = false;

        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                _cleanup_(freep) char *bytes = NULL;
                char path[512];
                FILE *file;
                size_t n;

                (void)snprintf(path, sizeof(path), "%s%s", world->fixture->path, ends[i]);
                file = fopen(path, "r");
                if (!file)
                        continue;
                bytes = malloc(STORE_BYTES_MAX);
                assert_non_null(bytes);
                n = fread(bytes, 1, STORE_BYTES_MAX, file);
                assert_true(n < STORE_BYTES_MAX);
                (void)fclose(file);
                found |= memmem(bytes, n, text, strlen(text)) != NULL;
        }
        return found;
}

static void test_the_store_holds_no_secret(void **state) {
        char token[64];
        WireDeviceAnswer device = {};
        Browser browser = BROWSER;
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, "ws", world.fixture->jia, token, sizeof(token));
        browser_login(&world, &browser, "ceshi_jia", "Jia-pass1");
        device_begin(&world, "", &device);
        assert_true(holds(&world, "ceshi_jia")); /* it is the store */
        assert_false(holds(&world, "Jia-pass1"));
        assert_false(holds(&world, SECRET));
        assert_false(holds(&world, token));
        assert_false(holds(&world, secret_text(device.device_code)));
        assert_true(*browser.cookie);
        assert_false(holds(&world, strchr(browser.cookie, '=') + 1));
        wire_device_answer_done(&device);
        world_stop(&world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_hash_is_costly_and_of_its_own_salt),
                UNIT_TEST(test_the_store_holds_no_secret),
        };

        wire_init_process();
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
