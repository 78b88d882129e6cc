/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bus server: the name on the system bus, and the one way in. Who asks is found out by a second
 * call, to the bus daemon, and nothing waits for it: the caller may be gone by then, and an answer
 * that is no answer is a refusal (never uid 0). */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/bus/bus-private.h"
#include "daemon/log.h"

#define BUS_DAEMON "org.freedesktop.DBus"

struct BusServer {
        sd_bus *bus;
        const BusHandlers *handlers;
        void *userdata;
        BusOpen *opens; /* whose caller is not known yet */
        size_t n_opens;
        bool is_up;     /* the name is ours */
        bool is_over;   /* handlers.name was told of the end */
};

/* In the server's list until its caller is known; from then on it belongs to handlers.open and
 * knows no server. */
struct BusOpen {
        BusOpen *next, *previous;
        BusServer *server;
        sd_event *event;
        sd_bus_message *message;
        sd_bus_slot *slot;
        BusRequest request;
};

static const struct {
        const char *name, *text;
} refusals[] = {
        [BUS_REFUSE_ACCESS] = { "org.freedesktop.DBus.Error.AccessDenied", "not for this caller" },
        [BUS_REFUSE_LIMIT] = { "org.freedesktop.DBus.Error.LimitsExceeded",
                               "too many logins at once" },
        [BUS_REFUSE_ARGUMENTS] = { "org.freedesktop.DBus.Error.InvalidArgs",
                                   "these arguments cannot be used" },
        [BUS_REFUSE_UNAVAILABLE] = { "org.itax.Auth1.Error.Unavailable",
                                     "no login is possible now" },
};

static int refuse_message(sd_bus_message *message, BusRefusal refusal) {
        return sd_bus_reply_method_errorf(message, refusals[refusal].name, "%s",
                                          refusals[refusal].text);
}

static void server_over(BusServer *server, int error) {
        if (server->is_over)
                return;
        server->is_over = true;
        server->handlers->name(error, server->userdata);
}

/* From here on the server has nothing to do with it. */
static void open_unlink(BusOpen *open) {
        if (!open->server)
                return;

        if (open->previous)
                open->previous->next = open->next;
        else
                open->server->opens = open->next;
        if (open->next)
                open->next->previous = open->previous;
        open->server->n_opens--;
        open->next = open->previous = NULL;
        open->server = NULL;
}

static BusOpen *open_free(BusOpen *open) {
        if (!open)
                return NULL;

        open_unlink(open);
        open->slot = sd_bus_slot_unref(open->slot);
        open->message = sd_bus_message_unref(open->message);
        open->event = sd_event_unref(open->event);
        bus_request_done(&open->request);
        free(open);
        return NULL;
}
DEFINE_CLEANUP(BusOpen, open_free)

/* The credentials that bind: uid and pid as the bus daemon had them from the kernel. Return: 0 or a
 * negative errno. */
static int read_credentials(sd_bus_message *reply, uid_t *ret_uid, pid_t *ret_pid) {
        const char *sender = sd_bus_message_get_sender(reply), *name;
        uint32_t uid = 0, pid = 0;
        bool has_uid = false;
        int r;

        if (sd_bus_message_is_method_error(reply, NULL) || !sender ||
            strcmp(sender, BUS_DAEMON) != 0)
                return -EACCES;

        r = sd_bus_message_enter_container(reply, 'a', "{sv}");
        while (r > 0) {
                r = sd_bus_message_enter_container(reply, 'e', "sv");
                if (r <= 0)
                        break;
                r = sd_bus_message_read(reply, "s", &name);
                if (r > 0 && strcmp(name, "UnixUserID") == 0) {
                        r = sd_bus_message_read(reply, "v", "u", &uid);
                        has_uid = r > 0;
                } else if (r > 0 && strcmp(name, "ProcessID") == 0)
                        r = sd_bus_message_read(reply, "v", "u", &pid);
                else if (r > 0)
                        r = sd_bus_message_skip(reply, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        if (r < 0)
                return r;
        if (!has_uid || uid == (uid_t)-1)
                return -ENODATA;

        *ret_uid = uid;
        *ret_pid = (pid_t)pid;
        return 0;
}

static const char *or_empty(const char *s) {
        return s ? s : "";
}

static int on_credentials(sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        BusOpen *open = userdata;
        BusServer *server = open->server;
        const BusRequest *request = &open->request;
        uid_t uid;
        pid_t pid;

        if (read_credentials(reply, &uid, &pid) < 0) {
                (void)bus_open_refuse(open, BUS_REFUSE_ACCESS);
                return 1;
        }

        open_unlink(open);
        server->handlers->open(open, &(BusCaller){
                .uid = uid,
                .pid = pid,
                .service = or_empty(request->service),
                .user = or_empty(request->user),
                .tty = or_empty(request->tty),
                .rhost = or_empty(request->rhost),
                .locale = or_empty(request->locale),
                .method = or_empty(request->method),
                .unit = or_empty(request->unit),
                .prompts = or_empty(request->prompts),
                .has_user = request->user != NULL,
                .silent = request->silent,
                .refuse_empty = request->refuse_empty,
        }, server->userdata);
        return 1;
}

static int ask_credentials(BusOpen *open) {
        _cleanup_(bus_message_unrefp) sd_bus_message *call = NULL;
        const char *sender = sd_bus_message_get_sender(open->message);
        sd_bus *bus = open->server->bus;
        int r;

        if (!sender)
                return -EACCES;

        r = sd_bus_message_new_method_call(bus, &call, BUS_DAEMON, "/org/freedesktop/DBus",
                                           BUS_DAEMON, "GetConnectionCredentials");
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "s", sender);
        if (r < 0)
                return r;
        return sd_bus_call_async(bus, &open->slot, call, on_credentials, open,
                                 BUS_CREDENTIALS_USEC);
}

static int on_open_login(sd_bus_message *message, void *userdata, sd_bus_error *error _unused_) {
        _cleanup_(open_freep) BusOpen *open = NULL;
        BusServer *server = userdata;
        int r;

        /* Who does not want the answer gets none, and costs nothing. */
        if (sd_bus_message_get_expect_reply(message) <= 0)
                return 1;
        if (server->n_opens >= BUS_OPENS_MAX)
                return refuse_message(message, BUS_REFUSE_LIMIT);

        open = calloc(1, sizeof(*open));
        if (!open)
                return refuse_message(message, BUS_REFUSE_UNAVAILABLE);
        open->message = sd_bus_message_ref(message);
        open->event = sd_event_ref(sd_bus_get_event(server->bus));
        open->server = server;
        open->next = server->opens;
        if (open->next)
                open->next->previous = open;
        server->opens = open;
        server->n_opens++;

        r = bus_request_read(message, &open->request);
        if (r != 0)
                return refuse_message(message,
                                      r > 0 ? BUS_REFUSE_ARGUMENTS : BUS_REFUSE_UNAVAILABLE);
        r = ask_credentials(open);
        if (r < 0)
                return refuse_message(message, BUS_REFUSE_ACCESS);

        (void)TAKE_PTR(open);
        return 1;
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        /* Not secret by design, but a password typed where the name belongs is. */
        SD_BUS_METHOD_WITH_ARGS("OpenLogin", SD_BUS_ARGS("a{sv}", request),
                                SD_BUS_RESULT("h", login), on_open_login,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_VTABLE_END,
};

static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        BusServer *server = userdata;
        uint32_t result = 0;
        int r;

        r = sd_bus_message_is_method_error(reply, NULL) ? -sd_bus_message_get_errno(reply) :
                                                          sd_bus_message_read(reply, "u", &result);
        /* 1: we are the owner, 4: we are it already; anything else is somebody else's name. */
        if (r > 0 && result != 1 && result != 4)
                r = -EEXIST;
        if (r <= 0) {
                server_over(server, r < 0 ? r : -EIO);
                return 1;
        }

        server->is_up = true;
        server->handlers->name(0, server->userdata);
        return 1;
}

/* All that is not for the vtable: the end of the connection, and the loss of the name. A signal can
 * be sent by anybody, but not in the bus daemon's own name; the local one never comes over the
 * wire. */
static int on_any(sd_bus_message *message, void *userdata, sd_bus_error *error _unused_) {
        const char *sender = sd_bus_message_get_sender(message), *name = NULL;
        BusServer *server = userdata;

        if (sd_bus_message_is_signal(message, "org.freedesktop.DBus.Local", "Disconnected") > 0) {
                server_over(server, -ECONNRESET);
                return 0;
        }
        if (sd_bus_message_is_signal(message, BUS_DAEMON, "NameLost") > 0 && sender &&
            strcmp(sender, BUS_DAEMON) == 0 && sd_bus_message_read(message, "s", &name) > 0 &&
            strcmp(name, BUS_NAME) == 0)
                server_over(server, -ENOTCONN);
        (void)sd_bus_message_rewind(message, 1);
        return 0;
}

int bus_server_new(sd_event *event, const char *address, const BusHandlers *handlers,
                   void *userdata, BusServer **ret) {
        _cleanup_(bus_server_freep) BusServer *server = calloc(1, sizeof(*server));
        int r;

        if (!server)
                return -ENOMEM;
        server->handlers = handlers;
        server->userdata = userdata;

        r = sd_bus_new(&server->bus);
        if (r >= 0)
                r = sd_bus_set_address(server->bus, address ? address : BUS_ADDRESS);
        if (r >= 0)
                r = sd_bus_set_bus_client(server->bus, 1);
        if (r >= 0)
                r = sd_bus_negotiate_fds(server->bus, 1);
        if (r >= 0)
                r = sd_bus_add_filter(server->bus, NULL, on_any, server);
        if (r >= 0)
                r = sd_bus_add_object_vtable(server->bus, NULL, BUS_PATH, BUS_INTERFACE, vtable,
                                             server);
        if (r >= 0)
                r = sd_bus_start(server->bus);
        if (r >= 0)
                r = sd_bus_attach_event(server->bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_request_name_async(server->bus, NULL, BUS_NAME, 0, on_name, server);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(server);
        return 0;
}

BusServer *bus_server_free(BusServer *server) {
        if (!server)
                return NULL;

        server->is_over = true;
        while (server->opens)
                (void)open_free(server->opens);
        if (server->bus) {
                sd_bus_detach_event(server->bus);
                sd_bus_close_unref(server->bus);
        }
        free(server);
        return NULL;
}

int bus_open_accept(BusOpen *open, const BusPeerHandlers *handlers, void *userdata, BusPeer **ret) {
        _cleanup_(open_freep) BusOpen *owned = open;
        _cleanup_(bus_peer_freep) BusPeer *peer = NULL;
        _cleanup_(closep) int theirs = -1;
        int fds[2], r;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0) {
                r = -errno;
                (void)refuse_message(owned->message, BUS_REFUSE_UNAVAILABLE);
                return r;
        }
        theirs = fds[1];

        r = bus_peer_new(owned->event, fds[0], handlers, userdata, &peer);
        if (r < 0) {
                (void)refuse_message(owned->message, BUS_REFUSE_UNAVAILABLE);
                return r;
        }
        r = sd_bus_reply_method_return(owned->message, "h", theirs);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(peer);
        return 0;
}

BusOpen *bus_open_refuse(BusOpen *open, BusRefusal refusal) {
        if (open)
                (void)refuse_message(open->message, refusal);
        return open_free(open);
}
