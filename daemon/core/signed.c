/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signed: released. Nothing in it is secret. */

#include <stdlib.h>

#include "daemon/core/signed.h"

void signed_done(Signed *result) {
        free(result->algorithm);
        free(result->certificates);
        free(result->signature);
        *result = (Signed){ .status = SIGN_FAILED, .tries_left = -1 };
}
