/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Login script: a login as a transcript in simulated time
 *
 * A case is a sentence, a setup, and moves; each move says what happens and what the machine must
 * do then, as one line: "secret ASK_PASSWORD +PASSWORD_WRONG_TRIES=4", "password
 * ceshi_jia/Jia-pass1", "cancel; fail denied +WRONG_PHONE; end wrong-person". What a line can hold
 * is in login-script.c, beside the writing of it. */

#include "daemon/core/login.h"

#define U1 "919900000000000018"
#define U2 "91990000000000002B"
#define U3 "91990000000000003E"
#define U4 "990101000000004"

/* A person as the platform describes one; unit codes with what may be done with them: '+'
 * authorised, 'p' has a declaration password, 'c' a certificate, as in "919900000000000018:+p";
 * behind '=' may stand a name. */
typedef struct ScriptPerson {
        const char *login_name, *name;
        bool hint_matched;
        const char *units[LIMIT_UNITS + 1];
} ScriptPerson;

extern const ScriptPerson script_jia;  /* one unit, authorised */
extern const ScriptPerson script_yi;   /* four units, the third authorised */
extern const ScriptPerson script_bing; /* one unit, not authorised */
extern const ScriptPerson script_ding; /* none */
extern const ScriptPerson script_ji;   /* three, all authorised */
extern const ScriptPerson script_many; /* twenty-five */

typedef enum MoveKind {
        MOVE_END, /* of the transcript */
        MOVE_BEGIN,
        MOVE_ANSWER,
        MOVE_BYTES,    /* an answer of .number bytes at .text */
        MOVE_REPLY,
        MOVE_RESOLVED,
        MOVE_FOUND,
        MOVE_SIGNED,   /* .number: the SignStatus; .text: the signature, or how many tries are left */
        MOVE_LINKS,    /* the platform announces all its pages; no event */
        MOVE_PASS,     /* time passes: .number seconds; nothing happens to the login */
        MOVE_EXPIRE,   /* time passes up to the deadline, and EVENT_EXPIRED comes */
        MOVE_GONE,
} MoveKind;

typedef struct Move {
        MoveKind kind;
        const char *expect; /* "order" for LOGIN_E_ORDER */
        const char *text;
        int64_t number;
        ReplyKind reply;
        const ScriptPerson *person;
        const char *png;
        const char *last_unit;
} Move;

#define BEGIN(expected) { .kind = MOVE_BEGIN, .expect = (expected) }
#define ANSWER(typed, expected) { .kind = MOVE_ANSWER, .text = (typed), .expect = (expected) }
#define ANSWER_BYTES(bytes, n, expected) \
        { .kind = MOVE_BYTES, .text = (bytes), .number = (n), .expect = (expected) }
#define ENTER(expected) { .kind = MOVE_ANSWER, .expect = (expected) }
#define RESOLVED(user, expected) { .kind = MOVE_RESOLVED, .text = (user), .expect = (expected) }
#define RESOLVED_LAST(user, unit, expected) \
        { .kind = MOVE_RESOLVED, .text = (user), .last_unit = (unit), .expect = (expected) }
#define UNRESOLVED(expected) { .kind = MOVE_RESOLVED, .number = -1, .expect = (expected) }
#define FOUND(user, expected) { .kind = MOVE_FOUND, .text = (user), .expect = (expected) }
#define SIGNED(status_, text_, expected) \
        { .kind = MOVE_SIGNED, .number = SIGN_##status_, .text = (text_), .expect = (expected) }
#define LINKS() { .kind = MOVE_LINKS, .expect = "" }
#define PASS(seconds) { .kind = MOVE_PASS, .number = (seconds), .expect = "" }
#define EXPIRE(expected) { .kind = MOVE_EXPIRE, .expect = (expected) }
#define GONE(expected) { .kind = MOVE_GONE, .expect = (expected) }

#define REPLIED(word) .kind = MOVE_REPLY, .reply = REPLY_##word
#define REPLY(word, expected) { REPLIED(word), .number = -1, .expect = (expected) }
#define PERSON(who, expected) { REPLIED(PERSON), .person = &(who), .expect = (expected) }
#define WRONG(left, expected) { REPLIED(WRONG), .number = (left), .expect = (expected) }
#define WRONG_WITH_CAPTCHA(left, expected) \
        { REPLIED(WRONG), .number = (left), .png = "png", .expect = (expected) }
#define CAPTCHA(expected) { REPLIED(CAPTCHA), .png = "png", .expect = (expected) }
#define CAPTCHA_WRONG(expected) \
        { REPLIED(CAPTCHA), .png = "png", .number = 1, .expect = (expected) }
#define LOCKED(seconds, expected) { REPLIED(LOCKED), .number = (seconds), .expect = (expected) }
#define DEVICE(expected) { REPLIED(DEVICE), .expect = (expected) }
/* What is to be signed, as the platform has it made; and any other text. */
#define SIGNED_TEXT(unit) "itax-unit-verification-v1\nhttps://itax.lab\n" unit "\nc2FsdA"
#define CHALLENGE(unit, expected) CHALLENGE_TEXT(SIGNED_TEXT(unit), expected)
#define CHALLENGE_TEXT(to_sign_, expected) \
        { REPLIED(CHALLENGE), .text = (to_sign_), .expect = (expected) }
#define CERTIFICATE(fault, expected) \
        { REPLIED(CERTIFICATE), .number = CERTIFICATE_##fault, .expect = (expected) }
#define STATE(which, expected) { REPLIED(STATE), .number = DEVICE_##which, .expect = (expected) }
#define DIGITS_WRONG(left, expected) \
        { REPLIED(DIGITS_WRONG), .number = (left), .expect = (expected) }

#define SCRIPT_MOVES 48
#define SCRIPT_NOW_USEC (1000 * USEC_PER_SEC)
#define SCRIPT_TIMEOUT_USEC (110 * USEC_PER_SEC)

typedef struct ScriptCase {
        const char *sentence;
        LoginSetup setup; /* .timeout_usec 0 means SCRIPT_TIMEOUT_USEC */
        Move moves[SCRIPT_MOVES];
} ScriptCase;

/* A login under a script. */
typedef struct Script {
        Login *login;
        uint64_t now_usec;
        char did[4096];     /* what the last move made the login do */
        int result;         /* what login_feed() returned then */
        void (*around)(void); /* called before and after login_feed(); NULL for nothing */
} Script;

void script_start(Script *script, const LoginSetup *setup);
void script_done(Script *script);
/** script_move() - let one move happen; fills .did and .result, compares nothing */
void script_move(Script *script, const Move *move);
/** script_run() - play a case; fails the test at the first line that differs */
void script_run(const ScriptCase *play);
/** script_tests() - run each case as a test of its own, named by its sentence. Return: exit status.
 * */
int script_tests(const char *group, const ScriptCase *cases, size_t n_cases);

/** script_write() - actions as a line */
void script_write(const LoginActions *actions, char *to, size_t n);
/** script_reply() - the reply that a move of kind MOVE_REPLY stands for; owned by the caller */
void script_reply(const Move *move, Reply *ret);
/** script_signed() - likewise, MOVE_SIGNED */
void script_signed(const Move *move, Signed *ret);
