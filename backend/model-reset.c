/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-audit.h"
#include "backend/model-rate.h"
#include "backend/model-reset.h"
#include "backend/model-session.h"
#include "backend/model-sms.h"

#define KEY_BYTES 160
#define WHO_BYTES (8 + LIMIT_ACCOUNT_BYTES + 1)

int reset_find(Store *store, const Document *document, ResetPerson *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        char key[GUARD_KEY_BYTES + 1], words[LIMIT_NAME_BYTES + DOCUMENT_NUMBER_BYTES + 80];
        int r;

        *ret = (ResetPerson){};
        (void)snprintf(words, sizeof(words), "reset %s %s", document->type->word,
                       document->number);
        r = phantom_guard_key(store, words, key);
        if (r < 0)
                return r;
        r = store_query(store, &statement,
                        "SELECT id, login_name, mobile, name FROM account WHERE document_type = $1"
                        " AND document_number = $2 AND disabled = 0",
                        "tt", document->type->word, document->number);
        if (r == 0)
                r = statement_next(statement);
        if (r < 0)
                return r;

        (void)snprintf(ret->document_key, sizeof(ret->document_key), "%s", key);
        (void)snprintf(ret->mobile, sizeof(ret->mobile), "%s", key);
        if (r == 0 || strcmp(statement_text(statement, 3), document->name) != 0)
                return 0;
        (void)snprintf(ret->account_id, sizeof(ret->account_id), "%s",
                       statement_text(statement, 0));
        (void)snprintf(ret->login_name, sizeof(ret->login_name), "%s",
                       statement_text(statement, 1));
        (void)snprintf(ret->mobile, sizeof(ret->mobile), "%s", statement_text(statement, 2));
        return 0;
}

int reset_admit(Store *store, const ResetPerson *person, const char *peer, int64_t now,
                int64_t *ret_wait_sec) {
        char key[KEY_BYTES];
        int r;

        (void)snprintf(key, sizeof(key), "reset:address:%s", peer);
        r = rate_take(store, key, RESET_ASKED_PER_ADDRESS, 3600, now, ret_wait_sec);
        if (r == 0) {
                (void)snprintf(key, sizeof(key), "reset:minute:%s", person->document_key);
                r = rate_take(store, key, 1, SMS_CODE_PAUSE_SEC, now, ret_wait_sec);
        }
        if (r == 0) {
                (void)snprintf(key, sizeof(key), "reset:document:%s", person->document_key);
                r = rate_take(store, key, RESET_ASKED_PER_DOCUMENT, 86400, now, ret_wait_sec);
        }
        return r > 0 ? RESET_E_OVER : r;
}

int reset_new(Store *store, const char *account_id, int64_t now, Secret **ret) {
        _cleanup_(secret_freep) Secret *token = NULL;
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = random_token(&token);
        if (r == 0)
                r = hash_hex_text(secret_text(token), hash);
        if (r == 0)
                r = store_run(store,
                              "INSERT INTO reset (hash, account_id, created_at, expires_at)"
                              " VALUES ($1, $2, $3, $4)",
                              "ttii", hash, account_id, now, now + RESET_LIFETIME_SEC);
        if (r != 0)
                return r < 0 ? r : -EIO;
        *ret = TAKE_PTR(token);
        return 0;
}

/* Return: 0, RESET_E_INVALID, -errno. */
static int token_take(Store *store, const char *token, int64_t now,
                      char ret_account[static RANDOM_ID_BYTES + 1]) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = hash_hex_text(token, hash);
        if (r == 0)
                r = store_query(store, &statement,
                                "UPDATE reset SET used_at = $2 WHERE hash = $1 AND used_at = 0"
                                " AND expires_at > $2 AND created_at <= $3 RETURNING account_id",
                                "tii", hash, now, now + CLOCK_SKEW_SEC);
        if (r == 0)
                r = statement_next(statement);
        if (r <= 0)
                return r < 0 ? r : RESET_E_INVALID;
        (void)snprintf(ret_account, RANDOM_ID_BYTES + 1, "%s", statement_text(statement, 0));
        return 0;
}

int reset_use(Store *store, const char *token, const char *new_hash, int64_t now) {
        char id[RANDOM_ID_BYTES + 1], key[GUARD_KEY_BYTES + 1], who[WHO_BYTES];
        AccountRow account;
        int r;

        r = token_take(store, token, now, id);
        if (r == 0)
                r = account_get(store, id, &account);
        if (r == 0)
                r = account_reset_password(store, id, new_hash);
        if (r == 0)
                r = account_guard_key(store, account.login_name, id, key);
        if (r != 0)
                return r < 0 ? r : RESET_E_INVALID;
        r = guard_reset(store, key);
        if (r < 0)
                return r;
        (void)snprintf(who, sizeof(who), "account:%s", account.login_name);
        return audit_add(store, now, who, "password reset", account.login_name, "");
}
