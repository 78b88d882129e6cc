/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Captcha: characters in a picture, asked for after a wrong password
 *
 * Bound to the session that got it (auth_session or access token, as a hash) and to the guard it is
 * for; lives five minutes; gone after the first look at it, right or wrong. */

#include <stdint.h>

#include "backend/random.h"
#include "backend/store.h"

#define CAPTCHA_CHARS 4
#define CAPTCHA_LIFETIME_SEC 300
/* no 0 O Q, 1 I, 2 Z, 5 S, 6 G, 8 B */
#define CAPTCHA_ALPHABET "ACDEFHJKLMNPRTUVWXY3479"

typedef struct Captcha {
        char id[RANDOM_ID_BYTES + 1];
        char answer[CAPTCHA_CHARS + 1];
} Captcha;

enum {
        CAPTCHA_E_WRONG = 1, /* wrong, used, too old, somebody else's: all the same */
};

/** captcha_new() - make one, inside the caller's transaction; an older one of this session is void.
 * Return: 0 or -errno. */
int captcha_new(Store *store, const char *session_hash, const char *guard_key, int64_t now,
                Captcha *ret);

/** captcha_use() - take the captcha away and compare, letters of either case. Return: 0,
 * CAPTCHA_E_WRONG, -errno. */
int captcha_use(Store *store, const char *id, const char *session_hash, const char *guard_key,
                const char *answer, int64_t now);
