/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Token: two secrets, and the two items of libpam. The items are libpam's own memory, erased by it. */

#include <string.h>

#include "lib/common/limits.h"
#include "pam_module/token.h"

void tokens_done(Tokens *tokens) {
        tokens->current = secret_free(tokens->current);
        tokens->new = secret_free(tokens->new);
}

static int current_item(const Tokens *tokens) {
        return tokens->is_change ? PAM_OLDAUTHTOK : PAM_AUTHTOK;
}

/* An empty one would lead to the QR code, and a long one is nobody's password. */
static int take_item(const Tokens *tokens, pam_handle_t *handle, Secret **ret) {
        const void *item = NULL;
        size_t n;

        if (pam_get_item(handle, current_item(tokens), &item) != PAM_SUCCESS || !item)
                return PAM_SUCCESS;
        n = strnlen(item, LIMIT_ANSWER_BYTES + 1);
        if (n == 0 || n > LIMIT_ANSWER_BYTES)
                return PAM_SUCCESS;
        return secret_new_from(item, n, ret) < 0 ? PAM_BUF_ERR : PAM_SUCCESS;
}

int tokens_answer(Tokens *tokens, pam_handle_t *handle, const Step *step, Secret **ret) {
        _cleanup_(secret_freep) Secret *answer = NULL;
        int code;

        if (step->token != TOKEN_CURRENT || tokens->first_pass == FIRST_PASS_NONE)
                return PAM_SUCCESS;
        if (!tokens->was_taken) {
                tokens->was_taken = true;
                code = take_item(tokens, handle, &answer);
                if (code != PAM_SUCCESS)
                        return code;
        }
        if (!answer && tokens->first_pass == FIRST_PASS_USE)
                return PAM_AUTH_ERR;

        *ret = TAKE_PTR(answer);
        return PAM_SUCCESS;
}

static Secret **place_of(Tokens *tokens, StepToken token) {
        switch (token) {
        case TOKEN_CURRENT:
                return &tokens->current;
        case TOKEN_NEW:
                return &tokens->new;
        case TOKEN_NONE:
        case _STEP_TOKEN_MAX:
                break;
        }
        return NULL;
}

int tokens_keep(Tokens *tokens, const Step *step, const Secret *answer) {
        Secret **place = place_of(tokens, step->token);

        if (!place || !answer)
                return PAM_SUCCESS;
        *place = secret_free(*place);
        if (secret_dup(answer, place) < 0)
                return PAM_BUF_ERR;
        /* One answer for all: the account password, a space, the declaration password. */
        if (step->layout == LAYOUT_BARE)
                secret_truncate(*place, strcspn(secret_text(*place), " "));
        return PAM_SUCCESS;
}

static int write_item(pam_handle_t *handle, int type, const Secret *token) {
        return secret_size(token) > 0 ? pam_set_item(handle, type, secret_text(token)) : PAM_SUCCESS;
}

int tokens_write(const Tokens *tokens, pam_handle_t *handle, const Step *step) {
        int code;

        /* Somebody may have tried a password, and then have used the phone. */
        if (strcmp(step->method, "password") != 0)
                return PAM_SUCCESS;
        code = write_item(handle, current_item(tokens), tokens->current);
        if (code == PAM_SUCCESS && tokens->is_change)
                code = write_item(handle, PAM_AUTHTOK, tokens->new);
        if (code != PAM_SUCCESS)
                tokens_erase(tokens, handle);
        return code;
}

void tokens_erase(const Tokens *tokens, pam_handle_t *handle) {
        (void)pam_set_item(handle, current_item(tokens), NULL);
        if (tokens->is_change)
                (void)pam_set_item(handle, PAM_AUTHTOK, NULL);
}
