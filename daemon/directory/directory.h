/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Directory: which local user an account is, and who exists on this host
 *
 * The map is a root-owned file, read at start and when it changes (mtime, inode). Look-ups in NSS
 * may block for long (LDAP, a hung service), so they run on a worker thread and come back through
 * the event loop, with a bound. */

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemon/directory/provision.h"
#include "lib/common/limits.h"
#include "lib/common/util.h"

typedef struct Directory Directory;
typedef struct DirectoryLookup DirectoryLookup;

#define DIRECTORY_WAIT_USEC (3 * USEC_PER_SEC) /* for one look-up */

typedef struct DirectoryUser {
        bool exists;
        uid_t uid;
        char name[LIMIT_USER_BYTES + 1]; /* "" when it does not exist */
} DirectoryUser;

/* @error: 0, or a negative errno when nothing could be found out (-ETIMEDOUT, -ENOMEM, -EIO); then
 * @user is NULL. */
typedef void (*DirectoryFn)(DirectoryLookup *lookup, int error, const DirectoryUser *user,
                            void *userdata);

/**
 * directory_new() - read the map at @map_path
 *
 * Return: 0; negative errno; -EPERM when the file (or its folder) is not root's or writable for
 * others; -EBADMSG when a line cannot be read. Either is logged, the latter with file, line and
 * what is allowed, for every such line.
 *
 * The file: one "ACCOUNT LOCAL-USER" a line, '#' begins a comment. ACCOUNT is a login name, as the
 * platform tells it. Several accounts may be one local user; one account is never two. A map that
 * is changed for the worse is logged and not used: what was read before stays.
 */
int directory_new(sd_event *event, const char *map_path, Directory **ret);
Directory *directory_free(Directory *directory);
DEFINE_CLEANUP(Directory, directory_free)

/* Beside the map (itaxd.conf, [login] accounts). */
typedef enum DirectoryAccounts {
        ACCOUNTS_TABLE,     /* nobody but who stands in the map */
        ACCOUNTS_NAME,      /* the account is the local user of the same name, if that is no system user */
        ACCOUNTS_PROVISION, /* the account's local user is made when it is needed (provision.h) */
        _DIRECTORY_ACCOUNTS_MAX,
} DirectoryAccounts;

/* Users below are the system's own, 65534 is nobody: they need a line in the map. */
#define DIRECTORY_UID_LOWEST 1000U

/**
 * directory_set_accounts() - who else is mapped; to be called once, before the first look-up
 * @provision: for ACCOUNTS_PROVISION, else NULL
 *
 * Return: 0, or as provision_new().
 */
int directory_set_accounts(Directory *directory, DirectoryAccounts accounts,
                           const ProvisionConfig *provision);

/** directory_user_of_account() - local user by the map, NULL if none; borrowed until the next call
 * here */
const char *directory_user_of_account(Directory *directory, const char *account);

/** directory_user_of_unit() - local user of the old unit login by the map ("@UNIT-CODE", or a code that no
 * login name can be), NULL if none; borrowed likewise */
const char *directory_user_of_unit(Directory *directory, const char *code);

/** directory_account_of_user() - the one account of a local user; NULL if none or several; @ret_n
 * is how many. Borrowed likewise. */
const char *directory_account_of_user(Directory *directory, const char *user, size_t *ret_n);

/**
 * directory_account_for() - who must be shown when an application asks for @user
 * @found: what directory_find_name() found, NULL when that failed
 * @ret_n: how many accounts the user has: 0 for who is no user of ours
 *
 * By the map, else by the list of users that were made, else as directory_set_accounts() says. Return:
 * the one account, NULL if none or several; borrowed until the next call here.
 */
const char *directory_account_for(Directory *directory, const char *user,
                                  const DirectoryUser *found, size_t *ret_n);

/**
 * directory_adopt() - the local user of an account that does not stand in the map
 * @account: login name, as the platform told it
 * @subject: the platform's own mark of the person
 *
 * As directory_find_name(), and it makes the user where that is due. @fn hears -EEXIST when the user
 * of that name is somebody else's (logged). Return: likewise, and -ENOENT when there can be none.
 */
int directory_adopt(Directory *directory, const char *account, const char *subject, DirectoryFn fn,
                    void *userdata, DirectoryLookup **ret);

/* Look up a user of this host. @fn is called once, never from inside. @ret is owned by the caller,
 * also after @fn was called; freeing it before is cancel. Return: 0, -ENOMEM, -EAGAIN, -ENOBUFS;
 * -EINVAL for a name that is too long. */
int directory_find_name(Directory *directory, const char *name, DirectoryFn fn, void *userdata,
                        DirectoryLookup **ret);
int directory_find_uid(Directory *directory, uid_t uid, DirectoryFn fn, void *userdata,
                       DirectoryLookup **ret);
DirectoryLookup *directory_lookup_free(DirectoryLookup *lookup);
DEFINE_CLEANUP(DirectoryLookup, directory_lookup_free)
