/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unit verification: none, one, many; relation and declaration password; the phases */

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
#define ASK_DECLARATION "secret ASK_UNIT_PASSWORD"
#define ASK_DECLARATION_OR_LIST "secret ASK_UNIT_PASSWORD_OR_LIST"
#define LIST "choice ASK_UNIT +UNIT_INVITE choices=4"
#define PAGE(first_line, n) "choice ASK_UNIT " first_line "+UNIT_INVITE +UNIT_PAGES=25 choices=" n

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
            RESOLVED("jia", "choice ASK_UNIT +UNIT_NOT_YOURS +UNIT_INVITE choices=1"),
            ANSWER("1", "relation " U1),
            REPLY(UNIT, "done jia ceshi_jia password " U1 "; end granted") } },
        { "a unit alone goes with the QR code",
          { RELATION },
          { BEGIN("echo ASK_ACCOUNT_OR_QR"), ANSWER("@" U3, "device nobody"),
            DEVICE("scan +SCAN_INVITE +SCAN_ADDRESS qr; poll pending"), ENTER(""),
            PERSON(script_yi, "resolve ceshi_yi"),
            RESOLVED("yi", "done yi ceshi_yi qr " U3 "; end granted") } },

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
            REPLY(UNIT_UNRELATED, "choice ASK_UNIT +UNIT_UNRELATED +UNIT_INVITE choices=4") } },
        { "full-width digits choose as well",
          { RELATION, YI },
          { YI_IN(LIST), ANSWER(" ３　", "relation " U3) } },
        { "the code of a unit chooses it",
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("91990000000000003e", "relation " U3) } },
        { "what is no choice is told, and nothing is lost",
          { RELATION, YI },
          { YI_IN(LIST), ANSWER("0", "choice ASK_UNIT +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("5", "choice ASK_UNIT +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ENTER("choice ASK_UNIT +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("-1", "choice ASK_UNIT +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("n", "choice ASK_UNIT +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("*", "choice ASK_UNIT +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER("18446744073709551617",
                   "choice ASK_UNIT +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
            ANSWER_BYTES("1\0x", 3, "choice ASK_UNIT +UNIT_CHOICE_WRONG +UNIT_INVITE choices=4"),
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
            REPLY(UNIT_UNRELATED, "choice ASK_UNIT +UNIT_UNRELATED +UNIT_INVITE choices=4"),
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
            RESOLVED("bing", "choice ASK_UNIT +UNIT_INVITE choices=2"),
            ANSWER("1", "choice ASK_UNIT +UNIT_NO_WAY +UNIT_INVITE choices=2"),
            ANSWER("2", ASK_DECLARATION_OR_LIST " +UNIT_CHOSEN") } },
        { "wrong declaration passwords until the lock, with the tries told", /* threats 69 */
          { RELATION, BING },
          { BING_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Falsch-21", "declaration " U2 "/Falsch-21"),
            WRONG_WITH_CAPTCHA(4, ASK_DECLARATION " +UNIT_PASSWORD_WRONG_TRIES=4"),
            ANSWER("Falsch-22", "echo ASK_UNIT_CAPTCHA picture"),
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
            CAPTCHA("echo ASK_UNIT_CAPTCHA +CAPTCHA_DUE picture"),
            ANSWER("k7Qm", "declaration " U2 "/Declare-2 captcha=k7Qm"),
            CAPTCHA_WRONG("echo ASK_UNIT_CAPTCHA +CAPTCHA_WRONG picture"),
            ANSWER("r", "captcha " U2), CAPTCHA("echo ASK_UNIT_CAPTCHA picture"),
            ENTER("echo ASK_UNIT_CAPTCHA +CAPTCHA_DUE picture"),
            ANSWER("a b", "echo ASK_UNIT_CAPTCHA +CAPTCHA_WRONG picture"),
            ANSWER("p3Xz", "declaration " U2 "/Declare-2 captcha=p3Xz"), REPLY(UNIT, DONE_BING) } },
        { "locked while a new picture for the unit is asked for",
          { RELATION, BING },
          { BING_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Declare-2", "declaration " U2 "/Declare-2"),
            CAPTCHA("echo ASK_UNIT_CAPTCHA +CAPTCHA_DUE picture"), ANSWER("r", "captcha " U2),
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
        { "where there is no list it is asked for again",
          { DUAL, JIA },
          { JIA_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ENTER(ASK_DECLARATION " +UNIT_PASSWORD_EMPTY") } },
        { "where the unit is set there is no list",
          { DUAL, YI, .unit = U2 },
          { YI_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ENTER(ASK_DECLARATION " +UNIT_PASSWORD_EMPTY") } },
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
        { "the declaration password as captcha is a client that does not read",
          { DUAL, JIA },
          { JIA_IN(ASK_DECLARATION " +UNIT_CHOSEN"),
            ANSWER("Declare-1", "declaration " U1 "/Declare-1"),
            CAPTCHA("echo ASK_UNIT_CAPTCHA +CAPTCHA_DUE picture"),
            ANSWER("Declare-1", "fail client +CLIENT_CANNOT; end blind-answer") } },
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
        { "a unit verified before the person is no answer", /* threats 67 */
          { RELATION, YI },
          { BEGIN(ASK_WORD), ANSWER("Yi-pass22", "password ceshi_yi/Yi-pass22"),
            REPLY(UNIT, "fail unavailable +UNAVAILABLE; end platform-broken") } },
};

int main(void) {
        return script_tests("unit verification", cases, ELEMENTSOF(cases));
}
