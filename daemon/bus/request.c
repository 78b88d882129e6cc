/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Request: one table of the keys that the methods know. What only describes the place (terminal, host,
 * locale) must not stop a login; what decides something is refused when it cannot be used as it is. */

#include <errno.h>
#include <string.h>

#include "daemon/bus/bus-private.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"

typedef enum KeyUse {
        USE_DECIDES,   /* too long or not fit to show: refused */
        USE_DESCRIBES, /* filtered and cut: that there is a remote host at all must not get lost */
        USE_NAMES,     /* the id of a session */
} KeyUse;

#define ON(member) (1U << (member))
#define LOGIN ON(BUS_OPEN_LOGIN)
#define CHECK ON(BUS_CHECK_ACCOUNT)
#define OPEN ON(BUS_OPEN_SESSION)
#define CLOSE ON(BUS_CLOSE_SESSION)
#define SIMULATE ON(BUS_SIMULATE)

static const struct {
        const char *name;
        const char *type;
        size_t offset;
        size_t n_max; /* bytes of a string; of a number the highest */
        uint32_t n_min;
        KeyUse use;
        unsigned members, needed_by;
} keys[] = {
        { "protocol", "u", offsetof(BusRequest, protocol), BUS_PROTOCOL, BUS_PROTOCOL, USE_DECIDES,
          LOGIN | CHECK | OPEN | SIMULATE, LOGIN | CHECK | OPEN },
        { "service", "s", offsetof(BusRequest, service), LIMIT_SERVICE_BYTES, 0, USE_DECIDES,
          LOGIN | CHECK | OPEN | SIMULATE, 0 },
        { "user", "s", offsetof(BusRequest, user), LIMIT_USER_BYTES, 0, USE_DECIDES,
          LOGIN | CHECK | OPEN, CHECK | OPEN },
        { "tty", "s", offsetof(BusRequest, tty), LIMIT_TTY_BYTES, 0, USE_DESCRIBES,
          LOGIN | CHECK | OPEN, 0 },
        { "rhost", "s", offsetof(BusRequest, rhost), LIMIT_HOST_BYTES, 0, USE_DESCRIBES,
          LOGIN | CHECK | OPEN, 0 },
        { "locale", "s", offsetof(BusRequest, locale), LIMIT_LOCALE_BYTES, 0, USE_DESCRIBES, LOGIN,
          0 },
        { "method", "s", offsetof(BusRequest, method), LIMIT_OPTION_BYTES, 0, USE_DECIDES, LOGIN,
          0 },
        { "unit", "s", offsetof(BusRequest, unit), LIMIT_OPTION_BYTES, 0, USE_DECIDES,
          LOGIN | SIMULATE, 0 },
        { "prompts", "s", offsetof(BusRequest, prompts), LIMIT_OPTION_BYTES, 0, USE_DECIDES, LOGIN,
          0 },
        { "purpose", "s", offsetof(BusRequest, purpose), LIMIT_OPTION_BYTES, 0, USE_DECIDES, LOGIN,
          0 },
        { "session", "s", offsetof(BusRequest, session), 0, 0, USE_NAMES,
          LOGIN | CHECK | OPEN | CLOSE, OPEN | CLOSE },
        { "account", "s", offsetof(BusRequest, account), LIMIT_ACCOUNT_BYTES, 0, USE_DECIDES,
          SIMULATE, 0 },
        { "date", "s", offsetof(BusRequest, date), LIMIT_OPTION_BYTES, 0, USE_DECIDES, SIMULATE,
          0 },
        { "timeout", "u", offsetof(BusRequest, timeout_sec), LIMIT_TIMEOUT_MAX_SEC,
          LIMIT_TIMEOUT_MIN_SEC, USE_DECIDES, LOGIN, 0 },
        { "max_age", "u", offsetof(BusRequest, max_age_sec), LIMIT_MAX_AGE_SEC, 1, USE_DECIDES,
          LOGIN, 0 },
        { "silent", "b", offsetof(BusRequest, silent), 0, 0, USE_DECIDES, LOGIN, 0 },
        { "refuse_empty", "b", offsetof(BusRequest, refuse_empty), 0, 0, USE_DECIDES, LOGIN, 0 },
        { "keys", "b", offsetof(BusRequest, keys), 0, 0, USE_DECIDES, LOGIN, 0 },
};

/* What a library call says of a message: everything but a trouble of our own is the caller's fault.
 */
static int condition(int r) {
        return r == -ENOMEM ? r : BUS_E_ARGUMENTS;
}

bool bus_session_id_is_valid(const char *id) {
        return strlen(id) == LIMIT_SESSION_BYTES && strspn(id, "0123456789abcdef") == LIMIT_SESSION_BYTES;
}

static int read_string(sd_bus_message *message, size_t i, char **field) {
        const char *value;
        int r;

        r = sd_bus_message_read(message, "s", &value);
        if (r <= 0)
                return condition(r);

        switch (keys[i].use) {
        case USE_DESCRIBES:
                return text_filter(value, keys[i].n_max, field);
        case USE_DECIDES:
                if (!*value || strlen(value) > keys[i].n_max || !text_is_showable(value) ||
                    strchr(value, '\n'))
                        return BUS_E_ARGUMENTS;
                break;
        case USE_NAMES:
                if (!bus_session_id_is_valid(value))
                        return BUS_E_ARGUMENTS;
                break;
        }
        *field = strdup(value);
        return *field ? 0 : -ENOMEM;
}

static int read_number(sd_bus_message *message, size_t i, uint32_t *field) {
        int r = sd_bus_message_read(message, "u", field);

        if (r <= 0)
                return condition(r);
        return *field >= keys[i].n_min && *field <= keys[i].n_max ? 0 : BUS_E_ARGUMENTS;
}

static int read_truth(sd_bus_message *message, int *field) {
        int r = sd_bus_message_read(message, "b", field);

        return r > 0 ? 0 : condition(r);
}

static int read_entry(sd_bus_message *message, BusMember member, BusRequest *request,
                      uint32_t *seen) {
        const char *name;
        size_t i = 0;
        void *field;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r <= 0)
                return condition(r);
        while (i < ELEMENTSOF(keys) && strcmp(keys[i].name, name) != 0)
                i++;
        if (i == ELEMENTSOF(keys) || !(keys[i].members & ON(member)) ||
            (*seen & (UINT32_C(1) << i)))
                return BUS_E_ARGUMENTS;
        *seen |= UINT32_C(1) << i;

        r = sd_bus_message_enter_container(message, 'v', keys[i].type);
        if (r <= 0)
                return condition(r);
        field = (char *)request + keys[i].offset;
        r = *keys[i].type == 's'       ? read_string(message, i, field) :
                *keys[i].type == 'u' ? read_number(message, i, field) :
                                       read_truth(message, field);
        if (r != 0)
                return r;

        r = sd_bus_message_exit_container(message);
        return r < 0 ? condition(r) : 0;
}

static int read_map(sd_bus_message *message, BusMember member, BusRequest *ret) {
        uint32_t seen = 0;
        int r, q;

        if (sd_bus_message_has_signature(message, "a{sv}") <= 0)
                return BUS_E_ARGUMENTS;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        while (r > 0) {
                r = sd_bus_message_enter_container(message, 'e', "sv");
                if (r <= 0)
                        break;
                q = read_entry(message, member, ret, &seen);
                if (q != 0)
                        return q;
                r = sd_bus_message_exit_container(message);
        }
        if (r < 0)
                return condition(r);

        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if ((keys[i].needed_by & ON(member)) && !(seen & (UINT32_C(1) << i)))
                        return BUS_E_ARGUMENTS;
        return 0;
}

static int read_id(sd_bus_message *message, BusRequest *ret) {
        const char *id;
        int r;

        if (sd_bus_message_has_signature(message, "s") <= 0)
                return BUS_E_ARGUMENTS;
        r = sd_bus_message_read(message, "s", &id);
        if (r <= 0)
                return condition(r);
        if (!bus_session_id_is_valid(id))
                return BUS_E_ARGUMENTS;
        ret->session = strdup(id);
        return ret->session ? 0 : -ENOMEM;
}

int bus_request_read(sd_bus_message *message, BusMember member, BusRequest *ret) {
        switch (member) {
        case BUS_OPEN_LOGIN:
        case BUS_CHECK_ACCOUNT:
        case BUS_OPEN_SESSION:
        case BUS_SIMULATE:
                return read_map(message, member, ret);
        case BUS_CLOSE_SESSION:
        case BUS_END_SESSION:
                return read_id(message, ret);
        case BUS_LIST_SESSIONS:
        case BUS_STATUS:
        case BUS_LIST_LOGINS:
        case BUS_LIST_LOCKS:
                return sd_bus_message_is_empty(message) > 0 ? 0 : BUS_E_ARGUMENTS;
        case _BUS_MEMBER_MAX:
                break;
        }
        return BUS_E_ARGUMENTS;
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
