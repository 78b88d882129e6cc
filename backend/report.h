/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Report: one line each on standard error. Never a body, a secret, a path as it was sent, or a name
 * that nobody has. */

#include <stdint.h>

#include "lib/common/util.h"

/** report_access() - one request. @status 0: none was sent. @client "" when nobody was
 * authenticated; @note NULL or a word. */
void report_access(const char *method, const char *route, unsigned status, uint64_t usec,
                   const char *client, const char *note);

/** report_error() - an error of ours, @error is -errno, and where it happened */
void report_error(int error, const char *where);

/** report_event() - something to know; a fixed text with values that may be shown */
void report_event(const char *format, ...) _printf_(1, 2);
