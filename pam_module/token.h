/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Token: the account password on its way between the modules of a stack
 *
 * What libpam calls a token is the account password and nothing else: no declaration password, no captcha,
 * no digits of the phone, and nothing at all of a login that was not by password. */

#include <security/pam_modules.h>

#include "lib/common/secret.h"
#include "lib/common/step.h"

/* Which way an earlier module's password takes: options use_first_pass and try_first_pass. */
typedef enum FirstPass {
        FIRST_PASS_NONE,
        FIRST_PASS_TRY, /* it answers the first question for the password; after that the person is asked */
        FIRST_PASS_USE, /* the person is never asked for the password */
} FirstPass;

/* Of one conversation. */
typedef struct Tokens {
        FirstPass first_pass;
        bool is_change;  /* of a new password: the old one is PAM_OLDAUTHTOK, the new one PAM_AUTHTOK */
        bool was_taken;  /* the one chance of the earlier password is gone */
        Secret *current; /* owned: the answers given last */
        Secret *new;
} Tokens;

void tokens_done(Tokens *tokens);

/**
 * tokens_answer() - is the step to be answered without asking?
 * @ret: owned by the caller; NULL when the person is to be asked
 *
 * Only TOKEN_CURRENT ever is, and only once.
 *
 * Return: PAM_SUCCESS; PAM_AUTH_ERR when the person must not be asked and nothing else can be answered;
 * PAM_BUF_ERR.
 */
int tokens_answer(Tokens *tokens, pam_handle_t *handle, const Step *step, Secret **ret);

/** tokens_keep() - remember @answer if it is a token. Return: PAM_SUCCESS or PAM_BUF_ERR. */
int tokens_keep(Tokens *tokens, const Step *step, const Secret *answer);

/**
 * tokens_write() - hand on what was right
 * @step: STEP_DONE, granting
 *
 * Return: PAM_SUCCESS, or an error; the items are then empty.
 */
int tokens_write(const Tokens *tokens, pam_handle_t *handle, const Step *step);

/** tokens_erase() - nothing is handed on after all */
void tokens_erase(const Tokens *tokens, pam_handle_t *handle);
