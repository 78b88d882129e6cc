/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How often something may happen, and the codes that go by text message. */

#include "backend/model-rate.h"
#include "backend/model-sms.h"
#include "tests/unit/backend-fixture.h"

#define SESSION_A "aaaa"
#define SESSION_B "bbbb"
#define MOBILE "19900000001"
#define OTHER "19900000002"
#define PEER "192.0.2.1"

static int take(Store *store, int64_t n_max, int64_t now, int64_t *ret_wait) {
        *ret_wait = -1;
        return rate_take(store, "what:whom", n_max, 60, now, ret_wait);
}

static void test_rate(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {};
        int64_t wait;

        fixture_begin(fixture, &transaction);
        assert_int_equal(take(fixture->store, 2, T0, &wait), 0);
        assert_int_equal(take(fixture->store, 2, T0 + 10, &wait), 0);
        /* what is refused does not make the wait longer */
        for (int i = 0; i < 5; i++) {
                assert_int_equal(take(fixture->store, 2, T0 + 50, &wait), RATE_E_OVER);
                assert_int_equal(wait, 10);
        }
        assert_int_equal(take(fixture->store, 2, T0 + 60, &wait), 0);
        assert_int_equal(take(fixture->store, 2, T0 + 60, &wait), 0);
        assert_int_equal(take(fixture->store, 2, T0 + 60, &wait), RATE_E_OVER);
        assert_int_equal(wait, 60);

        /* a clock that was put back: nobody waits for a window of the future */
        assert_int_equal(take(fixture->store, 2, T0 - 86400, &wait), 0);

        assert_int_equal(rate_purge(fixture->store, T0), 0);
        assert_int_equal(store_changes(fixture->store), 1);
        assert_int_equal(transaction_commit(&transaction), 0);
}

static void send_to(Fixture *fixture, const char *session, const char *mobile, const char *peer,
                 int64_t now, int expected, int64_t expected_wait, char *ret_code) {
        int64_t wait = -1;

        assert_int_equal(sms_code_new(fixture->store, session, "register", mobile, peer, now,
                                      ret_code, &wait),
                         expected);
        assert_int_equal(wait, expected_wait);
}

static int check(Fixture *fixture, const char *session, const char *purpose, const char *mobile,
                 const char *typed, int64_t now) {
        return sms_code_check(fixture->store, session, purpose, mobile, typed, now);
}

static void test_code(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {};
        char code[SMS_CODE_DIGITS + 1] = "";

        fixture_begin(fixture, &transaction);
        assert_int_equal(check(fixture, SESSION_A, "register", MOBILE, "000000", T0),
                         SMS_CODE_E_WRONG);

        send_to(fixture, SESSION_A, MOBILE, PEER, T0, 0, -1, code);
        assert_int_equal(strlen(code), SMS_CODE_DIGITS);
        assert_int_equal(strspn(code, "0123456789"), SMS_CODE_DIGITS);

        /* another browser, purpose or number is nothing */
        assert_int_equal(check(fixture, SESSION_B, "register", MOBILE, code, T0), SMS_CODE_E_WRONG);
        assert_int_equal(check(fixture, SESSION_A, "reset", MOBILE, code, T0), SMS_CODE_E_WRONG);
        assert_int_equal(check(fixture, SESSION_A, "register", OTHER, code, T0), SMS_CODE_E_WRONG);

        assert_int_equal(check(fixture, SESSION_A, "register", MOBILE, code,
                               T0 + SMS_CODE_LIFETIME_SEC - 1),
                         0);
        /* once */
        assert_int_equal(check(fixture, SESSION_A, "register", MOBILE, code, T0 + 299),
                         SMS_CODE_E_WRONG);
        assert_int_equal(transaction_commit(&transaction), 0);
}

static void test_code_over(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {};
        char code[SMS_CODE_DIGITS + 1] = "", wrong[SMS_CODE_DIGITS + 1];

        fixture_begin(fixture, &transaction);
        send_to(fixture, SESSION_A, MOBILE, PEER, T0, 0, -1, code);
        assert_int_equal(check(fixture, SESSION_A, "register", MOBILE, code,
                               T0 + SMS_CODE_LIFETIME_SEC),
                         SMS_CODE_E_OVER);

        send_to(fixture, SESSION_A, MOBILE, PEER, T0 + 400, 0, -1, code);
        memcpy(wrong, code, sizeof(wrong));
        wrong[0] = wrong[0] == '9' ? '0' : (char)(wrong[0] + 1);
        for (int i = 0; i < SMS_CODE_TRIES; i++)
                assert_int_equal(check(fixture, SESSION_A, "register", MOBILE, wrong, T0 + 401),
                                 SMS_CODE_E_WRONG);
        assert_int_equal(check(fixture, SESSION_A, "register", MOBILE, code, T0 + 401),
                         SMS_CODE_E_OVER);
        assert_int_equal(transaction_commit(&transaction), 0);
}

/* threats 115: one a minute and ten a day to a number, twenty an hour from an address */
static void test_limits(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {};
        char code[SMS_CODE_DIGITS + 1];

        fixture_begin(fixture, &transaction);
        send_to(fixture, SESSION_A, MOBILE, "192.0.2.9", T0, 0, -1, code);
        send_to(fixture, SESSION_B, MOBILE, "192.0.2.8", T0 + 20, SMS_CODE_E_NUMBER, 40, code);
        for (int i = 1; i < 10; i++)
                send_to(fixture, SESSION_A, MOBILE, "192.0.2.9", T0 + 60 * i, 0, -1, code);
        send_to(fixture, SESSION_A, MOBILE, "192.0.2.9", T0 + 600, SMS_CODE_E_NUMBER, 86400 - 600, code);

        for (int i = 0; i < 20; i++) {
                char mobile[24];

                (void)snprintf(mobile, sizeof(mobile), "199000001%02d", i);
                send_to(fixture, SESSION_B, mobile, PEER, T0, 0, -1, code);
        }
        send_to(fixture, SESSION_B, OTHER, PEER, T0 + 1, SMS_CODE_E_ADDRESS, 3599, code);
        assert_int_equal(transaction_commit(&transaction), 0);
}

/* threats 110: a code that was never sent wears out as one that was, and replaces one that was */
static void test_decoy(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {};
        char code[SMS_CODE_DIGITS + 1] = "";

        fixture_begin(fixture, &transaction);
        send_to(fixture, SESSION_A, MOBILE, PEER, T0, 0, -1, code);
        assert_int_equal(sms_code_decoy(fixture->store, SESSION_A, "register", MOBILE, T0 + 1), 0);
        /* no digits: the new code could be the old one by chance */
        for (int i = 0; i < SMS_CODE_TRIES; i++)
                assert_int_equal(check(fixture, SESSION_A, "register", MOBILE, "abcdef", T0 + 2),
                                 SMS_CODE_E_WRONG);
        assert_int_equal(check(fixture, SESSION_A, "register", MOBILE, "abcdef", T0 + 2),
                         SMS_CODE_E_OVER);
        assert_int_equal(transaction_commit(&transaction), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_rate),
                UNIT_TEST(test_decoy),
                UNIT_TEST(test_code),
                UNIT_TEST(test_code_over),
                UNIT_TEST(test_limits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
