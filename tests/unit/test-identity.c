/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Identity: every way to type a name, as tables. Region 99 is no real region, so no number here is
 * a person's. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lib/common/identity.h"
#include "lib/common/util.h"

typedef struct AccountCase {
        const char *sentence;
        const char *typed;
        AccountKind kind;
        AccountFault fault;
        const char *name;
        const char *unit;
} AccountCase;

#define LOGIN_NAME ACCOUNT_LOGIN_NAME, ACCOUNT_FAULT_NONE
#define MOBILE ACCOUNT_MOBILE, ACCOUNT_FAULT_NONE
#define IDENTITY ACCOUNT_IDENTITY, ACCOUNT_FAULT_NONE
#define REFUSED(fault) ACCOUNT_INVALID, ACCOUNT_FAULT_##fault, "", ""

/* threats 47, 76 */
static const AccountCase account_cases[] = {
        { "a login name of letters and underscore", "ceshi_jia", LOGIN_NAME, "ceshi_jia", "" },
        { "case of a login name stays", "Ceshi_Bing", LOGIN_NAME, "Ceshi_Bing", "" },
        { "a Chinese login name", "测试_戊", LOGIN_NAME, "测试_戊", "" },
        { "two characters are the shortest", "ab", LOGIN_NAME, "ab", "" },
        { "two Chinese characters are enough", "测试", LOGIN_NAME, "测试", "" },
        { "sixteen characters are the longest", "abcdefghijklmnop", LOGIN_NAME, "abcdefghijklmnop",
          "" },
        { "sixteen characters of four bytes fit", "𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤", LOGIN_NAME,
          "𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤𠅤", "" },
        { "a rare character of extension A", "测䶮", LOGIN_NAME, "测䶮", "" },
        { "the ideographic zero is Chinese", "二〇", LOGIN_NAME, "二〇", "" },
        { "a unified ideograph among the compatibility ones", "\xef\xa8\x8e一",
          LOGIN_NAME, "\xef\xa8\x8e一", "" },
        { "an underscore makes digits a login name", "1_", LOGIN_NAME, "1_", "" },
        { "a mobile number", "19900000001", MOBILE, "19900000001", "" },
        { "the lowest mobile number", "13000000000", MOBILE, "13000000000", "" },
        { "an identity number", "990101199001010019", IDENTITY, "990101199001010019", "" },
        { "an identity number that ends in X", "99010119790101004X", IDENTITY, "99010119790101004X",
          "" },
        { "a lower-case x is made upper case", "99010119790101004x", IDENTITY, "99010119790101004X",
          "" },
        { "a full-width x as well", "99010119790101004ｘ", IDENTITY, "99010119790101004X", "" },
        { "a leap day of 2000 exists", "990101200002290011", IDENTITY, "990101200002290011", "" },
        { "the last leap day of the range", "990101209602290016", IDENTITY, "990101209602290016",
          "" },
        { "the last day of the range", "990101210012310011", IDENTITY, "990101210012310011", "" },
        { "full-width letters and underscore", "ｃｅｓｈｉ＿ｊｉａ", LOGIN_NAME, "ceshi_jia", "" },
        { "full-width digits", "１９９０００００００１", MOBILE, "19900000001", "" },
        { "spaces around it", "  ceshi_jia\t", LOGIN_NAME, "ceshi_jia", "" },
        { "ideographic and no-break spaces around it",
          "　\xc2\xa0"
          "ceshi_jia　",
          LOGIN_NAME, "ceshi_jia", "" },
        { "a carriage return of a serial line", "ceshi_jia\r", LOGIN_NAME, "ceshi_jia", "" },
        { "a unit behind it", "ceshi_yi@91990000000000003E", LOGIN_NAME, "ceshi_yi",
          "91990000000000003E" },
        { "a unit behind a full-width sign", "ceshi_yi＠91990000000000003E", LOGIN_NAME, "ceshi_yi",
          "91990000000000003E" },
        { "a unit in lower case", "ceshi_yi@91990000000000003e", LOGIN_NAME, "ceshi_yi",
          "91990000000000003E" },
        { "a unit in full width", "１９９０００００００２＠９１９９００００００００００００３Ｅ",
          MOBILE, "19900000002", "91990000000000003E" },
        { "spaces around the sign", " ceshi_yi @ 990101000000004 ", LOGIN_NAME, "ceshi_yi",
          "990101000000004" },
        { "a mobile number in groups", "199-0000-0001", MOBILE, "19900000001", "" },
        { "a mobile number in groups of its own", " 199 0000 0001 ", MOBILE, "19900000001", "" },
        { "a mobile number with long dashes", "199–0000—0001", MOBILE, "19900000001", "" },
        { "a mobile number as it is dialled from abroad", "+86 199 0000 0001", MOBILE,
          "19900000001", "" },
        { "an identity number in groups", "990101 19900101 0019", IDENTITY, "990101199001010019",
          "" },
        { "an identity number in groups that ends in x", "990101-19790101-004x", IDENTITY,
          "99010119790101004X", "" },
        { "groups and a unit", "199-0000-0002@990101000000004", MOBILE, "19900000002",
          "990101000000004" },
        { "the shape of a passport may be a login name", "E12345678", LOGIN_NAME, "E12345678", "" },
        { "an identity number and a unit", "99010119790101004x@919900000000000018", IDENTITY,
          "99010119790101004X", "919900000000000018" },
        { "a unit alone is an empty account that keeps its unit", "@919900000000000018",
          ACCOUNT_INVALID, ACCOUNT_FAULT_EMPTY, "", "919900000000000018" },

        { "nothing", "", REFUSED(EMPTY) },
        { "spaces only", " 　 ", REFUSED(EMPTY) },
        { "one character", "a", REFUSED(LENGTH) },
        { "one Chinese character", "测", REFUSED(LENGTH) },
        { "seventeen characters", "abcdefghijklmnopq", REFUSED(LENGTH) },
        { "a unit code is no account", "91990000000000003E", REFUSED(DATE) },
        { "a space inside", "ceshi jia", REFUSED(CHARACTERS) },
        { "a hyphen", "ceshi-jia", REFUSED(CHARACTERS) },
        { "an option", "-rf", REFUSED(CHARACTERS) },
        { "a path", "../..", REFUSED(CHARACTERS) },
        { "a command", "$(id)", REFUSED(CHARACTERS) },
        { "a format", "%n%s", REFUSED(CHARACTERS) },
        { "a line inside", "ro\not", REFUSED(CHARACTERS) },
        { "the junk sshd sends for a user it does not know", "\b\n\r\177INCORRECT",
          REFUSED(CHARACTERS) },
        { "an escape sequence", "ab\033[0m", REFUSED(CHARACTERS) },
        { "a zero-width space", "ceshi\xe2\x80\x8bjia", REFUSED(CHARACTERS) },
        { "a direction override",
          "ceshi\xe2\x80\xae"
          "aij",
          REFUSED(CHARACTERS) },
        { "a combining mark", "cafe\xcc\x81", REFUSED(CHARACTERS) },
        { "the same letter composed", "caf\xc3\xa9", REFUSED(CHARACTERS) },
        { "a compatibility ideograph has two normal forms", "\xef\xa4\x80一", REFUSED(CHARACTERS) },
        { "a Cyrillic letter that looks Latin", "\xd1\x81" "eshi_jia", REFUSED(CHARACTERS) },
        { "an overlong form", "ab\xc0\xaf", REFUSED(CHARACTERS) },
        { "a surrogate", "ab\xed\xa0\x80", REFUSED(CHARACTERS) },
        { "above the last character", "ab\xf4\x90\x80\x80", REFUSED(CHARACTERS) },
        { "a byte that begins nothing", "ab\xff", REFUSED(CHARACTERS) },
        { "a character cut short", "ab\xe6\xb5", REFUSED(CHARACTERS) },
        { "our own name for a user without account", "local:root", REFUSED(CHARACTERS) },
        { "an e-mail address", "jia@example.com", REFUSED(CHARACTERS) },
        { "a sign with nothing behind it", "ceshi_jia@", REFUSED(CHARACTERS) },
        { "two signs", "ceshi_jia@919900000000000018@919900000000000018", REFUSED(CHARACTERS) },
        { "a unit code with a wrong check character", "ceshi_jia@919900000000000019",
          REFUSED(CHARACTERS) },
        { "a unit code that is far too long", "a1@9199000000000000189199000000000000189",
          REFUSED(CHARACTERS) },
        { "digits only", "123456", REFUSED(DIGITS) },
        { "one digit", "5", REFUSED(DIGITS) },
        { "an identity number of 15 digits is out of use", "990101900101001", REFUSED(OLD_IDENTITY) },
        { "a mobile number that is one digit short", "1990000000", REFUSED(LENGTH) },
        { "no mobile number begins with 12", "12900000001", REFUSED(MOBILE) },
        { "no mobile number begins with 2", "29900000001", REFUSED(MOBILE) },
        { "eight digits are a travel permit at most", "12345678", REFUSED(DIGITS) },
        { "dashes in what is no number", "199-0000-000a", REFUSED(CHARACTERS) },
        { "dashes in a number of no kind", "199-0000-000", REFUSED(CHARACTERS) },
        { "another country's prefix", "+49 199 0000 0001", REFUSED(CHARACTERS) },
        { "an identity number is not dialled", "+86 990101199001010019", REFUSED(CHARACTERS) },
        { "a residence permit of Hong Kong", "810000199001010014", REFUSED(DOCUMENT) },
        { "a residence permit of Macao", "820000199001010017", REFUSED(DOCUMENT) },
        { "a residence permit of Taiwan", "83000019900101001x", REFUSED(DOCUMENT) },
        { "a permanent residence card of 2023", "91184019900101123X", REFUSED(DOCUMENT) },
        { "seventeen digits", "99010119900101001", REFUSED(LENGTH) },
        { "nineteen digits", "9901011990010100190", REFUSED(LENGTH) },
        { "a mobile number with a digit too many", "199000000012", REFUSED(LENGTH) },
        { "a wrong check digit", "990101199001010018", REFUSED(CHECK) },
        { "a letter where the check character is", "99010119900101001A", REFUSED(CHECK) },
        { "two digits swapped", "990101199001010109", REFUSED(CHECK) },
        { "the 30th of February", "990101199002300013", REFUSED(DATE) },
        { "the leap day of 1900 does not exist", "990101190002290013", REFUSED(DATE) },
        { "month 13", "990101199013010013", REFUSED(DATE) },
        { "month 0", "990101199000010013", REFUSED(DATE) },
        { "day 0", "990101199001000013", REFUSED(DATE) },
        { "the 31st of April", "990101199004310013", REFUSED(DATE) },
        { "a date in the far past", "990101189912310013", REFUSED(DATE) },
        { "a date in the far future", "990101210101010013", REFUSED(DATE) },
};

static void test_accounts(void **state) {
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(account_cases); i++) {
                const AccountCase *c = &account_cases[i];
                Account account;

                memset(&account, 0x5a, sizeof(account));
                account_parse(c->typed, &account);
                if (account.kind != c->kind || account.fault != c->fault ||
                    strcmp(account.name, c->name) != 0 || strcmp(account.unit, c->unit) != 0)
                        fail_msg("%s: kind %d fault %d name '%s' unit '%s'", c->sentence,
                                 (int)account.kind, (int)account.fault, account.name, account.unit);
        }
}

/* threats 76: a megabyte costs no memory and is refused */
static void test_long_account(void **state) {
        static char typed[1024 * 1024 + 1];
        static const char fillers[] = { 'a', '9', ' ', '@', '\xe6' };
        Account account;

        (void)state;

        for (size_t i = 0; i < sizeof(fillers); i++) {
                memset(typed, fillers[i], sizeof(typed) - 1);
                account_parse(typed, &account);
                assert_int_equal(account.kind, ACCOUNT_INVALID);
                assert_string_equal(account.name, "");

                typed[257] = '\0';
                account_parse(typed, &account);
                assert_int_equal(account.kind, ACCOUNT_INVALID);
        }

        /* Spaces are free, however many. */
        memset(typed, ' ', sizeof(typed) - 1);
        memcpy(typed + sizeof(typed) / 2, "ceshi_jia", 9);
        account_parse(typed, &account);
        assert_string_equal(account.name, "ceshi_jia");
}

/* The refused text may be a password typed at the wrong prompt. */
static void test_refused_is_not_kept(void **state) {
        static const char zeros[sizeof(((Account *)NULL)->name)];
        Account account;

        (void)state;

        account_parse("Jia-pass1", &account);
        assert_int_equal(account.fault, ACCOUNT_FAULT_CHARACTERS);
        assert_memory_equal(account.name, zeros, sizeof(zeros));
}

/* Each of the 17 x 9 ways to mistype one digit is found: that is what the check character is for.
 * */
static void test_single_errors(void **state) {
        static const char good[] = "990101199001010019";

        (void)state;
        assert_int_equal(identity_number_check(good), ACCOUNT_FAULT_NONE);

        for (size_t i = 0; i < sizeof(good) - 1; i++)
                for (char c = '0'; c <= '9'; c++) {
                        char bad[sizeof(good)];

                        memcpy(bad, good, sizeof(good));
                        bad[i] = c;
                        if (c != good[i])
                                assert_int_not_equal(identity_number_check(bad),
                                                     ACCOUNT_FAULT_NONE);
                }

        assert_int_equal(identity_number_check("99010119900101001"), ACCOUNT_FAULT_LENGTH);
        assert_int_equal(identity_number_check("9901011990010100190"), ACCOUNT_FAULT_LENGTH);
        assert_int_equal(identity_number_check("99010119900101a019"), ACCOUNT_FAULT_CHARACTERS);
        assert_int_equal(identity_number_check("99010119790101004x"), ACCOUNT_FAULT_CHECK);
}

static const struct {
        const char *sentence;
        const char *code;
        bool valid;
} unit_cases[] = {
        { "a code with digit check character", "919900000000000018", true },
        { "a code with check character B", "91990000000000002B", true },
        { "a code with check character E", "91990000000000003E", true },
        { "a published code", "91350100M000100Y43", true },
        { "an old number of 15", "990101000000004", true },
        { "an old number of 15 with an organisation code in X", "99010100000000X", true },
        { "an old number of 17", "99010190010100101", true },
        { "an identity number as number of a business", "990101199001010019", true },
        { "an old number of 20", "99010119900101001901", true },
        { "an old number of 20 with X", "99010119790101004X01", true },
        { "nothing", "", false },
        { "14 characters", "99010100000000", false },
        { "16 characters", "9901010000000041", false },
        { "19 characters", "9199000000000000180", false },
        { "21 characters", "990101199001010019011", false },
        { "a wrong check character", "91990000000000002A", false },
        { "lower case", "91990000000000002b", false },
        { "the letter I", "9199000000000000I8", false },
        { "the letter O", "9199000000000000O8", false },
        { "the letter S", "9199000000000000S8", false },
        { "the letter V", "9199000000000000V8", false },
        { "the letter Z", "9199000000000000Z8", false },
        { "a letter in the region", "91A900000000000018", false },
        { "a space", "91990000000000001 ", false },
        { "a star", "*", false },
        { "a star of 15", "99010100000000*", false },
        { "full width is not canonical", "９1990000000000018", false },
};

/* threats 72 */
static void test_unit_codes(void **state) {
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(unit_cases); i++)
                if (unit_code_is_valid(unit_cases[i].code) != unit_cases[i].valid)
                        fail_msg("%s: %s", unit_cases[i].sentence, unit_cases[i].code);
}

/* Exactly one of the 31 check characters fits. */
static void test_unit_check_character(void **state) {
        char code[] = "91990000000000001?";
        size_t n = 0;

        (void)state;

        for (char c = '0'; c <= 'Z'; c++) {
                code[17] = c;
                n += unit_code_is_valid(code);
        }
        assert_int_equal(n, 1);
}

static const struct {
        const char *sentence;
        const char *password;
        PasswordFault fault;
} password_cases[] = {
        { "three classes of characters", "Jia-pass", PASSWORD_FAULT_NONE },
        { "upper case, lower case, digits", "Passw0rd", PASSWORD_FAULT_NONE },
        { "fifteen characters", "Abcdefghijklm-1", PASSWORD_FAULT_NONE },
        { "other scripts count as special", "密码密码abC1", PASSWORD_FAULT_NONE },
        { "seven characters", "Jia-pas", PASSWORD_FAULT_LENGTH },
        { "sixteen characters", "Abcdefghijklmn-1", PASSWORD_FAULT_LENGTH },
        { "seven Chinese characters are many bytes and still seven", "密码密码密Aa",
          PASSWORD_FAULT_LENGTH },
        { "nothing", "", PASSWORD_FAULT_LENGTH },
        { "a space", "Jia pass1-", PASSWORD_FAULT_SPACE },
        { "an ideographic space", "Jia　pass1-", PASSWORD_FAULT_SPACE },
        { "a control character", "Jia\tpass1", PASSWORD_FAULT_SPACE },
        { "a deletion", "Jia\177pass1", PASSWORD_FAULT_SPACE },
        { "not UTF-8", "Jia\377pass1", PASSWORD_FAULT_SPACE },
        { "two classes", "abcdefg1", PASSWORD_FAULT_CLASSES },
        { "one class", "12345678", PASSWORD_FAULT_CLASSES },
};

static void test_passwords(void **state) {
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(password_cases); i++)
                if (password_check(password_cases[i].password,
                                   strlen(password_cases[i].password)) != password_cases[i].fault)
                        fail_msg("%s", password_cases[i].sentence);

        assert_int_equal(password_check("Jia\0pass1", 9), PASSWORD_FAULT_SPACE);
}

static void test_login_names(void **state) {
        (void)state;

        assert_true(login_name_is_valid("ceshi_jia"));
        assert_true(login_name_is_valid("测试_戊"));
        assert_false(login_name_is_valid("19900000001"));
        assert_false(login_name_is_valid(" ceshi_jia"));
        assert_false(login_name_is_valid("ｃｅｓｈｉ"));
        assert_false(login_name_is_valid(""));
}

/* Every name, number and code of the demonstration data is what it claims to be. */
static void test_demo_data(void **state) {
        static const char *numbers[] = { "990101199001010019", "990101198501010029",
                                         "99010119790101004X", "990101200001010057",
                                         "990101197001010060", "990101199501010074",
                                         "990101199901010081", "99010119990101009X" };
        static const char *names[] = { "ceshi_jia", "ceshi_yi", "Ceshi_Bing",    "ceshi_ding",
                                       "测试_戊",   "ceshi_ji", "ceshi_tingyong" };
        static const char *passwords[] = { "Jia-pass1",  "Yi-pass22",  "Bing-pass3", "Ding-pass4",
                                           "Wu-pass555", "Ji-pass666", "Tingyong-7", "Declare-1" };
        char mobile[] = "1990000000?";

        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                assert_int_equal(identity_number_check(numbers[i]), ACCOUNT_FAULT_NONE);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                assert_true(login_name_is_valid(names[i]));
        for (size_t i = 0; i < ELEMENTSOF(passwords); i++)
                assert_int_equal(password_check(passwords[i], strlen(passwords[i])),
                                 PASSWORD_FAULT_NONE);
        for (char c = '1'; c <= '7'; c++) {
                Account account;

                mobile[10] = c;
                account_parse(mobile, &account);
                assert_int_equal(account.kind, ACCOUNT_MOBILE);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_accounts),
                cmocka_unit_test(test_long_account),
                cmocka_unit_test(test_refused_is_not_kept),
                cmocka_unit_test(test_single_errors),
                cmocka_unit_test(test_unit_codes),
                cmocka_unit_test(test_unit_check_character),
                cmocka_unit_test(test_passwords),
                cmocka_unit_test(test_login_names),
                cmocka_unit_test(test_demo_data),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
