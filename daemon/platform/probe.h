/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Probe: is the platform there, and does it know this host?
 *
 * Asked for an administrator, never for a login: the metadata by a connection of its own, and then, with
 * this host's own authentication, for the end of a token that nobody has (RFC 7009 section 2.2: that is
 * no error). */

#include "daemon/platform/platform.h"

typedef struct PlatformProbe PlatformProbe;

typedef enum PlatformState {
        PLATFORM_OK,
        PLATFORM_AWAY,      /* not to be reached, or busy */
        PLATFORM_UNTRUSTED, /* its certificate is not by our authority, or its TLS too old */
        PLATFORM_REFUSED,   /* it does not know client_id or the secret */
        PLATFORM_BROKEN,    /* what is there does not speak as a platform does */
        _PLATFORM_STATE_MAX,
} PlatformState;

const char *platform_state_to_string(PlatformState state);

/* Borrowed for the call. */
typedef struct PlatformHealth {
        PlatformState state;
        const char *why; /* one line; NULL with PLATFORM_OK */
        uint64_t asked_usec;      /* how long the first answer took, 0 where none came */
        int64_t expires_sec;      /* end of its certificate, seconds since 1970; 0 where not known */
        bool has_clock;
        int64_t clock_offset_sec; /* its clock is ahead of ours */
} PlatformHealth;

/* Called once, from the event loop, never from inside platform_probe_new(). May free the probe. */
typedef void (*PlatformHealthFn)(PlatformProbe *probe, const PlatformHealth *health, void *userdata);

/** platform_probe_new() - begin; at most twice the platform's timeout. @platform must outlive it.
 * Return: 0 or a negative errno. */
int platform_probe_new(Platform *platform, PlatformHealthFn fn, void *userdata, PlatformProbe **ret);

/** platform_probe_free() - release, and cancel if it is under way; takes NULL */
PlatformProbe *platform_probe_free(PlatformProbe *probe);
DEFINE_CLEANUP(PlatformProbe, platform_probe_free)
