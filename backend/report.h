/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Report: one line each on standard error (requests: access-log.h). Never a body, a secret, a path
 * as it was sent, or a name that nobody has. */

#include <stdint.h>

#include "lib/common/util.h"

#define REPORT_STAMP_BYTES 40

/** report_stamp() - this moment in UTC, "2026-01-31T08:30:00.123Z" */
void report_stamp(char ret[static REPORT_STAMP_BYTES]);

/** report_error() - an error of ours, @error is -errno, and where it happened */
void report_error(int error, const char *where);

/** report_event() - something to know; a fixed text with values that may be shown */
void report_event(const char *format, ...) _printf_(1, 2);
