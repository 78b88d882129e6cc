/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /me: what the platform knows of the person who looks: the units, and every login under that name,
 * each with a way to end it. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-audit.h"
#include "backend/model-login.h"
#include "backend/routes.h"
#include "backend/web.h"

#define LOGINS_A_PAGE 50

/* "TIME.ID" of the last one on the page before. */
static bool before_read(const Request *request, int64_t *ret_at, const char **ret_id) {
        const char *text = request_argument(request, "before");
        char *end;

        *ret_at = INT64_MAX;
        *ret_id = "";
        if (!text)
                return true;
        if (strlen(text) > RANDOM_ID_BYTES + 24 || text[0] < '0' || text[0] > '9')
                return false;
        *ret_at = strtoll(text, &end, 10);
        *ret_id = end + 1;
        return *end == '.';
}

/* Units of which the person is legal representative or finance manager, who alone may set their
 * declaration password. */
static int print_managed(const Request *request, Html *html) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        bool first = true;
        int r;

        r = store_query(request->server->store, &statement,
                        "SELECT code, name FROM unit WHERE legal_representative = $1"
                        " OR finance_manager = $1 ORDER BY code LIMIT $2",
                        "ti", request->web.account_id, (int64_t)LIMIT_UNITS);
        while (r == 0 && (r = statement_next(statement)) == 1) {
                if (first)
                        html_print(html, "<h2>%s</h2><ul class=\"links\">",
                                   html_words(html, "我担任法定代表人或财务负责人的单位",
                                              "Units of which I am legal representative or"
                                              " finance manager"));
                html_print(html, "<li><a href=\"/unit/%s\">%s (%s)</a></li>",
                           statement_text(statement, 0), statement_text(statement, 1),
                           statement_text(statement, 0));
                first = false;
                r = 0;
        }
        if (!first)
                html_print(html, "</ul>");
        return r;
}

static int print_units(const Request *request, Html *html) {
        _cleanup_(freep) UnitRow *units = NULL;
        size_t n;
        int r;

        r = unit_list(request->server->store, request->web.account_id, &units, &n);
        if (r < 0)
                return r;
        html_print(html, "<h2>%s</h2>", html_words(html, "我的办税单位", "My units"));
        if (n == 0)
                html_print(html, "<p>%s</p>",
                           html_words(html, "您目前没有办税单位。", "You have no units."));
        for (size_t i = 0; i < n; i++) {
                html_print(html,
                           "<div class=\"card\"><h3>%s</h3><dl><dt>%s</dt><dd>%s</dd><dt>%s</dt>"
                           "<dd>%s</dd></dl></div>",
                           units[i].name, html_words(html, "单位代码", "Code"), units[i].code,
                           html_words(html, "办税授权关系", "Authorisation"),
                           units[i].authorised
                                   ? html_words(html, "已授权", "authorised")
                                   : html_words(html, "未授权，需申报密码或CA证书",
                                                "not authorised: declaration password or CA"
                                                " certificate"));
        }
        if (units)
                explicit_bzero(units, n * sizeof(UnitRow));
        return 0;
}

static void print_row(Html *html, const char *chinese, const char *english, const char *value) {
        if (value[0])
                html_print(html, "<dt>%s</dt><dd>%s</dd>", html_words(html, chinese, english),
                           value);
}

static const char *client_words(const Html *html, const char *client_id) {
        if (strcmp(client_id, LOGIN_CLIENT_BROWSER) == 0)
                return html_words(html, "本网站（浏览器）", "this site (browser)");
        return strcmp(client_id, CLIENT_APP) == 0
                       ? html_words(html, "个人所得税APP", "the app (个人所得税APP)")
                       : client_id;
}

static void print_login(Request *request, Html *html, const LoginRow *login) {
        html_print(html, "<li class=\"card\"><h3>");
        web_time(html, login->created_at);
        html_print(html, "</h3><dl>");
        print_row(html, "工作站", "Workstation", client_words(html, login->client_id));
        print_row(html, "主机", "Host", login->host);
        print_row(html, "服务", "Service", login->service);
        print_row(html, "终端", "Terminal", login->terminal);
        print_row(html, "来自", "From", login->remote_host);
        print_row(html, "方式", "By",
                  strcmp(login->method, "qr") == 0 ? html_words(html, "扫码", "QR code")
                                                   : html_words(html, "密码", "password"));
        print_row(html, "办税单位", "Unit",
                  login->unit_name[0] ? login->unit_name : login->unit_code);
        html_print(html, "<dt>%s</dt><dd>%s", html_words(html, "状态", "State"),
                   login->own    ? html_words(html, "登录中（当前浏览器）",
                                              "logged in (this browser)")
                   : login->open ? html_words(html, "登录中", "logged in")
                                 : html_words(html, "已结束", "ended"));
        if (login->ended_at > 0) {
                html_print(html, " ");
                web_time(html, login->ended_at);
        }
        html_print(html, "</dd></dl>");
        if (login->open) {
                web_form(request, html, "/me/end");
                html_print(html,
                           "<button class=\"second\" name=\"login\" value=\"%s\">%s</button>"
                           "</form>",
                           login->id, html_words(html, "结束此登录", "End this login"));
        }
        html_print(html, "</li>");
}

static int print_logins(Request *request, Html *html) {
        _cleanup_(freep) LoginRow *logins = NULL;
        const char *before_id;
        int64_t before_at;
        size_t n;
        int r;

        if (!before_read(request, &before_at, &before_id))
                return -EINVAL;
        /* one more than is shown tells whether there are older ones */
        r = login_row_list(request->server->store, request->web.account_id, request->web.hash,
                           before_at, before_id, LOGINS_A_PAGE + 1, request->now, &logins, &n);
        if (r < 0)
                return r;

        html_print(html, "<h2>%s</h2><p>%s</p><ol class=\"logins\">",
                   html_words(html, "以我的名义登录的记录", "Logins under my name"),
                   html_words(html,
                              "发现不是您本人的登录，请立即结束该登录并修改密码。",
                              "If one of these was not you, end it at once and change your"
                              " password."));
        for (size_t i = 0; i < n && i < LOGINS_A_PAGE; i++)
                print_login(request, html, &logins[i]);
        html_print(html, "</ol>");
        if (n > LOGINS_A_PAGE)
                html_print(html, "<p><a href=\"/me?before=%d.%s\">%s</a></p>",
                           logins[LOGINS_A_PAGE - 1].created_at, logins[LOGINS_A_PAGE - 1].id,
                           html_words(html, "更早的记录", "Older ones"));
        return 0;
}

void page_me(Request *request) {
        _cleanup_(html_done) Html html = {};
        int r = 0;

        web_begin(request, &html, "我的账号", "My account", NULL);
        html_print(&html, "<h1>%s</h1>", request->web.name);
        web_form(request, &html, "/logout");
        html_print(&html, "<button class=\"second\">%s</button></form>",
                   html_words(&html, "退出登录", "Log out"));
        if (!request_argument(request, "before"))
                r = print_units(request, &html);
        if (r == 0 && !request_argument(request, "before"))
                r = print_managed(request, &html);
        if (r == 0)
                r = print_logins(request, &html);
        if (r == -EINVAL)
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "bad-request");
        else if (r < 0)
                request_fail(request, r);
        else {
                html_print(&html,
                           "<h2>%s</h2><ul class=\"links\"><li><a href=\"/f\">%s</a></li>"
                           "<li><a href=\"/d\">%s</a></li></ul>",
                           html_words(&html, "密码", "Passwords"),
                           html_words(&html, "忘记密码", "Forgotten password"),
                           html_words(&html, "忘记申报密码", "Forgotten declaration password"));
                web_answer(request, MHD_HTTP_OK, &html);
        }
}

static int end_audit(const Request *request, const char *id) {
        char who[AUDIT_WHO_BYTES + 1];
        AccountRow account;
        int r;

        r = account_get(request->server->store, request->web.account_id, &account);
        if (r != 0)
                return r < 0 ? r : -ESTALE;
        (void)snprintf(who, sizeof(who), "account:%s", account.login_name);
        explicit_bzero(&account, sizeof(account));
        return audit_add(request->server->store, request->now, who, "login end", id, "");
}

void page_me_end(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        const char *id;
        int r, q = 0;

        if (request_field_max(request, "login", RANDOM_ID_BYTES, &id) < 0 || !id) {
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "bad-request");
                return;
        }
        r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = q = login_row_end(request->server->store, request->web.account_id, id,
                                      request->now);
        if (q == 0 && r == 0)
                r = end_audit(request, id);
        if (r >= 0)
                r = transaction_commit(&transaction);
        if (r < 0)
                request_fail(request, r);
        else if (q > 0)
                web_notice(request, MHD_HTTP_NOT_FOUND, "没有此登录", "No such login",
                           "该登录已经结束。", "That login has ended already.", "/me");
        else
                web_redirect(request, "/me");
}
