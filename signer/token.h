/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Token: a unit's key that never leaves its device, reached through a PKCS#11 module
 *
 * Of all tokens that are plugged in, the one is used whose certificate names the unit; so
 * certificates must be readable without PIN, as they are on all tokens that we know of, and no PIN
 * is ever tried on a token that is another unit's. A module is code of somebody else: it may hang,
 * crash, write to standard output or fork. None of that reaches further than this process. */

#include "signer/answer.h"
#include "signer/request.h"

/** token_sign() - sign @request->text by the key on the token; fills @answer. The module stays
 * loaded: the process ends after its one answer, and modules are known to hang when they are
 * unloaded. */
SigningStatus token_sign(const Request *request, Answer *answer);
