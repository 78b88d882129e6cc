/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Certificate: does this signature come from the key of this unit? (spec.md 3.3; RFC 5280)
 *
 * Pure on its inputs: no file, no clock, no network, no state but what the caller holds. What is
 * presented proves nothing until it was verified; the unit code is taken from the certificate that
 * the chain was built for, and by the rule of lib/common/subject.h.
 *
 * Asked of every certificate below the root: issued by the next one (RFC 5280 section 6, with name
 * constraints and path length), valid now, RSA of 2048 bits or 112 bits of strength, no digest
 * weaker than that (so no MD5 or SHA-1), issuers with CA:TRUE and keyCertSign. If there are
 * revocation lists at all: every issuer has one that is signed by it, not older than its
 * nextUpdate and without critical extensions (no deltas, no partial lists), and none of them names
 * the certificate. Asked of the unit's: no CA; keyUsage with digitalSignature; extendedKeyUsage
 * absent or with clientAuth (or any); RSA of 2048 to 8192 bits, P-256 as a named curve, or SM2. */

#include <stddef.h>
#include <stdint.h>

#include "lib/common/util.h"

#define CERTIFICATES_MAX 8
#define CERTIFICATES_BYTES_MAX 32768 /* PEM, all of them */
#define SIGNATURE_BYTES_MAX 1024     /* RSA of 8192 bits */

typedef struct Authorities Authorities;

/* Why a proof is refused; certificate_reason() has the word of doc/platform-api.yaml. */
enum {
        CERTIFICATE_E_UNTRUSTED = 1,
        CERTIFICATE_E_EXPIRED,
        CERTIFICATE_E_REVOKED,
        CERTIFICATE_E_USAGE,
        CERTIFICATE_E_WEAK,
        CERTIFICATE_E_OTHER_UNIT,
        CERTIFICATE_E_SIGNATURE,
        CERTIFICATE_E_CHALLENGE, /* not found out here */
        _CERTIFICATE_E_MAX,
};

/**
 * authorities_new() - what a platform trusts
 * @roots: certificates in PEM, one at least, all with CA:TRUE
 * @n_roots: bytes
 * @ret: owned by the caller
 *
 * Return: 0, -EBADMSG (not such a text), -ENOMEM.
 */
int authorities_new(const char *roots, size_t n_roots, Authorities **ret);

/** authorities_add_lists() - revocation lists in PEM, one at least. From the first on, every issuer
 * needs one. Return: 0, -EBADMSG, -ENOMEM. */
int authorities_add_lists(Authorities *authorities, const char *lists, size_t n_lists);

Authorities *authorities_free(Authorities *authorities);
DEFINE_CLEANUP(Authorities, authorities_free)

/* What a workstation brings; all borrowed. */
typedef struct CertificateProof {
        const char *unit_code;
        const char *algorithm;    /* "RS256", "ES256", "SM2" */
        const char *certificates; /* PEM, the unit's first */
        size_t n_certificates;
        const uint8_t *signature;
        size_t n_signature;
        const char *text; /* what was to be signed */
        size_t n_text;
} CertificateProof;

/** certificate_verify() - @now: seconds since 1970. Return: 0, CERTIFICATE_E_*, -ENOMEM. */
int certificate_verify(Authorities *authorities, const CertificateProof *proof, int64_t now);

const char *certificate_reason(int error);
