/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>

#include "lib/common/password-rule.h"
#include "lib/common/text.h"

/* The four kinds of character, a bit each. */
enum {
        CLASS_UPPER = 1 << 0,
        CLASS_LOWER = 1 << 1,
        CLASS_DIGIT = 1 << 2,
        CLASS_SPECIAL = 1 << 3,
};

static unsigned class_of(uint32_t c) {
        if (c >= 'A' && c <= 'Z')
                return CLASS_UPPER;
        if (c >= 'a' && c <= 'z')
                return CLASS_LOWER;
        if (c >= '0' && c <= '9')
                return CLASS_DIGIT;
        return CLASS_SPECIAL;
}

unsigned password_rules_broken(const char *password, size_t n) {
        unsigned broken = 0, classes = 0;
        size_t n_chars = 0;

        for (size_t i = 0, n_bytes; i < n; i += n_bytes) {
                uint32_t c;

                n_bytes = text_decode(password + i, n - i, &c);
                if (n_bytes == 0) {
                        broken |= PASSWORD_RULE_CHARACTERS;
                        break;
                }
                n_chars++;
                if (c == ' ' || c == 0xa0 || c == 0x3000)
                        broken |= PASSWORD_RULE_SPACE;
                else if (c < ' ' || (c >= 0x7f && c <= 0x9f))
                        broken |= PASSWORD_RULE_CHARACTERS;
                else
                        classes |= class_of(c);
        }

        if (n_chars < PASSWORD_CHARS_MIN)
                broken |= PASSWORD_RULE_SHORT;
        if (n_chars > PASSWORD_CHARS_MAX)
                broken |= PASSWORD_RULE_LONG;
        if (__builtin_popcount(classes) < PASSWORD_CLASSES_MIN)
                broken |= PASSWORD_RULE_CLASSES;
        return broken;
}
