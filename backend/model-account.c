/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-account.h"
#include "backend/model-session.h"
#include "lib/common/identity.h"

#define COLUMNS \
        "account.id, account.login_name, account.name, account.mobile, account.password_hash," \
        " account.disabled"

static int copy(char *to, size_t size, const char *from) {
        size_t n = strlen(from);

        if (n >= size)
                return -EMSGSIZE;
        memcpy(to, from, n + 1);
        return 0;
}

static int row_read(Statement *statement, AccountRow *ret) {
        int r;

        r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0)
                return ACCOUNT_E_UNKNOWN;

        *ret = (AccountRow){ .disabled = statement_int(statement, 5) != 0 };
        r = copy(ret->id, sizeof(ret->id), statement_text(statement, 0));
        if (r == 0)
                r = copy(ret->login_name, sizeof(ret->login_name), statement_text(statement, 1));
        if (r == 0)
                r = copy(ret->name, sizeof(ret->name), statement_text(statement, 2));
        if (r == 0)
                r = copy(ret->mobile, sizeof(ret->mobile), statement_text(statement, 3));
        if (r == 0)
                r = copy(ret->password_hash, sizeof(ret->password_hash),
                         statement_text(statement, 4));
        return r;
}

/* The one spelling of a name. What can be no name, or has a unit behind it, is taken as it was
 * typed. */
static bool canonical(const char *typed, Account *ret) {
        account_parse(typed, ret);
        return ret->kind < ACCOUNT_INVALID && ret->unit[0] == '\0';
}

/* The id of the account that has this name, "" for none. */
static int id_of_name(Store *store, const char *name, char ret[static RANDOM_ID_BYTES + 1]) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        ret[0] = '\0';
        r = store_query(store, &statement, "SELECT account_id FROM account_name WHERE name = $1",
                        "t", name);
        if (r < 0)
                return r;
        r = statement_next(statement);
        return r == 1 ? copy(ret, RANDOM_ID_BYTES + 1, statement_text(statement, 0)) : r;
}

/* For a name that nobody has some account is read all the same, and dropped, so that it takes as
 * long. */
int account_find(Store *store, const char *typed, AccountRow *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        char id[RANDOM_ID_BYTES + 1];
        Account account;
        AccountRow row;
        int r;

        r = id_of_name(store, canonical(typed, &account) ? account.name : "", id);
        explicit_bzero(&account, sizeof(account));
        if (r == 0)
                r = store_query(store, &statement,
                                "SELECT " COLUMNS
                                " FROM account WHERE id >= $1 ORDER BY id LIMIT 1",
                                "t", id);
        if (r == 0)
                r = row_read(statement, &row);
        if (r == 0) {
                r = strcmp(row.id, id) == 0 ? 0 : ACCOUNT_E_UNKNOWN;
                if (r == 0)
                        *ret = row;
                explicit_bzero(&row, sizeof(row));
        }
        return r;
}

int account_get(Store *store, const char *id, AccountRow *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement, "SELECT " COLUMNS " FROM account WHERE id = $1", "t",
                        id);
        if (r < 0)
                return r;
        return row_read(statement, ret);
}

/* A name that nobody has may be a password in the wrong field, so not even its plain hash is kept:
 * the key of the keyed one is made once for each store. */
static int phantom_key_read(Store *store, char ret[static RANDOM_TOKEN_BYTES + 1]) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement, "SELECT value FROM setting WHERE name = 'phantom-key'",
                        "");
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;
        return r == 1 ? copy(ret, RANDOM_TOKEN_BYTES + 1, statement_text(statement, 0))
                      : ACCOUNT_E_UNKNOWN;
}

static int phantom_key(Store *store, char ret[static RANDOM_TOKEN_BYTES + 1]) {
        _cleanup_(secret_freep) Secret *fresh = NULL;
        int r;

        r = phantom_key_read(store, ret);
        if (r <= 0)
                return r;

        /* One statement, as the caller may be in a transaction already. */
        r = random_token(&fresh);
        if (r == 0)
                r = store_run(
                        store,
                        "INSERT INTO setting (name, value) VALUES ('phantom-key', $1) ON CONFLICT"
                        " (name) DO NOTHING",
                        "t", secret_text(fresh));
        if (r == 0)
                r = phantom_key_read(store, ret);
        return r > 0 ? -EIO : r;
}

int phantom_guard_key(Store *store, const char *name, char ret[static GUARD_KEY_BYTES + 1]) {
        char key[RANDOM_TOKEN_BYTES + 1], hash[HASH_HEX_BYTES + 1];
        int r;

        r = phantom_key(store, key);
        if (r == 0)
                r = hash_hex_keyed(key, name, hash);
        explicit_bzero(key, sizeof(key));
        if (r < 0)
                return r;
        (void)snprintf(ret, GUARD_KEY_BYTES + 1, "p:%s", hash);
        return 0;
}

int account_guard_key(Store *store, const char *typed, const char *account_id,
                      char ret[static GUARD_KEY_BYTES + 1]) {
        Account account;
        int r;

        /* made for a known name too, so that it takes as long */
        r = phantom_guard_key(store, canonical(typed, &account) ? account.name : typed, ret);
        explicit_bzero(&account, sizeof(account));
        if (r == 0 && account_id)
                (void)snprintf(ret, GUARD_KEY_BYTES + 1, "a:%s", account_id);
        return r;
}

static int names_put(Store *store, const AccountNew *account, const char *id) {
        const char *names[3] = { account->login_name, account->mobile, NULL };
        int r;

        /* an identity number logs in with this document only (spec.md section 2) */
        if (strcmp(account->document_type, "resident_identity_card") == 0)
                names[2] = account->document_number;

        r = store_run(store, "DELETE FROM account_name WHERE account_id = $1", "t", id);
        for (size_t i = 0; r == 0 && i < ELEMENTSOF(names); i++)
                if (names[i])
                        r = store_run(store,
                                      "INSERT INTO account_name (name, account_id) VALUES ($1, $2)",
                                      "tt", names[i], id);
        return r;
}

static int id_find(Store *store, const AccountNew *account, char ret_id[static RANDOM_ID_BYTES + 1],
                   bool *ret_same_password) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement,
                        "SELECT id, password_hash FROM account WHERE login_name = $1", "t",
                        account->login_name);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;

        *ret_same_password = r == 1 &&
                             strcmp(statement_text(statement, 1), account->password_hash) == 0;
        if (r == 1)
                return copy(ret_id, RANDOM_ID_BYTES + 1, statement_text(statement, 0));
        return random_id(ret_id);
}

int account_put(Store *store, const AccountNew *account, int64_t now,
                char ret_id[static RANDOM_ID_BYTES + 1]) {
        char id[RANDOM_ID_BYTES + 1];
        bool same_password;
        int r;

        r = id_find(store, account, id, &same_password);
        if (r < 0)
                return r;

        r = store_run(
                store,
                "INSERT INTO account (id, login_name, name, document_type, document_number,"
                " mobile, password_hash,"
                " residence, disabled, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                " ON CONFLICT (id) DO UPDATE SET name = $3, document_type = $4, document_number ="
                " $5, mobile = $6,"
                " password_hash = $7, residence = $8, disabled = $9",
                "ttttttttii", id, account->login_name, account->name, account->document_type,
                account->document_number, account->mobile, account->password_hash,
                account->residence, (int64_t)account->disabled, now);
        if (r == 0)
                r = names_put(store, account, id);
        if (r == 0 && !same_password)
                r = account_end_sessions(store, id);
        if (r != 0)
                return r < 0 ? r : ACCOUNT_E_TAKEN;

        memcpy(ret_id, id, sizeof(id));
        return 0;
}

/* All but the token @keep, which may be NULL. */
static int sessions_end(Store *store, const char *id, const char *keep) {
        int r;

        r = store_run(store, "DELETE FROM code WHERE account_id = $1", "t", id);
        if (r == 0)
                r = store_run(store, "DELETE FROM token WHERE account_id = $1 AND hash <> $2", "tt",
                              id, keep ? keep : "");
        if (r == 0)
                r = store_run(store, "DELETE FROM web_session WHERE account_id = $1", "t", id);
        if (r == 0)
                r = store_run(store, "DELETE FROM reset WHERE account_id = $1", "t", id);
        if (r == 0)
                r = store_run(
                        store,
                        "UPDATE device SET state = 'refused', digits = '' WHERE (account_id = $1"
                        " AND state IN ('scanned', 'confirmed')) OR (hint_account = $1 AND state IN"
                        " ('pending', 'scanned', 'confirmed'))",
                        "t", id);
        if (r == 0 && store_changes(store) > 0)
                r = store_tell(store, "");
        return r;
}

int account_end_sessions(Store *store, const char *id) {
        return sessions_end(store, id, NULL);
}

int account_set_password(Store *store, const char *id, const char *old_hash, const char *new_hash,
                         const char *keep_token) {
        int r;

        r = store_run(store,
                      "UPDATE account SET password_hash = $3 WHERE id = $1 AND password_hash = $2"
                      " AND disabled = 0",
                      "ttt", id, old_hash, new_hash);
        if (r < 0)
                return r;
        if (r > 0 || store_changes(store) == 0)
                return ACCOUNT_E_UNKNOWN;
        return sessions_end(store, id, keep_token);
}

int account_reset_password(Store *store, const char *id, const char *new_hash) {
        int r;

        r = store_run(store,
                      "UPDATE account SET password_hash = $2 WHERE id = $1 AND disabled = 0", "tt",
                      id, new_hash);
        if (r < 0)
                return r;
        if (r > 0 || store_changes(store) == 0)
                return ACCOUNT_E_UNKNOWN;
        return sessions_end(store, id, NULL);
}

int account_set_disabled(Store *store, const char *id, int64_t disabled) {
        int r;

        r = store_run(store, "UPDATE account SET disabled = $2 WHERE id = $1", "ti", id, disabled);
        if (r < 0)
                return r;
        if (store_changes(store) == 0)
                return ACCOUNT_E_UNKNOWN;
        if (!disabled)
                return 0;
        return store_run(store, "DELETE FROM token WHERE account_id = $1 AND client_id <> $2", "tt",
                         id, CLIENT_APP);
}
