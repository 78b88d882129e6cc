/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The book of who changed what: complete, in order, one line a row, and undone with the change. */

#include "backend/model-audit.h"
#include "tests/unit/backend-fixture.h"

static void add(Store *store, int64_t now, const char *object, const char *why) {
        assert_int_equal(audit_add(store, now, "operator:wang", "account reset", object, why), 0);
}

/* "object why" of every row, oldest first, one behind the other */
static void expect_rows(Store *store, const char *expected) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        char got[4096] = "";
        int r;

        assert_int_equal(store_query(store, &statement,
                                     "SELECT who, action, object, why FROM audit"
                                     " ORDER BY at, id",
                                     ""),
                         0);
        while ((r = statement_next(statement)) == 1) {
                size_t n = strlen(got);

                assert_string_equal(statement_text(statement, 0), "operator:wang");
                assert_string_equal(statement_text(statement, 1), "account reset");
                (void)snprintf(got + n, sizeof(got) - n, "%s %s;", statement_text(statement, 2),
                               statement_text(statement, 3));
        }
        assert_int_equal(r, 0);
        assert_string_equal(got, expected);
}

static void test_order(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {};

        fixture_begin(fixture, &transaction);
        add(fixture->store, T0 + 1, "later", "c");
        add(fixture->store, T0, "first", "a");
        add(fixture->store, T0, "second", "b");
        assert_int_equal(transaction_commit(&transaction), 0);
        expect_rows(fixture->store, "first a;second b;later c;");
}

/* threats 115 */
static void test_with_the_change(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {};

        fixture_begin(fixture, &transaction);
        add(fixture->store, T0, "lost", "never happened");
        transaction_done(&transaction);
        expect_rows(fixture->store, "");
}

static void test_texts(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {};
        _cleanup_(statement_freep) Statement *statement = NULL;
        char longer[AUDIT_WHY_BYTES * 2 + 1];

        memset(longer, 'x', sizeof(longer) - 1);
        longer[sizeof(longer) - 1] = '\0';

        fixture_begin(fixture, &transaction);
        add(fixture->store, T0, "测试甲\noperator:root", "本人到厅\033[2J");
        add(fixture->store, T0 + 1, "x", longer);
        assert_int_equal(transaction_commit(&transaction), 0);

        assert_int_equal(store_query(fixture->store, &statement,
                                     "SELECT object, why FROM audit ORDER BY at", ""),
                         0);
        assert_int_equal(statement_next(statement), 1);
        assert_string_equal(statement_text(statement, 0), "测试甲\uFFFDoperator:root");
        assert_string_equal(statement_text(statement, 1), "本人到厅\uFFFD[2J");
        assert_int_equal(statement_next(statement), 1);
        assert_true(strlen(statement_text(statement, 1)) <= AUDIT_WHY_BYTES);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_order),
                UNIT_TEST(test_with_the_change),
                UNIT_TEST(test_texts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
