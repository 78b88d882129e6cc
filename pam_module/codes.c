/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Codes: three tables. Each cell but one is an error, and an input outside of them is one as well. */

#include <errno.h>
#include <security/pam_modules.h>

#include "pam_module/codes.h"

static const struct {
        int code;
        const char *word;
} client_table[] = {
        [CLIENT_E_AWAY] = { PAM_AUTHINFO_UNAVAIL, "daemon-away" },
        [CLIENT_E_UNTRUSTED] = { PAM_SYSTEM_ERR, "daemon-untrusted" },
        [CLIENT_E_REFUSED] = { PAM_AUTHINFO_UNAVAIL, "daemon-refused" },
        [CLIENT_E_PROTOCOL] = { PAM_SYSTEM_ERR, "daemon-protocol" },
        [CLIENT_E_SESSION] = { PAM_AUTHINFO_UNAVAIL, "session-unknown" },
};

/* A session that the daemon has lost cannot be judged, whatever it says of the user. */
static const struct {
        int code;
        const char *word;
} verdict_table[_CLIENT_VERDICT_MAX] = {
        [CLIENT_GRANTED] = { PAM_SUCCESS, "granted" },
        [CLIENT_DENIED] = { PAM_PERM_DENIED, "denied" },
        [CLIENT_UNIT] = { PAM_PERM_DENIED, "unit" },
        [CLIENT_NOT_OURS] = { PAM_AUTHINFO_UNAVAIL, "session-unknown" },
        [CLIENT_MAPPED] = { PAM_AUTHINFO_UNAVAIL, "session-unknown" },
        [CLIENT_UNAVAILABLE] = { PAM_AUTHINFO_UNAVAIL, "unavailable" },
};

static const int reason_table[_STEP_REASON_MAX] = {
        [REASON_NONE] = PAM_AUTH_ERR,
        [REASON_DENIED] = PAM_AUTH_ERR,
        [REASON_LOCKED] = PAM_MAXTRIES,
        [REASON_UNIT] = PAM_PERM_DENIED,
        [REASON_TIMEOUT] = PAM_AUTH_ERR,
        [REASON_NOT_OURS] = PAM_USER_UNKNOWN,
        [REASON_UNAVAILABLE] = PAM_AUTHINFO_UNAVAIL,
        [REASON_CLIENT] = PAM_AUTH_ERR,
};

int code_from_client(int r) {
        if (r == -ENOMEM)
                return PAM_BUF_ERR;
        if (r <= 0 || (size_t)r >= ELEMENTSOF(client_table))
                return PAM_SYSTEM_ERR;
        return client_table[r].code;
}

int code_from_step(const Step *step) {
        if (step->kind == STEP_FAIL && (size_t)step->reason < _STEP_REASON_MAX)
                return reason_table[step->reason];
        /* A login for somebody else. */
        if (step->kind == STEP_DONE)
                return PAM_AUTH_ERR;
        return PAM_SYSTEM_ERR;
}

int code_from_verdict(ClientVerdict verdict) {
        return (size_t)verdict < _CLIENT_VERDICT_MAX ? verdict_table[verdict].code : PAM_SYSTEM_ERR;
}

const char *word_from_verdict(ClientVerdict verdict) {
        return (size_t)verdict < _CLIENT_VERDICT_MAX ? verdict_table[verdict].word : "error";
}

const char *word_from_client(int r) {
        if (r == -ENOMEM)
                return "out-of-memory";
        if (r <= 0 || (size_t)r >= ELEMENTSOF(client_table))
                return "error";
        return client_table[r].word;
}
