/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tries: a list, as a host has few units; one is in it only while there is something to remember */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/signer/tries.h"

struct TriesUnit {
        TriesUnit *next;
        char code[LIMIT_UNIT_CODE_BYTES + 1];
        unsigned n_wrong, n_running;
        uint64_t locked_until_usec; /* 0: not locked */
};

static TriesUnit **find(Tries *tries, const char *unit) {
        TriesUnit **p = &tries->first;

        while (*p && strcmp((*p)->code, unit) != 0)
                p = &(*p)->next;
        return p;
}

static int find_or_add(Tries *tries, const char *code, TriesUnit **ret) {
        TriesUnit *unit = *find(tries, code);

        if (!unit) {
                unit = calloc(1, sizeof(*unit));
                if (!unit)
                        return -ENOMEM;
                memcpy(unit->code, code, strnlen(code, sizeof(unit->code) - 1));
                unit->next = tries->first;
                tries->first = unit;
        }
        *ret = unit;
        return 0;
}

int tries_begin(Tries *tries, const char *unit, uint64_t now_usec) {
        TriesUnit *u;
        int r;

        r = find_or_add(tries, unit, &u);
        if (r < 0)
                return r;

        if (u->locked_until_usec != 0 && now_usec >= u->locked_until_usec) {
                u->locked_until_usec = 0;
                u->n_wrong = 0;
        }
        if (u->n_wrong >= tries->n_max)
                return TRIES_E_LOCKED;
        if (u->n_wrong + u->n_running >= tries->n_max)
                return TRIES_E_BUSY;
        u->n_running++;
        return 0;
}

unsigned tries_end(Tries *tries, const char *unit, TriesOutcome outcome, uint64_t now_usec) {
        TriesUnit **p = find(tries, unit), *u = *p;
        unsigned n_left;

        if (!u)
                return tries->n_max;

        u->n_running--;
        switch (outcome) {
        case TRIES_RIGHT:
                u->n_wrong = 0;
                break;
        case TRIES_WRONG:
                u->n_wrong++;
                if (u->n_wrong >= tries->n_max)
                        u->locked_until_usec = now_usec + tries->lock_usec;
                break;
        case TRIES_UNKNOWN:
                break;
        }

        n_left = tries->n_max - u->n_wrong;
        if (u->n_wrong == 0 && u->n_running == 0) {
                *p = u->next;
                free(u);
        }
        return n_left;
}

size_t tries_locked(const Tries *tries, uint64_t now_usec, TriesLock *ret, size_t n) {
        size_t n_locked = 0;

        for (const TriesUnit *unit = tries->first; unit && n_locked < n; unit = unit->next) {
                TriesLock *lock = &ret[n_locked];

                if (unit->locked_until_usec <= now_usec)
                        continue;
                *lock = (TriesLock){ .n_wrong = unit->n_wrong,
                                     .left_usec = unit->locked_until_usec - now_usec };
                (void)snprintf(lock->unit, sizeof(lock->unit), "%s", unit->code);
                n_locked++;
        }
        return n_locked;
}

void tries_done(Tries *tries) {
        while (tries->first) {
                TriesUnit *unit = tries->first;

                tries->first = unit->next;
                free(unit);
        }
}
