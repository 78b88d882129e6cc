/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Check: itaxd --check, for the administrator who has just changed something
 *
 * Everything that a start reads is read: the file, the map, the certificates and the secret. Nothing is
 * written, and nothing is asked of the platform. */

#include <stdbool.h>

/** check_config() - tell on standard error what is wrong, and on standard output when nothing is. What is
 * odd but can be used is told as a warning. Return: could itaxd start with it? */
bool check_config(const char *path);
