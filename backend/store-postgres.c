/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The store on PostgreSQL, for any number of processes on any number of machines.
 *
 * Alone among writers is whoever holds one advisory lock, taken as the transaction's first deed and
 * given back by its end, after what it wrote can be seen. Each statement looks anew (READ
 * COMMITTED), so behind that lock it sees everything that was committed before. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backend/schema.h"
#include "backend/store-kind.h"
#include "backend/store-link.h"
#include "lib/common/text.h"

#define OID_BOOL 16 /* of pg_type, fixed */
#define OID_INT8 20
#define OID_TEXT 25

/* "itax" and what it is for */
#define LOCK_WRITE "SELECT pg_advisory_xact_lock(1769234808, 1);"
#define MIGRATE_MSEC 600000 /* of tables that are large */

#define NUMBER_BYTES 24
#define NAME_BYTES 16

typedef struct PostgresStore {
        Store common;
        Link link;
        char *uri;
        int64_t n_changes;
        bool savepoint; /* there is one in this transaction */
        bool broken;    /* the transaction cannot go on */
} PostgresStore;

static PostgresStore *ours(Store *store) {
        return (PostgresStore *)store;
}

static void postgres_close(Store *store) {
        link_close(&ours(store)->link);
        free(ours(store)->uri);
        free(store);
}

/* PostgreSQL refuses what is not UTF-8, where SQLite finds no row of that name. So it becomes a text
 * that nobody has. */
static int text_fit(const char *text, char **ret) {
        static const char digits[] = "0123456789abcdef";
        size_t n = strlen(text);
        char *fit, *p;

        if (text_is_utf8(text, n))
                return 0;
        fit = p = malloc(2 * n + 4);
        if (!fit)
                return -ENOMEM;
        p = stpcpy(p, "\xEF\xBF\xBD");
        for (size_t i = 0; i < n; i++) {
                *p++ = digits[(unsigned char)text[i] >> 4];
                *p++ = digits[(unsigned char)text[i] & 15];
        }
        *p = '\0';
        *ret = fit;
        return 0;
}

typedef struct Values {
        const char *texts[PARAMETERS_MAX];
        Oid types[PARAMETERS_MAX];
        char numbers[PARAMETERS_MAX][NUMBER_BYTES];
        char *fitted[PARAMETERS_MAX]; /* owned */
} Values;

static void values_done(Values *values) {
        for (size_t i = 0; i < PARAMETERS_MAX; i++)
                free(values->fitted[i]);
        explicit_bzero(values->numbers, sizeof(values->numbers));
}

static int values_read(const Statement *statement, const Parameter *parameters, Values *ret) {
        for (size_t i = 0; i < statement->n_parameters; i++) {
                if (parameters[i].type == 'i') {
                        (void)snprintf(ret->numbers[i], NUMBER_BYTES, "%" PRId64,
                                       parameters[i].number);
                        ret->texts[i] = ret->numbers[i];
                        ret->types[i] = OID_INT8;
                } else {
                        int r = parameters[i].text ? text_fit(parameters[i].text, &ret->fitted[i])
                                                   : 0;

                        if (r < 0)
                                return r;
                        ret->texts[i] = ret->fitted[i] ? ret->fitted[i] : parameters[i].text;
                        ret->types[i] = OID_TEXT;
                }
        }
        return 0;
}

/* A row that is refused takes the whole transaction with it, unless there is a point to go back
 * to. */
static bool may_be_refused(const char *sql) {
        return strncmp(sql, "INSERT", 6) == 0 || strncmp(sql, "UPDATE", 6) == 0;
}

static int savepoint_set(PostgresStore *store, const char *sql) {
        int r;

        if (!store->common.in_transaction || !may_be_refused(sql))
                return 0;
        r = link_run(&store->link,
                     store->savepoint ? "RELEASE SAVEPOINT itax; SAVEPOINT itax"
                                      : "SAVEPOINT itax",
                     LINK_PATIENCE_MSEC);
        store->savepoint = store->savepoint || r == 0;
        return r;
}

/* Once on the connection that there is. Return: as link_result(). */
static int query_once(PostgresStore *store, Statement *statement, const Values *values) {
        PGresult *result = NULL;
        char name[NAME_BYTES];
        int r;

        (void)snprintf(name, sizeof(name), "s%zu",
                       (size_t)(statement - statement->store->statements));
        r = savepoint_set(store, statement->sql);
        if (r == 0 && statement->generation != store->link.generation) {
                r = link_result(&store->link,
                                PQsendPrepare(store->link.handle, name, statement->sql,
                                              (int)statement->n_parameters, values->types),
                                LINK_PATIENCE_MSEC, NULL);
                if (r == 0)
                        statement->generation = store->link.generation;
        }
        if (r == 0)
                r = link_result(&store->link,
                                PQsendQueryPrepared(store->link.handle, name,
                                                    (int)statement->n_parameters, values->texts,
                                                    NULL, NULL, 0),
                                LINK_PATIENCE_MSEC, &result);
        if (r < 0)
                return r;

        store->n_changes = strtoll(PQcmdTuples(result), NULL, 10);
        statement->result = result;
        statement->row = -1;
        return 0;
}

/* In a transaction: the row that was refused is forgotten, all else ends it. */
static int query_inside(PostgresStore *store, Statement *statement, const Values *values) {
        int r;

        if (store->broken)
                return -EIO;
        r = query_once(store, statement, values);
        if (r == -EEXIST && may_be_refused(statement->sql) &&
            link_run(&store->link, "ROLLBACK TO SAVEPOINT itax", LINK_PATIENCE_MSEC) == 0)
                return -EEXIST;
        if (r < 0)
                store->broken = true;
        return r == -EPIPE ? -EIO : r;
}

static int query_outside(PostgresStore *store, Statement *statement, const Values *values) {
        int r = -EPIPE;

        for (int i = 0; i < 2 && r == -EPIPE; i++) {
                r = link_prepare(&store->link);
                if (r == 0)
                        r = query_once(store, statement, values);
        }
        return r == -EPIPE ? -EBUSY : r;
}

static int postgres_query(Statement *statement, const Parameter *parameters) {
        PostgresStore *store = ours(statement->store);
        _cleanup_(values_done) Values values = {};
        int r;

        r = values_read(statement, parameters, &values);
        if (r < 0)
                return r;
        return store->common.in_transaction ? query_inside(store, statement, &values)
                                            : query_outside(store, statement, &values);
}

static int postgres_next(Statement *statement) {
        if (statement->row + 1 < PQntuples(statement->result)) {
                statement->row++;
                return 1;
        }
        return 0;
}

static const char *postgres_text(Statement *statement, int column) {
        return PQgetisnull(statement->result, statement->row, column)
                       ? NULL
                       : PQgetvalue(statement->result, statement->row, column);
}

static int64_t postgres_number(Statement *statement, int column) {
        const char *text = postgres_text(statement, column);

        if (!text)
                return 0;
        if (PQftype(statement->result, column) == OID_BOOL)
                return text[0] == 't';
        return strtoll(text, NULL, 10);
}

static void postgres_reset(Statement *statement) {
        statement->result = result_free(statement->result);
}

static void postgres_forget(Statement *statement _unused_) {
}

static int64_t postgres_changes(Store *store) {
        return ours(store)->n_changes;
}

static int postgres_begin(Store *common) {
        PostgresStore *store = ours(common);
        int r = -EPIPE;

        for (int i = 0; i < 2 && r == -EPIPE; i++) {
                r = link_prepare(&store->link);
                if (r == 0)
                        r = link_run(&store->link, "BEGIN;" LOCK_WRITE, LINK_PATIENCE_MSEC);
        }
        store->broken = store->savepoint = false;
        if (r < 0 && !link_is_lost(&store->link))
                (void)link_run(&store->link, "ROLLBACK", LINK_PATIENCE_MSEC);
        return r == -EPIPE ? -EBUSY : r;
}

/* Where the answer is lost nobody knows what became of it: an error, so no answer rests on it. */
static int postgres_commit(Store *common) {
        PostgresStore *store = ours(common);
        _cleanup_(result_freep) PGresult *result = NULL;
        int r;

        if (store->broken)
                return -EIO;
        r = link_result(&store->link, PQsendQuery(store->link.handle, "COMMIT"),
                        LINK_PATIENCE_MSEC, &result);
        /* what cannot be committed is rolled back without being an error */
        if (r == 0 && strcmp(PQcmdStatus(result), "COMMIT") != 0)
                r = -EIO;
        store->broken = r < 0;
        return r == -EPIPE ? -EIO : r;
}

static void postgres_rollback(Store *common) {
        PostgresStore *store = ours(common);

        if (!link_is_lost(&store->link) && PQtransactionStatus(store->link.handle) != PQTRANS_IDLE)
                (void)link_run(&store->link, "ROLLBACK", LINK_PATIENCE_MSEC);
        store->broken = false;
}

static int postgres_tell(Store *common, const char *hash) {
        static const char sql[] = "SELECT pg_notify('" LINK_CHANNEL "', $1)";

        return store_run(common, sql, "t", hash);
}

static int postgres_fd(Store *store) {
        return link_is_lost(&ours(store)->link) ? -1 : PQsocket(ours(store)->link.handle);
}

static int postgres_next_change(Store *common, char *ret_hash) {
        PostgresStore *store = ours(common);
        Link *link = &store->link;
        PGnotify *notify;

        /* -EBUSY: there is no server, which was reported; what is missed meanwhile comes as "any" */
        if (link_prepare(link) < 0)
                return 0;
        if (link->anew) {
                link->anew = false;
                ret_hash[0] = '\0';
                return 1;
        }
        if (!PQconsumeInput(link->handle)) {
                link_drop(link);
                return 0;
        }
        while ((notify = PQnotifies(link->handle)) != NULL) {
                bool own = notify->be_pid == PQbackendPID(link->handle);

                if (!own)
                        (void)snprintf(ret_hash, STORE_HASH_BYTES + 1, "%s", notify->extra);
                PQfreemem(notify);
                if (!own)
                        return 1;
        }
        return 0;
}

static int postgres_settle(Store *store _unused_) {
        return 0;
}

static const StoreKind kind = {
        .close = postgres_close,
        .query = postgres_query,
        .next = postgres_next,
        .text = postgres_text,
        .number = postgres_number,
        .reset = postgres_reset,
        .forget = postgres_forget,
        .changes = postgres_changes,
        .begin = postgres_begin,
        .commit = postgres_commit,
        .rollback = postgres_rollback,
        .tell = postgres_tell,
        .fd = postgres_fd,
        .next_change = postgres_next_change,
        .settle = postgres_settle,
};

/* Texts are compared and put in order by their bytes, as SQLite does, whatever the database's own
 * language is. */
static const Word words[] = { { " TEXT", " TEXT COLLATE \"C\"" } };

/* One number out of a query without parameters; 0 for NULL and for no row. */
static int single_int(Link *link, const char *sql, int64_t *ret) {
        _cleanup_(result_freep) PGresult *result = NULL;
        int r;

        r = link_result(link, PQsendQuery(link->handle, sql), MIGRATE_MSEC, &result);
        if (r < 0)
                return r;
        *ret = PQntuples(result) > 0 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
        return 0;
}

static int version_read(Link *link, int64_t *ret) {
        int64_t there = 0;
        int r;

        r = single_int(link, "SELECT (to_regclass('schema_version') IS NOT NULL)::int", &there);
        if (r == 0 && !there)
                *ret = 0;
        else if (r == 0)
                r = single_int(link, "SELECT version FROM schema_version", ret);
        return r;
}

static int version_step(Link *link, int64_t version) {
        _cleanup_(freep) char *translated = NULL;
        char sql[80];
        int r;

        if (version == 0) {
                r = link_run(link,
                             "CREATE TABLE schema_version (version BIGINT NOT NULL);"
                             "INSERT INTO schema_version (version) VALUES (0)",
                             MIGRATE_MSEC);
                if (r < 0)
                        return r;
        }
        r = store_translate(schema_migration((int)version), words, ELEMENTSOF(words), &translated);
        if (r == 0)
                r = link_run(link, translated, MIGRATE_MSEC);
        if (r < 0)
                return r;
        (void)snprintf(sql, sizeof(sql), "UPDATE schema_version SET version = %" PRId64,
                       version + 1);
        return link_run(link, sql, MIGRATE_MSEC);
}

/* All steps in one transaction, behind the lock of the writers: of many processes that start at
 * once one does it, and none writes meanwhile. */
static int migrate(Link *link) {
        int64_t version = 0;
        int r;

        r = version_read(link, &version);
        if (r == 0 && version > 0 && !schema_migration((int)version - 1))
                return STORE_E_VERSION;
        if (r < 0 || !schema_migration((int)version))
                return r;

        r = link_run(link,
                     "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;"
                     LOCK_WRITE,
                     MIGRATE_MSEC);
        if (r == 0)
                r = version_read(link, &version);
        if (r == 0 && version > 0 && !schema_migration((int)version - 1))
                r = STORE_E_VERSION;
        for (; r == 0 && schema_migration((int)version); version++)
                r = version_step(link, version);
        if (r == 0)
                r = link_run(link, "COMMIT", MIGRATE_MSEC);
        if (r != 0 && !link_is_lost(link))
                (void)link_run(link, "ROLLBACK", LINK_PATIENCE_MSEC);
        return r == -EPIPE ? -EBUSY : r;
}

int store_postgres_open(const char *uri, Store **ret) {
        PostgresStore *store = calloc(1, sizeof(*store));
        int r;

        if (!store)
                return -ENOMEM;
        store->common.kind = &kind;
        store->uri = strdup(uri);
        r = store->uri ? link_open(&store->link, store->uri) : -ENOMEM;
        if (r == 0)
                r = migrate(&store->link);
        if (r != 0) {
                (void)store_close(&store->common);
                return r;
        }
        *ret = &store->common;
        return 0;
}
