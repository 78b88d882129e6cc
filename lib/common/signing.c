/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signing: the words of the answer */

#include <string.h>

#include "lib/common/signing.h"

static const char *const words[_SIGNING_STATUS_MAX] = {
        [SIGNING_OK] = "ok",
        [SIGNING_WRONG_PIN] = "wrong-pin",
        [SIGNING_PIN_LOCKED] = "pin-locked",
        [SIGNING_NO_KEY] = "no-key",
        [SIGNING_BAD_SOURCE] = "bad-source",
        [SIGNING_FAILED] = "failed",
};

const char *signing_status_to_string(SigningStatus status) {
        return words[status < _SIGNING_STATUS_MAX ? status : SIGNING_FAILED];
}

SigningStatus signing_status_from_string(const char *word) {
        SigningStatus status = SIGNING_OK;

        while (status < _SIGNING_STATUS_MAX && strcmp(words[status], word) != 0)
                status++;
        return status;
}
