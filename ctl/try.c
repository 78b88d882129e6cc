/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Try: a login in this terminal, with the daemon alone. No PAM stack is run and nothing is opened: what
 * an administrator sees here is what a program of that service name would be told to ask. */

#include <errno.h>
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "lib/client/client.h"
#include "lib/client/show.h"

#define LABEL_WIDTH 12

/* One trial. */
typedef struct Trial {
        const char *account; /* still to be typed at the first visible prompt, or NULL */
        Step step;
} Trial;

static void trial_done(Trial *trial) {
        step_done(&trial->step);
}

static int show(const Step *step) {
        _cleanup_(freep) char *body = NULL;
        int r;

        if (step->layout == LAYOUT_BARE)
                return 0;
        r = show_body(step, &body);
        if (r < 0)
                return r;
        if (body)
                (void)printf("%s\n", body);
        (void)fflush(stdout);
        return 0;
}

static int ask_account(Trial *trial, Secret **ret) {
        const char *account = TAKE_PTR(trial->account);

        (void)printf("%s%s\n", trial->step.prompt, account);
        return secret_new_from(account, strlen(account), ret);
}

static int answer_step(Trial *trial, Secret **ret) {
        const Step *step = &trial->step;
        int r;

        r = show(step);
        if (r < 0)
                return r;

        switch (step->kind) {
        case STEP_PROMPT_ECHO:
                if (trial->account)
                        return ask_account(trial, ret);
                return terminal_ask(step->prompt, TERMINAL_ECHO, ret);
        case STEP_CHOICE:
                return terminal_ask(step->prompt, TERMINAL_ECHO, ret);
        case STEP_PROMPT_SECRET:
                return terminal_ask(step->prompt, TERMINAL_HIDE, ret);
        case STEP_INFO:
        case STEP_SCAN:
        case STEP_DONE:
        case STEP_FAIL:
        case _STEP_KIND_MAX:
                break;
        }
        return 0;
}

static int converse(Trial *trial, Client *client) {
        int r;

        r = client_next(client, NULL, &trial->step);
        while (r == 0 && !step_is_terminal(&trial->step)) {
                _cleanup_(secret_freep) Secret *answer = NULL;

                r = answer_step(trial, &answer);
                if (r != 0)
                        return r;
                r = client_next(client, answer, &trial->step);
        }
        return r != 0 ? r : show(&trial->step);
}

static void print_member(const char *label, const char *value) {
        if (!value)
                return;
        (void)printf("  ");
        label_print(stdout, label, LABEL_WIDTH, value);
}

/* One line behind the conversation, which is for a person in any case. */
static int print_json(const Step *step, const char *user) {
        const bool is_granted = step_grants(step, user);
        Json json = { .out = stdout };

        json_open(&json, NULL, '{');
        json_truth(&json, "granted", is_granted);
        if (step->kind == STEP_FAIL)
                json_string(&json, "reason", step_reason_to_string(step->reason));
        if (step->kind == STEP_DONE) {
                json_string(&json, "user", step->user);
                json_string(&json, "account", step->account);
                json_string(&json, "name", step->name);
                json_string(&json, "unit", step->unit);
                json_string(&json, "unit_name", step->unit_name);
                json_string(&json, "method", step->method);
                json_string(&json, "session", step->session);
        }
        json_close(&json, '}');
        (void)printf("\n");
        return is_granted ? CTL_OK : CTL_NO;
}

static int print_result(const Step *step, const char *user) {
        if (step->kind == STEP_FAIL) {
                (void)printf(_("refused: %s\n"), step_reason_to_string(step->reason));
                return CTL_NO;
        }
        if (!step_grants(step, user)) {
                (void)printf("%s\n", _("refused: the login is one of another user"));
                return CTL_NO;
        }

        (void)printf("%s\n", _("granted"));
        print_member(_("user"), step->user);
        print_member(_("account"), step->account);
        print_member(_("name"), step->name);
        print_member(_("unit"), step->unit);
        print_member(_("unit name"), step->unit_name);
        print_member(_("method"), step->method);
        print_member(_("session"), step->session);
        return CTL_OK;
}

int ctl_try(char **arguments, const CtlOptions *options) {
        const char *name = arguments[0];
        const bool is_user = getpwnam(name) != NULL;
        const ClientRequest request = {
                .service = options->service ? options->service : CTL_SERVICE,
                .user = is_user ? name : NULL,
                .tty = ttyname(STDIN_FILENO),
                .rhost = options->rhost,
                .locale = setlocale(LC_MESSAGES, NULL),
                .method = options->method,
                .unit = options->unit,
                .prompts = options->prompts,
        };
        _cleanup_(client_freep) Client *client = NULL;
        _cleanup_(trial_done) Trial trial = { .account = is_user ? NULL : name };
        int r;

        r = client_open(&request, &client);
        if (r == 0)
                r = converse(&trial, client);
        if (r == -ECANCELED) {
                (void)printf("%s\n", _("cancelled"));
                return CTL_NO;
        }
        if (r != 0)
                return ctl_fail(r);
        return options->json ? print_json(&trial.step, request.user) :
                               print_result(&trial.step, request.user);
}
