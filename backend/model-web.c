/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-session.h"
#include "backend/model-web.h"

#define SEEN_STEP_SEC 60

static int key_read(Store *store, char ret[static RANDOM_TOKEN_BYTES + 1]) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement, "SELECT value FROM setting WHERE name = 'web-key'", "");
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r <= 0)
                return r < 0 ? r : -ENOKEY;
        (void)snprintf(ret, RANDOM_TOKEN_BYTES + 1, "%s", statement_text(statement, 0));
        return 0;
}

int web_key_prepare(Store *store) {
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(secret_freep) Secret *key = NULL;
        char known[RANDOM_TOKEN_BYTES + 1];
        int r;

        r = key_read(store, known);
        explicit_bzero(known, sizeof(known));
        if (r != -ENOKEY)
                return r;
        r = random_token(&key);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        /* another process may have been faster; its key is the one */
        if (r == 0)
                r = store_run(store,
                              "INSERT INTO setting (name, value) VALUES ('web-key', $1)"
                              " ON CONFLICT (name) DO NOTHING",
                              "t", secret_text(key));
        return r == 0 ? transaction_commit(&transaction) : r;
}

/* @what keeps the uses of the one key apart. */
static int keyed(Store *store, const char *what, const char *text,
                 char ret[static HASH_HEX_BYTES + 1]) {
        char key[RANDOM_TOKEN_BYTES + 1], input[WEB_COOKIE_BYTES + 16];
        int r;

        r = key_read(store, key);
        if (r == 0) {
                (void)snprintf(input, sizeof(input), "%s:%s", what, text);
                r = hash_hex_keyed(key, input, ret);
        }
        explicit_bzero(key, sizeof(key));
        explicit_bzero(input, sizeof(input));
        return r;
}

int web_session_new(Store *store, int64_t now, WebSession *ret) {
        _cleanup_(secret_freep) Secret *random = NULL;
        WebSession session = { .set = true };
        char mac[HASH_HEX_BYTES + 1];
        size_t n;
        int r;

        r = random_token(&random);
        if (r < 0)
                return r;
        n = (size_t)snprintf(session.cookie, sizeof(session.cookie), "%s.%012" PRId64,
                             secret_text(random), now);
        if (n + 1 + HASH_HEX_BYTES > WEB_COOKIE_BYTES)
                return -EINVAL;
        r = keyed(store, "cookie", session.cookie, mac);
        if (r == 0) {
                session.cookie[n] = '.';
                memcpy(session.cookie + n + 1, mac, sizeof(mac));
                r = hash_hex_text(session.cookie, session.hash);
        }
        if (r == 0)
                *ret = session;
        explicit_bzero(&session, sizeof(session));
        return r;
}

/* Is it one that we gave, and not too long ago? */
static int cookie_check(Store *store, const char *cookie, int64_t now) {
        static const size_t n_signed = RANDOM_TOKEN_BYTES + 1 + 12;
        char head[RANDOM_TOKEN_BYTES + 1 + 12 + 1], mac[HASH_HEX_BYTES + 1];
        int64_t made_at;
        int r;

        if (strlen(cookie) != WEB_COOKIE_BYTES || cookie[n_signed] != '.')
                return WEB_E_INVALID;
        memcpy(head, cookie, n_signed);
        head[n_signed] = '\0';
        r = keyed(store, "cookie", head, mac);
        if (r < 0)
                return r;
        if (!secret_equal_bytes(mac, cookie + n_signed + 1, HASH_HEX_BYTES))
                return WEB_E_INVALID;
        made_at = strtoll(head + RANDOM_TOKEN_BYTES + 1, NULL, 10);
        return made_at <= now + CLOCK_SKEW_SEC && made_at > now - WEB_LIFETIME_SEC ? 0
                                                                                   : WEB_E_INVALID;
}

static int64_t expiry(int64_t created_at, int64_t now) {
        int64_t idle = now + WEB_IDLE_SEC, latest = created_at + WEB_LIFETIME_SEC;

        return idle < latest ? idle : latest;
}

static int seen(Store *store, const char *hash, int64_t created_at, int64_t now) {
        _cleanup_(transaction_done) Transaction transaction = {};
        int r;

        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = store_run(store,
                              "UPDATE web_session SET seen_at = $2, expires_at = $3"
                              " WHERE hash = $1",
                              "tii", hash, now, expiry(created_at, now));
        return r == 0 ? transaction_commit(&transaction) : r;
}

int web_session_find(Store *store, const char *cookie, int64_t now, WebSession *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        WebSession session = {};
        int64_t created_at, seen_at;
        int r;

        r = cookie_check(store, cookie, now);
        if (r != 0)
                return r;
        (void)snprintf(session.cookie, sizeof(session.cookie), "%s", cookie);
        r = hash_hex_text(cookie, session.hash);
        if (r == 0)
                r = store_query(
                        store, &statement,
                        "SELECT web_session.account_id, account.name, web_session.created_at,"
                        " web_session.seen_at FROM web_session"
                        " LEFT JOIN account ON account.id = web_session.account_id"
                        " WHERE web_session.hash = $1 AND web_session.expires_at > $2"
                        " AND web_session.seen_at <= $3 AND COALESCE(account.disabled, 0) = 0",
                        "tii", session.hash, now, now + CLOCK_SKEW_SEC);
        if (r == 0)
                r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0) {
                *ret = session;
                return 0;
        }

        if (statement_text(statement, 0)) {
                (void)snprintf(session.account_id, sizeof(session.account_id), "%s",
                               statement_text(statement, 0));
                (void)snprintf(session.name, sizeof(session.name), "%s",
                               statement_text(statement, 1));
        }
        created_at = statement_int(statement, 2);
        seen_at = statement_int(statement, 3);
        statement = statement_free(statement);
        r = now - seen_at >= SEEN_STEP_SEC ? seen(store, session.hash, created_at, now) : 0;
        if (r == 0)
                *ret = session;
        return r;
}

int web_csrf(Store *store, const WebSession *session, char ret[static HASH_HEX_BYTES + 1]) {
        return keyed(store, "csrf", session->cookie, ret);
}

static int row_insert(Store *store, const char *hash, const char *account_id, int64_t now) {
        int r;

        r = store_run(store,
                      "INSERT INTO web_session (hash, account_id, flow, data, created_at, seen_at,"
                      " expires_at) VALUES ($1, $2, '', '', $3, $4, $5)"
                      " ON CONFLICT (hash) DO NOTHING",
                      "ttiii", hash, account_id, now, now, expiry(now, now));
        return r > 0 ? -EEXIST : r;
}

int web_session_login(Store *store, const char *account_id, int64_t now, WebSession *session) {
        WebSession next;
        int r;

        r = web_session_new(store, now, &next);
        if (r == 0 && session->hash[0])
                r = web_session_end(store, session->hash);
        if (r == 0)
                r = row_insert(store, next.hash, account_id, now);
        if (r == 0) {
                (void)snprintf(next.account_id, sizeof(next.account_id), "%s", account_id);
                *session = next;
        }
        explicit_bzero(&next, sizeof(next));
        return r;
}

int web_session_end(Store *store, const char *hash) {
        return store_run(store, "DELETE FROM web_session WHERE hash = $1", "t", hash);
}

int web_session_flow(Store *store, const char *hash, const char *flow, int64_t now, Secret **ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        const char *data;
        int r;

        *ret = NULL;
        r = store_query(store, &statement,
                        "SELECT data FROM web_session WHERE hash = $1 AND flow = $2"
                        " AND expires_at > $3",
                        "tti", hash, flow, now);
        if (r == 0)
                r = statement_next(statement);
        if (r <= 0)
                return r;
        data = statement_text(statement, 0);
        return data[0] ? secret_new_from(data, strlen(data), ret) : 0;
}

int web_session_flow_set(Store *store, const char *hash, const char *flow, const Secret *data,
                         int64_t now) {
        int r;

        if (secret_size(data) > WEB_FLOW_BYTES_MAX)
                return -EMSGSIZE;
        if (!data)
                return store_run(store,
                                 "UPDATE web_session SET flow = '', data = '' WHERE hash = $1"
                                 " AND flow = $2",
                                 "tt", hash, flow);

        /* one that ended meanwhile begins again, without the person */
        r = store_run(store, "DELETE FROM web_session WHERE hash = $1 AND expires_at <= $2", "ti",
                      hash, now);
        if (r == 0)
                r = row_insert(store, hash, NULL, now);
        if (r == 0)
                r = store_run(store,
                              "UPDATE web_session SET flow = $2, data = $3 WHERE hash = $1", "ttt",
                              hash, flow, secret_text(data));
        return r;
}
