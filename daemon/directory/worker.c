/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Worker: a Pool is shared by the main thread and its threads and lives until the last of them has
 * let go; a Task belongs to whoever holds its list at the moment. A task knows its job only by a
 * pointer that the main thread alone reads and writes. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>

#include "daemon/directory/worker.h"

#define THREAD_STACK_BYTES (512U * 1024U)

typedef struct Task {
        struct Task *next;
        WorkerJob *job; /* main thread only; NULL once nobody waits */
        WorkerRunFn run;
        max_align_t data[];
} Task;

typedef struct TaskList {
        Task *first, *last;
} TaskList;

typedef struct Pool {
        pthread_mutex_t mutex;
        pthread_cond_t wake;
        TaskList waiting, finished;
        size_t n_waiting, n_refs, n_threads, n_idle;
        int fd; /* counts what was finished */
        bool is_stopping;
} Pool;

struct Worker {
        sd_event *event;
        sd_event_source *source;
        Pool *pool;
};

struct WorkerJob {
        Pool *pool; /* reference */
        Task *task; /* NULL once it is over */
        sd_event_source *timer;
        WorkerDoneFn done;
        void *userdata;
};

static void list_append(TaskList *list, Task *task) {
        task->next = NULL;
        if (list->last)
                list->last->next = task;
        else
                list->first = task;
        list->last = task;
}

static Task *list_take(TaskList *list) {
        Task *task = list->first;

        if (task) {
                list->first = task->next;
                if (!list->first)
                        list->last = NULL;
        }
        return task;
}

static bool list_remove(TaskList *list, const Task *task) {
        Task *before = NULL;

        for (Task *t = list->first; t; before = t, t = t->next) {
                if (t != task)
                        continue;
                if (before)
                        before->next = t->next;
                else
                        list->first = t->next;
                if (list->last == t)
                        list->last = before;
                return true;
        }
        return false;
}

static Pool *pool_unref(Pool *pool) {
        bool is_last;

        if (!pool)
                return NULL;

        (void)pthread_mutex_lock(&pool->mutex);
        is_last = --pool->n_refs == 0;
        (void)pthread_mutex_unlock(&pool->mutex);
        if (!is_last)
                return NULL;

        for (Task *task = list_take(&pool->waiting); task; task = list_take(&pool->waiting))
                free(task);
        for (Task *task = list_take(&pool->finished); task; task = list_take(&pool->finished))
                free(task);
        (void)pthread_mutex_destroy(&pool->mutex);
        (void)pthread_cond_destroy(&pool->wake);
        closep(&pool->fd);
        free(pool);
        return NULL;
}
DEFINE_CLEANUP(Pool, pool_unref)

static Pool *pool_ref(Pool *pool) {
        (void)pthread_mutex_lock(&pool->mutex);
        pool->n_refs++;
        (void)pthread_mutex_unlock(&pool->mutex);
        return pool;
}

static void *thread_run(void *userdata) {
        Pool *pool = userdata;

        (void)pthread_mutex_lock(&pool->mutex);
        while (!pool->is_stopping) {
                Task *task = list_take(&pool->waiting);

                if (!task) {
                        pool->n_idle++;
                        (void)pthread_cond_wait(&pool->wake, &pool->mutex);
                        pool->n_idle--;
                        continue;
                }
                pool->n_waiting--;

                (void)pthread_mutex_unlock(&pool->mutex);
                task->run(task->data);
                (void)pthread_mutex_lock(&pool->mutex);

                list_append(&pool->finished, task);
                (void)eventfd_write(pool->fd, 1);
        }
        pool->n_threads--;
        (void)pthread_mutex_unlock(&pool->mutex);

        (void)pool_unref(pool);
        return NULL;
}

/* With the mutex held. Return: 0, or a negative errno when there is no thread at all. */
static int pool_add_thread(Pool *pool) {
        sigset_t all, before;
        pthread_attr_t attr;
        pthread_t thread;
        int r;

        r = pthread_attr_init(&attr);
        if (r != 0)
                return -r;
        (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        (void)pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);

        /* Signals are for the event loop. */
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&thread, &attr, thread_run, pool);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void)pthread_attr_destroy(&attr);
        if (r != 0)
                return pool->n_threads ? 0 : -EAGAIN;

        pool->n_threads++;
        pool->n_refs++;
        return 0;
}

static int on_finished(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        /* A callback may free the worker; the pool is pinned. */
        _cleanup_(pool_unrefp) Pool *pool = pool_ref(((Worker *)userdata)->pool);
        eventfd_t n;

        (void)source, (void)revents;
        (void)eventfd_read(fd, &n);
        for (;;) {
                WorkerJob *job;
                Task *task;

                (void)pthread_mutex_lock(&pool->mutex);
                task = pool->is_stopping ? NULL : list_take(&pool->finished);
                (void)pthread_mutex_unlock(&pool->mutex);
                if (!task)
                        return 0;

                job = task->job;
                if (job) {
                        job->task = NULL;
                        job->timer = sd_event_source_disable_unref(job->timer);
                        job->done(job, 0, task->data, job->userdata);
                }
                free(task);
        }
}

/* Nobody waits for the task any more. */
static void job_leave(WorkerJob *job) {
        Task *task = TAKE_PTR(job->task);
        bool is_ours;

        if (!task)
                return;

        (void)pthread_mutex_lock(&job->pool->mutex);
        is_ours = list_remove(&job->pool->waiting, task);
        if (is_ours)
                job->pool->n_waiting--;
        (void)pthread_mutex_unlock(&job->pool->mutex);

        task->job = NULL;
        if (is_ours)
                free(task);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        WorkerJob *job = userdata;

        (void)source, (void)usec;
        job_leave(job);
        job->timer = sd_event_source_disable_unref(job->timer);
        job->done(job, -ETIMEDOUT, NULL, job->userdata);
        return 0;
}

int worker_new(sd_event *event, Worker **ret) {
        _cleanup_(worker_freep) Worker *worker = calloc(1, sizeof(*worker));
        Pool *pool;
        int r;

        if (!worker)
                return -ENOMEM;
        worker->event = sd_event_ref(event);

        pool = calloc(1, sizeof(*pool));
        if (!pool)
                return -ENOMEM;
        (void)pthread_mutex_init(&pool->mutex, NULL);
        (void)pthread_cond_init(&pool->wake, NULL);
        pool->n_refs = 1;
        worker->pool = pool;
        pool->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (pool->fd < 0)
                return -errno;

        r = sd_event_add_io(event, &worker->source, pool->fd, EPOLLIN, on_finished, worker);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(worker);
        return 0;
}

Worker *worker_free(Worker *worker) {
        if (!worker)
                return NULL;

        if (worker->pool) {
                (void)pthread_mutex_lock(&worker->pool->mutex);
                worker->pool->is_stopping = true;
                (void)pthread_cond_broadcast(&worker->pool->wake);
                (void)pthread_mutex_unlock(&worker->pool->mutex);
        }
        worker->source = sd_event_source_disable_unref(worker->source);
        worker->pool = pool_unref(worker->pool);
        worker->event = sd_event_unref(worker->event);
        free(worker);
        return NULL;
}

int worker_start(Worker *worker, WorkerRunFn run, const void *data, size_t n_data,
                 uint64_t timeout_usec, WorkerDoneFn done, void *userdata, WorkerJob **ret) {
        _cleanup_(worker_job_freep) WorkerJob *job = calloc(1, sizeof(*job));
        _cleanup_(freep) Task *task = NULL;
        Pool *pool = worker->pool;
        int r;

        if (!job)
                return -ENOMEM;
        task = calloc(1, sizeof(*task) + n_data);
        if (!task)
                return -ENOMEM;
        memcpy(task->data, data, n_data);
        task->job = job;
        task->run = run;
        job->done = done;
        job->userdata = userdata;
        job->pool = pool_ref(pool);

        r = sd_event_add_time_relative(worker->event, &job->timer, CLOCK_MONOTONIC, timeout_usec, 0,
                                       on_timeout, job);
        if (r < 0)
                return r;

        (void)pthread_mutex_lock(&pool->mutex);
        if (pool->n_waiting >= WORKER_QUEUE_MAX)
                r = -ENOBUFS;
        else if (pool->n_idle <= pool->n_waiting && pool->n_threads < WORKER_THREADS_MAX)
                r = pool_add_thread(pool);
        if (r >= 0) {
                job->task = TAKE_PTR(task);
                list_append(&pool->waiting, job->task);
                pool->n_waiting++;
                (void)pthread_cond_signal(&pool->wake);
        }
        (void)pthread_mutex_unlock(&pool->mutex);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(job);
        return 0;
}

WorkerJob *worker_job_free(WorkerJob *job) {
        if (!job)
                return NULL;

        job_leave(job);
        job->timer = sd_event_source_disable_unref(job->timer);
        job->pool = pool_unref(job->pool);
        free(job);
        return NULL;
}
