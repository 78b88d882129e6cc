/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Phases by date, and what a policy would admit: both without a login */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/login-private.h"
#include "daemon/core/phase.h"
#include "daemon/core/simulate.h"
#include "lib/common/util.h"

#define U1 "919900000000000018"
#define U2 "91990000000000002B"

static const struct {
        const char *sentence, *text;
        int result;
        int64_t begin_sec; /* Unix time, by date(1) with TZ=Asia/Shanghai */
} day_cases[] = {
        { "the first day of all", "1970-01-01", 0, -28800 },
        { "the day of phase 1", "2019-11-09", 0, 1573228800 },
        { "the day of phase 2", "2020-01-01", 0, 1577808000 },
        { "a leap day", "2020-02-29", 0, 1582905600 },
        { "a leap day at the end of a century of 400 years", "2000-02-29", 0, 951753600 },
        { "the day after a leap day", "2024-03-01", 0, 1709222400 },
        { "the last day of a year", "2038-01-19", 0, 2147443200 },
        { "the last day of all", "9999-12-31", 0, 253402185600 },
        { "no leap day in a year that is none", "2019-02-29", PHASE_E_DATE, 0 },
        { "no leap day at the end of a century", "2100-02-29", PHASE_E_DATE, 0 },
        { "no 31st of June", "2020-06-31", PHASE_E_DATE, 0 },
        { "no month 13", "2020-13-01", PHASE_E_DATE, 0 },
        { "no month 0", "2020-00-01", PHASE_E_DATE, 0 },
        { "no day 0", "2020-01-00", PHASE_E_DATE, 0 },
        { "before 1970", "1969-12-31", PHASE_E_DATE, 0 },
        { "the year 0", "0000-01-01", PHASE_E_DATE, 0 },
        { "nothing", "", PHASE_E_DATE, 0 },
        { "one digit too few", "2020-1-01", PHASE_E_DATE, 0 },
        { "one digit too few at the end", "2020-01-1", PHASE_E_DATE, 0 },
        { "five digits of a year", "12020-01-01", PHASE_E_DATE, 0 },
        { "a space before", " 2020-01-01", PHASE_E_DATE, 0 },
        { "a space in place of a digit", "2020- 1-01", PHASE_E_DATE, 0 },
        { "a sign in place of a digit", "2020-+1-01", PHASE_E_DATE, 0 },
        { "something behind", "2020-01-01 ", PHASE_E_DATE, 0 },
        { "a time behind", "2020-01-01T00:00", PHASE_E_DATE, 0 },
        { "slashes", "2020/01/01", PHASE_E_DATE, 0 },
        { "without dashes", "20200101", PHASE_E_DATE, 0 },
        { "letters", "YYYY-MM-DD", PHASE_E_DATE, 0 },
        { "full-width digits", "２０２０-01-01", PHASE_E_DATE, 0 },
        { "negative", "-2020-01-01", PHASE_E_DATE, 0 },
};

static void test_days(void **state) {
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(day_cases); i++) {
                PhaseDay day = { .number = 4711 };
                int r = phase_day_parse(day_cases[i].text, &day);

                if (r != day_cases[i].result)
                        fail_msg("%s: %d", day_cases[i].sentence, r);
                if (r == 0 && (!day.is_set || phase_day_begin(&day) != day_cases[i].begin_sec))
                        fail_msg("%s: %lld", day_cases[i].sentence,
                                 (long long)phase_day_begin(&day));
                if (r != 0)
                        assert_true(!day.is_set && day.number == 4711);
        }
}

/* Each day is as long as every other, over all of the calendar. */
static void test_days_follow_each_other(void **state) {
        int64_t expected = -28800;
        char text[48];

        (void)state;
        for (int year = 1970; year <= 2400; year++)
                for (int month = 1; month <= 12; month++)
                        for (int day = 1; day <= 31; day++) {
                                PhaseDay found = {};

                                snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, day);
                                if (phase_day_parse(text, &found) != 0)
                                        continue;
                                if (phase_day_begin(&found) != expected)
                                        fail_msg("%s", text);
                                expected += 86400;
                        }
        /* 431 years with a leap day every fourth from 1972 to 2400, but not in 2100, 2200, 2300 */
        assert_int_equal(expected, (431LL * 365 + 105) * 86400 - 28800);
}

static const struct {
        const char *sentence;
        const char *first[_PHASE_MAX]; /* NULL for none */
        int64_t time_sec;
        Phase phase;
} schedule_cases[] = {
        { "no dates at all: the mildest", { NULL }, 1577808000, PHASE_DUAL },
        { "the last second before a phase",
          { "2019-11-09", "2020-01-01", NULL },
          1577807999,
          PHASE_DUAL },
        { "the first second of a phase",
          { "2019-11-09", "2020-01-01", NULL },
          1577808000,
          PHASE_RELATION },
        { "midnight is that of China, not of Greenwich",
          { NULL, "2020-01-01", NULL },
          1577836800 - 8 * 3600,
          PHASE_RELATION },
        { "long after all",
          { "2019-11-09", "2020-01-01", "2026-07-01" },
          INT64_MAX,
          PHASE_REALNAME },
        { "long before all",
          { "2019-11-09", "2020-01-01", "2026-07-01" },
          INT64_MIN,
          PHASE_DUAL },
        { "the last one alone", { NULL, NULL, "2026-07-01" }, 1782835200, PHASE_REALNAME },
        { "the second before it", { NULL, NULL, "2026-07-01" }, 1782835199, PHASE_DUAL },
        { "two on one day: the stricter",
          { "2020-01-01", "2020-01-01", NULL },
          1577808000,
          PHASE_RELATION },
        { "in the wrong order the strictest in force counts",
          { "2026-07-01", "2026-01-01", "2020-01-01" },
          1577808000,
          PHASE_REALNAME },
        { "a milder one that begins later changes nothing",
          { NULL, "2026-07-01", "2020-01-01" },
          1782835200,
          PHASE_REALNAME },
};

static void test_schedules(void **state) {
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(schedule_cases); i++) {
                PhaseSchedule schedule = {};
                Phase phase;

                for (Phase p = PHASE_DUAL; p < _PHASE_MAX; p++)
                        if (schedule_cases[i].first[p])
                                assert_int_equal(phase_day_parse(schedule_cases[i].first[p],
                                                                 &schedule.first[p]),
                                                 0);
                phase = phase_in_force(&schedule, schedule_cases[i].time_sec);
                if (phase != schedule_cases[i].phase)
                        fail_msg("%s: %d", schedule_cases[i].sentence, (int)phase);
        }
}

static void test_stricter(void **state) {
        (void)state;

        for (Phase a = PHASE_DUAL; a < _PHASE_MAX; a++)
                for (Phase b = PHASE_DUAL; b < _PHASE_MAX; b++) {
                        Phase found = phase_stricter(a, b);

                        assert_true(found >= a && found >= b && (found == a || found == b));
                }
}

/* Simulation */

static const char *const only_u1[] = { U1, NULL };
static const char *const none[] = { NULL };

static const struct {
        const char *sentence;
        Simulation simulation;
        const char *admitted; /* n: needed, a: allowed, r, p, c: the proofs, u: the old unit login */
} simulation_cases[] = {
        { "dual",
          { .phase = PHASE_DUAL, .unit_policy = UNIT_REQUIRED, .unit = U1 },
          "na-pcu" },
        { "relation",
          { .phase = PHASE_RELATION, .unit_policy = UNIT_REQUIRED, .unit = U1 },
          "narpcu" },
        { "realname",
          { .phase = PHASE_REALNAME, .unit_policy = UNIT_REQUIRED, .unit = U1 },
          "nar-c-" },
        { "whichever unit",
          { .phase = PHASE_RELATION, .unit_policy = UNIT_REQUIRED },
          "narpcu" },
        { "a unit is only asked for",
          { .phase = PHASE_RELATION, .unit_policy = UNIT_ASK, .unit = U1 },
          "-arpcu" },
        { "a unit is only asked for, but one is set",
          { .phase = PHASE_RELATION, .unit_policy = UNIT_ASK, .fixed_unit = U1, .unit = U1 },
          "narpcu" },
        { "the person is enough",
          { .phase = PHASE_RELATION, .unit_policy = UNIT_OFF, .unit = U1 },
          "------" },
        { "another unit than the one set",
          { .phase = PHASE_DUAL, .unit_policy = UNIT_REQUIRED, .fixed_unit = U2, .unit = U1 },
          "n-----" },
        { "a unit that the host admits",
          { .phase = PHASE_DUAL, .unit_policy = UNIT_REQUIRED, .units_allowed = only_u1,
            .unit = U1 },
          "na-pcu" },
        { "a unit that the host does not admit",
          { .phase = PHASE_DUAL, .unit_policy = UNIT_REQUIRED, .units_allowed = only_u1,
            .unit = U2 },
          "n-----" },
        { "a unit set that the host does not admit",
          { .phase = PHASE_DUAL, .unit_policy = UNIT_REQUIRED, .units_allowed = only_u1,
            .fixed_unit = U2 },
          "n-----" },
        { "a host that admits none",
          { .phase = PHASE_RELATION, .unit_policy = UNIT_REQUIRED, .units_allowed = none,
            .unit = U1 },
          "n-----" },
        { "only passwords count",
          { .phase = PHASE_DUAL, .method = METHOD_PASSWORD, .unit_policy = UNIT_REQUIRED },
          "na-pcu" },
        { "only the QR code counts: no old unit login",
          { .phase = PHASE_DUAL, .method = METHOD_QR, .unit_policy = UNIT_REQUIRED },
          "na-pc-" },
};

static void test_simulations(void **state) {
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(simulation_cases); i++) {
                SimulationResult result;
                char admitted[7];

                simulate(&simulation_cases[i].simulation, &result);
                snprintf(admitted, sizeof(admitted), "%c%c%c%c%c%c", result.unit_needed ? 'n' : '-',
                         result.unit_allowed ? 'a' : '-', result.relation ? 'r' : '-',
                         result.declaration_password ? 'p' : '-', result.certificate ? 'c' : '-',
                         result.unit_login ? 'u' : '-');
                if (strcmp(admitted, simulation_cases[i].admitted) != 0)
                        fail_msg("%s: %s", simulation_cases[i].sentence, admitted);
        }
}

/* What is simulated is what the verdict says: there is one table. */
static void test_simulation_is_the_verdict(void **state) {
        (void)state;

        for (Phase phase = PHASE_DUAL; phase < _PHASE_MAX; phase++) {
                SimulationResult result;

                simulate(&(Simulation){ .phase = phase, .unit_policy = UNIT_REQUIRED }, &result);
                assert_int_equal(result.relation, phase_admits(phase, PROOF_RELATION));
                assert_int_equal(result.declaration_password, phase_admits(phase, PROOF_PASSWORD));
                assert_int_equal(result.certificate, phase_admits(phase, PROOF_CERTIFICATE));
                assert_int_equal(result.unit_login, phase_admits_route(phase, ROUTE_UNIT));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_days),
                cmocka_unit_test(test_days_follow_each_other),
                cmocka_unit_test(test_schedules),
                cmocka_unit_test(test_stricter),
                cmocka_unit_test(test_simulations),
                cmocka_unit_test(test_simulation_is_the_verdict),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
