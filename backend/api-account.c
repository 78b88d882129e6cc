/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A new account password: the present one is tested like at a login, then the new one is hashed,
 * then everything that was given out under the old one ends, but for the token that asks. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/captcha-answer.h"
#include "backend/guess.h"
#include "backend/model-audit.h"
#include "backend/report.h"
#include "backend/routes.h"
#include "lib/common/password-rule.h"

#define UNCONST(s) ((char *)(uintptr_t)(s))

static int answer_with_captcha(Request *request, WireProblem *problem) {
        _cleanup_(transaction_done) Transaction transaction = {};
        bool wrong = problem->captcha.wrong;
        int r;

        r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = captcha_answer(request->server->store, request->token.hash,
                                   request->attempt.guard_key, request->now, &problem->captcha);
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r == 0) {
                problem->captcha.wrong = wrong;
                request_problem(request, MHD_HTTP_FORBIDDEN, problem);
        }
        captcha_answer_done(&problem->captcha);
        return r;
}

static int password_put(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        int r, q;

        if (request->job.result < 0)
                return request->job.result;
        r = transaction_begin(request->server->store, &transaction);
        if (r < 0)
                return r;
        q = account_set_password(request->server->store, request->account.id,
                                 request->account.password_hash, request->job.hash,
                                 request->token.hash);
        if (q == 0) {
                char who[sizeof("account:") + LIMIT_ACCOUNT_BYTES];

                (void)snprintf(who, sizeof(who), "account:%s", request->account.login_name);
                q = audit_add(request->server->store, request->now, who, "password change",
                              request->account.login_name, "");
        }
        if (q < 0)
                return q;
        r = transaction_commit(&transaction);
        if (r < 0)
                return r;

        if (q == 0)
                request_literal(request, MHD_HTTP_OK, "{}");
        else /* another password by now, or disabled: the token is not worth anything either */
                request_refuse(request, MHD_HTTP_UNAUTHORIZED, "unauthorized");
        waiters_wake(&request->server->waiters, NULL);
        return 0;
}

static void on_hashed(HashJob *job) {
        Request *request = job->userdata;
        int r;

        r = password_put(request);
        explicit_bzero(&request->job, sizeof(request->job));
        if (r < 0)
                request_fail(request, r);
}

/* The try is given back at once: whatever becomes of the new password, this one was right. */
static int answer_right(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        const char *new_password = request_field(request, "new_password");
        int r;

        r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = guard_give_back(request->server->store, request->attempt.guard_key,
                                    &request->attempt.take);
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r < 0)
                return r;

        if (strcmp(new_password, request->attempt.password) == 0) {
                request_refuse(request, MHD_HTTP_FORBIDDEN, "password-same");
                return 0;
        }
        request->job = (HashJob){ .kind = HASH_MAKE,
                                  .password = new_password,
                                  .done = on_hashed,
                                  .userdata = request };
        if (hash_pool_submit(request->server->pool, &request->job) != 0)
                request_busy(request);
        return 0;
}

static int answer_verdict(Request *request) {
        const Attempt *attempt = &request->attempt;

        switch (attempt->verdict) {
        case ATTEMPT_RIGHT:
                return answer_right(request);
        case ATTEMPT_WRONG:
                return answer_with_captcha(request,
                                           &(WireProblem){ .type = UNCONST("password-wrong"),
                                                           .attempts_left = attempt->tries_left });
        case ATTEMPT_LOCKED_NOW:
        case ATTEMPT_LOCKED:
                request_problem(request, MHD_HTTP_FORBIDDEN,
                                &(const WireProblem){ .type = UNCONST("account-locked"),
                                                      .attempts_left = -1,
                                                      .retry_after = attempt->retry_after_sec });
                return 0;
        case ATTEMPT_CAPTCHA:
        case ATTEMPT_CAPTCHA_WRONG:
                return answer_with_captcha(
                        request, &(WireProblem){ .type = UNCONST("password-captcha-required"),
                                                 .attempts_left = -1,
                                                 .captcha.wrong = attempt->verdict ==
                                                                  ATTEMPT_CAPTCHA_WRONG });
        case ATTEMPT_BUSY:
                request_busy(request);
                return 0;
        case ATTEMPT_FAILED:
        case _ATTEMPT_VERDICT_MAX:
                break;
        }
        return -EIO;
}

static void on_attempt(Attempt *attempt) {
        Request *request = attempt->userdata;
        int r;

        guess_ended(request);
        r = answer_verdict(request);
        if (r < 0)
                request_fail(request, r);
}

static int password_change(Request *request) {
        const char *current, *fresh, *refresh = request_field(request, "refresh");
        Attempt *attempt = &request->attempt;
        int r;

        if (request_field_max(request, "current_password", LIMIT_PASSWORD_BYTES, &current) < 0 ||
            request_field_max(request, "new_password", LIMIT_PASSWORD_BYTES, &fresh) < 0 ||
            request_field_max(request, "captcha_id", HASH_HEX_BYTES, &attempt->captcha_id) < 0 ||
            request_field_max(request, "captcha_answer", LIMIT_CAPTCHA_ANSWER_BYTES,
                              &attempt->captcha_answer) < 0)
                return -EINVAL;

        r = account_get(request->server->store, request->token.account_id, &request->account);
        if (r == 0)
                r = account_guard_key(request->server->store, request->account.login_name,
                                      request->account.id, attempt->guard_key);
        if (r != 0)
                return r;

        if (refresh) {
                if (strcmp(refresh, "captcha") != 0 || current || fresh)
                        return -EINVAL;
                return answer_with_captcha(
                        request, &(WireProblem){ .type = UNCONST("password-captcha-required"),
                                                 .attempts_left = -1 });
        }
        if (!current || !fresh)
                return -EINVAL;
        if (password_rules_broken(fresh, strlen(fresh)) != 0) {
                request_refuse(request, MHD_HTTP_FORBIDDEN, "password-weak");
                return 0;
        }

        memcpy(attempt->session_hash, request->token.hash, sizeof(attempt->session_hash));
        memcpy(attempt->hash, request->account.password_hash, sizeof(attempt->hash));
        attempt->password = current;
        attempt->done = on_attempt;
        attempt->userdata = request;
        attempt_start(request->server->attempts, attempt);
        return 0;
}

void api_password(Request *request) {
        int r;

        r = password_change(request);
        if (r == -EINVAL)
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "bad-request");
        else if (r < 0)
                request_fail(request, r);
        else if (r > 0) /* the account is gone */
                request_refuse(request, MHD_HTTP_UNAUTHORIZED, "unauthorized");
}
