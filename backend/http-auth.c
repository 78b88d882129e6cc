/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who asks: a workstation by Basic authentication or in the body (RFC 6749 section 2.3.1), a bearer
 * of an access token (RFC 6750 section 2.1), or a person in a browser. */

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "backend/http-auth.h"
#include "backend/web.h"
#include "lib/common/limits.h"

#define BASIC_BYTES_MAX 1024

/* What stands behind the scheme's word in Authorization; NULL when there is no such header. */
static const char *authorization(const Request *request, const char *scheme) {
        const char *value = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                        "Authorization");
        size_t n = strlen(scheme);

        if (!value || strncasecmp(value, scheme, n) != 0 || value[n] != ' ')
                return NULL;
        value += n;
        return value + strspn(value, " ");
}

/* "id:secret" in base64, both form-encoded before. The result is the form "i=id&s=secret", which
 * decodes that. */
static int basic_decode(const char *text, Form *ret) {
        unsigned char bytes[BASIC_BYTES_MAX / 4 * 3 + 1];
        _cleanup_(secret_freep) Secret *body = NULL;
        size_t n = strlen(text), n_pad = 0;
        const char *colon;
        int n_bytes, r;

        if (n == 0 || n > BASIC_BYTES_MAX || n % 4 != 0)
                return -EINVAL;
        while (n_pad < 2 && text[n - 1 - n_pad] == '=')
                n_pad++;
        n_bytes = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)n);
        if (n_bytes < (int)n_pad)
                return -EINVAL;
        n_bytes -= (int)n_pad;

        colon = memchr(bytes, ':', (size_t)n_bytes);
        r = secret_new((size_t)n_bytes + 8, &body);
        if (r == 0 && (!colon || memchr(bytes, '&', (size_t)n_bytes)))
                r = -EINVAL;
        if (r == 0) {
                (void)secret_append_text(body, "i=");
                (void)secret_append(body, bytes, (size_t)(colon - (const char *)bytes));
                (void)secret_append_text(body, "&s=");
                (void)secret_append(body, colon + 1,
                                    (size_t)n_bytes - (size_t)(colon + 1 - (const char *)bytes));
        }
        explicit_bzero(bytes, sizeof(bytes));
        if (r < 0)
                return r;
        return form_decode(TAKE_PTR(body), ret) == 0 ? 0 : -EINVAL;
}

static int client_admit(Request *request) {
        const char *basic = authorization(request, "Basic"),
                   *in_body = request_field(request, "client_id");
        const char *id = in_body, *secret = request_field(request, "client_secret");
        _cleanup_(form_done) Form form = {};
        int r;

        if (basic) {
                /* two ways at once are none (RFC 6749 section 2.3) */
                if (secret || basic_decode(basic, &form) < 0)
                        return CLIENT_E_REFUSED;
                id = form_get(&form, "i");
                secret = form_get(&form, "s");
                if (!id || (in_body && strcmp(in_body, id) != 0))
                        return CLIENT_E_REFUSED;
        }
        if (!id)
                return CLIENT_E_REFUSED;

        r = client_check(request->server->store, id, secret,
                         request->server->options->client_policy, request->now);
        if (r == 0)
                (void)snprintf(request->client_id, sizeof(request->client_id), "%s", id);
        return r;
}

static int bearer_admit(Request *request) {
        const char *token = authorization(request, "Bearer");
        char hash[HASH_HEX_BYTES + 1];
        bool app;
        int r;

        if (!token || token[0] == '\0' || strlen(token) > LIMIT_TOKEN_BYTES)
                return SESSION_E_INVALID;
        r = hash_hex_text(token, hash);
        if (r == 0)
                r = token_find(request->server->store, hash, request->now, &request->token);
        if (r != 0)
                return r;

        app = strcmp(request->token.client_id, CLIENT_APP) == 0;
        if ((request->route->access == ACCESS_APP && !app) ||
            (request->route->access == ACCESS_WORKSTATION && app))
                return SESSION_E_INVALID;
        /* a unit that logged in without a person is known by that token, and can do nothing else
         * with it */
        if (request->token.account_id[0] == '\0' && request->route->access != ACCESS_TOKEN)
                return SESSION_E_INVALID;
        /* the phone is told that its account is disabled, by the deed it asks for; nobody else gets
         * anything */
        if (request->token.disabled && request->route->access != ACCESS_APP)
                return SESSION_E_INVALID;

        (void)snprintf(request->client_id, sizeof(request->client_id), "%s",
                       request->token.client_id);
        return 0;
}

/* Whose browser it is; nobody's is no error. */
static int browser_read(Request *request) {
        const char *cookie = request_cookie(request, WEB_COOKIE_NAME);
        int r;

        if (!cookie || request->route->style != STYLE_PAGE)
                return 0;
        r = web_session_find(request->server->store, cookie, request->now, &request->web);
        return r < 0 ? r : 0;
}

/* A form that one of our own pages sent. Browsers tell the origin of every POST; what comes without
 * is none of them, or too old. */
static int form_check(const Request *request) {
        const char *origin = request_header(request, "Origin"),
                   *site = request_header(request, "Sec-Fetch-Site"),
                   *csrf = request_field(request, "csrf");
        char expected[HASH_HEX_BYTES + 1];
        int r;

        if (origin ? strcmp(origin, request->server->options->issuer) != 0
                   : !site || strcmp(site, "same-origin") != 0)
                return WEB_E_INVALID;
        if (site && strcmp(site, "same-origin") != 0)
                return WEB_E_INVALID;
        if (!request->web.cookie[0] || !csrf || strlen(csrf) != HASH_HEX_BYTES)
                return WEB_E_INVALID;
        r = web_csrf(request->server->store, &request->web, expected);
        if (r == 0 && !secret_equal_bytes(csrf, expected, HASH_HEX_BYTES))
                r = WEB_E_INVALID;
        explicit_bzero(expected, sizeof(expected));
        return r;
}

static bool page_admit(Request *request) {
        bool person = request->route->access == ACCESS_PERSON,
             post = strcmp(request->method, "POST") == 0;
        int r;

        r = browser_read(request);
        if (r == 0 && post)
                r = form_check(request);
        if (r < 0)
                request_fail(request, r);
        else if (r > 0)
                request_refuse(request, MHD_HTTP_FORBIDDEN, "forbidden");
        else if (!person || request->web.account_id[0])
                return true;
        else if (post)
                request_refuse(request, MHD_HTTP_FORBIDDEN, "forbidden");
        else
                web_redirect_login(request);
        return false;
}

bool auth_admit(Request *request) {
        int r = 0;

        switch (request->route->access) {
        case ACCESS_OPEN:
                r = browser_read(request);
                break;
        case ACCESS_VISITOR:
        case ACCESS_PERSON:
                return page_admit(request);
        case ACCESS_CLIENT:
                r = client_admit(request);
                break;
        case ACCESS_TOKEN:
        case ACCESS_WORKSTATION:
        case ACCESS_APP:
                r = bearer_admit(request);
                break;
        }
        if (r < 0)
                request_fail(request, r);
        else if (r > 0)
                request_refuse(request, MHD_HTTP_UNAUTHORIZED,
                               request->route->access == ACCESS_CLIENT ? "invalid_client"
                                                                       : "unauthorized");
        return r == 0;
}
