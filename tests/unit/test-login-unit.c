/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unit verification: none, one, many, two hundred; relation and declaration password; the phases;
 * what the host admits */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/common/util.h"
#include "tests/unit/login-script.h"

#define DUAL .unit_policy = UNIT_REQUIRED, .phase = PHASE_DUAL
#define RELATION .unit_policy = UNIT_REQUIRED, .phase = PHASE_RELATION
#define REALNAME .unit_policy = UNIT_REQUIRED, .phase = PHASE_REALNAME
#define JIA .user = "jia", .account = "ceshi_jia"
#define YI .user = "yi", .account = "ceshi_yi"
#define BING .user = "bing", .account = "Ceshi_Bing"
#define DUO .user = "duo", .account = "ceshi_duo"

#define ASK_WORD "secret ASK_PASSWORD_OR_QR"
#define ASK_DECLARATION "secret ASK_UNIT_PASSWORD_OR_BACK"
#define ASK_DECLARATION_OR_LIST "secret ASK_UNIT_PASSWORD_OR_LIST"
#define LIST "choice ASK_UNIT_OR_START +UNIT_INVITE choices=4"
#define PAGE(first_line, n) "choice ASK_UNIT_OR_START " first_line "+UNIT_INVITE +UNIT_PAGE +UNIT_PAGES=25 choices=" n

/* The person is proven by password; what follows is about the unit. */
#define JIA_IN(then)                                                                               \
        BEGIN(ASK_WORD), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),                      \
                PERSON(script_jia, "resolve ceshi_jia"), RESOLVED("jia", then)
#define YI_IN(then)                                                                                \
        BEGIN(ASK_WORD), ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),                       \
                PERSON(script_yi, "resolve ceshi_yi"), RESOLVED("yi", then)
#define BING_IN(then)                                                                              \
        BEGIN(ASK_WORD), ANSWER("Bing-pass3", "password Ceshi_Bing/Bing-pass3"),                   \
                PERSON(script_bing, "resolve Ceshi_Bing"), RESOLVED("bing", then)
#define DUO_IN(then)                                                                               \
        BEGIN(ASK_WORD), ANSWER("Duo-pass3", "password ceshi_duo/Duo-pass3"),                      \
                PERSON(script_many, "resolve ceshi_duo"), RESOLVED("duo", then)

#define JIA_AGAIN(then)                                                                            \
        ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),                                       \
                PERSON(script_jia, "resolve ceshi_jia"), RESOLVED("jia", then " +UNIT_CHOSEN")

#define YI_AGAIN(then)                                                                             \
        ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"), PERSON(script_yi, "resolve ceshi_yi"), \
                RESOLVED("yi", then)
#define ONE_IN(password, user, account, who, then)                                                 \
        BEGIN("secret ASK_ONE"), ANSWER(password, "password " account "/" password),               \
                PERSON(who, "resolve " account), RESOLVED(user, then)
#define DONE_YI(unit) "done yi ceshi_yi password " unit "; end granted"
#define DONE_BING "done bing Ceshi_Bing password " U2 "; end granted"

static const ScriptPerson powerless = { .login_name = "Ceshi_Bing",
                                        .name = "CESHI BING",
                                        .units = { U2 ":" } };
static const ScriptPerson powerless_two = { .login_name = "Ceshi_Bing",
                                            .name = "CESHI BING",
                                            .units = { U2 ":", U3 ":p" } };
static const ScriptPerson codeless = { .login_name = "Ceshi_Bing",
                                       .name = "CESHI BING",
                                       .units = { ":+p" } };
static const ScriptPerson wheel = { .login_name = "ceshi_jia",
                                    .name = "root",
                                    .units = { "wheel:+p" } };

/* Two hundred, as many as there can be: codes 990101000001000 to ...199 */
#define TEN(p) \
        p "0:p", p "1:p", p "2:p", p "3:p", p "4:p", p "5:p", p "6:p", p "7:p", p "8:p", p "9:p"
#define HUNDRED(p) \
        TEN(p "0"), TEN(p "1"), TEN(p "2"), TEN(p "3"), TEN(p "4"), TEN(p "5"), TEN(p "6"), \
                TEN(p "7"), TEN(p "8"), TEN(p "9")
#define FIFTY(p) TEN(p "0"), TEN(p "1"), TEN(p "2"), TEN(p "3"), TEN(p "4")

static const ScriptPerson two_hundred = {
        .login_name = "ceshi_duo",
        .name = "测试多",
        .units = { HUNDRED("9901010000010"), HUNDRED("9901010000011") }
};
static const ScriptPerson fifty = { .login_name = "ceshi_duo",
                                    .name = "测试多",
                                    .units = { FIFTY("9901010000010") } };
static const ScriptPerson named = { .login_name = "ceshi_yi",
                                    .name = "测试乙",
                                    .units = { U1 ":p=北京测试（集团）有限公司",
                                               U2 ":p=上海测试贸易有限公司",
                                               U3 ":+p=ABC Trading Ltd",
                                               U4 ":p=ＸＹＺ测试商店" } };
static const ScriptPerson one_password = { .login_name = "ceshi_yi",
                                           .name = "测试乙",
                                           .units = { U1 ":", U2 ":p", U3 ":" } };

#define ENTERED(who, then)                                                                         \
        BEGIN(ASK_WORD), ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),                       \
                PERSON(who, "resolve ceshi_yi"), RESOLVED("yi", then)
#define DUO_WITH(who, then)                                                                        \
        BEGIN(ASK_WORD), ANSWER("Duo-pass3", "password ceshi_duo/Duo-pass3"),                      \
                PERSON(who, "resolve ceshi_duo"), RESOLVED("duo", then)
#define WHOLE(first_line, count, n)                                                                \
        "choice ASK_UNIT_OR_START " first_line "+UNIT_INVITE +UNIT_PAGE +UNIT_PAGES=" count " choices=" n
#define FOUND_PAGE(count, n)                                                                       \
        "choice ASK_UNIT_OR_START +UNIT_FOUND=" count " +UNIT_PAGE +UNIT_FOUND_PAGES choices=" n
#define FOUND_FEW(n) "choice ASK_UNIT_OR_START +UNIT_FOUND=" n " choices=" n
#define FOUND_NONE "choice ASK_UNIT_OR_START +UNIT_FOUND_NONE +UNIT_INVITE choices=4"

static const char *const only_u2[] = { U2, NULL };
static const char *const u1_u3[] = { U1, U3, NULL };
static const char *const none_at_all[] = { NULL };
static const char *const odd_codes[] = { "*", "", " " U1, "91990000000000003e", NULL };

static const ScriptCase cases[] = {
        /* Policy */
        { "no unit is asked for where the person is enough",
          { .unit_policy = UNIT_OFF, .phase = PHASE_REALNAME, YI },
          { YI_IN("done yi ceshi_yi password; end granted") } },
        { "no unit where one is required: told", /* threats 72 */
          { RELATION },
          { BEGIN("echo ASK_ACCOUNT_OR_QR"), ANSWER("ceshi_ding", "find ceshi_ding"),
            FOUND(NULL, ASK_WORD), ANSWER("Ding-pass4", "password ceshi_ding/Ding-pass4"),
            PERSON(script_ding, "resolve ceshi_ding"),
            RESOLVED("ding", "fail unit +UNIT_NONE; end no-unit") } },
        { "no unit where one is asked for if there is any: in, and told",
          { .unit_policy = UNIT_ASK, .phase = PHASE_RELATION },
          { BEGIN("echo ASK_ACCOUNT_OR_QR"), ANSWER("ceshi_ding", "find ceshi_ding"),
            FOUND(NULL, ASK_WORD), ANSWER("Ding-pass4", "password ceshi_ding/Ding-pass4"),
            PERSON(script_ding, "resolve ceshi_ding"),
            RESOLVED("ding", "done +UNIT_NONE ding ceshi_ding password; end granted") } },
        { "no unit where one is set is not enough",
          { .unit_policy = UNIT_ASK, .unit = U1, .phase = PHASE_RELATION },
          { BEGIN("echo ASK_ACCOUNT_OR_QR"), ANSWER("ceshi_ding", "find ceshi_ding"),
            FOUND(NULL, ASK_WORD), ANSWER("Ding-pass4", "password ceshi_ding/Ding-pass4"),
            PERSON(script_ding, "resolve ceshi_ding"),
            RESOLVED("ding", "fail unit +UNIT_NONE; end no-unit") } },
        { "who has a unit must verify it, also where it is only asked for",
          { .unit_policy = UNIT_ASK, .phase = PHASE_REALNAME, BING },
          { BING_IN("fail unit +UNIT_UNRELATED; end unit-unrelated") } },
        { "a unit set by the administrator is the one",
          { RELATION, YI, .unit = U3 },
          { YI_IN(DONE_YI(U3)) } },
        { "a unit set by the administrator that is not the person's: told",
          { RELATION, JIA, .unit = U2 },
          { JIA_IN("fail unit +UNIT_NOT_YOURS; end unit-of-others") } },
        { "a unit named like a group is a unit", /* threats 74 */
          { RELATION, JIA },
          { BEGIN(ASK_WORD), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            PERSON(wheel, "resolve ceshi_jia"),
            RESOLVED("jia", "done jia ceshi_jia password wheel; end granted") } },
        { "a unit without a code is a platform that makes no sense", /* threats 72 */
          { RELATION, BING },
          { BEGIN(ASK_WORD), ANSWER("Bing-pass3", "password Ceshi_Bing/Bing-pass3"),
            PERSON(codeless, "fail unavailable +UNAVAILABLE; end platform-broken") } },

        /* Preselected by "ACCOUNT@UNIT" */
        { "a unit behind the account is the one",
          { RELATION },
          { BEGIN("echo ASK_ACCOUNT_OR_QR"), ANSWER("ceshi_yi@" U3, ASK_WORD),
            ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"), RESOLVED("yi", DONE_YI(U3)) } },
        { "a unit behind the account that is not the person's: told, and the list",
          { RELATION },
          { BEGIN("echo ASK_ACCOUNT_OR_QR"), ANSWER("ceshi_jia@" U3, ASK_WORD),
            ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", "choice ASK_UNIT_OR_START +UNIT_NOT_YOURS +UNIT_INVITE choices=1"),
            ANSWER("1", "relation " U1),
            REPLY(UNIT, "done jia ceshi_jia password " U1 "; end granted") } },
        { "a unit behind the account that the host does not admit: told, and the list", /* threats 72 */
          { RELATION, .units_allowed = u1_u3 },
          { BEGIN("echo ASK_ACCOUNT_OR_QR"), ANSWER("ceshi_yi@" U2, ASK_WORD),
            ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"),
            RESOLVED("yi", "choice ASK_UNIT_OR_START +UNIT_NOT_ALLOWED +UNIT_INVITE choices=2"),
            ANSWER("2", "relation " U3), REPLY(UNIT, DONE_YI(U3)) } },

        /* The list */
        { "four units: the second, by its declaration password",
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("2", "relation " U2),
            REPLY(UNIT_UNRELATED, ASK_DECLARATION_OR_LIST " +UNIT_CHOSEN"),
            ANSWER("Declare-2", "declaration " U2 "/Declare-2"), REPLY(UNIT, DONE_YI(U2)) } },
        { "a relation is asked for again, as a person took time to choose", /* threats 74 */
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("3", "relation " U3), REPLY(UNIT, DONE_YI(U3)) } },
        { "a relation that is gone since is gone", /* threats 74 */
          { REALNAME, YI },
          { YI_IN(LIST), ANSWER("3", "relation " U3),
            REPLY(UNIT_UNRELATED, "choice ASK_UNIT_OR_START +UNIT_UNRELATED +UNIT_INVITE choices=4") } },
        { "full-width digits choose as well",
          { RELATION, YI },
          { YI_IN(LIST), ANSWER(" ３　", "relation " U3) } },
        { "the code of a unit chooses it",
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("91990000000000003e", "relation " U3) } },
        { "what is no choice is told, and nothing is lost",
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("0", "choice ASK_UNIT_OR_START +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("5", "choice ASK_UNIT_OR_START +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ENTER("choice ASK_UNIT_OR_START +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("-1", FOUND_NONE),
            ANSWER("n", "choice ASK_UNIT_OR_START +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("*", "choice ASK_UNIT_OR_START +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("18446744073709551617", FOUND_NONE),
            ANSWER("测", "choice ASK_UNIT_OR_START +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("测\033[2J", "choice ASK_UNIT_OR_START +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("测\377", "choice ASK_UNIT_OR_START +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("0123456789012345678901234567890123456789012345678901234567890123456789",
                   "choice ASK_UNIT_OR_START +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER_BYTES("1\0x", 3, "choice ASK_UNIT_OR_START +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("3", "relation " U3) } },
        { "the account password as a choice is a client that does not read",
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("Yi-pass22", "fail client +CLIENT_CANNOT; end blind-answer") } },
        { "the user name as a choice as well", /* threats 18 */
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("yi", "fail client +CLIENT_CANNOT; end blind-user") } },
        { "twenty-five units have two pages",
          { RELATION, DUO },
          { DUO_IN(PAGE("", "18")), ANSWER("n", PAGE("", "7")), ANSWER("n", PAGE("", "7")),
            ANSWER("8", PAGE("+UNIT_CHOICE_WRONG ", "7")), ANSWER("p", PAGE("", "18")),
            ANSWER("P", PAGE("", "18")), ANSWER("ｎ", PAGE("", "7")),
            ANSWER("7", "relation 990101000000125"),
            REPLY(UNIT, "done duo ceshi_duo password 990101000000125; end granted") } },
        { "the number is that of the page",
          { RELATION, DUO },
          { DUO_IN(PAGE("", "18")), ANSWER("19", PAGE("+UNIT_CHOICE_WRONG ", "18")),
            ANSWER("18", "relation 990101000000118") } },
        { "a code of another page is good on this one",
          { RELATION, DUO },
          { DUO_IN(PAGE("", "18")), ANSWER("990101000000125", "relation 990101000000125") } },

        /* Phases (spec.md section 3.4) */
        { "dual: the declaration password is asked for in spite of a relation",
          { DUAL, JIA },
          { JIA_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Declare-1", "declaration " U1 "/Declare-1"),
            REPLY(UNIT, "done jia ceshi_jia password " U1 "; end granted") } },
        { "dual: several units, and no relation is asked for",
          { DUAL, YI },
          { YI_IN(LIST), ANSWER("3", ASK_DECLARATION_OR_LIST " +UNIT_CHOSEN"),
            ANSWER("Declare-3", "declaration " U3 "/Declare-3"), REPLY(UNIT, DONE_YI(U3)) } },
        { "relation: without one the declaration password counts",
          { RELATION, BING },
          { BING_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Declare-2", "declaration " U2 "/Declare-2"), REPLY(UNIT, DONE_BING) } },
        { "realname: with a relation in",
          { REALNAME, JIA },
          { JIA_IN("done jia ceshi_jia password " U1 "; end granted") } },
        { "realname: without a relation not, and no declaration password is asked for",
          { REALNAME, BING },
          { BING_IN("fail unit +UNIT_UNRELATED; end unit-unrelated") } },
        { "realname: another unit may be chosen",
          { REALNAME, YI },
          { YI_IN(LIST), ANSWER("1", "relation " U1),
            REPLY(UNIT_UNRELATED, "choice ASK_UNIT_OR_START +UNIT_UNRELATED +UNIT_INVITE choices=4"),
            ANSWER("3", "relation " U3), REPLY(UNIT, DONE_YI(U3)) } },

        /* The declaration password */
        { "a unit without a way to be verified: told",
          { RELATION, BING },
          { BEGIN(ASK_WORD), ANSWER("Bing-pass3", "password Ceshi_Bing/Bing-pass3"),
            PERSON(powerless, "resolve Ceshi_Bing"),
            RESOLVED("bing", "fail unit +UNIT_NO_WAY; end unit-without-password") } },
        { "a unit without a way to be verified among others: told, and the list",
          { DUAL, BING },
          { BEGIN(ASK_WORD), ANSWER("Bing-pass3", "password Ceshi_Bing/Bing-pass3"),
            PERSON(powerless_two, "resolve Ceshi_Bing"),
            RESOLVED("bing", "choice ASK_UNIT_OR_START +UNIT_INVITE choices=2"),
            ANSWER("1", "choice ASK_UNIT_OR_START +UNIT_NO_WAY +UNIT_INVITE choices=2"),
            ANSWER("2", ASK_DECLARATION_OR_LIST " +UNIT_CHOSEN") } },
        { "wrong declaration passwords until the lock, with the tries told", /* threats 69 */
          { RELATION, BING },
          { BING_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Falsch-21", "declaration " U2 "/Falsch-21"),
            WRONG_WITH_CAPTCHA(4, ASK_DECLARATION " +UNIT_PASSWORD_WRONG_TRIES=4"),
            ANSWER("Falsch-22", "echo ASK_UNIT_CAPTCHA_OR_BACK picture"),
            ANSWER("k7Qm", "declaration " U2 "/Falsch-22 captcha=k7Qm"),
            WRONG(-1, ASK_DECLARATION " +UNIT_PASSWORD_WRONG"),
            ANSWER("Falsch-23", "declaration " U2 "/Falsch-23"),
            LOCKED(7200, "fail locked +UNIT_LOCKED_MINUTES=120; end unit-locked") } },
        { "no try left is locked",
          { RELATION, BING },
          { BING_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Falsch-21", "declaration " U2 "/Falsch-21"),
            WRONG(0, "fail locked +UNIT_LOCKED; end unit-locked") } },
        { "a captcha for the unit, wrong, refreshed, right",
          { RELATION, BING },
          { BING_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Declare-2", "declaration " U2 "/Declare-2"),
            CAPTCHA("echo ASK_UNIT_CAPTCHA_OR_BACK +CAPTCHA_DUE picture"),
            ANSWER("k7Qm", "declaration " U2 "/Declare-2 captcha=k7Qm"),
            CAPTCHA_WRONG("echo ASK_UNIT_CAPTCHA_OR_BACK +CAPTCHA_WRONG picture"),
            ANSWER("r", "captcha " U2), CAPTCHA("echo ASK_UNIT_CAPTCHA_OR_BACK picture"),
            ANSWER("a b", "echo ASK_UNIT_CAPTCHA_OR_BACK +CAPTCHA_WRONG picture"),
            ANSWER("p3Xz", "declaration " U2 "/Declare-2 captcha=p3Xz"), REPLY(UNIT, DONE_BING) } },
        { "locked while a new picture for the unit is asked for",
          { RELATION, BING },
          { BING_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Declare-2", "declaration " U2 "/Declare-2"),
            CAPTCHA("echo ASK_UNIT_CAPTCHA_OR_BACK +CAPTCHA_DUE picture"), ANSWER("r", "captcha " U2),
            LOCKED(1, "fail locked +UNIT_LOCKED_MINUTES=1; end unit-locked") } },
        { "an empty declaration password leads back to the list",
          { DUAL, YI },
          { YI_IN(LIST), ANSWER("2", ASK_DECLARATION_OR_LIST " +UNIT_CHOSEN"), ENTER(LIST),
            ANSWER("3", ASK_DECLARATION_OR_LIST " +UNIT_CHOSEN"),
            ANSWER("Declare-3", "declaration " U3 "/Declare-3"), REPLY(UNIT, DONE_YI(U3)) } },
        { "an empty captcha leads back to the list as well",
          { DUAL, YI },
          { YI_IN(LIST), ANSWER("2", ASK_DECLARATION_OR_LIST " +UNIT_CHOSEN"),
            ANSWER("Declare-2", "declaration " U2 "/Declare-2"),
            CAPTCHA("echo ASK_UNIT_CAPTCHA_OR_LIST +CAPTCHA_DUE picture"), ENTER(LIST) } },
        { "where there is no list it leads back to the beginning, three times",
          { DUAL, JIA },
          { JIA_IN(ASK_DECLARATION " +UNIT_CHOSEN"), ENTER(ASK_WORD), JIA_AGAIN(ASK_DECLARATION),
            ENTER(ASK_WORD), JIA_AGAIN(ASK_DECLARATION), ENTER(ASK_WORD),
            JIA_AGAIN("secret ASK_UNIT_PASSWORD"),
            ENTER("secret ASK_UNIT_PASSWORD +UNIT_PASSWORD_EMPTY"),
            ANSWER("Declare-1", "declaration " U1 "/Declare-1"),
            REPLY(UNIT, "done jia ceshi_jia password " U1 "; end granted") } },
        { "where the unit is set there is no list either",
          { DUAL, YI, .unit = U2 },
          { YI_IN(ASK_DECLARATION " +UNIT_CHOSEN"), ENTER(ASK_WORD) } },
        { "an empty captcha of an only unit leads back to the beginning, and nothing of it stays",
          { DUAL, JIA },
          { JIA_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Declare-1", "declaration " U1 "/Declare-1"),
            CAPTCHA("echo ASK_UNIT_CAPTCHA_OR_BACK +CAPTCHA_DUE picture"), ENTER(ASK_WORD),
            JIA_AGAIN(ASK_DECLARATION), ANSWER("Declare-1", "declaration " U1 "/Declare-1") } },
        { "what cannot be a declaration password is not sent",
          { DUAL, JIA },
          { JIA_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Declare\t1", ASK_DECLARATION " +UNIT_PASSWORD_IMPOSSIBLE"),
            ANSWER("Declare\377", ASK_DECLARATION " +UNIT_PASSWORD_IMPOSSIBLE") } },
        /* threats 69 */
        { "the account password at the declaration password is never sent, however late",
          { DUAL, YI },
          { YI_IN(LIST), ANSWER("2", ASK_DECLARATION_OR_LIST " +UNIT_CHOSEN"),
            ANSWER("Yi-pass22", ASK_DECLARATION_OR_LIST " +UNIT_PASSWORD_SAME"),
            ANSWER("Yi-pass22", ASK_DECLARATION_OR_LIST " +UNIT_PASSWORD_SAME"),
            ANSWER("Falsch-21", "declaration " U2 "/Falsch-21"),
            WRONG(4, ASK_DECLARATION_OR_LIST " +UNIT_PASSWORD_WRONG_TRIES=4"),
            ANSWER("Yi-pass22", ASK_DECLARATION_OR_LIST " +UNIT_PASSWORD_SAME") } },
        { "the declaration password as captcha is a slip: sent nowhere, and asked again",
          { DUAL, JIA },
          { JIA_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Declare-1", "declaration " U1 "/Declare-1"),
            CAPTCHA("echo ASK_UNIT_CAPTCHA_OR_BACK +CAPTCHA_DUE picture"),
            ANSWER("Declare-1", "echo ASK_UNIT_CAPTCHA_OR_BACK +CAPTCHA_WRONG picture") } },
        { "a unit that the platform does not know for this person",
          { RELATION, BING },
          { BING_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Declare-2", "declaration " U2 "/Declare-2"),
            REPLY(UNIT_UNKNOWN, "fail unit +UNIT_UNRELATED; end unit-of-others") } },
        { "a person who lost the unit meanwhile",
          { RELATION, BING },
          { BING_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Declare-2", "declaration " U2 "/Declare-2"),
            REPLY(UNIT_UNRELATED, "fail unit +UNIT_UNRELATED; end unit-unrelated") } },
        { "an account disabled during the unit step does not get in", /* threats 59 */
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("3", "relation " U3),
            REPLY(DISABLED, "fail denied +DISABLED; end disabled") } },
        { "a platform that goes away during the unit step is told",
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("3", "relation " U3),
            REPLY(UNAVAILABLE, "fail unavailable +UNAVAILABLE; end platform-unavailable") } },
        { "a person is no answer to a unit", /* threats 67 */
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("3", "relation " U3),
            PERSON(script_yi, "fail unavailable +UNAVAILABLE; end platform-broken") } },
        { "no picture can be shown, so a declaration password that wants one is over",
          { DUAL, JIA, .no_pictures = true },
          { JIA_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Falsch-11", "declaration " U1 "/Falsch-11"),
            WRONG_WITH_CAPTCHA(4, "fail unit +UNIT_PASSWORD_WRONG_TRIES=4 "
                                  "+CAPTCHA_NO_PICTURE_END; end captcha-without-picture") } },
        { "no picture can be shown, but another unit be chosen",
          { DUAL, YI, .no_pictures = true },
          { YI_IN(LIST), ANSWER("1", ASK_DECLARATION_OR_LIST " +UNIT_CHOSEN"),
            ANSWER("Declare-1", "declaration " U1 "/Declare-1"),
            CAPTCHA("choice ASK_UNIT_OR_START +CAPTCHA_NO_PICTURE_END +UNIT_INVITE choices=4") } },

        /* Two hundred units */
        { "fifty units have three pages",
          { RELATION, DUO },
          { DUO_WITH(fifty, WHOLE("", "50", "18")), ANSWER("n", WHOLE("", "50", "18")),
            ANSWER("n", WHOLE("", "50", "14")), ANSWER("n", WHOLE("", "50", "14")),
            ANSWER("14", "relation 990101000001049") } },
        { "two hundred units: to the last page and back",
          { RELATION, DUO },
          { DUO_WITH(two_hundred, WHOLE("", "200", "18")), ANSWER("n", WHOLE("", "200", "18")),
            ANSWER("n", WHOLE("", "200", "18")), ANSWER("n", WHOLE("", "200", "18")),
            ANSWER("n", WHOLE("", "200", "18")), ANSWER("n", WHOLE("", "200", "18")),
            ANSWER("n", WHOLE("", "200", "18")), ANSWER("n", WHOLE("", "200", "18")),
            ANSWER("n", WHOLE("", "200", "18")), ANSWER("n", WHOLE("", "200", "18")),
            ANSWER("n", WHOLE("", "200", "18")), ANSWER("n", WHOLE("", "200", "2")),
            ANSWER("3", WHOLE("+UNIT_CHOICE_WRONG ", "200", "2")), ANSWER("p", WHOLE("", "200", "18")),
            ANSWER("1", "relation 990101000001180") } },
        { "two hundred units in folded prompts are the same",
          { RELATION, DUO, .mode = MODE_BUFFERED },
          { DUO_WITH(two_hundred, WHOLE("", "200", "18")), ANSWER("n", WHOLE("", "200", "18")),
            ANSWER("18", "relation 990101000001035") } },
        { "a search among two hundred, with pages of its own",
          { RELATION, DUO },
          { DUO_WITH(two_hundred, WHOLE("", "200", "18")), ANSWER("0000010", FOUND_PAGE("100", "18")),
            ANSWER("n", FOUND_PAGE("100", "18")), ANSWER("p", FOUND_PAGE("100", "18")),
            ANSWER("00015", "choice ASK_UNIT_OR_START +UNIT_FOUND_NONE +UNIT_INVITE +UNIT_PAGE +UNIT_PAGES=200 "
                            "choices=18") } },
        { "what was found is chosen by its number on the screen",
          { RELATION, DUO },
          { DUO_WITH(two_hundred, WHOLE("", "200", "18")), ANSWER("0115", FOUND_FEW("10")),
            ANSWER("11", "choice ASK_UNIT_OR_START +UNIT_CHOICE_WRONG +UNIT_FOUND=10 choices=10"),
            ANSWER("n", "choice ASK_UNIT_OR_START +UNIT_CHOICE_WRONG +UNIT_FOUND=10 choices=10"),
            ANSWER("10", "relation 990101000001159"),
            REPLY(UNIT_UNRELATED, ASK_DECLARATION_OR_LIST " +UNIT_CHOSEN"), ENTER(FOUND_FEW("10")),
            ENTER(WHOLE("", "200", "18")), ANSWER("1", "relation 990101000001000") } },
        { "a part of a name finds, without case and width",
          { RELATION, YI },
          { ENTERED(named, LIST), ANSWER("测试", FOUND_FEW("3")), ANSWER("trading", FOUND_FEW("1")),
            ANSWER("ＴＲＡＤ", FOUND_FEW("1")), ANSWER("xyz", FOUND_FEW("1")),
            ANSWER("(集团)", FOUND_FEW("1")), ANSWER("（集团）", FOUND_FEW("1")),
            ANSWER("有限公司", FOUND_FEW("2")), ANSWER("2", "relation " U2) } },
        { "the list is searched as a whole, whatever was found before",
          { RELATION, YI },
          { ENTERED(named, LIST), ANSWER("trading", FOUND_FEW("1")), ANSWER("上海", FOUND_FEW("1")),
            ANSWER("1", "relation " U2) } },
        { "nothing found: told, and the whole list",
          { RELATION, YI },
          { ENTERED(named, LIST), ANSWER("广州", FOUND_NONE), ANSWER("%s%n", FOUND_NONE),
            ANSWER("3", "relation " U3) } },
        { "a unit of another name that is part of a code is found by that",
          { RELATION, YI },
          { ENTERED(named, LIST), ANSWER("0003e", FOUND_FEW("1")), ANSWER("1", "relation " U3) } },

        /* Last used first */
        { "the unit used last is the first, and marked",
          { RELATION, YI },
          { BEGIN(ASK_WORD), ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"), RESOLVED_LAST("yi", U3, LIST " last=1"),
            ANSWER("1", "relation " U3), REPLY(UNIT, DONE_YI(U3)) } },
        { "the others keep their order behind it",
          { RELATION, YI },
          { BEGIN(ASK_WORD), ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"), RESOLVED_LAST("yi", U3, LIST " last=1"),
            ANSWER("3", "relation " U2) } },
        { "a unit used last that is no more the person's is not there",
          { RELATION, YI },
          { BEGIN(ASK_WORD), ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"), RESOLVED_LAST("yi", "990101000000999", LIST) } },
        { "what is no code at all is no unit used last",
          { RELATION, YI },
          { BEGIN(ASK_WORD), ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"),
            RESOLVED_LAST("yi", "9901010000009999901010000009999", LIST) } },
        { "the unit used last is found as such",
          { RELATION, DUO },
          { BEGIN(ASK_WORD), ANSWER("Duo-pass3", "password ceshi_duo/Duo-pass3"),
            PERSON(two_hundred, "resolve ceshi_duo"),
            RESOLVED_LAST("duo", "990101000001157", WHOLE("", "200", "18") " last=1"),
            ANSWER("0115", FOUND_FEW("10") " last=1"), ANSWER("2", "relation 990101000001150") } },
        { "whose local user could not be found out is not let in",
          { RELATION, YI },
          { BEGIN(ASK_WORD), ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"),
            UNRESOLVED("fail unavailable +UNAVAILABLE; end directory-failed") } },

        /* Units that the host admits: threats 72 */
        { "units that the host does not admit are not listed",
          { RELATION, YI, .units_allowed = u1_u3 },
          { YI_IN("choice ASK_UNIT_OR_START +UNIT_INVITE choices=2"), ANSWER("2", "relation " U3),
            REPLY(UNIT, DONE_YI(U3)) } },
        { "nor had by their code",
          { RELATION, YI, .units_allowed = u1_u3 },
          { YI_IN("choice ASK_UNIT_OR_START +UNIT_INVITE choices=2"),
            ANSWER(U2, "choice ASK_UNIT_OR_START +UNIT_NOT_ALLOWED +UNIT_INVITE choices=2"),
            ANSWER("00002B", "choice ASK_UNIT_OR_START +UNIT_FOUND_NONE +UNIT_INVITE choices=2") } },
        { "one that is left is the one",
          { DUAL, YI, .units_allowed = only_u2 },
          { YI_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Declare-2", "declaration " U2 "/Declare-2"), REPLY(UNIT, DONE_YI(U2)) } },
        { "none that is left is told",
          { RELATION, JIA, .units_allowed = only_u2 },
          { JIA_IN("fail unit +UNIT_NONE_ALLOWED; end no-unit-allowed") } },
        { "none that is left is told, also where a unit is only asked for",
          { .unit_policy = UNIT_ASK, .phase = PHASE_RELATION, JIA, .units_allowed = only_u2 },
          { JIA_IN("fail unit +UNIT_NONE_ALLOWED; end no-unit-allowed") } },
        { "an empty set admits none",
          { RELATION, JIA, .units_allowed = none_at_all },
          { JIA_IN("fail unit +UNIT_NONE_ALLOWED; end no-unit-allowed") } },
        { "codes are compared as they are: no wildcard, no space, no case",
          { RELATION, YI, .units_allowed = odd_codes },
          { YI_IN("fail unit +UNIT_NONE_ALLOWED; end no-unit-allowed") } },
        { "a unit that is set and not admitted is told",
          { RELATION, YI, .unit = U3, .units_allowed = only_u2 },
          { YI_IN("fail unit +UNIT_NOT_ALLOWED; end unit-not-allowed") } },
        { "where no unit is asked for, none is looked at",
          { .unit_policy = UNIT_OFF, .phase = PHASE_RELATION, JIA, .units_allowed = only_u2 },
          { JIA_IN("done jia ceshi_jia password; end granted") } },

        /* Back to the beginning */
        { "b at the list: somebody else",
          { RELATION },
          { BEGIN("echo ASK_ACCOUNT_OR_QR"), ANSWER("ceshi_yi", "find ceshi_yi"),
            FOUND(NULL, ASK_WORD), ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"), RESOLVED("yi", LIST),
            ANSWER("b", "echo ASK_ACCOUNT_OR_QR"), ANSWER("ceshi_jia", "find ceshi_jia"),
            FOUND(NULL, ASK_WORD), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", "done jia ceshi_jia password " U1 "; end granted") } },
        { "b at the list: the same person again, in spite of the same answers",
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("B", ASK_WORD), ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"), RESOLVED("yi", LIST) } },
        { "back at the beginning the person of before counts for nothing", /* threats 67 */
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("b", ASK_WORD), ENTER("device ceshi_yi"),
            DEVICE("scan +SCAN_INVITE +SCAN_ADDRESS qr; poll pending"), ENTER(""),
            PERSON(script_jia, "fail denied +WRONG_PHONE; end wrong-person") } },
        { "the unit behind the account of before is forgotten",
          { RELATION },
          { BEGIN("echo ASK_ACCOUNT_OR_QR"), ANSWER("ceshi_yi@" U2, ASK_WORD),
            ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"),
            RESOLVED("yi", ASK_DECLARATION_OR_LIST " +UNIT_CHOSEN"), ENTER(LIST),
            ANSWER("b", "echo ASK_ACCOUNT_OR_QR"), ANSWER("ceshi_yi", "find ceshi_yi"),
            FOUND(NULL, ASK_WORD), ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"), RESOLVED("yi", LIST) } },
        /* threats 69 */
        { "back at the beginning, the account password of before is still no declaration password",
          { DUAL, YI },
          { YI_IN(LIST), ANSWER("b", ASK_WORD), ENTER("device ceshi_yi"),
            DEVICE("scan +SCAN_INVITE +SCAN_ADDRESS qr; poll pending"), ENTER(""),
            PERSON(script_yi, "resolve ceshi_yi"), RESOLVED("yi", LIST),
            ANSWER("2", ASK_DECLARATION_OR_LIST " +UNIT_CHOSEN"),
            ANSWER("Yi-pass22", ASK_DECLARATION_OR_LIST " +UNIT_PASSWORD_SAME") } },
        { "the account password, typed at the declaration password before, is good at the beginning",
          { DUAL, JIA },
          { JIA_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Falsch-11", "declaration " U1 "/Falsch-11"),
            WRONG(4, ASK_DECLARATION " +UNIT_PASSWORD_WRONG_TRIES=4"),
            ANSWER("Jia-pass1", ASK_DECLARATION " +UNIT_PASSWORD_SAME"), ENTER(ASK_WORD),
            ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1") } },
        { "the fourth time b is no way",
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("b", ASK_WORD), YI_AGAIN(LIST), ANSWER("b", ASK_WORD), YI_AGAIN(LIST),
            ANSWER("b", ASK_WORD), YI_AGAIN("choice ASK_UNIT +UNIT_INVITE choices=4"),
            ANSWER("b", "choice ASK_UNIT +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("3", "relation " U3), REPLY(UNIT, DONE_YI(U3)) } },
        { "where a unit is to be verified for who is logged in, b is no way",
          { RELATION, YI, .purpose = PURPOSE_UNIT },
          { YI_IN("choice ASK_UNIT +UNIT_PERSON +UNIT_INVITE choices=4"),
            ANSWER("b", "choice ASK_UNIT +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4") } },

        /* One answer for everything */
        { "one answer: the only unit",
          { RELATION, JIA, .mode = MODE_ONE },
          { ONE_IN("Jia-pass1", "jia", "ceshi_jia", script_jia,
                   "done jia ceshi_jia password " U1 "; end granted") } },
        { "one answer: of several the only one with a relation",
          { RELATION, YI, .mode = MODE_ONE },
          { ONE_IN("Yi-pass22", "yi", "ceshi_yi", script_yi, DONE_YI(U3)) } },
        { "one answer: of several the only one with a password, if one was given",
          { DUAL, YI, .mode = MODE_ONE },
          { BEGIN("secret ASK_ONE"), ANSWER("Yi-pass22 Declare-2", "password ceshi_yi/Yi-pass22"),
            PERSON(one_password, "resolve ceshi_yi"),
            RESOLVED("yi", "declaration " U2 "/Declare-2"), REPLY(UNIT, DONE_YI(U2)) } },
        { "one answer: of several none that could be proven",
          { DUAL, YI, .mode = MODE_ONE },
          { ONE_IN("Yi-pass22", "yi", "ceshi_yi", one_password,
                   "fail unit +UNIT_AMBIGUOUS; end unit-ambiguous") } },
        { "one answer: dual, and the relation of one of several proves nothing",
          { DUAL, YI, .mode = MODE_ONE },
          { ONE_IN("Yi-pass22", "yi", "ceshi_yi", script_yi,
                   "fail unit +UNIT_AMBIGUOUS; end unit-ambiguous") } },
        { "one answer: several with a relation",
          { RELATION, .user = "ji", .account = "ceshi_ji", .mode = MODE_ONE },
          { ONE_IN("Ji-pass666", "ji", "ceshi_ji", script_ji,
                   "fail unit +UNIT_AMBIGUOUS; end unit-ambiguous") } },
        { "one answer: what the host does not admit does not count",
          { RELATION, .user = "ji", .account = "ceshi_ji", .mode = MODE_ONE,
            .units_allowed = only_u2 },
          { ONE_IN("Ji-pass666", "ji", "ceshi_ji", script_ji,
                   "done ji ceshi_ji password " U2 "; end granted") } },
        { "one answer: the unit set",
          { RELATION, .user = "ji", .account = "ceshi_ji", .mode = MODE_ONE, .unit = U3 },
          { ONE_IN("Ji-pass666", "ji", "ceshi_ji", script_ji,
                   "done ji ceshi_ji password " U3 "; end granted") } },
        { "one answer: the unit named in it",
          { RELATION, .user = "ji", .account = "ceshi_ji", .mode = MODE_ONE },
          { BEGIN("secret ASK_ONE"),
            ANSWER("Ji-pass666 @91990000000000003e", "password ceshi_ji/Ji-pass666"),
            PERSON(script_ji, "resolve ceshi_ji"),
            RESOLVED("ji", "done ji ceshi_ji password " U3 "; end granted") } },
        { "one answer: the unit named in it, and its password",
          { DUAL, YI, .mode = MODE_ONE },
          { BEGIN("secret ASK_ONE"),
            ANSWER("Yi-pass22 @" U2 " Declare-2", "password ceshi_yi/Yi-pass22"),
            PERSON(script_yi, "resolve ceshi_yi"),
            RESOLVED("yi", "declaration " U2 "/Declare-2"), REPLY(UNIT, DONE_YI(U2)) } },
        { "one answer: the unit named in it is not the person's",
          { RELATION, JIA, .mode = MODE_ONE },
          { BEGIN("secret ASK_ONE"), ANSWER("Jia-pass1 @" U3, "password ceshi_jia/Jia-pass1"),
            PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", "fail unit +UNIT_NOT_YOURS; end unit-of-others") } },
        { "one answer: a declaration password that begins like a unit is one",
          { DUAL, JIA, .mode = MODE_ONE },
          { BEGIN("secret ASK_ONE"), ANSWER("Jia-pass1 @Declare-1", "password ceshi_jia/Jia-pass1"),
            PERSON(script_jia, "resolve ceshi_jia"),
            RESOLVED("jia", "declaration " U1 "/@Declare-1") } },

        { "a unit verified before the person is no answer", /* threats 67 */
          { RELATION, YI },
          { BEGIN(ASK_WORD), ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            REPLY(UNIT, "fail unavailable +UNAVAILABLE; end platform-broken") } },
};

/* The phase rises while the declaration password is asked for: it is not sent any more. */
static void test_phase_rises_at_the_prompt(void **state) {
        static const Move way[] = { YI_IN(""), ANSWER("2", ""),
                                    ANSWER("Declare-2", "") };
        Script script;

        (void)state;
        script_start(&script, &(LoginSetup){ DUAL, YI });
        for (size_t i = 0; i < ELEMENTSOF(way); i++) {
                if (i == ELEMENTSOF(way) - 1)
                        login_raise_phase(script.login, PHASE_REALNAME);
                script_move(&script, &way[i]);
        }
        assert_string_equal(script.did,
                            "choice ASK_UNIT_OR_START +UNIT_UNRELATED +UNIT_INVITE choices=4");
        script_done(&script);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_phase_rises_at_the_prompt) };

        return script_tests("unit verification", cases, ELEMENTSOF(cases)) |
               cmocka_run_group_tests_name("phases during unit verification", tests, NULL, NULL);
}
