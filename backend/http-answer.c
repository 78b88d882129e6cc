/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers: from a status and a body in a Secret (an answer may hold a token) to the library's
 * response. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/http-answer.h"
#include "backend/report.h"
#include "backend/pages.h"

#define TYPE_JSON "application/json"
#define TYPE_PROBLEM "application/problem+json"
#define TYPE_HTML "text/html; charset=utf-8"
#define RETRY_BUSY_SEC 2

/* Titles of RFC 9457 problems, for developers. */
static const struct {
        const char *word, *title;
} titles[] = {
        { "bad-request", "The request is not of the schema" },
        { "unauthorized", "No valid access token" },
        { "not-found", "There is no such thing" },
        { "method-not-allowed", "Not by this method" },
        { "too-large", "The body is too large" },
        { "unavailable", "Try again later" },
        { "wrong-person", "The login was begun for another account" },
        { "account-disabled", "The account is disabled" },
        { "device-decided", "The login has been decided already" },
        { "device-expired", "The code is too old" },
        { "unit-password-wrong", "The declaration password is wrong" },
        { "unit-captcha-required", "The next try needs a captcha" },
        { "unit-locked", "The declaration password is locked" },
        { "unit-certificate-refused", "The certificate proves nothing for this unit" },
        { "password-wrong", "The current password is wrong" },
        { "password-captcha-required", "The next try needs a captcha" },
        { "password-weak", "The new password breaks a rule" },
        { "password-same", "The new password is the old one" },
        { "account-locked", "The account's password is locked" },
        { "unit-not-related", "The person may not act for this unit in this way" },
};

/* An address that is none, in a browser or in a program. */
static ErrorStyle style_of(const Request *request) {
        const char *accept;

        if (request->route)
                return request->route->style;
        accept = request_header(request, "Accept");
        return accept && strstr(accept, "text/html") ? STYLE_PAGE : STYLE_PROBLEM;
}

static void answer(Request *request, unsigned status, const char *content_type, Secret *body) {
        _cleanup_(secret_freep) Secret *owned = body;

        if (request->answered)
                return;

        request->answered = true;
        request->status = status;
        request->content_type = content_type;
        request->answer = TAKE_PTR(owned);

        if (request->suspended) {
                request->suspended = false;
                MHD_resume_connection(request->connection);
                request->server->resumed = true;
        }
}

static void answer_or_fail(Request *request, unsigned status, const char *content_type,
                           Secret *body) {
        if (body)
                answer(request, status, content_type, body);
        else /* no memory, or a text that the schema refuses: the status is all that can be said */
                answer(request, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", NULL);
}

void request_json(Request *request, unsigned status, Secret *json) {
        answer_or_fail(request, status, TYPE_JSON, json);
}

void request_literal(Request *request, unsigned status, const char *json) {
        Secret *body = NULL;

        (void)secret_new_from(json, strlen(json), &body);
        answer_or_fail(request, status, TYPE_JSON, body);
}

void request_html(Request *request, unsigned status, Secret *html) {
        answer_or_fail(request, status, TYPE_HTML, html);
}

void request_static(Request *request, unsigned status, const char *content_type, const void *data,
                    size_t n) {
        if (request->answered)
                return;
        request->static_answer = data;
        request->n_static_answer = n;
        answer(request, status, content_type, NULL);
}

void request_problem(Request *request, unsigned status, const WireProblem *problem) {
        WireProblem copy = *problem;
        Secret *body = NULL;
        char type[LIMIT_URI_BYTES + 1];

        for (size_t i = 0; i < ELEMENTSOF(titles); i++)
                if (strcmp(titles[i].word, problem->type) == 0)
                        copy.title = (char *)(uintptr_t)titles[i].title;
        (void)snprintf(type, sizeof(type), "%s/problems/%s", request->server->options->issuer,
                       problem->type);
        copy.type = type;
        copy.status = status;
        (void)wire_problem_encode(&copy, &body);
        answer_or_fail(request, status, TYPE_PROBLEM, body);
}

void request_refuse(Request *request, unsigned status, const char *word) {
        Secret *body = NULL;

        switch (style_of(request)) {
        case STYLE_OAUTH: {
                /* what is wrong with the request as such has one word there (RFC 6749 section
                 * 5.2) */
                WireTokenError error = { .error = (char *)(uintptr_t)word, .attempts_left = -1 };

                if (strcmp(word, "too-large") == 0) {
                        WireProblem problem = { .type = (char *)(uintptr_t)word,
                                                .attempts_left = -1 };

                        request_problem(request, status, &problem);
                        return;
                }
                (void)wire_token_error_encode(&error, &body);
                answer_or_fail(request, status, TYPE_JSON, body);
                break;
        }
        case STYLE_PROBLEM: {
                WireProblem problem = { .type = (char *)(uintptr_t)word, .attempts_left = -1 };

                request_problem(request, status, &problem);
                break;
        }
        case STYLE_PAGE:
                page_error(request, status);
                break;
        }
}

void request_busy(Request *request) {
        request->retry_after_sec = RETRY_BUSY_SEC;
        request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                       style_of(request) == STYLE_OAUTH ? "temporarily_unavailable"
                                                        : "unavailable");
}

void request_fail(Request *request, int error) {
        report_error(error, request->route ? request->route->template : "-");
        request_busy(request);
}

typedef struct Forwarded {
        const char *value;
        unsigned n;
} Forwarded;

static enum MHD_Result forwarded_take(void *cls, enum MHD_ValueKind kind _unused_, const char *name,
                                      const char *value) {
        Forwarded *forwarded = cls;

        if (strcasecmp(name, "X-Forwarded-For") == 0) {
                forwarded->value = value;
                forwarded->n++;
        }
        return MHD_YES;
}

/* Of two headers it cannot be told which one the proxy wrote, so neither counts. */
static void peer_forwarded(const Request *request, char *peer, size_t n) {
        const Proxies *proxies = &request->server->options->proxies;
        char client[PROXY_ADDRESS_BYTES];
        Forwarded forwarded = {};

        if (proxies->n == 0 || !proxies_trust(proxies, peer))
                return;
        (void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND, forwarded_take,
                                        &forwarded);
        if (forwarded.n == 1 && forwarded.value &&
            proxies_client(proxies, forwarded.value, client))
                (void)snprintf(peer, n, "%s", client);
}

void request_peer(const Request *request, char *ret, size_t n) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(
                request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        const struct sockaddr *address = info ? info->client_addr : NULL;

        (void)snprintf(ret, n, "unix");
        if (address && address->sa_family == AF_INET)
                (void)inet_ntop(AF_INET,
                                &((const struct sockaddr_in *)(const void *)address)->sin_addr, ret,
                                (socklen_t)n);
        else if (address && address->sa_family == AF_INET6)
                (void)inet_ntop(AF_INET6,
                                &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
                                ret, (socklen_t)n);
        peer_forwarded(request, ret, n);
}

static void response_free(void *cls) {
        (void)secret_free(cls);
}

static const char policy[] =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

static void cookies_add(const Request *request, struct MHD_Response *response) {
        char text[sizeof(WEB_COOKIE_NAME) + WEB_COOKIE_BYTES + 64];

        if (request->web.set || request->web.cleared) {
                (void)snprintf(text, sizeof(text),
                               WEB_COOKIE_NAME "=%s; Path=/; Secure; HttpOnly; SameSite=Lax%s",
                               request->web.set ? request->web.cookie : "",
                               request->web.set ? "" : "; Max-Age=0");
                (void)MHD_add_response_header(response, "Set-Cookie", text);
                explicit_bzero(text, sizeof(text));
        }
        if (request->language_set)
                (void)MHD_add_response_header(
                        response, "Set-Cookie",
                        request->english
                                ? "lang=en; Path=/; Max-Age=31536000; Secure; SameSite=Lax"
                                : "lang=zh; Path=/; Max-Age=31536000; Secure; SameSite=Lax");
}

static void headers_add(const Request *request, struct MHD_Response *response) {
        const char *cache = request->etag[0] ? request->immutable
                                                       ? "public, max-age=31536000, immutable"
                                                       : "no-cache"
                                             : "no-store";
        char number[16];

        (void)MHD_add_response_header(response, "Content-Type", request->content_type);
        (void)MHD_add_response_header(response, "Cache-Control", cache);
        (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
        if (request->content_type && strcmp(request->content_type, TYPE_HTML) == 0) {
                (void)MHD_add_response_header(response, "Content-Security-Policy", policy);
                (void)MHD_add_response_header(response, "Referrer-Policy", "same-origin");
                (void)MHD_add_response_header(response, "X-Frame-Options", "DENY");
                (void)MHD_add_response_header(response, "Cross-Origin-Opener-Policy",
                                              "same-origin");
                cookies_add(request, response);
        }
        if (request->etag[0])
                (void)MHD_add_response_header(response, "ETag", request->etag);
        if (request->location[0])
                (void)MHD_add_response_header(response, "Location", request->location);
        if (request->retry_after_sec > 0) {
                (void)snprintf(number, sizeof(number), "%u", request->retry_after_sec);
                (void)MHD_add_response_header(response, "Retry-After", number);
        }
        if (request->status == MHD_HTTP_METHOD_NOT_ALLOWED && request->allow)
                (void)MHD_add_response_header(response, "Allow", request->allow);
        if (request->status == MHD_HTTP_UNAUTHORIZED && request->route)
                (void)MHD_add_response_header(response, "WWW-Authenticate",
                                              request->route->access == ACCESS_CLIENT
                                                      ? "Basic realm=\"itax\""
                                                      : "Bearer realm=\"itax\"");
        if (request->server->stopping || request->closes)
                (void)MHD_add_response_header(response, "Connection", "close");
}

static struct MHD_Response *response_make(Request *request) {
        Secret *body = TAKE_PTR(request->answer);
        struct MHD_Response *response;

        if (request->static_answer)
                return MHD_create_response_from_buffer(request->n_static_answer,
                                                       (void *)(uintptr_t)request->static_answer,
                                                       MHD_RESPMEM_PERSISTENT);
        response = MHD_create_response_from_buffer_with_free_callback_cls(
                secret_size(body), (void *)(uintptr_t)secret_text(body), response_free, body);
        if (!response)
                (void)secret_free(body);
        return response;
}

enum MHD_Result http_answer_queue(Request *request) {
        struct MHD_Response *response;
        enum MHD_Result result;

        response = response_make(request);
        if (!response)
                return MHD_NO;
        headers_add(request, response);
        result = MHD_queue_response(request->connection, request->status, response);
        MHD_destroy_response(response);
        request->queued = result == MHD_YES;
        return result;
}
