/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Signing: what itaxd and its helper itax-sign say to each other
 *
 * One process makes one signature, reads one request from standard input until its end, and writes
 * one answer to standard output. Both are fields (netstring.h) in this order and nothing behind
 * them:
 *
 *   request  SIGNING_VERSION
 *            source    "pkcs12": a file; "pkcs12-descriptor": the file is open as descriptor 3;
 *                      "pkcs11": a token, reached through a module
 *            path      of the file or of the module, absolute; empty for "pkcs12-descriptor"
 *            unit      the unit whose key is wanted
 *            seconds   until the helper ends itself, 1 to SIGNING_SECONDS_MAX
 *            pin
 *            text      what is signed
 *   answer   SIGNING_VERSION
 *            status    a word of signing_status_to_string()
 *            tries     tries left until the token locks, -1 when it does not tell
 *            algorithm "RS256", "ES256" or "SM2"; this and the next two are empty unless "ok"
 *            certificates
 *                      PEM, the unit's own first, SIGNING_CERTIFICATES_MAX at most, no root
 *            signature base64url without padding; ECDSA and SM2 as DER
 *            detail    for the log: why it did not work; showable ASCII, may be empty
 *
 * A helper that cannot read its request answers nothing and ends with a status other than 0. */

#define SIGNING_VERSION "itax-sign 1"
#define SIGNING_SM2_ID "1234567812345678" /* GM/T 0009 section 10 */
#define SIGNING_FILE_DESCRIPTOR 3

#define SIGNING_PATH_BYTES 4095
#define SIGNING_TEXT_BYTES 4096
#define SIGNING_SECONDS_MAX 120
#define SIGNING_REQUEST_BYTES 10240
#define SIGNING_FILE_BYTES (256 * 1024) /* a .p12 file */
#define SIGNING_CERTIFICATES_MAX 4
#define SIGNING_CERTIFICATES_BYTES 16384
#define SIGNING_SIGNATURE_BYTES 1400 /* RSA with 8192 bits */
#define SIGNING_DETAIL_BYTES 256
#define SIGNING_TRIES_MAX 99
#define SIGNING_ANSWER_BYTES 20480

typedef enum SigningStatus {
        SIGNING_OK,
        SIGNING_WRONG_PIN,
        SIGNING_PIN_LOCKED,
        SIGNING_NO_KEY,     /* no certificate of this unit, or no key to it */
        SIGNING_BAD_SOURCE, /* the file or the module cannot be used at all */
        SIGNING_FAILED,     /* anything else: a kind of key that cannot be used so, a broken token */
        _SIGNING_STATUS_MAX,
} SigningStatus;

/** signing_status_to_string() - the word for it; never NULL */
const char *signing_status_to_string(SigningStatus status);
/** signing_status_from_string() - _SIGNING_STATUS_MAX for anything else */
SigningStatus signing_status_from_string(const char *word);
