/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two lists under one mutex: jobs to do, jobs done. An eventfd tells the serving thread of the
 * second. */

#include <crypt.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/clock.h"
#include "backend/hash-pool.h"
#include "backend/metrics.h"
#include "lib/common/secret.h"

#define THREADS_MAX 64

typedef struct JobList {
        HashJob *first, *last;
} JobList;

struct HashPool {
        pthread_mutex_t mutex;
        pthread_cond_t work;
        pthread_t threads[THREADS_MAX];
        size_t n_threads;
        JobList todo, finished;
        size_t n_todo, n_open; /* n_open: submitted, done() not called yet */
        bool closing;
        int fd;
};

static void list_push(JobList *list, HashJob *job) {
        job->next = NULL;
        if (list->last)
                list->last->next = job;
        else
                list->first = job;
        list->last = job;
}

static HashJob *list_pop(JobList *list) {
        HashJob *job = list->first;

        if (job) {
                list->first = job->next;
                if (!list->first)
                        list->last = NULL;
                job->next = NULL;
        }
        return job;
}

static int hash_with(struct crypt_data *data, HashJob *job) {
        char setting[CRYPT_GENSALT_OUTPUT_SIZE];
        const char *from = job->hash, *result;
        size_t n;

        if (job->kind == HASH_MAKE) {
                if (!crypt_gensalt_rn("$y$", HASH_COST, NULL, 0, setting, sizeof(setting)))
                        return -EIO;
                from = setting;
        }

        result = crypt_rn(job->password, from, data, sizeof(*data));
        if (!result)
                return errno == ENOMEM ? -ENOMEM : -EIO;

        n = strlen(result);
        if (job->kind == HASH_TEST)
                return n == strlen(job->hash) && secret_equal_bytes(result, job->hash, n)
                               ? 0
                               : HASH_E_WRONG;

        memcpy(job->hash, result, n + 1);
        return 0;
}

void hash_run(HashJob *job) {
        struct crypt_data *data;

        data = calloc(1, sizeof(*data));
        if (!data) {
                job->result = -ENOMEM;
                return;
        }
        job->result = hash_with(data, job);
        explicit_bzero(data, sizeof(*data));
        free(data);
}

static void *thread_main(void *userdata) {
        HashPool *pool = userdata;

        (void)pthread_mutex_lock(&pool->mutex);
        for (;;) {
                uint64_t begun_usec;
                HashJob *job;

                while (!(job = list_pop(&pool->todo)) && !pool->closing)
                        (void)pthread_cond_wait(&pool->work, &pool->mutex);
                if (!job)
                        break;

                pool->n_todo--;
                (void)pthread_mutex_unlock(&pool->mutex);
                begun_usec = clock_boot_usec();
                hash_run(job);
                job->usec = clock_boot_usec() - begun_usec;
                (void)pthread_mutex_lock(&pool->mutex);

                list_push(&pool->finished, job);
                (void)eventfd_write(pool->fd, 1);
        }
        (void)pthread_mutex_unlock(&pool->mutex);
        return NULL;
}

int hash_pool_new(size_t n_threads, HashPool **ret) {
        _cleanup_(hash_pool_freep) HashPool *pool = NULL;
        sigset_t all, before;
        int r = 0;

        if (n_threads == 0) {
                long n = sysconf(_SC_NPROCESSORS_ONLN);

                n_threads = n > 0 ? (size_t)n : 1;
        }
        if (n_threads > THREADS_MAX)
                n_threads = THREADS_MAX;

        pool = calloc(1, sizeof(*pool));
        if (!pool)
                return -ENOMEM;
        (void)pthread_mutex_init(&pool->mutex, NULL);
        (void)pthread_cond_init(&pool->work, NULL);
        pool->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (pool->fd < 0)
                return -errno;

        /* signals are for the serving thread alone */
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        while (r == 0 && pool->n_threads < n_threads) {
                r = -pthread_create(&pool->threads[pool->n_threads], NULL, thread_main, pool);
                if (r == 0)
                        pool->n_threads++;
        }
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(pool);
        return 0;
}

HashPool *hash_pool_free(HashPool *pool) {
        if (!pool)
                return NULL;

        (void)pthread_mutex_lock(&pool->mutex);
        pool->closing = true;
        (void)pthread_cond_broadcast(&pool->work);
        (void)pthread_mutex_unlock(&pool->mutex);
        for (size_t i = 0; i < pool->n_threads; i++)
                (void)pthread_join(pool->threads[i], NULL);

        hash_pool_dispatch(pool);
        if (pool->fd >= 0)
                (void)close(pool->fd);
        (void)pthread_cond_destroy(&pool->work);
        (void)pthread_mutex_destroy(&pool->mutex);
        free(pool);
        return NULL;
}

int hash_pool_submit(HashPool *pool, HashJob *job) {
        int r = 0;

        (void)pthread_mutex_lock(&pool->mutex);
        if (pool->n_todo >= HASH_QUEUE_MAX)
                r = HASH_E_FULL;
        else {
                list_push(&pool->todo, job);
                pool->n_todo++;
                pool->n_open++;
                (void)pthread_cond_signal(&pool->work);
        }
        (void)pthread_mutex_unlock(&pool->mutex);
        return r;
}

bool hash_pool_is_full(HashPool *pool) {
        bool full;

        (void)pthread_mutex_lock(&pool->mutex);
        full = pool->n_todo >= HASH_QUEUE_MAX;
        (void)pthread_mutex_unlock(&pool->mutex);
        return full;
}

size_t hash_pool_queue(HashPool *pool) {
        size_t n;

        (void)pthread_mutex_lock(&pool->mutex);
        n = pool->n_todo;
        (void)pthread_mutex_unlock(&pool->mutex);
        return n;
}

size_t hash_pool_threads(const HashPool *pool) {
        return pool->n_threads;
}

int hash_pool_fd(HashPool *pool) {
        return pool->fd;
}

void hash_pool_dispatch(HashPool *pool) {
        eventfd_t value;

        (void)eventfd_read(pool->fd, &value);
        for (;;) {
                HashJob *job;

                (void)pthread_mutex_lock(&pool->mutex);
                job = list_pop(&pool->finished);
                if (job)
                        pool->n_open--;
                (void)pthread_mutex_unlock(&pool->mutex);
                if (!job)
                        return;
                metrics_time(METRIC_TIME_HASH, job->usec);
                job->done(job);
        }
}

bool hash_pool_wait(HashPool *pool) {
        struct pollfd pollfd = { .fd = pool->fd, .events = POLLIN };
        bool open;

        (void)pthread_mutex_lock(&pool->mutex);
        open = pool->n_open > 0;
        (void)pthread_mutex_unlock(&pool->mutex);
        if (!open)
                return false;

        (void)poll(&pollfd, 1, -1);
        hash_pool_dispatch(pool);
        return true;
}
