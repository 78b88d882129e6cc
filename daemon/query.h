/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Query: one call that is no login, from the question to the answer
 *
 * Who asks is known from the bus daemon. Root may ask for anybody; a user for himself; a service of the
 * configuration for the logins that were granted to it. The id of a session opens nothing by itself: one
 * that is not the caller's is as unknown to him as one that was never given out. */

#include "daemon/bus/bus.h"
#include "daemon/era.h"
#include "daemon/locks.h"
#include "daemon/platform/probe.h"
#include "daemon/registry.h"

typedef struct Query Query;

/* Called once, deep inside callbacks; the query does nothing any more and is freed from the loop. */
typedef void (*QueryOverFn)(Query *query, void *userdata);
/* Somebody was refused, to be written down with measure. */
typedef void (*QueryRefusedFn)(uid_t uid, const char *why, void *userdata);

/* What all queries share. Borrowed, and there as long as any of them. */
typedef struct QueryHost {
        Registry *registry;
        Locks *locks;
        QueryOverFn over;
        QueryRefusedFn refused;
        /* Fill in what is known of this daemon itself; what is lent is there for the moment. */
        void (*tell)(BusStatus *status, void *userdata);
        /* The logins in progress, at most @n; lent likewise. Return: how many. */
        size_t (*logins)(BusLogin *ret, size_t n, void *userdata);
        void *userdata;
} QueryHost;

/* Of these only .next and .previous are for the manager to write. */
struct Query {
        Query *next, *previous;
        Era *era;
        const QueryHost *host;
        bool is_over;

        BusCall *call;
        BusMember member;
        uid_t uid;
        pid_t pid;
        char *service, *user, *tty, *rhost, *session, *account, *unit, *date; /* NULL where not said */
        char caller[LIMIT_USER_BYTES + 1]; /* name of .uid; "" for root, who needs none */
        bool is_service;

        DirectoryLookup *lookup;
        Grant *grant; /* reference */
        TokenAsk *ask;
        PlatformProbe *probe;
        Request request;
};

/**
 * query_new() - take a call over
 * @call: owned by the query when 0 is returned
 * @caller: copied
 *
 * Return: 0 or -ENOMEM.
 */
int query_new(Era *era, const QueryHost *host, BusCall *call, const BusCaller *caller, Query **ret);

/** query_begin() - go on with it; it may be over when this returns */
void query_begin(Query *query);

/** query_free() - release; whoever still waits is told that nothing is possible; takes NULL */
Query *query_free(Query *query);
