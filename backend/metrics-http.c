/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "backend/metrics-http.h"
#include "backend/metrics.h"

#define METRICS_CONNECTIONS_MAX 8
#define METRICS_IDLE_SEC 10
#define METRICS_HEADER_MAX 8192

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status) {
        static char text[] = "GET /metrics\n";
        struct MHD_Response *response;
        enum MHD_Result result;

        response = MHD_create_response_from_buffer(sizeof(text) - 1, text, MHD_RESPMEM_PERSISTENT);
        if (!response)
                return MHD_NO;
        (void)MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
        if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
                (void)MHD_add_response_header(response, "Allow", "GET, HEAD");
        result = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
        return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version _unused_,
                                  const char *upload_data _unused_, size_t *upload_data_size,
                                  void **con_cls) {
        Server *server = cls;
        const MetricsNow now = { .n_waiting = server->waiters.n,
                                 .n_connections = server->n_connections,
                                 .n_hash_queue = hash_pool_queue(server->pool),
                                 .n_hash_threads = hash_pool_threads(server->pool) };
        struct MHD_Response *response;
        enum MHD_Result result;
        char *text;
        size_t n;

        if (!*con_cls) { /* the headers; an answer may be queued when the whole request is there */
                *con_cls = server;
                return MHD_YES;
        }
        if (*upload_data_size > 0) {
                *upload_data_size = 0;
                return MHD_YES;
        }
        *con_cls = NULL;
        if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
                return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED);
        if (strcmp(url, "/metrics") != 0)
                return refuse(connection, MHD_HTTP_NOT_FOUND);

        if (metrics_print(&now, &text, &n) < 0)
                return MHD_NO;
        response = MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE);
        if (!response) {
                free(text);
                return MHD_NO;
        }
        (void)MHD_add_response_header(response, "Content-Type",
                                      "text/plain; version=0.0.4; charset=utf-8");
        (void)MHD_add_response_header(response, "Cache-Control", "no-store");
        (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
        result = MHD_queue_response(connection, MHD_HTTP_OK, response);
        MHD_destroy_response(response);
        return result;
}

int metrics_http_start(Server *server, int listen_fd, struct MHD_Daemon **ret) {
        struct MHD_Daemon *daemon;

        daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, server, /* */
                                  MHD_OPTION_LISTEN_SOCKET, listen_fd,              /* */
                                  MHD_OPTION_CONNECTION_LIMIT, METRICS_CONNECTIONS_MAX,
                                  MHD_OPTION_CONNECTION_TIMEOUT, METRICS_IDLE_SEC,
                                  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)METRICS_HEADER_MAX,
                                  MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
        if (!daemon)
                return -EINVAL;
        *ret = daemon;
        return 0;
}
