/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Address: which addresses may be spoken to, and which may be shown
 *
 * Taken apart by libcurl's own parser, so that what is judged is what is connected to. */

#include <stdbool.h>

/** address_is_https() - an https address (scheme in any case) of visible ASCII, without user or
 * password, at most LIMIT_URI_BYTES. Out of memory counts as no. */
bool address_is_https(const char *uri);

/** address_is_issuer() - RFC 8414 section 2: as above and no query, no fragment, no slash at the
 * end */
bool address_is_issuer(const char *uri);

/** address_is_endpoint_of() - https, no fragment, and the very host and port of @issuer */
bool address_is_endpoint_of(const char *uri, const char *issuer);

/* The two places where metadata is looked for. */
typedef enum AddressDocument {
        DOCUMENT_OAUTH,  /* RFC 8414 section 3: between host and path */
        DOCUMENT_OPENID, /* OpenID Connect Discovery section 4: behind the path */
        _ADDRESS_DOCUMENT_MAX,
} AddressDocument;

/** address_of_document() - @issuer must be one. Return: 0 or -ENOMEM. */
int address_of_document(const char *issuer, AddressDocument document, char **ret);
