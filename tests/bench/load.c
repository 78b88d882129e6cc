/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Load: workers are processes, as PAM applications are, so nothing of one login can help or hinder
 * another but through the daemon. They take numbers from a shared counter and write into a shared
 * table. */

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/load.h"

typedef struct Shared {
        atomic_size_t next, n_ready, n_failed;
        atomic_bool go;
        uint32_t took_usec[LOAD_SAMPLES_MAX]; /* 0: failed */
} Shared;

uint64_t load_now_usec(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void pause_briefly(void) {
        (void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void work(const Load *load, size_t worker, Shared *shared) {
        int ready = load->begin ? load->begin(worker, load->userdata) : 0;

        atomic_fetch_add(&shared->n_ready, 1);
        while (!atomic_load(&shared->go))
                pause_briefly();

        for (;;) {
                size_t number = atomic_fetch_add(&shared->next, 1);
                uint64_t begin = load_now_usec(), took;

                if (number >= load->n_samples)
                        return;
                if (ready < 0 || load->sample(worker, number, load->userdata) < 0) {
                        atomic_fetch_add(&shared->n_failed, 1);
                        continue;
                }
                took = load->measured_usec ? *load->measured_usec : load_now_usec() - begin;
                shared->took_usec[number] = took > 0 ? (uint32_t)took : 1;
        }
}

static int compare(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

static uint64_t cpu_usec(void) {
        struct rusage usage;

        (void)getrusage(RUSAGE_CHILDREN, &usage);
        return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
               (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void report(const Load *load, Shared *shared, uint64_t wall_usec, uint64_t used_usec) {
        size_t n_failed = atomic_load(&shared->n_failed), n = load->n_samples - n_failed;
        const uint32_t *sorted = shared->took_usec + n_failed; /* failures are 0 and come first */

        qsort(shared->took_usec, load->n_samples, sizeof(shared->took_usec[0]), compare);
        printf("{\"samples\":%zu,\"failed\":%zu,\"median_usec\":%u,\"p99_usec\":%u,"
               "\"wall_usec\":%llu,\"cpu_usec\":%llu}\n",
               load->n_samples, n_failed, n > 0 ? sorted[n / 2] : 0,
               n > 0 ? sorted[n - 1 - n / 100] : 0, (unsigned long long)wall_usec,
               (unsigned long long)used_usec);
        (void)fflush(stdout);
}

int load_run(const Load *load) {
        Shared *shared;
        uint64_t begin, used = cpu_usec();
        size_t n_workers = 0;

        if (load->n_samples == 0 || load->n_samples > LOAD_SAMPLES_MAX || load->n_workers == 0 ||
            load->n_workers > LOAD_WORKERS_MAX)
                return -1;
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        if (shared == MAP_FAILED)
                return -1;

        while (n_workers < load->n_workers) {
                pid_t pid = fork();

                if (pid < 0)
                        return -1;
                if (pid == 0) {
                        work(load, n_workers, shared);
                        _exit(0);
                }
                n_workers++;
        }

        /* A worker that ends before the start would be waited for in vain; wait() tells. */
        while (atomic_load(&shared->n_ready) < n_workers) {
                if (waitpid(-1, NULL, WNOHANG) != 0)
                        return -1;
                pause_briefly();
        }
        begin = load_now_usec();
        atomic_store(&shared->go, true);
        while (wait(NULL) > 0 || errno == EINTR)
                ;
        report(load, shared, load_now_usec() - begin, cpu_usec() - used);
        return atomic_load(&shared->n_failed) == 0 ? 0 : -1;
}
