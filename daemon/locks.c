/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "daemon/locks.h"

static const char *const kind_words[_LOCK_KIND_MAX] = {
        [LOCK_PASSWORD] = "password",
        [LOCK_UNIT] = "unit",
};

const char *lock_kind_to_string(LockKind kind) {
        return kind < _LOCK_KIND_MAX ? kind_words[kind] : NULL;
}

static void drop(Locks *locks, size_t i) {
        locks->list[i] = locks->list[--locks->n];
}

void locks_forget(Locks *locks, LockKind kind, const char *subject) {
        for (size_t i = 0; i < locks->n; i++)
                if (locks->list[i].kind == kind && strcmp(locks->list[i].subject, subject) == 0) {
                        drop(locks, i);
                        return;
                }
}

void locks_expire(Locks *locks, int64_t now_sec) {
        for (size_t i = locks->n; i-- > 0;)
                if (locks->list[i].until_sec <= now_sec)
                        drop(locks, i);
}

void locks_note(Locks *locks, LockKind kind, const char *subject, int64_t wait_sec, int64_t now_sec) {
        Lock *lock;

        if (strlen(subject) >= sizeof(lock->subject))
                return;
        locks_forget(locks, kind, subject);
        locks_expire(locks, now_sec);
        if (locks->n == LOCKS_MAX) {
                size_t first = 0;

                for (size_t i = 1; i < locks->n; i++)
                        if (locks->list[i].until_sec < locks->list[first].until_sec)
                                first = i;
                drop(locks, first);
        }
        lock = &locks->list[locks->n++];
        lock->kind = kind;
        lock->until_sec = now_sec + wait_sec;
        (void)snprintf(lock->subject, sizeof(lock->subject), "%s", subject);
}
