/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Source: who fails with ever other names is slowed down
 *
 * The guard of a name stops guessing at that name; one source that tries a few passwords on every
 * name there is passes below it, and locks everybody out on its way. So the failures of a source,
 * which is a client at an address, are counted together: a burst is free, then each one costs time.
 * A success costs nothing, so a busy office is not slowed down. A fixed table in memory of this
 * process: of sources that fall into one place the first is counted until it is forgotten. */

#include <stddef.h>
#include <stdint.h>

#include "lib/common/util.h"

#define SOURCE_PLACES 4096
#define SOURCE_BYTES 128 /* of a name: a client and an address */
#define SOURCE_BURST_DEFAULT 300
#define SOURCE_COST_USEC (USEC_PER_SEC / 2)   /* of one failure, beyond the burst */
#define SOURCE_HOLD_USEC (2 * USEC_PER_SEC)   /* who has to wait longer than this is sent away */
#define SOURCE_DEBT_USEC (600 * USEC_PER_SEC) /* more than this is not remembered */

typedef struct Sources {
        struct {
                uint64_t source;    /* its hash */
                uint64_t free_usec; /* when its failures are forgotten */
        } places[SOURCE_PLACES];
        uint64_t seed;
        unsigned burst; /* 0: nobody is slowed down */
} Sources;

/** source_name() - the source of a client at an address as request_peer() gives it; of an IPv6
 * address the network (/64), as one machine has many */
void source_name(const char *client_id, const char *peer, char *ret, size_t n);

/** source_wait_usec() - how long a source has to wait before it is let in; 0: not at all */
uint64_t source_wait_usec(const Sources *sources, const char *source, uint64_t now_usec);

/** source_failed() - a password of this source was wrong, or its name was locked */
void source_failed(Sources *sources, const char *source, uint64_t now_usec);
