/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backend/assets.h"
#include "backend/routes.h"
#include "backend/web.h"

#define QUERY_BYTES_MAX 512
/* a tick on the pages' own colour */
#define ICON                                                                                       \
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"       \
        "%3Crect width='16' height='16' rx='3' fill='%230b5c8f'/%3E%3Cpath d='M4 8.5l3 3 5-7'"      \
        " fill='none' stroke='white' stroke-width='2'/%3E%3C/svg%3E"

/* The first language of Accept-Language does not count, only whether Chinese is among them at all. */
static bool accepts_no_chinese(const char *accept) {
        if (!accept || accept[0] == '\0' || strchr(accept, '*'))
                return false;
        for (const char *p = accept; *p; p++) {
                bool begins = p == accept || p[-1] == ',' || p[-1] == ' ';

                if (begins && strncasecmp(p, "zh", 2) == 0)
                        return false;
        }
        return true;
}

void web_language(Request *request) {
        const char *asked = request_argument(request, "lang"),
                   *cookie = request_cookie(request, "lang");

        if (asked && (strcmp(asked, "en") == 0 || strcmp(asked, "zh") == 0)) {
                request->english = asked[0] == 'e';
                request->language_set = true;
        } else if (cookie && (strcmp(cookie, "en") == 0 || strcmp(cookie, "zh") == 0))
                request->english = cookie[0] == 'e';
        else
                request->english = accepts_no_chinese(request_header(request, "Accept-Language"));
}

typedef struct Query {
        Secret *text;
        int error;
} Query;

static enum MHD_Result argument_keep(void *cls, enum MHD_ValueKind kind _unused_, const char *name,
                                     const char *value) {
        Query *query = cls;

        if (strcmp(name, "lang") == 0 || !value)
                return MHD_YES;
        query->error = form_append(query->text, name, value);
        return query->error == 0 ? MHD_YES : MHD_NO;
}

bool web_path_is_ours(const char *path) {
        char page[REQUEST_PATH_BYTES + 1], parameter[REQUEST_PARAMETER_BYTES + 1];
        const char *allow;
        const Route *route;
        size_t n;

        /* what a browser may take for the name of another host, or cut out, is not among these */
        if (path[0] != '/' || path[1] == '/' || strlen(path) > REQUEST_PATH_BYTES ||
            path[strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                              "-._~/?=&%")] != '\0')
                return false;

        n = strcspn(path, "?");
        memcpy(page, path, n);
        page[n] = '\0';
        route = route_find("GET", page, parameter, &allow);
        return route && route->style == STYLE_PAGE;
}

/* The same page in the other language: an address relative to itself. The answer to a form has none
 * unless its page can be asked for as well. */
static void print_switch(const Request *request, Html *html) {
        Query query = {};

        if (strcmp(request->method, "GET") != 0 && !web_path_is_ours(request->path))
                return;
        if (secret_new(QUERY_BYTES_MAX, &query.text) < 0)
                return;
        if (strcmp(request->method, "GET") == 0)
                (void)MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND,
                                                argument_keep, &query);
        if (query.error == 0)
                query.error = form_append(query.text, "lang", html->english ? "zh" : "en");
        if (query.error == 0)
                html_print(html, "<a href=\"?%s\" lang=\"%s\" hreflang=\"%s\">%s</a>",
                           secret_text(query.text), html_words(html, "en", "zh-CN"),
                           html_words(html, "en", "zh-CN"), html_words(html, "English", "中文"));
        (void)secret_free(query.text);
}

static void print_asset(Html *html, const char *before, const char *name, const char *after) {
        const Asset *asset = asset_find(name);
        char tag[ASSET_TAG_BYTES + 1];

        if (!asset || asset_tag(asset, tag) < 0)
                return;
        html_print(html, before);
        html_print(html, "/s/%s?v=%s", name, tag);
        html_print(html, after);
}

void web_script(Html *html, const char *name) {
        print_asset(html, "<script defer src=\"", name, "\"></script>");
}

void web_begin(Request *request, Html *html, const char *title_chinese, const char *title_english,
               const char *script) {
        html_init(html, WEB_PAGE_BYTES_MAX, request->english);
        html_print(html,
                   "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                   "<title>%s - %s</title>",
                   html_words(html, "zh-CN", "en"), html_words(html, title_chinese, title_english),
                   html_words(html, "实名登录", "Real-name login"));
        html_print(html, "<link rel=\"icon\" href=\"%s\">", ICON);
        print_asset(html, "<link rel=\"stylesheet\" href=\"", "style.css", "\">");
        if (script)
                web_script(html, script);
        html_print(html,
                   "</head>\n<body><a class=\"skip\" href=\"#main\">%s</a><header><a class=\"home\""
                   " href=\"/\">%s</a><nav aria-label=\"%s\">",
                   html_words(html, "跳到正文", "Skip to the content"),
                   html_words(html, "实名登录", "Real-name login"),
                   html_words(html, "导航", "Navigation"));
        if (request->web.account_id[0])
                html_print(html, "<a href=\"/me\">%s</a>", request->web.name);
        else
                html_print(html, "<a href=\"/login\">%s</a>", html_words(html, "登录", "Log in"));
        html_print(html, " ");
        print_switch(request, html);
        html_print(html, "</nav></header>\n<main id=\"main\">");
}

int web_session(Request *request) {
        return request->web.cookie[0] ? 0
                                      : web_session_new(request->server->store, request->now,
                                                        &request->web);
}

void web_form(Request *request, Html *html, const char *action) {
        char csrf[HASH_HEX_BYTES + 1];
        int r;

        r = web_session(request);
        if (r == 0)
                r = web_csrf(request->server->store, &request->web, csrf);
        if (r < 0) {
                html->error = html->error ? html->error : r;
                return;
        }
        html_print(html,
                   "<form method=\"post\" action=\"%s\"><input type=\"hidden\" name=\"csrf\""
                   " value=\"%s\">",
                   action, csrf);
        explicit_bzero(csrf, sizeof(csrf));
}

void web_answer(Request *request, unsigned status, Html *html) {
        html_print(html, "</main></body></html>\n");
        request_html(request, status, html_take(html));
}

void web_redirect(Request *request, const char *path) {
        Html html;

        (void)snprintf(request->location, sizeof(request->location), "%s", path);
        html_init(&html, WEB_PAGE_BYTES_MAX, request->english);
        html_print(&html, "<!DOCTYPE html><title>%s</title><p><a href=\"%s\">%s</a>\n", path, path,
                   html_words(&html, "继续", "Continue"));
        request_html(request, MHD_HTTP_SEE_OTHER, html_take(&html));
}

void web_redirect_login(Request *request) {
        _cleanup_(secret_freep) Secret *query = NULL;
        char path[REQUEST_LOCATION_BYTES + 1];
        int r;

        r = secret_new(FORM_ENCODED_SIZE(REQUEST_PATH_BYTES) + 8, &query);
        if (r == 0)
                r = form_append(query, "next", request->path);
        if (r < 0) {
                request_fail(request, r);
                return;
        }
        (void)snprintf(path, sizeof(path), "/login?%s", secret_text(query));
        web_redirect(request, path);
}

void web_notice(Request *request, unsigned status, const char *title_chinese,
                const char *title_english, const char *chinese, const char *english,
                const char *path) {
        Html html;

        web_begin(request, &html, title_chinese, title_english, NULL);
        html_print(&html, "<h1>%s</h1><p>%s</p>",
                   html_words(&html, title_chinese, title_english),
                   html_words(&html, chinese, english));
        if (path)
                html_print(&html, "<p><a class=\"button\" href=\"%s\">%s</a></p>", path,
                           html_words(&html, "返回", "Back"));
        web_answer(request, status, &html);
}

void web_error(Html *html, const char *chinese, const char *english) {
        html_print(html, "<p class=\"error\" role=\"alert\">%s</p>",
                   html_words(html, chinese, english));
}

void web_time(Html *html, int64_t seconds) {
        time_t when = (time_t)seconds;
        char stamp[64] = "", utc[32] = "";
        struct tm tm;

        if (localtime_r(&when, &tm))
                (void)strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S %z", &tm);
        if (gmtime_r(&when, &tm))
                (void)strftime(utc, sizeof(utc), "%Y-%m-%dT%H:%M:%SZ", &tm);
        html_print(html, "<time datetime=\"%s\">%s</time>", utc, stamp);
}

int web_flow_get(Request *request, const char *flow, Form *ret) {
        _cleanup_(secret_freep) Secret *data = NULL;
        int r;

        *ret = (Form){};
        if (!request->web.hash[0])
                return 0;
        r = web_session_flow(request->server->store, request->web.hash, flow, request->now, &data);
        if (r < 0 || !data)
                return r;
        return form_decode(TAKE_PTR(data), ret) == 0 ? 0 : -EBADMSG;
}

int web_flow_set(Request *request, const char *flow, const Form *form) {
        _cleanup_(secret_freep) Secret *data = NULL;
        int r;

        r = web_session(request);
        if (r < 0)
                return r;
        if (form) {
                r = secret_new(WEB_FLOW_BYTES_MAX, &data);
                for (size_t i = 0; r == 0 && i < form->n_fields; i++)
                        r = form_append(data, form->fields[i].name, form->fields[i].value);
                if (r < 0)
                        return r;
        }
        return web_session_flow_set(request->server->store, request->web.hash, flow, data,
                                    request->now);
}

int web_login(Request *request, const char *account_id) {
        return web_session_login(request->server->store, account_id, request->now, &request->web);
}

int web_logout_all(Store *store, const char *account_id) {
        return store_run(store, "DELETE FROM web_session WHERE account_id = $1", "t", account_id);
}
