/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Options: the command line of itax-backend */

#include "backend/server.h"

typedef enum Command {
        COMMAND_SERVE,
        COMMAND_LOAD,
        COMMAND_CLIENT_ADD,
        COMMAND_CLIENT_REVOKE,
        COMMAND_ACCOUNT_DISABLE,
        COMMAND_ACCOUNT_ENABLE,
        COMMAND_ACCOUNT_UNLOCK,
        COMMAND_RELATION_GRANT,
        COMMAND_RELATION_REVOKE,
        COMMAND_UNIT_UNLOCK,
        _COMMAND_MAX,
} Command;

#define COMMAND_ARGUMENTS_MAX 2

typedef struct Options {
        Command command;
        const char *store;
        const char *arguments[COMMAND_ARGUMENTS_MAX]; /* as many as the command takes */
        const char *secret_file;
        ServerOptions server;
} Options;

enum {
        OPTIONS_E_USAGE = 1, /* told on stderr */
        OPTIONS_E_SHOWN,     /* --help or --version: told on stdout, nothing to do */
};

/** options_read() - Return: 0 or OPTIONS_E_*. What @ret holds points into @argv. */
int options_read(int argc, char **argv, Options *ret);
