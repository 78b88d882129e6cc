/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reset: a person who forgot the account password proves by document and mobile number who it is
 * (spec.md section 4.3)
 *
 * The right to set a new password is 256 random bits, in the store as their SHA-256, once, for 15
 * minutes, and gone with any other change of the password (threats.md 110). */

#include <stdint.h>

#include "backend/document.h"
#include "backend/model-account.h"
#include "backend/model-guard.h"
#include "backend/store.h"
#include "lib/common/secret.h"

#define RESET_LIFETIME_SEC (15 * 60)
#define RESET_ASKED_PER_ADDRESS 30  /* an hour */
#define RESET_ASKED_PER_DOCUMENT 10 /* a day, once a minute */

enum {
        RESET_E_INVALID = 1, /* no such right, used, too old, or the account is disabled */
        RESET_E_OVER,        /* asked too often; ret_wait_sec */
};

/* Whom a document belongs to. */
typedef struct ResetPerson {
        char account_id[RANDOM_ID_BYTES + 1]; /* "": nobody that may reset */
        char login_name[LIMIT_ACCOUNT_BYTES + 1];
        char document_key[GUARD_KEY_BYTES + 1]; /* keyed hash of the document: limits count it */
        /* mobile number; the same as document_key where there is nobody, so that codes of a person
         * and of nobody are alike */
        char mobile[GUARD_KEY_BYTES + 1];
} ResetPerson;

/** reset_find() - the same work whether there is such a person or not. Not within a transaction.
 * Return: 0 (also for nobody), -errno. */
int reset_find(Store *store, const Document *document, ResetPerson *ret);

/** reset_admit() - count this question against address and document, whoever it belongs to and
 * whatever name came with it, in the caller's transaction, to be committed whatever comes out >= 0.
 * Return: 0, RESET_E_OVER, -errno. */
int reset_admit(Store *store, const ResetPerson *person, const char *peer, int64_t now,
                int64_t *ret_wait_sec);

/** reset_new() - the right to a new password, in the caller's transaction. Return: 0 or -errno. */
int reset_new(Store *store, const char *account_id, int64_t now, Secret **ret);

/**
 * reset_use() - set the new password: uses the right up, lifts the lock, ends everything that was
 * given out (account_end_sessions()), and writes the audit; in the caller's transaction
 *
 * Return: 0, RESET_E_INVALID, -errno.
 */
int reset_use(Store *store, const char *token, const char *new_hash, int64_t now);
