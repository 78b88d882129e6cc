/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backend/http.h"

/* The person and the units, read from the store at this moment. */
typedef struct UserAnswer {
        AccountRow account;
        UnitRow *units; /* owned */
        size_t n_units;
        WireUserinfo wire; /* points into the others */
} UserAnswer;

/** user_answer_read() - Return: 0, ACCOUNT_E_UNKNOWN, -errno. */
int user_answer_read(Request *request, const TokenRow *token, UserAnswer *ret);
void user_answer_done(UserAnswer *user);
