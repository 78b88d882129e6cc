/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Grant: a login that was granted, as long as somebody may still come back to it
 *
 * It begins with the step that tells the client so. Until a session is opened in its name it waits for
 * a bounded time, then it lasts as long as that session. Its id is not a secret: whoever names one must
 * be root, the user himself, or the service that it was granted to. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/core/mark.h"
#include "daemon/leader.h"
#include "daemon/token.h"
#include "lib/common/limits.h"

typedef enum GrantField {
        GRANT_USER,      /* local user */
        GRANT_ACCOUNT,   /* NULL of the old unit login: no person is known */
        GRANT_NAME,
        GRANT_UNIT,
        GRANT_UNIT_NAME,
        GRANT_METHOD,    /* as in the step: "password", "qr", "unit" or "session" */
        GRANT_SERVICE,
        GRANT_TTY,
        GRANT_RHOST,
        GRANT_LOGIN,     /* number of the login that it came from, for records */
        _GRANT_FIELD_MAX,
} GrantField;

/* So often something else may be typed where the password of a grant would do. Each of these is a try at the
 * platform as well; but when those are used up, the fingerprint must not go on telling what is right. */
#define GRANT_LENT_MAX 3U

/* How the unit was proven. */
typedef enum GrantProof {
        GRANT_PROOF_NONE, /* there is no unit */
        GRANT_PROOF_RELATION,
        GRANT_PROOF_PASSWORD,
        GRANT_PROOF_CERTIFICATE,
        _GRANT_PROOF_MAX,
} GrantProof;

/* Times are CLOCK_BOOTTIME unless they say otherwise. */
typedef struct Grant {
        struct Grant *next, *previous; /* newest first; the registry's */
        unsigned n_refs;
        char id[LIMIT_SESSION_BYTES + 1];
        char *text[_GRANT_FIELD_MAX];  /* filtered, one line each; NULL where unknown */
        GrantProof proof;
        uid_t caller;                  /* who had asked for the login */
        uint64_t since_sec;            /* since 1970, for people */
        uint64_t proven_usec;          /* when the person was; not when it was resumed */
        uint64_t until_usec;           /* without a session it ends then */
        bool is_open;
        bool is_gone;                  /* left the registry */
        uid_t opener;                  /* who opened the session */
        Leader leader;                 /* of the session */
        uint64_t leader_seen_usec;     /* when it was looked after last */
        Token *token;                  /* NULL after a restart */
        Mark *mark;                    /* of the password it was granted for; NULL if there was none */
        unsigned n_lent;               /* grant_lend_mark() */
        const char *verdict;           /* of the last check, NULL before it; a literal */
        uint64_t checked_usec;
} Grant;

/**
 * grant_lend_mark() - for one login, which may compare one answer with it
 *
 * Taken before it is used, as a try is at the platform, so that no number of logins at once has more.
 * Return: NULL when there is none or none is left. Borrowed; the grant must be held.
 */
const Mark *grant_lend_mark(Grant *grant);
/** grant_return_mark() - it was the right answer, or none was given */
void grant_return_mark(Grant *grant);

/** grant_new() - with an id of its own, of 128 random bits. Return: 0, -ENOMEM, or a negative errno
 * when the kernel gives no randomness (threats 130: then there is none). */
int grant_new(Grant **ret);
Grant *grant_ref(Grant *grant);
Grant *grant_unref(Grant *grant);
DEFINE_CLEANUP(Grant, grant_unref)

/** grant_set() - copy @value, which may be NULL or "". Return: 0 or -ENOMEM. */
int grant_set(Grant *grant, GrantField field, const char *value);

/** grant_is_user() - is it @user's? */
bool grant_is_user(const Grant *grant, const char *user);
