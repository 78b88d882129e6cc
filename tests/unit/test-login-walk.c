/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login, random walks: 300,000 events, honest ones and absurd ones, against a witness
 *
 * The witness sees only what goes in and out of the machine: answers, requests, replies. From that
 * it knows what has been proven, and every STEP_DONE must be covered by it (threats 25, 67). It
 * also holds the machine to its manners: one step a Next, one request at a time, nothing after the
 * end, every plan a step that may be shown. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/present.h"
#include "lib/common/password-rule.h"
#include "tests/unit/login-script.h"

#define WALK_EVENTS 300000

typedef struct Witness {
        LoginSetup setup;
        bool begun, pending, under_way, finding, ended, granted;
        bool unresolved;  /* a person arrived, and whose user that is was not asked yet */
        RequestKind kind; /* of the request under way or last answered */
        char account[LIMIT_ACCOUNT_BYTES + 1]; /* the one it named */
        char unit[LIMIT_UNIT_CODE_BYTES + 1];  /* likewise */
        bool digits;                           /* it redeemed digits */
        bool person, person_digits, fresh, disabled, changed;
        const char *by; /* how the person came: the method of the done step */
        char person_account[LIMIT_ACCOUNT_BYTES + 1]; /* asked for when the person arrived */
        const ScriptPerson *who;
        char local_user[16]; /* resolved */
        bool signing;         /* a signature is under way */
        const char *signed_for; /* the unit that the last one was for, NULL if there was none */
        char by_certificate[LIMIT_UNIT_CODE_BYTES + 1];
        char by_relation[32][LIMIT_UNIT_CODE_BYTES + 1], by_password[32][LIMIT_UNIT_CODE_BYTES + 1];
        size_t n_by_list; /* how many of by_relation are from the list that came with the person */
        size_t n_by_relation, n_by_password;
        SayId asked;            /* the question that is open */
        char last_password[64]; /* what was last typed as account password */
} Witness;

static uint64_t random_state;

static uint32_t random_next(uint32_t n) {
        /* xorshift64* (Vigna 2016): seeded, so that a failure comes again */
        random_state ^= random_state >> 12;
        random_state ^= random_state << 25;
        random_state ^= random_state >> 27;
        return (uint32_t)((random_state * 0x2545f4914f6cdd1d) >> 33) % n;
}

static bool one_in(uint32_t n) {
        return random_next(n) == 0;
}

/* What is proven, by what the witness saw alone. */
static bool unit_is_proven(const Witness *w, const char *unit) {
        bool relation = false, password = false;
        bool certificate = strcmp(w->by_certificate, unit) == 0;

        for (size_t i = 0; i < w->n_by_relation; i++)
                relation = relation || strcmp(w->by_relation[i], unit) == 0;
        for (size_t i = 0; i < w->n_by_password; i++)
                password = password || strcmp(w->by_password[i], unit) == 0;

        switch (w->setup.phase) {
        case PHASE_DUAL:
                return certificate || password;
        case PHASE_RELATION:
                return certificate || password || relation;
        case PHASE_REALNAME:
                return certificate || relation;
        case _PHASE_MAX:
                break;
        }
        return false;
}

static bool unit_is_admitted(const Witness *w, const char *unit) {
        const char *const *code = w->setup.units_allowed;

        while (code && *code && strcmp(*code, unit) != 0)
                code++;
        return !code || *code;
}

static bool is_unit_account(const char *account) {
        return account && strcmp(account, U3) == 0;
}

static bool is_number(const char *account) {
        return strspn(account, "0123456789") >= 11;
}

static void check_done(const Witness *w, const Plan *plan) {
        assert_true(w->person);
        assert_false(w->disabled);
        assert_false(w->setup.user_is_other);
        assert_false(w->setup.user_is_unknown);
        assert_string_equal(plan->method, w->by);
        if (strcmp(w->by, "qr") == 0)
                assert_int_not_equal(w->setup.method, METHOD_PASSWORD);
        else if (strcmp(w->by, "session") == 0)
                assert_true(w->setup.resume);
        else
                assert_int_not_equal(w->setup.method, METHOD_QR);

        /* Another password is no login, and a login no other password. */
        assert_int_equal(w->changed, w->setup.purpose == PURPOSE_PASSWORD);
        if (w->setup.purpose == PURPOSE_UNIT)
                assert_non_null(plan->unit);

        /* The old login: a unit, by its own password, where a phase still admits it. */
        if (!w->who->login_name) {
                assert_null(plan->account);
                assert_string_equal(w->by, "unit");
                assert_int_not_equal(w->setup.phase, PHASE_REALNAME);
                assert_int_not_equal(w->setup.unit_policy, UNIT_OFF);
                assert_int_equal(w->setup.purpose, PURPOSE_LOGIN);
                assert_string_equal(plan->unit, w->person_account);
                assert_true(unit_is_admitted(w, plan->unit));
                assert_true(!w->setup.account || strcmp(w->setup.account, plan->unit) == 0);
                assert_true(!w->setup.unit || strcmp(w->setup.unit, plan->unit) == 0);
                assert_string_equal(plan->user, w->local_user);
                assert_true(!w->setup.user || strcmp(plan->user, w->setup.user) == 0);
                return;
        }
        assert_string_equal(plan->account, w->who->login_name);

        /* The one who was asked for, if anybody was. */
        if (w->person_account[0] && strcmp(w->person_account, w->who->login_name) != 0) {
                assert_true(w->who->hint_matched);
                assert_true(strcmp(w->by, "qr") == 0 || is_number(w->person_account));
                assert_string_not_equal(w->by, "session");
        }
        if (w->setup.account)
                assert_string_equal(w->person_account, w->setup.account);

        /* The local user, and the one the application asked for. */
        assert_true(w->local_user[0] != '\0');
        assert_string_equal(plan->user, w->local_user);
        if (w->setup.user)
                assert_string_equal(plan->user, w->setup.user);

        if (strcmp(w->by, "qr") == 0 && w->setup.binding)
                assert_true(w->person_digits);

        if (plan->unit) {
                assert_true(unit_is_proven(w, plan->unit));
                assert_true(unit_is_admitted(w, plan->unit));
                assert_true(!w->setup.unit || strcmp(w->setup.unit, plan->unit) == 0);
        } else {
                assert_int_not_equal(w->setup.unit_policy, UNIT_REQUIRED);
                assert_null(w->setup.unit);
                assert_true(w->setup.unit_policy == UNIT_OFF || !w->who->units[0]);
        }
}

/* Is it who the person is that is asked for? Then whoever was proven before counts no more. */
static bool is_beginning(const Plan *plan) {
        static const SayId asked[] = {
                SAY_ASK_ACCOUNT,   SAY_ASK_ACCOUNT_OR_QR,         SAY_ASK_PASSWORD,
                SAY_ASK_CONFIRMED, SAY_ASK_CONFIRMED_OR_PASSWORD, SAY_ASK_PASSWORD_OR_QR,
                SAY_ASK_DIGITS,    SAY_ASK_DIGITS_OR_PASSWORD,    SAY_ASK_PASSWORD_CURRENT,
        };

        for (size_t i = 0; i < ELEMENTSOF(asked); i++)
                if (plan->prompt.id == asked[i])
                        return true;
        return plan->kind == STEP_SCAN;
}

static void check_step(Witness *w, const Plan *plan) {
        _cleanup_(step_done) Step step = {};

        assert_true(w->pending);
        w->pending = false;
        w->asked = plan->prompt.id;
        /* Who left the code before the phone's answer was looked at has proven nothing. */
        if (w->unresolved || is_beginning(plan)) {
                w->person = w->unresolved = false;
                w->local_user[0] = '\0';
        }
        w->fresh = w->fresh && plan->kind == STEP_DONE;

        /* Only a name typed where none was given is ever handed on. */
        if (plan->kind == STEP_FAIL && plan->user) {
                assert_int_equal(plan->reason, REASON_NOT_OURS);
                assert_null(w->setup.user);
        }

        assert_int_equal(present_plan(plan, LAYOUT_FOLDED, RENDER_NONE, TEXTS_EN, &step), 0);
        step.serial = 1;
        assert_int_equal(step_validate(&step), 0);

        if (w->setup.mode == MODE_ONE)
                assert_true(step_is_terminal(&step) ||
                            plan->prompt.id == (is_unit_account(w->setup.account)
                                                        ? SAY_ASK_UNIT_PASSWORD
                                                        : SAY_ASK_ONE));
        assert_true(plan->token == TOKEN_NONE || plan->kind == STEP_PROMPT_SECRET);
        if (plan->token == TOKEN_CURRENT)
                assert_false(is_unit_account(w->setup.account));
        assert_true(!plan->key || (w->setup.keys && w->setup.method == METHOD_ANY));
        if (w->setup.no_pictures)
                assert_true(!plan->qr_uri && !plan->captcha_png);
        if (w->setup.mode == MODE_BUFFERED)
                assert_int_not_equal(plan->kind, STEP_SCAN);
        if (plan->kind == STEP_DONE) {
                check_done(w, plan);
                w->granted = true;
        }
}

static void check_request(Witness *w, const Request *request) {
        assert_false(w->under_way);
        w->under_way = true;
        w->kind = request->kind;
        w->digits = request->digits != NULL;
        snprintf(w->unit, sizeof(w->unit), "%s", request->unit ? request->unit : "");

        /* Whom a code is for stays so while it is polled. */
        if (request->kind == REQUEST_PASSWORD || request->kind == REQUEST_DEVICE ||
            request->kind == REQUEST_RESUME)
                snprintf(w->account, sizeof(w->account), "%s",
                         request->account ? request->account : "");

        if (request->kind == REQUEST_PASSWORD) {
                assert_true(request->account && request->account[0]);
                assert_true(secret_size(request->password) > 0);
                assert_true(secret_size(request->password) <= LIMIT_PASSWORD_BYTES);
                if (w->setup.mode == MODE_ONE)
                        snprintf(w->last_password, sizeof(w->last_password), "%s",
                                 secret_text(request->password));
        }
        if (request->kind == REQUEST_RESUME) {
                assert_true(w->setup.resume && !w->setup.user_is_unknown);
                assert_int_not_equal(w->setup.purpose, PURPOSE_PASSWORD);
                assert_true(w->setup.mode != MODE_ONE || w->setup.purpose == PURPOSE_UNIT);
        }
        if (request->kind == REQUEST_NEW_PASSWORD) {
                assert_int_equal(w->setup.purpose, PURPOSE_PASSWORD);
                assert_true(w->person && w->local_user[0]);
                assert_false(secret_equal(request->password, request->new_password));
                assert_int_equal(password_rules_broken(secret_text(request->new_password),
                                                       secret_size(request->new_password)),
                                 0);
        }
        if (request->kind == REQUEST_UNIT_LOGIN) {
                assert_int_not_equal(w->setup.phase, PHASE_REALNAME);
                assert_int_not_equal(w->setup.method, METHOD_QR);
        }
        if (request->kind == REQUEST_UNIT_PASSWORD) {
                assert_true(w->person);
                /* threats 69: the person's own password never goes where the unit's belongs */
                assert_string_not_equal(secret_text(request->password), w->last_password);
        }
        if (request->kind == REQUEST_UNIT_RELATION)
                assert_true(w->person);
        if (request->kind == REQUEST_UNIT_CHALLENGE)
                assert_true(w->person && w->setup.has_certificate && !request->password);
        if (request->kind == REQUEST_UNIT_CERTIFICATE) {
                assert_true(w->person && w->signed_for && !w->signing && !request->password);
                assert_string_equal(w->signed_for, request->unit);
                assert_int_equal(request->result->status, SIGN_OK);
                w->signed_for = NULL;
        }
        if (request->captcha) {
                assert_true(secret_size(request->captcha) <= LIMIT_CAPTCHA_ANSWER_BYTES);
                assert_string_not_equal(secret_text(request->captcha), w->last_password);
        }
        if (request->digits)
                assert_int_equal(secret_size(request->digits), LIMIT_DIGITS);
        if (w->setup.user_is_unknown && request->account)
                assert_int_equal(strncmp(request->account, "local:", 6), 0);
}

static void check_actions(Witness *w, const LoginActions *actions) {
        assert_true(actions->n_items <= ELEMENTSOF(actions->items));

        for (size_t i = 0; i < actions->n_items; i++) {
                const LoginAction *action = &actions->items[i];

                assert_false(w->ended);
                switch (action->kind) {
                case ACTION_STEP:
                        check_step(w, action->plan);
                        break;
                case ACTION_REQUEST:
                        check_request(w, action->request);
                        break;
                case ACTION_CANCEL:
                        assert_true(w->under_way);
                        w->under_way = false;
                        break;
                case ACTION_RESOLVE:
                        assert_true(w->person);
                        w->unresolved = false;
                        assert_int_equal(action->is_unit, !w->who->login_name);
                        assert_string_equal(action->account, action->is_unit ? w->person_account
                                                                             : w->who->login_name);
                        break;
                case ACTION_FIND:
                        assert_null(w->setup.user);
                        assert_false(w->person);
                        w->finding = true;
                        break;
                case ACTION_SIGN:
                        assert_true(w->person && w->pending && !w->signing && !w->under_way);
                        assert_true(w->setup.has_certificate && w->setup.mode != MODE_ONE);
                        assert_string_equal(action->unit, w->unit);
                        assert_non_null(strstr(action->text, w->unit));
                        assert_string_not_equal(secret_text(action->pin), w->last_password);
                        w->signing = true;
                        break;
                case ACTION_SIGN_CANCEL:
                        assert_true(w->signing);
                        w->signing = false;
                        break;
                case ACTION_END:
                        assert_non_null(action->outcome->detail);
                        assert_int_equal(action->outcome->reason == REASON_NONE, w->granted);
                        w->ended = true;
                        break;
                case _ACTION_MAX:
                        fail();
                }
        }
        if (w->ended)
                assert_false(w->under_way || w->signing);
}

/* People as a platform may name them, the wrong ones among them. */
static const ScriptPerson jia_matched = {
        .login_name = "ceshi_jia", .name = "测试甲", .hint_matched = true, .units = { U1 ":+p" }
};
static const ScriptPerson yi_matched = { .login_name = "ceshi_yi",
                                         .name = "测试乙",
                                         .hint_matched = true,
                                         .units = { U1 ":p", U3 ":+p" } };
static const ScriptPerson yi_keys = { .login_name = "ceshi_yi",
                                      .name = "测试乙",
                                      .units = { U1 ":pc", U2 ":c", U3 ":+pc" } };
static const ScriptPerson bing_keys = { .login_name = "Ceshi_Bing", .units = { U2 ":c" } };
static const ScriptPerson unit_alone = { .units = { U3 ":p" } };
static const ScriptPerson *const people[] = {
        &script_jia, &script_yi,   &script_bing, &script_ding,
        &script_ji,  &script_many, &jia_matched, &yi_matched, &yi_keys, &bing_keys
};

static const struct {
        const char *account, *user;
} mapped[] = { { "ceshi_jia", "jia" },
               { "ceshi_yi", "yi" },
               { "Ceshi_Bing", "bing" },
               { "ceshi_ding", "ding" },
               { "ceshi_ji", "ji" } };

static bool has_key(const char *unit, void *userdata) {
        (void)userdata;
        return strcmp(unit, U3) != 0;
}

static void walk_setup(LoginSetup *ret) {
        static const char *const units[] = { U1, U2, U3 };
        static const char *const allowed[] = { U2, U3, NULL };
        size_t who = random_next(ELEMENTSOF(mapped));

        *ret = (LoginSetup){
                .mode = (LoginMode)random_next(_LOGIN_MODE_MAX),
                .method = one_in(2) ? METHOD_ANY : (LoginMethod)random_next(_LOGIN_METHOD_MAX),
                .unit_policy = (UnitPolicy)random_next(_UNIT_POLICY_MAX),
                .phase = (Phase)random_next(_PHASE_MAX),
                .binding = one_in(3),
                .timeout_usec = one_in(4) ? 20 * USEC_PER_SEC : 600 * USEC_PER_SEC,
                .keys = one_in(2),
                .no_pictures = one_in(5),
                .purpose = one_in(6) ? PURPOSE_UNIT : PURPOSE_LOGIN,
                .units_allowed = one_in(5) ? allowed : NULL,
                .has_certificate = one_in(2) ? has_key : NULL,
        };
        if (ret->unit_policy != UNIT_OFF && one_in(4))
                ret->unit = units[random_next(ELEMENTSOF(units))];
        if (one_in(3))
                return;

        ret->user = mapped[who].user;
        ret->resume = one_in(4);
        if (one_in(6))
                ret->purpose = PURPOSE_PASSWORD;
        if (one_in(12))
                ret->user_is_other = true;
        else if (one_in(8))
                ret->user_is_unknown = true;
        else if (!one_in(5))
                ret->account = one_in(8) ? U3 : mapped[who].account;
}

/* What a purpose makes of the setup, as login.h has it. */
static void setup_by_purpose(LoginSetup *setup) {
        if (setup->purpose == PURPOSE_UNIT)
                setup->unit_policy = UNIT_REQUIRED;
        if (setup->purpose != PURPOSE_PASSWORD)
                return;
        setup->unit_policy = UNIT_OFF;
        setup->unit = NULL;
        setup->method = METHOD_PASSWORD;
}

/* The few words are meant to meet each other again and again. */
static const char *walk_answer(const Witness *w) {
        static const char *const answers[] = {
                "ceshi_jia",
                "ceshi_yi",
                "19900000001",
                ("ceshi_yi@" U3),
                "1357-9",
                "1357-9",
                "2",
                "00002B",
                "测试",
                ("Yi-pass22 @" U3 " Declare-1"),
                "Jia-pass1",
                "Yi-pass22",
                "Declare-1",
                "Jia-pass1 Declare-1",
                "Jia-pass1 Jia-pass1",
                "1",
                "2",
                "3",
                "n",
                "p",
                "r",
                "123456",
                "12 34 56",
                "k7Qm",
                "jia",
                "",
                "",
                "",
                "\b\n\r\177INCORRECT",
                "\377",
                "a",
                U3,
                "@" U3,
                "?",
                "b",
                "\n",
                "E12345678",
                "Jia-pass2",
        };

        if ((w->asked == SAY_ASK_NEW_PASSWORD || w->asked == SAY_ASK_NEW_PASSWORD_AGAIN) &&
            !one_in(4))
                return "Jia-pass2";
        return answers[random_next(ELEMENTSOF(answers))];
}

static const ReplyKind fitting[_REQUEST_KIND_MAX][6] = {
        [REQUEST_PASSWORD] = { REPLY_PERSON, REPLY_PERSON, REPLY_PERSON, REPLY_WRONG, REPLY_CAPTCHA,
                               REPLY_WRONG },
        [REQUEST_CAPTCHA] = { REPLY_CAPTCHA, REPLY_CAPTCHA, REPLY_CAPTCHA, REPLY_CAPTCHA,
                              REPLY_CAPTCHA, REPLY_LOCKED },
        [REQUEST_DEVICE] = { REPLY_DEVICE, REPLY_DEVICE, REPLY_DEVICE, REPLY_DEVICE, REPLY_DEVICE,
                             REPLY_DEVICE },
        [REQUEST_POLL] = { REPLY_PERSON, REPLY_PERSON, REPLY_STATE, REPLY_STATE, REPLY_EXPIRED,
                           REPLY_DIGITS_WRONG },
        [REQUEST_UNIT_RELATION] = { REPLY_UNIT, REPLY_UNIT, REPLY_UNIT_UNRELATED,
                                    REPLY_UNIT_UNRELATED, REPLY_UNIT_UNKNOWN, REPLY_UNIT },
        [REQUEST_UNIT_PASSWORD] = { REPLY_UNIT, REPLY_WRONG, REPLY_CAPTCHA, REPLY_WRONG, REPLY_UNIT,
                                    REPLY_LOCKED },
        [REQUEST_UNIT_LOGIN] = { REPLY_PERSON, REPLY_PERSON, REPLY_WRONG, REPLY_CAPTCHA,
                                 REPLY_PERSON, REPLY_PHASE },
        [REQUEST_UNIT_CHALLENGE] = { REPLY_CHALLENGE, REPLY_CHALLENGE, REPLY_CHALLENGE,
                                     REPLY_CHALLENGE, REPLY_CHALLENGE, REPLY_UNIT_UNKNOWN },
        [REQUEST_UNIT_CERTIFICATE] = { REPLY_UNIT, REPLY_UNIT, REPLY_UNIT, REPLY_CERTIFICATE,
                                       REPLY_CERTIFICATE, REPLY_UNIT_UNKNOWN },
        [REQUEST_RESUME] = { REPLY_PERSON, REPLY_PERSON, REPLY_PERSON, REPLY_EXPIRED,
                             REPLY_EXPIRED, REPLY_UNAVAILABLE },
        [REQUEST_NEW_PASSWORD] = { REPLY_CHANGED, REPLY_CHANGED, REPLY_WEAK, REPLY_SAME,
                                   REPLY_CAPTCHA, REPLY_WRONG },
};

static void walk_reply(const Witness *w, Move *ret) {
        static char to_sign[128];

        *ret = (Move){
                .kind = MOVE_REPLY,
                .reply = one_in(25) ? (ReplyKind)random_next(_REPLY_KIND_MAX)
                                    : fitting[w->kind][random_next(6)],
                .number = (int64_t)random_next(6) - 1,
                .person = people[random_next(ELEMENTSOF(people))],
                .png = one_in(3) ? NULL : "png",
        };

        /* Mostly the right one, or nobody would ever get far. */
        if (!one_in(4))
                for (size_t i = 0; i < ELEMENTSOF(people); i++)
                        if (strcmp(people[i]->login_name, w->account) == 0 &&
                            (strcmp(ret->person->login_name, w->account) != 0 || one_in(2)))
                                ret->person = people[i];
        if (ret->reply == REPLY_CHALLENGE && !one_in(10)) {
                snprintf(to_sign, sizeof(to_sign),
                         "itax-unit-verification-v1\nhttps://itax.lab\n%s\nc2FsdA", w->unit);
                ret->text = to_sign;
        }
        if (w->kind == REQUEST_UNIT_LOGIN && !one_in(6))
                ret->person = &unit_alone;
        if (ret->reply == REPLY_STATE)
                ret->number = random_next(_DEVICE_STATE_MAX);
        if (ret->reply == REPLY_CAPTCHA && !one_in(6))
                ret->png = "png";
}

static const char *walk_user(const Witness *w) {
        if (one_in(10))
                return one_in(2) ? NULL : "root";
        if (w->who && !w->who->login_name)
                return w->setup.user ? w->setup.user : "unit3";
        for (size_t i = 0; w->who && i < ELEMENTSOF(mapped); i++)
                if (strcmp(mapped[i].account, w->who->login_name) == 0)
                        return mapped[i].user;
        return "duo";
}

/* Mostly what the machine waits for, as far as the witness can tell; else anything. */
static void walk_move(const Witness *w, Move *ret) {
        uint32_t n = random_next(100);

        if (n < 1)
                *ret = (Move){ .kind = MOVE_GONE };
        else if (n < 3)
                *ret = (Move){ .kind = MOVE_EXPIRE };
        else if (n < 5)
                *ret = (Move){ .kind = MOVE_PASS, .number = random_next(10) };
        else if (n < 7 || (!w->begun && n < 90))
                *ret = (Move){ .kind = MOVE_BEGIN };
        else if (n < 9 || (w->pending && w->finding && n < 95))
                *ret = (Move){ .kind = MOVE_FOUND, .text = one_in(6) ? walk_answer(w) : NULL };
        else if (w->signing && n < 93)
                *ret = (Move){ .kind = MOVE_SIGNED,
                               .number = one_in(3) ? random_next(_SIGN_STATUS_MAX) : SIGN_OK };
        else if (n < 11 || (w->pending && w->person && !w->under_way && n < 95))
                *ret = (Move){ .kind = MOVE_RESOLVED,
                               .text = walk_user(w),
                               .last_unit = one_in(2) ? U3 : NULL };
        else if (n == 11)
                *ret = (Move){ .kind = MOVE_SIGNED, .number = SIGN_OK };
        else if (n < 13 || (w->under_way && n < (w->pending ? 95 : 50)))
                walk_reply(w, ret);
        else
                *ret = (Move){ .kind = MOVE_ANSWER, .text = walk_answer(w) };
}

/* What the machine has heard now, if it did not refuse to. */
static void witness_before(Witness *w, const Move *move) {
        static const char *const ways[_REQUEST_KIND_MAX] = {
                [REQUEST_PASSWORD] = "password",
                [REQUEST_POLL] = "qr",
                [REQUEST_RESUME] = "session",
                [REQUEST_UNIT_LOGIN] = "unit",
        };

        switch (move->kind) {
        case MOVE_BEGIN:
        case MOVE_ANSWER:
                w->begun = true;
                w->pending = true;
                w->finding = false;
                if ((w->asked == SAY_ASK_PASSWORD || w->asked == SAY_ASK_PASSWORD_OR_QR ||
                     w->asked == SAY_ASK_PASSWORD_CURRENT) &&
                    move->text && *move->text && strcmp(move->text, "?") != 0 &&
                    (w->setup.account || w->setup.user_is_unknown ||
                     strcmp(move->text, "b") != 0))
                        snprintf(w->last_password, sizeof(w->last_password), "%s", move->text);
                break;
        case MOVE_REPLY:
                w->under_way = false;
                if (move->reply == REPLY_DISABLED)
                        w->disabled = true;
                if (move->reply == REPLY_CHANGED && w->kind == REQUEST_NEW_PASSWORD)
                        w->changed = true;
                if (move->reply == REPLY_PERSON && ways[w->kind]) {
                        w->person = w->fresh = true;
                        w->who = move->person;
                        w->by = ways[w->kind];
                        w->person_digits = w->digits;
                        memcpy(w->person_account, w->account, sizeof(w->account));
                        if (w->kind == REQUEST_UNIT_LOGIN)
                                memcpy(w->person_account, w->unit, sizeof(w->unit));
                        w->n_by_relation = w->n_by_password = 0;
                        w->by_certificate[0] = '\0';
                        w->signed_for = NULL;
                        for (size_t i = 0; i < ELEMENTSOF(w->who->units) && w->who->units[i]; i++)
                                if (strchr(w->who->units[i], '+'))
                                        snprintf(w->by_relation[w->n_by_relation++],
                                                 sizeof(w->unit), "%.*s",
                                                 (int)(strchr(w->who->units[i], ':') -
                                                       w->who->units[i]),
                                                 w->who->units[i]);
                        w->n_by_list = w->n_by_relation;
                        w->unresolved = true;
                }
                if (move->reply == REPLY_UNIT && w->n_by_relation < 30 && w->n_by_password < 30) {
                        if (w->kind == REQUEST_UNIT_RELATION)
                                memcpy(w->by_relation[w->n_by_relation++], w->unit,
                                       sizeof(w->unit));
                        if (w->kind == REQUEST_UNIT_PASSWORD)
                                memcpy(w->by_password[w->n_by_password++], w->unit,
                                       sizeof(w->unit));
                        if (w->kind == REQUEST_UNIT_CERTIFICATE)
                                memcpy(w->by_certificate, w->unit, sizeof(w->unit));
                }
                break;
        case MOVE_RESOLVED:
                snprintf(w->local_user, sizeof(w->local_user), "%s", move->text ? move->text : "");
                break;
        case MOVE_SIGNED:
                w->signing = false;
                if (move->number == SIGN_OK)
                        w->signed_for = w->unit;
                break;
        case MOVE_FOUND:
        case MOVE_LINKS:
        case MOVE_END:
        case MOVE_BYTES:
        case MOVE_PASS:
        case MOVE_EXPIRE:
        case MOVE_GONE:
                break;
        }
}

/* What the platform's list said of relations counts only while nobody was waited for. */
static void witness_after(Witness *w) {
        if (w->person && !w->fresh && !w->granted && w->n_by_list > 0) {
                w->n_by_relation -= w->n_by_list;
                memmove(w->by_relation, w->by_relation + w->n_by_list,
                        w->n_by_relation * sizeof(w->by_relation[0]));
                w->n_by_list = 0;
        }
}

/* Feed the move by hand: the witness must see the actions themselves. */
static int walk_feed(Script *script, const Move *move, Witness *w, LoginActions *actions) {
        _cleanup_(secret_freep) Secret *answer = NULL;
        _cleanup_(reply_done) Reply reply = {};
        _cleanup_(signed_done) Signed result = {};
        LoginEvent event = { .reply = &reply, .result = &result };
        int r;

        switch (move->kind) {
        case MOVE_BEGIN:
                event.kind = EVENT_BEGIN;
                break;
        case MOVE_ANSWER:
                event.kind = EVENT_ANSWER;
                assert_int_equal(secret_new_from(move->text, strlen(move->text), &answer), 0);
                event.answer = answer;
                break;
        case MOVE_REPLY:
                event.kind = EVENT_REPLY;
                script_reply(move, &reply);
                break;
        case MOVE_RESOLVED:
                event.kind = EVENT_RESOLVED;
                event.user = move->text;
                event.last_unit = move->last_unit;
                break;
        case MOVE_SIGNED:
                event.kind = EVENT_SIGNED;
                script_signed(move, &result);
                break;
        case MOVE_FOUND:
                event.kind = EVENT_FOUND;
                event.user = move->text;
                break;
        case MOVE_EXPIRE:
                event.kind = EVENT_EXPIRED;
                if (login_deadline(script->login) != USEC_INFINITY &&
                    login_deadline(script->login) > script->now_usec)
                        script->now_usec = login_deadline(script->login);
                break;
        case MOVE_GONE:
                event.kind = EVENT_GONE;
                break;
        case MOVE_LINKS:
        case MOVE_PASS:
        case MOVE_END:
        case MOVE_BYTES:
                script->now_usec += (uint64_t)move->number * USEC_PER_SEC;
                return LOGIN_E_ORDER;
        }

        {
                Witness before = *w;

                witness_before(w, move);
                r = login_feed(script->login, &event, script->now_usec, actions);
                if (r == LOGIN_E_ORDER) {
                        *w = before;
                        assert_int_equal(actions->n_items, 0);
                }
        }
        return r;
}

static void test_random_walks(void **state) {
        size_t n_granted[5] = {}, n_certified = 0, n_logins = 0, n_accepted = 0;

        (void)state;
        random_state = 20191109;

        for (size_t n = 0; n < WALK_EVENTS;) {
                Witness w = {};
                Script script;

                walk_setup(&w.setup);
                script_start(&script, &w.setup);
                setup_by_purpose(&w.setup);
                if (one_in(2))
                        script_move(&script, &(Move)LINKS());
                n_logins++;

                for (unsigned after = 0; after < 4 && n < WALK_EVENTS; n++) {
                        LoginActions actions;
                        Move move;
                        int r;

                        after += w.ended;
                        walk_move(&w, &move);
                        r = walk_feed(&script, &move, &w, &actions);
                        if (r == LOGIN_E_ORDER)
                                continue;

                        assert_int_equal(r, 0);
                        n_accepted++;
                        check_actions(&w, &actions);
                        witness_after(&w);
                        assert_int_equal(login_is_closed(script.login), w.ended);
                        assert_true(login_deadline(script.login) > script.now_usec);
                }

                n_certified += w.granted && w.by_certificate[0];
                if (w.granted)
                        n_granted[w.changed                       ? 4
                                  : strcmp(w.by, "unit") == 0     ? 3
                                  : strcmp(w.by, "session") == 0  ? 2
                                  : strcmp(w.by, "qr") == 0       ? 1
                                                                  : 0]++;
                script_done(&script);
        }

        /* A walk that gets nowhere would prove nothing. */
        print_message("%zu logins, %zu events accepted; granted: %zu by password, %zu by QR code, "
                      "%zu taken up again, %zu units; %zu new passwords; %zu by certificate\n",
                      n_logins, n_accepted, n_granted[0], n_granted[1], n_granted[2], n_granted[3],
                      n_granted[4], n_certified);
        assert_true(n_granted[0] > 500);
        assert_true(n_granted[1] > 100);
        assert_true(n_granted[2] > 100);
        assert_true(n_granted[3] > 10);
        assert_true(n_certified > 20);
        assert_true(n_granted[4] > 30);
        assert_true(n_accepted > WALK_EVENTS / 2);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_walks) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
