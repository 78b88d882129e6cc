/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "backend/model-client.h"

bool client_id_is_valid(const char *id) {
        size_t n = strlen(id);

        return n >= 1 && n <= LIMIT_CLIENT_ID_BYTES &&
               strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-") == n;
}

typedef struct ClientRow {
        char hash[HASH_HEX_BYTES + 1], old_hash[HASH_HEX_BYTES + 1]; /* "": none */
        int64_t old_until, seen_at, old_seen_at;
        bool revoked, has_key;
} ClientRow;

/* A hash of another length fits nothing. */
static void hash_copy(char to[static HASH_HEX_BYTES + 1], const char *from) {
        to[0] = '\0';
        if (from && strlen(from) == HASH_HEX_BYTES)
                memcpy(to, from, HASH_HEX_BYTES + 1);
}

/* Return: 1 with @ret, 0 when there is none, -errno. */
static int row_read(Store *store, const char *id, ClientRow *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement,
                        "SELECT secret_hash, revoked, old_hash, old_until, seen_at, old_seen_at"
                        " FROM client WHERE id = $1",
                        "t", id);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r <= 0)
                return r;

        *ret = (ClientRow){ .revoked = statement_int(statement, 1) != 0,
                            .old_until = statement_int(statement, 3),
                            .seen_at = statement_int(statement, 4),
                            .old_seen_at = statement_int(statement, 5) };
        ret->has_key = statement_text(statement, 0) != NULL;
        hash_copy(ret->hash, statement_text(statement, 0));
        hash_copy(ret->old_hash, statement_text(statement, 2));
        return 1;
}

static bool hash_fits(const char *hash, const char *expected) {
        return expected[0] != '\0' && secret_equal_bytes(hash, expected, HASH_HEX_BYTES);
}

/* Only for the operator's eyes: a store that is busy keeps nobody out. */
static void seen(Store *store, const char *id, const char *hash, int64_t before, int64_t now) {
        _cleanup_(transaction_done) Transaction transaction = {};
        int r;

        if (before <= now && now - before < CLIENT_SEEN_SEC)
                return;
        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = store_run(store,
                              "UPDATE client SET seen_at = $3, old_seen_at = CASE WHEN old_hash ="
                              " $2 THEN $3 ELSE old_seen_at END WHERE id = $1",
                              "tti", id, hash, now);
        if (r == 0)
                (void)transaction_commit(&transaction);
}

int client_check(Store *store, const char *id, const char *secret, ClientPolicy policy,
                 int64_t now) {
        char hash[HASH_HEX_BYTES + 1] = "";
        bool has_secret = secret && secret[0] != '\0';
        bool fits, fits_old;
        ClientRow row;
        int r;

        if (!client_id_is_valid(id))
                return CLIENT_E_REFUSED;

        r = row_read(store, id, &row);
        if (r < 0)
                return r;
        if (r == 0)
                return policy == CLIENT_UNKNOWN_MAY && !has_secret ? 0 : CLIENT_E_REFUSED;
        if (row.revoked)
                return CLIENT_E_REFUSED;

        /* a public client that sends a secret is configured for somebody else */
        if (!row.has_key || !has_secret)
                return !row.has_key && !has_secret ? 0 : CLIENT_E_REFUSED;

        r = hash_hex_text(secret, hash);
        if (r < 0)
                return r;
        fits = hash_fits(hash, row.hash);
        fits_old = hash_fits(hash, row.old_hash) && now < row.old_until;
        if (!fits && !fits_old)
                return CLIENT_E_REFUSED;

        seen(store, id, hash, fits ? row.seen_at : row.old_seen_at, now);
        return 0;
}

int client_put(Store *store, const char *id, const char *secret, const char *note, int64_t now) {
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = hash_hex_text(secret, hash);
        if (r == 0)
                r = store_run(store,
                              "INSERT INTO client (id, secret_hash, revoked, created_at) VALUES"
                              " ($1, $2, 0, $3) ON CONFLICT (id) DO UPDATE SET secret_hash = $2,"
                              " revoked = 0, old_hash = NULL, old_until = 0",
                              "tti", id, hash, now);
        if (r == 0 && note)
                r = store_run(store, "UPDATE client SET note = $2 WHERE id = $1", "tt", id, note);
        return r;
}

int client_rotate(Store *store, const char *id, const char *secret, int64_t old_until) {
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = hash_hex_text(secret, hash);
        if (r == 0)
                r = store_run(store,
                              "UPDATE client SET old_until = $3, old_hash = CASE WHEN $3 > 0 THEN"
                              " secret_hash ELSE NULL END, old_seen_at = 0, secret_hash = $2"
                              " WHERE id = $1 AND revoked = 0 AND secret_hash IS NOT NULL",
                              "tti", id, hash, old_until);
        if (r < 0)
                return r;
        return store_changes(store) == 0 ? CLIENT_E_REFUSED : 0;
}

int client_revoke(Store *store, const char *id) {
        int r;

        r = store_run(store, "UPDATE client SET revoked = 1 WHERE id = $1", "t", id);
        if (r < 0)
                return r;
        if (store_changes(store) == 0)
                return CLIENT_E_REFUSED;
        r = store_run(store, "DELETE FROM token WHERE client_id = $1", "t", id);
        if (r == 0)
                r = store_run(store, "DELETE FROM code WHERE client_id = $1", "t", id);
        if (r == 0)
                r = store_run(store,
                              "UPDATE device SET state = 'refused', digits = '' WHERE client_id ="
                              " $1 AND state IN ('pending', 'scanned', 'confirmed')",
                              "t", id);
        if (r == 0 && store_changes(store) > 0)
                r = store_tell(store, "");
        return r;
}
