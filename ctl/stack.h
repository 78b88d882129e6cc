/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Stack: the lines of a pam.d file as libpam takes them, and what a stack of them answers
 *
 * Both follow Linux-PAM, its manual pam.conf(5) and, where that is silent, what libpam does: a line that it cannot
 * make sense of is a line that fails, not one that is left out. A test holds them against the libpam of the machine.
 *
 * Nothing is called and nothing is loaded here: what a module would return is asked of the caller, who may name
 * several values for one line. Then every course that the stack can take is followed. */

#include <stdint.h>

#include "lib/common/util.h"

typedef enum StackKind {
        STACK_AUTH,
        STACK_ACCOUNT,
        STACK_PASSWORD,
        STACK_SESSION,
        _STACK_KIND_MAX,
} StackKind;

const char *stack_kind_to_string(StackKind kind);

/* Values that modules return are those of security/_pam_types.h, below this. */
#define STACK_CODES 32

/** stack_code_to_string() - the word that pam.d has for a value, "auth_err" and so on */
const char *stack_code_to_string(int code);

/* What becomes of a value: one of these, or a number of lines to jump over, above 0. */
enum {
        STACK_IGNORE = 0,
        STACK_GOOD = -1, /* "ok" */
        STACK_DONE = -2,
        STACK_BAD = -3,
        STACK_DIE = -4,
        STACK_RESET = -5,
        STACK_UNSET = -6, /* never in a line that has been read */
};

#define STACK_LEVELS 16            /* as PAM_SUBSTACK_MAX_LEVEL */
#define STACK_LINE_BYTES 1023      /* what libpam 1.5 takes of a line */
#define STACK_LINES 1024           /* of all files of a service together */
#define STACK_FILE_BYTES (256U * 1024U)

typedef enum StackFault {
        STACK_FINE,
        STACK_NO_KIND,       /* neither auth nor account, password, session */
        STACK_NO_CONTROL,    /* the line ends behind its first word */
        STACK_BAD_CONTROL,   /* what stands in brackets, or the word in its place, cannot be read */
        STACK_NO_MODULE,     /* nothing stands where the module should */
        STACK_NO_FILE,       /* the file to include is not there or cannot be read */
        STACK_TOO_DEEP,      /* files include each other, or too deep */
        STACK_TOO_LONG,      /* of the line, libpam 1.5 takes only the beginning */
        STACK_UNFINISHED,    /* the last line of the file ends in a backslash: libpam reads none of the service */
        _STACK_FAULT_MAX,
} StackFault;

typedef enum StackForm {
        STACK_MODULE,
        STACK_FAILS,    /* a line that libpam cannot read; it answers PAM_PERM_DENIED */
        STACK_SUBSTACK, /* here one begins: it counts for jumps, and is not asked */
} StackForm;

typedef struct StackLine {
        StackForm form;
        StackFault fault;
        const char *file; /* borrowed from the service */
        unsigned line;    /* where it begins */
        unsigned level;   /* of substacks */
        bool is_quiet;    /* "-": not logged when the module is missing */
        int actions[STACK_CODES];
        char *module;     /* as written; NULL where there is none; owned, as the words */
        char **words;     /* the module's own; end in NULL */
} StackLine;

typedef struct Stack {
        StackLine *lines;
        size_t n;
} Stack;

/* Something that stopped libpam from reading a file, or a line that it takes otherwise than it is meant. */
typedef struct StackRemark {
        StackFault fault;
        const char *file; /* borrowed from the service */
        unsigned line;
        char *text;       /* what it is about: a word, a file; owned, may be NULL */
} StackRemark;

typedef struct StackService {
        Stack stacks[_STACK_KIND_MAX];
        bool is_other[_STACK_KIND_MAX]; /* has no lines of its own: these are those of "other" */
        bool is_closed;                 /* libpam refuses whatever is asked, as it could not read on */
        char **files;                   /* all that were read, the service's own first; owned */
        size_t n_files;
        StackRemark *remarks;
        size_t n_remarks;
} StackService;

/* Where files are. */
typedef struct StackPlace {
        const char *root;           /* in front of every path; "" for this host */
        const char *const *folders; /* end in NULL; NULL: /etc/pam.d, then /usr/lib/pam.d */
} StackPlace;

/**
 * stack_read() - read all stacks of a service, as libpam does: the name in lower case, then "other" for kinds without lines
 *
 * Return: 0, -ENOENT when there is no file of this name (nor "other"), -E2BIG for more lines than STACK_LINES, or
 * another negative errno.
 */
int stack_read(const StackPlace *place, const char *service, StackService *ret);
void stack_service_done(StackService *service);

/** stack_file_read() - a whole file as a string, cut at its first NUL. Return: 0, -E2BIG or another negative errno. */
int stack_file_read(const char *root, const char *path, char **ret);

/** stack_control() - what stands in brackets, or a word like "required", as actions. Return: 0, STACK_BAD_CONTROL. */
StackFault stack_control(const char *text, int ret_actions[STACK_CODES]);

/* One thing that a line may do. */
typedef struct StackMove {
        int code;       /* what the module returns */
        int frozen;     /* whose action is taken: the same, or what the module returned in the run before */
        uint32_t facts; /* bits that the caller wants to have gathered on the way */
} StackMove;

/** StackOracle - what may line @i do? Fills up to STACK_CODES moves, returns how many (at least 1). */
typedef size_t StackOracle(const StackLine *line, size_t i, void *userdata, StackMove moves[STACK_CODES]);

#define STACK_NOBODY SIZE_MAX

typedef struct StackEnd {
        int code;       /* what the application gets */
        uint32_t facts; /* of all moves on the way */
        size_t giver;   /* the line that made it a success first; STACK_NOBODY */
} StackEnd;

typedef struct StackRun {
        StackEnd *ends; /* each once; owned */
        size_t n_ends;
        bool *reached;   /* each line: is it ever asked? owned */
        bool *overshoots; /* each line: does it jump behind the end of its stack? owned */
} StackRun;

/* What a jump does when pam_setcred() and pam_close_session() go the way of the run before: Debian's libpam ignores
 * the line's value, the original counts it as "ok". Without a run before them there is no difference. */
typedef enum StackJumps { STACK_JUMPS_IGNORED, STACK_JUMPS_COUNT } StackJumps;

/**
 * stack_run() - follow every course
 *
 * Return: 0, -E2BIG when there are too many of them, -ENOMEM.
 */
int stack_run(const Stack *stack, StackOracle *oracle, void *userdata, StackJumps jumps, StackRun *ret);
void stack_run_done(StackRun *run);
