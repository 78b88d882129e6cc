/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Query overview: how daemon and platform are, who is logging in, and who has to wait (itaxctl status, logins,
 * lock show) */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/audit.h"
#include "daemon/query-private.h"
#include "daemon/texts.h"
#include "lib/common/text.h"

#define PIN_LOCKS_MAX 64
#define WHY_BYTES 256

/* What is told of the configuration that holds, and of the platform as it was found. */
static void answer_status(Query *query, const PlatformHealth *health) {
        const Config *config = query->era->config;
        const int64_t now = era_now_sec();
        _cleanup_(freep) char *why = NULL;
        int64_t next_at = 0;
        const Phase next = era_next_phase(query->era, now, &next_at);
        BusStatus status = {
                .version = VERSION,
                .config = config->path,
                .phase = config_phase_to_string(era_phase(query->era, now, NULL)),
                .next_phase = next < _PHASE_MAX ? config_phase_to_string(next) : NULL,
                .next_phase_at_sec = (uint64_t)next_at,
                .issuer = config->issuer,
                .platform = platform_state_to_string(health->state),
                .platform_milliseconds = health->asked_usec / USEC_PER_MSEC,
                .tls_expires_sec = (uint64_t)health->expires_sec,
                .has_clock = health->has_clock,
                .clock_offset_sec = health->clock_offset_sec,
                .users = config->users,
                .language = texts_language_to_string(config->language),
        };

        /* It may quote what a server said. */
        if (health->why && text_filter(health->why, WHY_BYTES, &why) == 0)
                status.platform_error = why;
        query->host->tell(&status, query->host->userdata);
        query->call = bus_call_status(query->call, &status);
        query_over(query);
}

static void on_health(PlatformProbe *probe _unused_, const PlatformHealth *health, void *userdata) {
        answer_status(userdata, health);
}

void query_status(Query *query) {
        if (platform_probe_new(query->era->platform, on_health, query, &query->probe) < 0)
                answer_status(query, &(PlatformHealth){ .state = PLATFORM_AWAY,
                                                        .why = "it could not be asked" });
}

void query_list_logins(Query *query) {
        _cleanup_(freep) BusLogin *logins = calloc(LIMIT_LOGINS, sizeof(*logins));

        if (!logins) {
                query_refuse(query, BUS_REFUSE_UNAVAILABLE);
                return;
        }
        query->call = bus_call_logins(query->call, logins,
                                      query->host->logins(logins, LIMIT_LOGINS,
                                                          query->host->userdata));
        query_over(query);
}

/* What stands in the list, with what it is shown as. */
typedef struct Shown {
        BusLock locks[LOCKS_MAX + PIN_LOCKS_MAX];
        char *subjects[LOCKS_MAX + PIN_LOCKS_MAX];
        size_t n;
} Shown;

static void shown_freep(Shown **shown) {
        for (size_t i = 0; *shown && i < (*shown)->n; i++)
                free((*shown)->subjects[i]);
        free(*shown);
}

/* @subject is taken over; NULL says that there was no memory for it. */
static int shown_add(Shown *shown, char *subject, BusLock lock) {
        if (!subject)
                return -ENOMEM;
        lock.subject = shown->subjects[shown->n] = subject;
        shown->locks[shown->n++] = lock;
        return 0;
}

static int add_locks(const Query *query, Shown *shown) {
        Locks *locks = query->host->locks;
        int r = 0;

        locks_expire(locks, era_now_sec());
        for (size_t i = 0; i < locks->n && r == 0; i++) {
                const Lock *lock = &locks->list[i];
                char *subject = NULL;

                (void)(lock->kind == LOCK_UNIT ? audit_unit_shown(lock->subject, &subject) :
                                                 text_mask(lock->subject, &subject));
                r = shown_add(shown, subject,
                              (BusLock){ .kind = lock_kind_to_string(lock->kind),
                                         .until_sec = (uint64_t)lock->until_sec });
        }
        return r;
}

static int add_pins(const Query *query, Shown *shown) {
        TriesLock pins[PIN_LOCKS_MAX];
        size_t n = 0;
        int r = 0;

        if (query->era->signer)
                n = signer_locked(query->era->signer, pins, ELEMENTSOF(pins));
        for (size_t i = 0; i < n && r == 0; i++) {
                char *subject = NULL;

                (void)audit_unit_shown(pins[i].unit, &subject);
                r = shown_add(shown, subject,
                              (BusLock){ .kind = "pin",
                                         .tries = pins[i].n_wrong,
                                         .until_sec = (uint64_t)era_now_sec() +
                                                 pins[i].left_usec / USEC_PER_SEC });
        }
        return r;
}

void query_list_locks(Query *query) {
        _cleanup_(shown_freep) Shown *shown = calloc(1, sizeof(*shown));

        if (!shown || add_locks(query, shown) < 0 || add_pins(query, shown) < 0) {
                query_refuse(query, BUS_REFUSE_UNAVAILABLE);
                return;
        }
        query->call = bus_call_locks(query->call, shown->locks, shown->n);
        query_over(query);
}
