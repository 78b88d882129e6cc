/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Step: the one thing a client is asked to do next
 *
 * The daemon drives every conversation. A client shows a step, collects at most one answer, and
 * returns it under the step's serial; it never needs to know which credential is being checked. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/common/util.h"

typedef enum StepKind {
        STEP_INFO,          /* show text, answer at once with nothing */
        STEP_PROMPT_ECHO,   /* ask; typing may be shown */
        STEP_PROMPT_SECRET, /* ask; typing must not be shown */
        STEP_CHOICE,        /* ask for one choice: its number as typed, or a word the text offers */
        STEP_SCAN,          /* show the code, answer at once with nothing; the reply is held */
        STEP_DONE,          /* terminal */
        STEP_FAIL,          /* terminal */
        _STEP_KIND_MAX,
} StepKind;

/* How the text of a step reaches the person; the daemon decides from its table of PAM clients. */
typedef enum StepLayout {
        LAYOUT_FOLDED, /* text, picture, choices and prompt in one message; begins with a newline when
                        * it has more than the prompt (sshd, login, su, sudo) */
        LAYOUT_LINES,  /* each line of text, picture and choices is a message of its own (greeters) */
        LAYOUT_BARE,   /* the prompt alone, nothing else is shown (single-answer clients) */
        _STEP_LAYOUT_MAX,
} StepLayout;

/* Why a login failed, as far as the client may know. */
typedef enum StepReason {
        REASON_NONE,
        REASON_DENIED,      /* wrong, unknown, refused, wrong person: one word for all */
        REASON_LOCKED,      /* too many wrong answers */
        REASON_UNIT,        /* the person is right, the unit could not be verified */
        REASON_TIMEOUT,     /* nobody answered in time */
        REASON_NOT_OURS,    /* an existing local user without an account: not for this module */
        REASON_UNAVAILABLE, /* the platform is away or makes no sense */
        REASON_CLIENT,      /* the PAM application cannot ask what has to be asked */
        _STEP_REASON_MAX,
} StepReason;

/* What a secret is, as far as a client has to know: PAM_AUTHTOK is the account password and nothing
 * else. With LAYOUT_BARE it is the part of the answer before the first space. */
typedef enum StepToken {
        TOKEN_NONE,
        TOKEN_CURRENT, /* the account password */
        TOKEN_NEW,     /* the one that it is to become */
        _STEP_TOKEN_MAX,
} StepToken;

/* A step. All strings are owned by the step; NULL where a member has no meaning. */
typedef struct Step {
        uint32_t serial; /* to be returned with the answer; never 0 */
        StepKind kind;
        StepLayout layout;
        StepReason reason; /* STEP_FAIL only */
        char *text;        /* what to show first; may have several lines */
        char *picture;     /* text picture, lines divided by newlines */
        char *prompt;      /* the question, without newline */
        char **choices;    /* NULL-terminated labels; the first is number 1 */
        StepToken token;   /* STEP_PROMPT_SECRET */
        bool key;          /* STEP_SCAN: Enter, typed while the code is shown, leads to another way */
        char *user;      /* STEP_DONE: local user; equal to the user the application asked for, if it
                          * did. STEP_FAIL: the local user without an account who was typed */
        /* STEP_DONE only */
        char *account;   /* login name of the account; NULL only when .method is "unit" */
        char *name;      /* name of the person */
        char *unit;      /* unit code, NULL when no unit was asked for */
        char *unit_name;
        char *method;    /* "password", "qr", "unit" (the old unit login) or "session" (resumed) */
        char *session;   /* 32 lower-case hex digits, under which itaxd knows the login; NULL if it does
                          * not keep it */
} Step;

/** step_done() - release what a step owns and make it empty; idempotent */
void step_done(Step *step);

/**
 * step_validate() - decide whether a step from another process may be shown
 * @step: step to check; borrowed, not modified
 *
 * Pure: no allocation, no logging, no clock. Checks every limit of limits.h, that the members fit
 * the kind, and that every string passes text_is_showable() (the picture: text_is_picture()). All
 * strings but the text and the picture are one line and not empty.
 *
 * Members by kind, [optional]: info, scan: [text] [picture]; prompt-*: [text] [picture] prompt; choice:
 * the same and 1 to LIMIT_STEP_CHOICES choices; done: [text] user account method [name] [unit
 * [unit_name]] [session], of method "unit": [text] user method unit [unit_name] [session]; fail: [text]
 * reason, and [user] with REASON_NOT_OURS. Serial and layout belong to all, a token to prompt-secret
 * alone, a key to scan alone.
 *
 * Return: 0 if @step is fit to show, else STEP_E_SHAPE or STEP_E_TEXT. Never negative.
 */
int step_validate(const Step *step);

enum {
        STEP_E_SHAPE = 1, /* a member is missing, surplus or too long for the kind */
        STEP_E_TEXT,      /* a string holds what must not reach a terminal */
};

/** step_session_is_valid() - is it the name of a session: LIMIT_SESSION_BYTES lower-case hex digits? */
bool step_session_is_valid(const char *session);

/** step_is_terminal() - true for STEP_DONE and STEP_FAIL */
bool step_is_terminal(const Step *step);

/**
 * step_grants() - the verdict: may this step end in PAM_SUCCESS?
 * @step: a validated step
 * @user: the user that the application set, or NULL if it set none
 *
 * True in exactly one case: the kind is STEP_DONE, a user is named, and it equals @user byte for
 * byte or @user is NULL.
 */
bool step_grants(const Step *step, const char *user);

/* The words on the private socket. *_from_string() returns the _MAX value for an unknown word. */
const char *step_kind_to_string(StepKind kind);
StepKind step_kind_from_string(const char *word);
const char *step_layout_to_string(StepLayout layout);
StepLayout step_layout_from_string(const char *word);
const char *step_reason_to_string(StepReason reason);
StepReason step_reason_from_string(const char *word);
const char *step_token_to_string(StepToken token);
StepToken step_token_from_string(const char *word);
