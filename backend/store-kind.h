/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Store kind: what a database has to do to be a store
 *
 * store.c keeps the rules of store.h that are the same for all (one statement for each literal, in
 * use once; parameters counted; transactions that do not nest); the rest is behind this table. Only
 * files called store-* include it. */

#include "backend/store.h"

#define STATEMENTS_MAX 512
#define PARAMETERS_MAX 32

typedef struct StoreKind StoreKind;

/* A parameter as it was given; text is borrowed until query() returns. */
typedef struct Parameter {
        char type; /* 't' or 'i' */
        const char *text;
        int64_t number;
} Parameter;

struct Statement {
        Store *store;    /* borrowed */
        const char *sql; /* address of the literal; the key */
        size_t n_parameters;
        bool busy;
        void *handle;        /* the kind's: what stays from one use to the next */
        void *result;        /* the kind's: what belongs to this use */
        int row;             /* the kind's: place in the result */
        uint64_t generation; /* the kind's: of the connection that knows the handle */
};

/* The kind's own struct begins with this one. */
struct Store {
        const StoreKind *kind;
        Statement statements[STATEMENTS_MAX];
        size_t n_statements;
        bool in_transaction;
};

struct StoreKind {
        void (*close)(Store *store); /* statements are forgotten already; frees it */
        /* begin a statement with its parameters; makes statement->handle at its first use */
        int (*query)(Statement *statement, const Parameter *parameters);
        int (*next)(Statement *statement);
        const char *(*text)(Statement *statement, int column);
        int64_t (*number)(Statement *statement, int column);
        void (*reset)(Statement *statement);  /* the end of a use */
        void (*forget)(Statement *statement); /* the end of the handle */
        int64_t (*changes)(Store *store);
        int (*begin)(Store *store);
        int (*commit)(Store *store);
        void (*rollback)(Store *store); /* also of what failed to begin or to commit */
        int (*tell)(Store *store, const char *hash);
        int (*fd)(Store *store);
        int (*next_change)(Store *store, char *ret_hash);
        int (*settle)(Store *store);
};

int store_sqlite_open(const char *path, Store **ret);
int store_postgres_open(const char *uri, Store **ret);

typedef struct Word {
        const char *from, *to;
} Word;

/** store_translate() - @sql with the words of a table (up to n_words) replaced; none may become more
 * than four times as long. Return: 0, -ENOMEM. */
int store_translate(const char *sql, const Word *words, size_t n_words, char **ret);
