/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sessions of browsers
 *
 * A cookie is "RANDOM.TIME.MAC": 256 random bits, when it was made, and a keyed hash over both, so
 * that one that this platform did not give is known without a look into the store. A browser that
 * only looks, or fills in its first form, costs no row: a row is made by what is to be remembered
 * for it, the steps of a flow or a person who logged in. It goes 15 minutes after it was last seen,
 * 12 hours after it began at the latest; the cookie itself is good for 12 hours. */

#include <stdint.h>

#include "backend/random.h"
#include "backend/store.h"
#include "lib/common/limits.h"
#include "lib/common/secret.h"

#define WEB_COOKIE_NAME "__Host-itax"
#define WEB_COOKIE_BYTES (RANDOM_TOKEN_BYTES + 1 + 12 + 1 + HASH_HEX_BYTES)
#define WEB_IDLE_SEC (15 * 60)
#define WEB_LIFETIME_SEC (12 * 3600)
#define WEB_FLOW_BYTES_MAX 8192

enum {
        WEB_E_INVALID = 1, /* not a cookie of ours, or too old */
};

typedef struct WebSession {
        char cookie[WEB_COOKIE_BYTES + 1]; /* "": the browser has none */
        char hash[HASH_HEX_BYTES + 1];     /* SHA-256 of it; what sms_code, captcha are bound to */
        char account_id[RANDOM_ID_BYTES + 1]; /* "": nobody is logged in */
        char name[LIMIT_NAME_BYTES + 1];      /* of that person */
        bool set;                             /* the answer brings the cookie to the browser */
        bool cleared;                         /* the answer takes it away */
} WebSession;

/** web_session_new() - a new cookie; the store is only read, but for the key at the first time:
 * see web_key_prepare(). Return: 0 or -errno. */
int web_session_new(Store *store, int64_t now, WebSession *ret);

/**
 * web_session_find() - whose cookie this is
 * @ret: with account_id if somebody is logged in by it whose account is not disabled
 *
 * Notes that it was seen, in a transaction of its own, at most once a minute.
 *
 * Return: 0, WEB_E_INVALID, -errno.
 */
int web_session_find(Store *store, const char *cookie, int64_t now, WebSession *ret);

/** web_csrf() - what forms of this session carry: a keyed hash of the cookie, which nothing in the
 * store tells. Return: 0 or -errno. */
int web_csrf(Store *store, const WebSession *session, char ret[static HASH_HEX_BYTES + 1]);

/** web_session_login() - @session gets a new value, which is @account_id's from now on; the old one
 * is void. In the caller's transaction. Return: 0 or -errno. */
int web_session_login(Store *store, const char *account_id, int64_t now, WebSession *session);

/** web_session_end() - the row is gone, in the caller's transaction */
int web_session_end(Store *store, const char *hash);

/** web_session_flow() - what is kept for @flow. @ret: owned; NULL when nothing is. Return: 0 or
 * -errno. */
int web_session_flow(Store *store, const char *hash, const char *flow, int64_t now, Secret **ret);

/** web_session_flow_set() - keep @data, a text; NULL: end @flow. In the caller's transaction.
 * Return: 0, -EMSGSIZE, -errno. */
int web_session_flow_set(Store *store, const char *hash, const char *flow, const Secret *data,
                         int64_t now);

/** web_key_prepare() - make the key of this store's cookies and forms if it has none. Not within a
 * transaction. Return: 0 or -errno. */
int web_key_prepare(Store *store);
