/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Schema: the tables, one migration a version, never edited once released
 *
 * In PostgreSQL's words. A store that has others (SQLite: INTEGER for BIGINT, STRICT where the
 * comment "strict" stands) translates them while it runs a migration. */

#include <stddef.h>

/** schema_migration() - the SQL that leads from version @version to the next; NULL when @version is
 * the newest */
const char *schema_migration(int version);
