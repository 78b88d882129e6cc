/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Parts of options.c: the help, and what the options of serve may be together */

#include "backend/options.h"

#define STORE_DEFAULT "/var/lib/itax-backend/store.db"

void options_help_print(void);

/** options_serve_check() - are they enough, and do they fit each other? Completes what was left out.
 * Return: 0, OPTIONS_E_USAGE (told on stderr). */
int options_serve_check(ServerOptions *server);
