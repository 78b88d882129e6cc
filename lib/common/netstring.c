/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Netstring: no allocation, no copy */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/common/netstring.h"

#define DIGITS_MAX 6
#define FIELD_MAX 999999

int netstring_append(Secret *out, const void *data, size_t n) {
        size_t n_before = secret_size(out);
        char length[NETSTRING_EXTRA_BYTES + 1];

        if (n > FIELD_MAX)
                return -ENOBUFS;

        (void)snprintf(length, sizeof(length), "%zu:", n);
        if (secret_append_text(out, length) < 0 || (n && secret_append(out, data, n) < 0) ||
            secret_append_text(out, ",") < 0) {
                secret_truncate(out, n_before);
                return -ENOBUFS;
        }
        return 0;
}

int netstring_append_text(Secret *out, const char *text) {
        return netstring_append(out, text, strlen(text));
}

bool netstring_next(const char **in, size_t *n, const char **ret, size_t *ret_n) {
        size_t n_digits = 0, n_field = 0;

        while (n_digits < *n && n_digits < DIGITS_MAX && (*in)[n_digits] >= '0' &&
               (*in)[n_digits] <= '9')
                n_field = 10 * n_field + (size_t)((*in)[n_digits++] - '0');
        if (n_digits == 0 || (n_digits > 1 && (*in)[0] == '0'))
                return false;
        if (*n < n_digits + 2 || n_field > *n - n_digits - 2)
                return false;
        if ((*in)[n_digits] != ':' || (*in)[n_digits + 1 + n_field] != ',')
                return false;

        *ret = *in + n_digits + 1;
        *ret_n = n_field;
        *in += n_digits + 2 + n_field;
        *n -= n_digits + 2 + n_field;
        return true;
}
