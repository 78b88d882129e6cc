/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Itaxctl: what its files share. Exit status: 0 done or granted, 1 no, 2 wrong usage, 3 no daemon. */

#include "lib/common/secret.h"
#include "lib/common/util.h"

enum {
        CTL_OK = 0,
        CTL_NO = 1,
        CTL_USAGE = 2,
        CTL_AWAY = 3,
};

/* What the options say; NULL where not given. */
typedef struct CtlOptions {
        const char *service;
        const char *method;
        const char *unit;
        const char *prompts;
        const char *rhost;
} CtlOptions;

/** ctl_status() - is the way to the daemon open? Return: CTL_OK, CTL_AWAY. */
int ctl_status(void);

/** ctl_try() - a login as @name, a local user or else an account, in this terminal. Return: CTL_*. */
int ctl_try(const char *name, const CtlOptions *options);

/** ctl_explain() - a condition of lib/client in words */
const char *ctl_explain(int r);

typedef enum TerminalEcho { TERMINAL_ECHO, TERMINAL_HIDE } TerminalEcho;

/**
 * terminal_ask() - print a question, read one line from standard input
 * @ret: without the newline, owned by the caller
 *
 * Return: 0, -ECANCELED at end of file or on SIGINT and SIGTERM, -E2BIG when the line is longer than
 * LIMIT_ANSWER_BYTES, or another negative errno.
 */
int terminal_ask(const char *question, TerminalEcho echo, Secret **ret);
