/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* File: a small file whole, into a Secret */

#include "lib/common/secret.h"

enum {
        FILE_E_TOO_LARGE = 1,
        FILE_E_EXPOSED, /* file_read_secret(): readable for others than its owner, or not ours */
};

/** file_read() - at most @n_max bytes. Return: 0, FILE_E_TOO_LARGE, -errno. */
int file_read(const char *path, size_t n_max, Secret **ret);

/** file_read_secret() - the same for a file that must be closed to others: mode 0640 or less, owned
 * by root or us */
int file_read_secret(const char *path, size_t n_max, Secret **ret);
