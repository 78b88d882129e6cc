/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Parse: text to tree. What jansson would only find out after it has allocated - depth and number
 * of values - is counted first over the bare bytes, so that a hostile body costs one pass. */

#include <errno.h>
#include <string.h>

#include "lib/wire/schema.h"

/* Counts brackets and commas outside strings; whether they fit each other the parser says. */
static bool text_is_modest(const char *json, size_t n) {
        size_t depth = 0, n_values = 0;
        bool in_string = false;

        for (size_t i = 0; i < n; i++) {
                char c = json[i];

                if (in_string) {
                        if (c == '\\')
                                i++;
                        else if (c == '"')
                                in_string = false;
                } else if (c == '"')
                        in_string = true;
                else if (c == '[' || c == '{') {
                        n_values++;
                        depth++;
                        if (depth > LIMIT_JSON_DEPTH)
                                return false;
                } else if (c == ']' || c == '}') {
                        if (depth == 0)
                                return false;
                        depth--;
                } else if (c == ',')
                        n_values++;

                if (n_values > WIRE_VALUES_MAX)
                        return false;
        }
        return true;
}

/* Where memory gives out in the middle of a string, the library goes on with what it has and reads
 * beyond it. After the first refusal it therefore gets nothing more, until the next text. */
static _Thread_local bool memory_is_out;

void *wire_malloc(size_t n) {
        void *p = memory_is_out ? NULL : wipe_malloc(n);

        memory_is_out = !p;
        return p;
}

void wire_memory_begin(void) {
        memory_is_out = false;
}

int wire_text_parse(const char *json, size_t n, json_t **ret) {
        json_error_t error = {};
        json_t *tree;

        if (n == 0 || n > LIMIT_BODY_BYTES || !text_is_modest(json, n))
                return WIRE_E_JSON;

        wire_memory_begin();
        tree = json_loadb(json, n, JSON_REJECT_DUPLICATES, &error);
        explicit_bzero(&error, sizeof(error)); /* quotes the text near the fault */
        if (!tree)
                return memory_is_out ? -ENOMEM : WIRE_E_JSON;
        if (!json_is_object(tree)) {
                json_decref(tree);
                return WIRE_E_JSON;
        }

        *ret = tree;
        return 0;
}
