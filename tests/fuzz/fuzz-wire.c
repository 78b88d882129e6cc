/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzz the decoders of lib/wire: the first byte picks the schema, the rest is the body. Beside not crashing: what
 * is read can be written, and what was written reads and writes the same again. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/wire.h"

/* threats 43 */
#define FUZZ_DEFINE(name, Type) \
        static void fuzz_##name(const char *json, size_t n) { \
                _cleanup_(secret_freep) Secret *once = NULL, *twice = NULL; \
                Type x, y; \
\
                if (wire_##name##_decode(json, n, &x) != 0) \
                        return; \
                if (wire_##name##_encode(&x, &once) == 0) { \
                        if (wire_##name##_decode(secret_text(once), secret_size(once), &y) != 0) \
                                abort(); \
                        if (wire_##name##_encode(&y, &twice) != 0 || !secret_equal(once, twice)) \
                                abort(); \
                        wire_##name##_done(&y); \
                } else if (n < LIMIT_BODY_BYTES / 8) /* escapes may have grown it beyond the limit */ \
                        abort(); \
                wire_##name##_done(&x); \
        }
WIRE_LIST(FUZZ_DEFINE)

#define FUZZ_ROW(name, Type) fuzz_##name,
static void (*const fuzzers[])(const char *json, size_t n) = { WIRE_LIST(FUZZ_ROW) };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static int started;

        if (!started) {
                wire_init_process();
                started = 1;
        }
        if (n > 0)
                fuzzers[data[0] % ELEMENTSOF(fuzzers)]((const char *)data + 1, n - 1);
        return 0;
}
