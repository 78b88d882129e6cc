/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unit verification (spec.md section 3.3): which unit, and what shows that the person may act for
 * it
 *
 * What proves it is a matter of the phase (login-verdict.c): the authorisation relation, where it
 * counts, asks nothing of the person and comes first; then the unit's declaration password or its
 * CA certificate, by the person's choice if there are both. */

#include <string.h>

#include "daemon/core/login-private.h"

static const ReplyUnit *unit_chosen(const Login *login) {
        return &login->person.units[login->unit];
}

const char *login_unit_code(const Login *login) {
        if (login->unit != UNIT_NOBODY)
                return unit_chosen(login)->code;
        return login->route == ROUTE_UNIT ? login->account : NULL;
}

static size_t unit_find(const Login *login, const char *code) {
        for (size_t i = 0; i < login->person.n_units; i++)
                if (strcmp(login->person.units[i].code, code) == 0)
                        return i;
        return UNIT_NOBODY;
}

static bool has_list(const Login *login) {
        return login->n_listed > 1 && !login->fixed_unit[0] && login->mode != MODE_ONE &&
               login->route != ROUTE_UNIT;
}

static bool has_password_way(const Login *login) {
        return login->unit != UNIT_NOBODY && unit_chosen(login)->has_password &&
               phase_admits(login->phase, PROOF_PASSWORD);
}

static bool has_two_ways(const Login *login) {
        return has_password_way(login) && login_certificate_is_possible(login);
}

static UnitBack back_from_unit(const Login *login) {
        if (has_list(login))
                return BACK_LIST;
        if (!login_offers_restart(login) || (login->route == ROUTE_UNIT && login->mapped[0]))
                return BACK_NOWHERE;
        return BACK_START;
}

UnitBack login_unit_back(const Login *login, Ask ask) {
        switch (ask) {
        case ASK_UNIT:
                return login_offers_restart(login) ? BACK_START : BACK_NOWHERE;
        case ASK_UNIT_PASSWORD:
        case ASK_UNIT_CAPTCHA:
        case ASK_PIN:
                return has_two_ways(login) ? BACK_WAY : back_from_unit(login);
        case ASK_UNIT_WAY:
                return back_from_unit(login);
        case ASK_NOTHING:
        case ASK_ACCOUNT:
        case ASK_PASSWORD:
        case ASK_CAPTCHA:
        case ASK_SCAN:
        case ASK_CONFIRMED:
        case ASK_DIGITS:
        case ASK_ONE:
        case ASK_LINKS:
        case ASK_NEW_PASSWORD:
        case ASK_NEW_PASSWORD_AGAIN:
        case _ASK_MAX:
                break;
        }
        return BACK_NOWHERE;
}

static void ask_way(Login *login) {
        login_tell_text(login, SAY_UNIT_CHOSEN, unit_chosen(login)->name, unit_chosen(login)->code);
        login_tell(login, SAY_UNIT_WAY_INVITE);
        login_ask(login, ASK_UNIT_WAY);
}

void login_unit_go_back(Login *login, SayId say) {
        UnitBack back = login_unit_back(login, login->ask);

        if (back != BACK_NOWHERE)
                login->unit_password = secret_free(login->unit_password);

        switch (back) {
        case BACK_WAY:
                login_captcha_forget(login);
                ask_way(login);
                break;
        case BACK_LIST:
                login_list_show(login);
                break;
        case BACK_START:
                login_restart(login);
                break;
        case BACK_NOWHERE:
                login_tell(login, say);
                login_ask(login, login->ask);
                break;
        }
}

/* Nothing more can be done for this unit, and why was told: another one, where there is a choice. */
static void unit_leave(Login *login, StepReason reason, const char *detail) {
        login_refused(login, detail);
        if (has_list(login))
                login_list_show(login);
        else
                login_fail(login, reason, detail, SAY_NONE);
}

static void unit_give_up(Login *login, SayId say, const char *detail) {
        login_tell_text(login, say, unit_chosen(login)->name, NULL);
        unit_leave(login, REASON_UNIT, detail);
}

static void send_unit_password(Login *login) {
        if (login->route == ROUTE_UNIT) {
                login_unit_login_send(login);
                return;
        }

        login->request = (Request){
                .kind = REQUEST_UNIT_PASSWORD,
                .unit = unit_chosen(login)->code,
                .password = login->unit_password,
                .captcha = login->captcha,
        };
        login_send(login, LOGIN_WAIT_PLATFORM);
}

static void unit_by_password(Login *login) {
        if (login->mode == MODE_ONE) {
                if (login->unit_password)
                        send_unit_password(login);
                else
                        login_fail(login, REASON_UNIT, "unit-password-missing",
                                   SAY_UNIT_PASSWORD_EMPTY);
                return;
        }

        login_tell_text(login, SAY_UNIT_CHOSEN, unit_chosen(login)->name, unit_chosen(login)->code);
        login_ask(login, ASK_UNIT_PASSWORD);
}

/* The ways that ask something of the person. */
static void unit_by_hand(Login *login) {
        if (has_two_ways(login))
                ask_way(login);
        else if (has_password_way(login))
                unit_by_password(login);
        else if (login_certificate_is_possible(login))
                login_certificate_begin(login);
        else if (phase_admits(login->phase, PROOF_PASSWORD))
                unit_give_up(login, SAY_UNIT_NO_WAY, "unit-without-password");
        else
                unit_give_up(login, SAY_UNIT_UNRELATED, "unit-unrelated");
}

void login_unit_other_way(Login *login, StepReason reason, const char *detail) {
        if (has_two_ways(login))
                ask_way(login);
        else if (has_password_way(login))
                unit_by_password(login);
        else
                unit_leave(login, reason, detail);
}

void login_unit_way_choices(Login *login) {
        login->plan.choices[0] = (Say){ .id = SAY_UNIT_WAY_PASSWORD };
        login->plan.choices[1] = (Say){ .id = SAY_UNIT_WAY_CERTIFICATE };
        login->plan.n_choices = 2;
}

int login_unit_way_answered(Login *login, const Secret *answer) {
        char plain[2] = "";

        if (answer && !answer_plain(answer, plain, sizeof(plain)))
                plain[0] = '\0';

        /* The phase may have risen, and the key have been taken away, since they were offered. */
        if (!answer)
                login_unit_go_back(login, SAY_UNIT_WAY_WRONG);
        else if (!has_two_ways(login))
                unit_by_hand(login);
        else if (plain[0] == '1')
                unit_by_password(login);
        else if (plain[0] == '2')
                login_certificate_begin(login);
        else {
                login_tell(login, SAY_UNIT_WAY_WRONG);
                ask_way(login);
        }
        return 0;
}

static void unit_proven(Login *login, UnitProof proof) {
        login->unit_proof = proof;
        login_grant(login);
}

void login_unit_verify(Login *login, size_t unit) {
        login->unit = unit;
        login_captcha_forget(login);

        if (!phase_admits(login->phase, PROOF_RELATION))
                unit_by_hand(login);
        else if (!login->person_fresh) {
                login->request = (Request){ .kind = REQUEST_UNIT_RELATION,
                                            .unit = unit_chosen(login)->code };
                login_send(login, LOGIN_WAIT_PLATFORM);
        } else if (unit_chosen(login)->authorised)
                unit_proven(login, PROOF_RELATION);
        else
                unit_by_hand(login);
}

static bool proves_by_relation(const Login *login, const ReplyUnit *unit) {
        return unit->authorised && phase_admits(login->phase, PROOF_RELATION);
}

static bool proves_by_password(const Login *login, const ReplyUnit *unit) {
        return unit->has_password && login->unit_password &&
               phase_admits(login->phase, PROOF_PASSWORD);
}

/* The only listed unit that can be proven in this way; UNIT_NOBODY if it is not one alone. */
static size_t unit_only(const Login *login, bool (*proves)(const Login *, const ReplyUnit *),
                        size_t *ret_n) {
        size_t found = UNIT_NOBODY;

        *ret_n = 0;
        for (size_t i = 0; i < login->n_listed; i++)
                if (proves(login, &login->person.units[login->listed[i]])) {
                        found = login->listed[i];
                        ++*ret_n;
                }
        return *ret_n == 1 ? found : UNIT_NOBODY;
}

/* Where nobody can be asked: the only unit, or the only one that can be proven. */
static void unit_begin_one(Login *login) {
        size_t unit = login->listed[0], n;

        if (login->n_listed > 1) {
                unit = unit_only(login, proves_by_relation, &n);
                if (n == 0)
                        unit = unit_only(login, proves_by_password, &n);
        }

        if (unit == UNIT_NOBODY)
                login_fail(login, REASON_UNIT, "unit-ambiguous", SAY_UNIT_AMBIGUOUS);
        else
                login_unit_verify(login, unit);
}

/* A unit was named and it is not this one: never silently another. */
static void unit_not_to_be_had(Login *login, SayId say, const char *unit, const char *detail) {
        login_refused(login, detail);
        login_tell_text(login, say, unit, NULL);
        if (login->fixed_unit[0] || login->mode == MODE_ONE)
                login_fail(login, REASON_UNIT, detail, SAY_NONE);
        else
                login_list_show(login);
}

static void unit_begin_wanted(Login *login, const char *wanted) {
        size_t unit = unit_find(login, wanted);

        if (unit == UNIT_NOBODY)
                unit_not_to_be_had(login, SAY_UNIT_NOT_YOURS, wanted, "unit-of-others");
        else if (!login_list_has(login, unit))
                unit_not_to_be_had(login, SAY_UNIT_NOT_ALLOWED, wanted, "unit-not-allowed");
        else
                login_unit_verify(login, unit);
}

void login_unit_begin(Login *login) {
        const char *wanted = login->fixed_unit[0] ? login->fixed_unit : login->typed_unit;

        if (login->unit_policy == UNIT_OFF || login->route == ROUTE_UNIT) {
                login_grant(login);
                return;
        }
        if (login->person.n_units == 0) {
                login_tell(login, SAY_UNIT_NONE);
                if (login->unit_policy == UNIT_ASK && !login->fixed_unit[0])
                        login_grant(login);
                else
                        login_fail(login, REASON_UNIT, "no-unit", SAY_NONE);
                return;
        }

        login_list_begin(login);
        if (login->n_listed == 0) {
                login_fail(login, REASON_UNIT, "no-unit-allowed", SAY_UNIT_NONE_ALLOWED);
                return;
        }

        if (wanted[0])
                unit_begin_wanted(login, wanted);
        else if (login->mode == MODE_ONE)
                unit_begin_one(login);
        else if (login->n_listed == 1)
                login_unit_verify(login, login->listed[0]);
        else
                login_list_show(login);
}

void login_unit_take(Login *login, const char **bytes, size_t *n) {
        const char *space = memchr(*bytes, ' ', *n);
        size_t n_word = space ? (size_t)(space - *bytes) : *n;
        char code[LIMIT_UNIT_CODE_BYTES + 1] = "";

        if (n_word < 2 || n_word > sizeof(code) || (*bytes)[0] != '@')
                return;

        for (size_t i = 1; i < n_word; i++) {
                char c = (*bytes)[i];

                code[i - 1] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        }

        /* No declaration password is as long as "@" and a code. */
        if (strlen(code) == n_word - 1 && unit_code_is_valid(code)) {
                memcpy(login->typed_unit, code, sizeof(code));
                *bytes += n_word + (space != NULL);
                *n -= n_word + (space != NULL);
        }
        explicit_bzero(code, sizeof(code));
}

/* No picture can be shown, so no further try of the declaration password can be made here. */
static void captcha_impossible(Login *login) {
        login->unit_password = secret_free(login->unit_password);
        login_captcha_forget(login);
        login_tell(login, SAY_CAPTCHA_NO_PICTURE_END);
        if (login_certificate_is_possible(login))
                login_certificate_begin(login);
        else
                unit_leave(login, login->route == ROUTE_UNIT ? REASON_DENIED : REASON_UNIT,
                           "captcha-without-picture");
}

int login_unit_password_answered(Login *login, const Secret *answer) {
        Secret *password = NULL;
        int r;

        if (!answer && login->mode == MODE_ONE) {
                login_fail(login, REASON_DENIED, "empty-password", SAY_UNIT_PASSWORD_EMPTY);
                return 0;
        }
        if (!answer) {
                login_unit_go_back(login, SAY_UNIT_PASSWORD_EMPTY);
                return 0;
        }
        /* The phase may have risen since it was asked for. */
        if (login->route != ROUTE_UNIT && !has_password_way(login)) {
                unit_by_hand(login);
                return 0;
        }
        if (!answer_is_password(answer)) {
                if (login->mode == MODE_ONE)
                        login_fail(login, REASON_DENIED, "impossible-password",
                                   SAY_UNIT_LOGIN_WRONG);
                else {
                        login_tell(login, login->route == ROUTE_UNIT
                                                  ? SAY_UNIT_LOGIN_WRONG
                                                  : SAY_UNIT_PASSWORD_IMPOSSIBLE);
                        login_ask(login, ASK_UNIT_PASSWORD);
                }
                return 0;
        }

        r = secret_dup(answer, &password);
        if (r < 0)
                return r;

        login->unit_password = secret_free(login->unit_password);
        login->unit_password = password;
        if (login->captcha_due)
                login_captcha_ask(login);
        else
                send_unit_password(login);
        return 0;
}

int login_unit_captcha_answered(Login *login, const Secret *answer) {
        CaptchaAnswer what;
        int r;

        if (!answer) {
                login_unit_go_back(login, SAY_CAPTCHA_DUE);
                return 0;
        }

        r = login_captcha_take(login, answer, &what);
        if (r < 0)
                return r;

        switch (what) {
        case CAPTCHA_TYPED:
                send_unit_password(login);
                break;
        case CAPTCHA_REFRESH:
                login_captcha_request(login);
                break;
        case CAPTCHA_IMPOSSIBLE:
                login_refused(login, "wrong-captcha");
                login_tell(login, SAY_CAPTCHA_WRONG);
                login_ask(login, ASK_UNIT_CAPTCHA);
                break;
        }
        return 0;
}

static UnitProof proof_of_request(RequestKind kind) {
        static const UnitProof proofs[_REQUEST_KIND_MAX] = {
                [REQUEST_UNIT_RELATION] = PROOF_RELATION,
                [REQUEST_UNIT_PASSWORD] = PROOF_PASSWORD,
                [REQUEST_UNIT_CERTIFICATE] = PROOF_CERTIFICATE,
        };

        return proofs[kind];
}

int login_unit_verified(Login *login, Reply *reply) {
        (void)reply;

        unit_proven(login, proof_of_request(login->answered.kind));
        return 0;
}

int login_unit_unrelated(Login *login, Reply *reply) {
        (void)reply;

        if (login->answered.kind == REQUEST_UNIT_RELATION)
                unit_by_hand(login);
        else
                unit_give_up(login, SAY_UNIT_UNRELATED, "unit-unrelated");
        return 0;
}

int login_unit_unknown(Login *login, Reply *reply) {
        (void)reply;

        unit_give_up(login, SAY_UNIT_UNRELATED, "unit-of-others");
        return 0;
}

int login_unit_wrong(Login *login, Reply *reply) {
        bool alone = login->route == ROUTE_UNIT;

        login_captcha_keep(login, reply);

        if (reply->attempts_left == 0)
                return login_unit_locked(login, reply);

        login_refused(login, "wrong-unit-password");
        if (reply->attempts_left > 0)
                login_tell_number(login,
                                  alone ? SAY_UNIT_LOGIN_WRONG_TRIES
                                        : SAY_UNIT_PASSWORD_WRONG_TRIES,
                                  reply->attempts_left);
        else
                login_tell(login, alone ? SAY_UNIT_LOGIN_WRONG : SAY_UNIT_PASSWORD_WRONG);

        if (login->mode == MODE_ONE)
                login_fail(login, alone ? REASON_DENIED : REASON_UNIT, "wrong-unit-password",
                           SAY_NONE);
        else if (login->captcha_due && login->no_pictures)
                captcha_impossible(login);
        else
                login_ask(login, ASK_UNIT_PASSWORD);
        return 0;
}

int login_unit_captcha(Login *login, Reply *reply) {
        login_captcha_keep(login, reply);
        login->captcha_due = true;

        if (login->mode == MODE_ONE) {
                login_fail(login, login->route == ROUTE_UNIT ? REASON_DENIED : REASON_UNIT,
                           "unit-captcha-due", SAY_ONE_CAPTCHA);
                return 0;
        }

        if (reply->captcha_wrong)
                login_refused(login, "wrong-captcha");
        if (login->no_pictures) {
                captcha_impossible(login);
                return 0;
        }

        login_tell(login, reply->captcha_wrong ? SAY_CAPTCHA_WRONG : SAY_CAPTCHA_DUE);
        login_captcha_ask(login);
        return 0;
}

int login_unit_locked(Login *login, Reply *reply) {
        login_refused(login, "unit-locked");
        login_fail_locked(login, reply, SAY_UNIT_LOCKED, SAY_UNIT_LOCKED_MINUTES, "unit-locked");
        return 0;
}
