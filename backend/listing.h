/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Listing: rows of the store on standard output, as columns for people or as JSON (RFC 8259) */

#include "backend/store.h"

typedef enum Format {
        FORMAT_TEXT,
        FORMAT_JSON,
} Format;

typedef enum ColumnKind {
        COLUMN_TEXT,
        COLUMN_MASKED, /* the middle is hidden: mobile and identity numbers */
        COLUMN_TIME,   /* seconds since 1970, 0 for never; local time, in JSON UTC (RFC 3339) */
        COLUMN_NUMBER,
        COLUMN_FLAG, /* yes or no, in JSON a boolean */
        _COLUMN_KIND_MAX,
} ColumnKind;

/* A column of the query, in its order; 16 at most. */
typedef struct Column {
        const char *heading;
        const char *key; /* in JSON; ASCII */
        ColumnKind kind;
} Column;

/* Begins the query. For a table it is called twice, as the widths come before the first line.
 * Return: 0 or -errno. */
typedef int (*ListingQuery)(Store *store, const void *userdata, Statement **ret);

typedef enum ListingShape {
        LISTING_TABLE,  /* headings, then a line a row; in JSON an array */
        LISTING_RECORD, /* the one row, a line a column; in JSON an object */
} ListingShape;

typedef struct Listing {
        const char *key; /* in JSON, where there are several */
        ListingShape shape;
        const Column *columns;
        size_t n_columns;
        ListingQuery query;
        const void *userdata;
} Listing;

/** listing_print() - one behind the other; in JSON, several are members of one object. Return: 0 or
 * -errno. */
int listing_print(Store *store, const Listing *listings, size_t n, Format format);
