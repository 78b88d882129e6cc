/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Client: which workstation asks
 *
 * A client's secret only tells which machine it is; it can neither log in nor confirm anything. */

#include <stdint.h>

#include "backend/model-session.h"
#include "backend/store.h"
#include "lib/common/secret.h"

enum {
        CLIENT_E_REFUSED = 1, /* unknown where it may not be, revoked, or the secret is wrong */
};

typedef enum ClientPolicy {
        CLIENT_UNKNOWN_MAY, /* an id that is not in the table is a workstation without secret */
        CLIENT_UNKNOWN_REFUSED,
} ClientPolicy;

/** client_id_is_valid() - 1-64 of letters, digits, '.', '_', '-' */
bool client_id_is_valid(const char *id);

/** client_check() - @secret NULL or "" when none was sent. Return: 0, CLIENT_E_REFUSED, -errno. */
int client_check(Store *store, const char *id, const char *secret, ClientPolicy policy);

/** client_put() - make a client or give it another secret, in the caller's transaction; also lifts
 * a revocation */
int client_put(Store *store, const char *id, const char *secret, int64_t now);

/** client_revoke() - Return: 0, CLIENT_E_REFUSED when there is none, -errno. The tokens it got end
 * at once. */
int client_revoke(Store *store, const char *id);
