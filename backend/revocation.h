/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Revocation: does one of these lists (RFC 5280 section 5) name this certificate?
 *
 * A list counts when the issuer of the certificate has signed it, with a key that may sign lists and
 * a digest that is strong enough, when it is not of the future and not too old, and when it has no
 * critical extension: what we do not understand may limit what it says. Without such a list nothing
 * is known, and nothing known is no. */

#include <openssl/x509.h>
#include <stdint.h>

/* GM/T 0009-2012 section 10: who signs with SM2 is this, if nothing else was agreed. */
#define SM2_ID "1234567812345678"
#define SM2_ID_BYTES 16

/** revocation_is_clear() - a list of @issuer counts at @now, and none of its lists names @cert.
 * Return: 1 or 0; no memory is 0. */
int revocation_is_clear(STACK_OF(X509_CRL) *lists, X509 *cert, X509 *issuer, int64_t now);

/** sm2_verify() - a signature with SM3 and the usual identity. Return: 1 or 0. */
int sm2_verify(EVP_PKEY *key, const uint8_t *signature, size_t n_signature, const void *data,
               size_t n_data);
