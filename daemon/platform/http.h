/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Http: single exchanges over kept connections, on the event loop
 *
 * One Http a daemon (libcurl's multi interface), one HttpExchange a question. Only https is ever
 * spoken, with the one CA file of the configuration; redirects, proxies and files of the
 * environment do not exist. Whatever the other side does, an exchange ends within its time and 64
 * KiB. */

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "lib/common/secret.h"
#include "lib/common/util.h"

typedef struct Http Http;
typedef struct HttpExchange HttpExchange;

/* Whether exchanges share a connection. What is not to be lost goes apart: libcurl 7.88 fails some
 * requests over HTTP/2 when the server answers before it has read them whole (measured: 2-4 %). */
typedef enum HttpSharing {
        HTTP_APART,    /* HTTP/1.1: one exchange at a time on each connection */
        HTTP_TOGETHER, /* HTTP/2 where the server has it, many at once on one connection; else apart */
} HttpSharing;

/* Copied by http_new(). */
typedef struct HttpConfig {
        HttpSharing sharing;
        const char *ca_file;
        const char *unix_socket; /* NULL: TCP */
        const char *proxy;       /* NULL: none */
        uint64_t connect_timeout_usec;
} HttpConfig;

typedef struct HttpRequest {
        const char *uri;             /* borrowed for the call */
        Secret *body;                /* form; taken over in every case; NULL: GET */
        const Secret *authorization; /* a whole header line, borrowed for the call; NULL: none */
        uint64_t timeout_usec;       /* until the last byte of the answer */
        bool inspect;                /* by a connection of its own; the answer tells of the server itself */
} HttpRequest;

/* What is wrong with an answer before anybody has looked into it. */
typedef enum HttpFault {
        HTTP_FAULT_NONE,   /* status 200 or 4xx, complete, JSON by its own account */
        HTTP_FAULT_AWAY,   /* not reached, not trusted, not in time, cut off, 429 or 5xx */
        HTTP_FAULT_BROKEN, /* any other status or type, no length told, or too long */
} HttpFault;

/* Borrowed for the call of the function. */
typedef struct HttpAnswer {
        HttpFault fault;
        const char *why; /* for the log; NULL without fault */
        long status;     /* 0 if there was none */
        const char *body;
        size_t n_body;
        bool is_untrusted; /* HTTP_FAULT_AWAY, as its certificate or its TLS is none to trust */
        /* Of a request with .inspect, seconds since 1970: when the certificate ends, and what time the server has;
         * 0 where not told. */
        int64_t expires_sec, date_sec;
} HttpAnswer;

/* Called once, from the event loop, never from inside http_exchange_new(). May free the exchange,
 * and free and begin others; must not free the Http. */
typedef void (*HttpAnswerFn)(HttpExchange *exchange, const HttpAnswer *answer, void *userdata);

int http_new(sd_event *event, const HttpConfig *config, Http **ret);
/** http_new_beside() - another to the same server, with connections of its own. Return: as http_new(). */
int http_new_beside(const Http *http, HttpSharing sharing, Http **ret);
/** http_load() - how many exchanges are under way */
size_t http_load(const Http *http);
/** http_free() - all exchanges must have been freed; takes NULL */
Http *http_free(Http *http);
DEFINE_CLEANUP(Http, http_free)

/** http_exchange_new() - begin. Return: 0, -ENOMEM or -EIO. */
int http_exchange_new(Http *http, const HttpRequest *request, HttpAnswerFn fn, void *userdata,
                      HttpExchange **ret);
/** http_exchange_free() - release, and cancel if it is under way; takes NULL */
HttpExchange *http_exchange_free(HttpExchange *exchange);
DEFINE_CLEANUP(HttpExchange, http_exchange_free)
