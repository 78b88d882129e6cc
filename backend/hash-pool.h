/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hash pool: yescrypt on a bounded number of threads
 *
 * A password hash is meant to be slow (about 35 ms and 32 MiB), so it never runs on the thread that
 * serves. Threads touch nothing but the job they were handed; its owner gets it back, on the
 * owner's thread, through hash_pool_dispatch(). */

#include <stddef.h>
#include <stdint.h>

#include "lib/common/util.h"

#define PASSWORD_HASH_BYTES 383 /* CRYPT_OUTPUT_SIZE of crypt(3) */
/* Of yescrypt: N = 2^13, r = 32. Its library's own choice, 5, takes 16 MiB, less than the 19 MiB of
 * argon2id that are thought of as the least today (threats.md 116). Hashes of another cost stay good. */
#define HASH_COST 6
#define HASH_QUEUE_MAX 256

typedef enum HashKind {
        HASH_MAKE, /* hash @password, write @hash */
        HASH_TEST, /* does @password belong to @hash? */
        _HASH_KIND_MAX,
} HashKind;

enum {
        HASH_E_WRONG = 1, /* the password is another one */
        HASH_E_FULL,      /* hash_pool_submit(): HASH_QUEUE_MAX jobs wait already */
};

typedef struct HashJob HashJob;
struct HashJob {
        HashKind kind;
        const char *password; /* borrowed until done() */
        char hash[PASSWORD_HASH_BYTES + 1];
        void (*done)(HashJob *job); /* called by hash_pool_dispatch() */
        void *userdata;
        int result;    /* 0, HASH_E_WRONG, -errno */
        uint64_t usec; /* that the hash took; the pool's */
        HashJob *next; /* the pool's */
};

typedef struct HashPool HashPool;

/** hash_pool_new() - start @n_threads threads; 0: as many as there are processors. Return: 0 or
 * -errno. */
int hash_pool_new(size_t n_threads, HashPool **ret);

/** hash_pool_free() - finish the running jobs, call done() for all, end the threads; takes NULL.
 * Return: NULL. */
HashPool *hash_pool_free(HashPool *pool);
DEFINE_CLEANUP(HashPool, hash_pool_free)

/** hash_pool_submit() - queue @job, which stays the caller's and must live until done(). Return: 0
 * or HASH_E_FULL. */
int hash_pool_submit(HashPool *pool, HashJob *job);

/** hash_pool_is_full() - would hash_pool_submit() refuse? "No" stays true until the caller
 * submits. */
bool hash_pool_is_full(HashPool *pool);

/** hash_pool_queue() - how many jobs wait for a thread */
size_t hash_pool_queue(HashPool *pool);

/** hash_pool_threads() - how many there are */
size_t hash_pool_threads(const HashPool *pool);

/** hash_pool_fd() - readable when hash_pool_dispatch() has something to do */
int hash_pool_fd(HashPool *pool);

/** hash_pool_dispatch() - call done() for every finished job, on the caller's thread */
void hash_pool_dispatch(HashPool *pool);

/** hash_pool_wait() - block until one job at least has finished, then dispatch. Return: false when
 * there was none. */
bool hash_pool_wait(HashPool *pool);

/** hash_run() - do @job now, on this thread; sets job->result */
void hash_run(HashJob *job);
