/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "backend/phase.h"

#define DAY_SEC 86400
#define CHINA_EAST_SEC (8 * 3600) /* no summer time since 1991 */

static const char *const words[_PHASE_MAX] = {
        [PHASE_NONE] = NULL,
        [PHASE_DUAL] = "dual",
        [PHASE_RELATION] = "relation",
        [PHASE_REALNAME] = "realname",
};

const char *phase_to_string(Phase phase) {
        return words[phase];
}

Phase phase_from_string(const char *word) {
        for (Phase i = PHASE_NONE + 1; i < _PHASE_MAX; i++)
                if (strcmp(word, words[i]) == 0)
                        return i;
        return _PHASE_MAX;
}

static int number(const char *digits, size_t n) {
        int value = 0;

        for (size_t i = 0; i < n; i++) {
                if (digits[i] < '0' || digits[i] > '9')
                        return -1;
                value = 10 * value + (digits[i] - '0');
        }
        return value;
}

static bool is_leap(int year) {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01. Return: 0, -EINVAL. */
static int days_read(const char *date, int64_t *ret) {
        static const int lengths[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        int year, month, day;
        int64_t days = 0;

        if (strlen(date) != PHASE_DATE_BYTES || date[4] != '-' || date[7] != '-')
                return -EINVAL;
        year = number(date, 4);
        month = number(date + 5, 2);
        day = number(date + 8, 2);
        if (year < 1970 || month < 1 || month > 12 || day < 1 ||
            day > lengths[month - 1] + (month == 2 && is_leap(year)))
                return -EINVAL;

        for (int i = 1970; i < year; i++)
                days += 365 + is_leap(i);
        for (int i = 1; i < month; i++)
                days += lengths[i - 1] + (i == 2 && is_leap(year));
        *ret = days + day - 1;
        return 0;
}

int phase_rule_date(PhaseRule *rule, Phase phase, const char *date) {
        int64_t days;
        int r;

        r = days_read(date, &days);
        if (r < 0)
                return r;
        rule->dates[phase] = date;
        rule->begins_sec[phase] = days * DAY_SEC - CHINA_EAST_SEC;
        return 0;
}

Phase phase_at(const PhaseRule *rule, int64_t now) {
        Phase phase = rule->floor;

        for (Phase i = PHASE_DUAL; i < _PHASE_MAX; i++) {
                if (!rule->dates[i])
                        continue;
                if (phase == PHASE_NONE)
                        phase = PHASE_DUAL;
                if (now >= rule->begins_sec[i] && i > phase)
                        phase = i;
        }
        return phase;
}
