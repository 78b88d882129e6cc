/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Client, inside: what the files of lib/client share, and where tests get hold of it
 *
 * Tests bring their own bus or socket through these calls; nothing a host process can set does. */

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "lib/client/client.h"

#define CLIENT_PASSWD_PATH "/etc/passwd"
#define CLIENT_PROTOCOL 1 /* "protocol" of OpenLogin */

/* Where the daemon is found and whom it must belong to. */
typedef struct ClientPlace {
        const char *bus_path;    /* socket of the bus */
        const char *passwd_path; /* the file in which CLIENT_DAEMON_USER is looked up */
        uint64_t open_wait_usec; /* bound for all of client_open_at() */
        uint64_t next_wait_usec; /* bound for what the platform is asked for: client_next(), client_check() */
} ClientPlace;

/** client_open_at() - client_open() at another place */
int client_open_at(const ClientPlace *place, const ClientRequest *request, Client **ret);

/** client_check_at() and so on - the same calls at another place */
int client_check_at(const ClientPlace *place, const ClientRequest *request, ClientVerdict *ret);
int client_open_session_at(const ClientPlace *place, const ClientRequest *request);
int client_close_session_at(const ClientPlace *place, const char *session);
int client_sessions_at(const ClientPlace *place, ClientSessions *ret);
int client_simulate_at(const ClientPlace *place, const ClientQuestion *question, ClientPolicy *ret);
int client_status_at(const ClientPlace *place, ClientStatus *ret);
int client_logins_at(const ClientPlace *place, ClientLogins *ret);
int client_end_session_at(const ClientPlace *place, const char *session);
int client_locks_at(const ClientPlace *place, ClientLocks *ret);

/** client_probe_at() - client_probe() at another place */
int client_probe_at(const ClientPlace *place, ClientProbe *ret);

/** client_new_from_fd() - a client on a socket whose other end is the daemon; consumes @fd on every path */
int client_new_from_fd(int fd, uint64_t next_wait_usec, Client **ret);

static inline void bus_closep(sd_bus **bus) {
        if (*bus)
                (void)sd_bus_close_unref(*bus); /* without flushing, which could wait */
}

static inline void message_unrefp(sd_bus_message **message) {
        if (*message)
                (void)sd_bus_message_unref(*message);
}

/* A moment on CLOCK_MONOTONIC, as sd-bus counts. */
uint64_t deadline_after(uint64_t usec);
/** deadline_left() - microseconds until then, 0 when it has passed */
uint64_t deadline_left(uint64_t deadline_usec);

/** bus_await_ready() - authentication (and Hello) done, or the deadline passed. Return: as bus_condition(). */
int bus_await_ready(sd_bus *bus, uint64_t deadline_usec);

/**
 * bus_condition() - a failure of sd-bus in this library's words
 * @r: negative errno of an sd-bus call
 * @error: what the other side said, may be NULL or not set
 *
 * Return: CLIENT_E_*, or @r where it is a trouble of our own process (no memory, no descriptors).
 */
int bus_condition(int r, const sd_bus_error *error);

/* One method of org.itax.Auth1.Manager. */
typedef struct DaemonCall {
        const char *member;
        int (*append)(sd_bus_message *message, const void *userdata); /* its arguments; NULL for none */
        const void *userdata;
} DaemonCall;

/**
 * daemon_call() - find the daemon, make sure that it is the right one, and ask it
 * @ret: its answer, to be released; only from a daemon that may be spoken to
 *
 * Return: 0, CLIENT_E_*, or a negative errno, that of .append among them.
 */
int daemon_call(const ClientPlace *place, const DaemonCall *call, uint64_t deadline_usec,
                sd_bus_message **ret);

/** daemon_probe() - the same way without the last call; @ret is always filled but for .usec */
int daemon_probe(const ClientPlace *place, uint64_t deadline_usec, ClientProbe *ret);

/* The arguments of the methods, for DaemonCall: of a ClientRequest, a ClientRequest, a ClientRequest, a
 * string, a ClientQuestion. */
int request_append_login(sd_bus_message *message, const void *request);
int request_append_check(sd_bus_message *message, const void *request);
int request_append_session(sd_bus_message *message, const void *request);
int request_append_name(sd_bus_message *message, const void *session);
int request_append_question(sd_bus_message *message, const void *question);

/* A key of an a{sv}, and its place in a struct. */
typedef struct DictKey {
        const char *key;
        size_t offset;
        enum {
                DICT_LINE,   /* char *: a showable line of at most .n_max bytes, not empty */
                DICT_TEXT,   /* the same; an empty one is NULL */
                DICT_TIME,   /* uint64_t */
                DICT_OFFSET, /* int64_t */
                DICT_NUMBER, /* uint32_t */
                DICT_TRUTH,  /* bool */
        } form;
        size_t n_max;
} DictKey;

/**
 * dict_read() - the next a{sv} of a message into a struct
 * @keys: @n of them, at most 32; none needs to be there
 * @ret: the struct, empty; its strings belong to the caller whatever is returned
 *
 * Unknown keys are passed over. A known key twice, of another type or not fit to show is refused.
 *
 * Return: 0, CLIENT_E_PROTOCOL, or -ENOMEM.
 */
int dict_read(sd_bus_message *message, const DictKey *keys, size_t n, void *ret);

/* A list of structs, made by a table. */
typedef struct DictList {
        const DictKey *keys;
        size_t n_keys;
        size_t n_bytes; /* of one struct */
} DictList;

/** dict_done() - release the strings of a struct and make it empty */
void dict_done(const DictList *kind, void *data);

/**
 * dict_list_read() - an aa{sv}, which is all that the message holds
 * @ret: an array of @ret_n structs, at most LIMIT_LOGINS, owned by the caller whatever is returned
 *
 * Return: as dict_read().
 */
int dict_list_read(sd_bus_message *message, const DictList *kind, void **ret, size_t *ret_n);

/** dict_list_done() - release an array of structs with their strings; NULL is none */
void dict_list_done(const DictList *kind, void *list, size_t n);

/** dict_list_call() - ask the daemon for an aa{sv}. Return: as client_open(). */
int dict_list_call(const ClientPlace *place, const char *member, const DictList *kind, void **ret,
                   size_t *ret_n);

/**
 * trust_owner() - may the owner of the bus name be spoken to?
 *
 * Root, or the user of the line CLIENT_DAEMON_USER in @passwd_path. The file is read directly: NSS
 * could block for as long as a directory server likes, could ask the very daemon we are looking for,
 * and would load foreign modules into the host. The daemon's user is always a local one.
 */
bool trust_owner(uid_t uid, const char *passwd_path);

/**
 * reply_read_step() - take a step out of a reply to Next
 * @ret: empty; filled, owned by the caller and validated only when 0 is returned
 *
 * Unknown keys are passed over, so that a newer daemon may say more. A known key twice or with
 * another type is refused. A missing "layout" is LAYOUT_FOLDED.
 *
 * Return: 0, CLIENT_E_PROTOCOL, or -ENOMEM.
 */
int reply_read_step(sd_bus_message *message, Step *ret);
