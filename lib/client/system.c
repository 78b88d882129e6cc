/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* System: the one place where a program outside of the tests looks for the daemon. */

#include "lib/client/client-private.h"
#include "lib/common/limits.h"

static const ClientPlace system_place = {
        .bus_path = CLIENT_BUS_PATH,
        .passwd_path = CLIENT_PASSWD_PATH,
        .open_wait_usec = LIMIT_DAEMON_WAIT_USEC,
        .next_wait_usec = LIMIT_NEXT_WAIT_USEC,
};

int client_open(const ClientRequest *request, Client **ret) {
        return client_open_at(&system_place, request, ret);
}

int client_probe(ClientProbe *ret) {
        return client_probe_at(&system_place, ret);
}

int client_check(const ClientRequest *request, ClientVerdict *ret) {
        return client_check_at(&system_place, request, ret);
}

int client_open_session(const ClientRequest *request) {
        return client_open_session_at(&system_place, request);
}

int client_close_session(const char *session) {
        return client_close_session_at(&system_place, session);
}

int client_sessions(ClientSessions *ret) {
        return client_sessions_at(&system_place, ret);
}

int client_simulate(const ClientQuestion *question, ClientPolicy *ret) {
        return client_simulate_at(&system_place, question, ret);
}

int client_status(ClientStatus *ret) {
        return client_status_at(&system_place, ret);
}

int client_logins(ClientLogins *ret) {
        return client_logins_at(&system_place, ret);
}

int client_end_session(const char *session) {
        return client_end_session_at(&system_place, session);
}

int client_locks(ClientLocks *ret) {
        return client_locks_at(&system_place, ret);
}
