/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bus server: the name on the system bus, and the ways in. Who asks is found out by a second call, to
 * the bus daemon, and nothing waits for it: the caller may be gone by then, and an answer that is no
 * answer is a refusal (never uid 0). */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/bus/bus-private.h"
#include "daemon/log.h"

#define BUS_DAEMON "org.freedesktop.DBus"

#define SENDER_BUCKETS 256U

struct BusServer {
        sd_bus *bus;
        const BusHandlers *handlers;
        void *userdata;
        BusCall *calls[SENDER_BUCKETS]; /* whose caller is not known yet, by their senders */
        size_t n_calls;
        bool is_up;     /* the name is ours */
        bool is_over;   /* handlers.name was told of the end */
};

/* In the server's list until its caller is known; from then on it belongs to handlers.call and
 * knows no server. */
struct BusCall {
        BusCall *next, *previous;
        BusServer *server;
        sd_event *event;
        sd_bus_message *message;
        sd_bus_slot *slot;
        BusMember member;
        unsigned bucket;
        BusRequest request;
};

static const struct {
        const char *name, *text;
} refusals[_BUS_REFUSAL_MAX] = {
        [BUS_REFUSE_ACCESS] = { "org.freedesktop.DBus.Error.AccessDenied", "not for this caller" },
        [BUS_REFUSE_LIMIT] = { "org.freedesktop.DBus.Error.LimitsExceeded", "too many at once" },
        [BUS_REFUSE_ARGUMENTS] = { "org.freedesktop.DBus.Error.InvalidArgs",
                                   "these arguments cannot be used" },
        [BUS_REFUSE_UNAVAILABLE] = { "org.itax.Auth1.Error.Unavailable", "not possible now" },
        [BUS_REFUSE_NO_SESSION] = { "org.itax.Auth1.Error.NoSession", "no such session" },
        [BUS_REFUSE_IS_OPEN] = { "org.itax.Auth1.Error.SessionIsOpen", "the session is open" },
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
static void call_unlink(BusCall *call) {
        if (!call->server)
                return;

        if (call->previous)
                call->previous->next = call->next;
        else
                call->server->calls[call->bucket] = call->next;
        if (call->next)
                call->next->previous = call->previous;
        call->server->n_calls--;
        call->next = call->previous = NULL;
        call->server = NULL;
}

static void call_link(BusServer *server, BusCall *call) {
        call->server = server;
        call->next = server->calls[call->bucket];
        if (call->next)
                call->next->previous = call;
        server->calls[call->bucket] = call;
        server->n_calls++;
}

static BusCall *call_free(BusCall *call) {
        if (!call)
                return NULL;

        call_unlink(call);
        call->slot = sd_bus_slot_unref(call->slot);
        call->message = sd_bus_message_unref(call->message);
        call->event = sd_event_unref(call->event);
        bus_request_done(&call->request);
        free(call);
        return NULL;
}
DEFINE_CLEANUP(BusCall, call_free)

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
        BusCall *call = userdata;
        BusServer *server = call->server;
        const BusRequest *request = &call->request;
        uid_t uid;
        pid_t pid;

        if (read_credentials(reply, &uid, &pid) < 0) {
                (void)bus_call_refuse(call, BUS_REFUSE_ACCESS);
                return 1;
        }

        call_unlink(call);
        server->handlers->call(call, &(BusCaller){
                .member = call->member,
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
                .purpose = or_empty(request->purpose),
                .session = or_empty(request->session),
                .account = or_empty(request->account),
                .date = or_empty(request->date),
                .has_user = request->user != NULL,
                .silent = request->silent,
                .refuse_empty = request->refuse_empty,
                .keys = request->keys,
                .timeout_sec = request->timeout_sec,
                .max_age_sec = request->max_age_sec,
        }, server->userdata);
        return 1;
}

static int ask_credentials(BusCall *call) {
        _cleanup_(bus_message_unrefp) sd_bus_message *question = NULL;
        const char *sender = sd_bus_message_get_sender(call->message);
        sd_bus *bus = call->server->bus;
        int r;

        r = sd_bus_message_new_method_call(bus, &question, BUS_DAEMON, "/org/freedesktop/DBus",
                                           BUS_DAEMON, "GetConnectionCredentials");
        if (r < 0)
                return r;
        r = sd_bus_message_append(question, "s", sender);
        if (r < 0)
                return r;
        return sd_bus_call_async(bus, &call->slot, question, on_credentials, call,
                                 BUS_CREDENTIALS_USEC);
}

/* FNV-1a. */
static unsigned sender_bucket(const char *sender) {
        uint32_t hash = 2166136261U;

        for (const char *p = sender; *p; p++)
                hash = (hash ^ (unsigned char)*p) * 16777619U;
        return (hash ^ hash >> 16) % SENDER_BUCKETS;
}

static bool has_room(const BusServer *server, unsigned bucket, const char *sender) {
        size_t n = 0;

        for (const BusCall *call = server->calls[bucket]; call; call = call->next)
                n += strcmp(sd_bus_message_get_sender(call->message), sender) == 0;
        return n < BUS_CALLS_PER_SENDER && server->n_calls < BUS_CALLS_MAX;
}

static int take_call(BusServer *server, sd_bus_message *message, BusMember member) {
        _cleanup_(call_freep) BusCall *call = NULL;
        const char *sender = sd_bus_message_get_sender(message);
        unsigned bucket;
        int r;

        /* Who does not want the answer gets none, and costs nothing. */
        if (sd_bus_message_get_expect_reply(message) <= 0)
                return 1;
        if (!sender)
                return refuse_message(message, BUS_REFUSE_ACCESS);
        bucket = sender_bucket(sender);
        if (!has_room(server, bucket, sender))
                return refuse_message(message, BUS_REFUSE_LIMIT);

        call = calloc(1, sizeof(*call));
        if (!call)
                return refuse_message(message, BUS_REFUSE_UNAVAILABLE);
        call->message = sd_bus_message_ref(message);
        call->event = sd_event_ref(sd_bus_get_event(server->bus));
        call->member = member;
        call->bucket = bucket;
        call_link(server, call);

        r = bus_request_read(message, member, &call->request);
        if (r != 0)
                return refuse_message(message,
                                      r > 0 ? BUS_REFUSE_ARGUMENTS : BUS_REFUSE_UNAVAILABLE);
        r = ask_credentials(call);
        if (r < 0)
                return refuse_message(message, BUS_REFUSE_ACCESS);

        (void)TAKE_PTR(call);
        return 1;
}

static const char *const member_names[_BUS_MEMBER_MAX] = {
        [BUS_OPEN_LOGIN] = "OpenLogin",         [BUS_CHECK_ACCOUNT] = "CheckAccount",
        [BUS_OPEN_SESSION] = "OpenSession",     [BUS_CLOSE_SESSION] = "CloseSession",
        [BUS_LIST_SESSIONS] = "ListSessions",   [BUS_SIMULATE] = "Simulate",
        [BUS_STATUS] = "Status",                [BUS_LIST_LOGINS] = "ListLogins",
        [BUS_END_SESSION] = "EndSession",       [BUS_LIST_LOCKS] = "ListLocks",
};

static int on_member(sd_bus_message *message, void *userdata, sd_bus_error *error _unused_) {
        const char *name = sd_bus_message_get_member(message);

        for (BusMember member = 0; member < _BUS_MEMBER_MAX; member++)
                if (strcmp(member_names[member], name) == 0)
                        return take_call(userdata, message, member);
        return refuse_message(message, BUS_REFUSE_ARGUMENTS);
}

/* Not secret by design, but a password typed where the name belongs is. */
#define MEMBER_FLAGS (SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("OpenLogin", SD_BUS_ARGS("a{sv}", request),
                                SD_BUS_RESULT("h", login), on_member, MEMBER_FLAGS),
        SD_BUS_METHOD_WITH_ARGS("CheckAccount", SD_BUS_ARGS("a{sv}", request),
                                SD_BUS_RESULT("s", verdict), on_member, MEMBER_FLAGS),
        SD_BUS_METHOD_WITH_ARGS("OpenSession", SD_BUS_ARGS("a{sv}", request), SD_BUS_NO_RESULT,
                                on_member, MEMBER_FLAGS),
        SD_BUS_METHOD_WITH_ARGS("CloseSession", SD_BUS_ARGS("s", session), SD_BUS_NO_RESULT,
                                on_member, MEMBER_FLAGS),
        SD_BUS_METHOD_WITH_ARGS("ListSessions", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", sessions),
                                on_member, MEMBER_FLAGS),
        SD_BUS_METHOD_WITH_ARGS("Simulate", SD_BUS_ARGS("a{sv}", request),
                                SD_BUS_RESULT("a{sv}", result), on_member, MEMBER_FLAGS),
        SD_BUS_METHOD_WITH_ARGS("Status", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", status), on_member,
                                MEMBER_FLAGS),
        SD_BUS_METHOD_WITH_ARGS("ListLogins", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", logins),
                                on_member, MEMBER_FLAGS),
        SD_BUS_METHOD_WITH_ARGS("EndSession", SD_BUS_ARGS("s", session), SD_BUS_NO_RESULT, on_member,
                                MEMBER_FLAGS),
        SD_BUS_METHOD_WITH_ARGS("ListLocks", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", locks),
                                on_member, MEMBER_FLAGS),
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
        for (unsigned i = 0; i < SENDER_BUCKETS; i++)
                while (server->calls[i])
                        (void)call_free(server->calls[i]);
        if (server->bus) {
                sd_bus_detach_event(server->bus);
                sd_bus_close_unref(server->bus);
        }
        free(server);
        return NULL;
}

int bus_call_accept(BusCall *call, const BusPeerHandlers *handlers, void *userdata, BusPeer **ret) {
        _cleanup_(call_freep) BusCall *owned = call;
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

BusCall *bus_call_refuse(BusCall *call, BusRefusal refusal) {
        if (call)
                (void)refuse_message(call->message, refusal);
        return call_free(call);
}

/* What is not sent leaves the caller waiting; a short refusal may still go through. */
static BusCall *call_answered(BusCall *call, int r) {
        return r < 0 ? bus_call_refuse(call, BUS_REFUSE_UNAVAILABLE) : call_free(call);
}

BusCall *bus_call_done(BusCall *call) {
        return call_answered(call, sd_bus_reply_method_return(call->message, NULL));
}

BusCall *bus_call_word(BusCall *call, const char *word) {
        return call_answered(call, sd_bus_reply_method_return(call->message, "s", word));
}

BusCall *bus_call_sessions(BusCall *call, const BusSession *sessions, size_t n) {
        return call_answered(call, bus_answer_sessions(call->message, sessions, n));
}

BusCall *bus_call_simulation(BusCall *call, const BusSimulation *simulation) {
        return call_answered(call, bus_answer_simulation(call->message, simulation));
}

BusCall *bus_call_status(BusCall *call, const BusStatus *status) {
        return call_answered(call, bus_answer_status(call->message, status));
}

BusCall *bus_call_logins(BusCall *call, const BusLogin *logins, size_t n) {
        return call_answered(call, bus_answer_logins(call->message, logins, n));
}

BusCall *bus_call_locks(BusCall *call, const BusLock *locks, size_t n) {
        return call_answered(call, bus_answer_locks(call->message, locks, n));
}
