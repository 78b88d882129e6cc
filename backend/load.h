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

enum {
        LOAD_E_INVALID = 1, /* an entry cannot be right; ret_why says which and why, no password */
};

typedef struct LoadCount {
        size_t n_accounts, n_units, n_relations, n_codes;
        size_t n_hashes; /* passwords that were new */
} LoadCount;

/** load_people() - Return: 0, LOAD_E_INVALID, -errno */
int load_people(Store *store, const People *people, int64_t now, LoadCount *ret,
                char ret_why[static LOAD_WHY_BYTES]);
