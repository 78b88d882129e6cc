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
#include "daemon/session-private.h"

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
                .purpose = session->purpose,
                .outcome = outcome,
        };

        audit_outcome(&record);
}

/* Who had to wait, and who need not any more, for an administrator who looks for the reason. */
static void session_note_lock(const Session *session, const Outcome *outcome) {
        Locks *locks = session->host->locks;
        const bool is_unit = outcome->detail && strcmp(outcome->detail, "unit-locked") == 0;
        const char *names[] = { outcome->typed, outcome->account };

        if (outcome->reason == REASON_LOCKED && session->locked_sec && is_unit && outcome->unit)
                locks_note(locks, LOCK_UNIT, outcome->unit, session->locked_sec, era_now_sec());
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                if (!names[i] || is_unit)
                        continue;
                if (outcome->reason == REASON_NONE)
                        locks_forget(locks, LOCK_PASSWORD, names[i]);
                else if (outcome->reason == REASON_LOCKED && session->locked_sec) {
                        locks_note(locks, LOCK_PASSWORD, names[i], session->locked_sec,
                                   era_now_sec());
                        return;
                }
        }
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

static void session_step(Session *session, const Plan *plan, const Grant *grant) {
        _cleanup_(step_done) Step step = {};
        int r;

        r = present_plan(plan, session->manner.layout, session->manner.style, session->language,
                         &step);
        if (r >= 0 && step.kind == STEP_DONE && session->full_user) {
                free(step.user);
                step.user = strdup(session->full_user);
                r = step.user ? 0 : -ENOMEM;
        }
        if (r >= 0 && grant && plan->kind == STEP_DONE) {
                step.session = strdup(grant->id);
                r = step.session ? 0 : -ENOMEM;
        }
        session->shown = plan->kind;
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
                (void)directory_account_for(session->era->directory, user->name, user, &n_accounts);
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

/* The local user of an account that does not stand in the map. */
static void on_adopted(DirectoryLookup *lookup _unused_, int error, const DirectoryUser *user,
                       void *userdata) {
        Session *session = userdata;
        _cleanup_(freep) char *account = TAKE_PTR(session->resolving);
        char name[LIMIT_USER_BYTES + 1];
        LoginEvent event = {
                .kind = EVENT_RESOLVED,
                .last_unit = last_units_get(session->host->last_units, account),
                /* That it is somebody else's is an answer too. */
                .failed = error < 0 && error != -EEXIST && error != -ENOENT,
        };

        if (error == 0 && user->exists)
                event.user = memcpy(name, user->name, strlen(user->name) + 1);
        session->lookup = directory_lookup_free(session->lookup);
        if (!session->is_over)
                session_feed(session, &event);
}

/* Return: true when @ret_event has happened already, false when on_adopted() will be called. */
static bool session_resolve(Session *session, const LoginAction *action, LoginEvent *ret_event) {
        Directory *directory = session->era->directory;
        const char *user = action->is_unit ? directory_user_of_unit(directory, action->account) :
                                             directory_user_of_account(directory, action->account);
        int r;

        *ret_event = (LoginEvent){ .kind = EVENT_RESOLVED, .user = user };
        if (!action->is_unit)
                ret_event->last_unit =
                        last_units_get(session->host->last_units, action->account);
        /* A unit has no other user than the map's. */
        if (user || action->is_unit)
                return true;

        session->resolving = strdup(action->account);
        r = !session->resolving ? -ENOMEM :
                                  directory_adopt(directory, action->account, action->subject,
                                                  on_adopted, session, &session->lookup);
        if (r >= 0)
                return false;
        free(TAKE_PTR(session->resolving));
        ret_event->failed = r != -ENOENT;
        return true;
}

static void on_signed(SignerJob *job _unused_, Signed *result, void *userdata) {
        Session *session = userdata;

        session->job = signer_job_free(session->job);
        if (!session->is_over)
                session_feed(session, &(LoginEvent){ .kind = EVENT_SIGNED, .result = result });
}

static bool has_certificate(const char *unit, void *userdata) {
        const Session *session = userdata;

        return session->era->signer && signer_has(session->era->signer, unit);
}

/* Return: true when on_signed() will be called. */
static bool session_sign(Session *session, const LoginAction *action) {
        int r = -ENOENT;

        if (session->era->signer)
                r = signer_sign(session->era->signer, action->unit, action->pin, action->text,
                                on_signed, session, &session->job);
        if (r < 0)
                log_record(LOG_ERR, session->id, "nothing could be signed: %s",
                           strerrordesc_np(-r));
        return r >= 0;
}

/* What the reply proves, as the checks of the account go by it later. */
static void session_replied(Session *session, Reply *reply) {
        if (reply->kind == REPLY_UNIT)
                session->proof = session->asked == REQUEST_UNIT_PASSWORD ? GRANT_PROOF_PASSWORD :
                        session->asked == REQUEST_UNIT_CERTIFICATE       ? GRANT_PROOF_CERTIFICATE :
                                                                           GRANT_PROOF_RELATION;
        else if (reply->kind == REPLY_PERSON && session->asked == REQUEST_UNIT_LOGIN)
                session->proof = GRANT_PROOF_PASSWORD;
        session->locked_sec = reply->kind == REPLY_LOCKED ? reply->retry_after_sec : 0;
        if (!session->is_over)
                session_feed(session, &(LoginEvent){ .kind = EVENT_REPLY, .reply = reply });
}

static void on_reply(PlatformLogin *platform _unused_, Reply *reply, void *userdata) {
        session_replied(userdata, reply);
}

static void on_token_reply(TokenAsk *ask _unused_, Reply *reply, void *userdata) {
        Session *session = userdata;

        session->ask = token_ask_free(session->ask);
        session_replied(session, reply);
}

/* A login that is taken up again goes on with the token of before, until the person is asked who he is
 * after all: then it is a login of its own, and that token is not touched. */
static bool is_for_token(const Request *request) {
        switch (request->kind) {
        case REQUEST_RESUME:
        case REQUEST_UNIT_RELATION:
        case REQUEST_UNIT_PASSWORD:
        case REQUEST_UNIT_CHALLENGE:
        case REQUEST_UNIT_CERTIFICATE:
                return true;
        case REQUEST_CAPTCHA:
                return request->unit != NULL;
        case REQUEST_PASSWORD:
        case REQUEST_DEVICE:
        case REQUEST_POLL:
        case REQUEST_UNIT_LOGIN:
        case REQUEST_NEW_PASSWORD:
        case REQUEST_NONE:
        case _REQUEST_KIND_MAX:
                break;
        }
        return false;
}

/* What was typed is the password of before, or it is another one: that costs. */
static void session_compared(Session *session, RequestKind kind) {
        if (session->has_mark && kind == REQUEST_RESUME)
                grant_return_mark(session->source);
        /* All passwords of the account are one: no other session of it lends a guess more. */
        if (session->has_mark && kind == REQUEST_PASSWORD)
                for (Grant *grant = registry_first(session->host->registry); grant; grant = grant->next)
                        if (grant != session->source && grant->text[GRANT_ACCOUNT] &&
                            strcmp(grant->text[GRANT_ACCOUNT], session->source->text[GRANT_ACCOUNT]) == 0)
                                grant->n_lent++;
        if (kind == REQUEST_RESUME || kind == REQUEST_PASSWORD)
                session->has_mark = false;
}

static int session_request(Session *session, const Request *request) {
        session->asked = request->kind;
        session_compared(session, request->kind);
        if (session->token && !is_for_token(request))
                session->token = token_leave(session->token);
        if (session->token)
                return token_ask(session->token, request, on_token_reply, session, &session->ask);
        return platform_login_request(session->platform, request);
}

static void session_cancel(Session *session) {
        session->ask = token_ask_free(session->ask);
        if (session->platform)
                platform_login_cancel(session->platform);
}

/* What an action makes happen by itself, and at once. */
typedef struct Failures {
        Reply unavailable;
        Signed not_signed;
} Failures;

/* Do one action. Return: true when it made @ret_event happen. */
static bool session_act(Session *session, const LoginAction *action, const Grant *grant,
                        Failures *failures, LoginEvent *ret_event) {
        int r;

        switch (action->kind) {
        case ACTION_STEP:
                session_step(session, action->plan, grant);
                return false;
        case ACTION_REQUEST:
                r = session_request(session, action->request);
                if (r >= 0)
                        return false;
                log_record(LOG_ERR, session->id, "the platform could not be asked: %s",
                           strerrordesc_np(-r));
                *ret_event = (LoginEvent){ .kind = EVENT_REPLY, .reply = &failures->unavailable };
                return true;
        case ACTION_CANCEL:
                session_cancel(session);
                return false;
        case ACTION_RESOLVE:
                return session_resolve(session, action, ret_event);
        case ACTION_FIND:
                if (session_find(session, action->account))
                        return false;
                *ret_event = (LoginEvent){ .kind = EVENT_FOUND };
                return true;
        case ACTION_SIGN:
                if (session_sign(session, action))
                        return false;
                *ret_event = (LoginEvent){ .kind = EVENT_SIGNED, .result = &failures->not_signed };
                return true;
        case ACTION_SIGN_CANCEL:
                session->job = signer_job_free(session->job);
                return false;
        case ACTION_END:
                session_audit(session, action->outcome);
                session_note_lock(session, action->outcome);
                session_over(session);
                return false;
        case _ACTION_MAX:
                break;
        }
        return false;
}

/* Return: the plan that tells of a grant, NULL while there is none. The one that ends the login well is the
 * one place where a grant begins. */
static const Plan *find_granted(const LoginActions *actions) {
        const Plan *plan = NULL;

        for (size_t i = 0; i < actions->n_items; i++) {
                const LoginAction *action = &actions->items[i];

                if (action->kind == ACTION_STEP && action->plan->kind == STEP_DONE)
                        plan = action->plan;
                if (action->kind == ACTION_END)
                        return action->outcome->reason == REASON_NONE ? plan : NULL;
        }
        return NULL;
}

static void session_tell_links(Session *session) {
        const PlatformLinks *links = platform_links(session->era->platform);

        login_links(session->login, &(LoginLinks){
                .forgot_password = links->forgot_password_uri,
                .register_account = links->register_uri,
                .app = links->app_uri,
                .forgot_declaration = links->forgot_declaration_uri,
        });
}

/* Let something happen, and do what follows from it. What an action itself makes happen waits until
 * all actions of its list are done, as the list is only lent. */
static void session_feed(Session *session, const LoginEvent *first) {
        Failures failures = {
                .unavailable = { .kind = REPLY_UNAVAILABLE, .attempts_left = -1 },
                .not_signed = { .status = SIGN_FAILED, .tries_left = -1 },
        };
        LoginEvent event = *first;
        uint64_t deadline;
        bool more = true;

        while (more && !session->is_over) {
                _cleanup_(grant_unrefp) Grant *grant = NULL;
                LoginActions actions = {};
                const Plan *granted;
                int r;

                more = false;
                login_raise_phase(session->login,
                                  era_phase(session->era, era_now_sec(), NULL));
                session_tell_links(session);
                r = login_feed(session->login, &event, session_now_usec(), &actions);
                if (r == LOGIN_E_ORDER) {
                        log_record(LOG_ERR, session->id, "an event out of order");
                        session_break(session, REASON_UNAVAILABLE, "out-of-order");
                        return;
                }

                granted = find_granted(&actions);
                if (granted)
                        grant = session_grant(session, granted);
                if (grant)
                        (void)grant_ref(grant);
                for (size_t i = 0; i < actions.n_items && !session->is_over; i++) {
                        more |= session_act(session, &actions.items[i], grant, &failures, &event);
                        /* Nobody heard of it. */
                        if (grant && session->is_over && actions.items[i].kind == ACTION_STEP)
                                registry_remove(session->host->registry, grant);
                }
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

static uint64_t smaller(uint64_t a, uint64_t b) {
        return a && (!b || a < b) ? a : b;
}

/* ACCOUNT@UNIT-CODE: what stands before the unit is no user of this host, but perhaps the account of one.
 * Return: how many accounts that is. */
static size_t name_account(const Session *session, LoginSetup *setup) {
        const char *user = directory_user_of_account(session->era->directory, session->user);

        if (!user)
                return 0;
        setup->user = user;
        setup->account = session->user;
        return 1;
}

const char *session_named_user(const Session *session) {
        return session->full_user ? session->full_user : session->user;
}

static int make_login(Session *session, const DirectoryUser *user) {
        const Config *config = session->era->config;
        LoginSetup setup = {
                .mode = session->manner.mode,
                .layout = session->manner.layout,
                .method = session->method,
                .unit_policy = session->unit.policy,
                .phase = era_phase(session->era, era_now_sec(), NULL),
                .binding = session->manner.remote,
                .refuse_empty = session->refuse_empty,
                .unit = *session->unit.code ? session->unit.code : NULL,
                .user = session->user,
                .timeout_usec = smaller(session->timeout_usec, session->manner.timeout_usec ?
                                                session->manner.timeout_usec :
                                                config->login_timeout_usec),
                .purpose = session->purpose,
                .no_pictures = session->manner.style == RENDER_NONE,
                .keys = session->keys,
                .units_allowed = (const char *const *)config->units,
                .has_certificate = session->era->signer ? has_certificate : NULL,
                .userdata = session,
        };
        const PlatformContext context = {
                .login_id = session->id,
                .host = session->host->name,
                .service = session->service,
                .terminal = session->tty,
                .remote_host = session->rhost,
        };
        size_t n_accounts = 0;
        int r;

        if (session->user) {
                setup.account = directory_account_for(session->era->directory, session->user, user,
                                                      &n_accounts);
                if (session->full_user && n_accounts == 0 && !(user && user->exists))
                        n_accounts = name_account(session, &setup);
                setup.user_is_other = n_accounts == 0 && user && user->exists;
                setup.user_is_unknown = n_accounts == 0 && !setup.user_is_other;
        }

        if (!setup.user_is_other)
                platform_greet(session->era->platform);
        session->source = session_source(session);
        if (session->source) {
                r = token_use(session->source->token, &context);
                if (r < 0)
                        return r;
                session->token = session->source->token;
                setup.resume = true;
                if (session->manner.mode == MODE_ONE && session->purpose == PURPOSE_LOGIN) {
                        setup.resume_mark = grant_lend_mark(session->source);
                        session->has_mark = setup.resume_mark != NULL;
                }
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

void session_begin(Session *session, const DirectoryUser *user) {
        static const BusPeerHandlers handlers = { .next = on_next, .gone = on_gone };
        int r;

        r = make_login(session, user);
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

int session_new(sd_event *event, Era *era, const SessionHost *host, BusCall *open,
                const BusCaller *caller, uint64_t id, SessionOverFn over, void *userdata,
                Session **ret) {
        Session *session = calloc(1, sizeof(*session));
        int r;

        if (!session)
                return -ENOMEM;
        session->event = sd_event_ref(event);
        session->era = era_ref(era);
        session->host = host;
        session->over = over;
        session->userdata = userdata;
        session->id = id;
        session->shown = _STEP_KIND_MAX;
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
        session->job = signer_job_free(session->job);
        session->ask = token_ask_free(session->ask);
        session->token = token_leave(session->token);
        session->platform = platform_login_free(session->platform);
        session->peer = bus_peer_free(session->peer);
        session->open = bus_call_refuse(session->open, BUS_REFUSE_UNAVAILABLE);
        /* The mark that it borrowed goes after it. */
        session->login = login_free(session->login);
        if (session->has_mark)
                grant_return_mark(session->source);
        session->source = grant_unref(session->source);
        session->era = era_unref(session->era);
        session->event = sd_event_unref(session->event);
        if (session->user)
                explicit_bzero(session->user, strlen(session->user));
        free(session->resolving);
        free(session->service);
        free(session->user);
        if (session->full_user)
                explicit_bzero(session->full_user, strlen(session->full_user));
        free(session->full_user);
        free(session->tty);
        free(session->rhost);
        free(session);
        return NULL;
}
