/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Client: the private socket. The descriptor is the login: whoever closes it has ended it. */

#include <errno.h>
#include <stdlib.h>

#include "lib/client/client-private.h"
#include "lib/common/limits.h"

struct Client {
        sd_bus *bus;     /* owned */
        uint64_t next_wait_usec;
        uint32_t serial; /* of the step last received; 0 before the first */
        bool over;       /* a terminal step came, or a call failed */
};

static int new_call(Client *client, const Secret *answer, sd_bus_message **ret) {
        _cleanup_(message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = sd_bus_message_new_method_call(client->bus, &message, NULL, "/org/itax/Auth1/Login",
                                           "org.itax.Auth1.Login", "Next");
        if (r >= 0)
                r = sd_bus_message_sensitive(message);
        if (r >= 0)
                r = sd_bus_message_append(message, "u", client->serial);
        if (r >= 0)
                r = sd_bus_message_append_array(message, 'y', secret_text(answer), secret_size(answer));
        if (r < 0)
                return r;

        *ret = TAKE_PTR(message);
        return 0;
}

static int exchange(Client *client, const Secret *answer, Step *ret) {
        _cleanup_(message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const uint64_t deadline_usec = deadline_after(client->next_wait_usec);
        uint64_t left;
        int r;

        r = bus_await_ready(client->bus, deadline_usec);
        if (r != 0)
                return r;
        r = new_call(client, answer, &message);
        if (r < 0)
                return bus_condition(r, NULL);

        left = deadline_left(deadline_usec);
        if (left == 0)
                return CLIENT_E_AWAY;
        r = sd_bus_call(client->bus, message, left, &error, &reply);
        if (r < 0)
                return bus_condition(r, &error);
        r = sd_bus_message_sensitive(reply);
        if (r < 0)
                return bus_condition(r, NULL);
        return reply_read_step(reply, ret);
}

int client_new_from_fd(int fd, uint64_t next_wait_usec, Client **ret) {
        _cleanup_(client_freep) Client *client = NULL;
        _cleanup_(closep) int owned = fd;
        int r;

        client = calloc(1, sizeof(*client));
        if (!client)
                return -ENOMEM;
        client->next_wait_usec = next_wait_usec;

        r = sd_bus_new(&client->bus);
        if (r >= 0)
                r = sd_bus_set_trusted(client->bus, 0);
        if (r >= 0)
                r = sd_bus_negotiate_fds(client->bus, 0);
        if (r >= 0)
                r = sd_bus_set_fd(client->bus, fd, fd);
        if (r < 0)
                return bus_condition(r, NULL);
        (void)TAKE_FD(owned);

        r = sd_bus_start(client->bus);
        if (r < 0)
                return bus_condition(r, NULL);

        *ret = TAKE_PTR(client);
        return 0;
}

int client_open_at(const ClientPlace *place, const ClientRequest *request, Client **ret) {
        int r, fd;

        r = daemon_find(place, request, deadline_after(place->open_wait_usec), &fd);
        if (r != 0)
                return r;
        return client_new_from_fd(fd, place->next_wait_usec, ret);
}

int client_probe_at(const ClientPlace *place, ClientProbe *ret) {
        const uint64_t start_usec = deadline_after(0);
        int r;

        r = daemon_probe(place, start_usec + place->open_wait_usec, ret);
        ret->usec = deadline_after(0) - start_usec;
        return r;
}

Client *client_free(Client *client) {
        if (client) {
                /* Closed without flushing, which could wait; nothing is under way that anybody wants. In a
                 * child of a fork this closes the child's descriptor and leaves the parent's login alone. */
                (void)sd_bus_close_unref(client->bus);
                free(client);
        }
        return NULL;
}

int client_next(Client *client, const Secret *answer, Step *step) {
        _cleanup_(step_done) Step next = {};
        int r;

        if (client->over || secret_size(answer) > LIMIT_ANSWER_BYTES)
                return -EINVAL;

        r = exchange(client, answer, &next);
        if (r == 0 && next.serial == client->serial)
                r = CLIENT_E_PROTOCOL;
        client->over = r != 0 || step_is_terminal(&next);
        if (r != 0)
                return r;

        client->serial = next.serial;
        step_done(step);
        *step = next;
        next = (Step){};
        return 0;
}
