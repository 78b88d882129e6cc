/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which steps may be shown, and which one may end in success. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/common/limits.h"
#include "lib/common/step.h"
#include "lib/common/util.h"

/* Strings longer than a literal may be; filled by setup(). */
static char long_text[LIMIT_STEP_TEXT_BYTES + 2];
static char long_picture[LIMIT_STEP_PICTURE_BYTES + 2];
static char full_prompt[LIMIT_STEP_PROMPT_BYTES + 1];
static char *choices_20[LIMIT_STEP_CHOICES + 1];
static char *choices_21[LIMIT_STEP_CHOICES + 2];

static int setup(_unused_ void **state) {
        memset(long_text, 'x', sizeof(long_text) - 1);
        memset(long_picture, '#', sizeof(long_picture) - 1);
        memset(full_prompt, 'p', sizeof(full_prompt) - 1);
        for (size_t i = 0; i < LIMIT_STEP_CHOICES; i++)
                choices_20[i] = (char *)"unit";
        for (size_t i = 0; i < LIMIT_STEP_CHOICES + 1; i++)
                choices_21[i] = (char *)"unit";
        return 0;
}

#define S(literal) ((char *)(literal))
#define CHOICES(...) ((char *[]){ __VA_ARGS__, NULL })

typedef struct ValidateCase {
        const char *sentence;
        Step step;
        int result;
} ValidateCase;

static const ValidateCase validate_cases[] = {
        { "an info with text",
          { .serial = 1, .kind = STEP_INFO, .text = S("two\nlines") }, 0 },
        { "an info with nothing",
          { .serial = 1, .kind = STEP_INFO }, 0 },
        { "an info that asks",
          { .serial = 1, .kind = STEP_INFO, .prompt = S("x: ") }, STEP_E_SHAPE },
        { "a prompt",
          { .serial = UINT32_MAX, .kind = STEP_PROMPT_ECHO, .prompt = S("账号：") }, 0 },
        { "a prompt with text and picture",
          { .serial = 1, .kind = STEP_PROMPT_SECRET, .layout = LAYOUT_BARE, .text = S("t"),
            .picture = S("##\n##"), .prompt = S("p") }, 0 },
        { "a prompt without the question",
          { .serial = 1, .kind = STEP_PROMPT_ECHO, .text = S("t") }, STEP_E_SHAPE },
        { "a prompt with an empty question",
          { .serial = 1, .kind = STEP_PROMPT_SECRET, .prompt = S("") }, STEP_E_SHAPE },
        { "a prompt of two lines",
          { .serial = 1, .kind = STEP_PROMPT_SECRET, .prompt = S("a\nb") }, STEP_E_TEXT },
        { "a prompt with choices",
          { .serial = 1, .kind = STEP_PROMPT_ECHO, .prompt = S("p"), .choices = CHOICES(S("a")) },
          STEP_E_SHAPE },
        { "serial 0",
          { .serial = 0, .kind = STEP_INFO }, STEP_E_SHAPE },
        { "no such kind",
          { .serial = 1, .kind = _STEP_KIND_MAX }, STEP_E_SHAPE },
        { "a negative kind",
          { .serial = 1, .kind = (StepKind)-1 }, STEP_E_SHAPE },
        { "no such layout",
          { .serial = 1, .kind = STEP_INFO, .layout = _STEP_LAYOUT_MAX }, STEP_E_SHAPE },
        { "no such reason",
          { .serial = 1, .kind = STEP_FAIL, .reason = _STEP_REASON_MAX }, STEP_E_SHAPE },
        { "a choice",
          { .serial = 1, .kind = STEP_CHOICE, .prompt = S("p"), .choices = CHOICES(S("a"), S("乙")) }, 0 },
        { "as many choices as may be",
          { .serial = 1, .kind = STEP_CHOICE, .prompt = S("p"), .choices = choices_20 }, 0 },
        { "one choice too many",
          { .serial = 1, .kind = STEP_CHOICE, .prompt = S("p"), .choices = choices_21 }, STEP_E_SHAPE },
        { "no choices",
          { .serial = 1, .kind = STEP_CHOICE, .prompt = S("p") }, STEP_E_SHAPE },
        { "an empty list of choices",
          { .serial = 1, .kind = STEP_CHOICE, .prompt = S("p"), .choices = (char *[]){ NULL } },
          STEP_E_SHAPE },
        { "an empty choice",
          { .serial = 1, .kind = STEP_CHOICE, .prompt = S("p"), .choices = CHOICES(S("")) }, STEP_E_SHAPE },
        { "a choice with a newline, which would look like two",
          { .serial = 1, .kind = STEP_CHOICE, .prompt = S("p"), .choices = CHOICES(S("a\n2) b")) },
          STEP_E_TEXT },
        { "a choice with an escape sequence",
          { .serial = 1, .kind = STEP_CHOICE, .prompt = S("p"), .choices = CHOICES(S("\x1b[2J")) },
          STEP_E_TEXT },
        { "a choice with a direction override",
          { .serial = 1, .kind = STEP_CHOICE, .prompt = S("p"), .choices = CHOICES(S("\xE2\x80\xAE")) },
          STEP_E_TEXT },
        { "a scan with picture",
          { .serial = 1, .kind = STEP_SCAN, .text = S("t"), .picture = S("\x1b[30;47m#\x1b[0m") }, 0 },
        { "a scan repeated",
          { .serial = 1, .kind = STEP_SCAN, .layout = LAYOUT_LINES }, 0 },
        { "a scan with letters in the picture",
          { .serial = 1, .kind = STEP_SCAN, .picture = S("hello") }, STEP_E_TEXT },
        { "a scan with a prompt",
          { .serial = 1, .kind = STEP_SCAN, .prompt = S("p") }, STEP_E_SHAPE },
        { "a picture that is too long",
          { .serial = 1, .kind = STEP_SCAN, .picture = long_picture }, STEP_E_SHAPE },
        { "a picture as long as may be",
          { .serial = 1, .kind = STEP_SCAN, .picture = long_picture + 1 }, 0 },
        { "a text that is too long",
          { .serial = 1, .kind = STEP_INFO, .text = long_text }, STEP_E_SHAPE },
        { "a text as long as may be",
          { .serial = 1, .kind = STEP_INFO, .text = long_text + 1 }, 0 },
        { "a prompt as long as may be",
          { .serial = 1, .kind = STEP_PROMPT_ECHO, .prompt = full_prompt }, 0 },
        { "a text with a carriage return",
          { .serial = 1, .kind = STEP_INFO, .text = S("a\rb") }, STEP_E_TEXT },
        { "a text with an overlong ESC",
          { .serial = 1, .kind = STEP_INFO, .text = S("\xC0\x9B[2J") }, STEP_E_TEXT },
        { "done",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a"), .method = S("qr") }, 0 },
        { "done with everything",
          { .serial = 1, .kind = STEP_DONE, .text = S("t"), .user = S("zs"), .account = S("a"),
            .name = S("张三"), .unit = S("9135"), .unit_name = S("某公司"), .method = S("password") }, 0 },
        { "done without a user",
          { .serial = 1, .kind = STEP_DONE, .account = S("a"), .method = S("qr") }, STEP_E_SHAPE },
        { "done with an empty user",
          { .serial = 1, .kind = STEP_DONE, .user = S(""), .account = S("a"), .method = S("qr") },
          STEP_E_SHAPE },
        { "done without an account",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .method = S("qr") }, STEP_E_SHAPE },
        { "done without a method",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a") }, STEP_E_SHAPE },
        { "done by an unknown method",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a"), .method = S("magic") },
          STEP_E_SHAPE },
        { "done with a reason why not",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a"), .method = S("qr"),
            .reason = REASON_DENIED }, STEP_E_SHAPE },
        { "done with a newline in the name, which would forge a log line",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a"), .method = S("qr"),
            .name = S("a\nb") }, STEP_E_TEXT },
        { "done with the name of a unit but no unit",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a"), .method = S("qr"),
            .unit_name = S("u") }, STEP_E_SHAPE },
        { "done with a unit code that is too long",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a"), .method = S("qr"),
            .unit = S("123456789012345678901") }, STEP_E_SHAPE },
        { "done in a session",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a"), .method = S("session"),
            .session = S("0123456789abcdef0123456789abcdef") }, 0 },
        { "done in a session with too short a name",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a"), .method = S("qr"),
            .session = S("0123456789abcdef0123456789abcde") }, STEP_E_SHAPE },
        { "done in a session with too long a name",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a"), .method = S("qr"),
            .session = S("0123456789abcdef0123456789abcdef0") }, STEP_E_SHAPE },
        { "done in a session with a name in capitals",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a"), .method = S("qr"),
            .session = S("0123456789ABCDEF0123456789ABCDEF") }, STEP_E_SHAPE },
        { "done in a session whose name would be a path",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a"), .method = S("qr"),
            .session = S("../../../../etc/passwd0123456789") }, STEP_E_SHAPE },
        { "done by a unit alone",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .unit = S("9135"), .unit_name = S("u"),
            .method = S("unit"), .session = S("0123456789abcdef0123456789abcdef") }, 0 },
        { "done by a unit that is not named",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .method = S("unit") }, STEP_E_SHAPE },
        { "done by a unit, and yet with an account",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("a"), .unit = S("9135"),
            .method = S("unit") }, STEP_E_SHAPE },
        { "done by a unit, and yet with the name of a person",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .name = S("n"), .unit = S("9135"),
            .method = S("unit") }, STEP_E_SHAPE },
        { "done by password without an account, but with a unit",
          { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .unit = S("9135"), .method = S("password") },
          STEP_E_SHAPE },
        { "a prompt for the account password",
          { .serial = 1, .kind = STEP_PROMPT_SECRET, .prompt = S("p"), .token = TOKEN_CURRENT }, 0 },
        { "a prompt for another account password",
          { .serial = 1, .kind = STEP_PROMPT_SECRET, .prompt = S("p"), .token = TOKEN_NEW }, 0 },
        { "a prompt for an unknown password",
          { .serial = 1, .kind = STEP_PROMPT_SECRET, .prompt = S("p"), .token = _STEP_TOKEN_MAX },
          STEP_E_SHAPE },
        { "a prompt for the account password that would be seen",
          { .serial = 1, .kind = STEP_PROMPT_ECHO, .prompt = S("p"), .token = TOKEN_CURRENT },
          STEP_E_SHAPE },
        { "a scan with a password",
          { .serial = 1, .kind = STEP_SCAN, .token = TOKEN_NEW }, STEP_E_SHAPE },
        { "a scan that can be left",
          { .serial = 1, .kind = STEP_SCAN, .key = true }, 0 },
        { "a prompt that can be left by a key",
          { .serial = 1, .kind = STEP_PROMPT_ECHO, .prompt = S("p"), .key = true }, STEP_E_SHAPE },
        { "a prompt in a session",
          { .serial = 1, .kind = STEP_PROMPT_ECHO, .prompt = S("p"),
            .session = S("0123456789abcdef0123456789abcdef") }, STEP_E_SHAPE },
        { "fail",
          { .serial = 1, .kind = STEP_FAIL, .reason = REASON_DENIED, .text = S("No.") }, 0 },
        { "fail without a reason",
          { .serial = 1, .kind = STEP_FAIL, .text = S("No.") }, STEP_E_SHAPE },
        { "fail with a user",
          { .serial = 1, .kind = STEP_FAIL, .reason = REASON_DENIED, .user = S("zs") }, STEP_E_SHAPE },
        { "an info with a reason",
          { .serial = 1, .kind = STEP_INFO, .reason = REASON_DENIED }, STEP_E_SHAPE },
};

static void test_validate(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(validate_cases); i++) {
                int r = step_validate(&validate_cases[i].step);

                if (r != validate_cases[i].result)
                        fail_msg("%s: %d", validate_cases[i].sentence, r);
        }
}

/* threats 3: of all kinds, users and requested users, exactly what the header says is granted. */
static void test_grants(_unused_ void **state) {
        static const char *const users[] = { NULL, "", "a", "b", "A", "a ", "root" };
        size_t n_granted = 0;

        for (StepKind kind = 0; kind <= _STEP_KIND_MAX; kind++)
                for (StepReason reason = 0; reason < _STEP_REASON_MAX; reason++)
                        for (size_t i = 0; i < ELEMENTSOF(users); i++)
                                for (size_t k = 0; k < ELEMENTSOF(users); k++) {
                                        Step step = { .serial = 1, .kind = kind, .reason = reason,
                                                      .user = (char *)users[i] };
                                        bool named = i >= 2;

                                        if (!step_grants(&step, users[k]))
                                                continue;
                                        assert_int_equal(kind, STEP_DONE);
                                        assert_true(named);
                                        assert_true(k == 0 || k == i);
                                        n_granted += reason == REASON_NONE;
                                }

        /* Five names, each granted to itself and where the application set none. */
        assert_int_equal(n_granted, 10);
}

static void test_terminal(_unused_ void **state) {
        for (StepKind kind = 0; kind <= _STEP_KIND_MAX; kind++)
                assert_int_equal(step_is_terminal(&(Step){ .kind = kind }),
                                 kind == STEP_DONE || kind == STEP_FAIL);
}

static void test_words(_unused_ void **state) {
        for (StepKind k = 0; k < _STEP_KIND_MAX; k++)
                assert_int_equal(step_kind_from_string(step_kind_to_string(k)), k);
        for (StepLayout l = 0; l < _STEP_LAYOUT_MAX; l++)
                assert_int_equal(step_layout_from_string(step_layout_to_string(l)), l);
        for (StepReason q = 0; q < _STEP_REASON_MAX; q++)
                assert_int_equal(step_reason_from_string(step_reason_to_string(q)), q);
        for (StepToken t = 0; t < _STEP_TOKEN_MAX; t++)
                assert_int_equal(step_token_from_string(step_token_to_string(t)), t);

        assert_null(step_kind_to_string(_STEP_KIND_MAX));
        assert_null(step_layout_to_string((StepLayout)-1));
        assert_null(step_reason_to_string(_STEP_REASON_MAX));
        assert_int_equal(step_kind_from_string("success"), _STEP_KIND_MAX);
        assert_int_equal(step_kind_from_string(""), _STEP_KIND_MAX);
        assert_int_equal(step_kind_from_string("DONE"), _STEP_KIND_MAX);
        assert_int_equal(step_kind_from_string("done "), _STEP_KIND_MAX);
        assert_int_equal(step_layout_from_string("fold"), _STEP_LAYOUT_MAX);
        assert_int_equal(step_reason_from_string("granted"), _STEP_REASON_MAX);
        assert_null(step_token_to_string(_STEP_TOKEN_MAX));
        assert_int_equal(step_token_from_string("old"), _STEP_TOKEN_MAX);
}

static void test_done(_unused_ void **state) {
        Step step = { .serial = 7, .kind = STEP_CHOICE };

        step.text = strdup("t");
        step.picture = strdup("#");
        step.prompt = strdup("p");
        step.choices = calloc(3, sizeof(char *));
        assert_non_null(step.choices);
        step.choices[0] = strdup("a");
        step.choices[1] = strdup("b");
        step.user = strdup("u");
        step.account = strdup("c");
        step.name = strdup("n");
        step.unit = strdup("1");
        step.unit_name = strdup("2");
        step.method = strdup("qr");
        step.session = strdup("0");

        step_done(&step);
        assert_null(step.text);
        assert_null(step.choices);
        assert_null(step.method);
        assert_int_equal(step.serial, 0);
        step_done(&step);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_validate),
                cmocka_unit_test(test_grants),
                cmocka_unit_test(test_terminal),
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_done),
        };

        return cmocka_run_group_tests_name("step", tests, setup, NULL);
}
