/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Nonce: what a unit's key is to sign, for one access token and one unit, once
 *
 * 256 random bits; the store keeps their SHA-256. */

#include <stdint.h>

#include "backend/random.h"
#include "backend/store.h"
#include "lib/common/secret.h"

#define NONCE_LIFETIME_SEC 120

enum {
        NONCE_E_REFUSED = 1, /* unknown, used, too old, of another token or unit */
};

/** nonce_new() - in the place of the one before, in the caller's transaction. Return: 0 or
 * -errno. */
int nonce_new(Store *store, const char *token_hash, const char *unit_code, int64_t now,
              Secret **ret);

/** nonce_use() - in the caller's transaction, which is committed whatever comes out: a wrong one
 * uses up the one that is there. Return: 0, NONCE_E_REFUSED, -errno. */
int nonce_use(Store *store, const char *token_hash, const char *unit_code, const char *nonce,
              int64_t now);
