/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Registration: the code that a hall gives to who was seen there with a document, and the account
 * that it is good for, once (spec.md sections 4.1 and 4.2)
 *
 * A code is six letters and digits without look-alikes, good for 7 days, for one name and document.
 * Whether a code exists, is used or too old is told only to who knows the name and the document
 * that it belongs to. */

#include <stdint.h>

#include "backend/document.h"
#include "backend/random.h"
#include "backend/store.h"

#define REGISTRATION_CODE_CHARS 6
#define REGISTRATION_CODE_LIFETIME_SEC (7 * 86400)
#define REGISTRATION_CHECKS_PER_ADDRESS 60 /* an hour */
#define REGISTRATION_CHECKS_PER_SESSION 10 /* an hour */

enum {
        REGISTRATION_E_WRONG = 1, /* no such code, or for another name or document */
        REGISTRATION_E_EXPIRED,
        REGISTRATION_E_USED,
        REGISTRATION_E_REVOKED,
        REGISTRATION_E_OVER,     /* too many were tried; ret_wait_sec */
        REGISTRATION_E_NAME,     /* the login name, or one that looks like it, is taken */
        REGISTRATION_E_MOBILE,   /* the mobile number is another account's */
        REGISTRATION_E_DOCUMENT, /* the document has an account already */
};

/* Codes, for the hall. All in the caller's transaction. */

/**
 * code_issue() - a new code; what was open for this document before is revoked
 * @issued_by: who gave it out, as audit_add()'s @who
 *
 * Return: 0, REGISTRATION_E_DOCUMENT (registered already: a forgotten password is reset instead),
 * -errno.
 */
int code_issue(Store *store, const Document *document, const char *issued_by, int64_t now,
               char ret_code[static REGISTRATION_CODE_CHARS + 1]);

/** code_list() - all codes, the latest first. Columns: code, name, document_type, document_number,
 * issued_at, expires_at, issued_by, state ("open", "used", "revoked", "expired"), at (when it came
 * to that, 0 while open). Return: 0 or -errno. */
int code_list(Store *store, int64_t now, Statement **ret);

/** code_revoke() - @code as typed. Return: 0, REGISTRATION_E_WRONG (no such code),
 * REGISTRATION_E_USED, REGISTRATION_E_EXPIRED, REGISTRATION_E_REVOKED (it was no longer open),
 * -errno. */
int code_revoke(Store *store, const char *code, int64_t now);

/** code_parse() - a code as typed in the one spelling: capitals, full width made plain, without
 * spaces or hyphens. Return: is it one by its shape? */
bool code_parse(const char *typed, char ret[static REGISTRATION_CODE_CHARS + 1]);

/* The person's side. */

/**
 * registration_check() - may this person register by this code? Uses nothing up, but counts.
 * @peer: address, as request_peer() gives it
 * @session_hash: of the browser
 * @ret_wait_sec: written with REGISTRATION_E_OVER
 *
 * In the caller's transaction, to be committed whatever comes out >= 0.
 * Return: 0, REGISTRATION_E_WRONG to REGISTRATION_E_OVER, REGISTRATION_E_DOCUMENT, -errno.
 */
int registration_check(Store *store, const char *code, const Document *document, const char *peer,
                       const char *session_hash, int64_t now, int64_t *ret_wait_sec);

/* What a person registers with; strings borrowed. */
typedef struct Registration {
        const char *code;
        const Document *document;
        const char *login_name, *mobile; /* as account_parse() spells them */
        const char *password_hash;       /* "" for registration_free() */
        const char *residence;           /* county, GB/T 2260 */
        int64_t consented_at;
} Registration;

/** registration_free() - are login name and mobile number free, has the document no account yet?
 * Return: 0, REGISTRATION_E_NAME, REGISTRATION_E_MOBILE, REGISTRATION_E_DOCUMENT, -errno. */
int registration_free(Store *store, const Registration *registration);

/**
 * registration_do() - use the code up and make the account, with its line in the audit
 *
 * In the caller's transaction, which is to be committed with 0 only.
 * Return: 0, any REGISTRATION_E_* but _OVER, -errno.
 */
int registration_do(Store *store, const Registration *registration, int64_t now,
                    char ret_id[static RANDOM_ID_BYTES + 1]);
