/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Attempts and captchas: what is tested, and what is not. */

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "backend/attempt.h"
#include "backend/captcha-picture.h"
#include "backend/model-captcha.h"
#include "tests/unit/backend-fixture.h"

static int64_t now;

static void clock_fake(Moment *ret) {
        *ret = (Moment){ .wall_sec = now };
}

typedef struct World {
        Fixture *fixture;
        HashPool *pool;
        Attempts *attempts;
        char hash[PASSWORD_HASH_BYTES + 1]; /* of "Right-pass1" */
} World;

static void world_begin(Fixture *fixture, World *ret) {
        HashJob job = { .kind = HASH_MAKE, .password = "Right-pass1" };

        now = T0;
        ret->fixture = fixture;
        hash_run(&job);
        assert_int_equal(job.result, 0);
        memcpy(ret->hash, job.hash, sizeof(ret->hash));
        assert_int_equal(hash_pool_new(2, &ret->pool), 0);
        assert_int_equal(attempts_new(fixture->store, ret->pool, clock_fake, &ret->attempts), 0);
}

static void world_end(World *world) {
        attempts_close(world->attempts);
        world->pool = hash_pool_free(world->pool);
        world->attempts = attempts_free(world->attempts);
}

typedef struct Try {
        Attempt attempt;
        World *world;
        bool done;
} Try;

/* The owner's part: give the try back when it was right. */
static void on_done(Attempt *attempt) {
        Try *t = attempt->userdata;

        assert_false(t->done);
        t->done = true;
        if (attempt->verdict == ATTEMPT_RIGHT) {
                Transaction transaction = {};

                fixture_begin(t->world->fixture, &transaction);
                assert_int_equal(guard_give_back(t->world->fixture->store, attempt->guard_key,
                                                 &attempt->take),
                                 0);
                assert_int_equal(transaction_commit(&transaction), 0);
        }
}

static void try_begin(World *world, Try *t, const char *key, const char *hash, const char *password,
                      const Captcha *captcha) {
        *t = (Try){ .world = world };
        t->attempt.password = password;
        t->attempt.done = on_done;
        t->attempt.userdata = t;
        (void)strcpy(t->attempt.guard_key, key);
        (void)strcpy(t->attempt.hash, hash);
        (void)strcpy(t->attempt.session_hash, "session");
        if (captcha) {
                t->attempt.captcha_id = captcha->id;
                t->attempt.captcha_answer = captcha->answer;
        }
        attempt_start(world->attempts, &t->attempt);
}

static AttemptVerdict try_one(World *world, const char *key, const char *hash, const char *password,
                              const Captcha *captcha) {
        Try t;

        try_begin(world, &t, key, hash, password, captcha);
        while (!t.done)
                assert_true(hash_pool_wait(world->pool));
        return t.attempt.verdict;
}

static Captcha captcha_for(World *world, const char *session, const char *key) {
        Captcha captcha;

        assert_int_equal(captcha_new(world->fixture->store, session, key, now, &captcha), 0);
        return captcha;
}

/* The way of a person who guesses, on an account and on a name that nobody has: word for word the
 * same. threats 20 (R20), 45, 52 */
static void walk(World *world, const char *key, const char *hash) {
        Captcha captcha;

        assert_int_equal(try_one(world, key, hash, "Wrong-pass1", NULL), ATTEMPT_WRONG);
        assert_int_equal(try_one(world, key, hash, "Wrong-pass2", NULL), ATTEMPT_CAPTCHA);
        for (int i = 0; i < 3; i++) {
                captcha = captcha_for(world, "session", key);
                assert_int_equal(try_one(world, key, hash, "Wrong-pass2", &captcha), ATTEMPT_WRONG);
        }
        captcha = captcha_for(world, "session", key);
        assert_int_equal(try_one(world, key, hash, "Wrong-pass2", &captcha), ATTEMPT_LOCKED_NOW);
        captcha = captcha_for(world, "session", key);
        assert_int_equal(try_one(world, key, hash, "Right-pass1", &captcha), ATTEMPT_LOCKED);
        now = T0 + 119 * 60 + 59;
        assert_int_equal(try_one(world, key, hash, "Right-pass1", NULL), ATTEMPT_LOCKED);
        now = T0 + 120 * 60 + 1;
        assert_int_equal(try_one(world, key, hash, "Right-pass1", NULL),
                         hash[0] ? ATTEMPT_RIGHT : ATTEMPT_WRONG);
}

static void test_walk_known(void **state) {
        World world;

        world_begin(*state, &world);
        walk(&world, "a:x", world.hash);
        world_end(&world);
}

static void test_walk_unknown(void **state) {
        World world;

        world_begin(*state, &world);
        walk(&world, "p:x", "");
        world_end(&world);
}

static void test_four_wrong_one_right(void **state) {
        Captcha captcha;
        World world;

        world_begin(*state, &world);
        assert_int_equal(try_one(&world, "a:x", world.hash, "Wrong-pass1", NULL), ATTEMPT_WRONG);
        for (int i = 0; i < 4; i++) {
                captcha = captcha_for(&world, "session", "a:x");
                assert_int_equal(try_one(&world, "a:x", world.hash,
                                         i < 3 ? "Wrong-pass1" : "Right-pass1", &captcha),
                                 i < 3 ? ATTEMPT_WRONG : ATTEMPT_RIGHT);
        }
        /* no captcha is due any more, and all five are there */
        assert_int_equal(try_one(&world, "a:x", world.hash, "Right-pass1", NULL), ATTEMPT_RIGHT);
        assert_int_equal(fixture_number(*state, "SELECT tries_left FROM guard WHERE key = 'a:x'"),
                         5);
        world_end(&world);
}

/* threats 51: whatever is wrong with the captcha, the password is not tested and no try is taken */
static void test_captcha_wrong(void **state) {
        Captcha captcha, used;
        World world;

        world_begin(*state, &world);
        assert_int_equal(try_one(&world, "a:x", world.hash, "Wrong-pass1", NULL), ATTEMPT_WRONG);

        captcha = captcha_for(&world, "session", "a:x");
        captcha.answer[0] = '*';
        assert_int_equal(try_one(&world, "a:x", world.hash, "Right-pass1", &captcha),
                         ATTEMPT_CAPTCHA_WRONG);
        captcha = captcha_for(&world, "another session", "a:x");
        assert_int_equal(try_one(&world, "a:x", world.hash, "Right-pass1", &captcha),
                         ATTEMPT_CAPTCHA_WRONG);
        captcha = captcha_for(&world, "session", "a:another");
        assert_int_equal(try_one(&world, "a:x", world.hash, "Right-pass1", &captcha),
                         ATTEMPT_CAPTCHA_WRONG);
        captcha = captcha_for(&world, "session", "a:x");
        now += CAPTCHA_LIFETIME_SEC;
        assert_int_equal(try_one(&world, "a:x", world.hash, "Right-pass1", &captcha),
                         ATTEMPT_CAPTCHA_WRONG);
        used = captcha_for(&world, "session", "a:x");
        assert_int_equal(try_one(&world, "a:x", world.hash, "Wrong-pass1", &used), ATTEMPT_WRONG);
        assert_int_equal(try_one(&world, "a:x", world.hash, "Right-pass1", &used),
                         ATTEMPT_CAPTCHA_WRONG);
        assert_int_equal(fixture_number(*state, "SELECT tries_left FROM guard WHERE key = 'a:x'"),
                         3);
        world_end(&world);
}

/* threats 44: sixty at once, each with a captcha of its own solved: five are tested */
static void test_many_wrong_at_once(void **state) {
        enum { N = 60 };
        static Try tries[N];
        static Captcha captchas[N];
        size_t counts[_ATTEMPT_VERDICT_MAX] = {};
        World world;

        world_begin(*state, &world);
        for (size_t i = 0; i < N; i++) {
                char session[16];

                (void)snprintf(session, sizeof(session), "s%zu", i);
                captchas[i] = captcha_for(&world, session, "a:x");
                try_begin(&world, &tries[i], "a:x", world.hash, "Wrong-pass1", NULL);
                /* set late enough: the first has begun, the others wait behind it */
                (void)snprintf(tries[i].attempt.session_hash, HASH_HEX_BYTES, "%s", session);
                tries[i].attempt.captcha_id = captchas[i].id;
                tries[i].attempt.captcha_answer = captchas[i].answer;
        }
        while (hash_pool_wait(world.pool))
                ;
        for (size_t i = 0; i < N; i++) {
                assert_true(tries[i].done);
                counts[tries[i].attempt.verdict]++;
        }
        assert_int_equal(counts[ATTEMPT_WRONG], 4);
        assert_int_equal(counts[ATTEMPT_LOCKED_NOW], 1);
        assert_int_equal(counts[ATTEMPT_LOCKED], N - 5);
        world_end(&world);
}

/* A person who logs in on many machines at once is let in on all of them. */
static void test_many_right_at_once(void **state) {
        enum { N = 24 };
        static Try tries[N];
        World world;

        world_begin(*state, &world);
        for (size_t i = 0; i < N; i++)
                try_begin(&world, &tries[i], "a:x", world.hash, "Right-pass1", NULL);
        while (hash_pool_wait(world.pool))
                ;
        for (size_t i = 0; i < N; i++)
                assert_int_equal(tries[i].attempt.verdict, ATTEMPT_RIGHT);
        world_end(&world);
}

static void on_filler(HashJob *job) {
        assert_int_equal(job->result, 0);
}

/* Who is sent away because too many wait has lost no try. */
static void test_full(void **state) {
        static HashJob jobs[HASH_QUEUE_MAX + 64];
        size_t n = 0;
        World world;
        Try t = {};

        world_begin(*state, &world);
        /* once full, it stays so for the ten milliseconds that a hash takes at least */
        for (; n < ELEMENTSOF(jobs) && t.attempt.verdict != ATTEMPT_BUSY; n++) {
                jobs[n] = (HashJob){ .kind = HASH_MAKE, .password = "x", .done = on_filler };
                if (hash_pool_submit(world.pool, &jobs[n]) != HASH_E_FULL)
                        continue;
                try_begin(&world, &t, "a:x", world.hash, "Wrong-pass1", NULL);
        }
        assert_true(t.done);
        assert_int_equal(t.attempt.verdict, ATTEMPT_BUSY);
        assert_int_equal(fixture_number(*state, "SELECT COUNT(*) FROM guard"), 0);
        world_end(&world);
}

static void test_closing(void **state) {
        enum { N = 8 };
        static Try tries[N];
        World world;

        world_begin(*state, &world);
        for (size_t i = 0; i < N; i++)
                try_begin(&world, &tries[i], "a:x", world.hash, "Right-pass1", NULL);
        world_end(&world);
        assert_int_equal(tries[0].attempt.verdict, ATTEMPT_RIGHT);
        for (size_t i = 1; i < N; i++)
                assert_int_equal(tries[i].attempt.verdict, ATTEMPT_BUSY);
}

static void test_letters_of_either_case(void **state) {
        Fixture *fixture = *state;
        Captcha captcha;

        assert_int_equal(captcha_new(fixture->store, "s", "k", T0, &captcha), 0);
        for (char *p = captcha.answer; *p; p++)
                *p = (char)tolower((unsigned char)*p);
        assert_int_equal(captcha_use(fixture->store, captcha.id, "s", "k", captcha.answer, T0), 0);
        assert_int_equal(captcha_use(fixture->store, captcha.id, "s", "k", captcha.answer, T0),
                         CAPTCHA_E_WRONG);
}

static void test_wrong_answer_uses_it_up(void **state) {
        static const char *const answers[] = { "", "A", "ABCDE", "****", "\xe6\xb5\x8b*" };
        Fixture *fixture = *state;
        Captcha captcha;

        for (size_t i = 0; i < ELEMENTSOF(answers); i++) {
                assert_int_equal(captcha_new(fixture->store, "s", "k", T0, &captcha), 0);
                assert_int_equal(captcha_use(fixture->store, captcha.id, "s", "k", answers[i], T0),
                                 CAPTCHA_E_WRONG);
                assert_int_equal(
                        captcha_use(fixture->store, captcha.id, "s", "k", captcha.answer, T0),
                        CAPTCHA_E_WRONG);
        }
}

static void test_new_one_voids_the_old(void **state) {
        Fixture *fixture = *state;
        Captcha old, young;

        assert_int_equal(captcha_new(fixture->store, "s", "k", T0, &old), 0);
        assert_int_equal(captcha_new(fixture->store, "s", "k", T0, &young), 0);
        assert_int_equal(captcha_use(fixture->store, old.id, "s", "k", old.answer, T0),
                         CAPTCHA_E_WRONG);
        assert_int_equal(captcha_use(fixture->store, young.id, "s", "k", young.answer, T0), 0);
}

/* threats 51: one answer used in parallel */
typedef struct Use {
        const char *path;
        Captcha captcha;
        atomic_int n_right;
} Use;

static void *use_run(void *userdata) {
        Use *use = userdata;
        Store *store = NULL;

        if (store_open(use->path, &store) != 0)
                return NULL;
        for (int i = 0; i < 50; i++) {
                Transaction transaction = {};

                if (transaction_begin(store, &transaction) == 0 &&
                    captcha_use(store, use->captcha.id, "s", "k", use->captcha.answer, T0) == 0 &&
                    transaction_commit(&transaction) == 0)
                        (void)atomic_fetch_add(&use->n_right, 1);
                transaction_done(&transaction);
        }
        (void)store_close(store);
        return NULL;
}

static void test_used_in_parallel(void **state) {
        Fixture *fixture = *state;
        Use use = { .path = fixture->path };
        pthread_t threads[20];

        assert_int_equal(captcha_new(fixture->store, "s", "k", T0, &use.captcha), 0);
        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, use_run, &use), 0);
        for (size_t i = 0; i < ELEMENTSOF(threads); i++)
                (void)pthread_join(threads[i], NULL);
        assert_int_equal(use.n_right, 1);
}

static uint32_t big_endian(const uint8_t *p) {
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Every character of the alphabet can be drawn, within the wire's limits. */
static void test_pictures(void **state) {
        (void)state;
        for (const char *p = CAPTCHA_ALPHABET; *p; p++) {
                const char text[] = { *p, *p, *p, *p, '\0' };
                uint8_t *png = NULL;
                size_t n = 0;

                assert_int_equal(captcha_draw(text, &png, &n), 0);
                assert_true(n > 100 && n <= LIMIT_CAPTCHA_PNG_BYTES);
                assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
                assert_true(big_endian(png + 16) <= LIMIT_CAPTCHA_WIDTH_PIXELS);
                assert_true(big_endian(png + 20) <= LIMIT_CAPTCHA_HEIGHT_PIXELS);
                free(png);
        }
        assert_int_equal(captcha_draw("A0AA", &(uint8_t *){ NULL }, &(size_t){ 0 }), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_walk_known),
                UNIT_TEST(test_walk_unknown),
                UNIT_TEST(test_four_wrong_one_right),
                UNIT_TEST(test_captcha_wrong),
                UNIT_TEST(test_many_wrong_at_once),
                UNIT_TEST(test_many_right_at_once),
                UNIT_TEST(test_full),
                UNIT_TEST(test_closing),
                UNIT_TEST(test_letters_of_either_case),
                UNIT_TEST(test_wrong_answer_uses_it_up),
                UNIT_TEST(test_new_one_voids_the_old),
                UNIT_TEST(test_used_in_parallel),
                cmocka_unit_test(test_pictures),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
