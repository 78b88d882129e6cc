/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The store on SQLite: one file, any number of processes. WAL, so that readers never wait; every
 * commit is synced (FULL), because a lock that is forgotten in a power cut is a lock that can be
 * reset. What is deleted is overwritten, in the log within about a second. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "backend/schema.h"
#include "backend/store-kind.h"

typedef struct SqliteStore {
        Store common;
        sqlite3 *handle;
        int64_t data_version;
        bool unsettled; /* committed since the last store_settle() */
} SqliteStore;

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

static int exec(SqliteStore *store, const char *sql) {
        return error_from_sqlite(sqlite3_exec(store->handle, sql, NULL, NULL, NULL));
}

static int single_int(SqliteStore *store, const char *sql, int64_t *ret) {
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
static const Word words[] = {
        { "BIGINT", "INTEGER" },
        { "/*strict*/", "STRICT" },
};

/* user_version stands in the file's header and changes with the transaction that changes the
 * tables. */
static int migrate(SqliteStore *store) {
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
                _cleanup_(freep) char *translated = NULL;
                char pragma[64];

                r = store_translate(sql, words, ELEMENTSOF(words), &translated);
                if (r == 0)
                        r = exec(store, translated);
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

/* Going over to the write-ahead log needs the file for itself, and SQLite does not wait for that:
 * several processes that make one store at once do. */
static int set_up(SqliteStore *store) {
        const struct timespec pause = { .tv_nsec = 10000000 };
        int r = -EBUSY;

        for (int i = 0; i < STORE_BUSY_MSEC / 10 && r == -EBUSY; i++) {
                if (i > 0)
                        (void)nanosleep(&pause, NULL);
                r = exec(store,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
                         "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;");
        }
        return r;
}

static SqliteStore *ours(Store *store) {
        return (SqliteStore *)store;
}

static void sqlite_close(Store *store) {
        (void)sqlite3_close(ours(store)->handle);
        free(store);
}

/* SQLite numbers "$1" in the order in which it first meets them, so the number is asked for by
 * name. */
static int parameters_bind(Statement *statement, const Parameter *parameters) {
        for (size_t i = 0; i < statement->n_parameters; i++) {
                const Parameter *parameter = &parameters[i];
                char name[24];
                int index, code;

                (void)snprintf(name, sizeof(name), "$%zu", i + 1);
                index = sqlite3_bind_parameter_index(statement->handle, name);
                if (index == 0)
                        return -EINVAL;

                if (parameter->type == 'i')
                        code = sqlite3_bind_int64(statement->handle, index, parameter->number);
                else if (parameter->text)
                        code = sqlite3_bind_text(statement->handle, index, parameter->text, -1,
                                                 SQLITE_TRANSIENT);
                else
                        code = sqlite3_bind_null(statement->handle, index);
                if (code != SQLITE_OK)
                        return error_from_sqlite(code);
        }
        return 0;
}

static int sqlite_query(Statement *statement, const Parameter *parameters) {
        if (!statement->handle) {
                sqlite3_stmt *handle = NULL;
                int r;

                r = error_from_sqlite(sqlite3_prepare_v3(ours(statement->store)->handle,
                                                         statement->sql, -1,
                                                         SQLITE_PREPARE_PERSISTENT, &handle, NULL));
                if (r < 0)
                        return r;
                statement->handle = handle;
        }
        return parameters_bind(statement, parameters);
}

static int sqlite_next(Statement *statement) {
        return error_from_sqlite(sqlite3_step(statement->handle));
}

static const char *sqlite_text(Statement *statement, int column) {
        return (const char *)sqlite3_column_text(statement->handle, column);
}

static int64_t sqlite_number(Statement *statement, int column) {
        return sqlite3_column_int64(statement->handle, column);
}

static void sqlite_reset_statement(Statement *statement) {
        (void)sqlite3_reset(statement->handle);
        if (statement->handle)
                (void)sqlite3_clear_bindings(statement->handle);
}

static void sqlite_forget(Statement *statement) {
        (void)sqlite3_finalize(statement->handle);
}

static int64_t sqlite_changes(Store *store) {
        return sqlite3_changes64(ours(store)->handle);
}

static int sqlite_begin(Store *store) {
        return exec(ours(store), "BEGIN IMMEDIATE");
}

static int sqlite_commit(Store *store) {
        int r;

        r = exec(ours(store), "COMMIT");
        if (r == 0)
                ours(store)->unsettled = true;
        return r;
}

static void sqlite_rollback(Store *store) {
        (void)exec(ours(store), "ROLLBACK");
}

/* The file tells by itself that it changed, though not what. */
static int sqlite_tell(Store *store _unused_, const char *hash _unused_) {
        return 0;
}

static int sqlite_fd(Store *store _unused_) {
        return -1;
}

static int sqlite_next_change(Store *store, char *ret_hash) {
        int64_t version = 0;
        int r;

        r = single_int(ours(store), "PRAGMA data_version", &version);
        if (r < 0)
                return r;

        r = version != ours(store)->data_version;
        ours(store)->data_version = version;
        ret_hash[0] = '\0';
        return r;
}

static int sqlite_settle(Store *store) {
        sqlite3 *handle = ours(store)->handle;
        int r;

        if (!ours(store)->unsettled)
                return 0;
        /* nobody is waited for: there is a next second */
        (void)sqlite3_busy_timeout(handle, 0);
        r = error_from_sqlite(
                sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
        (void)sqlite3_busy_timeout(handle, STORE_BUSY_MSEC);
        if (r == 0)
                ours(store)->unsettled = false;
        return r == -EBUSY ? 1 : r;
}

static const StoreKind kind = {
        .close = sqlite_close,
        .query = sqlite_query,
        .next = sqlite_next,
        .text = sqlite_text,
        .number = sqlite_number,
        .reset = sqlite_reset_statement,
        .forget = sqlite_forget,
        .changes = sqlite_changes,
        .begin = sqlite_begin,
        .commit = sqlite_commit,
        .rollback = sqlite_rollback,
        .tell = sqlite_tell,
        .fd = sqlite_fd,
        .next_change = sqlite_next_change,
        .settle = sqlite_settle,
};

static int open_handle(SqliteStore *store, const char *path) {
        int r;

        r = error_from_sqlite(sqlite3_open_v2(
                path, &store->handle,
                SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL));
        if (r < 0)
                return r;

        (void)sqlite3_extended_result_codes(store->handle, 1);
        (void)sqlite3_busy_timeout(store->handle, STORE_BUSY_MSEC);
        r = set_up(store);
        if (r == 0)
                r = migrate(store);
        if (r == 0)
                r = single_int(store, "PRAGMA data_version", &store->data_version);
        return r;
}

int store_sqlite_open(const char *path, Store **ret) {
        SqliteStore *store;
        int r;

        if (strcmp(path, ":memory:") != 0) {
                r = path_check(path);
                if (r != 0)
                        return r;
        }

        store = calloc(1, sizeof(*store));
        if (!store)
                return -ENOMEM;
        store->common.kind = &kind;

        r = open_handle(store, path);
        if (r != 0) {
                (void)store_close(&store->common);
                return r;
        }
        *ret = &store->common;
        return 0;
}
