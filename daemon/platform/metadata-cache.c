/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* MetadataCache: one fetch for everybody who waits. Of the two places where metadata may lie, the
 * one of RFC 8414 is asked first, and that of OpenID Connect when there is nothing at the first. */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/platform/address.h"
#include "daemon/platform/metadata.h"

struct MetadataCache {
        sd_event *event;
        Http *http;
        char *issuer;
        uint64_t timeout_usec;
        Metadata *current;
        uint64_t fresh_until_usec; /* CLOCK_BOOTTIME */
        HttpExchange *exchange;    /* the fetch under way */
        AddressDocument document;
        MetadataWait *waiting;
};

static void wait_link(MetadataWait *wait, MetadataWait **head) {
        wait->next = *head;
        wait->link = head;
        if (*head)
                (*head)->link = &wait->next;
        *head = wait;
}

void metadata_wait_cancel(MetadataWait *wait) {
        if (wait->link) {
                *wait->link = wait->next;
                if (wait->next)
                        wait->next->link = wait->link;
        }
        *wait = (MetadataWait){};
}

/* Who is told may begin to wait anew, or end others that wait: those of this fetch stand apart,
 * each is taken out before it is told. */
static void tell_waiting(MetadataCache *cache, Metadata *metadata, ReplyKind fault) {
        MetadataWait *told = cache->waiting;

        cache->waiting = NULL;
        if (told)
                told->link = &told;
        while (told) {
                MetadataWait wait = *told;

                metadata_wait_cancel(told);
                wait.fn(metadata, fault, wait.userdata);
        }
}

static void fail(MetadataCache *cache, ReplyKind fault, const char *why) {
        log_record(LOG_ERR, 0, "platform: no metadata from %s: %s", cache->issuer, why);
        tell_waiting(cache, NULL, fault);
}

static int fetch(MetadataCache *cache, AddressDocument document, HttpAnswerFn fn) {
        _cleanup_(freep) char *uri = NULL;
        HttpRequest request = { .timeout_usec = cache->timeout_usec };
        int r;

        r = address_of_document(cache->issuer, document, &uri);
        if (r < 0)
                return r;
        request.uri = uri;
        cache->document = document;
        return http_exchange_new(cache->http, &request, fn, cache, &cache->exchange);
}

static void on_metadata(HttpExchange *exchange, const HttpAnswer *answer, void *userdata) {
        _cleanup_(http_exchange_freep) _unused_ HttpExchange *done = exchange;
        MetadataCache *cache = userdata;
        _cleanup_(metadata_unrefp) Metadata *metadata = NULL;
        WireMetadata wire = {};
        const char *why = "out of memory";
        uint64_t now;
        int r;

        cache->exchange = NULL;
        if (answer->status == 404 && cache->document == DOCUMENT_OAUTH) {
                r = fetch(cache, DOCUMENT_OPENID, on_metadata);
                if (r < 0)
                        fail(cache, REPLY_UNAVAILABLE, strerrordesc_np(-r));
                return;
        }
        if (answer->fault) {
                fail(cache, answer->fault == HTTP_FAULT_AWAY ? REPLY_UNAVAILABLE : REPLY_BROKEN,
                     answer->why);
                return;
        }
        if (answer->status != 200 ||
            wire_metadata_decode(answer->body, answer->n_body, &wire) != 0) {
                fail(cache, REPLY_BROKEN, "the answer is not of the schema");
                return;
        }

        r = metadata_new(&wire, cache->issuer, &metadata, &why);
        wire_metadata_done(&wire);
        if (r == 0 && sd_event_now(cache->event, CLOCK_BOOTTIME, &now) < 0)
                r = -ENOMEM;
        if (r != 0) {
                fail(cache, r < 0 ? REPLY_UNAVAILABLE : REPLY_BROKEN, why);
                return;
        }

        (void)metadata_unref(cache->current);
        cache->current = metadata_ref(metadata);
        cache->fresh_until_usec = now + METADATA_LIFE_USEC;
        tell_waiting(cache, metadata, REPLY_UNAVAILABLE);
}

int metadata_cache_get(MetadataCache *cache, MetadataWait *wait, Metadata **ret) {
        uint64_t now;
        int r;

        r = sd_event_now(cache->event, CLOCK_BOOTTIME, &now);
        if (r < 0)
                return r;
        if (cache->current && now < cache->fresh_until_usec) {
                *ret = metadata_ref(cache->current);
                return 0;
        }

        if (!cache->exchange) {
                r = fetch(cache, DOCUMENT_OAUTH, on_metadata);
                if (r < 0)
                        return r;
        }
        wait_link(wait, &cache->waiting);
        return METADATA_E_WAIT;
}

const Metadata *metadata_cache_peek(const MetadataCache *cache) {
        return cache->current;
}

int metadata_cache_new(sd_event *event, Http *http, const char *issuer, uint64_t timeout_usec,
                       MetadataCache **ret) {
        _cleanup_(metadata_cache_freep) MetadataCache *cache = calloc(1, sizeof(*cache));

        if (!cache)
                return -ENOMEM;
        cache->event = sd_event_ref(event);
        cache->http = http;
        cache->timeout_usec = timeout_usec;
        cache->issuer = strdup(issuer);
        if (!cache->issuer)
                return -ENOMEM;
        *ret = TAKE_PTR(cache);
        return 0;
}

MetadataCache *metadata_cache_free(MetadataCache *cache) {
        if (cache) {
                (void)http_exchange_free(cache->exchange);
                (void)metadata_unref(cache->current);
                (void)sd_event_unref(cache->event);
                free(cache->issuer);
                free(cache);
        }
        return NULL;
}
