/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Http: libcurl's multi interface on sd-event. libcurl says which descriptors and which moment it
 * waits for; the loop tells it when they come. Owners are called only after libcurl has returned,
 * so they may do to their exchanges what they like. */

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/epoll.h>

#include "daemon/log.h"
#include "daemon/platform/http-internal.h"

/* Connections kept, those in use included: libcurl closes an idle one whenever more are open. Its
 * own default of four times the handles reopens connections as soon as many logins end at once. */
#define CONNECTIONS_KEPT 256L
/* What a rush of more than so many has opened is closed when nothing was asked for this long. A
 * workstation where people come and go one by one keeps its connections. */
#define CONNECTIONS_AT_REST 8
#define REST_USEC (10 * USEC_PER_SEC)

/* At once on one connection, if the server allows as many; most allow 100 or 128. */
#define STREAMS_MAX 1000L

static void http_reap(Http *http) {
        CURLMsg *message;
        int n_left;

        while ((message = curl_multi_info_read(http->multi, &n_left)))
                if (message->msg == CURLMSG_DONE)
                        exchange_finish(message->easy_handle, message->data.result);
}

static void http_drive(Http *http, curl_socket_t fd, int what) {
        int n_running;

        (void)curl_multi_socket_action(http->multi, fd, what, &n_running);
        http_reap(http);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        int what = 0;

        (void)source;
        if (revents & (EPOLLIN | EPOLLHUP | EPOLLRDHUP))
                what |= CURL_CSELECT_IN;
        if (revents & EPOLLOUT)
                what |= CURL_CSELECT_OUT;
        if (revents & EPOLLERR)
                what |= CURL_CSELECT_ERR;
        http_drive(userdata, fd, what);
        return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        http_drive(userdata, CURL_SOCKET_TIMEOUT, 0);
        return 0;
}

/* A descriptor that cannot be watched is not an error to libcurl, which would give up on all
 * transfers for good; the one transfer then runs into its timeout. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *per_socket) {
        static const uint32_t events_of[] = {
                [CURL_POLL_NONE] = 0,
                [CURL_POLL_IN] = EPOLLIN,
                [CURL_POLL_OUT] = EPOLLOUT,
                [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT,
        };
        sd_event_source *source = per_socket;
        Http *http = userdata;
        int r;

        (void)easy;
        if (what == CURL_POLL_REMOVE) {
                (void)sd_event_source_disable_unref(source);
                (void)curl_multi_assign(http->multi, fd, NULL);
                return 0;
        }

        if (source)
                r = sd_event_source_set_io_events(source, events_of[what]);
        else {
                r = sd_event_add_io(http->event, &source, fd, events_of[what], on_io, http);
                if (r >= 0)
                        (void)curl_multi_assign(http->multi, fd, source);
        }
        if (r < 0)
                log_record(LOG_ERR, 0, "platform: cannot watch a connection: %s",
                           strerrordesc_np(-r));
        return 0;
}

static int on_timer(CURLM *multi, long timeout_msec, void *userdata) {
        Http *http = userdata;

        (void)multi;
        if (timeout_msec < 0)
                return sd_event_source_set_enabled(http->timer, SD_EVENT_OFF) < 0 ? -1 : 0;

        if (sd_event_source_set_time_relative(http->timer, (uint64_t)timeout_msec * USEC_PER_MSEC) <
                    0 ||
            sd_event_source_set_enabled(http->timer, SD_EVENT_ONESHOT) < 0)
                return -1;
        return 0;
}

static int multi_new(Http *http, CURLM **ret) {
        const long pipelining = http->sharing == HTTP_TOGETHER ? CURLPIPE_MULTIPLEX
                                                               : CURLPIPE_NOTHING;
        CURLM *multi = curl_multi_init();

        if (!multi)
                return -ENOMEM;
        if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) != CURLM_OK ||
            curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http) != CURLM_OK ||
            curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) != CURLM_OK ||
            curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http) != CURLM_OK ||
            curl_multi_setopt(multi, CURLMOPT_PIPELINING, pipelining) != CURLM_OK ||
            curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, STREAMS_MAX) != CURLM_OK ||
            curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT) != CURLM_OK) {
                (void)curl_multi_cleanup(multi);
                return -EIO;
        }
        *ret = multi;
        return 0;
}

/* libcurl closes idle connections only when it opens others; a new multi handle has none. About
 * 40 kB for each go back to the system. */
static int on_rest(sd_event_source *source, uint64_t usec, void *userdata) {
        CURLM *multi = NULL;
        Http *http = userdata;

        (void)source;
        (void)usec;
        if (http->n_under_way > 0 || multi_new(http, &multi) < 0)
                return 0;

        (void)curl_multi_cleanup(http->multi); /* calls on_socket() */
        http->multi = multi;
        http->n_most = 0;
        (void)malloc_trim(0);
        return 0;
}

void http_begun(Http *http) {
        if (++http->n_under_way > http->n_most)
                http->n_most = http->n_under_way;
}

void http_ended(Http *http) {
        if (--http->n_under_way > 0 || http->n_most <= CONNECTIONS_AT_REST)
                return;
        if (sd_event_source_set_time_relative(http->rest, http->rest_usec) >= 0)
                (void)sd_event_source_set_enabled(http->rest, SD_EVENT_ONESHOT);
}

static int copy_text(const char *text, char **ret) {
        if (!text || !*text)
                return 0;
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

int http_new(sd_event *event, const HttpConfig *config, Http **ret) {
        _cleanup_(http_freep) Http *http = calloc(1, sizeof(*http));
        int r;

        if (!http)
                return -ENOMEM;

        *http = (Http){
                .event = sd_event_ref(event),
                .sharing = config->sharing,
                .connect_timeout_usec = config->connect_timeout_usec,
                .rest_usec = REST_USEC,
        };
        if (copy_text(config->ca_file, &http->ca_file) < 0 ||
            copy_text(config->unix_socket, &http->unix_socket) < 0 ||
            copy_text(config->proxy, &http->proxy) < 0)
                return -ENOMEM;

        r = sd_event_add_time(event, &http->timer, CLOCK_MONOTONIC, UINT64_MAX, 1, on_time, http);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(http->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        r = sd_event_add_time(event, &http->rest, CLOCK_MONOTONIC, UINT64_MAX, 0, on_rest, http);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(http->rest, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = multi_new(http, &http->multi);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(http);
        return 0;
}

int http_new_beside(const Http *http, HttpSharing sharing, Http **ret) {
        const HttpConfig config = {
                .sharing = sharing,
                .ca_file = http->ca_file,
                .unix_socket = http->unix_socket,
                .proxy = http->proxy,
                .connect_timeout_usec = http->connect_timeout_usec,
        };

        return http_new(http->event, &config, ret);
}

size_t http_load(const Http *http) {
        return http->n_under_way;
}

Http *http_free(Http *http) {
        if (http) {
                (void)curl_multi_cleanup(http->multi); /* calls on_socket() */
                (void)sd_event_source_disable_unref(http->timer);
                (void)sd_event_source_disable_unref(http->rest);
                (void)sd_event_unref(http->event);
                free(http->ca_file);
                free(http->unix_socket);
                free(http->proxy);
                free(http);
        }
        return NULL;
}
