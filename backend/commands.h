/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Commands: what the hall and the operator do to the store, whether a server runs on it or not */

#include "backend/options.h"

/** command_run() - anything but COMMAND_SERVE. Return: the exit status, told on stderr when it is
 * not 0: 1 refused and nothing changed, 2 a wrong word, 3 the store failed. */
int command_run(const Options *options);
