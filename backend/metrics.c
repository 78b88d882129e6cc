/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/clock.h"
#include "backend/metrics.h"

#define BUCKETS_MAX 10
#define CLASSES 6 /* none sent, 1xx to 5xx */

/* Upper bounds in microseconds, of a hash (about 20 ms when nothing else runs), of a request, of a
 * long poll; 0 behind the last. */
static const struct {
        const char *name, *help;
        uint64_t bounds[BUCKETS_MAX + 1];
} times[_METRIC_TIME_MAX] = {
        [METRIC_TIME_HASH] = { "itax_hash_seconds",
                               "Time of one password hash, without its time in the queue.",
                               { 10000, 20000, 30000, 50000, 100000, 200000, 500000, 1000000 } },
        [METRIC_TIME_REQUEST] = { "itax_request_seconds",
                                  "Time of a request from its headers to the end of its answer.",
                                  { 1000, 5000, 10000, 25000, 50000, 100000, 250000, 1000000,
                                    5000000 } },
        [METRIC_TIME_HELD] = { "itax_held_request_seconds",
                               "The same of requests that may be held: polls of QR logins.",
                               { 100000, 1000000, 5000000, 10000000, 20000000, 26000000 } },
};

static const char *const methods[_METRIC_METHOD_MAX] = {
        [METRIC_PASSWORD] = "password",
        [METRIC_UNIT] = "unit",
        [METRIC_QR] = "qr",
        [METRIC_BROWSER] = "browser",
};

static const char *const results[_METRIC_RESULT_MAX] = {
        [METRIC_RIGHT] = "right",       [METRIC_WRONG] = "wrong",
        [METRIC_CAPTCHA] = "captcha",   [METRIC_LOCKED] = "locked",
        [METRIC_DISABLED] = "disabled", [METRIC_REFUSED] = "refused",
        [METRIC_EXPIRED] = "expired",   [METRIC_BUSY] = "busy",
};

static const char *const classes[CLASSES] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };

static struct {
        uint64_t counters[_METRIC_MAX];
        uint64_t logins[_METRIC_METHOD_MAX][_METRIC_RESULT_MAX];
        struct {
                uint64_t buckets[BUCKETS_MAX + 1], sum_usec; /* the last one is everything above */
        } times[_METRIC_TIME_MAX];
        struct {
                const char *method, *route;
                uint64_t n[CLASSES];
        } routes[METRICS_ROUTES_MAX + 1]; /* the last takes what found no room */
        size_t n_routes;
} counts;

void metrics_add(Metric metric) {
        /* text messages are sent on a thread of their own */
        (void)__atomic_fetch_add(&counts.counters[metric], 1, __ATOMIC_RELAXED);
}

void metrics_login(MetricMethod method, MetricResult result) {
        counts.logins[method][result]++;
}

void metrics_time(MetricTime time, uint64_t usec) {
        size_t i = 0;

        while (times[time].bounds[i] && usec > times[time].bounds[i])
                i++;
        counts.times[time].buckets[i]++;
        counts.times[time].sum_usec += usec;
}

void metrics_request(const char *method, const char *route, unsigned status) {
        size_t i = 0, class = status / 100;

        while (i < counts.n_routes && (strcmp(counts.routes[i].route, route) != 0 ||
                                       strcmp(counts.routes[i].method, method) != 0))
                i++;
        if (i == counts.n_routes && i < METRICS_ROUTES_MAX) {
                counts.routes[i].method = method;
                counts.routes[i].route = route;
                counts.n_routes++;
        }
        counts.routes[i].n[class < CLASSES ? class : 0]++;
}

static void print_head(FILE *file, const char *name, const char *type, const char *help) {
        fprintf(file, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_gauge(FILE *file, const char *name, const char *help, size_t value) {
        print_head(file, name, "gauge", help);
        fprintf(file, "%s %zu\n", name, value);
}

static void print_requests(FILE *file) {
        print_head(file, "itax_requests_total", "counter",
                   "Requests by route and class of the answer's status.");
        for (size_t i = 0; i <= METRICS_ROUTES_MAX; i++)
                for (size_t class = 0; class < CLASSES; class ++)
                        if (counts.routes[i].n[class] > 0)
                                fprintf(file,
                                        "itax_requests_total{method=\"%s\",route=\"%s\","
                                        "class=\"%s\"} %llu\n",
                                        counts.routes[i].method ? counts.routes[i].method : "other",
                                        counts.routes[i].route ? counts.routes[i].route : "-",
                                        classes[class],
                                        (unsigned long long)counts.routes[i].n[class]);
}

/* All of them from the beginning: a series that appears with its first event hides that event from
 * rate(). */
static void print_events(FILE *file) {
        print_head(file, "itax_logins_total", "counter", "Logins by method and result.");
        for (size_t m = 0; m < _METRIC_METHOD_MAX; m++)
                for (size_t r = 0; r < _METRIC_RESULT_MAX; r++)
                        fprintf(file, "itax_logins_total{method=\"%s\",result=\"%s\"} %llu\n",
                                methods[m], results[r], (unsigned long long)counts.logins[m][r]);

        print_head(file, "itax_lockouts_total", "counter",
                   "Passwords of accounts and units that were locked for guessing.");
        fprintf(file, "itax_lockouts_total %llu\n",
                (unsigned long long)counts.counters[METRIC_LOCKOUTS]);

        print_head(file, "itax_text_messages_total", "counter", "Text messages by result.");
        fprintf(file,
                "itax_text_messages_total{result=\"sent\"} %llu\n"
                "itax_text_messages_total{result=\"failed\"} %llu\n",
                (unsigned long long)counts.counters[METRIC_TEXT_SENT],
                (unsigned long long)counts.counters[METRIC_TEXT_FAILED]);
}

static void print_seconds(FILE *file, uint64_t usec) {
        fprintf(file, "%llu.%06llu", (unsigned long long)(usec / USEC_PER_SEC),
                (unsigned long long)(usec % USEC_PER_SEC));
}

static void print_times(FILE *file) {
        for (size_t i = 0; i < _METRIC_TIME_MAX; i++) {
                const char *name = times[i].name;
                unsigned long long n = 0;

                print_head(file, name, "histogram", times[i].help);
                for (size_t k = 0; times[i].bounds[k]; k++) {
                        n += counts.times[i].buckets[k];
                        fprintf(file, "%s_bucket{le=\"", name);
                        print_seconds(file, times[i].bounds[k]);
                        fprintf(file, "\"} %llu\n", n);
                }
                for (size_t k = 0; k <= BUCKETS_MAX; k++)
                        if (k == BUCKETS_MAX || !times[i].bounds[k]) {
                                n += counts.times[i].buckets[k];
                                break;
                        }
                fprintf(file, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum ", name, n, name);
                print_seconds(file, counts.times[i].sum_usec);
                fprintf(file, "\n%s_count %llu\n", name, n);
        }
}

int metrics_print(const MetricsNow *now, char **ret, size_t *ret_n) {
        char *text = NULL;
        size_t n = 0;
        FILE *file;

        file = open_memstream(&text, &n);
        if (!file)
                return -ENOMEM;

        print_head(file, "itax_build_info", "gauge", "Which itax-backend this is.");
        fputs("itax_build_info{version=\"" VERSION "\"} 1\n", file);
        print_requests(file);
        print_events(file);
        print_gauge(file, "itax_waiting_polls", "Requests that are held now.", now->n_waiting);
        print_gauge(file, "itax_connections", "Connections that are open now.",
                    now->n_connections);
        print_gauge(file, "itax_hash_queue", "Password hashes that wait for a thread.",
                    now->n_hash_queue);
        print_gauge(file, "itax_hash_threads", "Threads that hash passwords.",
                    now->n_hash_threads);
        print_times(file);

        if (fclose(file) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret = text;
        *ret_n = n;
        return 0;
}
