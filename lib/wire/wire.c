/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Wire: the public functions, one set a schema, all of them three lines around the tables. */

#include <errno.h>
#include <string.h>

#include "lib/wire/schema.h"

void wire_init_process(void) {
        json_set_alloc_funcs(wire_malloc, wipe_free);
        json_object_seed(0); /* reads its randomness now, not at the first answer */
}

static int decode(const WireSchema *schema, const char *json, size_t n, void *base) {
        json_t *tree = NULL;
        int r;

        r = wire_text_parse(json, n, &tree);
        if (r)
                return r;

        r = wire_object_read(schema, tree, base);
        json_decref(tree);
        return r;
}

static int append_to_secret(const char *text, size_t n, void *userdata) {
        return secret_append(userdata, text, n) < 0 ? -1 : 0;
}

static int encode(const WireSchema *schema, const void *base, Secret **ret) {
        _cleanup_(json_unrefp) json_t *tree = NULL;
        _cleanup_(secret_freep) Secret *text = NULL;
        size_t n;
        int r;

        wire_memory_begin();
        r = wire_object_write(schema, base, &tree);
        if (r)
                return r;

        n = json_dumpb(tree, NULL, 0, JSON_COMPACT);
        if (n == 0)
                return -ENOMEM;
        if (n > LIMIT_BODY_BYTES)
                return -ENOBUFS;

        r = secret_new(n, &text);
        if (r)
                return r;
        if (json_dump_callback(tree, append_to_secret, text, JSON_COMPACT) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(text);
        return 0;
}

#define WIRE_DEFINE(name, Type) \
        int wire_##name##_decode(const char *json, size_t n, Type *ret) { \
                Type x = {}; \
                int r = decode(&wire_##name##_schema, json, n, &x); \
\
                if (r) \
                        wire_##name##_done(&x); \
                else \
                        *ret = x; \
                return r; \
        } \
        int wire_##name##_encode(const Type *x, Secret **ret) { \
                return encode(&wire_##name##_schema, x, ret); \
        } \
        void wire_##name##_done(Type *x) { \
                wire_object_done(&wire_##name##_schema, x); \
                *x = (Type){}; \
        }
WIRE_LIST(WIRE_DEFINE)
