/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Account password: draft-ietf-oauth-first-party-apps, with our words for captcha, tries and lock.
 * A name that nobody has goes the same way to the end: same guard, same hash, same answers. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/captcha-answer.h"
#include "backend/guess.h"
#include "backend/routes.h"

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

/* The password may have been changed, or the account disabled, while the hash was computed.
 * Return: 0, SESSION_E_*, -errno. */
static int code_give(Request *request, Secret **ret) {
        const char *challenge = request_field(request, "code_challenge");
        Store *store = request->server->store;
        Holder holder = {};
        AccountRow now;
        bool disabled;
        int r;

        if (request->unit.code[0]) {
                memcpy(holder.unit_code, request->unit.code, sizeof(holder.unit_code));
                return code_new(store, &holder, request->unit.password_hash, request->client_id,
                                challenge, request->now, ret);
        }

        r = account_get(store, request->account.id, &now);
        if (r != 0)
                return r < 0 ? r : SESSION_E_INVALID;
        disabled = now.disabled && strcmp(now.password_hash, request->account.password_hash) == 0;
        explicit_bzero(&now, sizeof(now));
        if (disabled)
                return SESSION_E_DISABLED;
        memcpy(holder.account_id, request->account.id, sizeof(holder.account_id));
        return code_new(store, &holder, request->account.password_hash, request->client_id,
                        challenge, request->now, ret);
}

static int answer_right(Request *request) {
        _cleanup_(secret_freep) Secret *code = NULL;
        _cleanup_(transaction_done) Transaction transaction = {};
        Secret *json = NULL;
        int r, q;

        r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = guard_give_back(request->server->store, request->attempt.guard_key,
                                    &request->attempt.take);
        if (r < 0)
                return r;
        q = code_give(request, &code);
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

        guess_ended(request);
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
            request_field(request, "username") || request_field(request, "unit_code") ||
            request_field(request, "password"))
                return -EINVAL;

        r = session_continue(request, session, NULL);
        if (r != 0)
                return r;
        return answer_with_captcha(
                request,
                &(WireChallengeError){ .error = UNCONST("captcha_required"), .attempts_left = -1 });
}

/* Whose password it is said to be. What nobody has goes the same way, by a guard of its own. */
static int guard_find(Request *request, const char *username, const char *unit_code,
                      char ret_guard_key[static GUARD_KEY_BYTES + 1]) {
        char name[sizeof("unit:") + LIMIT_UNIT_CODE_BYTES];
        Store *store = request->server->store;
        int r, q;

        if (!unit_code) {
                q = account_find(store, username, &request->account);
                if (q < 0)
                        return q;
                return account_guard_key(store, username, q == 0 ? request->account.id : NULL,
                                         ret_guard_key);
        }

        q = unit_get(store, unit_code, &request->unit);
        if (q < 0)
                return q;
        (void)snprintf(name, sizeof(name), "unit:%s", unit_code);
        r = phantom_guard_key(store, name, ret_guard_key);
        if (r == 0 && q == 0)
                unit_guard_key(request->unit.code, ret_guard_key);
        return r;
}

/* One of the two, each of its own shape. */
static int name_read(const Request *request, const char **ret_username,
                     const char **ret_unit_code) {
        const char *code;

        if (request_field_max(request, "username", LIMIT_ACCOUNT_BYTES, ret_username) < 0 ||
            request_field_max(request, "unit_code", LIMIT_UNIT_CODE_BYTES, &code) < 0 ||
            !*ret_username == !code)
                return -EINVAL;
        if (code && (strlen(code) < 15 ||
                     strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(code)))
                return -EINVAL;
        *ret_unit_code = code;
        return 0;
}

static int password_try(Request *request, const char *session) {
        const char *username, *unit_code, *password, *challenge,
                *method = request_field(request, "code_challenge_method");
        Attempt *attempt = &request->attempt;
        char guard_key[GUARD_KEY_BYTES + 1];
        int r;

        if (name_read(request, &username, &unit_code) < 0 ||
            request_field_max(request, "password", LIMIT_PASSWORD_BYTES, &password) < 0 ||
            !password ||
            request_field_max(request, "code_challenge", RANDOM_TOKEN_BYTES, &challenge) < 0 ||
            !challenge || strlen(challenge) != RANDOM_TOKEN_BYTES || !method ||
            strcmp(method, "S256") != 0 ||
            request_field_max(request, "captcha_id", HASH_HEX_BYTES, &attempt->captcha_id) < 0 ||
            request_field_max(request, "captcha_answer", LIMIT_CAPTCHA_ANSWER_BYTES,
                              &attempt->captcha_answer) < 0)
                return -EINVAL;

        r = guard_find(request, username, unit_code, guard_key);
        if (r < 0)
                return r;
        if (session) {
                r = session_continue(request, session, guard_key);
                if (r != 0)
                        return r;
        }
        memcpy(attempt->guard_key, guard_key, sizeof(guard_key));
        memcpy(attempt->hash,
               unit_code ? request->unit.password_hash : request->account.password_hash,
               sizeof(attempt->hash));
        attempt->password = password;
        attempt->done = on_attempt;
        attempt->userdata = request;
        guess_start(request, request->client_id);
        return 0;
}

/* The old unit login, in the phases that still have it, and not from a phone. */
static bool unit_login_admit(Request *request) {
        if (!request_field(request, "unit_code"))
                return true;
        if (strcmp(request->client_id, CLIENT_APP) == 0)
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "unauthorized_client");
        else if (request_phase(request) == PHASE_REALNAME)
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "access_denied");
        else
                return true;
        return false;
}

void api_challenge(Request *request) {
        const char *session, *scope;
        int r = -EINVAL;

        if (!unit_login_admit(request))
                return;
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
