/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Manager: sessions and eras. A session is one login with everything it owns. An era is one configuration
 * with the platform and the directory made from it; a reload begins a new one, and the old one goes
 * with its last session. A session that has ended is only marked, and freed from the loop: its end is
 * found out deep inside callbacks of the very objects it owns. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/audit.h"
#include "daemon/bus/bus.h"
#include "daemon/core/login.h"
#include "daemon/directory/directory.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/platform/platform.h"
#include "daemon/present.h"
#include "daemon/services.h"
#include "daemon/texts.h"
#include "lib/common/limits.h"

typedef struct Session Session;

/* Owned by the manager while it is the current one, and by each session that began in it. */
typedef struct Era {
        unsigned n_refs;
        Config *config;
        Platform *platform;
        Directory *directory;
        TextsLanguage language;
} Era;

struct Manager {
        sd_event *event;
        BusServer *bus;
        Era *era;
        sd_event_source *reaper;
        Session *sessions;
        size_t n_sessions;
        uint64_t last_id;
        char host[LIMIT_HOST_BYTES + 1];
};

/* Owned by the manager's list. Exactly one of open and peer is set, until it has ended. */
struct Session {
        Session *next, *previous;
        Manager *manager;
        Era *era;
        uint64_t id, begun_usec;
        uid_t uid;
        bool is_service; /* may ask for any account, without being root */
        bool ended, user_exists;
        BusOpen *open;
        BusPeer *peer;
        DirectoryLookup *lookup;
        Login *login;
        PlatformLogin *platform;
        sd_event_source *timer;
        ServiceManner manner;
        TextsLanguage language;
        LoginMethod method;
        ConfigUnit unit;
        bool refuse_empty;
        char *service, *user, *tty, *rhost; /* NULL where unknown */
};

static Era *era_unref(Era *era) {
        if (!era || --era->n_refs > 0)
                return NULL;

        platform_free(era->platform);
        directory_free(era->directory);
        config_free(era->config);
        free(era);
        return NULL;
}
DEFINE_CLEANUP(Era, era_unref)

static int era_new(sd_event *event, Config *config, Era **ret) {
        _cleanup_(era_unrefp) Era *era = NULL;
        const PlatformConfig platform = {
                .issuer = config->issuer,
                .ca_file = config->ca_file,
                .client_id = config->client_id,
                .client_secret_file = config->client_secret_file,
                .unix_socket = config->unix_socket,
                .proxy = config->proxy,
                .timeout_usec = config->timeout_usec,
                .connect_timeout_usec = config->timeout_usec,
        };
        int r;

        era = calloc(1, sizeof(*era));
        if (!era)
                return -ENOMEM;

        era->n_refs = 1;
        era->language = config->language;
        r = directory_new(event, config->users, &era->directory);
        if (r < 0)
                return r;
        r = platform_new(event, &platform, &era->platform);
        if (r < 0)
                return r;

        era->config = config;
        *ret = TAKE_PTR(era);
        return 0;
}

static uint64_t now_usec(void) {
        struct timespec t = {};

        (void)clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

static Session *session_free(Session *session) {
        if (!session)
                return NULL;

        if (session->previous)
                session->previous->next = session->next;
        else
                session->manager->sessions = session->next;
        if (session->next)
                session->next->previous = session->previous;
        session->manager->n_sessions--;

        sd_event_source_disable_unref(session->timer);
        directory_lookup_free(session->lookup);
        platform_login_free(session->platform);
        bus_peer_free(session->peer);
        if (session->open)
                bus_open_refuse(session->open, BUS_REFUSE_UNAVAILABLE);
        login_free(session->login);
        era_unref(session->era);
        free(session->service);
        free(session->user);
        free(session->tty);
        free(session->rhost);
        free(session);
        return NULL;
}

static void session_end(Session *session) {
        session->ended = true;
        (void)sd_event_source_set_enabled(session->manager->reaper, SD_EVENT_ONESHOT);
}

static void session_refuse(Session *session, BusRefusal refusal) {
        session->open = bus_open_refuse(session->open, refusal);
        session_end(session);
}

static int on_reap(sd_event_source *source _unused_, void *userdata) {
        Manager *manager = userdata;
        Session *session = manager->sessions;

        while (session) {
                Session *next = session->next;

                if (session->ended)
                        session_free(session);
                session = next;
        }
        return 0;
}

static void session_step(Session *session, const Plan *plan) {
        _cleanup_(step_done) Step step = {};
        int r;

        r = present_plan(plan, session->manner.layout, session->manner.style, session->language, &step);
        if (r >= 0)
                r = bus_peer_reply(session->peer, &step);
        /* Without its step the client would wait in vain: closing the socket tells it at once. */
        if (r < 0) {
                log_record(LOG_WARNING, session->id, "a step could not be sent: %s", strerror(-r));
                session_end(session);
        }
}

static void session_audit(const Session *session, const Outcome *outcome) {
        const AuditRecord record = {
                .login_id = session->id,
                .caller = session->uid,
                .service = session->service,
                .tty = session->tty,
                .rhost = session->rhost,
                .duration_usec = now_usec() - session->begun_usec,
                .outcome = outcome,
        };

        audit_outcome(&record);
}

/* Let something happen, and do what follows from it. What an action itself makes happen waits until all actions of
 * its list are done, as the list is only lent. */
static void session_feed(Session *session, const LoginEvent *first) {
        LoginEvent event = *first;
        Reply unavailable = { .kind = REPLY_UNAVAILABLE, .attempts_left = -1 };
        bool more = true;

        while (more && !session->ended) {
                LoginActions actions = {};
                int r;

                more = false;
                r = login_feed(session->login, &event, now_usec(), &actions);
                if (r == LOGIN_E_ORDER) {
                        log_record(LOG_WARNING, session->id, "out of order: the login is ended");
                        session_end(session);
                        return;
                }

                for (size_t i = 0; i < actions.n_items; i++) {
                        const LoginAction *action = &actions.items[i];

                        switch (action->kind) {
                        case ACTION_STEP:
                                session_step(session, action->plan);
                                break;
                        case ACTION_REQUEST:
                                r = platform_login_request(session->platform, action->request);
                                if (r < 0) {
                                        log_record(LOG_ERR, session->id, "the platform could not be asked: %s",
                                                   strerror(-r));
                                        event = (LoginEvent){ .kind = EVENT_REPLY, .reply = &unavailable };
                                        more = true;
                                }
                                break;
                        case ACTION_CANCEL:
                                platform_login_cancel(session->platform);
                                break;
                        case ACTION_RESOLVE:
                                event = (LoginEvent){
                                        .kind = EVENT_RESOLVED,
                                        .user = directory_user_of_account(session->era->directory, action->account),
                                };
                                more = true;
                                break;
                        case ACTION_END:
                                session_audit(session, action->outcome);
                                session_end(session);
                                break;
                        case _ACTION_MAX:
                                break;
                        }
                }
                if (r < 0)
                        session_end(session);
        }

        if (!session->ended) {
                uint64_t deadline = login_deadline(session->login);

                (void)sd_event_source_set_time(session->timer, deadline);
                (void)sd_event_source_set_enabled(session->timer,
                                                  deadline == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
        }
}

static int on_deadline(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        Session *session = userdata;

        if (!session->ended)
                session_feed(session, &(LoginEvent){ .kind = EVENT_EXPIRED });
        return 0;
}

static void on_reply(PlatformLogin *platform _unused_, Reply *reply, void *userdata) {
        Session *session = userdata;

        if (!session->ended)
                session_feed(session, &(LoginEvent){ .kind = EVENT_REPLY, .reply = reply });
}

static void on_next(BusPeer *peer _unused_, bool first, const Secret *answer, void *userdata) {
        Session *session = userdata;

        if (!session->ended)
                session_feed(session, &(LoginEvent){ .kind = first ? EVENT_BEGIN : EVENT_ANSWER, .answer = answer });
}

static void on_gone(BusPeer *peer _unused_, void *userdata) {
        Session *session = userdata;

        if (session->ended)
                return;
        session_feed(session, &(LoginEvent){ .kind = EVENT_GONE });
        session_end(session);
}

static int session_make_login(Session *session) {
        const Config *config = session->era->config;
        size_t n_accounts = 0;
        LoginSetup setup = {
                .mode = session->manner.mode,
                .layout = session->manner.layout,
                .method = session->method,
                .unit_policy = session->unit.policy,
                .phase = config->phase,
                .binding = session->manner.remote,
                .refuse_empty = session->refuse_empty,
                .unit = *session->unit.code ? session->unit.code : NULL,
                .user = session->user,
                .timeout_usec = session->manner.timeout_usec ? session->manner.timeout_usec :
                                                               config->login_timeout_usec,
        };
        const PlatformContext context = {
                .login_id = session->id,
                .host = session->manager->host,
                .service = session->service,
                .terminal = session->tty,
                .remote_host = session->rhost,
        };
        int r;

        if (session->user) {
                setup.account = directory_account_of_user(session->era->directory, session->user, &n_accounts);
                setup.user_is_other = n_accounts == 0 && session->user_exists;
                setup.user_is_unknown = n_accounts == 0 && !session->user_exists;
        }

        r = login_new(&setup, session->begun_usec, &session->login);
        if (r < 0)
                return r;
        r = platform_login_new(session->era->platform, &context, on_reply, session, &session->platform);
        if (r < 0)
                return r;
        return sd_event_add_time(session->manager->event, &session->timer, CLOCK_BOOTTIME,
                                 login_deadline(session->login), 0, on_deadline, session);
}

static void session_begin(Session *session) {
        static const BusPeerHandlers handlers = { .next = on_next, .gone = on_gone };
        BusOpen *open;
        int r;

        r = session_make_login(session);
        if (r < 0) {
                log_record(LOG_ERR, session->id, "a login could not begin: %s", strerror(-r));
                session_refuse(session, BUS_REFUSE_UNAVAILABLE);
                return;
        }

        open = TAKE_PTR(session->open);
        r = bus_open_accept(open, &handlers, session, &session->peer);
        if (r < 0) {
                log_record(LOG_WARNING, session->id, "the caller went away: %s", strerror(-r));
                session_end(session);
        }
}

/* Does the user that the application names exist on this host? */
static void on_user(DirectoryLookup *lookup _unused_, int error, const DirectoryUser *user, void *userdata) {
        Session *session = userdata;
        size_t n_accounts;

        session->lookup = directory_lookup_free(session->lookup);
        if (session->ended)
                return;

        if (error < 0) {
                /* Who stands in the map is ours, whatever NSS says. Of anybody else nothing may be assumed. */
                (void)directory_account_of_user(session->era->directory, session->user, &n_accounts);
                if (n_accounts == 0) {
                        log_record(LOG_ERR, session->id, "the user could not be looked up: %s", strerror(-error));
                        session_refuse(session, BUS_REFUSE_UNAVAILABLE);
                        return;
                }
        }

        session->user_exists = user && user->exists;
        session_begin(session);
}

static void session_find_user(Session *session) {
        int r;

        if (!session->user) {
                session_begin(session);
                return;
        }

        r = directory_find_name(session->era->directory, session->user, on_user, session, &session->lookup);
        if (r < 0) {
                log_record(LOG_ERR, session->id, "the user cannot be looked up: %s", strerror(-r));
                session_refuse(session, BUS_REFUSE_UNAVAILABLE);
        }
}

static size_t count_sessions_of(const Manager *manager, uid_t uid) {
        size_t n = 0;

        for (const Session *session = manager->sessions; session; session = session->next)
                if (session->uid == uid && !session->ended)
                        n++;
        return n;
}

/* Somebody who is not root: a service of the configuration, or a person asking for himself? */
static void on_caller(DirectoryLookup *lookup _unused_, int error, const DirectoryUser *user, void *userdata) {
        Session *session = userdata;
        const Config *config = session->era->config;

        session->lookup = directory_lookup_free(session->lookup);
        if (session->ended)
                return;

        if (error < 0 || !user->exists) {
                session_refuse(session, BUS_REFUSE_ACCESS);
                return;
        }

        for (size_t i = 0; i < config->n_callers; i++)
                if (strcmp(config->callers[i], user->name) == 0)
                        session->is_service = true;

        if (!session->is_service && (!session->user || strcmp(session->user, user->name) != 0)) {
                log_record(LOG_NOTICE, session->id, "uid %lu asked for somebody else; refused",
                           (unsigned long)session->uid);
                session_refuse(session, BUS_REFUSE_ACCESS);
                return;
        }
        if (count_sessions_of(session->manager, session->uid) >
            (session->is_service ? LIMIT_LOGINS_PER_SERVICE : LIMIT_LOGINS_PER_UID)) {
                session_refuse(session, BUS_REFUSE_LIMIT);
                return;
        }

        session_find_user(session);
}

static int copy_word(const char *s, char **ret) {
        if (!s || !*s)
                return 0;
        *ret = strdup(s);
        return *ret ? 0 : -ENOMEM;
}

/* Return: 0, -ENOMEM, or -EINVAL for an option that says nothing we know: nothing may be assumed then. */
static int session_read(Session *session, const BusCaller *caller) {
        const Config *config = session->era->config;
        const ServiceQuery query = {
                .service = caller->service,
                .tty = caller->tty,
                .rhost = caller->rhost,
                .locale = caller->locale,
                .prompts = caller->prompts,
                .silent = caller->silent,
        };

        session->uid = caller->uid;
        session->refuse_empty = caller->refuse_empty;
        if (services_manner(&query, config->services, config->n_services, &session->manner) != 0)
                return -EINVAL;

        session->unit = config->unit;
        if (*caller->unit && config_unit_from_string(caller->unit, &session->unit) != 0)
                return -EINVAL;

        session->method = config->method;
        if (*caller->method)
                session->method = config_method_from_string(caller->method);
        if (session->method == _LOGIN_METHOD_MAX)
                return -EINVAL;
        /* Where only one method can work, the option does not make the other one work. */
        if (session->manner.method != METHOD_ANY) {
                if (session->method != METHOD_ANY && session->method != session->manner.method)
                        return -EINVAL;
                session->method = session->manner.method;
        }

        session->language = session->manner.ascii ? TEXTS_EN :
                                                    texts_language_of(caller->locale, session->era->language);

        if (caller->has_user && copy_word(caller->user, &session->user) < 0)
                return -ENOMEM;
        if (copy_word(caller->service, &session->service) < 0 || copy_word(caller->tty, &session->tty) < 0 ||
            copy_word(caller->rhost, &session->rhost) < 0)
                return -ENOMEM;
        return caller->has_user && !session->user ? -EINVAL : 0;
}

static int session_new(Manager *manager, BusOpen *open, Session **ret) {
        Session *session;

        session = calloc(1, sizeof(*session));
        if (!session)
                return -ENOMEM;

        session->manager = manager;
        session->era = manager->era;
        session->era->n_refs++;
        session->id = ++manager->last_id;
        session->begun_usec = now_usec();
        session->open = open;
        session->next = manager->sessions;
        if (session->next)
                session->next->previous = session;
        manager->sessions = session;
        manager->n_sessions++;
        *ret = session;
        return 0;
}

static void on_open(BusOpen *open, const BusCaller *caller, void *userdata) {
        Manager *manager = userdata;
        Session *session;
        int r;

        if (manager->n_sessions >= LIMIT_LOGINS || session_new(manager, open, &session) < 0) {
                log_record(LOG_WARNING, 0, "too many logins at once, or no memory: a caller was refused");
                bus_open_refuse(open, BUS_REFUSE_LIMIT);
                return;
        }

        r = session_read(session, caller);
        if (r < 0) {
                log_record(LOG_WARNING, session->id, "service %s: the options of its pam.d line cannot be followed; refused",
                           caller->service);
                session_refuse(session, r == -EINVAL ? BUS_REFUSE_ARGUMENTS : BUS_REFUSE_UNAVAILABLE);
                return;
        }

        if (session->uid == 0) {
                session_find_user(session);
                return;
        }

        r = directory_find_uid(session->era->directory, session->uid, on_caller, session, &session->lookup);
        if (r < 0)
                session_refuse(session, BUS_REFUSE_ACCESS);
}

static void on_name(int error, void *userdata) {
        Manager *manager = userdata;

        if (error < 0) {
                log_record(LOG_ERR, 0, "the bus name is not ours: %s", strerror(-error));
                (void)sd_event_exit(manager->event, 1);
        }
}

int manager_new(sd_event *event, Config *config, Manager **ret) {
        static const BusHandlers handlers = { .open = on_open, .name = on_name };
        _cleanup_(manager_freep) Manager *manager = NULL;
        int r;

        manager = calloc(1, sizeof(*manager));
        if (!manager)
                return -ENOMEM;

        manager->event = sd_event_ref(event);
        if (gethostname(manager->host, sizeof(manager->host) - 1) < 0)
                strcpy(manager->host, "localhost");

        r = sd_event_add_defer(event, &manager->reaper, on_reap, manager);
        if (r < 0)
                return r;
        r = era_new(event, config, &manager->era);
        if (r < 0)
                return r;

        r = bus_server_new(event, NULL, &handlers, manager, &manager->bus);
        if (r < 0) {
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

        era_unref(manager->era);
        manager->era = era;
        return 0;
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;

        while (manager->sessions)
                session_free(manager->sessions);
        bus_server_free(manager->bus);
        era_unref(manager->era);
        sd_event_source_disable_unref(manager->reaper);
        sd_event_unref(manager->event);
        free(manager);
        return NULL;
}
