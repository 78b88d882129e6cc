/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Identity: what can be said about a name without asking anybody
 *
 * Typing is brought to one form first (full-width to plain, spaces away), one character at a time,
 * so that no length of input needs memory; then the kind follows from length and characters alone.
 * */

#include <stdint.h>
#include <string.h>

#include "lib/common/identity.h"
#include "lib/common/password-rule.h"
#include "lib/common/text.h"
#include "lib/common/util.h"

#define IDENTITY_CHARS 18
#define MOBILE_CHARS 11
#define OLD_IDENTITY_CHARS 15
#define YEAR_MIN 1900
#define YEAR_MAX 2100

/* The character at *s, which is moved behind it; -1 for anything malformed. */
static int32_t character_next(const char **s, const char *end) {
        uint32_t c;
        size_t n = text_decode(*s, (size_t)(end - *s), &c);

        if (n == 0)
                return -1;

        *s += n;
        return (int32_t)c;
}

static bool is_digit(int32_t c) {
        return c >= '0' && c <= '9';
}

static bool is_upper(int32_t c) {
        return c >= 'A' && c <= 'Z';
}

static bool is_lower(int32_t c) {
        return c >= 'a' && c <= 'z';
}

static bool is_space(int32_t c) {
        return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x3000;
}

/* Unified ideographs (Unicode 15, blocks A to H) and the ideographic zero. Of the compatibility
 * ideographs only the twelve that are unified in truth: the others have a second normal form, so
 * one name could be written in two ways. */
static bool is_chinese(int32_t c) {
        static const struct {
                int32_t first, last;
        } ranges[] = {
                { 0x3007, 0x3007 },   { 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },
                { 0xfa0e, 0xfa0f },   { 0xfa11, 0xfa11 },   { 0xfa13, 0xfa14 },
                { 0xfa1f, 0xfa1f },   { 0xfa21, 0xfa21 },   { 0xfa23, 0xfa24 },
                { 0xfa27, 0xfa29 },   { 0x20000, 0x2a6df }, { 0x2a700, 0x2ebe0 },
                { 0x30000, 0x323af },
        };

        for (size_t i = 0; i < ELEMENTSOF(ranges); i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return true;
        return false;
}

/* How many characters of @s come first that are plain digits. */
static size_t count_digits(const char *s) {
        return strspn(s, "0123456789");
}

static bool date_exists(const char *yyyymmdd) {
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        int n[8], year, month, day;
        bool leap;

        for (size_t i = 0; i < ELEMENTSOF(n); i++)
                n[i] = yyyymmdd[i] - '0';
        year = n[0] * 1000 + n[1] * 100 + n[2] * 10 + n[3];
        month = n[4] * 10 + n[5];
        day = n[6] * 10 + n[7];

        if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1)
                return false;

        leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        return day <= days[month - 1] + (leap && month == 2 ? 1 : 0);
}

AccountFault identity_number_check(const char *number) {
        /* GB 11643-1999: weights 2^(18-i) mod 11, ISO 7064 MOD 11-2 */
        static const int weights[] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
        int sum = 0;

        if (strlen(number) != IDENTITY_CHARS)
                return ACCOUNT_FAULT_LENGTH;
        if (count_digits(number) < IDENTITY_CHARS - 1)
                return ACCOUNT_FAULT_CHARACTERS;

        /* The date first: it tells the person more about where to look. */
        if (!date_exists(number + 6))
                return ACCOUNT_FAULT_DATE;

        for (size_t i = 0; i < ELEMENTSOF(weights); i++)
                sum += weights[i] * (number[i] - '0');
        return number[IDENTITY_CHARS - 1] == "10X98765432"[sum % 11] ? ACCOUNT_FAULT_NONE
                                                                     : ACCOUNT_FAULT_CHECK;
}

static bool credit_code_is_valid(const char *code) {
        /* GB 32100-2015: no letters I, O, S, V, Z; weights 3^(i-1) mod 31; a region in digits */
        static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
        static const int weights[] = { 1,  3,  9,  27, 19, 26, 16, 17, 20,
                                       29, 25, 13, 8,  24, 10, 30, 28 };
        int sum = 0;

        if (count_digits(code + 2) < 6)
                return false;

        for (size_t i = 0; i < ELEMENTSOF(weights); i++) {
                const char *p = strchr(alphabet, code[i]);

                if (!p)
                        return false;
                sum += weights[i] * (int)(p - alphabet);
        }
        return code[ELEMENTSOF(weights)] == alphabet[(31 - sum % 31) % 31];
}

bool unit_code_is_valid(const char *code) {
        size_t n = strlen(code);

        for (size_t i = 0; i < n; i++)
                if (!is_digit(code[i]) && !is_upper(code[i]))
                        return false;

        switch (n) {
        case 15: /* region and organisation code, or an old identity number */
        case 17: /* old identity number and two characters */
        case 20: /* identity number and two characters */
                return true;
        case IDENTITY_CHARS: /* before 2015 the owner's identity number served a business */
                return credit_code_is_valid(code) ||
                       identity_number_check(code) == ACCOUNT_FAULT_NONE;
        default:
                return false;
        }
}

static AccountFault login_name_check(const char *name) {
        const char *end = name + strlen(name);
        size_t n_chars = 0;
        bool digits_only = true, foreign = false;

        for (const char *p = name; p < end;) {
                int32_t c = character_next(&p, end);

                if (c < 0)
                        return ACCOUNT_FAULT_CHARACTERS;

                n_chars++;
                digits_only = digits_only && is_digit(c);
                foreign = foreign ||
                          !(is_digit(c) || is_upper(c) || is_lower(c) || c == '_' || is_chinese(c));
        }

        if (n_chars == 0)
                return ACCOUNT_FAULT_EMPTY;
        if (foreign)
                return ACCOUNT_FAULT_CHARACTERS;
        if (digits_only)
                return ACCOUNT_FAULT_DIGITS;
        if (n_chars < 2 || n_chars > LIMIT_LOGIN_NAME_CHARS)
                return ACCOUNT_FAULT_LENGTH;
        return ACCOUNT_FAULT_NONE;
}

bool login_name_is_valid(const char *name) {
        return login_name_check(name) == ACCOUNT_FAULT_NONE;
}

/* Who registered with one of these has no resident identity card: residence permits of residents of
 * Hong Kong, Macao and Taiwan (81, 82, 83 and four zeros in place of a region), and the foreigner's
 * permanent residence card of 2023 (9, then the province's two digits; unit codes may begin like
 * that, but have no date of birth). */
static bool is_residence_number(const char *number) {
        int province = (number[1] - '0') * 10 + (number[2] - '0');

        return strncmp(number, "810000", 6) == 0 || strncmp(number, "820000", 6) == 0 ||
               strncmp(number, "830000", 6) == 0 ||
               (number[0] == '9' && province >= 11 && province <= 65 &&
                identity_number_check(number) == ACCOUNT_FAULT_NONE);
}

static AccountFault digits_fault(size_t n) {
        switch (n) {
        case MOBILE_CHARS:
                return ACCOUNT_FAULT_MOBILE;
        case OLD_IDENTITY_CHARS:
                return ACCOUNT_FAULT_OLD_IDENTITY;
        case MOBILE_CHARS - 1:
        case MOBILE_CHARS + 1:
        case IDENTITY_CHARS - 1:
        case IDENTITY_CHARS + 1:
                return ACCOUNT_FAULT_LENGTH;
        default:
                return ACCOUNT_FAULT_DIGITS;
        }
}

static AccountFault name_classify(char *name, AccountKind *ret_kind) {
        size_t n = strlen(name), n_digits = count_digits(name);
        AccountFault fault;

        if (n == MOBILE_CHARS && n_digits == n && name[0] == '1' && name[1] >= '3') {
                *ret_kind = ACCOUNT_MOBILE;
                return ACCOUNT_FAULT_NONE;
        }

        /* Too long for a login name: 17 digits and a letter are meant as an identity number. */
        if (n == IDENTITY_CHARS && n_digits >= IDENTITY_CHARS - 1 &&
            (n_digits == n || is_upper(name[n - 1]) || is_lower(name[n - 1]))) {
                if (name[n - 1] == 'x')
                        name[n - 1] = 'X';
                *ret_kind = ACCOUNT_IDENTITY;
                return is_residence_number(name) ? ACCOUNT_FAULT_DOCUMENT
                                                 : identity_number_check(name);
        }
        if (n > 0 && n_digits == n)
                return digits_fault(n);

        fault = login_name_check(name);
        if (fault == ACCOUNT_FAULT_NONE)
                *ret_kind = ACCOUNT_LOGIN_NAME;
        return fault;
}

/* The part of what was typed from @s to @end, spaces around it removed, in plain characters. */
static AccountFault part_normalise(const char *s, const char *end, char *ret, size_t n_max) {
        size_t n = 0, n_kept = 0;

        while (s < end) {
                const char *from = s;
                int32_t c = character_next(&s, end);
                size_t n_bytes = (size_t)(s - from);
                char plain;

                if (c < 0)
                        return ACCOUNT_FAULT_CHARACTERS;

                /* A space counts only if something follows it, and is refused then. */
                if (is_space(c)) {
                        if (n > 0 && n < n_max)
                                ret[n++] = ' ';
                        continue;
                }

                if (c >= 0xff01 && c <= 0xff5e) {
                        plain = (char)(c - 0xff01 + '!');
                        from = &plain;
                        n_bytes = 1;
                }
                if (n + n_bytes > n_max)
                        return ACCOUNT_FAULT_LENGTH;

                memcpy(ret + n, from, n_bytes);
                n += n_bytes;
                n_kept = n;
        }

        ret[n_kept] = '\0';
        return ACCOUNT_FAULT_NONE;
}

static bool is_divider(int32_t c) {
        return c == ' ' || c == '-' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212;
}

/* "199-0000-0001", "+86 199 0000 0001", "990101 19900101 0019": numbers as they stand on cards.
 * What is no such number stays as it is. */
static void number_join(char *name) {
        char joined[IDENTITY_CHARS + 1];
        const char *p = strncmp(name, "+86", 3) == 0 ? name + 3 : name, *end = p + strlen(p);
        bool fits = true, is_mobile = p != name;
        size_t n = 0;

        while (p < end && fits) {
                int32_t c = character_next(&p, end);

                if (is_divider(c))
                        continue;
                fits = n < IDENTITY_CHARS &&
                       (is_digit(c) || (n == IDENTITY_CHARS - 1 && (c == 'X' || c == 'x')));
                if (fits)
                        joined[n++] = (char)c;
        }

        if (fits && (n == MOBILE_CHARS || (n == IDENTITY_CHARS && !is_mobile))) {
                memcpy(name, joined, n);
                name[n] = '\0';
        }
        explicit_bzero(joined, sizeof(joined));
}

/* The first '@' of either width, NULL if there is none or the text before it is malformed. */
static const char *find_at(const char *s, const char *end) {
        while (s < end) {
                const char *here = s;
                int32_t c = character_next(&s, end);

                if (c < 0)
                        return NULL;
                if (c == '@' || c == 0xff20)
                        return here;
        }
        return NULL;
}

static AccountFault unit_parse(const char *at, const char *end, char *ret) {
        AccountFault fault;

        (void)character_next(&at, end);
        fault = part_normalise(at, end, ret, LIMIT_UNIT_CODE_BYTES);
        if (fault != ACCOUNT_FAULT_NONE)
                return ACCOUNT_FAULT_CHARACTERS;

        for (char *p = ret; *p; p++)
                if (is_lower(*p))
                        *p = (char)(*p - 'a' + 'A');
        return unit_code_is_valid(ret) ? ACCOUNT_FAULT_NONE : ACCOUNT_FAULT_CHARACTERS;
}

void account_parse(const char *typed, Account *ret) {
        const char *end = typed + strlen(typed), *at = find_at(typed, end);

        *ret = (Account){ .kind = ACCOUNT_INVALID };

        if (at)
                ret->fault = unit_parse(at, end, ret->unit);
        if (ret->fault == ACCOUNT_FAULT_NONE)
                ret->fault = part_normalise(typed, at ? at : end, ret->name, LIMIT_ACCOUNT_BYTES);
        if (ret->fault == ACCOUNT_FAULT_NONE) {
                number_join(ret->name);
                ret->fault = name_classify(ret->name, &ret->kind);
        }

        /* What is not an account may be a password typed at the wrong prompt: it is not kept.
         * "@UNIT" alone keeps its unit, as an empty account means something to the caller. */
        if (ret->fault != ACCOUNT_FAULT_NONE) {
                ret->kind = ACCOUNT_INVALID;
                explicit_bzero(ret->name, sizeof(ret->name));
                if (ret->fault != ACCOUNT_FAULT_EMPTY)
                        explicit_bzero(ret->unit, sizeof(ret->unit));
        }
}

bool account_looks_like_document(const char *name) {
        size_t n = strlen(name), n_letters = 0, n_digits;

        while (is_upper(name[n_letters]) || is_lower(name[n_letters]))
                n_letters++;
        n_digits = count_digits(name + n_letters);

        if (n_letters + n_digits == n)
                switch (n_letters) {
                case 1: /* passport, permit of residents of Hong Kong and Macao */
                        return n_digits == 8 || n_digits == 10;
                case 2: /* passport */
                        return n_digits == 7;
                case 3: /* permanent residence card */
                        return n_digits == 12;
                default:
                        return false;
                }

        /* The longer permit of residents of Taiwan: ten digits and a letter */
        return n_letters == 0 && n_digits == 10 && n == 11 &&
               (is_upper(name[10]) || is_lower(name[10]));
}

PasswordFault password_check(const char *password, size_t n) {
        unsigned broken = password_rules_broken(password, n);

        if (broken & (PASSWORD_RULE_SPACE | PASSWORD_RULE_CHARACTERS))
                return PASSWORD_FAULT_SPACE;
        if (broken & (PASSWORD_RULE_SHORT | PASSWORD_RULE_LONG))
                return PASSWORD_FAULT_LENGTH;
        return broken ? PASSWORD_FAULT_CLASSES : PASSWORD_FAULT_NONE;
}
