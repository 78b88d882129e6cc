/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Revocation: tokens that are no longer needed are ended at the platform (RFC 7009), by the way.
 * Nobody waits for it, and a token that could not be revoked ends by itself. */

#include <errno.h>

#include "daemon/log.h"
#include "daemon/platform/body.h"
#include "daemon/platform/platform-internal.h"

#define REVOCATIONS_MAX 64 /* under way at once; above it tokens are left to end by themselves */

struct Revocation {
        Platform *platform;
        HttpExchange *exchange;
        Revocation *next, **link;
};

static Revocation *revocation_free(Revocation *revocation) {
        if (revocation) {
                *revocation->link = revocation->next;
                if (revocation->next)
                        revocation->next->link = revocation->link;
                revocation->platform->n_revocations--;
                (void)http_exchange_free(revocation->exchange);
                free(revocation);
        }
        return NULL;
}
DEFINE_CLEANUP(Revocation, revocation_free)

static void on_revoked(HttpExchange *exchange, const HttpAnswer *answer, void *userdata) {
        Revocation *revocation = userdata;

        (void)exchange;
        if (answer->fault == HTTP_FAULT_AWAY || answer->status != 200)
                log_record(LOG_INFO, 0, "platform: a token was not revoked: %s",
                           answer->why ? answer->why : "refused");
        (void)revocation_free(revocation);
}

static Revocation *revocation_new(Platform *platform) {
        Revocation *revocation = calloc(1, sizeof(*revocation));

        if (revocation) {
                revocation->platform = platform;
                revocation->next = platform->revocations;
                revocation->link = &platform->revocations;
                if (revocation->next)
                        revocation->next->link = &revocation->next;
                platform->revocations = revocation;
                platform->n_revocations++;
        }
        return revocation;
}

void revocation_begin(Platform *platform, const Metadata *metadata, Secret *token) {
        _cleanup_(secret_freep) _unused_ Secret *owned = token;
        _cleanup_(revocation_freep) Revocation *revocation = NULL;
        const BodyField fields[] = {
                { "token", NULL, token },
                { "token_type_hint", "access_token", NULL },
                { "client_id", platform->client_id, NULL },
        };
        HttpRequest request = {
                .uri = metadata->wire.revocation_endpoint,
                .authorization = platform->authorization,
                .timeout_usec = platform->timeout_usec,
        };

        if (!request.uri || platform->n_revocations >= REVOCATIONS_MAX)
                return;
        revocation = revocation_new(platform);
        if (!revocation || body_new(fields, ELEMENTSOF(fields), &request.body) < 0)
                return;
        if (http_exchange_new(platform->http, &request, on_revoked, revocation,
                              &revocation->exchange) < 0)
                return;
        TAKE_PTR(revocation);
}

void revocations_done(Platform *platform) {
        while (platform->revocations)
                (void)revocation_free(platform->revocations);
}
