/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Phase: days and seconds by arithmetic, without the C library's idea of where we are */

#include <string.h>

#include "daemon/core/phase.h"

#define DAY_SEC 86400
#define CHINA_SEC (8 * 3600) /* ahead of UTC */

static bool year_is_leap(int year) {
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month) {
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

        return days[month - 1] + (month == 2 && year_is_leap(year));
}

/* Leap years from the year 1 up to and with @year. */
static int leap_years(int year) {
        return year / 4 - year / 100 + year / 400;
}

static int32_t day_number(int year, int month, int day) {
        int32_t number = (year - 1970) * 365 + leap_years(year - 1) - leap_years(1969);

        for (int i = 1; i < month; i++)
                number += month_days(year, i);
        return number + day - 1;
}

/* @n digits at @s, or -1. */
static int digits_read(const char *s, unsigned n) {
        int value = 0;

        for (unsigned i = 0; i < n; i++) {
                if (s[i] < '0' || s[i] > '9')
                        return -1;
                value = value * 10 + (s[i] - '0');
        }
        return value;
}

int phase_day_parse(const char *text, PhaseDay *ret) {
        int year, month, day;

        if (strnlen(text, 11) != 10 || text[4] != '-' || text[7] != '-')
                return PHASE_E_DATE;

        year = digits_read(text, 4);
        month = digits_read(text + 5, 2);
        day = digits_read(text + 8, 2);
        if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
                return PHASE_E_DATE;

        *ret = (PhaseDay){ .is_set = true, .number = day_number(year, month, day) };
        return 0;
}

int64_t phase_day_begin(const PhaseDay *day) {
        return (int64_t)day->number * DAY_SEC - CHINA_SEC;
}

Phase phase_stricter(Phase a, Phase b) {
        return a > b ? a : b;
}

Phase phase_in_force(const PhaseSchedule *schedule, int64_t time_sec) {
        Phase found = PHASE_DUAL;

        for (Phase phase = PHASE_DUAL; phase < _PHASE_MAX; phase++)
                if (schedule->first[phase].is_set &&
                    phase_day_begin(&schedule->first[phase]) <= time_sec)
                        found = phase_stricter(found, phase);
        return found;
}
