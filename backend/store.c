/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is the same for every store: which database it is, the statements by the address of their
 * text, and the border of transactions. */

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "backend/store-kind.h"

static bool is_address(const char *place) {
        return strncmp(place, "postgres://", 11) == 0 || strncmp(place, "postgresql://", 13) == 0;
}

int store_open(const char *place, Store **ret) {
        if (is_address(place))
                return store_postgres_open(place, ret);
        /* a file of that name is not what was meant */
        if (strstr(place, "://"))
                return STORE_E_ADDRESS;
        return store_sqlite_open(place, ret);
}

const char *store_fault(int fault) {
        switch (fault) {
        case STORE_E_PATH:
                return "the file must have mode 0600, its folder must be writable to its owner only";
        case STORE_E_VERSION:
                return "written by a newer itax-backend";
        case STORE_E_ADDRESS:
                return "takes a file, or postgres://USER@HOST/DATABASE without a password: that"
                       " belongs into ~/.pgpass (mode 0600) or the file named by PGPASSFILE";
        case STORE_E_ENCODING:
                return "the encoding of the database is not UTF-8: make it with"
                       " createdb --encoding=UTF8 --template=template0";
        default: /* not of store_open() */
                return "cannot be opened";
        }
}

Store *store_close(Store *store) {
        if (store) {
                for (size_t i = 0; i < store->n_statements; i++)
                        store->kind->forget(&store->statements[i]);
                store->kind->close(store);
        }
        return NULL;
}

/* The highest N of $N. */
static size_t parameters_count(const char *sql) {
        size_t n = 0;

        for (const char *p = strchr(sql, '$'); p; p = strchr(p + 1, '$')) {
                size_t number = strtoul(p + 1, NULL, 10);

                n = number > n ? number : n;
        }
        return n;
}

static int statement_get(Store *store, const char *sql, Statement **ret) {
        Statement *statement = NULL;

        for (size_t i = 0; i < store->n_statements && !statement; i++)
                if (store->statements[i].sql == sql)
                        statement = &store->statements[i];

        if (!statement) {
                size_t n = parameters_count(sql);

                if (store->n_statements == STATEMENTS_MAX || n > PARAMETERS_MAX)
                        return -ENOBUFS;
                statement = &store->statements[store->n_statements++];
                *statement = (Statement){ .store = store, .sql = sql, .n_parameters = n };
        }
        if (statement->busy)
                return -EBUSY;

        *ret = statement;
        return 0;
}

static int query(Store *store, Statement **ret, const char *sql, const char *types,
                 va_list arguments) {
        Parameter parameters[PARAMETERS_MAX];
        Statement *statement = NULL;
        int r;

        r = statement_get(store, sql, &statement);
        if (r < 0)
                return r;
        if (strspn(types, "ti") != strlen(types) || strlen(types) != statement->n_parameters)
                return -EINVAL;
        for (size_t i = 0; i < statement->n_parameters; i++) {
                parameters[i] = (Parameter){ .type = types[i] };
                if (types[i] == 't')
                        parameters[i].text = va_arg(arguments, const char *);
                else
                        parameters[i].number = va_arg(arguments, int64_t);
        }

        r = store->kind->query(statement, parameters);
        explicit_bzero(parameters, sizeof(parameters));
        if (r < 0) {
                store->kind->reset(statement);
                return r;
        }
        statement->busy = true;
        *ret = statement;
        return 0;
}

int store_query(Store *store, Statement **ret, const char *sql, const char *types, ...) {
        va_list arguments;
        int r;

        va_start(arguments, types);
        r = query(store, ret, sql, types, arguments);
        va_end(arguments);
        return r;
}

int store_run(Store *store, const char *sql, const char *types, ...) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        va_list arguments;
        int r;

        va_start(arguments, types);
        r = query(store, &statement, sql, types, arguments);
        va_end(arguments);
        if (r == 0)
                do
                        r = statement_next(statement);
                while (r == 1);
        return r == -EEXIST ? STORE_E_EXISTS : r;
}

int64_t store_changes(Store *store) {
        return store->kind->changes(store);
}

int store_tell(Store *store, const char *hash) {
        return store->kind->tell(store, hash);
}

int store_fd(Store *store) {
        return store->kind->fd(store);
}

int store_next_change(Store *store, char ret_hash[static STORE_HASH_BYTES + 1]) {
        return store->kind->next_change(store, ret_hash);
}

int store_settle(Store *store) {
        return store->kind->settle(store);
}

int statement_next(Statement *statement) {
        return statement->store->kind->next(statement);
}

const char *statement_text(Statement *statement, int column) {
        return statement->store->kind->text(statement, column);
}

int64_t statement_int(Statement *statement, int column) {
        return statement->store->kind->number(statement, column);
}

Statement *statement_free(Statement *statement) {
        if (statement) {
                statement->store->kind->reset(statement);
                statement->busy = false;
        }
        return NULL;
}

int transaction_begin(Store *store, Transaction *ret) {
        int r;

        if (store->in_transaction)
                return -EINVAL;
        r = store->kind->begin(store);
        if (r < 0)
                return r;

        store->in_transaction = true;
        ret->store = store;
        return 0;
}

int transaction_commit(Transaction *transaction) {
        int r;

        r = transaction->store->kind->commit(transaction->store);
        if (r < 0)
                return r;

        transaction->store->in_transaction = false;
        transaction->store = NULL;
        return 0;
}

void transaction_done(Transaction *transaction) {
        if (transaction->store) {
                transaction->store->kind->rollback(transaction->store);
                transaction->store->in_transaction = false;
        }
        transaction->store = NULL;
}

int store_translate(const char *sql, const Word *words, size_t n_words, char **ret) {
        char *out, *p;

        out = p = malloc(4 * strlen(sql) + 1);
        if (!out)
                return -ENOMEM;

        while (*sql) {
                size_t n = 0;

                for (size_t i = 0; i < n_words && n == 0; i++)
                        if (strncmp(sql, words[i].from, strlen(words[i].from)) == 0) {
                                n = strlen(words[i].from);
                                p = stpcpy(p, words[i].to);
                                sql += n;
                        }
                if (n == 0)
                        *p++ = *sql++;
        }
        *p = '\0';
        *ret = out;
        return 0;
}
