/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "backend/model-client.h"

bool client_id_is_valid(const char *id) {
        size_t n = strlen(id);

        return n >= 1 && n <= LIMIT_CLIENT_ID_BYTES &&
               strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-") == n;
}

int client_check(Store *store, const char *id, const char *secret, ClientPolicy policy) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        char hash[HASH_HEX_BYTES + 1];
        bool has_secret = secret && secret[0] != '\0';
        const char *expected;
        int r;

        if (!client_id_is_valid(id))
                return CLIENT_E_REFUSED;

        r = store_query(store, &statement, "SELECT secret_hash, revoked FROM client WHERE id = $1",
                        "t", id);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0)
                return policy == CLIENT_UNKNOWN_MAY && !has_secret ? 0 : CLIENT_E_REFUSED;
        if (statement_int(statement, 1))
                return CLIENT_E_REFUSED;

        /* a public client that sends a secret is configured for somebody else */
        expected = statement_text(statement, 0);
        if (!expected || !has_secret)
                return !expected && !has_secret ? 0 : CLIENT_E_REFUSED;

        r = hash_hex_text(secret, hash);
        if (r < 0)
                return r;
        return strlen(expected) == HASH_HEX_BYTES &&
                               secret_equal_bytes(hash, expected, HASH_HEX_BYTES)
                       ? 0
                       : CLIENT_E_REFUSED;
}

int client_put(Store *store, const char *id, const char *secret, int64_t now) {
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = hash_hex_text(secret, hash);
        if (r < 0)
                return r;
        return store_run(
                store,
                "INSERT INTO client (id, secret_hash, revoked, created_at) VALUES ($1, $2, 0, $3)"
                " ON CONFLICT (id) DO UPDATE SET secret_hash = $2, revoked = 0",
                "tti", id, hash, now);
}

int client_revoke(Store *store, const char *id) {
        int r;

        r = store_run(store, "UPDATE client SET revoked = 1 WHERE id = $1", "t", id);
        if (r < 0)
                return r;
        if (store_changes(store) == 0)
                return CLIENT_E_REFUSED;
        return store_run(store, "DELETE FROM token WHERE client_id = $1", "t", id);
}
