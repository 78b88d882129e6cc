/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "backend/command-table.h"

#define WORD_BYTES_MAX 40

static const CommandWords table[_COMMAND_MAX] = {
        [COMMAND_SERVE] = { { "serve" }, 0, 0, TAKES_SERVER, 0,
                            "--listen ADDRESS:PORT|unix:/PATH --issuer URL [OPTION]…" },
        [COMMAND_LOAD] = { { "load" }, 1, 1, TAKES_WHY, 0, "FILE [--why TEXT]" },
        [COMMAND_BACKUP] = { { "backup" }, 1, 1, 0, 0, "FILE" },
        [COMMAND_CODE_ISSUE] = { { "code", "issue" }, 0, 0,
                                 TAKES_NAME | TAKES_DOCUMENT_TYPE | TAKES_DOCUMENT_NUMBER |
                                         TAKES_WHY | TAKES_JSON,
                                 TAKES_NAME | TAKES_DOCUMENT_TYPE | TAKES_DOCUMENT_NUMBER |
                                         TAKES_WHY,
                                 "--name NAME --document-type TYPE --document-number NUMBER"
                                 " --why TEXT" },
        [COMMAND_CODE_LIST] = { { "code", "list" }, 0, 0, TAKES_JSON, 0, "[--json]" },
        [COMMAND_CODE_REVOKE] = { { "code", "revoke" }, 1, 1, TAKES_WHY, TAKES_WHY,
                                  "CODE --why TEXT" },
        [COMMAND_ACCOUNT_LIST] = { { "account", "list" }, 0, 0, TAKES_JSON, 0, "[--json]" },
        [COMMAND_ACCOUNT_SHOW] = { { "account", "show" }, 1, 1, TAKES_JSON, 0, "ACCOUNT [--json]" },
        [COMMAND_ACCOUNT_RESET] = { { "account", "reset" }, 1, 1, TAKES_PASSWORD_FILE | TAKES_WHY,
                                    TAKES_WHY, "ACCOUNT [--password-file FILE] --why TEXT" },
        [COMMAND_ACCOUNT_UNLOCK] = { { "account", "unlock" }, 1, 1, TAKES_WHY, TAKES_WHY,
                                     "ACCOUNT --why TEXT" },
        [COMMAND_ACCOUNT_DISABLE] = { { "account", "disable" }, 1, 1, TAKES_WHY, TAKES_WHY,
                                      "ACCOUNT --why TEXT" },
        [COMMAND_ACCOUNT_ENABLE] = { { "account", "enable" }, 1, 1, TAKES_WHY, TAKES_WHY,
                                     "ACCOUNT --why TEXT" },
        [COMMAND_UNIT_LIST] = { { "unit", "list" }, 0, 0, TAKES_JSON, 0, "[--json]" },
        [COMMAND_UNIT_SHOW] = { { "unit", "show" }, 1, 1, TAKES_JSON, 0, "UNIT-CODE [--json]" },
        [COMMAND_UNIT_ADD] = { { "unit", "add" }, 1, 1,
                               TAKES_NAME | TAKES_LEGAL_REPRESENTATIVE | TAKES_FINANCE_MANAGER |
                                       TAKES_PASSWORD_FILE | TAKES_WHY,
                               TAKES_NAME | TAKES_WHY,
                               "UNIT-CODE --name NAME [--legal-representative ACCOUNT]"
                               " [--finance-manager ACCOUNT] [--password-file FILE] --why TEXT" },
        [COMMAND_UNIT_CHANGE] = { { "unit", "change" }, 1, 1,
                                  TAKES_NAME | TAKES_LEGAL_REPRESENTATIVE | TAKES_FINANCE_MANAGER |
                                          TAKES_WHY,
                                  TAKES_WHY,
                                  "UNIT-CODE [--name NAME] [--legal-representative ACCOUNT|-]"
                                  " [--finance-manager ACCOUNT|-] --why TEXT" },
        [COMMAND_UNIT_CA] = { { "unit", "ca" }, 2, 2, TAKES_WHY, TAKES_WHY,
                              "UNIT-CODE on|off --why TEXT" },
        [COMMAND_UNIT_RESET] = { { "unit", "reset" }, 1, 1, TAKES_PASSWORD_FILE | TAKES_WHY,
                                 TAKES_WHY, "UNIT-CODE [--password-file FILE] --why TEXT" },
        [COMMAND_UNIT_UNLOCK] = { { "unit", "unlock" }, 1, 1, TAKES_WHY, TAKES_WHY,
                                  "UNIT-CODE --why TEXT" },
        [COMMAND_RELATION_LIST] = { { "relation", "list" }, 0, 1, TAKES_JSON, 0,
                                    "[ACCOUNT|UNIT-CODE] [--json]" },
        [COMMAND_RELATION_GRANT] = { { "relation", "grant" }, 2, 2, TAKES_WHY, TAKES_WHY,
                                     "ACCOUNT UNIT-CODE --why TEXT" },
        [COMMAND_RELATION_REVOKE] = { { "relation", "revoke" }, 2, 2, TAKES_WHY, TAKES_WHY,
                                      "ACCOUNT UNIT-CODE --why TEXT" },
        [COMMAND_CLIENT_LIST] = { { "client", "list" }, 0, 0, TAKES_JSON, 0, "[--json]" },
        [COMMAND_CLIENT_ADD] = { { "client", "add" }, 1, 1,
                                 TAKES_SECRET_FILE | TAKES_NOTE | TAKES_WHY, 0,
                                 "ID [--secret-file FILE] [--note TEXT] [--why TEXT]" },
        [COMMAND_CLIENT_ROTATE] = { { "client", "rotate" }, 1, 1,
                                    TAKES_SECRET_FILE | TAKES_KEEP_OLD | TAKES_WHY, 0,
                                    "ID [--secret-file FILE] [--keep-old DURATION] [--why TEXT]" },
        [COMMAND_CLIENT_REVOKE] = { { "client", "revoke" }, 1, 1, TAKES_WHY, 0,
                                    "ID [--why TEXT]" },
        [COMMAND_AUDIT_LIST] = { { "audit", "list" }, 0, 0, TAKES_SINCE | TAKES_JSON, 0,
                                 "[--since DAY|DURATION] [--json]" },
};

const CommandWords *command_words(Command command) {
        return &table[command];
}

void command_name(Command command, char ret[static COMMAND_NAME_BYTES + 1]) {
        const CommandWords *c = &table[command];

        (void)snprintf(ret, COMMAND_NAME_BYTES + 1, "%s%s%s", c->words[0], c->words[1] ? " " : "",
                       c->words[1] ? c->words[1] : "");
}

/* How many characters have to be put in, taken out or replaced to make one of the other
 * (Levenshtein). */
static size_t distance(const char *a, const char *b) {
        size_t row[WORD_BYTES_MAX + 1], n = strlen(b);

        for (size_t k = 0; k <= n; k++)
                row[k] = k;
        for (size_t i = 1; a[i - 1]; i++) {
                size_t before = row[0];

                row[0] = i;
                for (size_t k = 1; k <= n; k++) {
                        size_t replaced = before + (a[i - 1] != b[k - 1]), least = row[k] + 1;

                        before = row[k];
                        least = row[k - 1] + 1 < least ? row[k - 1] + 1 : least;
                        row[k] = replaced < least ? replaced : least;
                }
        }
        return row[n];
}

static Command nearest(const char *said) {
        size_t best = strlen(said) / 3 + 2;
        Command found = _COMMAND_MAX;

        for (Command i = 0; i < _COMMAND_MAX; i++) {
                char name[COMMAND_NAME_BYTES + 1];
                size_t n;

                command_name(i, name);
                n = distance(said, name);
                if (n < best) {
                        best = n;
                        found = i;
                }
        }
        return found;
}

static void tell_of_group(const char *group) {
        const char *between = "";

        fprintf(stderr, "itax-backend: '%s' wants another word: ", group);
        for (Command i = 0; i < _COMMAND_MAX; i++)
                if (table[i].words[1] && strcmp(table[i].words[0], group) == 0) {
                        fprintf(stderr, "%s%s", between, table[i].words[1]);
                        between = ", ";
                }
        fputc('\n', stderr);
}

static void tell_of_nearest(size_t n, char **words) {
        char said[WORD_BYTES_MAX + 1], name[COMMAND_NAME_BYTES + 1];
        Command near;

        (void)snprintf(said, sizeof(said), "%.19s%s%.19s", words[0], n > 1 ? " " : "",
                       n > 1 ? words[1] : "");
        near = nearest(said);
        if (near == _COMMAND_MAX && n > 1) /* what follows a single word is an argument */
                near = nearest(words[0]);
        if (near == _COMMAND_MAX) {
                fprintf(stderr, "itax-backend: there is no command '%s'; itax-backend --help"
                                " lists them\n",
                        said);
                return;
        }
        command_name(near, name);
        fprintf(stderr, "itax-backend: there is no command '%s'; did you mean '%s'?\n", said, name);
}

static bool group_has_near(char **words) {
        char said[WORD_BYTES_MAX + 1];
        Command near;

        (void)snprintf(said, sizeof(said), "%.19s %.19s", words[0], words[1]);
        near = nearest(said);
        return near != _COMMAND_MAX && strcmp(table[near].words[0], words[0]) == 0;
}

Command command_find(size_t n, char **words) {
        bool is_group = false;

        if (n == 0) {
                fputs("itax-backend: what is to be done? itax-backend --help lists the commands\n",
                      stderr);
                return _COMMAND_MAX;
        }
        for (Command i = 0; i < _COMMAND_MAX; i++) {
                if (strcmp(words[0], table[i].words[0]) != 0)
                        continue;
                if (!table[i].words[1] || (n > 1 && strcmp(words[1], table[i].words[1]) == 0))
                        return i;
                is_group = true;
        }
        if (is_group && (n == 1 || !group_has_near(words)))
                tell_of_group(words[0]);
        else
                tell_of_nearest(n, words);
        return _COMMAND_MAX;
}

void command_table_print(void) {
        for (Command i = 0; i < _COMMAND_MAX; i++) {
                char name[COMMAND_NAME_BYTES + 1];

                command_name(i, name);
                printf("  itax-backend [--store STORE] %s %s\n", name, table[i].usage);
        }
}
