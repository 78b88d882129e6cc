/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Session: what the platform gave to whom, between the first try and the end of an access token
 *
 * auth_session  ties the tries and captchas of one password login together; proves nothing
 * code          the password was right: once, 60 s, for the client and PKCE challenge it was asked
 *               with
 * token         access: 12 h for a workstation, which is a working day; 30 days for the app
 *
 * Code and token belong to a person or, after the old unit login, to a unit and no person. All are
 * 256 random bits and stand in the store as their SHA-256. */

#include <stdint.h>

#include "backend/model-guard.h"
#include "backend/random.h"
#include "backend/store.h"
#include "lib/common/limits.h"
#include "lib/common/secret.h"

#define AUTH_SESSION_LIFETIME_SEC 600
#define CODE_LIFETIME_SEC 60
#define TOKEN_LIFETIME_SEC (12 * 3600)
#define TOKEN_APP_LIFETIME_SEC (30 * 24 * 3600)
#define CLIENT_APP "itax-app"
#define LIMIT_CLIENT_ID_BYTES 64

/* Two machines' clocks may differ by this much before what one made is "of the future" to the
 * other. */
#define CLOCK_SKEW_SEC 5

enum {
        SESSION_E_INVALID = 1, /* unknown, used, expired, or another client's: all the same */
        SESSION_E_DISABLED,    /* the account is disabled */
};

/** auth_session_new() - inside the caller's transaction. Return: 0 or -errno. */
int auth_session_new(Store *store, const char *client_id, const char *guard_key, int64_t now,
                     Secret **ret);

/**
 * auth_session_use() - go on with one, inside the caller's transaction
 * @guard_key: whom it is about from now on; NULL to leave that as it is
 * @ret_guard_key: whom it was about before; may be NULL
 *
 * Return: 0, SESSION_E_INVALID, -errno.
 */
int auth_session_use(Store *store, const char *hash, const char *client_id, const char *guard_key,
                     int64_t now, char *ret_guard_key);

/* To whom a code or a token belongs; one of the two is "". */
typedef struct Holder {
        char account_id[RANDOM_ID_BYTES + 1];
        char unit_code[LIMIT_UNIT_CODE_BYTES + 1];
} Holder;

/**
 * code_new() - the password was right, inside the caller's transaction
 * @password_hash: the hash that was tested; when the account or unit has another one by now, no
 *   code is made
 *
 * Return: 0, SESSION_E_INVALID, -errno.
 */
int code_new(Store *store, const Holder *holder, const char *password_hash, const char *client_id,
             const char *challenge, int64_t now, Secret **ret);

/**
 * code_redeem() - exactly once, inside the caller's transaction, which is committed whatever comes
 * out
 * @verifier: RFC 7636; a wrong one uses the code up
 * @ret: written on 0 and SESSION_E_DISABLED
 *
 * A code that comes a second time also ends the token that it gave (RFC 6749 section 4.1.2).
 *
 * Return: 0, SESSION_E_INVALID, SESSION_E_DISABLED, -errno.
 */
int code_redeem(Store *store, const char *code_hash, const char *client_id, const char *verifier,
                int64_t now, Holder *ret);

typedef struct TokenRow {
        char hash[HASH_HEX_BYTES + 1];
        char client_id[LIMIT_CLIENT_ID_BYTES + 1];
        char account_id[RANDOM_ID_BYTES + 1];      /* "": of a unit */
        char unit_code[LIMIT_UNIT_CODE_BYTES + 1]; /* "": of a person */
        bool hinted;   /* the login was begun for one account, and this is it */
        bool disabled; /* the account is, now */
} TokenRow;

/** token_lifetime_sec() - how long a new token of this client lives */
int64_t token_lifetime_sec(const char *client_id);

/** token_issue() - a new token, inside the caller's transaction. @origin: hash of what it is given
 * for. Return: 0 or -errno. */
int token_issue(Store *store, const char *client_id, const Holder *holder, int64_t hinted,
                const char *origin, int64_t now, Secret **ret);

/** token_find() - Return: 0, SESSION_E_INVALID, -errno. Whether the account is disabled is for the
 * caller to judge. */
int token_find(Store *store, const char *hash, int64_t now, TokenRow *ret);

/** token_revoke() - no error when there is none */
int token_revoke(Store *store, const char *hash, const char *client_id);

/** session_purge() - delete what has expired, in one transaction of its own */
int session_purge(Store *store, int64_t now);
