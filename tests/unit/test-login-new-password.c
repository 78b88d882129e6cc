/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Another account password: the old one first, the rule in words, and no login by any of it */

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

#define CHANGE .purpose = PURPOSE_PASSWORD, .unit_policy = UNIT_REQUIRED, .phase = PHASE_RELATION
#define JIA .user = "jia", .account = "ceshi_jia"
#define ASK_OLD "secret ASK_PASSWORD_CURRENT"
#define ASK_NEW "secret ASK_NEW_PASSWORD"
#define ASK_AGAIN "secret ASK_NEW_PASSWORD_AGAIN"
#define OLD_PROVEN \
        BEGIN(ASK_OLD), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"), \
                PERSON(script_jia, "resolve ceshi_jia"), \
                RESOLVED("jia", ASK_NEW " +NEW_PASSWORD_RULES")
#define NEW_TYPED \
        ANSWER("Jia-pass2", ASK_AGAIN), ANSWER("Jia-pass2", "change ceshi_jia/Jia-pass1/Jia-pass2")

static const ScriptCase cases[] = {
        { "the old one, the new one twice: changed, and no unit is asked for",
          { CHANGE, JIA },
          { OLD_PROVEN, NEW_TYPED,
            REPLY(CHANGED, "done +NEW_PASSWORD_CHANGED jia ceshi_jia password; end granted") } },
        { "a user with several accounts names one",
          { CHANGE, .user = "jia" },
          { BEGIN("echo ASK_ACCOUNT"), ANSWER("ceshi_jia", ASK_OLD),
            ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", ASK_NEW " +NEW_PASSWORD_RULES") } },
        { "the account of somebody else is not changed for this user", /* threats 4 */
          { CHANGE, .user = "jia" },
          { BEGIN("echo ASK_ACCOUNT"), ANSWER("ceshi_yi", ASK_OLD),
            ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"),
            RESOLVED("yi", "fail denied +WRONG_PERSON; end wrong-person") } },
        { "a local user without account is for the next module",
          { CHANGE, .user = "root", .user_is_other = true },
          { BEGIN("fail not-ours; end not-ours") } },
        { "a user that nobody is gets the question and nothing else", /* threats 2 */
          { CHANGE, .user = "nobody-here", .user_is_unknown = true },
          { BEGIN(ASK_OLD), ANSWER("Jia-pass1", "password local:nobody-here/Jia-pass1"),
            WRONG(4, ASK_OLD " +PASSWORD_WRONG_TRIES=4") } },
        { "a wrong old one counts, wants a captcha, and locks", /* threats 48, 51 */
          { CHANGE, JIA },
          { BEGIN(ASK_OLD), ANSWER("Falsch-11", "password ceshi_jia/Falsch-11"),
            WRONG_WITH_CAPTCHA(4, ASK_OLD " +PASSWORD_WRONG_TRIES=4"),
            ANSWER("Falsch-12", "echo ASK_CAPTCHA +CAPTCHA_DUE picture"),
            ANSWER("k7Qm", "password ceshi_jia/Falsch-12 captcha=k7Qm"),
            LOCKED(7200, "fail locked +LOCKED_MINUTES=120; end locked") } },
        { "no phone changes a password, whatever the configuration says of logins",
          { CHANGE, JIA, .method = METHOD_QR },
          { BEGIN(ASK_OLD), ENTER(ASK_OLD " +PASSWORD_EMPTY") } },
        { "nor does a login of before",
          { CHANGE, JIA, .resume = true },
          { BEGIN(ASK_OLD) } },
        { "one answer cannot hold three passwords", /* threats 17 */
          { CHANGE, JIA, .mode = MODE_ONE },
          { BEGIN("fail client +CLIENT_CANNOT; end one-answer-password") } },

        { "each broken rule is told, nothing is sent",
          { CHANGE, JIA },
          { OLD_PROVEN, ENTER(ASK_NEW " +NEW_PASSWORD_EMPTY"),
            ANSWER("Ab1-", ASK_NEW " +NEW_PASSWORD_SHORT"),
            ANSWER("abc", ASK_NEW " +NEW_PASSWORD_SHORT +NEW_PASSWORD_CLASSES"),
            ANSWER("Abcdefghijklmn-1", ASK_NEW " +NEW_PASSWORD_LONG"),
            ANSWER("abcdefghij", ASK_NEW " +NEW_PASSWORD_CLASSES"),
            ANSWER("Abc def-1", ASK_NEW " +NEW_PASSWORD_SPACE"),
            ANSWER("Abcdef\t-1", ASK_NEW " +NEW_PASSWORD_CHARACTERS"),
            ANSWER("?", ASK_NEW " +NEW_PASSWORD_SHORT +NEW_PASSWORD_CLASSES"),
            ANSWER_BYTES("Jia-pass2\0", 10, ASK_NEW " +NEW_PASSWORD_CHARACTERS"), NEW_TYPED } },
        { "the old one as the new one is told, and is no client that does not read",
          { CHANGE, JIA },
          { OLD_PROVEN, ANSWER("Jia-pass1", ASK_NEW " +NEW_PASSWORD_SAME"), NEW_TYPED } },
        { "who answers everything alike changes nothing", /* threats 17 */
          { CHANGE, JIA },
          { OLD_PROVEN, ANSWER("Jia-pass1", ASK_NEW " +NEW_PASSWORD_SAME"),
            ANSWER("Jia-pass1", ASK_NEW " +NEW_PASSWORD_SAME"),
            ANSWER("Jia-pass1", ASK_NEW " +NEW_PASSWORD_SAME") } },
        { "a repetition that differs is asked for anew",
          { CHANGE, JIA },
          { OLD_PROVEN, ANSWER("Jia-pass2", ASK_AGAIN),
            ANSWER("Jia-pass3", ASK_NEW " +NEW_PASSWORD_DIFFERENT"),
            ANSWER("Jia-pass2", ASK_AGAIN), ENTER(ASK_NEW " +NEW_PASSWORD_DIFFERENT"),
            NEW_TYPED } },
        { "what the platform does not take is asked for anew, the old one not",
          { CHANGE, JIA },
          { OLD_PROVEN, NEW_TYPED,
            REPLY(WEAK, ASK_NEW " +NEW_PASSWORD_WEAK +NEW_PASSWORD_RULES"),
            ANSWER("Jia-pass3", ASK_AGAIN),
            ANSWER("Jia-pass3", "change ceshi_jia/Jia-pass1/Jia-pass3"),
            REPLY(SAME, ASK_NEW " +NEW_PASSWORD_SAME"), ANSWER("Jia-pass4", ASK_AGAIN),
            ANSWER("Jia-pass4", "change ceshi_jia/Jia-pass1/Jia-pass4"),
            REPLY(CHANGED, "done +NEW_PASSWORD_CHANGED jia ceshi_jia password; end granted") } },
        { "a captcha that is due for the change is asked for, once it is known", /* threats 51 */
          { CHANGE, JIA },
          { OLD_PROVEN, NEW_TYPED, CAPTCHA("echo ASK_CAPTCHA +CAPTCHA_DUE picture"),
            ANSWER("k7Qm", "change ceshi_jia/Jia-pass1/Jia-pass2 captcha=k7Qm"),
            CAPTCHA_WRONG("echo ASK_CAPTCHA +CAPTCHA_WRONG picture"),
            ANSWER("p3Xz", "change ceshi_jia/Jia-pass1/Jia-pass2 captcha=p3Xz"),
            REPLY(CHANGED, "done +NEW_PASSWORD_CHANGED jia ceshi_jia password; end granted") } },
        { "the new one as captcha is a slip: sent nowhere, and asked again", /* threats 17 */
          { CHANGE, JIA },
          { OLD_PROVEN, NEW_TYPED, CAPTCHA("echo ASK_CAPTCHA +CAPTCHA_DUE picture"),
            ANSWER("Jia-pass2", "echo ASK_CAPTCHA +CAPTCHA_WRONG picture") } },
        { "the old one is not right any more: the end",
          { CHANGE, JIA },
          { OLD_PROVEN, NEW_TYPED,
            WRONG(4, "fail denied +PASSWORD_WRONG; end wrong-password") } },
        { "locked, disabled, away, out of time: the end",
          { CHANGE, JIA },
          { OLD_PROVEN, NEW_TYPED,
            LOCKED(60, "fail locked +LOCKED_MINUTES=1; end locked") } },
        { "disabled meanwhile", /* threats 59 */
          { CHANGE, JIA },
          { OLD_PROVEN, NEW_TYPED, REPLY(DISABLED, "fail denied +DISABLED; end disabled") } },
        { "the platform has forgotten who it is",
          { CHANGE, JIA },
          { OLD_PROVEN, NEW_TYPED, REPLY(EXPIRED, "fail timeout +TIMEOUT; end session-expired") } },
        { "a person is no answer to a change",
          { CHANGE, JIA },
          { OLD_PROVEN, NEW_TYPED,
            PERSON(script_jia, "fail unavailable +UNAVAILABLE; end platform-broken") } },
        { "and a change is none to a login",
          { .unit_policy = UNIT_OFF, JIA },
          { BEGIN("secret ASK_PASSWORD_OR_QR"),
            ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            REPLY(CHANGED, "fail unavailable +UNAVAILABLE; end platform-broken") } },
};

/* The one who asked for a change gets no login, and the other way round. */
static void test_purposes_stay_apart(void **state) {
        static const Move moves[] = { OLD_PROVEN };
        Script script;

        (void)state;
        script_start(&script, &(LoginSetup){ CHANGE, JIA });
        for (size_t i = 0; i < ELEMENTSOF(moves); i++)
                script_move(&script, &moves[i]);
        script.login->next_pending = true;
        script.login->actions = (LoginActions){};
        login_grant(script.login);
        script_write(&script.login->actions, script.did, sizeof(script.did));
        assert_non_null(strstr(script.did, "end verdict"));
        script_done(&script);

        script_start(&script, &(LoginSetup){ .unit_policy = UNIT_OFF, JIA });
        script_move(&script, &(Move)BEGIN(""));
        script_move(&script, &(Move)ANSWER("Jia-pass1", ""));
        script_move(&script, &(Move)PERSON(script_jia, ""));
        script.login->password_changed = true;
        script_move(&script, &(Move)RESOLVED("jia", ""));
        assert_non_null(strstr(script.did, "end verdict"));
        script_done(&script);
}

static void test_secrets_go(void **state) {
        static const Move moves[] = { OLD_PROVEN, NEW_TYPED };
        static const Move after[] = { REPLY(CHANGED, ""), REPLY(UNAVAILABLE, ""), WRONG(3, ""),
                                      LOCKED(1, ""), GONE(""), EXPIRE("") };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(after); i++) {
                Script script;

                script_start(&script, &(LoginSetup){ CHANGE, JIA });
                for (size_t j = 0; j < ELEMENTSOF(moves); j++)
                        script_move(&script, &moves[j]);
                assert_non_null(script.login->password);
                assert_non_null(script.login->new_password);
                script_move(&script, &after[i]);
                assert_null(script.login->password);
                assert_null(script.login->new_password);
                script_done(&script);
        }
}

static void test_nobody(void **state) {
        Login *login = NULL;

        (void)state;
        assert_int_equal(login_new(&(LoginSetup){ .timeout_usec = 1,
                                                  .purpose = PURPOSE_PASSWORD }, 0, &login),
                         -EINVAL);
        assert_null(login);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_purposes_stay_apart),
                cmocka_unit_test(test_secrets_go),
                cmocka_unit_test(test_nobody),
        };

        return script_tests("another password", cases, ELEMENTSOF(cases)) |
               cmocka_run_group_tests(tests, NULL, NULL);
}
