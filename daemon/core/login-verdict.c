/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login, verdict: the one place that grants
 *
 * The flows come here when they believe that all is done. Nothing they believe counts: every
 * condition is read once more from what was proven in this login. */

#include <string.h>

#include "daemon/core/login-private.h"

static bool unit_is_needed(const Login *login) {
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
        return !login->fixed_unit[0] ||
               strcmp(login->person.units[login->unit].code, login->fixed_unit) == 0;
}

/* spec.md section 3.4: in the first phase the unit's own proof is always wanted, in the last the
 * relation alone (or, one day, a certificate) will do. */
static bool phase_admits(Phase phase, UnitProof proof) {
        static const bool admitted[_PHASE_MAX][_PROOF_MAX] = {
                [PHASE_DUAL] = { [PROOF_NONE] = true, [PROOF_PASSWORD] = true },
                [PHASE_RELATION] = { [PROOF_NONE] = true,
                                     [PROOF_PASSWORD] = true,
                                     [PROOF_RELATION] = true },
                [PHASE_REALNAME] = { [PROOF_NONE] = true, [PROOF_RELATION] = true },
        };

        return admitted[phase][proof];
}

static bool route_is_admitted(const Login *login) {
        static const bool admitted[_LOGIN_METHOD_MAX][_ROUTE_MAX] = {
                [METHOD_ANY] = { [ROUTE_PASSWORD] = true, [ROUTE_QR] = true },
                [METHOD_PASSWORD] = { [ROUTE_PASSWORD] = true },
                [METHOD_QR] = { [ROUTE_QR] = true },
        };

        return admitted[login->method][login->route];
}

bool login_person_is_asked(const Login *login) {
        if (login->user_is_unknown)
                return false;
        if (!login->account[0])
                return true;
        if (login->account_kind == ACCOUNT_LOGIN_NAME &&
            strcmp(login->person.login_name, login->account) == 0)
                return true;

        /* A number is no name to compare, so the platform has to say it. Of a login name typed with
         * its password it cannot say anything else: then somebody else's answer has got here
         * (threats 66). */
        return login->person.hint_matched &&
               !(login->account_kind == ACCOUNT_LOGIN_NAME && login->route == ROUTE_PASSWORD);
}

void login_facts(const Login *login, Facts *ret) {
        bool person = login->person_proven && login->person.login_name && route_is_admitted(login);

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
                .phase_kept = phase_admits(login->phase, login->unit_proof),
        };
}

bool facts_grant(const Facts *facts) {
        return facts->person_proven && facts->account_open && facts->account_asked &&
               facts->phone_bound && facts->user_resolved && facts->user_asked &&
               facts->unit_proven && facts->phase_kept;
}

static const char *name_or_null(const char *name) {
        return name && name[0] ? name : NULL;
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
        plan->method = login->route == ROUTE_QR ? "qr" : "password";
        if (login->unit_proof != PROOF_NONE) {
                plan->unit = login->person.units[login->unit].code;
                plan->unit_name = name_or_null(login->person.units[login->unit].name);
        }

        login->plan_given = true;
        login_act(login, ACTION_STEP)->plan = plan;
        login_end(login, REASON_NONE, "granted");
}
