/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Identity: which kind of name an account or a unit was called by, and whether it can be right
 *
 * All of it is arithmetic on strings: no table of people, no clock. What fails here is told to the
 * person at once and costs no try. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/common/limits.h"

typedef enum AccountKind {
        ACCOUNT_LOGIN_NAME, /* 2-16 letters, digits, Chinese characters, "_"; not digits only */
        ACCOUNT_MOBILE,     /* 11 digits, first 1, second 3-9 */
        ACCOUNT_IDENTITY,   /* resident identity card, 18 characters, GB 11643-1999 */
        ACCOUNT_INVALID,
        _ACCOUNT_KIND_MAX,
} AccountKind;

/* What is wrong with an account that is ACCOUNT_INVALID. The texts for people are in the daemon. */
typedef enum AccountFault {
        ACCOUNT_FAULT_NONE,
        ACCOUNT_FAULT_EMPTY,
        ACCOUNT_FAULT_LENGTH,     /* no kind has this length */
        ACCOUNT_FAULT_CHARACTERS, /* a character that no kind has */
        ACCOUNT_FAULT_CHECK,      /* 18 characters, but the check character does not fit */
        ACCOUNT_FAULT_DATE,       /* 18 characters, but no such birth date */
        ACCOUNT_FAULT_DIGITS,     /* digits only, and neither mobile number nor identity number */
        ACCOUNT_FAULT_MOBILE,     /* 11 digits, but no mobile number begins like that */
        ACCOUNT_FAULT_OLD_IDENTITY, /* 15 digits, as on identity cards of the first generation */
        ACCOUNT_FAULT_DOCUMENT,   /* 18 characters, of another document than the resident card */
} AccountFault;

/* An account as typed, taken apart. */
typedef struct Account {
        AccountKind kind;
        AccountFault fault;
        char name[LIMIT_ACCOUNT_BYTES + 1];      /* canonical: see account_parse() */
        char unit[LIMIT_UNIT_CODE_BYTES + 1]; /* what stood behind '@', canonical; "" if nothing */
} Account;

/**
 * account_parse() - take apart what a person typed as account
 * @typed: any bytes
 * @ret: always filled; .kind is ACCOUNT_INVALID with .fault when it cannot be an account
 *
 * Canonical form: spaces around it removed (also U+3000), full-width letters, digits, '@' and '_'
 * made plain, a lower-case 'x' at the end of an identity number made upper case, "+86" and what
 * divides the groups of a mobile or identity number (spaces, dashes) removed. Case of a login
 * name stays. "@UNIT-CODE" behind the account is split off; a unit code that cannot be right makes
 * the account invalid with ACCOUNT_FAULT_CHARACTERS. NFC is not applied here: Chinese characters
 * have no other normal form, and combining marks are refused as ACCOUNT_FAULT_CHARACTERS.
 *
 * An invalid account leaves nothing of what was typed: it may have been a password. Only
 * "@UNIT-CODE" with nothing before it is ACCOUNT_FAULT_EMPTY and keeps its unit.
 */
void account_parse(const char *typed, Account *ret);

/** account_looks_like_document() - has a login name the shape of the number of a document that is
 * no resident identity card? Passport, permits of residents of Hong Kong, Macao and Taiwan, permanent
 * residence card of before 2023. By shape alone: a login name may have it too. */
bool account_looks_like_document(const char *name);

/** identity_number_check() - GB 11643-1999: 17 digits, a date that exists, the check character
 * (0-9, X) */
AccountFault identity_number_check(const char *number);

/** unit_code_is_valid() - GB 32100-2015 (18 characters with check character), or a taxpayer number
 * as they were given out before: 15, 17 or 20 digits and upper-case letters, or, with 18, the
 * identity number of the owner */
bool unit_code_is_valid(const char *code);

/** login_name_is_valid() - the rule of a login name alone; used where one is registered */
bool login_name_is_valid(const char *name);

typedef enum PasswordFault {
        PASSWORD_FAULT_NONE,
        PASSWORD_FAULT_LENGTH,  /* not 8-15 characters */
        PASSWORD_FAULT_SPACE,   /* has a space or a control character */
        PASSWORD_FAULT_CLASSES, /* fewer than three of upper case, lower case, digits, special */
} PasswordFault;

/** password_check() - password_rules_broken() of password-rule.h in one word; @n bytes at
 * @password */
PasswordFault password_check(const char *password, size_t n);
