/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tree stays alive under the structs, whose strings point into it. */

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/people.h"
#include "lib/wire/wire.h"

/* A string that may be absent or null. Return: whether it is of the right type. */
static bool optional_text(const json_t *object, const char *name, const char **ret) {
        const json_t *value = json_object_get(object, name);

        *ret = json_string_value(value);
        return !value || json_is_null(value) || json_is_string(value);
}

static int relations_read(json_t *array, PeopleAccount *account) {
        json_t *item;
        size_t i;

        if (!array)
                return 0;
        if (!json_is_array(array) || json_array_size(array) > LIMIT_UNITS)
                return WIRE_E_SCHEMA;

        account->units = calloc(json_array_size(array) + 1, sizeof(PeopleRelation));
        if (!account->units)
                return -ENOMEM;
        json_array_foreach(array, i, item) {
                int authorised = 0;

                if (json_unpack(item, "{s:s, s?b}", "code", &account->units[i].code, "authorised",
                                &authorised) < 0)
                        return WIRE_E_SCHEMA;
                account->units[i].authorised = authorised != 0;
        }
        account->n_units = json_array_size(array);
        return 0;
}

static int account_read(json_t *object, void *element) {
        PeopleAccount *account = element;
        int disabled = 0;

        if (json_unpack(object, "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s?b}", "login_name",
                        &account->login_name, "name", &account->name, "document_type",
                        &account->document_type, "document_number", &account->document_number,
                        "mobile", &account->mobile, "password", &account->password, "residence",
                        &account->residence, "disabled", &disabled) < 0)
                return WIRE_E_SCHEMA;
        account->disabled = disabled != 0;
        return relations_read(json_object_get(object, "units"), account);
}

static int unit_read(json_t *object, void *element) {
        PeopleUnit *unit = element;
        int ca = 0;

        if (json_unpack(object, "{s:s, s:s, s?b}", "code", &unit->code, "name", &unit->name, "ca",
                        &ca) < 0 ||
            !optional_text(object, "declaration_password", &unit->declaration_password) ||
            !optional_text(object, "legal_representative", &unit->legal_representative) ||
            !optional_text(object, "finance_manager", &unit->finance_manager))
                return WIRE_E_SCHEMA;
        unit->ca = ca != 0;
        return 0;
}

static int code_read(json_t *object, void *element) {
        PeopleCode *code = element;
        json_int_t days = 0;

        if (json_unpack(object, "{s:s, s:s, s:s, s:s, s?I}", "code", &code->code, "name",
                        &code->name, "document_type", &code->document_type, "document_number",
                        &code->document_number, "issued_days_ago", &days) < 0 ||
            days < 0 || days > 36500)
                return WIRE_E_SCHEMA;
        code->issued_days_ago = days;
        return 0;
}

static int array_read(const json_t *tree, const char *name, size_t size,
                      int (*read)(json_t *, void *), void **ret, size_t *ret_n, char *ret_where) {
        json_t *array = json_object_get(tree, name), *item;
        char *elements;
        size_t i;

        (void)snprintf(ret_where, PEOPLE_WHERE_BYTES, "%s", name);
        if (!array)
                return 0;
        if (!json_is_array(array))
                return WIRE_E_SCHEMA;

        elements = calloc(json_array_size(array) + 1, size);
        if (!elements)
                return -ENOMEM;
        *ret = elements; /* the caller's from now on, also when an element is wrong */
        *ret_n = json_array_size(array);

        json_array_foreach(array, i, item) {
                int r;

                r = read(item, elements + i * size);
                if (r != 0) {
                        (void)snprintf(ret_where, PEOPLE_WHERE_BYTES, "%s[%zu]", name, i);
                        return r;
                }
        }
        return 0;
}

int people_decode(const char *json, size_t n, People *ret,
                  char ret_where[static PEOPLE_WHERE_BYTES]) {
        void *units = NULL, *accounts = NULL, *codes = NULL;
        json_error_t error = {};
        People people = {};
        int r;

        people.tree = json_loadb(json, n, JSON_REJECT_DUPLICATES, &error);
        if (!people.tree) {
                (void)snprintf(ret_where, PEOPLE_WHERE_BYTES, "line %d", error.line);
                r = json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : WIRE_E_JSON;
                explicit_bzero(&error, sizeof(error)); /* quotes the text near the fault */
                return r;
        }

        r = array_read(people.tree, "units", sizeof(PeopleUnit), unit_read, &units, &people.n_units,
                       ret_where);
        if (r == 0)
                r = array_read(people.tree, "accounts", sizeof(PeopleAccount), account_read,
                               &accounts, &people.n_accounts, ret_where);
        if (r == 0)
                r = array_read(people.tree, "registration_codes", sizeof(PeopleCode), code_read,
                               &codes, &people.n_codes, ret_where);
        people.units = units;
        people.accounts = accounts;
        people.codes = codes;
        if (r != 0) {
                people_done(&people);
                return r;
        }
        *ret = people;
        return 0;
}

void people_done(People *people) {
        for (size_t i = 0; people->accounts && i < people->n_accounts; i++)
                free(people->accounts[i].units);
        free(people->accounts);
        free(people->units);
        free(people->codes);
        json_decref(people->tree);
        *people = (People){};
}
