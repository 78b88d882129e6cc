/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* BusFixture: a dbus-daemon of the test's own, on a socket of its own, that lets everything through
 */

#include <sys/types.h>

typedef struct BusFixture {
        char dir[32];      /* for other files of the test too; all of them are removed at the end */
        char socket[64];   /* path */
        char address[80];  /* of the same */
        pid_t pid;
} BusFixture;

/** bus_fixture_start() - Return: 0, or -1 when there is no dbus-daemon to start */
int bus_fixture_start(BusFixture *fixture);
void bus_fixture_stop(BusFixture *fixture);

/** bus_fixture_kill() - the bus goes away; the files stay until bus_fixture_stop() */
void bus_fixture_kill(BusFixture *fixture);

/** bus_fixture_write() - a file in .dir with @text, for root to trust; ends the test when that
 * fails */
void bus_fixture_write(const BusFixture *fixture, const char *name, const char *text);
