/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Account: a person registered under the real name, and the names by which to find one */

#include <stdint.h>

#include "backend/hash-pool.h"
#include "backend/model-guard.h"
#include "backend/random.h"
#include "backend/store.h"
#include "lib/common/limits.h"

enum {
        ACCOUNT_E_UNKNOWN = 1, /* nobody has this name, or what was typed cannot be a name */
        ACCOUNT_E_DISABLED,
        ACCOUNT_E_TAKEN, /* a name or document belongs to another account */
};

typedef struct AccountRow {
        char id[RANDOM_ID_BYTES + 1];
        char login_name[LIMIT_ACCOUNT_BYTES + 1];
        char name[LIMIT_NAME_BYTES + 1];
        char mobile[16];
        char password_hash[PASSWORD_HASH_BYTES + 1];
        bool disabled;
} AccountRow;

/**
 * account_find() - by login name, mobile number or, with a resident identity card, identity number
 * @typed: as the person typed it
 *
 * Return: 0, ACCOUNT_E_UNKNOWN, -errno.
 */
int account_find(Store *store, const char *typed, AccountRow *ret);

/** account_get() - by id. Return: 0, ACCOUNT_E_UNKNOWN, -errno. */
int account_get(Store *store, const char *id, AccountRow *ret);

/**
 * account_guard_key() - whose five tries a name stands for
 * @account_id: NULL when account_find() found nobody
 *
 * Spellings of one name that account_parse() makes equal share a guard, known or not. Not within a
 * transaction: the first unknown name of a store begins one of its own.
 */
int account_guard_key(Store *store, const char *typed, const char *account_id,
                      char ret[static GUARD_KEY_BYTES + 1]);

/** phantom_guard_key() - the guard of a name that nobody has: a keyed hash, so that a password that
 * was typed in the wrong field is not kept. Not within a transaction, as above. */
int phantom_guard_key(Store *store, const char *name, char ret[static GUARD_KEY_BYTES + 1]);

/* What a registration or a file says of a person; strings borrowed. */
typedef struct AccountNew {
        const char *login_name, *name, *document_type, *document_number, *mobile, *password_hash,
                *residence;
        bool disabled;
} AccountNew;

/**
 * account_put() - make the account, or bring the one with this login name up to date, in the
 * caller's transaction
 *
 * Another password hash than before ends what was given out under the old one, see
 * account_end_sessions().
 *
 * Return: 0, ACCOUNT_E_TAKEN, -errno.
 */
int account_put(Store *store, const AccountNew *account, int64_t now,
                char ret_id[static RANDOM_ID_BYTES + 1]);

/** account_end_sessions() - void every code, token, browser session, reset and open QR login of the
 * account */
int account_end_sessions(Store *store, const char *id);

/**
 * account_set_password() - a new password in the place of the one that was tested, in the caller's
 * transaction
 * @old_hash: the hash that was tested; when the account has another one by now, nothing changes
 * @keep_token: hash of the one token that stays, NULL for none; everything else is ended as by
 *   account_end_sessions()
 *
 * Return: 0, ACCOUNT_E_UNKNOWN (another password by now, or disabled), -errno.
 */
int account_set_password(Store *store, const char *id, const char *old_hash, const char *new_hash,
                         const char *keep_token);

/** account_reset_password() - a new password without the old one, in the caller's transaction:
 * everything is ended as by account_end_sessions(). Whether the lock is lifted is the caller's.
 * Return: 0, ACCOUNT_E_UNKNOWN (gone, or disabled), -errno. */
int account_reset_password(Store *store, const char *id, const char *new_hash);

/** account_set_disabled() - disabling ends the tokens of workstations; what else was given out is
 * refused when it is used, as long as the account is disabled, so that the person is told.
 * Return: 0, ACCOUNT_E_UNKNOWN, -errno. */
int account_set_disabled(Store *store, const char *id, int64_t disabled);
