/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Signed: what became of a signature with a unit's key (spec.md section 3.3, CA certificate) */

typedef enum SignStatus {
        SIGN_OK,
        SIGN_WRONG_PIN,
        SIGN_PIN_LOCKED, /* the token takes no PIN any more */
        SIGN_NO_KEY,     /* no key or certificate of this unit is at hand: the token was removed */
        SIGN_FAILED,     /* anything else, a helper that hung or crashed included */
        _SIGN_STATUS_MAX,
} SignStatus;

/* Strings are owned by it; NULL unless .status is SIGN_OK. */
typedef struct Signed {
        SignStatus status;
        int tries_left;     /* until the token locks; -1 when it does not tell */
        char *algorithm;    /* "RS256", "ES256" or "SM2" */
        char *certificates; /* PEM, the unit's own first, then what leads to the authority */
        char *signature;    /* base64url (RFC 4648 section 5) without padding */
} Signed;

/** signed_done() - release what it owns and make it empty; idempotent */
void signed_done(Signed *result);
