/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "backend/model-nonce.h"
#include "backend/model-session.h"

int nonce_new(Store *store, const char *token_hash, const char *unit_code, int64_t now,
              Secret **ret) {
        _cleanup_(secret_freep) Secret *nonce = NULL;
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = random_token(&nonce);
        if (r == 0)
                r = hash_hex_text(secret_text(nonce), hash);
        if (r < 0)
                return r;

        r = store_run(store,
                      "INSERT INTO nonce (token_hash, unit_code, hash, created_at, expires_at)"
                      " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (token_hash, unit_code) DO UPDATE"
                      " SET hash = $3, created_at = $4, expires_at = $5",
                      "tttii", token_hash, unit_code, hash, now, now + NONCE_LIFETIME_SEC);
        if (r != 0)
                return r < 0 ? r : -EEXIST;
        *ret = TAKE_PTR(nonce);
        return 0;
}

int nonce_use(Store *store, const char *token_hash, const char *unit_code, const char *nonce,
              int64_t now) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = hash_hex_text(nonce, hash);
        if (r < 0)
                return r;
        r = store_query(store, &statement,
                        "DELETE FROM nonce WHERE token_hash = $1 AND unit_code = $2"
                        " RETURNING hash, created_at, expires_at",
                        "tt", token_hash, unit_code);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;
        /* one of the future belongs to a clock that was put back: too old */
        return r == 1 && secret_equal_bytes(statement_text(statement, 0), hash, HASH_HEX_BYTES) &&
                               statement_int(statement, 1) <= now + CLOCK_SKEW_SEC &&
                               statement_int(statement, 2) > now
                       ? 0
                       : NONCE_E_REFUSED;
}
