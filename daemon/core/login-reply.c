/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login, replies: the table of what may answer what
 *
 * A reply that does not answer the request is a platform that makes no sense, never a reason to go
 * on. */

#include <string.h>

#include "daemon/core/login-private.h"

typedef int (*ReplyFn)(Login *login, Reply *reply);

static int reply_unavailable(Login *login, Reply *reply) {
        (void)reply;

        login_fail(login, REASON_UNAVAILABLE, "platform-unavailable", SAY_UNAVAILABLE);
        return 0;
}

void login_platform_broken(Login *login) {
        login_fail(login, REASON_UNAVAILABLE, "platform-broken", SAY_UNAVAILABLE);
}

static int reply_broken(Login *login, Reply *reply) {
        (void)reply;

        login_platform_broken(login);
        return 0;
}

/* For good: nothing that this login proves later outweighs it (design.md D7). */
static int reply_disabled(Login *login, Reply *reply) {
        (void)reply;

        login->account_disabled = true;
        login_fail(login, REASON_DENIED, "disabled", SAY_DISABLED);
        return 0;
}

static bool person_is_sound(const ReplyPerson *person) {
        if (!person->login_name || !person->login_name[0] ||
            strlen(person->login_name) > LIMIT_ACCOUNT_BYTES)
                return false;
        if (person->n_units > LIMIT_UNITS || (person->n_units > 0 && !person->units))
                return false;
        for (size_t i = 0; i < person->n_units; i++)
                if (!person->units[i].code[0])
                        return false;
        return true;
}

static void fail_wrong_person(Login *login) {
        login_fail(login, REASON_DENIED, "wrong-person",
                   login->route == ROUTE_QR ? SAY_WRONG_PHONE : SAY_WRONG_PERSON);
}

void login_resolve(Login *login) {
        LoginAction *resolve = login_act(login, ACTION_RESOLVE);

        resolve->is_unit = login->route == ROUTE_UNIT;
        resolve->account = resolve->is_unit ? login->person.units[0].code
                                            : login->person.login_name;
        resolve->subject = login->person.subject;
        login_state_enter(login, LOGIN_WAIT_RESOLVE);
}

/* Somebody is proven; who it is, and whether it is the right one, is looked at now. */
static int reply_person(Login *login, Reply *reply) {
        if (!person_is_sound(&reply->person))
                return reply_broken(login, reply);

        reply_person_done(&login->person);
        login->person = reply->person;
        reply->person = (ReplyPerson){};
        login->person_proven = true;
        login->person_fresh = true;
        if (login->answered.kind == REQUEST_POLL)
                login->digits_redeemed = login->answered.digits != NULL;

        if (!login_person_is_asked(login)) {
                fail_wrong_person(login);
                return 0;
        }
        if (login->route == ROUTE_QR && login->binding && !login->digits_redeemed) {
                login_fail(login, REASON_UNAVAILABLE, "binding-missing", SAY_SCAN_UNBOUND);
                return 0;
        }

        login_resolve(login);
        return 0;
}

static const char *person_called(const Login *login) {
        const ReplyPerson *person = &login->person;

        return person->name && person->name[0] ? person->name : person->login_name;
}

void login_resolved(Login *login, const char *user) {
        size_t n = user ? strnlen(user, sizeof(login->local_user)) : 0;

        if (login->user[0] && (!user || strcmp(user, login->user) != 0)) {
                fail_wrong_person(login);
                return;
        }
        if (n == 0 || n == sizeof(login->local_user)) {
                if (login->route == ROUTE_UNIT)
                        login_tell_text(login, SAY_UNIT_NO_LOCAL_USER, login->account, NULL);
                else
                        login_tell_text(login, SAY_NO_LOCAL_USER, login->person.login_name, NULL);
                login_fail(login, REASON_DENIED, "no-local-user", SAY_NONE);
                return;
        }

        memcpy(login->local_user, user, n + 1);
        if (login->purpose == PURPOSE_PASSWORD) {
                login_new_password_begin(login);
                return;
        }
        if (login->purpose == PURPOSE_UNIT)
                login_tell_text(login, SAY_UNIT_PERSON, person_called(login), NULL);
        login_unit_begin(login);
}

static int reply_wrong_person(Login *login, Reply *reply) {
        (void)reply;

        fail_wrong_person(login);
        return 0;
}

void login_fail_locked(Login *login, const Reply *reply, SayId say, SayId say_minutes,
                       const char *detail) {
        if (reply->retry_after_sec > 0)
                login_tell_number(login, say_minutes, ((int64_t)reply->retry_after_sec + 59) / 60);
        else
                login_tell(login, say);
        login_tell_link(login,
                        say == SAY_LOCKED ? LINK_FORGOT_PASSWORD : LINK_FORGOT_DECLARATION);
        login_fail(login, REASON_LOCKED, detail, SAY_NONE);
}

static int reply_captcha_locked(Login *login, Reply *reply) {
        return login_unit_code(login) ? login_unit_locked(login, reply)
                                      : login_password_locked(login, reply);
}

/* An empty cell is a platform that makes no sense. */
static const ReplyFn reply_table[_REQUEST_KIND_MAX][_REPLY_KIND_MAX] = {
        [REQUEST_PASSWORD] = {
                [REPLY_PERSON] = reply_person,
                [REPLY_WRONG] = login_password_wrong,
                [REPLY_CAPTCHA] = login_password_captcha,
                [REPLY_LOCKED] = login_password_locked,
                [REPLY_DISABLED] = reply_disabled,
                [REPLY_UNAVAILABLE] = reply_unavailable,
        },
        [REQUEST_CAPTCHA] = {
                [REPLY_CAPTCHA] = login_captcha_arrived,
                [REPLY_LOCKED] = reply_captcha_locked,
                [REPLY_DISABLED] = reply_disabled,
                [REPLY_UNAVAILABLE] = reply_unavailable,
        },
        [REQUEST_DEVICE] = {
                [REPLY_DEVICE] = login_device_arrived,
                [REPLY_DISABLED] = reply_disabled,
                [REPLY_UNAVAILABLE] = reply_unavailable,
        },
        [REQUEST_POLL] = {
                [REPLY_PERSON] = reply_person,
                [REPLY_STATE] = login_poll_state,
                [REPLY_DIGITS_WRONG] = login_digits_wrong,
                [REPLY_REFUSED] = login_poll_refused,
                [REPLY_WRONG_PERSON] = reply_wrong_person,
                [REPLY_EXPIRED] = login_poll_expired,
                [REPLY_DISABLED] = reply_disabled,
                [REPLY_UNAVAILABLE] = reply_unavailable,
        },
        [REQUEST_UNIT_RELATION] = {
                [REPLY_UNIT] = login_unit_verified,
                [REPLY_UNIT_UNRELATED] = login_unit_unrelated,
                [REPLY_UNIT_UNKNOWN] = login_unit_unknown,
                [REPLY_DISABLED] = reply_disabled,
                [REPLY_UNAVAILABLE] = reply_unavailable,
        },
        [REQUEST_UNIT_PASSWORD] = {
                [REPLY_UNIT] = login_unit_verified,
                [REPLY_WRONG] = login_unit_wrong,
                [REPLY_CAPTCHA] = login_unit_captcha,
                [REPLY_LOCKED] = login_unit_locked,
                [REPLY_UNIT_UNRELATED] = login_unit_unrelated,
                [REPLY_UNIT_UNKNOWN] = login_unit_unknown,
                [REPLY_DISABLED] = reply_disabled,
                [REPLY_UNAVAILABLE] = reply_unavailable,
        },
        [REQUEST_UNIT_CHALLENGE] = {
                [REPLY_CHALLENGE] = login_challenge_arrived,
                [REPLY_CERTIFICATE] = login_certificate_refused,
                [REPLY_UNIT_UNRELATED] = login_unit_unrelated,
                [REPLY_UNIT_UNKNOWN] = login_unit_unknown,
                [REPLY_DISABLED] = reply_disabled,
                [REPLY_UNAVAILABLE] = reply_unavailable,
        },
        [REQUEST_UNIT_CERTIFICATE] = {
                [REPLY_UNIT] = login_unit_verified,
                [REPLY_CERTIFICATE] = login_certificate_refused,
                [REPLY_UNIT_UNRELATED] = login_unit_unrelated,
                [REPLY_UNIT_UNKNOWN] = login_unit_unknown,
                [REPLY_DISABLED] = reply_disabled,
                [REPLY_UNAVAILABLE] = reply_unavailable,
        },
        [REQUEST_UNIT_LOGIN] = {
                [REPLY_PERSON] = login_unit_login_arrived,
                [REPLY_WRONG] = login_unit_wrong,
                [REPLY_CAPTCHA] = login_unit_captcha,
                [REPLY_LOCKED] = login_unit_locked,
                [REPLY_PHASE] = login_unit_login_closed,
                [REPLY_DISABLED] = reply_disabled,
                [REPLY_UNAVAILABLE] = reply_unavailable,
        },
        [REQUEST_RESUME] = {
                [REPLY_PERSON] = reply_person,
                [REPLY_EXPIRED] = login_resume_expired,
                [REPLY_DISABLED] = reply_disabled,
                [REPLY_UNAVAILABLE] = reply_unavailable,
        },
        [REQUEST_NEW_PASSWORD] = {
                [REPLY_CHANGED] = login_new_password_changed,
                [REPLY_WEAK] = login_new_password_weak,
                [REPLY_SAME] = login_new_password_same,
                [REPLY_WRONG] = login_new_password_wrong,
                [REPLY_CAPTCHA] = login_password_captcha,
                [REPLY_LOCKED] = login_password_locked,
                [REPLY_EXPIRED] = login_new_password_expired,
                [REPLY_DISABLED] = reply_disabled,
                [REPLY_UNAVAILABLE] = reply_unavailable,
        },
};

/* The platform has used what it was sent. Only what it asks a captcha for is still to come, and the
 * password that a new one is to follow. */
static void drop_used(Login *login, ReplyKind kind) {
        switch (login->answered.kind) {
        case REQUEST_PASSWORD:
                if ((kind != REPLY_CAPTCHA || login->mode == MODE_ONE) &&
                    (kind != REPLY_PERSON || login->purpose != PURPOSE_PASSWORD))
                        login->password = secret_free(login->password);
                login->captcha = secret_free(login->captcha);
                break;
        case REQUEST_UNIT_PASSWORD:
        case REQUEST_UNIT_LOGIN:
                if (kind != REPLY_CAPTCHA || login->mode == MODE_ONE)
                        login->unit_password = secret_free(login->unit_password);
                login->captcha = secret_free(login->captcha);
                break;
        case REQUEST_UNIT_CHALLENGE:
                if (kind != REPLY_CHALLENGE)
                        login_certificate_forget(login);
                break;
        case REQUEST_UNIT_CERTIFICATE:
                login_certificate_forget(login);
                break;
        case REQUEST_RESUME:
                if (kind != REPLY_EXPIRED)
                        login->password = secret_free(login->password);
                break;
        case REQUEST_NEW_PASSWORD:
                if (kind != REPLY_CAPTCHA && kind != REPLY_WEAK && kind != REPLY_SAME)
                        login->password = secret_free(login->password);
                if (kind != REPLY_CAPTCHA)
                        login->new_password = secret_free(login->new_password);
                login->captcha = secret_free(login->captcha);
                break;
        case REQUEST_POLL:
                login->digits = secret_free(login->digits);
                break;
        case REQUEST_NONE:
        case REQUEST_CAPTCHA:
        case REQUEST_DEVICE:
        case REQUEST_UNIT_RELATION:
        case _REQUEST_KIND_MAX:
                break;
        }
}

/* May this wait until the client asks again? While nobody waits for a step, none can be given. */
static bool must_park(const Login *login, const Reply *reply) {
        return !login->next_pending &&
               !(reply->kind == REPLY_STATE && reply->state != DEVICE_DIGITS);
}

int login_replied(Login *login, Reply *reply) {
        ReplyFn fn = NULL;

        if (must_park(login, reply)) {
                login->parked = *reply;
                *reply = (Reply){};
                return 0;
        }

        if ((unsigned)reply->kind < _REPLY_KIND_MAX)
                fn = reply_table[login->answered.kind][reply->kind];
        drop_used(login, reply->kind);
        return fn ? fn(login, reply) : reply_broken(login, reply);
}
