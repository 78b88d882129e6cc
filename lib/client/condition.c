/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Condition: the border where errors of the bus end, and the clock that bounds every wait. */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/client/client-private.h"

static const struct {
        const char *name;
        int condition;
} error_table[] = {
        { "org.freedesktop.DBus.Error.AccessDenied", CLIENT_E_REFUSED },
        { "org.freedesktop.DBus.Error.LimitsExceeded", CLIENT_E_REFUSED },
        { "org.freedesktop.DBus.Error.InvalidArgs", CLIENT_E_PROTOCOL },
        { "org.freedesktop.DBus.Error.InvalidSignature", CLIENT_E_PROTOCOL },
        { "org.freedesktop.DBus.Error.InconsistentMessage", CLIENT_E_PROTOCOL },
        { "org.itax.Auth1.Error.Protocol", CLIENT_E_PROTOCOL },
        { "org.itax.Auth1.Error.NoSession", CLIENT_E_SESSION },
        { "org.itax.Auth1.Error.NotFound", CLIENT_E_SESSION },
        { "org.itax.Auth1.Error.SessionIsOpen", CLIENT_E_SESSION },
        { "org.freedesktop.DBus.Error.UnknownMethod", CLIENT_E_PROTOCOL },
        { "org.freedesktop.DBus.Error.UnknownInterface", CLIENT_E_PROTOCOL },
        { "org.freedesktop.DBus.Error.UnknownObject", CLIENT_E_PROTOCOL },
};

int bus_condition(int r, const sd_bus_error *error) {
        if (error && error->name) {
                for (size_t i = 0; i < ELEMENTSOF(error_table); i++)
                        if (strcmp(error->name, error_table[i].name) == 0)
                                return error_table[i].condition;
                if (!sd_bus_error_has_name(error, SD_BUS_ERROR_NO_MEMORY))
                        return CLIENT_E_AWAY;
        }

        switch (-r) {
        case ENOMEM:
        case EMFILE:
        case ENFILE:
        case EINVAL:
                return r;
        case EBADMSG:
        case EPROTO:
        case ENXIO:
                return CLIENT_E_PROTOCOL;
        default:
                /* Gone, silent, not there; in a child of a fork sd-bus says ECHILD: not its login. */
                return CLIENT_E_AWAY;
        }
}

uint64_t deadline_after(uint64_t usec) {
        struct timespec now = {};

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000 + usec;
}

uint64_t deadline_left(uint64_t deadline_usec) {
        uint64_t now = deadline_after(0);

        return deadline_usec > now ? deadline_usec - now : 0;
}

int bus_await_ready(sd_bus *bus, uint64_t deadline_usec) {
        for (;;) {
                uint64_t left;
                int r;

                r = sd_bus_is_ready(bus);
                if (r > 0)
                        return 0;
                if (r >= 0)
                        r = sd_bus_process(bus, NULL);
                if (r < 0)
                        return bus_condition(r, NULL);
                if (r > 0)
                        continue;

                left = deadline_left(deadline_usec);
                if (left == 0)
                        return CLIENT_E_AWAY;
                r = sd_bus_wait(bus, left);
                if (r < 0 && r != -EINTR)
                        return bus_condition(r, NULL);
        }
}
