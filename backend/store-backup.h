/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Backup: a copy of a SQLite store, whole and of one moment, while others go on writing to it */

#include <stdint.h>

enum {
        STORE_BACKUP_E_KIND = 1, /* the store is not a file */
        STORE_BACKUP_E_EXISTS,   /* @to is there already */
        STORE_BACKUP_E_DAMAGED,  /* the copy does not hold what it should; it was removed */
};

/**
 * store_backup() - copy the store @from into the new file @to, mode 0600
 *
 * Everything that was committed before this was called is in it; nothing that is half done. The
 * store is only read, and stays at its version. @to appears when it is complete, checked and on the
 * disk; until then it is called @to and ".new".
 *
 * Return: 0, STORE_BACKUP_E_*, -errno.
 */
int store_backup(const char *from, const char *to, int64_t *ret_bytes);
