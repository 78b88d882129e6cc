/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Probe: two questions, one after the other. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/platform/address.h"
#include "daemon/platform/body.h"
#include "daemon/platform/platform-internal.h"
#include "daemon/platform/probe.h"

#define NO_TOKEN "no-such-token"
#define WHY_BYTES 320

struct PlatformProbe {
        Platform *platform;
        PlatformHealthFn fn;
        void *userdata;
        HttpExchange *exchange;
        AddressDocument document;
        uint64_t begun_usec; /* CLOCK_MONOTONIC */
        PlatformHealth health;
        char why[WHY_BYTES];
};

static const char *const state_words[_PLATFORM_STATE_MAX] = {
        [PLATFORM_OK] = "ok",           [PLATFORM_AWAY] = "away",     [PLATFORM_UNTRUSTED] = "untrusted",
        [PLATFORM_REFUSED] = "refused", [PLATFORM_BROKEN] = "broken",
};

const char *platform_state_to_string(PlatformState state) {
        return state < _PLATFORM_STATE_MAX ? state_words[state] : NULL;
}

static uint64_t clock_usec(clockid_t clock) {
        struct timespec t = {};

        (void)clock_gettime(clock, &t);
        return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

static void tell(PlatformProbe *probe, PlatformState state, const char *why) {
        probe->health.state = state;
        if (why)
                (void)snprintf(probe->why, sizeof(probe->why), "%s", why);
        probe->health.why = why ? probe->why : NULL;
        probe->fn(probe, &probe->health, probe->userdata);
}

static void tell_fault(PlatformProbe *probe, const HttpAnswer *answer) {
        tell(probe,
             answer->is_untrusted                  ? PLATFORM_UNTRUSTED :
                     answer->fault == HTTP_FAULT_AWAY ? PLATFORM_AWAY :
                                                        PLATFORM_BROKEN,
             answer->why);
}

/* With the right key any token is ended; without it, it is not looked at. */
static void on_revoked(HttpExchange *exchange, const HttpAnswer *answer, void *userdata) {
        _cleanup_(http_exchange_freep) _unused_ HttpExchange *done = exchange;
        PlatformProbe *probe = userdata;

        probe->exchange = NULL;
        if (answer->status == 401 || answer->status == 403)
                tell(probe, PLATFORM_REFUSED, "this host's key is not accepted");
        else if (answer->fault == HTTP_FAULT_AWAY)
                tell_fault(probe, answer);
        else
                tell(probe, PLATFORM_OK, NULL);
}

static int ask_as_client(PlatformProbe *probe, const char *uri) {
        const Platform *platform = probe->platform;
        const BodyField fields[] = {
                { "token", NO_TOKEN, NULL },
                { "token_type_hint", "access_token", NULL },
                { "client_id", platform->client_id, NULL },
        };
        HttpRequest request = {
                .uri = uri,
                .authorization = platform->authorization,
                .timeout_usec = platform->timeout_usec,
        };
        int r;

        r = body_new(fields, ELEMENTSOF(fields), &request.body);
        return r < 0 ? r :
                       http_exchange_new(platform->http, &request, on_revoked, probe, &probe->exchange);
}

/* Return: 0, METADATA_E_REFUSED with @ret_why, or a negative errno. */
static int read_metadata(const PlatformProbe *probe, const HttpAnswer *answer, Metadata **ret,
                         const char **ret_why) {
        WireMetadata wire = {};
        int r;

        *ret_why = "the answer is not of the schema";
        if (answer->status != 200 || wire_metadata_decode(answer->body, answer->n_body, &wire) != 0)
                return METADATA_E_REFUSED;
        r = metadata_new(&wire, probe->platform->issuer, ret, ret_why);
        wire_metadata_done(&wire);
        return r;
}

/* The one forward declaration: where there is nothing at the first place, the second is asked likewise. */
static int ask_for_metadata(PlatformProbe *probe, AddressDocument document);

static void on_metadata(HttpExchange *exchange, const HttpAnswer *answer, void *userdata) {
        _cleanup_(http_exchange_freep) _unused_ HttpExchange *done = exchange;
        _cleanup_(metadata_unrefp) Metadata *metadata = NULL;
        PlatformProbe *probe = userdata;
        PlatformHealth *health = &probe->health;
        const char *why;
        int r;

        probe->exchange = NULL;
        if (answer->status)
                health->asked_usec = clock_usec(CLOCK_MONOTONIC) - probe->begun_usec;
        health->expires_sec = answer->expires_sec;
        health->has_clock = answer->date_sec != 0;
        if (health->has_clock)
                health->clock_offset_sec =
                        answer->date_sec - (int64_t)(clock_usec(CLOCK_REALTIME) / USEC_PER_SEC);

        if (answer->status == 404 && probe->document == DOCUMENT_OAUTH) {
                r = ask_for_metadata(probe, DOCUMENT_OPENID);
                if (r < 0)
                        tell(probe, PLATFORM_AWAY, strerrordesc_np(-r));
                return;
        }
        if (answer->fault) {
                tell_fault(probe, answer);
                return;
        }
        r = read_metadata(probe, answer, &metadata, &why);
        if (r != 0) {
                tell(probe, PLATFORM_BROKEN, r < 0 ? strerrordesc_np(-r) : why);
                return;
        }
        if (!metadata->wire.revocation_endpoint) {
                tell(probe, PLATFORM_OK, NULL);
                return;
        }
        r = ask_as_client(probe, metadata->wire.revocation_endpoint);
        if (r < 0)
                tell(probe, PLATFORM_AWAY, strerrordesc_np(-r));
}

static int ask_for_metadata(PlatformProbe *probe, AddressDocument document) {
        _cleanup_(freep) char *uri = NULL;
        HttpRequest request = { .timeout_usec = probe->platform->timeout_usec, .inspect = true };
        int r;

        r = address_of_document(probe->platform->issuer, document, &uri);
        if (r < 0)
                return r;
        request.uri = uri;
        probe->document = document;
        probe->begun_usec = clock_usec(CLOCK_MONOTONIC);
        return http_exchange_new(probe->platform->http, &request, on_metadata, probe,
                                 &probe->exchange);
}

int platform_probe_new(Platform *platform, PlatformHealthFn fn, void *userdata, PlatformProbe **ret) {
        _cleanup_(platform_probe_freep) PlatformProbe *probe = calloc(1, sizeof(*probe));
        int r;

        if (!probe)
                return -ENOMEM;
        probe->platform = platform;
        probe->fn = fn;
        probe->userdata = userdata;
        r = ask_for_metadata(probe, DOCUMENT_OAUTH);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(probe);
        return 0;
}

PlatformProbe *platform_probe_free(PlatformProbe *probe) {
        if (probe) {
                (void)http_exchange_free(probe->exchange);
                free(probe);
        }
        return NULL;
}
