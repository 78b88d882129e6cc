/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Body: what is sent - form bodies, authorization headers, proofs of key exchange
 *
 * All of it is made and kept in secrets. */

#include <stddef.h>

#include "lib/common/secret.h"

/* A field without text and without secret is left out. */
typedef struct BodyField {
        const char *name;
        const char *text;
        const Secret *secret;
} BodyField;

/** body_new() - a form of @fields in a secret of just the size it needs. Return: 0 or -ENOMEM. */
int body_new(const BodyField *fields, size_t n_fields, Secret **ret);

/**
 * authorization_new_basic() - "Authorization: Basic …" (RFC 6749 section 2.3.1, RFC 7617)
 *
 * Made here and not by CURLOPT_USERPWD, so that client and bearer authentication take one way and
 * libcurl holds the secret only as a header line, in memory that is wiped. Return: 0 or -ENOMEM.
 */
int authorization_new_basic(const char *client_id, const Secret *client_secret, Secret **ret);
/** authorization_new_bearer() - "Authorization: Bearer …" (RFC 6750). Return: 0 or -ENOMEM. */
int authorization_new_bearer(const Secret *token, Secret **ret);

/* RFC 7636, method S256 */
#define PKCE_TEXT_BYTES 43

/** pkce_new() - a fresh verifier of 256 random bits. Return: 0 or negative errno. */
int pkce_new(Secret **ret_verifier);
/** pkce_challenge() - the challenge of a verifier. Return: 0 or -EIO. */
int pkce_challenge(const Secret *verifier, char ret[PKCE_TEXT_BYTES + 1]);
