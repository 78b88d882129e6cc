/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* SQLite's memory: answers of captchas, digits and mobile numbers are bound to statements and stand
 * in pages, so what it frees is erased. */

#include <sqlite3.h>
#include <string.h>

#include "backend/store.h"

/* In front of each block; as large as the strictest alignment asks for. */
typedef union Header {
        size_t n;
        max_align_t align;
} Header;

static void *memory_take(int n) {
        Header *header = malloc(sizeof(Header) + (size_t)n);

        if (!header)
                return NULL;
        header->n = (size_t)n;
        return header + 1;
}

static int memory_size(void *p) {
        return p ? (int)((Header *)p - 1)->n : 0;
}

static void memory_give(void *p) {
        if (!p)
                return;
        explicit_bzero(p, ((Header *)p - 1)->n);
        free((Header *)p - 1);
}

static void *memory_resize(void *p, int n) {
        void *q = memory_take(n);

        if (!q)
                return NULL;
        memcpy(q, p, (size_t)(memory_size(p) < n ? memory_size(p) : n));
        memory_give(p);
        return q;
}

static int memory_round(int n) {
        return (n + 7) & ~7;
}

static int memory_begin(void *userdata _unused_) {
        return SQLITE_OK;
}

static void memory_end(void *userdata _unused_) {
}

void store_init_process(void) {
        static const sqlite3_mem_methods methods = {
                .xMalloc = memory_take,
                .xFree = memory_give,
                .xRealloc = memory_resize,
                .xSize = memory_size,
                .xRoundup = memory_round,
                .xInit = memory_begin,
                .xShutdown = memory_end,
        };

        (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
        /* small blocks from a pool of the connection's would never be freed */
        (void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
}
