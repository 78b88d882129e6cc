/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Nss: users of this host, looked up where waiting hurts nobody
 *
 * A few threads ask NSS; answers come back through the event loop. A look-up that a hung service
 * swallows ends after NSS_WAIT_USEC for whoever asked; its thread is free again when the service is. */

#include <systemd/sd-event.h>

#include "daemon/directory/directory.h"

#define NSS_THREADS 4
#define NSS_WAIT_USEC (3 * USEC_PER_SEC)

typedef struct Nss Nss;

int nss_new(sd_event *event, Nss **ret);
/** nss_free() - look-ups still under way are forgotten; their functions are not called */
Nss *nss_free(Nss *nss);
DEFINE_CLEANUP(Nss, nss_free)

/** nss_find() - by @name, or by @uid if @name is NULL; see directory_find_name() */
int nss_find(Nss *nss, const char *name, uid_t uid, DirectoryFn fn, void *userdata, DirectoryLookup **ret);
