/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Audit: who changed what, and why; rows are only ever added */

#include <stdint.h>

#include "backend/store.h"

/**
 * audit_add() - in the transaction of the change itself
 * @who: "operator:LOGIN" (who ran itax-backend), or "account:LOGIN-NAME" (a page)
 * @action: as the command or page names it, e.g. "account reset"
 * @object: whom or what it changed, identity numbers and mobile numbers masked
 * @why: in the words of who did it; "" when a page asks for none
 *
 * Return: 0 or -errno.
 */
int audit_add(Store *store, int64_t now, const char *who, const char *action, const char *object,
              const char *why);
