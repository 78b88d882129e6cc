/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Chain: records in a file, each of which holds the hash of the one before
 *
 * A record is a line, a JSON object (RFC 8259): "seq" first, then what is told, "previous" and "hash" last.
 * The hash is the SHA-256 (FIPS 180-4) of the line without its member "hash". So a record that was changed,
 * removed or put elsewhere is found; who may write the file can make all later records anew, and for that the
 * newest hash is told to the journal too, where it can be compared (chain_verify(), @head).
 *
 * A line that was cut off by the end of the machine stays; the next record then tells of it ("torn", the
 * hash of what is left of it). */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/common/util.h"

#define CHAIN_HASH_BYTES 64         /* SHA-256 in hexadecimal digits */
#define CHAIN_LINE_BYTES_MAX 16384U /* a longer line is none of ours */

/* The end of a chain. */
typedef struct ChainHead {
        uint64_t seq; /* 0: no record yet */
        char hash[CHAIN_HASH_BYTES + 1];
} ChainHead;

#define CHAIN_HEAD_NONE \
        { .hash = "0000000000000000000000000000000000000000000000000000000000000000" }

/* A member of a record. @name is lower-case letters, digits and '_'. */
typedef struct ChainMember {
        const char *name;
        const char *value; /* UTF-8 without control characters; NULL leaves it out */
} ChainMember;

/**
 * chain_make() - the next record of a chain
 * @head: moved on
 * @ret_line: ends in a newline; owned by the caller
 *
 * Return: 0, -ENOMEM, -EINVAL for a record that would be too long, or -EIO.
 */
int chain_make(ChainHead *head, uint64_t time_msec, const ChainMember *members, size_t n,
               char **ret_line, size_t *ret_n);

/** chain_hash() - of any bytes. Return: 0 or -EIO. */
int chain_hash(const void *data, size_t n, char ret[static CHAIN_HASH_BYTES + 1]);

typedef enum ChainFault {
        CHAIN_WHOLE,
        CHAIN_NO_RECORD, /* a line that is no record, and of which no record tells */
        CHAIN_CHANGED,   /* its hash is that of another text */
        CHAIN_MOVED,     /* it does not follow the record before: removed, or put elsewhere */
        CHAIN_TORN,      /* the last line has no end, and nothing was added since */
        CHAIN_CUT,       /* the records end before the one that is known from elsewhere */
        CHAIN_OTHER,     /* the record that is known from elsewhere is another one here */
        CHAIN_BEGINNING, /* it does not begin with the first record, nor follow the file before it */
        _CHAIN_FAULT_MAX,
} ChainFault;

/* What was found. */
typedef struct ChainFinding {
        ChainFault fault;
        uint64_t line;   /* the first that is wrong, counted from 1 */
        uint64_t n;      /* how many records are good before it */
        uint64_t n_torn; /* lines that were cut off and told of */
        ChainHead first; /* what the first record follows */
        ChainHead last;  /* the last good record */
        bool is_known_older; /* the record that is known stood before the first of this file */
        int64_t n_whole; /* bytes up to the end of the last whole line, whatever stands in it */
} ChainFinding;

/**
 * chain_verify() - read a chain from its beginning
 * @before: the end of the file before this one; NULL: not known
 * @known: a record known from elsewhere, NULL for none
 *
 * Return: 0 when it was read, whatever was found, or a negative errno.
 */
int chain_verify(FILE *file, const ChainHead *before, const ChainHead *known, ChainFinding *ret);

/** chain_record_read() - take one line, without its newline, for a record of the right hash. Return: 0,
 * CHAIN_NO_RECORD, CHAIN_CHANGED, or -EIO. @ret_previous: of the one before; may be NULL. */
int chain_record_read(const char *line, size_t n, ChainHead *ret, char *ret_previous);
