/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The wall clock of the store decides, never the phone's. A login of the future counts as
 * expired. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-account.h"
#include "backend/model-device.h"
#include "lib/common/identity.h"
#include "lib/common/text.h"

#define USER_CODE_DRAWS 8 /* of 25^8 codes, so a second draw is rare already */

#define COLUMNS \
        "hash, user_code, state, hinted, hint_account, account_id, hint_masked, host, service," \
        " terminal, remote_host," \
        " binding, created_at, expires_at"

static const char *const states[_DEVICE_STATE_MAX] = {
        [DEVICE_PENDING] = "pending",           [DEVICE_SCANNED] = "scanned",
        [DEVICE_CONFIRMED] = "confirmed",       [DEVICE_REFUSED] = "refused",
        [DEVICE_WRONG_PERSON] = "wrong_person", [DEVICE_DIGITS_WRONG] = "digits_wrong",
        [DEVICE_REDEEMED] = "redeemed",
};

const char *device_state_to_string(DeviceState state) {
        return states[state];
}

static int hint_read(Store *store, const char *hint, char *ret_account, char *ret_masked) {
        _cleanup_(freep) char *masked = NULL;
        Account parsed;
        AccountRow row;
        int r;

        account_parse(hint, &parsed);
        r = text_mask(parsed.kind < ACCOUNT_INVALID ? parsed.name : hint, &masked);
        if (r < 0)
                return r;
        /* never cut, for that could split a character */
        (void)snprintf(ret_masked, HINT_MASKED_BYTES + 1, "%s",
                       strlen(masked) <= HINT_MASKED_BYTES ? masked : "****");

        ret_account[0] = '\0';
        r = account_find(store, hint, &row);
        if (r == 0)
                memcpy(ret_account, row.id, sizeof(row.id));
        explicit_bzero(&row, sizeof(row));
        return r < 0 ? r : 0;
}

int device_new(Store *store, const DeviceNew *device, int64_t now, Secret **ret_device_code,
               char ret_user_code[static USER_CODE_CHARS + 1]) {
        char hash[HASH_HEX_BYTES + 1], user_code[USER_CODE_CHARS + 1];
        char hint_account[RANDOM_ID_BYTES + 1] = "", hint_masked[HINT_MASKED_BYTES + 1] = "";
        _cleanup_(secret_freep) Secret *code = NULL;
        int r;

        if (device->login_hint) {
                r = hint_read(store, device->login_hint, hint_account, hint_masked);
                if (r < 0)
                        return r;
        }

        r = random_token(&code);
        if (r == 0)
                r = hash_hex_text(secret_text(code), hash);
        if (r < 0)
                return r;

        for (int i = 0; i < USER_CODE_DRAWS; i++) {
                r = random_text(USER_CODE_ALPHABET, USER_CODE_CHARS, user_code);
                if (r < 0)
                        return r;
                r = store_run(
                        store,
                        "INSERT INTO device (hash, user_code, client_id, state, hinted,"
                        " hint_account, hint_masked, host,"
                        " service, terminal, remote_host, binding, digits_left, created_at,"
                        " expires_at)"
                        " VALUES ($1, $2, $3, 'pending', $4, $5, $6, $7, $8, $9, $10, $11, 3,"
                        " $12, $13)"
                        " ON CONFLICT (user_code) DO NOTHING",
                        "tttittttttiii", hash, user_code, device->client_id,
                        (int64_t)(device->login_hint != NULL),
                        hint_account[0] ? hint_account : NULL, hint_masked, device->host,
                        device->service, device->terminal, device->remote_host,
                        (int64_t)device->binding, now, now + device->lifetime_sec);
                if (r < 0)
                        return r;
                if (r == 0 && store_changes(store) == 1) {
                        *ret_device_code = TAKE_PTR(code);
                        memcpy(ret_user_code, user_code, sizeof(user_code));
                        return 0;
                }
        }
        return -EEXIST;
}

#define COPY(to, column) \
        do { \
                const char *_text = statement_text(statement, (column)); \
                (void)snprintf((to), sizeof(to), "%s", _text ? _text : ""); \
        } while (0)

static int row_read(Statement *statement, int64_t now, DeviceRow *ret) {
        const char *state;
        int r;

        r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0)
                return DEVICE_E_UNKNOWN;

        *ret = (DeviceRow){ .state = _DEVICE_STATE_MAX };
        state = statement_text(statement, 2);
        for (DeviceState i = 0; i < _DEVICE_STATE_MAX; i++)
                if (strcmp(state, states[i]) == 0)
                        ret->state = i;
        if (ret->state == _DEVICE_STATE_MAX)
                return -EIO;

        COPY(ret->hash, 0);
        COPY(ret->user_code, 1);
        ret->hinted = statement_int(statement, 3) != 0;
        COPY(ret->hint_account, 4);
        COPY(ret->account_id, 5);
        COPY(ret->hint_masked, 6);
        COPY(ret->host, 7);
        COPY(ret->service, 8);
        COPY(ret->terminal, 9);
        COPY(ret->remote_host, 10);
        ret->binding = statement_int(statement, 11) ? BINDING_DIGITS : BINDING_NONE;
        ret->created_at = statement_int(statement, 12);
        ret->expires_at = statement_int(statement, 13);
        ret->expired = now >= ret->expires_at || ret->created_at > now + CLOCK_SKEW_SEC;
        return 0;
}

int device_find(Store *store, const char *hash, const char *client_id, int64_t now,
                DeviceRow *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement,
                        "SELECT " COLUMNS " FROM device WHERE hash = $1 AND client_id = $2", "tt",
                        hash, client_id);
        if (r < 0)
                return r;
        return row_read(statement, now, ret);
}

int device_find_user_code(Store *store, const char *user_code, int64_t now, DeviceRow *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        char upper[USER_CODE_CHARS + 1] = "";
        int r;

        if (strlen(user_code) != USER_CODE_CHARS)
                return DEVICE_E_UNKNOWN;
        for (size_t i = 0; i < USER_CODE_CHARS; i++)
                upper[i] = (char)toupper((unsigned char)user_code[i]);

        r = store_query(store, &statement, "SELECT " COLUMNS " FROM device WHERE user_code = $1",
                        "t", upper);
        if (r < 0)
                return r;
        return row_read(statement, now, ret);
}

int device_polled(Store *store, const char *hash, int64_t now) {
        int r;

        r = store_run(
                store,
                "UPDATE device SET polled_at = $2 WHERE hash = $1 AND (polled_at <= $3 OR"
                " polled_at > $2)",
                "tii", hash, now, now - DEVICE_INTERVAL_SEC);
        if (r < 0)
                return r;
        return store_changes(store) == 1 ? 0 : DEVICE_E_SLOW_DOWN;
}

static int account_is_disabled(Store *store, const char *account_id) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement, "SELECT disabled FROM account WHERE id = $1", "t",
                        account_id);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;
        return r == 0 || statement_int(statement, 0) ? DEVICE_E_DISABLED : 0;
}

/* What every deed of the phone asks first. */
static int phone_admit(Store *store, const char *user_code, const char *account_id, int64_t now,
                       DeviceRow *ret) {
        int r;

        r = device_find_user_code(store, user_code, now, ret);
        if (r == 0)
                r = account_is_disabled(store, account_id);
        if (r != 0)
                return r;
        if (ret->expired)
                return DEVICE_E_EXPIRED;

        if (ret->hinted && strcmp(ret->hint_account, account_id) != 0) {
                r = store_run(store,
                              "UPDATE device SET state = 'wrong_person', account_id = NULL"
                              " WHERE hash = $1 AND state IN ('pending', 'scanned')",
                              "t", ret->hash);
                if (r != 0)
                        return r < 0 ? r : -EIO;
                if (store_changes(store) == 0)
                        return ret->state == DEVICE_WRONG_PERSON ? DEVICE_E_WRONG_PERSON
                                                                 : DEVICE_E_DECIDED;
                r = store_tell(store, ret->hash);
                return r < 0 ? r : DEVICE_E_WRONG_PERSON;
        }
        return 0;
}

static int phone_verdict(Store *store, const char *hash, int r) {
        if (r != 0)
                return r < 0 ? r : -EIO;
        return store_changes(store) == 1 ? store_tell(store, hash) : DEVICE_E_DECIDED;
}

int device_scan(Store *store, const char *user_code, const char *account_id, int64_t now,
                DeviceRow *ret) {
        int r;

        r = phone_admit(store, user_code, account_id, now, ret);
        if (r != 0)
                return r;

        /* who scanned first goes on with it: a second phone cannot take a login over between the
         * two steps */
        r = store_run(store,
                      "UPDATE device SET state = 'scanned', account_id = $2 WHERE hash = $1"
                      " AND (state = 'pending' OR (state = 'scanned' AND account_id = $2))",
                      "tt", ret->hash, account_id);
        return phone_verdict(store, ret->hash, r);
}

int device_refuse(Store *store, const char *user_code, const char *account_id, int64_t now,
                  DeviceRow *ret) {
        int r;

        r = phone_admit(store, user_code, account_id, now, ret);
        if (r != 0)
                return r;

        r = store_run(store,
                      "UPDATE device SET state = 'refused' WHERE hash = $1"
                      " AND (state = 'pending' OR (state = 'scanned' AND account_id = $2))",
                      "tt", ret->hash, account_id);
        return phone_verdict(store, ret->hash, r);
}

int device_confirm(Store *store, const char *user_code, const char *account_id, int64_t now,
                   DeviceRow *ret, char ret_digits[static LIMIT_DIGITS + 1]) {
        char digits[LIMIT_DIGITS + 1] = "";
        int64_t at_least;
        int r;

        r = phone_admit(store, user_code, account_id, now, ret);
        if (r != 0)
                return r;

        if (ret->binding == BINDING_DIGITS) {
                r = random_text("0123456789", LIMIT_DIGITS, digits);
                if (r < 0)
                        return r;
        }

        at_least = now +
                   (ret->binding == BINDING_DIGITS ? DEVICE_REDEEM_DIGITS_SEC : DEVICE_REDEEM_SEC);
        r = store_run(
                store,
                "UPDATE device SET state = 'confirmed', account_id = $2, digits = $3,"
                " expires_at = CASE WHEN expires_at < $4 THEN $4 ELSE expires_at END WHERE hash ="
                " $1"
                " AND (state = 'pending' OR (state = 'scanned' AND account_id = $2))",
                "ttti", ret->hash, account_id, digits, at_least);
        r = phone_verdict(store, ret->hash, r);
        if (r == 0)
                memcpy(ret_digits, digits, sizeof(digits));
        return r;
}

/* One try is taken, then the digits are compared. */
static int digits_test(Store *store, const DeviceRow *device, const char *digits,
                       int64_t *ret_tries_left) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int64_t left;
        int r;

        *ret_tries_left = -1;
        if (!digits)
                return DEVICE_E_DIGITS;

        r = store_query(
                store, &statement,
                "UPDATE device SET digits_left = digits_left - 1,"
                " state = CASE WHEN digits_left = 1 AND digits <> $2 THEN 'digits_wrong' ELSE"
                " state END"
                " WHERE hash = $1 AND state = 'confirmed' AND digits_left > 0 RETURNING digits,"
                " digits_left",
                "tt", device->hash, digits);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0)
                return DEVICE_E_PENDING;

        if (strlen(digits) == LIMIT_DIGITS &&
            secret_equal_bytes(digits, statement_text(statement, 0), LIMIT_DIGITS))
                return 0;
        left = statement_int(statement, 1);
        *ret_tries_left = left;
        if (left > 0)
                return DEVICE_E_DIGITS;
        r = store_run(store, "UPDATE device SET digits = '' WHERE hash = $1", "t", device->hash);
        if (r == 0)
                r = store_tell(store, device->hash);
        return r < 0 ? r : DEVICE_E_DIGITS_OVER;
}

int device_redeem(Store *store, const DeviceRow *device, const char *digits, int64_t now,
                  int64_t *ret_tries_left) {
        int r;

        if (device->state != DEVICE_CONFIRMED)
                return DEVICE_E_PENDING;
        if (device->expired)
                return DEVICE_E_EXPIRED;

        r = account_is_disabled(store, device->account_id);
        if (r == DEVICE_E_DISABLED) {
                int q = store_run(
                        store,
                        "UPDATE device SET state = 'refused', digits = '' WHERE hash = $1"
                        " AND state = 'confirmed'",
                        "t", device->hash);

                if (q == 0)
                        q = store_tell(store, device->hash);
                return q < 0 ? q : r;
        }
        if (r == 0 && device->binding == BINDING_DIGITS)
                r = digits_test(store, device, digits, ret_tries_left);
        if (r != 0)
                return r;

        r = store_run(store,
                      "UPDATE device SET state = 'redeemed', digits = '' WHERE hash = $1"
                      " AND state = 'confirmed'"
                      " AND account_id = $2 AND expires_at > $3",
                      "tti", device->hash, device->account_id, now);
        if (r != 0)
                return r < 0 ? r : -EIO;
        return store_changes(store) == 1 ? store_tell(store, device->hash) : DEVICE_E_PENDING;
}
