/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The password between the modules of a stack: which question an earlier one may answer, and what a later one
 * may get to know (threats 17). */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/pam/harness.h"

#define S(literal) ((char *)(literal))
#define ACCOUNT { .serial = 1, .kind = STEP_PROMPT_ECHO, .prompt = S("who: ") }
#define PASSWORD(...) \
        { .serial = 2, .kind = STEP_PROMPT_SECRET, .prompt = S("pw: "), .token = TOKEN_CURRENT, __VA_ARGS__ }
#define OTHER(...) { .serial = 3, .kind = STEP_PROMPT_SECRET, .prompt = S("unit pw: "), __VA_ARGS__ }
#define CAPTCHA { .serial = 4, .kind = STEP_PROMPT_ECHO, .prompt = S("letters: "), .picture = S("##") }
#define DONE(how) { .serial = 9, .kind = STEP_DONE, .user = S("zs"), .account = S("ceshi"), .method = S(how) }
#define DENIED { .serial = 9, .kind = STEP_FAIL, .reason = REASON_DENIED }

typedef struct TokenCase {
        const char *sentence;
        const char *stack;
        const char *given; /* by an earlier module */
        Play play;
        int code;
        const char *shown, *sent;
        const char *noted; /* by a later module */
} TokenCase;

static char long_given[258];

static const TokenCase token_cases[] = {
        { "the account password is handed on", "after", NULL,
          { .steps = { PASSWORD(), DONE("password") }, .answers = { "Pass-1" } }, PAM_SUCCESS, "*:pw: ", "-<Pass-1>",
          "Pass-1" },
        { "a declaration password is not", "after", NULL,
          { .steps = { PASSWORD(), OTHER(), DONE("password") }, .answers = { "Pass-1", "Unit-2" } }, PAM_SUCCESS,
          "*:pw: |*:unit pw: ", "-<Pass-1><Unit-2>", "Pass-1" },
        { "a declaration password alone is not", "after", NULL,
          { .steps = { OTHER(), DONE("session") }, .answers = { "Unit-2" } }, PAM_SUCCESS, "*:unit pw: ", "-<Unit-2>", "" },
        { "of one answer for all only the first part is", "after", NULL,
          { .steps = { PASSWORD(.layout = LAYOUT_BARE), DONE("password") }, .answers = { "Pass-1 Unit-2 x" } },
          PAM_SUCCESS, "*:pw: ", "-<Pass-1 Unit-2 x>", "Pass-1" },
        { "the answer that was right is", "after", NULL,
          { .steps = { PASSWORD(), PASSWORD(.text = S("Wrong.")), DONE("password") }, .answers = { "Wrong-1", "Right-2" } },
          PAM_SUCCESS, "*:pw: |*:\nWrong.\npw: ", "-<Wrong-1><Right-2>", "Right-2" },
        { "whoever tries a password and then the phone hands on nothing", "after", NULL,
          { .steps = { PASSWORD(), PASSWORD(), DONE("qr") }, .answers = { "Wrong-1", "" } }, PAM_SUCCESS,
          "*:pw: |*:pw: ", "-<Wrong-1><>", "" },
        { "a login that is refused hands on nothing", "after", NULL,
          { .steps = { PASSWORD(), DENIED }, .answers = { "Pass-1" } }, PAM_AUTH_ERR, "*:pw: ", "-<Pass-1>", "" },
        { "a login of somebody else hands on nothing", "after", NULL,
          { .steps = { PASSWORD(), { .serial = 9, .kind = STEP_DONE, .user = S("ls"), .account = S("a"),
                                     .method = S("password") } }, .answers = { "Pass-1" } },
          PAM_AUTH_ERR, "*:pw: ", "-<Pass-1>", "" },
        { "what an earlier module had stays without a password of ours", "after", "Given-1",
          { .steps = { DONE("qr") } }, PAM_SUCCESS, "", "-", "Given-1" },

        { "use: an earlier password is the answer", "first", "Given-1",
          { .steps = { PASSWORD(), DONE("password") } }, PAM_SUCCESS, "", "-<Given-1>", "Given-1" },
        { "use: as one answer for all, too", "first", "Given-1 Unit-2",
          { .steps = { PASSWORD(.layout = LAYOUT_BARE), DONE("password") } }, PAM_SUCCESS, "", "-<Given-1 Unit-2>", "Given-1" },
        { "use: other questions are asked", "first", "Given-1",
          { .steps = { ACCOUNT, PASSWORD(), CAPTCHA, OTHER(), DONE("password") }, .answers = { "zs", "ab", "Unit-2" } },
          PAM_SUCCESS, "?:who: |?:\n##\nletters: |*:unit pw: ", "-<zs><Given-1><ab><Unit-2>", "Given-1" },
        { "use: another secret never gets it", "first", "Given-1",
          { .steps = { OTHER(), DONE("session") }, .answers = { "Unit-2" } }, PAM_SUCCESS, "*:unit pw: ", "-<Unit-2>",
          "Given-1" },
        { "use: nobody is asked a second time", "first", "Given-1",
          { .steps = { PASSWORD(), PASSWORD(), DONE("password") }, .answers = { "Typed-2" } }, PAM_AUTH_ERR, "",
          "-<Given-1>", "Given-1" },
        { "use: nobody is asked the first time", "first", NULL,
          { .steps = { PASSWORD(), DONE("password") }, .answers = { "Typed-2" } }, PAM_AUTH_ERR, "", "-", "" },
        { "use: an empty password leads nowhere", "first", "",
          { .steps = { PASSWORD(), DONE("password") }, .answers = { "Typed-2" } }, PAM_AUTH_ERR, "", "-", "" },
        { "use: a password that is too long is not sent, and no start of it", "first", long_given,
          { .steps = { PASSWORD(), DONE("password") } }, PAM_AUTH_ERR, "", "-", long_given },

        { "try: an earlier password is the answer", "try", "Given-1",
          { .steps = { PASSWORD(), DONE("password") } }, PAM_SUCCESS, "", "-<Given-1>", "Given-1" },
        { "try: after that the person is asked", "try", "Given-1",
          { .steps = { PASSWORD(), PASSWORD(.text = S("Wrong.")), DONE("password") }, .answers = { "Typed-2" } },
          PAM_SUCCESS, "*:\nWrong.\npw: ", "-<Given-1><Typed-2>", "Typed-2" },
        { "try: without one the person is asked", "try", NULL,
          { .steps = { PASSWORD(), DONE("password") }, .answers = { "Typed-2" } }, PAM_SUCCESS, "*:pw: ", "-<Typed-2>",
          "Typed-2" },
        { "try: another secret never gets it", "try", "Given-1",
          { .steps = { OTHER(), PASSWORD(), DONE("password") }, .answers = { "Unit-2" } }, PAM_SUCCESS, "*:unit pw: ",
          "-<Unit-2><Given-1>", "Given-1" },
};

static void test_tokens(_unused_ void **state) {
        memset(long_given, 'x', sizeof(long_given) - 1);
        for (size_t i = 0; i < ELEMENTSOF(token_cases); i++) {
                const TokenCase *c = &token_cases[i];
                Scene scene = {};
                int code;

                harness_tokens = (HarnessTokens){ .given = c->given };
                scene_start(&scene, &c->play, c->stack, "zs");
                code = pam_authenticate(scene.handle, 0);
                if (code != c->code)
                        fail_msg("%s: %s", c->sentence, pam_strerror(scene.handle, code));
                if (strcmp(scene.shown, c->shown) != 0 || strcmp(scene.sent, c->sent) != 0)
                        fail_msg("%s: shown %s, sent %s", c->sentence, scene.shown, scene.sent);
                if (strcmp(harness_tokens.noted, c->noted) != 0)
                        fail_msg("%s: handed on %s", c->sentence, harness_tokens.noted);
                scene_finish(&scene);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tokens),
        };

        return cmocka_run_group_tests_name("pam-token", tests, harness_setup, harness_teardown);
}
