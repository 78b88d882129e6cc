/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Does the work tell whether a name is known? threats 52, 53
 *
 * The clock on the wall measures a busy machine, so two things are measured that it does not move.
 * The hash, which is nearly all of the time, is counted: a pool of our own stands in the place of
 * backend/hash-pool.c and notes what it was asked to test, by which parameters and how long a
 * password. The rest, all that the handler does from the decoded form to the answer, is measured in
 * processor time of this thread, 2000 times each in mixed order, and compared by Welch's t. As nobody
 * sees the rest without the hash, the hash's own spread, measured here too, belongs to the variance;
 * but the rest alone may not differ by more than DIFFERENCE_MAX_USEC either, which is a few
 * thousandths of what a hash takes. */

#include <errno.h>
#include <crypt.h>
#include <math.h>
#include <time.h>

#include "backend/attempt.h"
#include "backend/clock.h"
#include "backend/routes.h"
#include "tests/unit/backend-fixture.h"

#if defined(__SANITIZE_ADDRESS__)
#define SAMPLES 50 /* instrumented code has times of its own; the counts are compared all the same */
#else
#define SAMPLES 2000
#endif
#define T_MAX 4.5
#define DIFFERENCE_MAX_USEC 20.0
#define HASHES 30
#define KEPT 0.9 /* of the samples, the fastest: the rest were interrupted */
#define SETTING "$y$jAT$"

/* The pool, by the contract of hash-pool.h, with nothing in it but counters. */
struct HashPool {
        HashJob *first;
};

static struct {
        size_t n, n_bytes;
        char setting[8];
} tested;

int hash_pool_new(size_t n_threads _unused_, HashPool **ret) {
        *ret = calloc(1, sizeof(**ret));
        return *ret ? 0 : -ENOMEM;
}

HashPool *hash_pool_free(HashPool *pool) {
        free(pool);
        return NULL;
}

int hash_pool_submit(HashPool *pool, HashJob *job) {
        job->next = pool->first;
        pool->first = job;
        return 0;
}

bool hash_pool_is_full(HashPool *pool _unused_) {
        return false;
}

size_t hash_pool_queue(HashPool *pool _unused_) {
        return 0;
}

size_t hash_pool_threads(const HashPool *pool _unused_) {
        return 0;
}

int hash_pool_fd(HashPool *pool _unused_) {
        return -1;
}

void hash_run(HashJob *job) {
        if (job->kind == HASH_MAKE)
                (void)strcpy(job->hash, SETTING "of-nobody");
        job->result = job->kind == HASH_MAKE ? 0 : HASH_E_WRONG;
}

void hash_pool_dispatch(HashPool *pool) {
        HashJob *job = pool->first;

        pool->first = NULL;
        if (!job)
                return;
        tested.n++;
        tested.n_bytes = strlen(job->password);
        memcpy(tested.setting, job->hash, sizeof(tested.setting) - 1);
        hash_run(job);
        job->done(job);
}

bool hash_pool_wait(HashPool *pool) {
        hash_pool_dispatch(pool);
        return false;
}

typedef enum Group {
        KNOWN,
        UNKNOWN,
        UNIT_KNOWN,
        UNIT_UNKNOWN,
        _GROUP_MAX,
} Group;

typedef enum State {
        STATE_FRESH,  /* wrong, four tries left */
        STATE_LOCKED, /* not tested, but hashed all the same */
        _STATE_MAX,
} State;

static const char *const names[_GROUP_MAX] = {
        [KNOWN] = "username=ceshi_jia",
        [UNKNOWN] = "username=ceshi_nil",
        [UNIT_KNOWN] = ("unit_code=" UNIT_ONE),
        [UNIT_UNKNOWN] = "unit_code=919900000000000017",
};

typedef struct Timing {
        Fixture *fixture;
        ServerOptions options;
        Server server;
} Timing;

static void timing_begin(Fixture *fixture, Timing *ret) {
        Transaction transaction = {};
        char id[RANDOM_ID_BYTES + 1];

        memset(ret, 0, sizeof(*ret));
        ret->fixture = fixture;
        /* in memory, as a disk would be measured otherwise */
        fixture->store = store_close(fixture->store);
        assert_int_equal(store_open(":memory:", &fixture->store), 0);
        fixture_begin(fixture, &transaction);
        fixture_account(fixture, "ceshi_jia", "resident_identity_card", "990101199001010019",
                        "19900000001", SETTING "of-jia--", id);
        assert_int_equal(unit_put(fixture->store,
                                  &(const UnitNew){ .code = UNIT_ONE,
                                                    .name = "一",
                                                    .password_hash = SETTING "of-unit-" }),
                         0);
        assert_int_equal(transaction_commit(&transaction), 0);

        ret->options = (ServerOptions){ .issuer = "http://localhost", .phase.floor = PHASE_DUAL };
        ret->server.options = &ret->options;
        ret->server.store = fixture->store;
        assert_int_equal(hash_pool_new(1, &ret->server.pool), 0);
        assert_int_equal(attempts_new(fixture->store, ret->server.pool, clock_moment,
                                      &ret->server.attempts),
                         0);
}

static void timing_end(Timing *timing) {
        timing->server.attempts = attempts_free(timing->server.attempts);
        timing->server.pool = hash_pool_free(timing->server.pool);
}

/* The guards of all names as they are at the beginning of a sample. */
static void guards_set(Timing *timing, State state) {
        Moment now;

        clock_moment(&now);
        assert_int_equal(
                store_run(timing->fixture->store,
                          "UPDATE guard SET tries_left = $1, locked_until = $2, boot_id = $3,"
                          " boot_until = $4",
                          "iiti", (int64_t)(state == STATE_LOCKED ? 0 : 5),
                          state == STATE_LOCKED ? now.wall_sec + 3600 : (int64_t)0, now.boot_id,
                          state == STATE_LOCKED ? now.boot_sec + 3600 : (int64_t)0),
                0);
        assert_int_equal(store_run(timing->fixture->store, "DELETE FROM auth_session", ""), 0);
        assert_int_equal(store_run(timing->fixture->store, "DELETE FROM captcha", ""), 0);
}

static double cpu_usec(void) {
        struct timespec ts;

        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
        return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* One request from its decoded form to its answer. Return: what it took. */
static double sample(Timing *timing, const char *name, size_t n_password, char *ret_answer,
                     size_t n) {
        static char password[16384], body[20000];
        const char *allow;
        Request *request = calloc(1, sizeof(*request));
        Secret *text = NULL;
        double begun, took;

        memset(password, 'x', n_password);
        password[n_password] = '\0';
        (void)snprintf(body, sizeof(body),
                       "%s&password=%s&code_challenge_method=S256"
                       "&code_challenge=0123456789012345678901234567890123456789012",
                       name, password);
        assert_non_null(request);
        assert_int_equal(secret_new_from(body, strlen(body), &text), 0);
        assert_int_equal(form_decode(text, &request->form), 0);
        request->server = &timing->server;
        request->now = clock_wall_sec();
        (void)strcpy(request->client_id, "ws");
        request->route = route_find("POST", "/oauth2/challenge", request->parameter, &allow);

        begun = cpu_usec();
        request->route->handle(request);
        hash_pool_dispatch(timing->server.pool);
        took = cpu_usec() - begun;

        assert_true(request->answered);
        (void)snprintf(ret_answer, n, "%s", secret_text(request->answer));
        form_done(&request->form);
        (void)secret_free(request->answer);
        (void)secret_free(request->auth_session);
        free(request);
        return took;
}

/* An answer without what is random in it. */
static void outline(const char *answer, char *ret, size_t n) {
        WireChallengeError error = {};

        assert_int_equal(wire_challenge_error_decode(answer, strlen(answer), &error), 0);
        (void)snprintf(ret, n, "%s %zu %lld %lld %d %zu %d", error.error,
                       error.auth_session ? strlen(error.auth_session) : 0,
                       (long long)error.attempts_left, (long long)(error.retry_after + 30) / 60,
                       error.captcha.png != NULL, error.captcha.id ? strlen(error.captcha.id) : 0,
                       error.captcha.wrong);
        wire_challenge_error_done(&error);
}

static int compare(const void *a, const void *b) {
        const double *x = a, *y = b;

        return *x < *y ? -1 : *x > *y;
}

/* How much one hash differs from another in its time, squared. */
static double hash_variance(void) {
        double all[HASHES], mean = 0, variance = 0;
        struct crypt_data *data = calloc(1, sizeof(*data));
        char setting[CRYPT_GENSALT_OUTPUT_SIZE];

        assert_non_null(data);
        assert_non_null(crypt_gensalt_rn("$y$", HASH_COST, NULL, 0, setting, sizeof(setting)));
        assert_memory_equal(setting, SETTING, strlen(SETTING));
        for (size_t i = 0; i < HASHES; i++) {
                double begun = cpu_usec();

                assert_non_null(crypt_r("Wrong-pass1", setting, data));
                all[i] = cpu_usec() - begun;
        }
        free(data);
        qsort(all, HASHES, sizeof(double), compare);
        for (size_t i = 0; i < HASHES * KEPT; i++)
                mean += all[i] / (HASHES * KEPT);
        for (size_t i = 0; i < HASHES * KEPT; i++)
                variance += pow(all[i] - mean, 2) / (HASHES * KEPT - 1);
        print_message("  a hash: %.0f us, give or take %.0f us\n", mean, sqrt(variance));
        return variance;
}

/* Welch's t of the fastest of both. */
static double welch(double *a, double *b, double more_variance, double *ret_difference) {
        size_t n = (size_t)(SAMPLES * KEPT);
        double mean[2] = {}, variance[2] = { more_variance, more_variance };
        double *both[2] = { a, b };

        for (int k = 0; k < 2; k++) {
                qsort(both[k], SAMPLES, sizeof(double), compare);
                for (size_t i = 0; i < n; i++)
                        mean[k] += both[k][i] / (double)n;
                for (size_t i = 0; i < n; i++)
                        variance[k] += pow(both[k][i] - mean[k], 2) / (double)(n - 1);
        }
        print_message("  %.1f us and %.1f us", mean[0], mean[1]);
        *ret_difference = mean[0] - mean[1];
        return (mean[0] - mean[1]) / sqrt((variance[0] + variance[1]) / (double)n);
}

static double times[_GROUP_MAX][SAMPLES];

static void measure(Timing *timing, State state, size_t n_password) {
        char outlines[_GROUP_MAX][256];
        uint64_t dice = 4711;

        for (size_t i = 0; i < SAMPLES; i++) {
                dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
                for (size_t k = 0; k < _GROUP_MAX; k++) {
                        /* the order differs from one round to the next */
                        Group group = (k + (dice >> 60)) % _GROUP_MAX;
                        static char answer[65536];
                        size_t n_before = tested.n;

                        guards_set(timing, state);
                        times[group][i] = sample(timing, names[group], n_password, answer,
                                                 sizeof(answer));
                        assert_int_equal(tested.n - n_before, 1);
                        assert_int_equal(tested.n_bytes, n_password);
                        assert_string_equal(tested.setting, SETTING);
                        outline(answer, outlines[group], sizeof(outlines[group]));
                }
                for (Group group = 0; group < _GROUP_MAX; group++)
                        assert_string_equal(outlines[group], outlines[0]);
        }
}

static void compare_groups(void **state, State guards, size_t n_password) {
        double more_variance;
        Timing timing;
        static char answer[65536];

        timing_begin(*state, &timing);
        for (int i = 0; i < 20; i++) /* until everything is prepared, and every guard there */
                for (Group group = 0; group < _GROUP_MAX; group++)
                        (void)sample(&timing, names[group], n_password, answer, sizeof(answer));
        measure(&timing, guards, n_password);
        more_variance = hash_variance();
        for (Group group = KNOWN; group < _GROUP_MAX; group += 2) {
                double difference, t = welch(times[group], times[group + 1], more_variance,
                                             &difference);

                print_message(", t = %.2f\n", t);
#if !defined(__SANITIZE_ADDRESS__)
                if (fabs(t) >= T_MAX || fabs(difference) > DIFFERENCE_MAX_USEC)
                        fail_msg("%s and %s can be told apart", names[group], names[group + 1]);
#endif
        }
        timing_end(&timing);
}

static void test_wrong(void **state) {
        compare_groups(state, STATE_FRESH, 10);
}

static void test_wrong_long(void **state) {
        compare_groups(state, STATE_FRESH, LIMIT_PASSWORD_BYTES);
}

static void test_locked(void **state) {
        compare_groups(state, STATE_LOCKED, 10);
}

static void test_locked_long(void **state) {
        compare_groups(state, STATE_LOCKED, LIMIT_PASSWORD_BYTES);
}

/* Ten kilobytes are refused by their length, before any name is looked at; threats 46: no free
 * test, no try either. */
static void test_ten_kilobytes(void **state) {
        Timing timing;
        static char answer[65536];
        size_t n_before;

        timing_begin(*state, &timing);
        n_before = tested.n;
        for (Group group = 0; group < _GROUP_MAX; group++) {
                (void)sample(&timing, names[group], 10240, answer, sizeof(answer));
                assert_string_equal(answer, "{\"error\":\"invalid_request\"}");
                (void)sample(&timing, names[group], LIMIT_PASSWORD_BYTES + 1, answer,
                             sizeof(answer));
                assert_string_equal(answer, "{\"error\":\"invalid_request\"}");
                (void)sample(&timing, names[group], 0, answer, sizeof(answer));
                assert_string_equal(answer, "{\"error\":\"invalid_request\"}");
        }
        assert_int_equal(tested.n, n_before);
        assert_int_equal(fixture_number(*state, "SELECT COUNT(*) FROM guard"), 0);
        timing_end(&timing);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_wrong),         UNIT_TEST(test_wrong_long), UNIT_TEST(test_locked),
                UNIT_TEST(test_locked_long),   UNIT_TEST(test_ten_kilobytes),
        };

        wire_init_process();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
