/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pace: arithmetic of polling */

#include "daemon/platform/pace.h"
#include "lib/common/util.h"

#define SLOW_DOWN_USEC (5 * USEC_PER_SEC)
#define INTERVAL_USEC_MAX (60 * USEC_PER_SEC)
#define GAP_USEC USEC_PER_SEC
#define CHANGES_MAX 8 /* pending, scanned, digits_required: a login has no more than three */

void pace_start(Pace *pace, PaceKind kind, uint64_t interval_sec, uint64_t now_usec) {
        *pace = (Pace){ .kind = kind, .interval_usec = interval_sec * USEC_PER_SEC };
        pace->next_usec = kind == PACE_LONG_POLL ? now_usec : now_usec + pace->interval_usec;
}

void pace_sent(Pace *pace, uint64_t now_usec) {
        pace->sent_usec = now_usec;
}

void pace_pending(Pace *pace, uint64_t now_usec) {
        switch (pace->kind) {
        case PACE_INTERVAL:
                pace->next_usec = now_usec + pace->interval_usec;
                break;
        case PACE_LONG_POLL:
                pace->next_usec = pace->sent_usec + GAP_USEC;
                break;
        }
}

void pace_changed(Pace *pace, uint64_t now_usec) {
        if (pace->kind == PACE_LONG_POLL && ++pace->n_changes <= CHANGES_MAX)
                pace->next_usec = now_usec;
        else
                pace_pending(pace, now_usec);
}

void pace_slow_down(Pace *pace, uint64_t now_usec) {
        pace->interval_usec += SLOW_DOWN_USEC;
        if (pace->interval_usec > INTERVAL_USEC_MAX)
                pace->interval_usec = INTERVAL_USEC_MAX;
        pace->next_usec = now_usec + pace->interval_usec;
}
