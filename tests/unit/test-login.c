/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login, the machine: setups that make no sense, every event in every state, deadlines, loops that
 * end, secrets that go */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/login-private.h"
#include "tests/unit/login-script.h"

#define RELATION .unit_policy = UNIT_REQUIRED, .phase = PHASE_RELATION
#define JIA .user = "jia", .account = "ceshi_jia"
#define ASK_WORD "secret ASK_PASSWORD_OR_QR"
#define SCAN "scan +SCAN_INVITE +SCAN_ADDRESS qr; poll pending"

/* Setups */

static void test_setups_refused(void **state) {
        char long_user[LIMIT_USER_BYTES + 2], long_account[LIMIT_ACCOUNT_BYTES + 2],
                long_unit[LIMIT_UNIT_CODE_BYTES + 2];
        const struct {
                const char *sentence;
                LoginSetup setup;
        } refused[] = {
                { "no time at all", { .timeout_usec = 0 } },
                { "an account without a user", { .timeout_usec = 1, .account = "ceshi_jia" } },
                { "somebody else who is nobody", { .timeout_usec = 1, .user_is_other = true } },
                { "an unknown user who is nobody", { .timeout_usec = 1, .user_is_unknown = true } },
                { "a user both unknown and somebody else",
                  { .timeout_usec = 1,
                    .user = "x",
                    .user_is_other = true,
                    .user_is_unknown = true } },
                { "an unknown user with an account",
                  { .timeout_usec = 1, .user = "x", .account = "y", .user_is_unknown = true } },
                { "a foreign user with an account",
                  { .timeout_usec = 1, .user = "x", .account = "y", .user_is_other = true } },
                { "an empty user", { .timeout_usec = 1, .user = "" } },
                { "an empty account", { .timeout_usec = 1, .user = "x", .account = "" } },
                { "an empty unit",
                  { .timeout_usec = 1, .unit_policy = UNIT_REQUIRED, .unit = "" } },
                { "a unit where none is asked for",
                  { .timeout_usec = 1, .unit_policy = UNIT_OFF, .unit = U1 } },
                { "a user that is too long", { .timeout_usec = 1, .user = long_user } },
                { "an account that is too long",
                  { .timeout_usec = 1, .user = "x", .account = long_account } },
                { "a unit that is too long",
                  { .timeout_usec = 1, .unit_policy = UNIT_REQUIRED, .unit = long_unit } },
                { "a mode that is none", { .timeout_usec = 1, .mode = _LOGIN_MODE_MAX } },
                { "a method that is none", { .timeout_usec = 1, .method = _LOGIN_METHOD_MAX } },
                { "a policy that is none", { .timeout_usec = 1, .unit_policy = _UNIT_POLICY_MAX } },
                { "a phase that is none", { .timeout_usec = 1, .phase = _PHASE_MAX } },
        };

        (void)state;
        memset(long_user, 'u', sizeof(long_user));
        long_user[sizeof(long_user) - 1] = '\0';
        memset(long_account, 'a', sizeof(long_account));
        long_account[sizeof(long_account) - 1] = '\0';
        memset(long_unit, '9', sizeof(long_unit));
        long_unit[sizeof(long_unit) - 1] = '\0';

        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                Login *login = NULL;

                if (login_new(&refused[i].setup, 0, &login) != -EINVAL || login)
                        fail_msg("%s", refused[i].sentence);
        }
}

/* A long name of an unknown user is cut between characters: the platform would refuse half of one.
 * */
static void test_impossible_account(void **state) {
        (void)state;

        for (size_t lead = 0; lead < 3; lead++) {
                char user[LIMIT_USER_BYTES + 1] = "";
                Script script;
                size_t n = lead;

                memset(user, 'a', lead);
                for (; n + 3 <= LIMIT_USER_BYTES; n += 3)
                        memcpy(user + n, "测", 3);
                user[n] = '\0';

                script_start(&script, &(LoginSetup){ .user = user, .user_is_unknown = true });
                script_move(&script, &(Move)BEGIN(""));
                assert_true(strlen(script.login->account) <= LIMIT_ACCOUNT_BYTES);
                assert_int_equal((strlen(script.login->account) - strlen("local:") - lead) % 3, 0);
                assert_int_equal(strncmp(script.login->account, "local:", 6), 0);
                script_done(&script);
        }
}

/* Every event in every state (threats 25) */

typedef struct StateCase {
        const char *sentence;
        LoginState state;
        Move way[SCRIPT_MOVES]; /* to the state */
        bool fits[_EVENT_MAX];
        bool method_qr;
        bool no_user;
} StateCase;

#define FITS(...)                                                                                  \
        { __VA_ARGS__ }
#define ALWAYS [EVENT_EXPIRED] = true, [EVENT_GONE] = true

static const ScriptPerson jia_with_key = { .login_name = "ceshi_jia", .units = { U1 ":c" } };

static bool has_key(const char *unit, void *userdata) {
        (void)unit;
        (void)userdata;
        return true;
}

static const StateCase state_cases[] = {
        { "new",
          LOGIN_NEW,
          { { .kind = MOVE_END } },
          FITS(ALWAYS, [EVENT_BEGIN] = true),
          .method_qr = false },
        { "waiting for the client",
          LOGIN_WAIT_CLIENT,
          { BEGIN(ASK_WORD) },
          FITS(ALWAYS, [EVENT_ANSWER] = true),
          .method_qr = false },
        { "waiting for the platform",
          LOGIN_WAIT_PLATFORM,
          { BEGIN(ASK_WORD), ANSWER("Jia-pass1", "") },
          FITS(ALWAYS, [EVENT_REPLY] = true),
          .method_qr = false },
        { "waiting for the phone, the client away",
          LOGIN_WAIT_SCAN,
          { BEGIN(""), DEVICE(SCAN) },
          FITS(ALWAYS, [EVENT_REPLY] = true, [EVENT_ANSWER] = true),
          .method_qr = true },
        { "waiting for the phone, the client waiting",
          LOGIN_WAIT_SCAN,
          { BEGIN(""), DEVICE(SCAN), ENTER("") },
          FITS(ALWAYS, [EVENT_REPLY] = true),
          .method_qr = true },
        { "the phone has answered, the client away",
          LOGIN_WAIT_SCAN,
          { BEGIN(""), DEVICE(SCAN), PERSON(script_jia, "") },
          FITS(ALWAYS, [EVENT_ANSWER] = true),
          .method_qr = true },
        { "waiting for the local user",
          LOGIN_WAIT_RESOLVE,
          { BEGIN(ASK_WORD), ANSWER("Jia-pass1", ""), PERSON(script_jia, "") },
          FITS(ALWAYS, [EVENT_RESOLVED] = true),
          .method_qr = false },
        { "waiting to know whether a local user was typed",
          LOGIN_WAIT_FIND,
          { BEGIN("echo ASK_ACCOUNT_OR_QR"), ANSWER("ceshi_jia", "") },
          FITS(ALWAYS, [EVENT_FOUND] = true),
          .no_user = true },
        { "waiting for a signature",
          LOGIN_WAIT_SIGN,
          { BEGIN(ASK_WORD), ANSWER("Jia-pass1", ""), PERSON(jia_with_key, ""), RESOLVED("jia", ""),
            ANSWER("1357-9", "challenge " U1), CHALLENGE(U1, "") },
          FITS(ALWAYS, [EVENT_SIGNED] = true),
          .method_qr = false },
        { "late",
          LOGIN_LATE,
          { BEGIN(ASK_WORD), EXPIRE("") },
          FITS(ALWAYS, [EVENT_ANSWER] = true),
          .method_qr = false },
        { "granted",
          LOGIN_CLOSED,
          { BEGIN(ASK_WORD), ANSWER("Jia-pass1", ""), PERSON(script_jia, ""), RESOLVED("jia", "") },
          { false },
          .method_qr = false },
        { "failed",
          LOGIN_CLOSED,
          { BEGIN(ASK_WORD), ANSWER("Jia-pass1", ""), LOCKED(1, "") },
          { false },
          .method_qr = false },
        { "left", LOGIN_CLOSED, { BEGIN(ASK_WORD), GONE("") }, { false }, .method_qr = false },
};

static void state_reach(const StateCase *c, Script *script) {
        LoginSetup setup = { RELATION,
                             JIA,
                             .method = c->method_qr ? METHOD_QR : METHOD_ANY,
                             .has_certificate = has_key };

        if (c->no_user)
                setup.user = setup.account = NULL;
        script_start(script, &setup);
        for (size_t i = 0; c->way[i].kind != MOVE_END; i++)
                script_move(script, &c->way[i]);
        assert_int_equal(script->login->state, c->state);
}

static void event_try(const StateCase *c, EventKind kind, uint64_t now_usec, Script *script) {
        _cleanup_(reply_done) Reply reply = { .kind = REPLY_UNAVAILABLE, .attempts_left = -1 };
        _cleanup_(signed_done) Signed result = { .status = SIGN_NO_KEY };
        const LoginEvent event = { .kind = kind,
                                   .reply = kind == EVENT_REPLY ? &reply : NULL,
                                   .result = kind == EVENT_SIGNED ? &result : NULL,
                                   .user = "jia" };
        Login before = *script->login;
        LoginActions actions;
        int r;

        r = login_feed(script->login, &event, now_usec, &actions);
        if ((unsigned)kind < _EVENT_MAX && c->fits[kind]) {
                if (r != 0)
                        fail_msg("%s: event %d was refused", c->sentence, (int)kind);
                return;
        }
        if (r != LOGIN_E_ORDER || actions.n_items != 0)
                fail_msg("%s: event %d was not refused", c->sentence, (int)kind);
        if (memcmp(&before, script->login, sizeof(before)) != 0)
                fail_msg("%s: event %d was refused and changed something", c->sentence, (int)kind);
        if (kind == EVENT_REPLY)
                assert_int_equal(reply.kind, REPLY_UNAVAILABLE);
        if (kind == EVENT_SIGNED)
                assert_int_equal(result.status, SIGN_NO_KEY);
}

/* The table of the machine is compared with one written down here, cell by cell. */
static void test_every_event_in_every_state(void **state) {
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(state_cases); i++)
                for (unsigned kind = 0; kind <= _EVENT_MAX; kind++) {
                        const StateCase *c = &state_cases[i];
                        Script script;
                        uint64_t now;

                        state_reach(c, &script);
                        now = kind == EVENT_EXPIRED && c->fits[kind] ? login_deadline(script.login)
                                                                     : script.now_usec;
                        event_try(c, (EventKind)kind, now, &script);
                        script_done(&script);
                }
}

/* An expiry before its time, and a reply that is none. */
static void test_events_that_do_not_fit(void **state) {
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(state_cases); i++) {
                StateCase never = state_cases[i];
                LoginActions actions;
                Script script;

                memset(never.fits, 0, sizeof(never.fits));
                state_reach(&state_cases[i], &script);
                if (!login_is_closed(script.login) && login_deadline(script.login) > 0)
                        event_try(&never, EVENT_EXPIRED, login_deadline(script.login) - 1, &script);
                assert_int_equal(login_feed(script.login, &(LoginEvent){ .kind = EVENT_REPLY },
                                            script.now_usec, &actions),
                                 LOGIN_E_ORDER);
                assert_int_equal(login_feed(script.login, &(LoginEvent){ .kind = EVENT_SIGNED },
                                            script.now_usec, &actions),
                                 LOGIN_E_ORDER);
                script_done(&script);
        }
}

/* All pairs: whatever happens first, and whatever second, nobody gets in who showed nothing
 * (threats 25). */
static void test_all_pairs(void **state) {
        static const Move moves[] = {
                BEGIN(""),
                ANSWER("Jia-pass1", ""),
                ENTER(""),
                REPLY(UNIT, ""),
                PERSON(script_yi, ""),
                RESOLVED("jia", ""),
                SIGNED(OK, NULL, ""),
                EXPIRE(""),
                GONE(""),
                FOUND("jia", ""),
                FOUND(NULL, ""),
                STATE(DIGITS, ""),
                REPLY(UNIT_UNRELATED, ""),
                CAPTCHA(""),
                DEVICE(""),
                REPLY(WRONG_PERSON, ""),
                RESOLVED(NULL, ""),
                REPLY(EXPIRED, ""),
                WRONG(3, ""),
        };

        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(state_cases); i++)
                for (size_t a = 0; a < ELEMENTSOF(moves); a++)
                        for (size_t b = 0; b < ELEMENTSOF(moves); b++) {
                                Script script;

                                state_reach(&state_cases[i], &script);
                                script_move(&script, &moves[a]);
                                if (strncmp(script.did, "done", 4) == 0)
                                        /* The one honest way: the person was jia, and so is the
                                         * user. */
                                        assert_true(state_cases[i].state == LOGIN_WAIT_RESOLVE &&
                                                    moves[a].kind == MOVE_RESOLVED);
                                script_move(&script, &moves[b]);
                                if (strncmp(script.did, "done", 4) == 0)
                                        /* And the other one: signed, and the platform says yes. */
                                        assert_true(moves[b].kind == MOVE_RESOLVED ||
                                                    (state_cases[i].state == LOGIN_WAIT_SIGN &&
                                                     moves[a].kind == MOVE_SIGNED &&
                                                     moves[b].reply == REPLY_UNIT));
                                script_done(&script);
                        }
}

/* Time */

static const ScriptCase time_cases[] = {
        { "the time for a login is up while the person types: told when he answers",
          { RELATION, JIA },
          { BEGIN(ASK_WORD), EXPIRE(""),
            ANSWER("Jia-pass1", "fail timeout +TIMEOUT; end timeout") } },
        { "the time is up, and nobody answers any more",
          { RELATION, JIA },
          { BEGIN(ASK_WORD), EXPIRE(""), EXPIRE("end timeout") } },
        { "the time is up, and the client leaves",
          { RELATION, JIA },
          { BEGIN(ASK_WORD), EXPIRE(""), GONE("end client-gone") } },
        { "an answer that comes in before the expiry was noticed is late all the same",
          { RELATION, JIA },
          { BEGIN(ASK_WORD), PASS(110),
            ANSWER("Jia-pass1", "fail timeout +TIMEOUT; end timeout") } },
        { "an answer in the last second counts",
          { RELATION, JIA },
          { BEGIN(ASK_WORD), PASS(109), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1") } },
        { "a person proven in time and resolved too late does not get in",
          { RELATION, JIA },
          { BEGIN(ASK_WORD), PASS(109), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            PERSON(script_jia, "resolve ceshi_jia"), PASS(1),
            RESOLVED("jia", "fail timeout +TIMEOUT; end timeout") } },
        { "a reply that comes in too late does not count",
          { RELATION, JIA },
          { BEGIN(ASK_WORD), PASS(109), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            PASS(1), PERSON(script_jia, "fail timeout +TIMEOUT; end timeout") } },
        { "a client that begins too late is told so",
          { RELATION, JIA },
          { PASS(110), BEGIN("fail timeout +TIMEOUT; end timeout") } },
        { "a client that never begins is forgotten", { RELATION, JIA }, { EXPIRE("end timeout") } },
        { "a QR code that nobody scans ends with the time for the login", /* threats 1 */
          { RELATION, JIA, .method = METHOD_QR },
          { BEGIN("device ceshi_jia"), DEVICE(SCAN), ENTER(""), EXPIRE("scan unchanged"), ENTER(""),
            EXPIRE("scan unchanged"), ENTER(""), EXPIRE("scan unchanged"), ENTER(""),
            EXPIRE("scan unchanged"), ENTER(""), EXPIRE("scan unchanged"), ENTER(""),
            EXPIRE("scan unchanged"), ENTER(""),
            EXPIRE("cancel; fail timeout +TIMEOUT; end timeout") } },
        { "a QR code whose client went to sleep as well",
          { RELATION, JIA, .method = METHOD_QR },
          { BEGIN("device ceshi_jia"), DEVICE(SCAN), EXPIRE("cancel"), PERSON(script_jia, "order"),
            ENTER("fail timeout +TIMEOUT; end timeout") } },
        { "a poll that never ends is not waited for longer than a hold",
          { RELATION, JIA, .method = METHOD_QR },
          { BEGIN("device ceshi_jia"), DEVICE(SCAN), ENTER(""), EXPIRE("scan unchanged"), PASS(1),
            ENTER(""), PERSON(script_jia, "resolve ceshi_jia") } },
        { "a platform that is silent for too long is unavailable",
          { RELATION, JIA },
          { BEGIN(ASK_WORD), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            EXPIRE("cancel; fail unavailable +UNAVAILABLE; end platform-timeout"),
            PERSON(script_jia, "order") } },
        { "a directory that is silent for too long as well",
          { RELATION, JIA },
          { BEGIN(ASK_WORD), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            PERSON(script_jia, "resolve ceshi_jia"),
            EXPIRE("fail unavailable +UNAVAILABLE; end directory-timeout"),
            RESOLVED("jia", "order") } },
        { "the client left, so a late reply is refused",
          { RELATION, JIA },
          { BEGIN(ASK_WORD), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            GONE("cancel; end client-gone"), PERSON(script_jia, "order"), GONE("order") } },
        { "the client left during the scan, and the phone hears of it", /* threats 63 */
          { RELATION, JIA, .method = METHOD_QR },
          { BEGIN("device ceshi_jia"), DEVICE(SCAN), GONE("cancel; end client-gone") } },
};

/* A client waits 25 s for a step; whatever state, it has one or is told before. */
static void test_every_wait_is_bounded(void **state) {
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(state_cases); i++) {
                Script script;

                state_reach(&state_cases[i], &script);
                if (login_is_closed(script.login))
                        assert_true(login_deadline(script.login) == USEC_INFINITY);
                else if (script.login->next_pending)
                        assert_true(login_deadline(script.login) - script.now_usec <
                                    LIMIT_NEXT_WAIT_USEC);
                else
                        assert_true(login_deadline(script.login) - script.now_usec <=
                                    SCRIPT_TIMEOUT_USEC);
                script_done(&script);
        }
}

static void test_time_without_end(void **state) {
        Login *login = NULL;

        (void)state;
        assert_int_equal(login_new(&(LoginSetup){ .timeout_usec = UINT64_MAX }, 5, &login), 0);
        assert_true(login_deadline(login) == USEC_INFINITY);
        login_free(login);
}

/* Loops */

static void loop_until_closed(const LoginSetup *setup, const Move *way, size_t n_way,
                              const Move *round, size_t n_round, unsigned n_max, const char *end) {
        Script script;
        unsigned n = 0;

        script_start(&script, setup);
        for (size_t i = 0; i < n_way; i++)
                script_move(&script, &way[i]);
        while (!login_is_closed(script.login) && n++ < n_max + 1)
                for (size_t i = 0; i < n_round && !login_is_closed(script.login); i++)
                        script_move(&script, &round[i]);

        assert_true(n <= n_max);
        assert_non_null(strstr(script.did, end));
        script_done(&script);
}

static void test_loops_end(void **state) {
        static const Move begin[] = { BEGIN("") },
                          wrong[] = { ANSWER("Falsch-11", ""), WRONG(3, "") };
        static const Move folded[] = { BEGIN(""), DEVICE("") },
                          enter[] = { ENTER(""), STATE(PENDING, "") };
        static const Move refresh_way[] = { BEGIN(""), ANSWER("Falsch-11", ""), CAPTCHA("") };
        static const Move refresh[] = { ANSWER("r", ""), CAPTCHA("") };
        static const Move spin_way[] = { BEGIN(""), DEVICE("") }, spin[] = { STATE(PENDING, "") };
        static const Move expired[] = { ENTER(""), REPLY(EXPIRED, ""), DEVICE("") };

        (void)state;
        loop_until_closed(&(LoginSetup){ RELATION, JIA }, begin, 1, wrong, 2, LOGIN_ASKS_MAX,
                          "end too-many-answers");
        loop_until_closed(&(LoginSetup){ RELATION, JIA }, refresh_way, 3, refresh, 2,
                          LOGIN_ASKS_MAX, "end too-many-answers");
        /* threats 1: Enter fifty times is not a login, nor is it a hundred times */
        loop_until_closed(
                &(LoginSetup){ RELATION, JIA, .mode = MODE_BUFFERED, .method = METHOD_QR }, folded,
                2, enter, 2, LOGIN_SCAN_ASKS_MAX, "end too-many-answers");
        loop_until_closed(&(LoginSetup){ RELATION, JIA, .method = METHOD_QR }, spin_way, 2, spin, 1,
                          LOGIN_POLLS_MAX + 1, "end platform-broken");
        loop_until_closed(&(LoginSetup){ RELATION, JIA, .method = METHOD_QR }, spin_way, 2, expired,
                          3, LOGIN_CODES_MAX, "end qr-expired");
}

/* Secrets: gone as soon as the platform has used them (spec.md section 6) */

static void test_secrets_go(void **state) {
        static const Move after_password[] = { WRONG(4, ""),
                                               LOCKED(1, ""),
                                               REPLY(UNAVAILABLE, ""),
                                               PERSON(script_jia, ""),
                                               REPLY(DISABLED, ""),
                                               GONE(""),
                                               EXPIRE("") };

        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(after_password); i++) {
                Script script;

                script_start(&script, &(LoginSetup){ RELATION, JIA });
                script_move(&script, &(Move)BEGIN(""));
                script_move(&script, &(Move)ANSWER("Jia-pass1", ""));
                assert_string_equal(secret_text(script.login->password), "Jia-pass1");
                script_move(&script, &after_password[i]);
                assert_null(script.login->password);
                script_done(&script);
        }
}

static void test_captcha_keeps_the_password_until_it_is_tested(void **state) {
        Script script;

        (void)state;
        script_start(&script, &(LoginSetup){ RELATION, JIA });
        script_move(&script, &(Move)BEGIN(""));
        script_move(&script, &(Move)ANSWER("Jia-pass1", ""));
        script_move(&script, &(Move)CAPTCHA(""));
        assert_non_null(script.login->password);
        script_move(&script, &(Move)ANSWER("k7Qm", ""));
        assert_non_null(script.login->captcha);
        script_move(&script, &(Move)CAPTCHA_WRONG(""));
        assert_null(script.login->captcha);
        assert_non_null(script.login->password);
        script_move(&script, &(Move)ENTER(""));
        assert_null(script.login->password);
        script_done(&script);
}

static void test_unit_secrets_go(void **state) {
        Script script;

        (void)state;
        script_start(&script,
                     &(LoginSetup){ .unit_policy = UNIT_REQUIRED, .phase = PHASE_DUAL, JIA });
        script_move(&script, &(Move)BEGIN(""));
        script_move(&script, &(Move)ANSWER("Jia-pass1", ""));
        script_move(&script, &(Move)PERSON(script_jia, ""));
        script_move(&script, &(Move)RESOLVED("jia", ""));
        script_move(&script, &(Move)ANSWER("Falsch-21", ""));
        assert_non_null(script.login->unit_password);
        script_move(&script, &(Move)WRONG(4, ""));
        assert_null(script.login->unit_password);
        assert_non_null(script.login->mark);
        script_move(&script, &(Move)ANSWER("Declare-1", ""));
        script_move(&script, &(Move)REPLY(UNIT, ""));
        assert_true(login_is_closed(script.login));
        assert_null(script.login->unit_password);
        assert_null(script.login->mark);
        script_done(&script);
}

static void test_digits_go(void **state) {
        Script script;

        (void)state;
        script_start(&script, &(LoginSetup){ JIA, .mode = MODE_BUFFERED, .method = METHOD_QR,
                                             .binding = true });
        script_move(&script, &(Move)BEGIN(""));
        script_move(&script, &(Move)DEVICE(""));
        script_move(&script, &(Move)ANSWER("123456", ""));
        assert_string_equal(secret_text(script.login->digits), "123456");
        script_move(&script, &(Move)DIGITS_WRONG(2, ""));
        assert_null(script.login->digits);
        script_done(&script);
}

/* The audit record: who, as far as it is known; never what an unknown user typed. */
static void outcome_after(const LoginSetup *setup, const Move *moves, Script *script) {
        script_start(script, setup);
        for (size_t i = 0; moves[i].kind != MOVE_END; i++)
                script_move(script, &moves[i]);
        assert_true(login_is_closed(script->login));
}

static void test_outcomes(void **state) {
        static const Move granted[] = { BEGIN(""),
                                        ANSWER("Jia-pass1", ""),
                                        PERSON(script_jia, ""),
                                        RESOLVED("jia", ""),
                                        { .kind = MOVE_END } };
        static const Move locked[] = {
                BEGIN(""), ANSWER("Jia-pass1", ""), LOCKED(1, ""), { .kind = MOVE_END }
        };
        static const Move typed[] = { BEGIN(""),       ANSWER("ceshi_jia", ""),
                                      FOUND(NULL, ""), ANSWER("Jia-pass1", ""),
                                      LOCKED(1, ""),   { .kind = MOVE_END } };
        Script script;
        const Outcome *outcome;

        (void)state;

        outcome_after(&(LoginSetup){ RELATION, JIA }, granted, &script);
        outcome = &script.login->outcome;
        assert_int_equal(outcome->reason, REASON_NONE);
        assert_string_equal(outcome->account, "ceshi_jia");
        assert_string_equal(outcome->user, "jia");
        assert_string_equal(outcome->unit, U1);
        assert_string_equal(outcome->method, "password");
        script_done(&script);

        outcome_after(&(LoginSetup){ RELATION, JIA }, locked, &script);
        outcome = &script.login->outcome;
        assert_int_equal(outcome->reason, REASON_LOCKED);
        assert_string_equal(outcome->account, "ceshi_jia");
        assert_string_equal(outcome->user, "jia");
        assert_null(outcome->unit);
        script_done(&script);

        /* What was typed as account and never verified, and a user that nobody is, are not for a
         * log. */
        outcome_after(&(LoginSetup){ RELATION }, typed, &script);
        assert_null(script.login->outcome.account);
        assert_null(script.login->outcome.user);
        script_done(&script);

        outcome_after(&(LoginSetup){ RELATION, .user = "hunter2", .user_is_unknown = true }, locked,
                      &script);
        assert_null(script.login->outcome.account);
        assert_null(script.login->outcome.user);
        script_done(&script);
}

/* What was typed as account is for the record, to be masked; unless it may be a password. */
static void test_typed_and_refused(void **state) {
        static const struct {
                const char *sentence, *answer, *typed;
        } cases[] = {
                { "a mobile number", "199-0000-0001", "19900000001" },
                { "an identity number", "99010119790101004x", "99010119790101004X" },
                { "a login name", "ceshi_jia", "ceshi_jia" },
                { "what fits the rule for passwords", "Geheim_99", NULL },
                { "what is no account", "Geheim-99", NULL },
        };
        static const Move left[] = { BEGIN(""),
                                     ANSWER("19900000001", ""),
                                     ANSWER("Falsch-11", ""),
                                     WRONG(4, ""),
                                     ANSWER("Falsch-12", ""),
                                     CAPTCHA(""),
                                     ANSWER("k7Qm", ""),
                                     CAPTCHA_WRONG(""),
                                     ENTER(""),
                                     DEVICE(""),
                                     GONE(""),
                                     { .kind = MOVE_END } };
        static const Move unknown[] = { BEGIN(""), GONE(""), { .kind = MOVE_END } };
        Script script;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Move moves[] = { BEGIN(""), ANSWER(cases[i].answer, ""), GONE(""),
                                       { .kind = MOVE_END } };
                const char *typed;

                outcome_after(&(LoginSetup){ RELATION }, moves, &script);
                typed = script.login->outcome.typed;
                if (!typed != !cases[i].typed || (typed && strcmp(typed, cases[i].typed) != 0))
                        fail_msg("%s: %s", cases[i].sentence, typed);
                script_done(&script);
        }

        /* Whoever leaves after a refusal is recorded with it. */
        outcome_after(&(LoginSetup){ RELATION }, left, &script);
        assert_string_equal(script.login->outcome.detail, "client-gone");
        assert_string_equal(script.login->outcome.last_refusal, "wrong-captcha");
        assert_int_equal(script.login->outcome.n_refusals, 2);
        assert_string_equal(script.login->outcome.typed, "19900000001");
        script_done(&script);

        outcome_after(&(LoginSetup){ RELATION, .user = "hunter2", .user_is_unknown = true },
                      unknown, &script);
        assert_null(script.login->outcome.typed);
        assert_null(script.login->outcome.last_refusal);
        assert_int_equal(script.login->outcome.n_refusals, 0);
        script_done(&script);
}

/* A single-answer client is asked once, whatever the flows believe. */
static void test_one_answer_only(void **state) {
        Script script;

        (void)state;

        for (Ask ask = ASK_ACCOUNT; ask < _ASK_MAX; ask++) {
                script_start(&script, &(LoginSetup){ RELATION, JIA, .mode = MODE_ONE });
                script_move(&script, &(Move)BEGIN(""));
                script.login->next_pending = true;
                script.login->actions = (LoginActions){};
                script.login->plan = (Plan){};
                login_ask(script.login, ask);
                script_write(&script.login->actions, script.did, sizeof(script.did));
                assert_string_equal(script.did, "fail client +CLIENT_CANNOT; end one-answer-only");
                script_done(&script);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_setups_refused),
                cmocka_unit_test(test_impossible_account),
                cmocka_unit_test(test_every_event_in_every_state),
                cmocka_unit_test(test_events_that_do_not_fit),
                cmocka_unit_test(test_all_pairs),
                cmocka_unit_test(test_every_wait_is_bounded),
                cmocka_unit_test(test_time_without_end),
                cmocka_unit_test(test_loops_end),
                cmocka_unit_test(test_secrets_go),
                cmocka_unit_test(test_captcha_keeps_the_password_until_it_is_tested),
                cmocka_unit_test(test_unit_secrets_go),
                cmocka_unit_test(test_digits_go),
                cmocka_unit_test(test_outcomes),
                cmocka_unit_test(test_typed_and_refused),
                cmocka_unit_test(test_one_answer_only),
        };

        return cmocka_run_group_tests(tests, NULL, NULL) |
               script_tests("time in a login", time_cases, ELEMENTSOF(time_cases));
}
