/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dict: an a{sv} becomes a struct, and an aa{sv} an array of them, by a table. */

#include <errno.h>
#include <string.h>

#include "lib/client/client-private.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"

static int condition(int r) {
        return r == -ENOMEM ? r : CLIENT_E_PROTOCOL;
}

static int read_line(sd_bus_message *message, const DictKey *key, char **ret) {
        const char *value;
        size_t n;
        int r;

        r = sd_bus_message_read(message, "v", "s", &value);
        if (r < 0)
                return condition(r);
        n = strlen(value);
        if (n == 0 && key->form == DICT_TEXT)
                return 0;
        if (n == 0 || n > key->n_max || !text_is_showable(value) || strchr(value, '\n'))
                return CLIENT_E_PROTOCOL;
        *ret = strdup(value);
        return *ret ? 0 : -ENOMEM;
}

static int read_plain(sd_bus_message *message, const char *type, void *place) {
        int r;

        r = sd_bus_message_read(message, "v", type, place);
        return r < 0 ? condition(r) : 0;
}

static int read_value(sd_bus_message *message, const DictKey *key, void *ret) {
        void *place = (char *)ret + key->offset;
        int truth, r;

        switch (key->form) {
        case DICT_LINE:
        case DICT_TEXT:
                return read_line(message, key, place);
        case DICT_TIME:
                return read_plain(message, "t", place);
        case DICT_OFFSET:
                return read_plain(message, "x", place);
        case DICT_NUMBER:
                return read_plain(message, "u", place);
        case DICT_TRUTH:
                r = read_plain(message, "b", &truth);
                if (r == 0)
                        *(bool *)place = truth;
                return r;
        }
        return CLIENT_E_PROTOCOL;
}

static int read_entry(sd_bus_message *message, const DictKey *keys, size_t n, uint32_t *seen, void *ret) {
        const char *key;
        int r;

        r = sd_bus_message_read(message, "s", &key);
        if (r <= 0)
                return condition(r);
        for (size_t i = 0; i < n; i++) {
                if (strcmp(keys[i].key, key) != 0)
                        continue;
                if (*seen & UINT32_C(1) << i)
                        return CLIENT_E_PROTOCOL;
                *seen |= UINT32_C(1) << i;
                return read_value(message, &keys[i], ret);
        }
        r = sd_bus_message_skip(message, "v");
        return r < 0 ? condition(r) : 0;
}

int dict_read(sd_bus_message *message, const DictKey *keys, size_t n, void *ret) {
        uint32_t seen = 0;
        int r, q;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        if (r <= 0)
                return condition(r);
        for (;;) {
                r = sd_bus_message_enter_container(message, 'e', "sv");
                if (r <= 0)
                        break;
                q = read_entry(message, keys, n, &seen, ret);
                if (q != 0)
                        return q;
                r = sd_bus_message_exit_container(message);
                if (r < 0)
                        break;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        return r < 0 ? condition(r) : 0;
}

void dict_done(const DictList *kind, void *data) {
        for (size_t i = 0; i < kind->n_keys; i++)
                if (kind->keys[i].form == DICT_LINE || kind->keys[i].form == DICT_TEXT)
                        free(*(char **)((char *)data + kind->keys[i].offset));
        memset(data, 0, kind->n_bytes);
}

/* Room for one more, empty. */
static int grow(const DictList *kind, void **list, size_t *n, size_t *capacity) {
        char *grown;

        if (*n == LIMIT_LOGINS)
                return CLIENT_E_PROTOCOL;
        if (*n == *capacity) {
                const size_t wanted = 2 * *capacity + 16;

                grown = reallocarray(*list, wanted, kind->n_bytes);
                if (!grown)
                        return -ENOMEM;
                *list = grown;
                *capacity = wanted;
        }
        memset((char *)*list + (*n)++ * kind->n_bytes, 0, kind->n_bytes);
        return 0;
}

int dict_list_read(sd_bus_message *message, const DictList *kind, void **ret, size_t *ret_n) {
        size_t capacity = 0;
        int r;

        *ret = NULL;
        *ret_n = 0;
        if (sd_bus_message_has_signature(message, "aa{sv}") <= 0)
                return CLIENT_E_PROTOCOL;
        r = sd_bus_message_enter_container(message, 'a', "a{sv}");
        if (r < 0)
                return condition(r);
        while (sd_bus_message_at_end(message, 0) == 0) {
                r = grow(kind, ret, ret_n, &capacity);
                if (r == 0)
                        r = dict_read(message, kind->keys, kind->n_keys,
                                      (char *)*ret + (*ret_n - 1) * kind->n_bytes);
                if (r != 0)
                        return r;
        }
        return 0;
}

void dict_list_done(const DictList *kind, void *list, size_t n) {
        for (size_t i = 0; i < n; i++)
                dict_done(kind, (char *)list + i * kind->n_bytes);
        free(list);
}
