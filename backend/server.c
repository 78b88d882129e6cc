/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The loop: libmicrohttpd's epoll descriptor, the hash pool's eventfd, the signals and the store's
 * connection in one poll(). Once a second it looks whether another process changed a store that
 * does not tell, whether a held request's client has left, and what has idled too long; once a
 * minute it deletes what has expired. */

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "backend/clock.h"
#include "backend/file.h"
#include "backend/http.h"
#include "backend/listen.h"
#include "backend/metrics-http.h"
#include "backend/model-guard.h"
#include "backend/model-web.h"
#include "backend/report.h"
#include "backend/server.h"
#include "backend/sms.h"

#define TICK_USEC USEC_PER_SEC
#define PURGE_USEC (60 * USEC_PER_SEC)
#define CHANGES_MAX 256 /* in one round */
#define PEM_BYTES_MAX 65536
#define FDS_BESIDES 64 /* store, log, signals and what libraries open for a moment */
/* TLS 1.2 with forward secrecy and AEAD, or 1.3; gnutls_priority_init(3) */
#define TLS_PRIORITIES \
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-SHA1:" \
        "-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305"

static void server_done(Server *server) {
        /* the pool ends what it computes, and the answers of that are queued; then no request is
         * held any more */
        server->stopping = true;
        if (server->attempts)
                attempts_close(server->attempts);
        server->pool = hash_pool_free(server->pool);
        waiters_wake(&server->waiters, NULL);
        if (server->daemon)
                MHD_stop_daemon(server->daemon);
        if (server->metrics) { /* the library closes its socket */
                MHD_stop_daemon(server->metrics);
                listen_close(server->options->metrics, -1);
        }
        server->attempts = attempts_free(server->attempts);
        server->sms = sms_sender_free(server->sms);
        server->sms_key = secret_free(server->sms_key);
        server->store = store_close(server->store);
        authority_cache_done(&server->authorities);
        free(server->issuer_capitals);
        access_log_done(&server->access_log);
}

static int issuer_capitals(const char *issuer, char **ret) {
        char *capitals = strdup(issuer);

        if (!capitals)
                return -ENOMEM;
        for (char *p = capitals; *p; p++)
                *p = (char)toupper((unsigned char)*p);
        *ret = capitals;
        return 0;
}

/* As many connections as the options ask for, or as the process may open. */
static unsigned connections_limit(unsigned wanted) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return wanted;
        if (limit.rlim_cur < limit.rlim_max) {
                limit.rlim_cur = limit.rlim_max < wanted + FDS_BESIDES ? limit.rlim_max
                                                                       : wanted + FDS_BESIDES;
                (void)setrlimit(RLIMIT_NOFILE, &limit);
                (void)getrlimit(RLIMIT_NOFILE, &limit);
        }
        if (limit.rlim_cur <= FDS_BESIDES)
                return 1;
        return limit.rlim_cur - FDS_BESIDES < wanted ? (unsigned)(limit.rlim_cur - FDS_BESIDES)
                                                     : wanted;
}

static int server_prepare(Server *server) {
        const ServerOptions *options = server->options;
        int r;

        r = store_open(options->store, &server->store);
        if (r > 0)
                report_event("%s: %s", r == STORE_E_ADDRESS ? "--store" : options->store,
                             store_fault(r));
        if (r != 0)
                return r < 0 ? r : -EINVAL;

        r = web_key_prepare(server->store);
        if (r == 0)
                r = issuer_capitals(options->issuer, &server->issuer_capitals);
        if (r == 0 && getrandom(&server->misses.seed, sizeof(server->misses.seed), 0) < 0)
                r = -errno;
        server->sources.seed = ~server->misses.seed;
        server->sources.burst = options->n_failures_per_source;
        if (r == 0 && options->authorities.roots) {
                Authorities *authorities;

                r = authority_get(&options->authorities, &server->authorities, &authorities);
                if (r < 0)
                        report_event("the authorities of units' certificates cannot be read: PEM,"
                                     " roots with CA:TRUE, at most %d bytes a file",
                                     AUTHORITY_FILE_BYTES_MAX);
        }
        if (r == 0)
                r = hash_pool_new(0, &server->pool);
        if (r == 0)
                r = attempts_new(server->store, server->pool, clock_moment, &server->attempts);
        return r;
}

static int pem_read(const char *path, Secret **ret, int (*read)(const char *, size_t, Secret **)) {
        int r;

        r = read(path, PEM_BYTES_MAX, ret);
        if (r == FILE_E_EXPOSED)
                report_event("%s: must be closed to others (mode 0600 or 0640)", path);
        else if (r > 0)
                report_event("%s: too large", path);
        return r > 0 ? -EINVAL : r;
}

static int sms_start(Server *server) {
        const ServerOptions *options = server->options;
        int r = 0;

        if (options->outbox) {
                r = sms_outbox_check(options->outbox);
                if (r != 0) {
                        report_event("%s: the outbox must be a folder of mode 0700",
                                     options->outbox);
                        return r < 0 ? r : -EINVAL;
                }
        }
        if (options->sms_command && access(options->sms_command, X_OK) < 0) {
                r = -errno;
                report_event("%s: must be a program that can be run", options->sms_command);
                return r;
        }
        if (options->sms_hook_key_file) {
                r = pem_read(options->sms_hook_key_file, &server->sms_key, file_read_secret);
                if (r < 0)
                        return r;
                secret_truncate(server->sms_key, strcspn(secret_text(server->sms_key), "\r\n"));
        }
        server->sms_way = (SmsWay){ .outbox = options->outbox,
                                    .command = options->sms_command,
                                    .hook = options->sms_hook,
                                    .hook_key = secret_text(server->sms_key),
                                    .hook_ca = options->sms_hook_ca };
        return sms_sender_new(&server->sms_way, &server->sms);
}

static int daemon_start(Server *server, int listen_fd, Secret *cert, Secret *key) {
        const ServerOptions *options = server->options;
        unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
        struct MHD_OptionItem tls[] = {
                { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)secret_text(cert) },
                { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)secret_text(key) },
                { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES },
                { MHD_OPTION_END, 0, NULL },
        };
        struct MHD_OptionItem plain[] = { { MHD_OPTION_END, 0, NULL } };

        if (cert)
                flags |= MHD_USE_TLS;
        server->daemon = MHD_start_daemon(
                flags, 0, NULL, NULL, http_on_request, server, /* */
                MHD_OPTION_LISTEN_SOCKET, listen_fd,           /* */
                MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, server,
                MHD_OPTION_NOTIFY_CONNECTION, http_on_connection, server,
                MHD_OPTION_CONNECTION_LIMIT, connections_limit(options->n_connections),
                MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->n_per_address,
                MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVER_IDLE_SEC,
                /* above 32 KiB the library maps the memory of a connection, and unmaps it with what
                 * it held */
                MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)3 * SERVER_HEADER_MAX,
                MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)4096, MHD_OPTION_STRICT_FOR_CLIENT,
                1, MHD_OPTION_ARRAY, cert ? tls : plain, MHD_OPTION_END);
        return server->daemon ? 0 : -EINVAL;
}

/* A held request whose client has closed would keep its connection until the wait ends. */
static void waiters_drop_gone(Server *server) {
        Waiter *next;

        for (Waiter *i = server->waiters.first; i; i = next) {
                Request *request = i->userdata;
                const union MHD_ConnectionInfo *info = MHD_get_connection_info(
                        request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
                struct pollfd pollfd = { .fd = info ? info->connect_fd : -1, .events = POLLRDHUP };

                next = i->next;
                if (poll(&pollfd, 1, 0) == 1) {
                        waiters_remove(&server->waiters, i);
                        request_refuse(request, MHD_HTTP_BAD_REQUEST, "authorization_pending");
                }
        }
}

/* What another process changed reaches who waits for it here. Bounded: what is left comes with the
 * next round. */
static void changes_take(Server *server) {
        char hash[STORE_HASH_BYTES + 1];
        int r = 1;

        for (int i = 0; i < CHANGES_MAX && r == 1; i++) {
                r = store_next_change(server->store, hash);
                if (r < 0)
                        report_error(r, "store");
                if (r == 1)
                        waiters_wake(&server->waiters, hash[0] ? hash : NULL);
        }
        server->resumed = server->resumed || r == 1;
}

static void tick(Server *server, uint64_t now_usec) {
        int r;

        changes_take(server);
        r = store_settle(server->store);
        if (r < 0)
                report_error(r, "store");
        waiters_drop_gone(server);
        http_close_idle(server, now_usec);
}

static uint64_t earlier(uint64_t a, uint64_t b) {
        return a < b ? a : b;
}

/* How long poll() may sleep. The library does not count connections that were resumed while it ran:
 * without a look at them a phone's confirmation would reach the workstation with the next tick. */
static int timeout_msec(const Server *server, uint64_t deadline_usec) {
        uint64_t now_usec = clock_boot_usec(), until_usec;
        MHD_UNSIGNED_LONG_LONG library_msec;

        if (server->resumed)
                return 0;
        deadline_usec = earlier(deadline_usec, waiters_deadline_usec(&server->waiters));
        until_usec = deadline_usec > now_usec ? deadline_usec - now_usec : 0;
        if (MHD_get_timeout(server->daemon, &library_msec) == MHD_YES)
                until_usec = earlier(until_usec, library_msec * USEC_PER_MSEC);
        return (int)((until_usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

static int metrics_fd(const Server *server) {
        const union MHD_DaemonInfo *info;

        info = server->metrics ? MHD_get_daemon_info(server->metrics, MHD_DAEMON_INFO_EPOLL_FD)
                               : NULL;
        return info ? info->epoll_fd : -1;
}

/* Return: true when it is time to stop. */
static bool signals_take(Server *server, int signal_fd) {
        struct signalfd_siginfo info;
        bool stop = false;

        while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
                int r;

                if (info.ssi_signo != SIGHUP) {
                        stop = true;
                        continue;
                }
                r = access_log_reopen(&server->access_log);
                if (r < 0)
                        report_error(r, server->options->access_log);
        }
        return stop;
}

static int loop(Server *server, int signal_fd) {
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon,
                                                               MHD_DAEMON_INFO_EPOLL_FD);
        uint64_t tick_usec = clock_boot_usec() + TICK_USEC, purge_usec = clock_boot_usec();
        struct pollfd fds[] = {
                { .fd = info ? info->epoll_fd : -1, .events = POLLIN },
                { .fd = hash_pool_fd(server->pool), .events = POLLIN },
                { .fd = signal_fd, .events = POLLIN },
                { .fd = metrics_fd(server), .events = POLLIN },
                { .fd = -1, .events = POLLIN }, /* the store's, which may be another one each time */
        };

        for (;;) {
                uint64_t now_usec;

                /* what came together with an answer of the store is not seen by poll() any more */
                if (store_fd(server->store) >= 0)
                        changes_take(server);
                fds[ELEMENTSOF(fds) - 1].fd = store_fd(server->store);
                if (poll(fds, ELEMENTSOF(fds), timeout_msec(server, tick_usec)) < 0 &&
                    errno != EINTR)
                        return -errno;
                if (fds[2].revents && signals_take(server, signal_fd))
                        return 0;

                hash_pool_dispatch(server->pool);
                now_usec = clock_boot_usec();
                waiters_expire(&server->waiters, now_usec);
                if (now_usec >= tick_usec) {
                        tick(server, now_usec);
                        tick_usec = now_usec + TICK_USEC;
                }
                if (now_usec >= purge_usec) {
                        int r = session_purge(server->store, clock_wall_sec());

                        if (r < 0)
                                report_error(r, "purge");
                        purge_usec = now_usec + PURGE_USEC;
                }
                server->resumed = false;
                if (MHD_run(server->daemon) != MHD_YES)
                        return -EIO;
                if (server->metrics)
                        (void)MHD_run(server->metrics);
        }
}

/* No new connections; what is being worked on gets its answer, within a bound. */
static void drain(Server *server) {
        uint64_t end_usec = clock_boot_usec() + SERVER_STOP_USEC;
        struct pollfd fds = { .fd = hash_pool_fd(server->pool), .events = POLLIN };

        server->stopping = true;
        (void)MHD_quiesce_daemon(server->daemon);
        attempts_close(server->attempts);
        waiters_wake(&server->waiters, NULL);

        while (clock_boot_usec() < end_usec) {
                bool working = false;

                hash_pool_dispatch(server->pool);
                (void)MHD_run(server->daemon);
                for (const Connection *i = server->connections; i; i = i->next)
                        working = working || i->idle_since_usec == USEC_INFINITY;
                if (!working)
                        break;
                (void)poll(&fds, 1, 10);
        }
}

static int metrics_start(Server *server) {
        const char *address = server->options->metrics;
        _cleanup_(closep) int fd = -1;
        int r;

        if (!address)
                return 0;
        r = listen_open(address, &fd);
        if (r == 0)
                r = metrics_http_start(server, fd, &server->metrics);
        if (r != 0) {
                report_event("metrics: cannot listen at %s", address);
                return r < 0 ? r : -EINVAL;
        }
        (void)TAKE_FD(fd);
        return 0;
}

static int serve(Server *server, int listen_fd) {
        _cleanup_(secret_freep) Secret *cert = NULL, *key = NULL;
        _cleanup_(closep) int signal_fd = -1;
        sigset_t signals;
        int r;

        (void)sigemptyset(&signals);
        (void)sigaddset(&signals, SIGTERM);
        (void)sigaddset(&signals, SIGINT);
        (void)sigaddset(&signals, SIGHUP);
        (void)sigprocmask(SIG_BLOCK, &signals, NULL);
        (void)signal(SIGPIPE, SIG_IGN);
        signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signal_fd < 0)
                return -errno;

        r = access_log_open(server->options->access_log, &server->access_log);
        if (r < 0) {
                report_event("%s: cannot be written to", server->options->access_log);
                return r;
        }
        r = sms_start(server);
        if (r < 0)
                return r;
        if (server->options->tls_cert) {
                r = pem_read(server->options->tls_cert, &cert, file_read);
                if (r == 0)
                        r = pem_read(server->options->tls_key, &key, file_read_secret);
                if (r < 0)
                        return r;
        }

        r = server_prepare(server);
        if (r == 0)
                r = daemon_start(server, listen_fd, cert, key);
        if (r == 0)
                r = metrics_start(server);
        if (r < 0)
                return r;

        report_event("itax-backend " VERSION " serves %s at %s", server->options->issuer,
                     server->options->listen);
        r = loop(server, signal_fd);
        drain(server);
        report_event("itax-backend stops");
        return r;
}

int server_run(const ServerOptions *options) {
        Server *server;
        int listen_fd = -1, r;

        r = listen_open(options->listen, &listen_fd);
        if (r != 0) {
                report_error(r < 0 ? r : -EINVAL, options->listen);
                return r < 0 ? r : -EINVAL;
        }

        server = calloc(1, sizeof(*server));
        if (!server)
                r = -ENOMEM;
        else {
                server->options = options;
                server->access_log.fd = -1;
                r = serve(server, listen_fd);
                server_done(server);
                free(server);
        }
        if (r < 0)
                report_error(r, "serve");
        listen_close(options->listen, listen_fd);
        return r;
}
