/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Place: stands for lib/client/system.c, with a bus that the test program names. */

#include "tests/pam/place.h"

int client_open(const ClientRequest *request, Client **ret) {
        return client_open_at(&test_place, request, ret);
}
