/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Itaxctl: what its files share. Exit status: 0 done or granted, 1 no or something found, 2 wrong usage, 3 no
 * daemon, 4 not permitted.
 *
 * Texts for people are in the language of the environment; what another program reads (--json) is not. */

#include <libintl.h>
#include <stdio.h>

#include "lib/common/secret.h"
#include "lib/common/util.h"

enum {
        CTL_OK = 0,
        CTL_NO = 1,
        CTL_USAGE = 2,
        CTL_AWAY = 3,
        CTL_DENIED = 4,
};

#define _(text) gettext(text)
#define N_(text) text

#define CTL_SERVICE "itaxctl" /* whose login is tried, if no other is named */

/* What the options say; NULL where not given. A flag holds its own name. */
typedef struct CtlOptions {
        const char *service;
        const char *method;
        const char *unit;
        const char *prompts;
        const char *rhost;
        const char *account;
        const char *date;
        const char *json;
        const char *file;
        const char *system;
        const char *root;
        const char *journal;
        const char *head;
} CtlOptions;

/* Verbs. @arguments end in NULL and are as many as main.c says. Return: CTL_*. */

/** ctl_status() - is the way to the daemon and to the platform open? */
int ctl_status(char **arguments, const CtlOptions *options);
/** ctl_doctor() - what is wrong with the way in? Of the services in @arguments, else of all */
int ctl_doctor(char **arguments, const CtlOptions *options);
/** ctl_try() - a login as arguments[0], a local user or else an account, in this terminal */
int ctl_try(char **arguments, const CtlOptions *options);
/** ctl_sessions() - who works here? */
int ctl_sessions(char **arguments, const CtlOptions *options);
/** ctl_end() - end the session whose name begins with arguments[0] */
int ctl_end(char **arguments, const CtlOptions *options);
/** ctl_logins() - who is logging in at this moment? */
int ctl_logins(char **arguments, const CtlOptions *options);
/** ctl_lock_show() - what may nobody try for a while? */
int ctl_lock_show(char **arguments, const CtlOptions *options);
/** ctl_log() - what the journal has of login arguments[0], or how the last ones ended */
int ctl_log(char **arguments, const CtlOptions *options);
/** ctl_user_list() and so on - the map from accounts to local users: list it, add a user's accounts, remove them */
int ctl_user_list(char **arguments, const CtlOptions *options);
int ctl_user_map(char **arguments, const CtlOptions *options);
int ctl_user_unmap(char **arguments, const CtlOptions *options);
/** ctl_simulate() - what would an account, a unit, a service get on a day? */
int ctl_simulate(char **arguments, const CtlOptions *options);
/** ctl_config_check() and so on - what itaxd itself says of its files */
int ctl_config_check(char **arguments, const CtlOptions *options);
int ctl_config_show(char **arguments, const CtlOptions *options);
int ctl_audit_verify(char **arguments, const CtlOptions *options);

/** ctl_complain() - "itaxctl: " and a sentence on standard error */
void ctl_complain(const char *format, ...) _printf_(1, 2);

/** ctl_explain() - a condition of lib/client in words */
const char *ctl_explain(int r);

/** ctl_fail() - say on standard error why a call of lib/client failed. Return: the exit status for it. */
int ctl_fail(int r);

/** ctl_setting() - the value that holds in itaxd for a key; owned by the caller. Return: 0, -ENOENT where itaxd
 * does not tell, or another negative errno. */
int ctl_setting(const char *section, const char *key, char **ret);

/** journal_head() - the newest ITAX_AUDIT_HASH that the daemon has told the journal; owned by the caller.
 * @folder: as --journal, NULL for that of this host. Return: 0, -ENOENT for none, or another negative errno. */
int journal_head(const char *folder, char **ret);

#define TIME_BYTES sizeof("2026-01-02 03:04")

/** format_time() - seconds since 1970 in local time; "?" for 0 */
void format_time(uint64_t sec, char ret[static TIME_BYTES]);

/** progress_show(), progress_hide() - on a terminal, say what is being waited for; nothing elsewhere */
void progress_show(const char *what);
void progress_hide(void);

#define RUN_OUTPUT_BYTES (16U * 1024U * 1024U)

/**
 * run_program() - run a program without a shell, and keep what it says
 * @path: an absolute path
 * @argv: ends in NULL
 * @ret_output: standard output, then standard error where @with_errors; owned by the caller
 * @ret_status: its exit status, 128 and more for the end by a signal
 *
 * Return: 0, -ENOENT when there is no such program, -E2BIG, or another negative errno.
 */
typedef enum RunOutput { RUN_OUTPUT, RUN_OUTPUT_AND_ERRORS } RunOutput;
int run_program(const char *path, const char *const *argv, RunOutput wanted, char **ret_output, int *ret_status);

/* A table with as many columns as there are headings; cells are as wide as what stands in them. */
#define TABLE_COLUMNS 8

/** table_print() - headings, then @n_rows rows; NULL cells are "-" */
void table_print(FILE *out, const char *const headings[TABLE_COLUMNS], size_t n_rows,
                 const char *(*cell)(size_t row, size_t column, void *userdata), void *userdata);

/** label_print() - "LABEL  VALUE" with the values in one column, which starts at @width */
void label_print(FILE *out, const char *label, size_t width, const char *value);

/** label_print_part() - the label alone, without an end of line */
void label_print_part(FILE *out, const char *label, size_t width);

/* JSON, written member by member. A key may be NULL (in an array). */
typedef struct Json {
        FILE *out;
        bool has_member; /* a comma is due */
} Json;

void json_open(Json *json, const char *key, char bracket);
void json_close(Json *json, char bracket);
void json_string(Json *json, const char *key, const char *value); /* NULL becomes null */
void json_number(Json *json, const char *key, uint64_t value);
void json_signed(Json *json, const char *key, int64_t value);
void json_truth(Json *json, const char *key, bool value);

typedef enum TerminalEcho { TERMINAL_ECHO, TERMINAL_HIDE } TerminalEcho;

/**
 * terminal_ask() - print a question, read one line from standard input
 * @ret: without the newline, owned by the caller
 *
 * Return: 0, -ECANCELED at end of file or on SIGINT and SIGTERM, -E2BIG when the line is longer than
 * LIMIT_ANSWER_BYTES, or another negative errno.
 */
int terminal_ask(const char *question, TerminalEcho echo, Secret **ret);
