/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Decode: tree to struct, row by row. A member that is there must be right, required or not: null
 * is not absence, 1 is not true, "1" is not 1. */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "lib/wire/schema.h"

static int read_text(const WireMember *member, const json_t *value, void *place) {
        const char *text = json_string_value(value);
        char *copy;

        if (!text)
                return WIRE_E_SCHEMA;
        if (member->type == WIRE_WORD ? wire_word_index(member, text) < 0
                                      : !wire_text_fits(member, text, json_string_length(value)))
                return WIRE_E_SCHEMA;

        copy = strdup(text);
        if (!copy)
                return -ENOMEM;
        *(char **)place = copy;
        return 0;
}

static int read_token(const WireMember *member, const json_t *value, void *place) {
        const char *text = json_string_value(value);
        size_t n = json_string_length(value);

        if (!text || !wire_text_fits(member, text, n))
                return WIRE_E_SCHEMA;
        return secret_new_from(text, n, place);
}

static int read_number(const WireMember *member, const json_t *value, void *place) {
        json_int_t number = json_integer_value(value);

        if (!json_is_integer(value) || number < member->min || number > member->max)
                return WIRE_E_SCHEMA;
        *(int64_t *)place = number;
        return 0;
}

static int read_units(const WireMember *member, const json_t *value, void *place) {
        WireUnits *units = place;
        size_t n = json_array_size(value);

        if (!json_is_array(value) || n > (size_t)member->max)
                return WIRE_E_SCHEMA;

        units->items = calloc(n ? n : 1, sizeof(*units->items));
        if (!units->items)
                return -ENOMEM;
        units->present = true;

        for (size_t i = 0; i < n; i++) {
                int r;

                units->n_items = i + 1; /* half read or not, it is released with the rest */
                r = wire_object_read(member->schema, json_array_get(value, i), &units->items[i]);
                if (r)
                        return r;
        }
        return 0;
}

static int read_flags(const WireMember *member, const json_t *value, void *place) {
        if (!json_is_array(value))
                return WIRE_E_SCHEMA;

        for (size_t i = 0; i < json_array_size(value); i++) {
                const char *word = json_string_value(json_array_get(value, i));
                int index = word ? wire_word_index(member, word) : -1;

                if (index < 0)
                        return WIRE_E_SCHEMA;
                ((bool *)place)[index] = true;
        }
        return 0;
}

static int read_strings(const json_t *value) {
        if (!json_is_array(value))
                return WIRE_E_SCHEMA;

        for (size_t i = 0; i < json_array_size(value); i++)
                if (!json_is_string(json_array_get(value, i)))
                        return WIRE_E_SCHEMA;
        return 0;
}

static int read_member(const WireMember *member, const json_t *value, char *base) {
        void *place = base + member->offset, *more = base + member->offset_more;

        switch (member->type) {
        case WIRE_TEXT:
        case WIRE_WORD:
                return read_text(member, value, place);
        case WIRE_TOKEN:
                return read_token(member, value, place);
        case WIRE_NUMBER:
                return read_number(member, value, place);
        case WIRE_FLAG:
                *(bool *)place = json_is_true(value);
                return json_is_boolean(value) ? 0 : WIRE_E_SCHEMA;
        case WIRE_TRISTATE:
                *(int *)place = json_is_true(value);
                return json_is_boolean(value) ? 0 : WIRE_E_SCHEMA;
        case WIRE_PNG:
                if (!json_is_string(value))
                        return WIRE_E_SCHEMA;
                return wire_base64_decode(json_string_value(value), json_string_length(value),
                                          place, more);
        case WIRE_UNITS:
                return read_units(member, value, place);
        case WIRE_FLAGS:
                return read_flags(member, value, place);
        case WIRE_OBJECT:
                *(bool *)more = true;
                return wire_object_read(member->schema, value, place);
        case WIRE_GROUP:
                return wire_object_read(member->schema, value, base);
        case WIRE_BEARER:
                return json_is_string(value) && strcasecmp(json_string_value(value), "Bearer") == 0
                               ? 0
                               : WIRE_E_SCHEMA;
        case WIRE_FIXED:
                return read_strings(value);
        }
        return WIRE_E_SCHEMA;
}

static void set_absent(const WireMember *member, char *base) {
        if (member->type == WIRE_NUMBER)
                *(int64_t *)(base + member->offset) = member->absent;
        else if (member->type == WIRE_TRISTATE)
                *(int *)(base + member->offset) = -1;
}

int wire_object_read(const WireSchema *schema, const json_t *object, void *base) {
        if (!json_is_object(object))
                return WIRE_E_SCHEMA;

        for (size_t i = 0; i < schema->n_members; i++) {
                const WireMember *member = &schema->members[i];
                const json_t *value = json_object_get(object, member->name);
                int r;

                if (value)
                        r = read_member(member, value, base);
                else {
                        set_absent(member, base);
                        r = member->presence == WIRE_REQUIRED ? WIRE_E_SCHEMA : 0;
                }
                if (r)
                        return r;
        }
        return 0;
}

void wire_object_done(const WireSchema *schema, void *base) {
        for (size_t i = 0; i < schema->n_members; i++) {
                const WireMember *member = &schema->members[i];
                void *place = (char *)base + member->offset;

                switch (member->type) {
                case WIRE_TEXT:
                case WIRE_WORD:
                case WIRE_PNG:
                        free(*(void **)place);
                        break;
                case WIRE_TOKEN:
                        (void)secret_free(*(Secret **)place);
                        break;
                case WIRE_UNITS: {
                        WireUnits *units = place;

                        for (size_t j = 0; j < units->n_items; j++)
                                wire_object_done(member->schema, &units->items[j]);
                        free(units->items);
                        break;
                }
                case WIRE_OBJECT:
                        wire_object_done(member->schema, place);
                        break;
                case WIRE_GROUP:
                        wire_object_done(member->schema, base);
                        break;
                case WIRE_NUMBER:
                case WIRE_FLAG:
                case WIRE_TRISTATE:
                case WIRE_FLAGS:
                case WIRE_BEARER:
                case WIRE_FIXED:
                        break;
                }
        }
}
