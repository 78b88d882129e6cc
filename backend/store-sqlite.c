/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The store on SQLite: one file, any number of processes. WAL, so that readers never wait; every
 * commit is synced (FULL), because a lock that is forgotten in a power cut is a lock that can be
 * reset. What is deleted is overwritten, in the log within about a second. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "backend/schema.h"
#include "backend/store.h"

#define STATEMENTS_MAX 192

struct Statement {
        const char *sql; /* address of the literal; the key */
        sqlite3_stmt *handle;
        bool busy;
};

struct Store {
        sqlite3 *handle;
        Statement statements[STATEMENTS_MAX];
        size_t n_statements;
        int64_t data_version;
        bool unsettled; /* committed since the last store_settle() */
};

static int error_from_sqlite(int code) {
        switch (code & 0xff) {
        case SQLITE_OK:
        case SQLITE_DONE:
                return 0;
        case SQLITE_ROW:
                return 1;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_CONSTRAINT:
                return -EEXIST;
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return -EACCES;
        case SQLITE_CANTOPEN:
                return -ENOENT;
        default: /* SQLite's own set, open by its documentation */
                return -EIO;
        }
}

static int path_check_folder(const char *path) {
        _cleanup_(freep) char *copy = strdup(path);
        struct stat st;

        if (!copy)
                return -ENOMEM;
        if (stat(dirname(copy), &st) < 0)
                return -errno;
        if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)))
                return STORE_E_PATH;
        return 0;
}

/* Made here and not by SQLite, so that its mode is right from the first moment and no symbolic link
 * is followed. */
static int path_check(const char *path) {
        _cleanup_(closep) int fd = -1;
        struct stat st;
        int r;

        r = path_check_folder(path);
        if (r != 0)
                return r;

        fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
        if (fd < 0)
                return errno == ELOOP ? STORE_E_PATH : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || (st.st_mode & 0177) ||
            (st.st_uid != 0 && st.st_uid != geteuid()))
                return STORE_E_PATH;
        return 0;
}

static int exec(Store *store, const char *sql) {
        return error_from_sqlite(sqlite3_exec(store->handle, sql, NULL, NULL, NULL));
}

static int single_int(Store *store, const char *sql, int64_t *ret) {
        sqlite3_stmt *handle = NULL;
        int r;

        r = error_from_sqlite(sqlite3_prepare_v2(store->handle, sql, -1, &handle, NULL));
        if (r < 0)
                return r;

        r = error_from_sqlite(sqlite3_step(handle));
        if (r == 1) {
                *ret = sqlite3_column_int64(handle, 0);
                r = 0;
        } else if (r == 0)
                r = -EIO;
        (void)sqlite3_finalize(handle);
        return r;
}

/* PostgreSQL's words into SQLite's; see schema.h. */
static int translate(const char *sql, char **ret) {
        static const struct {
                const char *from, *to;
        } words[] = {
                { "BIGINT", "INTEGER" },
                { "/*strict*/", "STRICT" },
        };
        char *out, *p;

        out = p = malloc(2 * strlen(sql) + 1);
        if (!out)
                return -ENOMEM;

        while (*sql) {
                size_t n = 0;

                for (size_t i = 0; i < ELEMENTSOF(words) && n == 0; i++)
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

/* user_version stands in the file's header and changes with the transaction that changes the
 * tables. */
static int migrate(Store *store) {
        int64_t version = 0;
        const char *sql;
        int r;

        r = exec(store, "BEGIN IMMEDIATE");
        if (r < 0)
                return r;

        r = single_int(store, "PRAGMA user_version", &version);
        if (r == 0 && version > 0 && !schema_migration((int)version - 1))
                r = STORE_E_VERSION;

        while (r == 0 && (sql = schema_migration((int)version)) != NULL) {
                _cleanup_(freep) char *words = NULL;
                char pragma[64];

                r = translate(sql, &words);
                if (r == 0)
                        r = exec(store, words);
                if (r == 0) {
                        (void)snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d",
                                       (int)++version);
                        r = exec(store, pragma);
                }
        }
        if (r == 0)
                r = exec(store, "COMMIT");
        if (r != 0)
                (void)exec(store, "ROLLBACK");
        return r;
}

int store_open(const char *path, Store **ret) {
        _cleanup_(store_closep) Store *store = NULL;
        int r;

        if (strcmp(path, ":memory:") != 0) {
                r = path_check(path);
                if (r != 0)
                        return r;
        }

        store = calloc(1, sizeof(*store));
        if (!store)
                return -ENOMEM;

        r = error_from_sqlite(sqlite3_open_v2(
                path, &store->handle,
                SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL));
        if (r < 0)
                return r;

        (void)sqlite3_extended_result_codes(store->handle, 1);
        (void)sqlite3_busy_timeout(store->handle, STORE_BUSY_MSEC);
        r = exec(
                store,
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store ="
                " MEMORY;");
        if (r < 0)
                return r;

        r = migrate(store);
        if (r != 0)
                return r;

        r = single_int(store, "PRAGMA data_version", &store->data_version);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(store);
        return 0;
}

Store *store_close(Store *store) {
        if (store) {
                for (size_t i = 0; i < store->n_statements; i++)
                        (void)sqlite3_finalize(store->statements[i].handle);
                (void)sqlite3_close(store->handle);
                free(store);
        }
        return NULL;
}

static int statement_get(Store *store, const char *sql, Statement **ret) {
        Statement *statement = NULL;

        for (size_t i = 0; i < store->n_statements; i++)
                if (store->statements[i].sql == sql)
                        statement = &store->statements[i];

        if (!statement) {
                sqlite3_stmt *handle = NULL;
                int r;

                if (store->n_statements == STATEMENTS_MAX)
                        return -ENOBUFS;
                r = error_from_sqlite(sqlite3_prepare_v3(store->handle, sql, -1,
                                                         SQLITE_PREPARE_PERSISTENT, &handle, NULL));
                if (r < 0)
                        return r;
                statement = &store->statements[store->n_statements++];
                *statement = (Statement){ .sql = sql, .handle = handle };
        }
        if (statement->busy)
                return -EBUSY;

        statement->busy = true;
        *ret = statement;
        return 0;
}

/* SQLite numbers "$1" in the order in which it first meets them, so the number is asked for by
 * name. */
static int statement_bind(Statement *statement, const char *types, va_list arguments) {
        for (int i = 0; types[i]; i++) {
                char name[16];
                int index, code;

                (void)snprintf(name, sizeof(name), "$%d", i + 1);
                index = sqlite3_bind_parameter_index(statement->handle, name);
                if (index == 0)
                        return -EINVAL;

                switch (types[i]) {
                case 't': {
                        const char *text = va_arg(arguments, const char *);

                        code = text ? sqlite3_bind_text(statement->handle, index, text, -1,
                                                        SQLITE_TRANSIENT)
                                    : sqlite3_bind_null(statement->handle, index);
                        break;
                }
                case 'i':
                        code = sqlite3_bind_int64(statement->handle, index,
                                                  va_arg(arguments, int64_t));
                        break;
                default: /* not a letter of the documentation */
                        return -EINVAL;
                }
                if (code != SQLITE_OK)
                        return error_from_sqlite(code);
        }
        return 0;
}

static int query(Store *store, Statement **ret, const char *sql, const char *types,
                 va_list arguments) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = statement_get(store, sql, &statement);
        if (r < 0)
                return r;
        r = statement_bind(statement, types, arguments);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(statement);
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
        if (r < 0)
                return r;

        do
                r = statement_next(statement);
        while (r == 1);
        return r == -EEXIST ? STORE_E_EXISTS : r;
}

int64_t store_changes(Store *store) {
        return sqlite3_changes64(store->handle);
}

int store_changed_elsewhere(Store *store) {
        int64_t version = 0;
        int r;

        r = single_int(store, "PRAGMA data_version", &version);
        if (r < 0)
                return r;

        r = version != store->data_version;
        store->data_version = version;
        return r;
}

int store_settle(Store *store) {
        int r;

        if (!store->unsettled)
                return 0;
        /* nobody is waited for: there is a next second */
        (void)sqlite3_busy_timeout(store->handle, 0);
        r = error_from_sqlite(sqlite3_wal_checkpoint_v2(store->handle, NULL,
                                                        SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
        (void)sqlite3_busy_timeout(store->handle, STORE_BUSY_MSEC);
        if (r == 0)
                store->unsettled = false;
        return r == -EBUSY ? 1 : r;
}

int statement_next(Statement *statement) {
        return error_from_sqlite(sqlite3_step(statement->handle));
}

const char *statement_text(Statement *statement, int column) {
        return (const char *)sqlite3_column_text(statement->handle, column);
}

int64_t statement_int(Statement *statement, int column) {
        return sqlite3_column_int64(statement->handle, column);
}

Statement *statement_free(Statement *statement) {
        if (statement) {
                (void)sqlite3_reset(statement->handle);
                (void)sqlite3_clear_bindings(statement->handle);
                statement->busy = false;
        }
        return NULL;
}

int transaction_begin(Store *store, Transaction *ret) {
        int r;

        r = exec(store, "BEGIN IMMEDIATE");
        if (r < 0)
                return r;

        ret->store = store;
        return 0;
}

int transaction_commit(Transaction *transaction) {
        int r;

        r = exec(transaction->store, "COMMIT");
        if (r < 0)
                return r;

        transaction->store->unsettled = true;
        transaction->store = NULL;
        return 0;
}

void transaction_done(Transaction *transaction) {
        if (transaction->store)
                (void)exec(transaction->store, "ROLLBACK");
        transaction->store = NULL;
}
