/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Query simulate: what an account, a unit and a day would get here (itaxctl policy simulate) */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/core/simulate.h"
#include "daemon/query-private.h"
#include "daemon/services.h"

#define CHINA_SEC (8 * 3600) /* ahead of UTC, and without summer time */

typedef struct Day {
        int64_t time_sec;
        char text[16];
} Day;

/* The day asked for, at its beginning; without one, this moment. Return: false when there is no such day. */
static bool day_find(const char *date, Day *ret) {
        struct tm tm = {};
        PhaseDay day = {};
        time_t local;

        if (date) {
                if (phase_day_parse(date, &day) != 0)
                        return false;
                ret->time_sec = phase_day_begin(&day);
        } else
                ret->time_sec = era_now_sec();
        local = (time_t)(ret->time_sec + CHINA_SEC);
        (void)gmtime_r(&local, &tm);
        (void)strftime(ret->text, sizeof(ret->text), "%Y-%m-%d", &tm);
        return true;
}

static const char *policy_word(UnitPolicy policy) {
        static const char *const words[_UNIT_POLICY_MAX] = {
                [UNIT_OFF] = "off",
                [UNIT_ASK] = "ask",
                [UNIT_REQUIRED] = "required",
        };

        return policy < _UNIT_POLICY_MAX ? words[policy] : NULL;
}

static const char *method_word(LoginMethod method) {
        static const char *const words[_LOGIN_METHOD_MAX] = {
                [METHOD_ANY] = "any",
                [METHOD_PASSWORD] = "password",
                [METHOD_QR] = "qr",
        };

        return method < _LOGIN_METHOD_MAX ? words[method] : NULL;
}

/* The only way in which a program can work holds over what is configured for all. */
static LoginMethod method_of(const Query *query) {
        const Config *config = query->era->config;
        ServiceManner manner = { .method = METHOD_ANY };

        if (query->service)
                (void)services_manner(&(ServiceQuery){ .service = query->service },
                                      config->services, config->n_services, &manner);
        return manner.method == METHOD_ANY ? config->method : manner.method;
}

static void conclude(Query *query, const char *user, const char *user_by) {
        const Config *config = query->era->config;
        PhaseSource source;
        ConfigUnit unit = {};
        SimulationResult result;
        Day day = {};

        if (!day_find(query->date, &day) ||
            (query->unit && (config_unit_from_string(query->unit, &unit) != 0 || !*unit.code))) {
                query_refuse(query, BUS_REFUSE_ARGUMENTS);
                return;
        }

        const Phase phase = era_phase(query->era, day.time_sec, &source);
        const LoginMethod method = method_of(query);

        simulate(&(Simulation){
                .phase = phase,
                .method = method,
                .unit_policy = config->unit.policy,
                .fixed_unit = *config->unit.code ? config->unit.code : NULL,
                .units_allowed = (const char *const *)config->units,
                .unit = *unit.code ? unit.code : NULL,
        }, &result);
        query->call = bus_call_simulation(query->call, &(BusSimulation){
                .date = day.text,
                .phase = config_phase_to_string(phase),
                .phase_by = source == PHASE_BY_PLATFORM ? "platform" : "configuration",
                .user = user,
                .user_by = user_by,
                .unit_policy = *config->unit.code ? config->unit.code :
                                                    policy_word(config->unit.policy),
                .method = method_word(method),
                .unit_allowed = result.unit_allowed,
                .relation = result.relation,
                .declaration_password = result.declaration_password,
                .certificate = result.certificate,
                .unit_login = result.unit_login,
        });
        query_over(query);
}

static void on_user(DirectoryLookup *lookup _unused_, int error, const DirectoryUser *user,
                    void *userdata) {
        Query *query = userdata;
        size_t n_accounts;

        (void)directory_account_for(query->era->directory, query->account,
                                    error == 0 ? user : NULL, &n_accounts);
        query->lookup = directory_lookup_free(query->lookup);
        if (n_accounts > 0)
                conclude(query, query->account,
                         config_accounts_to_string(query->era->config->accounts));
        else
                conclude(query, NULL, "none");
}

void query_simulate(Query *query) {
        const char *user = NULL;

        if (query->account)
                user = directory_user_of_account(query->era->directory, query->account);
        else if (query->unit) /* the old unit login */
                user = directory_user_of_unit(query->era->directory, query->unit);
        if (user) {
                char name[LIMIT_USER_BYTES + 1];

                (void)snprintf(name, sizeof(name), "%s", user);
                conclude(query, name, "table");
                return;
        }
        /* Who is not in the map may have the user of his own name. */
        if (query->account && query->era->config->accounts != ACCOUNTS_TABLE &&
            directory_find_name(query->era->directory, query->account, on_user, query,
                                &query->lookup) >= 0)
                return;
        conclude(query, NULL, "none");
}
