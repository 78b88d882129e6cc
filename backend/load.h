/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Load: accounts, units, relations and registration codes from a file (lib/wire/people.h)
 *
 * Doing it again changes nothing: who is there already keeps id, locks and, if it still is the
 * same, the password's hash. All or nothing. */

#include <stdint.h>

#include "backend/store.h"
#include "lib/wire/people.h"

#define LOAD_BYTES_MAX 1048576
#define LOAD_WHY_BYTES 160
#define LOAD_COUNT_BYTES 192

enum {
        LOAD_E_INVALID = 1, /* an entry cannot be right; ret_why says which and why, no password */
};

typedef struct LoadCount {
        size_t n_accounts, n_units, n_relations, n_codes;
        size_t n_hashes; /* passwords that were new */
} LoadCount;

/* Who does it, for the audit; strings borrowed, as audit_add() has them. */
typedef struct LoadBy {
        const char *who, *why;
} LoadBy;

/** load_count_text() - "7 accounts, 4 units, …" */
void load_count_text(const LoadCount *count, char ret[static LOAD_COUNT_BYTES]);

/** load_people() - @by: NULL for what nobody has to account for. Return: 0, LOAD_E_INVALID,
 * -errno. */
int load_people(Store *store, const People *people, const LoadBy *by, int64_t now, LoadCount *ret,
                char ret_why[static LOAD_WHY_BYTES]);
