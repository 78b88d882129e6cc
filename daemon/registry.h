/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Registry: every login that was granted and is not over
 *
 * In memory, with a copy of the open sessions on disk (registry-files.h). A slow timer ends what nobody
 * came back to, and sessions whose process is gone. */

#include <systemd/sd-event.h>

#include "daemon/grant.h"

#define REGISTRY_UNCLAIMED_USEC (60 * USEC_PER_SEC)
#define REGISTRY_LEADER_USEC (30 * USEC_PER_SEC) /* a session's process is looked after so often */

#define REGISTRY_OPEN_MAX 8192U
#define REGISTRY_OPEN_NOT_ROOT_MAX 4096U
#define REGISTRY_OPEN_PER_UID 64U          /* of one caller that is not root */
#define REGISTRY_UNCLAIMED_MAX 4096U
#define REGISTRY_UNCLAIMED_PER_UID 1024U   /* likewise */

typedef struct Registry Registry;

/* A session is over without having been closed; @grant is borrowed. */
typedef void (*RegistryGoneFn)(const Grant *grant, void *userdata);

/**
 * registry_new() - with the sessions that were open before
 * @folder: for the copy on disk; NULL for none. Without it (which is logged) sessions do not outlive
 *          itaxd
 *
 * Return: 0 or a negative errno.
 */
int registry_new(sd_event *event, const char *folder, RegistryGoneFn gone, void *userdata,
                 Registry **ret);

/** registry_free() - what is on disk stays there; takes NULL */
Registry *registry_free(Registry *registry);
DEFINE_CLEANUP(Registry, registry_free)

/**
 * registry_add() - @grant waits for its session from now on
 * @grant: a reference, owned by the registry afterwards
 * @wait_usec: for so long, at least REGISTRY_UNCLAIMED_USEC
 *
 * Who fills his share loses what waits longest of it.
 */
void registry_add(Registry *registry, Grant *grant, uint64_t wait_usec);

/** registry_find() - by id, in constant time; NULL when there is none, or it is over. Borrowed. */
Grant *registry_find(Registry *registry, const char *id);

enum {
        REGISTRY_E_OPEN = 1, /* it has a session already */
        REGISTRY_E_FULL,
};

/** registry_open() - the session of @grant begins. Return: 0, REGISTRY_E_*. That it could not be
 * written to disk is logged. */
int registry_open(Registry *registry, Grant *grant, const Leader *leader);

/** registry_remove() - it is over; @grant may be freed by this */
void registry_remove(Registry *registry, Grant *grant);

/** registry_first() - the newest, then Grant.next; borrowed until the next call here */
Grant *registry_first(Registry *registry);

/** registry_forget() - let go of the tokens of eras before number @oldest: an old configuration must not
 * live as long as the longest session */
void registry_forget(Registry *registry, uint64_t oldest);

/** registry_lives() - is the time, or the process, of @grant not over? If it is, @grant is removed. */
bool registry_lives(Registry *registry, Grant *grant);

/** registry_size() - how many there are, and of these how many sessions are open */
size_t registry_size(const Registry *registry, size_t *ret_open);

/** registry_tick() - what the timer does at @now_usec; for tests */
void registry_tick(Registry *registry, uint64_t now_usec);
