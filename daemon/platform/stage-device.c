/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Device: QR login by the device grant (RFC 8628), with our two extensions where the server knows
 * them: the state of a pending login, and requests that are held until it changes. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/platform/address.h"
#include "daemon/platform/body.h"
#include "daemon/platform/platform-internal.h"
#include "daemon/platform/verdict.h"

/* A client waits LIMIT_NEXT_WAIT_USEC for its answer; a lost poll has to be noticed before. */
#define POLL_USEC_MAX (LIMIT_NEXT_WAIT_USEC - USEC_PER_SEC)

static int device_build(PlatformLogin *login, Draft *draft) {
        const BodyField fields[] = {
                { "client_id", login->platform->client_id, NULL },
                { "scope", platform_scope(login->metadata), NULL },
                { "login_hint", login->question.account, NULL },
                { "host", login->host, NULL },
                { "service", login->service, NULL },
                { "terminal", login->terminal, NULL },
                { "remote_host", login->remote_host, NULL },
                { "binding", login->question.binding ? "digits" : NULL, NULL },
        };

        draft->request.uri = login->metadata->wire.device_endpoint;
        draft->request.authorization = login->platform->authorization;
        return body_new(fields, ELEMENTSOF(fields), &draft->request.body);
}

static void keep_device(PlatformLogin *login, WireDeviceAnswer *wire) {
        uint64_t now = login_now(login);

        (void)secret_free(login->device_code);
        login->device_code = TAKE_PTR(wire->device_code);
        free(login->device_hint);
        login->device_hint = TAKE_PTR(login->question.account);
        login->device_state = DEVICE_PENDING;
        login->device_until_usec = now + (uint64_t)wire->expires_in * USEC_PER_SEC;
        pace_start(&login->pace,
                   login->metadata->wire.long_poll_sec > 0 ? PACE_LONG_POLL : PACE_INTERVAL,
                   (uint64_t)wire->interval, now);
}

static void device_good(PlatformLogin *login, const HttpAnswer *answer) {
        WireDeviceAnswer wire = {};
        Reply reply = { .kind = REPLY_DEVICE, .attempts_left = -1 };

        if (wire_device_answer_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the device code is not of the schema");
                return;
        }
        if (!wire.verification_uri_complete)
                wire.verification_uri_complete = strdup(wire.verification_uri);
        if (!wire.verification_uri_complete || !address_is_https(wire.verification_uri_complete) ||
            !address_is_https(wire.verification_uri)) {
                wire_device_answer_done(&wire);
                login_break(login, "an address to be scanned is not https");
                return;
        }

        keep_device(login, &wire);
        reply.uri = TAKE_PTR(wire.verification_uri_complete);
        reply.short_uri = TAKE_PTR(wire.verification_uri);
        reply.user_code = TAKE_PTR(wire.user_code);
        reply.expires_in_sec = (uint32_t)wire.expires_in;
        wire_device_answer_done(&wire);
        login_reply(login, &reply);
}

/* A refusal that both endpoints can give. Return: true when the reply was given. */
static bool refused_as_client(PlatformLogin *login, WireTokenError *wire) {
        if (!verdict_is_about_client(wire->error))
                return false;
        login_client_refused(login, wire->error);
        wire_token_error_done(wire);
        return true;
}

static void device_refusal(PlatformLogin *login, const HttpAnswer *answer) {
        WireTokenError wire = {};

        if (wire_token_error_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the refusal is not of the schema");
                return;
        }
        if (refused_as_client(login, &wire))
                return;
        login_log(login, LOG_ERR, wire.error);
        wire_token_error_done(&wire);
        login_reply_kind(login, REPLY_BROKEN);
}

const Stage stage_device = { "device", device_build, device_good, device_refusal };

/* Seconds that the server may hold this poll. Never 0, as a poll that does not wait has to keep the
 * interval; what shall be answered at once does not tell what was seen. */
static uint64_t wait_of(const PlatformLogin *login, uint64_t now) {
        uint64_t left, most = (uint64_t)login->metadata->wire.long_poll_sec;

        if (login->question.at_once || login->question.digits ||
            now + USEC_PER_SEC > login->hold_until_usec)
                return 1;
        left = (login->hold_until_usec - now) / USEC_PER_SEC;
        return left < most ? left : most;
}

static int poll_build(PlatformLogin *login, Draft *draft) {
        const bool held = login->pace.kind == PACE_LONG_POLL;
        const bool tell_seen = held && !login->question.at_once && !login->question.digits;
        uint64_t now = login_now(login), wait_sec = held ? wait_of(login, now) : 0;
        char wait[24];

        (void)snprintf(wait, sizeof(wait), "%u", (unsigned)wait_sec);
        const BodyField fields[] = {
                { "grant_type", "urn:ietf:params:oauth:grant-type:device_code", NULL },
                { "client_id", login->platform->client_id, NULL },
                { "device_code", NULL, login->device_code },
                { "wait", held ? wait : NULL, NULL },
                { "seen", tell_seen ? verdict_state_word(login->question.seen) : NULL, NULL },
                { "digits", NULL, login->question.digits },
        };

        pace_sent(&login->pace, now);
        login->poll_is_shared = tell_seen && !login->polls_apart;
        if (login->poll_is_shared)
                draft->http = platform_polls(login->platform);
        draft->request.uri = login->metadata->wire.token_endpoint;
        draft->request.authorization = login->platform->authorization;
        draft->request.timeout_usec += wait_sec * USEC_PER_SEC;
        if (draft->request.timeout_usec > POLL_USEC_MAX)
                draft->request.timeout_usec = POLL_USEC_MAX;
        return body_new(fields, ELEMENTSOF(fields), &draft->request.body);
}

static void poll_good(PlatformLogin *login, const HttpAnswer *answer) {
        WireTokenAnswer wire = {};

        if (wire_token_answer_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the token is not of the schema");
                return;
        }
        login_take_token(login, TAKE_PTR(wire.access_token));
        login->userinfo = wire.userinfo;
        login->has_userinfo = wire.has_userinfo;
        login_go_person(login);
}

static void reply_state(PlatformLogin *login, DeviceState state) {
        Reply reply = { .kind = REPLY_STATE, .attempts_left = -1, .state = state };

        login_reply(login, &reply);
}

static void poll_again(PlatformLogin *login) {
        int r = login_poll(login);

        if (r < 0) {
                login_log(login, LOG_ERR, strerrordesc_np(-r));
                login_reply_kind(login, REPLY_UNAVAILABLE);
        }
}

static void on_pending(PlatformLogin *login, DeviceState state) {
        uint64_t now = login_now(login);

        if (state == login->device_state)
                pace_pending(&login->pace, now);
        else
                pace_changed(&login->pace, now);
        login->device_state = state;

        if (state != login->question.seen || login->question.at_once || login->question.digits ||
            now >= login->hold_until_usec)
                reply_state(login, state);
        else
                poll_again(login);
}

static void poll_refusal(PlatformLogin *login, const HttpAnswer *answer) {
        WireTokenError wire = {};
        Reply reply;

        if (wire_token_error_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the refusal is not of the schema");
                return;
        }
        if (refused_as_client(login, &wire))
                return;
        if (strcmp(wire.error, "slow_down") == 0) {
                pace_slow_down(&login->pace, login_now(login));
                wire_token_error_done(&wire);
                poll_again(login);
                return;
        }

        verdict_of_device(&wire, &reply);
        if (reply.kind == REPLY_BROKEN)
                login_log(login, LOG_ERR, wire.error);
        wire_token_error_done(&wire);
        if (reply.kind == REPLY_STATE)
                on_pending(login, reply.state);
        else
                login_reply(login, &reply);
}

const Stage stage_poll = { "token", poll_build, poll_good, poll_refusal };

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        PlatformLogin *login = userdata;

        (void)source;
        (void)usec;
        if (login_now(login) >= login->hold_until_usec)
                reply_state(login, login->device_state);
        else
                login_go(login, &stage_poll);
        return 0;
}

int login_poll(PlatformLogin *login) {
        uint64_t now = login_now(login), at = login->pace.next_usec;

        if (now >= login->device_until_usec)
                return login_defer(login, REPLY_EXPIRED);
        if (at <= now)
                return login_enter(login, &stage_poll);

        if (at > login->hold_until_usec)
                at = login->hold_until_usec;
        login->timer = sd_event_source_disable_unref(login->timer);
        return sd_event_add_time(login->platform->event, &login->timer, CLOCK_BOOTTIME, at, 1,
                                 on_timer, login);
}
