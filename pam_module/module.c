/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Module: the six entry points of pam_itax.so
 *
 * Thin on purpose: the daemon decides what is asked and what it means. What is decided here:
 *
 *      authenticate   success only from a granting step, for the user the application named
 *      setcred        success where this login can be seen, in the handle or in the PAM environment
 *                     (sshd sets credentials in another process than the one that asked, and a stack
 *                     that ends in pam_deny would fail there); else not our affair. It lets nobody in.
 *      acct_mgmt      success for a login through this very handle; else not our affair. A key login of
 *                     sshd and cron come here without one and get no word of ours.
 *      session        success where the PAM environment names an account; else not our affair
 *      chauthtok      refused for a login through this handle, as the account password is changed on
 *                     the platform; else not our affair, so that passwd(1) goes on to pam_unix
 *
 * PAM_IGNORE says "not our affair" and never stands for an error. PAM_AUTHTOK is left alone: only the
 * daemon knows which prompt asked for the account password. */

#include <langinfo.h>
#include <locale.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <string.h>
#include <syslog.h>

#include "lib/client/client.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"
#include "pam_module/codes.h"
#include "pam_module/options.h"
#include "pam_module/record.h"
#include "pam_module/relay.h"

/* One call of pam_sm_authenticate(). */
typedef struct Visit {
        pam_handle_t *handle; /* libpam's */
        Options options;
        RelayVoice voice;
        char *user;       /* owned copy of PAM_USER, NULL if the application set none */
        Step step;        /* the step at hand, later the last one */
        const char *word; /* how it ended, for the log: fixed words only */
} Visit;

static void visit_done(Visit *visit) {
        free(visit->user);
        step_done(&visit->step);
}

static int end(Visit *visit, const char *word, int code) {
        visit->word = word;
        return code;
}

static const char *get_item(pam_handle_t *handle, int type) {
        const void *item = NULL;

        return pam_get_item(handle, type, &item) == PAM_SUCCESS ? item : NULL;
}

static bool read_options(pam_handle_t *handle, int argc, const char **argv, Options *ret) {
        static const char *const words[] = {
                [OPTIONS_E_UNKNOWN] = "unknown option",
                [OPTIONS_E_VALUE] = "bad value",
                [OPTIONS_E_TWICE] = "option given twice",
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

static bool user_is_unchanged(const Visit *visit) {
        const char *now = get_item(visit->handle, PAM_USER);

        if (!now || !visit->user)
                return now == visit->user;
        return strcmp(now, visit->user) == 0;
}

static int open_client(Visit *visit, int flags, Client **ret) {
        const ClientRequest request = {
                .service = get_item(visit->handle, PAM_SERVICE),
                .user = visit->user,
                .tty = get_item(visit->handle, PAM_TTY),
                .rhost = get_item(visit->handle, PAM_RHOST),
                .locale = nl_langinfo(NL_LOCALE_NAME(LC_MESSAGES)), /* can only ask, unlike setlocale() */
                .method = visit->options.method,
                .unit = visit->options.unit,
                .prompts = visit->options.prompts,
                .silent = visit->voice == RELAY_SILENT,
                .refuse_empty = flags & PAM_DISALLOW_NULL_AUTHTOK,
        };

        return client_open(&request, ret);
}

static void log_step(const Visit *visit) {
        if (visit->options.debug)
                pam_syslog(visit->handle, LOG_DEBUG, "step %u: %s", visit->step.serial,
                           step_kind_to_string(visit->step.kind));
}

/* The conversation. Of all that ends here, one return grants. */
static int converse(Visit *visit, Client *client) {
        Step *step = &visit->step;
        int code, r;

        r = client_next(client, NULL, step);
        for (unsigned n = 0; r == 0 && !step_is_terminal(step); n++) {
                _cleanup_(secret_freep) Secret *answer = NULL;

                log_step(visit);
                if (n == RELAY_STEPS_MAX)
                        return end(visit, "endless", PAM_SYSTEM_ERR);
                code = relay_step(visit->handle, step, visit->voice, &answer);
                if (code != PAM_SUCCESS)
                        return end(visit, code == PAM_AUTH_ERR ? "answer-too-long" : "conversation", code);

                r = client_next(client, answer, step);
        }
        if (r != 0)
                return end(visit, word_from_client(r), code_from_client(r));

        if (step->kind == STEP_FAIL) {
                /* Root typed "root" where an account was asked for: whoever comes next in the stack
                 * need not ask for the name again. It grants nothing. */
                if (step->user && !visit->user && user_is_unchanged(visit))
                        (void)pam_set_item(visit->handle, PAM_USER, step->user);
                relay_end(visit->handle, step, visit->voice);
                return end(visit, step_reason_to_string(step->reason), code_from_step(step));
        }
        if (!step_grants(step, visit->user) || !user_is_unchanged(visit))
                return end(visit, "wrong-user", code_from_step(step));

        code = record_write(visit->handle, step);
        if (code != PAM_SUCCESS)
                return end(visit, "record", code);
        relay_end(visit->handle, step, visit->voice);
        visit->word = NULL;
        return PAM_SUCCESS;
}

static int authenticate(Visit *visit, int flags) {
        _cleanup_(client_freep) Client *client = NULL;
        const char *user;
        int r;

        user = get_item(visit->handle, PAM_USER);
        if (user) {
                if (!user_is_fit(user))
                        return end(visit, "user-unfit", PAM_USER_UNKNOWN);
                /* A copy: the application may replace the item while it is asked something. */
                visit->user = strdup(user);
                if (!visit->user)
                        return end(visit, "out-of-memory", PAM_BUF_ERR);
        }

        r = open_client(visit, flags, &client);
        if (r != 0)
                return end(visit, word_from_client(r), code_from_client(r));
        return converse(visit, client);
}

static void log_outcome(const Visit *visit, int code) {
        _cleanup_(freep) char *account = NULL;

        if (visit->word) {
                pam_syslog(visit->handle, LOG_INFO, "refused: reason=%s code=%d", visit->word, code);
                return;
        }
        (void)text_mask(visit->step.account, &account);
        pam_syslog(visit->handle, LOG_INFO, "granted: user=%s account=%s unit=%s method=%s",
                   visit->step.user, account ? account : "-", visit->step.unit ? visit->step.unit : "-",
                   visit->step.method);
}

_export_ int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        _cleanup_(visit_done) Visit visit = { .handle = pamh, .word = "error" };
        int code;

        record_clear(pamh);
        if (!read_options(pamh, argc, argv, &visit.options))
                return PAM_SERVICE_ERR;
        visit.voice = visit.options.quiet || (flags & PAM_SILENT) ? RELAY_SILENT : RELAY_NORMAL;

        code = authenticate(&visit, flags);
        log_outcome(&visit, code);
        return code;
}

_export_ int pam_sm_setcred(pam_handle_t *pamh, _unused_ int flags, int argc, const char **argv) {
        Options options = {};

        if (!read_options(pamh, argc, argv, &options))
                return PAM_SERVICE_ERR;
        return record_is_login(pamh) || record_is_session(pamh) ? PAM_SUCCESS : PAM_IGNORE;
}

_export_ int pam_sm_acct_mgmt(pam_handle_t *pamh, _unused_ int flags, int argc, const char **argv) {
        Options options = {};

        if (!read_options(pamh, argc, argv, &options))
                return PAM_SERVICE_ERR;
        return record_is_login(pamh) ? PAM_SUCCESS : PAM_IGNORE;
}

static int answer_session(pam_handle_t *handle, int argc, const char **argv) {
        Options options = {};

        if (!read_options(handle, argc, argv, &options))
                return PAM_SERVICE_ERR;
        return record_is_session(handle) ? PAM_SUCCESS : PAM_IGNORE;
}

_export_ int pam_sm_open_session(pam_handle_t *pamh, _unused_ int flags, int argc, const char **argv) {
        return answer_session(pamh, argc, argv);
}

_export_ int pam_sm_close_session(pam_handle_t *pamh, _unused_ int flags, int argc, const char **argv) {
        return answer_session(pamh, argc, argv);
}

_export_ int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        Options options = {};

        if (!read_options(pamh, argc, argv, &options))
                return PAM_SERVICE_ERR;
        if (!record_is_login(pamh))
                return PAM_IGNORE;

        /* In the first of the two passes, before another module changes anything. The module carries no
         * translations, so the line has both languages. */
        relay_error(pamh, "请在办税服务平台修改密码。Change the password on the platform, please.",
                    options.quiet || (flags & PAM_SILENT) ? RELAY_SILENT : RELAY_NORMAL);
        return PAM_AUTHTOK_ERR;
}
