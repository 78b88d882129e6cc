/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Provision: local users that itaxd made (design.md D8)
 *
 * The local name of such a user is the login name of the account; its number was chosen here once and
 * is the account's for ever: a list under the daemon's state says so, and the records that
 * libnss-systemd reads are made from it anew at each start. The platform's subject of the account is
 * remembered too, so that whoever registers the login name of somebody who has gone does not get that
 * person's files. */

#include <stdbool.h>
#include <sys/types.h>

#include "lib/common/util.h"

typedef struct Provision Provision;

/* Numbers that belong to others on every Linux system (systemd.io/UIDS-GIDS). */
#define PROVISION_UID_LOWEST  1000U
#define PROVISION_UID_HIGHEST 524287U

#define PROVISION_USERS_MAX 65536U

/* Borrowed for provision_new(). */
typedef struct ProvisionConfig {
        uid_t uid_min, uid_max;
        const char *home, *shell;
        const char *state;   /* the list; its folder must exist */
        const char *records; /* folder of the records */
} ProvisionConfig;

enum {
        PROVISION_E_NONE = 1, /* it has no user yet */
        PROVISION_E_NAME,     /* the account cannot be the name of a local user */
        PROVISION_E_SUBJECT,  /* the account was somebody else's when the user was made */
        PROVISION_E_FULL,     /* no number is left, or too many users */
};

/** provision_range_is_fit() - may users be made with these numbers? */
bool provision_range_is_fit(uid_t uid_min, uid_t uid_max);

/**
 * provision_new() - read the list, write the records of everybody on it
 *
 * Return: 0; -EINVAL for a range that is not fit; -EPERM when list or records lie where others write;
 * -EBADMSG when the list is damaged (no number may be given out then; what is wrong was logged); another
 * negative errno.
 */
int provision_new(const ProvisionConfig *config, Provision **ret);
Provision *provision_free(Provision *provision);
DEFINE_CLEANUP(Provision, provision_free)

/** provision_uid() - the number of @account's user. Return: 0, PROVISION_E_NONE, PROVISION_E_SUBJECT. */
int provision_uid(const Provision *provision, const char *account, const char *subject, uid_t *ret);

/** provision_account() - the account of the user @name that was made here; NULL if none; borrowed until
 * the next change */
const char *provision_account(const Provision *provision, const char *name);

/** provision_renew() - write the records of @account's user once more. Return: as records_write(). */
int provision_renew(const Provision *provision, const char *account);

/**
 * provision_candidates() - numbers that nobody has got from here yet, in the order to be tried
 *
 * Return: how many of @n are filled.
 */
size_t provision_candidates(const Provision *provision, const char *account, uid_t *ret, size_t n);

/**
 * provision_add() - the user of @account is @uid from now on
 *
 * On disk before it returns. Return: 0, PROVISION_E_*, or a negative errno (then nothing was promised).
 */
int provision_add(Provision *provision, const char *account, const char *subject, uid_t uid);
