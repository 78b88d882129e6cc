/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Phase: how far the roll-out is (spec.md 3.4), by a fixed word and by dates
 *
 * A date is in force from 00:00 China Standard Time (UTC+8) of its day. The strictest of what is in
 * force counts, so a later date of a milder phase changes nothing. */

#include <stdbool.h>
#include <stdint.h>

#define PHASE_DATE_BYTES 10 /* YYYY-MM-DD */

typedef enum Phase {
        PHASE_NONE, /* not announced; unit verification as in PHASE_RELATION */
        PHASE_DUAL,
        PHASE_RELATION,
        PHASE_REALNAME,
        _PHASE_MAX,
} Phase;

const char *phase_to_string(Phase phase);  /* NULL for PHASE_NONE */
Phase phase_from_string(const char *word); /* _PHASE_MAX when it is none */

/* What an administrator says of it. */
typedef struct PhaseRule {
        Phase floor;                    /* in force always */
        const char *dates[_PHASE_MAX];  /* as given, NULL for none; borrowed */
        int64_t begins_sec[_PHASE_MAX]; /* of those with a date: seconds since 1970 */
} PhaseRule;

/** phase_rule_date() - set a date. Return: 0, -EINVAL when there is no such day. */
int phase_rule_date(PhaseRule *rule, Phase phase, const char *date);

/**
 * phase_at() - the phase at a moment
 *
 * PHASE_NONE only when neither a phase nor a date was given; before the first date the floor, or
 * PHASE_DUAL when there is none.
 */
Phase phase_at(const PhaseRule *rule, int64_t now);
