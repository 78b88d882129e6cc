/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/attempt.h"
#include "backend/metrics.h"
#include "backend/model-captcha.h"
#include "lib/common/secret.h"

struct Attempts {
        Store *store;
        HashPool *pool;
        void (*clock)(Moment *ret);
        void (*hashed)(HashJob *job); /* on_hashed(), which begins the next in its turn */
        bool closing;
        Attempt *running, *waiting; /* waiting: first come, first served */
        size_t n_waiting;
        char dummy[PASSWORD_HASH_BYTES + 1]; /* of a password that nobody knows, us included */
};

Attempts *attempts_free(Attempts *attempts) {
        free(attempts);
        return NULL;
}

static bool is_running(const Attempts *attempts, const char *guard_key) {
        for (const Attempt *i = attempts->running; i; i = i->next)
                if (strcmp(i->guard_key, guard_key) == 0)
                        return true;
        return false;
}

/* The first that waits and whose guard is free, off the list; the cell stays owned by its owner. */
static Attempt *take_waiting(Attempts *attempts) {
        for (Attempt **i = &attempts->waiting; *i; i = &(*i)->next)
                if (attempts->closing || !is_running(attempts, (*i)->guard_key)) {
                        Attempt *attempt = *i;

                        *i = attempt->next;
                        attempts->n_waiting--;
                        return attempt;
                }
        return NULL;
}

static void running_remove(Attempts *attempts, Attempt *attempt) {
        for (Attempt **i = &attempts->running; *i; i = &(*i)->next)
                if (*i == attempt) {
                        *i = attempt->next;
                        return;
                }
}

/* Take a try, looking at the captcha only where one is due. */
static int reserve(Attempts *attempts, Attempt *attempt) {
        _cleanup_(transaction_done) Transaction transaction = {};
        Moment now;
        int r, q;

        attempts->clock(&now);
        r = transaction_begin(attempts->store, &transaction);
        if (r < 0)
                return r;

        r = guard_take(attempts->store, attempt->guard_key, GUARD_CAPTCHA_NONE, &now,
                       &attempt->take);
        if (r == GUARD_E_CAPTCHA) {
                attempt->verdict = ATTEMPT_CAPTCHA;
                if (attempt->captcha_id && attempt->captcha_answer) {
                        q = captcha_use(attempts->store, attempt->captcha_id, attempt->session_hash,
                                        attempt->guard_key, attempt->captcha_answer, now.wall_sec);
                        if (q == 0)
                                r = guard_take(attempts->store, attempt->guard_key,
                                               GUARD_CAPTCHA_SOLVED, &now, &attempt->take);
                        else if (q < 0)
                                r = q;
                        else
                                attempt->verdict = ATTEMPT_CAPTCHA_WRONG;
                }
        }
        if (r < 0)
                return r;

        if (r == GUARD_E_LOCKED) {
                attempt->verdict = ATTEMPT_LOCKED;
                attempt->retry_after_sec = attempt->take.retry_after_sec;
        }
        if (r == 0) {
                attempt->verdict = attempt->take.locked_until ? ATTEMPT_LOCKED_NOW : ATTEMPT_WRONG;
                attempt->tries_left = attempt->take.tries_left;
                attempt->retry_after_sec = attempt->take.locked_until ? GUARD_LOCK_SEC : 0;
        }
        return transaction_commit(&transaction);
}

/* Verdicts stand as "wrong" before the test and are bettered by it alone. */
static bool begin(Attempts *attempts, Attempt *attempt) {
        bool hashes;

        /* a try that is taken must be tested, so the room for it comes first */
        if (attempts->closing || hash_pool_is_full(attempts->pool)) {
                attempt->verdict = ATTEMPT_BUSY;
                return false;
        }
        if (reserve(attempts, attempt) < 0) {
                attempt->verdict = ATTEMPT_FAILED;
                return false;
        }

        hashes = attempt->verdict == ATTEMPT_WRONG || attempt->verdict == ATTEMPT_LOCKED_NOW ||
                 attempt->verdict == ATTEMPT_LOCKED;
        if (!hashes)
                return false;

        attempt->job = (HashJob){ .kind = HASH_TEST,
                                  .password = attempt->password,
                                  .done = attempts->hashed,
                                  .userdata = attempt };
        (void)snprintf(attempt->job.hash, sizeof(attempt->job.hash), "%s",
                       attempt->verdict != ATTEMPT_LOCKED && attempt->hash[0] ? attempt->hash
                                                                              : attempts->dummy);
        if (hash_pool_submit(attempts->pool, &attempt->job) != 0) {
                attempt->verdict = ATTEMPT_FAILED;
                return false;
        }

        attempt->next = attempts->running;
        attempts->running = attempt;
        return true;
}

static void run_waiting(Attempts *attempts) {
        Attempt *attempt;

        while ((attempt = take_waiting(attempts)) != NULL)
                if (!begin(attempts, attempt))
                        attempt->done(attempt);
}

static void on_hashed(HashJob *job) {
        Attempt *attempt = job->userdata;
        Attempts *attempts = attempt->attempts;

        if (job->result < 0)
                attempt->verdict = ATTEMPT_FAILED;
        else if (job->result == 0 && attempt->hash[0] && attempt->verdict != ATTEMPT_LOCKED)
                attempt->verdict = ATTEMPT_RIGHT;
        if (attempt->verdict == ATTEMPT_LOCKED_NOW)
                metrics_add(METRIC_LOCKOUTS);

        /* the owner gives the try back before the next one on this guard asks for it */
        running_remove(attempts, attempt);
        attempt->done(attempt);
        run_waiting(attempts);
}

void attempts_close(Attempts *attempts) {
        attempts->closing = true;
        run_waiting(attempts);
}

void attempt_start(Attempts *attempts, Attempt *attempt) {
        attempt->attempts = attempts;

        if (is_running(attempts, attempt->guard_key)) {
                Attempt **last = &attempts->waiting;

                if (attempts->n_waiting >= ATTEMPTS_WAITING_MAX) {
                        attempt->verdict = ATTEMPT_BUSY;
                        attempt->done(attempt);
                        return;
                }
                while (*last)
                        last = &(*last)->next;
                attempt->next = NULL;
                *last = attempt;
                attempts->n_waiting++;
                return;
        }
        if (!begin(attempts, attempt))
                attempt->done(attempt);
}

int attempts_new(Store *store, HashPool *pool, void (*clock)(Moment *ret), Attempts **ret) {
        _cleanup_(attempts_freep) Attempts *attempts = NULL;
        _cleanup_(secret_freep) Secret *password = NULL;
        HashJob job = { .kind = HASH_MAKE };
        int r;

        attempts = calloc(1, sizeof(*attempts));
        if (!attempts)
                return -ENOMEM;
        r = random_token(&password);
        if (r < 0)
                return r;

        job.password = secret_text(password);
        hash_run(&job);
        if (job.result < 0)
                return job.result;

        memcpy(attempts->dummy, job.hash, sizeof(attempts->dummy));
        attempts->store = store;
        attempts->pool = pool;
        attempts->clock = clock;
        attempts->hashed = on_hashed;
        *ret = TAKE_PTR(attempts);
        return 0;
}
