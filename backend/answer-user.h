/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backend/http.h"

/* The person and the units, or the unit that logged in, read from the store at this moment. */
typedef struct UserAnswer {
        AccountRow account;
        UnitRow *units; /* owned */
        size_t n_units;
        char subject[8 + LIMIT_UNIT_CODE_BYTES]; /* of a unit */
        WireUserinfo wire; /* points into the others */
} UserAnswer;

/** user_answer_read() - Return: 0, ACCOUNT_E_UNKNOWN (no such person, or the old unit login is
 * over), -errno. */
int user_answer_read(Request *request, const TokenRow *token, UserAnswer *ret);
void user_answer_done(UserAnswer *user);
