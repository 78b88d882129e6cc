/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rate: how often something may happen within a time, for all processes on one store together */

#include <stdint.h>

#include "backend/store.h"

enum {
        RATE_E_OVER = 1, /* not now; ret_wait_sec */
};

/** rate_take() - count one more of @key (e.g. "sms:number:199…") against @n_max within @window_sec,
 * in the caller's transaction. Return: 0, RATE_E_OVER, -errno. */
int rate_take(Store *store, const char *key, int64_t n_max, int64_t window_sec, int64_t now,
              int64_t *ret_wait_sec);

/** rate_purge() - forget windows that are over, in the caller's transaction. Return: 0 or -errno. */
int rate_purge(Store *store, int64_t now);
