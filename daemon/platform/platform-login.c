/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* PlatformLogin: one login's requests, from the asking to the one reply. What is said on the wire
 * stands in the stages. */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/platform/platform-internal.h"

static const char *const request_names[_REQUEST_KIND_MAX + 1] = {
        [_REQUEST_KIND_MAX] = "unknown",
        [REQUEST_NONE] = "nothing",
        [REQUEST_PASSWORD] = "password",
        [REQUEST_CAPTCHA] = "captcha",
        [REQUEST_DEVICE] = "QR code",
        [REQUEST_POLL] = "QR state",
        [REQUEST_UNIT_RELATION] = "unit by relation",
        [REQUEST_UNIT_PASSWORD] = "unit by password",
        [REQUEST_UNIT_CHALLENGE] = "challenge of a unit",
        [REQUEST_UNIT_CERTIFICATE] = "unit by certificate",
        [REQUEST_UNIT_LOGIN] = "unit login",
        [REQUEST_RESUME] = "resumed login",
        [REQUEST_NEW_PASSWORD] = "new password",
};

void login_log(const PlatformLogin *login, int priority, const char *why) {
        log_record(priority, login->id, "platform: %s (%s): %s",
                   request_names[login->question.kind],
                   login->stage ? login->stage->name : "metadata", why);
}

uint64_t login_now(const PlatformLogin *login) {
        uint64_t now = 0;

        (void)sd_event_now(login->platform->event, CLOCK_BOOTTIME, &now);
        return now;
}

/* Whatever may still call back for the request under way. */
static void request_stop(PlatformLogin *login) {
        login->exchange = http_exchange_free(login->exchange);
        metadata_wait_cancel(&login->wait);
        login->timer = sd_event_source_disable_unref(login->timer);
        login->defer = sd_event_source_disable_unref(login->defer);
        login->code = secret_free(login->code);
        wire_userinfo_done(&login->userinfo);
        login->has_userinfo = false;
        login->stage = NULL;
        login->session_renewed = false;
        login->poll_is_shared = login->polls_apart = false;
        question_done(&login->question);
}

void login_reply(PlatformLogin *login, Reply *reply) {
        Reply given = *reply;

        *reply = (Reply){};
        request_stop(login);
        login->fn(login, &given, login->userdata); /* may free the login */
        reply_done(&given);
}

void login_reply_kind(PlatformLogin *login, ReplyKind kind) {
        Reply reply = { .kind = kind, .attempts_left = -1 };

        login_reply(login, &reply);
}

void login_break(PlatformLogin *login, const char *why) {
        login_log(login, LOG_ERR, why);
        login_reply_kind(login, REPLY_BROKEN);
}

void login_client_refused(PlatformLogin *login, const char *error) {
        log_record(LOG_ERR, login->id,
                   "platform: this workstation was refused (%s): client_id or client_secret_file "
                   "is wrong",
                   error);
        login_reply_kind(login, REPLY_UNAVAILABLE);
}

static int on_defer(sd_event_source *source, void *userdata) {
        PlatformLogin *login = userdata;

        (void)source;
        login_reply_kind(login, login->deferred);
        return 0;
}

int login_defer(PlatformLogin *login, ReplyKind kind) {
        login->deferred = kind;
        return sd_event_add_defer(login->platform->event, &login->defer, on_defer, login);
}

/* A shared connection that dies takes every login with it that waits there, so a poll that got lost
 * is sent once more, apart. It only asks how things stand: if its answer was the token, that is gone
 * either way. Later than the hold would be too late for the client. */
static bool poll_is_lost(const PlatformLogin *login, const HttpAnswer *answer) {
        return login->stage == &stage_poll && login->poll_is_shared && answer->status == 0 &&
               login_now(login) < login->hold_until_usec;
}

static void on_answer(HttpExchange *exchange, const HttpAnswer *answer, void *userdata) {
        PlatformLogin *login = userdata;
        /* Ours until the end of this call, as the answer is read from it; the login may be gone by
         * then. */
        _cleanup_(http_exchange_freep) _unused_ HttpExchange *done = exchange;

        login->exchange = NULL;
        switch (answer->fault) {
        case HTTP_FAULT_NONE:
                if (answer->status == 200)
                        login->stage->on_good(login, answer);
                else
                        login->stage->on_refusal(login, answer);
                break;
        case HTTP_FAULT_AWAY:
                if (poll_is_lost(login, answer)) {
                        login->polls_apart = true;
                        login_go(login, &stage_poll);
                        break;
                }
                login_log(login, LOG_WARNING, answer->why);
                login_reply_kind(login, REPLY_UNAVAILABLE);
                break;
        case HTTP_FAULT_BROKEN:
                /* RFC 6750 asks for a status and leaves the body open. */
                if (login->question.kind == REQUEST_RESUME && answer->status == 401)
                        login->stage->on_refusal(login, answer);
                else
                        login_break(login, answer->why);
                break;
        }
}

static void draft_donep(Draft *draft) {
        free(draft->uri);
        (void)secret_free(draft->authorization);
        (void)secret_free(draft->request.body);
}

int login_enter(PlatformLogin *login, const Stage *stage) {
        _cleanup_(draft_donep)
                Draft draft = { .http = login->platform->http,
                                .request.timeout_usec = login->platform->timeout_usec };
        HttpRequest request;
        int r;

        login->stage = stage;
        r = stage->build(login, &draft);
        if (r < 0)
                return r;

        request = draft.request;
        draft.request.body = NULL; /* taken over in every case */
        return http_exchange_new(draft.http, &request, on_answer, login,
                                 &login->exchange);
}

void login_go(PlatformLogin *login, const Stage *stage) {
        int r = login_enter(login, stage);

        if (r < 0) {
                login_log(login, LOG_ERR, strerrordesc_np(-r));
                login_reply_kind(login, REPLY_UNAVAILABLE);
        }
}

static int defer_missing(PlatformLogin *login, const char *what) {
        login_log(login, LOG_ERR, what);
        return login_defer(login, REPLY_UNAVAILABLE);
}

static int verification_begin(PlatformLogin *login, const Stage *stage) {
        return login->metadata->wire.units_endpoint ? login_enter(login, stage)
                                                    : login_defer(login, REPLY_UNIT_UNKNOWN);
}

static int challenge_begin(PlatformLogin *login) {
        return login->metadata->wire.challenge_endpoint
                       ? login_enter(login, &stage_challenge)
                       : defer_missing(login, "there is no password login");
}

static int new_password_begin(PlatformLogin *login) {
        return login->metadata->wire.password_endpoint
                       ? login_enter(login, &stage_new_password)
                       : defer_missing(login, "passwords cannot be changed there");
}

/* Where a new picture is to be had. A unit's password is tested in two places. */
static const Stage *captcha_stage(const PlatformLogin *login, const char *unit) {
        if (unit)
                return login->tested == REQUEST_UNIT_LOGIN ? &stage_challenge : &stage_verification;
        return login->tested == REQUEST_NEW_PASSWORD ? &stage_new_password : &stage_challenge;
}

static int captcha_begin(PlatformLogin *login) {
        const Stage *stage = captcha_stage(login, login->question.unit);

        return stage == &stage_verification   ? verification_begin(login, stage)
               : stage == &stage_new_password ? new_password_begin(login)
                                              : challenge_begin(login);
}

/* The metadata is there. Return: 0 or negative errno. */
static int request_begin(PlatformLogin *login) {
        switch (login->question.kind) {
        case REQUEST_PASSWORD:
        case REQUEST_UNIT_LOGIN:
                login->tested = login->question.kind;
                return challenge_begin(login);
        case REQUEST_CAPTCHA:
                return captcha_begin(login);
        case REQUEST_DEVICE:
                return login->metadata->wire.device_endpoint
                               ? login_enter(login, &stage_device)
                               : defer_missing(login, "there is no QR login");
        case REQUEST_POLL:
                login->hold_until_usec = login_now(login) + login->platform->hold_usec;
                return login_poll(login);
        case REQUEST_UNIT_PASSWORD:
                login->tested = REQUEST_UNIT_PASSWORD;
                return verification_begin(login, &stage_verification);
        case REQUEST_UNIT_RELATION:
        case REQUEST_UNIT_CERTIFICATE:
                return verification_begin(login, &stage_verification);
        case REQUEST_UNIT_CHALLENGE:
                return verification_begin(login, &stage_unit_challenge);
        case REQUEST_RESUME:
                /* Who cannot be asked about cannot be resumed. */
                return login->metadata->wire.userinfo_endpoint
                               ? login_enter(login, &stage_userinfo)
                               : login_defer(login, REPLY_EXPIRED);
        case REQUEST_NEW_PASSWORD:
                login->tested = REQUEST_NEW_PASSWORD;
                return new_password_begin(login);
        case REQUEST_NONE:
        case _REQUEST_KIND_MAX:
                break;
        }
        return -EINVAL;
}

static void on_metadata(Metadata *metadata, ReplyKind fault, void *userdata) {
        PlatformLogin *login = userdata;
        int r;

        if (!metadata) {
                login_reply_kind(login, fault); /* why is in the log already */
                return;
        }
        login->metadata = metadata_ref(metadata);
        r = request_begin(login);
        if (r < 0) {
                login_log(login, LOG_ERR, strerrordesc_np(-r));
                login_reply_kind(login, REPLY_UNAVAILABLE);
        }
}

static bool signed_is_whole(const Signed *result) {
        return result->status == SIGN_OK && result->algorithm && result->signature &&
               result->certificates;
}

/* Requests that need what an earlier one has brought. */
static bool request_is_possible(const PlatformLogin *login, const Request *request) {
        switch (request->kind) {
        case REQUEST_PASSWORD:
                return request->account && request->password;
        case REQUEST_CAPTCHA:
                return captcha_stage(login, request->unit) == &stage_challenge
                               ? login->auth_session != NULL
                               : login->token != NULL;
        case REQUEST_DEVICE:
                return true;
        case REQUEST_POLL:
                return login->device_code != NULL;
        case REQUEST_UNIT_RELATION:
                return login->token && request->unit;
        case REQUEST_UNIT_PASSWORD:
                return login->token && request->unit && request->password;
        case REQUEST_UNIT_CHALLENGE:
                return login->token && request->unit;
        case REQUEST_UNIT_CERTIFICATE:
                return login->token && request->unit && request->challenge && request->result &&
                       signed_is_whole(request->result);
        case REQUEST_UNIT_LOGIN:
                return request->unit && request->password;
        case REQUEST_RESUME:
                return login->token && login->subject;
        case REQUEST_NEW_PASSWORD:
                return login->token && request->password && request->new_password;
        case REQUEST_NONE:
        case _REQUEST_KIND_MAX:
                break;
        }
        return false;
}

int platform_login_request(PlatformLogin *login, const Request *request) {
        int r;

        if (login->question.kind != REQUEST_NONE)
                return -EBUSY;
        if (!request_is_possible(login, request))
                return -EINVAL;

        r = question_copy(request, &login->question);
        if (r == 0 && !login->metadata) {
                login->wait = (MetadataWait){ .fn = on_metadata, .userdata = login };
                r = metadata_cache_get(login->platform->metadata, &login->wait, &login->metadata);
                if (r == METADATA_E_WAIT)
                        return 0;
        }
        if (r == 0)
                r = request_begin(login);
        if (r < 0)
                request_stop(login);
        return r;
}

void platform_login_cancel(PlatformLogin *login) {
        request_stop(login);
}

static void context_done(PlatformLogin *login) {
        free(TAKE_PTR(login->host));
        free(TAKE_PTR(login->service));
        free(TAKE_PTR(login->terminal));
        free(TAKE_PTR(login->remote_host));
}

int platform_login_context(PlatformLogin *login, const PlatformContext *context) {
        context_done(login);
        login->id = context->login_id;
        return text_copy(context->host, &login->host) < 0 ||
                               text_copy(context->service, &login->service) < 0 ||
                               text_copy(context->terminal, &login->terminal) < 0 ||
                               text_copy(context->remote_host, &login->remote_host) < 0
                       ? -ENOMEM
                       : 0;
}

void platform_login_adopt(PlatformLogin *login, PlatformReplyFn fn, void *userdata) {
        login->fn = fn;
        login->userdata = userdata;
}

const Metadata *login_metadata(const PlatformLogin *login) {
        return login->metadata ? login->metadata
                               : metadata_cache_peek(login->platform->metadata);
}

void platform_login_rest(PlatformLogin *login) {
        request_stop(login);
        context_done(login);
        login->metadata = metadata_unref(login->metadata);
        login->verifier = secret_free(login->verifier);
        login->device_code = secret_free(login->device_code);
        free(TAKE_PTR(login->device_hint));
        free(TAKE_PTR(login->auth_session));
        free(TAKE_PTR(login->captcha_id));
        free(TAKE_PTR(login->resource_captcha_id));
        login->tested = REQUEST_NONE;
}

int platform_login_new(Platform *platform, const PlatformContext *context, PlatformReplyFn fn,
                       void *userdata, PlatformLogin **ret) {
        _cleanup_(platform_login_freep) PlatformLogin *login = calloc(1, sizeof(*login));
        int r;

        if (!login)
                return -ENOMEM;
        login->platform = platform;
        login->fn = fn;
        login->userdata = userdata;
        r = platform_login_context(login, context);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(login);
        return 0;
}

PlatformLogin *platform_login_free(PlatformLogin *login) {
        if (login) {
                login_take_token(login, NULL);
                platform_login_rest(login);
                free(login);
        }
        return NULL;
}
