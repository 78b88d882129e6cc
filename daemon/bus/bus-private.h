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

#define BUS_OPENS_MAX 4096U                      /* OpenLogins whose caller is not known yet */
#define BUS_CREDENTIALS_USEC \
        (1 * USEC_PER_SEC) /* the bus daemon answers in microseconds, or not at all */
#define BUS_MESSAGE_BYTES_MAX \
        (BUS_ANSWER_BYTES_MAX + 1024U) /* one Next with everything around it */

static inline void bus_message_unrefp(sd_bus_message **message) {
        if (*message)
                *message = sd_bus_message_unref(*message);
}

/* The arguments of OpenLogin, owned. */
typedef struct BusRequest {
        char *service, *user, *tty, *rhost, *locale, *method, *unit,
                *prompts; /* NULL where not given */
        uint32_t protocol;
        int silent, refuse_empty;
} BusRequest;

enum {
        BUS_E_ARGUMENTS = 1,
};

/**
 * bus_request_read() - take the arguments of OpenLogin apart
 * @message: with signature a{sv}
 * @ret: empty; always to be released by bus_request_done()
 *
 * Return: 0; BUS_E_ARGUMENTS for a missing or wrong protocol, an unknown key, a key given twice, a
 * wrong type, or a string that must not be left out and cannot be used; -ENOMEM.
 */
int bus_request_read(sd_bus_message *message, BusRequest *ret);
void bus_request_done(BusRequest *request);

/** bus_peer_new() - the daemon's end of a login on @fd, which is consumed on every path */
int bus_peer_new(sd_event *event, int fd, const BusPeerHandlers *handlers, void *userdata,
                 BusPeer **ret);
