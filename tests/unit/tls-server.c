/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* TlsServer: a thread that accepts, and one a connection. All that tests ask about stands behind one lock. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "tests/unit/certificate.h"
#include "tests/unit/tls-server.h"

#define CONNECTIONS_MAX 256
#define REQUESTS_MAX 1024
#define REQUEST_BYTES 32768
#define PATH_BYTES 128

typedef struct Served {
        char path[PATH_BYTES];
        char *text;
} Served;

struct TlsServer {
        const ServerAnswer *first, *then;
        SSL_CTX *ssl;
        int listener, stop; /* eventfds: readable for ever once set */
        int change;
        char address[64];
        char ca_file[64];
        pthread_t acceptor;

        pthread_mutex_t lock;
        pthread_t threads[CONNECTIONS_MAX];
        unsigned n_threads;
        Served served[REQUESTS_MAX];
        unsigned n_served;
        size_t n_bytes;
};

typedef struct Connection {
        TlsServer *server;
        int fd;
        SSL *ssl;
} Connection;

static const ServerAnswer *find_in(const ServerAnswer *table, const char *path, unsigned n_before) {
        const ServerAnswer *found = NULL;

        for (const ServerAnswer *row = table; row && row->path; row++)
                if (strcmp(row->path, path) == 0) {
                        found = row;
                        if (n_before-- == 0)
                                break;
                }
        return found;
}

static unsigned count_served(const TlsServer *server, const char *path) {
        unsigned n = 0;

        for (unsigned i = 0; i < server->n_served; i++)
                n += !path || strcmp(server->served[i].path, path) == 0;
        return n;
}

static const ServerAnswer *serve(TlsServer *server, const char *path, const char *text) {
        const ServerAnswer *row;
        unsigned n_before;

        (void)pthread_mutex_lock(&server->lock);
        n_before = count_served(server, path);
        row = find_in(server->first, path, n_before);
        if (!row)
                row = find_in(server->then, path, n_before);
        if (server->n_served < REQUESTS_MAX) {
                Served *served = &server->served[server->n_served++];

                (void)snprintf(served->path, sizeof(served->path), "%s", path);
                served->text = strdup(text);
        }
        (void)pthread_mutex_unlock(&server->lock);
        return row;
}

/* Waits until there is something on @fd. Return: false when it is to stop, or after @msec. */
static bool wait_for(const Connection *connection, int fd, short events, int msec) {
        struct pollfd fds[] = { { connection->server->stop, POLLIN, 0 }, { fd, events, 0 } };

        return poll(fds, 2, msec) > 0 && !fds[0].revents && fds[1].revents;
}

static bool send_bytes(const Connection *connection, const char *bytes, size_t n) {
        while (n > 0) {
                int done = SSL_write(connection->ssl, bytes, n < 4096 ? (int)n : 4096);

                if (done > 0) {
                        bytes += done;
                        n -= (size_t)done;
                } else if (SSL_get_error(connection->ssl, done) != SSL_ERROR_WANT_WRITE ||
                           !wait_for(connection, connection->fd, POLLOUT, 10000))
                        return false;
        }
        return true;
}

static bool send_text(const Connection *connection, const char *text) {
        return send_bytes(connection, text, strlen(text));
}

/* @text with the server's address in the place of each '@'. */
static char *expand(const TlsServer *server, const char *text) {
        size_t n = strlen(text) + 1, n_address = strlen(server->address);
        char *expanded, *to;

        for (const char *p = text; (p = strchr(p, '@')); p++)
                n += n_address;
        to = expanded = malloc(n);
        for (const char *p = text; *p; p++)
                if (*p == '@')
                        to = stpcpy(to, server->address);
                else
                        *to++ = *p;
        *to = '\0';
        return expanded;
}

static bool send_head(const Connection *connection, const ServerAnswer *row, const char *framing) {
        _cleanup_(freep) char *headers = expand(connection->server, row->headers ? row->headers : "");
        char head[2048];

        (void)snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Type: %s\r\n%s%s\r\n",
                       row->status ? row->status : 200, row->type ? row->type : "application/json", headers,
                       framing);
        return send_text(connection, head);
}

static bool send_whole(const Connection *connection, const ServerAnswer *row, const char *body) {
        char framing[64];

        if (row->status == 204)
                framing[0] = '\0';
        else
                (void)snprintf(framing, sizeof(framing), "Content-Length: %zu\r\n", strlen(body));
        return send_head(connection, row, framing) && send_text(connection, body);
}

static bool send_half(const Connection *connection, const ServerAnswer *row, const char *body) {
        char framing[64];

        (void)snprintf(framing, sizeof(framing), "Content-Length: %zu\r\n", strlen(body));
        return send_head(connection, row, framing) && send_bytes(connection, body, strlen(body) / 2);
}

static bool send_chunked(const Connection *connection, const ServerAnswer *row, const char *body) {
        char size[32];

        (void)snprintf(size, sizeof(size), "%zx\r\n", strlen(body));
        return send_head(connection, row, "Transfer-Encoding: chunked\r\n") && send_text(connection, size) &&
               send_text(connection, body) && send_text(connection, "\r\n0\r\n\r\n");
}

/* Again and again until the client has enough or @n times. */
static void send_many(const Connection *connection, const char *text, unsigned n) {
        while (n-- > 0 && send_text(connection, text) && !wait_for(connection, connection->server->stop, POLLIN, 0))
                ;
}

static void send_endless(const Connection *connection, const ServerAnswer *row) {
        char chunk[4096 + 16];
        size_t n = (size_t)sprintf(chunk, "1000\r\n");

        memset(chunk + n, ' ', 4096);
        strcpy(chunk + n + 4096, "\r\n");
        if (send_head(connection, row, "Transfer-Encoding: chunked\r\n"))
                send_many(connection, chunk, 4096); /* 16 MiB */
}

static void send_drip(const Connection *connection) {
        bool going = send_text(connection, "HTTP/1.1 200 OK\r\nX: ");

        for (int i = 0; i < 1000 && going; i++) {
                (void)wait_for(connection, -1, 0, 20);
                going = send_text(connection, "x");
        }
}

static void end_with_reset(const Connection *connection) {
        const struct linger linger = { .l_onoff = 1, .l_linger = 0 };

        (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void end_in_order(const Connection *connection) {
        (void)SSL_shutdown(connection->ssl);
}

/* Return: true when the connection stays for the next request. */
static bool answer(const Connection *connection, const ServerAnswer *row) {
        _cleanup_(freep) char *body = expand(connection->server, row->body ? row->body : "");

        switch (row->how) {
        case ANSWER_WHOLE:
                return send_whole(connection, row, body);
        case ANSWER_CHUNKED:
                return send_chunked(connection, row, body);
        case ANSWER_NO_LENGTH:
                (void)(send_head(connection, row, "Connection: close\r\n") && send_text(connection, body));
                end_in_order(connection);
                return false;
        case ANSWER_CUT:
                (void)(send_head(connection, row, "Connection: close\r\n") &&
                       send_bytes(connection, body, strlen(body) / 2));
                return false;
        case ANSWER_SHORT:
                (void)send_half(connection, row, body);
                end_in_order(connection);
                return false;
        case ANSWER_RESET:
                (void)send_half(connection, row, body);
                end_with_reset(connection);
                return false;
        case ANSWER_NONE:
                end_in_order(connection);
                return false;
        case ANSWER_SILENCE:
                (void)wait_for(connection, connection->fd, POLLIN, 20000);
                return false;
        case ANSWER_DRIP:
                send_drip(connection);
                return false;
        case ANSWER_ENDLESS:
                send_endless(connection, row);
                return false;
        case ANSWER_HEADERS:
                if (send_text(connection, "HTTP/1.1 200 OK\r\n"))
                        send_many(connection, "X-Padding: 0123456789012345678901234567890123456789\r\n", 1000000);
                return false;
        case ANSWER_CONTINUES:
                send_many(connection, "HTTP/1.1 100 Continue\r\n\r\n", 1000000);
                return false;
        case ANSWER_GARBAGE:
                (void)send_text(connection, "\x05\x01\x02 what is HTTP?\r\n\r\n");
                end_in_order(connection);
                return false;
        case ANSWER_LATE:
                (void)wait_for(connection, -1, 0, (int)row->delay_msec);
                return send_whole(connection, row, body);
        case ANSWER_CHANGED:
                return wait_for(connection, connection->server->change, POLLIN, 20000) &&
                       send_whole(connection, row, body);
        }
        return false;
}

static size_t body_size(const char *text) {
        const char *header = strcasestr(text, "\r\nContent-Length:");

        return header ? (size_t)strtoul(header + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

/* Reads one request into @text. Return: false at the end of the connection. */
static bool receive(const Connection *connection, char text[REQUEST_BYTES]) {
        size_t n = 0;

        for (;;) {
                const char *end;
                int got;

                text[n] = '\0';
                end = strstr(text, "\r\n\r\n");
                if (end && n >= (size_t)(end + 4 - text) + body_size(text))
                        return true;
                if (n == REQUEST_BYTES - 1)
                        return false;

                got = SSL_read(connection->ssl, text + n, (int)(REQUEST_BYTES - 1 - n));
                if (got > 0) {
                        n += (size_t)got;
                        (void)pthread_mutex_lock(&connection->server->lock);
                        connection->server->n_bytes += (size_t)got;
                        (void)pthread_mutex_unlock(&connection->server->lock);
                } else if (SSL_get_error(connection->ssl, got) != SSL_ERROR_WANT_READ ||
                           !wait_for(connection, connection->fd, POLLIN, 20000))
                        return false;
        }
}

static bool handshake(const Connection *connection) {
        for (;;) {
                int r = SSL_accept(connection->ssl);

                if (r == 1)
                        return true;
                r = SSL_get_error(connection->ssl, r);
                if (r != SSL_ERROR_WANT_READ && r != SSL_ERROR_WANT_WRITE)
                        return false;
                if (!wait_for(connection, connection->fd, r == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, 20000))
                        return false;
        }
}

static void *connection_run(void *userdata) {
        static const ServerAnswer unknown = { .status = 404, .body = "{}", .type = "text/plain" };
        Connection *connection = userdata;
        char *text = malloc(REQUEST_BYTES);
        bool going = handshake(connection);

        while (going && receive(connection, text)) {
                char path[PATH_BYTES] = "";
                const ServerAnswer *row;

                (void)sscanf(text, "%*s %127[^ ?]", path);
                row = serve(connection->server, path, text);
                going = answer(connection, row ? row : &unknown);
        }
        free(text);
        SSL_free(connection->ssl);
        (void)close(connection->fd);
        free(connection);
        return NULL;
}

static void *acceptor_run(void *userdata) {
        TlsServer *server = userdata;
        const int one = 1;

        for (;;) {
                struct pollfd fds[] = { { server->stop, POLLIN, 0 }, { server->listener, POLLIN, 0 } };
                Connection *connection;
                int fd;

                if (poll(fds, 2, -1) < 0 || fds[0].revents)
                        return NULL;
                fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
                if (fd < 0)
                        continue;
                if (server->n_threads == CONNECTIONS_MAX) {
                        (void)close(fd);
                        continue;
                }

                (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
                connection = calloc(1, sizeof(*connection));
                connection->server = server;
                connection->fd = fd;
                connection->ssl = SSL_new(server->ssl);
                (void)SSL_set_fd(connection->ssl, fd);
                (void)pthread_mutex_lock(&server->lock);
                if (pthread_create(&server->threads[server->n_threads], NULL, connection_run, connection) == 0)
                        server->n_threads++;
                (void)pthread_mutex_unlock(&server->lock);
        }
}

static void make_certificate(ServerCert cert, const Certificate *ca, Certificate *ret) {
        enum { DAY = 86400 };
        Certificate other;

        switch (cert) {
        case CERT_GOOD:
        case CERT_OLD_TLS:
                certificate_make("server", "DNS:localhost", ca, -DAY, DAY, ret);
                break;
        case CERT_WRONG_HOST:
                certificate_make("server", "DNS:elsewhere.example", ca, -DAY, DAY, ret);
                break;
        case CERT_NAME_IN_CN:
                certificate_make("localhost", "DNS:elsewhere.example", ca, -DAY, DAY, ret);
                break;
        case CERT_SELF_SIGNED:
                certificate_make("localhost", "DNS:localhost", NULL, -DAY, DAY, ret);
                break;
        case CERT_UNKNOWN_CA:
                certificate_make("itax test CA", NULL, NULL, -DAY, DAY, &other);
                certificate_make("server", "DNS:localhost", &other, -DAY, DAY, ret);
                certificate_done(&other);
                break;
        case CERT_EXPIRED:
                certificate_make("server", "DNS:localhost", ca, -2 * DAY, -DAY, ret);
                break;
        case CERT_NOT_YET:
                certificate_make("server", "DNS:localhost", ca, DAY, 2 * DAY, ret);
                break;
        }
}

static void write_ca_file(TlsServer *server, const Certificate *ca) {
        FILE *file;
        int fd;

        strcpy(server->ca_file, "/tmp/itax-test-ca-XXXXXX");
        fd = mkstemp(server->ca_file);
        assert_true(fd >= 0);
        file = fdopen(fd, "w");
        assert_non_null(file);
        assert_int_equal(PEM_write_X509(file, ca->x509), 1);
        assert_int_equal(fclose(file), 0);
}

static void start_tls(TlsServer *server, ServerCert cert) {
        Certificate ca, own;

        certificate_make("itax test CA", NULL, NULL, -86400, 86400, &ca);
        make_certificate(cert, &ca, &own);
        write_ca_file(server, &ca);

        server->ssl = SSL_CTX_new(TLS_server_method());
        assert_non_null(server->ssl);
        if (cert == CERT_OLD_TLS) {
                SSL_CTX_set_security_level(server->ssl, 0);
                assert_int_equal(SSL_CTX_set_min_proto_version(server->ssl, TLS1_VERSION), 1);
                assert_int_equal(SSL_CTX_set_max_proto_version(server->ssl, TLS1_1_VERSION), 1);
        }
        (void)SSL_CTX_set_mode(server->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        assert_int_equal(SSL_CTX_use_certificate(server->ssl, own.x509), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(server->ssl, own.key), 1);
        certificate_done(&own);
        certificate_done(&ca);
}

static void start_listening(TlsServer *server) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof(address);

        server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(server->listener >= 0);
        assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(server->listener, 128), 0);
        assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &n), 0);
        (void)snprintf(server->address, sizeof(server->address), "https://localhost:%u",
                       ntohs(address.sin_port));
}

TlsServer *tls_server_new(ServerCert cert, const ServerAnswer *first, const ServerAnswer *then) {
        TlsServer *server = calloc(1, sizeof(*server));

        assert_non_null(server);
        server->first = first;
        server->then = then;
        server->stop = eventfd(0, EFD_CLOEXEC);
        server->change = eventfd(0, EFD_CLOEXEC);
        assert_int_equal(pthread_mutex_init(&server->lock, NULL), 0);
        start_tls(server, cert);
        start_listening(server);
        assert_int_equal(pthread_create(&server->acceptor, NULL, acceptor_run, server), 0);
        return server;
}

TlsServer *tls_server_free(TlsServer *server) {
        const uint64_t one = 1;

        if (server) {
                assert_int_equal(write(server->stop, &one, sizeof(one)), sizeof(one));
                (void)pthread_join(server->acceptor, NULL);
                for (unsigned i = 0; i < server->n_threads; i++)
                        (void)pthread_join(server->threads[i], NULL);
                for (unsigned i = 0; i < server->n_served; i++)
                        free(server->served[i].text);
                (void)close(server->listener);
                (void)close(server->stop);
                (void)close(server->change);
                (void)unlink(server->ca_file);
                (void)pthread_mutex_destroy(&server->lock);
                SSL_CTX_free(server->ssl);
                free(server);
        }
        return NULL;
}

const char *tls_server_address(const TlsServer *server) {
        return server->address;
}

const char *tls_server_ca_file(const TlsServer *server) {
        return server->ca_file;
}

unsigned tls_server_requests(TlsServer *server, const char *path) {
        unsigned n;

        (void)pthread_mutex_lock(&server->lock);
        n = count_served(server, path);
        (void)pthread_mutex_unlock(&server->lock);
        return n;
}

unsigned tls_server_connections(TlsServer *server) {
        unsigned n;

        (void)pthread_mutex_lock(&server->lock);
        n = server->n_threads;
        (void)pthread_mutex_unlock(&server->lock);
        return n;
}

char *tls_server_last(TlsServer *server, const char *path) {
        char *text = NULL;

        (void)pthread_mutex_lock(&server->lock);
        for (unsigned i = server->n_served; i > 0 && !text; i--)
                if (strcmp(server->served[i - 1].path, path) == 0)
                        text = strdup(server->served[i - 1].text);
        (void)pthread_mutex_unlock(&server->lock);
        return text;
}

size_t tls_server_bytes(TlsServer *server) {
        size_t n;

        (void)pthread_mutex_lock(&server->lock);
        n = server->n_bytes;
        (void)pthread_mutex_unlock(&server->lock);
        return n;
}

void tls_server_change(TlsServer *server) {
        const uint64_t one = 1;

        assert_int_equal(write(server->change, &one, sizeof(one)), sizeof(one));
}
