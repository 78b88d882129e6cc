/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Era: one configuration with the platform and the directory made from it
 *
 * A reload begins a new era. A login stays in the era it began in, and an era goes with its last
 * login. */

#include <systemd/sd-event.h>

#include "daemon/config.h"
#include "daemon/directory/directory.h"
#include "daemon/platform/platform.h"

typedef struct Era {
        unsigned n_refs;
        Config *config;
        Platform *platform;
        Directory *directory;
} Era;

/**
 * era_new() - open directory and platform as @config says
 * @config: owned by the era when 0 is returned
 *
 * Return: 0, or a negative errno; why was logged.
 */
int era_new(sd_event *event, Config *config, Era **ret);

Era *era_ref(Era *era);
Era *era_unref(Era *era);
DEFINE_CLEANUP(Era, era_unref)

/** era_phase() - the stricter of what is configured and what the platform announces, as far as it
 * was reached */
Phase era_phase(const Era *era);
