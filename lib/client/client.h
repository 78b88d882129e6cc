/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Client: one login at itaxd, as seen by whoever wants a person identified
 *
 * For pam_itax.so, itaxctl and greeters. It lives in foreign processes: no static state, no thread, no
 * signal, no environment. It finds the daemon on the system bus at its fixed address, makes sure that
 * the name's owner is root or itaxd's own user, gets one end of a socket pair, and speaks peer-to-peer
 * from then on (design.md D1, D2). */

#include <stdint.h>
#include <sys/types.h>

#include "lib/common/secret.h"
#include "lib/common/step.h"
#include "lib/common/util.h"

#define CLIENT_BUS_PATH "/run/dbus/system_bus_socket" /* never from the environment */
#define CLIENT_BUS_NAME "org.itax.Auth1"
#define CLIENT_DAEMON_USER "_itaxd"

typedef struct Client Client;

/* What is known of the PAM application. Borrowed for the call; NULL where unknown. What describes the
 * application (service, tty, rhost, locale) is filtered and cut, as by text_filter(); what is taken
 * literally (user, method, unit, prompts, purpose, session) makes client_open() fail with -EINVAL when it is empty, too
 * long or not showable. The daemon filters all of it once more. */
typedef struct ClientRequest {
        const char *service; /* PAM_SERVICE */
        const char *user;    /* PAM_USER as the application set it; NULL if it did not */
        const char *tty;     /* PAM_TTY */
        const char *rhost;   /* PAM_RHOST */
        const char *locale;  /* of the process, the name of category LC_MESSAGES */
        const char *method;  /* option "method": "any", "password" or "qr" */
        const char *unit;    /* option "unit": "off", "ask", "required" or a unit code */
        const char *prompts; /* option "prompts": "auto", "many", "buffered" or "one" */
        const char *purpose; /* "login", "unit" (for the person already logged in), "password" (another one) */
        const char *session; /* step.h: the login that is there already, if there is one */
        unsigned timeout_sec; /* option "timeout"; 0: as the daemon's configuration has it */
        unsigned max_age_sec; /* option "max_age"; 0: an earlier login does not count */
        bool silent;         /* PAM_SILENT */
        bool refuse_empty;   /* PAM_DISALLOW_NULL_AUTHTOK */
        bool keys;           /* a key is noticed while a code is shown: see client_receive() */
} ClientRequest;

/* Documented conditions; everything below 0 is an unexpected errno. */
enum {
        CLIENT_E_AWAY = 1,  /* no bus, no daemon, no answer in time, or it went away */
        CLIENT_E_UNTRUSTED, /* the bus name belongs to somebody else */
        CLIENT_E_REFUSED,   /* the daemon does not serve this caller or has no room */
        CLIENT_E_PROTOCOL,  /* what came back is no valid step or answer */
        CLIENT_E_SESSION,   /* there is no such session, or it is not to be had */
        CLIENT_INPUT,       /* no error: client_receive() was woken by its other descriptor */
};

/**
 * client_open() - begin a login
 *
 * Blocks at most LIMIT_DAEMON_WAIT_USEC, starting the daemon included. The bus connection is closed
 * again before it returns.
 *
 * Return: 0, CLIENT_E_*, or a negative errno (-EINVAL: see ClientRequest).
 */
int client_open(const ClientRequest *request, Client **ret);

/** client_free() - end the login (the daemon sees end of file at once) and release; takes NULL */
Client *client_free(Client *client);
DEFINE_CLEANUP(Client, client_free)

/**
 * client_next() - hand in an answer and wait for the next step
 * @answer: what was typed; NULL for nothing, as in the first call and after STEP_INFO or STEP_SCAN
 * @step: replaced by the next step, validated; untouched unless 0 is returned
 *
 * Blocks at most LIMIT_NEXT_WAIT_USEC; in itaxd a reply is held for LIMIT_HOLD_USEC.
 *
 * Return: 0, CLIENT_E_*, or a negative errno (-EINVAL: @answer is longer than LIMIT_ANSWER_BYTES and was
 * not sent, or the login is over). After anything but 0 only client_free() is of use.
 */
int client_next(Client *client, const Secret *answer, Step *step);

/**
 * client_send() - the first half of client_next(): hand in the answer, wait for nothing but the greeting
 *
 * It may be called once more before client_receive() has brought a step, if the step at hand is a
 * STEP_SCAN with .key, the first @answer was empty, and the second is not: the person goes the other way
 * instead of scanning. What is typed there has no meaning, only that it is not empty.
 *
 * Return: as client_next(); -EINVAL also for an answer out of turn.
 */
int client_send(Client *client, const Secret *answer);

/**
 * client_receive() - the second half: wait for the next step, or for somebody to touch @input_fd
 * @input_fd: looked at for input and for its end, never read; -1 for none
 * @step: as in client_next()
 *
 * The time that client_next() may take counts from client_send().
 *
 * A key and a step may cross on the way: the step then comes as if there had been no key.
 *
 * Return: as client_next(), or CLIENT_INPUT; then the wait can go on with another call.
 */
int client_receive(Client *client, int input_fd, Step *step);

/* What the daemon says of an account at this moment. */
typedef enum ClientVerdict {
        CLIENT_GRANTED,     /* the session's person and unit are as good as they were */
        CLIENT_DENIED,      /* disabled, or another user's session */
        CLIENT_UNIT,        /* the person may no longer act for the unit, or the unit not work here */
        CLIENT_NOT_OURS,    /* no session, and the user has no account */
        CLIENT_MAPPED,      /* no session, but the user has an account */
        CLIENT_UNAVAILABLE, /* it cannot be found out now */
        _CLIENT_VERDICT_MAX,
} ClientVerdict;

/**
 * client_check() - may this user go on? Asked of the platform once more
 * @request: of it .user is required; .service, .tty, .rhost and .session count if they are there
 *
 * Blocks at most LIMIT_NEXT_WAIT_USEC, as the platform is asked. Return: as client_open().
 */
int client_check(const ClientRequest *request, ClientVerdict *ret);

/**
 * client_open_session() - tell the daemon that the login has become a session, led by this process
 * @request: of it .session and .user are required; .service, .tty and .rhost count
 *
 * Return: as client_open().
 */
int client_open_session(const ClientRequest *request);

/** client_close_session() - tell the daemon that it is over. Return: as client_open(). */
int client_close_session(const char *session);

/* A session that the daemon knows. Strings are showable lines, NULL where unknown; all owned. */
typedef struct ClientSession {
        char *session;
        char *user;
        char *account, *name;
        char *unit, *unit_name;
        char *method;
        char *service, *tty, *rhost;
        uint64_t since_sec; /* since 1970 */
        bool is_open;       /* open_session was called, close_session not yet */
} ClientSession;

typedef struct ClientSessions {
        ClientSession *list;
        size_t n;
} ClientSessions;

/** client_sessions() - all for root, one's own for everybody else. Return: as client_open(). */
int client_sessions(ClientSessions *ret);
/** client_sessions_done() - release and make empty; idempotent */
void client_sessions_done(ClientSessions *sessions);

/* "What would happen if": the question, NULL where it does not matter. */
typedef struct ClientQuestion {
        const char *account;
        const char *unit;
        const char *date; /* YYYY-MM-DD in China Standard Time; NULL: now */
        const char *service;
} ClientQuestion;

/* The answer: words of org.itax.Auth1.Manager.Simulate, showable lines, NULL where unknown; all owned. */
typedef struct ClientPolicy {
        char *date;
        char *phase, *phase_by;
        char *user, *user_by;
        char *unit_policy;
        char *method;
        bool unit_allowed, relation, declaration_password, certificate, unit_login;
} ClientPolicy;

/** client_simulate() - for root. Return: as client_open(). */
int client_simulate(const ClientQuestion *question, ClientPolicy *ret);
void client_policy_done(ClientPolicy *policy);

#define CLIENT_OFFSET_UNKNOWN INT64_MIN

/* How the daemon and its platform are. Strings are showable lines, NULL where there is nothing to tell; all
 * owned. Times are seconds since 1970, 0 where unknown. */
typedef struct ClientStatus {
        char *version;
        uint64_t started_sec;
        char *config;       /* path of the configuration */
        uint64_t config_loaded_sec;
        char *config_error; /* why the last reload was refused; NULL: it was not */
        char *phase;        /* "dual", "relation", "realname" */
        char *next_phase;   /* NULL: none is announced */
        uint64_t next_phase_at_sec;
        char *issuer;
        char *platform;       /* "ok", "away", "untrusted", "refused" */
        char *platform_error; /* why not "ok" */
        uint64_t platform_milliseconds; /* what asking it took */
        uint64_t tls_expires_sec;       /* its certificate */
        int64_t clock_offset_sec;       /* its clock is ahead of ours; CLIENT_OFFSET_UNKNOWN */
        uint32_t logins, waiting, sessions; /* in progress, of them for a scan, known */
        char *users;    /* path of the map */
        char *language; /* where a login has none of its own */
        char *audit_head; /* "SEQ:HASH" of the newest record of the audit file */
        char *audit;    /* "ok", or what is wrong with the audit file; NULL: there is none */
} ClientStatus;

/** client_status() - for root. Asks the platform as well: blocks as client_check(). Return: as client_open(). */
int client_status(ClientStatus *ret);
void client_status_done(ClientStatus *status);

/* A login in progress. */
typedef struct ClientLogin {
        uint64_t login; /* as in the journal, ITAX_LOGIN */
        char *service, *tty, *rhost, *user;
        char *step; /* kind of what is shown now, see step_kind_to_string() */
        uint64_t since_sec;
        uint32_t caller; /* uid */
} ClientLogin;

typedef struct ClientLogins {
        ClientLogin *list;
        size_t n;
} ClientLogins;

/** client_logins() - for root. Return: as client_open(). */
int client_logins(ClientLogins *ret);
void client_logins_done(ClientLogins *logins);

/** client_end_session() - for root: end a session as if its token were revoked, and revoke it at the platform.
 * Return: as client_open(); CLIENT_E_SESSION for none of this name. */
int client_end_session(const char *session);

/* What the daemon lets nobody try at the moment. */
typedef struct ClientLock {
        char *kind;    /* "password", "unit", "pin", "source" */
        char *subject; /* masked */
        uint64_t until_sec;
        uint32_t tries;
} ClientLock;

typedef struct ClientLocks {
        ClientLock *list;
        size_t n;
} ClientLocks;

/** client_locks() - for root. Return: as client_open(). */
int client_locks(ClientLocks *ret);
void client_locks_done(ClientLocks *locks);

/* How far the way to the daemon goes. */
typedef enum ClientStage {
        CLIENT_STAGE_BUS,   /* the bus was not reached */
        CLIENT_STAGE_NAME,  /* nobody owns the name, and starting the daemon failed */
        CLIENT_STAGE_OWNER, /* .uid owns the name and is not trusted, or could not be found out */
        CLIENT_STAGE_DONE,  /* .uid owns the name and is trusted */
} ClientStage;

typedef struct ClientProbe {
        ClientStage stage;
        uid_t uid;      /* (uid_t)-1 while unknown */
        uint64_t usec;  /* what it took */
} ClientProbe;

/**
 * client_probe() - go the way of client_open() up to the call that opens a login
 * @ret: always filled
 *
 * Return: as client_open().
 */
int client_probe(ClientProbe *ret);
