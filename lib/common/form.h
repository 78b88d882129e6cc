/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Form: application/x-www-form-urlencoded bodies (WHATWG URL section 5), written into and read out
 * of secrets
 *
 * Request bodies hold passwords, so they are never anywhere but in a Secret. */

#include <stddef.h>

#include "lib/common/secret.h"

/** form_append() - add "name=value", with '&' before it unless @body is empty. Return: 0 or
 * -ENOBUFS (body unchanged). */
int form_append(Secret *body, const char *name, const char *value);
int form_append_secret(Secret *body, const char *name, const Secret *value);
int form_append_number(Secret *body, const char *name, unsigned long value);

/** form_encoded_size() - an upper bound of what a value of @n bytes takes */
#define FORM_ENCODED_SIZE(n) (3 * (n))

#define FORM_FIELDS_MAX 32

/* The fields of one body, decoded in place: names and values point into it, NUL-terminated. */
typedef struct Form {
        Secret *body; /* owned */
        struct {
                const char *name;
                const char *value;
                size_t n_value;
        } fields[FORM_FIELDS_MAX];
        size_t n_fields;
} Form;

enum {
        FORM_E_SYNTAX = 1, /* a bad %-escape, a NUL byte, or a name twice */
        FORM_E_FIELDS,     /* more than FORM_FIELDS_MAX */
};

/** form_decode() - take @body apart; consumes it on every path. Return: 0, FORM_E_*. */
int form_decode(Secret *body, Form *ret);
/** form_get() - value of a field, NULL if it is not there */
const char *form_get(const Form *form, const char *name);
void form_done(Form *form);
