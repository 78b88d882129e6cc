/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Request: one table of the keys that OpenLogin knows. What only describes the place (terminal,
 * host, locale) must not stop a login; what decides something is refused when it cannot be used as
 * it is. */

#include <errno.h>
#include <string.h>

#include "daemon/bus/bus-private.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"

typedef enum KeyUse {
        USE_DECIDES,   /* too long or not fit to show: refused */
        USE_DESCRIBES, /* filtered and cut: that there is a remote host at all must not get lost */
} KeyUse;

static const struct {
        const char *name;
        const char *type;
        size_t offset;
        size_t n_max;
        KeyUse use;
} keys[] = {
        { "protocol", "u", offsetof(BusRequest, protocol), 0, USE_DECIDES },
        { "service", "s", offsetof(BusRequest, service), LIMIT_SERVICE_BYTES, USE_DECIDES },
        { "user", "s", offsetof(BusRequest, user), LIMIT_USER_BYTES, USE_DECIDES },
        { "tty", "s", offsetof(BusRequest, tty), LIMIT_TTY_BYTES, USE_DESCRIBES },
        { "rhost", "s", offsetof(BusRequest, rhost), LIMIT_HOST_BYTES, USE_DESCRIBES },
        { "locale", "s", offsetof(BusRequest, locale), LIMIT_LOCALE_BYTES, USE_DESCRIBES },
        { "method", "s", offsetof(BusRequest, method), LIMIT_OPTION_BYTES, USE_DECIDES },
        { "unit", "s", offsetof(BusRequest, unit), LIMIT_OPTION_BYTES, USE_DECIDES },
        { "prompts", "s", offsetof(BusRequest, prompts), LIMIT_OPTION_BYTES, USE_DECIDES },
        { "silent", "b", offsetof(BusRequest, silent), 0, USE_DECIDES },
        { "refuse_empty", "b", offsetof(BusRequest, refuse_empty), 0, USE_DECIDES },
};

/* What a library call says of a message: everything but a trouble of our own is the caller's fault.
 */
static int condition(int r) {
        return r == -ENOMEM ? r : BUS_E_ARGUMENTS;
}

static int read_string(sd_bus_message *message, size_t i, char **field) {
        const char *value;
        int r;

        r = sd_bus_message_read(message, "s", &value);
        if (r <= 0)
                return condition(r);

        if (keys[i].use == USE_DESCRIBES)
                return text_filter(value, keys[i].n_max, field);

        if (!*value || strlen(value) > keys[i].n_max || !text_is_showable(value) ||
            strchr(value, '\n'))
                return BUS_E_ARGUMENTS;
        *field = strdup(value);
        return *field ? 0 : -ENOMEM;
}

static int read_entry(sd_bus_message *message, BusRequest *request, uint32_t *seen) {
        const char *name;
        size_t i = 0;
        void *field;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r <= 0)
                return condition(r);
        while (i < ELEMENTSOF(keys) && strcmp(keys[i].name, name) != 0)
                i++;
        if (i == ELEMENTSOF(keys) || (*seen & (UINT32_C(1) << i)))
                return BUS_E_ARGUMENTS;
        *seen |= UINT32_C(1) << i;

        r = sd_bus_message_enter_container(message, 'v', keys[i].type);
        if (r <= 0)
                return condition(r);
        field = (char *)request + keys[i].offset;
        r = *keys[i].type == 's' ? read_string(message, i, field) :
                                   sd_bus_message_read_basic(message, *keys[i].type, field);
        if (r < 0)
                return condition(r);
        if (*keys[i].type == 's' && r > 0)
                return r;

        r = sd_bus_message_exit_container(message);
        return r < 0 ? condition(r) : 0;
}

int bus_request_read(sd_bus_message *message, BusRequest *ret) {
        uint32_t seen = 0;
        int r, q;

        if (sd_bus_message_has_signature(message, "a{sv}") <= 0)
                return BUS_E_ARGUMENTS;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        while (r > 0) {
                r = sd_bus_message_enter_container(message, 'e', "sv");
                if (r <= 0)
                        break;
                q = read_entry(message, ret, &seen);
                if (q != 0)
                        return q;
                r = sd_bus_message_exit_container(message);
        }
        if (r < 0)
                return condition(r);
        return ret->protocol == BUS_PROTOCOL ? 0 : BUS_E_ARGUMENTS;
}

void bus_request_done(BusRequest *request) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                char **field = (char **)((char *)request + keys[i].offset);

                if (*keys[i].type != 's' || !*field)
                        continue;
                /* A user name may be a password that was typed too early. */
                explicit_bzero(*field, strlen(*field));
                free(*field);
        }
        *request = (BusRequest){};
}
