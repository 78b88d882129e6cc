/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unit verification (spec.md section 3.3): which unit, and what shows that the person may act for
 * it
 *
 * The order of proofs is that of the phase: in `dual` the unit's declaration password, in
 * `relation` the authorisation relation and else the password, in `realname` the relation alone. */

#include <string.h>

#include "daemon/core/login-private.h"

static const ReplyUnit *unit_chosen(const Login *login) {
        return &login->person.units[login->unit];
}

static size_t unit_find(const Login *login, const char *code) {
        for (size_t i = 0; i < login->person.n_units; i++)
                if (strcmp(login->person.units[i].code, code) == 0)
                        return i;
        return UNIT_NOBODY;
}

void login_unit_choices(Login *login) {
        const ReplyPerson *person = &login->person;
        Plan *plan = &login->plan;

        for (size_t i = login->page_first;
             i < person->n_units && plan->n_choices < LOGIN_CHOICES_PAGE; i++)
                plan->choices[plan->n_choices++] = (Say){
                        .id = SAY_UNIT_ENTRY,
                        .text = person->units[i].name,
                        .text2 = person->units[i].code,
                };
}

static void unit_list(Login *login) {
        login->unit = UNIT_NOBODY;
        login->unit_proof = PROOF_NONE;
        login_tell(login, SAY_UNIT_INVITE);
        if (login->person.n_units > LOGIN_CHOICES_PAGE)
                login_tell_number(login, SAY_UNIT_PAGES, (int64_t)login->person.n_units);
        login_ask(login, ASK_UNIT);
}

/* This unit cannot be verified: another one, where there is a choice. */
static void unit_give_up(Login *login, SayId say, const char *detail) {
        login_tell_text(login, say, unit_chosen(login)->name, NULL);
        if (login->mode != MODE_ONE && login->person.n_units > 1 && !login->fixed_unit[0])
                unit_list(login);
        else
                login_fail(login, REASON_UNIT, detail, SAY_NONE);
}

static void send_unit_password(Login *login) {
        login->request = (Request){
                .kind = REQUEST_UNIT_PASSWORD,
                .unit = unit_chosen(login)->code,
                .password = login->unit_password,
                .captcha = login->captcha,
        };
        login_send(login, LOGIN_WAIT_PLATFORM);
}

static void unit_by_password(Login *login) {
        if (!unit_chosen(login)->has_password) {
                unit_give_up(login, SAY_UNIT_NO_WAY, "unit-without-password");
                return;
        }

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

static void unit_unrelated(Login *login) {
        if (login->phase == PHASE_REALNAME)
                unit_give_up(login, SAY_UNIT_UNRELATED, "unit-unrelated");
        else
                unit_by_password(login);
}

static void unit_proven(Login *login, UnitProof proof) {
        login->unit_proof = proof;
        login_grant(login);
}

static void unit_verify(Login *login, size_t unit) {
        login->unit = unit;
        login_captcha_forget(login);

        if (login->phase == PHASE_DUAL)
                unit_by_password(login);
        else if (!login->person_fresh) {
                login->request = (Request){ .kind = REQUEST_UNIT_RELATION,
                                            .unit = unit_chosen(login)->code };
                login_send(login, LOGIN_WAIT_PLATFORM);
        } else if (unit_chosen(login)->authorised)
                unit_proven(login, PROOF_RELATION);
        else
                unit_unrelated(login);
}

/* Where nobody can be asked: the only unit that the person is authorised for. */
static size_t unit_only_authorised(const Login *login) {
        size_t found = UNIT_NOBODY;

        for (size_t i = 0; i < login->person.n_units; i++)
                if (login->person.units[i].authorised) {
                        if (found != UNIT_NOBODY)
                                return UNIT_NOBODY;
                        found = i;
                }
        return found;
}

static void unit_begin_one(Login *login) {
        size_t unit = login->person.n_units == 1 ? 0 : unit_only_authorised(login);

        if (unit == UNIT_NOBODY)
                login_fail(login, REASON_UNIT, "unit-ambiguous", SAY_UNIT_AMBIGUOUS);
        else
                unit_verify(login, unit);
}

void login_unit_begin(Login *login) {
        const char *wanted = login->fixed_unit[0] ? login->fixed_unit : login->typed_unit;
        size_t unit = wanted[0] ? unit_find(login, wanted) : UNIT_NOBODY;

        if (login->unit_policy == UNIT_OFF) {
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
        if (unit != UNIT_NOBODY) {
                unit_verify(login, unit);
                return;
        }

        /* A unit was named and is not the person's: never silently another one. */
        if (wanted[0]) {
                login_tell_text(login, SAY_UNIT_NOT_YOURS, wanted, NULL);
                if (login->fixed_unit[0])
                        login_fail(login, REASON_UNIT, "unit-of-others", SAY_NONE);
                else
                        unit_list(login);
                return;
        }

        if (login->mode == MODE_ONE)
                unit_begin_one(login);
        else if (login->person.n_units == 1)
                unit_verify(login, 0);
        else
                unit_list(login);
}

static void page_turn(Login *login, size_t first) {
        if (first < login->person.n_units)
                login->page_first = first;
        unit_list(login);
}

/* The index of the unit that a number or a code means, UNIT_NOBODY if none. */
static size_t unit_of_answer(const Login *login, char *plain) {
        size_t left = login->person.n_units - login->page_first, number;
        size_t n_page = left < LOGIN_CHOICES_PAGE ? left : LOGIN_CHOICES_PAGE;

        for (char *p = plain; *p; p++)
                if (*p >= 'a' && *p <= 'z')
                        *p = (char)(*p - 'a' + 'A');

        if (strlen(plain) > 2 || strspn(plain, "0123456789") != strlen(plain))
                return unit_find(login, plain);

        number = strtoul(plain, NULL, 10);
        return number >= 1 && number <= n_page ? login->page_first + number - 1 : UNIT_NOBODY;
}

int login_unit_answered(Login *login, const Secret *answer) {
        char plain[LIMIT_UNIT_CODE_BYTES + 1] = "";
        bool pages = login->person.n_units > LOGIN_CHOICES_PAGE;
        bool next, previous;
        size_t unit;

        if (answer && !answer_plain(answer, plain, sizeof(plain)))
                plain[0] = '\0';

        next = pages && strcasecmp(plain, "n") == 0;
        previous = pages && strcasecmp(plain, "p") == 0;
        unit = plain[0] ? unit_of_answer(login, plain) : UNIT_NOBODY;
        explicit_bzero(plain, sizeof(plain));

        if (next)
                page_turn(login, login->page_first + LOGIN_CHOICES_PAGE);
        else if (previous)
                page_turn(login, login->page_first - LOGIN_CHOICES_PAGE);
        else if (unit != UNIT_NOBODY)
                unit_verify(login, unit);
        else {
                login_tell(login, SAY_UNIT_CHOICE_WRONG);
                unit_list(login);
        }
        return 0;
}

/* Back to the list, or, where there is none, the same question with @say. */
static void list_or_again(Login *login, SayId say) {
        if (login_offers_other(login, login->ask)) {
                login->unit_password = secret_free(login->unit_password);
                unit_list(login);
                return;
        }

        login_tell(login, say);
        login_ask(login, login->ask);
}

int login_unit_password_answered(Login *login, const Secret *answer) {
        Secret *password = NULL;
        int r;

        if (!answer) {
                list_or_again(login, SAY_UNIT_PASSWORD_EMPTY);
                return 0;
        }
        if (!answer_is_password(answer)) {
                login_tell(login, SAY_UNIT_PASSWORD_IMPOSSIBLE);
                login_ask(login, ASK_UNIT_PASSWORD);
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
                list_or_again(login, SAY_CAPTCHA_DUE);
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
                login_tell(login, SAY_CAPTCHA_WRONG);
                login_ask(login, ASK_UNIT_CAPTCHA);
                break;
        }
        return 0;
}

int login_unit_verified(Login *login, Reply *reply) {
        (void)reply;

        unit_proven(login, login->answered.kind == REQUEST_UNIT_PASSWORD ? PROOF_PASSWORD
                                                                         : PROOF_RELATION);
        return 0;
}

int login_unit_unrelated(Login *login, Reply *reply) {
        (void)reply;

        if (login->answered.kind == REQUEST_UNIT_RELATION)
                unit_unrelated(login);
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
        login_captcha_keep(login, reply);

        if (reply->attempts_left == 0)
                return login_unit_locked(login, reply);

        if (reply->attempts_left > 0)
                login_tell_number(login, SAY_UNIT_PASSWORD_WRONG_TRIES, reply->attempts_left);
        else
                login_tell(login, SAY_UNIT_PASSWORD_WRONG);

        if (login->mode == MODE_ONE)
                login_fail(login, REASON_UNIT, "wrong-unit-password", SAY_NONE);
        else
                login_ask(login, ASK_UNIT_PASSWORD);
        return 0;
}

int login_unit_captcha(Login *login, Reply *reply) {
        login_captcha_keep(login, reply);
        login->captcha_due = true;

        if (login->mode == MODE_ONE) {
                login_fail(login, REASON_UNIT, "unit-captcha-due", SAY_ONE_CAPTCHA);
                return 0;
        }

        login_tell(login, reply->captcha_wrong ? SAY_CAPTCHA_WRONG : SAY_CAPTCHA_DUE);
        login_captcha_ask(login);
        return 0;
}

int login_unit_locked(Login *login, Reply *reply) {
        login_fail_locked(login, reply, SAY_UNIT_LOCKED, SAY_UNIT_LOCKED_MINUTES, "unit-locked");
        return 0;
}
