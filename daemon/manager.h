/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Manager: who may ask, how many at once, and by which configuration
 *
 * Root may ask for anybody, users named under [callers] for anybody within lower limits, everybody
 * else only for the account that is mapped to himself (design.md D8). What happens then is
 * daemon/session.c for logins and daemon/query.c for all other calls. */

#include <systemd/sd-event.h>

#include "daemon/config.h"
#include "lib/common/util.h"

typedef struct Manager Manager;

/* Where it serves, and where it keeps things. Borrowed for manager_new(). */
typedef struct ManagerPlaces {
        const char *bus_address;    /* NULL for the system bus */
        const char *runtime_folder; /* for open sessions; NULL: they do not outlive itaxd */
        const char *state_folder;   /* for what is never to be lost; NULL for none */
        const char *records_folder; /* for records of users that are made; NULL for none */
} ManagerPlaces;

#define MANAGER_RUNTIME "/run/itaxd"
#define MANAGER_STATE "/var/lib/itaxd"
#define MANAGER_RECORDS "/run/userdb"

/**
 * manager_new() - start serving
 * @places: NULL for the system bus and the folders of the system
 * @config: owned by the manager on success
 *
 * Opens directory and platform and asks for the bus name. Once it is ours, the service manager is
 * told (READY=1). When that is impossible or the name is lost, the loop is ended with a non-zero
 * code.
 *
 * Return: 0 or a negative errno; why was logged.
 */
int manager_new(sd_event *event, const ManagerPlaces *places, Config *config, Manager **ret);

/**
 * manager_reload() - serve new logins by @config; logins in progress go on as they began
 * @config: owned by the manager on success
 *
 * Return: 0, or a negative errno, which was logged; then everything stays as it was.
 */
int manager_reload(Manager *manager, Config *config);

/** manager_config() - what holds for new logins; borrowed until the next reload */
const Config *manager_config(const Manager *manager);

/** manager_refused_config() - another configuration was not taken over: @why, one line, is told until one is */
void manager_refused_config(Manager *manager, const char *why);

/** manager_free() - end all logins, leave the bus, release; takes NULL */
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager, manager_free)
