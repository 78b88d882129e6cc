/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unit verification by CA certificate: the choice of the way, the PIN, the key, the platform's
 * verdict
 *
 * threats 68, 70, 71, 73 as far as the machine is concerned: what the platform or the key refuses
 * is refused, in words, and nothing is granted by it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "daemon/core/login-private.h"
#include "lib/common/util.h"
#include "tests/unit/login-script.h"

static bool has_all(const char *unit, void *userdata) {
        (void)unit;
        (void)userdata;
        return true;
}

static bool has_u2(const char *unit, void *userdata) {
        (void)userdata;
        return strcmp(unit, U2) == 0;
}

#define DUAL .unit_policy = UNIT_REQUIRED, .phase = PHASE_DUAL
#define RELATION .unit_policy = UNIT_REQUIRED, .phase = PHASE_RELATION
#define REALNAME .unit_policy = UNIT_REQUIRED, .phase = PHASE_REALNAME
#define BING .user = "bing", .account = "Ceshi_Bing"
#define KEYS .has_certificate = has_all

#define BING_IN(who, then)                                                                         \
        BEGIN("secret ASK_PASSWORD_OR_QR"),                                                        \
                ANSWER("Bing-pass3", "password Ceshi_Bing/Bing-pass3"),                            \
                PERSON(who, "resolve Ceshi_Bing"), RESOLVED("bing", then)

#define ASK_WAY "choice ASK_UNIT_WAY_OR_BACK +UNIT_CHOSEN +UNIT_WAY_INVITE choices=2"
#define WAY_AFTER(line) \
        "choice ASK_UNIT_WAY_OR_BACK +" line " +UNIT_CHOSEN +UNIT_WAY_INVITE choices=2"
#define ASK_PIN_WORD "secret ASK_PIN_OR_BACK +UNIT_CHOSEN"
#define ASK_DECLARATION "secret ASK_UNIT_PASSWORD_OR_BACK +UNIT_CHOSEN"
#define LIST "choice ASK_UNIT_OR_START +UNIT_INVITE choices=2"
#define LIST_AFTER(line) "choice ASK_UNIT_OR_START +" line " +UNIT_INVITE choices=2"
#define SENT "certificate " U2 "/c2FsdA/c2lnbmF0dXJl"
#define DONE_BING "done bing Ceshi_Bing password " U2 "; end granted"

/* PIN, challenge, and what is signed */
#define PIN(typed) ANSWER(typed, "challenge " U2), CHALLENGE(U2, "sign " U2 "/" typed)

static const ScriptPerson both = { .login_name = "Ceshi_Bing", .units = { U2 ":pc" } };
static const ScriptPerson key_only = { .login_name = "Ceshi_Bing", .units = { U2 ":c" } };
static const ScriptPerson related = { .login_name = "Ceshi_Bing", .units = { U2 ":+pc" } };
static const ScriptPerson two = { .login_name = "Ceshi_Bing", .units = { U1 ":p", U2 ":c" } };
static const ScriptPerson two_keys = { .login_name = "Ceshi_Bing",
                                       .units = { U1 ":c", U2 ":c" } };

static const ScriptCase cases[] = {
        /* Which way */
        { "dual: password or certificate, by choice; the certificate",
          { DUAL, BING, KEYS },
          { BING_IN(both, ASK_WAY), ANSWER("2", ASK_PIN_WORD), PIN("1357-9"),
            SIGNED(OK, NULL, SENT), REPLY(UNIT, DONE_BING) } },
        { "dual: password or certificate, by choice; the password",
          { DUAL, BING, KEYS },
          { BING_IN(both, ASK_WAY), ANSWER("１", ASK_DECLARATION),
            ANSWER("Declare-2", "declaration " U2 "/Declare-2"), REPLY(UNIT, DONE_BING) } },
        { "relation: who has one is asked for neither",
          { RELATION, BING, KEYS },
          { BING_IN(related, DONE_BING) } },
        { "dual: a relation does not stand for a certificate",
          { DUAL, BING, KEYS },
          { BING_IN(related, ASK_WAY) } },
        { "relation: without one, by choice",
          { RELATION, BING, KEYS },
          { BING_IN(both, ASK_WAY) } },
        { "realname: the certificate alone",
          { REALNAME, BING, KEYS },
          { BING_IN(both, ASK_PIN_WORD), PIN("1357-9"), SIGNED(OK, NULL, SENT),
            REPLY(UNIT, DONE_BING) } },
        { "no password: the certificate, straight on",
          { DUAL, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD) } },
        { "no key on this host: the password, straight on",
          { DUAL, BING },
          { BING_IN(both, ASK_DECLARATION) } },
        { "no key of this unit on this host",
          { DUAL, BING, .has_certificate = has_u2 },
          { BING_IN(two_keys, LIST),
            ANSWER("1", LIST_AFTER("UNIT_NO_WAY")),
            ANSWER("2", "secret ASK_PIN_OR_BACK +UNIT_CHOSEN") } },
        { "a unit that the platform takes no certificate of: the key counts for nothing",
          { REALNAME, BING, KEYS },
          { BEGIN("secret ASK_PASSWORD_OR_QR"),
            ANSWER("Bing-pass3", "password Ceshi_Bing/Bing-pass3"),
            PERSON(script_bing, "resolve Ceshi_Bing"),
            RESOLVED("bing", "fail unit +UNIT_UNRELATED; end unit-unrelated") } },
        { "one answer: nobody can be asked for a PIN",
          { REALNAME, BING, KEYS, .mode = MODE_ONE },
          { BEGIN("secret ASK_ONE"),
            ANSWER("Bing-pass3 1357-9", "password Ceshi_Bing/Bing-pass3"),
            PERSON(both, "resolve Ceshi_Bing"),
            RESOLVED("bing", "fail unit +UNIT_UNRELATED; end unit-unrelated") } },
        { "one answer: what follows is a declaration password, never a PIN",
          { DUAL, BING, KEYS, .mode = MODE_ONE },
          { BEGIN("secret ASK_ONE"),
            ANSWER("Bing-pass3 Declare-2", "password Ceshi_Bing/Bing-pass3"),
            PERSON(both, "resolve Ceshi_Bing"), RESOLVED("bing", "declaration " U2 "/Declare-2") } },
        { "what is no way is told",
          { DUAL, BING, KEYS },
          { BING_IN(both, ASK_WAY), ANSWER("3", WAY_AFTER("UNIT_WAY_WRONG")),
            ANSWER("12", WAY_AFTER("UNIT_WAY_WRONG")), ANSWER("2", ASK_PIN_WORD) } },
        { "in folded prompts it is the same",
          { DUAL, BING, KEYS, .mode = MODE_BUFFERED },
          { BING_IN(both, ASK_WAY), ANSWER("2", ASK_PIN_WORD), PIN("1357-9"),
            SIGNED(OK, NULL, SENT), REPLY(UNIT, DONE_BING) } },

        /* Back */
        { "Enter at the password leads to the ways, and there to the beginning",
          { DUAL, BING, KEYS },
          { BING_IN(both, ASK_WAY), ANSWER("1", ASK_DECLARATION), ENTER(ASK_WAY),
            ANSWER("2", ASK_PIN_WORD), ENTER(ASK_WAY), ENTER("secret ASK_PASSWORD_OR_QR") } },
        { "Enter at the PIN leads to the list where there is no other way",
          { DUAL, BING, KEYS },
          { BING_IN(two, LIST), ANSWER("2", ASK_PIN_WORD), ENTER(LIST) } },
        { "Enter at the PIN of an only unit leads to the beginning",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), ENTER("secret ASK_PASSWORD_OR_QR") } },

        /* The PIN */
        { "what cannot be a PIN goes nowhere",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD),
            ANSWER("13\t57", "secret ASK_PIN_OR_BACK +PIN_IMPOSSIBLE"),
            ANSWER("13\37757", "secret ASK_PIN_OR_BACK +PIN_IMPOSSIBLE") } },
        { "the account password as PIN is a client that does not read",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD),
            ANSWER("Bing-pass3", "fail client +CLIENT_CANNOT; end blind-answer") } },
        { "the account password as PIN is not tried, however late",
          { DUAL, BING, KEYS },
          { BING_IN(both, ASK_WAY), ANSWER("2", ASK_PIN_WORD),
            ANSWER("Bing-pass3", "secret ASK_PIN_OR_BACK +PIN_SAME"), PIN("1357-9") } },
        { "the declaration password as PIN is not tried",
          { DUAL, BING, KEYS },
          { BING_IN(both, ASK_WAY), ANSWER("1", ASK_DECLARATION),
            ANSWER("Falsch-21", "declaration " U2 "/Falsch-21"),
            WRONG(4, "secret ASK_UNIT_PASSWORD_OR_BACK +UNIT_PASSWORD_WRONG_TRIES=4"),
            ENTER(ASK_WAY), ANSWER("2", ASK_PIN_WORD),
            ANSWER("Falsch-21", "secret ASK_PIN_OR_BACK +PIN_SAME") } },
        { "a PIN is not sent as declaration password",
          { DUAL, BING, KEYS },
          { BING_IN(both, ASK_WAY), ANSWER("2", ASK_PIN_WORD), PIN("1357-9"),
            SIGNED(NO_KEY, NULL, WAY_AFTER("CERTIFICATE_NO_KEY")), ANSWER("1", ASK_DECLARATION),
            ANSWER("1357-9", "secret ASK_UNIT_PASSWORD_OR_BACK +UNIT_PASSWORD_SAME") } },
        { "a wrong PIN of a file: three times, counted here", /* threats 68 */
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1111"),
            SIGNED(WRONG_PIN, NULL, "secret ASK_PIN_OR_BACK +PIN_WRONG_TRIES=2"), PIN("2222"),
            SIGNED(WRONG_PIN, NULL, "secret ASK_PIN_OR_BACK +PIN_WRONG_TRIES=1"), PIN("3333"),
            SIGNED(WRONG_PIN, NULL, "fail locked +PIN_OVER; end wrong-pin") } },
        { "after three wrong PINs there is the password", /* threats 68 */
          { DUAL, BING, KEYS },
          { BING_IN(both, ASK_WAY), ANSWER("2", ASK_PIN_WORD), PIN("1111"),
            SIGNED(WRONG_PIN, NULL, "secret ASK_PIN_OR_BACK +PIN_WRONG_TRIES=2"), PIN("2222"),
            SIGNED(WRONG_PIN, NULL, "secret ASK_PIN_OR_BACK +PIN_WRONG_TRIES=1"), PIN("3333"),
            SIGNED(WRONG_PIN, NULL,
                   "secret ASK_UNIT_PASSWORD_OR_BACK +PIN_OVER +UNIT_CHOSEN"),
            ANSWER("Declare-2", "declaration " U2 "/Declare-2"), REPLY(UNIT, DONE_BING) } },
        { "going back to the beginning gives no further PINs", /* threats 68 */
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1111"),
            SIGNED(WRONG_PIN, NULL, "secret ASK_PIN_OR_BACK +PIN_WRONG_TRIES=2"), PIN("2222"),
            SIGNED(WRONG_PIN, NULL, "secret ASK_PIN_OR_BACK +PIN_WRONG_TRIES=1"),
            ENTER("secret ASK_PASSWORD_OR_QR"),
            ANSWER("Bing-pass3", "password Ceshi_Bing/Bing-pass3"),
            PERSON(key_only, "resolve Ceshi_Bing"), RESOLVED("bing", ASK_PIN_WORD), PIN("3333"),
            SIGNED(WRONG_PIN, NULL, "fail locked +PIN_OVER; end wrong-pin") } },
        { "a wrong PIN of a token: the tries that it tells",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1111"),
            SIGNED(WRONG_PIN, "5", "secret ASK_PIN_OR_BACK +PIN_WRONG_TRIES=5"), PIN("2222"),
            SIGNED(WRONG_PIN, "4", "secret ASK_PIN_OR_BACK +PIN_WRONG_TRIES=4"), PIN("3333"),
            SIGNED(WRONG_PIN, "3", "secret ASK_PIN_OR_BACK +PIN_WRONG_TRIES=3"), PIN("1357-9"),
            SIGNED(OK, NULL, SENT), REPLY(UNIT, DONE_BING) } },
        { "no try left is locked",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1111"),
            SIGNED(WRONG_PIN, "0", "fail locked +PIN_LOCKED; end pin-locked") } },

        /* The key: threats 68 */
        { "a locked PIN is told, and another unit can be chosen",
          { DUAL, BING, KEYS },
          { BING_IN(two, LIST), ANSWER("2", ASK_PIN_WORD), PIN("1111"),
            SIGNED(PIN_LOCKED, NULL, LIST_AFTER("PIN_LOCKED")) } },
        { "a token that was removed is told",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1357-9"),
            SIGNED(NO_KEY, NULL, "fail unit +CERTIFICATE_NO_KEY; end no-key") } },
        { "a module that crashes is told",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1357-9"),
            SIGNED(FAILED, NULL, "fail unit +CERTIFICATE_FAILED; end signature-failed") } },
        { "a module that hangs is cancelled before the client gives up, and told",
          { DUAL, BING, KEYS },
          { BING_IN(both, ASK_WAY), ANSWER("2", ASK_PIN_WORD), PIN("1357-9"), PASS(3),
            EXPIRE("sign-cancel; " WAY_AFTER("CERTIFICATE_FAILED")),
            SIGNED(OK, NULL, "order"), ANSWER("1", ASK_DECLARATION) } },
        { "time for the login that runs out during a signature cancels it",
          { DUAL, BING, KEYS, .timeout_usec = 5 * USEC_PER_SEC },
          { BING_IN(both, ASK_WAY), ANSWER("2", ASK_PIN_WORD), PIN("1357-9"),
            EXPIRE("sign-cancel; fail timeout +TIMEOUT; end timeout"),
            SIGNED(OK, NULL, "order") } },
        { "a signature that comes when the time is over is not looked at",
          { DUAL, BING, KEYS, .timeout_usec = 5 * USEC_PER_SEC },
          { BING_IN(both, ASK_WAY), ANSWER("2", ASK_PIN_WORD), PIN("1357-9"), PASS(6),
            SIGNED(OK, NULL, "fail timeout +TIMEOUT; end timeout") } },
        { "the client leaving cancels the signature",
          { DUAL, BING, KEYS },
          { BING_IN(both, ASK_WAY), ANSWER("2", ASK_PIN_WORD), PIN("1357-9"),
            GONE("sign-cancel; end client-gone"), SIGNED(OK, NULL, "order") } },
        { "the client leaving during the verdict cancels that",
          { DUAL, BING, KEYS },
          { BING_IN(both, ASK_WAY), ANSWER("2", ASK_PIN_WORD), PIN("1357-9"),
            SIGNED(OK, NULL, SENT), GONE("cancel; end client-gone"),
            REPLY(UNIT, "order") } },
        { "a signature without a signature in it is none", /* threats 73 */
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1357-9"),
            SIGNED(OK, "", "fail unit +CERTIFICATE_FAILED; end signature-failed") } },
        { "a signature that nobody asked for is out of order", /* threats 73 */
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), SIGNED(OK, NULL, "order"),
            ANSWER("1357-9", "challenge " U2), SIGNED(OK, NULL, "order"),
            CHALLENGE(U2, "sign " U2 "/1357-9"), SIGNED(OK, NULL, SENT),
            SIGNED(OK, NULL, "order") } },

        /* The challenge: threats 73 */
        { "an empty challenge is signed by nobody",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), ANSWER("1357-9", "challenge " U2),
            CHALLENGE_TEXT("", "fail unavailable +UNAVAILABLE; end platform-broken") } },
        { "a text without the challenge is signed by nobody",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), ANSWER("1357-9", "challenge " U2),
            CHALLENGE_TEXT("itax-unit-verification-v1\nhttps://itax.lab\n" U2 "\n",
                           "fail unavailable +UNAVAILABLE; end platform-broken") } },
        { "a text for another unit is signed by nobody",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), ANSWER("1357-9", "challenge " U2),
            CHALLENGE_TEXT(SIGNED_TEXT(U1),
                           "fail unavailable +UNAVAILABLE; end platform-broken") } },
        { "a text for another purpose is signed by nobody",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), ANSWER("1357-9", "challenge " U2),
            CHALLENGE_TEXT("contract\nhttps://itax.lab\n" U2 "\nc2FsdA",
                           "fail unavailable +UNAVAILABLE; end platform-broken") } },
        { "a text that is too short to hold all of it is signed by nobody",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), ANSWER("1357-9", "challenge " U2),
            CHALLENGE_TEXT("itax-unit-verification-v1\nc2FsdA",
                           "fail unavailable +UNAVAILABLE; end platform-broken") } },
        { "each try has a challenge of its own",
          { DUAL, BING, KEYS },
          { BING_IN(both, ASK_WAY), ANSWER("2", ASK_PIN_WORD), PIN("1357-9"),
            SIGNED(OK, NULL, SENT), CERTIFICATE(SIGNATURE, WAY_AFTER("CERTIFICATE_SIGNATURE")),
            ANSWER("2", ASK_PIN_WORD), PIN("1357-9"), SIGNED(OK, NULL, SENT),
            REPLY(UNIT, DONE_BING) } },
        { "a unit that is no more the person's when the challenge is asked for",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), ANSWER("1357-9", "challenge " U2),
            REPLY(UNIT_UNKNOWN, "fail unit +UNIT_UNRELATED; end unit-of-others") } },
        { "a unit verified without a signature is no answer",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), ANSWER("1357-9", "challenge " U2),
            REPLY(UNIT, "fail unavailable +UNAVAILABLE; end platform-broken") } },

        /* The platform's verdict: threats 70, 71 */
        { "an authority that nobody knows",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1357-9"), SIGNED(OK, NULL, SENT),
            CERTIFICATE(UNTRUSTED,
                        "fail unit +CERTIFICATE_UNTRUSTED; end certificate-untrusted") } },
        { "out of date",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1357-9"), SIGNED(OK, NULL, SENT),
            CERTIFICATE(EXPIRED, "fail unit +CERTIFICATE_EXPIRED; end certificate-expired") } },
        { "revoked",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1357-9"), SIGNED(OK, NULL, SENT),
            CERTIFICATE(REVOKED, "fail unit +CERTIFICATE_REVOKED; end certificate-revoked") } },
        { "not made for this",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1357-9"), SIGNED(OK, NULL, SENT),
            CERTIFICATE(USAGE, "fail unit +CERTIFICATE_USAGE; end certificate-usage") } },
        { "of another unit",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1357-9"), SIGNED(OK, NULL, SENT),
            CERTIFICATE(OTHER_UNIT,
                        "fail unit +CERTIFICATE_OTHER_UNIT; end certificate-other-unit") } },
        { "refused, and another unit can be chosen",
          { DUAL, BING, KEYS },
          { BING_IN(two, LIST), ANSWER("2", ASK_PIN_WORD), PIN("1357-9"), SIGNED(OK, NULL, SENT),
            CERTIFICATE(REVOKED, LIST_AFTER("CERTIFICATE_REVOKED")) } },
        { "a relation that is gone is gone, also behind a good signature", /* threats 74 */
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1357-9"), SIGNED(OK, NULL, SENT),
            REPLY(UNIT_UNKNOWN, "fail unit +UNIT_UNRELATED; end unit-of-others") } },
        { "an account that is disabled is out, also behind a good signature", /* threats 59 */
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1357-9"), SIGNED(OK, NULL, SENT),
            REPLY(DISABLED, "fail denied +DISABLED; end disabled") } },
        { "a person is no verdict on a certificate",
          { REALNAME, BING, KEYS },
          { BING_IN(key_only, ASK_PIN_WORD), PIN("1357-9"), SIGNED(OK, NULL, SENT),
            PERSON(related, "fail unavailable +UNAVAILABLE; end platform-broken") } },
        { "no picture can be shown: on with the certificate",
          { DUAL, BING, KEYS, .no_pictures = true },
          { BING_IN(both, ASK_WAY), ANSWER("1", ASK_DECLARATION),
            ANSWER("Falsch-21", "declaration " U2 "/Falsch-21"),
            CAPTCHA("secret ASK_PIN_OR_BACK +CAPTCHA_NO_PICTURE_END +UNIT_CHOSEN") } },
};

static void play(Script *script, const Move *moves, size_t n) {
        for (size_t i = 0; i < n; i++)
                script_move(script, &moves[i]);
}

/* The PIN is there for the signature, and for nothing after it, whatever became of that. */
static void test_pin_is_wiped(void **state) {
        static const Move up_to_signature[] = { BING_IN(key_only, ""), PIN("1357-9") };
        static const Move ends[] = {
                SIGNED(OK, NULL, ""),         SIGNED(WRONG_PIN, NULL, ""),
                SIGNED(PIN_LOCKED, NULL, ""), SIGNED(NO_KEY, NULL, ""),
                SIGNED(FAILED, NULL, ""),     EXPIRE(""),
                GONE(""),
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                Script script;

                script_start(&script, &(LoginSetup){ REALNAME, BING, KEYS });
                play(&script, up_to_signature, ELEMENTSOF(up_to_signature));
                assert_string_equal(script.did, "sign " U2 "/1357-9");
                assert_non_null(script.login->pin);
                script_move(&script, &ends[i]);
                assert_int_equal(script.result, 0);
                assert_null(script.login->pin);
                script_done(&script);
        }
}

static void test_pin_is_wiped_without_challenge(void **state) {
        static const Move way[] = { BING_IN(two, ""), ANSWER("2", ""), ANSWER("1357-9", ""),
                                    REPLY(UNIT_UNKNOWN, "") };
        Script script;

        (void)state;
        script_start(&script, &(LoginSetup){ REALNAME, BING, KEYS });
        play(&script, way, ELEMENTSOF(way));
        assert_string_equal(script.did, LIST_AFTER("UNIT_UNRELATED"));
        assert_null(script.login->pin);
        script_done(&script);
}

/* What was signed is sent once. */
static void test_signature_is_dropped(void **state) {
        static const Move way[] = { BING_IN(both, ""), ANSWER("2", ""), PIN("1357-9"),
                                    SIGNED(OK, NULL, ""), CERTIFICATE(EXPIRED, "") };
        Script script;

        (void)state;
        script_start(&script, &(LoginSetup){ DUAL, BING, KEYS });
        play(&script, way, ELEMENTSOF(way));
        assert_string_equal(script.did, WAY_AFTER("CERTIFICATE_EXPIRED"));
        assert_null(script.login->challenge);
        assert_null(script.login->to_sign);
        assert_null(script.login->signature.signature);
        script_done(&script);
}

/* A PIN is no account password, so no client keeps it as PAM_AUTHTOK. */
static void test_pin_is_no_token(void **state) {
        static const Move way[] = { BING_IN(key_only, "") };
        Script script;

        (void)state;
        script_start(&script, &(LoginSetup){ REALNAME, BING, KEYS });
        play(&script, way, ELEMENTSOF(way));
        assert_int_equal(script.login->ask, ASK_PIN);
        assert_int_equal(script.login->plan.token, TOKEN_NONE);
        script_done(&script);
}

/* The phase rises while the ways are shown: the password is not asked for any more. */
static void test_phase_rises_at_the_ways(void **state) {
        static const Move way[] = { BING_IN(both, "") };
        static const Move choice = ANSWER("1", "");
        Script script;

        (void)state;
        script_start(&script, &(LoginSetup){ DUAL, BING, KEYS });
        play(&script, way, ELEMENTSOF(way));
        login_raise_phase(script.login, PHASE_REALNAME);
        script_move(&script, &choice);
        assert_string_equal(script.did, ASK_PIN_WORD);
        script_done(&script);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pin_is_wiped),
                cmocka_unit_test(test_pin_is_wiped_without_challenge),
                cmocka_unit_test(test_signature_is_dropped),
                cmocka_unit_test(test_pin_is_no_token),
                cmocka_unit_test(test_phase_rises_at_the_ways),
        };

        return script_tests("unit by certificate", cases, ELEMENTSOF(cases)) |
               cmocka_run_group_tests_name("what stays of a PIN", tests, NULL, NULL);
}
