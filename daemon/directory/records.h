/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Records: local users as systemd's user records (systemd.io/USER_RECORD), read by libnss-systemd
 *
 * In the folder (/run/userdb) a user is four names: NAME.user, NAME.group, and UID.user, GID.group as
 * links to them. Group and user have one number. Nothing in a record comes from the platform but the
 * name, which was judged before. */

#include <sys/types.h>

typedef struct Record {
        const char *name;   /* account_identify() said ACCOUNT_LOGIN_NAME */
        uid_t uid;
        const char *home;   /* folder that the home directory lies in, absolute */
        const char *shell;  /* absolute */
} Record;

/**
 * records_write() - make or renew the four files
 * @folder: must belong to root or to us and be writable for nobody else
 *
 * Each file is complete or absent at any moment. Return: 0, -EPERM for a folder that is not trusted, or
 * another negative errno.
 */
int records_write(const char *folder, const Record *record);
