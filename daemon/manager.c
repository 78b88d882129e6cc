/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Manager: logins and queries in two lists each. One that is over is moved to the second and freed from
 * the loop, as its end is found out inside callbacks of the objects it owns. */

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/audit.h"
#include "daemon/audit-file.h"
#include "daemon/bus/bus.h"
#include "daemon/era.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/query.h"
#include "daemon/session.h"
#include "daemon/shares.h"
#include "lib/common/limits.h"

/* Refusals that are written down in a minute: a flood of them must not push records of logins out
 * of the journal. */
#define CONFIG_ERROR_BYTES 512
#define REFUSALS_TOLD 20U
#define REFUSALS_USEC (60 * USEC_PER_SEC)
/* After so many logins the heap is looked after, as soon as there is none. */
#define RUSH_SESSIONS 64U
/* Eras whose tokens are kept for the sessions that began in them. */
#define ERAS_KEPT 4U
#define CALLERS_MAX 32U

struct Manager {
        sd_event *event;
        BusServer *bus;
        Era *era;
        sd_event_source *reaper;
        Session *sessions, *over;
        Query *queries, *queries_over;
        size_t n_sessions, n_over; /* over: since the heap was looked after */
        Shares *shares;
        Registry *registry;
        LastUnits *last_units;
        SessionHost session_host;
        QueryHost query_host;
        Locks locks;
        uint64_t started_sec, config_loaded_sec;
        char config_error[CONFIG_ERROR_BYTES]; /* why the last reload was refused; "" */
        DirectoryLookup *services[CALLERS_MAX]; /* under way: which uids the services have */
        uid_t service_uids[CALLERS_MAX];
        size_t n_service_uids;
        char *state_folder, *records_folder;
        uint64_t last_id; /* of a login; begins at the time in ms, so that none comes twice in a journal */
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
        shares_give(manager->shares, session->uid, SHARE_LOGIN);
        manager->n_over++;
        (void)sd_event_source_set_enabled(manager->reaper, SD_EVENT_ONESHOT);
}

static void query_list_add(Query **list, Query *query) {
        query->previous = NULL;
        query->next = *list;
        if (*list)
                (*list)->previous = query;
        *list = query;
}

static void query_list_remove(Query **list, Query *query) {
        if (query->previous)
                query->previous->next = query->next;
        else
                *list = query->next;
        if (query->next)
                query->next->previous = query->previous;
        query->next = query->previous = NULL;
}

static void on_query_over(Query *query, void *userdata) {
        Manager *manager = userdata;

        query_list_remove(&manager->queries, query);
        query_list_add(&manager->queries_over, query);
        shares_give(manager->shares, query->uid, SHARE_QUERY);
        (void)sd_event_source_set_enabled(manager->reaper, SD_EVENT_ONESHOT);
}

static int on_reap(sd_event_source *source _unused_, void *userdata) {
        Manager *manager = userdata;

        while (manager->over) {
                Session *session = manager->over;

                list_remove(&manager->over, session);
                (void)session_free(session);
        }
        while (manager->queries_over) {
                Query *query = manager->queries_over;

                query_list_remove(&manager->queries_over, query);
                (void)query_free(query);
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

/* Some directories know a user by other spellings of the name (capitals, a domain). Who stands in the
 * map would come past it that way, to whatever module is next: such a user is nobody here. */
static bool is_spelt_otherwise(const Session *session, const DirectoryUser *user) {
        size_t n_accounts;

        if (strcmp(user->name, session->user) == 0)
                return false;
        (void)directory_account_for(session->era->directory, user->name, user, &n_accounts);
        return n_accounts > 0;
}

/* Does the user that the application names exist on this host? */
static void on_user(DirectoryLookup *lookup _unused_, int error, const DirectoryUser *user,
                    void *userdata) {
        Session *session = userdata;
        size_t n_accounts;
        DirectoryUser found;

        /* It is borrowed from the look-up. */
        if (user)
                found = *user;
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
        /* As somebody else's spelling it does not exist; it is not free to be taken either. */
        if (user && is_spelt_otherwise(session, &found))
                user = NULL;
        session_begin(session, user ? &found : NULL);
}

static void find_user(Session *session) {
        int r;

        if (!session->user) {
                session_begin(session, NULL);
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

        bool is_known = error == 0 && user->exists, is_own = false;

        for (size_t i = 0; is_known && i < config->n_callers; i++)
                session->is_service |= strcmp(config->callers[i], user->name) == 0;
        is_own = is_known && session->user && strcmp(session->user, user->name) == 0;
        session->lookup = directory_lookup_free(session->lookup);
        if (session->is_over)
                return;

        if (!is_known)
                refuse(manager, session, BUS_REFUSE_ACCESS, "nothing is known of this user");
        else if (!session->is_service && !is_own)
                refuse(manager, session, BUS_REFUSE_ACCESS, "it asked for somebody else");
        else
                find_user(session);
}

static void on_open(Manager *manager, BusCall *call, const BusCaller *caller) {
        Session *session;
        int r;

        r = session_new(manager->event, manager->era, &manager->session_host, call, caller,
                        ++manager->last_id, on_over, manager, &session);
        if (r != 0) {
                shares_give(manager->shares, caller->uid, SHARE_LOGIN);
                tell_refusal(manager, caller->uid,
                             r > 0 ? "the options of the pam.d line say nothing that is known" :
                                     strerrordesc_np(-r));
                (void)bus_call_refuse(call, r > 0 ? BUS_REFUSE_ARGUMENTS : BUS_REFUSE_UNAVAILABLE);
                return;
        }
        list_add(&manager->sessions, session);
        manager->n_sessions++;

        if (session->uid == 0) {
                find_user(session);
                return;
        }
        r = directory_find_uid(session->era->directory, session->uid, on_caller, session,
                               &session->lookup);
        if (r < 0)
                refuse(manager, session, BUS_REFUSE_ACCESS, strerrordesc_np(-r));
}

static void on_refused(uid_t uid, const char *why, void *userdata) {
        tell_refusal(userdata, uid, why);
}

static void on_query(Manager *manager, BusCall *call, const BusCaller *caller) {
        Query *query;

        if (query_new(manager->era, &manager->query_host, call, caller, &query) < 0) {
                shares_give(manager->shares, caller->uid, SHARE_QUERY);
                (void)bus_call_refuse(call, BUS_REFUSE_UNAVAILABLE);
                return;
        }
        query_list_add(&manager->queries, query);
        query_begin(query);
}

/* What is too much is refused before anything is looked up. */
static void on_call(BusCall *call, const BusCaller *caller, void *userdata) {
        const ShareKind kind = caller->member == BUS_OPEN_LOGIN ? SHARE_LOGIN : SHARE_QUERY;
        Manager *manager = userdata;
        int r;

        r = shares_take(manager->shares, caller->uid, kind);
        if (r != 0) {
                tell_refusal(manager, caller->uid, "too many at once");
                (void)bus_call_refuse(call, r > 0 ? BUS_REFUSE_LIMIT : BUS_REFUSE_UNAVAILABLE);
                return;
        }
        if (kind == SHARE_LOGIN)
                on_open(manager, call, caller);
        else
                on_query(manager, call, caller);
}

/* A service has a larger share than a person; it is known by its uid before anything is looked up. */
static void on_service(DirectoryLookup *lookup, int error, const DirectoryUser *user,
                       void *userdata) {
        Manager *manager = userdata;

        if (error == 0 && user->exists && user->uid != 0)
                manager->service_uids[manager->n_service_uids++] = user->uid;
        for (size_t i = 0; i < CALLERS_MAX; i++)
                if (manager->services[i] == lookup)
                        manager->services[i] = directory_lookup_free(lookup);
        (void)shares_set_services(manager->shares, manager->service_uids, manager->n_service_uids);
}

static void find_services(Manager *manager) {
        const Config *config = manager->era->config;

        manager->n_service_uids = 0;
        (void)shares_set_services(manager->shares, NULL, 0);
        for (size_t i = 0; i < CALLERS_MAX; i++) {
                manager->services[i] = directory_lookup_free(manager->services[i]);
                if (i < config->n_callers &&
                    directory_find_name(manager->era->directory, config->callers[i], on_service,
                                        manager, &manager->services[i]) < 0)
                        log_record(LOG_WARNING, 0, "the service '%s' cannot be looked up",
                                   config->callers[i]);
        }
}

static void tell(BusStatus *status, void *userdata) {
        const Manager *manager = userdata;
        size_t n_open = 0;

        status->started_sec = manager->started_sec;
        status->config_loaded_sec = manager->config_loaded_sec;
        status->config_error = *manager->config_error ? manager->config_error : NULL;
        status->audit = audit_file_state();
        status->audit_head = audit_file_head();
        (void)registry_size(manager->registry, &n_open);
        status->sessions = (uint32_t)n_open;
        for (const Session *session = manager->sessions; session; session = session->next) {
                status->logins++;
                status->waiting += session->shown == STEP_SCAN;
        }
}

static size_t list_logins(BusLogin *ret, size_t n_max, void *userdata) {
        const Manager *manager = userdata;
        const uint64_t now_sec = (uint64_t)era_now_sec(), now_usec = session_now_usec();
        size_t n = 0;

        for (const Session *session = manager->sessions; session && n < n_max; session = session->next)
                ret[n++] = (BusLogin){
                        .login = session->id,
                        .since_sec = now_sec - (now_usec - session->begun_usec) / USEC_PER_SEC,
                        .service = session->service,
                        .tty = session->tty,
                        .rhost = session->rhost,
                        .user = session_named_user(session),
                        .step = session->shown < _STEP_KIND_MAX ?
                                step_kind_to_string(session->shown) :
                                NULL,
                        .caller = (uint32_t)session->uid,
                };
        return n;
}

static void on_session_gone(const Grant *grant, void *userdata _unused_) {
        audit_session(grant, "gone", 0);
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

static int copy_path(const char *path, char **ret) {
        if (!path)
                return 0;
        *ret = strdup(path);
        return *ret ? 0 : -ENOMEM;
}

/* What is shared by all eras. */
static int open_stores(Manager *manager, const ManagerPlaces *places) {
        _cleanup_(freep) char *path = NULL;
        int r;

        if (copy_path(places->state_folder, &manager->state_folder) < 0 ||
            copy_path(places->records_folder, &manager->records_folder) < 0)
                return -ENOMEM;
        if (places->state_folder && asprintf(&path, "%s/last-units", places->state_folder) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = shares_new(&manager->shares);
        if (r >= 0)
                r = last_units_new(path, &manager->last_units);
        if (r >= 0)
                r = registry_new(manager->event, places->runtime_folder, on_session_gone, manager,
                                 &manager->registry);
        manager->session_host = (SessionHost){
                .name = manager->host,
                .registry = manager->registry,
                .last_units = manager->last_units,
                .locks = &manager->locks,
        };
        manager->query_host = (QueryHost){
                .registry = manager->registry,
                .locks = &manager->locks,
                .over = on_query_over,
                .refused = on_refused,
                .tell = tell,
                .logins = list_logins,
                .userdata = manager,
        };
        return r;
}

static int make_era(Manager *manager, Config *config, Era **ret) {
        const EraPlaces places = { manager->state_folder, manager->records_folder };

        return era_new(manager->event, config, &places, manager->era, ret);
}

int manager_new(sd_event *event, const ManagerPlaces *places, Config *config, Manager **ret) {
        static const BusHandlers handlers = { .call = on_call, .name = on_name };
        static const ManagerPlaces of_system = {
                .runtime_folder = MANAGER_RUNTIME,
                .state_folder = MANAGER_STATE,
                .records_folder = MANAGER_RECORDS,
        };
        _cleanup_(manager_freep) Manager *manager = calloc(1, sizeof(*manager));
        uint64_t now_usec = 0;
        int r;

        if (!manager)
                return -ENOMEM;
        manager->event = sd_event_ref(event);
        (void)sd_event_now(event, CLOCK_REALTIME, &now_usec);
        manager->last_id = now_usec / USEC_PER_MSEC;
        manager->started_sec = manager->config_loaded_sec = now_usec / USEC_PER_SEC;
        if (gethostname(manager->host, sizeof(manager->host) - 1) < 0)
                memcpy(manager->host, "localhost", sizeof("localhost"));

        r = sd_event_add_defer(event, &manager->reaper, on_reap, manager);
        if (r >= 0)
                r = sd_event_source_set_enabled(manager->reaper, SD_EVENT_OFF);
        if (r < 0)
                return r;
        places = places ? places : &of_system;
        r = open_stores(manager, places);
        if (r < 0)
                return r;
        r = make_era(manager, config, &manager->era);
        if (r < 0)
                return r;
        find_services(manager);

        r = bus_server_new(event, places->bus_address, &handlers, manager, &manager->bus);
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

        r = make_era(manager, config, &era);
        if (r < 0)
                return r;

        (void)era_unref(manager->era);
        manager->era = era;
        manager->config_loaded_sec = (uint64_t)era_now_sec();
        manager->config_error[0] = '\0';
        if (era->number > ERAS_KEPT)
                registry_forget(manager->registry, era->number - ERAS_KEPT);
        find_services(manager);
        return 0;
}

const Config *manager_config(const Manager *manager) {
        return manager->era->config;
}

void manager_refused_config(Manager *manager, const char *why) {
        (void)snprintf(manager->config_error, sizeof(manager->config_error), "%s", why);
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;

        while (manager->sessions)
                session_break(manager->sessions, REASON_UNAVAILABLE, "shutdown");
        while (manager->queries)
                on_query_over(manager->queries, manager);
        if (manager->reaper)
                (void)on_reap(manager->reaper, manager);
        manager->bus = bus_server_free(manager->bus);
        for (size_t i = 0; i < CALLERS_MAX; i++)
                manager->services[i] = directory_lookup_free(manager->services[i]);
        /* Its tokens belong to platforms of the eras. */
        manager->registry = registry_free(manager->registry);
        manager->era = era_unref(manager->era);
        manager->last_units = last_units_free(manager->last_units);
        manager->shares = shares_free(manager->shares);
        free(manager->state_folder);
        free(manager->records_folder);
        manager->reaper = sd_event_source_disable_unref(manager->reaper);
        manager->event = sd_event_unref(manager->event);
        free(manager);
        return NULL;
}
