/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Certificate: what is in one, and which ones lead from it to its authority */

#include <stdbool.h>

#include <openssl/x509.h>

#include "lib/common/signing.h"

/** certificate_names() - does the subject name @unit, by the rule of lib/common/subject.h? */
bool certificate_names(const X509 *certificate, const char *unit);

/**
 * certificate_rank() - how well one suits, among several of the same unit
 *
 * Tokens often hold two of a unit, one to sign and one to encrypt, and old ones too. Higher is
 * better: a key that we can use, made for signatures, valid now. None of it is a judgement: that
 * is the platform's, and an expired certificate that is all there is goes to it.
 */
int certificate_rank(X509 *certificate);

/** certificate_chain() - PEM of @certificate and those of @others that lead upwards, without a root
 * @others: may be NULL
 * @ret: owned by the caller, of plain malloc()
 * Return: 0, -E2BIG when it is above SIGNING_CERTIFICATES_BYTES, or -ENOMEM. */
int certificate_chain(X509 *certificate, const STACK_OF(X509) * others, char **ret);
