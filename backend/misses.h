/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Misses: who asks for codes that are not there is soon not answered any more
 *
 * A fixed table in memory. Sources that fall into the same place share it, the older one is
 * forgotten. */

#include <stddef.h>
#include <stdint.h>

#include "lib/common/util.h"

#define MISSES_PLACES 4096
#define MISSES_MAX 20 /* within MISSES_WINDOW_USEC */
#define MISSES_WINDOW_USEC (60 * USEC_PER_SEC)

typedef struct Misses {
        struct {
                uint64_t source; /* hash of an account id or an address */
                uint64_t since_usec;
                unsigned n;
        } places[MISSES_PLACES];
        uint64_t seed;
} Misses;

/** misses_blocked() - has @source missed too often of late? */
bool misses_blocked(const Misses *misses, const char *source, uint64_t now_usec);

/** misses_note() - @source asked for something that is not there */
void misses_note(Misses *misses, const char *source, uint64_t now_usec);
