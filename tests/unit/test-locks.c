/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Locks: who has to wait is known as long as he has to, and the list stays small. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/locks.h"

#define T0 INT64_C(1573228800)

static const Lock *find(const Locks *locks, LockKind kind, const char *subject) {
        const Lock *found = NULL;

        for (size_t i = 0; i < locks->n; i++)
                if (locks->list[i].kind == kind && strcmp(locks->list[i].subject, subject) == 0) {
                        assert_null(found);
                        found = &locks->list[i];
                }
        return found;
}

static void test_a_lock_is_known_until_it_is_over(void **state) {
        Locks locks = {};

        (void)state;
        locks_note(&locks, LOCK_PASSWORD, "ceshi_jia", 600, T0);
        locks_note(&locks, LOCK_UNIT, "ceshi_jia", 60, T0);
        assert_int_equal(find(&locks, LOCK_PASSWORD, "ceshi_jia")->until_sec, T0 + 600);
        /* told again: the later answer holds */
        locks_note(&locks, LOCK_PASSWORD, "ceshi_jia", 300, T0 + 10);
        assert_int_equal(find(&locks, LOCK_PASSWORD, "ceshi_jia")->until_sec, T0 + 310);
        assert_int_equal(locks.n, 2);

        locks_expire(&locks, T0 + 59);
        assert_int_equal(locks.n, 2);
        locks_expire(&locks, T0 + 60);
        assert_int_equal(locks.n, 1);
        locks_forget(&locks, LOCK_UNIT, "ceshi_jia");
        locks_forget(&locks, LOCK_PASSWORD, "ceshi_yi");
        assert_int_equal(locks.n, 1);
        locks_forget(&locks, LOCK_PASSWORD, "ceshi_jia");
        assert_int_equal(locks.n, 0);
}

static void test_the_list_is_bounded(void **state) {
        Locks locks = {};
        char subject[32], long_one[LIMIT_USER_BYTES + 2] = "";

        (void)state;
        for (int i = 0; i < 2 * LOCKS_MAX; i++) {
                (void)snprintf(subject, sizeof(subject), "a%d", i);
                locks_note(&locks, LOCK_PASSWORD, subject, 1000 + i, T0);
        }
        assert_int_equal(locks.n, LOCKS_MAX);
        assert_null(find(&locks, LOCK_PASSWORD, "a0"));
        assert_non_null(find(&locks, LOCK_PASSWORD, subject));

        memset(long_one, 'x', LIMIT_USER_BYTES + 1);
        locks_note(&locks, LOCK_PASSWORD, long_one, 1000, T0);
        assert_null(find(&locks, LOCK_PASSWORD, long_one));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_lock_is_known_until_it_is_over),
                cmocka_unit_test(test_the_list_is_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
