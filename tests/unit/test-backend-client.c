/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keys of workstations: made, replaced while hosts follow, taken away. Whose key fits whom stands in
 * test-backend-account.c. */

#include "backend/model-client.h"
#include "backend/model-device.h"
#include "tests/unit/backend-fixture.h"

#define UNTIL (T0 + 86400)

static void put(Fixture *fixture, const char *id, const char *key) {
        assert_int_equal(client_put(fixture->store, id, key, "hall 3", T0), 0);
}

static int check(Fixture *fixture, const char *key, int64_t now) {
        return client_check(fixture->store, "ws", key, CLIENT_UNKNOWN_REFUSED, now);
}

static void rotate(Fixture *fixture, const char *key, int64_t until, int result) {
        Transaction transaction = {};

        fixture_begin(fixture, &transaction);
        assert_int_equal(client_rotate(fixture->store, "ws", key, until), result);
        assert_int_equal(transaction_commit(&transaction), 0);
}

/* threats 115 */
static void test_old_and_new(void **state) {
        Fixture *fixture = *state;

        put(fixture, "ws", "key-one");
        rotate(fixture, "key-two", UNTIL, 0);
        assert_int_equal(check(fixture, "key-one", T0), 0);
        assert_int_equal(check(fixture, "key-two", T0), 0);
        assert_int_equal(check(fixture, "key-one", UNTIL - 1), 0);
        assert_int_equal(check(fixture, "key-one", UNTIL), CLIENT_E_REFUSED);
        assert_int_equal(check(fixture, "key-two", UNTIL), 0);
        assert_int_equal(check(fixture, "key-three", T0), CLIENT_E_REFUSED);
        assert_int_equal(check(fixture, NULL, T0), CLIENT_E_REFUSED);
}

static void test_old_is_void_at_once(void **state) {
        Fixture *fixture = *state;

        put(fixture, "ws", "key-one");
        rotate(fixture, "key-two", 0, 0);
        assert_int_equal(check(fixture, "key-one", T0), CLIENT_E_REFUSED);
        assert_int_equal(check(fixture, "key-two", T0), 0);
        assert_int_equal(
                fixture_number(fixture, "SELECT count(*) FROM client WHERE old_hash IS NOT NULL"),
                0);
}

static void test_two_keys_at_most(void **state) {
        Fixture *fixture = *state;

        put(fixture, "ws", "key-one");
        rotate(fixture, "key-two", UNTIL, 0);
        rotate(fixture, "key-three", UNTIL, 0);
        assert_int_equal(check(fixture, "key-one", T0), CLIENT_E_REFUSED);
        assert_int_equal(check(fixture, "key-two", T0), 0);
        assert_int_equal(check(fixture, "key-three", T0), 0);

        /* whoever makes it anew wants none of the earlier ones */
        put(fixture, "ws", "key-four");
        assert_int_equal(check(fixture, "key-two", T0), CLIENT_E_REFUSED);
        assert_int_equal(check(fixture, "key-three", T0), CLIENT_E_REFUSED);
        assert_int_equal(check(fixture, "key-four", T0), 0);
}

/* threats 115 */
static void test_revoked(void **state) {
        Fixture *fixture = *state;
        _cleanup_(secret_freep) Secret *device = NULL;
        char user_code[USER_CODE_CHARS + 1], hash[HASH_HEX_BYTES + 1];
        Transaction transaction = {};
        DeviceRow row;

        put(fixture, "ws", "key-one");
        put(fixture, "other", "key-other");
        rotate(fixture, "key-two", UNTIL, 0);
        fixture_begin(fixture, &transaction);
        assert_int_equal(
                device_new(fixture->store,
                           &(const DeviceNew){ .client_id = "ws", .lifetime_sec = 120 }, T0,
                           &device, user_code),
                0);
        assert_int_equal(client_revoke(fixture->store, "ws"), 0);
        assert_int_equal(transaction_commit(&transaction), 0);

        assert_int_equal(check(fixture, "key-one", T0), CLIENT_E_REFUSED);
        assert_int_equal(check(fixture, "key-two", T0), CLIENT_E_REFUSED);
        assert_int_equal(client_check(fixture->store, "other", "key-other", CLIENT_UNKNOWN_REFUSED,
                                      T0),
                         0);
        rotate(fixture, "key-three", UNTIL, CLIENT_E_REFUSED);

        /* a QR login that was begun before does not come through either */
        assert_int_equal(hash_hex_text(secret_text(device), hash), 0);
        assert_int_equal(device_find(fixture->store, hash, "ws", T0, &row), 0);
        assert_int_equal(row.state, DEVICE_REFUSED);
}

static void test_what_has_no_key(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {};

        fixture_begin(fixture, &transaction);
        assert_int_equal(client_rotate(fixture->store, CLIENT_APP, "key", 0), CLIENT_E_REFUSED);
        assert_int_equal(client_rotate(fixture->store, "never", "key", 0), CLIENT_E_REFUSED);
        /* what is no hash is no key, and not the absence of one */
        assert_int_equal(store_run(fixture->store,
                                   "INSERT INTO client (id, secret_hash, created_at)"
                                   " VALUES ('ws', '', 0)",
                                   ""),
                         0);
        assert_int_equal(transaction_commit(&transaction), 0);
        assert_int_equal(check(fixture, NULL, T0), CLIENT_E_REFUSED);
        assert_int_equal(check(fixture, "", T0), CLIENT_E_REFUSED);
        assert_int_equal(check(fixture, "x", T0), CLIENT_E_REFUSED);
}

static void test_seen(void **state) {
        Fixture *fixture = *state;

        put(fixture, "ws", "key-one");
        assert_int_equal(check(fixture, "wrong", T0), CLIENT_E_REFUSED);
        assert_int_equal(fixture_number(fixture, "SELECT seen_at FROM client WHERE id = 'ws'"), 0);
        assert_int_equal(check(fixture, "key-one", T0), 0);
        assert_int_equal(check(fixture, "key-one", T0 + CLIENT_SEEN_SEC - 1), 0);
        assert_int_equal(fixture_number(fixture, "SELECT seen_at FROM client WHERE id = 'ws'"), T0);
        assert_int_equal(check(fixture, "key-one", T0 + CLIENT_SEEN_SEC), 0);
        assert_int_equal(fixture_number(fixture, "SELECT seen_at FROM client WHERE id = 'ws'"),
                         T0 + CLIENT_SEEN_SEC);

        /* which hosts still have the old one */
        rotate(fixture, "key-two", UNTIL, 0);
        assert_int_equal(check(fixture, "key-two", T0 + 2 * CLIENT_SEEN_SEC), 0);
        assert_int_equal(fixture_number(fixture, "SELECT old_seen_at FROM client WHERE id = 'ws'"),
                         0);
        assert_int_equal(check(fixture, "key-one", T0 + 2 * CLIENT_SEEN_SEC + 1), 0);
        assert_int_equal(fixture_number(fixture, "SELECT old_seen_at FROM client WHERE id = 'ws'"),
                         T0 + 2 * CLIENT_SEEN_SEC + 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_old_and_new),      UNIT_TEST(test_old_is_void_at_once),
                UNIT_TEST(test_two_keys_at_most), UNIT_TEST(test_revoked),
                UNIT_TEST(test_what_has_no_key),  UNIT_TEST(test_seen),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
