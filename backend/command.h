/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Command: what all commands of the hall and the operator share
 *
 * A command returns the exit status of the program, or -errno when the store failed. Whatever it
 * changes, it changes in one transaction, with one row of the audit in it that tells who did it and
 * why; a server that runs on the same store notices within a second. */

#include "backend/hash-pool.h"
#include "backend/model-account.h"
#include "backend/model-unit.h"
#include "backend/options.h"
#include "backend/store.h"
#include "lib/common/secret.h"

enum {
        COMMAND_E_REFUSED = 1, /* told on stderr; nothing was changed */
        COMMAND_E_USAGE,
        COMMAND_E_STORE,
};

/** command_refuse() - say on stderr what is wrong and what to do. Return: COMMAND_E_REFUSED. */
_printf_(1, 2) int command_refuse(const char *format, ...);

/** command_commit() - write the audit's row for what was changed in @transaction, then commit
 * @object: whom or what it changed, identity numbers and mobile numbers masked
 *
 * Return: 0 or -errno. */
int command_commit(Transaction *transaction, const Options *options, const char *object);

/** command_who() - "operator:NAME": who logged in to this machine, else who became another user by
 * sudo, else who runs this. Return: 0 or -ENOMEM. */
int command_who(char **ret);

/** command_account() - by any of its names. Return: 0, COMMAND_E_REFUSED (told), -errno. */
int command_account(Store *store, const char *name, AccountRow *ret);

/** command_unit() - Return: 0, COMMAND_E_REFUSED (told), -errno. */
int command_unit(Store *store, const char *code, UnitRow *ret);

/** command_line() - the one line of a file that is closed to others, its end taken off. Return: 0,
 * COMMAND_E_REFUSED (told), -errno. */
int command_line(const char *path, Secret **ret);

/**
 * command_password() - a new password: out of --password-file, or random
 * @ret_hash: its hash, to be stored
 *
 * Return: 0, COMMAND_E_REFUSED (told), -errno.
 */
int command_password(const Options *options, Secret **ret,
                     char ret_hash[static PASSWORD_HASH_BYTES + 1]);

/** command_password_tell() - print a random one, this once; nothing when it came from a file */
void command_password_tell(const Options *options, const Secret *password, const char *whose);

/** command_backup() - the only one that leaves a store of an older version as it is, so it opens
 * the store itself */
int command_backup(const Options *options);

int command_load(Store *store, const Options *options);
int command_code_issue(Store *store, const Options *options);
int command_code_list(Store *store, const Options *options);
int command_code_revoke(Store *store, const Options *options);
int command_account_list(Store *store, const Options *options);
int command_account_show(Store *store, const Options *options);
int command_account_reset(Store *store, const Options *options);
int command_account_unlock(Store *store, const Options *options);
int command_account_disable(Store *store, const Options *options);
int command_account_enable(Store *store, const Options *options);
int command_unit_list(Store *store, const Options *options);
int command_unit_show(Store *store, const Options *options);
int command_unit_add(Store *store, const Options *options);
int command_unit_change(Store *store, const Options *options);
int command_unit_ca(Store *store, const Options *options);
int command_unit_reset(Store *store, const Options *options);
int command_unit_unlock(Store *store, const Options *options);
int command_relation_list(Store *store, const Options *options);
int command_relation_grant(Store *store, const Options *options);
int command_relation_revoke(Store *store, const Options *options);
int command_client_list(Store *store, const Options *options);
int command_client_add(Store *store, const Options *options);
int command_client_rotate(Store *store, const Options *options);
int command_client_revoke(Store *store, const Options *options);
int command_audit_list(Store *store, const Options *options);
