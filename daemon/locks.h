/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Locks: whom the platform has told to wait, as far as logins here have heard of it
 *
 * For an administrator who looks for the reason, and for nothing else: whoever is locked is asked again by
 * the platform each time, and this list lets nobody in or out. */

#include <stddef.h>
#include <stdint.h>

#include "lib/common/limits.h"
#include "lib/common/util.h"

#define LOCKS_MAX 256 /* beyond it the one that ends first is forgotten */

typedef enum LockKind { LOCK_PASSWORD, LOCK_UNIT, _LOCK_KIND_MAX } LockKind;

const char *lock_kind_to_string(LockKind kind);

typedef struct Lock {
        LockKind kind;
        char subject[LIMIT_USER_BYTES + 1]; /* an account, as typed or its own; a unit's code */
        int64_t until_sec;                  /* since 1970 */
} Lock;

/* {} is empty */
typedef struct Locks {
        Lock list[LOCKS_MAX];
        size_t n;
} Locks;

/** locks_note() - @subject is locked for @wait_sec from @now_sec; a lock that was known is replaced */
void locks_note(Locks *locks, LockKind kind, const char *subject, int64_t wait_sec, int64_t now_sec);

/** locks_forget() - it was let in after all */
void locks_forget(Locks *locks, LockKind kind, const char *subject);

/** locks_expire() - forget those that are over; @locks->n are left */
void locks_expire(Locks *locks, int64_t now_sec);
