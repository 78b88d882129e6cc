/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Wrap: where a sentence is divided, and where never */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/texts.h"
#include "daemon/wrap.h"
#include "lib/common/text.h"
#include "lib/common/util.h"

static const struct {
        const char *sentence, *line;
        size_t n_columns;
        const char *wrapped;
} cases[] = {
        { "nothing", "", 10, "" },
        { "what fits is left alone", "one two", 7, "one two" },
        { "between words", "one two three", 7, "one two\nthree" },
        { "never in a word", "one twothree", 7, "one\ntwothree" },
        { "a word that is too long stands alone", "see https://itax.lab/f now", 10,
          "see\nhttps://itax.lab/f\nnow" },
        { "spaces at the end of a line are gone", "one  two ", 4, "one\ntwo" },
        { "several spaces that fit stay", "a  b", 4, "a  b" },
        { "Chinese between any two characters", "天地玄黄", 4, "天地\n玄黄" },
        { "but the words of a login stay whole", "账号已锁定", 4, "账号\n已\n锁定" },
        { "the longest of them counts", "请输入手机号码", 12, "请输入\n手机号码" },
        { "a full stop does not begin a line", "天地玄黄。", 8, "天地玄\n黄。" },
        { "nor behind a word", "请看账号。", 8, "请看\n账号。" },
        { "a bracket does not end one", "请用（天地）", 6, "请用\n（天\n地）" },
        { "a number keeps its unit", "还剩1200分钟，再试3次", 12, "还剩\n1200分钟，\n再试3次" },
        { "a number alone is a word among Chinese characters", "请1200玄黄", 6, "请1200\n玄黄" },
        { "a quotation keeps its marks", "通过“忘记密码”重置", 8, "通过\n“忘记\n密码”\n重置" },
        { "an address between Chinese characters is whole", "打开 https://a.b/q 并输入", 10,
          "打开\nhttps://a.b/q\n并输入" },
};

static void test_wrapped(void **state) {
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *text = NULL;

                assert_int_equal(wrap_line(cases[i].line, cases[i].n_columns, &text), 0);
                if (strcmp(text, cases[i].wrapped) != 0)
                        fail_msg("%s: '%s'", cases[i].sentence, text);
        }
}

/* Whatever is said: no line is too long, nothing is lost but spaces. */
static void test_every_text(void **state) {
        (void)state;

        for (SayId id = SAY_NONE + 1; id < _SAY_MAX; id++) {
                _cleanup_(freep) char *text = NULL, *wrapped = NULL;
                const Say say = { .id = id, .number = 120, .text = "https://itax.lab/q",
                                  .text2 = "K7Q29X4P" };
                const char *p;
                char *save = NULL;

                texts_use(TEXTS_EN);
                assert_int_equal(texts_say(&say, &text), 0);
                assert_int_equal(wrap_line(text, 78, &wrapped), 0);

                p = text;
                for (const char *q = wrapped; *q; q++) {
                        if (*q == '\n' || *q == ' ')
                                continue;
                        while (*p == ' ')
                                p++;
                        assert_int_equal(*p++, *q);
                }
                for (char *line = strtok_r(wrapped, "\n", &save); line;
                     line = strtok_r(NULL, "\n", &save))
                        assert_true(text_width(line) <= 78);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_wrapped),
                cmocka_unit_test(test_every_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
