/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Check: itaxd --check and --show, for the administrator who has just changed something
 *
 * Everything that a start reads is read: the file, the map, the certificates and the secret. Nothing is
 * written, and nothing is asked of the platform. */

#include <stdbool.h>

/** check_speak() - the language of the environment from now on; in a daemon it is that of its log, English */
void check_speak(const char *localedir);

/** check_show() - print what holds, and who said so. Return: false where the configuration cannot be used;
 * why is told on standard error. */
bool check_show(const char *path, bool json);

/** check_config() - tell on standard error what is wrong, and on standard output when nothing is. What is
 * odd but can be used is told as a warning. Return: could itaxd start with it? */
bool check_config(const char *path);
