/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* account: what a hall does for a person who stands in front of it with the document */

#include <errno.h>

#include "backend/clock.h"
#include "backend/command.h"
#include "backend/listing.h"

static const Column list_columns[] = {
        { "LOGIN NAME", "login_name", COLUMN_TEXT },
        { "NAME", "name", COLUMN_TEXT },
        { "MOBILE", "mobile", COLUMN_MASKED },
        { "DOCUMENT", "document_number", COLUMN_MASKED },
        { "DISABLED", "disabled", COLUMN_FLAG },
        { "SINCE", "created_at", COLUMN_TIME },
};

static int list_query(Store *store, const void *userdata _unused_, Statement **ret) {
        return store_query(store, ret,
                           "SELECT login_name, name, mobile, document_number, disabled, created_at"
                           " FROM account ORDER BY login_name",
                           "");
}

int command_account_list(Store *store, const Options *options) {
        const Listing listing = { .columns = list_columns,
                                  .n_columns = ELEMENTSOF(list_columns),
                                  .query = list_query };

        return listing_print(store, &listing, 1, options->json ? FORMAT_JSON : FORMAT_TEXT);
}

static const Column account_columns[] = {
        { "Login name", "login_name", COLUMN_TEXT },
        { "Name", "name", COLUMN_TEXT },
        { "Mobile number", "mobile", COLUMN_MASKED },
        { "Document type", "document_type", COLUMN_TEXT },
        { "Document number", "document_number", COLUMN_MASKED },
        { "Residence", "residence", COLUMN_TEXT },
        { "Disabled", "disabled", COLUMN_FLAG },
        { "Locked until", "locked_until", COLUMN_TIME },
        { "Tries left", "tries_left", COLUMN_NUMBER },
        { "Registered", "created_at", COLUMN_TIME },
};

static int account_query(Store *store, const void *userdata, Statement **ret) {
        const AccountRow *account = userdata;

        /* a lock that has ended stays in the table until the next try */
        return store_query(
                store, ret,
                "SELECT login_name, name, mobile, document_type, document_number, residence,"
                " disabled, CASE WHEN locked_until > $1 THEN locked_until ELSE 0 END,"
                " CASE WHEN tries_left IS NULL OR (locked_until > 0 AND locked_until <= $1)"
                " THEN 5 ELSE tries_left END, created_at"
                " FROM account LEFT JOIN guard ON guard.key = 'a:' || account.id"
                " WHERE account.id = $2",
                "it", clock_wall_sec(), account->id);
}

static const Column unit_columns[] = {
        { "UNIT", "code", COLUMN_TEXT },
        { "NAME", "name", COLUMN_TEXT },
        { "AUTHORISED", "authorised", COLUMN_FLAG },
};

static int unit_query(Store *store, const void *userdata, Statement **ret) {
        const AccountRow *account = userdata;

        return store_query(store, ret,
                           "SELECT unit.code, unit.name, relation.authorised FROM relation"
                           " JOIN unit ON unit.code = relation.unit_code"
                           " WHERE relation.account_id = $1 ORDER BY unit.code",
                           "t", account->id);
}

int command_account_show(Store *store, const Options *options) {
        AccountRow account;
        const Listing listings[] = {
                { .key = "account",
                  .shape = LISTING_RECORD,
                  .columns = account_columns,
                  .n_columns = ELEMENTSOF(account_columns),
                  .query = account_query,
                  .userdata = &account },
                { .key = "units",
                  .columns = unit_columns,
                  .n_columns = ELEMENTSOF(unit_columns),
                  .query = unit_query,
                  .userdata = &account },
        };
        int r;

        r = command_account(store, options->arguments[0], &account);
        if (r != 0)
                return r;
        return listing_print(store, listings, ELEMENTSOF(listings),
                             options->json ? FORMAT_JSON : FORMAT_TEXT);
}

static int lock_lift(Store *store, const AccountRow *account) {
        char key[GUARD_KEY_BYTES + 1];
        int r;

        r = account_guard_key(store, account->login_name, account->id, key);
        return r == 0 ? guard_reset(store, key) : r;
}

int command_account_reset(Store *store, const Options *options) {
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(secret_freep) Secret *password = NULL;
        char hash[PASSWORD_HASH_BYTES + 1];
        AccountRow account;
        int r;

        r = command_account(store, options->arguments[0], &account);
        if (r != 0)
                return r;
        if (account.disabled)
                return command_refuse("%s is disabled: a new password would not help; account"
                                      " enable comes first",
                                      account.login_name);
        r = command_password(options, &password, hash);
        if (r != 0)
                return r;
        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = account_reset_password(store, account.id, hash);
        if (r > 0)
                return command_refuse("%s is not there any more", account.login_name);
        if (r == 0)
                r = lock_lift(store, &account);
        if (r == 0)
                r = command_commit(&transaction, options, account.login_name);
        if (r == 0)
                command_password_tell(options, password, account.login_name);
        return r;
}

/* One change to one account. */
static int account_change(Store *store, const Options *options,
                          int (*change)(Store *, const AccountRow *)) {
        _cleanup_(transaction_done) Transaction transaction = {};
        AccountRow account;
        int r;

        r = command_account(store, options->arguments[0], &account);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r == 0)
                r = change(store, &account);
        if (r == 0)
                r = command_commit(&transaction, options, account.login_name);
        return r;
}

static int disable(Store *store, const AccountRow *account) {
        int r;

        r = account_set_disabled(store, account->id, 1);
        if (r == 0)
                r = store_run(store, "DELETE FROM web_session WHERE account_id = $1", "t",
                              account->id);
        return r > 0 ? -EIO : r;
}

static int enable(Store *store, const AccountRow *account) {
        int r;

        r = account_set_disabled(store, account->id, 0);
        return r > 0 ? -EIO : r;
}

int command_account_unlock(Store *store, const Options *options) {
        return account_change(store, options, lock_lift);
}

int command_account_disable(Store *store, const Options *options) {
        return account_change(store, options, disable);
}

int command_account_enable(Store *store, const Options *options) {
        return account_change(store, options, enable);
}
