/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Account password: draft-ietf-oauth-first-party-apps, with our words for captcha, tries and lock.
 * A name that nobody has goes the same way to the end: same guard, same hash, same answers. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/captcha-answer.h"
#include "backend/report.h"
#include "backend/routes.h"
#include "backend/sms.h"

#define UNCONST(s) ((char *)(uintptr_t)(s))

/* The session that the answer names, made now if the request brought none. */
static int session_for_answer(Request *request, char *ret_hash) {
        int r;

        if (!request->auth_session) {
                r = auth_session_new(request->server->store, request->client_id,
                                     request->attempt.guard_key, request->now,
                                     &request->auth_session);
                if (r < 0)
                        return r;
        }
        return hash_hex_text(secret_text(request->auth_session), ret_hash);
}

static void answer_error(Request *request, WireChallengeError *error) {
        Secret *json = NULL;

        error->auth_session = UNCONST(secret_text(request->auth_session));
        (void)wire_challenge_error_encode(error, &json);
        request_json(request, MHD_HTTP_BAD_REQUEST, json);
}

/* An error with a new picture for the next try. */
static int answer_with_captcha(Request *request, WireChallengeError *error) {
        _cleanup_(transaction_done) Transaction transaction = {};
        char hash[HASH_HEX_BYTES + 1];
        bool wrong = error->captcha.wrong;
        int r;

        r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = session_for_answer(request, hash);
        if (r == 0)
                r = captcha_answer(request->server->store, hash, request->attempt.guard_key,
                                   request->now, &error->captcha);
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r == 0) {
                error->captcha.wrong = wrong;
                answer_error(request, error);
        }
        captcha_answer_done(&error->captcha);
        return r;
}

static int answer_locked(Request *request) {
        WireChallengeError error = { .error = UNCONST("account_locked"),
                                     .attempts_left = -1,
                                     .retry_after = request->attempt.retry_after_sec };
        _cleanup_(transaction_done) Transaction transaction = {};
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = session_for_answer(request, hash);
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r == 0)
                answer_error(request, &error);
        return r;
}

/* The owner of the account hears of it on another way than the one who guesses. */
static void tell_locked(Request *request) {
        static const char text[] =
                "您的实名账号因连续5次输错密码已被锁定120分钟。如非本人操作，请及时修改密码。"
                "也可通过“忘记密码”重置密码后立即解锁。";
        const char *folder = request->server->options->outbox;
        int r;

        if (!folder || request->account.mobile[0] == '\0')
                return;
        r = sms_send(folder, request->account.mobile, text, request->now);
        if (r < 0)
                report_error(r, "text message");
        else if (r > 0)
                report_event("text message: not sent, the number or the text is not fit");
}

static int answer_right(Request *request) {
        _cleanup_(secret_freep) Secret *code = NULL;
        _cleanup_(transaction_done) Transaction transaction = {};
        Store *store = request->server->store;
        Secret *json = NULL;
        AccountRow now;
        int r, q;

        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = guard_give_back(store, request->attempt.guard_key, &request->attempt.take);
        if (r == 0)
                r = account_get(store, request->account.id, &now);
        if (r < 0)
                return r;

        /* the password may have been changed, or the account disabled, while the hash was
         * computed */
        q = r > 0 ? SESSION_E_INVALID
            : now.disabled && strcmp(now.password_hash, request->account.password_hash) == 0
                    ? SESSION_E_DISABLED
                    : code_new(store, request->account.id, request->account.password_hash,
                               request->client_id, request_field(request, "code_challenge"),
                               request->now, &code);
        explicit_bzero(&now, sizeof(now));
        if (q < 0)
                return q;
        r = transaction_commit(&transaction);
        if (r < 0)
                return r;

        if (q == SESSION_E_DISABLED)
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "account_disabled");
        else if (q > 0)
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "invalid_session");
        else {
                (void)wire_challenge_answer_encode(&(const WireChallengeAnswer){ .code = code },
                                                   &json);
                request_json(request, MHD_HTTP_OK, json);
        }
        return 0;
}

static int answer_verdict(Request *request) {
        const Attempt *attempt = &request->attempt;

        switch (attempt->verdict) {
        case ATTEMPT_RIGHT:
                return answer_right(request);
        case ATTEMPT_WRONG:
                return answer_with_captcha(
                        request, &(WireChallengeError){ .error = UNCONST("invalid_credentials"),
                                                        .attempts_left = attempt->tries_left });
        case ATTEMPT_LOCKED_NOW:
                tell_locked(request);
                return answer_locked(request);
        case ATTEMPT_LOCKED:
                return answer_locked(request);
        case ATTEMPT_CAPTCHA:
        case ATTEMPT_CAPTCHA_WRONG:
                return answer_with_captcha(
                        request, &(WireChallengeError){ .error = UNCONST("captcha_required"),
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

/* Whom the session is about; a new name moves it on to that. */
static int session_continue(Request *request, const char *session, const char *guard_key) {
        _cleanup_(transaction_done) Transaction transaction = {};
        int r;

        r = secret_new_from(session, strlen(session), &request->auth_session);
        if (r == 0)
                r = hash_hex_text(session, request->attempt.session_hash);
        if (r == 0)
                r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = auth_session_use(request->server->store, request->attempt.session_hash,
                                     request->client_id, guard_key, request->now,
                                     request->attempt.guard_key);
        if (r == 0)
                r = transaction_commit(&transaction);
        return r;
}

static int refresh(Request *request, const char *session) {
        int r;

        if (!session || strcmp(request_field(request, "refresh"), "captcha") != 0 ||
            request_field(request, "username") || request_field(request, "password"))
                return -EINVAL;

        r = session_continue(request, session, NULL);
        if (r != 0)
                return r;
        return answer_with_captcha(
                request,
                &(WireChallengeError){ .error = UNCONST("captcha_required"), .attempts_left = -1 });
}

static int password_try(Request *request, const char *session) {
        const char *username, *password, *challenge,
                *method = request_field(request, "code_challenge_method");
        Attempt *attempt = &request->attempt;
        char guard_key[GUARD_KEY_BYTES + 1];
        int r;

        if (request_field_max(request, "username", LIMIT_ACCOUNT_BYTES, &username) < 0 ||
            !username ||
            request_field_max(request, "password", LIMIT_PASSWORD_BYTES, &password) < 0 ||
            !password ||
            request_field_max(request, "code_challenge", RANDOM_TOKEN_BYTES, &challenge) < 0 ||
            !challenge || strlen(challenge) != RANDOM_TOKEN_BYTES || !method ||
            strcmp(method, "S256") != 0 ||
            request_field_max(request, "captcha_id", HASH_HEX_BYTES, &attempt->captcha_id) < 0 ||
            request_field_max(request, "captcha_answer", LIMIT_CAPTCHA_ANSWER_BYTES,
                              &attempt->captcha_answer) < 0)
                return -EINVAL;

        r = account_find(request->server->store, username, &request->account);
        if (r < 0)
                return r;
        r = account_guard_key(request->server->store, username, r == 0 ? request->account.id : NULL,
                              guard_key);
        if (r < 0)
                return r;

        if (session) {
                r = session_continue(request, session, guard_key);
                if (r != 0)
                        return r;
        }
        memcpy(attempt->guard_key, guard_key, sizeof(guard_key));
        memcpy(attempt->hash, request->account.password_hash, sizeof(attempt->hash));
        attempt->password = password;
        attempt->done = on_attempt;
        attempt->userdata = request;
        attempt_start(request->server->attempts, attempt);
        return 0;
}

void api_challenge(Request *request) {
        const char *session, *scope;
        int r = -EINVAL;

        if (request_field_max(request, "auth_session", LIMIT_TOKEN_BYTES, &session) == 0 &&
            request_field_max(request, "scope", 128, &scope) == 0)
                r = request_field(request, "refresh") ? refresh(request, session)
                                                      : password_try(request, session);

        if (r == -EINVAL)
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "invalid_request");
        else if (r < 0)
                request_fail(request, r);
        else if (r > 0)
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "invalid_session");
}
