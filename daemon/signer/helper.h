/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Helper: one process that answers on its standard output and ends
 *
 * It is started with an empty environment, no signal blocked or ignored, a session of its own, and
 * no descriptor but those it is given. It is waited for through a pidfd: SIGCHLD stays as it is,
 * and no process is left behind, whoever lets go of it and when. What it started itself ends with
 * it. */

#include <stddef.h>
#include <systemd/sd-event.h>

#include "lib/common/signing.h"
#include "lib/common/util.h"

typedef struct Helper Helper;

/* @answer: @n bytes, borrowed; NULL when the helper ended by a signal or with an error, or said
 * more than SIGNING_ANSWER_BYTES. The helper may be freed in here. */
typedef void (*HelperFn)(Helper *helper, const char *answer, size_t n, void *userdata);

/**
 * helper_start() - start the program at @path
 * @event: outlives it
 * @request: its standard input; borrowed
 * @file: its descriptor 3; -1: none; borrowed
 * @fn: called once, when the process is gone, also after helper_stop()
 *
 * Return: 0 or a negative errno.
 */
int helper_start(sd_event *event, const char *path, int request, int file, HelperFn fn,
                 void *userdata, Helper **ret);

/** helper_stop() - end the process; @fn follows */
void helper_stop(Helper *helper);

/** helper_free() - let go. A process that still runs is ended and, when it is gone, waited for. */
Helper *helper_free(Helper *helper);
DEFINE_CLEANUP(Helper, helper_free)
