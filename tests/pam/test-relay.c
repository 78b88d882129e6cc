/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the application is shown, and what the daemon is told: each message and each answer (threats 11-14). */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/pam/harness.h"

#define S(literal) ((char *)(literal))
#define CHOICES(...) ((char *[]){ __VA_ARGS__, NULL })
#define ECHO(number, ...) { .serial = (number), .kind = STEP_PROMPT_ECHO, .prompt = S("who: "), __VA_ARGS__ }
#define SECRET(number, ...) { .serial = (number), .kind = STEP_PROMPT_SECRET, .prompt = S("pw: "), __VA_ARGS__ }
#define PICK(number, ...) \
        { .serial = (number), .kind = STEP_CHOICE, .prompt = S("which: "), \
          .choices = CHOICES(S("甲公司  1"), S("B  2")), __VA_ARGS__ }
#define INFO(number, ...) { .serial = (number), .kind = STEP_INFO, __VA_ARGS__ }
#define SCAN(number, ...) { .serial = (number), .kind = STEP_SCAN, __VA_ARGS__ }
#define DONE(...) \
        { .serial = 99, .kind = STEP_DONE, .user = S("zs"), .account = S("ceshi"), .method = S("qr"), __VA_ARGS__ }
#define FAIL(...) { .serial = 99, .kind = STEP_FAIL, .reason = REASON_DENIED, __VA_ARGS__ }

typedef struct RelayCase {
        const char *sentence;
        const char *stack;
        int flags;
        Play play;
        int code;
        const char *shown;
        const char *sent;
} RelayCase;

static const RelayCase relay_cases[] = {
        { "a prompt alone is shown as it is", "alone", 0,
          { .steps = { ECHO(1), SECRET(2), DONE() }, .answers = { "ceshi", "Pw 1" } }, PAM_SUCCESS,
          "?:who: |*:pw: ", "-<ceshi><Pw 1>" },
        { "an empty answer is an answer", "alone", 0,
          { .steps = { SECRET(1), DONE() }, .answers = { "" } }, PAM_SUCCESS, "*:pw: ", "-<>" },
        { "percent signs and quotes are data", "alone", 0,
          { .steps = { { .serial = 1, .kind = STEP_PROMPT_ECHO, .text = S("%n%s%%"), .prompt = S("%s: ") }, DONE() }, .answers = { "%n" } }, PAM_SUCCESS,
          "?:\n%n%s%%\n%s: ", "-<%n>" },

        { "folded: text and prompt are one message that begins with a newline", "alone", 0,
          { .steps = { SECRET(1, .text = S("Wrong. 4 left.")), DONE() }, .answers = { "x" } }, PAM_SUCCESS,
          "*:\nWrong. 4 left.\npw: ", "-<x>" },
        { "folded: text, picture and prompt are one message", "alone", 0,
          { .steps = { ECHO(1, .text = S("t"), .picture = S("##\n##\n")), DONE() }, .answers = { "123456" } },
          PAM_SUCCESS, "?:\nt\n##\n##\nwho: ", "-<123456>" },
        { "folded: choices are numbered in columns, before the prompt", "alone", 0,
          { .steps = { PICK(1, .text = S("Units:")), DONE() }, .answers = { "2" } }, PAM_SUCCESS,
          "?:\nUnits:\n1) 甲公司  1\n2) B       2\nwhich: ", "-<2>" },
        { "folded: a scan is one message of information, nothing is typed", "alone", 0,
          { .steps = { SCAN(1, .text = S("Scan:"), .picture = S("#")), SCAN(2), DONE() } }, PAM_SUCCESS,
          "I:\nScan:\n#", "---" },
        { "folded: information is shown at once", "alone", 0,
          { .steps = { INFO(1, .text = S("One line")), INFO(2), DONE() } }, PAM_SUCCESS, "I:One line", "---" },
        { "folded: the last word of a failure is an error", "alone", 0,
          { .steps = { FAIL(.text = S("No.")) } }, PAM_AUTH_ERR, "E:No.", "-" },
        { "folded: the last word of a success is information", "alone", 0,
          { .steps = { DONE(.text = S("Welcome")) } }, PAM_SUCCESS, "I:Welcome", "-" },

        { "lines: each line is a message, empty ones are left out", "alone", 0,
          { .steps = { PICK(1, .layout = LAYOUT_LINES, .text = S("a\n\nb"), .picture = S("##\n# ")), DONE() },
            .answers = { "1" } }, PAM_SUCCESS,
          "I:a|I:b|I:##|I:# |I:1) 甲公司  1|I:2) B       2|?:which: ", "-<1>" },
        { "lines: a scan is a message a line", "alone", 0,
          { .steps = { SCAN(1, .layout = LAYOUT_LINES, .text = S("t"), .picture = S("#\n#")), DONE() } }, PAM_SUCCESS,
          "I:t|I:#|I:#", "--" },
        { "lines: a failure of two lines is two errors", "alone", 0,
          { .steps = { FAIL(.layout = LAYOUT_LINES, .text = S("No.\nNever.")) } }, PAM_AUTH_ERR, "E:No.|E:Never.", "-" },

        { "bare: the prompt alone", "alone", 0,
          { .steps = { SECRET(1, .layout = LAYOUT_BARE, .text = S("t"), .picture = S("#")), DONE() },
            .answers = { "x" } }, PAM_SUCCESS, "*:pw: ", "-<x>" },
        { "bare: no information, no last word", "alone", 0,
          { .steps = { INFO(1, .layout = LAYOUT_BARE, .text = S("t")),
                       FAIL(.layout = LAYOUT_BARE, .text = S("No.")) } }, PAM_AUTH_ERR, "", "--" },

        /* threats 13 */
        { "silent: no information and no error", "alone", PAM_SILENT,
          { .steps = { INFO(1, .text = S("t")), SCAN(2, .picture = S("#")), FAIL(.text = S("No.")) } }, PAM_AUTH_ERR,
          "", "---" },
        { "silent: a prompt still carries what is needed to answer it", "alone", PAM_SILENT,
          { .steps = { ECHO(1, .text = S("t"), .picture = S("#")), PICK(2), DONE(.text = S("Welcome")) },
            .answers = { "a", "1" } }, PAM_SUCCESS,
          "?:\nt\n#\nwho: |?:\n1) 甲公司  1\n2) B       2\nwhich: ", "-<a><1>" },
        { "silent: lines are folded into the prompt", "alone", PAM_SILENT,
          { .steps = { PICK(1, .layout = LAYOUT_LINES, .text = S("a\nb")), DONE() }, .answers = { "1" } }, PAM_SUCCESS,
          "?:\na\nb\n1) 甲公司  1\n2) B       2\nwhich: ", "-<1>" },
        { "silent: bare stays bare", "alone", PAM_SILENT,
          { .steps = { SECRET(1, .layout = LAYOUT_BARE, .text = S("t")), DONE() } }, PAM_SUCCESS, "*:pw: ", "-<>" },
        { "the option quiet is the same as the flag", "quiet", 0,
          { .steps = { INFO(1, .text = S("t")), FAIL(.text = S("No.")) } }, PAM_AUTH_ERR, "", "--" },

        /* threats 12: an error of the application ends the login at once. */
        { "the first prompt is refused", "alone", 0,
          { .steps = { ECHO(1), SECRET(2), DONE() }, .fault = CONV_FAILS }, PAM_CONV_ERR, "?:who: ", "-" },
        { "the second prompt is refused", "alone", 0,
          { .steps = { ECHO(1), SECRET(2), DONE() }, .answers = { "a" }, .fault = CONV_FAILS, .fault_at = 1 },
          PAM_CONV_ERR, "?:who: |*:pw: ", "-<a>" },
        { "a choice is refused", "alone", 0, { .steps = { PICK(1), DONE() }, .fault = CONV_FAILS }, PAM_CONV_ERR,
          "?:\n1) 甲公司  1\n2) B       2\nwhich: ", "-" },
        { "information is refused", "alone", 0,
          { .steps = { INFO(1, .text = S("t")), SECRET(2), DONE() }, .fault = CONV_FAILS }, PAM_CONV_ERR, "I:t", "-" },
        { "a line is refused", "alone", 0,
          { .steps = { SECRET(1, .layout = LAYOUT_LINES, .text = S("a\nb")), DONE() }, .fault = CONV_FAILS,
            .fault_at = 1 }, PAM_CONV_ERR, "I:a|I:b", "-" },
        { "refused, and a response comes all the same", "alone", 0,
          { .steps = { SECRET(1), DONE() }, .fault = CONV_FAILS_FULL }, PAM_CONV_ERR, "*:pw: ", "-" },
        { "the application would rather be asked later", "alone", 0,
          { .steps = { SECRET(1), DONE() }, .fault = CONV_AGAIN }, PAM_CONV_ERR, "*:pw: ", "-" },
        { "an error does not wait for the last word to be shown", "alone", 0,
          { .steps = { FAIL(.text = S("No.")) }, .fault = CONV_FAILS }, PAM_AUTH_ERR, "E:No.", "-" },
        { "nor does a success", "alone", 0,
          { .steps = { DONE(.text = S("Welcome")) }, .fault = CONV_FAILS }, PAM_SUCCESS, "I:Welcome", "-" },

        /* threats 14 */
        { "a prompt without a response", "alone", 0, { .steps = { SECRET(1), DONE() }, .fault = CONV_NO_RESPONSE },
          PAM_CONV_ERR, "*:pw: ", "-" },
        { "a response without a text", "alone", 0, { .steps = { SECRET(1), DONE() }, .fault = CONV_NO_TEXT },
          PAM_CONV_ERR, "*:pw: ", "-" },
        { "information that is answered", "alone", 0,
          { .steps = { INFO(1, .text = S("t")), DONE() }, .fault = CONV_SPEAKS_FIRST }, PAM_SUCCESS, "I:t", "--" },
        { "information with an empty response", "alone", 0,
          { .steps = { INFO(1, .text = S("t")), DONE() }, .fault = CONV_NO_TEXT }, PAM_SUCCESS, "I:t", "--" },
};

static void test_relay(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(relay_cases); i++) {
                const RelayCase *c = &relay_cases[i];
                Scene scene = {};
                int code;

                scene_start(&scene, &c->play, c->stack, "zs");
                code = pam_authenticate(scene.handle, c->flags);
                if (code != c->code)
                        fail_msg("%s: %s", c->sentence, pam_strerror(scene.handle, code));
                if (strcmp(scene.shown, c->shown) != 0)
                        fail_msg("%s: shown \"%s\"", c->sentence, scene.shown);
                if (strcmp(scene.sent, c->sent) != 0)
                        fail_msg("%s: sent \"%s\"", c->sentence, scene.sent);
                assert_int_equal(scene.n_frees, 1);
                scene_finish(&scene);
        }
}

/* A picture as large as may be arrives whole. */
static void test_large(_unused_ void **state) {
        static char text[2049], picture[16385];
        const Play play = { .steps = { ECHO(1, .text = text, .picture = picture), DONE() } };
        Scene scene = {};

        memset(text, 't', sizeof(text) - 1);
        memset(picture, '#', sizeof(picture) - 1);
        scene_start(&scene, &play, "alone", "zs");
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(strlen(scene.shown), strlen("?:\n\n\nwho: ") + 2048 + 16384);
        scene_finish(&scene);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_relay),
                cmocka_unit_test(test_large),
        };

        return cmocka_run_group_tests_name("pam-relay", tests, harness_setup, harness_teardown);
}
