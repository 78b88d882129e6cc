/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Command table: the words of each command, and which options belong to it */

#include <stddef.h>

#include "lib/common/util.h"

typedef enum Command {
        COMMAND_SERVE,
        COMMAND_LOAD,
        COMMAND_BACKUP,
        COMMAND_CODE_ISSUE,
        COMMAND_CODE_LIST,
        COMMAND_CODE_REVOKE,
        COMMAND_ACCOUNT_LIST,
        COMMAND_ACCOUNT_SHOW,
        COMMAND_ACCOUNT_RESET,
        COMMAND_ACCOUNT_UNLOCK,
        COMMAND_ACCOUNT_DISABLE,
        COMMAND_ACCOUNT_ENABLE,
        COMMAND_UNIT_LIST,
        COMMAND_UNIT_SHOW,
        COMMAND_UNIT_ADD,
        COMMAND_UNIT_CHANGE,
        COMMAND_UNIT_CA,
        COMMAND_UNIT_RESET,
        COMMAND_UNIT_UNLOCK,
        COMMAND_RELATION_LIST,
        COMMAND_RELATION_GRANT,
        COMMAND_RELATION_REVOKE,
        COMMAND_CLIENT_LIST,
        COMMAND_CLIENT_ADD,
        COMMAND_CLIENT_ROTATE,
        COMMAND_CLIENT_REVOKE,
        COMMAND_AUDIT_LIST,
        _COMMAND_MAX,
} Command;

#define COMMAND_ARGUMENTS_MAX 2
#define COMMAND_NAME_BYTES 32

/* Options that belong to some commands only, as a set. */
typedef enum CommandOption {
        TAKES_SERVER = 1 << 0, /* whatever `serve` is told */
        TAKES_WHY = 1 << 1,
        TAKES_JSON = 1 << 2,
        TAKES_NAME = 1 << 3,
        TAKES_DOCUMENT_TYPE = 1 << 4,
        TAKES_DOCUMENT_NUMBER = 1 << 5,
        TAKES_LEGAL_REPRESENTATIVE = 1 << 6,
        TAKES_FINANCE_MANAGER = 1 << 7,
        TAKES_PASSWORD_FILE = 1 << 8,
        TAKES_SECRET_FILE = 1 << 9,
        TAKES_NOTE = 1 << 10,
        TAKES_KEEP_OLD = 1 << 11,
        TAKES_SINCE = 1 << 12,
} CommandOption;

typedef struct CommandWords {
        const char *words[2]; /* the second is NULL where one is enough */
        size_t n_arguments_min, n_arguments_max;
        unsigned takes, needs; /* sets of CommandOption */
        const char *usage;
} CommandWords;

const CommandWords *command_words(Command command);

/** command_name() - "account reset" */
void command_name(Command command, char ret[static COMMAND_NAME_BYTES + 1]);

/** command_find() - which command @words begin with; told on stderr, with the nearest one, when
 * there is none. Return: the command, _COMMAND_MAX for none. */
Command command_find(size_t n, char **words);

/** command_table_print() - all of them with their usage */
void command_table_print(void);
