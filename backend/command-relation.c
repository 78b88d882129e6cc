/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* relation: which person may act for which unit without its declaration password */

#include <stdio.h>

#include "backend/command.h"
#include "backend/listing.h"
#include "lib/common/identity.h"

static const Column columns[] = {
        { "LOGIN NAME", "login_name", COLUMN_TEXT }, { "NAME", "name", COLUMN_TEXT },
        { "UNIT", "unit", COLUMN_TEXT },             { "UNIT NAME", "unit_name", COLUMN_TEXT },
        { "AUTHORISED", "authorised", COLUMN_FLAG },
};

/* Whose relations: "" is everybody's or every unit's. */
typedef struct Wanted {
        const char *account_id, *unit;
} Wanted;

static int query(Store *store, const void *userdata, Statement **ret) {
        const Wanted *wanted = userdata;

        return store_query(store, ret,
                           "SELECT account.login_name, account.name, unit.code, unit.name,"
                           " relation.authorised FROM relation"
                           " JOIN account ON account.id = relation.account_id"
                           " JOIN unit ON unit.code = relation.unit_code"
                           " WHERE ($1 = '' OR account.id = $1) AND ($2 = '' OR unit.code = $2)"
                           " ORDER BY account.login_name, unit.code",
                           "tt", wanted->account_id, wanted->unit);
}

int command_relation_list(Store *store, const Options *options) {
        const char *name = options->arguments[0];
        Wanted wanted = { "", "" };
        AccountRow account = {};
        const Listing listing = { .columns = columns,
                                  .n_columns = ELEMENTSOF(columns),
                                  .query = query,
                                  .userdata = &wanted };
        UnitRow unit;
        int r = 0;

        /* an owner's identity number may be a unit's code as well: the unit is looked for first */
        if (name && unit_code_is_valid(name)) {
                r = unit_get(store, name, &unit);
                if (r == 0)
                        wanted.unit = unit.code;
        }
        if (r >= 0 && name && wanted.unit[0] == '\0') {
                r = command_account(store, name, &account);
                wanted.account_id = account.id;
        }
        if (r != 0)
                return r;
        return listing_print(store, &listing, 1, options->json ? FORMAT_JSON : FORMAT_TEXT);
}

static int relation_change(Store *store, const Options *options,
                           int (*change)(Store *, const AccountRow *, const UnitRow *)) {
        _cleanup_(transaction_done) Transaction transaction = {};
        char object[LIMIT_ACCOUNT_BYTES + 1 + LIMIT_UNIT_CODE_BYTES + 1];
        AccountRow account;
        UnitRow unit;
        int r;

        r = command_account(store, options->arguments[0], &account);
        if (r == 0)
                r = command_unit(store, options->arguments[1], &unit);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r != 0)
                return r;
        r = change(store, &account, &unit);
        if (r > 0)
                return command_refuse("%s is not one of the units of %s; relation list shows them",
                                      unit.code, account.login_name);
        if (r < 0)
                return r;
        (void)snprintf(object, sizeof(object), "%s %s", account.login_name, unit.code);
        return command_commit(&transaction, options, object);
}

static int relation_grant(Store *store, const AccountRow *account, const UnitRow *unit) {
        return relation_put(store, account->id, unit->code, 1);
}

static int relation_take(Store *store, const AccountRow *account, const UnitRow *unit) {
        return relation_revoke(store, account->id, unit->code);
}

int command_relation_grant(Store *store, const Options *options) {
        return relation_change(store, options, relation_grant);
}

int command_relation_revoke(Store *store, const Options *options) {
        return relation_change(store, options, relation_take);
}
