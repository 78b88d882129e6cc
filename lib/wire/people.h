/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* People: the file that `itax-backend load` takes
 *
 * A JSON object with three arrays, each may be absent: units, accounts, registration_codes; members
 * as below, unknown ones are passed over. It holds passwords, so what was decoded is erased on
 * release. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEOPLE_WHERE_BYTES 64

typedef struct PeopleRelation {
        const char *code;
        bool authorised; /* false when absent */
} PeopleRelation;

typedef struct PeopleAccount {
        const char *login_name, *name, *document_type, *document_number, *mobile, *password,
                *residence;
        bool disabled; /* false when absent */
        PeopleRelation *units;
        size_t n_units;
} PeopleAccount;

typedef struct PeopleUnit {
        const char *code, *name;
        const char *declaration_password, *legal_representative,
                *finance_manager; /* NULL when absent or null */
        bool ca;                  /* false when absent */
} PeopleUnit;

typedef struct PeopleCode {
        const char *code, *name, *document_type, *document_number;
        int64_t issued_days_ago; /* 0 when absent */
} PeopleCode;

/* All strings belong to the tree. */
typedef struct People {
        PeopleUnit *units;
        PeopleAccount *accounts;
        PeopleCode *codes;
        size_t n_units, n_accounts, n_codes;
        void *tree;
} People;

/**
 * people_decode() - Return: 0, WIRE_E_JSON, WIRE_E_SCHEMA, -ENOMEM
 * @ret_where: on WIRE_E_SCHEMA the entry that does not fit, as "accounts[3]"; on WIRE_E_JSON "line
 *   N"
 */
int people_decode(const char *json, size_t n, People *ret,
                  char ret_where[static PEOPLE_WHERE_BYTES]);

/** people_done() - release; idempotent */
void people_done(People *people);
