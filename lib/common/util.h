/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Util: the few macros that every file uses */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _export_ __attribute__((visibility("default")))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _unused_ __attribute__((unused))

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

/* TAKE_PTR() - hand a pointer on to its next owner, leaving NULL behind */
#define TAKE_PTR(ptr) \
        ({ \
                __typeof__(ptr) *_take_pp = &(ptr); \
                __typeof__(ptr) _take_p = *_take_pp; \
                *_take_pp = NULL; \
                _take_p; \
        })

/* TAKE_FD() - the same for a descriptor, leaving -1 behind */
#define TAKE_FD(fd) \
        ({ \
                int *_take_fdp = &(fd); \
                int _take_fd = *_take_fdp; \
                *_take_fdp = -1; \
                _take_fd; \
        })

/* DEFINE_CLEANUP() - make NAMEp() for _cleanup_ from NAME(), which takes NULL and returns NULL */
#define DEFINE_CLEANUP(type, name) \
        static inline void name##p(type **p) { \
                if (*p) \
                        *p = name(*p); \
        }

static inline void freep(void *p) {
        free(*(void **)p);
}

static inline void closep(int *fd) {
        if (*fd >= 0)
                (void)close(*fd);
}

#define USEC_PER_SEC 1000000ULL
#define USEC_PER_MSEC 1000ULL
#define USEC_INFINITY UINT64_MAX
