/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* QR logins for who guesses: codes that nobody gave out, those beside one that was, and a hundred
 * who fetch the same login at once. */

#include <pthread.h>
#include <stdatomic.h>

#include "backend/misses.h"
#include "backend/model-device.h"
#include "tests/unit/backend-world.h"

#if defined(__SANITIZE_ADDRESS__)
#define GUESSES 20000 /* instrumented SQLite takes its time */
#else
#define GUESSES 500000 /* of each kind: a million together */
#endif
#define RACERS 100

static uint64_t next_number(uint64_t *seed) {
        *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
        return *seed >> 16;
}

static void login_begin(Fixture *fixture, DeviceBinding binding, int64_t now, Secret **ret_code,
                        char *ret_hash, char *ret_user_code) {
        const DeviceNew device = { .client_id = "ws", .host = "ws01", .service = "login",
                                   .binding = binding, .lifetime_sec = 120 };

        assert_int_equal(device_new(fixture->store, &device, now, ret_code, ret_user_code), 0);
        assert_int_equal(hash_hex_text(secret_text(*ret_code), ret_hash), 0);
}

/* threats 62: a thousand logins under way, a million guesses */
static void test_guesses(void **state) {
        Fixture *fixture = *state;
        char hash[HASH_HEX_BYTES + 1], user_code[USER_CODE_CHARS + 1] = "";
        Transaction transaction = {};
        size_t n_handles = 0, n_codes = 0;
        uint64_t seed = 20270115; /* the same guesses each time */
        DeviceRow row;

        fixture_begin(fixture, &transaction);
        for (size_t i = 0; i < 1000; i++) {
                _cleanup_(secret_freep) Secret *code = NULL;

                login_begin(fixture, BINDING_NONE, T0, &code, hash, user_code);
        }
        assert_int_equal(transaction_commit(&transaction), 0);
        assert_int_equal(device_find_user_code(fixture->store, user_code, T0, &row), 0);

        for (size_t i = 0; i < GUESSES; i++) {
                char text[40];

                (void)snprintf(text, sizeof(text), "%llx-", (unsigned long long)next_number(&seed));
                (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%llx",
                               (unsigned long long)next_number(&seed));
                assert_int_equal(hash_hex_text(text, hash), 0);
                n_handles += device_find(fixture->store, hash, "ws", T0, &row) != DEVICE_E_UNKNOWN;
                for (size_t j = 0; j < USER_CODE_CHARS; j++)
                        user_code[j] = USER_CODE_ALPHABET[next_number(&seed) %
                                                          (sizeof(USER_CODE_ALPHABET) - 1)];
                n_codes += device_find_user_code(fixture->store, user_code, T0, &row) !=
                           DEVICE_E_UNKNOWN;
        }
        assert_int_equal(n_handles, 0);
        assert_int_equal(n_codes, 0);
}

/* threats 62: knowing one code says nothing of what is beside it */
static void test_neighbours(void **state) {
        Fixture *fixture = *state;
        _cleanup_(secret_freep) Secret *code = NULL;
        char hash[HASH_HEX_BYTES + 1], user_code[USER_CODE_CHARS + 1];
        DeviceRow row;

        login_begin(fixture, BINDING_NONE, T0, &code, hash, user_code);
        for (size_t i = 0; i < USER_CODE_CHARS; i++)
                for (const char *c = USER_CODE_ALPHABET; *c; c++) {
                        char guess[USER_CODE_CHARS + 1];

                        memcpy(guess, user_code, sizeof(guess));
                        guess[i] = *c;
                        assert_int_equal(device_find_user_code(fixture->store, guess, T0, &row),
                                         *c == user_code[i] ? 0 : DEVICE_E_UNKNOWN);
                }
        /* each bit of the handle, and its beginning alone */
        for (size_t i = 0; i < strlen(secret_text(code)) * 7; i++) {
                char guess[128], guess_hash[HASH_HEX_BYTES + 1];

                (void)snprintf(guess, sizeof(guess), "%s", secret_text(code));
                guess[i / 7] = (char)(guess[i / 7] ^ 1 << i % 7);
                assert_int_equal(hash_hex_text(guess, guess_hash), 0);
                assert_int_equal(device_find(fixture->store, guess_hash, "ws", T0, &row),
                                 DEVICE_E_UNKNOWN);
                guess[i / 7] = '\0';
                assert_int_equal(hash_hex_text(guess, guess_hash), 0);
                assert_int_equal(device_find(fixture->store, guess_hash, "ws", T0, &row),
                                 DEVICE_E_UNKNOWN);
        }
        assert_int_equal(device_find(fixture->store, hash, "ws", T0, &row), 0);
        assert_int_equal(row.state, DEVICE_PENDING);
}

/* threats 62: who guesses with a phone is stopped, also for a code that is right, and others are
 * not; so is who guesses with a browser. Both look as if there were no such code. */
static void test_source_is_stopped(void **state) {
        World world;
        WireDeviceAnswer device = {};
        char jia[128], bing[128], path[96];
        static Answer refused, stopped;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, CLIENT_APP, world.fixture->jia, jia, sizeof(jia));
        token_make(&world, CLIENT_APP, world.fixture->bing, bing, sizeof(bing));
        device_begin(&world, "&host=ws01&service=login", &device);

        (void)snprintf(path, sizeof(path), "/app/device/%s", device.user_code);
        expect(&world, path, NULL, jia, 200, "ws01");
        for (int n = 0; n < MISSES_MAX; n++)
                ask(&world, "/app/device/AAAAAAAA", NULL, jia, &refused);
        ask(&world, path, NULL, jia, &stopped);
        assert_int_equal(stopped.status, refused.status);
        assert_string_equal(stopped.body, refused.body);
        assert_null(strstr(stopped.body, "ws01"));
        expect(&world, path, NULL, bing, 200, "ws01");
        wire_device_answer_done(&device);
        world_stop(&world);
}

typedef struct Racer {
        const Fixture *fixture;
        const char *hash, *digits;
        pthread_barrier_t *barrier;
        atomic_int *wins;
} Racer;

static void *racer_run(void *userdata) {
        const Racer *racer = userdata;
        Transaction transaction = {};
        Store *store = NULL;
        DeviceRow row;
        int64_t left;
        int r;

        r = store_open(racer->fixture->path, &store);
        if (r == 0) /* looked up by all before anybody fetches */
                r = device_find(store, racer->hash, "ws", T0, &row);
        (void)pthread_barrier_wait(racer->barrier);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r == 0)
                r = device_redeem(store, &row, racer->digits, T0, &left);
        if (r == 0 && transaction_commit(&transaction) == 0)
                (void)atomic_fetch_add(racer->wins, 1);
        transaction_done(&transaction);
        (void)store_close(store);
        return NULL;
}

/* threats 58: a hundred redemptions, all of which have seen it confirmed; with digits and not */
static void test_hundred_redemptions(void **state) {
        Fixture *fixture = *state;

        for (int digits_wanted = 0; digits_wanted < 2; digits_wanted++) {
                _cleanup_(secret_freep) Secret *code = NULL;
                char hash[HASH_HEX_BYTES + 1], user_code[USER_CODE_CHARS + 1];
                char digits[LIMIT_DIGITS + 1] = "";
                pthread_barrier_t barrier;
                pthread_t threads[RACERS];
                atomic_int wins = 0;
                DeviceRow row;
                Racer racer;

                login_begin(fixture, digits_wanted ? BINDING_DIGITS : BINDING_NONE, T0, &code, hash,
                            user_code);
                assert_int_equal(device_confirm(fixture->store, user_code, fixture->jia, T0, &row,
                                                digits),
                                 0);
                racer = (Racer){ fixture, hash, digits_wanted ? digits : NULL, &barrier, &wins };
                assert_int_equal(pthread_barrier_init(&barrier, NULL, RACERS), 0);
                for (size_t i = 0; i < RACERS; i++)
                        assert_int_equal(pthread_create(&threads[i], NULL, racer_run, &racer), 0);
                for (size_t i = 0; i < RACERS; i++)
                        assert_int_equal(pthread_join(threads[i], NULL), 0);
                (void)pthread_barrier_destroy(&barrier);
                assert_int_equal(wins, 1);
                assert_int_equal(device_find(fixture->store, hash, "ws", T0, &row), 0);
                assert_int_equal(row.state, DEVICE_REDEEMED);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_guesses),
                UNIT_TEST(test_neighbours),
                UNIT_TEST(test_source_is_stopped),
                UNIT_TEST(test_hundred_redemptions),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
