/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* QR logins: who may confirm, how often, until when. */

#include <pthread.h>
#include <stdatomic.h>

#include "backend/model-device.h"
#include "tests/unit/backend-fixture.h"

typedef struct Login {
        char hash[HASH_HEX_BYTES + 1], user_code[USER_CODE_CHARS + 1];
} Login;

static void login_begin(Fixture *fixture, const char *hint, DeviceBinding binding, Login *ret) {
        const DeviceNew device = { .client_id = "ws",
                                   .login_hint = hint,
                                   .host = "ws01",
                                   .service = "login",
                                   .binding = binding,
                                   .lifetime_sec = 120 };
        _cleanup_(secret_freep) Secret *code = NULL;

        assert_int_equal(device_new(fixture->store, &device, T0, &code, ret->user_code), 0);
        assert_int_equal(hash_hex_text(secret_text(code), ret->hash), 0);
        assert_int_equal(strspn(ret->user_code, USER_CODE_ALPHABET), USER_CODE_CHARS);
}

/* What the phone does: s scan, c confirm, r refuse; upper case by bing instead of jia. */
static int phone(Fixture *fixture, const Login *login, char deed, int64_t now, char *ret_digits) {
        const char *account = deed >= 'a' ? fixture->jia : fixture->bing;
        char digits[LIMIT_DIGITS + 1] = "";
        DeviceRow row;
        int r;

        switch (deed | 0x20) {
        case 's':
                return device_scan(fixture->store, login->user_code, account, now, &row);
        case 'r':
                return device_refuse(fixture->store, login->user_code, account, now, &row);
        default:
                r = device_confirm(fixture->store, login->user_code, account, now, &row, digits);
                if (ret_digits)
                        memcpy(ret_digits, digits, sizeof(digits));
                return r;
        }
}

static DeviceState state_of(Fixture *fixture, const Login *login, int64_t now) {
        DeviceRow row;

        assert_int_equal(device_find(fixture->store, login->hash, "ws", now, &row), 0);
        return row.state;
}

static int redeem(Fixture *fixture, const Login *login, const char *digits, int64_t now,
                  int64_t *ret_left) {
        DeviceRow row;
        int64_t left;

        assert_int_equal(device_find(fixture->store, login->hash, "ws", now, &row), 0);
        return device_redeem(fixture->store, &row, digits, now, ret_left ? ret_left : &left);
}

typedef struct PhoneCase {
        const char *sentence, *hint, *deeds;
        int64_t now;
        int result; /* of the last deed */
        DeviceState state;
} PhoneCase;

static const PhoneCase phone_cases[] = {
        { "nothing was done", NULL, "", T0, 0, DEVICE_PENDING },
        { "scanned", NULL, "s", T0, 0, DEVICE_SCANNED },
        { "scanned twice by the same person", NULL, "ss", T0, 0, DEVICE_SCANNED },
        { "scanned by a second person: the first goes on", NULL, "sS", T0, DEVICE_E_DECIDED,
          DEVICE_SCANNED },
        { "scanned and confirmed", NULL, "sc", T0, 0, DEVICE_CONFIRMED },
        { "confirmed without a scan", NULL, "c", T0, 0, DEVICE_CONFIRMED },
        { "confirmed by another than scanned", NULL, "sC", T0, DEVICE_E_DECIDED, DEVICE_SCANNED },
        { "confirmed twice", NULL, "cc", T0, DEVICE_E_DECIDED, DEVICE_CONFIRMED },
        { "refused", NULL, "r", T0, 0, DEVICE_REFUSED },
        { "refused after the scan", NULL, "sr", T0, 0, DEVICE_REFUSED },
        { "refused by another than scanned", NULL, "sR", T0, DEVICE_E_DECIDED, DEVICE_SCANNED },
        { "refused after it was confirmed", NULL, "cr", T0, DEVICE_E_DECIDED, DEVICE_CONFIRMED },
        { "confirmed after it was refused", NULL, "rc", T0, DEVICE_E_DECIDED, DEVICE_REFUSED },
        { "the person asked for confirms", "19900000001", "sc", T0, 0, DEVICE_CONFIRMED },
        /* threats 57 */
        { "another person confirms: it is over", "ceshi_jia", "C", T0, DEVICE_E_WRONG_PERSON,
          DEVICE_WRONG_PERSON },
        { "another person scans: it is over", "ceshi_jia", "S", T0, DEVICE_E_WRONG_PERSON,
          DEVICE_WRONG_PERSON },
        { "another person after the scan: it is over", "ceshi_jia", "sC", T0, DEVICE_E_WRONG_PERSON,
          DEVICE_WRONG_PERSON },
        { "another person comes again", "ceshi_jia", "CC", T0, DEVICE_E_WRONG_PERSON,
          DEVICE_WRONG_PERSON },
        { "the right person comes after a wrong one", "ceshi_jia", "Cc", T0, DEVICE_E_DECIDED,
          DEVICE_WRONG_PERSON },
        { "another person after it was confirmed changes nothing", "ceshi_jia", "cC", T0,
          DEVICE_E_DECIDED, DEVICE_CONFIRMED },
        { "a hint that names nobody lets nobody in", "nobody_here", "c", T0, DEVICE_E_WRONG_PERSON,
          DEVICE_WRONG_PERSON },
        /* threats 60 */
        { "confirmed after 119 s", NULL, "c", T0 + 119, 0, DEVICE_CONFIRMED },
        { "confirmed after 120 s", NULL, "c", T0 + 120, DEVICE_E_EXPIRED, DEVICE_PENDING },
        { "confirmed after 121 s", NULL, "c", T0 + 121, DEVICE_E_EXPIRED, DEVICE_PENDING },
        { "a login of the future is expired", NULL, "c", T0 - 60, DEVICE_E_EXPIRED,
          DEVICE_PENDING },
        { "an expired one is not ended by a wrong person", "ceshi_jia", "C", T0 + 121,
          DEVICE_E_EXPIRED, DEVICE_PENDING },
};

static void test_phone(void **state) {
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(phone_cases); i++) {
                const PhoneCase *c = &phone_cases[i];
                Login login;
                int r = 0;

                login_begin(fixture, c->hint, BINDING_NONE, &login);
                for (const char *deed = c->deeds; *deed; deed++)
                        r = phone(fixture, &login, *deed, c->now, NULL);
                if (r != c->result || state_of(fixture, &login, c->now) != c->state)
                        fail_msg("%s: %d, %s", c->sentence, r,
                                 device_state_to_string(state_of(fixture, &login, c->now)));
        }
}

static void test_lower_case(void **state) {
        Fixture *fixture = *state;
        DeviceRow row;
        Login login;

        login_begin(fixture, NULL, BINDING_NONE, &login);
        for (char *p = login.user_code; *p; p++)
                *p = (char)(*p >= 'A' ? *p | 0x20 : *p);
        assert_int_equal(device_find_user_code(fixture->store, login.user_code, T0, &row), 0);
        assert_string_equal(row.hash, login.hash);
}

static void test_redeemed_once(void **state) {
        Fixture *fixture = *state;
        Login login;

        login_begin(fixture, NULL, BINDING_NONE, &login);
        assert_int_equal(redeem(fixture, &login, NULL, T0, NULL), DEVICE_E_PENDING);
        assert_int_equal(phone(fixture, &login, 'c', T0, NULL), 0);
        assert_int_equal(redeem(fixture, &login, NULL, T0, NULL), 0);
        /* threats 64 */
        assert_int_equal(redeem(fixture, &login, NULL, T0, NULL), DEVICE_E_PENDING);
        assert_int_equal(phone(fixture, &login, 'c', T0, NULL), DEVICE_E_DECIDED);
        assert_int_equal(state_of(fixture, &login, T0), DEVICE_REDEEMED);
}

static void test_last_second(void **state) {
        Fixture *fixture = *state;
        Login login;

        login_begin(fixture, NULL, BINDING_NONE, &login);
        assert_int_equal(phone(fixture, &login, 'c', T0 + 119, NULL), 0);
        assert_int_equal(redeem(fixture, &login, NULL, T0 + 121, NULL), 0);

        login_begin(fixture, NULL, BINDING_NONE, &login);
        assert_int_equal(phone(fixture, &login, 'c', T0 + 119, NULL), 0);
        assert_int_equal(redeem(fixture, &login, NULL, T0 + 119 + DEVICE_REDEEM_SEC, NULL),
                         DEVICE_E_EXPIRED);
}

/* threats 61: what is in the picture does not poll, and the other way round; another client does
 * not either */
static void test_codes_do_not_mix(void **state) {
        char hash[HASH_HEX_BYTES + 1];
        Fixture *fixture = *state;
        DeviceRow row;
        Login login;

        login_begin(fixture, NULL, BINDING_NONE, &login);
        assert_int_equal(hash_hex_text(login.user_code, hash), 0);
        assert_int_equal(device_find(fixture->store, hash, "ws", T0, &row), DEVICE_E_UNKNOWN);
        assert_int_equal(device_find(fixture->store, login.user_code, "ws", T0, &row),
                         DEVICE_E_UNKNOWN);
        assert_int_equal(device_find_user_code(fixture->store, login.hash, T0, &row),
                         DEVICE_E_UNKNOWN);
        assert_int_equal(device_find(fixture->store, login.hash, "ws2", T0, &row),
                         DEVICE_E_UNKNOWN);
}

/* threats 62 */
static void test_slow_down(void **state) {
        Fixture *fixture = *state;
        Login login;

        login_begin(fixture, NULL, BINDING_NONE, &login);
        assert_int_equal(device_polled(fixture->store, login.hash, T0), 0);
        assert_int_equal(device_polled(fixture->store, login.hash, T0 + 4), DEVICE_E_SLOW_DOWN);
        assert_int_equal(device_polled(fixture->store, login.hash, T0 + 5), 0);
        assert_int_equal(device_polled(fixture->store, login.hash, T0 + 5), DEVICE_E_SLOW_DOWN);
        /* a clock put back must not stop it for good */
        assert_int_equal(device_polled(fixture->store, login.hash, T0 - 100), 0);
}

/* threats 59 */
static void test_disabled(void **state) {
        Fixture *fixture = *state;
        Login login;

        login_begin(fixture, NULL, BINDING_NONE, &login);
        assert_int_equal(phone(fixture, &login, 'c', T0, NULL), 0);
        assert_int_equal(account_set_disabled(fixture->store, fixture->jia, 1), 0);
        assert_int_equal(redeem(fixture, &login, NULL, T0, NULL), DEVICE_E_DISABLED);
        assert_int_equal(account_set_disabled(fixture->store, fixture->jia, 0), 0);
        assert_int_equal(redeem(fixture, &login, NULL, T0, NULL), DEVICE_E_PENDING);

        login_begin(fixture, NULL, BINDING_NONE, &login);
        assert_int_equal(account_set_disabled(fixture->store, fixture->jia, 1), 0);
        assert_int_equal(phone(fixture, &login, 's', T0, NULL), DEVICE_E_DISABLED);
        assert_int_equal(phone(fixture, &login, 'c', T0, NULL), DEVICE_E_DISABLED);
        assert_int_equal(state_of(fixture, &login, T0), DEVICE_PENDING);
}

static void test_new_password(void **state) {
        Fixture *fixture = *state;
        char id[RANDOM_ID_BYTES + 1];
        Login login;

        login_begin(fixture, NULL, BINDING_NONE, &login);
        assert_int_equal(phone(fixture, &login, 'c', T0, NULL), 0);
        fixture_account(fixture, "ceshi_jia", "resident_identity_card", "990101199001010019",
                        "19900000001", "other", id);
        assert_int_equal(state_of(fixture, &login, T0), DEVICE_REFUSED);
        assert_int_equal(redeem(fixture, &login, NULL, T0, NULL), DEVICE_E_PENDING);
}

/* threats 56: the confirmation alone is not enough */
static void test_digits(void **state) {
        char digits[LIMIT_DIGITS + 1], wrong[LIMIT_DIGITS + 1];
        Fixture *fixture = *state;
        int64_t left = 0;
        Login login;

        login_begin(fixture, NULL, BINDING_DIGITS, &login);
        assert_int_equal(redeem(fixture, &login, "123456", T0, &left), DEVICE_E_PENDING);
        assert_int_equal(phone(fixture, &login, 'c', T0, digits), 0);
        assert_int_equal(strspn(digits, "0123456789"), LIMIT_DIGITS);
        memcpy(wrong, digits, sizeof(wrong));
        wrong[5] = (char)(wrong[5] == '9' ? '0' : wrong[5] + 1);

        assert_int_equal(redeem(fixture, &login, NULL, T0, &left), DEVICE_E_DIGITS);
        assert_int_equal(left, -1);
        assert_int_equal(redeem(fixture, &login, wrong, T0, &left), DEVICE_E_DIGITS);
        assert_int_equal(left, 2);
        assert_int_equal(redeem(fixture, &login, wrong, T0, &left), DEVICE_E_DIGITS);
        assert_int_equal(left, 1);
        assert_int_equal(redeem(fixture, &login, digits, T0, &left), 0);
        assert_int_equal(redeem(fixture, &login, digits, T0, &left), DEVICE_E_PENDING);
}

static void test_digits_wrong_three_times(void **state) {
        char digits[LIMIT_DIGITS + 1], wrong[LIMIT_DIGITS + 1];
        Fixture *fixture = *state;
        int64_t left = 0;
        Login login;

        login_begin(fixture, NULL, BINDING_DIGITS, &login);
        assert_int_equal(phone(fixture, &login, 'c', T0, digits), 0);
        memcpy(wrong, digits, sizeof(wrong));
        wrong[0] = (char)(wrong[0] == '9' ? '0' : wrong[0] + 1);
        assert_int_equal(redeem(fixture, &login, wrong, T0, &left), DEVICE_E_DIGITS);
        assert_int_equal(redeem(fixture, &login, wrong, T0, &left), DEVICE_E_DIGITS);
        assert_int_equal(redeem(fixture, &login, wrong, T0, &left), DEVICE_E_DIGITS_OVER);
        assert_int_equal(state_of(fixture, &login, T0), DEVICE_DIGITS_WRONG);
        assert_int_equal(redeem(fixture, &login, digits, T0, &left), DEVICE_E_PENDING);
}

static void test_third_digits_right(void **state) {
        char digits[LIMIT_DIGITS + 1];
        Fixture *fixture = *state;
        int64_t left = 0;
        Login login;

        login_begin(fixture, NULL, BINDING_DIGITS, &login);
        assert_int_equal(phone(fixture, &login, 'c', T0, digits), 0);
        (void)redeem(fixture, &login, "", T0, &left);
        (void)redeem(fixture, &login, "12", T0, &left);
        assert_int_equal(redeem(fixture, &login, digits, T0, &left), 0);
}

/* threats 58: a race of confirmations, then one of redemptions; each on a connection of its own */
enum { RACERS = 40 };

typedef struct Racer {
        const Fixture *fixture;
        const Login *login;
        bool confirms, by_bing;
        atomic_int *wins;
} Racer;

static void *racer_run(void *userdata) {
        const Racer *racer = userdata;
        char digits[LIMIT_DIGITS + 1];
        Transaction transaction = {};
        Store *store = NULL;
        DeviceRow row;
        int64_t left;
        int r;

        if (store_open(racer->fixture->path, &store) != 0)
                return NULL;
        /* looked up before the transaction: what is decided on may be old by then */
        r = device_find(store, racer->login->hash, "ws", T0, &row);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r == 0)
                r = racer->confirms ? device_confirm(store, racer->login->user_code,
                                                     racer->by_bing ? racer->fixture->bing
                                                                    : racer->fixture->jia,
                                                     T0, &row, digits)
                                    : device_redeem(store, &row, NULL, T0, &left);
        if (r == 0 && transaction_commit(&transaction) == 0)
                (void)atomic_fetch_add(racer->wins, 1);
        transaction_done(&transaction);
        (void)store_close(store);
        return NULL;
}

static int race(Fixture *fixture, const Login *login, bool confirms) {
        pthread_t threads[RACERS];
        Racer racers[RACERS];
        atomic_int wins = 0;

        for (size_t i = 0; i < RACERS; i++) {
                racers[i] = (Racer){ fixture, login, confirms, i % 2 == 1, &wins };
                assert_int_equal(pthread_create(&threads[i], NULL, racer_run, &racers[i]), 0);
        }
        for (size_t i = 0; i < RACERS; i++)
                (void)pthread_join(threads[i], NULL);
        return wins;
}

static void test_races(void **state) {
        Fixture *fixture = *state;
        Login login;

        login_begin(fixture, NULL, BINDING_NONE, &login);
        assert_int_equal(race(fixture, &login, true), 1);
        assert_int_equal(race(fixture, &login, false), 1);
        assert_int_equal(state_of(fixture, &login, T0), DEVICE_REDEEMED);
}

/* What the phone shows of an account is masked, also one that does not exist. */
static void test_hint_is_masked(void **state) {
        static const char *const hints[] = { "19900000001",        "ceshi_jia",
                                             "990101199001010019", "nobody_here",
                                             "My-secret-pw1!",     "\x1b[31m",
                                             "测试测试测试测试" };
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(hints); i++) {
                DeviceRow row;
                Login login;

                login_begin(fixture, hints[i], BINDING_NONE, &login);
                assert_int_equal(device_find(fixture->store, login.hash, "ws", T0, &row), 0);
                assert_true(row.hinted);
                assert_string_not_equal(row.hint_masked, hints[i]);
                assert_null(strstr(row.hint_masked, hints[i]));
                assert_null(strchr(row.hint_masked, 0x1b));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_phone),
                UNIT_TEST(test_lower_case),
                UNIT_TEST(test_redeemed_once),
                UNIT_TEST(test_last_second),
                UNIT_TEST(test_codes_do_not_mix),
                UNIT_TEST(test_slow_down),
                UNIT_TEST(test_disabled),
                UNIT_TEST(test_new_password),
                UNIT_TEST(test_digits),
                UNIT_TEST(test_digits_wrong_three_times),
                UNIT_TEST(test_third_digits_right),
                UNIT_TEST(test_races),
                UNIT_TEST(test_hint_is_masked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
