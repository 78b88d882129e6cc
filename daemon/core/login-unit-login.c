/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The old unit login (spec.md section 3.4): a unit's code and its declaration password, no person
 *
 * It is there until phase `realname`. The code stands in .account as an account would; from the
 * platform comes that one unit and nobody's name, and its local user is one that the administrator
 * wrote down. The questions are those of unit verification (login-unit.c). */

#include <string.h>

#include "daemon/core/login-private.h"

static bool is_admitted(const Login *login) {
        return login->purpose == PURPOSE_LOGIN && phase_admits_route(login->phase, ROUTE_UNIT) &&
               policy_admits_route(login->method, login->unit_policy, ROUTE_UNIT);
}

/* A code that nobody's account can be: no login name, no identity number. */
static bool is_unit_alone(const char *code) {
        return unit_code_is_valid(code) && !login_name_is_valid(code) &&
               identity_number_check(code) != ACCOUNT_FAULT_NONE;
}

/* Digits 9 to 12, month and day of birth on the identity cards of the first generation. */
static bool has_old_birthday(const char *code) {
        int month = (code[8] - '0') * 10 + (code[9] - '0');
        int day = (code[10] - '0') * 10 + (code[11] - '0');

        return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* With a birth date in it, it is rather an identity number with a typing error, or one that is too
 * old; whoever means the unit writes "@" before it. */
static bool may_be_person(const char *code) {
        return strlen(code) == 15 ? has_old_birthday(code)
                                  : identity_number_check(code) == ACCOUNT_FAULT_CHECK;
}

/* What was typed in place of an account. */
static bool unit_typed(const Secret *answer, const Account *account,
                       char ret[static LIMIT_UNIT_CODE_BYTES + 1]) {
        bool is_unit;

        if (account->kind != ACCOUNT_INVALID)
                return false;
        if (account->unit[0]) {
                memcpy(ret, account->unit, LIMIT_UNIT_CODE_BYTES + 1);
                return true;
        }
        if (!answer || !answer_plain(answer, ret, LIMIT_UNIT_CODE_BYTES + 1)) {
                explicit_bzero(ret, LIMIT_UNIT_CODE_BYTES + 1);
                return false;
        }

        for (char *p = ret; *p; p++)
                if (*p >= 'a' && *p <= 'z')
                        *p = (char)(*p - 'a' + 'A');
        is_unit = is_unit_alone(ret) && !may_be_person(ret);
        if (!is_unit)
                explicit_bzero(ret, LIMIT_UNIT_CODE_BYTES + 1);
        return is_unit;
}

static void unit_login_begin(Login *login, const char *code) {
        login->route = ROUTE_UNIT;
        login->account_kind = ACCOUNT_INVALID;
        login_captcha_forget(login);
        memmove(login->account, code, strlen(code) + 1);
        memmove(login->typed, login->account, sizeof(login->typed));

        login_tell_text(login, SAY_UNIT_LOGIN, login->account, NULL);
        login_ask(login, ASK_UNIT_PASSWORD);
}

bool login_unit_is_mapped(const Login *login) {
        return login->mapped[0] && !login->user_is_unknown && is_unit_alone(login->mapped);
}

bool login_unit_login_first(Login *login) {
        if (!login_unit_is_mapped(login))
                return false;

        /* Nobody but the unit can be this user, so there is nothing else to be asked. */
        if (!is_admitted(login))
                login_fail(login, REASON_DENIED, "unit-login-closed", SAY_UNIT_LOGIN_CLOSED);
        else if (!units_admit(login->units_allowed, login->mapped) ||
                 (login->fixed_unit[0] && strcmp(login->fixed_unit, login->mapped) != 0)) {
                login_tell_text(login, SAY_UNIT_NOT_ALLOWED, login->mapped, NULL);
                login_fail(login, REASON_UNIT, "unit-not-allowed", SAY_NONE);
        } else
                unit_login_begin(login, login->mapped);
        return true;
}

bool login_unit_login_answered(Login *login, const Secret *answer, const Account *account) {
        char code[LIMIT_UNIT_CODE_BYTES + 1] = "";

        if (!unit_typed(answer, account, code))
                return false;

        if (!is_admitted(login)) {
                login_refused(login, "unit-login-closed");
                login_tell(login, SAY_UNIT_LOGIN_CLOSED);
                login_ask(login, ASK_ACCOUNT);
        } else if (login->fixed_unit[0] && strcmp(login->fixed_unit, code) != 0) {
                login_tell_text(login, SAY_ACCOUNT_OTHER_UNIT, login->fixed_unit, NULL);
                login_ask(login, ASK_ACCOUNT);
        } else if (!units_admit(login->units_allowed, code)) {
                login_refused(login, "unit-not-allowed");
                memcpy(login->typed, code, sizeof(code));
                login_tell_text(login, SAY_UNIT_NOT_ALLOWED, login->typed, NULL);
                login_ask(login, ASK_ACCOUNT);
        } else
                unit_login_begin(login, code);
        return true;
}

/* The phase has risen since the unit was asked for. */
static void unit_login_over(Login *login) {
        login->unit_password = secret_free(login->unit_password);
        login_refused(login, "unit-login-closed");
        if (!login->mapped[0] && login_offers_restart(login)) {
                login_tell(login, SAY_UNIT_LOGIN_CLOSED);
                login_restart(login);
        } else
                login_fail(login, REASON_DENIED, "unit-login-closed", SAY_UNIT_LOGIN_CLOSED);
}

void login_unit_login_send(Login *login) {
        if (!is_admitted(login)) {
                unit_login_over(login);
                return;
        }

        login->request = (Request){
                .kind = REQUEST_UNIT_LOGIN,
                .unit = login->account,
                .password = login->unit_password,
                .captcha = login->captcha,
        };
        login_send(login, LOGIN_WAIT_PLATFORM);
}

int login_unit_login_closed(Login *login, Reply *reply) {
        (void)reply;

        unit_login_over(login);
        return 0;
}

int login_unit_login_arrived(Login *login, Reply *reply) {
        const ReplyPerson *person = &reply->person;

        /* Whoever else it is, it is not what was asked for (threats 66). */
        if (person->login_name || person->n_units != 1 || !person->units ||
            strcmp(person->units[0].code, login->account) != 0) {
                login_platform_broken(login);
                return 0;
        }

        reply_person_done(&login->person);
        login->person = reply->person;
        reply->person = (ReplyPerson){};
        login->person_proven = true;
        login->person_fresh = true;
        login->unit = 0;
        login->unit_proof = PROOF_PASSWORD;
        login_resolve(login);
        return 0;
}
