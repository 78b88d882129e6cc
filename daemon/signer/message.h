/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Message: the request as memory that the helper reads, and its answer taken apart
 *
 * The request holds the PIN. It is written into memory that is shared as a file (memfd_create(2)),
 * so it never passes through write(2) and no pipe keeps a copy; it is erased when the helper has
 * ended. */

#include <stddef.h>

#include "daemon/core/signed.h"
#include "lib/common/secret.h"
#include "lib/common/signing.h"

typedef struct Message {
        int fd; /* at its beginning; -1: none */
        void *bytes;
        size_t n_mapped;
} Message;

typedef struct MessageRequest {
        const char *source; /* a word of signing.h */
        const char *path;
        const char *unit;
        unsigned seconds;
        const Secret *pin;
        const char *text;
} MessageRequest;

/** message_new() - Return: 0, -ENOBUFS when something is too long, or another negative errno. */
int message_new(const MessageRequest *request, Message *ret);
/** message_done() - erase and release; idempotent */
void message_done(Message *message);

/**
 * message_read() - take an answer apart
 * @ret: what it says; empty strings are NULL
 * @ret_detail: for the log, owned by the caller; not escaped
 *
 * Everything is checked again: the helper may have been taken over by a module.
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int message_read(const char *answer, size_t n, Signed *ret, char **ret_detail);
