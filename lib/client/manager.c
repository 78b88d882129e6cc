/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Manager: the daemon's methods, one function each. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "lib/client/client-private.h"
#include "lib/common/limits.h"

#define NAME_BYTES_MAX (LIMIT_USER_BYTES + 1) /* whatever a line of a list may hold */

static const char *const verdict_words[_CLIENT_VERDICT_MAX] = {
        [CLIENT_GRANTED] = "granted",
        [CLIENT_DENIED] = "denied",
        [CLIENT_UNIT] = "unit",
        [CLIENT_NOT_OURS] = "not-ours",
        [CLIENT_MAPPED] = "mapped",
        [CLIENT_UNAVAILABLE] = "unavailable",
};

#define LINE(type, name) { #name, offsetof(type, name), DICT_LINE, NAME_BYTES_MAX }
#define TRUTH(type, name) { #name, offsetof(type, name), DICT_TRUTH, 0 }

static const DictKey session_keys[] = {
        LINE(ClientSession, session),   LINE(ClientSession, user),   LINE(ClientSession, account),
        LINE(ClientSession, name),      LINE(ClientSession, unit),   LINE(ClientSession, unit_name),
        LINE(ClientSession, method),    LINE(ClientSession, service), LINE(ClientSession, tty),
        LINE(ClientSession, rhost),
        { "since", offsetof(ClientSession, since_sec), DICT_TIME, 0 },
        { "open", offsetof(ClientSession, is_open), DICT_TRUTH, 0 },
};

static const DictKey policy_keys[] = {
        LINE(ClientPolicy, date),          LINE(ClientPolicy, phase),
        LINE(ClientPolicy, phase_by),      LINE(ClientPolicy, user),
        LINE(ClientPolicy, user_by),       LINE(ClientPolicy, unit_policy),
        LINE(ClientPolicy, method),        TRUTH(ClientPolicy, unit_allowed),
        TRUTH(ClientPolicy, relation),     TRUTH(ClientPolicy, declaration_password),
        TRUTH(ClientPolicy, certificate),  TRUTH(ClientPolicy, unit_login),
};

static const DictList session_list = { session_keys, ELEMENTSOF(session_keys), sizeof(ClientSession) };
static const DictList policy_list = { policy_keys, ELEMENTSOF(policy_keys), sizeof(ClientPolicy) };

void client_sessions_done(ClientSessions *sessions) {
        dict_list_done(&session_list, sessions->list, sessions->n);
        *sessions = (ClientSessions){};
}

void client_policy_done(ClientPolicy *policy) {
        dict_done(&policy_list, policy);
}

int client_open_at(const ClientPlace *place, const ClientRequest *request, Client **ret) {
        const DaemonCall call = { "OpenLogin", request_append_login, request };
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;
        int r, borrowed, fd;

        r = daemon_call(place, &call, deadline_after(place->open_wait_usec), &reply);
        if (r != 0)
                return r;
        r = sd_bus_message_read(reply, "h", &borrowed);
        if (r < 0)
                return bus_condition(r, NULL);

        /* The host may have closed its standard descriptors; ours must never take their numbers. */
        fd = fcntl(borrowed, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return bus_condition(-errno, NULL);
        return client_new_from_fd(fd, place->next_wait_usec, ret);
}

int client_check_at(const ClientPlace *place, const ClientRequest *request, ClientVerdict *ret) {
        const DaemonCall call = { "CheckAccount", request_append_check, request };
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;
        const char *word;
        int r;

        r = daemon_call(place, &call, deadline_after(place->next_wait_usec), &reply);
        if (r != 0)
                return r;
        r = sd_bus_message_read(reply, "s", &word);
        if (r < 0)
                return bus_condition(r, NULL);

        for (ClientVerdict v = 0; v < _CLIENT_VERDICT_MAX; v++)
                if (strcmp(verdict_words[v], word) == 0) {
                        *ret = v;
                        return 0;
                }
        return CLIENT_E_PROTOCOL;
}

int client_open_session_at(const ClientPlace *place, const ClientRequest *request) {
        const DaemonCall call = { "OpenSession", request_append_session, request };
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;

        return daemon_call(place, &call, deadline_after(place->open_wait_usec), &reply);
}

int client_close_session_at(const ClientPlace *place, const char *session) {
        const DaemonCall call = { "CloseSession", request_append_name, session };
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;

        return daemon_call(place, &call, deadline_after(place->open_wait_usec), &reply);
}

int dict_list_call(const ClientPlace *place, const char *member, const DictList *kind, void **ret,
                   size_t *ret_n) {
        const DaemonCall call = { .member = member };
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = daemon_call(place, &call, deadline_after(place->open_wait_usec), &reply);
        if (r != 0)
                return r;
        r = dict_list_read(reply, kind, ret, ret_n);
        if (r != 0) {
                dict_list_done(kind, *ret, *ret_n);
                *ret = NULL;
                *ret_n = 0;
        }
        return r;
}

int client_sessions_at(const ClientPlace *place, ClientSessions *ret) {
        void *list;
        size_t n;
        int r;

        r = dict_list_call(place, "ListSessions", &session_list, &list, &n);
        if (r == 0)
                *ret = (ClientSessions){ .list = list, .n = n };
        return r;
}

int client_simulate_at(const ClientPlace *place, const ClientQuestion *question, ClientPolicy *ret) {
        const DaemonCall call = { "Simulate", request_append_question, question };
        _cleanup_(message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(client_policy_done) ClientPolicy policy = {};
        int r;

        r = daemon_call(place, &call, deadline_after(place->next_wait_usec), &reply);
        if (r == 0)
                r = sd_bus_message_has_signature(reply, "a{sv}") > 0 ?
                            dict_read(reply, policy_keys, ELEMENTSOF(policy_keys), &policy) :
                            CLIENT_E_PROTOCOL;
        if (r != 0)
                return r;

        *ret = policy;
        policy = (ClientPolicy){};
        return 0;
}

int client_probe_at(const ClientPlace *place, ClientProbe *ret) {
        const uint64_t start_usec = deadline_after(0);
        int r;

        r = daemon_probe(place, start_usec + place->open_wait_usec, ret);
        ret->usec = deadline_after(0) - start_usec;
        return r;
}
