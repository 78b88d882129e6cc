/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HTTP: a request from its first byte to its line in the access log
 *
 * The body is read whole before anything is answered, into a Secret. Then the route's handler runs.
 * It answers by one of the request_*() functions, now or later: a handler that returns without an
 * answer leaves the request suspended until somebody calls one of them. */

#include <microhttpd.h>

#include "backend/attempt.h"
#include "backend/model-account.h"
#include "backend/model-device.h"
#include "backend/model-session.h"
#include "backend/model-unit.h"
#include "backend/model-web.h"
#include "backend/server.h"
#include "backend/waiters.h"
#include "lib/common/form.h"
#include "lib/common/secret.h"
#include "lib/wire/wire.h"

#define REQUEST_PARAMETER_BYTES 64
#define REQUEST_PATH_BYTES 255
#define REQUEST_LOCATION_BYTES 1023

typedef struct Request Request;

typedef enum ErrorStyle {
        STYLE_OAUTH,   /* {"error": WORD} */
        STYLE_PROBLEM, /* RFC 9457 */
        STYLE_PAGE,
} ErrorStyle;

typedef enum Access {
        ACCESS_OPEN,
        ACCESS_CLIENT,      /* client authentication; fills client_id */
        ACCESS_TOKEN,       /* any access token, a unit's too; fills token and client_id */
        ACCESS_WORKSTATION, /* a person's token that is not the app's */
        ACCESS_APP,         /* a person's token of the app */
        /* pages for people: every page knows whose browser it is (request->web), and whoever it is
         * may see an ACCESS_OPEN one */
        ACCESS_VISITOR, /* POST: a form of ours, by session, csrf and origin; else 403 */
        ACCESS_PERSON,  /* somebody is logged in: a GET without goes to /login, a POST is checked as
                         * above and refused */
} Access;

typedef enum BodyKind {
        BODY_IGNORED,
        BODY_FORM,
} BodyKind;

typedef struct Route {
        const char *method;
        const char *path;     /* a '*' stands for one segment, the request's parameter */
        const char *template; /* for the log */
        ErrorStyle style;
        Access access;
        BodyKind body;
        void (*handle)(Request *request);
} Route;

struct Request {
        Server *server;
        struct MHD_Connection *connection;
        const Route *route; /* NULL: no such path, or not by this method */
        const char *allow;  /* the path exists, for this method */
        const char *method; /* for the log */
        char parameter[REQUEST_PARAMETER_BYTES + 1];
        char path[REQUEST_PATH_BYTES + 1]; /* as in an address, %-encoded; "" when too long */
        Secret *body;
        Form form;
        size_t n_body;
        bool too_large;
        uint64_t begun_usec;
        int64_t now; /* seconds since 1970, when the handler began */

        char client_id[LIMIT_CLIENT_ID_BYTES + 1];
        TokenRow token;

        /* of a route in STYLE_PAGE, filled in before its handler runs */
        WebSession web;
        bool english, language_set; /* the answer remembers the language */

        /* what handlers keep between the parts of a request */
        Attempt attempt;
        AccountRow account;
        UnitRow unit;
        HashJob job;
        Waiter waiter;
        char source[SOURCE_BYTES + 1];
        Secret *auth_session; /* as sent; owned */

        /* the answer */
        bool answered, suspended, queued;
        bool closes; /* nothing may follow on this connection */
        unsigned status;
        const char *content_type;
        Secret *answer;
        const void *static_answer; /* instead of it */
        size_t n_static_answer;
        char location[REQUEST_LOCATION_BYTES + 1]; /* "": no such header */
        char etag[32];                             /* the same */
        bool immutable;                            /* under this address, for ever */
        unsigned retry_after_sec; /* 0: no such header */
};

/** request_field() - a field of the form; NULL when it is absent or empty */
const char *request_field(const Request *request, const char *name);

/** request_field_max() - the same, and whether it is within @n_max bytes. Return: 0 or -EINVAL. */
int request_field_max(const Request *request, const char *name, size_t n_max, const char **ret);

/** request_argument() - what stands behind '?' under this name; NULL when it is absent or empty */
const char *request_argument(const Request *request, const char *name);

/** request_peer() - the other side's address as text, "unix" on a Unix socket; behind a trusted proxy
 * that of the client it names. PROXY_ADDRESS_BYTES are enough. */
void request_peer(const Request *request, char *ret, size_t n);
/** request_header() - NULL when it is absent */
const char *request_header(const Request *request, const char *name);
/** request_cookie() - the value of a cookie; NULL when it is absent or empty */
const char *request_cookie(const Request *request, const char *name);

/** request_phase() - the phase of the roll-out at this moment */
Phase request_phase(const Request *request);

/* The answers. Each may be called once a request; a second call has no effect. */

/** request_json() - @json is consumed; NULL stands for a failed encoding and becomes 503 */
void request_json(Request *request, unsigned status, Secret *json);
void request_literal(Request *request, unsigned status, const char *json);
/** request_html() - a page under the strictest policy, with the browser's cookies; @html is
 * consumed, NULL as above */
void request_html(Request *request, unsigned status, Secret *html);
/** request_static() - @data lives as long as the program; NULL for an answer without a body */
void request_static(Request *request, unsigned status, const char *content_type, const void *data,
                    size_t n);
/** request_refuse() - an error in the route's own style. @word: RFC 6749 error, or last word of a
 * problem type. */
void request_refuse(Request *request, unsigned status, const char *word);
/** request_problem() - @problem->type holds the last word and is replaced by the whole address */
void request_problem(Request *request, unsigned status, const WireProblem *problem);
/** request_fail() - the store or something else of ours failed with -errno: logged, answered 503 */
void request_fail(Request *request, int error);
void request_busy(Request *request);

/* For server.c: the callbacks of libmicrohttpd, @cls is the Server. */
enum MHD_Result http_on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload_data,
                                size_t *upload_data_size, void **con_cls);
void http_on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                       enum MHD_RequestTerminationCode toe);

/* A connection, for the bound on how long it may be open without a whole request. */
struct Connection {
        Connection *previous, *next;
        uint64_t idle_since_usec; /* USEC_INFINITY while a request is being worked on */
        int fd;
};
void http_on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                        enum MHD_ConnectionNotificationCode toe);
/** http_close_idle() - shut connections that have not brought a whole request for
 * SERVER_IDLE_SEC */
void http_close_idle(Server *server, uint64_t now_usec);
