/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Server: what all requests share, and the loop that serves them
 *
 * One thread does everything but the hashing: HTTP, store, long polls. So nothing here needs a
 * lock, and a request sees the store between two others, never in the middle of one. */

#include <microhttpd.h>
#include <stdint.h>

#include "backend/access-log.h"
#include "backend/attempt.h"
#include "backend/authority.h"
#include "backend/hash-pool.h"
#include "backend/misses.h"
#include "backend/model-client.h"
#include "backend/phase.h"
#include "backend/proxy.h"
#include "backend/sms-sender.h"
#include "backend/source.h"
#include "backend/store.h"
#include "backend/waiters.h"

#define SERVER_BODY_MAX 65536           /* bytes of a request body that are read */
#define SERVER_BODY_DISCARD_MAX 1048576 /* beyond this the rest is not even waited for */
#define SERVER_HEADER_MAX 16384         /* request line and headers */
#define SERVER_IDLE_SEC 30              /* a connection without a whole request */
#define SERVER_LONG_POLL_SEC 25         /* highest `wait` */
#define SERVER_STOP_USEC (5 * USEC_PER_SEC)

typedef struct ServerOptions {
        const char *store, *listen, *issuer, *tls_cert, *tls_key,
                *outbox; /* borrowed; the last three may be NULL */
        /* the other ways of text messages (sms-sender.h); one of the three at most */
        const char *sms_command, *sms_hook, *sms_hook_key_file, *sms_hook_ca;
        PhaseRule phase;
        AuthorityFiles authorities; /* of units' certificates; none: no such login */
        int64_t qr_lifetime_sec;
        unsigned n_connections, n_per_address;
        unsigned n_failures_per_source; /* before it is slowed down; 0: never */
        ClientPolicy client_policy;
        const char *metrics;    /* where to listen for GET /metrics; NULL: nowhere */
        const char *access_log; /* as access_log_open() takes it */
        Proxies proxies;        /* whose word on the client's address is taken */
} ServerOptions;

typedef struct Connection Connection;

typedef struct Server {
        const ServerOptions *options;
        char *issuer_capitals;
        Store *store;
        HashPool *pool;
        Attempts *attempts;
        Waiters waiters;
        Misses misses;
        Sources sources;
        AuthorityCache authorities;
        struct MHD_Daemon *daemon, *metrics; /* the second may be NULL */
        AccessLog access_log;
        SmsWay sms_way;
        Secret *sms_key; /* what sms_way.hook_key points to */
        SmsSender *sms;
        Connection *connections;
        size_t n_connections;
        bool resumed; /* an answer waits for the library's next round */
        bool stopping;
} Server;

/** server_run() - serve until SIGTERM or SIGINT. Return: 0, or an error that was told on stderr. */
int server_run(const ServerOptions *options);
