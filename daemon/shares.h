/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Shares: how much of itaxd each user may take up at once
 *
 * Counted by the uid that the bus daemon tells, before anything is looked up: what is too much is refused
 * without having cost anything. Whoever is not root leaves half of everything to root; one who is no
 * service of the configuration gets little. */

#include <stdbool.h>
#include <sys/types.h>

#include "lib/common/util.h"

typedef enum ShareKind {
        SHARE_LOGIN, /* from OpenLogin to the end of the login */
        SHARE_QUERY, /* any other call, until it is answered */
        _SHARE_KIND_MAX,
} ShareKind;

#define SHARES_QUERIES 2048U
#define SHARES_QUERIES_PER_UID 16U
#define SHARES_QUERIES_PER_SERVICE 256U

typedef struct Shares Shares;

int shares_new(Shares **ret);
Shares *shares_free(Shares *shares);
DEFINE_CLEANUP(Shares, shares_free)

enum {
        SHARES_E_FULL = 1,
};

/** shares_take() - one more of @kind for @uid. Return: 0, SHARES_E_FULL, -ENOMEM. */
int shares_take(Shares *shares, uid_t uid, ShareKind kind);

/** shares_give() - give one back that was taken */
void shares_give(Shares *shares, uid_t uid, ShareKind kind);

/** shares_set_services() - these users, and no others, are services from now on. Return: 0, -ENOMEM. */
int shares_set_services(Shares *shares, const uid_t *uids, size_t n);

/** shares_taken() - for tests */
unsigned shares_taken(const Shares *shares, uid_t uid, ShareKind kind);
