/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Place: stands for lib/client/system.c, with a bus that the test program names. */

#include "tests/pam/place.h"

int client_open(const ClientRequest *request, Client **ret) {
        return client_open_at(&test_place, request, ret);
}

int client_check(const ClientRequest *request, ClientVerdict *ret) {
        return client_check_at(&test_place, request, ret);
}

int client_open_session(const ClientRequest *request) {
        return client_open_session_at(&test_place, request);
}

int client_close_session(const char *session) {
        return client_close_session_at(&test_place, session);
}
