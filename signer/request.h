/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Request: what itax-sign was asked for (lib/common/signing.h has the form) */

#include "lib/common/limits.h"
#include "lib/common/secret.h"
#include "lib/common/signing.h"

typedef enum SourceKind {
        SOURCE_PKCS12,
        SOURCE_PKCS12_DESCRIPTOR,
        SOURCE_PKCS11,
        _SOURCE_KIND_MAX,
} SourceKind;

/* {} is empty. Owns its secret. */
typedef struct Request {
        SourceKind source;
        char path[SIGNING_PATH_BYTES + 1];
        char unit[LIMIT_UNIT_CODE_BYTES + 1];
        unsigned seconds;
        Secret *pin; /* text: no NUL byte */
        char text[SIGNING_TEXT_BYTES];
        size_t n_text;
} Request;

/** request_read() - read @fd to its end. Return: 0; -EBADMSG when it is no request; another
 * negative errno. */
int request_read(int fd, Request *ret);
/** request_done() - erase and release; idempotent */
void request_done(Request *request);
