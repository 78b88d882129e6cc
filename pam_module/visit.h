/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Visit: one call of the module by an application, and the conversation with the daemon in it */

#include <security/pam_modules.h>

#include "lib/client/client.h"
#include "lib/common/limits.h"
#include "pam_module/options.h"
#include "pam_module/relay.h"
#include "pam_module/terminal.h"
#include "pam_module/token.h"

typedef struct Visit Visit;

struct Visit {
        pam_handle_t *handle; /* libpam's */
        Options options;
        RelayVoice voice;
        char *user;           /* owned copy of PAM_USER, NULL if the application set none */
        char session[LIMIT_SESSION_BYTES + 1]; /* that was there before this call, "" for none */
        const char *purpose;  /* of ClientRequest */
        /* What is left behind by a step that grants. Return: PAM_SUCCESS, or an error and nothing. */
        int (*keep)(Visit *visit);
        Tokens tokens;
        Terminal terminal;
        Step step;            /* the step at hand, later the last one */
        const char *word;     /* how it ended, for the log: fixed words only; NULL when granted */
};

/** visit_get_item() - a string of libpam's, NULL when it is not set */
const char *visit_get_item(pam_handle_t *handle, int type);

/**
 * visit_init() - read the line in pam.d and what there is of the user
 * @ret: always to be released with visit_done()
 *
 * Return: PAM_SUCCESS (it grants nothing), PAM_SERVICE_ERR for a line that is not understood (told to the
 * log), PAM_USER_UNKNOWN for a name that no local user of ours can have, or PAM_BUF_ERR; .word then says it.
 */
int visit_init(Visit *visit, pam_handle_t *handle, int flags, int argc, const char **argv);
void visit_done(Visit *visit);

/** visit_end() - note how it ended. Return: @code. */
int visit_end(Visit *visit, const char *word, int code);

/** visit_request() - what the daemon is told of application and user. Borrowed from visit and libpam. */
ClientRequest visit_request(const Visit *visit);

/**
 * visit_converse() - have the person identified
 *
 * Return: PAM_SUCCESS for a step that grants and was kept, from one place; else an error, never PAM_IGNORE.
 */
int visit_converse(Visit *visit, int flags);
