/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Session grant: what stays of a login that the machine has granted */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/session-private.h"

static int grant_fill(Grant *grant, const Session *session, const Plan *plan) {
        char login[24];
        const char *const values[_GRANT_FIELD_MAX] = {
                [GRANT_USER] = session->full_user ? session->full_user : plan->user,
                [GRANT_ACCOUNT] = plan->account,
                [GRANT_NAME] = plan->name,
                [GRANT_UNIT] = plan->unit,
                [GRANT_UNIT_NAME] = plan->unit_name,
                [GRANT_METHOD] = plan->method,
                [GRANT_SERVICE] = session->service,
                [GRANT_TTY] = session->tty,
                [GRANT_RHOST] = session->rhost,
                [GRANT_LOGIN] = login,
        };

        (void)snprintf(login, sizeof(login), "%" PRIu64, session->id);
        for (GrantField field = 0; field < _GRANT_FIELD_MAX; field++)
                if (grant_set(grant, field, values[field]) < 0)
                        return -ENOMEM;
        return 0;
}

/* The token goes on with the grant: that of before, or this login's own. */
static int grant_take_token(Grant *grant, Session *session) {
        if (session->token) {
                grant->token = token_ref(session->token);
                return 0;
        }
        if (token_new(session->era, session->platform, &grant->token) < 0)
                return -ENOMEM;
        session->platform = NULL;
        return 0;
}

Grant *session_grant(Session *session, const Plan *plan) {
        _cleanup_(grant_unrefp) Grant *grant = NULL;
        Grant *given;
        int r;

        if (session->purpose == PURPOSE_PASSWORD)
                return NULL;
        r = grant_new(&grant);
        if (r >= 0)
                r = grant_fill(grant, session, plan);
        if (r >= 0)
                r = grant_take_token(grant, session);
        if (r < 0) {
                log_record(LOG_ERR, session->id, "the login cannot be kept: %s",
                           strerrordesc_np(-r));
                return NULL;
        }

        grant->caller = session->uid;
        grant->since_sec = (uint64_t)era_now_sec();
        /* What was resumed does not become younger by it. */
        grant->proven_usec = session->token ? session->source->proven_usec : session_now_usec();
        grant->proof = !plan->unit ? GRANT_PROOF_NONE :
                session->proof     ? session->proof :
                                     GRANT_PROOF_RELATION;
        grant->mark = login_take_mark(session->login);
        if (plan->account && plan->unit)
                last_units_set(session->host->last_units, plan->account, plan->unit);

        given = grant;
        /* Only to whom it may be lent again. */
        registry_add(session->host->registry, TAKE_PTR(grant),
                     session->uid == 0 || session->is_service ? session->max_age_usec : 0);
        return given;
}
