/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Units of the person, and the proof that the person may act for one (spec.md 3.3, 3.4). */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/answer-user.h"
#include "backend/api-certificate.h"
#include "backend/captcha-answer.h"
#include "backend/model-login.h"
#include "backend/routes.h"

#define UNCONST(s) ((char *)(uintptr_t)(s))

void api_units(Request *request) {
        _cleanup_(user_answer_done) UserAnswer user = {};
        Secret *json = NULL;
        int r;

        r = user_answer_read(request, &request->token, &user);
        if (r < 0) {
                request_fail(request, r);
                return;
        }
        if (r > 0) {
                request_refuse(request, MHD_HTTP_UNAUTHORIZED, "unauthorized");
                return;
        }
        (void)wire_units_encode(&user.wire.units, &json);
        request_json(request, MHD_HTTP_OK, json);
}

void answer_verified(Request *request, const char *method) {
        Secret *json = NULL;
        int r;

        r = login_row_unit(request->server->store, request->token.hash, request->unit.code);
        if (r < 0) {
                request_fail(request, r);
                return;
        }
        (void)wire_verification_encode(&(const WireVerification){ .code = request->unit.code,
                                                                  .name = request->unit.name,
                                                                  .method = UNCONST(method) },
                                       &json);
        request_json(request, MHD_HTTP_OK, json);
}

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

/* The person may have been taken off the unit, or its password changed, while the hash was
 * computed. */
static int answer_right(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        UnitRow now = {};
        bool same;
        int r, q;

        r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = guard_give_back(request->server->store, request->attempt.guard_key,
                                    &request->attempt.take);
        if (r < 0)
                return r;
        q = unit_find(request->server->store, request->token.account_id, request->unit.code, &now);
        same = q == 0 && strcmp(now.password_hash, request->unit.password_hash) == 0;
        explicit_bzero(&now, sizeof(now));
        if (q < 0)
                return q;
        r = transaction_commit(&transaction);
        if (r < 0)
                return r;

        if (same)
                answer_verified(request, "declaration_password");
        else
                request_refuse(request, MHD_HTTP_FORBIDDEN, "unit-not-related");
        return 0;
}

static int answer_verdict(Request *request) {
        const Attempt *attempt = &request->attempt;

        switch (attempt->verdict) {
        case ATTEMPT_RIGHT:
                return answer_right(request);
        case ATTEMPT_WRONG:
                return answer_with_captcha(request,
                                           &(WireProblem){ .type = UNCONST("unit-password-wrong"),
                                                           .attempts_left = attempt->tries_left });
        case ATTEMPT_LOCKED_NOW:
        case ATTEMPT_LOCKED:
                request_problem(request, MHD_HTTP_FORBIDDEN,
                                &(const WireProblem){ .type = UNCONST("unit-locked"),
                                                      .attempts_left = -1,
                                                      .retry_after = attempt->retry_after_sec });
                return 0;
        case ATTEMPT_CAPTCHA:
        case ATTEMPT_CAPTCHA_WRONG:
                return answer_with_captcha(
                        request, &(WireProblem){ .type = UNCONST("unit-captcha-required"),
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

        r = answer_verdict(request);
        if (r < 0)
                request_fail(request, r);
}

static int password_try(Request *request) {
        const char *password, *refresh = request_field(request, "refresh");
        Attempt *attempt = &request->attempt;

        if (request->unit.password_hash[0] == '\0' ||
            request_phase(request) == PHASE_REALNAME) {
                request_refuse(request, MHD_HTTP_FORBIDDEN, "unit-not-related");
                return 0;
        }
        if (request_field_max(request, "password", LIMIT_PASSWORD_BYTES, &password) < 0 ||
            request_field_max(request, "captcha_id", HASH_HEX_BYTES, &attempt->captcha_id) < 0 ||
            request_field_max(request, "captcha_answer", LIMIT_CAPTCHA_ANSWER_BYTES,
                              &attempt->captcha_answer) < 0)
                return -EINVAL;

        unit_guard_key(request->unit.code, attempt->guard_key);
        if (refresh) {
                if (strcmp(refresh, "captcha") != 0 || password)
                        return -EINVAL;
                return answer_with_captcha(request,
                                           &(WireProblem){ .type = UNCONST("unit-captcha-required"),
                                                           .attempts_left = -1 });
        }
        if (!password)
                return -EINVAL;

        memcpy(attempt->session_hash, request->token.hash, sizeof(attempt->session_hash));
        memcpy(attempt->hash, request->unit.password_hash, sizeof(attempt->hash));
        attempt->password = password;
        attempt->done = on_attempt;
        attempt->userdata = request;
        attempt_start(request->server->attempts, attempt);
        return 0;
}

void api_verification(Request *request) {
        const char *method = request_field(request, "method");
        int r;

        /* somebody else's unit and one that does not exist look the same */
        r = unit_find(request->server->store, request->token.account_id, request->parameter,
                      &request->unit);
        if (r > 0) {
                request_refuse(request, MHD_HTTP_NOT_FOUND, "not-found");
                return;
        }

        if (r == 0 && method && strcmp(method, "relation") == 0) {
                if (request->unit.authorised && request_phase(request) != PHASE_DUAL)
                        answer_verified(request, "relation");
                else
                        request_refuse(request, MHD_HTTP_FORBIDDEN, "unit-not-related");
                return;
        }
        if (r == 0 && method && strcmp(method, "ca") == 0)
                r = certificate_try(request);
        else if (r == 0)
                r = method && strcmp(method, "declaration_password") == 0 ? password_try(request)
                                                                          : -EINVAL;

        if (r == -EINVAL)
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "bad-request");
        else if (r < 0)
                request_fail(request, r);
}
