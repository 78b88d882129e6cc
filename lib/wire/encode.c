/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Encode: struct to tree, row by row, held to the same limits as what is read: a server that would
 * send what its own clients refuse hears of it here. */

#include <errno.h>
#include <string.h>

#include "lib/common/text.h"
#include "lib/wire/schema.h"

static int make_string(const char *text, size_t n, json_t **ret) {
        if (!text_is_utf8(text, n))
                return -EINVAL;

        *ret = json_stringn_nocheck(text, n);
        return *ret ? 0 : -ENOMEM;
}

static int make_array(json_t **ret) {
        *ret = json_array();
        return *ret ? 0 : -ENOMEM;
}

static int append_word(json_t *array, const char *word) {
        return json_array_append_new(array, json_string(word)) < 0 ? -ENOMEM : 0;
}

static int write_text(const WireMember *member, const char *text, json_t **ret) {
        if (!text)
                return 0;
        if (member->type == WIRE_WORD ? wire_word_index(member, text) < 0
                                      : !wire_text_fits(member, text, strlen(text)))
                return -EINVAL;
        return make_string(text, strlen(text), ret);
}

static int write_token(const WireMember *member, const Secret *token, json_t **ret) {
        if (!token)
                return 0;
        if (!wire_text_fits(member, secret_text(token), secret_size(token)))
                return -EINVAL;
        return make_string(secret_text(token), secret_size(token), ret);
}

static int write_number(const WireMember *member, int64_t number, json_t **ret) {
        if (number < member->min || number > member->max)
                return number == member->absent ? 0 : -EINVAL;

        *ret = json_integer(number);
        return *ret ? 0 : -ENOMEM;
}

static int write_flag(const WireMember *member, int flag, json_t **ret) {
        if (flag < 0 ||
            (flag == 0 && member->type == WIRE_FLAG && member->presence == WIRE_OPTIONAL))
                return 0;

        *ret = json_boolean(flag);
        return 0;
}

static int write_png(const uint8_t *bytes, size_t n, json_t **ret) {
        _cleanup_(freep) char *text = NULL;
        int r;

        if (!bytes)
                return 0;
        if (n == 0 || n > LIMIT_CAPTCHA_PNG_BYTES)
                return -EINVAL;

        r = wire_base64_encode(bytes, n, &text);
        return r ? r : make_string(text, strlen(text), ret);
}

static int write_units(const WireMember *member, const WireUnits *units, json_t **ret) {
        _cleanup_(json_unrefp) json_t *array = NULL;
        int r;

        if (!units->present)
                return 0;
        if (units->n_items > (size_t)member->max)
                return -EINVAL;

        r = make_array(&array);
        for (size_t i = 0; i < units->n_items && r == 0; i++) {
                json_t *item = NULL;

                r = wire_object_write(member->schema, &units->items[i], &item);
                if (r == 0 && json_array_append_new(array, item) < 0)
                        r = -ENOMEM;
        }
        if (r == 0)
                *ret = TAKE_PTR(array);
        return r;
}

/* @flags is NULL where every word is written. */
static int write_words(const WireMember *member, const bool *flags, json_t **ret) {
        _cleanup_(json_unrefp) json_t *array = NULL;
        int r;

        r = make_array(&array);
        for (size_t i = 0; member->words[i] && r == 0; i++)
                if (!flags || flags[i])
                        r = append_word(array, member->words[i]);
        if (r == 0)
                *ret = TAKE_PTR(array);
        return r;
}

static int write_group(const WireMember *member, const void *base, json_t **ret) {
        _cleanup_(json_unrefp) json_t *object = NULL;
        int r;

        r = wire_object_write(member->schema, base, &object);
        if (r == 0 && json_object_size(object) > 0)
                *ret = TAKE_PTR(object);
        return r;
}

static int write_member(const WireMember *member, const char *base, json_t **ret) {
        const void *place = base + member->offset, *more = base + member->offset_more;

        switch (member->type) {
        case WIRE_TEXT:
        case WIRE_WORD:
                return write_text(member, *(const char *const *)place, ret);
        case WIRE_TOKEN:
                return write_token(member, *(const Secret *const *)place, ret);
        case WIRE_NUMBER:
                return write_number(member, *(const int64_t *)place, ret);
        case WIRE_FLAG:
                return write_flag(member, *(const bool *)place, ret);
        case WIRE_TRISTATE:
                return write_flag(member, *(const int *)place, ret);
        case WIRE_PNG:
                return write_png(*(const uint8_t *const *)place, *(const size_t *)more, ret);
        case WIRE_UNITS:
                return write_units(member, place, ret);
        case WIRE_FLAGS:
                return write_words(member, place, ret);
        case WIRE_OBJECT:
                return *(const bool *)more ? wire_object_write(member->schema, place, ret) : 0;
        case WIRE_GROUP:
                return write_group(member, base, ret);
        case WIRE_BEARER:
                return make_string("Bearer", strlen("Bearer"), ret);
        case WIRE_FIXED:
                return write_words(member, NULL, ret);
        }
        return -EINVAL;
}

int wire_object_write(const WireSchema *schema, const void *base, json_t **ret) {
        _cleanup_(json_unrefp) json_t *object = json_object();

        if (!object)
                return -ENOMEM;

        for (size_t i = 0; i < schema->n_members; i++) {
                const WireMember *member = &schema->members[i];
                json_t *value = NULL;
                int r;

                r = write_member(member, base, &value);
                if (r)
                        return r;
                if (!value && member->presence == WIRE_REQUIRED)
                        return -EINVAL;
                if (value && json_object_set_new(object, member->name, value) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(object);
        return 0;
}
