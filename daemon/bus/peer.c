/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bus peer: one login's socket, with an sd-bus server behind it that only knows Next
 *
 * The bus object is driven from here and not attached to the event loop, for three reasons.
 * Attached, each peer would cost four event sources and a look at every turn of the loop. Its
 * messages could grow to the 128 MiB of the protocol; here a message is looked at first (its header
 * tells its length), and sd-bus reads it only when all of it is there. And the end of the file is
 * seen at once, whatever waits before it.
 *
 * For the same reason nothing may follow the authentication before it was answered: sd-bus would
 * read it beyond our look.
 *
 * One Next waits at a time, but for one case: while a code that can be left by a key stands on the
 * screen, the key may overtake the empty Next that waits. That one is then answered with an error.
 * The key and the step that ends the wait may also cross on the way; then it is the key that gets
 * the error, and counts for nothing. */

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <systemd/sd-id128.h>

#include "daemon/bus/bus-private.h"
#include "lib/common/limits.h"

#define AUTH_BYTES_MAX 512U
#define AUTH_END "BEGIN\r\n"
#define HEADER_BYTES 16U
#define ERROR_PROTOCOL "org.itax.Auth1.Error.Protocol"
#define ERROR_SUPERSEDED "org.itax.Auth1.Error.Superseded"
#define TURNS_MAX 16U /* in one go; an honest client needs three */

struct BusPeer {
        unsigned n_refs;
        int fd; /* owned by .bus */
        uint32_t serial; /* of the step last sent, 0 before the first */
        bool is_over;    /* handlers.gone was called, or must not be any more */
        sd_bus *bus;
        sd_bus_message *reply; /* to the Next that waits, still empty; NULL when none does */
        sd_bus_message *held;  /* that Next, if a key may overtake it (it is empty); else NULL */
        bool can_be_left;      /* the step last sent is a code that a key leaves */
        bool has_crossed;      /* a key for the step before .serial may be on its way */
        sd_event_source *source;
        const BusPeerHandlers *handlers;
        void *userdata;
};

static BusPeer *peer_unref(BusPeer *peer) {
        if (peer && --peer->n_refs == 0)
                free(peer);
        return NULL;
}
DEFINE_CLEANUP(BusPeer, peer_unref)

static BusPeer *peer_ref(BusPeer *peer) {
        peer->n_refs++;
        return peer;
}

static void peer_over(BusPeer *peer) {
        if (peer->is_over)
                return;

        peer->is_over = true;
        (void)sd_event_source_set_enabled(peer->source, SD_EVENT_OFF);
        peer->handlers->gone(peer, peer->userdata);
}

static void peer_break(BusPeer *peer, sd_bus_message *message) {
        if (sd_bus_message_get_expect_reply(message) > 0)
                (void)sd_bus_reply_method_errorf(message, ERROR_PROTOCOL,
                                                 "not what was expected here");
        peer_over(peer);
}

static uint32_t serial_after(uint32_t serial) {
        return serial + 1 ? serial + 1 : 1;
}

/* What a call is. */
typedef enum Turn {
        TURN_WRONG,
        TURN_DUE,     /* Next with the serial of the step last sent, and none waits */
        TURN_KEY,     /* the same, and the one that waits may be overtaken */
        TURN_CROSSED, /* a key that came too late */
} Turn;

static Turn turn_of(const BusPeer *peer, uint32_t serial, size_t n) {
        if (peer->reply)
                return peer->held && n > 0 && serial == peer->serial ? TURN_KEY : TURN_WRONG;
        if (serial == peer->serial)
                return TURN_DUE;
        return peer->has_crossed && n > 0 && serial_after(serial) == peer->serial ? TURN_CROSSED :
                                                                                   TURN_WRONG;
}

static Turn next_turn(const BusPeer *peer, sd_bus_message *message, const void **ret_answer,
                      size_t *ret_n) {
        uint32_t serial;

        if (sd_bus_message_get_expect_reply(message) <= 0)
                return TURN_WRONG;
        if (sd_bus_message_is_method_call(message, BUS_PEER_INTERFACE, "Next") <= 0 ||
            strcmp(sd_bus_message_get_path(message), BUS_PEER_PATH) != 0 ||
            sd_bus_message_has_signature(message, "uay") <= 0)
                return TURN_WRONG;
        if (sd_bus_message_read(message, "u", &serial) <= 0 ||
            sd_bus_message_read_array(message, 'y', ret_answer, ret_n) < 0)
                return TURN_WRONG;
        if (*ret_n > BUS_ANSWER_BYTES_MAX || (serial == 0 && *ret_n > 0))
                return TURN_WRONG;
        return turn_of(peer, serial, *ret_n);
}

static int supersede(sd_bus_message *call) {
        return sd_bus_reply_method_errorf(call, ERROR_SUPERSEDED, "the other call counts");
}

/* The empty reply is made now, so that the call and the answer in it need not be kept for it. */
static int accept_next(BusPeer *peer, sd_bus_message *message, Turn turn, size_t n) {
        _cleanup_(bus_message_unrefp) sd_bus_message *held = TAKE_PTR(peer->held);
        int r;

        peer->has_crossed = false;
        peer->reply = sd_bus_message_unref(peer->reply);
        r = turn == TURN_KEY ? supersede(held) : 0;
        if (r >= 0)
                r = sd_bus_message_new_method_return(message, &peer->reply);
        if (r >= 0 && peer->can_be_left && n == 0)
                peer->held = sd_bus_message_ref(message);
        return r;
}

/* Every message comes here first, and none goes further: no other object, no introspection, no
 * ping. */
static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *error _unused_) {
        _cleanup_(secret_freep) Secret *answer = NULL;
        BusPeer *peer = userdata;
        const void *bytes = NULL;
        size_t n = 0;
        Turn turn;

        /* Before anything else: whatever it is, it is wiped when it goes. */
        (void)sd_bus_message_sensitive(message);
        if (peer->is_over)
                return 1;

        turn = next_turn(peer, message, &bytes, &n);
        if (turn == TURN_CROSSED) {
                peer->has_crossed = false;
                if (supersede(message) < 0)
                        peer_over(peer);
                return 1;
        }
        if (turn == TURN_WRONG || (n && secret_new_from(bytes, n, &answer) < 0) ||
            accept_next(peer, message, turn, n) < 0) {
                peer_break(peer, message);
                return 1;
        }

        peer->handlers->next(peer, peer->serial == 0, answer, peer->userdata);
        return 1;
}

/* May sd-bus read what is there while it authenticates? Return: 1, 0 for nothing there, negative
 * errno to end it. */
static int look_at_auth(const BusPeer *peer) {
        char bytes[AUTH_BYTES_MAX + 1];
        const char *end;
        ssize_t n;

        n = recv(peer->fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
        if (n <= 0)
                return n == 0 ? -ECONNRESET : errno == EAGAIN ? 0 : -errno;
        if ((size_t)n > AUTH_BYTES_MAX)
                return -EPROTO;
        end = memmem(bytes, (size_t)n, AUTH_END, strlen(AUTH_END));
        return end && end + strlen(AUTH_END) != bytes + n ? -EPROTO : 1;
}

/* D-Bus specification, "Message Format": byte order, type, flags, version, length of the body,
 * serial, length of the header's fields, which are padded to 8. Return as above; 0 also for a
 * message that is not all there. */
static int look_at_message(const BusPeer *peer) {
        uint8_t header[HEADER_BYTES];
        uint32_t n_body, n_fields;
        ssize_t n;
        int n_there;

        n = recv(peer->fd, header, sizeof(header), MSG_PEEK | MSG_DONTWAIT);
        if (n <= 0)
                return n == 0 ? -ECONNRESET : errno == EAGAIN ? 0 : -errno;
        if ((size_t)n < sizeof(header))
                return 0;

        memcpy(&n_body, header + 4, 4);
        memcpy(&n_fields, header + 12, 4);
        if (header[0] != 'l' && header[0] != 'B')
                return -EPROTO;
        n_body = header[0] == 'l' ? le32toh(n_body) : be32toh(n_body);
        n_fields = header[0] == 'l' ? le32toh(n_fields) : be32toh(n_fields);
        if (n_body > BUS_MESSAGE_BYTES_MAX || n_fields > BUS_MESSAGE_BYTES_MAX ||
            HEADER_BYTES + (n_fields + 7) / 8 * 8 + n_body > BUS_MESSAGE_BYTES_MAX)
                return -EMSGSIZE;

        if (ioctl(peer->fd, FIONREAD, &n_there) < 0)
                return -errno;
        return (uint32_t)n_there >= HEADER_BYTES + (n_fields + 7) / 8 * 8 + n_body;
}

static int peer_turn(BusPeer *peer) {
        int r;

        r = sd_bus_is_ready(peer->bus);
        if (r < 0)
                return r;
        r = r > 0 ? look_at_message(peer) : look_at_auth(peer);
        if (r <= 0)
                return r;

        /* A callback may end or free the peer; the bus object holds itself while it works. */
        do
                r = sd_bus_process(peer->bus, NULL);
        while (r > 0 && !peer->is_over);
        return r < 0 ? r : 1;
}

/* Edge-triggered: what is left lying because it is not whole must not wake us again until more
 * comes. */
static int on_io(sd_event_source *source _unused_, int fd _unused_, uint32_t revents,
                 void *userdata) {
        _cleanup_(peer_unrefp) BusPeer *peer = peer_ref(userdata);
        int r = 1;

        if (revents & (EPOLLHUP | EPOLLRDHUP | EPOLLERR))
                r = -ECONNRESET;
        for (unsigned i = 0; r > 0 && !peer->is_over; i++)
                r = i < TURNS_MAX ? peer_turn(peer) : -EPROTO;
        if (r < 0)
                peer_over(peer);
        return 0;
}

int bus_peer_new(sd_event *event, int fd, const BusPeerHandlers *handlers, void *userdata,
                 BusPeer **ret) {
        _cleanup_(bus_peer_freep) BusPeer *peer = calloc(1, sizeof(*peer));
        _cleanup_(closep) int owned = fd;
        sd_id128_t id;
        int r;

        if (!peer)
                return -ENOMEM;
        peer->n_refs = 1;
        peer->fd = fd;
        peer->handlers = handlers;
        peer->userdata = userdata;

        r = sd_id128_randomize(&id);
        if (r >= 0)
                r = sd_bus_new(&peer->bus);
        if (r >= 0)
                r = sd_bus_set_server(peer->bus, 1, id);
        /* Who holds the descriptor is who was let in; the uid of the socket pair is only our own.
         */
        if (r >= 0)
                r = sd_bus_set_anonymous(peer->bus, 1);
        if (r >= 0)
                r = sd_bus_negotiate_fds(peer->bus, 0);
        if (r >= 0)
                r = sd_bus_add_filter(peer->bus, NULL, on_message, peer);
        if (r >= 0)
                r = sd_bus_set_fd(peer->bus, fd, fd);
        if (r < 0)
                return r;
        (void)TAKE_FD(owned);

        r = sd_bus_start(peer->bus);
        if (r >= 0)
                r = sd_event_add_io(event, &peer->source, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, on_io,
                                    peer);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(peer);
        return 0;
}

BusPeer *bus_peer_free(BusPeer *peer) {
        if (!peer)
                return NULL;

        peer->is_over = true;
        peer->source = sd_event_source_disable_unref(peer->source);
        peer->reply = sd_bus_message_unref(peer->reply);
        peer->held = sd_bus_message_unref(peer->held);
        /* What was sent stays readable for the client: it went into the socket at once, or
         * bus_peer_reply() failed. */
        peer->bus = sd_bus_close_unref(peer->bus);
        return peer_unref(peer);
}

static int append_string(sd_bus_message *message, const char *key, const char *value) {
        return value ? sd_bus_message_append(message, "{sv}", key, "s", value) : 0;
}

static int append_choices(sd_bus_message *message, char **choices) {
        int r;

        if (!choices)
                return 0;
        r = sd_bus_message_open_container(message, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(message, "s", "choices");
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(message, choices);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r;
}

static int append_step(sd_bus_message *message, const Step *step) {
        const struct {
                const char *key, *value;
        } strings[] = {
                { "layout", step_layout_to_string(step->layout) },
                { "reason", step->kind == STEP_FAIL ? step_reason_to_string(step->reason) : NULL },
                { "text", step->text },
                { "picture", step->picture },
                { "prompt", step->prompt },
                { "user", step->user },
                { "account", step->account },
                { "name", step->name },
                { "unit", step->unit },
                { "unit_name", step->unit_name },
                { "method", step->method },
                { "session", step->session },
                { "authtok", step->token != TOKEN_NONE ? step_token_to_string(step->token) : NULL },
        };
        int r;

        r = sd_bus_message_append(message, "us", step->serial, step_kind_to_string(step->kind));
        if (r >= 0)
                r = sd_bus_message_open_container(message, 'a', "{sv}");
        for (size_t i = 0; i < ELEMENTSOF(strings) && r >= 0; i++)
                r = append_string(message, strings[i].key, strings[i].value);
        if (r >= 0)
                r = append_choices(message, step->choices);
        if (r >= 0 && step->key)
                r = sd_bus_message_append(message, "{sv}", "key", "b", 1);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r;
}

int bus_peer_reply(BusPeer *peer, Step *step) {
        _cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
        uint64_t n_queued = 0;
        int r;

        if (peer->is_over)
                return -ENOTCONN;
        if (!peer->reply)
                return -EPROTO;

        step->serial = serial_after(peer->serial);
        if (step_validate(step) != 0)
                return -EINVAL;

        peer->has_crossed = peer->held;
        peer->held = sd_bus_message_unref(peer->held);
        reply = TAKE_PTR(peer->reply);
        r = sd_bus_message_sensitive(reply);
        if (r >= 0)
                r = append_step(reply, step);
        if (r >= 0)
                r = sd_bus_send(peer->bus, reply, NULL);
        if (r >= 0)
                r = sd_bus_get_n_queued_write(peer->bus, &n_queued);
        if (r < 0)
                return r;
        /* One reply always fits the socket's buffer unless the client fills it on purpose. */
        if (n_queued > 0)
                return -ENOBUFS;

        peer->serial = step->serial;
        peer->can_be_left = step->kind == STEP_SCAN && step->key;
        return 0;
}
