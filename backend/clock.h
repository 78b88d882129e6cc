/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Clock: the two times of the server. Models take the time as an argument and never ask. */

#include <stdint.h>
#include <time.h>

#include "lib/common/util.h"

/* Seconds since 1970: what is stored, and comparable between machines. */
static inline int64_t clock_wall_sec(void) {
        struct timespec ts;

        (void)clock_gettime(CLOCK_REALTIME, &ts);
        return ts.tv_sec;
}

/* Never goes back and runs through a suspend: for deadlines within the process. */
static inline uint64_t clock_boot_usec(void) {
        struct timespec ts;

        (void)clock_gettime(CLOCK_BOOTTIME, &ts);
        return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
}
