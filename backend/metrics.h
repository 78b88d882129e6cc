/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Metrics: what a platform that runs well or badly looks like in numbers, in the text format of
 * Prometheus (exposition format 0.0.4)
 *
 * The counts are those of this process since it started, kept in one place, so that counting is one
 * line wherever something happens. All of it belongs to the thread that serves. No number tells of
 * a single person: labels are route templates and words of this header, never what somebody sent. */

#include <stddef.h>
#include <stdint.h>

#include "lib/common/util.h"

#define METRICS_ROUTES_MAX 192 /* pairs of method and template; more are counted as "-" */

typedef enum MetricMethod {
        METRIC_PASSWORD, /* account password at a workstation */
        METRIC_UNIT,     /* old unit login */
        METRIC_QR,
        METRIC_BROWSER, /* account password on the pages for people */
        _METRIC_METHOD_MAX,
} MetricMethod;

typedef enum MetricResult {
        METRIC_RIGHT,
        METRIC_WRONG,    /* password or digits */
        METRIC_CAPTCHA,  /* not tested: a captcha was due, or wrong */
        METRIC_LOCKED,   /* not tested, or the try that locked */
        METRIC_DISABLED, /* the account */
        METRIC_REFUSED,  /* by the person, or by somebody else's phone */
        METRIC_EXPIRED,
        METRIC_BUSY, /* not tested: too much to do */
        _METRIC_RESULT_MAX,
} MetricResult;

typedef enum Metric {
        METRIC_LOCKOUTS, /* a password was locked for guessing */
        METRIC_TEXT_SENT,
        METRIC_TEXT_FAILED,
        _METRIC_MAX,
} Metric;

typedef enum MetricTime {
        METRIC_TIME_HASH,    /* of one password hash, without waiting for its turn */
        METRIC_TIME_REQUEST, /* from headers to the last byte of the answer */
        METRIC_TIME_HELD,    /* the same of those that may be held: polls of QR logins */
        _METRIC_TIME_MAX,
} MetricTime;

/* What is so at this moment. */
typedef struct MetricsNow {
        size_t n_waiting;     /* held requests */
        size_t n_connections; /* open ones */
        size_t n_hash_queue;  /* hashes that wait for a thread */
        size_t n_hash_threads;
} MetricsNow;

void metrics_add(Metric metric);
void metrics_login(MetricMethod method, MetricResult result);
void metrics_time(MetricTime time, uint64_t usec);

/** metrics_request() - one more is over; @method and @route are literals, @status 0: no answer was
 * sent */
void metrics_request(const char *method, const char *route, unsigned status);

/** metrics_print() - all of it as text; to be freed by the caller. Return: 0 or -ENOMEM. */
int metrics_print(const MetricsNow *now, char **ret, size_t *ret_n);
