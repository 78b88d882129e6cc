/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* ManagerFixture: the whole daemon but for its process, a private bus, a platform that misbehaves on order,
 * and clients on threads or as other users */

#include <pthread.h>
#include <stdio.h>
#include <sys/types.h>

#include "daemon/manager.h"
#include "lib/client/client-private.h"
#include "tests/unit/bus-fixture.h"
#include "tests/unit/platform-fixture.h"

#define NOBODY 65534
#define PASSWORD "Jia-pass1"
#define WAIT_USEC (20 * USEC_PER_SEC)

typedef struct Place {
        BusFixture bus;
        TlsServer *server;
        sd_event *event;
        Manager *manager;
        FILE *log;
        char *told; /* what was logged */
        size_t n_told;
        char passwd[96], users[96];
        char folder[32], runtime[48], state[48]; /* of this daemon; "run" and "state" below .folder */
        ClientPlace at;
} Place;

/** place_init_with() - the map: ceshi_jia is root, ceshi_yi and ceshi_bing are nobody. @answers go before those
 * of a platform in order (NULL: none), @more stands behind the [login] of the configuration. Skips the
 * test without root or a bus. */
void place_init_with(Place *place, const ServerAnswer *answers, const char *more);
void place_init(Place *place);
void place_done(Place *place);

/** place_restart() - another daemon in the place of this one, with what it finds on disk */
void place_restart(Place *place, const char *more);

/** make_config() - that of place_init_with() */
Config *make_config(const Place *place, const char *more);

/** run_until_told() - until the daemon has said @word */
void run_until_told(Place *place, const char *word);

/** settle() - sees to it that the daemon has noticed the end of a client */
void settle(Place *place);

/* A client that says its lines, on a thread. */
typedef struct Talk {
        ClientRequest request;
        const char *answers[6]; /* to prompts, in order */
        size_t n_steps;         /* leaves after so many; 0: goes on to the end */
        int result;             /* of the last call */
        Step last;
        size_t n;               /* steps seen */
        int done;               /* eventfd */
        ClientPlace at;
        pthread_t thread;
} Talk;

void talk_start(const Place *place, Talk *t);
void talk_finish(Place *place, Talk *t);
void talk(Place *place, Talk *t);

/* Something that asks the daemon, and waits for it. */
typedef int (*AskFn)(const ClientPlace *at, void *data);

/** place_ask() - @fn on a thread, with the daemon running. Return: what @fn returned. */
int place_ask(Place *place, AskFn fn, void *data);

/** ask_as() - @fn in a process of @uid; its @data is a copy. Return: what @fn returned, 0 to 127. */
int ask_as(Place *place, uid_t uid, AskFn fn, void *data);

/** ask_as_nobody() - @n_times a login of @user is opened by nobody and kept open: the codes of
 * client_open_at() as digits. The process goes on until end_child(). */
void ask_as_nobody(Place *place, const char *user, unsigned n_times, char *letters, pid_t *ret_pid);
void end_child(pid_t pid);
