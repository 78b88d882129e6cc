/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-unit.h"

static void row_read(Statement *statement, UnitRow *ret) {
        const char *hash = statement_text(statement, 2);

        *ret = (UnitRow){ .authorised = statement_int(statement, 3) != 0,
                          .ca = statement_int(statement, 4) != 0 };
        (void)snprintf(ret->code, sizeof(ret->code), "%s", statement_text(statement, 0));
        (void)snprintf(ret->name, sizeof(ret->name), "%s", statement_text(statement, 1));
        (void)snprintf(ret->password_hash, sizeof(ret->password_hash), "%s", hash ? hash : "");
}

int unit_list(Store *store, const char *account_id, UnitRow **ret_units, size_t *ret_n_units) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        _cleanup_(freep) UnitRow *units = NULL;
        size_t n = 0;
        int r;

        r = store_query(
                store, &statement,
                "SELECT unit.code, unit.name, unit.password_hash, relation.authorised, unit.ca"
                " FROM relation"
                " JOIN unit ON unit.code = relation.unit_code WHERE relation.account_id = $1"
                " ORDER BY unit.code LIMIT $2",
                "ti", account_id, (int64_t)LIMIT_UNITS);
        if (r < 0)
                return r;

        while ((r = statement_next(statement)) == 1) {
                /* doubling from one: a person has one unit, seldom more */
                if ((n & (n - 1)) == 0) {
                        UnitRow *more = reallocarray(units, n ? 2 * n : 1, sizeof(UnitRow));

                        if (!more)
                                return -ENOMEM;
                        units = more;
                }
                row_read(statement, &units[n++]);
        }
        if (r < 0)
                return r;

        *ret_units = TAKE_PTR(units);
        *ret_n_units = n;
        return 0;
}

int unit_find(Store *store, const char *account_id, const char *code, UnitRow *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(
                store, &statement,
                "SELECT unit.code, unit.name, unit.password_hash, relation.authorised, unit.ca"
                " FROM relation"
                " JOIN unit ON unit.code = relation.unit_code WHERE relation.account_id = $1 AND"
                " unit.code = $2",
                "tt", account_id, code);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0)
                return UNIT_E_UNKNOWN;

        row_read(statement, ret);
        return 0;
}

static int unit_exists(Store *store, const char *code) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement, "SELECT 1 FROM unit WHERE code = $1", "t", code);
        return r < 0 ? r : statement_next(statement);
}

/* For a code that no unit has some unit is read all the same, and dropped, so that it takes as
 * long. */
int unit_get(Store *store, const char *code, UnitRow *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        UnitRow row;
        int r;

        r = unit_exists(store, code);
        if (r < 0)
                return r;
        r = store_query(store, &statement,
                        "SELECT code, name, password_hash, 0, ca FROM unit WHERE code >= $1"
                        " ORDER BY code LIMIT 1",
                        "t", r == 1 ? code : "");
        if (r == 0)
                r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0)
                return UNIT_E_UNKNOWN;

        row_read(statement, &row);
        r = strcmp(row.code, code) == 0 ? 0 : UNIT_E_UNKNOWN;
        if (r == 0)
                *ret = row;
        explicit_bzero(&row, sizeof(row));
        return r;
}

int unit_managed(Store *store, const char *account_id, const char *code, UnitRow *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement,
                        "SELECT code, name, password_hash, 0, ca FROM unit WHERE code = $1"
                        " AND (legal_representative = $2 OR finance_manager = $2)",
                        "tt", code, account_id);
        if (r == 0)
                r = statement_next(statement);
        if (r <= 0)
                return r < 0 ? r : UNIT_E_UNKNOWN;
        row_read(statement, ret);
        return 0;
}

int unit_password_hash(Store *store, const char *code, char ret[static PASSWORD_HASH_BYTES + 1]) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        const char *hash;
        int r;

        r = store_query(store, &statement, "SELECT password_hash FROM unit WHERE code = $1", "t",
                        code);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0)
                return UNIT_E_UNKNOWN;

        hash = statement_text(statement, 0);
        (void)snprintf(ret, PASSWORD_HASH_BYTES + 1, "%s", hash ? hash : "");
        return 0;
}

void unit_guard_key(const char *code, char ret[static GUARD_KEY_BYTES + 1]) {
        (void)snprintf(ret, GUARD_KEY_BYTES + 1, "u:%s", code);
}

/* Another declaration password ends what the old unit login gave out under the one before. */
static int sessions_end(Store *store, const UnitNew *unit) {
        int r;

        r = store_run(store,
                      "DELETE FROM code WHERE unit_code = $1 AND NOT EXISTS (SELECT 1 FROM unit"
                      " WHERE code = $1 AND password_hash = $2)",
                      "tt", unit->code, unit->password_hash);
        if (r < 0)
                return r;
        return store_run(store,
                         "DELETE FROM token WHERE unit_code = $1 AND NOT EXISTS (SELECT 1 FROM unit"
                         " WHERE code = $1 AND password_hash = $2)",
                         "tt", unit->code, unit->password_hash);
}

int unit_put(Store *store, const UnitNew *unit) {
        int r;

        r = sessions_end(store, unit);
        if (r < 0)
                return r;
        r = store_run(
                store,
                "INSERT INTO unit (code, name, password_hash, ca, legal_representative,"
                " finance_manager)"
                " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (code) DO UPDATE SET name = $2,"
                " password_hash = $3,"
                " ca = $4, legal_representative = $5, finance_manager = $6",
                "tttitt", unit->code, unit->name, unit->password_hash, unit->ca,
                unit->legal_representative, unit->finance_manager);
        return r > 0 ? UNIT_E_UNKNOWN : r;
}

int unit_reset_password(Store *store, const char *code, const char *new_hash) {
        const UnitNew unit = { .code = code, .password_hash = new_hash };
        char key[GUARD_KEY_BYTES + 1];
        int r;

        r = sessions_end(store, &unit);
        if (r < 0)
                return r;
        r = store_run(store, "UPDATE unit SET password_hash = $2 WHERE code = $1", "tt", code,
                      new_hash);
        if (r < 0)
                return r;
        if (r > 0 || store_changes(store) == 0)
                return UNIT_E_UNKNOWN;
        unit_guard_key(code, key);
        return guard_reset(store, key);
}

int relation_put(Store *store, const char *account_id, const char *code, int64_t authorised) {
        int r;

        r = store_run(store,
                      "INSERT INTO relation (account_id, unit_code, authorised) VALUES ($1, $2, $3)"
                      " ON CONFLICT (account_id, unit_code) DO UPDATE SET authorised = $3",
                      "tti", account_id, code, authorised);
        return r > 0 ? UNIT_E_UNKNOWN : r;
}

int relation_revoke(Store *store, const char *account_id, const char *code) {
        int r;

        r = store_run(store,
                      "UPDATE relation SET authorised = 0 WHERE account_id = $1 AND unit_code = $2",
                      "tt", account_id, code);
        if (r < 0)
                return r;
        return store_changes(store) == 0 ? UNIT_E_UNKNOWN : 0;
}
