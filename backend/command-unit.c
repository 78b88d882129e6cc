/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* unit: withholding units, their declaration passwords, and who answers for them */

#include <stdio.h>
#include <string.h>

#include "backend/clock.h"
#include "backend/command.h"
#include "backend/listing.h"
#include "lib/common/identity.h"

#define NOBODY "-"

static const Column list_columns[] = {
        { "UNIT", "code", COLUMN_TEXT },
        { "NAME", "name", COLUMN_TEXT },
        { "PASSWORD", "has_password", COLUMN_FLAG },
        { "CA", "ca", COLUMN_FLAG },
        { "LEGAL REPRESENTATIVE", "legal_representative", COLUMN_TEXT },
        { "FINANCE MANAGER", "finance_manager", COLUMN_TEXT },
};

static int list_query(Store *store, const void *userdata _unused_, Statement **ret) {
        return store_query(store, ret,
                           "SELECT unit.code, unit.name,"
                           " CASE WHEN unit.password_hash IS NULL THEN 0 ELSE 1 END, unit.ca,"
                           " legal.login_name, finance.login_name FROM unit"
                           " LEFT JOIN account AS legal ON legal.id = unit.legal_representative"
                           " LEFT JOIN account AS finance ON finance.id = unit.finance_manager"
                           " ORDER BY unit.code",
                           "");
}

int command_unit_list(Store *store, const Options *options) {
        const Listing listing = { .columns = list_columns,
                                  .n_columns = ELEMENTSOF(list_columns),
                                  .query = list_query };

        return listing_print(store, &listing, 1, options->json ? FORMAT_JSON : FORMAT_TEXT);
}

static const Column unit_columns[] = {
        { "Unit code", "code", COLUMN_TEXT },
        { "Name", "name", COLUMN_TEXT },
        { "Has a declaration password", "has_password", COLUMN_FLAG },
        { "May use a certificate", "ca", COLUMN_FLAG },
        { "Legal representative", "legal_representative", COLUMN_TEXT },
        { "Finance manager", "finance_manager", COLUMN_TEXT },
        { "Locked until", "locked_until", COLUMN_TIME },
        { "Tries left", "tries_left", COLUMN_NUMBER },
};

static int unit_query(Store *store, const void *userdata, Statement **ret) {
        const UnitRow *unit = userdata;

        return store_query(
                store, ret,
                "SELECT unit.code, unit.name,"
                " CASE WHEN unit.password_hash IS NULL THEN 0 ELSE 1 END, unit.ca,"
                " legal.login_name, finance.login_name,"
                " CASE WHEN locked_until > $1 THEN locked_until ELSE 0 END,"
                " CASE WHEN tries_left IS NULL OR (locked_until > 0 AND locked_until <= $1)"
                " THEN 5 ELSE tries_left END"
                " FROM unit"
                " LEFT JOIN account AS legal ON legal.id = unit.legal_representative"
                " LEFT JOIN account AS finance ON finance.id = unit.finance_manager"
                " LEFT JOIN guard ON guard.key = 'u:' || unit.code"
                " WHERE unit.code = $2",
                "it", clock_wall_sec(), unit->code);
}

static const Column person_columns[] = {
        { "LOGIN NAME", "login_name", COLUMN_TEXT },
        { "NAME", "name", COLUMN_TEXT },
        { "AUTHORISED", "authorised", COLUMN_FLAG },
};

static int person_query(Store *store, const void *userdata, Statement **ret) {
        const UnitRow *unit = userdata;

        return store_query(store, ret,
                           "SELECT account.login_name, account.name, relation.authorised"
                           " FROM relation JOIN account ON account.id = relation.account_id"
                           " WHERE relation.unit_code = $1 ORDER BY account.login_name",
                           "t", unit->code);
}

int command_unit_show(Store *store, const Options *options) {
        UnitRow unit;
        const Listing listings[] = {
                { .key = "unit",
                  .shape = LISTING_RECORD,
                  .columns = unit_columns,
                  .n_columns = ELEMENTSOF(unit_columns),
                  .query = unit_query,
                  .userdata = &unit },
                { .key = "accounts",
                  .columns = person_columns,
                  .n_columns = ELEMENTSOF(person_columns),
                  .query = person_query,
                  .userdata = &unit },
        };
        int r;

        r = command_unit(store, options->arguments[0], &unit);
        if (r != 0)
                return r;
        return listing_print(store, listings, ELEMENTSOF(listings),
                             options->json ? FORMAT_JSON : FORMAT_TEXT);
}

/* One of the two who answer for a unit: "-" is nobody. Return: 0, COMMAND_E_REFUSED (told),
 * -errno. */
static int person_find(Store *store, const char *name, char ret[static RANDOM_ID_BYTES + 1]) {
        AccountRow account;
        int r;

        ret[0] = '\0';
        if (!name || strcmp(name, NOBODY) == 0)
                return 0;
        r = command_account(store, name, &account);
        if (r == 0)
                memcpy(ret, account.id, sizeof(account.id));
        explicit_bzero(&account, sizeof(account));
        return r;
}

static const char *or_null(const char *text) {
        return text[0] ? text : NULL;
}

int command_unit_add(Store *store, const Options *options) {
        const char *code = options->arguments[0];
        char legal[RANDOM_ID_BYTES + 1], finance[RANDOM_ID_BYTES + 1],
                hash[PASSWORD_HASH_BYTES + 1] = "";
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(secret_freep) Secret *password = NULL;
        UnitRow unit;
        int r;

        if (!unit_code_is_valid(code))
                return command_refuse("'%s' cannot be a unit code: look at each character again",
                                      code);
        r = person_find(store, options->legal_representative, legal);
        if (r == 0)
                r = person_find(store, options->finance_manager, finance);
        if (r == 0 && options->password_file)
                r = command_password(options, &password, hash);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r != 0)
                return r;

        r = unit_get(store, code, &unit);
        if (r == 0)
                return command_refuse("there is a unit %s already, %s; unit change and unit reset"
                                      " change it",
                                      code, unit.name);
        if (r == UNIT_E_UNKNOWN)
                r = unit_put(store,
                             &(const UnitNew){ .code = code,
                                               .name = options->name,
                                               .password_hash = or_null(hash),
                                               .legal_representative = or_null(legal),
                                               .finance_manager = or_null(finance) });
        if (r > 0)
                return command_refuse("one of the persons is not there any more");
        return r == 0 ? command_commit(&transaction, options, code) : r;
}

int command_unit_change(Store *store, const Options *options) {
        const char *legal_name = options->legal_representative,
                   *finance_name = options->finance_manager;
        char legal[RANDOM_ID_BYTES + 1], finance[RANDOM_ID_BYTES + 1];
        _cleanup_(transaction_done) Transaction transaction = {};
        UnitRow unit;
        int r;

        if (!options->name && !legal_name && !finance_name)
                return command_refuse("nothing to change: give --name, --legal-representative or"
                                      " --finance-manager");
        r = command_unit(store, options->arguments[0], &unit);
        if (r == 0)
                r = person_find(store, legal_name, legal);
        if (r == 0)
                r = person_find(store, finance_name, finance);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r == 0 && options->name)
                r = store_run(store, "UPDATE unit SET name = $2 WHERE code = $1", "tt", unit.code,
                              options->name);
        if (r == 0 && legal_name)
                r = store_run(store, "UPDATE unit SET legal_representative = $2 WHERE code = $1",
                              "tt", unit.code, or_null(legal));
        if (r == 0 && finance_name)
                r = store_run(store, "UPDATE unit SET finance_manager = $2 WHERE code = $1", "tt",
                              unit.code, or_null(finance));
        return r == 0 ? command_commit(&transaction, options, unit.code) : r;
}

int command_unit_ca(Store *store, const Options *options) {
        const char *word = options->arguments[1];
        _cleanup_(transaction_done) Transaction transaction = {};
        char object[LIMIT_UNIT_CODE_BYTES + sizeof(" off")];
        bool on = strcmp(word, "on") == 0;
        UnitRow unit;
        int r;

        if (!on && strcmp(word, "off") != 0) {
                (void)command_refuse("unit ca takes 'on' or 'off', not '%s'", word);
                return COMMAND_E_USAGE;
        }
        r = command_unit(store, options->arguments[0], &unit);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r == 0)
                r = store_run(store, "UPDATE unit SET ca = $2 WHERE code = $1", "ti", unit.code,
                              (int64_t)on);
        if (r != 0)
                return r;
        (void)snprintf(object, sizeof(object), "%s %s", unit.code, word);
        return command_commit(&transaction, options, object);
}

int command_unit_reset(Store *store, const Options *options) {
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(secret_freep) Secret *password = NULL;
        char hash[PASSWORD_HASH_BYTES + 1];
        UnitRow unit;
        int r;

        r = command_unit(store, options->arguments[0], &unit);
        if (r == 0)
                r = command_password(options, &password, hash);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r == 0)
                r = unit_reset_password(store, unit.code, hash);
        if (r == 0)
                r = command_commit(&transaction, options, unit.code);
        if (r == 0)
                command_password_tell(options, password, unit.code);
        return r;
}

int command_unit_unlock(Store *store, const Options *options) {
        _cleanup_(transaction_done) Transaction transaction = {};
        char key[GUARD_KEY_BYTES + 1];
        UnitRow unit;
        int r;

        r = command_unit(store, options->arguments[0], &unit);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r != 0)
                return r;
        unit_guard_key(unit.code, key);
        r = guard_reset(store, key);
        return r == 0 ? command_commit(&transaction, options, unit.code) : r;
}
