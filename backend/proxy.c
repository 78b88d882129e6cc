/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "backend/proxy.h"

/* A mapped address (::ffff:192.0.2.1) is the IPv4 address in it. Return: the family, 0 for none. */
static int address_read(const char *text, unsigned char ret[static 16]) {
        struct in6_addr v6;

        memset(ret, 0, 16);
        if (inet_pton(AF_INET, text, ret) == 1)
                return AF_INET;
        if (inet_pton(AF_INET6, text, &v6) != 1)
                return 0;
        if (IN6_IS_ADDR_V4MAPPED(&v6)) {
                memcpy(ret, v6.s6_addr + 12, 4);
                return AF_INET;
        }
        memcpy(ret, v6.s6_addr, 16);
        return AF_INET6;
}

int proxies_add(Proxies *proxies, const char *text) {
        char host[PROXY_ADDRESS_BYTES];
        size_t n = strcspn(text, "/");
        unsigned long n_bits;
        unsigned n_max;
        int family;

        if (proxies->n == PROXIES_MAX)
                return PROXY_E_FULL;
        if (strcmp(text, "unix") == 0) {
                proxies->list[proxies->n++].family = AF_UNIX;
                return 0;
        }
        if (n >= sizeof(host))
                return PROXY_E_SYNTAX;
        memcpy(host, text, n);
        host[n] = '\0';

        family = address_read(host, proxies->list[proxies->n].address);
        if (family == 0)
                return PROXY_E_SYNTAX;
        n_max = family == AF_INET ? 32 : 128;
        n_bits = n_max;
        if (text[n] == '/') {
                const char *digits = text + n + 1;

                if (digits[0] == '\0' || strlen(digits) > 3 ||
                    digits[strspn(digits, "0123456789")] != '\0')
                        return PROXY_E_SYNTAX;
                n_bits = strtoul(digits, NULL, 10);
        }
        if (n_bits == 0 || n_bits > n_max) /* the whole world is nobody's proxy */
                return PROXY_E_SYNTAX;
        proxies->list[proxies->n].family = family;
        proxies->list[proxies->n++].n_bits = (unsigned)n_bits;
        return 0;
}

static bool same_network(const unsigned char *a, const unsigned char *b, unsigned n_bits) {
        unsigned n = n_bits / 8, rest = n_bits % 8;

        return memcmp(a, b, n) == 0 && (rest == 0 || (a[n] ^ b[n]) >> (8 - rest) == 0);
}

static bool trust(const Proxies *proxies, int family, const unsigned char *address) {
        for (size_t i = 0; i < proxies->n; i++)
                if (proxies->list[i].family == family &&
                    (family == AF_UNIX || same_network(proxies->list[i].address, address,
                                                       proxies->list[i].n_bits)))
                        return true;
        return false;
}

bool proxies_trust(const Proxies *proxies, const char *peer) {
        unsigned char address[16] = {};
        int family = strcmp(peer, "unix") == 0 ? AF_UNIX : address_read(peer, address);

        return family != 0 && trust(proxies, family, address);
}

bool proxies_client(const Proxies *proxies, const char *forwarded,
                    char ret[static PROXY_ADDRESS_BYTES]) {
        size_t end = strlen(forwarded);

        for (;;) {
                char host[PROXY_ADDRESS_BYTES];
                unsigned char address[16];
                size_t begin;
                int family;

                while (end > 0 && strchr(" \t", forwarded[end - 1]))
                        end--;
                begin = end;
                while (begin > 0 && !strchr(", \t", forwarded[begin - 1]))
                        begin--;
                if (end == begin || end - begin >= sizeof(host))
                        return false;
                memcpy(host, forwarded + begin, end - begin);
                host[end - begin] = '\0';

                family = address_read(host, address);
                if (family == 0)
                        return false;
                if (!trust(proxies, family, address))
                        return inet_ntop(family, address, ret, PROXY_ADDRESS_BYTES) != NULL;

                end = begin;
                while (end > 0 && strchr(" \t", forwarded[end - 1]))
                        end--;
                if (end == 0 || forwarded[end - 1] != ',')
                        return false;
                end--;
        }
}
