/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Pace: when the next poll may be sent (RFC 8628 section 3.5)
 *
 * Pure: time is an argument. A server without long poll is asked once an interval; one with long
 * poll at once when something has changed, and otherwise no sooner than a second after the last
 * time, so that neither can be made to spin. */

#include <stdint.h>

typedef enum PaceKind {
        PACE_INTERVAL,  /* plain device grant */
        PACE_LONG_POLL, /* requests are held */
} PaceKind;

typedef struct Pace {
        PaceKind kind;
        uint64_t interval_usec;
        uint64_t next_usec; /* no poll before */
        uint64_t sent_usec;
        unsigned n_changes;
} Pace;

void pace_start(Pace *pace, PaceKind kind, uint64_t interval_sec, uint64_t now_usec);
void pace_sent(Pace *pace, uint64_t now_usec);
/** pace_pending() - "authorization_pending" came, with the state as it was before */
void pace_pending(Pace *pace, uint64_t now_usec);
/** pace_changed() - it came with another state */
void pace_changed(Pace *pace, uint64_t now_usec);
/** pace_slow_down() - "slow_down" came: 5 s more from now on */
void pace_slow_down(Pace *pace, uint64_t now_usec);
