/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Users file: /etc/itax/users as lines, changed without losing a comment, put back whole or not at all
 *
 * A line is ACCOUNT LOCAL-USER, or @UNIT-CODE LOCAL-USER; what stands behind '#' is a comment (itaxd reads it
 * by daemon/directory/map.c). */

#include <stddef.h>
#include <sys/types.h>

#include "lib/common/util.h"

#define USERS_FILE "/etc/itax/users"
#define USERS_FILE_WAIT_SEC 5
#define USERS_FILE_BYTES_MAX (16U * 1024U * 1024U) /* as itaxd has it */

typedef struct UsersLine {
        char *text;             /* the whole line, without newline; owned */
        char *account, *user;   /* owned; NULL where the line is empty, a comment, or not understood */
        const char *fault;      /* what is wrong with it, untranslated; NULL if nothing is */
} UsersLine;

typedef struct UsersFile {
        const char *path; /* borrowed */
        UsersLine *lines;
        size_t n;
        int folder, lock; /* users_file_lock() */
        mode_t mode;
        uid_t uid;
        gid_t gid;
} UsersFile;

#define USERS_FILE_NONE { .folder = -1, .lock = -1 }

/** users_file_read() - to look at it; a file that is missing is empty. Return: 0 or a negative errno. */
int users_file_read(const char *path, UsersFile *ret);

/** users_file_lock() - to change it: nobody else does, until users_file_done(), so that two changes never mix
 *
 * The lock is a file of its own beside it that only its owner may open, so that no user can hold it.
 * Return: 0, -EWOULDBLOCK after USERS_FILE_WAIT_SEC, or another negative errno.
 */
int users_file_lock(const char *path, UsersFile *ret);
void users_file_done(UsersFile *file);

/** users_file_add() - one line at the end */
int users_file_add(UsersFile *file, const char *account, const char *user);
/** users_file_remove() - the @i-th line goes */
void users_file_remove(UsersFile *file, size_t i);

/**
 * users_file_save() - replace the file in one step, with the same mode and owner
 *
 * Written beside it, synced, renamed, and the folder synced: after a crash it is the old one or the new one.
 * Return: 0 or a negative errno.
 */
int users_file_save(UsersFile *file);

/** users_account_fault(), users_user_fault() - why itaxd would refuse this word; untranslated, NULL if it would not */
const char *users_account_fault(const char *account);
const char *users_user_fault(const char *user);
