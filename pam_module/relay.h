/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Relay: a step goes to the application's conversation function, an answer comes back
 *
 * Texts are data: they are handed over as they are and never serve as a format. An answer goes straight
 * into a Secret; the application's copy is erased over its full length and freed on every path. */

#include <security/pam_modules.h>

#include "lib/common/secret.h"
#include "lib/common/step.h"

/* Highest number of steps in one login; a daemon that goes on for ever ends in PAM_SYSTEM_ERR. */
#define RELAY_STEPS_MAX 1000

/* How much is shown. */
typedef enum RelayVoice {
        RELAY_NORMAL,
        RELAY_SILENT, /* PAM_SILENT: prompts only, which then carry what is needed to answer them */
} RelayVoice;

/**
 * relay_step() - show a step, and bring the answer if it asks for one
 * @step: validated, not terminal
 * @ret_answer: owned by the caller; NULL for a step that does not ask
 *
 * Return: PAM_SUCCESS when the login goes on (it grants nothing); PAM_CONV_ERR when the application
 * cannot or will not ask, PAM_AUTH_ERR when the answer is longer than LIMIT_ANSWER_BYTES, PAM_BUF_ERR,
 * PAM_SYSTEM_ERR.
 */
int relay_step(pam_handle_t *handle, const Step *step, RelayVoice voice, Secret **ret_answer);

/** relay_end() - show what the last step has to say. Nothing depends on whether that works. */
void relay_end(pam_handle_t *handle, const Step *step, RelayVoice voice);

/** relay_error() - show one line as an error, unless silent */
void relay_error(pam_handle_t *handle, const char *text, RelayVoice voice);
