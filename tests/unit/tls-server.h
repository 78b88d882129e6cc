/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* TlsServer: a platform that misbehaves on order
 *
 * A TLS server on a loopback port of its own, in threads of the test process. It answers from a table:
 * the n-th request for a path gets the n-th row of that path, the last row of a path goes on for ever. Certificates
 * are made when it starts; nothing is on disk but the CA file. "@" in headers and bodies stands for the
 * server's own address. */

#include <stddef.h>
#include <stdint.h>

#include "lib/common/util.h"

typedef enum ServerCert {
        CERT_GOOD,        /* localhost, by the CA that the client knows */
        CERT_WRONG_HOST,  /* another name */
        CERT_NAME_IN_CN,  /* localhost in the subject only, another name among the alternatives */
        CERT_SELF_SIGNED, /* localhost, by itself */
        CERT_UNKNOWN_CA,  /* localhost, by another CA of the same name */
        CERT_EXPIRED,
        CERT_NOT_YET,
        CERT_OLD_TLS,     /* a good certificate, but nothing above TLS 1.1 */
} ServerCert;

typedef enum AnswerHow {
        ANSWER_WHOLE,      /* with Content-Length */
        ANSWER_CHUNKED,
        ANSWER_NO_LENGTH,  /* ends with the connection, orderly */
        ANSWER_CUT,        /* the same, but the connection ends without close_notify in mid-body */
        ANSWER_SHORT,      /* half of what Content-Length says, then an orderly end */
        ANSWER_RESET,      /* half of it, then a reset */
        ANSWER_NONE,       /* reads the request, says nothing, ends the connection */
        ANSWER_SILENCE,    /* reads the request, says nothing, stays */
        ANSWER_DRIP,       /* a byte of header every 20 ms, without an end */
        ANSWER_ENDLESS,    /* chunks without an end */
        ANSWER_HEADERS,    /* header lines without an end */
        ANSWER_CONTINUES,  /* "100 Continue" without an end */
        ANSWER_GARBAGE,    /* no HTTP at all */
        ANSWER_LATE,       /* whole, .delay_msec after the request */
        ANSWER_CHANGED,    /* whole, as soon as tls_server_change() is called */
} AnswerHow;

/* An empty path ends a table; an empty type means application/json. */
typedef struct ServerAnswer {
        const char *path;
        AnswerHow how;
        int status; /* 0: 200 */
        const char *body;
        const char *type;
        const char *headers; /* lines, each with its end */
        unsigned delay_msec;
} ServerAnswer;

typedef struct TlsServer TlsServer;

/**
 * tls_server_new() - start it
 * @first, @then: tables, each up to an empty path; a path that @first has is not looked for in @then
 *
 * Ends the test when it cannot. Everything is borrowed.
 */
TlsServer *tls_server_new(ServerCert cert, const ServerAnswer *first, const ServerAnswer *then);
TlsServer *tls_server_free(TlsServer *server);
DEFINE_CLEANUP(TlsServer, tls_server_free)

/** tls_server_address() - "https://localhost:PORT" */
const char *tls_server_address(const TlsServer *server);
/** tls_server_ca_file() - path of the CA file */
const char *tls_server_ca_file(const TlsServer *server);
/** tls_server_requests() - how many requests for @path came in whole; NULL: for any */
unsigned tls_server_requests(TlsServer *server, const char *path);
/** tls_server_connections() - how many connections were accepted */
unsigned tls_server_connections(TlsServer *server);
/** tls_server_last() - the last request for @path, header and body; for free(); NULL if there was none */
char *tls_server_last(TlsServer *server, const char *path);
/** tls_server_bytes() - application bytes received, whole requests or not */
size_t tls_server_bytes(TlsServer *server);
/** tls_server_change() - let answers of ANSWER_CHANGED go */
void tls_server_change(TlsServer *server);
