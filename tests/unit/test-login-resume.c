/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login of before taken up again: it stands for the person, never for the unit or for another
 * user; the answer of a single-answer program is known again by its fingerprint */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/login-private.h"
#include "tests/unit/login-script.h"

#define SEAT .unit_policy = UNIT_REQUIRED, .phase = PHASE_RELATION
#define JIA .user = "jia", .account = "ceshi_jia"
#define BING .user = "bing", .account = "Ceshi_Bing"
#define AGAIN .resume = true
#define ONLY_UNIT .purpose = PURPOSE_UNIT, .resume = true, .phase = PHASE_RELATION
#define ONE .mode = MODE_ONE, .layout = LAYOUT_BARE, SEAT
#define ASK_WORD "secret ASK_PASSWORD_OR_QR"
#define DONE_JIA "done jia ceshi_jia session " U1 "; end granted"

static const ScriptPerson yi_matched = { .login_name = "ceshi_yi",
                                         .name = "测试乙",
                                         .hint_matched = true };

static const ScriptCase cases[] = {
        { "all is as it was: in, without a question",
          { SEAT, JIA, AGAIN },
          { BEGIN("resume ceshi_jia"), PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", DONE_JIA) } },
        { "whatever the method was: the login of before kept the rule",
          { SEAT, JIA, AGAIN, .method = METHOD_QR },
          { BEGIN("resume ceshi_jia"), PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", DONE_JIA) } },
        { "a user with several accounts is who the session says, if it is that user's",
          { SEAT, .user = "jia", AGAIN },
          { BEGIN("resume nobody"), PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", DONE_JIA) } },
        { "the session of somebody else logs nobody in", /* threats 4, 57 */
          { SEAT, .user = "jia", AGAIN },
          { BEGIN("resume nobody"), PERSON(script_yi, "resolve ceshi_yi"),
            RESOLVED("yi", "fail denied +WRONG_PERSON; end wrong-person") } },
        { "nor does it if the platform claims that it matches", /* threats 66 */
          { SEAT, JIA, AGAIN },
          { BEGIN("resume ceshi_jia"),
            PERSON(yi_matched, "fail denied +WRONG_PERSON; end wrong-person") } },
        { "too old: as if there had been none",
          { SEAT, JIA, AGAIN },
          { BEGIN("resume ceshi_jia"), REPLY(EXPIRED, ASK_WORD),
            ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", "done jia ceshi_jia password " U1 "; end granted") } },
        { "too old where only the phone counts",
          { SEAT, JIA, AGAIN, .method = METHOD_QR },
          { BEGIN("resume ceshi_jia"), REPLY(EXPIRED, "device ceshi_jia") } },
        { "disabled since then", /* threats 59 */
          { SEAT, JIA, AGAIN },
          { BEGIN("resume ceshi_jia"), REPLY(DISABLED, "fail denied +DISABLED; end disabled") } },
        { "a platform that is away is no yes", /* threats 35 */
          { SEAT, JIA, AGAIN },
          { BEGIN("resume ceshi_jia"),
            REPLY(UNAVAILABLE, "fail unavailable +UNAVAILABLE; end platform-unavailable") } },
        { "a platform that is silent neither",
          { SEAT, JIA, AGAIN },
          { BEGIN("resume ceshi_jia"),
            EXPIRE("cancel; fail unavailable +UNAVAILABLE; end platform-timeout") } },
        { "anything else is no answer",
          { SEAT, JIA, AGAIN },
          { BEGIN("resume ceshi_jia"),
            REPLY(UNIT, "fail unavailable +UNAVAILABLE; end platform-broken") } },
        { "a user that nobody is has no login of before", /* threats 2 */
          { SEAT, AGAIN, .user = "nobody-here", .user_is_unknown = true },
          { BEGIN(ASK_WORD) } },
        { "nor has one that is not ours",
          { SEAT, AGAIN, .user = "root", .user_is_other = true },
          { BEGIN("fail not-ours; end not-ours") } },
        { "the unit is asked for all the same: no way past it", /* threats 67 */
          { SEAT, BING, AGAIN },
          { BEGIN("resume Ceshi_Bing"), PERSON(script_bing, "resolve Ceshi_Bing"),
            RESOLVED("bing", "secret ASK_UNIT_PASSWORD_OR_BACK +UNIT_CHOSEN"),
            ANSWER("Declare-2", "declaration " U2 "/Declare-2"),
            REPLY(UNIT, "done bing Ceshi_Bing session " U2 "; end granted") } },
        { "and a person who has no unit any more does not get in", /* threats 72, 74 */
          { SEAT, .user = "ding", .account = "ceshi_ding", AGAIN },
          { BEGIN("resume ceshi_ding"), PERSON(script_ding, "resolve ceshi_ding"),
            RESOLVED("ding", "fail unit +UNIT_NONE; end no-unit") } },
        { "a program with one answer takes up nothing that nobody shows", /* threats 17 */
          { ONE, JIA, AGAIN },
          { BEGIN("secret ASK_ONE"), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1") } },

        /* Only the unit */
        { "a unit for the person who is logged in, and whose it is",
          { ONLY_UNIT, JIA },
          { BEGIN("resume ceshi_jia"), PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", "done +UNIT_PERSON jia ceshi_jia session " U1 "; end granted") } },
        { "always a unit, whatever the policy of logins is",
          { ONLY_UNIT, .user = "ding", .account = "ceshi_ding", .unit_policy = UNIT_OFF },
          { BEGIN("resume ceshi_ding"), PERSON(script_ding, "resolve ceshi_ding"),
            RESOLVED("ding", "fail unit +UNIT_PERSON +UNIT_NONE; end no-unit") } },
        { "one answer is not even asked for",
          { ONLY_UNIT, JIA, .mode = MODE_ONE },
          { BEGIN("resume ceshi_jia"), PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", "done +UNIT_PERSON jia ceshi_jia session " U1 "; end granted") } },
        { "the unit that is set, and no other",
          { ONLY_UNIT, JIA, .unit_policy = UNIT_REQUIRED, .unit = U2 },
          { BEGIN("resume ceshi_jia"), PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", "fail unit +UNIT_PERSON +UNIT_NOT_YOURS; end unit-of-others") } },
        { "logged out meanwhile: the person first, then the unit",
          { ONLY_UNIT, JIA },
          { BEGIN("resume ceshi_jia"), REPLY(EXPIRED, ASK_WORD),
            ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", "done +UNIT_PERSON jia ceshi_jia password " U1 "; end granted") } },
        { "nobody is logged in: the person first",
          { .purpose = PURPOSE_UNIT, .phase = PHASE_RELATION, JIA },
          { BEGIN(ASK_WORD) } },
};

/* A granted login of a single-answer program, and what is left of its answer. */
static Mark *mark_of(const LoginSetup *setup, const char *answer, const ScriptPerson *person,
                     const char *user) {
        Script script;
        Mark *mark;

        script_start(&script, setup);
        script_move(&script, &(Move)BEGIN(""));
        script_move(&script, &(Move)ANSWER(answer, ""));
        script_move(&script, &(Move)PERSON(*person, ""));
        script_move(&script, &(Move)RESOLVED(user, ""));
        if (!login_is_closed(script.login))
                script_move(&script, &(Move)REPLY(UNIT, ""));
        mark = login_take_mark(script.login);
        assert_null(login_take_mark(script.login));
        script_done(&script);
        return mark;
}

static void test_same_answer(void **state) {
        static const LoginSetup one = { ONE, BING };
        _cleanup_(mark_freep) Mark *mark =
                mark_of(&one, "Bing-pass3 Declare-2", &script_bing, "bing");
        const ScriptCase again[] = {
                { "the same answer: no password is tested, the unit's is",
                  { ONE, BING, AGAIN, .resume_mark = mark },
                  { BEGIN("secret ASK_ONE"), ANSWER("Bing-pass3 Declare-2", "resume Ceshi_Bing"),
                    PERSON(script_bing, "resolve Ceshi_Bing"),
                    RESOLVED("bing", "declaration " U2 "/Declare-2"),
                    REPLY(UNIT, "done bing Ceshi_Bing session " U2 "; end granted") } },
                { "another answer is a login as always",
                  { ONE, BING, AGAIN, .resume_mark = mark },
                  { BEGIN("secret ASK_ONE"),
                    ANSWER("Other-pass3", "password Ceshi_Bing/Other-pass3") } },
                { "the declaration password is a matter of its own",
                  { ONE, BING, AGAIN, .resume_mark = mark },
                  { BEGIN("secret ASK_ONE"), ANSWER("Bing-pass3 Other-2", "resume Ceshi_Bing"),
                    PERSON(script_bing, "resolve Ceshi_Bing"),
                    RESOLVED("bing", "declaration " U2 "/Other-2") } },
                { "the same answer too late is one as well",
                  { ONE, BING, AGAIN, .resume_mark = mark },
                  { BEGIN("secret ASK_ONE"), ANSWER("Bing-pass3 Declare-2", "resume Ceshi_Bing"),
                    REPLY(EXPIRED, "password Ceshi_Bing/Bing-pass3"),
                    PERSON(script_bing, "resolve Ceshi_Bing"),
                    RESOLVED("bing", "declaration " U2 "/Declare-2"),
                    REPLY(UNIT, "done bing Ceshi_Bing password " U2 "; end granted") } },
                { "without a login of before the mark means nothing",
                  { ONE, BING, .resume_mark = mark },
                  { BEGIN("secret ASK_ONE"),
                    ANSWER("Bing-pass3 Declare-2", "password Ceshi_Bing/Bing-pass3") } },
                { "a program that asks many questions is asked them",
                  { SEAT, BING, AGAIN, .resume_mark = mark },
                  { BEGIN(ASK_WORD) } },
        };

        (void)state;
        assert_non_null(mark);
        for (size_t i = 0; i < ELEMENTSOF(again); i++)
                script_run(&again[i]);
}

/* A screen locker has one answer; the session behind it began with many questions. */
static void test_locker(void **state) {
        _cleanup_(mark_freep) Mark *mark =
                mark_of(&(LoginSetup){ SEAT, JIA }, "Jia-pass1", &script_jia, "jia");
        const ScriptCase locker = {
                "the password that the session began with opens it, and no password is tested",
                { ONE, JIA, AGAIN, .resume_mark = mark },
                { BEGIN("secret ASK_ONE"), ANSWER("Jia-pass1", "resume ceshi_jia") },
        };

        (void)state;
        assert_non_null(mark);
        script_run(&locker);
}

/* Of what was not granted, or granted in another way, nothing is left. */
static void test_no_mark(void **state) {
        static const Move refused[] = { BEGIN(""), ANSWER("Jia-pass1", ""), WRONG(4, "") };
        Script script;

        (void)state;
        script_start(&script, &(LoginSetup){ ONE, JIA });
        assert_null(login_take_mark(script.login));
        for (size_t i = 0; i < ELEMENTSOF(refused); i++)
                script_move(&script, &refused[i]);
        assert_true(login_is_closed(script.login));
        assert_null(login_take_mark(script.login));
        script_done(&script);

        assert_null(mark_of(&(LoginSetup){ ONE, JIA, .purpose = PURPOSE_UNIT }, "Jia-pass1",
                            &script_jia, "jia"));
}

static void test_nobody(void **state) {
        Login *login = NULL;

        (void)state;
        assert_int_equal(login_new(&(LoginSetup){ .timeout_usec = 1, .resume = true }, 0, &login),
                         -EINVAL);
        assert_int_equal(login_new(&(LoginSetup){ .timeout_usec = 1,
                                                  .purpose = _LOGIN_PURPOSE_MAX }, 0, &login),
                         -EINVAL);
        assert_null(login);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_same_answer),
                cmocka_unit_test(test_locker),
                cmocka_unit_test(test_no_mark),
                cmocka_unit_test(test_nobody),
        };

        return script_tests("a login of before", cases, ELEMENTSOF(cases)) |
               cmocka_run_group_tests(tests, NULL, NULL);
}
