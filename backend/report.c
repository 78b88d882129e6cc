/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backend/report.h"

#define LINE_BYTES 512

static void write_line(const char *text) {
        char stamp[32] = "", line[LINE_BYTES + 64];
        struct timespec ts;
        struct tm tm;
        int n;

        (void)clock_gettime(CLOCK_REALTIME, &ts);
        if (gmtime_r(&ts.tv_sec, &tm))
                (void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
        n = snprintf(line, sizeof(line), "%s.%03ldZ %s\n", stamp, ts.tv_nsec / 1000000, text);
        if (n > 0) /* one write, so that lines of several processes stay whole */
                (void)fwrite(line, 1, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1,
                             stderr);
}

void report_access(const char *method, const char *route, unsigned status, uint64_t usec,
                   const char *client, const char *note) {
        char text[LINE_BYTES];

        (void)snprintf(text, sizeof(text), "%s %s %u %.1fms %s%s%s", method, route, status,
                       (double)usec / 1000, client[0] ? client : "-", note ? " " : "",
                       note ? note : "");
        write_line(text);
}

void report_error(int error, const char *where) {
        char text[LINE_BYTES], buffer[128];

        (void)snprintf(text, sizeof(text), "error %s: %s", where,
                       strerror_r(-error, buffer, sizeof(buffer)));
        write_line(text);
}

void report_event(const char *format, ...) {
        char text[LINE_BYTES];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        write_line(text);
}
