/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Between the two files of unit verification. */

#include "backend/http.h"

/** certificate_offered() - may this unit prove itself by a certificate? */
bool certificate_offered(const Request *request, const UnitRow *unit);

/** certificate_try() - method ca for request->unit, which is one of the person's. Return: 0 when it
 * was answered, -EINVAL for a request that is not of the schema, -errno. */
int certificate_try(Request *request);

/** answer_verified() - api-unit.c: the person may act for request->unit */
void answer_verified(Request *request, const char *method);
