/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Fuzz lib/common/text: whatever goes into the filter, what comes out may be shown, is one line, is not too
 * long, and stays what it is when it is filtered again. The first two bytes are the length allowed. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/common/limits.h"
#include "lib/common/text.h"
#include "lib/common/util.h"

static void check_shown(const char *s, size_t n_max) {
        if (strlen(s) > n_max || strchr(s, '\n') || !text_is_utf8(s, strlen(s)) ||
            !text_is_showable(s))
                abort();
        if (text_width(s) > 2 * strlen(s))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* threats 78, 79, 82 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) char *shown = NULL;
        _cleanup_(freep) char *again = NULL;
        _cleanup_(freep) char *masked = NULL;
        size_t n_max;

        if (n < 2)
                return 0;
        n_max = sizeof("\u2026") - 1 + (data[0] << 4) + (data[1] & 15);
        text = strndup((const char *)data + 2, n - 2);
        if (!text)
                return 0;

        if (text_is_showable(text) && !text_is_utf8(text, strlen(text)))
                abort();
        (void)text_is_utf8((const char *)data, n);
        (void)text_is_picture(text);

        if (text_filter(text, n_max, &shown) == 0) {
                check_shown(shown, n_max);
                if (text_is_showable(text) && strlen(text) <= n_max && !strchr(text, '\n') &&
                    strcmp(text, shown) != 0)
                        abort();
                if (text_filter(shown, n_max, &again) == 0 && strcmp(shown, again) != 0)
                        abort();
        }
        if (text_mask(text, &masked) == 0)
                check_shown(masked, LIMIT_USER_BYTES);
        return 0;
}
