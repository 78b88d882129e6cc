/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Store: the tables of the platform, and the only way to them
 *
 * Everything above speaks SQL text in the dialect that SQLite and PostgreSQL share ($1 parameters,
 * INSERT ... ON CONFLICT, UPDATE ... RETURNING); the store only runs it. A Store belongs to one
 * thread.
 *
 * Every write happens inside a Transaction, also a single one: only its commit says that the change
 * is on the disk, and no answer may rest on a change that is not.
 *
 * On PostgreSQL a connection that is lost outside of a transaction is made again, once, without the
 * caller seeing it; inside of one everything fails with -EIO from then on, the commit too. While
 * there is no server all fails with -EBUSY, and works again by itself when there is one. */

#include <stdint.h>

#include "lib/common/util.h"

typedef struct Store Store;
typedef struct Statement Statement;

enum {
        STORE_E_EXISTS = 1, /* a UNIQUE, CHECK or FOREIGN KEY constraint refused the row */
        STORE_E_PATH,    /* store_open(): the file or its folder may be read or changed by others */
        STORE_E_VERSION, /* store_open(): written by a newer program */
        STORE_E_ADDRESS, /* store_open(): no address of a PostgreSQL database, or one that holds a
                          * password */
        STORE_E_ENCODING, /* store_open(): the database's encoding is not UTF-8 */
};

#define STORE_BUSY_MSEC 5000
#define STORE_HASH_BYTES 64 /* of a QR login that changed */

/** store_init_process() - what the store frees is erased from now on; before anything else of it */
void store_init_process(void);

/**
 * store_open() - open the store and bring its tables to the present version
 * @place: a file, made with mode 0600 if it is not there; its folder must belong to root or to this
 *   user and be writable to nobody else. ":memory:" is a store that is gone with the process.
 *   Or the address of a PostgreSQL database: postgres://user@host/name, or
 *   postgresql:///name?host=/run/postgresql (libpq's URI, section 34.1.1.2 of its manual), without
 *   a password: that stands in ~/.pgpass or the file that PGPASSFILE names, or the server asks who
 *   owns the other end of the socket (peer).
 *
 * Any number of processes may do this at once: one of them makes or changes the tables, the others
 * wait for it.
 *
 * Return: 0, STORE_E_PATH, STORE_E_VERSION, STORE_E_ADDRESS, STORE_E_ENCODING, or -errno.
 */
int store_open(const char *place, Store **ret);

/** store_fault() - what is wrong, and what to do, for a STORE_E_* of store_open(). With
 * STORE_E_ADDRESS the place itself must not be shown. */
const char *store_fault(int fault);

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
 * store_tell() - tell the other processes that a QR login changes; inside the transaction that
 * changes it, heard when that is committed
 * @hash: of its device code; "" for "any"
 *
 * Return: 0, -errno.
 */
int store_tell(Store *store, const char *hash);

/** store_fd() - a descriptor to be polled for reading: store_next_change() has to be asked when
 * there is something, and before each poll. -1: none at the moment, ask once a second. */
int store_fd(Store *store);

/**
 * store_next_change() - what did another process change since the last time?
 * @ret_hash: of the device code of a QR login that changed; "" when it may be any
 *
 * Return: 1 this, and there may be more; 0 nothing more; -errno. Cheap.
 */
int store_next_change(Store *store, char ret_hash[static STORE_HASH_BYTES + 1]);

/**
 * store_settle() - what was deleted leaves the write-ahead log too
 *
 * Deleted rows are overwritten in the file, but the log keeps how they were until it is used again
 * from the beginning. Cheap when nothing was written since; made for being called once a second.
 * SQLite only; elsewhere it has nothing to do.
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

/* Transaction: all or nothing, alone among writers: what it reads cannot change before it ends. A
 * row that was refused (STORE_E_EXISTS) changes nothing, and the transaction goes on.
 * transaction_done() rolls back what was not committed; use it with _cleanup_(). They do not nest
 * (-EINVAL). */
typedef struct Transaction {
        Store *store; /* borrowed; NULL when none is open */
} Transaction;

int transaction_begin(Store *store, Transaction *ret);
int transaction_commit(Transaction *transaction);
void transaction_done(Transaction *transaction);
