/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Manager: sessions in two lists. One that is over is moved to the second and freed from the loop,
 * as its end is found out inside callbacks of the objects it owns. */

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/bus/bus.h"
#include "daemon/era.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/session.h"
#include "lib/common/limits.h"

/* Whoever is not root leaves room for whoever is. */
#define LOGINS_NOT_ROOT (LIMIT_LOGINS / 2)
/* Refusals that are written down in a minute: a flood of them must not push records of logins out
 * of the journal. */
#define REFUSALS_TOLD 20U
#define REFUSALS_USEC (60 * USEC_PER_SEC)
/* After so many logins the heap is looked after, as soon as there is none. */
#define RUSH_SESSIONS 64U

struct Manager {
        sd_event *event;
        BusServer *bus;
        Era *era;
        sd_event_source *reaper;
        Session *sessions, *over;
        size_t n_sessions, n_not_root, n_over; /* over: since the heap was looked after */
        uint64_t last_id;
        uint64_t told_since_usec;
        unsigned n_told, n_untold;
        char host[LIMIT_HOST_BYTES + 1];
};

static void list_add(Session **list, Session *session) {
        session->previous = NULL;
        session->next = *list;
        if (*list)
                (*list)->previous = session;
        *list = session;
}

static void list_remove(Session **list, Session *session) {
        if (session->previous)
                session->previous->next = session->next;
        else
                *list = session->next;
        if (session->next)
                session->next->previous = session->previous;
        session->next = session->previous = NULL;
}

static void on_over(Session *session, void *userdata) {
        Manager *manager = userdata;

        list_remove(&manager->sessions, session);
        list_add(&manager->over, session);
        manager->n_sessions--;
        manager->n_not_root -= session->uid != 0;
        manager->n_over++;
        (void)sd_event_source_set_enabled(manager->reaper, SD_EVENT_ONESHOT);
}

static int on_reap(sd_event_source *source _unused_, void *userdata) {
        Manager *manager = userdata;

        while (manager->over) {
                Session *session = manager->over;

                list_remove(&manager->over, session);
                (void)session_free(session);
        }
        /* What a rush has left of the heap goes back, once nobody waits for it to be done. */
        if (manager->n_sessions == 0 && manager->n_over >= RUSH_SESSIONS) {
                manager->n_over = 0;
                (void)malloc_trim(0);
        }
        return 0;
}

static void tell_refusal(Manager *manager, uid_t uid, const char *why) {
        uint64_t now = session_now_usec();

        if (now - manager->told_since_usec >= REFUSALS_USEC) {
                if (manager->n_untold)
                        log_record(LOG_WARNING, 0, "%u more callers were refused",
                                   manager->n_untold);
                manager->told_since_usec = now;
                manager->n_told = manager->n_untold = 0;
        }
        if (manager->n_told >= REFUSALS_TOLD) {
                manager->n_untold++;
                return;
        }
        manager->n_told++;
        log_record(LOG_NOTICE, 0, "uid %lu was refused: %s", (unsigned long)uid, why);
}

static void refuse(Manager *manager, Session *session, BusRefusal refusal, const char *why) {
        tell_refusal(manager, session->uid, why);
        session_refuse(session, refusal);
}

static size_t count_sessions_of(const Manager *manager, uid_t uid) {
        size_t n = 0;

        for (const Session *session = manager->sessions; session; session = session->next)
                n += session->uid == uid;
        return n;
}

/* Some directories know a user by other spellings of the name (capitals, a domain). Who stands in the
 * map would come past it that way, to whatever module is next: such a user is nobody here. */
static bool is_spelt_otherwise(const Session *session, const DirectoryUser *user) {
        size_t n_accounts;

        if (strcmp(user->name, session->user) == 0)
                return false;
        (void)directory_account_of_user(session->era->directory, user->name, &n_accounts);
        return n_accounts > 0;
}

/* Does the user that the application names exist on this host? */
static void on_user(DirectoryLookup *lookup _unused_, int error, const DirectoryUser *user,
                    void *userdata) {
        Session *session = userdata;
        Manager *manager = session->userdata;
        size_t n_accounts;

        session->lookup = directory_lookup_free(session->lookup);
        if (session->is_over)
                return;

        if (error < 0) {
                /* Who stands in the map is ours, whatever NSS says. Of anybody else nothing may be
                 * assumed. */
                (void)directory_account_of_user(session->era->directory, session->user,
                                                &n_accounts);
                if (n_accounts == 0) {
                        log_record(LOG_ERR, session->id, "the user could not be looked up: %s",
                                   strerrordesc_np(-error));
                        session_refuse(session, BUS_REFUSE_UNAVAILABLE);
                        return;
                }
        }
        session_begin(session, manager->host,
                      user && user->exists && !is_spelt_otherwise(session, user));
}

static void find_user(Manager *manager, Session *session) {
        int r;

        if (!session->user) {
                session_begin(session, manager->host, false);
                return;
        }
        r = directory_find_name(session->era->directory, session->user, on_user, session,
                                &session->lookup);
        if (r < 0) {
                log_record(LOG_ERR, session->id, "the user cannot be looked up: %s",
                           strerrordesc_np(-r));
                session_refuse(session, BUS_REFUSE_UNAVAILABLE);
        }
}

/* Somebody who is not root: a service of the configuration, or a person asking for himself? */
static void on_caller(DirectoryLookup *lookup _unused_, int error, const DirectoryUser *user,
                      void *userdata) {
        Session *session = userdata;
        Manager *manager = session->userdata;
        const Config *config = session->era->config;

        session->lookup = directory_lookup_free(session->lookup);
        if (session->is_over)
                return;

        if (error < 0 || !user->exists) {
                refuse(manager, session, BUS_REFUSE_ACCESS, "nothing is known of this user");
                return;
        }

        for (size_t i = 0; i < config->n_callers; i++)
                session->is_service |= strcmp(config->callers[i], user->name) == 0;
        if (!session->is_service && (!session->user || strcmp(session->user, user->name) != 0)) {
                refuse(manager, session, BUS_REFUSE_ACCESS, "it asked for somebody else");
                return;
        }
        if (!session->is_service &&
            count_sessions_of(manager, session->uid) > LIMIT_LOGINS_PER_UID) {
                refuse(manager, session, BUS_REFUSE_LIMIT, "too many logins at once");
                return;
        }
        find_user(manager, session);
}

/* What can be said before anything is looked up. */
static bool has_room(const Manager *manager, uid_t uid) {
        if (manager->n_sessions >= LIMIT_LOGINS)
                return false;
        return uid == 0 || (manager->n_not_root < LOGINS_NOT_ROOT &&
                            count_sessions_of(manager, uid) < LIMIT_LOGINS_PER_SERVICE);
}

static void on_open(BusCall *open, const BusCaller *caller, void *userdata) {
        Manager *manager = userdata;
        Session *session;
        int r;

        if (!has_room(manager, caller->uid)) {
                tell_refusal(manager, caller->uid, "too many logins at once");
                (void)bus_call_refuse(open, BUS_REFUSE_LIMIT);
                return;
        }

        r = session_new(manager->event, manager->era, open, caller, ++manager->last_id, on_over,
                        manager, &session);
        if (r != 0) {
                tell_refusal(manager, caller->uid,
                             r > 0 ? "the options of the pam.d line say nothing that is known" :
                                     strerrordesc_np(-r));
                (void)bus_call_refuse(open, r > 0 ? BUS_REFUSE_ARGUMENTS : BUS_REFUSE_UNAVAILABLE);
                return;
        }
        list_add(&manager->sessions, session);
        manager->n_sessions++;
        manager->n_not_root += session->uid != 0;

        if (session->uid == 0) {
                find_user(manager, session);
                return;
        }
        r = directory_find_uid(session->era->directory, session->uid, on_caller, session,
                               &session->lookup);
        if (r < 0)
                refuse(manager, session, BUS_REFUSE_ACCESS, strerrordesc_np(-r));
}

static void on_call(BusCall *call, const BusCaller *caller, void *userdata) {
        if (caller->member == BUS_OPEN_LOGIN)
                on_open(call, caller, userdata);
        else
                (void)bus_call_refuse(call, BUS_REFUSE_UNAVAILABLE);
}

static void on_name(int error, void *userdata) {
        Manager *manager = userdata;

        if (error == 0) {
                log_record(LOG_INFO, 0, "ready");
                (void)sd_notify(0, "READY=1");
                return;
        }
        log_record(LOG_ERR, 0, "the bus name %s is not ours: %s", BUS_NAME,
                   strerrordesc_np(-error));
        (void)sd_event_exit(manager->event, 1);
}

int manager_new(sd_event *event, const char *bus_address, Config *config, Manager **ret) {
        static const BusHandlers handlers = { .call = on_call, .name = on_name };
        _cleanup_(manager_freep) Manager *manager = calloc(1, sizeof(*manager));
        int r;

        if (!manager)
                return -ENOMEM;
        manager->event = sd_event_ref(event);
        if (gethostname(manager->host, sizeof(manager->host) - 1) < 0)
                memcpy(manager->host, "localhost", sizeof("localhost"));

        r = sd_event_add_defer(event, &manager->reaper, on_reap, manager);
        if (r >= 0)
                r = sd_event_source_set_enabled(manager->reaper, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = era_new(event, config, &manager->era);
        if (r < 0)
                return r;

        r = bus_server_new(event, bus_address, &handlers, manager, &manager->bus);
        if (r < 0) {
                log_record(LOG_ERR, 0, "the bus cannot be reached: %s", strerrordesc_np(-r));
                manager->era->config = NULL; /* stays the caller's */
                return r;
        }

        *ret = TAKE_PTR(manager);
        return 0;
}

int manager_reload(Manager *manager, Config *config) {
        Era *era;
        int r;

        r = era_new(manager->event, config, &era);
        if (r < 0)
                return r;

        (void)era_unref(manager->era);
        manager->era = era;
        return 0;
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;

        while (manager->sessions)
                session_break(manager->sessions, REASON_UNAVAILABLE, "shutdown");
        if (manager->reaper)
                (void)on_reap(manager->reaper, manager);
        manager->bus = bus_server_free(manager->bus);
        manager->era = era_unref(manager->era);
        manager->reaper = sd_event_source_disable_unref(manager->reaper);
        manager->event = sd_event_unref(manager->event);
        free(manager);
        return NULL;
}
