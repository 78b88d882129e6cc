/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Session: events in, actions out. Every callback comes here through an object that the session
 * owns and that session_free() cancels, so none can come late. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/audit.h"
#include "daemon/core/login.h"
#include "daemon/log.h"
#include "daemon/present.h"
#include "daemon/session.h"

#define DEADLINE_ACCURACY_USEC (20 * USEC_PER_MSEC)

uint64_t session_now_usec(void) {
        struct timespec t = {};

        (void)clock_gettime(CLOCK_BOOTTIME, &t);
        return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

static void session_over(Session *session) {
        if (session->is_over)
                return;

        session->is_over = true;
        if (session->timer)
                (void)sd_event_source_set_enabled(session->timer, SD_EVENT_OFF);
        session->over(session, session->userdata);
}

static void session_audit(const Session *session, const Outcome *outcome) {
        const AuditRecord record = {
                .login_id = session->id,
                .caller = session->uid,
                .service = session->service,
                .tty = session->tty,
                .rhost = session->rhost,
                .duration_usec = session_now_usec() - session->begun_usec,
                .outcome = outcome,
        };

        audit_outcome(&record);
}

void session_break(Session *session, StepReason reason, const char *detail) {
        if (session->is_over)
                return;
        session_audit(session, &(Outcome){ .reason = reason, .detail = detail });
        session_over(session);
}

void session_refuse(Session *session, BusRefusal refusal) {
        session->open = bus_call_refuse(session->open, refusal);
        session_over(session);
}

static void session_step(Session *session, const Plan *plan) {
        _cleanup_(step_done) Step step = {};
        int r;

        r = present_plan(plan, session->manner.layout, session->manner.style, session->language,
                         &step);
        if (r >= 0)
                r = bus_peer_reply(session->peer, &step);
        if (r == -ENOTCONN || r == -EPIPE || r == -ECONNRESET)
                session_break(session, REASON_CLIENT, "client-gone");
        else if (r < 0) {
                /* Without its step the client would wait in vain: closing the socket tells it at
                 * once. */
                log_record(LOG_ERR, session->id, "a step could not be sent: %s",
                           strerrordesc_np(-r));
                session_break(session, REASON_UNAVAILABLE, "step-lost");
        }
}

/* The one forward declaration: a look-up is started by what its answer is fed to. */
static void session_feed(Session *session, const LoginEvent *first);

/* Is what was typed as account rather a local user without one? Nothing known counts as no. */
static void on_found(DirectoryLookup *lookup _unused_, int error _unused_,
                     const DirectoryUser *user, void *userdata) {
        LoginEvent event = { .kind = EVENT_FOUND };
        Session *session = userdata;
        char name[LIMIT_USER_BYTES + 1];
        size_t n_accounts;

        if (user && user->exists) {
                (void)directory_account_of_user(session->era->directory, user->name, &n_accounts);
                if (n_accounts == 0)
                        event.user = memcpy(name, user->name, strlen(user->name) + 1);
        }

        session->lookup = directory_lookup_free(session->lookup);
        if (!session->is_over)
                session_feed(session, &event);
}

/* Return: true when on_found() will be called. */
static bool session_find(Session *session, const char *account) {
        if (directory_user_of_account(session->era->directory, account))
                return false;
        return directory_find_name(session->era->directory, account, on_found, session,
                                   &session->lookup) >= 0;
}

/* Do one action. Return: true when it made @ret_event happen. */
static bool session_act(Session *session, const LoginAction *action, Reply *unavailable,
                        LoginEvent *ret_event) {
        int r;

        switch (action->kind) {
        case ACTION_STEP:
                session_step(session, action->plan);
                return false;
        case ACTION_REQUEST:
                r = platform_login_request(session->platform, action->request);
                if (r >= 0)
                        return false;
                log_record(LOG_ERR, session->id, "the platform could not be asked: %s",
                           strerrordesc_np(-r));
                *ret_event = (LoginEvent){ .kind = EVENT_REPLY, .reply = unavailable };
                return true;
        case ACTION_CANCEL:
                platform_login_cancel(session->platform);
                return false;
        case ACTION_RESOLVE:
                *ret_event = (LoginEvent){
                        .kind = EVENT_RESOLVED,
                        .user = directory_user_of_account(session->era->directory, action->account),
                };
                return true;
        case ACTION_FIND:
                if (session_find(session, action->account))
                        return false;
                *ret_event = (LoginEvent){ .kind = EVENT_FOUND };
                return true;
        case ACTION_END:
                session_audit(session, action->outcome);
                session_over(session);
                return false;
        case ACTION_SIGN:
        case ACTION_SIGN_CANCEL:
        case _ACTION_MAX:
                break;
        }
        return false;
}

/* Let something happen, and do what follows from it. What an action itself makes happen waits until
 * all actions of its list are done, as the list is only lent. */
static void session_feed(Session *session, const LoginEvent *first) {
        Reply unavailable = { .kind = REPLY_UNAVAILABLE, .attempts_left = -1 };
        LoginEvent event = *first;
        uint64_t deadline;
        bool more = true;

        while (more && !session->is_over) {
                LoginActions actions = {};
                int r;

                more = false;
                login_raise_phase(session->login, era_phase(session->era));
                r = login_feed(session->login, &event, session_now_usec(), &actions);
                if (r == LOGIN_E_ORDER) {
                        log_record(LOG_ERR, session->id, "an event out of order");
                        session_break(session, REASON_UNAVAILABLE, "out-of-order");
                        return;
                }

                for (size_t i = 0; i < actions.n_items && !session->is_over; i++)
                        more |= session_act(session, &actions.items[i], &unavailable, &event);
                if (r < 0)
                        session_break(session, REASON_UNAVAILABLE, "no-memory");
        }
        if (session->is_over)
                return;

        deadline = login_deadline(session->login);
        (void)sd_event_source_set_time(session->timer, deadline);
        (void)sd_event_source_set_enabled(
                session->timer, deadline == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static int on_deadline(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        Session *session = userdata;

        if (!session->is_over)
                session_feed(session, &(LoginEvent){ .kind = EVENT_EXPIRED });
        return 0;
}

static void on_reply(PlatformLogin *platform _unused_, Reply *reply, void *userdata) {
        Session *session = userdata;

        if (!session->is_over)
                session_feed(session, &(LoginEvent){ .kind = EVENT_REPLY, .reply = reply });
}

static void on_next(BusPeer *peer _unused_, bool first, const Secret *answer, void *userdata) {
        Session *session = userdata;

        if (!session->is_over)
                session_feed(session,
                             &(LoginEvent){ .kind = first ? EVENT_BEGIN : EVENT_ANSWER,
                                            .answer = answer });
}

static void on_gone(BusPeer *peer _unused_, void *userdata) {
        Session *session = userdata;

        if (session->is_over)
                return;
        session_feed(session, &(LoginEvent){ .kind = EVENT_GONE });
        session_break(session, REASON_CLIENT, "client-gone");
}

static int make_login(Session *session, const char *host, bool user_exists) {
        const Config *config = session->era->config;
        LoginSetup setup = {
                .mode = session->manner.mode,
                .layout = session->manner.layout,
                .method = session->method,
                .unit_policy = session->unit.policy,
                .phase = era_phase(session->era),
                .binding = session->manner.remote,
                .refuse_empty = session->refuse_empty,
                .unit = *session->unit.code ? session->unit.code : NULL,
                .user = session->user,
                .timeout_usec = session->manner.timeout_usec ? session->manner.timeout_usec :
                                                               config->login_timeout_usec,
        };
        const PlatformContext context = {
                .login_id = session->id,
                .host = host,
                .service = session->service,
                .terminal = session->tty,
                .remote_host = session->rhost,
        };
        size_t n_accounts = 0;
        int r;

        if (session->user) {
                setup.account = directory_account_of_user(session->era->directory, session->user,
                                                          &n_accounts);
                setup.user_is_other = n_accounts == 0 && user_exists;
                setup.user_is_unknown = n_accounts == 0 && !user_exists;
        }

        r = login_new(&setup, session->begun_usec, &session->login);
        if (r < 0)
                return r;
        r = platform_login_new(session->era->platform, &context, on_reply, session,
                               &session->platform);
        if (r < 0)
                return r;
        return sd_event_add_time(session->event, &session->timer, CLOCK_BOOTTIME,
                                 login_deadline(session->login), DEADLINE_ACCURACY_USEC,
                                 on_deadline, session);
}

void session_begin(Session *session, const char *host, bool user_exists) {
        static const BusPeerHandlers handlers = { .next = on_next, .gone = on_gone };
        int r;

        r = make_login(session, host, user_exists);
        if (r < 0) {
                log_record(LOG_ERR, session->id, "a login could not begin: %s",
                           strerrordesc_np(-r));
                session_refuse(session, BUS_REFUSE_UNAVAILABLE);
                return;
        }

        r = bus_call_accept(TAKE_PTR(session->open), &handlers, session, &session->peer);
        if (r < 0) {
                log_record(LOG_WARNING, session->id, "no socket could be given out: %s",
                           strerrordesc_np(-r));
                session_break(session, REASON_UNAVAILABLE, "no-socket");
        }
}

static int copy_word(const char *s, char **ret) {
        if (!*s)
                return 0;
        *ret = strdup(s);
        return *ret ? 0 : -ENOMEM;
}

/* Return: 0, SESSION_E_OPTIONS, -ENOMEM. */
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

        if (services_manner(&query, config->services, config->n_services, &session->manner) != 0)
                return SESSION_E_OPTIONS;

        session->unit = config->unit;
        if (*caller->unit && config_unit_from_string(caller->unit, &session->unit) != 0)
                return SESSION_E_OPTIONS;

        session->method = *caller->method ? config_method_from_string(caller->method) :
                                            config->method;
        if (session->method == _LOGIN_METHOD_MAX)
                return SESSION_E_OPTIONS;
        /* Where only one method can work, the option does not make the other one work. */
        if (session->manner.method != METHOD_ANY) {
                if (session->method != METHOD_ANY && session->method != session->manner.method)
                        return SESSION_E_OPTIONS;
                session->method = session->manner.method;
        }

        session->language = session->manner.ascii ?
                TEXTS_EN :
                texts_language_of(caller->locale, config->language);
        if ((caller->has_user && copy_word(caller->user, &session->user) < 0) ||
            copy_word(caller->service, &session->service) < 0 ||
            copy_word(caller->tty, &session->tty) < 0 ||
            copy_word(caller->rhost, &session->rhost) < 0)
                return -ENOMEM;
        return 0;
}

int session_new(sd_event *event, Era *era, BusCall *open, const BusCaller *caller, uint64_t id,
                SessionOverFn over, void *userdata, Session **ret) {
        Session *session = calloc(1, sizeof(*session));
        int r;

        if (!session)
                return -ENOMEM;
        session->event = sd_event_ref(event);
        session->era = era_ref(era);
        session->over = over;
        session->userdata = userdata;
        session->id = id;
        session->begun_usec = session_now_usec();
        session->uid = caller->uid;
        session->refuse_empty = caller->refuse_empty;
        r = session_read(session, caller);
        if (r != 0) {
                (void)session_free(session);
                return r;
        }

        session->open = open;
        *ret = session;
        return 0;
}

Session *session_free(Session *session) {
        if (!session)
                return NULL;

        session->is_over = true;
        session->timer = sd_event_source_disable_unref(session->timer);
        session->lookup = directory_lookup_free(session->lookup);
        session->platform = platform_login_free(session->platform);
        session->peer = bus_peer_free(session->peer);
        session->open = bus_call_refuse(session->open, BUS_REFUSE_UNAVAILABLE);
        session->login = login_free(session->login);
        session->era = era_unref(session->era);
        session->event = sd_event_unref(session->event);
        if (session->user)
                explicit_bzero(session->user, strlen(session->user));
        free(session->service);
        free(session->user);
        free(session->tty);
        free(session->rhost);
        free(session);
        return NULL;
}
