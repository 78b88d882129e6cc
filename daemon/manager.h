/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Manager: who may ask, how many at once, and by which configuration
 *
 * Root may ask for anybody, users named under [callers] for anybody within lower limits, everybody
 * else only for the account that is mapped to himself (design.md D8). What happens then is
 * daemon/session.c. */

#include <systemd/sd-event.h>

#include "daemon/config.h"
#include "lib/common/util.h"

typedef struct Manager Manager;

/**
 * manager_new() - start serving
 * @bus_address: NULL for the system bus
 * @config: owned by the manager on success
 *
 * Opens directory and platform and asks for the bus name. Once it is ours, the service manager is
 * told (READY=1). When that is impossible or the name is lost, the loop is ended with a non-zero
 * code.
 *
 * Return: 0 or a negative errno; why was logged.
 */
int manager_new(sd_event *event, const char *bus_address, Config *config, Manager **ret);

/**
 * manager_reload() - serve new logins by @config; logins in progress go on as they began
 * @config: owned by the manager on success
 *
 * Return: 0, or a negative errno, which was logged; then everything stays as it was.
 */
int manager_reload(Manager *manager, Config *config);

/** manager_free() - end all logins, leave the bus, release; takes NULL */
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager, manager_free)
