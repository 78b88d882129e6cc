/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Five tries are five, whoever counts and whatever the clock does. */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "backend/model-guard.h"
#include "tests/unit/backend-fixture.h"

/* One try in a transaction of its own, as a request takes it. */
static int take_at(Store *store, const char *key, GuardCaptcha captcha, const Moment *now,
                   GuardTake *ret) {
        _cleanup_(transaction_done) Transaction transaction = {};
        int r, q;

        r = transaction_begin(store, &transaction);
        if (r < 0)
                return r;
        q = guard_take(store, key, captcha, now, ret);
        if (q < 0)
                return q;
        r = transaction_commit(&transaction);
        return r < 0 ? r : q;
}

/* The same by the wall clock alone, as another machine has it. */
static int take(Store *store, const char *key, GuardCaptcha captcha, int64_t now, GuardTake *ret) {
        return take_at(store, key, captcha, &(const Moment){ .wall_sec = now }, ret);
}

static void expect(Fixture *fixture, GuardCaptcha captcha, int64_t now, int result,
                   int64_t number) {
        GuardTake t;
        int r;

        r = take(fixture->store, "a:x", captcha, now, &t);
        if (r != result || (r == 0 && t.tries_left != number) ||
            (r == GUARD_E_LOCKED && t.retry_after_sec != number))
                fail_msg("at %lld: %d, left %lld, retry %lld", (long long)now - T0, r,
                         (long long)t.tries_left, (long long)t.retry_after_sec);
}

static void lock_at(Fixture *fixture, int64_t now) {
        expect(fixture, GUARD_CAPTCHA_NONE, now, 0, 4);
        for (int64_t left = 3; left >= 0; left--)
                expect(fixture, GUARD_CAPTCHA_SOLVED, now, 0, left);
}

/* threats 45 */
static void test_five(void **state) {
        Fixture *fixture = *state;

        lock_at(fixture, T0);
        expect(fixture, GUARD_CAPTCHA_SOLVED, T0, GUARD_E_LOCKED, GUARD_LOCK_SEC);
        expect(fixture, GUARD_CAPTCHA_SOLVED, T0 + 1, GUARD_E_LOCKED, GUARD_LOCK_SEC - 1);
        expect(fixture, GUARD_CAPTCHA_SOLVED, T0 + 119 * 60 + 59, GUARD_E_LOCKED, 1);
        expect(fixture, GUARD_CAPTCHA_NONE, T0 + 120 * 60 + 1, 0, 4);
}

static void test_exactly_120_minutes(void **state) {
        Fixture *fixture = *state;

        lock_at(fixture, T0);
        expect(fixture, GUARD_CAPTCHA_NONE, T0 + 120 * 60, 0, 4);
        /* and the next needs a captcha again */
        expect(fixture, GUARD_CAPTCHA_NONE, T0 + 120 * 60, GUARD_E_CAPTCHA, 0);
}

static void test_captcha_takes_no_try(void **state) {
        Fixture *fixture = *state;

        expect(fixture, GUARD_CAPTCHA_NONE, T0, 0, 4);
        for (int i = 0; i < 20; i++)
                expect(fixture, GUARD_CAPTCHA_NONE, T0, GUARD_E_CAPTCHA, 0);
        expect(fixture, GUARD_CAPTCHA_SOLVED, T0, 0, 3);
}

/* threats 126, R21: a clock that goes back makes a lock longer, never shorter */
static void test_clock_back(void **state) {
        Fixture *fixture = *state;

        lock_at(fixture, T0);
        expect(fixture, GUARD_CAPTCHA_SOLVED, T0 - 3 * 3600, GUARD_E_LOCKED, 5 * 3600);
        expect(fixture, GUARD_CAPTCHA_SOLVED, 0, GUARD_E_LOCKED, 86400);
        expect(fixture, GUARD_CAPTCHA_SOLVED, T0 + GUARD_LOCK_SEC - 1, GUARD_E_LOCKED, 1);
        expect(fixture, GUARD_CAPTCHA_NONE, T0 + GUARD_LOCK_SEC, 0, 4);
}

/* threats 126: a lock by both clocks; a row is one moment and what comes out */
#define BOOT_ONE "5b0f7c1e-0000-4000-8000-000000000001"
#define BOOT_TWO "5b0f7c1e-0000-4000-8000-000000000002"
#define LOCKED_FOR(seconds) GUARD_E_LOCKED, (seconds)

static const struct {
        const char *sentence;
        Moment now; /* since the lock was set, on a machine that has been up for an hour */
        int result;
        int64_t number; /* seconds left, or tries */
} jump_cases[] = {
        { "an honest minute", { 60, 60, BOOT_ONE }, LOCKED_FOR(GUARD_LOCK_SEC - 60) },
        { "the last second", { 7199, 7199, BOOT_ONE }, LOCKED_FOR(1) },
        { "the end", { 7200, 7200, BOOT_ONE }, 0, 4 },
        { "three hours forward", { 3 * 3600, 1, BOOT_ONE }, LOCKED_FOR(GUARD_LOCK_SEC - 1) },
        { "ten years forward", { 315360000, 60, BOOT_ONE }, LOCKED_FOR(GUARD_LOCK_SEC - 60) },
        { "ten years forward, and the time is over", { 315360000, 7200, BOOT_ONE }, 0, 4 },
        { "three hours back", { -3 * 3600, 1, BOOT_ONE }, LOCKED_FOR(5 * 3600) },
        { "three hours back, and the time is over",
          { -3 * 3600, 7201, BOOT_ONE },
          LOCKED_FOR(5 * 3600) },
        { "back to 1970", { -T0, 60, BOOT_ONE }, LOCKED_FOR(86400) },
        { "a leap second", { 7199, 7200, BOOT_ONE }, LOCKED_FOR(1) },
        { "a leap second the other way", { 7200, 7199, BOOT_ONE }, LOCKED_FOR(1) },
        { "another boot, by the wall clock", { 60, -3500, BOOT_TWO }, LOCKED_FOR(7140) },
        { "another boot, and the time is over", { 7200, -3500, BOOT_TWO }, 0, 4 },
        { "a machine that does not tell its boot", { 7200, 0, "" }, 0, 4 },
};

static void test_jumps(void **state) {
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(jump_cases); i++) {
                Moment then = { T0, 3600, BOOT_ONE }, now = jump_cases[i].now;
                GuardTake t;
                int r;

                for (int k = 0; k < GUARD_TRIES; k++)
                        assert_int_equal(
                                take_at(fixture->store, "a:x", GUARD_CAPTCHA_SOLVED, &then, &t), 0);
                now.wall_sec += T0;
                now.boot_sec += 3600;
                /* threats 49: nor does a restart of the server change it */
                fixture->store = store_close(fixture->store);
                assert_int_equal(store_open(fixture->path, &fixture->store), 0);
                r = take_at(fixture->store, "a:x", GUARD_CAPTCHA_NONE, &now, &t);
                if (r != jump_cases[i].result ||
                    (r == 0 ? t.tries_left : t.retry_after_sec) != jump_cases[i].number)
                        fail_msg("%s: %d, tries %lld, retry %lld", jump_cases[i].sentence, r,
                                 (long long)t.tries_left, (long long)t.retry_after_sec);
                assert_int_equal(guard_reset(fixture->store, "a:x"), 0);
        }
}

static void test_moment(void **state) {
        Moment a, b;

        (void)state;
        clock_moment(&a);
        clock_moment(&b);
        assert_int_equal(strlen(a.boot_id), BOOT_ID_BYTES);
        assert_string_equal(a.boot_id, b.boot_id);
        assert_true(b.boot_sec >= a.boot_sec && a.boot_sec > 0);
}

/* threats 45: four wrong and one right: in, and nothing is remembered */
static void test_give_back(void **state) {
        Fixture *fixture = *state;
        GuardTake t;

        for (int i = 0; i < 4; i++)
                assert_int_equal(take(fixture->store, "a:x", GUARD_CAPTCHA_SOLVED, T0, &t), 0);
        assert_int_equal(take(fixture->store, "a:x", GUARD_CAPTCHA_SOLVED, T0, &t), 0);
        assert_int_equal(t.tries_left, 0);
        assert_int_equal(t.locked_until, T0 + GUARD_LOCK_SEC);
        assert_int_equal(guard_give_back(fixture->store, "a:x", &t), 0);
        expect(fixture, GUARD_CAPTCHA_NONE, T0, 0, 4);
}

/* threats 50: a success does not lift a lock that another try has set */
static void test_lock_of_another(void **state) {
        Fixture *fixture = *state;
        GuardTake first, t;

        assert_int_equal(take(fixture->store, "a:x", GUARD_CAPTCHA_SOLVED, T0, &first), 0);
        for (int i = 0; i < 4; i++)
                assert_int_equal(take(fixture->store, "a:x", GUARD_CAPTCHA_SOLVED, T0, &t), 0);
        assert_int_equal(guard_give_back(fixture->store, "a:x", &first), 0);
        expect(fixture, GUARD_CAPTCHA_SOLVED, T0 + 1, GUARD_E_LOCKED, GUARD_LOCK_SEC - 1);
}

/* threats 49 */
static void test_restart(void **state) {
        Fixture *fixture = *state;

        lock_at(fixture, T0);
        fixture->store = store_close(fixture->store);
        assert_int_equal(store_open(fixture->path, &fixture->store), 0);
        expect(fixture, GUARD_CAPTCHA_SOLVED, T0 + 60, GUARD_E_LOCKED, GUARD_LOCK_SEC - 60);
}

static void test_reset(void **state) {
        Fixture *fixture = *state;

        lock_at(fixture, T0);
        assert_int_equal(guard_reset(fixture->store, "a:x"), 0);
        expect(fixture, GUARD_CAPTCHA_NONE, T0, 0, 4);
}

static void test_phantoms_are_bounded(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {};
        GuardTake t;

        assert_int_equal(take(fixture->store, "p:young", GUARD_CAPTCHA_NONE, T0 + 10, &t), 0);
        assert_int_equal(take(fixture->store, "p:old", GUARD_CAPTCHA_NONE, T0 - 10, &t), 0);
        assert_int_equal(take(fixture->store, "a:x", GUARD_CAPTCHA_NONE, T0 - 20, &t), 0);
        fixture_begin(fixture, &transaction);
        assert_int_equal(
                store_run(
                        fixture->store,
                        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i"
                        " < 65535)"
                        " INSERT INTO guard (key, tries_left, phantom, touched_at) SELECT 'p:' ||"
                        " i, 4, 1, $1 FROM n",
                        "i", (int64_t)T0),
                0);
        assert_int_equal(guard_forget_phantoms(fixture->store), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM guard WHERE phantom = 1"),
                         GUARD_PHANTOMS_MAX);
        assert_int_equal(
                fixture_number(fixture, "SELECT COUNT(*) FROM guard WHERE key = 'p:young'"), 1);
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM guard WHERE key = 'p:old'"),
                         0);
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM guard WHERE key = 'a:x'"),
                         1);
}

/* threats 44: two processes, 25 threads each, 8 guesses a thread; as many as were granted are
 * tested */
enum { THREADS = 25, GUESSES = 8 };

typedef struct Race {
        const char *path;
        GuardCaptcha captcha;
        atomic_int *granted, *errors;
} Race;

static void *guess(void *userdata) {
        const Race *race = userdata;
        Store *store = NULL;

        if (store_open(race->path, &store) != 0) {
                (void)atomic_fetch_add(race->errors, 1);
                return NULL;
        }
        for (int i = 0; i < GUESSES; i++) {
                GuardTake t;
                int r = take(store, "a:x", race->captcha, T0, &t);

                if (r == 0)
                        (void)atomic_fetch_add(race->granted, 1);
                else if (r < 0)
                        (void)atomic_fetch_add(race->errors, 1);
        }
        (void)store_close(store);
        return NULL;
}

static void guess_many(const Race *race) {
        pthread_t threads[THREADS];

        for (size_t i = 0; i < THREADS; i++)
                if (pthread_create(&threads[i], NULL, guess, (void *)(uintptr_t)race) != 0)
                        abort();
        for (size_t i = 0; i < THREADS; i++)
                (void)pthread_join(threads[i], NULL);
}

static void race(Fixture *fixture, GuardCaptcha captcha, int expected) {
        atomic_int *counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                                  -1, 0);
        Race r = { fixture->path, captcha, &counts[0], &counts[1] };
        int status;
        pid_t pid;

        assert_ptr_not_equal(counts, MAP_FAILED);
        /* SQLite's handles do not cross a fork */
        fixture->store = store_close(fixture->store);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                guess_many(&r);
                _exit(0);
        }
        guess_many(&r);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(counts[1], 0);
        assert_int_equal(counts[0], expected);
        (void)munmap(counts, 4096);
        assert_int_equal(store_open(fixture->path, &fixture->store), 0);
}

static void test_race(void **state) {
        race(*state, GUARD_CAPTCHA_SOLVED, GUARD_TRIES);
}

static void test_race_without_captcha(void **state) {
        race(*state, GUARD_CAPTCHA_NONE, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_five),
                UNIT_TEST(test_exactly_120_minutes),
                UNIT_TEST(test_captcha_takes_no_try),
                UNIT_TEST(test_clock_back),
                UNIT_TEST(test_jumps),
                cmocka_unit_test(test_moment),
                UNIT_TEST(test_give_back),
                UNIT_TEST(test_lock_of_another),
                UNIT_TEST(test_restart),
                UNIT_TEST(test_reset),
                UNIT_TEST(test_phantoms_are_bounded),
                UNIT_TEST(test_race),
                UNIT_TEST(test_race_without_captcha),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
