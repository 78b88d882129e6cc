/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bus, inside: what its files share, and where tests get hold of it */

#include <systemd/sd-bus.h>

#include "daemon/bus/bus.h"

#define BUS_PATH "/org/itax/Auth1"
#define BUS_INTERFACE "org.itax.Auth1.Manager"
#define BUS_PEER_PATH "/org/itax/Auth1/Login"
#define BUS_PEER_INTERFACE "org.itax.Auth1.Login"
#define BUS_PROTOCOL 1U

/* Calls whose caller is not known yet. A bus daemon has 2048 connections for everybody together, so
 * no flood fills the room of those that ask once: each finds a place below the limit. */
#define BUS_CALLS_PER_SENDER 4U
#define BUS_CALLS_MAX (2048U * BUS_CALLS_PER_SENDER)
#define BUS_CREDENTIALS_USEC \
        (1 * USEC_PER_SEC) /* the bus daemon answers in microseconds, or not at all */
#define BUS_MESSAGE_BYTES_MAX \
        (BUS_ANSWER_BYTES_MAX + 1024U) /* one Next with everything around it */

static inline void bus_message_unrefp(sd_bus_message **message) {
        if (*message)
                *message = sd_bus_message_unref(*message);
}

/* The arguments of a method, owned. */
typedef struct BusRequest {
        /* NULL where not given */
        char *service, *user, *tty, *rhost, *locale, *method, *unit, *prompts, *purpose, *session,
                *account, *date;
        uint32_t protocol, timeout_sec, max_age_sec; /* 0 where not given */
        int silent, refuse_empty, keys;
} BusRequest;

enum {
        BUS_E_ARGUMENTS = 1,
};

/**
 * bus_request_read() - take the arguments of @member apart
 * @ret: empty; always to be released by bus_request_done()
 *
 * Return: 0; BUS_E_ARGUMENTS for another signature, a missing or wrong protocol, a key that is unknown
 * there, missing or given twice, a wrong type, a number outside of its range, or a string that must
 * not be left out and cannot be used; -ENOMEM.
 */
int bus_request_read(sd_bus_message *message, BusMember member, BusRequest *ret);
void bus_request_done(BusRequest *request);

/** bus_session_id_is_valid() - 32 lower-case hex digits? */
bool bus_session_id_is_valid(const char *id);

/* The answers to @call as bus.h has them; sent. Return: 0 or above, or a negative errno. */
int bus_answer_sessions(sd_bus_message *call, const BusSession *sessions, size_t n);
int bus_answer_simulation(sd_bus_message *call, const BusSimulation *simulation);
int bus_answer_status(sd_bus_message *call, const BusStatus *status);
int bus_answer_logins(sd_bus_message *call, const BusLogin *logins, size_t n);
int bus_answer_locks(sd_bus_message *call, const BusLock *locks, size_t n);

/** bus_peer_new() - the daemon's end of a login on @fd, which is consumed on every path */
int bus_peer_new(sd_event *event, int fd, const BusPeerHandlers *handlers, void *userdata,
                 BusPeer **ret);
