/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Metadata: what the platform says of itself (RFC 8414), fetched once for all logins
 *
 * Fetched when first wanted and again when it is ten minutes old or the last fetch failed. Logins
 * that come meanwhile wait for the one fetch under way. A login keeps what it began with. */

#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/core/reply.h"
#include "daemon/platform/http.h"
#include "daemon/platform/platform.h"
#include "lib/wire/wire.h"

#define METADATA_LIFE_USEC (600 * USEC_PER_SEC)

/* Checked: the issuer is ours, every endpoint https and on the issuer's host, every link fit to
 * show. */
typedef struct Metadata {
        unsigned n_refs;
        WireMetadata wire;
        Phase phase; /* _PHASE_MAX when none was announced */
        const char *schedule[_PHASE_MAX]; /* first days, NULL where none was announced */
        PlatformLinks links;
} Metadata;

Metadata *metadata_ref(Metadata *metadata);
Metadata *metadata_unref(Metadata *metadata);
DEFINE_CLEANUP(Metadata, metadata_unref)

/**
 * metadata_new() - check and take over decoded metadata
 * @ret_why: for the log, when it is refused
 *
 * Return: 0, METADATA_E_REFUSED or -ENOMEM. @wire is taken over on success only.
 */
int metadata_new(WireMetadata *wire, const char *issuer, Metadata **ret, const char **ret_why);

enum {
        METADATA_E_REFUSED = 1,
        METADATA_E_WAIT,
};

typedef struct MetadataCache MetadataCache;

/* Somebody who waits; part of the waiter's own struct, zero while he does not wait. @fault is
 * REPLY_UNAVAILABLE or REPLY_BROKEN when there is no metadata to be had. */
typedef struct MetadataWait MetadataWait;
struct MetadataWait {
        void (*fn)(Metadata *metadata, ReplyKind fault, void *userdata);
        void *userdata;
        MetadataWait *next, **link;
};

int metadata_cache_new(sd_event *event, Http *http, const char *issuer, uint64_t timeout_usec,
                       MetadataCache **ret);
/** metadata_cache_free() - nobody may be waiting; takes NULL */
MetadataCache *metadata_cache_free(MetadataCache *cache);
DEFINE_CLEANUP(MetadataCache, metadata_cache_free)

/**
 * metadata_cache_get() - metadata now, or later through @wait
 * @ret: a new reference, on 0
 *
 * Return: 0, METADATA_E_WAIT (then @wait is told, from the event loop), or negative errno.
 */
int metadata_cache_get(MetadataCache *cache, MetadataWait *wait, Metadata **ret);

/** metadata_wait_cancel() - stop waiting; no effect on who does not wait */
void metadata_wait_cancel(MetadataWait *wait);

/** metadata_cache_peek() - what was fetched last, however old; NULL before */
const Metadata *metadata_cache_peek(const MetadataCache *cache);
