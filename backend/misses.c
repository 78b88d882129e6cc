/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "backend/misses.h"

/* FNV-1a, seeded, so that nobody can aim at somebody else's place. */
static uint64_t source_hash(const Misses *misses, const char *source) {
        uint64_t hash = 0xcbf29ce484222325ULL ^ misses->seed;

        for (const unsigned char *p = (const unsigned char *)source; *p; p++)
                hash = (hash ^ *p) * 0x100000001b3ULL;
        return hash ^ hash >> 32;
}

bool misses_blocked(const Misses *misses, const char *source, uint64_t now_usec) {
        uint64_t hash = source_hash(misses, source);
        size_t i = hash % MISSES_PLACES;

        return misses->places[i].source == hash && misses->places[i].n >= MISSES_MAX &&
               now_usec - misses->places[i].since_usec < MISSES_WINDOW_USEC;
}

void misses_note(Misses *misses, const char *source, uint64_t now_usec) {
        uint64_t hash = source_hash(misses, source);
        size_t i = hash % MISSES_PLACES;

        if (misses->places[i].source != hash ||
            now_usec - misses->places[i].since_usec >= MISSES_WINDOW_USEC) {
                misses->places[i].source = hash;
                misses->places[i].since_usec = now_usec;
                misses->places[i].n = 0;
        }
        misses->places[i].n++;
}
