/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "backend/model-rate.h"

/* The window begins with the first and is not moved by others. A window of the future was begun by a
 * clock that was put back since: it begins anew, for nobody could wait for its end. */
static int rate_count(Store *store, const char *key, int64_t window_sec, int64_t now, int64_t *ret_n,
                      int64_t *ret_end) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement,
                        "INSERT INTO rate (key, n, begun_at, expires_at) VALUES ($1, 1, $2, $3)"
                        " ON CONFLICT (key) DO UPDATE SET"
                        "  n = CASE WHEN rate.expires_at <= $2 OR rate.begun_at > $2 THEN 1"
                        "           ELSE rate.n + 1 END,"
                        "  begun_at = CASE WHEN rate.expires_at <= $2 OR rate.begun_at > $2"
                        "                  THEN $2 ELSE rate.begun_at END,"
                        "  expires_at = CASE WHEN rate.expires_at <= $2 OR rate.begun_at > $2"
                        "                    THEN $3 ELSE rate.expires_at END"
                        " RETURNING n, expires_at",
                        "tii", key, now, now + window_sec);
        if (r == 0)
                r = statement_next(statement);
        if (r <= 0)
                return r < 0 ? r : -EIO;
        *ret_n = statement_int(statement, 0);
        *ret_end = statement_int(statement, 1);
        return 0;
}

int rate_take(Store *store, const char *key, int64_t n_max, int64_t window_sec, int64_t now,
              int64_t *ret_wait_sec) {
        int64_t n, end;
        int r;

        r = rate_count(store, key, window_sec, now, &n, &end);
        if (r < 0 || n <= n_max)
                return r;

        /* what is refused does not count, or a row could only grow */
        r = store_run(store, "UPDATE rate SET n = $2 WHERE key = $1", "ti", key, n_max);
        if (r != 0)
                return r < 0 ? r : -EIO;
        *ret_wait_sec = end - now;
        return RATE_E_OVER;
}

int rate_purge(Store *store, int64_t now) {
        return store_run(store, "DELETE FROM rate WHERE expires_at <= $1", "i", now);
}
