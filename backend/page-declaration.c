/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A new declaration password for a unit. Who manages it types the account's password once more: it
 * is tested like at a login, with the same five tries, then the new one is hashed, then it
 * counts. */

#include <errno.h>
#include <string.h>

#include "backend/captcha-answer.h"
#include "backend/guess.h"
#include "backend/page-unit.h"
#include "backend/routes.h"
#include "backend/web.h"
#include "lib/common/password-rule.h"

static void answer_told(Request *request, const char *chinese, const char *english) {
        unit_answer(request, MHD_HTTP_FORBIDDEN,
                    &(const UnitTold){ .password_chinese = chinese,
                                       .password_english = english });
}

static int answer_with_captcha(Request *request) {
        const Attempt *attempt = &request->attempt;
        _cleanup_(transaction_done) Transaction transaction = {};
        WireCaptcha captcha = {};
        UnitTold told = { .captcha = &captcha };
        int r;

        if (attempt->verdict == ATTEMPT_WRONG)
                told.tries_left = attempt->tries_left;
        else if (attempt->verdict == ATTEMPT_CAPTCHA_WRONG) {
                told.password_chinese = "验证码错误或已失效，请输入新图片中的字符，并重新输入密码。";
                told.password_english = "The captcha is wrong or too old. Please type the"
                                        " characters of the new picture, and the passwords again.";
        } else {
                told.password_chinese = "请输入图片中的验证码，并重新输入密码。";
                told.password_english = "Please type the captcha in the picture, and the passwords"
                                        " again.";
        }
        r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = captcha_answer(request->server->store, request->web.hash, attempt->guard_key,
                                   request->now, &captcha);
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r == 0)
                unit_answer(request, MHD_HTTP_FORBIDDEN, &told);
        captcha_answer_done(&captcha);
        return r;
}

/* While the hashes were computed the person may have lost the office, or the account. */
static int allowed_still(Request *request) {
        Store *store = request->server->store;
        AccountRow now = {};
        int r;

        r = account_get(store, request->account.id, &now);
        if (r == 0 &&
            (now.disabled || strcmp(now.password_hash, request->account.password_hash) != 0))
                r = UNIT_E_UNKNOWN;
        explicit_bzero(&now, sizeof(now));
        if (r == 0)
                r = unit_managed(store, request->account.id, request->parameter, &request->unit);
        return r;
}

static int password_put(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        Store *store = request->server->store;
        int r;

        if (request->job.result < 0)
                return request->job.result;
        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = allowed_still(request);
        if (r == 0)
                r = unit_reset_password(store, request->unit.code, request->job.hash);
        if (r == 0)
                r = unit_audit(request, "unit reset", NULL);
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r < 0)
                return r;
        if (r > 0)
                request_refuse(request, MHD_HTTP_NOT_FOUND, "not-found");
        else
                web_notice(request, MHD_HTTP_OK, "申报密码已重置",
                           "The new declaration password is set",
                           "锁定已解除。请将新申报密码告知需要使用的办税人员。",
                           "Its lock is lifted. Please tell those who have to know it.", "/me");
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

static int answer_right(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        Store *store = request->server->store;
        int r;

        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = guard_give_back(store, request->attempt.guard_key, &request->attempt.take);
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r < 0)
                return r;
        request->job = (HashJob){ .kind = HASH_MAKE,
                                  .password = request_field(request, "password"),
                                  .done = on_hashed,
                                  .userdata = request };
        if (hash_pool_submit(request->server->pool, &request->job) != 0)
                request_busy(request);
        return 0;
}

static int answer_verdict(Request *request) {
        switch (request->attempt.verdict) {
        case ATTEMPT_RIGHT:
                return answer_right(request);
        case ATTEMPT_WRONG:
        case ATTEMPT_CAPTCHA:
        case ATTEMPT_CAPTCHA_WRONG:
                return answer_with_captcha(request);
        case ATTEMPT_LOCKED_NOW:
        case ATTEMPT_LOCKED:
                unit_answer(request, MHD_HTTP_FORBIDDEN,
                            &(const UnitTold){
                                    .minutes = (request->attempt.retry_after_sec + 59) / 60 });
                return 0;
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

        /* a right one is no login */
        if (attempt->verdict != ATTEMPT_RIGHT)
                guess_ended(request);
        r = answer_verdict(request);
        if (r < 0)
                request_fail(request, r);
}

static int attempt_fill(Request *request, const char *current) {
        Attempt *attempt = &request->attempt;
        int r;

        r = account_get(request->server->store, request->web.account_id, &request->account);
        if (r == 0)
                r = account_guard_key(request->server->store, request->account.login_name,
                                      request->account.id, attempt->guard_key);
        if (r != 0)
                return r < 0 ? r : -ESTALE;
        memcpy(attempt->session_hash, request->web.hash, sizeof(attempt->session_hash));
        memcpy(attempt->hash, request->account.password_hash, sizeof(attempt->hash));
        attempt->password = current;
        attempt->done = on_attempt;
        attempt->userdata = request;
        return 0;
}

/* No password is tested, and no try taken. */
static void captcha_refresh(Request *request) {
        int r;

        r = attempt_fill(request, NULL);
        if (r == 0) {
                request->attempt.verdict = ATTEMPT_CAPTCHA;
                r = answer_with_captcha(request);
        }
        if (r < 0)
                request_fail(request, r);
}

void page_unit_password(Request *request) {
        Attempt *attempt = &request->attempt;
        const char *password, *repeated, *current;
        unsigned broken;
        int r;

        if (!unit_admit(request))
                return;
        if (request_field_max(request, "password", LIMIT_PASSWORD_BYTES, &password) < 0 ||
            request_field_max(request, "repeated", LIMIT_PASSWORD_BYTES, &repeated) < 0 ||
            request_field_max(request, "current", LIMIT_PASSWORD_BYTES, &current) < 0 ||
            request_field_max(request, "captcha_id", HASH_HEX_BYTES, &attempt->captcha_id) < 0 ||
            request_field_max(request, "captcha_answer", LIMIT_CAPTCHA_ANSWER_BYTES,
                              &attempt->captcha_answer) < 0) {
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "bad-request");
                return;
        }
        if (request_field(request, "refresh")) {
                captcha_refresh(request);
                return;
        }
        if (!password || !repeated || !current) {
                answer_told(request, "请填写新申报密码（两次）和您的账号密码。",
                            "Please type the new declaration password twice, and your account's"
                            " password.");
                return;
        }
        broken = password_rules_broken(password, strlen(password));
        if (broken)
                unit_answer(request, MHD_HTTP_FORBIDDEN, &(const UnitTold){ .broken = broken });
        else if (strcmp(password, repeated) != 0)
                answer_told(request, "两次输入的新申报密码不一致，请重新输入。",
                            "The two new declaration passwords differ. Please type both again.");
        else if (strcmp(password, current) == 0)
                answer_told(request, "申报密码不能与账号密码相同，请另设一个。",
                            "The declaration password must not be your account's password.");
        else {
                r = attempt_fill(request, current);
                if (r < 0)
                        request_fail(request, r);
                else
                        guess_start(request, "web");
        }
}
