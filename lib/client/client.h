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
 * literally (user, method, unit, prompts) makes client_open() fail with -EINVAL when it is empty, too
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
        bool silent;         /* PAM_SILENT */
        bool refuse_empty;   /* PAM_DISALLOW_NULL_AUTHTOK */
} ClientRequest;

/* Documented conditions; everything below 0 is an unexpected errno. */
enum {
        CLIENT_E_AWAY = 1,  /* no bus, no daemon, no answer in time, or it went away */
        CLIENT_E_UNTRUSTED, /* the bus name belongs to somebody else */
        CLIENT_E_REFUSED,   /* the daemon does not serve this caller or has no room */
        CLIENT_E_PROTOCOL,  /* what came back is no valid step */
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
