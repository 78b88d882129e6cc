/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Commands: what an administrator does to the store, whether a server runs on it or not */

#include "backend/options.h"

/** command_run() - anything but COMMAND_SERVE. Return: 0, or 1 when it could not be done (told on
 * stderr). */
int command_run(const Options *options);
