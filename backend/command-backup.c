/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "backend/store-backup.h"
#include "backend/command.h"

int command_backup(const Options *options) {
        const char *to = options->arguments[0];
        char buffer[128];
        int64_t n_bytes;
        int r;

        r = store_backup(options->store, to, &n_bytes);
        if (r == STORE_BACKUP_E_KIND)
                return command_refuse("backup copies a store that is a file; a PostgreSQL database"
                                      " is copied with pg_dump --format=custom");
        if (r == STORE_BACKUP_E_EXISTS)
                return command_refuse("%s or %s.new is there already; nothing is overwritten", to,
                                      to);
        if (r == STORE_BACKUP_E_DAMAGED) {
                (void)command_refuse("%s: damaged, or no store; no backup was made",
                                     options->store);
                return COMMAND_E_STORE;
        }
        if (r < 0) {
                (void)command_refuse("backup of %s to %s: %s", options->store, to,
                                     strerror_r(-r, buffer, sizeof(buffer)));
                return COMMAND_E_STORE;
        }
        printf("%s: %lld bytes\n", to, (long long)n_bytes);
        return 0;
}
