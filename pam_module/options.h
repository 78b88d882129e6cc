/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Options: what a line in pam.d may say behind pam_itax.so
 *
 *      method=any|password|qr            how to log in; default: the daemon's configuration
 *      unit=off|ask|required|CODE        whether a unit is wanted, and which one
 *      prompts=auto|many|buffered|one    what the application can do with prompts
 *      quiet                             as if the application had set PAM_SILENT
 *      debug                             a line in the log for each step
 *
 * An option that is unknown, given twice or has another value makes every call of the line fail: a line
 * that was not understood must not decide who gets in. */

#include "lib/common/util.h"

/* Values are borrowed from the arguments of the line; NULL when not given. */
typedef struct Options {
        const char *method;
        const char *unit;
        const char *prompts;
        bool quiet;
        bool debug;
} Options;

enum {
        OPTIONS_E_UNKNOWN = 1, /* no such option */
        OPTIONS_E_VALUE,       /* not a value of this option, or one for an option without */
        OPTIONS_E_TWICE,
};

/**
 * options_parse() - read the arguments of a line
 * @ret_argument: the argument that is wrong; only when the result is not 0
 *
 * Return: 0 or OPTIONS_E_*.
 */
int options_parse(int argc, const char **argv, Options *ret, const char **ret_argument);
