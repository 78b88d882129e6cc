/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Grant: references, because a check of the account may outlive the session that it is about */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/grant.h"

int grant_new(Grant **ret) {
        _cleanup_(grant_unrefp) Grant *grant = calloc(1, sizeof(*grant));
        unsigned char bytes[LIMIT_SESSION_BYTES / 2];

        if (!grant)
                return -ENOMEM;
        grant->n_refs = 1;
        /* So few bytes are never given in part. */
        if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) < 0)
                return -errno;
        for (size_t i = 0; i < sizeof(bytes); i++)
                (void)snprintf(grant->id + 2 * i, 3, "%02x", bytes[i]);

        *ret = TAKE_PTR(grant);
        return 0;
}

Grant *grant_ref(Grant *grant) {
        grant->n_refs++;
        return grant;
}

Grant *grant_unref(Grant *grant) {
        if (!grant || --grant->n_refs > 0)
                return NULL;

        for (GrantField field = 0; field < _GRANT_FIELD_MAX; field++)
                free(grant->text[field]);
        grant->token = token_unref(grant->token);
        grant->mark = mark_free(grant->mark);
        free(grant);
        return NULL;
}

int grant_set(Grant *grant, GrantField field, const char *value) {
        char *copy = NULL;

        if (value && *value) {
                copy = strdup(value);
                if (!copy)
                        return -ENOMEM;
        }
        free(grant->text[field]);
        grant->text[field] = copy;
        return 0;
}

bool grant_is_user(const Grant *grant, const char *user) {
        return user && grant->text[GRANT_USER] && strcmp(grant->text[GRANT_USER], user) == 0;
}

const Mark *grant_lend_mark(Grant *grant) {
        if (!grant->mark || grant->n_lent >= GRANT_LENT_MAX)
                return NULL;
        grant->n_lent++;
        return grant->mark;
}

void grant_return_mark(Grant *grant) {
        grant->n_lent--;
}
