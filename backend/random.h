/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Random: secrets that the platform gives out, and the only form in which it keeps them */

#include <stddef.h>

#include "lib/common/secret.h"

#define RANDOM_TOKEN_BYTES 43 /* 256 bits in base64url without padding (RFC 4648 section 5) */
#define RANDOM_ID_BYTES 22    /* 128 bits */
#define HASH_HEX_BYTES 64     /* SHA-256 in hexadecimal */

/** random_token() - a new secret of 256 bits. Return: 0, -ENOMEM, or -EIO when the kernel gives no
 * randomness. */
int random_token(Secret **ret);

/** random_id() - a new identifier of 128 bits that is no secret, RANDOM_ID_BYTES characters.
 * Return: 0 or -EIO. */
int random_id(char ret[static RANDOM_ID_BYTES + 1]);

/** random_text() - @n characters of @alphabet, each equally likely. Return: 0 or -EIO. */
int random_text(const char *alphabet, size_t n, char *ret);

/** random_number() - from 0 to @n - 1, each equally likely; @n at most 2^16. Return: 0 or -EIO. */
int random_number(unsigned n, unsigned *ret);

/** hash_hex() - SHA-256 of @n bytes. Return: 0 or -ENOMEM. */
int hash_hex(const void *data, size_t n, char ret[static HASH_HEX_BYTES + 1]);
int hash_hex_text(const char *text, char ret[static HASH_HEX_BYTES + 1]);

/** hash_hex_keyed() - HMAC-SHA-256 (RFC 2104) of @text. Return: 0 or -ENOMEM. */
int hash_hex_keyed(const char *key, const char *text, char ret[static HASH_HEX_BYTES + 1]);
