/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* load: people, units and registration codes out of a file */

#include <stdio.h>
#include <string.h>

#include "backend/clock.h"
#include "backend/command.h"
#include "backend/file.h"
#include "backend/load.h"
#include "lib/wire/wire.h"

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
        char why[LOAD_WHY_BYTES] = "", text[LOAD_COUNT_BYTES];
        _cleanup_(people_done) People people = {};
        _cleanup_(freep) char *who = NULL;
        LoadCount count = {};
        int r;

        r = command_who(&who);
        if (r == 0)
                r = people_read(file, &people);
        if (r != 0)
                return r;
        r = load_people(store, &people,
                        &(const LoadBy){ who, options->why ? options->why : "" },
                        clock_wall_sec(), &count, why);
        if (r > 0)
                return command_refuse("%s: %s", file, why);
        if (r < 0)
                return r;
        load_count_text(&count, text);
        printf("loaded %s\n", text);
        return 0;
}
