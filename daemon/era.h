/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Era: one configuration with what was made from it
 *
 * A reload begins a new era. A login stays in the era it began in, and an era goes with its last
 * login. Directory and signer count and hand out what there must be one of: eras that say the same
 * of them share them. */

#include <systemd/sd-event.h>

#include "daemon/config.h"
#include "daemon/directory/directory.h"
#include "daemon/platform/platform.h"
#include "daemon/signer/signer.h"

typedef struct EraHost EraHost;

typedef struct Era {
        unsigned n_refs;
        uint64_t number; /* one more than that of the era before */
        Config *config;
        Platform *platform;
        EraHost *host;
        Directory *directory; /* the host's */
        Signer *signer;       /* likewise; NULL without [certificate] */
} Era;

/* Where itaxd keeps what it may lose never (@state: /var/lib/itaxd) and what others read (@records:
 * /run/userdb). Borrowed. */
typedef struct EraPlaces {
        const char *state, *records;
} EraPlaces;

/**
 * era_new() - open directory, signer and platform as @config says
 * @config: owned by the era when 0 is returned
 * @places: NULL only looks whether all could be used: no users are made then
 * @before: shared with where it can be; NULL for none
 *
 * Return: 0, or a negative errno; why was logged.
 */
int era_new(sd_event *event, Config *config, const EraPlaces *places, const Era *before, Era **ret);

Era *era_ref(Era *era);
Era *era_unref(Era *era);
DEFINE_CLEANUP(Era, era_unref)

typedef enum PhaseSource { PHASE_BY_CONFIGURATION, PHASE_BY_PLATFORM } PhaseSource;

/** era_phase() - the strictest at @time_sec (Unix time) of what is configured and what the platform
 * announces, as far as it was reached; @ret_by, which may be NULL: who says so */
Phase era_phase(const Era *era, int64_t time_sec, PhaseSource *ret_by);

/** era_next_phase() - what is announced after @time_sec by either; @ret_time_sec: when it begins.
 * Return: _PHASE_MAX when nothing is. */
Phase era_next_phase(const Era *era, int64_t time_sec, int64_t *ret_time_sec);

/** era_now_sec() - the wall clock, which the days of the phases go by */
int64_t era_now_sec(void);
