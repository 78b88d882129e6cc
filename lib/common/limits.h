/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Limits: every length and count that crosses a border, in one place
 *
 * All lengths are bytes without the terminating NUL. Whoever receives data checks the limit; whoever
 * sends data may rely on it. A value above its limit is refused, never cut. */

/* What a person types */
#define LIMIT_ANSWER_BYTES           256  /* one answer at a prompt; PAM allows 512 */
#define LIMIT_ACCOUNT_BYTES          96   /* account as typed, with "@UNIT-CODE" behind it */
#define LIMIT_LOGIN_NAME_CHARS       16   /* spec.md section 2 */
#define LIMIT_PASSWORD_BYTES         128  /* spec says 8-15 characters; other platforms allow more */
#define LIMIT_CAPTCHA_ANSWER_BYTES   16
#define LIMIT_DIGITS                 6    /* the six digits of a remote QR login */

/* What a PAM application says of itself */
#define LIMIT_SERVICE_BYTES          64
#define LIMIT_USER_BYTES             256
#define LIMIT_TTY_BYTES              64
#define LIMIT_HOST_BYTES             255  /* RFC 1035 section 2.3.4 */
#define LIMIT_LOCALE_BYTES           32
#define LIMIT_OPTION_BYTES           32   /* a word of an option: method, unit, prompts */
#define LIMIT_TIMEOUT_MIN_SEC        10   /* of one login, as pam.d and itaxd.conf may set it */
#define LIMIT_TIMEOUT_MAX_SEC        600
#define LIMIT_MAX_AGE_SEC            86400 /* how old a login may be that is resumed */
#define LIMIT_SESSION_BYTES          32   /* id of a session: 128 random bits in hex digits */

/* What is shown */
#define LIMIT_STEP_TEXT_BYTES        2048
#define LIMIT_STEP_PROMPT_BYTES      256
#define LIMIT_STEP_PICTURE_BYTES     16384 /* a version 10 code in half blocks with colours is 12 kB */
#define LIMIT_STEP_CHOICES           20
#define LIMIT_STEP_CHOICE_BYTES      256

/* What the platform says */
#define LIMIT_BODY_BYTES             65536
#define LIMIT_JSON_DEPTH             8
#define LIMIT_TOKEN_BYTES            4096
#define LIMIT_URI_BYTES              512
#define LIMIT_NAME_BYTES             192  /* name of a person or unit */
#define LIMIT_SUBJECT_BYTES          64
#define LIMIT_UNIT_CODE_BYTES        20   /* 18 by GB 32100-2015; older taxpayer numbers 15-20 */
#define LIMIT_UNITS                  200  /* units of one person */
#define LIMIT_CAPTCHA_PNG_BYTES      32768
#define LIMIT_CAPTCHA_WIDTH_PIXELS   256
#define LIMIT_CAPTCHA_HEIGHT_PIXELS  96

/* How much at once */
#define LIMIT_LOGINS                 12000 /* in one itaxd */
#define LIMIT_LOGINS_PER_UID         16    /* of one caller that is neither root nor a service */
#define LIMIT_LOGINS_PER_SERVICE     1000  /* of one service uid of the configuration */

/* Time, microseconds where the name says so */
#define LIMIT_DAEMON_WAIT_USEC       (5 * 1000000ULL)  /* until itaxd answers OpenLogin */
#define LIMIT_HOLD_USEC              (18 * 1000000ULL) /* a reply is held this long, then repeated */
#define LIMIT_NEXT_WAIT_USEC         (25 * 1000000ULL) /* a client waits this long for one Next */
#define LIMIT_BACKEND_WAIT_USEC      (15 * 1000000ULL) /* highest settable bound for one answer */
