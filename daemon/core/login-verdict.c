/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login, verdict: the one place that grants
 *
 * The flows come here when they believe that all is done. Nothing they believe counts: every
 * condition is read once more from what was proven in this login. */

#include <string.h>

#include "daemon/core/login-private.h"

static bool unit_is_needed(const Login *login) {
        if (login->route == ROUTE_UNIT)
                return true;

        switch (login->unit_policy) {
        case UNIT_OFF:
                return false;
        case UNIT_ASK:
                return login->fixed_unit[0] || login->person.n_units > 0;
        case UNIT_REQUIRED:
        case _UNIT_POLICY_MAX:
                break;
        }
        return true;
}

static bool unit_is_right(const Login *login) {
        if (login->unit_proof == PROOF_NONE || login->unit >= login->person.n_units)
                return false;
        /* By itself a unit has its password alone: the other proofs are a person's. */
        if (login->route == ROUTE_UNIT && login->unit_proof != PROOF_PASSWORD)
                return false;
        return !login->fixed_unit[0] ||
               strcmp(login->person.units[login->unit].code, login->fixed_unit) == 0;
}

/* In the first phase the unit's own proof is always wanted, in the last the relation or a
 * certificate alone will do. */
bool phase_admits(Phase phase, UnitProof proof) {
        static const bool admitted[_PHASE_MAX][_PROOF_MAX] = {
                [PHASE_DUAL] = { [PROOF_NONE] = true,
                                 [PROOF_PASSWORD] = true,
                                 [PROOF_CERTIFICATE] = true },
                [PHASE_RELATION] = { [PROOF_NONE] = true,
                                     [PROOF_PASSWORD] = true,
                                     [PROOF_CERTIFICATE] = true,
                                     [PROOF_RELATION] = true },
                [PHASE_REALNAME] = { [PROOF_NONE] = true,
                                     [PROOF_CERTIFICATE] = true,
                                     [PROOF_RELATION] = true },
        };

        return admitted[phase][proof];
}

bool phase_admits_route(Phase phase, Route route) {
        static const bool admitted[_PHASE_MAX][_ROUTE_MAX] = {
                [PHASE_DUAL] = { [ROUTE_PASSWORD] = true,
                                 [ROUTE_QR] = true,
                                 [ROUTE_SESSION] = true,
                                 [ROUTE_UNIT] = true },
                [PHASE_RELATION] = { [ROUTE_PASSWORD] = true,
                                     [ROUTE_QR] = true,
                                     [ROUTE_SESSION] = true,
                                     [ROUTE_UNIT] = true },
                [PHASE_REALNAME] = { [ROUTE_PASSWORD] = true,
                                     [ROUTE_QR] = true,
                                     [ROUTE_SESSION] = true },
        };

        return admitted[phase][route];
}

/* Where no unit is asked for, it is the person who counts, and a unit alone shows none. */
bool policy_admits_route(LoginMethod method, UnitPolicy policy, Route route) {
        static const bool admitted[_LOGIN_METHOD_MAX][_ROUTE_MAX] = {
                [METHOD_ANY] = { [ROUTE_PASSWORD] = true,
                                 [ROUTE_QR] = true,
                                 [ROUTE_SESSION] = true,
                                 [ROUTE_UNIT] = true },
                [METHOD_PASSWORD] = { [ROUTE_PASSWORD] = true,
                                      [ROUTE_SESSION] = true,
                                      [ROUTE_UNIT] = true },
                [METHOD_QR] = { [ROUTE_QR] = true, [ROUTE_SESSION] = true },
        };

        return admitted[method][route] && (route != ROUTE_UNIT || policy != UNIT_OFF);
}

/* A session stands for itself only where one was said to be there. */
static bool route_is_admitted(const Login *login) {
        if (login->route == ROUTE_SESSION && !login->resume)
                return false;
        if (login->route == ROUTE_UNIT && login->purpose != PURPOSE_LOGIN)
                return false;
        return policy_admits_route(login->method, login->unit_policy, login->route) &&
               phase_admits_route(login->phase, login->route);
}

bool units_admit(const char *const *units_allowed, const char *unit) {
        if (!units_allowed)
                return true;

        for (; *units_allowed; units_allowed++)
                if (strcmp(*units_allowed, unit) == 0)
                        return true;
        return false;
}

static bool unit_is_admitted(const Login *login) {
        return login->unit_proof == PROOF_NONE ||
               (login->unit < login->person.n_units &&
                units_admit(login->units_allowed, login->person.units[login->unit].code));
}

/* Nobody but the unit that was named, and no person with it. */
static bool unit_stands_alone(const Login *login) {
        return !login->person.login_name && login->person.n_units == 1 && login->account[0] &&
               strcmp(login->person.units[0].code, login->account) == 0;
}

bool login_person_is_asked(const Login *login) {
        if (login->user_is_unknown)
                return false;
        if (login->route == ROUTE_UNIT)
                return unit_stands_alone(login);
        if (!login->account[0])
                return true;
        if (login->account_kind == ACCOUNT_LOGIN_NAME &&
            strcmp(login->person.login_name, login->account) == 0)
                return true;

        /* A number is no name to compare, so the platform has to say it. Of a login name typed with
         * its password it cannot say anything else: then somebody else's answer has got here
         * (threats 66). A login of before was asked for nobody. */
        return login->person.hint_matched && login->route != ROUTE_SESSION &&
               !(login->account_kind == ACCOUNT_LOGIN_NAME && login->route == ROUTE_PASSWORD);
}

/* Only a login is ever granted as one, and only another password as that. */
static bool purpose_is_met(const Login *login) {
        switch (login->purpose) {
        case PURPOSE_LOGIN:
                return !login->password_changed;
        case PURPOSE_UNIT:
                return !login->password_changed && login->unit_proof != PROOF_NONE;
        case PURPOSE_PASSWORD:
                return login->password_changed && login->route == ROUTE_PASSWORD &&
                       login->unit_proof == PROOF_NONE;
        case _LOGIN_PURPOSE_MAX:
                break;
        }
        return false;
}

void login_facts(const Login *login, Facts *ret) {
        bool person = login->person_proven &&
                      (login->route == ROUTE_UNIT) == (login->person.login_name == NULL);

        *ret = (Facts){
                .person_proven = person,
                .account_open = !login->account_disabled,
                .account_asked = person && login_person_is_asked(login) &&
                                 (!login->mapped[0] || strcmp(login->mapped, login->account) == 0),
                .phone_bound = login->route != ROUTE_QR || !login->binding ||
                               login->digits_redeemed,
                .user_resolved = login->local_user[0] && !login->user_is_unknown &&
                                 !login->user_is_other,
                .user_asked = !login->user[0] || strcmp(login->user, login->local_user) == 0,
                .unit_proven = unit_is_needed(login)
                                       ? unit_is_right(login)
                                       : login->unit_proof == PROOF_NONE || unit_is_right(login),
                .unit_admitted = unit_is_admitted(login),
                .route_admitted = route_is_admitted(login),
                .phase_kept = phase_admits(login->phase, login->unit_proof),
                .purpose_met = purpose_is_met(login),
        };
}

bool facts_grant(const Facts *facts) {
        return facts->person_proven && facts->account_open && facts->account_asked &&
               facts->phone_bound && facts->user_resolved && facts->user_asked &&
               facts->unit_proven && facts->unit_admitted && facts->route_admitted &&
               facts->phase_kept && facts->purpose_met;
}

static const char *name_or_null(const char *name) {
        return name && name[0] ? name : NULL;
}

static const char *method_word(Route route) {
        static const char *const words[_ROUTE_MAX] = {
                [ROUTE_PASSWORD] = "password",
                [ROUTE_QR] = "qr",
                [ROUTE_SESSION] = "session",
                [ROUTE_UNIT] = "unit",
        };

        return words[route];
}

void login_grant(Login *login) {
        Plan *plan = &login->plan;
        Facts facts;

        login_facts(login, &facts);
        if (!facts_grant(&facts) || !login->next_pending) {
                login_fail(login, REASON_DENIED, "verdict", SAY_NONE);
                return;
        }

        plan->kind = STEP_DONE;
        plan->user = login->local_user;
        plan->account = login->person.login_name;
        plan->name = name_or_null(login->person.name);
        plan->method = method_word(login->route);
        if (login->unit_proof != PROOF_NONE) {
                plan->unit = login->person.units[login->unit].code;
                plan->unit_name = name_or_null(login->person.units[login->unit].name);
        }

        login->plan_given = true;
        login_act(login, ACTION_STEP)->plan = plan;
        login_end(login, REASON_NONE, "granted");
}
