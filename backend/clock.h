/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Clock: the two times of the server. Models take the time as an argument and never ask. */

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

#define BOOT_ID_BYTES 36

/* One moment by both clocks of this machine. The second is comparable only to another of the same
 * boot_id; "" is a machine that does not tell, and equal to none. */
typedef struct Moment {
        int64_t wall_sec; /* since 1970; may be set, forward and back */
        int64_t boot_sec; /* since the machine started; runs through a suspend, cannot be set */
        char boot_id[BOOT_ID_BYTES + 1];
} Moment;

static inline void clock_moment(Moment *ret) {
        static char boot_id[BOOT_ID_BYTES + 1]; /* does not change while we run */

        if (boot_id[0] == '\0') {
                _cleanup_(closep) int fd = open("/proc/sys/kernel/random/boot_id",
                                                O_RDONLY | O_CLOEXEC | O_NOCTTY);

                if (fd < 0 || read(fd, boot_id, BOOT_ID_BYTES) != BOOT_ID_BYTES)
                        boot_id[0] = '\0';
        }
        *ret = (Moment){ .wall_sec = clock_wall_sec(),
                         .boot_sec = (int64_t)(clock_boot_usec() / USEC_PER_SEC) };
        memcpy(ret->boot_id, boot_id, sizeof(boot_id));
}
