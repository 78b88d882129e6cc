/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bus: who may ask, and the private sockets that logins run on
 *
 * org.itax.Auth1 on the system bus has a few methods. OpenLogin hands out one end of a socket pair
 * that the login runs on (design.md D1); the others are questions with one answer. Of each call it is
 * first found out who makes it, from the bus daemon itself and without blocking. Bus errors stop
 * here: nothing above this header knows them. */

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "lib/common/secret.h"
#include "lib/common/step.h"
#include "lib/common/util.h"

#define BUS_ANSWER_BYTES_MAX 4096U /* a longer one ends the login */

typedef struct BusServer BusServer;
typedef struct BusCall BusCall; /* a method call that waits for its answer */
typedef struct BusPeer BusPeer; /* the daemon's end of one login's socket */

typedef enum BusMember {
        BUS_OPEN_LOGIN,    /* answered by bus_call_accept() */
        BUS_CHECK_ACCOUNT, /* by bus_call_word() */
        BUS_OPEN_SESSION,  /* by bus_call_done() */
        BUS_CLOSE_SESSION, /* by bus_call_done() */
        BUS_LIST_SESSIONS, /* by bus_call_sessions() */
        BUS_SIMULATE,      /* by bus_call_simulation() */
        BUS_STATUS,        /* by bus_call_status() */
        BUS_LIST_LOGINS,   /* by bus_call_logins() */
        BUS_END_SESSION,   /* by bus_call_done() */
        BUS_LIST_LOCKS,    /* by bus_call_locks() */
        _BUS_MEMBER_MAX,
} BusMember;

/* What the caller said of itself: filtered, within limits.h, "" or 0 where unknown. Borrowed for the
 * call of handlers.call. A terminal, host or locale that is too long is cut; any other string that
 * is, or that could not be shown, was refused, and so was a number outside of its range. */
typedef struct BusCaller {
        BusMember member;
        uid_t uid;   /* from the bus daemon, never from the message */
        pid_t pid;   /* likewise; 0 where it was not told */
        const char *service, *user, *tty, *rhost, *locale, *method, *unit, *prompts, *purpose;
        const char *session; /* 32 lower-case hex digits, or "" */
        const char *account, *date;
        bool has_user, silent, refuse_empty, keys;
        unsigned timeout_sec, max_age_sec;
} BusCaller;

typedef struct BusHandlers {
        /* Somebody asks. @call is owned by the handler until it is answered or refused. */
        void (*call)(BusCall *call, const BusCaller *caller, void *userdata);
        /* The first bus name was acquired (@error 0), or never will be, or was lost (negative
         * errno). */
        void (*name)(int error, void *userdata);
} BusHandlers;

typedef struct BusPeerHandlers {
        /* The client asks for the first step (@answer NULL, first true) or hands in an answer to
         * the last one. To a STEP_SCAN with a key it may do so twice: first nothing, and then, before
         * bus_peer_reply(), the key, which is not empty; only one reply is then due. The serial has
         * been checked. @answer is borrowed; NULL for nothing. It may be longer than
         * LIMIT_ANSWER_BYTES (to be refused with words), but never longer than
         * BUS_ANSWER_BYTES_MAX. */
        void (*next)(BusPeer *peer, bool first, const Secret *answer, void *userdata);
        /* End of file, or the client broke the protocol. Called once; the peer must then be freed.
         */
        void (*gone)(BusPeer *peer, void *userdata);
} BusPeerHandlers;

typedef enum BusRefusal {
        BUS_REFUSE_ACCESS,      /* org.freedesktop.DBus.Error.AccessDenied */
        BUS_REFUSE_LIMIT,       /* org.freedesktop.DBus.Error.LimitsExceeded */
        BUS_REFUSE_ARGUMENTS,   /* org.freedesktop.DBus.Error.InvalidArgs */
        BUS_REFUSE_UNAVAILABLE, /* org.itax.Auth1.Error.Unavailable */
        BUS_REFUSE_NO_SESSION,  /* org.itax.Auth1.Error.NoSession */
        BUS_REFUSE_IS_OPEN,     /* org.itax.Auth1.Error.SessionIsOpen */
        _BUS_REFUSAL_MAX,
} BusRefusal;

/* One entry of ListSessions; strings are borrowed, NULL where unknown. */
typedef struct BusSession {
        const char *session, *user, *account, *name, *unit, *unit_name, *method, *service, *tty,
                *rhost;
        uint64_t since_sec; /* since 1970 */
        bool open;
} BusSession;

/* The answer of Simulate; strings are borrowed, NULL ones are left out. */
typedef struct BusSimulation {
        const char *date, *phase, *phase_by, *user, *user_by, *unit_policy, *method;
        bool unit_allowed, relation, declaration_password, certificate, unit_login;
} BusSimulation;

/* The answer of Status; strings are borrowed, NULL ones are left out, and so are numbers that are 0 where
 * it is said. Times are seconds since 1970. */
typedef struct BusStatus {
        const char *version, *config, *config_error, *phase, *next_phase, *issuer, *platform,
                *platform_error, *users, *language, *audit, *audit_head;
        uint64_t started_sec, config_loaded_sec;
        uint64_t next_phase_at_sec;      /* 0: left out */
        uint64_t platform_milliseconds;
        uint64_t tls_expires_sec;        /* 0: left out */
        int64_t clock_offset_sec;        /* left out unless .has_clock */
        bool has_clock;
        uint32_t logins, waiting, sessions;
} BusStatus;

/* One entry of ListLogins; strings are borrowed, NULL where unknown. */
typedef struct BusLogin {
        uint64_t login, since_sec;
        const char *service, *tty, *rhost, *user, *step;
        uint32_t caller;
} BusLogin;

/* One entry of ListLocks; borrowed. */
typedef struct BusLock {
        const char *kind, *subject;
        uint64_t until_sec;
        uint32_t tries;
} BusLock;

#define BUS_ADDRESS "unix:path=/run/dbus/system_bus_socket"
#define BUS_NAME "org.itax.Auth1"

/**
 * bus_server_new() - connect, and ask for the name; nothing of it waits
 * @address: NULL for BUS_ADDRESS; the environment is never asked
 *
 * Whether it worked is told to handlers.name, never from inside. Return: 0 or a negative errno.
 */
int bus_server_new(sd_event *event, const char *address, const BusHandlers *handlers,
                   void *userdata, BusServer **ret);

/** bus_server_free() - leave the bus; calls no handler. What handlers.call was given stays usable.
 */
BusServer *bus_server_free(BusServer *server);
DEFINE_CLEANUP(BusServer, bus_server_free)

/** bus_call_accept() - answer with a socket. @call is consumed on every path. @ret is owned by the
 * caller. Return: 0 or a negative errno. */
int bus_call_accept(BusCall *call, const BusPeerHandlers *handlers, void *userdata, BusPeer **ret);

/* The other answers. Each consumes @call on every path and returns NULL; what cannot be sent is
 * refused as unavailable. */
BusCall *bus_call_done(BusCall *call);
BusCall *bus_call_word(BusCall *call, const char *word);
BusCall *bus_call_sessions(BusCall *call, const BusSession *sessions, size_t n);
BusCall *bus_call_simulation(BusCall *call, const BusSimulation *simulation);
BusCall *bus_call_status(BusCall *call, const BusStatus *status);
BusCall *bus_call_logins(BusCall *call, const BusLogin *logins, size_t n);
BusCall *bus_call_locks(BusCall *call, const BusLock *locks, size_t n);

/** bus_call_refuse() - answer with an error; consumes @call; takes NULL; the text sent is constant
 * for each refusal. Return: NULL */
BusCall *bus_call_refuse(BusCall *call, BusRefusal refusal);

/** bus_peer_reply() - answer the pending Next with @step (its serial is set here, and remembered).
 * Return: 0, -ENOTCONN, -EPROTO when no Next is pending, -EINVAL for a step that step_validate()
 * refuses, or another negative errno. */
int bus_peer_reply(BusPeer *peer, Step *step);
/** bus_peer_free() - flush what was sent, close, release; never calls a handler; takes NULL */
BusPeer *bus_peer_free(BusPeer *peer);
DEFINE_CLEANUP(BusPeer, bus_peer_free)
