/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Shares: nobody takes what belongs to root, and no user takes what belongs to others. threats 31 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/shares.h"
#include "lib/common/limits.h"

#define SERVICE 70

static unsigned take_all(Shares *shares, uid_t uid, ShareKind kind) {
        unsigned n = 0;

        while (n < 2 * LIMIT_LOGINS && shares_take(shares, uid, kind) == 0)
                n++;
        return n;
}

static void test_shares(void **state) {
        static const uid_t services[] = { SERVICE };
        static const struct {
                ShareKind kind;
                unsigned user, service, not_root, all;
        } cases[] = {
                { SHARE_LOGIN, LIMIT_LOGINS_PER_UID, LIMIT_LOGINS_PER_SERVICE, LIMIT_LOGINS / 2,
                  LIMIT_LOGINS },
                { SHARE_QUERY, SHARES_QUERIES_PER_UID, SHARES_QUERIES_PER_SERVICE,
                  SHARES_QUERIES / 2, SHARES_QUERIES },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ShareKind kind = cases[i].kind;
                unsigned n, n_others = 0;
                Shares *shares;

                assert_int_equal(shares_new(&shares), 0);
                assert_int_equal(shares_set_services(shares, services, 1), 0);
                n = take_all(shares, 1000, kind);
                assert_int_equal(n, cases[i].user);
                assert_int_equal(shares_take(shares, 1000, kind), SHARES_E_FULL);
                /* Another kind, and another user, are untouched by it. */
                assert_int_equal(shares_take(shares, 1000, (ShareKind)!kind), 0);
                shares_give(shares, 1000, (ShareKind)!kind);
                assert_int_equal(take_all(shares, SERVICE, kind), cases[i].service);

                for (uid_t uid = 2000; uid < 4000; uid++)
                        n_others += take_all(shares, uid, kind);
                assert_int_equal(n + cases[i].service + n_others, cases[i].not_root);
                assert_int_equal(take_all(shares, 0, kind), cases[i].all - cases[i].not_root);
                assert_int_equal(shares_take(shares, 0, kind), SHARES_E_FULL);

                shares_give(shares, 1000, kind);
                assert_int_equal(shares_take(shares, 0, kind), 0);
                shares_give(shares, 0, kind);
                assert_int_equal(shares_take(shares, 1000, kind), 0);
                assert_int_equal(shares_taken(shares, 1000, kind), cases[i].user);
                shares = shares_free(shares);
        }
}

static void test_services_change(void **state) {
        static const uid_t services[] = { SERVICE };
        Shares *shares;

        (void)state;
        assert_int_equal(shares_new(&shares), 0);
        assert_int_equal(take_all(shares, SERVICE, SHARE_LOGIN), LIMIT_LOGINS_PER_UID);
        assert_int_equal(shares_set_services(shares, services, 1), 0);
        assert_int_equal(take_all(shares, SERVICE, SHARE_LOGIN),
                         LIMIT_LOGINS_PER_SERVICE - LIMIT_LOGINS_PER_UID);
        assert_int_equal(shares_set_services(shares, NULL, 0), 0);
        assert_int_equal(shares_take(shares, SERVICE, SHARE_LOGIN), SHARES_E_FULL);
        for (unsigned i = 0; i < LIMIT_LOGINS_PER_SERVICE; i++)
                shares_give(shares, SERVICE, SHARE_LOGIN);
        assert_int_equal(shares_taken(shares, SERVICE, SHARE_LOGIN), 0);
        /* What was not taken cannot be given back. */
        shares_give(shares, SERVICE, SHARE_LOGIN);
        assert_int_equal(take_all(shares, SERVICE, SHARE_LOGIN), LIMIT_LOGINS_PER_UID);
        shares = shares_free(shares);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_shares),
                cmocka_unit_test(test_services_change),
        };

        return cmocka_run_group_tests_name("shares", tests, NULL, NULL);
}
