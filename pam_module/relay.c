/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Relay: the layouts of step.h as PAM messages. One message for each call of the conversation function:
 * that is what every application was tested with. */

#include <errno.h>
#include <string.h>

#include "lib/client/show.h"
#include "lib/common/limits.h"
#include "pam_module/relay.h"

/* Erase and free what the application handed over; it may hold a password even if it reported an error. */
static void response_freep(struct pam_response **response) {
        if (!*response)
                return;
        if ((*response)->resp) {
                explicit_bzero((*response)->resp, strlen((*response)->resp));
                free((*response)->resp);
        }
        free(*response);
}

static int converse_once(pam_handle_t *handle, int style, const char *text, struct pam_response **ret) {
        const struct pam_message message = { .msg_style = style, .msg = text };
        const struct pam_message *messages = &message;
        _cleanup_(response_freep) struct pam_response *response = NULL;
        const struct pam_conv *conv;
        const void *item = NULL;

        if (pam_get_item(handle, PAM_CONV, &item) != PAM_SUCCESS || !item)
                return PAM_CONV_ERR;
        conv = item;
        if (!conv->conv)
                return PAM_CONV_ERR;

        /* PAM_CONV_AGAIN would need a module that can be resumed in the middle; it counts as an error. */
        if (conv->conv(1, &messages, &response, conv->appdata_ptr) != PAM_SUCCESS)
                return PAM_CONV_ERR;

        *ret = TAKE_PTR(response);
        return PAM_SUCCESS;
}

static int tell(pam_handle_t *handle, int style, const char *text) {
        _cleanup_(response_freep) struct pam_response *response = NULL;

        return converse_once(handle, style, text, &response);
}

static int ask(pam_handle_t *handle, int style, const char *text, Secret **ret_answer) {
        _cleanup_(response_freep) struct pam_response *response = NULL;
        size_t n;
        int code;

        code = converse_once(handle, style, text, &response);
        if (code != PAM_SUCCESS)
                return code;
        if (!response || !response->resp)
                return PAM_CONV_ERR;

        /* Never cut: the start of a long answer could be somebody's password. */
        n = strlen(response->resp);
        if (n > LIMIT_ANSWER_BYTES)
                return PAM_AUTH_ERR;
        return secret_new_from(response->resp, n, ret_answer) < 0 ? PAM_BUF_ERR : PAM_SUCCESS;
}

static int tell_lines(pam_handle_t *handle, int style, char *body) {
        char *rest = body, *line;

        while ((line = strsep(&rest, "\n"))) {
                int code;

                if (line[0] == '\0')
                        continue;
                code = tell(handle, style, line);
                if (code != PAM_SUCCESS)
                        return code;
        }
        return PAM_SUCCESS;
}

/* Show what precedes the prompt, as far as it is a message of its own. */
static int tell_step(pam_handle_t *handle, const Step *step, int style) {
        _cleanup_(freep) char *text = NULL;

        switch (step->layout) {
        case LAYOUT_BARE:
                return PAM_SUCCESS;
        case LAYOUT_LINES:
                if (show_body(step, &text) < 0)
                        return PAM_BUF_ERR;
                return text ? tell_lines(handle, style, text) : PAM_SUCCESS;
        case LAYOUT_FOLDED:
                if (step->prompt)
                        return PAM_SUCCESS;
                if (show_folded(step, &text) < 0)
                        return PAM_BUF_ERR;
                return text ? tell(handle, style, text) : PAM_SUCCESS;
        case _STEP_LAYOUT_MAX:
                break;
        }
        return PAM_SYSTEM_ERR;
}

static int ask_step(pam_handle_t *handle, const Step *step, int style, RelayVoice voice,
                    Secret **ret_answer) {
        _cleanup_(freep) char *text = NULL;
        int code;

        /* Under PAM_SILENT the lines have no message of their own, so they are folded into the prompt. */
        if (step->layout == LAYOUT_BARE || (step->layout == LAYOUT_LINES && voice != RELAY_SILENT)) {
                code = tell_step(handle, step, PAM_TEXT_INFO);
                return code != PAM_SUCCESS ? code : ask(handle, style, step->prompt, ret_answer);
        }

        if (show_folded(step, &text) < 0)
                return PAM_BUF_ERR;
        return ask(handle, style, text, ret_answer);
}

int relay_step(pam_handle_t *handle, const Step *step, RelayVoice voice, Secret **ret_answer) {
        switch (step->kind) {
        case STEP_INFO:
        case STEP_SCAN:
                return voice == RELAY_SILENT ? PAM_SUCCESS : tell_step(handle, step, PAM_TEXT_INFO);
        case STEP_PROMPT_ECHO:
        case STEP_CHOICE:
                return ask_step(handle, step, PAM_PROMPT_ECHO_ON, voice, ret_answer);
        case STEP_PROMPT_SECRET:
                return ask_step(handle, step, PAM_PROMPT_ECHO_OFF, voice, ret_answer);
        case STEP_DONE:
        case STEP_FAIL:
        case _STEP_KIND_MAX:
                break;
        }
        return PAM_SYSTEM_ERR;
}

void relay_end(pam_handle_t *handle, const Step *step, RelayVoice voice) {
        if (voice != RELAY_SILENT)
                (void)tell_step(handle, step, step->kind == STEP_FAIL ? PAM_ERROR_MSG : PAM_TEXT_INFO);
}

void relay_error(pam_handle_t *handle, const char *text, RelayVoice voice) {
        if (voice != RELAY_SILENT)
                (void)tell(handle, PAM_ERROR_MSG, text);
}
