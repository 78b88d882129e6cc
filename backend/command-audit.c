/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* audit: who changed what, and why */

#include "backend/command.h"
#include "backend/listing.h"

static const Column columns[] = {
        { "TIME", "time", COLUMN_TIME },     { "WHO", "who", COLUMN_TEXT },
        { "ACTION", "action", COLUMN_TEXT }, { "OBJECT", "object", COLUMN_TEXT },
        { "WHY", "why", COLUMN_TEXT },
};

static int query(Store *store, const void *userdata, Statement **ret) {
        const Options *options = userdata;

        return store_query(store, ret,
                           "SELECT at, who, action, object, why FROM audit WHERE at >= $1"
                           " ORDER BY at, id",
                           "i", options->since);
}

int command_audit_list(Store *store, const Options *options) {
        const Listing listing = { .columns = columns,
                                  .n_columns = ELEMENTSOF(columns),
                                  .query = query,
                                  .userdata = options };

        return listing_print(store, &listing, 1, options->json ? FORMAT_JSON : FORMAT_TEXT);
}
