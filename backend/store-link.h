/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Store link: the connection to a PostgreSQL server, every wait on it bounded
 *
 * The server ends a statement or a wait for a lock after STORE_BUSY_MSEC by itself; a server that
 * does not even do that is left (LINK_PATIENCE_MSEC). A link that was lost is made again by
 * link_prepare(), at most once a second. Errors come as the store's: see error_from_state(). */

#include <libpq-fe.h>
#include <stdint.h>

#include "lib/common/util.h"

#define LINK_PATIENCE_MSEC 7000
#define LINK_CHANNEL "itax_login" /* where changes of QR logins are told */

typedef struct Link {
        const char *uri; /* owned by the caller, as long as the link */
        PGconn *handle;  /* NULL while there is none */
        uint64_t generation; /* of the connection: prepared statements go with it */
        uint64_t retry_usec; /* CLOCK_BOOTTIME; not before this is another one tried */
        bool anew;   /* connected since this was last cleared; something may have been missed */
        bool silent; /* the loss was reported */
} Link;

/** link_open() - the first connection. Return: 0, STORE_E_ADDRESS, STORE_E_ENCODING, -errno. */
int link_open(Link *link, const char *uri);
void link_close(Link *link);

/** link_prepare() - have a connection; makes one if there is none. Return: 0, or -EBUSY. */
int link_prepare(Link *link);

/** link_is_lost() - is the connection of no use any more? */
bool link_is_lost(const Link *link);

/** link_drop() - leave a connection that is lost, or whose state is not known; says so once */
void link_drop(Link *link);

/**
 * link_result() - wait for the answer to what was just sent
 * @sent: what the PQsend function returned
 * @msec: patience, or LINK_PATIENCE_MSEC
 * @ret: the last result; NULL when nothing is wanted. To be freed by result_free().
 *
 * Return: 0, -EEXIST for a constraint, -EPIPE for a lost connection (which is dropped), or another
 * error of the store.
 */
int link_result(Link *link, int sent, int msec, PGresult **ret);

/** link_run() - statements without parameters, in one message */
int link_run(Link *link, const char *sql, int msec);

/** result_free() - erases the values first; takes NULL. Return: NULL. */
PGresult *result_free(PGresult *result);
DEFINE_CLEANUP(PGresult, result_free)
