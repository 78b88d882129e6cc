/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backend/report.h"

#define LINE_BYTES 512

void report_stamp(char ret[static REPORT_STAMP_BYTES]) {
        char seconds[REPORT_STAMP_BYTES - 8] = "";
        struct timespec ts;
        struct tm tm;

        (void)clock_gettime(CLOCK_REALTIME, &ts);
        if (gmtime_r(&ts.tv_sec, &tm))
                (void)strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
        (void)snprintf(ret, REPORT_STAMP_BYTES, "%s.%03dZ", seconds,
                       (int)(ts.tv_nsec / 1000000) % 1000);
}

static void write_line(const char *text) {
        char stamp[REPORT_STAMP_BYTES], line[LINE_BYTES + 64];
        int n;

        report_stamp(stamp);
        n = snprintf(line, sizeof(line), "%s %s\n", stamp, text);
        if (n > 0) /* one write, so that lines of several processes stay whole */
                (void)fwrite(line, 1, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1,
                             stderr);
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
