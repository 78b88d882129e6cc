/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Daemon: find it on the bus, make sure it is the right one, ask it
 *
 * Everything here shares one deadline. The bus is the one at the fixed address: the environment
 * belongs to whoever calls su. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "lib/client/client-private.h"
#include "lib/common/limits.h"

#define DRIVER "org.freedesktop.DBus"
#define DRIVER_PATH "/org/freedesktop/DBus"
#define DAEMON_E_GONE (-EHOSTDOWN) /* in this file only: the name's owner went away meanwhile */
#define DAEMON_TRIES 2

/* sd-bus connects without waiting, and a Unix socket then fails at once while the backlog is full: a
 * hundred logins in one moment would be enough. So the connection is made here, waiting but bounded. */
static int connect_socket(const char *path, uint64_t deadline_usec, int *ret_fd) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(closep) int low = -1, fd = -1;

        if (strlen(path) >= sizeof(address.sun_path))
                return -EINVAL;
        memcpy(address.sun_path, path, strlen(path) + 1);

        low = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (low < 0)
                return bus_condition(-errno, NULL);
        /* The host may have closed its standard descriptors; ours must never take their numbers. */
        fd = fcntl(low, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return bus_condition(-errno, NULL);

        for (;;) {
                uint64_t left = deadline_left(deadline_usec);
                struct timeval wait = { .tv_sec = (time_t)(left / USEC_PER_SEC),
                                        .tv_usec = (suseconds_t)(left % USEC_PER_SEC) };

                if (left == 0)
                        return CLIENT_E_AWAY;
                if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0)
                        return bus_condition(-errno, NULL);
                if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
                        break;
                if (errno != EINTR)
                        return bus_condition(-errno, NULL);
        }

        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                return bus_condition(-errno, NULL);

        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int connect_bus(const char *path, uint64_t deadline_usec, sd_bus **ret) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(closep) int fd = -1;
        int r;

        r = connect_socket(path, deadline_usec, &fd);
        if (r != 0)
                return r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_fd(bus, fd, fd);
        if (r < 0)
                return r;
        (void)TAKE_FD(fd);
        r = sd_bus_set_bus_client(bus, 1);
        /* For the first call, which is not ours. Else sd-bus asks the environment ($SYSTEMD_BUS_TIMEOUT). */
        if (r >= 0)
                r = sd_bus_set_method_call_timeout(bus, LIMIT_DAEMON_WAIT_USEC);
        if (r >= 0)
                r = sd_bus_negotiate_fds(bus, 1);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0)
                return bus_condition(r, NULL);

        r = bus_await_ready(bus, deadline_usec);
        if (r != 0)
                return r;

        *ret = TAKE_PTR(bus);
        return 0;
}

/* Send and wait. The answer counts only if it is from whom the call went to: sd-bus matches by number
 * alone, and on a careless bus anybody may send an answer (the bus itself writes the sender). */
static int call(sd_bus *bus, sd_bus_message *message, uint64_t deadline_usec, sd_bus_error *ret_error,
                sd_bus_message **ret) {
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;
        const char *sender, *to;
        uint64_t left;
        int r;

        left = deadline_left(deadline_usec);
        if (left == 0)
                return CLIENT_E_AWAY;
        r = sd_bus_call(bus, message, left, ret_error, &reply);
        if (r < 0)
                return bus_condition(r, ret_error);

        /* Asked for only now: sealing the message for the call has moved its header. */
        to = sd_bus_message_get_destination(message);
        sender = sd_bus_message_get_sender(reply);
        if (!sender || !to || strcmp(sender, to) != 0)
                return CLIENT_E_UNTRUSTED;

        *ret = TAKE_PTR(reply);
        return 0;
}

/* Is it the bus that tells us that whom we speak to is there no longer? */
static bool is_gone(const sd_bus_error *error) {
        return sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ||
               sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
               sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY);
}

/* A call of the bus itself about a name. */
static int call_driver(sd_bus *bus, const char *member, const char *name, uint64_t deadline_usec,
                       sd_bus_error *ret_error, sd_bus_message **ret) {
        _cleanup_(message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &message, DRIVER, DRIVER_PATH, DRIVER, member);
        if (r >= 0)
                r = sd_bus_message_append(message, "s", name);
        if (r < 0)
                return bus_condition(r, NULL);
        return call(bus, message, deadline_usec, ret_error, ret);
}

static int start_daemon(sd_bus *bus, uint64_t deadline_usec) {
        _cleanup_(message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &message, DRIVER, DRIVER_PATH, DRIVER,
                                           "StartServiceByName");
        if (r >= 0)
                r = sd_bus_message_append(message, "su", CLIENT_BUS_NAME, UINT32_C(0));
        if (r < 0)
                return bus_condition(r, NULL);
        return call(bus, message, deadline_usec, &error, &reply);
}

static int read_owner(sd_bus *bus, uint64_t deadline_usec, sd_bus_message **ret, const char **ret_owner) {
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *owner;
        int r;

        r = call_driver(bus, "GetNameOwner", CLIENT_BUS_NAME, deadline_usec, &error, &reply);
        if (r == CLIENT_E_AWAY && sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER)) {
                _cleanup_(sd_bus_error_free) sd_bus_error again = SD_BUS_ERROR_NULL;

                r = start_daemon(bus, deadline_usec);
                if (r != 0)
                        return r;
                r = call_driver(bus, "GetNameOwner", CLIENT_BUS_NAME, deadline_usec, &again, &reply);
        }
        if (r != 0)
                return r;

        r = sd_bus_message_read(reply, "s", &owner);
        if (r < 0)
                return bus_condition(r, NULL);
        *ret = TAKE_PTR(reply);
        *ret_owner = owner;
        return 0;
}

static int read_uid(sd_bus *bus, const char *owner, uint64_t deadline_usec, uid_t *ret) {
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        uint32_t uid;
        int r;

        /* The unique name is never given out twice, so the answer stays true. */
        r = call_driver(bus, "GetConnectionUnixUser", owner, deadline_usec, &error, &reply);
        if (r != 0)
                return is_gone(&error) ? DAEMON_E_GONE : r;
        r = sd_bus_message_read(reply, "u", &uid);
        if (r < 0)
                return bus_condition(r, NULL);
        *ret = (uid_t)uid;
        return 0;
}

static int ask(sd_bus *bus, const char *owner, const DaemonCall *what, uint64_t deadline_usec,
               sd_bus_message **ret) {
        _cleanup_(message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &message, owner, "/org/itax/Auth1",
                                           "org.itax.Auth1.Manager", what->member);
        if (r >= 0 && what->append)
                r = what->append(message, what->userdata);
        if (r < 0)
                return bus_condition(r, NULL);

        r = call(bus, message, deadline_usec, &error, ret);
        return r != 0 && is_gone(&error) ? DAEMON_E_GONE : r;
}

/* The way to a daemon that may be spoken to. @ret_holder owns @ret_owner. */
static int reach(const ClientPlace *place, uint64_t deadline_usec, ClientProbe *probe, sd_bus **ret_bus,
                 sd_bus_message **ret_holder, const char **ret_owner) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(message_unrefp) sd_bus_message *holder = NULL;
        const char *owner = NULL;
        int r;

        probe->stage = CLIENT_STAGE_BUS;
        probe->uid = (uid_t)-1;
        r = connect_bus(place->bus_path, deadline_usec, &bus);
        if (r != 0)
                return r;

        probe->stage = CLIENT_STAGE_NAME;
        r = read_owner(bus, deadline_usec, &holder, &owner);
        if (r != 0)
                return r;

        probe->stage = CLIENT_STAGE_OWNER;
        r = read_uid(bus, owner, deadline_usec, &probe->uid);
        if (r != 0)
                return r;
        if (!trust_owner(probe->uid, place->passwd_path))
                return CLIENT_E_UNTRUSTED;

        probe->stage = CLIENT_STAGE_DONE;
        *ret_bus = TAKE_PTR(bus);
        *ret_holder = TAKE_PTR(holder);
        *ret_owner = owner;
        return 0;
}

/* What has no name outside of this file is "away" there. */
static int outward(int r) {
        return r == DAEMON_E_GONE ? CLIENT_E_AWAY : r;
}

int daemon_probe(const ClientPlace *place, uint64_t deadline_usec, ClientProbe *ret) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(message_unrefp) sd_bus_message *holder = NULL;
        const char *owner = NULL;

        return outward(reach(place, deadline_usec, ret, &bus, &holder, &owner));
}

static int call_once(const ClientPlace *place, const DaemonCall *what, uint64_t deadline_usec,
                     sd_bus_message **ret) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        _cleanup_(message_unrefp) sd_bus_message *holder = NULL;
        const char *owner = NULL;
        ClientProbe probe;
        int r;

        r = reach(place, deadline_usec, &probe, &bus, &holder, &owner);
        if (r != 0)
                return r;
        return ask(bus, owner, what, deadline_usec, ret);
}

/* A daemon that ends between two of our calls, because it is updated or crashed, is started once more:
 * what it has not answered it has not done, or no longer knows of. Once only, or one that dies of our
 * very call would be started for ever. */
int daemon_call(const ClientPlace *place, const DaemonCall *what, uint64_t deadline_usec,
                sd_bus_message **ret) {
        int r = DAEMON_E_GONE;

        for (int n = 0; r == DAEMON_E_GONE && n < DAEMON_TRIES; n++)
                r = call_once(place, what, deadline_usec, ret);
        return outward(r);
}
