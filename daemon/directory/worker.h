/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Worker: calls that may block for long, on threads of their own
 *
 * Look-ups of users go through libraries that nobody bounds: a hung directory service holds each
 * one for tens of seconds. So they run on threads, at most WORKER_THREADS_MAX at once, and what
 * they found comes back through the event loop, or -ETIMEDOUT does. A thread that hangs is left
 * behind; it owns nothing of the main thread. */

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "lib/common/util.h"

#define WORKER_THREADS_MAX 4U
#define WORKER_QUEUE_MAX 16384U

typedef struct Worker Worker;
typedef struct WorkerJob WorkerJob;

/* Runs on a thread: reads and writes @data, and nothing else. */
typedef void (*WorkerRunFn)(void *data);

/* Runs on the main thread, once. @error: 0 or -ETIMEDOUT, then @data is NULL. @data is borrowed for
 * the call. */
typedef void (*WorkerDoneFn)(WorkerJob *job, int error, void *data, void *userdata);

int worker_new(sd_event *event, Worker **ret);

/** worker_free() - release; every job must have been freed. Threads that hang are left to
 * themselves. */
Worker *worker_free(Worker *worker);
DEFINE_CLEANUP(Worker, worker_free)

/**
 * worker_start() - have @run called on a thread
 * @data: @n_data bytes, copied
 * @ret: owned by the caller, also after @done was called; freeing it before is cancel
 *
 * @done is never called from inside. Return: 0, -ENOMEM, -EAGAIN when there can be no thread,
 * -ENOBUFS when WORKER_QUEUE_MAX jobs wait.
 */
int worker_start(Worker *worker, WorkerRunFn run, const void *data, size_t n_data,
                 uint64_t timeout_usec, WorkerDoneFn done, void *userdata, WorkerJob **ret);
WorkerJob *worker_job_free(WorkerJob *job);
DEFINE_CLEANUP(WorkerJob, worker_job_free)
