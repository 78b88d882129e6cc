/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Say: what the machine wants said, without the words
 *
 * The words are in daemon/texts.c (English, translated by gettext). One list, so that no id can be
 * without its text: a test walks it. Behind each id stands what its members hold. */

#include <stdint.h>

typedef enum SayId {
        SAY_NONE,

        /* Questions. "_OR_..." offers an empty answer as another way, or "p" beside a code. */
        SAY_ASK_ACCOUNT,
        SAY_ASK_ACCOUNT_OR_QR,
        SAY_ASK_PASSWORD,
        SAY_ASK_PASSWORD_OR_QR,
        SAY_ASK_CAPTCHA,
        SAY_ASK_CAPTCHA_OR_QR,
        SAY_ASK_CONFIRMED,
        SAY_ASK_CONFIRMED_OR_PASSWORD,
        SAY_ASK_DIGITS,
        SAY_ASK_DIGITS_OR_PASSWORD,
        SAY_ASK_UNIT,
        SAY_ASK_UNIT_OR_START,
        SAY_ASK_UNIT_PASSWORD,
        SAY_ASK_UNIT_PASSWORD_OR_LIST,
        SAY_ASK_UNIT_PASSWORD_OR_BACK,
        SAY_ASK_UNIT_CAPTCHA,
        SAY_ASK_UNIT_CAPTCHA_OR_LIST,
        SAY_ASK_UNIT_CAPTCHA_OR_BACK,
        SAY_ASK_UNIT_WAY,
        SAY_ASK_UNIT_WAY_OR_BACK,
        SAY_ASK_PIN,
        SAY_ASK_PIN_OR_BACK,
        SAY_ASK_PASSWORD_CURRENT,
        SAY_ASK_NEW_PASSWORD,
        SAY_ASK_NEW_PASSWORD_AGAIN,
        SAY_ASK_LINKS,
        SAY_ASK_ONE, /* the one hidden answer of a single-answer client */

        /* The account as typed */
        SAY_ACCOUNT_EMPTY,
        SAY_ACCOUNT_LENGTH,
        SAY_ACCOUNT_CHARACTERS,
        SAY_ACCOUNT_CHECK,
        SAY_ACCOUNT_DATE,
        SAY_ACCOUNT_DIGITS,
        SAY_ACCOUNT_MOBILE,
        SAY_ACCOUNT_OLD_IDENTITY,
        SAY_ACCOUNT_DOCUMENT,
        SAY_ACCOUNT_OTHER_UNIT, /* .text: the code that alone is admitted here */

        /* Password and captcha */
        SAY_PASSWORD_EMPTY,
        SAY_PASSWORD_IMPOSSIBLE, /* too long, or with control characters */
        SAY_PASSWORD_WRONG,
        SAY_PASSWORD_WRONG_TRIES, /* .number: tries left */
        SAY_PASSWORD_BACK,     /* "b" leads to the account */
        SAY_PASSWORD_DOCUMENT, /* the account may be the number of another document */
        SAY_CAPTCHA_DUE,
        SAY_CAPTCHA_WRONG,
        SAY_CAPTCHA_NO_PICTURE,     /* and cannot be shown: on with the phone */
        SAY_CAPTCHA_NO_PICTURE_END, /* or not at all */
        SAY_LOCKED,
        SAY_LOCKED_MINUTES, /* .number: minutes left */
        SAY_DISABLED,

        /* QR login */
        SAY_SCAN_INVITE,
        SAY_SCAN_ADDRESS, /* .text: address, .text2: code to type there */
        SAY_SCAN_ADDRESS_ONLY, /* likewise, where no picture can be shown */
        SAY_SCAN_OPEN,    /* .text: address; likewise, without a code to type */
        SAY_SCAN_KEY,     /* Enter leads to account and password */
        SAY_SCAN_DIGITS,  /* the phone will show six digits */
        SAY_SCAN_WAITING,
        SAY_SCAN_SCANNED,
        SAY_SCAN_CONFIRMED, /* confirmed; the digits are wanted */
        SAY_SCAN_RENEWED,
        SAY_SCAN_REFUSED,
        SAY_SCAN_OVER, /* no further code */
        SAY_SCAN_UNBOUND, /* the platform cannot bind phone and remote session */
        SAY_DIGITS_SHAPE,
        SAY_DIGITS_WRONG,
        SAY_DIGITS_WRONG_TRIES, /* .number: tries left */
        SAY_DIGITS_OVER,

        /* Who it was */
        SAY_WRONG_PHONE,   /* the phone belongs to somebody else */
        SAY_WRONG_PERSON,  /* the account is not that of the user asked for */
        SAY_NO_LOCAL_USER, /* .text: name of the person */

        /* The platform's pages */
        SAY_LINKS_INVITE,
        SAY_LINKS_WRONG,
        SAY_LINKS_NONE,
        SAY_LINKS_FORGOT_PASSWORD, /* choices */
        SAY_LINKS_REGISTER,
        SAY_LINKS_APP,
        SAY_LINKS_FORGOT_DECLARATION,
        SAY_LINK_FORGOT_PASSWORD, /* .text: address */
        SAY_LINK_REGISTER,
        SAY_LINK_APP,
        SAY_LINK_FORGOT_DECLARATION,
        SAY_LINK_FORGOT_DECLARATION_APP, /* .text: address of the app; the picture leads there */

        /* Another password */
        SAY_NEW_PASSWORD_RULES,
        SAY_NEW_PASSWORD_EMPTY,
        SAY_NEW_PASSWORD_SHORT,
        SAY_NEW_PASSWORD_LONG,
        SAY_NEW_PASSWORD_CLASSES,
        SAY_NEW_PASSWORD_SPACE,
        SAY_NEW_PASSWORD_CHARACTERS,
        SAY_NEW_PASSWORD_SAME,
        SAY_NEW_PASSWORD_DIFFERENT, /* from the repetition */
        SAY_NEW_PASSWORD_WEAK,      /* the platform has a rule that is not ours */
        SAY_NEW_PASSWORD_CHANGED,

        /* Units */
        SAY_UNIT_PERSON,  /* .text: name of the person who needs a unit */
        SAY_UNIT_INVITE,
        SAY_UNIT_PAGES,   /* .number: units in all */
        SAY_UNIT_PAGE,    /* .text: its number, .text2: how many there are */
        SAY_UNIT_FOUND,   /* .number: units found; they are what is listed */
        SAY_UNIT_FOUND_PAGES, /* more of them than a page holds */
        SAY_UNIT_FOUND_NONE,
        SAY_UNIT_ENTRY,   /* .text: name, .text2: code */
        SAY_UNIT_ENTRY_LAST, /* likewise, the last one used */
        SAY_UNIT_CHOSEN,  /* likewise */
        SAY_UNIT_NONE,
        SAY_UNIT_NONE_ALLOWED,
        SAY_UNIT_NOT_ALLOWED, /* .text: code; not one of those that this host admits */
        SAY_UNIT_CHOICE_WRONG,
        SAY_UNIT_NOT_YOURS, /* .text: code */
        SAY_UNIT_UNRELATED, /* .text: name */
        SAY_UNIT_NO_WAY,    /* .text: name; no way to verify it here */
        SAY_UNIT_AMBIGUOUS, /* several, and no way to ask */
        SAY_UNIT_PASSWORD_EMPTY,
        SAY_UNIT_PASSWORD_IMPOSSIBLE,
        SAY_UNIT_PASSWORD_SAME, /* equal to the account password */
        SAY_UNIT_PASSWORD_WRONG,
        SAY_UNIT_PASSWORD_WRONG_TRIES, /* .number: tries left */
        SAY_UNIT_LOCKED,
        SAY_UNIT_LOCKED_MINUTES, /* .number: minutes left */
        SAY_UNIT_WAY_INVITE,
        SAY_UNIT_WAY_PASSWORD, /* choices */
        SAY_UNIT_WAY_CERTIFICATE,
        SAY_UNIT_WAY_WRONG,

        /* The unit's certificate */
        SAY_PIN_EMPTY,
        SAY_PIN_IMPOSSIBLE,
        SAY_PIN_SAME, /* equal to another answer */
        SAY_PIN_WRONG,
        SAY_PIN_WRONG_TRIES, /* .number: tries left */
        SAY_PIN_LOCKED,
        SAY_PIN_OVER, /* wrong too often in this login */
        SAY_CERTIFICATE_NO_KEY,
        SAY_CERTIFICATE_FAILED,
        SAY_CERTIFICATE_UNTRUSTED,
        SAY_CERTIFICATE_EXPIRED,
        SAY_CERTIFICATE_REVOKED,
        SAY_CERTIFICATE_USAGE,
        SAY_CERTIFICATE_OTHER_UNIT,
        SAY_CERTIFICATE_SIGNATURE,

        /* The old unit login */
        SAY_UNIT_LOGIN, /* .text: code */
        SAY_UNIT_LOGIN_CLOSED,
        SAY_UNIT_LOGIN_WRONG,
        SAY_UNIT_LOGIN_WRONG_TRIES, /* .number: tries left */
        SAY_UNIT_NO_LOCAL_USER, /* .text: code */

        /* Ends */
        SAY_TIMEOUT,
        SAY_UNAVAILABLE,
        SAY_TOO_MANY_ANSWERS,
        SAY_CLIENT_CANNOT, /* the program cannot ask what has to be asked */
        SAY_ONE_CAPTCHA,   /* a captcha is due, and the program has one answer only */
        _SAY_MAX,
} SayId;

typedef struct Say {
        SayId id;
        int64_t number;     /* tries, minutes, count */
        const char *text;   /* a name, an address; already filtered; borrowed */
        const char *text2;
} Say;
