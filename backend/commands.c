/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/command.h"
#include "backend/commands.h"

static int (*const functions[_COMMAND_MAX])(Store *, const Options *) = {
        [COMMAND_LOAD] = command_load,
        [COMMAND_CODE_ISSUE] = command_code_issue,
        [COMMAND_CODE_LIST] = command_code_list,
        [COMMAND_CODE_REVOKE] = command_code_revoke,
        [COMMAND_ACCOUNT_LIST] = command_account_list,
        [COMMAND_ACCOUNT_SHOW] = command_account_show,
        [COMMAND_ACCOUNT_RESET] = command_account_reset,
        [COMMAND_ACCOUNT_UNLOCK] = command_account_unlock,
        [COMMAND_ACCOUNT_DISABLE] = command_account_disable,
        [COMMAND_ACCOUNT_ENABLE] = command_account_enable,
        [COMMAND_UNIT_LIST] = command_unit_list,
        [COMMAND_UNIT_SHOW] = command_unit_show,
        [COMMAND_UNIT_ADD] = command_unit_add,
        [COMMAND_UNIT_CHANGE] = command_unit_change,
        [COMMAND_UNIT_CA] = command_unit_ca,
        [COMMAND_UNIT_RESET] = command_unit_reset,
        [COMMAND_UNIT_UNLOCK] = command_unit_unlock,
        [COMMAND_RELATION_LIST] = command_relation_list,
        [COMMAND_RELATION_GRANT] = command_relation_grant,
        [COMMAND_RELATION_REVOKE] = command_relation_revoke,
        [COMMAND_CLIENT_LIST] = command_client_list,
        [COMMAND_CLIENT_ADD] = command_client_add,
        [COMMAND_CLIENT_ROTATE] = command_client_rotate,
        [COMMAND_CLIENT_REVOKE] = command_client_revoke,
        [COMMAND_AUDIT_LIST] = command_audit_list,
};

static int store_failed(const char *store, int r) {
        bool database = strstr(store, "://") != NULL; /* which has told why by itself */
        char buffer[128];

        fprintf(stderr, "itax-backend: %s: %s\n", store,
                r != -EBUSY ? strerror_r(-r, buffer, sizeof(buffer))
                : database  ? "the database cannot be used now, or others write to it; try again"
                            : "another program has been writing to it for too long; try again");
        return COMMAND_E_STORE;
}

int command_run(const Options *options) {
        _cleanup_(store_closep) Store *store = NULL;
        int r;

        if (options->command == COMMAND_BACKUP) {
                r = command_backup(options);
                return r == 0 && fflush(stdout) != 0 ? COMMAND_E_STORE : r;
        }
        r = store_open(options->store, &store);
        if (r > 0) {
                (void)command_refuse("%s: %s", r == STORE_E_ADDRESS ? "--store" : options->store,
                                     store_fault(r));
                return COMMAND_E_STORE;
        }
        if (r == 0)
                r = functions[options->command](store, options);
        if (r < 0)
                return store_failed(options->store, r);
        if (fflush(stdout) != 0) {
                (void)command_refuse("the output could not be written");
                return COMMAND_E_STORE;
        }
        return r;
}
