/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Tries: wrong PINs of units' files, counted before they are tried
 *
 * As many helpers may run for a unit as it has tries left, so that guessing in parallel gains
 * nothing (design.md D7). No clock: time is an argument, and must not jump (CLOCK_BOOTTIME). */

#include <stddef.h>
#include <stdint.h>

#include "lib/common/limits.h"

typedef struct TriesUnit TriesUnit;

/* {} is empty */
typedef struct Tries {
        TriesUnit *first;
        unsigned n_max;     /* wrong ones in a row until the lock */
        uint64_t lock_usec; /* how long it lasts */
} Tries;

typedef enum TriesOutcome {
        TRIES_RIGHT, /* all is forgotten */
        TRIES_WRONG,
        TRIES_UNKNOWN, /* the PIN was not tested, or nobody knows */
} TriesOutcome;

enum {
        TRIES_E_LOCKED = 1,
        TRIES_E_BUSY, /* all tries that are left are being made: ask again after the next
                         tries_end() */
};

/** tries_begin() - take a try. Return: 0, TRIES_E_*, -ENOMEM. After 0 tries_end() must follow. */
int tries_begin(Tries *tries, const char *unit, uint64_t now_usec);

/** tries_end() - what became of it. Return: how many are left now. */
unsigned tries_end(Tries *tries, const char *unit, TriesOutcome outcome, uint64_t now_usec);

/* A unit whose file is locked. */
typedef struct TriesLock {
        char unit[LIMIT_UNIT_CODE_BYTES + 1];
        unsigned n_wrong;
        uint64_t left_usec;
} TriesLock;

/** tries_locked() - those that are locked at @now_usec, at most @n. Return: how many. */
size_t tries_locked(const Tries *tries, uint64_t now_usec, TriesLock *ret, size_t n);

/** tries_done() - release; idempotent */
void tries_done(Tries *tries);
