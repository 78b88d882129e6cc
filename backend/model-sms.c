/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-rate.h"
#include "backend/model-session.h"
#include "backend/model-sms.h"
#include "backend/random.h"

#define KEY_BYTES 128
#define HOUR_SEC 3600
#define DAY_SEC 86400

/* Six digits are soon tried out by who can read the table: the hash binds them to a session whose
 * cookie the table does not hold, and they live for minutes. */
static int code_hash(const char *session_hash, const char *code,
                     char ret[static HASH_HEX_BYTES + 1]) {
        return hash_hex_keyed(session_hash, code, ret);
}

/* Every limit is asked, in this order; the first that is reached says how long to wait. */
static int limits_take(Store *store, const char *mobile, const char *peer, int64_t now,
                       int64_t *ret_wait_sec) {
        const struct {
                const char *prefix, *whom;
                int64_t n_max, window_sec;
                int refusal;
        } limits[] = {
                { "sms:address:", peer, 20, HOUR_SEC, SMS_CODE_E_ADDRESS },
                { "sms:number:", mobile, 1, SMS_CODE_PAUSE_SEC, SMS_CODE_E_NUMBER },
                { "sms:number-day:", mobile, 10, DAY_SEC, SMS_CODE_E_NUMBER },
        };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                char key[KEY_BYTES];

                (void)snprintf(key, sizeof(key), "%s%s", limits[i].prefix, limits[i].whom);
                r = rate_take(store, key, limits[i].n_max, limits[i].window_sec, now, ret_wait_sec);
                if (r != 0)
                        return r < 0 ? r : limits[i].refusal;
        }
        return 0;
}

static int code_put(Store *store, const char *session_hash, const char *purpose, const char *mobile,
                    int64_t now, char ret_code[static SMS_CODE_DIGITS + 1]) {
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = random_text("0123456789", SMS_CODE_DIGITS, ret_code);
        if (r == 0)
                r = code_hash(session_hash, ret_code, hash);
        if (r == 0)
                r = store_run(store,
                              "INSERT INTO sms_code (session_hash, purpose, mobile, code_hash,"
                              " tries_left, created_at, expires_at)"
                              " VALUES ($1, $2, $3, $4, $5, $6, $7)"
                              " ON CONFLICT (session_hash, purpose) DO UPDATE SET mobile = $3,"
                              " code_hash = $4, tries_left = $5, created_at = $6, expires_at = $7",
                              "ttttiii", session_hash, purpose, mobile, hash,
                              (int64_t)SMS_CODE_TRIES, now, now + SMS_CODE_LIFETIME_SEC);
        if (r != 0)
                explicit_bzero(ret_code, SMS_CODE_DIGITS + 1);
        return r == STORE_E_EXISTS ? -EIO : r;
}

int sms_code_new(Store *store, const char *session_hash, const char *purpose, const char *mobile,
                 const char *peer, int64_t now, char ret_code[static SMS_CODE_DIGITS + 1],
                 int64_t *ret_wait_sec) {
        int r;

        r = limits_take(store, mobile, peer, now, ret_wait_sec);
        return r != 0 ? r : code_put(store, session_hash, purpose, mobile, now, ret_code);
}

int sms_code_decoy(Store *store, const char *session_hash, const char *purpose, const char *mobile,
                   int64_t now) {
        char code[SMS_CODE_DIGITS + 1] = "";
        int r;

        r = code_put(store, session_hash, purpose, mobile, now, code);
        explicit_bzero(code, sizeof(code));
        return r;
}

static int code_use_up(Store *store, const char *session_hash, const char *purpose) {
        return store_run(store, "DELETE FROM sms_code WHERE session_hash = $1 AND purpose = $2",
                         "tt", session_hash, purpose);
}

/* Return: 0 a try was taken, SMS_CODE_E_*, -errno. */
static int try_take(Store *store, const char *session_hash, const char *purpose, const char *mobile,
                    int64_t now, char ret_hash[static HASH_HEX_BYTES + 1]) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement,
                        "UPDATE sms_code SET tries_left = tries_left - 1"
                        " WHERE session_hash = $1 AND purpose = $2"
                        " RETURNING mobile, code_hash, tries_left, created_at, expires_at",
                        "tt", session_hash, purpose);
        if (r == 0)
                r = statement_next(statement);
        if (r <= 0)
                return r < 0 ? r : SMS_CODE_E_WRONG;
        if (statement_int(statement, 2) < 0 || statement_int(statement, 4) <= now ||
            statement_int(statement, 3) > now + CLOCK_SKEW_SEC)
                return SMS_CODE_E_OVER;
        if (strcmp(statement_text(statement, 0), mobile) != 0)
                return SMS_CODE_E_WRONG;
        (void)snprintf(ret_hash, HASH_HEX_BYTES + 1, "%s", statement_text(statement, 1));
        return 0;
}

int sms_code_check(Store *store, const char *session_hash, const char *purpose, const char *mobile,
                   const char *typed, int64_t now) {
        char expected[HASH_HEX_BYTES + 1], got[HASH_HEX_BYTES + 1];
        int r;

        r = try_take(store, session_hash, purpose, mobile, now, expected);
        if (r == 0)
                r = code_hash(session_hash, typed, got);
        if (r == 0 && !secret_equal_bytes(got, expected, HASH_HEX_BYTES))
                return SMS_CODE_E_WRONG;
        if (r == 0 || r == SMS_CODE_E_OVER) {
                int q = code_use_up(store, session_hash, purpose);

                if (q < 0)
                        return q;
        }
        return r;
}

int sms_code_purge(Store *store, int64_t now) {
        return store_run(store, "DELETE FROM sms_code WHERE expires_at <= $1", "i", now);
}
