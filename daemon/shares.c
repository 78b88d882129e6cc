/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Shares: a list of those who have taken something. It is short: the bus daemon has some hundreds of
 * connections for everybody together. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/shares.h"
#include "lib/common/limits.h"

typedef struct Holder {
        struct Holder *next;
        uid_t uid;
        unsigned n[_SHARE_KIND_MAX];
} Holder;

struct Shares {
        Holder *holders; /* none that has nothing */
        unsigned n[_SHARE_KIND_MAX], n_not_root[_SHARE_KIND_MAX];
        uid_t *services;
        size_t n_services;
};

static const struct {
        unsigned all, not_root, service, uid;
} limits[_SHARE_KIND_MAX] = {
        [SHARE_LOGIN] = { LIMIT_LOGINS, LIMIT_LOGINS / 2, LIMIT_LOGINS_PER_SERVICE,
                          LIMIT_LOGINS_PER_UID },
        [SHARE_QUERY] = { SHARES_QUERIES, SHARES_QUERIES / 2, SHARES_QUERIES_PER_SERVICE,
                          SHARES_QUERIES_PER_UID },
};

int shares_new(Shares **ret) {
        *ret = calloc(1, sizeof(**ret));
        return *ret ? 0 : -ENOMEM;
}

Shares *shares_free(Shares *shares) {
        if (!shares)
                return NULL;

        while (shares->holders) {
                Holder *holder = shares->holders;

                shares->holders = holder->next;
                free(holder);
        }
        free(shares->services);
        free(shares);
        return NULL;
}

static Holder *find(const Shares *shares, uid_t uid) {
        Holder *holder = shares->holders;

        while (holder && holder->uid != uid)
                holder = holder->next;
        return holder;
}

static bool is_service(const Shares *shares, uid_t uid) {
        for (size_t i = 0; i < shares->n_services; i++)
                if (shares->services[i] == uid)
                        return true;
        return false;
}

static bool has_room(const Shares *shares, uid_t uid, unsigned n_own, ShareKind kind) {
        if (shares->n[kind] >= limits[kind].all)
                return false;
        if (uid == 0)
                return true;
        return shares->n_not_root[kind] < limits[kind].not_root &&
                n_own < (is_service(shares, uid) ? limits[kind].service : limits[kind].uid);
}

int shares_take(Shares *shares, uid_t uid, ShareKind kind) {
        Holder *holder = find(shares, uid);

        if (!has_room(shares, uid, holder ? holder->n[kind] : 0, kind))
                return SHARES_E_FULL;
        if (!holder) {
                holder = calloc(1, sizeof(*holder));
                if (!holder)
                        return -ENOMEM;
                holder->uid = uid;
                holder->next = shares->holders;
                shares->holders = holder;
        }
        holder->n[kind]++;
        shares->n[kind]++;
        shares->n_not_root[kind] += uid != 0;
        return 0;
}

static bool has_nothing(const Holder *holder) {
        for (ShareKind kind = 0; kind < _SHARE_KIND_MAX; kind++)
                if (holder->n[kind])
                        return false;
        return true;
}

void shares_give(Shares *shares, uid_t uid, ShareKind kind) {
        for (Holder **at = &shares->holders; *at; at = &(*at)->next) {
                Holder *holder = *at;

                if (holder->uid != uid || holder->n[kind] == 0)
                        continue;
                holder->n[kind]--;
                shares->n[kind]--;
                shares->n_not_root[kind] -= uid != 0;
                if (has_nothing(holder)) {
                        *at = holder->next;
                        free(holder);
                }
                return;
        }
}

int shares_set_services(Shares *shares, const uid_t *uids, size_t n) {
        uid_t *copy = NULL;

        if (n) {
                copy = calloc(n, sizeof(*copy));
                if (!copy)
                        return -ENOMEM;
                memcpy(copy, uids, n * sizeof(*copy));
        }
        free(shares->services);
        shares->services = copy;
        shares->n_services = n;
        return 0;
}

unsigned shares_taken(const Shares *shares, uid_t uid, ShareKind kind) {
        const Holder *holder = find(shares, uid);

        return holder ? holder->n[kind] : 0;
}
