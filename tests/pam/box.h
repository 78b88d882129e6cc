/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Box: a message bus of our own, without any policy, and small daemons on it that play itaxd */

#include <sys/types.h>

#include "lib/common/util.h"

#define BOX_DAEMONS 4
#define BOX_USER "zs"         /* who logs in */
#define BOX_PASSWORD "right"  /* what must be answered to the one prompt */
#define BOX_SESSION "0123456789abcdef0123456789abcdef"

typedef enum BoxManner {
        BOX_SERVES,    /* one prompt, then done or denied; a session is granted, a user without one mapped */
        BOX_REFUSES,   /* whatever is called is answered with AccessDenied */
        BOX_SILENT,    /* whatever is called is never answered */
        BOX_NO_SOCKET, /* OpenLogin is answered with a string */
        BOX_HUNG_UP,   /* OpenLogin is answered with a socket that is closed at the other end */
        BOX_STUCK,     /* OpenLogin is answered, Next is not */
        BOX_DEAF,      /* asks, and then does not answer any more */
} BoxManner;

typedef struct Box {
        char folder[64];
        char bus_path[96];
        char passwd_path[96]; /* empty, until box_set_passwd() */
        pid_t bus;            /* dbus-daemon */
        pid_t daemons[BOX_DAEMONS];
        int reports[BOX_DAEMONS]; /* pipe from each: a letter for each OpenLogin */
        size_t n_daemons;
} Box;

typedef enum BoxActivation {
        BOX_NO_SERVICE,
        BOX_SERVICE, /* the bus can start this program with the arguments "daemon" and the bus's path */
} BoxActivation;

/** box_start() - start the bus; asserts that it works */
void box_start(Box *box, BoxActivation activation);
void box_stop(Box *box);

/** box_set_passwd() - what stands in the file .passwd_path */
void box_set_passwd(Box *box, const char *text);

/** box_add_daemon() - have the name owned by @uid; returns once it is */
void box_add_daemon(Box *box, uid_t uid, BoxManner manner);

/** box_n_opened() - how often a call has reached a daemon */
size_t box_n_opened(const Box *box, size_t daemon);

/** box_run_daemon() - serve until the bus goes away; for a process of its own. @report may be -1. */
int box_run_daemon(const char *bus_path, BoxManner manner, int report);
