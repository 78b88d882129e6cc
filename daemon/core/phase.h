/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Phase: which phase of the roll-out (spec.md section 3.4) is in force at a moment
 *
 * A phase is in force from 00:00 China Standard Time (UTC+8, no summer time since 1992) of its day
 * on, and is not left again: of all that are in force the strictest counts. */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/login.h"

/* A day of the Gregorian calendar, as days since 1970-01-01. */
typedef struct PhaseDay {
        bool is_set;
        int32_t number;
} PhaseDay;

/* The first day of each phase. Zeroed: none has one. */
typedef struct PhaseSchedule {
        PhaseDay first[_PHASE_MAX];
} PhaseSchedule;

enum {
        PHASE_E_DATE = 1, /* not YYYY-MM-DD, no such day, or before 1970 */
};

/** phase_day_parse() - "YYYY-MM-DD" and nothing around it. Return: 0, PHASE_E_DATE */
int phase_day_parse(const char *text, PhaseDay *ret);

/** phase_day_begin() - the second of Unix time with which a day that is set begins in China */
int64_t phase_day_begin(const PhaseDay *day);

/** phase_stricter() - of two */
Phase phase_stricter(Phase a, Phase b);

/** phase_in_force() - at @time_sec (Unix time) by @schedule; PHASE_DUAL while none is */
Phase phase_in_force(const PhaseSchedule *schedule, int64_t time_sec);
