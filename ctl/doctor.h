/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Doctor: what is wrong with the way in, found before somebody stands in front of it
 *
 * Each file looks at one side and adds what it finds to one report. A pam.d file is judged by what its stacks
 * answer (stack.h), not by how it is written: whatever way an administrator has found that works is fine. */

#include "ctl/ctl.h"
#include "ctl/stack.h"

typedef enum Severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE, _SEVERITY_MAX } Severity;

const char *severity_to_string(Severity severity); /* untranslated: "error", "warning", "note" */

/* What can be found; doctor-texts.c has the words. "{what}" in them is filled in. */
typedef enum Check {
        /* lines that libpam cannot read */
        CHECK_NO_KIND,
        CHECK_NO_CONTROL,
        CHECK_BAD_CONTROL,
        CHECK_NO_MODULE,
        CHECK_NO_INCLUDE,
        CHECK_TOO_DEEP,
        CHECK_TOO_LONG,
        CHECK_UNFINISHED,
        CHECK_NO_FILE,
        CHECK_NOT_READABLE,
        CHECK_TOO_MANY,
        CHECK_NOT_OURS,
        CHECK_MODULE_MISSING,
        CHECK_ITAX_MISSING,
        CHECK_OPTION,
        /* any stack */
        CHECK_JUMP,
        CHECK_NEVER_ASKED,
        CHECK_UNREACHABLE,
        CHECK_TWICE,
        CHECK_SUCCESS_REFUSED,
        /* auth */
        CHECK_DENIAL_IGNORED,
        CHECK_UNPROVEN,
        CHECK_NO_INFLUENCE,
        CHECK_OTHER_WAY,
        CHECK_BOTH_NEEDED,
        CHECK_ASKED_LATE,
        CHECK_LOCAL_OUT,
        CHECK_GONE_OUT,
        CHECK_AWAY_OUT,
        CHECK_ROOT_OUT,
        CHECK_NOBODY_IN,
        CHECK_GATE_SKIPPED,
        CHECK_SETCRED,
        CHECK_SETCRED_LOGIN,
        /* account, session, password */
        CHECK_NO_ACCOUNT,
        CHECK_NO_ACCOUNT_LINES,
        CHECK_ACCOUNT_IGNORED,
        CHECK_ACCOUNT_PASSED_BY,
        CHECK_ACCOUNT_SKIPS,
        CHECK_ACCOUNT_OUT,
        CHECK_ROOT_NOT_EXCEPTED,
        CHECK_NO_SESSION,
        CHECK_SESSION_OUT,
        CHECK_PASSWORD_IGNORED,
        CHECK_PASSWORD_OUT,
        /* files */
        CHECK_WRITABLE,
        CHECK_OWNER,
        CHECK_SECRET,
        CHECK_FILE_GONE,
        /* programs */
        CHECK_SSHD_PAM,
        CHECK_SSHD_KEYBOARD,
        CHECK_SSHD_GRACE,
        CHECK_LOGIN_TIMEOUT,
        CHECK_SKIP_LOGIN,
        CHECK_NSSWITCH,
        /* the chain */
        CHECK_CONFIGURATION,
        CHECK_NO_ITAXD,
        CHECK_DAEMON,
        CHECK_PLATFORM,
        CHECK_RELOAD,
        CHECK_AUDIT,
        CHECK_NOT_ROOT,
        _CHECK_MAX,
} Check;

typedef struct CheckRule {
        const char *name; /* for programs */
        Severity severity;
        const char *text, *advice; /* untranslated; both hold "{what}" at most once */
} CheckRule;

extern const CheckRule check_table[_CHECK_MAX];

typedef struct Finding {
        Check check;
        char *services; /* whose stacks have it, "login, sshd"; NULL for what belongs to none */
        char *file;     /* NULL where there is none */
        unsigned line;  /* 0: the whole file */
        char *text, *advice; /* in the language of the environment */
} Finding;

typedef struct Report {
        const char *root;    /* in front of every path; "" for this host */
        const char *service; /* the one that is being looked at; NULL for none */
        Finding *list;
        size_t n;
        size_t n_of[_SEVERITY_MAX];
        bool is_short; /* there was no room for all of them */
        bool is_away;  /* no daemon answers */
} Report;

/** report_add() - a finding, or another service that has one that is there; @file and @what may be NULL */
void report_add(Report *report, Check check, const char *file, unsigned line, const char *what);
void report_done(Report *report);

/* Sides. Each returns 0 or a negative errno that ends everything. */

/** doctor_service() - the stacks of a service that have been read */
int doctor_service(Report *report, const StackService *service);

/** doctor_answers() - what the stacks answer (doctor-answers.c) */
int doctor_answers(Report *report, const StackService *service);

/** stack_find_itax() - does pam_itax stand in it? Return: the first such line, or NULL */
const StackLine *stack_find_itax(const Stack *stack);

/** doctor_file(), doctor_configuration() - modes and owners: of a file and its folder, of what lies in /etc/itax */
int doctor_file(Report *report, const char *path);
int doctor_configuration(Report *report);

/** doctor_sshd(), doctor_login() - programs that have settings of their own; called when their stack has pam_itax */
int doctor_sshd(Report *report);
int doctor_login(Report *report);

/** doctor_users() - are users found that itaxd makes? */
int doctor_users(Report *report);

/** doctor_chain() - this host's daemon, and the platform behind it */
int doctor_chain(Report *report);

/** doctor_setting() - value of a key of itaxd.conf, the last one of all its files
 * @ret: owned by the caller; NULL when it is not set
 * @ret_file, @ret_line: where, @ret_file owned by the caller; both may be NULL
 */
int doctor_setting(const Report *report, const char *section, const char *key, char **ret, char **ret_file,
                   unsigned *ret_line);

/* What is known of modules (doctor-modules.c). */
typedef enum Role {
        ROLE_ITAX,
        ROLE_PROOF,     /* finds out who it is, by a password or otherwise */
        ROLE_GATE,      /* lets some in and not others, whoever they prove to be */
        ROLE_CONDITION, /* parts the ways by who the user is */
        ROLE_ROOTOK,    /* lets in whom it trusts already */
        ROLE_DENY,
        ROLE_PERMIT,
        ROLE_BYSTANDER, /* does something else */
        ROLE_COUNTER,   /* pam_faillock authfail: PAM_IGNORE, or a refusal */
        ROLE_UNKNOWN,
} Role;

Role module_role(const StackLine *line, StackKind kind);

/** module_condition() - does a pam_succeed_if line hold for root, for a user like others? */
typedef enum Truth { TRUTH_NO, TRUTH_YES, TRUTH_UNKNOWN } Truth;
typedef enum User { USER_ANY, USER_LOCAL, USER_ROOT } User;
Truth module_condition(const StackLine *line, User user);

/** module_option_fault() - the first word of a pam_itax line that it refuses; NULL for none */
const char *module_option_fault(const StackLine *line);

/** module_is_missing() - is there no such file in any folder of modules? */
bool module_is_missing(const char *root, const char *module);
