/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A store of its own (see backend-place.h), with three people and two units. Passwords are "right"
 * by a cheap hash that nobody tests, except where a test makes a real one. */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/model-account.h"
#include "backend/model-unit.h"
#include "backend/store.h"
#include "tests/unit/backend-place.h"

#define T0 1800000000 /* a day in 2027 */
#define UNIT_ONE "919900000000000018"
#define UNIT_TWO "91990000000000002B"

typedef struct Fixture {
        char folder[64], path[PLACE_BYTES];
        Store *store;
        char jia[RANDOM_ID_BYTES + 1], bing[RANDOM_ID_BYTES + 1];
} Fixture;

static inline void fixture_begin(Fixture *fixture, Transaction *transaction) {
        assert_int_equal(transaction_begin(fixture->store, transaction), 0);
}

static inline void fixture_account(Fixture *fixture, const char *login, const char *type,
                                   const char *number, const char *mobile, const char *hash,
                                   char *ret_id) {
        const AccountNew account = { .login_name = login,
                                     .name = "测试",
                                     .document_type = type,
                                     .document_number = number,
                                     .mobile = mobile,
                                     .password_hash = hash,
                                     .residence = "110101" };

        assert_int_equal(account_put(fixture->store, &account, T0, ret_id), 0);
}

static inline int fixture_setup(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));
        Transaction transaction = {};

        assert_non_null(fixture);
        (void)strcpy(fixture->folder, "/tmp/itax-test-XXXXXX");
        assert_non_null(mkdtemp(fixture->folder));
        place_make(fixture->folder, fixture->path);
        assert_int_equal(store_open(fixture->path, &fixture->store), 0);

        fixture_begin(fixture, &transaction);
        fixture_account(fixture, "ceshi_jia", "resident_identity_card", "990101199001010019",
                        "19900000001", "hash-jia", fixture->jia);
        fixture_account(fixture, "Ceshi_Bing", "passport", "X99000003", "19900000003", "hash-bing",
                        fixture->bing);
        assert_int_equal(unit_put(fixture->store, &(const UnitNew){ .code = UNIT_ONE,
                                                                    .name = "一",
                                                                    .password_hash = "hash-one" }),
                         0);
        assert_int_equal(
                unit_put(fixture->store, &(const UnitNew){ .code = UNIT_TWO, .name = "二" }), 0);
        assert_int_equal(relation_put(fixture->store, fixture->jia, UNIT_ONE, 1), 0);
        assert_int_equal(relation_put(fixture->store, fixture->jia, UNIT_TWO, 0), 0);
        assert_int_equal(transaction_commit(&transaction), 0);

        *state = fixture;
        return 0;
}

static inline int fixture_teardown(void **state) {
        Fixture *fixture = *state;
        struct dirent *entry;
        DIR *dir;

        fixture->store = store_close(fixture->store);
        place_drop(fixture->path);
        dir = opendir(fixture->folder);
        while (dir && (entry = readdir(dir)) != NULL)
                (void)unlinkat(dirfd(dir), entry->d_name, 0);
        if (dir)
                (void)closedir(dir);
        (void)rmdir(fixture->folder);
        free(fixture);
        return 0;
}

/* One number out of the store, by a statement that is not kept. */
static inline int64_t fixture_number(Fixture *fixture, const char *sql) {
        Statement *statement = NULL;
        int64_t number;

        assert_int_equal(store_query(fixture->store, &statement, sql, ""), 0);
        assert_int_equal(statement_next(statement), 1);
        number = statement_int(statement, 0);
        (void)statement_free(statement);
        return number;
}

#define UNIT_TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
