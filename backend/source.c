/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "backend/source.h"

void source_name(const char *client_id, const char *peer, char *ret, size_t n) {
        char network[INET6_ADDRSTRLEN] = "";
        struct in6_addr address;

        if (inet_pton(AF_INET6, peer, &address) == 1 && !IN6_IS_ADDR_V4MAPPED(&address)) {
                memset(address.s6_addr + 8, 0, 8);
                (void)inet_ntop(AF_INET6, &address, network, sizeof(network));
        }
        (void)snprintf(ret, n, "%s@%s", client_id, network[0] ? network : peer);
}

/* FNV-1a, seeded, so that nobody can aim at somebody else's place. */
static uint64_t source_hash(const Sources *sources, const char *source) {
        uint64_t hash = 0xcbf29ce484222325ULL ^ sources->seed;

        for (const unsigned char *p = (const unsigned char *)source; *p; p++)
                hash = (hash ^ *p) * 0x100000001b3ULL;
        return hash ^ hash >> 32;
}

uint64_t source_wait_usec(const Sources *sources, const char *source, uint64_t now_usec) {
        uint64_t hash = source_hash(sources, source), burst = sources->burst * SOURCE_COST_USEC;
        size_t i = hash % SOURCE_PLACES;

        if (sources->burst == 0 || sources->places[i].source != hash ||
            sources->places[i].free_usec <= now_usec + burst)
                return 0;
        return sources->places[i].free_usec - now_usec - burst;
}

void source_failed(Sources *sources, const char *source, uint64_t now_usec) {
        uint64_t hash = source_hash(sources, source);
        uint64_t end = now_usec + sources->burst * SOURCE_COST_USEC + SOURCE_DEBT_USEC;
        size_t i = hash % SOURCE_PLACES;

        /* the place goes to the newcomer once the other's failures are forgotten; until then it
         * stays, so that nobody gets rid of them by another name */
        if (sources->places[i].source != hash) {
                if (sources->places[i].free_usec > now_usec)
                        return;
                sources->places[i].source = hash;
        }
        if (sources->places[i].free_usec < now_usec)
                sources->places[i].free_usec = now_usec;
        sources->places[i].free_usec += SOURCE_COST_USEC;
        if (sources->places[i].free_usec > end)
                sources->places[i].free_usec = end;
}
