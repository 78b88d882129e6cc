/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Residence: provinces, cities and counties (GB/T 2260), by codes of 2, 4 and 6 digits; each begins
 * with that of what it lies in */

#include "lib/common/util.h"

/** residence_name() - NULL for a code that there is not */
const char *residence_name(const char *code);

/** residence_next() - the places directly in @parent ("" for the provinces), by code
 * @place: NULL for the first
 *
 * Return: code of the one behind @place, NULL for none. */
const char *residence_next(const char *parent, const char *place);
