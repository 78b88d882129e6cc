/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Load: do one thing many times in several processes, and tell how long each took */

#include <stddef.h>
#include <stdint.h>

#define LOAD_SAMPLES_MAX 100000
#define LOAD_WORKERS_MAX 256

typedef struct Load {
        size_t n_samples, n_workers;
        void *userdata;
        /* Once in each worker, after the fork. NULL: nothing to prepare. Return: 0 or -1. */
        int (*begin)(size_t worker, void *userdata);
        /* One sample; the number is unique among all workers. Return: 0 or -1, which is counted as
         * a failure. */
        int (*sample)(size_t worker, size_t number, void *userdata);
        /* What a sample took, if it is not simply the time that sample() needs; set by sample(). */
        uint64_t *measured_usec;
} Load;

/**
 * load_run() - run it and print one line of JSON
 *
 * {"samples":…, "failed":…, "median_usec":…, "p99_usec":…, "wall_usec":…, "cpu_usec":…}: times are
 * of those samples that did not fail; cpu_usec is user and system time of all workers.
 *
 * Return: 0, or -1 when something failed.
 */
int load_run(const Load *load);

/** load_now_usec() - CLOCK_MONOTONIC, the same in every process */
uint64_t load_now_usec(void);
