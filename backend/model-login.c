/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-login.h"

int login_row_add(Store *store, const LoginNew *login, int64_t now) {
        char id[RANDOM_ID_BYTES + 1];
        int r;

        r = random_id(id);
        if (r == 0)
                r = store_run(store,
                              "INSERT INTO login (id, account_id, client_id, method, host, service,"
                              " terminal, remote_host, token_hash, created_at, expires_at)"
                              " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                              "tttttttttii", id, login->account_id, login->client_id, login->method,
                              login->host, login->service, login->terminal, login->remote_host,
                              login->token_hash, now, login->expires_at);
        return r > 0 ? -EEXIST : r;
}

int login_row_unit(Store *store, const char *token_hash, const char *unit_code) {
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement,
                        "SELECT 1 FROM login WHERE token_hash = $1"
                        " AND COALESCE(unit_code, '') <> $2",
                        "tt", token_hash, unit_code);
        if (r == 0)
                r = statement_next(statement);
        statement = statement_free(statement);
        if (r <= 0)
                return r;

        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = store_run(store, "UPDATE login SET unit_code = $2 WHERE token_hash = $1", "tt",
                              token_hash, unit_code);
        return r == 0 ? transaction_commit(&transaction) : r;
}

int login_row_ended(Store *store, const char *token_hash, int64_t now) {
        return store_run(store,
                         "UPDATE login SET ended_at = $2, token_hash = '' WHERE token_hash = $1",
                         "ti", token_hash, now);
}

static void copy(char *to, size_t n, const char *from) {
        (void)snprintf(to, n, "%s", from ? from : "");
}

static void row_read(Statement *statement, LoginRow *ret) {
        *ret = (LoginRow){ .created_at = statement_int(statement, 9),
                           .ended_at = statement_int(statement, 10),
                           .open = statement_int(statement, 11) != 0,
                           .own = statement_int(statement, 12) != 0 };
        copy(ret->id, sizeof(ret->id), statement_text(statement, 0));
        copy(ret->client_id, sizeof(ret->client_id), statement_text(statement, 1));
        copy(ret->method, sizeof(ret->method), statement_text(statement, 2));
        copy(ret->host, sizeof(ret->host), statement_text(statement, 3));
        copy(ret->service, sizeof(ret->service), statement_text(statement, 4));
        copy(ret->terminal, sizeof(ret->terminal), statement_text(statement, 5));
        copy(ret->remote_host, sizeof(ret->remote_host), statement_text(statement, 6));
        copy(ret->unit_code, sizeof(ret->unit_code), statement_text(statement, 7));
        copy(ret->unit_name, sizeof(ret->unit_name), statement_text(statement, 8));
}

int login_row_list(Store *store, const char *account_id, const char *own_hash, int64_t before_at,
                   const char *before_id, size_t n_max, int64_t now, LoginRow **ret,
                   size_t *ret_n) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        _cleanup_(freep) LoginRow *rows = NULL;
        size_t n = 0;
        int r;

        rows = calloc(n_max ? n_max : 1, sizeof(LoginRow));
        if (!rows)
                return -ENOMEM;
        r = store_query(
                store, &statement,
                "SELECT login.id, login.client_id, login.method, login.host, login.service,"
                " login.terminal, login.remote_host, login.unit_code, unit.name, login.created_at,"
                " login.ended_at,"
                " CASE WHEN login.token_hash <> '' AND (EXISTS (SELECT 1 FROM token"
                " WHERE token.hash = login.token_hash AND token.expires_at > $5)"
                " OR EXISTS (SELECT 1 FROM web_session"
                " WHERE web_session.hash = login.token_hash AND web_session.expires_at > $5))"
                " THEN 1 ELSE 0 END,"
                " CASE WHEN login.token_hash = $6 THEN 1 ELSE 0 END"
                " FROM login LEFT JOIN unit ON unit.code = login.unit_code"
                " WHERE login.account_id = $1"
                " AND (login.created_at < $2 OR (login.created_at = $2 AND login.id < $3))"
                " ORDER BY login.created_at DESC, login.id DESC LIMIT $4",
                "titiit", account_id, before_at, before_id, (int64_t)n_max, now, own_hash);
        while (r == 0 && n < n_max) {
                r = statement_next(statement);
                if (r <= 0)
                        break;
                row_read(statement, &rows[n++]);
                r = 0;
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(rows);
        *ret_n = n;
        return 0;
}

int login_row_end(Store *store, const char *account_id, const char *id, int64_t now) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = store_query(store, &statement,
                        "SELECT token_hash FROM login WHERE id = $1 AND account_id = $2"
                        " AND token_hash <> ''",
                        "tt", id, account_id);
        if (r == 0)
                r = statement_next(statement);
        if (r <= 0)
                return r < 0 ? r : LOGIN_E_UNKNOWN;
        copy(hash, sizeof(hash), statement_text(statement, 0));
        statement = statement_free(statement);

        r = store_run(store, "DELETE FROM token WHERE hash = $1 AND account_id = $2", "tt", hash,
                      account_id);
        if (r == 0)
                r = store_run(store, "DELETE FROM web_session WHERE hash = $1 AND account_id = $2",
                              "tt", hash, account_id);
        return r == 0 ? login_row_ended(store, hash, now) : r;
}
