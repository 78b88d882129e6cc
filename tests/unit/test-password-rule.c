/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The rule of a new password: every rule that is broken is told, and only those. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/common/password-rule.h"
#include "lib/common/util.h"

#define SHORT PASSWORD_RULE_SHORT
#define LONG PASSWORD_RULE_LONG
#define CLASSES PASSWORD_RULE_CLASSES
#define SPACE PASSWORD_RULE_SPACE
#define CHARACTERS PASSWORD_RULE_CHARACTERS

static const struct {
        const char *sentence, *password;
        size_t n; /* 0: strlen() */
        unsigned broken;
} cases[] = {
        { "three kinds of character in eight", "Jia-pass", 0, 0 },
        { "all four in fifteen", "Abcdefghijkl-12", 0, 0 },
        { "upper case, digits, special", "ABC-1234", 0, 0 },
        { "lower case, digits, special", "abc-1234", 0, 0 },
        { "Chinese characters are special", "密码密码abC1", 0, 0 },
        { "fifteen characters of four bytes each and three kinds", "𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀aA", 0, 0 },
        { "nothing", "", 0, SHORT | CLASSES },
        { "seven characters", "Jia-pas", 0, SHORT },
        { "seven characters of one kind", "1234567", 0, SHORT | CLASSES },
        { "eight of one kind", "12345678", 0, CLASSES },
        { "eight of two kinds", "abcdefg1", 0, CLASSES },
        { "sixteen characters", "Abcdefghijklmn-1", 0, LONG },
        { "sixteen of one kind", "aaaaaaaaaaaaaaaa", 0, LONG | CLASSES },
        { "a space in the middle", "Jia pass1-", 0, SPACE },
        { "a space in front", " Jia-pass1", 0, SPACE },
        { "a space behind", "Jia-pass1 ", 0, SPACE },
        { "spaces only: they are no kind of character", "        ", 0, SPACE | CLASSES },
        { "a space does not make the third kind", "abc 1234", 0, SPACE | CLASSES },
        { "an ideographic space", "Jia　pass1-", 0, SPACE },
        { "a no-break space", "Jia\xc2\xa0pass1", 0, SPACE },
        { "a tab", "Jia\tpass1-", 0, CHARACTERS },
        { "a newline", "Jia-pass1\n", 0, CHARACTERS },
        { "a deletion", "Jia-\177pass1", 0, CHARACTERS },
        { "a C1 control", "Jia-\xc2\x9bpass1", 0, CHARACTERS },
        { "a NUL among them", "Jia\0-pass1", 10, CHARACTERS },
        { "not UTF-8 from the ninth on", "Jia-pass\377", 0, CHARACTERS },
        { "not UTF-8 at all", "\377\376", 0, CHARACTERS | SHORT | CLASSES },
        { "a character cut off", "Jia-pass1\xe5\xaf", 0, CHARACTERS },
        { "everything at once", "a \001", 0, SHORT | CLASSES | SPACE | CHARACTERS },
};

static void test_rules(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                size_t n = cases[i].n ? cases[i].n : strlen(cases[i].password);
                char *copy = malloc(n ? n : 1); /* of its own size, for the sanitizer */
                unsigned broken;

                assert_non_null(copy);
                memcpy(copy, cases[i].password, n);
                broken = password_rules_broken(copy, n);
                free(copy);
                if (broken != cases[i].broken)
                        fail_msg("%s: %#x", cases[i].sentence, broken);
        }
}

/* Among all lengths of one good pattern exactly 8 to 15 are fit. */
static void test_every_length(void **state) {
        static const char pattern[] = "aB3-aB3-aB3-aB3-aB3-aB3-";

        (void)state;
        for (size_t n = 3; n < sizeof(pattern); n++)
                assert_int_equal(password_rules_broken(pattern, n),
                                 n < PASSWORD_CHARS_MIN   ? SHORT
                                 : n > PASSWORD_CHARS_MAX ? LONG
                                                          : 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_rules),
                cmocka_unit_test(test_every_length),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
