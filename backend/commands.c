/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backend/clock.h"
#include "backend/commands.h"
#include "backend/file.h"
#include "backend/load.h"
#include "backend/model-account.h"
#include "backend/model-client.h"
#include "backend/model-unit.h"
#include "lib/common/identity.h"
#include "lib/wire/wire.h"

#define SECRET_FILE_BYTES_MAX 4096
#define SECRET_CHARS_MIN 16

_printf_(1, 2) static int complain(const char *format, ...) {
        va_list arguments;

        fputs("itax-backend: ", stderr);
        va_start(arguments, format);
        (void)vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        return 1;
}

static int complain_error(int r, const char *what) {
        char buffer[128];

        return complain("%s: %s", what, strerror_r(-r, buffer, sizeof(buffer)));
}

static int run_load(Store *store, const Options *options) {
        const char *file = options->arguments[0];
        _cleanup_(secret_freep) Secret *content = NULL;
        _cleanup_(people_done) People people = {};
        char where[PEOPLE_WHERE_BYTES] = "", why[LOAD_WHY_BYTES] = "";
        LoadCount count = {};
        int r;

        r = file_read(file, LOAD_BYTES_MAX, &content);
        if (r < 0)
                return complain_error(r, file);
        if (r > 0)
                return complain("%s: larger than %d bytes", file, LOAD_BYTES_MAX);

        r = people_decode(secret_text(content), secret_size(content), &people, where);
        if (r > 0)
                return complain("%s: %s: %s", file, where,
                                r == WIRE_E_JSON ? "not JSON" : "not of the schema");
        if (r == 0)
                r = load_people(store, &people, clock_wall_sec(), &count, why);
        if (r > 0)
                return complain("%s: %s", file, why);
        if (r < 0)
                return complain_error(r, file);

        printf("loaded %zu accounts, %zu units, %zu relations, %zu registration codes; %zu"
               " passwords hashed\n",
               count.n_accounts, count.n_units, count.n_relations, count.n_codes, count.n_hashes);
        return 0;
}

/* One line, the end of it taken off: what Basic authentication can carry without encoding. */
static int secret_from_file(const char *path, Secret **ret) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        size_t n;
        int r;

        r = file_read_secret(path, SECRET_FILE_BYTES_MAX, &secret);
        if (r < 0)
                return complain_error(r, path);
        if (r == FILE_E_EXPOSED)
                return complain("%s: must be closed to others (mode 0600 or 0640)", path);

        if (r == 0) {
                n = secret_size(secret);
                while (n > 0 && strchr("\r\n", secret_text(secret)[n - 1]))
                        n--;
                secret_truncate(secret, n);
        }
        if (r > 0 || secret_size(secret) < SECRET_CHARS_MIN ||
            strspn(secret_text(secret),
                   "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._~-") !=
                    secret_size(secret))
                return complain("%s: one line of at least %d letters, digits, '.', '_', '~' or '-'",
                                path, SECRET_CHARS_MIN);

        *ret = TAKE_PTR(secret);
        return 0;
}

static int run_client_add(Store *store, const Options *options) {
        const char *id = options->arguments[0];
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(secret_freep) Secret *secret = NULL;
        int r;

        if (!client_id_is_valid(id))
                return complain("a client id is 1 to 64 letters, digits, '.', '_' or '-'");
        if (strcmp(id, CLIENT_APP) == 0)
                return complain("%s is the phone app, which has no secret", CLIENT_APP);

        if (options->secret_file) {
                r = secret_from_file(options->secret_file, &secret);
                if (r != 0)
                        return r;
        } else {
                r = random_token(&secret);
                if (r < 0)
                        return complain_error(r, "client add");
        }

        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = client_put(store, id, secret_text(secret), NULL, clock_wall_sec());
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r != 0)
                return complain_error(r < 0 ? r : -EIO, "client add");

        if (!options->secret_file)
                puts(secret_text(secret));
        return 0;
}

static int run_client_revoke(Store *store, const Options *options) {
        _cleanup_(transaction_done) Transaction transaction = {};
        int r;

        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = client_revoke(store, options->arguments[0]);
        if (r == CLIENT_E_REFUSED)
                return complain("no such client");
        if (r == 0)
                r = transaction_commit(&transaction);
        return r == 0 ? 0 : complain_error(r < 0 ? r : -EIO, "client revoke");
}

/* One change to one account; the name may be any of the three. */
static int change_account(Store *store, const Options *options, const AccountRow *account) {
        char key[GUARD_KEY_BYTES + 1];
        int r;

        switch (options->command) {
        case COMMAND_ACCOUNT_DISABLE:
                return account_set_disabled(store, account->id, 1);
        case COMMAND_ACCOUNT_ENABLE:
                return account_set_disabled(store, account->id, 0);
        case COMMAND_ACCOUNT_UNLOCK:
                r = account_guard_key(store, account->login_name, account->id, key);
                return r == 0 ? guard_reset(store, key) : r;
        case COMMAND_RELATION_GRANT:
                return relation_put(store, account->id, options->arguments[1], 1);
        case COMMAND_RELATION_REVOKE:
                /* the unit stays one of the person's; the declaration password is asked again */
                r = store_run(
                        store,
                        "UPDATE relation SET authorised = 0 WHERE account_id = $1 AND unit_code ="
                        " $2",
                        "tt", account->id, options->arguments[1]);
                return r == 0 && store_changes(store) == 0 ? UNIT_E_UNKNOWN : r;
        case COMMAND_SERVE:
        case COMMAND_LOAD:
        case COMMAND_CLIENT_ADD:
        case COMMAND_CLIENT_REVOKE:
        case COMMAND_UNIT_UNLOCK:
        case _COMMAND_MAX:
                break;
        }
        return -EINVAL;
}

static int run_account(Store *store, const Options *options) {
        _cleanup_(transaction_done) Transaction transaction = {};
        AccountRow account;
        int r;

        r = account_find(store, options->arguments[0], &account);
        if (r > 0)
                return complain("no such account");
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r == 0)
                r = change_account(store, options, &account);
        if (r > 0)
                return complain("no such unit, or it is not one of the person's");
        if (r == 0)
                r = transaction_commit(&transaction);
        return r == 0 ? 0 : complain_error(r, "store");
}

static int run_unit_unlock(Store *store, const Options *options) {
        char key[GUARD_KEY_BYTES + 1], hash[PASSWORD_HASH_BYTES + 1];
        _cleanup_(transaction_done) Transaction transaction = {};
        int r;

        if (!unit_code_is_valid(options->arguments[0]))
                return complain("not a unit code");
        r = unit_password_hash(store, options->arguments[0], hash);
        if (r > 0)
                return complain("no such unit");

        unit_guard_key(options->arguments[0], key);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r == 0)
                r = guard_reset(store, key);
        if (r == 0)
                r = transaction_commit(&transaction);
        return r == 0 ? 0 : complain_error(r < 0 ? r : -EIO, "unit unlock");
}

int command_run(const Options *options) {
        static int (*const functions[_COMMAND_MAX])(Store *, const Options *) = {
                [COMMAND_LOAD] = run_load,
                [COMMAND_CLIENT_ADD] = run_client_add,
                [COMMAND_CLIENT_REVOKE] = run_client_revoke,
                [COMMAND_ACCOUNT_DISABLE] = run_account,
                [COMMAND_ACCOUNT_ENABLE] = run_account,
                [COMMAND_ACCOUNT_UNLOCK] = run_account,
                [COMMAND_RELATION_GRANT] = run_account,
                [COMMAND_RELATION_REVOKE] = run_account,
                [COMMAND_UNIT_UNLOCK] = run_unit_unlock,
        };
        _cleanup_(store_closep) Store *store = NULL;
        int r;

        r = store_open(options->store, &store);
        if (r == STORE_E_PATH)
                return complain(
                        "%s: the file must have mode 0600, its folder must be writable to its"
                        " owner only",
                        options->store);
        if (r == STORE_E_VERSION)
                return complain("%s: written by a newer itax-backend", options->store);
        if (r < 0)
                return complain_error(r, options->store);
        return functions[options->command](store, options);
}
