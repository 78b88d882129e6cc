/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "backend/model-web.h"
#include "tests/unit/browser.h"

static size_t on_body(char *data, size_t size, size_t n, void *userdata) {
        Answer *answer = userdata;

        assert_true(answer->n_body + size * n < sizeof(answer->body));
        memcpy(answer->body + answer->n_body, data, size * n);
        answer->n_body += size * n;
        answer->body[answer->n_body] = '\0';
        return size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *userdata) {
        Answer *answer = userdata;

        assert_true(answer->n_headers + size * n < sizeof(answer->headers));
        memcpy(answer->headers + answer->n_headers, data, size * n);
        answer->n_headers += size * n;
        answer->headers[answer->n_headers] = '\0';
        return size * n;
}

static void remember(Browser *browser, const Answer *answer) {
        const char *cookie = strstr(answer->headers, "Set-Cookie: " WEB_COOKIE_NAME "="),
                   *csrf = strstr(answer->body, "name=\"csrf\" value=\"");

        if (cookie) {
                cookie += strlen("Set-Cookie: ");
                (void)snprintf(browser->cookie, sizeof(browser->cookie), "%.*s",
                               (int)strcspn(cookie, ";\r"), cookie);
        }
        if (csrf) {
                csrf += strlen("name=\"csrf\" value=\"");
                (void)snprintf(browser->csrf, sizeof(browser->csrf), "%.*s",
                               (int)strcspn(csrf, "\""), csrf);
        }
}

static struct curl_slist *header_add(struct curl_slist *headers, const char *name,
                                     const char *value) {
        char header[400];

        (void)snprintf(header, sizeof(header), "%s: %s", name, value);
        return curl_slist_append(headers, header);
}

static void browse(World *world, Browser *browser, const char *path, const char *body,
                   Answer *ret) {
        struct curl_slist *headers = curl_slist_append(NULL, "Accept: text/html");
        char url[512];
        CURLcode code;

        memset(ret, 0, sizeof(*ret));
        curl_easy_reset(world->curl);
        (void)snprintf(url, sizeof(url), ISSUER "%s", path);
        (void)curl_easy_setopt(world->curl, CURLOPT_UNIX_SOCKET_PATH, world->socket);
        (void)curl_easy_setopt(world->curl, CURLOPT_URL, url);
        (void)curl_easy_setopt(world->curl, CURLOPT_PROXY, "");
        (void)curl_easy_setopt(world->curl, CURLOPT_TIMEOUT, 20L);
        (void)curl_easy_setopt(world->curl, CURLOPT_WRITEFUNCTION, on_body);
        (void)curl_easy_setopt(world->curl, CURLOPT_WRITEDATA, ret);
        (void)curl_easy_setopt(world->curl, CURLOPT_HEADERFUNCTION, on_header);
        (void)curl_easy_setopt(world->curl, CURLOPT_HEADERDATA, ret);
        if (body) {
                (void)curl_easy_setopt(world->curl, CURLOPT_POSTFIELDS, body);
                headers = curl_slist_append(headers, "Expect:");
                if (browser->origin)
                        headers = header_add(headers, "Origin", browser->origin);
        }
        if (browser->cookie[0] || browser->english) {
                char cookies[300];

                (void)snprintf(cookies, sizeof(cookies), "%s%s%s", browser->cookie,
                               browser->cookie[0] && browser->english ? "; " : "",
                               browser->english ? "lang=en" : "");
                headers = header_add(headers, "Cookie", cookies);
        }
        if (browser->header)
                headers = curl_slist_append(headers, browser->header);
        (void)curl_easy_setopt(world->curl, CURLOPT_HTTPHEADER, headers);
        code = curl_easy_perform(world->curl);
        curl_slist_free_all(headers);
        if (code != CURLE_OK)
                fail_msg("%s: %s", path, curl_easy_strerror(code));
        (void)curl_easy_getinfo(world->curl, CURLINFO_RESPONSE_CODE, &ret->status);
        remember(browser, ret);
}

void browser_get(World *world, Browser *browser, const char *path, Answer *ret) {
        browse(world, browser, path, NULL, ret);
}

void browser_post(World *world, Browser *browser, const char *path, const char *form,
                  Answer *ret) {
        char body[8192];

        (void)snprintf(body, sizeof(body), "%s%s%s%s", browser->csrf[0] ? "csrf=" : "",
                       browser->csrf, browser->csrf[0] && form[0] ? "&" : "", form);
        browse(world, browser, path, body, ret);
}

void browser_login(World *world, Browser *browser, const char *account, const char *password) {
        static Answer answer;
        char form[256];

        browser_get(world, browser, "/login", &answer);
        assert_int_equal(answer.status, 200);
        (void)snprintf(form, sizeof(form), "account=%s&password=%s", account, password);
        browser_post(world, browser, "/login", form, &answer);
        if (answer.status != 303)
                fail_msg("login: %ld %s", answer.status, answer.body);
        /* the new session has a csrf field of its own */
        browser_get(world, browser, "/me", &answer);
        assert_int_equal(answer.status, 200);
}

void answer_between(const Answer *answer, const char *before, const char *after, char *ret,
                    size_t n) {
        const char *begin = strstr(answer->body, before), *end;

        if (!begin)
                fail_msg("no %s in %s", before, answer->body);
        begin += strlen(before);
        end = strstr(begin, after);
        assert_non_null(end);
        assert_true((size_t)(end - begin) < n);
        (void)snprintf(ret, n, "%.*s", (int)(end - begin), begin);
}
