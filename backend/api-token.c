/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Token endpoint: redeeming codes (RFC 6749 section 4.1.3), asking after QR logins (RFC 8628
 * section 3.4), userinfo and revocation. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/answer-user.h"
#include "backend/clock.h"
#include "backend/metrics.h"
#include "backend/model-login.h"
#include "backend/routes.h"

#define UNCONST(s) ((char *)(uintptr_t)(s))
#define GRANT_DEVICE "urn:ietf:params:oauth:grant-type:device_code"

static void answer_error(Request *request, const char *error, const char *state, const char *reason,
                         int64_t attempts_left) {
        Secret *json = NULL;

        (void)wire_token_error_encode(&(const WireTokenError){ .error = UNCONST(error),
                                                               .state = UNCONST(state),
                                                               .reason = UNCONST(reason),
                                                               .attempts_left = attempts_left },
                                      &json);
        request_json(request, MHD_HTTP_BAD_REQUEST, json);
}

static const char *unless_empty(const char *text) {
        return text[0] ? text : NULL;
}

/* What the person may look at later. @device NULL: by password. A unit alone has nobody to look. */
static int login_note(Request *request, const Holder *holder, const DeviceRow *device,
                      const Secret *token) {
        LoginNew login = {
                .account_id = holder->account_id,
                .client_id = request->client_id,
                .method = device ? "qr" : "password",
                .expires_at = request->now + token_lifetime_sec(request->client_id),
        };
        char hash[HASH_HEX_BYTES + 1];
        int r;

        if (holder->account_id[0] == '\0')
                return 0;
        r = hash_hex_text(secret_text(token), hash);
        if (r < 0)
                return r;
        login.token_hash = hash;
        if (device) {
                login.host = unless_empty(device->host);
                login.service = unless_empty(device->service);
                login.terminal = unless_empty(device->terminal);
                login.remote_host = unless_empty(device->remote_host);
        }
        return login_row_add(request->server->store, &login, request->now);
}

/* A new token for @holder, with who it is folded in; in the caller's transaction. @device: NULL
 * when it is for a password. Return: 0, SESSION_E_INVALID, -errno. */
static int token_give(Request *request, const Holder *holder, const DeviceRow *device,
                      const char *origin, Secret **ret_json) {
        bool hinted = device && device->hinted;
        TokenRow row = { .hinted = hinted };
        _cleanup_(user_answer_done) UserAnswer user = {};
        _cleanup_(secret_freep) Secret *token = NULL;
        int r;

        (void)snprintf(row.client_id, sizeof(row.client_id), "%s", request->client_id);
        memcpy(row.account_id, holder->account_id, sizeof(row.account_id));
        memcpy(row.unit_code, holder->unit_code, sizeof(row.unit_code));
        r = user_answer_read(request, &row, &user);
        if (r == 0)
                r = token_issue(request->server->store, request->client_id, holder, hinted, origin,
                                request->now, &token);
        if (r == 0)
                r = login_note(request, holder, device, token);
        if (r != 0)
                return r < 0 ? r : SESSION_E_INVALID;

        return wire_token_answer_encode(
                &(const WireTokenAnswer){ .access_token = token,
                                          .expires_in = token_lifetime_sec(request->client_id),
                                          .has_userinfo = true,
                                          .userinfo = user.wire },
                ret_json);
}

static int grant_code(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(secret_freep) Secret *json = NULL;
        const char *code, *verifier;
        char hash[HASH_HEX_BYTES + 1];
        Holder holder;
        int r, q;

        if (request_field_max(request, "code", LIMIT_TOKEN_BYTES, &code) < 0 || !code ||
            request_field_max(request, "code_verifier", 128, &verifier) < 0 || !verifier ||
            strlen(verifier) < 43)
                return -EINVAL;

        r = hash_hex_text(code, hash);
        if (r == 0)
                r = transaction_begin(request->server->store, &transaction);
        if (r < 0)
                return r;

        q = code_redeem(request->server->store, hash, request->client_id, verifier, request->now,
                        &holder);
        if (q == 0)
                q = token_give(request, &holder, NULL, hash, &json);
        if (q < 0)
                return q;
        r = transaction_commit(&transaction);
        if (r < 0)
                return r;

        if (q == 0 || q == SESSION_E_DISABLED)
                metrics_login(holder.unit_code[0] ? METRIC_UNIT : METRIC_PASSWORD,
                              q == 0 ? METRIC_RIGHT : METRIC_DISABLED);
        if (q == 0)
                request_json(request, MHD_HTTP_OK, TAKE_PTR(json));
        else
                answer_error(request,
                             q == SESSION_E_DISABLED ? "account_disabled" : "invalid_grant", NULL,
                             NULL, -1);
        return 0;
}

/* The word of `state` for a login that is not over; NULL for one that is. */
static const char *waiting_state(const DeviceRow *device) {
        switch (device->state) {
        case DEVICE_PENDING:
                return "pending";
        case DEVICE_SCANNED:
                return "scanned";
        case DEVICE_CONFIRMED:
                return device->binding == BINDING_DIGITS ? "digits_required" : NULL;
        case DEVICE_REFUSED:
        case DEVICE_WRONG_PERSON:
        case DEVICE_DIGITS_WRONG:
        case DEVICE_REDEEMED:
        case _DEVICE_STATE_MAX:
                break;
        }
        return NULL;
}

static int redeem(Request *request, const DeviceRow *device, const char *digits) {
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(secret_freep) Secret *json = NULL;
        Holder holder = {};
        int64_t left = -1;
        int r, q;

        memcpy(holder.account_id, device->account_id, sizeof(holder.account_id));

        r = transaction_begin(request->server->store, &transaction);
        if (r < 0)
                return r;
        q = device_redeem(request->server->store, device, digits, request->now, &left);
        if (q == 0) {
                q = token_give(request, &holder, device, device->hash, &json);
                if (q > 0) /* the account is gone in the middle of it */
                        q = -EIO;
        }
        if (q < 0)
                return q;
        r = transaction_commit(&transaction);
        if (r < 0)
                return r;

        /* who polls the same login elsewhere learns that it is over */
        if (q != DEVICE_E_DIGITS)
                waiters_wake(&request->server->waiters, device->hash);
        if (q == 0)
                metrics_login(METRIC_QR, METRIC_RIGHT);
        else if (q == DEVICE_E_DISABLED)
                metrics_login(METRIC_QR, METRIC_DISABLED);
        else if (q == DEVICE_E_DIGITS || q == DEVICE_E_DIGITS_OVER)
                metrics_login(METRIC_QR, METRIC_WRONG);
        if (q == 0)
                request_json(request, MHD_HTTP_OK, TAKE_PTR(json));
        else if (q == DEVICE_E_DIGITS)
                answer_error(request, "invalid_digits", NULL, NULL, left);
        else if (q == DEVICE_E_DIGITS_OVER)
                answer_error(request, "access_denied", NULL, "digits_wrong", -1);
        else if (q == DEVICE_E_DISABLED)
                answer_error(request, "access_denied", NULL, "disabled", -1);
        else /* lost a race against another redemption */
                answer_error(request, "invalid_grant", NULL, NULL, -1);
        return 0;
}

/* Answer if there is something to say. Return: 0 answered, 1 nothing new, -errno. */
static int device_say(Request *request, const char *hash, const char *seen) {
        const char *digits = request_field(request, "digits"), *state;
        DeviceRow device;
        int r;

        r = device_find(request->server->store, hash, request->client_id, request->now, &device);
        if (r < 0)
                return r;
        if (r > 0 || device.state == DEVICE_REDEEMED) {
                answer_error(request, "invalid_grant", NULL, NULL, -1);
                return 0;
        }

        switch (device.state) {
        case DEVICE_REFUSED:
                metrics_login(METRIC_QR, METRIC_REFUSED);
                answer_error(request, "access_denied", NULL, "refused", -1);
                return 0;
        case DEVICE_WRONG_PERSON:
                metrics_login(METRIC_QR, METRIC_REFUSED);
                answer_error(request, "access_denied", NULL, "wrong_person", -1);
                return 0;
        case DEVICE_DIGITS_WRONG:
                answer_error(request, "access_denied", NULL, "digits_wrong", -1);
                return 0;
        case DEVICE_PENDING:
        case DEVICE_SCANNED:
        case DEVICE_CONFIRMED:
        case DEVICE_REDEEMED:
        case _DEVICE_STATE_MAX:
                break;
        }
        if (device.expired) {
                metrics_login(METRIC_QR, METRIC_EXPIRED);
                answer_error(request, "expired_token", NULL, NULL, -1);
                return 0;
        }
        if (device.state == DEVICE_CONFIRMED && (device.binding == BINDING_NONE || digits))
                return redeem(request, &device, digits);

        state = waiting_state(&device);
        if (seen && strcmp(seen, state) == 0) {
                /* the login may end before the wait does */
                uint64_t end = clock_boot_usec() +
                               (uint64_t)(device.expires_at - request->now) * USEC_PER_SEC;

                if (end < request->waiter.deadline_usec)
                        request->waiter.deadline_usec = end;
                return 1;
        }
        answer_error(request, "authorization_pending", state, NULL, -1);
        return 0;
}

/* Held until there is something to say; at the deadline, and when the server stops, the same is
 * said again. */
static void device_wait(Request *request) {
        Waiter *waiter = &request->waiter;
        bool over = clock_boot_usec() >= waiter->deadline_usec || request->server->stopping;
        int r;

        r = device_say(request, waiter->hash, over ? NULL : request_field(request, "seen"));
        if (r < 0)
                request_fail(request, r);
        else if (r == 1)
                waiters_add(&request->server->waiters, waiter);
}

static void on_wake(Waiter *waiter) {
        Request *request = waiter->userdata;

        request->now = clock_wall_sec();
        device_wait(request);
}

/* A poll that does not wait must not come too often; one that brings digits has tries of its own to
 * lose. */
static int poll_admit(Request *request, const char *hash) {
        _cleanup_(transaction_done) Transaction transaction = {};
        int r, q;

        if (request_field(request, "digits"))
                return 0;

        r = transaction_begin(request->server->store, &transaction);
        if (r < 0)
                return r;
        q = device_polled(request->server->store, hash, request->now);
        if (q < 0)
                return q;
        r = transaction_commit(&transaction);
        return r < 0 ? r : q;
}

static int grant_device(Request *request) {
        const char *code, *wait = request_field(request, "wait"),
                          *seen = request_field(request, "seen"),
                          *digits = request_field(request, "digits");
        DeviceRow device;
        long wait_sec = 0;
        char *end = NULL;
        int r;

        if (request_field_max(request, "device_code", LIMIT_TOKEN_BYTES, &code) < 0 || !code)
                return -EINVAL;
        if (wait) {
                wait_sec = strtol(wait, &end, 10);
                if (*end != '\0' || strlen(wait) > 2 || wait_sec < 0 || wait_sec > 60)
                        return -EINVAL;
        }
        if (seen && strcmp(seen, "pending") != 0 && strcmp(seen, "scanned") != 0 &&
            strcmp(seen, "digits_required") != 0)
                return -EINVAL;
        if (digits &&
            (strlen(digits) != LIMIT_DIGITS || strspn(digits, "0123456789") != LIMIT_DIGITS))
                return -EINVAL;

        r = hash_hex_text(code, request->waiter.hash);
        if (r == 0)
                r = device_find(request->server->store, request->waiter.hash, request->client_id,
                                request->now, &device);
        if (r < 0)
                return r;
        if (r == 0 && wait_sec == 0) {
                r = poll_admit(request, request->waiter.hash);
                if (r < 0)
                        return r;
                if (r == DEVICE_E_SLOW_DOWN) {
                        answer_error(request, "slow_down", NULL, NULL, -1);
                        return 0;
                }
        }

        if (wait_sec > SERVER_LONG_POLL_SEC)
                wait_sec = SERVER_LONG_POLL_SEC;
        request->waiter.deadline_usec = clock_boot_usec() + (uint64_t)wait_sec * USEC_PER_SEC;
        request->waiter.wake = on_wake;
        request->waiter.userdata = request;
        device_wait(request);
        return 0;
}

void api_token(Request *request) {
        const char *grant = request_field(request, "grant_type");
        int r = -EINVAL;

        if (grant && strcmp(grant, "authorization_code") == 0)
                r = grant_code(request);
        else if (grant && strcmp(grant, GRANT_DEVICE) == 0)
                r = grant_device(request);
        else if (grant) {
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "unsupported_grant_type");
                return;
        }

        if (r == -EINVAL)
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "invalid_request");
        else if (r < 0)
                request_fail(request, r);
}

void api_userinfo(Request *request) {
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
        (void)wire_userinfo_encode(&user.wire, &json);
        request_json(request, MHD_HTTP_OK, json);
}

void api_revoke(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        const char *token;
        char hash[HASH_HEX_BYTES + 1];
        int r;

        if (request_field_max(request, "token", LIMIT_TOKEN_BYTES, &token) < 0 || !token) {
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "invalid_request");
                return;
        }
        r = hash_hex_text(token, hash);
        if (r == 0)
                r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = token_revoke(request->server->store, hash, request->client_id);
        if (r == 0 && store_changes(request->server->store) > 0)
                r = login_row_ended(request->server->store, hash, request->now);
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r < 0)
                request_fail(request, r);
        else
                request_literal(request, MHD_HTTP_OK, "{}");
}
