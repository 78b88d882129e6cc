/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "backend/clock.h"
#include "backend/http-answer.h"
#include "backend/http-auth.h"
#include "backend/http.h"
#include "backend/metrics.h"
#include "backend/routes.h"
#include "backend/web.h"

static Request *request_free(Request *request) {
        if (request) {
                form_done(&request->form);
                (void)secret_free(request->body);
                (void)secret_free(request->answer);
                (void)secret_free(request->auth_session);
                explicit_bzero(request, sizeof(*request));
                free(request);
        }
        return NULL;
}

DEFINE_CLEANUP(Request, request_free)

/* The path as the library decoded it, put into the form in which it may stand in a link. */
static void path_encode(const char *path, char *ret, size_t n_max) {
        static const char digits[] = "0123456789ABCDEF",
                          plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789-._~/";
        size_t n = 0;

        for (; *path; path++) {
                unsigned char c = (unsigned char)*path;

                if (n + 3 > n_max) {
                        n = 0;
                        break;
                }
                if (strchr(plain, c))
                        ret[n++] = *path;
                else {
                        ret[n++] = '%';
                        ret[n++] = digits[c >> 4];
                        ret[n++] = digits[c & 15];
                }
        }
        ret[n] = '\0';
}

static int request_new(Server *server, struct MHD_Connection *connection, const char *method,
                       const char *url, Request **ret) {
        _cleanup_(request_freep) Request *request = NULL;

        request = calloc(1, sizeof(*request));
        if (!request)
                return -ENOMEM;

        request->server = server;
        request->connection = connection;
        request->begun_usec = clock_boot_usec();
        request->method = strcmp(method, "GET") == 0    ? "GET"
                          : strcmp(method, "POST") == 0 ? "POST"
                                                        : "other";
        request->route = route_find(method, url, request->parameter, &request->allow);
        path_encode(url, request->path, REQUEST_PATH_BYTES);
        *ret = TAKE_PTR(request);
        return 0;
}

const char *request_field(const Request *request, const char *name) {
        const char *value = form_get(&request->form, name);

        return value && value[0] != '\0' ? value : NULL;
}

int request_field_max(const Request *request, const char *name, size_t n_max, const char **ret) {
        const char *value = request_field(request, name);

        if (value && strlen(value) > n_max)
                return -EINVAL;
        *ret = value;
        return 0;
}

const char *request_argument(const Request *request, const char *name) {
        const char *value = MHD_lookup_connection_value(request->connection,
                                                        MHD_GET_ARGUMENT_KIND, name);

        return value && value[0] != '\0' ? value : NULL;
}

const char *request_header(const Request *request, const char *name) {
        return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *request_cookie(const Request *request, const char *name) {
        const char *value = MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, name);

        return value && value[0] != '\0' ? value : NULL;
}

Phase request_phase(const Request *request) {
        return phase_at(&request->server->options->phase, request->now);
}

/* The declared length of the body; 0 when it is chunked or there is none. */
static unsigned long long declared_bytes(struct MHD_Connection *connection) {
        const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                        "Content-Length");

        return value ? strtoull(value, NULL, 10) : 0;
}

typedef struct Framing {
        unsigned n_lengths, n_codings;
} Framing;

static enum MHD_Result framing_count(void *cls, enum MHD_ValueKind kind _unused_, const char *name,
                                     const char *value _unused_) {
        Framing *framing = cls;

        framing->n_lengths += strcasecmp(name, "Content-Length") == 0;
        framing->n_codings += strcasecmp(name, "Transfer-Encoding") == 0;
        return MHD_YES;
}

/* RFC 9112 section 6.3: a body that ends in two places. The library takes the first length, or the
 * chunks; a proxy in front of us may take the other, and what is left over would be read as the
 * request of somebody else. */
static bool body_ends_once(struct MHD_Connection *connection) {
        Framing framing = {};

        (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, framing_count, &framing);
        return framing.n_lengths + framing.n_codings <= 1;
}

/* Read on beyond the limit, so that the refusal reaches a client that writes before it reads, but
 * not for ever. */
static int body_take(Request *request, const char *data, size_t n) {
        int r;

        request->n_body += n;
        if (request->n_body > SERVER_BODY_DISCARD_MAX)
                return -EMSGSIZE;
        if (request->n_body > SERVER_BODY_MAX)
                request->too_large = true;
        if (request->too_large || !request->route || request->route->body == BODY_IGNORED)
                return 0;

        if (!request->body) {
                unsigned long long n_declared = declared_bytes(request->connection);

                r = secret_new(n_declared > 0 && n_declared <= SERVER_BODY_MAX ? (size_t)n_declared
                                                                               : SERVER_BODY_MAX,
                               &request->body);
                if (r < 0)
                        return r;
        }
        return secret_append(request->body, data, n);
}

static bool is_form(const Request *request) {
        static const char type[] = "application/x-www-form-urlencoded";
        const char *value = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                        "Content-Type");
        size_t n = sizeof(type) - 1;

        return value && strncasecmp(value, type, n) == 0 &&
               (value[n] == '\0' || value[n] == ';' || value[n] == ' ');
}

static void refuse_malformed(Request *request) {
        bool oauth = request->route && request->route->style == STYLE_OAUTH;

        request_refuse(request, MHD_HTTP_BAD_REQUEST, oauth ? "invalid_request" : "bad-request");
}

static bool form_admit(Request *request) {
        if (request->route->body == BODY_IGNORED)
                return true;

        if (request->body &&
            (!is_form(request) || form_decode(TAKE_PTR(request->body), &request->form) != 0)) {
                refuse_malformed(request);
                return false;
        }
        return true;
}

static void request_run(Request *request) {
        request->now = clock_wall_sec();
        web_language(request);

        if (!request->route)
                request_refuse(request,
                               request->allow ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND,
                               request->allow ? "method-not-allowed" : "not-found");
        else if (request->too_large)
                request_refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, "too-large");
        else if (form_admit(request) && auth_admit(request))
                request->route->handle(request);
}

static Connection *connection_of(struct MHD_Connection *connection) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(
                connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

        return info ? info->socket_context : NULL;
}

static void connection_idle_since(struct MHD_Connection *connection, uint64_t usec) {
        Connection *own = connection_of(connection);

        if (own)
                own->idle_since_usec = usec;
}

static enum MHD_Result request_begin(Server *server, struct MHD_Connection *connection,
                                     const char *url, const char *method, void **con_cls) {
        Request *request = NULL;

        if (request_new(server, connection, method, url, &request) < 0)
                return MHD_NO;
        *con_cls = request;

        if (!body_ends_once(connection)) {
                request->closes = true;
                refuse_malformed(request);
                return http_answer_queue(request);
        }
        if (declared_bytes(connection) > SERVER_BODY_DISCARD_MAX) {
                request_refuse(request, MHD_HTTP_CONTENT_TOO_LARGE, "too-large");
                return http_answer_queue(request);
        }
        return MHD_YES;
}

enum MHD_Result http_on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version _unused_,
                                const char *upload_data, size_t *upload_data_size, void **con_cls) {
        Request *request = *con_cls;

        if (!request)
                return request_begin(cls, connection, url, method, con_cls);

        if (*upload_data_size > 0) {
                int r = body_take(request, upload_data, *upload_data_size);

                /* The library's buffer is ours to read only, but it held a password: all of it was
                 * taken, so nobody reads it again. */
                explicit_bzero((char *)(uintptr_t)upload_data, *upload_data_size);
                *upload_data_size = 0;
                return r < 0 ? MHD_NO : MHD_YES;
        }

        if (!request->answered) {
                connection_idle_since(connection, USEC_INFINITY);
                request_run(request);
        }
        if (!request->answered) {
                request->suspended = true;
                MHD_suspend_connection(connection);
                return MHD_YES;
        }
        return http_answer_queue(request);
}

/* A request that is over, in the log and in the numbers. */
static void request_note(const Request *request, const char *note) {
        uint64_t usec = clock_boot_usec() - request->begun_usec;
        const char *route = request->route ? request->route->template : "-";
        unsigned status = request->queued ? request->status : 0;
        char peer[PROXY_ADDRESS_BYTES];

        request_peer(request, peer, sizeof(peer));
        access_log_write(&request->server->access_log, request->method, route, status, usec,
                         request->client_id, peer, note);
        metrics_request(request->method, route, status);
        metrics_time(request->waiter.wake ? METRIC_TIME_HELD : METRIC_TIME_REQUEST, usec);
}

void http_on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                       enum MHD_RequestTerminationCode toe) {
        Server *server = cls;
        Request *request = *con_cls;

        connection_idle_since(connection, clock_boot_usec());
        if (!request)
                return;

        waiters_remove(&server->waiters, &request->waiter);
        request_note(request, toe == MHD_REQUEST_TERMINATED_COMPLETED_OK ? NULL : "cut");
        *con_cls = request_free(request);
}

void http_on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                        enum MHD_ConnectionNotificationCode toe) {
        Server *server = cls;

        if (toe == MHD_CONNECTION_NOTIFY_STARTED) {
                const union MHD_ConnectionInfo *info = MHD_get_connection_info(
                        connection, MHD_CONNECTION_INFO_CONNECTION_FD);
                Connection *own = calloc(1, sizeof(*own));

                *socket_context = own;
                if (!own)
                        return;
                own->fd = info ? info->connect_fd : -1;
                own->idle_since_usec = clock_boot_usec();
                own->next = server->connections;
                if (own->next)
                        own->next->previous = own;
                server->connections = own;
                server->n_connections++;
        } else {
                Connection *own = *socket_context;

                if (!own)
                        return;
                if (own->previous)
                        own->previous->next = own->next;
                else
                        server->connections = own->next;
                if (own->next)
                        own->next->previous = own->previous;
                server->n_connections--;
                free(own);
                *socket_context = NULL;
        }
}

void http_close_idle(Server *server, uint64_t now_usec) {
        for (Connection *i = server->connections; i; i = i->next)
                /* the library closes what ends; closing its descriptor under it would hand the
                 * number to the next */
                if (i->fd >= 0 && i->idle_since_usec != USEC_INFINITY &&
                    i->idle_since_usec + SERVER_IDLE_SEC * USEC_PER_SEC <= now_usec)
                        (void)shutdown(i->fd, SHUT_RDWR);
}
