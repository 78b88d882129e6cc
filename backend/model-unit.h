/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Unit: a withholding unit, its declaration password, and who may act for it */

#include <stdint.h>

#include "backend/hash-pool.h"
#include "backend/model-guard.h"
#include "backend/store.h"
#include "lib/common/limits.h"

enum {
        UNIT_E_UNKNOWN = 1, /* no such unit, or it is not among the person's */
};

typedef struct UnitRow {
        char code[LIMIT_UNIT_CODE_BYTES + 1];
        char name[LIMIT_NAME_BYTES + 1];
        char password_hash[PASSWORD_HASH_BYTES + 1]; /* "" when the unit has none */
        bool authorised; /* an authorisation relation of the person exists; false by unit_get() */
        bool ca;         /* it may prove itself by a certificate */
} UnitRow;

/** unit_list() - the units of a person by code, LIMIT_UNITS at most. @ret_units: owned by the
 * caller, free(). */
int unit_list(Store *store, const char *account_id, UnitRow **ret_units, size_t *ret_n_units);

/** unit_find() - one of the person's units, as it stands at this moment. Return: 0, UNIT_E_UNKNOWN,
 * -errno. */
int unit_find(Store *store, const char *account_id, const char *code, UnitRow *ret);

/** unit_get() - any unit, without a person. Return: 0, UNIT_E_UNKNOWN, -errno. */
int unit_get(Store *store, const char *code, UnitRow *ret);

/** unit_managed() - a unit of which the person is legal representative or finance manager.
 * Return: 0, UNIT_E_UNKNOWN (no such unit, or not this person's to manage), -errno. */
int unit_managed(Store *store, const char *account_id, const char *code, UnitRow *ret);

/** unit_password_hash() - of any unit. Return: 0 (ret "" when it has none), UNIT_E_UNKNOWN,
 * -errno. */
int unit_password_hash(Store *store, const char *code, char ret[static PASSWORD_HASH_BYTES + 1]);

void unit_guard_key(const char *code, char ret[static GUARD_KEY_BYTES + 1]);

typedef struct UnitNew {
        const char *code, *name, *password_hash;            /* borrowed; the hash may be NULL */
        const char *legal_representative, *finance_manager; /* account ids or NULL */
        int64_t ca;
} UnitNew;

/** unit_put() - make or bring up to date, in the caller's transaction. Another declaration password
 * than before ends the unit's own codes and tokens. Return: 0, UNIT_E_UNKNOWN (an account is),
 * -errno. */
int unit_put(Store *store, const UnitNew *unit);

/** unit_reset_password() - another declaration password, the lock lifted, the unit's own codes and
 * tokens ended; in the caller's transaction. Return: 0, UNIT_E_UNKNOWN, -errno. */
int unit_reset_password(Store *store, const char *code, const char *new_hash);

/** relation_put() - the unit is one of the person's, @authorised or not, in the caller's
 * transaction.
 * Return: 0, UNIT_E_UNKNOWN, -errno. */
int relation_put(Store *store, const char *account_id, const char *code, int64_t authorised);

/** relation_revoke() - the unit stays one of the person's, but the declaration password is asked
 * again; in the caller's transaction. Return: 0, UNIT_E_UNKNOWN (it is not one of the person's),
 * -errno. */
int relation_revoke(Store *store, const char *account_id, const char *code);
