/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Login: the machine behind one conversation, as (state, event, now) -> (state, actions)
 *
 * Pure: no bus, no network, no clock, no log, no words for people. It decides what is asked,
 * checked and granted; daemon/manager.c carries its actions out and brings back what happened. An
 * event that does not fit the state is refused with LOGIN_E_ORDER and changes nothing. Every
 * waiting state has a deadline. There is one place that plans STEP_DONE. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/mark.h"
#include "daemon/core/reply.h"
#include "daemon/core/say.h"
#include "lib/common/identity.h"
#include "lib/common/secret.h"
#include "lib/common/step.h"

typedef struct Login Login;

/* What the PAM application can do with messages (design.md D10). */
typedef enum LoginMode {
        MODE_MANY,     /* any number of prompts; information is shown at once */
        MODE_BUFFERED, /* information is shown only with a prompt: a scan becomes a prompt */
        MODE_ONE,      /* one hidden answer for everything: "PASSWORD", or behind a space the
                        * DECLARATION-PASSWORD as well */
        _LOGIN_MODE_MAX,
} LoginMode;

typedef enum LoginMethod { METHOD_ANY, METHOD_PASSWORD, METHOD_QR, _LOGIN_METHOD_MAX } LoginMethod;

typedef enum UnitPolicy {
        UNIT_OFF,      /* the person is enough */
        UNIT_ASK,      /* a unit if the person has any; without one the login still succeeds */
        UNIT_REQUIRED, /* no unit, no login */
        _UNIT_POLICY_MAX,
} UnitPolicy;

/* spec.md section 3.4; a higher value is stricter. */
typedef enum Phase { PHASE_DUAL, PHASE_RELATION, PHASE_REALNAME, _PHASE_MAX } Phase;

/* What is wanted. */
typedef enum LoginPurpose {
        PURPOSE_LOGIN,
        PURPOSE_UNIT,     /* a unit for the person already logged in (pam.d option only=unit) */
        PURPOSE_PASSWORD, /* another account password (passwd): proves the old one, grants nothing else */
        _LOGIN_PURPOSE_MAX,
} LoginPurpose;

/* Addresses that the platform announces, showable and short; NULL where it does not. */
typedef struct LoginLinks {
        const char *forgot_password, *register_account, *app, *forgot_declaration;
} LoginLinks;

/* Whose login it is to be. Strings are copied by login_new(). */
typedef struct LoginSetup {
        LoginMode mode;
        StepLayout layout;
        LoginMethod method;
        UnitPolicy unit_policy;
        Phase phase;
        bool binding;             /* remote: the six digits of D9 are wanted */
        bool refuse_empty;        /* PAM_DISALLOW_NULL_AUTHTOK; no empty password is ever sent */
        const char *unit;         /* preselected unit code, NULL for none */
        const char *user;         /* local user that the application set, NULL if it set none */
        const char *account;      /* the one account the map gives for .user; NULL if it has none or
                                   * several, which (neither of the two below) are asked for */
        bool user_is_other;       /* .user exists on this host without account: REASON_NOT_OURS */
        bool user_is_unknown;     /* .user neither exists nor has an account: asked in vain */
        uint64_t timeout_usec;    /* for the whole login */
        LoginPurpose purpose;
        bool no_pictures;         /* the program cannot show any: no captcha, a code only as address */
        bool keys;                /* the program tells a key typed while a code is shown */
        /* A login of this user is known and its token still held: REQUEST_RESUME asks whether all is as
         * it was. In MODE_ONE only if the answer is the one that .resume_mark was made of. */
        bool resume;
        const Mark *resume_mark;  /* as long as the login; NULL where nothing has to be typed */
        const char *const *units_allowed; /* codes, NULL at the end; NULL: all. As long as the login */
        /* Is there a key of this unit on this host? NULL: of none. As long as the login. */
        bool (*has_certificate)(const char *unit, void *userdata);
        void *userdata;
} LoginSetup;

typedef enum EventKind {
        EVENT_BEGIN,    /* the client asks for the first step */
        EVENT_ANSWER,   /* .answer (NULL or empty for nothing) to the step last planned */
        EVENT_REPLY,    /* .reply to the request under way; moved from */
        EVENT_RESOLVED, /* .user is the local user of the account asked for, NULL if it has none;
                         * .last_unit the unit it was here for last, NULL if unknown. .failed: that
                         * could not be found out, or the user could not be made */
        EVENT_SIGNED,   /* .result of the signature; moved from */
        EVENT_FOUND,    /* .user is the account asked for, if it names a local user without account;
                         * NULL if not, or when that could not be found out */
        EVENT_EXPIRED,  /* login_deadline() has passed */
        EVENT_GONE,     /* the client left */
        _EVENT_MAX,
} EventKind;

typedef struct LoginEvent {
        EventKind kind;
        const Secret *answer;
        Reply *reply;
        const char *user, *last_unit;
        bool failed;
        Signed *result;
} LoginEvent;

/* Plan: a step before it has words. Everything is borrowed from the login until its next event. */
typedef struct Plan {
        StepKind kind;
        StepReason reason;
        Say lines[6];             /* what is said first, a line or more each */
        size_t n_lines;
        Say prompt;               /* SAY_NONE if nothing is asked */
        Say choices[LIMIT_STEP_CHOICES];
        size_t n_choices;
        const char *qr_uri;       /* draw this as a QR code; NULL for none */
        const uint8_t *captcha_png; /* draw this captcha; NULL for none */
        size_t n_captcha_png;
        bool unchanged;           /* STEP_SCAN repeated as the hold was over: show nothing anew */
        bool key;                 /* STEP_SCAN: Enter leads to the other way */
        StepToken token;          /* STEP_PROMPT_SECRET: is it the account password that is asked for? */
        /* STEP_DONE; of STEP_FAIL with REASON_NOT_OURS only .user, the local user that was typed */
        const char *user, *account, *name, *unit, *unit_name, *method;
} Plan;

/* How it ended, for the audit record. Borrowed like a plan. */
typedef struct Outcome {
        StepReason reason; /* REASON_NONE: granted */
        const char *detail; /* a fixed word, e.g. "wrong-password", "wrong-person", "client-gone" */
        /* NULL where unknown; the account only when verified or mapped */
        const char *account, *user, *unit, *method;
        const char *typed; /* the account as typed, to be masked; NULL if none or if it may be a password */
        const char *last_refusal; /* a fixed word: what the person was refused for last, NULL if nothing */
        unsigned n_refusals;
} Outcome;

typedef enum ActionKind {
        ACTION_STEP,    /* .plan is the answer to the client's pending Next */
        ACTION_REQUEST, /* .request goes to the platform */
        ACTION_CANCEL,  /* the request under way is no longer wanted; it gets no reply */
        ACTION_RESOLVE, /* find the local user of .account */
        ACTION_FIND,    /* is .account, as typed, rather a local user without account? */
        ACTION_SIGN,    /* sign .text with the key of .unit, .pin; EVENT_SIGNED follows unless cancelled */
        ACTION_SIGN_CANCEL,
        ACTION_END,     /* .outcome; nothing follows */
        _ACTION_MAX,
} ActionKind;

typedef struct LoginAction {
        ActionKind kind;
        const Plan *plan;
        const Request *request;
        const char *account; /* ACTION_RESOLVE: the account, or the unit code of the old unit login */
        bool is_unit;        /* ACTION_RESOLVE: it is a unit code */
        const char *subject; /* ACTION_RESOLVE: the platform's own mark of the person */
        const char *unit, *text;
        const Secret *pin;
        const Outcome *outcome;
} LoginAction;

typedef struct LoginActions {
        LoginAction items[4];
        size_t n_items;
} LoginActions;

enum {
        LOGIN_E_ORDER = 1, /* the event does not fit the state; nothing changed */
};

/** login_new() - Return: 0, -ENOMEM, -EINVAL. @now_usec starts the timeout (CLOCK_BOOTTIME). */
int login_new(const LoginSetup *setup, uint64_t now_usec, Login **ret);
Login *login_free(Login *login);
DEFINE_CLEANUP(Login, login_free)

/**
 * login_feed() - let something happen
 * @ret: what is to be done, in order; borrowed until the next call
 *
 * Return: 0, LOGIN_E_ORDER, or -ENOMEM or another negative errno (then the login is closed and @ret
 * holds the end of it).
 */
int login_feed(Login *login, const LoginEvent *event, uint64_t now_usec, LoginActions *ret);

/** login_raise_phase() - the platform announced @phase meanwhile; a stricter one than before holds
 * from now on */
void login_raise_phase(Login *login, Phase phase);

/** login_links() - what the platform announces by now; copied */
void login_links(Login *login, const LoginLinks *links);

/** login_take_mark() - after ACTION_END of a granted login: the fingerprint of the account password that
 * proved it, for LoginSetup.resume_mark of another; NULL if there is none. Owned by the caller */
Mark *login_take_mark(Login *login);

/** login_deadline() - when EVENT_EXPIRED is due, USEC_INFINITY once closed */
uint64_t login_deadline(const Login *login);

/** login_is_closed() - true once ACTION_END was given out */
bool login_is_closed(const Login *login);
