/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One row a guard. locked_until 0 means not locked; a time that has passed means five new tries. */

#include <string.h>

#include "backend/model-guard.h"

#define RETRY_AFTER_MAX_SEC 86400 /* the wire's limit; only a clock that went back gets there */

static int64_t later(int64_t a, int64_t b) {
        return a > b ? a : b;
}

static int guard_peek(Store *store, const char *key, const Moment *now, GuardTake *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int64_t left = 0;
        int r;

        r = store_query(store, &statement,
                        "SELECT locked_until, boot_id, boot_until FROM guard WHERE key = $1", "t",
                        key);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;

        if (r == 1 && statement_int(statement, 0) > 0) {
                left = statement_int(statement, 0) - now->wall_sec;
                if (now->boot_id[0] && strcmp(statement_text(statement, 1), now->boot_id) == 0)
                        left = later(left, statement_int(statement, 2) - now->boot_sec);
        }
        if (left <= 0)
                return GUARD_E_CAPTCHA;
        ret->retry_after_sec = left < RETRY_AFTER_MAX_SEC ? left : RETRY_AFTER_MAX_SEC;
        return GUARD_E_LOCKED;
}

int guard_take(Store *store, const char *key, GuardCaptcha captcha, const Moment *now,
               GuardTake *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        *ret = (GuardTake){};
        r = store_run(store,
                      "INSERT INTO guard (key, tries_left, locked_until, phantom, touched_at)"
                      " VALUES ($1, 5, 0, $2, $3) ON CONFLICT (key) DO NOTHING",
                      "tii", key, (int64_t)(strncmp(key, "p:", 2) == 0), now->wall_sec);
        if (r < 0)
                return r;

        r = store_query(
                store, &statement,
                "UPDATE guard SET"
                "  tries_left = CASE WHEN locked_until > 0 THEN 4 ELSE tries_left - 1 END,"
                "  locked_until = CASE WHEN locked_until = 0 AND tries_left = 1 THEN $2 ELSE 0 END,"
                "  boot_id = $5,"
                "  boot_until = CASE WHEN locked_until = 0 AND tries_left = 1 THEN $6 ELSE 0 END,"
                "  touched_at = $3"
                " WHERE key = $1 AND ((locked_until > 0 AND locked_until <= $3"
                "   AND (boot_id = '' OR boot_id <> $5 OR boot_until <= $7))"
                "  OR (locked_until = 0 AND tries_left = 5)"
                "  OR (locked_until = 0 AND tries_left > 0 AND $4 = 1))"
                " RETURNING tries_left, locked_until",
                "tiiitii", key, now->wall_sec + GUARD_LOCK_SEC, now->wall_sec,
                (int64_t)(captcha == GUARD_CAPTCHA_SOLVED), now->boot_id,
                now->boot_sec + GUARD_LOCK_SEC, now->boot_sec);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0)
                return guard_peek(store, key, now, ret);

        ret->tries_left = statement_int(statement, 0);
        ret->locked_until = statement_int(statement, 1);
        return 0;
}

int guard_give_back(Store *store, const char *key, const GuardTake *take) {
        return store_run(
                store,
                "UPDATE guard SET tries_left = 5, locked_until = 0 WHERE key = $1 AND"
                " locked_until = $2",
                "ti", key, take->locked_until);
}

int guard_reset(Store *store, const char *key) {
        return store_run(store, "DELETE FROM guard WHERE key = $1", "t", key);
}

int guard_forget_phantoms(Store *store) {
        return store_run(store,
                         "DELETE FROM guard WHERE key IN (SELECT key FROM guard WHERE phantom = 1"
                         " ORDER BY touched_at DESC LIMIT 1000000 OFFSET $1)",
                         "i", (int64_t)GUARD_PHANTOMS_MAX);
}
