/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Query: who asks, and the members that need no more than the registry */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/audit.h"
#include "daemon/log.h"
#include "daemon/query-private.h"

void query_over(Query *query) {
        if (query->is_over)
                return;
        query->is_over = true;
        query->host->over(query, query->host->userdata);
}

void query_refuse(Query *query, BusRefusal refusal) {
        query->call = bus_call_refuse(query->call, refusal);
        query_over(query);
}

void query_deny(Query *query, const char *why) {
        query->host->refused(query->uid, why, query->host->userdata);
        query_refuse(query, BUS_REFUSE_ACCESS);
}

bool query_may_use(const Query *query, const Grant *grant) {
        return query->uid == 0 || (query->is_service && grant->caller == query->uid) ||
                (*query->caller && grant_is_user(grant, query->caller));
}

Grant *query_grant(Query *query) {
        Grant *grant = registry_find(query->host->registry, query->session);

        return grant && query_may_use(query, grant) ? grant : NULL;
}

static void open_session(Query *query) {
        Grant *grant = query_grant(query);
        Leader leader;
        int r;

        if (!grant || !grant_is_user(grant, query->user)) {
                query_refuse(query, BUS_REFUSE_NO_SESSION);
                return;
        }
        if (leader_of(query->pid, &leader) < 0) {
                query_refuse(query, BUS_REFUSE_ACCESS);
                return;
        }
        /* Where the session is may be known better by now, to whom it was granted; what is not said stays. What
         * was granted to root's programs only they may open. */
        if (query->uid != 0 && query->uid != grant->caller) {
                query_refuse(query, BUS_REFUSE_NO_SESSION);
                return;
        }
        grant->opener = query->uid;
        if (query->uid == 0 &&
            ((query->service && grant_set(grant, GRANT_SERVICE, query->service) < 0) ||
             (query->tty && grant_set(grant, GRANT_TTY, query->tty) < 0) ||
             (query->rhost && grant_set(grant, GRANT_RHOST, query->rhost) < 0))) {
                query_refuse(query, BUS_REFUSE_UNAVAILABLE);
                return;
        }
        r = registry_open(query->host->registry, grant, &leader);
        if (r != 0) {
                query_refuse(query, r == REGISTRY_E_OPEN ? BUS_REFUSE_IS_OPEN : BUS_REFUSE_LIMIT);
                return;
        }
        audit_session(grant, "opened", query->uid);
        query->call = bus_call_done(query->call);
        query_over(query);
}

static void close_session(Query *query) {
        Grant *grant = query_grant(query);

        if (!grant) {
                query_refuse(query, BUS_REFUSE_NO_SESSION);
                return;
        }
        if (grant->is_open)
                audit_session(grant, "closed", query->uid);
        registry_remove(query->host->registry, grant);
        query->call = bus_call_done(query->call);
        query_over(query);
}

/* By an administrator: the person is out, at the platform as well. */
static void end_session(Query *query) {
        Grant *grant = registry_find(query->host->registry, query->session);

        if (!grant) {
                query_refuse(query, BUS_REFUSE_NO_SESSION);
                return;
        }
        audit_session(grant, "ended", query->uid);
        registry_remove(query->host->registry, grant);
        query->call = bus_call_done(query->call);
        query_over(query);
}

static void list_sessions(Query *query) {
        _cleanup_(freep) BusSession *sessions = NULL;
        Grant *next;
        size_t n = 0;

        sessions = calloc(registry_size(query->host->registry, NULL) + 1, sizeof(*sessions));
        if (!sessions) {
                query_refuse(query, BUS_REFUSE_UNAVAILABLE);
                return;
        }
        for (Grant *grant = registry_first(query->host->registry); grant; grant = next) {
                next = grant->next;
                /* A service has its own logins; whose they are is no list for it. */
                if ((query->uid != 0 && !grant_is_user(grant, query->caller)) ||
                    !registry_lives(query->host->registry, grant))
                        continue;
                sessions[n++] = (BusSession){
                        .session = grant->id,
                        .user = grant->text[GRANT_USER],
                        .account = grant->text[GRANT_ACCOUNT],
                        .name = grant->text[GRANT_NAME],
                        .unit = grant->text[GRANT_UNIT],
                        .unit_name = grant->text[GRANT_UNIT_NAME],
                        .method = grant->text[GRANT_METHOD],
                        .service = grant->text[GRANT_SERVICE],
                        .tty = grant->text[GRANT_TTY],
                        .rhost = grant->text[GRANT_RHOST],
                        .since_sec = grant->since_sec,
                        .open = grant->is_open,
                };
        }
        query->call = bus_call_sessions(query->call, sessions, n);
        query_over(query);
}

/* The caller is known. */
static void query_go(Query *query) {
        const bool is_other = query->uid != 0 && !query->is_service && query->user &&
                strcmp(query->user, query->caller) != 0;

        if (is_other) {
                query_deny(query, "it asked for somebody else");
                return;
        }
        switch (query->member) {
        case BUS_CHECK_ACCOUNT:
                query_check(query);
                return;
        case BUS_OPEN_SESSION:
                open_session(query);
                return;
        case BUS_CLOSE_SESSION:
                close_session(query);
                return;
        case BUS_LIST_SESSIONS:
                list_sessions(query);
                return;
        case BUS_SIMULATE:
                query_simulate(query);
                return;
        case BUS_STATUS:
                query_status(query);
                return;
        case BUS_LIST_LOGINS:
                query_list_logins(query);
                return;
        case BUS_END_SESSION:
                end_session(query);
                return;
        case BUS_LIST_LOCKS:
                query_list_locks(query);
                return;
        case BUS_OPEN_LOGIN:
        case _BUS_MEMBER_MAX:
                break;
        }
        query_refuse(query, BUS_REFUSE_ARGUMENTS);
}

static void on_caller(DirectoryLookup *lookup _unused_, int error, const DirectoryUser *user,
                      void *userdata) {
        Query *query = userdata;
        const Config *config = query->era->config;

        if (error < 0 || !user->exists) {
                query->lookup = directory_lookup_free(query->lookup);
                query_deny(query, "nothing is known of this user");
                return;
        }
        memcpy(query->caller, user->name, strlen(user->name) + 1);
        query->lookup = directory_lookup_free(query->lookup);
        for (size_t i = 0; i < config->n_callers; i++)
                query->is_service |= strcmp(config->callers[i], query->caller) == 0;
        query_go(query);
}

static bool is_roots(BusMember member) {
        switch (member) {
        case BUS_SIMULATE:
        case BUS_STATUS:
        case BUS_LIST_LOGINS:
        case BUS_END_SESSION:
        case BUS_LIST_LOCKS:
                return true;
        case BUS_OPEN_LOGIN:
        case BUS_CHECK_ACCOUNT:
        case BUS_OPEN_SESSION:
        case BUS_CLOSE_SESSION:
        case BUS_LIST_SESSIONS:
        case _BUS_MEMBER_MAX:
                break;
        }
        return false;
}

void query_begin(Query *query) {
        if (query->uid == 0) {
                query_go(query);
                return;
        }
        /* No look-up is needed to know that. */
        if (is_roots(query->member)) {
                query_deny(query, "it asked what is for root alone");
                return;
        }
        if (directory_find_uid(query->era->directory, query->uid, on_caller, query,
                               &query->lookup) < 0)
                query_refuse(query, BUS_REFUSE_UNAVAILABLE);
}

static int copy_word(const char *s, char **ret) {
        if (!*s)
                return 0;
        *ret = strdup(s);
        return *ret ? 0 : -ENOMEM;
}

int query_new(Era *era, const QueryHost *host, BusCall *call, const BusCaller *caller,
              Query **ret) {
        Query *query = calloc(1, sizeof(*query));

        if (!query)
                return -ENOMEM;
        query->era = era_ref(era);
        query->host = host;
        query->member = caller->member;
        query->uid = caller->uid;
        query->pid = caller->pid;
        if (copy_word(caller->service, &query->service) < 0 ||
            copy_word(caller->user, &query->user) < 0 || copy_word(caller->tty, &query->tty) < 0 ||
            copy_word(caller->rhost, &query->rhost) < 0 ||
            copy_word(caller->session, &query->session) < 0 ||
            copy_word(caller->account, &query->account) < 0 ||
            copy_word(caller->unit, &query->unit) < 0 ||
            copy_word(caller->date, &query->date) < 0) {
                (void)query_free(query);
                return -ENOMEM;
        }
        query->call = call;
        *ret = query;
        return 0;
}

Query *query_free(Query *query) {
        if (!query)
                return NULL;

        query->is_over = true;
        query->lookup = directory_lookup_free(query->lookup);
        query->ask = token_ask_free(query->ask);
        query->probe = platform_probe_free(query->probe);
        query->grant = grant_unref(query->grant);
        query->call = bus_call_refuse(query->call, BUS_REFUSE_UNAVAILABLE);
        query->era = era_unref(query->era);
        if (query->user)
                explicit_bzero(query->user, strlen(query->user));
        free(query->service);
        free(query->user);
        free(query->tty);
        free(query->rhost);
        free(query->session);
        free(query->account);
        free(query->unit);
        free(query->date);
        free(query);
        return NULL;
}
