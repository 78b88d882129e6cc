/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Audit: who changed what, and why; rows are only ever added */

#include <stdint.h>

#include "backend/store.h"

/* What is longer is cut. */
#define AUDIT_WHO_BYTES 128
#define AUDIT_OBJECT_BYTES 256
#define AUDIT_WHY_BYTES 512

/**
 * audit_add() - in the transaction of the change itself
 * @who: "operator:LOGIN" (who ran itax-backend), or "account:LOGIN-NAME" (a page)
 * @action: as the command or page names it, e.g. "account reset"
 * @object: whom or what it changed, identity numbers and mobile numbers masked
 * @why: in the words of who did it; "" when a page asks for none
 *
 * What must not be shown becomes U+FFFD. Rows of one second sort by id in the order they came.
 *
 * Return: 0 or -errno.
 */
int audit_add(Store *store, int64_t now, const char *who, const char *action, const char *object,
              const char *why);
