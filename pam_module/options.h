/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Options: what a line in pam.d may say behind pam_itax.so; doc/man/pam_itax.8 says it to administrators
 *
 *      method=any|password|qr            how to log in; default: the daemon's configuration
 *      unit=off|ask|required|CODE        whether a unit is wanted, and which one
 *      prompts=auto|many|buffered|one    what the application can do with prompts
 *      max_age=SECONDS                   a login of the same user not older than this may be resumed
 *      timeout=SECONDS                   for the whole login, where that is less than the daemon gives
 *      only=unit                         verify a unit for the person who is already logged in
 *      use_first_pass, try_first_pass    take an earlier module's password first, or alone
 *      others=ignore|deny|mapped         account: of those who did not log in here
 *      quiet                             as if the application had set PAM_SILENT
 *      debug                             a line in the log for each step
 *
 * An option that is unknown, given twice, has another value or contradicts another one makes every call of
 * the line fail: a line that was not understood must not decide who gets in. */

#include "lib/common/util.h"

/* Values are borrowed from the arguments of the line; NULL, 0 or false when not given. */
typedef struct Options {
        const char *method;
        const char *unit;
        const char *prompts;
        const char *only;
        const char *others;
        unsigned max_age_sec;
        unsigned timeout_sec;
        bool use_first_pass;
        bool try_first_pass;
        bool quiet;
        bool debug;
} Options;

enum {
        OPTIONS_E_UNKNOWN = 1, /* no such option */
        OPTIONS_E_VALUE,       /* not a value of this option, or one for an option without */
        OPTIONS_E_TWICE,
        OPTIONS_E_CONFLICT,    /* it contradicts another one */
};

/**
 * options_parse() - read the arguments of a line
 * @ret_argument: the argument that is wrong; only when the result is not 0
 *
 * Return: 0 or OPTIONS_E_*.
 */
int options_parse(int argc, const char **argv, Options *ret, const char **ret_argument);
