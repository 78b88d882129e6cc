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

static void question_done(Question *question) {
        free(question->account);
        free(question->unit);
        (void)secret_free(question->password);
        (void)secret_free(question->captcha);
        (void)secret_free(question->digits);
        *question = (Question){};
}

static int copy_text(const char *text, char **ret) {
        *ret = text ? strdup(text) : NULL;
        return text && !*ret ? -ENOMEM : 0;
}

static void question_donep(Question *question) {
        question_done(question);
}

static int question_copy(const Request *request, Question *ret) {
        _cleanup_(question_donep) Question question = {
                .kind = request->kind,
                .seen = request->seen,
                .at_once = request->at_once,
                .binding = request->binding,
        };
        int r;

        r = copy_text(request->account, &question.account);
        if (r == 0)
                r = copy_text(request->unit, &question.unit);
        if (r == 0)
                r = secret_dup(request->password, &question.password);
        if (r == 0)
                r = secret_dup(request->captcha, &question.captcha);
        if (r == 0)
                r = secret_dup(request->digits, &question.digits);
        if (r == 0) {
                *ret = question;
                question = (Question){};
        }
        return r;
}

/* Whatever may still call back for the request under way. */
static void request_stop(PlatformLogin *login) {
        login->exchange = http_exchange_free(login->exchange);
        metadata_wait_cancel(&login->wait);
        login->timer = sd_event_source_disable_unref(login->timer);
        login->defer = sd_event_source_disable_unref(login->defer);
        login->code = secret_free(login->code);
        login->stage = NULL;
        login->session_renewed = false;
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
                login_log(login, LOG_WARNING, answer->why);
                login_reply_kind(login, REPLY_UNAVAILABLE);
                break;
        case HTTP_FAULT_BROKEN:
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
                Draft draft = { .request.timeout_usec = login->platform->timeout_usec };
        HttpRequest request;
        int r;

        login->stage = stage;
        r = stage->build(login, &draft);
        if (r < 0)
                return r;

        request = draft.request;
        draft.request.body = NULL; /* taken over in every case */
        return http_exchange_new(login->platform->http, &request, on_answer, login,
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

static int verification_begin(PlatformLogin *login) {
        return login->metadata->wire.units_endpoint ? login_enter(login, &stage_verification)
                                                    : login_defer(login, REPLY_UNIT_UNKNOWN);
}

/* The metadata is there. Return: 0 or negative errno. */
static int request_begin(PlatformLogin *login) {
        const WireMetadata *wire = &login->metadata->wire;

        switch (login->question.kind) {
        case REQUEST_PASSWORD:
                return wire->challenge_endpoint
                               ? login_enter(login, &stage_challenge)
                               : defer_missing(login, "there is no password login");
        case REQUEST_CAPTCHA:
                if (login->question.unit)
                        return verification_begin(login);
                return wire->challenge_endpoint
                               ? login_enter(login, &stage_challenge)
                               : defer_missing(login, "there is no password login");
        case REQUEST_DEVICE:
                return wire->device_endpoint ? login_enter(login, &stage_device)
                                             : defer_missing(login, "there is no QR login");
        case REQUEST_POLL:
                login->hold_until_usec = login_now(login) + login->platform->hold_usec;
                return login_poll(login);
        case REQUEST_UNIT_RELATION:
        case REQUEST_UNIT_PASSWORD:
                return verification_begin(login);
        case REQUEST_UNIT_CHALLENGE:
        case REQUEST_UNIT_CERTIFICATE:
        case REQUEST_UNIT_LOGIN:
        case REQUEST_RESUME:
        case REQUEST_NEW_PASSWORD:
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

/* Requests that need what an earlier one has brought. */
static bool request_is_possible(const PlatformLogin *login, const Request *request) {
        switch (request->kind) {
        case REQUEST_PASSWORD:
                return request->account && request->password;
        case REQUEST_CAPTCHA:
                return request->unit ? login->token != NULL : login->auth_session != NULL;
        case REQUEST_DEVICE:
                return true;
        case REQUEST_POLL:
                return login->device_code != NULL;
        case REQUEST_UNIT_RELATION:
                return login->token && request->unit;
        case REQUEST_UNIT_PASSWORD:
                return login->token && request->unit && request->password;
        case REQUEST_UNIT_CHALLENGE:
        case REQUEST_UNIT_CERTIFICATE:
        case REQUEST_UNIT_LOGIN:
        case REQUEST_RESUME:
        case REQUEST_NEW_PASSWORD:
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

int platform_login_new(Platform *platform, const PlatformContext *context, PlatformReplyFn fn,
                       void *userdata, PlatformLogin **ret) {
        _cleanup_(platform_login_freep) PlatformLogin *login = calloc(1, sizeof(*login));

        if (!login)
                return -ENOMEM;
        login->platform = platform;
        login->id = context->login_id;
        login->fn = fn;
        login->userdata = userdata;
        if (copy_text(context->host, &login->host) < 0 ||
            copy_text(context->service, &login->service) < 0 ||
            copy_text(context->terminal, &login->terminal) < 0 ||
            copy_text(context->remote_host, &login->remote_host) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(login);
        return 0;
}

PlatformLogin *platform_login_free(PlatformLogin *login) {
        if (login) {
                request_stop(login);
                if (login->token)
                        revocation_begin(login->platform, login->metadata, TAKE_PTR(login->token));
                (void)metadata_unref(login->metadata);
                (void)secret_free(login->verifier);
                (void)secret_free(login->device_code);
                wire_userinfo_done(&login->userinfo);
                free(login->auth_session);
                free(login->captcha_id);
                free(login->unit_captcha_id);
                free(login->host);
                free(login->service);
                free(login->terminal);
                free(login->remote_host);
                free(login);
        }
        return NULL;
}
