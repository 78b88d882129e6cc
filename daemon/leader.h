/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Leader: the process that a session belongs to
 *
 * A pid is given out again; together with the moment at which the process began it is not. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct Leader {
        pid_t pid;      /* 0 for none */
        uint64_t start; /* in ticks since the machine started (proc(5)); 0 where /proc hides it */
} Leader;

/** leader_of() - the process @pid as it is now. Return: 0, -ESRCH when it is gone. */
int leader_of(pid_t pid, Leader *ret);

/** leader_lives() - is it there still? A process that has ended and was not waited for is gone. */
bool leader_lives(const Leader *leader);
