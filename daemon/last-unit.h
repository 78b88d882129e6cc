/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Last unit: which unit each account was here for last, so that it can be offered first
 *
 * A convenience and never a proof. Kept for the LAST_UNIT_MAX accounts that came last, in a file that
 * outlives restarts. */

#include "lib/common/util.h"

#define LAST_UNIT_MAX 1000U

typedef struct LastUnits LastUnits;

/**
 * last_units_new() - with what the file says
 * @path: of the file; NULL to keep nothing beyond this process. A file that cannot be used is told of
 *        and counts as empty; the next change replaces it if that is possible.
 *
 * Return: 0 or -ENOMEM.
 */
int last_units_new(const char *path, LastUnits **ret);
LastUnits *last_units_free(LastUnits *units);
DEFINE_CLEANUP(LastUnits, last_units_free)

/** last_units_get() - NULL when unknown; borrowed until the next call here */
const char *last_units_get(const LastUnits *units, const char *account);

/** last_units_set() - written at once when it is news; that it could not be is logged */
void last_units_set(LastUnits *units, const char *account, const char *unit);
