/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "backend/waiters.h"

void waiters_add(Waiters *waiters, Waiter *waiter) {
        Waiter *after = waiters->last;

        /* nearly all ask for the same time, so the place is at or near the end */
        while (after && after->deadline_usec > waiter->deadline_usec)
                after = after->previous;

        waiter->previous = after;
        waiter->next = after ? after->next : waiters->first;
        if (waiter->next)
                waiter->next->previous = waiter;
        else
                waiters->last = waiter;
        if (after)
                after->next = waiter;
        else
                waiters->first = waiter;
        waiter->linked = true;
        waiters->n++;
}

void waiters_remove(Waiters *waiters, Waiter *waiter) {
        if (!waiter->linked)
                return;

        if (waiter->previous)
                waiter->previous->next = waiter->next;
        else
                waiters->first = waiter->next;
        if (waiter->next)
                waiter->next->previous = waiter->previous;
        else
                waiters->last = waiter->previous;
        waiter->previous = waiter->next = NULL;
        waiter->linked = false;
        waiters->n--;
}

uint64_t waiters_deadline_usec(const Waiters *waiters) {
        return waiters->first ? waiters->first->deadline_usec : USEC_INFINITY;
}

void waiters_expire(Waiters *waiters, uint64_t now_usec) {
        while (waiters->first && waiters->first->deadline_usec <= now_usec) {
                Waiter *waiter = waiters->first;

                waiters_remove(waiters, waiter);
                waiter->wake(waiter);
        }
}

void waiters_wake(Waiters *waiters, const char *hash) {
        Waiters woken = {};

        for (Waiter *i = waiters->first, *next; i; i = next) {
                next = i->next;
                if (!hash || strcmp(i->hash, hash) == 0) {
                        waiters_remove(waiters, i);
                        waiters_add(&woken, i);
                }
        }
        while (woken.first) {
                Waiter *waiter = woken.first;

                waiters_remove(&woken, waiter);
                waiter->wake(waiter);
        }
}
