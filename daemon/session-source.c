/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Session source: of the logins that are known, the newest that fits */

#include <string.h>

#include "daemon/session-private.h"

static bool is_same(const char *a, const char *b) {
        return a && b && strcmp(a, b) == 0;
}

/* May a login of before stand for this one at all? */
static bool source_is_fit(const Session *session, const Grant *grant) {
        uint64_t now = session_now_usec();

        if (!grant->token || !grant->text[GRANT_ACCOUNT] || !grant_is_user(grant, session_named_user(session)))
                return false;
        return !session->max_age_usec ||
                (grant->proven_usec <= now && now - grant->proven_usec <= session->max_age_usec);
}

/* A user's own screen locker: the password that his session began with opens it, without a try at the
 * platform. A single wrong key there would else want a captcha, which no locker can show. */
static bool source_is_for_locker(const Session *session, const Grant *grant) {
        return session->uid != 0 && !session->is_service && session->manner.mode == MODE_ONE &&
                grant->is_open && grant->mark;
}

/* Only for who may ask for anybody: a user's own programs must not pass a locker because he is logged in.
 * Where nothing is typed, only a session that goes on at the same terminal of this machine is believed to be
 * the same person, if root granted and opened it: whoever else names a terminal may name another's. And
 * only where an application asks for whoever calls it: with su it is the caller who is at the terminal, and
 * another user who is asked for. */
static bool source_is_fit_for_login(const Session *session, const Grant *grant) {
        if (session->uid != 0 && !(session->is_service && grant->caller == session->uid))
                return false;
        if (!session->max_age_usec)
                return false;
        if (session->manner.mode == MODE_ONE)
                return grant->mark;
        return grant->is_open && grant->caller == 0 && grant->opener == 0 && !session->rhost &&
                !grant->text[GRANT_RHOST] && services_tty_is_local(session->tty) &&
                is_same(session->tty, grant->text[GRANT_TTY]) &&
                !services_is_for_others(session->service);
}

/* The session of the person who works here: the one the client names, else the newest at this terminal, else
 * the newest. */
static Grant *find_unit_source(const Session *session) {
        Registry *registry = session->host->registry;
        Grant *found = NULL;

        if (*session->claimed) {
                found = registry_find(registry, session->claimed);
                return found && source_is_fit(session, found) ? found : NULL;
        }
        for (Grant *grant = registry_first(registry); grant; grant = grant->next) {
                if (!grant->is_open || !source_is_fit(session, grant))
                        continue;
                if (is_same(session->tty, grant->text[GRANT_TTY]))
                        return grant;
                found = found ? found : grant;
        }
        return found;
}

static Grant *find_source(const Session *session) {
        Grant *found = NULL;

        switch (session->purpose) {
        case PURPOSE_LOGIN:
                found = registry_first(session->host->registry);
                while (found && (!source_is_fit(session, found) ||
                                 !(source_is_for_locker(session, found) ||
                                   source_is_fit_for_login(session, found))))
                        found = found->next;
                break;
        case PURPOSE_UNIT:
                found = find_unit_source(session);
                if (found && session->is_service && session->uid != 0 &&
                    found->caller != session->uid)
                        found = NULL;
                break;
        case PURPOSE_PASSWORD:
        case _LOGIN_PURPOSE_MAX:
                break;
        }
        return found;
}

Grant *session_source(const Session *session) {
        Grant *found;

        if (!session->user)
                return NULL;
        /* One whose time or whose process is over is removed by the question, and the next one is looked at. */
        do
                found = find_source(session);
        while (found && !registry_lives(session->host->registry, found));
        return found ? grant_ref(found) : NULL;
}
