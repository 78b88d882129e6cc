/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Proxy: whom a reverse proxy speaks for
 *
 * Who guesses is slowed down by address, so a proxy has to tell for whom it asks: the header
 * X-Forwarded-For, which anybody can write. It is believed only when the connection comes from an
 * address that the operator named, and of it only what the named ones wrote themselves: from its
 * end, the first address that is none of theirs. */

#include <stddef.h>

#include "lib/common/util.h"

#define PROXIES_MAX 16
#define PROXY_ADDRESS_BYTES 46 /* INET6_ADDRSTRLEN */

enum {
        PROXY_E_SYNTAX = 1,
        PROXY_E_FULL,
};

typedef struct Proxies {
        struct {
                int family; /* AF_INET, AF_INET6, AF_UNIX: whoever may open our socket */
                unsigned char address[16];
                unsigned n_bits;
        } list[PROXIES_MAX];
        size_t n;
} Proxies;

/** proxies_add() - @text: "unix", ADDRESS or ADDRESS/BITS. Return: 0 or PROXY_E_*. */
int proxies_add(Proxies *proxies, const char *text);

/** proxies_trust() - @peer: as request_peer() tells it, an address or "unix" */
bool proxies_trust(const Proxies *proxies, const char *peer);

/**
 * proxies_client() - for whom a trusted proxy asks
 * @forwarded: the value of X-Forwarded-For
 * @ret: the address in its canonical form; not written when there is none to be believed
 *
 * Return: true when there is one.
 */
bool proxies_client(const Proxies *proxies, const char *forwarded,
                    char ret[static PROXY_ADDRESS_BYTES]);
