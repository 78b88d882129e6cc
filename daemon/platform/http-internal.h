/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What http.c (the event loop) and exchange.c (one exchange) share */

#include <curl/curl.h>

#include "daemon/platform/http.h"

struct Http {
        sd_event *event;
        CURLM *multi;
        HttpSharing sharing;
        sd_event_source *timer, *rest;
        size_t n_under_way, n_most; /* most: since connections were last closed at rest */
        uint64_t rest_usec;
        char *ca_file, *unix_socket, *proxy;
        uint64_t connect_timeout_usec;
};

/* An exchange has been added to .multi; one has been taken out of it. */
void http_begun(Http *http);
void http_ended(Http *http);

/** exchange_finish() - the transfer of @easy is over: judge the answer and tell the owner */
void exchange_finish(CURL *easy, CURLcode code);
