/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login: states and deadlines. What an event means within a state is in the neighbour files. */

#include <errno.h>
#include <string.h>

#include "daemon/core/login-private.h"
#include "lib/common/password-rule.h"

typedef int (*EventFn)(Login *login, const LoginEvent *event);

/* Who must be shown when the application asks for a user that nobody is. No account has a colon. */
#define IMPOSSIBLE_PREFIX "local:"

/* Until when a state may last. */
static uint64_t state_deadline(const Login *login, LoginState state) {
        uint64_t bound = USEC_INFINITY;

        switch (state) {
        case LOGIN_NEW:
        case LOGIN_WAIT_CLIENT:
                break;
        case LOGIN_WAIT_PLATFORM:
        case LOGIN_WAIT_RESOLVE:
        case LOGIN_WAIT_FIND:
        case LOGIN_WAIT_SIGN:
                bound = login->next_since_usec + LOGIN_PENDING_USEC;
                break;
        case LOGIN_WAIT_SCAN:
                if (login->next_pending)
                        bound = login->next_since_usec + LIMIT_HOLD_USEC;
                break;
        case LOGIN_LATE:
                return login->now_usec + LOGIN_LATE_USEC;
        case LOGIN_CLOSED:
        case _LOGIN_STATE_MAX:
                return USEC_INFINITY;
        }
        return bound < login->end_usec ? bound : login->end_usec;
}

void login_state_enter(Login *login, LoginState state) {
        login->state = state;
        login->deadline_usec = state_deadline(login, state);

        /* Once a person had time to think, what the platform said of relations may be out of date.
         */
        if (state == LOGIN_WAIT_CLIENT)
                login->person_fresh = false;
}

LoginAction *login_act(Login *login, ActionKind kind) {
        LoginAction *action = &login->actions.items[login->actions.n_items++];

        *action = (LoginAction){ .kind = kind };
        return action;
}

void login_send(Login *login, LoginState state) {
        login_act(login, ACTION_REQUEST)->request = &login->request;
        login_state_enter(login, state);
}

void login_cancel(Login *login) {
        if (login->signing)
                login_act(login, ACTION_SIGN_CANCEL);
        login->signing = false;

        if (login->request.kind == REQUEST_NONE)
                return;

        login_act(login, ACTION_CANCEL);
        login->request = (Request){};
}

void login_wipe(Login *login) {
        login->password = secret_free(login->password);
        login->new_password = secret_free(login->new_password);
        login->unit_password = secret_free(login->unit_password);
        login->captcha = secret_free(login->captcha);
        login->digits = secret_free(login->digits);
        login_certificate_forget(login);
        login->mark = mark_free(login->mark);
}

void login_refused(Login *login, const char *what) {
        login->last_refusal = what;
        login->n_refusals++;
}

/* What fits the rule for passwords may be one that was typed too early, and is nobody's to see. */
static const char *typed_or_null(const Login *login) {
        const char *typed = login->typed;

        return typed[0] && password_rules_broken(typed, strlen(typed)) != 0 ? typed : NULL;
}

static void outcome_fill(Login *login, StepReason reason, const char *detail) {
        static const char *const methods[_ROUTE_MAX] = {
                [ROUTE_PASSWORD] = "password",
                [ROUTE_QR] = "qr",
                [ROUTE_SESSION] = "session",
                [ROUTE_UNIT] = "unit",
        };
        Outcome *outcome = &login->outcome;

        *outcome = (Outcome){
                .reason = reason,
                .detail = detail,
                .method = methods[login->route],
                .typed = typed_or_null(login),
                .last_refusal = login->last_refusal,
                .n_refusals = login->n_refusals,
        };

        /* An unknown user may be a password typed in the wrong place: it is never named. */
        if (login->person_proven)
                outcome->account = login->person.login_name;
        else if (login->mapped[0] && !login->user_is_unknown)
                outcome->account = login->mapped;

        if (login->user[0])
                outcome->user = login->user_is_unknown ? NULL : login->user;
        else if (login->local_user[0])
                outcome->user = login->local_user;

        if (login->unit != UNIT_NOBODY)
                outcome->unit = login->person.units[login->unit].code;
}

/* Of a granted login the password that proved it stays known, for a screen locker or for an application
 * that asks twice. With a code shown, what was typed at the password prompt before proved nothing; and what
 * the platform has not tested is no new proof, or each would lend more guesses. */
static void login_keep_mark(Login *login) {
        if (login->purpose != PURPOSE_LOGIN || login->route != ROUTE_PASSWORD || !login->mark)
                return;
        mark_keep(login->mark, ASK_PASSWORD);
        login->kept_mark = TAKE_PTR(login->mark);
}

void login_end(Login *login, StepReason reason, const char *detail) {
        outcome_fill(login, reason, detail);
        login_act(login, ACTION_END)->outcome = &login->outcome;
        if (reason == REASON_NONE)
                login_keep_mark(login);
        login_wipe(login);
        login->next_pending = false;
        login_state_enter(login, LOGIN_CLOSED);
}

static void next_arrived(Login *login) {
        login->next_pending = true;
        login->next_since_usec = login->now_usec;
}

static int on_begin(Login *login, const LoginEvent *event) {
        (void)event;

        next_arrived(login);
        login_begin(login);
        return 0;
}

static int on_answer(Login *login, const LoginEvent *event) {
        next_arrived(login);
        return login_answered(login, event->answer);
}

/* A key was pressed beside a code that has just been confirmed, or has just expired: too late. */
static int on_late_key(Login *login, const LoginEvent *event) {
        (void)event;

        login->key_offered = false;
        return 0;
}

static int on_reply(Login *login, const LoginEvent *event) {
        _cleanup_(reply_done) Reply reply = *event->reply;

        *event->reply = (Reply){};
        login->answered = login->request;
        login->request = (Request){};
        return login_replied(login, &reply);
}

static int on_resolved(Login *login, const LoginEvent *event) {
        if (event->failed) {
                login_fail(login, REASON_UNAVAILABLE, "directory-failed", SAY_UNAVAILABLE);
                return 0;
        }

        /* Nothing hangs on it, so what is no code is none. */
        if (event->last_unit && strlen(event->last_unit) < sizeof(login->last_unit))
                memcpy(login->last_unit, event->last_unit, strlen(event->last_unit) + 1);
        else
                login->last_unit[0] = '\0';
        login_resolved(login, event->user);
        return 0;
}

static int on_signed(Login *login, const LoginEvent *event) {
        _cleanup_(signed_done) Signed result = *event->result;

        *event->result = (Signed){ .status = SIGN_FAILED, .tries_left = -1 };
        login->signing = false;
        login_signed(login, &result);
        return 0;
}

static int on_found(Login *login, const LoginEvent *event) {
        login_account_found(login, event->user);
        return 0;
}

/* The time for the whole login is up. Who does not ask cannot be told, until he asks. */
static void time_over(Login *login) {
        if (login->next_pending || login->state == LOGIN_NEW || login->state == LOGIN_LATE) {
                login_fail(login, REASON_TIMEOUT, "timeout", SAY_TIMEOUT);
                return;
        }

        login_cancel(login);
        login_wipe(login);
        login_state_enter(login, LOGIN_LATE);
}

static int on_expired(Login *login, const LoginEvent *event) {
        (void)event;

        if (login->now_usec >= login->end_usec)
                time_over(login);
        else if (login->state == LOGIN_WAIT_SCAN)
                login_scan_hold_over(login);
        else if (login->state == LOGIN_WAIT_SIGN) {
                Signed none = { .status = SIGN_FAILED, .tries_left = -1 };

                login_cancel(login);
                login_signed(login, &none);
        } else if (login->state == LOGIN_WAIT_RESOLVE || login->state == LOGIN_WAIT_FIND)
                login_fail(login, REASON_UNAVAILABLE, "directory-timeout", SAY_UNAVAILABLE);
        else
                login_fail(login, REASON_UNAVAILABLE, "platform-timeout", SAY_UNAVAILABLE);
        return 0;
}

/* Something came in after the time for the whole login was up, and before EVENT_EXPIRED did. */
static int on_overdue(Login *login, const LoginEvent *event) {
        if (event->kind == EVENT_BEGIN || event->kind == EVENT_ANSWER)
                next_arrived(login);
        if (event->kind == EVENT_REPLY) {
                reply_done(event->reply);
                login->request = (Request){};
        }
        if (event->kind == EVENT_SIGNED) {
                signed_done(event->result);
                login->signing = false;
        }

        time_over(login);
        return 0;
}

static int on_gone(Login *login, const LoginEvent *event) {
        (void)event;

        login_cancel(login);
        login_end(login, REASON_CLIENT, "client-gone");
        return 0;
}

/* An empty cell is an event out of order. */
static const EventFn login_table[_LOGIN_STATE_MAX][_EVENT_MAX] = {
        [LOGIN_NEW] = {
                [EVENT_BEGIN] = on_begin,
                [EVENT_EXPIRED] = on_expired,
                [EVENT_GONE] = on_gone,
        },
        [LOGIN_WAIT_CLIENT] = {
                [EVENT_ANSWER] = on_answer,
                [EVENT_EXPIRED] = on_expired,
                [EVENT_GONE] = on_gone,
        },
        [LOGIN_WAIT_PLATFORM] = {
                [EVENT_ANSWER] = on_late_key,
                [EVENT_REPLY] = on_reply,
                [EVENT_EXPIRED] = on_expired,
                [EVENT_GONE] = on_gone,
        },
        [LOGIN_WAIT_SCAN] = {
                [EVENT_ANSWER] = on_answer,
                [EVENT_REPLY] = on_reply,
                [EVENT_EXPIRED] = on_expired,
                [EVENT_GONE] = on_gone,
        },
        [LOGIN_WAIT_RESOLVE] = {
                [EVENT_ANSWER] = on_late_key,
                [EVENT_RESOLVED] = on_resolved,
                [EVENT_EXPIRED] = on_expired,
                [EVENT_GONE] = on_gone,
        },
        [LOGIN_WAIT_FIND] = {
                [EVENT_FOUND] = on_found,
                [EVENT_EXPIRED] = on_expired,
                [EVENT_GONE] = on_gone,
        },
        [LOGIN_WAIT_SIGN] = {
                [EVENT_SIGNED] = on_signed,
                [EVENT_EXPIRED] = on_expired,
                [EVENT_GONE] = on_gone,
        },
        [LOGIN_LATE] = {
                [EVENT_ANSWER] = on_overdue,
                [EVENT_EXPIRED] = on_expired,
                [EVENT_GONE] = on_gone,
        },
};

static bool event_fits(const Login *login, const LoginEvent *event, uint64_t now_usec) {
        switch (event->kind) {
        case EVENT_BEGIN:
        case EVENT_RESOLVED:
        case EVENT_FOUND:
        case EVENT_GONE:
                return true;
        case EVENT_SIGNED:
                return event->result != NULL;
        case EVENT_ANSWER: /* one step, one answer; or a key while the code stands */
                return !login->next_pending ||
                       (login->key_offered && secret_size(event->answer) > 0);
        case EVENT_REPLY: /* while a reply is parked, nothing is under way */
                return event->reply && login->request.kind != REQUEST_NONE;
        case EVENT_EXPIRED:
                return now_usec >= login->deadline_usec;
        case _EVENT_MAX:
                break;
        }
        return false;
}

/* A handler gave up half way: nothing it planned goes out, and the login fails. */
static void login_abort(Login *login, bool pending, RequestKind under_way, bool signing,
                        int error) {
        login->actions = (LoginActions){};
        login->plan = (Plan){};
        login->next_pending = pending;
        login->request = (Request){ .kind = under_way };
        login->signing = signing;
        login_fail(login, REASON_UNAVAILABLE, error == -ENOMEM ? "no-memory" : "internal",
                   SAY_UNAVAILABLE);
}

int login_feed(Login *login, const LoginEvent *event, uint64_t now_usec, LoginActions *ret) {
        RequestKind under_way;
        bool pending, signing;
        EventFn fn;
        int r;

        *ret = (LoginActions){};

        if ((unsigned)event->kind >= _EVENT_MAX)
                return LOGIN_E_ORDER;
        fn = login_table[login->state][event->kind];
        if (!fn || !event_fits(login, event, now_usec))
                return LOGIN_E_ORDER;

        if (now_usec >= login->end_usec && event->kind != EVENT_EXPIRED &&
            event->kind != EVENT_GONE)
                fn = on_overdue;
        pending = login->next_pending || event->kind == EVENT_BEGIN || event->kind == EVENT_ANSWER;
        under_way = event->kind == EVENT_REPLY ? REQUEST_NONE : login->request.kind;

        signing = login->signing && event->kind != EVENT_SIGNED;

        login->now_usec = now_usec;
        login->actions = (LoginActions){};
        if (login->plan_given) {
                login->plan = (Plan){};
                login->plan_given = false;
        }

        r = fn(login, event);
        if (r < 0)
                login_abort(login, pending, under_way, signing, r);

        *ret = login->actions;
        return r;
}

void login_raise_phase(Login *login, Phase phase) {
        if (phase < _PHASE_MAX && phase > login->phase)
                login->phase = phase;
}

Mark *login_take_mark(Login *login) {
        return TAKE_PTR(login->kept_mark);
}

uint64_t login_deadline(const Login *login) {
        return login->deadline_usec;
}

bool login_is_closed(const Login *login) {
        return login->state == LOGIN_CLOSED;
}

static bool copy_string(const char *from, char *to, size_t n) {
        size_t n_from;

        if (!from)
                return true;

        n_from = strnlen(from, n);
        if (n_from == 0 || n_from == n)
                return false;

        memcpy(to, from, n_from + 1);
        return true;
}

/* Longer user names share an account with others that nobody is, which does no harm. */
void login_name_impossible(const Login *login, char ret[static LIMIT_ACCOUNT_BYTES + 1]) {
        size_t n = strnlen(login->user, LIMIT_ACCOUNT_BYTES - strlen(IMPOSSIBLE_PREFIX));

        while (n > 0 && (login->user[n] & 0xc0) == 0x80)
                n--;
        memcpy(ret, IMPOSSIBLE_PREFIX, strlen(IMPOSSIBLE_PREFIX));
        memcpy(ret + strlen(IMPOSSIBLE_PREFIX), login->user, n);
        ret[strlen(IMPOSSIBLE_PREFIX) + n] = '\0';
}

static bool setup_is_sound(const LoginSetup *setup) {
        if ((unsigned)setup->mode >= _LOGIN_MODE_MAX ||
            (unsigned)setup->method >= _LOGIN_METHOD_MAX ||
            (unsigned)setup->unit_policy >= _UNIT_POLICY_MAX ||
            (unsigned)setup->phase >= _PHASE_MAX)
                return false;
        if (setup->timeout_usec == 0)
                return false;
        if (!setup->user && (setup->account || setup->user_is_other || setup->user_is_unknown))
                return false;
        if ((setup->account != NULL) + setup->user_is_other + setup->user_is_unknown > 1)
                return false;
        if ((unsigned)setup->purpose >= _LOGIN_PURPOSE_MAX)
                return false;
        /* Whose login it was, and whose password it is, must be known. */
        if (!setup->user && (setup->resume || setup->purpose == PURPOSE_PASSWORD))
                return false;
        return !setup->unit || setup->unit_policy != UNIT_OFF || setup->purpose == PURPOSE_UNIT;
}

static UnitPolicy purpose_unit_policy(const LoginSetup *setup) {
        switch (setup->purpose) {
        case PURPOSE_UNIT:
                return UNIT_REQUIRED;
        case PURPOSE_PASSWORD: /* is the person's alone */
                return UNIT_OFF;
        case PURPOSE_LOGIN:
        case _LOGIN_PURPOSE_MAX:
                break;
        }
        return setup->unit_policy;
}

int login_new(const LoginSetup *setup, uint64_t now_usec, Login **ret) {
        _cleanup_(login_freep) Login *login = NULL;

        if (!setup_is_sound(setup))
                return -EINVAL;

        login = calloc(1, sizeof(*login));
        if (!login)
                return -ENOMEM;

        login->mode = setup->mode;
        login->purpose = setup->purpose;
        /* Only who types the old password can change it. */
        login->method = setup->purpose == PURPOSE_PASSWORD ? METHOD_PASSWORD : setup->method;
        login->unit_policy = purpose_unit_policy(setup);
        login->phase = setup->phase;
        login->binding = setup->binding;
        login->no_pictures = setup->no_pictures;
        login->keys = setup->keys;
        login->resume = setup->resume && setup->purpose != PURPOSE_PASSWORD;
        login->resume_mark = setup->resume_mark;
        login->units_allowed = setup->units_allowed;
        login->has_certificate = setup->has_certificate;
        login->userdata = setup->userdata;
        login->user_is_other = setup->user_is_other;
        login->user_is_unknown = setup->user_is_unknown;
        login->account_kind = ACCOUNT_INVALID;
        login->parked.kind = _REPLY_KIND_MAX;
        login->unit = UNIT_NOBODY;

        if (!copy_string(setup->user, login->user, sizeof(login->user)) ||
            !copy_string(setup->account, login->mapped, sizeof(login->mapped)) ||
            !copy_string(setup->unit, login->fixed_unit, sizeof(login->fixed_unit)))
                return -EINVAL;
        if (login->user_is_unknown)
                login_name_impossible(login, login->mapped);

        login->now_usec = now_usec;
        if (__builtin_add_overflow(now_usec, setup->timeout_usec, &login->end_usec))
                login->end_usec = USEC_INFINITY;
        login_state_enter(login, LOGIN_NEW);

        *ret = TAKE_PTR(login);
        return 0;
}

Login *login_free(Login *login) {
        if (login) {
                login_wipe(login);
                login->kept_mark = mark_free(login->kept_mark);
                device_done(&login->device);
                for (Link link = 0; link < _LINK_MAX; link++)
                        free(login->links[link]);
                reply_done(&login->parked);
                reply_person_done(&login->person);
                free(login->captcha_png);
                /* An account or a user may be a password that was typed too early. */
                explicit_bzero(login, sizeof(*login));
                free(login);
        }
        return NULL;
}
