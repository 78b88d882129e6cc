/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Client: the private socket. The descriptor is the login: whoever closes it has ended it. */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#include "lib/client/client-private.h"
#include "lib/common/limits.h"

#define ERROR_SUPERSEDED "org.itax.Auth1.Error.Superseded"

/* A Next that was sent. */
typedef struct ClientCall {
        sd_bus_slot *slot;     /* owned; NULL once its reply no longer matters */
        sd_bus_message *reply; /* owned; NULL before it came */
} ClientCall;

struct Client {
        sd_bus *bus;     /* owned */
        uint64_t next_wait_usec;
        uint64_t deadline_usec;
        ClientCall calls[2]; /* the second is the key that overtakes the first */
        size_t n_calls;
        uint32_t serial; /* of the step last received; 0 before the first */
        bool can_be_left; /* that step is a code that a key leaves, and so far it was answered with nothing */
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

static void drop_call(ClientCall *call) {
        call->slot = sd_bus_slot_unref(call->slot);
        call->reply = sd_bus_message_unref(call->reply);
}

static void drop_calls(Client *client) {
        while (client->n_calls > 0)
                drop_call(&client->calls[--client->n_calls]);
}

static int on_reply(sd_bus_message *message, void *userdata, _unused_ sd_bus_error *error) {
        ClientCall *call = userdata;

        (void)sd_bus_message_sensitive(message);
        call->reply = sd_bus_message_ref(message);
        return 1;
}

static int send_call(Client *client, const Secret *answer) {
        _cleanup_(message_unrefp) sd_bus_message *message = NULL;
        ClientCall *call = &client->calls[client->n_calls];
        int r;

        client->deadline_usec = deadline_after(client->next_wait_usec);
        r = bus_await_ready(client->bus, client->deadline_usec);
        if (r != 0)
                return r;
        r = new_call(client, answer, &message);
        /* The deadline is ours, and not that of the bus object: the environment could set it. */
        if (r >= 0)
                r = sd_bus_call_async(client->bus, &call->slot, message, on_reply, call, UINT64_MAX);
        if (r < 0)
                return bus_condition(r, NULL);
        client->n_calls++;
        return 0;
}

static int read_reply(sd_bus_message *reply, Step *ret) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        return error ? bus_condition(-sd_bus_message_get_errno(reply), error) : reply_read_step(reply, ret);
}

/* Of two calls one is answered with a step, and the other with an error that counts for nothing, in
 * whichever order. Return: is there a reply that counts? */
static bool pick_reply(Client *client, sd_bus_message **ret) {
        size_t n_superseded = 0;

        for (size_t i = 0; i < client->n_calls; i++) {
                sd_bus_message *reply = client->calls[i].reply;

                if (!reply)
                        continue;
                if (client->n_calls > 1 && sd_bus_message_is_method_error(reply, ERROR_SUPERSEDED) > 0 &&
                    n_superseded++ == 0)
                        continue;
                *ret = sd_bus_message_ref(reply);
                return true;
        }
        return false;
}

/* Sleep until the bus or the other descriptor stirs. Return: 0, CLIENT_INPUT, or as client_next(). */
static int wait_for_any(Client *client, int input_fd) {
        const uint64_t left = deadline_left(client->deadline_usec);
        const uint64_t msec = (left + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
        const int fd = sd_bus_get_fd(client->bus), events = sd_bus_get_events(client->bus);
        struct pollfd fds[] = { { .fd = fd, .events = (short)events }, { .fd = input_fd, .events = POLLIN } };
        int n;

        if (left == 0)
                return CLIENT_E_AWAY;
        if (fd < 0 || events < 0)
                return bus_condition(fd < 0 ? fd : events, NULL);
        n = poll(fds, ELEMENTSOF(fds), msec > INT_MAX ? INT_MAX : (int)msec);
        if (n < 0 && errno != EINTR)
                return bus_condition(-errno, NULL);
        return n > 0 && fds[1].revents ? CLIENT_INPUT : 0;
}

static int receive(Client *client, int input_fd, Step *ret) {
        int touched = 0;

        for (;;) {
                _cleanup_(message_unrefp) sd_bus_message *reply = NULL;
                int r;

                do
                        r = sd_bus_process(client->bus, NULL);
                while (r > 0);
                /* What has come counts, even if the other side has gone since. */
                if (pick_reply(client, &reply))
                        return read_reply(reply, ret);
                if (r < 0)
                        return bus_condition(r, NULL);
                if (touched)
                        return touched;

                r = wait_for_any(client, input_fd);
                if (r != 0 && r != CLIENT_INPUT)
                        return r;
                touched = r;
        }
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

Client *client_free(Client *client) {
        if (client) {
                drop_calls(client);
                /* Closed without flushing, which could wait; nothing is under way that anybody wants. In a
                 * child of a fork this closes the child's descriptor and leaves the parent's login alone. */
                (void)sd_bus_close_unref(client->bus);
                free(client);
        }
        return NULL;
}

static bool is_in_turn(const Client *client, const Secret *answer) {
        return client->n_calls == 0 ||
               (client->n_calls == 1 && client->can_be_left && secret_size(answer) > 0);
}

int client_send(Client *client, const Secret *answer) {
        int r;

        if (client->over || secret_size(answer) > LIMIT_ANSWER_BYTES || !is_in_turn(client, answer))
                return -EINVAL;

        r = send_call(client, answer);
        client->over = r != 0;
        if (secret_size(answer) > 0)
                client->can_be_left = false;
        return r;
}

int client_receive(Client *client, int input_fd, Step *step) {
        _cleanup_(step_done) Step next = {};
        int r;

        if (client->over || client->n_calls == 0)
                return -EINVAL;

        r = receive(client, input_fd, &next);
        if (r == CLIENT_INPUT)
                return r;
        drop_calls(client);
        if (r == 0 && next.serial == client->serial)
                r = CLIENT_E_PROTOCOL;
        client->over = r != 0 || step_is_terminal(&next);
        if (r != 0)
                return r;

        client->serial = next.serial;
        client->can_be_left = next.kind == STEP_SCAN && next.key;
        step_done(step);
        *step = next;
        next = (Step){};
        return 0;
}

int client_next(Client *client, const Secret *answer, Step *step) {
        int r;

        r = client_send(client, answer);
        return r != 0 ? r : client_receive(client, -1, step);
}
