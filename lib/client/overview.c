/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Overview: what the daemon tells an administrator of itself, and what it does for one. */

#include "lib/client/client-private.h"
#include "lib/common/limits.h"

#define LINE_BYTES_MAX 1024 /* of a path, an address, a fault told in one line */

#define TEXT(type, name) { #name, offsetof(type, name), DICT_TEXT, LINE_BYTES_MAX }
#define TIME(type, name) { #name, offsetof(type, name##_sec), DICT_TIME, 0 }
#define NUMBER(type, name) { #name, offsetof(type, name), DICT_NUMBER, 0 }

static const DictKey status_keys[] = {
        TEXT(ClientStatus, version),
        TIME(ClientStatus, started),
        TEXT(ClientStatus, config),
        TIME(ClientStatus, config_loaded),
        TEXT(ClientStatus, config_error),
        TEXT(ClientStatus, phase),
        TEXT(ClientStatus, next_phase),
        TIME(ClientStatus, next_phase_at),
        TEXT(ClientStatus, issuer),
        TEXT(ClientStatus, platform),
        TEXT(ClientStatus, platform_error),
        { "platform_milliseconds", offsetof(ClientStatus, platform_milliseconds), DICT_TIME, 0 },
        TIME(ClientStatus, tls_expires),
        { "clock_offset", offsetof(ClientStatus, clock_offset_sec), DICT_OFFSET, 0 },
        NUMBER(ClientStatus, logins),
        NUMBER(ClientStatus, waiting),
        NUMBER(ClientStatus, sessions),
        TEXT(ClientStatus, users),
        TEXT(ClientStatus, language),
        TEXT(ClientStatus, audit),
        TEXT(ClientStatus, audit_head),
};

static const DictKey login_keys[] = {
        { "login", offsetof(ClientLogin, login), DICT_TIME, 0 },
        TEXT(ClientLogin, service),
        TEXT(ClientLogin, tty),
        TEXT(ClientLogin, rhost),
        TEXT(ClientLogin, user),
        TEXT(ClientLogin, step),
        TIME(ClientLogin, since),
        NUMBER(ClientLogin, caller),
};

static const DictKey lock_keys[] = {
        TEXT(ClientLock, kind),
        TEXT(ClientLock, subject),
        TIME(ClientLock, until),
        NUMBER(ClientLock, tries),
};

static const DictList status_list = { status_keys, ELEMENTSOF(status_keys), sizeof(ClientStatus) };
static const DictList login_list = { login_keys, ELEMENTSOF(login_keys), sizeof(ClientLogin) };
static const DictList lock_list = { lock_keys, ELEMENTSOF(lock_keys), sizeof(ClientLock) };

void client_status_done(ClientStatus *status) {
        dict_done(&status_list, status);
}

void client_logins_done(ClientLogins *logins) {
        dict_list_done(&login_list, logins->list, logins->n);
        *logins = (ClientLogins){};
}

void client_locks_done(ClientLocks *locks) {
        dict_list_done(&lock_list, locks->list, locks->n);
        *locks = (ClientLocks){};
}

int client_status_at(const ClientPlace *place, ClientStatus *ret) {
        const DaemonCall call = { .member = "Status" };
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;
        ClientStatus status = { .clock_offset_sec = CLIENT_OFFSET_UNKNOWN };
        int r;

        /* the platform is asked for it */
        r = daemon_call(place, &call, deadline_after(place->next_wait_usec), &reply);
        if (r != 0)
                return r;
        r = sd_bus_message_has_signature(reply, "a{sv}") > 0 ?
                    dict_read(reply, status_keys, ELEMENTSOF(status_keys), &status) :
                    CLIENT_E_PROTOCOL;
        if (r != 0)
                client_status_done(&status);
        else
                *ret = status;
        return r;
}

int client_logins_at(const ClientPlace *place, ClientLogins *ret) {
        void *list;
        size_t n;
        int r;

        r = dict_list_call(place, "ListLogins", &login_list, &list, &n);
        if (r == 0)
                *ret = (ClientLogins){ .list = list, .n = n };
        return r;
}

int client_end_session_at(const ClientPlace *place, const char *session) {
        const DaemonCall call = { "EndSession", request_append_name, session };
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;

        return daemon_call(place, &call, deadline_after(place->next_wait_usec), &reply);
}

int client_locks_at(const ClientPlace *place, ClientLocks *ret) {
        void *list;
        size_t n;
        int r;

        r = dict_list_call(place, "ListLocks", &lock_list, &list, &n);
        if (r == 0)
                *ret = (ClientLocks){ .list = list, .n = n };
        return r;
}
