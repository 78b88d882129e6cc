/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Logins through libpam, as an application does them: handle, authenticate, end */

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/common/util.h"
#include "tests/bench/bench.h"

static int answer(int style, const BenchLogin *login, char **ret) {
        *ret = NULL;
        if (style == PAM_PROMPT_ECHO_OFF)
                *ret = strdup(login->password);
        else if (style == PAM_PROMPT_ECHO_ON)
                *ret = strdup(login->account);
        else
                return 0;
        return *ret ? 0 : -1;
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *userdata) {
        BenchLogin *login = userdata;
        struct pam_response *responses;

        responses = calloc((size_t)n, sizeof(*responses));
        if (!responses)
                return PAM_BUF_ERR;

        for (int i = 0; i < n; i++) {
                if (login->heard)
                        login->heard(messages[i]->msg, login->userdata);
                /* More prompts than a right password needs: it was not right. */
                if (answer(messages[i]->msg_style, login, &responses[i].resp) < 0 ||
                    (responses[i].resp && ++login->n_answers > 2)) {
                        for (int k = 0; k <= i; k++)
                                free(responses[k].resp);
                        free(responses);
                        return PAM_CONV_ERR;
                }
        }
        *ret = responses;
        return PAM_SUCCESS;
}

int bench_authenticate(BenchLogin *login) {
        const struct pam_conv conv = { .conv = converse, .appdata_ptr = login };
        pam_handle_t *handle = NULL;
        int code;

        login->n_answers = 0;
        if (pam_start(login->service, login->user, &conv, &handle) != PAM_SUCCESS)
                return -1;
        code = pam_authenticate(handle, 0);
        (void)pam_end(handle, code);
        if (code != PAM_SUCCESS)
                fprintf(stderr, "%s: %s\n", login->user, pam_strerror(NULL, code));
        return code == PAM_SUCCESS ? 0 : -1;
}
