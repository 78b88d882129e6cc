/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whatever was made in the future counts as expired: the clock was put back since (threats R21). */

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-login.h"
#include "backend/model-rate.h"
#include "backend/model-session.h"
#include "backend/model-sms.h"

/* An expired device code is told from an unknown one for this long. */
#define DEVICE_KEEP_SEC 600

int auth_session_new(Store *store, const char *client_id, const char *guard_key, int64_t now,
                     Secret **ret) {
        _cleanup_(secret_freep) Secret *session = NULL;
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = random_token(&session);
        if (r == 0)
                r = hash_hex_text(secret_text(session), hash);
        if (r < 0)
                return r;

        r = store_run(
                store,
                "INSERT INTO auth_session (hash, client_id, guard_key, created_at, expires_at)"
                " VALUES ($1, $2, $3, $4, $5)",
                "tttii", hash, client_id, guard_key, now, now + AUTH_SESSION_LIFETIME_SEC);
        if (r != 0)
                return r < 0 ? r : -EEXIST;

        *ret = TAKE_PTR(session);
        return 0;
}

int auth_session_use(Store *store, const char *hash, const char *client_id, const char *guard_key,
                     int64_t now, char *ret_guard_key) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement,
                        "SELECT guard_key FROM auth_session WHERE hash = $1 AND client_id = $2"
                        " AND expires_at > $3 AND created_at <= $4",
                        "ttii", hash, client_id, now, now + CLOCK_SKEW_SEC);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0)
                return SESSION_E_INVALID;

        if (ret_guard_key)
                (void)snprintf(ret_guard_key, GUARD_KEY_BYTES + 1, "%s",
                               statement_text(statement, 0));
        if (!guard_key || strcmp(guard_key, statement_text(statement, 0)) == 0)
                return 0;
        return store_run(store, "UPDATE auth_session SET guard_key = $2 WHERE hash = $1", "tt",
                         hash, guard_key);
}

/* The one that a unit alone holds is made from its own table. */
static int code_insert(Store *store, const Holder *holder, const char *password_hash,
                       const char *client_id, const char *hash, const char *challenge,
                       int64_t now) {
        if (holder->unit_code[0])
                return store_run(
                        store,
                        "INSERT INTO code (hash, client_id, unit_code, challenge, used_at,"
                        " created_at, expires_at)"
                        " SELECT $1, $2, code, $4, 0, CAST($6 AS BIGINT), CAST($7 AS BIGINT) FROM"
                        " unit WHERE code = $3 AND password_hash = $5",
                        "tttttii", hash, client_id, holder->unit_code, challenge, password_hash,
                        now, now + CODE_LIFETIME_SEC);
        return store_run(
                store,
                "INSERT INTO code (hash, client_id, account_id, challenge, used_at, created_at,"
                " expires_at)"
                " SELECT $1, $2, id, $4, 0, CAST($6 AS BIGINT), CAST($7 AS BIGINT) FROM account"
                " WHERE id = $3 AND password_hash = $5 AND disabled = 0",
                "tttttii", hash, client_id, holder->account_id, challenge, password_hash, now,
                now + CODE_LIFETIME_SEC);
}

int code_new(Store *store, const Holder *holder, const char *password_hash, const char *client_id,
             const char *challenge, int64_t now, Secret **ret) {
        _cleanup_(secret_freep) Secret *code = NULL;
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = random_token(&code);
        if (r == 0)
                r = hash_hex_text(secret_text(code), hash);
        if (r == 0)
                r = code_insert(store, holder, password_hash, client_id, hash, challenge, now);
        if (r < 0)
                return r;
        if (r > 0 || store_changes(store) == 0)
                return SESSION_E_INVALID;

        *ret = TAKE_PTR(code);
        return 0;
}

/* RFC 7636 section 4.6: BASE64URL(SHA256(verifier)) == challenge */
static int challenge_test(const char *verifier, const char *challenge) {
        unsigned char digest[32], text[4 * 11 + 1];
        int n;

        if (EVP_Digest(verifier, strlen(verifier), digest, NULL, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        n = EVP_EncodeBlock(text, digest, sizeof(digest));
        for (int i = 0; i < n; i++)
                text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];

        return strlen(challenge) == RANDOM_TOKEN_BYTES &&
                               secret_equal_bytes(text, challenge, RANDOM_TOKEN_BYTES)
                       ? 0
                       : SESSION_E_INVALID;
}

static void holder_read(Statement *statement, int account, int unit, Holder *ret) {
        const char *account_id = statement_text(statement, account),
                   *unit_code = statement_text(statement, unit);

        (void)snprintf(ret->account_id, sizeof(ret->account_id), "%s",
                       account_id ? account_id : "");
        (void)snprintf(ret->unit_code, sizeof(ret->unit_code), "%s", unit_code ? unit_code : "");
}

int code_redeem(Store *store, const char *code_hash, const char *client_id, const char *verifier,
                int64_t now, Holder *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL, *account = NULL;
        Holder holder;
        int r;

        r = store_query(
                store, &statement,
                "UPDATE code SET used_at = $3 WHERE hash = $1 AND client_id = $2 AND used_at = 0"
                " AND expires_at > $3 AND created_at <= $4"
                " RETURNING account_id, unit_code, challenge",
                "ttii", code_hash, client_id, now, now + CLOCK_SKEW_SEC);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0) {
                r = store_run(
                        store,
                        "DELETE FROM token WHERE origin = $1 AND client_id = $2 AND EXISTS"
                        " (SELECT 1 FROM code WHERE hash = $1 AND client_id = $2 AND used_at > 0)",
                        "tt", code_hash, client_id);
                return r < 0 ? r : SESSION_E_INVALID;
        }

        r = challenge_test(verifier, statement_text(statement, 2));
        if (r != 0)
                return r;

        holder_read(statement, 0, 1, &holder);
        *ret = holder;
        if (holder.unit_code[0])
                return 0;
        r = store_query(store, &account, "SELECT disabled FROM account WHERE id = $1", "t",
                        holder.account_id);
        if (r < 0)
                return r;
        r = statement_next(account);
        if (r < 0)
                return r;
        if (r == 0)
                return SESSION_E_INVALID;
        return statement_int(account, 0) ? SESSION_E_DISABLED : 0;
}

int64_t token_lifetime_sec(const char *client_id) {
        return strcmp(client_id, CLIENT_APP) == 0 ? TOKEN_APP_LIFETIME_SEC : TOKEN_LIFETIME_SEC;
}

static const char *unless_empty(const char *text) {
        return text[0] ? text : NULL;
}

int token_issue(Store *store, const char *client_id, const Holder *holder, int64_t hinted,
                const char *origin, int64_t now, Secret **ret) {
        _cleanup_(secret_freep) Secret *token = NULL;
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = random_token(&token);
        if (r == 0)
                r = hash_hex_text(secret_text(token), hash);
        if (r < 0)
                return r;

        r = store_run(
                store,
                "INSERT INTO token (hash, client_id, account_id, unit_code, hinted, origin,"
                " created_at, expires_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                "ttttitii", hash, client_id, unless_empty(holder->account_id),
                unless_empty(holder->unit_code), hinted, origin, now,
                now + token_lifetime_sec(client_id));
        if (r != 0)
                return r < 0 ? r : -EEXIST;

        *ret = TAKE_PTR(token);
        return 0;
}

int token_find(Store *store, const char *hash, int64_t now, TokenRow *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        Holder holder;
        int r;

        r = store_query(
                store, &statement,
                "SELECT token.client_id, token.account_id, token.unit_code, token.hinted,"
                " COALESCE(account.disabled, 0) FROM token"
                " LEFT JOIN account ON account.id = token.account_id"
                " WHERE token.hash = $1 AND token.expires_at > $2 AND token.created_at <= $3",
                "tii", hash, now, now + CLOCK_SKEW_SEC);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0)
                return SESSION_E_INVALID;

        *ret = (TokenRow){ .hinted = statement_int(statement, 3) != 0,
                           .disabled = statement_int(statement, 4) != 0 };
        (void)snprintf(ret->hash, sizeof(ret->hash), "%s", hash);
        (void)snprintf(ret->client_id, sizeof(ret->client_id), "%s", statement_text(statement, 0));
        holder_read(statement, 1, 2, &holder);
        memcpy(ret->account_id, holder.account_id, sizeof(ret->account_id));
        memcpy(ret->unit_code, holder.unit_code, sizeof(ret->unit_code));
        return 0;
}

int token_revoke(Store *store, const char *hash, const char *client_id) {
        return store_run(store, "DELETE FROM token WHERE hash = $1 AND client_id = $2", "tt", hash,
                         client_id);
}

int session_purge(Store *store, int64_t now) {
        _cleanup_(transaction_done) Transaction transaction = {};
        int r;

        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = store_run(store, "DELETE FROM captcha WHERE expires_at <= $1", "i", now);
        if (r == 0)
                r = store_run(store, "DELETE FROM auth_session WHERE expires_at <= $1", "i", now);
        /* a used code stays as long as the token it gave may live, to be known again */
        if (r == 0)
                r = store_run(store, "DELETE FROM code WHERE expires_at <= $1", "i",
                              now - TOKEN_LIFETIME_SEC);
        if (r == 0)
                r = store_run(store, "DELETE FROM token WHERE expires_at <= $1", "i", now);
        if (r == 0)
                r = store_run(store, "DELETE FROM nonce WHERE expires_at <= $1", "i", now);
        if (r == 0)
                r = store_run(store, "DELETE FROM device WHERE expires_at <= $1", "i",
                              now - DEVICE_KEEP_SEC);
        if (r == 0)
                r = store_run(store, "DELETE FROM web_session WHERE expires_at <= $1", "i", now);
        if (r == 0)
                r = store_run(store, "DELETE FROM reset WHERE expires_at <= $1", "i", now);
        if (r == 0)
                r = sms_code_purge(store, now);
        if (r == 0)
                r = rate_purge(store, now);
        if (r == 0)
                r = store_run(store, "DELETE FROM login WHERE created_at <= $1", "i",
                              now - LOGIN_KEEP_SEC);
        if (r == 0)
                r = guard_forget_phantoms(store);
        return r == 0 ? transaction_commit(&transaction) : r;
}
