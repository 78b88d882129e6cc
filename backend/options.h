/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Options: the command line of itax-backend */

#include "backend/command-table.h"
#include "backend/server.h"

#define WHY_BYTES_MAX 512
#define KEEP_OLD_MAX_SEC (90 * 86400)

typedef struct Options {
        Command command;
        const char *store;
        const char *arguments[COMMAND_ARGUMENTS_MAX]; /* as many as were given, else NULL */
        /* of single commands; NULL when not given */
        const char *secret_file, *password_file, *why, *name, *document_type, *document_number,
                *legal_representative, *finance_manager, *note;
        int64_t since;        /* seconds since 1970 */
        int64_t keep_old_sec; /* 0: not at all */
        bool json;
        ServerOptions server;
} Options;

enum {
        OPTIONS_E_USAGE = 1, /* told on stderr */
        OPTIONS_E_SHOWN,     /* --help or --version: told on stdout, nothing to do */
};

/** options_read() - Return: 0 or OPTIONS_E_*. What @ret holds points into @argv. */
int options_read(int argc, char **argv, Options *ret);
