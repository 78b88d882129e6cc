/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Client: which workstation asks
 *
 * A client's secret, its key, only tells which machine it is; it can neither log in nor confirm
 * anything. A key that was replaced may stay good for a while, so that the hosts that share a
 * configuration can follow one by one; there are two at most at a time. */

#include <stdint.h>

#include "backend/model-session.h"
#include "backend/store.h"
#include "lib/common/secret.h"

#define CLIENT_SEEN_SEC 600
#define CLIENT_NOTE_BYTES 256

enum {
        CLIENT_E_REFUSED = 1, /* unknown where it may not be, revoked, or the secret is wrong */
};

typedef enum ClientPolicy {
        CLIENT_UNKNOWN_MAY, /* an id that is not in the table is a workstation without secret */
        CLIENT_UNKNOWN_REFUSED,
} ClientPolicy;

/** client_id_is_valid() - 1-64 of letters, digits, '.', '_', '-' */
bool client_id_is_valid(const char *id);

/** client_check() - @secret NULL or "" when none was sent. Not within a transaction: that the client
 * was here is noted, at most once in CLIENT_SEEN_SEC for each key, in one of its own.
 * Return: 0, CLIENT_E_REFUSED, -errno. */
int client_check(Store *store, const char *id, const char *secret, ClientPolicy policy,
                 int64_t now);

/** client_put() - make a client or give it another key, in the caller's transaction; also lifts a
 * revocation. Every earlier key is void. @note: what it is, in the operator's words; NULL leaves
 * the one that is there */
int client_put(Store *store, const char *id, const char *secret, const char *note, int64_t now);

/** client_rotate() - another key, in the caller's transaction; the present one stays good until
 * @old_until, 0: is void at once. The one before it is void in any case.
 * Return: 0, CLIENT_E_REFUSED (none, revoked, or without a key), -errno. */
int client_rotate(Store *store, const char *id, const char *secret, int64_t old_until);

/** client_revoke() - Return: 0, CLIENT_E_REFUSED when there is none, -errno. What it was given ends
 * at once, and so does every QR login that waits at it. */
int client_revoke(Store *store, const char *id);
