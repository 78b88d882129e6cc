/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* client: keys of workstations. A key only tells the platform which host asks. */

#include <stdio.h>
#include <string.h>

#include "backend/clock.h"
#include "backend/command.h"
#include "backend/listing.h"
#include "backend/model-client.h"

#define KEY_CHARS_MIN 16

static const Column columns[] = {
        { "CLIENT", "client", COLUMN_TEXT },
        { "STATE", "state", COLUMN_TEXT },
        { "NOTE", "note", COLUMN_TEXT },
        { "SINCE", "created_at", COLUMN_TIME },
        { "LAST SEEN", "seen_at", COLUMN_TIME },
        { "OLD KEY UNTIL", "old_until", COLUMN_TIME },
        { "OLD KEY SEEN", "old_seen_at", COLUMN_TIME },
};

static int query(Store *store, const void *userdata _unused_, Statement **ret) {
        return store_query(
                store, ret,
                "SELECT id, CASE WHEN revoked <> 0 THEN 'revoked' WHEN secret_hash IS NULL THEN"
                " 'public' ELSE 'active' END, note, created_at, seen_at,"
                " CASE WHEN revoked = 0 AND old_hash IS NOT NULL AND old_until > $1 THEN old_until"
                " ELSE 0 END, old_seen_at FROM client ORDER BY id",
                "i", clock_wall_sec());
}

int command_client_list(Store *store, const Options *options) {
        const Listing listing = { .columns = columns,
                                  .n_columns = ELEMENTSOF(columns),
                                  .query = query };

        return listing_print(store, &listing, 1, options->json ? FORMAT_JSON : FORMAT_TEXT);
}

/* What Basic authentication can carry without encoding. */
static int key_read(const char *path, Secret **ret) {
        _cleanup_(secret_freep) Secret *key = NULL;
        int r;

        r = command_line(path, &key);
        if (r != 0)
                return r;
        if (secret_size(key) < KEY_CHARS_MIN ||
            strspn(secret_text(key),
                   "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._~-") !=
                    secret_size(key))
                return command_refuse(
                        "%s: one line of at least %d letters, digits, '.', '_', '~' or '-'", path,
                        KEY_CHARS_MIN);
        *ret = TAKE_PTR(key);
        return 0;
}

static int id_check(const char *id) {
        if (!client_id_is_valid(id))
                return command_refuse("'%s' cannot be a client: 1 to 64 letters, digits, '.', '_'"
                                      " or '-'",
                                      id);
        if (strcmp(id, CLIENT_APP) == 0)
                return command_refuse("%s is the phone app, which has no key", CLIENT_APP);
        return 0;
}

/* Gives the client @id another key: @put does it in the transaction. */
static int key_give(Store *store, const Options *options,
                    int (*put)(Store *, const Options *, const char *key)) {
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(secret_freep) Secret *key = NULL;
        int r;

        r = id_check(options->arguments[0]);
        if (r == 0)
                r = options->secret_file ? key_read(options->secret_file, &key)
                                         : random_token(&key);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r == 0)
                r = put(store, options, secret_text(key));
        if (r == 0)
                r = command_commit(&transaction, options, options->arguments[0]);
        if (r == 0 && !options->secret_file)
                puts(secret_text(key));
        return r;
}

static int add(Store *store, const Options *options, const char *key) {
        return client_put(store, options->arguments[0], key, options->note, clock_wall_sec());
}

static int rotate(Store *store, const Options *options, const char *key) {
        int64_t until = options->keep_old_sec ? clock_wall_sec() + options->keep_old_sec : 0;
        int r;

        r = client_rotate(store, options->arguments[0], key, until);
        if (r > 0)
                return command_refuse("there is no client '%s' with a key, or it is revoked; client"
                                      " list shows all of them, client add makes one",
                                      options->arguments[0]);
        return r;
}

int command_client_add(Store *store, const Options *options) {
        return key_give(store, options, add);
}

int command_client_rotate(Store *store, const Options *options) {
        return key_give(store, options, rotate);
}

int command_client_revoke(Store *store, const Options *options) {
        _cleanup_(transaction_done) Transaction transaction = {};
        int r;

        r = transaction_begin(store, &transaction);
        if (r < 0)
                return r;
        r = client_revoke(store, options->arguments[0]);
        if (r > 0)
                return command_refuse("there is no client '%s'; client list shows all of them",
                                      options->arguments[0]);
        return r == 0 ? command_commit(&transaction, options, options->arguments[0]) : r;
}
