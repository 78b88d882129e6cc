/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Waiters: token requests that are held until a QR login changes (long poll)
 *
 * Ordered by deadline. A waiter lives in its owner's memory and is off the list before wake() is
 * called. */

#include <stddef.h>
#include <stdint.h>

#include "backend/random.h"
#include "lib/common/util.h"

typedef struct Waiter Waiter;
struct Waiter {
        char hash[HASH_HEX_BYTES + 1]; /* of the device code */
        uint64_t deadline_usec;        /* CLOCK_BOOTTIME */
        void (*wake)(Waiter *waiter);
        void *userdata;
        Waiter *previous, *next;
        bool linked;
};

typedef struct Waiters {
        Waiter *first, *last;
        size_t n;
} Waiters;

void waiters_add(Waiters *waiters, Waiter *waiter);
void waiters_remove(Waiters *waiters, Waiter *waiter);

/** waiters_deadline_usec() - when the first has waited long enough; USEC_INFINITY when there is
 * none */
uint64_t waiters_deadline_usec(const Waiters *waiters);

/** waiters_expire() - wake all whose deadline is not after @now_usec */
void waiters_expire(Waiters *waiters, uint64_t now_usec);

/** waiters_wake() - wake all that wait for this login; NULL: all. One that is added meanwhile is
 * not woken again. */
void waiters_wake(Waiters *waiters, const char *hash);
