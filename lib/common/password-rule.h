/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Password rule: what a new account password or declaration password must be (spec.md section 2)
 *
 * 8-15 characters, at least three of upper case, lower case, digits and special characters, no
 * space. Arithmetic on one string: workstation and platform say the same about it, and each rule that
 * is broken can be told in words. Whether it is the old one is another question. */

#include <stddef.h>

#define PASSWORD_CHARS_MIN 8
#define PASSWORD_CHARS_MAX 15
#define PASSWORD_CLASSES_MIN 3

/* The broken rules, as a set. */
typedef enum PasswordRule {
        PASSWORD_RULE_SHORT = 1 << 0,      /* fewer than PASSWORD_CHARS_MIN characters */
        PASSWORD_RULE_LONG = 1 << 1,       /* more than PASSWORD_CHARS_MAX */
        PASSWORD_RULE_CLASSES = 1 << 2,    /* fewer than PASSWORD_CLASSES_MIN kinds of character */
        PASSWORD_RULE_SPACE = 1 << 3,      /* a space, also U+00A0 or U+3000 */
        PASSWORD_RULE_CHARACTERS = 1 << 4, /* a control character, or not UTF-8 */
} PasswordRule;

/**
 * password_rules_broken() - hold a new password against the rule
 * @password: @n bytes, need not end in NUL; a NUL among them is a control character
 *
 * Whatever is neither an ASCII letter nor an ASCII digit counts as special, also a Chinese
 * character; lengths are in characters. A password that is not UTF-8 is judged up to where it ends
 * to be.
 *
 * Return: 0 when it is fit, else PasswordRule bits.
 */
unsigned password_rules_broken(const char *password, size_t n);
