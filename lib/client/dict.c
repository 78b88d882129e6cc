/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dict: an a{sv} becomes a struct, by a table. */

#include <errno.h>
#include <string.h>

#include "lib/client/client-private.h"
#include "lib/common/text.h"

static int condition(int r) {
        return r == -ENOMEM ? r : CLIENT_E_PROTOCOL;
}

static int read_line(sd_bus_message *message, size_t n_max, char **ret) {
        const char *value;
        size_t n;
        int r;

        r = sd_bus_message_read(message, "v", "s", &value);
        if (r < 0)
                return condition(r);
        n = strlen(value);
        if (n == 0 || n > n_max || !text_is_showable(value) || strchr(value, '\n'))
                return CLIENT_E_PROTOCOL;
        *ret = strdup(value);
        return *ret ? 0 : -ENOMEM;
}

static int read_value(sd_bus_message *message, const DictKey *key, void *ret) {
        void *place = (char *)ret + key->offset;
        int truth, r;

        switch (key->form) {
        case DICT_LINE:
                return read_line(message, key->n_max, place);
        case DICT_TIME:
                r = sd_bus_message_read(message, "v", "t", place);
                return r < 0 ? condition(r) : 0;
        case DICT_TRUTH:
                r = sd_bus_message_read(message, "v", "b", &truth);
                if (r < 0)
                        return condition(r);
                *(bool *)place = truth;
                return 0;
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
