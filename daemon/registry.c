/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Registry: one list, newest first. It is walked for each question: thousands of entries cost less than a
 * request to the platform does. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/registry-files.h"
#include "daemon/registry.h"
#include "daemon/session.h"
#include "lib/common/secret.h"

#define TICK_USEC (1 * USEC_PER_SEC)
#define TICK_ACCURACY_USEC (250 * USEC_PER_MSEC)
#define TICK_LEADERS_MAX 256U /* looked after in one tick: the loop has other things to do */
#define TICK_ENDS_MAX 32U     /* likewise; each token is revoked, and more at once would not be */

struct Registry {
        sd_event_source *timer;
        RegistryFiles *files;
        RegistryGoneFn gone;
        void *userdata;
        Grant *grants;
        size_t n, n_open, n_open_not_root;
        bool has_lost; /* that sessions cannot be written was told */
};

static void registry_arm(Registry *registry) {
        (void)sd_event_source_set_time(registry->timer, session_now_usec() + TICK_USEC);
        (void)sd_event_source_set_enabled(registry->timer,
                                          registry->n ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void count_open(Registry *registry, const Grant *grant, int by) {
        registry->n_open += (size_t)by;
        if (grant->caller != 0)
                registry->n_open_not_root += (size_t)by;
}

static void list_add(Registry *registry, Grant *grant) {
        grant->previous = NULL;
        grant->next = registry->grants;
        if (grant->next)
                grant->next->previous = grant;
        registry->grants = grant;
        registry->n++;
        if (grant->is_open)
                count_open(registry, grant, 1);
}

void registry_remove(Registry *registry, Grant *grant) {
        if (grant->is_gone)
                return;

        grant->is_gone = true;
        if (grant->previous)
                grant->previous->next = grant->next;
        else
                registry->grants = grant->next;
        if (grant->next)
                grant->next->previous = grant->previous;
        grant->next = grant->previous = NULL;
        registry->n--;
        if (grant->is_open) {
                count_open(registry, grant, -1);
                if (registry->files)
                        registry_files_remove(registry->files, grant->id);
        }
        (void)grant_unref(grant);
}

/* A clock before the beginning is no reason to wait longer. */
static bool wait_is_over(const Grant *grant, uint64_t now) {
        return now >= grant->until_usec;
}

/* Return: true when the session goes on. */
static bool leader_check(Registry *registry, Grant *grant, uint64_t now) {
        grant->leader_seen_usec = now;
        if (leader_lives(&grant->leader))
                return true;
        if (registry->gone)
                registry->gone(grant, registry->userdata);
        registry_remove(registry, grant);
        return false;
}

void registry_tick(Registry *registry, uint64_t now) {
        unsigned n_leaders = 0, n_ends = 0;
        Grant *next;

        for (Grant *grant = registry->grants; grant; grant = next) {
                next = grant->next;
                if (!grant->is_open) {
                        if (wait_is_over(grant, now) && n_ends++ < TICK_ENDS_MAX)
                                registry_remove(registry, grant);
                } else if (now - grant->leader_seen_usec >= REGISTRY_LEADER_USEC &&
                           n_leaders < TICK_LEADERS_MAX) {
                        n_leaders++;
                        (void)leader_check(registry, grant, now);
                }
        }
}

static int on_tick(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        Registry *registry = userdata;

        registry_tick(registry, session_now_usec());
        registry_arm(registry);
        return 0;
}

static void on_read(Grant *grant, void *userdata) {
        Registry *registry = userdata;
        uint64_t now = session_now_usec();

        /* Not from this boot, or its process has gone meanwhile. */
        if (grant->proven_usec > now || registry->n_open >= REGISTRY_OPEN_MAX ||
            !leader_lives(&grant->leader)) {
                registry_files_remove(registry->files, grant->id);
                (void)grant_unref(grant);
                return;
        }
        grant->leader_seen_usec = now;
        list_add(registry, grant);
}

static void read_back(Registry *registry, const char *folder) {
        int r = registry_files_new(folder, &registry->files);

        if (r == 0)
                r = registry_files_read(registry->files, on_read, registry);
        if (r < 0)
                log_record(LOG_WARNING, 0,
                           "sessions will not outlive a restart, %s cannot be used: %s", folder,
                           strerrordesc_np(-r));
        else if (registry->n_open)
                log_record(LOG_INFO, 0, "%zu sessions were open before and are known again",
                           registry->n_open);
}

int registry_new(sd_event *event, const char *folder, RegistryGoneFn gone, void *userdata,
                 Registry **ret) {
        _cleanup_(registry_freep) Registry *registry = calloc(1, sizeof(*registry));
        int r;

        if (!registry)
                return -ENOMEM;
        registry->gone = gone;
        registry->userdata = userdata;
        r = sd_event_add_time(event, &registry->timer, CLOCK_BOOTTIME, 0, TICK_ACCURACY_USEC,
                              on_tick, registry);
        if (r < 0)
                return r;
        if (folder)
                read_back(registry, folder);
        registry_arm(registry);

        *ret = TAKE_PTR(registry);
        return 0;
}

Registry *registry_free(Registry *registry) {
        if (!registry)
                return NULL;

        registry->files = registry_files_free(registry->files);
        while (registry->grants)
                registry_remove(registry, registry->grants);
        registry->timer = sd_event_source_disable_unref(registry->timer);
        free(registry);
        return NULL;
}

/* One that waits is dropped for @grant, if that has no place otherwise: what waits longest of the same
 * caller, or of anybody when the whole is full. */
static void make_room(Registry *registry, const Grant *grant) {
        Grant *oldest = NULL, *oldest_own = NULL, *oldest_not_root = NULL;
        size_t n = 0, n_own = 0, n_not_root = 0;

        for (Grant *other = registry->grants; other; other = other->next) {
                if (other->is_open)
                        continue;
                n++;
                oldest = other;
                if (other->caller != 0) {
                        n_not_root++;
                        oldest_not_root = other;
                }
                if (other->caller == grant->caller) {
                        n_own++;
                        oldest_own = other;
                }
        }
        if (grant->caller != 0 && n_own >= REGISTRY_UNCLAIMED_PER_UID)
                registry_remove(registry, oldest_own);
        else if (grant->caller != 0 && n_not_root >= REGISTRY_UNCLAIMED_MAX / 2)
                registry_remove(registry, oldest_own ? oldest_own : oldest_not_root);
        else if (n >= REGISTRY_UNCLAIMED_MAX)
                registry_remove(registry, oldest_not_root ? oldest_not_root : oldest);
}

void registry_add(Registry *registry, Grant *grant, uint64_t wait_usec) {
        make_room(registry, grant);
        grant->until_usec = session_now_usec() +
                (wait_usec > REGISTRY_UNCLAIMED_USEC ? wait_usec : REGISTRY_UNCLAIMED_USEC);
        list_add(registry, grant);
        registry_arm(registry);
}

bool registry_lives(Registry *registry, Grant *grant) {
        uint64_t now = session_now_usec();

        if (grant->is_open)
                return leader_check(registry, grant, now);
        if (!wait_is_over(grant, now))
                return true;
        registry_remove(registry, grant);
        return false;
}

Grant *registry_find(Registry *registry, const char *id) {
        Grant *found = NULL;

        if (strlen(id) != LIMIT_SESSION_BYTES)
                return NULL;
        for (Grant *grant = registry->grants; grant; grant = grant->next)
                if (secret_equal_bytes(grant->id, id, LIMIT_SESSION_BYTES))
                        found = grant;
        return found && registry_lives(registry, found) ? found : NULL;
}

static size_t count_open_of(const Registry *registry, uid_t caller) {
        size_t n = 0;

        for (const Grant *grant = registry->grants; grant; grant = grant->next)
                n += grant->is_open && grant->caller == caller;
        return n;
}

int registry_open(Registry *registry, Grant *grant, const Leader *leader) {
        int r = 0;

        if (grant->is_open)
                return REGISTRY_E_OPEN;
        if (registry->n_open >= REGISTRY_OPEN_MAX ||
            (grant->caller != 0 &&
             (registry->n_open_not_root >= REGISTRY_OPEN_NOT_ROOT_MAX ||
              count_open_of(registry, grant->caller) >= REGISTRY_OPEN_PER_UID)))
                return REGISTRY_E_FULL;

        grant->is_open = true;
        grant->leader = *leader;
        grant->leader_seen_usec = session_now_usec();
        count_open(registry, grant, 1);

        if (registry->files)
                r = registry_files_write(registry->files, grant);
        if (r < 0 && !registry->has_lost)
                log_record(LOG_WARNING, 0, "a session could not be written and will not outlive a restart: %s",
                           strerrordesc_np(-r));
        registry->has_lost = r < 0;
        return 0;
}

Grant *registry_first(Registry *registry) {
        return registry->grants;
}

void registry_forget(Registry *registry, uint64_t oldest) {
        for (Grant *grant = registry->grants; grant; grant = grant->next)
                if (grant->token && token_era(grant->token)->number < oldest)
                        grant->token = token_unref(grant->token);
}

size_t registry_size(const Registry *registry, size_t *ret_open) {
        if (ret_open)
                *ret_open = registry->n_open;
        return registry->n;
}
