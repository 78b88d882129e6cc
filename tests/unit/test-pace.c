/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pace: transcripts of polling in simulated seconds. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/platform/pace.h"
#include "lib/common/util.h"

typedef enum PaceEvent { SENT, PENDING, CHANGED, SLOW_DOWN, _PACE_EVENT_MAX } PaceEvent;

typedef struct PaceMoment {
        PaceEvent event;
        unsigned at_sec;
        unsigned next_sec; /* when the next poll may go, afterwards */
} PaceMoment;

typedef struct PaceCase {
        const char *sentence;
        PaceKind kind;
        unsigned interval_sec;
        unsigned first_sec;
        PaceMoment moments[8];
        size_t n_moments;
} PaceCase;

static const PaceCase cases[] = {
        { "a plain server is asked an interval after its answer", PACE_INTERVAL, 5, 105,
          { { SENT, 105, 105 }, { PENDING, 106, 111 }, { SENT, 111, 111 }, { PENDING, 111, 116 } }, 4 },
        { "a plain server with a state is not asked sooner for that", PACE_INTERVAL, 5, 105,
          { { SENT, 105, 105 }, { CHANGED, 105, 110 } }, 2 },
        { "each slow_down adds five seconds, for good", PACE_INTERVAL, 5, 105,
          { { SENT, 105, 105 }, { SLOW_DOWN, 105, 115 }, { SENT, 115, 115 }, { SLOW_DOWN, 115, 130 },
            { SENT, 130, 130 }, { PENDING, 130, 145 } }, 6 },
        { "an interval ends at a minute", PACE_INTERVAL, 58, 158, { { SENT, 158, 158 }, { SLOW_DOWN, 158, 218 } }, 2 },
        { "a held request is followed by the next", PACE_LONG_POLL, 5, 100,
          { { SENT, 100, 100 }, { PENDING, 118, 101 } }, 2 },
        { "a request that was not held waits for its second", PACE_LONG_POLL, 5, 100,
          { { SENT, 100, 100 }, { PENDING, 100, 101 } }, 2 },
        { "a change is followed at once", PACE_LONG_POLL, 5, 100, { { SENT, 100, 100 }, { CHANGED, 100, 100 } }, 2 },
        { "a server with long poll may ask for slowness too", PACE_LONG_POLL, 5, 100,
          { { SENT, 100, 100 }, { SLOW_DOWN, 100, 110 } }, 2 },
};

static void apply(Pace *pace, const PaceMoment *moment) {
        uint64_t now = moment->at_sec * USEC_PER_SEC;

        switch (moment->event) {
        case SENT:
                pace_sent(pace, now);
                break;
        case PENDING:
                pace_pending(pace, now);
                break;
        case CHANGED:
                pace_changed(pace, now);
                break;
        case SLOW_DOWN:
                pace_slow_down(pace, now);
                break;
        case _PACE_EVENT_MAX:
                break;
        }
}

static void test_cases(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const PaceCase *c = &cases[i];
                Pace pace;

                pace_start(&pace, c->kind, c->interval_sec, 100 * USEC_PER_SEC);
                if (pace.next_usec != c->first_sec * USEC_PER_SEC)
                        fail_msg("%s: first", c->sentence);
                for (size_t j = 0; j < c->n_moments; j++) {
                        apply(&pace, &c->moments[j]);
                        if (c->moments[j].event != SENT && pace.next_usec != c->moments[j].next_sec * USEC_PER_SEC)
                                fail_msg("%s: moment %zu", c->sentence, j);
                }
        }
}

/* A server that tells another state each time is not followed for ever. */
static void test_changes_without_an_end(void **state) {
        Pace pace;
        unsigned n_at_once = 0;

        (void)state;
        pace_start(&pace, PACE_LONG_POLL, 5, 100);
        for (int i = 0; i < 1000; i++) {
                pace_sent(&pace, 100);
                pace_changed(&pace, 100);
                n_at_once += pace.next_usec == 100;
        }
        assert_true(n_at_once > 0 && n_at_once < 10);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_changes_without_an_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
