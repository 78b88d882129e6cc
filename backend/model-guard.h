/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Guard: five tries, then 120 minutes of nothing (spec.md 3.1, 3.3; design.md D7)
 *
 * A try is taken before the password is tested and given back when it was right: whoever tries in
 * parallel, on several workstations or against several processes gets five all the same. The fifth
 * try locks in the moment it is taken, so that a process that dies in between leaves a lock behind
 * and not a sixth try.
 *
 * A guard is named by a key: "a:" and the account's id, "u:" and the unit's code, "p:" and a keyed
 * hash of a name that nobody has. The last kind makes unknown names count, lock and look like known
 * ones. */

#include <stdint.h>

#include "backend/clock.h"
#include "backend/random.h"
#include "backend/store.h"

#define GUARD_TRIES 5
#define GUARD_LOCK_SEC (120 * 60)
#define GUARD_KEY_BYTES (2 + HASH_HEX_BYTES)
#define GUARD_PHANTOMS_MAX 65536 /* the longest untouched are forgotten */

enum {
        GUARD_E_LOCKED = 1, /* no try; ret->retry_after_sec is set */
        GUARD_E_CAPTCHA,    /* no try: the last password was wrong, and no captcha was solved */
};

typedef enum GuardCaptcha {
        GUARD_CAPTCHA_NONE,
        GUARD_CAPTCHA_SOLVED,
} GuardCaptcha;

/* One try, taken. */
typedef struct GuardTake {
        int64_t tries_left;      /* after this one */
        int64_t locked_until;    /* not 0: this try was the last, and locks until then */
        int64_t retry_after_sec; /* GUARD_E_LOCKED only: 1 to 86400 */
} GuardTake;

/**
 * guard_take() - take one try, inside the caller's transaction
 * @key: begins with "p:" for a name that nobody has
 *
 * A lock ends when both clocks say so: a wall clock that is put back makes it longer, one that is
 * put forward does not make it shorter. After a restart of the machine, and for other machines on
 * the same store, the wall clock alone is asked.
 *
 * Return: 0, GUARD_E_*, or -errno (no try was taken, and no password may be tested).
 */
int guard_take(Store *store, const char *key, GuardCaptcha captcha, const Moment *now,
               GuardTake *ret);

/**
 * guard_give_back() - the password was right: all five tries are there again
 *
 * Lifts the lock that @take itself set, not one that another try set meanwhile.
 */
int guard_give_back(Store *store, const char *key, const GuardTake *take);

/** guard_reset() - an administrator, or a new password: no failure is remembered */
int guard_reset(Store *store, const char *key);

/** guard_forget_phantoms() - keep the GUARD_PHANTOMS_MAX last touched */
int guard_forget_phantoms(Store *store);
