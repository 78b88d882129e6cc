/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Listen: the one address that is served */

enum {
        LISTEN_E_SYNTAX = 1, /* neither "ADDRESS:PORT", "[ADDRESS]:PORT" nor "unix:/path" */
        LISTEN_E_PATH,       /* something that is no socket lies at the path */
};

typedef enum ListenScope {
        LISTEN_LOCAL, /* a Unix socket or loopback: what is not encrypted stays on the machine */
        LISTEN_NETWORK,
} ListenScope;

/** listen_scope() - where an address can be reached from. Return: 0 or LISTEN_E_SYNTAX. */
int listen_scope(const char *address, ListenScope *ret);

/** listen_open() - a listening socket, non-blocking, close-on-exec. A Unix socket is open to its
 * owner's group (mode 0660); one that nobody listens at is replaced. Return: 0, LISTEN_E_*,
 * -errno. */
int listen_open(const char *address, int *ret);

/** listen_close() - close, and remove the path of a Unix socket */
void listen_close(const char *address, int fd);
