/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Store: the tables of the platform, and the only way to them
 *
 * Everything above speaks SQL text in the dialect that SQLite and PostgreSQL share ($1 parameters,
 * INSERT ... ON CONFLICT, UPDATE ... RETURNING); the store only runs it. A Store belongs to one
 * thread.
 *
 * Every write happens inside a Transaction, also a single one: only its commit says that the change
 * is on the disk, and no answer may rest on a change that is not. */

#include <stdint.h>

#include "lib/common/util.h"

typedef struct Store Store;
typedef struct Statement Statement;

enum {
        STORE_E_EXISTS = 1, /* a UNIQUE, CHECK or FOREIGN KEY constraint refused the row */
        STORE_E_PATH,    /* store_open(): the file or its folder may be read or changed by others */
        STORE_E_VERSION, /* store_open(): written by a newer program */
};

#define STORE_BUSY_MSEC 5000

/** store_init_process() - what the store frees is erased from now on; before anything else of it */
void store_init_process(void);

/**
 * store_open() - open the store and bring its tables to the present version
 * @path: file, made with mode 0600 if it is not there; its folder must belong to root or to this
 *   user and
 *        be writable to nobody else. ":memory:" is a store that is gone with the process.
 *
 * Return: 0, STORE_E_PATH, STORE_E_VERSION, or -errno.
 */
int store_open(const char *path, Store **ret);

/** store_close() - takes NULL. Return: NULL. */
Store *store_close(Store *store);
DEFINE_CLEANUP(Store, store_close)

/**
 * store_query() - begin a statement that gives rows
 * @ret: the statement, to be given back by statement_free(); written only on success
 * @sql: a string literal: prepared once for each address
 * @types: one letter for each $1, $2 …: 't' const char * (NULL is SQL's), 'i' int64_t
 *
 * Return: 0, -EBUSY (the same statement is still in use), or as statement_next().
 */
int store_query(Store *store, Statement **ret, const char *sql, const char *types, ...);

/** store_run() - run a statement to its end. Return: 0, STORE_E_EXISTS, or -errno. */
int store_run(Store *store, const char *sql, const char *types, ...);

/** store_changes() - how many rows the last store_run() touched */
int64_t store_changes(Store *store);

/**
 * store_changed_elsewhere() - did another process or connection commit since the last time this was
 * asked?
 *
 * Return: 1 yes, 0 no, -errno. Cheap: made for being asked once a second.
 */
int store_changed_elsewhere(Store *store);

/**
 * store_settle() - what was deleted leaves the write-ahead log too
 *
 * Deleted rows are overwritten in the file, but the log keeps how they were until it is used again
 * from the beginning. Cheap when nothing was written since; made for being called once a second.
 *
 * Return: 0, 1 when another process stands in the way (later, then), -errno.
 */
int store_settle(Store *store);

/** statement_next() - go to the next row. Return: 1 there is one, 0 there is none, -errno;
 * constraint violations come as -EEXIST, a full disk as -ENOSPC, a store busy too long as
 * -EBUSY. */
int statement_next(Statement *statement);

/* A column of the present row, the first is 0. Text is valid until the next call on the statement;
 * NULL for SQL's. */
const char *statement_text(Statement *statement, int column);
int64_t statement_int(Statement *statement, int column);

/** statement_free() - give a statement back to its store; takes NULL. Return: NULL. */
Statement *statement_free(Statement *statement);
DEFINE_CLEANUP(Statement, statement_free)

/* Transaction: all or nothing, alone among writers (BEGIN IMMEDIATE). transaction_done() rolls back
 * what was not committed; use it with _cleanup_(). They do not nest. */
typedef struct Transaction {
        Store *store; /* borrowed; NULL when none is open */
} Transaction;

int transaction_begin(Store *store, Transaction *ret);
int transaction_commit(Transaction *transaction);
void transaction_done(Transaction *transaction);
