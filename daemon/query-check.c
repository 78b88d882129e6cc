/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Query check: is what was granted still granted? (pam_sm_acct_mgmt)
 *
 * What can be known here is asked first: map, units of this host, phase. Then the platform is asked who the
 * person is by now, and what it said last time counts for nothing. */

#include <string.h>

#include "daemon/audit.h"
#include "daemon/core/simulate.h"
#include "daemon/query-private.h"
#include "daemon/session.h"

/* Verdicts, known by their places. */
static const char granted[] = "granted", denied[] = "denied", unit[] = "unit",
                  unavailable[] = "unavailable";

/* Of one login the platform is not asked more often by others than root. */
#define AGAIN_USEC (1 * USEC_PER_SEC)

static void answer(Query *query, const char *verdict) {
        query->call = bus_call_word(query->call, verdict);
        query_over(query);
}

/* The verdict on a grant. */
static void conclude(Query *query, const char *verdict) {
        audit_check(query->grant, verdict, query->uid);
        query->grant->verdict = verdict;
        query->grant->checked_usec = session_now_usec();
        answer(query, verdict);
}

/* @user is @name, or it is "NAME@UNIT-CODE" with the unit of the login (session-options.c). */
static bool is_called(const char *user, const char *name, const char *unit_code) {
        size_t n = strlen(name);

        if (strncmp(user, name, n) != 0)
                return false;
        return user[n] == '\0' || (user[n] == '@' && unit_code && strcmp(user + n + 1, unit_code) == 0);
}

/* Is the person, or the unit of the old unit login, still this local user? */
static bool user_is_kept(const Query *query) {
        const Grant *grant = query->grant;
        const char *account = grant->text[GRANT_ACCOUNT], *user = grant->text[GRANT_USER];
        const char *code = grant->text[GRANT_UNIT], *named = account ? account : code, *mapped;

        if (!named)
                return false;
        mapped = account ? directory_user_of_account(query->era->directory, account) :
                           directory_user_of_unit(query->era->directory, named);
        if (mapped)
                return is_called(user, mapped, code) ||
                        (strchr(user, '@') && is_called(user, named, code));
        /* Beside the map, a local user has the name of his account. */
        return account && query->era->config->accounts != ACCOUNTS_TABLE &&
                is_called(user, account, code);
}

static bool unit_is_kept(const Query *query) {
        const Grant *grant = query->grant;
        const Config *config = query->era->config;
        const Simulation simulation = {
                .phase = era_phase(query->era, era_now_sec(), NULL),
                .method = METHOD_ANY,
                .unit_policy = UNIT_REQUIRED,
                .units_allowed = (const char *const *)config->units,
                .unit = grant->text[GRANT_UNIT],
        };
        SimulationResult result;

        if (!grant->text[GRANT_UNIT])
                return true;
        simulate(&simulation, &result);
        if (!result.unit_allowed)
                return false;
        if (!grant->text[GRANT_ACCOUNT])
                return result.unit_login;
        switch (grant->proof) {
        case GRANT_PROOF_RELATION:
                return result.relation;
        case GRANT_PROOF_PASSWORD:
                return result.declaration_password;
        case GRANT_PROOF_CERTIFICATE:
                return result.certificate;
        case GRANT_PROOF_NONE:
        case _GRANT_PROOF_MAX:
                break;
        }
        return false;
}

/* What this host says. Return: NULL when it has nothing against it. */
static const char *verdict_here(const Query *query) {
        if (query->grant->is_gone || !grant_is_user(query->grant, query->user) ||
            !user_is_kept(query))
                return denied;
        return unit_is_kept(query) ? NULL : unit;
}

static const char *verdict_of_person(const Query *query, const ReplyPerson *person) {
        const Grant *grant = query->grant;

        if (!person->login_name || strcmp(person->login_name, grant->text[GRANT_ACCOUNT]) != 0)
                return denied;
        if (!grant->text[GRANT_UNIT])
                return granted;
        for (size_t i = 0; i < person->n_units; i++)
                if (strcmp(person->units[i].code, grant->text[GRANT_UNIT]) == 0)
                        return grant->proof == GRANT_PROOF_RELATION && !person->units[i].authorised ?
                                unit :
                                granted;
        return unit;
}

static const char *verdict_there(const Query *query, const Reply *reply) {
        switch (reply->kind) {
        case REPLY_PERSON:
                return verdict_of_person(query, &reply->person);
        case REPLY_DISABLED:
        case REPLY_EXPIRED: /* the token was revoked, as by another password */
        case REPLY_REFUSED:
        case REPLY_LOCKED:
        case REPLY_WRONG:
        case REPLY_WRONG_PERSON:
                return denied;
        case REPLY_CAPTCHA:
        case REPLY_DEVICE:
        case REPLY_STATE:
        case REPLY_DIGITS_WRONG:
        case REPLY_UNIT:
        case REPLY_UNIT_UNRELATED:
        case REPLY_UNIT_UNKNOWN:
        case REPLY_CHALLENGE:
        case REPLY_CERTIFICATE:
        case REPLY_PHASE:
        case REPLY_CHANGED:
        case REPLY_WEAK:
        case REPLY_SAME:
        case REPLY_UNAVAILABLE:
        case REPLY_BROKEN:
        case _REPLY_KIND_MAX:
                break;
        }
        return unavailable;
}

static void on_reply(TokenAsk *ask _unused_, Reply *reply, void *userdata) {
        Query *query = userdata;
        const char *verdict = verdict_there(query, reply);
        const char *here = verdict_here(query); /* it may have changed while the platform was asked */

        query->ask = token_ask_free(query->ask);
        conclude(query, verdict == granted && here ? here : verdict);
}

static void check_grant(Query *query) {
        Grant *grant = query->grant;
        const char *verdict = verdict_here(query);

        if (verdict) {
                conclude(query, verdict);
                return;
        }
        /* No person stands behind it who could be asked about. */
        if (!grant->text[GRANT_ACCOUNT]) {
                conclude(query, granted);
                return;
        }
        if (query->uid != 0 && grant->verdict &&
            session_now_usec() - grant->checked_usec < AGAIN_USEC) {
                answer(query, grant->verdict);
                return;
        }

        query->request = (Request){ .kind = REQUEST_RESUME, .account = grant->text[GRANT_ACCOUNT] };
        if (!grant->token ||
            token_ask(grant->token, &query->request, on_reply, query, &query->ask) < 0)
                conclude(query, unavailable);
}

/* No session: is this a user of ours at all? */
static void on_user(DirectoryLookup *lookup _unused_, int error, const DirectoryUser *user,
                    void *userdata) {
        Query *query = userdata;
        Directory *directory = query->era->directory;
        const bool is_known = error == 0 && user->exists;
        size_t n_accounts, n_canonical = 0;

        (void)directory_account_for(directory, query->user, error == 0 ? user : NULL, &n_accounts);
        /* Nor does another spelling of a mapped name lead past the map. */
        if (is_known)
                (void)directory_account_for(directory, user->name, user, &n_canonical);
        query->lookup = directory_lookup_free(query->lookup);
        answer(query,
               n_accounts || n_canonical ? "mapped" :
                       error < 0         ? unavailable :
                                           "not-ours");
}

void query_check(Query *query) {
        Grant *grant;

        if (!query->session) {
                if (directory_find_name(query->era->directory, query->user, on_user, query,
                                        &query->lookup) < 0)
                        answer(query, unavailable);
                return;
        }
        grant = query_grant(query);
        if (!grant) {
                query_refuse(query, BUS_REFUSE_NO_SESSION);
                return;
        }
        query->grant = grant_ref(grant);
        check_grant(query);
}
