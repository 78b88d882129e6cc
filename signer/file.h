/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* File: a unit's key in a PKCS#12 file (RFC 7292), old ciphers included where OpenSSL has them */

#include "signer/answer.h"
#include "signer/request.h"

/** file_sign() - sign @request->text by the key in the file; fills @answer */
SigningStatus file_sign(const Request *request, Answer *answer);
