/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* load: people, units and registration codes out of a file */

#include <stdio.h>
#include <string.h>

#include "backend/clock.h"
#include "backend/command.h"
#include "backend/file.h"
#include "backend/load.h"
#include "lib/wire/wire.h"

#define COUNT_BYTES 160

static int people_read(const char *file, People *ret) {
        _cleanup_(secret_freep) Secret *content = NULL;
        char where[PEOPLE_WHERE_BYTES] = "", buffer[128];
        int r;

        r = file_read(file, LOAD_BYTES_MAX, &content);
        if (r < 0)
                return command_refuse("%s: %s", file, strerror_r(-r, buffer, sizeof(buffer)));
        if (r > 0)
                return command_refuse("%s: larger than %d bytes", file, LOAD_BYTES_MAX);

        r = people_decode(secret_text(content), secret_size(content), ret, where);
        if (r > 0)
                return command_refuse("%s: %s: %s", file, where,
                                      r == WIRE_E_JSON ? "not JSON" : "not of the schema");
        return r;
}

int command_load(Store *store, const Options *options) {
        const char *file = options->arguments[0];
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(people_done) People people = {};
        char why[LOAD_WHY_BYTES] = "", object[COUNT_BYTES];
        LoadCount count = {};
        int r;

        r = people_read(file, &people);
        if (r != 0)
                return r;
        r = load_people(store, &people, clock_wall_sec(), &count, why);
        if (r > 0)
                return command_refuse("%s: %s", file, why);
        if (r < 0)
                return r;

        (void)snprintf(object, sizeof(object),
                       "%zu accounts, %zu units, %zu relations, %zu registration codes; %zu"
                       " passwords hashed",
                       count.n_accounts, count.n_units, count.n_relations, count.n_codes,
                       count.n_hashes);
        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = command_commit(&transaction, options, object);
        if (r == 0)
                printf("loaded %s\n", object);
        return r;
}
