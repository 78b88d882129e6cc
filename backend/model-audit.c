/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-audit.h"
#include "backend/random.h"
#include "lib/common/text.h"

#define NUMBER_BYTES 20

/* Rows of one second keep the order in which they were made. Two processes may count alike: the
 * random rest keeps them apart. */
static int id_make(Store *store, int64_t now,
                   char ret[static NUMBER_BYTES + 1 + RANDOM_ID_BYTES + 1]) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        char rest[RANDOM_ID_BYTES + 1];
        int r;

        r = store_query(store, &statement, "SELECT count(*) FROM audit WHERE at = $1", "i", now);
        if (r == 0)
                r = statement_next(statement);
        if (r < 0)
                return r;
        r = random_id(rest);
        if (r < 0)
                return r;
        (void)snprintf(ret, NUMBER_BYTES + 1 + RANDOM_ID_BYTES + 1, "%08lld-%s",
                       (long long)statement_int(statement, 0), rest);
        return 0;
}

int audit_add(Store *store, int64_t now, const char *who, const char *action, const char *object,
              const char *why) {
        _cleanup_(freep) char *clean_who = NULL, *clean_object = NULL, *clean_why = NULL;
        char id[NUMBER_BYTES + 1 + RANDOM_ID_BYTES + 1];
        int r;

        r = text_filter(who, AUDIT_WHO_BYTES, &clean_who);
        if (r == 0)
                r = text_filter(object, AUDIT_OBJECT_BYTES, &clean_object);
        if (r == 0)
                r = text_filter(why, AUDIT_WHY_BYTES, &clean_why);
        if (r == 0)
                r = id_make(store, now, id);
        if (r == 0)
                r = store_run(store,
                              "INSERT INTO audit (id, at, who, action, object, why)"
                              " VALUES ($1, $2, $3, $4, $5, $6)",
                              "titttt", id, now, clean_who, action, clean_object,
                              clean_why);
        return r > 0 ? -EIO : r;
}
