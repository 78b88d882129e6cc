/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Manager: one login at a time carried between bus, machine, platform, directory and words
 *
 * It decides nothing about a login: who may ask is judged here, everything after that by daemon/core. Its work is
 * to do what the machine says and to tell it what happened. */

#include <systemd/sd-event.h>

#include "daemon/config.h"
#include "lib/common/util.h"

typedef struct Manager Manager;

/**
 * manager_new() - start serving
 * @config: owned by the manager on success
 *
 * Opens directory and platform and takes the bus name. When that is impossible or lost, the loop is ended with a
 * non-zero code.
 *
 * Return: 0 or a negative errno, which was logged.
 */
int manager_new(sd_event *event, Config *config, Manager **ret);

/**
 * manager_reload() - serve new logins by @config; logins in progress go on as they began
 * @config: owned by the manager on success
 */
int manager_reload(Manager *manager, Config *config);

Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager, manager_free)
