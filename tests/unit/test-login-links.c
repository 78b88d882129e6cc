/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The platform's pages at a prompt: which prompts, which pages, and that nothing else changes */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/login-private.h"
#include "tests/unit/login-script.h"

#define SEAT .unit_policy = UNIT_REQUIRED, .phase = PHASE_RELATION
#define JIA .user = "jia", .account = "ceshi_jia"
#define BUFFERED .mode = MODE_BUFFERED, SEAT

#define ASK_WHO "echo ASK_ACCOUNT_OR_QR"
#define ASK_WORD "secret ASK_PASSWORD_OR_QR"
#define LIST "choice ASK_LINKS +LINKS_INVITE choices=4"
#define NUMBER_WRONG "choice ASK_LINKS +LINKS_WRONG +LINKS_INVITE choices=4"
#define FOLDED "echo ASK_CONFIRMED_OR_PASSWORD +SCAN_INVITE +SCAN_ADDRESS qr"

static const ScriptCase cases[] = {
        { "a page at the account, and the account is still asked for",
          { SEAT },
          { LINKS(), BEGIN(ASK_WHO), ANSWER("?", LIST),
            ANSWER("2", ASK_WHO " +LINK_REGISTER qr"), ANSWER("ceshi_jia", "find ceshi_jia") } },
        { "at the password, with a question mark of either width; no try is used", /* threats 46 */
          { SEAT, JIA },
          { LINKS(), BEGIN(ASK_WORD), ANSWER("？", LIST),
            ANSWER("1", ASK_WORD " +LINK_FORGOT_PASSWORD qr"), ANSWER(" ? ", LIST),
            ANSWER("３", ASK_WORD " +LINK_APP qr"),
            ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1") } },
        { "the unit's password: the address in words, the app as picture",
          { SEAT, JIA },
          { LINKS(), BEGIN(ASK_WORD), ANSWER("?", LIST),
            ANSWER("4", ASK_WORD " +LINK_FORGOT_DECLARATION +LINK_FORGOT_DECLARATION_APP qr") } },
        { "Enter leads back, and what is no number shows the list again",
          { SEAT, JIA },
          { LINKS(), BEGIN(ASK_WORD), ANSWER("?", LIST), ANSWER("5", NUMBER_WRONG), ANSWER("0", NUMBER_WRONG),
            ANSWER("page", NUMBER_WRONG), ENTER(ASK_WORD) } },
        { "a question mark with more is a password like any other",
          { SEAT, JIA },
          { LINKS(), BEGIN(ASK_WORD), ANSWER("??", "password ceshi_jia/??") } },
        { "a platform without pages: the hall is named, and a question mark is no password",
          { SEAT, JIA },
          { BEGIN(ASK_WORD), ANSWER("?", ASK_WORD " +LINKS_NONE"),
            ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1") } },
        { "at the captcha the page stands with the list, and then the captcha comes back",
          { SEAT, JIA },
          { LINKS(), BEGIN(ASK_WORD), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            CAPTCHA("echo ASK_CAPTCHA_OR_QR +CAPTCHA_DUE picture"), ANSWER("?", LIST),
            ANSWER("1", "choice ASK_LINKS +LINK_FORGOT_PASSWORD choices=4 qr"),
            ENTER("echo ASK_CAPTCHA_OR_QR picture"),
            ANSWER("k7Qm", "password ceshi_jia/Jia-pass1 captcha=k7Qm") } },
        { "beside a folded code as well, and the code comes back",
          { BUFFERED, JIA },
          { LINKS(), BEGIN(ASK_WORD), ENTER("device ceshi_jia"), DEVICE(FOLDED),
            ANSWER("?", LIST), ANSWER("3", "choice ASK_LINKS +LINK_APP choices=4 qr"),
            ENTER(FOLDED), ENTER("poll pending at once") } },
        { "where digits are wanted a question mark is another way, as it was",
          { BUFFERED, JIA, .binding = true },
          { LINKS(), BEGIN(ASK_WORD), ENTER("device ceshi_jia binding"),
            DEVICE("echo ASK_DIGITS_OR_PASSWORD +SCAN_INVITE +SCAN_ADDRESS +SCAN_DIGITS qr"),
            ANSWER("?", ASK_WORD) } },
        { "where no picture can be shown the address is enough",
          { SEAT, JIA, .no_pictures = true },
          { LINKS(), BEGIN(ASK_WORD), ANSWER("?", LIST),
            ANSWER("1", ASK_WORD " +LINK_FORGOT_PASSWORD") } },
        { "one answer is an answer", /* threats 17 */
          { SEAT, JIA, .mode = MODE_ONE },
          { LINKS(), BEGIN("secret ASK_ONE"), ANSWER("?", "password ceshi_jia/?"),
            LOCKED(60, "fail locked +LOCKED_MINUTES=1; end locked") } },
        { "a lock says where the password is reset",
          { SEAT, JIA },
          { LINKS(), BEGIN(ASK_WORD), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            LOCKED(60, "fail locked +LOCKED_MINUTES=1 +LINK_FORGOT_PASSWORD; end locked") } },
        { "the lock of a user that nobody is as well", /* threats 2, 52 */
          { SEAT, .user = "nobody-here", .user_is_unknown = true },
          { LINKS(), BEGIN(ASK_WORD),
            ANSWER("Jia-pass1", "password local:nobody-here/Jia-pass1"),
            LOCKED(60, "fail locked +LOCKED_MINUTES=1 +LINK_FORGOT_PASSWORD; end locked") } },
        { "question marks do not count as answers given twice",
          { SEAT },
          { LINKS(), BEGIN(ASK_WHO), ANSWER("?", LIST), ENTER(ASK_WHO),
            ANSWER("ceshi_jia", "find ceshi_jia"), FOUND(NULL, ASK_WORD), ANSWER("?", LIST),
            ENTER(ASK_WORD), ANSWER("Jia-pass1", "password ceshi_jia/Jia-pass1"),
            CAPTCHA("echo ASK_CAPTCHA_OR_QR +CAPTCHA_DUE picture"), ANSWER("?", LIST) } },
};

/* Every question either takes "?" or is known not to. */
static void test_which_questions(void **state) {
        static const bool known[_ASK_MAX] = {
                [ASK_ACCOUNT] = true,      [ASK_PASSWORD] = true,      [ASK_CAPTCHA] = true,
                [ASK_CONFIRMED] = true,    [ASK_UNIT] = true,          [ASK_UNIT_PASSWORD] = true,
                [ASK_UNIT_CAPTCHA] = true, [ASK_UNIT_WAY] = true,
        };

        (void)state;
        for (Ask ask = ASK_NOTHING + 1; ask < _ASK_MAX; ask++)
                if (ask != ASK_PIN && login_asks[ask].links != known[ask])
                        fail_msg("question %d", (int)ask);
}

/* The account password, and nothing else, is what the application may keep as such. */
static void test_tokens(void **state) {
        static const StepToken known[_ASK_MAX] = {
                [ASK_PASSWORD] = TOKEN_CURRENT,
                [ASK_ONE] = TOKEN_CURRENT,
                [ASK_NEW_PASSWORD] = TOKEN_NEW,
                [ASK_NEW_PASSWORD_AGAIN] = TOKEN_NEW,
        };

        (void)state;
        for (Ask ask = ASK_NOTHING + 1; ask < _ASK_MAX; ask++)
                assert_int_equal(login_asks[ask].token, known[ask]);
}

/* What comes from the platform is shown only if it is fit to; what is there stays. */
static void test_addresses(void **state) {
        char longest[LIMIT_URI_BYTES + 2];
        LoginSetup setup = { .timeout_usec = 1 };
        Login *login = NULL;

        (void)state;
        memset(longest, 'a', sizeof(longest));
        longest[sizeof(longest) - 1] = '\0';

        assert_int_equal(login_new(&setup, 0, &login), 0);
        login_links(login, &(LoginLinks){
                                   .forgot_password = longest,
                                   .register_account = "https://itax.lab/\033[2J",
                                   .app = "",
                                   .forgot_declaration = "two lines\nor words",
                           });
        for (Link link = 0; link < _LINK_MAX; link++)
                assert_null(login->links[link]);

        longest[LIMIT_URI_BYTES] = '\0';
        login_links(login, &(LoginLinks){ .app = longest });
        assert_string_equal(login->links[LINK_APP], longest);
        login_links(login, &(LoginLinks){ .app = "https://itax.lab/a" });
        assert_string_equal(login->links[LINK_APP], longest);
        login_free(login);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_which_questions),
                cmocka_unit_test(test_tokens),
                cmocka_unit_test(test_addresses),
        };

        return script_tests("pages at a prompt", cases, ELEMENTSOF(cases)) |
               cmocka_run_group_tests(tests, NULL, NULL);
}
