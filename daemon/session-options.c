/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Session options: what the client says of itself, laid over the configuration */

#include <errno.h>
#include <string.h>

#include "daemon/session-private.h"
#include "lib/common/identity.h"

static int copy_word(const char *s, char **ret) {
        if (!*s)
                return 0;
        *ret = strdup(s);
        return *ret ? 0 : -ENOMEM;
}

static LoginPurpose purpose_from_string(const char *word) {
        static const char *const words[_LOGIN_PURPOSE_MAX] = {
                [PURPOSE_LOGIN] = "login",
                [PURPOSE_UNIT] = "unit",
                [PURPOSE_PASSWORD] = "password",
        };
        LoginPurpose purpose = 0;

        if (!*word)
                return PURPOSE_LOGIN;
        while (purpose < _LOGIN_PURPOSE_MAX && strcmp(words[purpose], word) != 0)
                purpose++;
        return purpose;
}

/* A program that asks one question only can be told the unit by the user name (design.md D10). The
 * application goes on with the whole name; here it is taken apart once. A unit that the pam.d line or the
 * configuration does not admit is left standing, and so it is the name of nobody. */
static int split_user(Session *session) {
        char *at = session->user ? strrchr(session->user, '@') : NULL;
        const char *code = at ? at + 1 : "";

        if (!at || at == session->user || session->manner.mode != MODE_ONE ||
            session->purpose == PURPOSE_PASSWORD || !unit_code_is_valid(code) ||
            (*session->unit.code && strcmp(session->unit.code, code) != 0))
                return 0;

        session->full_user = strdup(session->user);
        if (!session->full_user)
                return -ENOMEM;
        session->unit = (ConfigUnit){ .policy = UNIT_REQUIRED };
        memcpy(session->unit.code, code, strlen(code) + 1);
        *at = '\0';
        return 0;
}

int session_read(Session *session, const BusCaller *caller) {
        const Config *config = session->era->config;
        const ServiceQuery query = {
                .service = caller->service,
                .tty = caller->tty,
                .rhost = caller->rhost,
                .locale = caller->locale,
                .prompts = caller->prompts,
                .silent = caller->silent,
        };

        if (services_manner(&query, config->services, config->n_services, &session->manner) != 0)
                return SESSION_E_OPTIONS;

        session->purpose = purpose_from_string(caller->purpose);
        if (session->purpose == _LOGIN_PURPOSE_MAX)
                return SESSION_E_OPTIONS;
        session->max_age_usec = caller->max_age_sec * USEC_PER_SEC;
        session->timeout_usec = caller->timeout_sec * USEC_PER_SEC;
        session->keys = caller->keys;
        memcpy(session->claimed, caller->session, strlen(caller->session) + 1);

        session->unit = config->unit;
        if (*caller->unit && config_unit_from_string(caller->unit, &session->unit) != 0)
                return SESSION_E_OPTIONS;

        session->method = *caller->method ? config_method_from_string(caller->method) :
                                            config->method;
        if (session->method == _LOGIN_METHOD_MAX)
                return SESSION_E_OPTIONS;
        /* Where only one method can work, the option does not make the other one work. */
        if (session->manner.method != METHOD_ANY) {
                if (session->method != METHOD_ANY && session->method != session->manner.method)
                        return SESSION_E_OPTIONS;
                session->method = session->manner.method;
        }

        session->language = session->manner.ascii ?
                TEXTS_EN :
                texts_language_of(caller->locale, config->language);
        if ((caller->has_user && copy_word(caller->user, &session->user) < 0) ||
            copy_word(caller->service, &session->service) < 0 ||
            copy_word(caller->tty, &session->tty) < 0 ||
            copy_word(caller->rhost, &session->rhost) < 0)
                return -ENOMEM;
        return split_user(session);
}
