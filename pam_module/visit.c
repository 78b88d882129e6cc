/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Visit: steps come, answers go. What is decided here is who has won: a granting step, for the user the
 * application named. */

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <security/pam_ext.h>
#include <string.h>
#include <syslog.h>

#include "lib/common/text.h"
#include "pam_module/codes.h"
#include "pam_module/record.h"
#include "pam_module/visit.h"

#define KEY "key" /* what it says has no meaning */

const char *visit_get_item(pam_handle_t *handle, int type) {
        const void *item = NULL;

        return pam_get_item(handle, type, &item) == PAM_SUCCESS ? item : NULL;
}

int visit_end(Visit *visit, const char *word, int code) {
        visit->word = word;
        return code;
}

static bool read_options(pam_handle_t *handle, int argc, const char **argv, Options *ret) {
        static const char *const words[] = {
                [OPTIONS_E_UNKNOWN] = "unknown option",
                [OPTIONS_E_VALUE] = "bad value",
                [OPTIONS_E_TWICE] = "option given twice",
                [OPTIONS_E_CONFLICT] = "option that contradicts another",
        };
        const char *argument = NULL;
        int r;

        r = options_parse(argc, argv, ret, &argument);
        if (r == 0)
                return true;
        pam_syslog(handle, LOG_ERR, "%s: %s; the line is refused", words[r], argument);
        return false;
}

/* A name that no local user of ours can have; the daemon need not be asked. */
static bool user_is_fit(const char *user) {
        return user[0] != '\0' && strnlen(user, LIMIT_USER_BYTES + 1) <= LIMIT_USER_BYTES &&
               text_is_showable(user) && !strchr(user, '\n');
}

static FirstPass first_pass_of(const Options *options) {
        if (options->use_first_pass)
                return FIRST_PASS_USE;
        return options->try_first_pass ? FIRST_PASS_TRY : FIRST_PASS_NONE;
}

int visit_init(Visit *visit, pam_handle_t *handle, int flags, int argc, const char **argv) {
        const char *user, *session;

        *visit = (Visit){ .handle = handle, .word = "error" };
        if (!read_options(handle, argc, argv, &visit->options))
                return visit_end(visit, "line", PAM_SERVICE_ERR);
        visit->voice = visit->options.quiet || (flags & PAM_SILENT) ? RELAY_SILENT : RELAY_NORMAL;
        visit->tokens.first_pass = first_pass_of(&visit->options);

        /* Copies: the application may replace the one, and a new login the other. */
        session = record_session(handle);
        if (session)
                memcpy(visit->session, session, sizeof(visit->session));
        user = visit_get_item(handle, PAM_USER);
        if (!user)
                return PAM_SUCCESS;
        if (!user_is_fit(user))
                return visit_end(visit, "user-unfit", PAM_USER_UNKNOWN);
        visit->user = strdup(user);
        return visit->user ? PAM_SUCCESS : visit_end(visit, "out-of-memory", PAM_BUF_ERR);
}

void visit_done(Visit *visit) {
        terminal_restore(&visit->terminal);
        tokens_done(&visit->tokens);
        step_done(&visit->step);
        free(visit->user);
        visit->user = NULL;
}

static bool user_is_unchanged(const Visit *visit) {
        const char *now = visit_get_item(visit->handle, PAM_USER);

        if (!now || !visit->user)
                return now == visit->user;
        return strcmp(now, visit->user) == 0;
}

ClientRequest visit_request(const Visit *visit) {
        return (ClientRequest){
                .service = visit_get_item(visit->handle, PAM_SERVICE),
                .user = visit->user,
                .tty = visit_get_item(visit->handle, PAM_TTY),
                .rhost = visit_get_item(visit->handle, PAM_RHOST),
                .session = visit->session[0] ? visit->session : NULL,
        };
}

/* Can the person type while a code is shown? Not where the code comes with a prompt. */
static bool has_keys(const Visit *visit) {
        const char *prompts = visit->options.prompts;

        return visit->terminal.is_ours &&
               (!prompts || strcmp(prompts, "auto") == 0 || strcmp(prompts, "many") == 0);
}

static int open_client(Visit *visit, int flags, Client **ret) {
        ClientRequest request = visit_request(visit);

        if (visit->voice == RELAY_NORMAL)
                terminal_init(&visit->terminal, request.tty);
        request.locale = nl_langinfo(NL_LOCALE_NAME(LC_MESSAGES)); /* can only ask, unlike setlocale() */
        request.method = visit->options.method;
        request.unit = visit->options.unit;
        request.prompts = visit->options.prompts;
        request.purpose = visit->purpose;
        request.timeout_sec = visit->options.timeout_sec;
        request.max_age_sec = visit->options.max_age_sec;
        request.silent = visit->voice == RELAY_SILENT;
        request.refuse_empty = flags & PAM_DISALLOW_NULL_AUTHTOK;
        request.keys = has_keys(visit);
        return client_open(&request, ret);
}

static void log_step(const Visit *visit) {
        if (visit->options.debug)
                pam_syslog(visit->handle, LOG_DEBUG, "step %u: %s", visit->step.serial,
                           step_kind_to_string(visit->step.kind));
}

static int send_key(Client *client) {
        _cleanup_(secret_freep) Secret *key = NULL;

        if (secret_new_from(KEY, strlen(KEY), &key) < 0)
                return -ENOMEM;
        return client_send(client, key);
}

/* Hand in an answer and wait for the next step, with an eye on the terminal while a code stands on it. A
 * key (@was_left) is sent once for each step; it holds for the next one too, should that be a code that
 * crossed it on the way. Return: as client_next(), -ECANCELED when the terminal has gone. */
static int exchange(Visit *visit, Client *client, const Secret *answer, bool *was_left) {
        bool can_leave = visit->step.kind == STEP_SCAN && visit->step.key;
        int r;

        r = client_send(client, answer);
        while (r == 0) {
                if (can_leave && *was_left) {
                        can_leave = false;
                        r = send_key(client);
                        if (r != 0)
                                break;
                }
                r = client_receive(client, terminal_fd(&visit->terminal), &visit->step);
                if (r != CLIENT_INPUT)
                        break;
                *was_left = true;
                r = terminal_discard(&visit->terminal) ? 0 : -ECANCELED;
        }
        if (r != 0 || visit->step.kind != STEP_SCAN) {
                terminal_restore(&visit->terminal);
                *was_left = false;
        }
        return r;
}

/* The answer to a step, from the person or from an earlier module. */
static int answer_step(Visit *visit, Secret **ret) {
        int code;

        if (visit->step.kind == STEP_SCAN)
                terminal_quiet(&visit->terminal);

        code = tokens_answer(&visit->tokens, visit->handle, &visit->step, ret);
        if (code == PAM_AUTH_ERR)
                return visit_end(visit, "first-pass", code);
        if (code != PAM_SUCCESS)
                return visit_end(visit, "out-of-memory", code);
        if (!*ret) {
                code = relay_step(visit->handle, &visit->step, visit->voice, ret);
                if (code != PAM_SUCCESS)
                        return visit_end(visit, code == PAM_AUTH_ERR ? "answer-too-long" : "conversation",
                                         code);
        }
        code = tokens_keep(&visit->tokens, &visit->step, *ret);
        return code == PAM_SUCCESS ? code : visit_end(visit, "out-of-memory", code);
}

/* The last step is there. Of all that ends here, one return grants. */
static int conclude(Visit *visit) {
        Step *step = &visit->step;
        int code;

        if (step->kind == STEP_FAIL) {
                /* Root typed "root" where an account was asked for: whoever comes next in the stack
                 * need not ask for the name again. It grants nothing. */
                if (step->user && !visit->user && user_is_unchanged(visit))
                        (void)pam_set_item(visit->handle, PAM_USER, step->user);
                relay_end(visit->handle, step, visit->voice);
                return visit_end(visit, step_reason_to_string(step->reason), code_from_step(step));
        }
        if (!step_grants(step, visit->user) || !user_is_unchanged(visit))
                return visit_end(visit, "wrong-user", code_from_step(step));

        code = visit->keep(visit);
        if (code != PAM_SUCCESS)
                return visit_end(visit, "record", code);
        relay_end(visit->handle, step, visit->voice);
        visit->word = NULL;
        return PAM_SUCCESS;
}

int visit_converse(Visit *visit, int flags) {
        _cleanup_(client_freep) Client *client = NULL;
        bool was_left = false;
        int r, code;

        r = open_client(visit, flags, &client);
        if (r == 0)
                r = client_next(client, NULL, &visit->step);
        for (unsigned n = 0; r == 0 && !step_is_terminal(&visit->step); n++) {
                _cleanup_(secret_freep) Secret *answer = NULL;

                log_step(visit);
                if (n == RELAY_STEPS_MAX)
                        return visit_end(visit, "endless", PAM_SYSTEM_ERR);
                code = answer_step(visit, &answer);
                if (code != PAM_SUCCESS)
                        return code;
                r = exchange(visit, client, answer, &was_left);
        }
        if (r == -ECANCELED)
                return visit_end(visit, "terminal-gone", PAM_CONV_ERR);
        return r == 0 ? conclude(visit) : visit_end(visit, word_from_client(r), code_from_client(r));
}
