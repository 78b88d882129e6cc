/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Texts: every thing that can be said has its words in both languages, fit to show. The translation
 * is the one just built, and no locale is installed for it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/login.h"
#include "daemon/texts.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"

#ifndef TEST_LOCALEDIR
#define TEST_LOCALEDIR "build/locale"
#endif

static char *say(TextsLanguage language, const Say *what) {
        char *text = NULL;

        texts_use(language);
        assert_int_equal(texts_say(what, &text), 0);
        assert_non_null(text);
        return text;
}

static char *longest(size_t n) {
        char *s = malloc(n + 1);

        assert_non_null(s);
        memset(s, 'm', n);
        s[n] = '\0';
        return s;
}

static bool is_prompt(SayId id) {
        return id >= SAY_ASK_ACCOUNT && id <= SAY_ASK_ONE;
}

static void check_words(TextsLanguage language, const Say *what) {
        _cleanup_(freep) char *text = say(language, what);
        size_t n_max = LIMIT_STEP_TEXT_BYTES / ELEMENTSOF(((Plan *)NULL)->lines);

        if (is_prompt(what->id))
                n_max = LIMIT_STEP_PROMPT_BYTES;
        if (what->id == SAY_UNIT_ENTRY)
                n_max = LIMIT_STEP_CHOICE_BYTES;

        if (!text[0] || strlen(text) > n_max || !text_is_showable(text) || strpbrk(text, "{}\n"))
                fail_msg("text %d in language %d: '%s'", (int)what->id, (int)language, text);
}

/* A text may be as long as its share of a step, whatever it was filled with. */
static void test_every_text(void **state) {
        _cleanup_(freep) char *name = longest(LIMIT_NAME_BYTES),
                              *code = longest(LIMIT_UNIT_CODE_BYTES);

        (void)state;

        for (SayId id = SAY_NONE + 1; id < _SAY_MAX; id++)
                for (TextsLanguage language = 0; language < _TEXTS_LANGUAGE_MAX; language++) {
                        const Say what[] = {
                                { .id = id, .number = 1 },
                                { .id = id, .number = 1440, .text = "测试甲", .text2 = "x" },
                                { .id = id, .number = 5, .text = name, .text2 = code },
                        };

                        for (size_t i = 0; i < ELEMENTSOF(what); i++)
                                check_words(language, &what[i]);
                }
}

/* An address takes the most room; it is not shown together with much else. */
static void test_longest_address(void **state) {
        _cleanup_(freep) char *address = longest(LIMIT_URI_BYTES), *text = NULL;

        (void)state;
        text = say(TEXTS_ZH_CN,
                   &(Say){ .id = SAY_SCAN_ADDRESS, .text = address, .text2 = address });
        assert_true(strlen(text) < LIMIT_STEP_TEXT_BYTES);
}

static void test_translated(void **state) {
        (void)state;

        for (SayId id = SAY_NONE + 1; id < _SAY_MAX; id++) {
                const Say what = { .id = id, .number = 3, .text = "<one>", .text2 = "<two>" };
                _cleanup_(freep) char *english = say(TEXTS_EN, &what);
                _cleanup_(freep) char *chinese = say(TEXTS_ZH_CN, &what);
                static const char *const members[] = { "<one>", "<two>", "3" };

                if (strcmp(english, chinese) == 0)
                        fail_msg("text %d is not translated: '%s'", (int)id, english);
                for (const char *p = english; *p; p++)
                        if ((unsigned char)*p >= 0x80)
                                fail_msg("text %d: English in ASCII only, for every terminal",
                                         (int)id);
                for (size_t i = 0; i < ELEMENTSOF(members); i++)
                        if (!strstr(english, members[i]) != !strstr(chinese, members[i]))
                                fail_msg("text %d: %s is in one language only", (int)id,
                                         members[i]);
        }
}

/* A question is one line on a terminal, with room for what is typed behind it. */
static void test_questions_fit(void **state) {
        (void)state;

        for (SayId id = SAY_NONE + 1; id < _SAY_MAX; id++)
                for (TextsLanguage language = 0; language < _TEXTS_LANGUAGE_MAX; language++) {
                        _cleanup_(freep) char *text = say(language, &(Say){ .id = id });

                        if (is_prompt(id) && text_width(text) > 76)
                                fail_msg("%zu columns: '%s'", text_width(text), text);
                }
}

/* SDDM and others know the question for a password by this word. */
static void test_password_word(void **state) {
        static const SayId ids[] = { SAY_ASK_PASSWORD, SAY_ASK_PASSWORD_OR_QR,
                                     SAY_ASK_UNIT_PASSWORD, SAY_ASK_UNIT_PASSWORD_OR_LIST,
                                     SAY_ASK_UNIT_PASSWORD_OR_BACK, SAY_ASK_PASSWORD_CURRENT,
                                     SAY_ASK_NEW_PASSWORD, SAY_ASK_NEW_PASSWORD_AGAIN,
                                     SAY_ASK_ONE };

        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(ids); i++)
                for (TextsLanguage language = 0; language < _TEXTS_LANGUAGE_MAX; language++) {
                        _cleanup_(freep) char *text = say(language, &(Say){ .id = ids[i] });

                        assert_non_null(strcasestr(text, "password"));
                }
}

static const struct {
        const char *sentence;
        Say say;
        const char *english, *chinese;
} wording_cases[] = {
        { "the question for a password is the plain one",
          { .id = SAY_ASK_ONE },
          "Password: ",
          "密码 (Password): " },
        { "questions mention the way to help",
          { .id = SAY_ASK_PASSWORD },
          "(? for help) Password: ",
          "（? 帮助）密码 (Password): " },
        { "scanned is told in the official words",
          { .id = SAY_SCAN_SCANNED },
          "Scanned. Please confirm on the phone.",
          "已扫码，请在手机上确认。" },
        { "one try",
          { .id = SAY_PASSWORD_WRONG_TRIES, .number = 1 },
          "The account or the password is wrong. 1 try is left before it is locked.",
          "账号或密码错误，再错1次账号将被锁定。" },
        { "several tries",
          { .id = SAY_PASSWORD_WRONG_TRIES, .number = 4 },
          "The account or the password is wrong. 4 tries are left before it is locked.",
          "账号或密码错误，再错4次账号将被锁定。" },
        { "no digits left",
          { .id = SAY_DIGITS_WRONG_TRIES, .number = 0 },
          "These are not the digits on the phone. 0 tries are left.",
          "与手机上显示的数字不一致，还可输入0次。" },
        { "a unit with its code",
          { .id = SAY_UNIT_ENTRY, .text = "测试一号有限公司", .text2 = "919900000000000018" },
          "测试一号有限公司 (919900000000000018)",
          "测试一号有限公司（919900000000000018）" },
        { "what is put in is not looked at again",
          { .id = SAY_UNIT_ENTRY, .text = "{text2}", .text2 = "%s%n" },
          "{text2} (%s%n)",
          "{text2}（%s%n）" },
        { "nothing to say", { .id = SAY_NONE }, "", "" },
};

/* threats 77 */
static void test_wording(void **state) {
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(wording_cases); i++) {
                _cleanup_(freep) char *english = say(TEXTS_EN, &wording_cases[i].say);
                _cleanup_(freep) char *chinese = say(TEXTS_ZH_CN, &wording_cases[i].say);

                if (strcmp(english, wording_cases[i].english) != 0 ||
                    strcmp(chinese, wording_cases[i].chinese) != 0)
                        fail_msg("%s: '%s' '%s'", wording_cases[i].sentence, english, chinese);
        }
}

/* spec.md section 2: the user interface uses exactly these terms. */
static void test_official_terms(void **state) {
        static const struct {
                SayId id;
                const char *term;
        } cases[] = {
                { SAY_ASK_ACCOUNT, "实名账号" },        { SAY_ASK_ACCOUNT, "手机号码" },
                { SAY_ASK_ACCOUNT, "登录名" },          { SAY_ASK_ACCOUNT, "证件号码" },
                { SAY_ASK_PASSWORD, "密码" },           { SAY_ASK_CAPTCHA, "验证码" },
                { SAY_ASK_ACCOUNT_OR_QR, "扫码登录" },  { SAY_SCAN_INVITE, "个人所得税APP" },
                { SAY_UNIT_CHOSEN, "单位办税验证" },    { SAY_ASK_UNIT_PASSWORD, "申报密码" },
                { SAY_UNIT_UNRELATED, "办税授权关系" }, { SAY_LOCKED_MINUTES, "忘记密码" },
                { SAY_UNIT_LOCKED, "忘记申报密码" },    { SAY_UNIT_LOCKED, "法定代表人" },
                { SAY_UNIT_LOCKED, "财务负责人" },      { SAY_DISABLED, "办税服务厅" },
                { SAY_LOCKED_MINUTES, "办税服务厅" }, { SAY_UNIT_LOCKED, "办税服务厅" },
                { SAY_LINKS_FORGOT_PASSWORD, "忘记密码" }, { SAY_LINKS_REGISTER, "立即注册" },
                { SAY_LINKS_APP, "手机端下载" },
                { SAY_LINKS_FORGOT_DECLARATION, "忘记申报密码" },
                { SAY_UNIT_PERSON, "单位办税验证" },  { SAY_SCAN_KEY, "按回车键改用账号密码登录" },
                { SAY_ACCOUNT_DIGITS, "居民身份证" },   { SAY_UNIT_PAGES, "统一社会信用代码" },
        };

        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *text = say(TEXTS_ZH_CN, &(Say){ .id = cases[i].id });

                if (!strstr(text, cases[i].term))
                        fail_msg("'%s' lacks %s", text, cases[i].term);
        }
}

static const struct {
        const char *locale;
        TextsLanguage fallback, language;
} language_cases[] = {
        { "zh_CN.UTF-8", TEXTS_EN, TEXTS_ZH_CN }, { "zh_CN", TEXTS_EN, TEXTS_ZH_CN },
        { "zh", TEXTS_EN, TEXTS_ZH_CN },          { "zh_TW.UTF-8", TEXTS_EN, TEXTS_ZH_CN },
        { "zh-Hans", TEXTS_EN, TEXTS_ZH_CN },     { "en_US.UTF-8", TEXTS_ZH_CN, TEXTS_EN },
        { "en", TEXTS_ZH_CN, TEXTS_EN },          { "en@quot", TEXTS_ZH_CN, TEXTS_EN },
        { "C", TEXTS_ZH_CN, TEXTS_ZH_CN },        { "C", TEXTS_EN, TEXTS_EN },
        { "C.UTF-8", TEXTS_ZH_CN, TEXTS_ZH_CN },  { "POSIX", TEXTS_ZH_CN, TEXTS_ZH_CN },
        { "", TEXTS_ZH_CN, TEXTS_ZH_CN },         { NULL, TEXTS_ZH_CN, TEXTS_ZH_CN },
        { "de_DE.UTF-8", TEXTS_EN, TEXTS_EN },    { "zhx_XX", TEXTS_EN, TEXTS_EN },
        { "english", TEXTS_ZH_CN, TEXTS_ZH_CN },  { "../zh_CN", TEXTS_EN, TEXTS_EN },
};

static void test_language(void **state) {
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(language_cases); i++)
                assert_int_equal(
                        texts_language_of(language_cases[i].locale, language_cases[i].fallback),
                        language_cases[i].language);

        assert_int_equal(texts_language_from_string("en"), TEXTS_EN);
        assert_int_equal(texts_language_from_string("zh_CN"), TEXTS_ZH_CN);
        assert_int_equal(texts_language_from_string("zh"), _TEXTS_LANGUAGE_MAX);
        assert_int_equal(texts_language_from_string(""), _TEXTS_LANGUAGE_MAX);
}

/* Log records are in English, whatever the person reads. */
static void test_process_keeps_its_locale(void **state) {
        _cleanup_(freep) char *text = say(TEXTS_ZH_CN, &(Say){ .id = SAY_TIMEOUT });

        (void)state;
        assert_string_equal(text, "登录超时，请重新登录。");
        assert_string_equal(setlocale(LC_ALL, NULL), "C");
        assert_string_equal(strerror(2), "No such file or directory");
}

static void test_no_translation(void **state) {
        _cleanup_(freep) char *text = NULL;

        (void)state;
        assert_int_equal(texts_init("/nonexistent"), 0);
        text = say(TEXTS_ZH_CN, &(Say){ .id = SAY_TIMEOUT });
        assert_string_equal(text, "The time for this login is over. Please start again.");

        assert_int_equal(texts_init(TEST_LOCALEDIR), 0);
        free(text);
        text = say(TEXTS_ZH_CN, &(Say){ .id = SAY_TIMEOUT });
        assert_string_equal(text, "登录超时，请重新登录。");
}

static int init(void **state) {
        (void)state;
        return texts_init(TEST_LOCALEDIR);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_text),
                cmocka_unit_test(test_longest_address),
                cmocka_unit_test(test_translated),
                cmocka_unit_test(test_questions_fit),
                cmocka_unit_test(test_password_word),
                cmocka_unit_test(test_wording),
                cmocka_unit_test(test_official_terms),
                cmocka_unit_test(test_language),
                cmocka_unit_test(test_process_keeps_its_locale),
                cmocka_unit_test(test_no_translation),
        };

        return cmocka_run_group_tests(tests, init, NULL);
}
