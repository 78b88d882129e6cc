/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Key: signatures of the three kinds that the platform knows
 *
 * RS256  RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3)
 * ES256  ECDSA on P-256 with SHA-256, DER and not the form of RFC 7518
 * SM2    GB/T 32918.2 with SM3, signed for the identity SIGNING_SM2_ID, DER (GM/T 0009) */

#include <openssl/evp.h>

#include "lib/common/signing.h"
#include "signer/answer.h"

/** key_algorithm() - the name of the one algorithm that @key signs by; NULL for any other key */
const char *key_algorithm(const EVP_PKEY *key);

/**
 * key_sign() - sign @n bytes at @text
 * @public: the key of the certificate; the signature is verified by it before it is given away, so
 *          neither a key that is another's nor a fault of the token leaves a wrong signature
 * @answer: .algorithm and .signature are filled; .detail on failure
 */
SigningStatus key_sign(EVP_PKEY *key, EVP_PKEY *public, const void *text, size_t n, Answer *answer);
