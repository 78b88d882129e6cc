/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Session: one login carried between bus, machine, platform, directory and words
 *
 * It decides nothing: it does what the machine (daemon/core) says, and tells it what happened. It
 * owns everything that belongs to the login. Its end is found out deep inside callbacks of the very
 * objects it owns; so it is only told of by the over function, and whoever owns the session frees
 * it from the event loop. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemon/bus/bus.h"
#include "daemon/era.h"
#include "daemon/last-unit.h"
#include "daemon/locks.h"
#include "daemon/registry.h"
#include "daemon/services.h"

typedef struct Session Session;

/* Called once. The session stays until it is freed, and does nothing any more. */
typedef void (*SessionOverFn)(Session *session, void *userdata);

/* What all logins share. Borrowed, and there as long as any of them. */
typedef struct SessionHost {
        const char *name; /* of this machine */
        Registry *registry;
        LastUnits *last_units;
        Locks *locks;
} SessionHost;

/* Of these only .next, .previous and .is_service are for the manager to write. */
struct Session {
        Session *next, *previous;
        sd_event *event;
        Era *era;
        const SessionHost *host;
        SessionOverFn over;
        void *userdata;
        uint64_t id, begun_usec; /* CLOCK_BOOTTIME */
        uid_t uid;
        bool is_service;         /* the caller may ask for any account without being root */
        bool is_over;
        bool refuse_empty, keys;
        LoginPurpose purpose;
        uint64_t max_age_usec;   /* 0: no login is to be resumed for its age */
        uint64_t timeout_usec;   /* 0: as configured */
        char claimed[LIMIT_SESSION_BYTES + 1]; /* the session that the client says it is in; "" */
        LoginMethod method;
        TextsLanguage language;
        ServiceManner manner;
        ConfigUnit unit;
        char *service, *user, *tty, *rhost; /* NULL where unknown */
        char *full_user;         /* "USER@UNIT-CODE" as the application has it; NULL: it is .user */

        BusCall *open; /* until it began */
        BusPeer *peer; /* from then on */
        DirectoryLookup *lookup;
        Login *login;
        PlatformLogin *platform; /* NULL once a grant has its token */
        sd_event_source *timer;
        SignerJob *job;
        char *resolving;         /* the account whose user is being looked up */

        Grant *source;           /* a login of before that may be resumed; NULL */
        bool has_mark;           /* lent by .source; nothing was compared with it yet */
        Token *token;            /* its token, as long as the requests are for that */
        TokenAsk *ask;
        RequestKind asked;       /* the last request */
        uint32_t locked_sec;     /* as the platform told it last; 0 */
        StepKind shown;          /* the last step; _STEP_KIND_MAX before the first */
        GrantProof proof;        /* how a unit was proven in it */
};

enum {
        SESSION_E_OPTIONS = 1, /* an option of the pam.d line says nothing we know: nothing may be
                                * assumed then */
};

/**
 * session_new() - somebody asks
 * @open: owned by the session when 0 is returned
 * @caller: copied
 *
 * Return: 0, SESSION_E_OPTIONS, -ENOMEM.
 */
int session_new(sd_event *event, Era *era, const SessionHost *host, BusCall *open,
                const BusCaller *caller, uint64_t id, SessionOverFn over, void *userdata,
                Session **ret);

/**
 * session_begin() - let the login begin
 * @user: the user that the application named, as it was found on this host; NULL when it named none, or
 *        that could not be found out
 */
void session_begin(Session *session, const DirectoryUser *user);

/** session_refuse() - instead of beginning; it is over then */
void session_refuse(Session *session, BusRefusal refusal);

/** session_break() - end it for a reason that the machine knows nothing of; recorded with this
 * fixed word */
void session_break(Session *session, StepReason reason, const char *detail);

/** session_free() - release; calls nothing back; takes NULL. Not from inside the over function. */
Session *session_free(Session *session);

/** session_named_user() - the user as the application named him, NULL if it named none. Borrowed. */
const char *session_named_user(const Session *session);

/** session_now_usec() - the clock of all logins: it goes on while the machine sleeps */
uint64_t session_now_usec(void);
