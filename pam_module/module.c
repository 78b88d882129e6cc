/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Module: the six entry points of pam_itax.so
 *
 * Thin on purpose: the daemon decides what is asked and what it means. What is decided here:
 *
 *      authenticate   success only from a granting step, for the user the application named
 *      setcred        success where this login can be seen, in the handle or in the PAM environment
 *                     (sshd sets credentials in another process than the one that asked, and a stack
 *                     that ends in pam_deny would fail there); else not our affair. It lets nobody in.
 *      acct_mgmt      for a login of ours the platform is asked once more, and its word counts. A key login
 *                     of sshd and cron come here without one: not our affair, unless option "others" says
 *                     otherwise.
 *      session        a login of ours is reported to the daemon; else not our affair. The report cannot fail
 *                     the session: the person is in, and a daemon that is being restarted would else put
 *                     everybody out who comes through the door at that moment.
 *      chauthtok      the account password of a user who has an account; else not our affair, so that
 *                     passwd(1) goes on to pam_unix. An expired local password is not our affair either.
 *
 * PAM_IGNORE says "not our affair" and never stands for an error. */

#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <string.h>
#include <syslog.h>

#include "lib/common/text.h"
#include "pam_module/codes.h"
#include "pam_module/record.h"
#include "pam_module/visit.h"

static const char *shown(const char *s) {
        return s ? s : "-";
}

/* A login leaves its marks, and the password that proved it. */
static int keep_login(Visit *visit) {
        int code;

        code = tokens_write(&visit->tokens, visit->handle, &visit->step);
        if (code != PAM_SUCCESS)
                return code;
        code = record_write(visit->handle, &visit->step);
        if (code != PAM_SUCCESS)
                tokens_erase(&visit->tokens, visit->handle);
        return code;
}

/* Whoever has changed a password has not logged in by that. */
static int keep_tokens(Visit *visit) {
        return tokens_write(&visit->tokens, visit->handle, &visit->step);
}

static int authenticate(Visit *visit, int flags) {
        visit->purpose = visit->options.only; /* "unit", its one value */
        visit->keep = keep_login;
        if (visit->options.only && !visit->user)
                return visit_end(visit, "user-missing", PAM_USER_UNKNOWN);
        return visit_converse(visit, flags);
}

static void log_login(const Visit *visit, int code) {
        _cleanup_(freep) char *account = NULL;

        if (visit->word) {
                pam_syslog(visit->handle, LOG_INFO, "refused: reason=%s code=%d", visit->word, code);
                return;
        }
        if (visit->step.account)
                (void)text_mask(visit->step.account, &account);
        pam_syslog(visit->handle, LOG_INFO, "granted: user=%s account=%s unit=%s method=%s",
                   visit->step.user, shown(account), shown(visit->step.unit), visit->step.method);
}

_export_ int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        _cleanup_(visit_done) Visit visit;
        int code;

        code = visit_init(&visit, pamh, flags, argc, argv);
        record_clear(pamh);
        if (code == PAM_SUCCESS)
                code = authenticate(&visit, flags);
        log_login(&visit, code);
        return code;
}

_export_ int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        _cleanup_(visit_done) Visit visit;

        if (visit_init(&visit, pamh, flags, argc, argv) == PAM_SERVICE_ERR)
                return PAM_SERVICE_ERR;
        return record_is_login(pamh) || record_is_session(pamh) ? PAM_SUCCESS : PAM_IGNORE;
}

static int check(Visit *visit, ClientVerdict *ret) {
        const ClientRequest request = visit_request(visit);
        int r;

        r = client_check(&request, ret);
        return r == 0 ? PAM_SUCCESS : visit_end(visit, word_from_client(r), code_from_client(r));
}

/* A user who did not log in through us. */
static int judge_other(Visit *visit) {
        const char *others = visit->options.others;
        ClientVerdict verdict;
        int code;

        if (!others || strcmp(others, "ignore") == 0)
                return visit_end(visit, NULL, PAM_IGNORE);
        if (strcmp(others, "deny") == 0)
                return visit_end(visit, "others", PAM_PERM_DENIED);

        code = check(visit, &verdict);
        if (code != PAM_SUCCESS)
                return code;
        switch (verdict) {
        case CLIENT_NOT_OURS:
                return visit_end(visit, NULL, PAM_IGNORE);
        case CLIENT_MAPPED:
                return visit_end(visit, "others", PAM_PERM_DENIED);
        case CLIENT_DENIED:
        case CLIENT_UNIT:
        case CLIENT_UNAVAILABLE:
                return visit_end(visit, word_from_verdict(verdict), code_from_verdict(verdict));
        case CLIENT_GRANTED: /* of no session: nonsense */
        case _CLIENT_VERDICT_MAX:
                break;
        }
        return visit_end(visit, "daemon-protocol", PAM_SYSTEM_ERR);
}

/* A name that nobody of ours can have. */
static int judge_unfit(Visit *visit) {
        const char *others = visit->options.others;

        if (others && strcmp(others, "deny") == 0)
                return visit_end(visit, "others", PAM_PERM_DENIED);
        return visit_end(visit, NULL, PAM_IGNORE);
}

static int judge(Visit *visit) {
        ClientVerdict verdict;
        int code;

        /* The decision was made a moment ago in this very process, and itaxd keeps nothing to repeat it by. */
        if (!visit->session[0] && record_is_login(visit->handle))
                return visit_end(visit, NULL, PAM_SUCCESS);
        if (!visit->user)
                return visit->options.others ? visit_end(visit, "user-missing", PAM_USER_UNKNOWN) :
                                               visit_end(visit, NULL, PAM_IGNORE);
        if (!visit->session[0])
                return judge_other(visit);

        code = check(visit, &verdict);
        if (code != PAM_SUCCESS)
                return code;
        code = code_from_verdict(verdict);
        return visit_end(visit, code == PAM_SUCCESS ? NULL : word_from_verdict(verdict), code);
}

_export_ int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        _cleanup_(visit_done) Visit visit;
        int code;

        code = visit_init(&visit, pamh, flags, argc, argv);
        if (code == PAM_USER_UNKNOWN)
                code = judge_unfit(&visit);
        else if (code == PAM_SUCCESS)
                code = judge(&visit);
        if (visit.word)
                pam_syslog(pamh, LOG_INFO, "account refused: reason=%s code=%d", visit.word, code);
        return code;
}

static int report_open(const Visit *visit) {
        const ClientRequest request = visit_request(visit);

        return client_open_session(&request);
}

static int report_close(const Visit *visit) {
        return client_close_session(visit->session);
}

static int report(pam_handle_t *handle, int argc, const char **argv, int (*how)(const Visit *visit)) {
        _cleanup_(visit_done) Visit visit;
        int code, r;

        code = visit_init(&visit, handle, 0, argc, argv);
        if (code != PAM_SUCCESS)
                return code == PAM_USER_UNKNOWN ? PAM_IGNORE : code;
        if (!record_is_session(handle))
                return PAM_IGNORE;
        if (!visit.session[0])
                return PAM_SUCCESS;

        r = how(&visit);
        if (r != 0)
                pam_syslog(handle, LOG_WARNING, "session not reported: reason=%s", word_from_client(r));
        return PAM_SUCCESS;
}

_export_ int pam_sm_open_session(pam_handle_t *pamh, _unused_ int flags, int argc, const char **argv) {
        return report(pamh, argc, argv, report_open);
}

_export_ int pam_sm_close_session(pam_handle_t *pamh, _unused_ int flags, int argc, const char **argv) {
        return report(pamh, argc, argv, report_close);
}

/* Is it the account password that this user changes? Return: PAM_SUCCESS, PAM_IGNORE, or an error. */
static int prepare(Visit *visit) {
        ClientVerdict verdict;
        int code;

        if (!visit->user)
                return visit_end(visit, "user-missing", PAM_USER_UNKNOWN);
        visit->session[0] = '\0'; /* whose password it is follows from the user alone */
        code = check(visit, &verdict);
        if (code != PAM_SUCCESS)
                return code;
        if (verdict == CLIENT_MAPPED || verdict == CLIENT_NOT_OURS)
                return visit_end(visit, NULL, verdict == CLIENT_MAPPED ? PAM_SUCCESS : PAM_IGNORE);
        code = code_from_verdict(verdict);
        return visit_end(visit, word_from_verdict(verdict), code == PAM_SUCCESS ? PAM_SYSTEM_ERR : code);
}

/* The second pass of a user of ours. What a stack may take for "not our affair" is a failure here: pam_unix
 * behind us was passed over in the first pass, has asked for no password, and would set one. */
static int update(Visit *visit, int flags) {
        int code;

        visit->purpose = "password";
        visit->keep = keep_tokens;
        visit->tokens.is_change = true;
        /* Options of a login say nothing here. */
        visit->options.method = visit->options.unit = NULL;
        visit->options.max_age_sec = 0;
        code = visit_converse(visit, flags & PAM_SILENT);
        return code == PAM_AUTHINFO_UNAVAIL || code == PAM_USER_UNKNOWN ? PAM_AUTHTOK_ERR : code;
}

/* libpam calls both passes, and the second one also for a module that had nothing to say in the first. It
 * is then to say the same, whatever has changed meanwhile. */
static int change_password(Visit *visit, int flags) {
        int code;

        if (flags & PAM_PRELIM_CHECK) {
                code = prepare(visit);
                return record_write_prelim(visit->handle, code) == PAM_SUCCESS ?
                               code :
                               visit_end(visit, "out-of-memory", PAM_BUF_ERR);
        }
        code = record_prelim(visit->handle);
        if (code != PAM_SUCCESS)
                return visit_end(visit, code == PAM_IGNORE ? NULL : "first-pass", code);
        return update(visit, flags);
}

_export_ int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        _cleanup_(visit_done) Visit visit;
        int code;

        code = visit_init(&visit, pamh, flags, argc, argv);
        if (code == PAM_USER_UNKNOWN || (code == PAM_SUCCESS && (flags & PAM_CHANGE_EXPIRED_AUTHTOK)))
                return PAM_IGNORE;
        if (code == PAM_SUCCESS)
                code = change_password(&visit, flags);
        if (visit.word)
                pam_syslog(pamh, LOG_INFO, "password not changed: reason=%s code=%d", visit.word, code);
        else if (code == PAM_SUCCESS && (flags & PAM_UPDATE_AUTHTOK))
                pam_syslog(pamh, LOG_INFO, "password changed: user=%s", visit.step.user);
        return code;
}
