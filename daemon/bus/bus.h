/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bus: who may ask, and the private sockets that logins run on
 *
 * org.itax.Auth1 on the system bus has one way in, OpenLogin. It finds out who asks from the bus
 * daemon itself, without blocking, and hands out one end of a socket pair (design.md D1). Bus
 * errors stop here: nothing above this header knows them. */

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "lib/common/secret.h"
#include "lib/common/step.h"
#include "lib/common/util.h"

#define BUS_ANSWER_BYTES_MAX 4096U /* a longer one ends the login */

typedef struct BusServer BusServer;
typedef struct BusOpen BusOpen; /* an OpenLogin that waits for its answer */
typedef struct BusPeer BusPeer; /* the daemon's end of one login's socket */

/* What the caller said of itself: filtered, within limits.h, "" where unknown. Borrowed for the
 * call of handlers.open. A terminal, host or locale that is too long is cut; any other string that
 * is, or that could not be shown, was refused. */
typedef struct BusCaller {
        uid_t uid;   /* from the bus daemon, never from the message */
        pid_t pid;   /* likewise; for the log only */
        const char *service, *user, *tty, *rhost, *locale, *method, *unit, *prompts;
        bool has_user, silent, refuse_empty;
} BusCaller;

typedef struct BusHandlers {
        /* Somebody asks. @open is owned by the handler until it accepts or refuses it. */
        void (*open)(BusOpen *open, const BusCaller *caller, void *userdata);
        /* The first bus name was acquired (@error 0), or never will be, or was lost (negative
         * errno). */
        void (*name)(int error, void *userdata);
} BusHandlers;

typedef struct BusPeerHandlers {
        /* The client asks for the first step (@answer NULL, first true) or hands in an answer to
         * the last one. The serial has been checked. @answer is borrowed; NULL for nothing. It may
         * be longer than LIMIT_ANSWER_BYTES (to be refused with words), but never longer than
         * BUS_ANSWER_BYTES_MAX. */
        void (*next)(BusPeer *peer, bool first, const Secret *answer, void *userdata);
        /* End of file, or the client broke the protocol. Called once; the peer must then be freed.
         */
        void (*gone)(BusPeer *peer, void *userdata);
} BusPeerHandlers;

typedef enum BusRefusal {
        BUS_REFUSE_ACCESS,      /* org.freedesktop.DBus.Error.AccessDenied */
        BUS_REFUSE_LIMIT,       /* org.freedesktop.DBus.Error.LimitsExceeded */
        BUS_REFUSE_ARGUMENTS,   /* org.freedesktop.DBus.Error.InvalidArgs */
        BUS_REFUSE_UNAVAILABLE, /* org.itax.Auth1.Error.Unavailable */
} BusRefusal;

#define BUS_ADDRESS "unix:path=/run/dbus/system_bus_socket"
#define BUS_NAME "org.itax.Auth1"

/**
 * bus_server_new() - connect, and ask for the name; nothing of it waits
 * @address: NULL for BUS_ADDRESS; the environment is never asked
 *
 * Whether it worked is told to handlers.name, never from inside. Return: 0 or a negative errno.
 */
int bus_server_new(sd_event *event, const char *address, const BusHandlers *handlers,
                   void *userdata, BusServer **ret);

/** bus_server_free() - leave the bus; calls no handler. What handlers.open was given stays usable.
 */
BusServer *bus_server_free(BusServer *server);
DEFINE_CLEANUP(BusServer, bus_server_free)

/** bus_open_accept() - answer with a socket. @open is consumed on every path. @ret is owned by the
 * caller. */
int bus_open_accept(BusOpen *open, const BusPeerHandlers *handlers, void *userdata, BusPeer **ret);
/** bus_open_refuse() - answer with an error; consumes @open; the text sent is constant for each
 * refusal */
BusOpen *bus_open_refuse(BusOpen *open, BusRefusal refusal);

/** bus_peer_reply() - answer the pending Next with @step (its serial is set here, and remembered).
 * Return: 0, -ENOTCONN, -EPROTO when no Next is pending, -EINVAL for a step that step_validate()
 * refuses, or another negative errno. */
int bus_peer_reply(BusPeer *peer, Step *step);
/** bus_peer_free() - flush what was sent, close, release; never calls a handler; takes NULL */
BusPeer *bus_peer_free(BusPeer *peer);
DEFINE_CLEANUP(BusPeer, bus_peer_free)
