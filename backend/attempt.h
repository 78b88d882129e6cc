/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Attempt: one password, from the try that is taken for it to the verdict
 *
 * The same for account and declaration passwords, for known and unknown names: guard, captcha if
 * one is due, hash in the pool. Attempts on one guard run one after the other within a process, so
 * that a person who logs in on ten machines at once is not told to be locked, and so that no second
 * password slips in before a captcha is due. A locked or unknown name costs the same hash work as a
 * known one. */

#include <stdint.h>

#include "backend/hash-pool.h"
#include "backend/model-guard.h"
#include "backend/store.h"

#define ATTEMPTS_WAITING_MAX HASH_QUEUE_MAX

typedef enum AttemptVerdict {
        ATTEMPT_RIGHT,      /* the try is to be given back by the owner, in its own transaction */
        ATTEMPT_WRONG,      /* tries_left; a captcha is due next time */
        ATTEMPT_LOCKED_NOW, /* wrong, and this was the fifth; retry_after_sec */
        ATTEMPT_LOCKED,     /* not tested; retry_after_sec */
        ATTEMPT_CAPTCHA,    /* not tested: a captcha is due and none was sent */
        ATTEMPT_CAPTCHA_WRONG, /* not tested: the answer was wrong, used or too old */
        ATTEMPT_BUSY,          /* not tested: too many at once */
        ATTEMPT_FAILED, /* not tested, or not to be relied on: the store or the hash failed */
        _ATTEMPT_VERDICT_MAX,
} AttemptVerdict;

typedef struct Attempts Attempts;
typedef struct Attempt Attempt;

/* One attempt; lives in its owner's memory until done() was called. */
struct Attempt {
        /* for the owner to fill in; strings borrowed */
        char guard_key[GUARD_KEY_BYTES + 1];
        char session_hash[HASH_HEX_BYTES + 1];   /* "" when there is no session yet */
        const char *captcha_id, *captcha_answer; /* both or neither */
        const char *password;
        char hash[PASSWORD_HASH_BYTES + 1]; /* "" when there is nobody to test against */
        void (*done)(Attempt *attempt);
        void *userdata;

        /* for the owner to read in done() */
        AttemptVerdict verdict;
        int64_t tries_left;
        int64_t retry_after_sec;
        GuardTake take;

        /* ours */
        Attempts *attempts;
        HashJob job;
        Attempt *next;
};

/** attempts_new() - @store and @pool are borrowed; @clock gives the present moment. Return: 0 or
 * -errno. */
int attempts_new(Store *store, HashPool *pool, void (*clock)(Moment *ret), Attempts **ret);

/** attempts_close() - from now on every attempt that has not begun ends as ATTEMPT_BUSY */
void attempts_close(Attempts *attempts);

/** attempts_free() - after the pool; no attempt may be left. Takes NULL. Return: NULL. */
Attempts *attempts_free(Attempts *attempts);
DEFINE_CLEANUP(Attempts, attempts_free)

/** attempt_start() - done() is called exactly once, possibly before this returns */
void attempt_start(Attempts *attempts, Attempt *attempt);
