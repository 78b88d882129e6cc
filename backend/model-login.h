/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Login: who logged in where, for the person to look at, and to end
 *
 * A row is a token that was given out, or a browser that logged in. It is open as long as that
 * lives; what ended it otherwise (a new password, a disabled account) needs no word here. */

#include <stdint.h>

#include "backend/model-session.h"
#include "backend/store.h"
#include "lib/common/limits.h"

#define LOGIN_KEEP_SEC (184 * 24 * 3600) /* half a year, then the row goes */
#define LOGIN_CLIENT_BROWSER ""          /* no workstation: one of our own pages */

enum {
        LOGIN_E_UNKNOWN = 1, /* no such login of this person that is open */
};

/* Strings borrowed; those of the second line may be NULL: not told. */
typedef struct LoginNew {
        const char *account_id, *client_id, *method /* "password" or "qr" */, *token_hash;
        const char *host, *service, *terminal, *remote_host;
        int64_t expires_at;
} LoginNew;

typedef struct LoginRow {
        char id[RANDOM_ID_BYTES + 1];
        char client_id[LIMIT_CLIENT_ID_BYTES + 1];
        char method[16];
        char host[LIMIT_HOST_BYTES + 1], service[LIMIT_HOST_BYTES + 1],
                terminal[LIMIT_HOST_BYTES + 1], remote_host[LIMIT_HOST_BYTES + 1];
        char unit_code[LIMIT_UNIT_CODE_BYTES + 1]; /* "": none was proven */
        char unit_name[LIMIT_NAME_BYTES + 1];
        int64_t created_at, ended_at; /* 0: it was not ended by anybody */
        bool open;
        bool own; /* by the browser that asks */
} LoginRow;

/** login_row_add() - in the transaction that makes the token. Return: 0 or -errno. */
int login_row_add(Store *store, const LoginNew *login, int64_t now);

/** login_row_unit() - this unit was proven with the token; in a transaction of its own, and only when it
 * is another than before. Return: 0 or -errno. */
int login_row_unit(Store *store, const char *token_hash, const char *unit_code);

/** login_row_ended() - the token is gone; in the caller's transaction. Return: 0 or -errno. */
int login_row_ended(Store *store, const char *token_hash, int64_t now);

/**
 * login_row_list() - the newest first, @n_max at most
 * @own_hash: of the browser that asks
 * @before_at, @before_id: of the last one of the page before; INT64_MAX and "" for the first page
 * @ret: owned by the caller, free()
 *
 * Return: 0 or -errno.
 */
int login_row_list(Store *store, const char *account_id, const char *own_hash, int64_t before_at,
                   const char *before_id, size_t n_max, int64_t now, LoginRow **ret,
                   size_t *ret_n);

/**
 * login_row_end() - end an open one: its token or browser session is void, in the caller's transaction
 *
 * Return: 0, LOGIN_E_UNKNOWN (somebody else's too), -errno.
 */
int login_row_end(Store *store, const char *account_id, const char *id, int64_t now);
