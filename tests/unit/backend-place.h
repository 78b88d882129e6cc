/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where a test's store is: a file in its own folder, or, where ITAX_POSTGRES names a database (see
 * tests/lab/postgres), a schema of its own in there. */

#include <stdbool.h>

#define PLACE_BYTES 256

/** place_is_shared() - is it PostgreSQL? What is about files is left out, then. */
bool place_is_shared(void);

/** place_make() - a new, empty one. @folder: of the test */
void place_make(const char *folder, char ret[static PLACE_BYTES]);

/** place_run() - statements by another connection than the store's. SQLite: nothing happens */
void place_run(const char *place, const char *sql);

/** place_drop() - forget it; the folder is the caller's */
void place_drop(const char *place);
