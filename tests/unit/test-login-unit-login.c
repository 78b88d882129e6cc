/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The old unit login: which codes are taken for one, in which phases, and what it may end in */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "daemon/core/login-private.h"
#include "lib/common/util.h"
#include "tests/unit/login-script.h"

#define DUAL .unit_policy = UNIT_REQUIRED, .phase = PHASE_DUAL
#define RELATION .unit_policy = UNIT_REQUIRED, .phase = PHASE_RELATION
#define REALNAME .unit_policy = UNIT_REQUIRED, .phase = PHASE_REALNAME
#define LAGER .user = "lager", .account = U1

#define ASK_WHO "echo ASK_ACCOUNT_OR_QR"
#define ASK_DECLARATION "secret ASK_UNIT_PASSWORD_OR_BACK +UNIT_LOGIN"
#define ASK_MAPPED "secret ASK_UNIT_PASSWORD +UNIT_LOGIN"
#define CLOSED "echo ASK_ACCOUNT_OR_QR +UNIT_LOGIN_CLOSED"
#define OWNER "990101199001010019" /* an identity number, and so a unit code of before 2015 */
#define OLD15 "91010100000000X"
#define BROKEN "fail unavailable +UNAVAILABLE; end platform-broken"

static const ScriptPerson unit_1 = { .units = { U1 ":p=测试一号有限公司" } };
static const ScriptPerson unit_2 = { .units = { U2 ":p" } };
static const ScriptPerson unit_4 = { .units = { U4 ":p" } };
static const ScriptPerson unit_old = { .units = { OLD15 ":p" } };
static const ScriptPerson units_two = { .units = { U1 ":p", U2 ":p" } };
static const ScriptPerson units_none = { .login_name = NULL };
static const ScriptPerson both = { .login_name = "ceshi_jia", .units = { U1 ":p" } };

static const char *const only_u2[] = { U2, NULL };

/* The unit is in, up to the question for its local user. */
#define U1_PROVEN                                                                                  \
        BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),                                               \
                ANSWER("Declare-1", "unit " U1 "/Declare-1"), PERSON(unit_1, "resolve unit " U1)
#define DONE_U1 "done lager (null) unit " U1 "; end granted"

static const ScriptCase cases[] = {
        /* What is a unit's code */
        { "a code is typed in place of an account",
          { RELATION },
          { U1_PROVEN, RESOLVED("lager", DONE_U1) } },
        { "dual as well",
          { DUAL },
          { U1_PROVEN, RESOLVED("lager", DONE_U1) } },
        { "where a unit is only asked for as well",
          { .unit_policy = UNIT_ASK, .phase = PHASE_RELATION },
          { U1_PROVEN, RESOLVED("lager", DONE_U1) } },
        { "a code with a letter, in small letters, full-width, with spaces around",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER("　９１９９００00000000002b ", ASK_DECLARATION),
            ANSWER("Declare-2", "unit " U2 "/Declare-2"), PERSON(unit_2, "resolve unit " U2) } },
        { "an older code of 15 digits",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U4, ASK_DECLARATION),
            ANSWER("Declare-4", "unit " U4 "/Declare-4"), PERSON(unit_4, "resolve unit " U4),
            RESOLVED("vier", "done vier (null) unit " U4 "; end granted") } },
        { "an older code of 20 digits",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER("99010100000000000401", ASK_DECLARATION),
            ANSWER("Declare-4", "unit 99010100000000000401/Declare-4") } },
        { "15 digits with a birthday in them are rather an old identity number",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER("990101900101001", "echo ASK_ACCOUNT_OR_QR +ACCOUNT_OLD_IDENTITY"),
            ANSWER("@990101900101001", ASK_DECLARATION) } },
        { "18 digits with a birthday in them are rather an identity number, with a typing error",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER("990101199001010018", "echo ASK_ACCOUNT_OR_QR +ACCOUNT_CHECK") } },
        { "an identity number is a person's, though it may be a unit's code too",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(OWNER, "secret ASK_PASSWORD_OR_QR") } },
        { "with @ it is the unit's",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER("@" OWNER, ASK_DECLARATION),
            ANSWER("Declare-5", "unit " OWNER "/Declare-5") } },
        { "what may be a login name is a person's",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(OLD15, "find " OLD15),
            FOUND(NULL, "secret ASK_PASSWORD_OR_QR") } },
        { "with @ that is a unit's too",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER("＠91010100000000x", ASK_DECLARATION),
            ANSWER("Declare-6", "unit " OLD15 "/Declare-6"),
            PERSON(unit_old, "resolve unit " OLD15),
            RESOLVED("alt", "done alt (null) unit " OLD15 "; end granted") } },
        { "a code with a wrong check character is none",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER("919900000000000019", "echo ASK_ACCOUNT_OR_QR +ACCOUNT_DATE"),
            ANSWER("@919900000000000019", "echo ASK_ACCOUNT_OR_QR +ACCOUNT_CHARACTERS"),
            ANSWER("@*", "echo ASK_ACCOUNT_OR_QR +ACCOUNT_CHARACTERS") } },
        { "@ alone is none", /* threats 72 */
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER("@", "echo ASK_ACCOUNT_OR_QR +ACCOUNT_CHARACTERS") } },
        { "a code behind an account is that account's unit",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER("ceshi_jia@" U1, "secret ASK_PASSWORD_OR_QR") } },

        /* Where it is closed */
        { "realname: told what to do instead",
          { REALNAME },
          { BEGIN(ASK_WHO), ANSWER(U1, CLOSED), ANSWER("@" U1, CLOSED),
            ANSWER("ceshi_jia", "find ceshi_jia") } },
        { "where the person is enough, a unit alone is not one",
          { .unit_policy = UNIT_OFF, .phase = PHASE_DUAL },
          { BEGIN(ASK_WHO), ANSWER(U1, CLOSED) } },
        { "where a unit is to be verified for who is logged in",
          { DUAL, .purpose = PURPOSE_UNIT },
          { BEGIN(ASK_WHO), ANSWER(U1, CLOSED) } },
        { "where another unit is set",
          { RELATION, .unit = U2 },
          { BEGIN(ASK_WHO), ANSWER(U1, "echo ASK_ACCOUNT_OR_QR +ACCOUNT_OTHER_UNIT"),
            ANSWER(U2, ASK_DECLARATION) } },
        { "where the host does not admit the unit",
          { RELATION, .units_allowed = only_u2 },
          { BEGIN(ASK_WHO), ANSWER(U1, "echo ASK_ACCOUNT_OR_QR +UNIT_NOT_ALLOWED"),
            ANSWER(U2, ASK_DECLARATION) } },
        { "the platform is in phase realname: told, and back to the account",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),
            ANSWER("Declare-1", "unit " U1 "/Declare-1"), REPLY(PHASE, CLOSED),
            ANSWER("ceshi_jia", "find ceshi_jia") } },

        /* The declaration password */
        { "wrong, with captcha, until the lock",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),
            ANSWER("Falsch-11", "unit " U1 "/Falsch-11"),
            WRONG_WITH_CAPTCHA(4, "secret ASK_UNIT_PASSWORD_OR_BACK +UNIT_LOGIN_WRONG_TRIES=4"),
            ANSWER("Falsch-12", "echo ASK_UNIT_CAPTCHA_OR_BACK picture"),
            ANSWER("r", "captcha " U1), CAPTCHA("echo ASK_UNIT_CAPTCHA_OR_BACK picture"),
            ANSWER("k7Qm", "unit " U1 "/Falsch-12 captcha=k7Qm"),
            CAPTCHA_WRONG("echo ASK_UNIT_CAPTCHA_OR_BACK +CAPTCHA_WRONG picture"),
            ANSWER("p3Xz", "unit " U1 "/Falsch-12 captcha=p3Xz"),
            WRONG(-1, "secret ASK_UNIT_PASSWORD_OR_BACK +UNIT_LOGIN_WRONG"),
            ANSWER("Falsch-13", "unit " U1 "/Falsch-13"),
            LOCKED(7200, "fail locked +UNIT_LOCKED_MINUTES=120; end unit-locked") } },
        { "locked while a new picture is asked for",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),
            ANSWER("Falsch-11", "unit " U1 "/Falsch-11"),
            CAPTCHA("echo ASK_UNIT_CAPTCHA_OR_BACK +CAPTCHA_DUE picture"),
            ANSWER("r", "captcha " U1), LOCKED(60, "fail locked +UNIT_LOCKED_MINUTES=1; end "
                                                   "unit-locked") } },
        { "the last try is a lock",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),
            ANSWER("Falsch-11", "unit " U1 "/Falsch-11"),
            WRONG(0, "fail locked +UNIT_LOCKED; end unit-locked") } },
        { "what cannot be sent is wrong like any other, and costs no try", /* threats 19 */
          { RELATION, LAGER },
          { BEGIN(ASK_MAPPED),
            ANSWER("\b\n\r\177INCORRECT", "secret ASK_UNIT_PASSWORD +UNIT_LOGIN_WRONG") } },
        { "Enter leads back to the account, and nothing of the unit stays",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION), ENTER(ASK_WHO),
            ANSWER("ceshi_jia", "find ceshi_jia"), FOUND(NULL, "secret ASK_PASSWORD_OR_QR"),
            ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", "done jia ceshi_jia password " U1 "; end granted") } },
        { "the code as password is a client that does not read",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),
            ANSWER(U1, "fail client +CLIENT_CANNOT; end blind-answer") } },
        { "no picture can be shown",
          { RELATION, .no_pictures = true },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),
            ANSWER("Falsch-11", "unit " U1 "/Falsch-11"),
            CAPTCHA("fail denied +CAPTCHA_NO_PICTURE_END; end captcha-without-picture") } },
        { "a platform that goes away is told",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),
            ANSWER("Declare-1", "unit " U1 "/Declare-1"),
            REPLY(UNAVAILABLE, "fail unavailable +UNAVAILABLE; end platform-unavailable") } },

        /* Who comes back: threats 66, 67, 71 */
        { "another unit than the one that was named",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),
            ANSWER("Declare-1", "unit " U1 "/Declare-1"), PERSON(unit_2, BROKEN) } },
        { "two units",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),
            ANSWER("Declare-1", "unit " U1 "/Declare-1"), PERSON(units_two, BROKEN) } },
        { "no unit at all", /* threats 72 */
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),
            ANSWER("Declare-1", "unit " U1 "/Declare-1"), PERSON(units_none, BROKEN) } },
        { "a person",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),
            ANSWER("Declare-1", "unit " U1 "/Declare-1"), PERSON(both, BROKEN) } },
        { "a unit, where a person logged in",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER("ceshi_jia", "find ceshi_jia"),
            FOUND(NULL, "secret ASK_PASSWORD_OR_QR"),
            ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"), PERSON(unit_1, BROKEN) } },
        { "a unit, where a phone confirmed",
          { RELATION },
          { BEGIN(ASK_WHO), ENTER("device nobody"),
            DEVICE("scan +SCAN_INVITE +SCAN_ADDRESS qr; poll pending"), ENTER(""),
            PERSON(unit_1, BROKEN) } },
        { "a verified unit is no login of one",
          { RELATION },
          { BEGIN(ASK_WHO), ANSWER(U1, ASK_DECLARATION),
            ANSWER("Declare-1", "unit " U1 "/Declare-1"), REPLY(UNIT, BROKEN) } },

        /* The local user: threats 74, 75 */
        { "a unit without a local user of its own",
          { RELATION },
          { U1_PROVEN,
            RESOLVED(NULL, "fail denied +UNIT_NO_LOCAL_USER; end no-local-user") } },
        { "a user of the application that is mapped to the unit: its password, straight on",
          { RELATION, LAGER },
          { BEGIN(ASK_MAPPED), ANSWER("Declare-1", "unit " U1 "/Declare-1"),
            PERSON(unit_1, "resolve unit " U1), RESOLVED("lager", DONE_U1) } },
        { "another user than the application's",
          { RELATION, LAGER },
          { BEGIN(ASK_MAPPED), ANSWER("Declare-1", "unit " U1 "/Declare-1"),
            PERSON(unit_1, "resolve unit " U1),
            RESOLVED("root", "fail denied +WRONG_PERSON; end wrong-person") } },
        { "no user, where the application has one",
          { RELATION, LAGER },
          { BEGIN(ASK_MAPPED), ANSWER("Declare-1", "unit " U1 "/Declare-1"),
            PERSON(unit_1, "resolve unit " U1),
            RESOLVED(NULL, "fail denied +WRONG_PERSON; end wrong-person") } },
        { "a mapped user has nobody else to go back to",
          { RELATION, LAGER },
          { BEGIN(ASK_MAPPED), ENTER("secret ASK_UNIT_PASSWORD +UNIT_PASSWORD_EMPTY") } },
        { "a mapped user in phase realname",
          { REALNAME, LAGER },
          { BEGIN("fail denied +UNIT_LOGIN_CLOSED; end unit-login-closed") } },
        { "a mapped user where only the phone counts",
          { RELATION, LAGER, .method = METHOD_QR },
          { BEGIN("fail denied +UNIT_LOGIN_CLOSED; end unit-login-closed") } },
        { "a mapped user where only the password counts",
          { RELATION, LAGER, .method = METHOD_PASSWORD },
          { BEGIN(ASK_MAPPED), ANSWER("Declare-1", "unit " U1 "/Declare-1"),
            PERSON(unit_1, "resolve unit " U1), RESOLVED("lager", DONE_U1) } },
        { "a mapped user where the platform is in phase realname",
          { RELATION, LAGER },
          { BEGIN(ASK_MAPPED), ANSWER("Declare-1", "unit " U1 "/Declare-1"),
            REPLY(PHASE, "fail denied +UNIT_LOGIN_CLOSED; end unit-login-closed") } },
        { "a mapped user where another unit is set",
          { RELATION, LAGER, .unit = U2 },
          { BEGIN("fail unit +UNIT_NOT_ALLOWED; end unit-not-allowed") } },
        { "a mapped user whose unit the host does not admit",
          { RELATION, LAGER, .units_allowed = only_u2 },
          { BEGIN("fail unit +UNIT_NOT_ALLOWED; end unit-not-allowed") } },
        { "a mapped user whose password is to be changed",
          { RELATION, LAGER, .purpose = PURPOSE_PASSWORD },
          { BEGIN("fail denied +UNIT_LOGIN_CLOSED; end unit-login-closed") } },
        { "from afar there is no phone to bind",
          { RELATION, LAGER, .binding = true },
          { BEGIN(ASK_MAPPED), ANSWER("Declare-1", "unit " U1 "/Declare-1"),
            PERSON(unit_1, "resolve unit " U1), RESOLVED("lager", DONE_U1) } },
        { "in folded prompts",
          { RELATION, .mode = MODE_BUFFERED },
          { U1_PROVEN, RESOLVED("lager", DONE_U1) } },

        /* One answer */
        { "one answer: the declaration password",
          { RELATION, LAGER, .mode = MODE_ONE },
          { BEGIN(ASK_MAPPED), ANSWER("Declare-1", "unit " U1 "/Declare-1"),
            PERSON(unit_1, "resolve unit " U1), RESOLVED("lager", DONE_U1) } },
        { "one answer: wrong",
          { RELATION, LAGER, .mode = MODE_ONE },
          { BEGIN(ASK_MAPPED), ANSWER("Falsch-11", "unit " U1 "/Falsch-11"),
            WRONG(4, "fail denied +UNIT_LOGIN_WRONG_TRIES=4; end wrong-unit-password") } },
        { "one answer: empty",
          { RELATION, LAGER, .mode = MODE_ONE },
          { BEGIN(ASK_MAPPED),
            ENTER("fail denied +UNIT_PASSWORD_EMPTY; end empty-password") } },
        { "one answer: one that cannot be sent",
          { RELATION, LAGER, .mode = MODE_ONE },
          { BEGIN(ASK_MAPPED),
            ANSWER("\b\n\r\177INCORRECT",
                   "fail denied +UNIT_LOGIN_WRONG; end impossible-password") } },
        { "one answer: a captcha is due",
          { RELATION, LAGER, .mode = MODE_ONE },
          { BEGIN(ASK_MAPPED), ANSWER("Declare-1", "unit " U1 "/Declare-1"),
            CAPTCHA("fail denied +ONE_CAPTCHA; end unit-captcha-due") } },
        { "one answer: phase realname",
          { REALNAME, LAGER, .mode = MODE_ONE },
          { BEGIN("fail denied +UNIT_LOGIN_CLOSED; end unit-login-closed") } },
};

static void play(Script *script, const Move *moves, size_t n) {
        for (size_t i = 0; i < n; i++)
                script_move(script, &moves[i]);
}

/* The phase that holds when the door opens is the one that counts. */
static void test_phase_rises(void **state) {
        static const Move way[] = { U1_PROVEN };
        static const Move then[] = { RESOLVED("lager", "") };
        Script script;

        (void)state;
        script_start(&script, &(LoginSetup){ RELATION });
        play(&script, way, ELEMENTSOF(way));
        login_raise_phase(script.login, PHASE_REALNAME);
        play(&script, then, 1);
        assert_string_equal(script.did, "fail denied; end verdict");
        script_done(&script);
}

static void test_phase_rises_at_the_prompt(void **state) {
        static const Move way[] = { BEGIN(""), ANSWER(U1, "") };
        static const Move then[] = { ANSWER("Declare-1", "") };
        Script script;

        (void)state;
        script_start(&script, &(LoginSetup){ RELATION });
        play(&script, way, ELEMENTSOF(way));
        login_raise_phase(script.login, PHASE_REALNAME);
        play(&script, then, 1);
        assert_string_equal(script.did, CLOSED);
        assert_null(script.login->unit_password);
        script_done(&script);
}

/* A declaration password is no account password: no client may take it for one. */
static void test_no_token_and_no_person(void **state) {
        static const Move way[] = { BEGIN(""), ANSWER("Declare-1", ""), PERSON(unit_1, ""),
                                    RESOLVED("lager", "") };
        static const LoginMode modes[] = { MODE_MANY, MODE_BUFFERED, MODE_ONE };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(modes); i++) {
                Script script;

                script_start(&script, &(LoginSetup){ RELATION, LAGER, .mode = modes[i] });
                play(&script, way, 1);
                assert_int_equal(script.login->plan.token, TOKEN_NONE);
                play(&script, way + 1, ELEMENTSOF(way) - 1);
                assert_int_equal(script.login->plan.kind, STEP_DONE);
                assert_null(script.login->plan.account);
                assert_null(script.login->plan.name);
                assert_string_equal(script.login->plan.method, "unit");
                assert_string_equal(script.login->plan.unit, U1);
                assert_string_equal(script.login->plan.unit_name, "测试一号有限公司");
                assert_null(script.login->outcome.account);
                assert_string_equal(script.login->outcome.unit, U1);
                assert_string_equal(script.login->outcome.method, "unit");
                script_done(&script);
        }
}

/* A captcha for a unit that logs in is asked of the place where it logs in, not of that where a
 * person verifies one. */
static void test_captcha_request(void **state) {
        static const Move way[] = { BEGIN(""), ANSWER(U1, ""), ANSWER("Declare-1", ""), CAPTCHA(""),
                                    ANSWER("r", "") };
        Script script;

        (void)state;
        script_start(&script, &(LoginSetup){ RELATION });
        play(&script, way, ELEMENTSOF(way));
        assert_int_equal(script.login->request.kind, REQUEST_CAPTCHA);
        assert_string_equal(script.login->request.account, U1);
        assert_null(script.login->request.unit);
        script_done(&script);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_phase_rises),
                cmocka_unit_test(test_phase_rises_at_the_prompt),
                cmocka_unit_test(test_no_token_and_no_person),
                cmocka_unit_test(test_captcha_request),
        };

        return script_tests("old unit login", cases, ELEMENTSOF(cases)) |
               cmocka_run_group_tests_name("what an old unit login ends in", tests, NULL, NULL);
}
