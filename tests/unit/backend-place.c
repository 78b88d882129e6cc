/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/backend-place.h"

static const char option[] = "&options=-csearch_path%3D";

static const char *database(void) {
        return getenv("ITAX_POSTGRES");
}

bool place_is_shared(void) {
        return database() != NULL;
}

static void on_notice(void *userdata, const PGresult *result) {
        (void)userdata;
        (void)result;
}

static void run(const char *uri, const char *sql) {
        PGconn *handle = PQconnectdb(uri);
        PGresult *result;

        if (PQstatus(handle) != CONNECTION_OK)
                fail_msg("%s", PQerrorMessage(handle));
        (void)PQsetNoticeReceiver(handle, on_notice, NULL);
        result = PQexec(handle, sql);
        if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
                fail_msg("%s: %s", sql, PQerrorMessage(handle));
        PQclear(result);
        PQfinish(handle);
}

void place_make(const char *folder, char ret[static PLACE_BYTES]) {
        static int n = 0;
        char sql[64];

        if (!place_is_shared()) {
                (void)snprintf(ret, PLACE_BYTES, "%s/store.db", folder);
                return;
        }
        n++;
        (void)snprintf(sql, sizeof(sql), "CREATE SCHEMA t_%d_%d", (int)getpid(), n);
        run(database(), sql);
        (void)snprintf(ret, PLACE_BYTES, "%s%st_%d_%d", database(), option, (int)getpid(), n);
}

void place_run(const char *place, const char *sql) {
        if (place_is_shared())
                run(place, sql);
}

void place_drop(const char *place) {
        const char *schema = strstr(place, option);
        char sql[PLACE_BYTES + 64];

        if (!schema)
                return;
        (void)snprintf(sql, sizeof(sql), "DROP SCHEMA %s CASCADE", schema + strlen(option));
        run(database(), sql);
}
