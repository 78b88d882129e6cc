/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /unit/CODE: who acts for a unit without its declaration password; and /d, the way there. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-audit.h"
#include "backend/model-rate.h"
#include "backend/page-parts.h"
#include "backend/page-unit.h"
#include "backend/routes.h"
#include "backend/web.h"
#include "lib/common/text.h"

#define PERSONS_MAX 500
#define GRANTS_AN_HOUR 20 /* asked for by one person, right or wrong */
#define KEY_BYTES 64

bool unit_admit(Request *request) {
        int r;

        r = unit_managed(request->server->store, request->web.account_id, request->parameter,
                         &request->unit);
        if (r < 0)
                request_fail(request, r);
        else if (r > 0)
                request_refuse(request, MHD_HTTP_NOT_FOUND, "not-found");
        return r == 0;
}

int unit_audit(Request *request, const char *action, const char *whom) {
        char who[AUDIT_WHO_BYTES + 1], object[AUDIT_OBJECT_BYTES + 1];
        AccountRow account;
        int r;

        r = account_get(request->server->store, request->web.account_id, &account);
        if (r != 0)
                return r < 0 ? r : -ESTALE;
        (void)snprintf(who, sizeof(who), "account:%s", account.login_name);
        explicit_bzero(&account, sizeof(account));
        (void)snprintf(object, sizeof(object), "%s%s%s", whom ? whom : "", whom ? " " : "",
                       request->unit.code);
        return audit_add(request->server->store, request->now, who, action, object, "");
}

static void print_action(Request *request, Html *html, const char *action) {
        char path[LIMIT_UNIT_CODE_BYTES + 32];

        (void)snprintf(path, sizeof(path), "/unit/%s/%s", request->unit.code, action);
        web_form(request, html, path);
}

static void print_masked(Html *html, const char *text) {
        _cleanup_(freep) char *masked = NULL;

        if (text_mask(text, &masked) == 0)
                html_print(html, "%s", masked);
        else if (html->error == 0)
                html->error = -ENOMEM;
}

static int print_persons(Request *request, Html *html) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int64_t n = 0;
        int r;

        r = store_query(request->server->store, &statement,
                        "SELECT account.id, account.name, account.login_name, account.mobile,"
                        " relation.authorised FROM relation"
                        " JOIN account ON account.id = relation.account_id"
                        " WHERE relation.unit_code = $1 ORDER BY account.login_name LIMIT $2",
                        "ti", request->unit.code, (int64_t)PERSONS_MAX);
        html_print(html, "<h2>%s</h2><ol class=\"logins\">",
                   html_words(html, "办税人员", "Who acts for the unit"));
        while (r == 0 && (r = statement_next(statement)) == 1) {
                bool authorised = statement_int(statement, 4) != 0;

                html_print(html, "<li class=\"card\"><h3>%s</h3><dl><dt>%s</dt><dd>",
                           statement_text(statement, 1), html_words(html, "登录名", "Login name"));
                print_masked(html, statement_text(statement, 2));
                html_print(html, "</dd><dt>%s</dt><dd>",
                           html_words(html, "手机号码", "Mobile number"));
                print_masked(html, statement_text(statement, 3));
                html_print(html, "</dd><dt>%s</dt><dd>%s</dd></dl>",
                           html_words(html, "办税授权关系", "Authorisation"),
                           authorised ? html_words(html, "已授权", "authorised")
                                      : html_words(html, "未授权，需申报密码或CA证书",
                                                   "not authorised: declaration password or CA"
                                                   " certificate"));
                if (authorised) {
                        print_action(request, html, "revoke");
                        html_print(html,
                                   "<button class=\"second\" name=\"person\" value=\"%s\">%s"
                                   "</button></form>",
                                   statement_text(statement, 0),
                                   html_words(html, "撤销授权", "Revoke"));
                }
                html_print(html, "</li>");
                n++;
                r = 0;
        }
        html_print(html, "</ol>");
        if (n == 0)
                html_print(html, "<p>%s</p>", html_words(html, "目前没有办税人员。", "Nobody yet."));
        return r;
}

static void print_grant(Request *request, Html *html, const UnitTold *told) {
        html_print(html, "<h2>%s</h2>", html_words(html, "授权办税", "Authorise somebody"));
        if (told->grant_chinese)
                web_error(html, told->grant_chinese, told->grant_english);
        html_print(html, "<p>%s</p>",
                   html_words(html, "被授权人须已实名注册。授权后，该人员登录时无需输入申报密码。",
                              "Somebody who has registered. Once authorised, this person is not"
                              " asked for the declaration password."));
        print_action(request, html, "grant");
        html_print(html,
                   "<label for=\"account\">%s</label><input id=\"account\" name=\"account\""
                   " value=\"%s\" maxlength=\"%d\" required autocomplete=\"off\""
                   " autocapitalize=\"none\" spellcheck=\"false\">"
                   "<label for=\"name\">%s</label><input id=\"name\" name=\"name\" value=\"%s\""
                   " maxlength=\"%d\" required autocomplete=\"off\"><button>%s</button></form>",
                   html_words(html, "对方的手机号码、证件号码或登录名",
                              "Mobile number, identity number or login name"),
                   request_field(request, "account"), (int64_t)LIMIT_ACCOUNT_BYTES,
                   html_words(html, "对方的姓名", "Name"), request_field(request, "name"),
                   (int64_t)LIMIT_NAME_BYTES, html_words(html, "授权", "Authorise"));
}

static void print_told(Html *html, const UnitTold *told) {
        if (told->password_chinese)
                web_error(html, told->password_chinese, told->password_english);
        part_rules(html, told->broken);
        if (told->tries_left)
                html_print(html,
                           html_words(html,
                                      "<p class=\"error\" role=\"alert\">您的账号密码错误，再错%d次"
                                      "账号将被锁定。</p>",
                                      "<p class=\"error\" role=\"alert\">Your account's password is"
                                      " wrong. Tries left before it is locked: %d.</p>"),
                           told->tries_left);
        if (told->minutes)
                html_print(html,
                           html_words(html,
                                      "<p class=\"error\" role=\"alert\">您的账号密码错误次数过多，"
                                      "已锁定，请%d分钟后再试。</p>",
                                      "<p class=\"error\" role=\"alert\">Your account's password is"
                                      " locked after too many wrong ones. Minutes until you can"
                                      " try again: %d.</p>"),
                           told->minutes);
}

static void print_secret(Html *html, const char *name, const char *label, const char *complete) {
        html_print(html,
                   "<label for=\"%s\">%s</label><input id=\"%s\" name=\"%s\" type=\"password\""
                   " maxlength=\"%d\" required autocomplete=\"%s\">",
                   name, label, name, name, (int64_t)LIMIT_PASSWORD_BYTES, complete);
}

static void print_password(Request *request, Html *html, const UnitTold *told) {
        html_print(html, "<h2>%s</h2>",
                   html_words(html, "重置申报密码", "Reset the declaration password"));
        print_told(html, told);
        html_print(html, "<p>%s</p>",
                   html_words(html,
                              "8至15个字符，至少包含大写字母、小写字母、数字、特殊字符中的三种，不能有空格，"
                              "也不能与您的账号密码相同。",
                              "8 to 15 characters, at least three of capital letters, small"
                              " letters, digits and other characters, no space; not your account's"
                              " password."));
        print_action(request, html, "password");
        print_secret(html, "password", html_words(html, "新申报密码", "New declaration password"),
                     "new-password");
        print_secret(html, "repeated",
                     html_words(html, "再次输入新申报密码", "The same once more"), "new-password");
        print_secret(html, "current",
                     html_words(html, "您的账号密码（确认是本人操作）",
                                "Your account's password, to be sure that it is you"),
                     "current-password");
        if (told->captcha)
                part_captcha(html, told->captcha);
        /* the first button is the one that Enter in a field presses */
        html_print(html, "<button>%s</button>", html_words(html, "重置", "Reset"));
        if (told->captcha)
                html_print(html,
                           "<button class=\"second\" name=\"refresh\" value=\"captcha\""
                           " formnovalidate>%s</button>",
                           html_words(html, "换一张图片", "Another picture"));
        html_print(html, "</form>");
}

void unit_answer(Request *request, unsigned status, const UnitTold *told) {
        _cleanup_(html_done) Html html = {};
        int r;

        web_begin(request, &html, "单位管理", "Unit", "keyboard.js");
        html_print(&html, "<h1>%s</h1><p>%s</p>", request->unit.name, request->unit.code);
        print_password(request, &html, told);
        print_grant(request, &html, told);
        r = print_persons(request, &html);
        if (r < 0)
                request_fail(request, r);
        else
                web_answer(request, status, &html);
}

void page_unit(Request *request) {
        if (unit_admit(request))
                unit_answer(request, MHD_HTTP_OK, &(const UnitTold){});
}

static void answer_change(Request *request) {
        char path[LIMIT_UNIT_CODE_BYTES + 8];

        (void)snprintf(path, sizeof(path), "/unit/%s", request->unit.code);
        web_redirect(request, path);
}

enum {
        GRANT_E_NOBODY = 1, /* not such an account of this name */
        GRANT_E_OVER,       /* asked for too often */
};

/* Account and name have to belong together: who does not know both learns nothing of either. */
static int grant_person(Request *request, const char *typed, const char *name) {
        Store *store = request->server->store;
        char key[KEY_BYTES];
        AccountRow account = {};
        int64_t wait_sec = 0;
        int r;

        (void)snprintf(key, sizeof(key), "grant:%s", request->web.account_id);
        r = rate_take(store, key, GRANTS_AN_HOUR, 3600, request->now, &wait_sec);
        if (r != 0) {
                part_too_often(request, wait_sec);
                return r < 0 ? r : GRANT_E_OVER;
        }
        r = account_find(store, typed, &account);
        if (r < 0)
                return r;
        if (r > 0 || account.disabled || strcmp(account.name, name) != 0)
                return GRANT_E_NOBODY;
        r = relation_put(store, account.id, request->unit.code, 1);
        if (r == 0)
                r = unit_audit(request, "relation grant", account.login_name);
        explicit_bzero(&account, sizeof(account));
        return r > 0 ? -EIO : r;
}

void page_unit_grant(Request *request) {
        const char *account = request_field(request, "account"),
                   *name = request_field(request, "name");
        _cleanup_(transaction_done) Transaction transaction = {};
        int r, q;

        r = transaction_begin(request->server->store, &transaction);
        if (r < 0) {
                request_fail(request, r);
                return;
        }
        if (!unit_admit(request))
                return;
        q = grant_person(request, account ? account : "", name ? name : "");
        r = q < 0 ? q : transaction_commit(&transaction);
        if (r < 0)
                request_fail(request, r);
        else if (q == GRANT_E_OVER)
                unit_answer(request, MHD_HTTP_TOO_MANY_REQUESTS,
                            &(const UnitTold){ .grant_chinese = "操作过于频繁，请一小时后再试。",
                                               .grant_english = "Too often. Please try again in an"
                                                                " hour." });
        else if (q > 0)
                unit_answer(request, MHD_HTTP_FORBIDDEN,
                            &(const UnitTold){
                                    .grant_chinese = "没有与该姓名相符的账号，请与对方核对后重新填写。",
                                    .grant_english = "There is no such account under this name."
                                                     " Please ask the person and type both"
                                                     " again." });
        else
                answer_change(request);
}

static int revoke_person(Request *request, const char *person) {
        AccountRow account;
        int r;

        r = relation_revoke(request->server->store, person, request->unit.code);
        if (r == 0)
                r = account_get(request->server->store, person, &account);
        if (r != 0)
                return r;
        return unit_audit(request, "relation revoke", account.login_name);
}

void page_unit_revoke(Request *request) {
        const char *person = request_field(request, "person");
        _cleanup_(transaction_done) Transaction transaction = {};
        int r;

        r = transaction_begin(request->server->store, &transaction);
        if (r < 0) {
                request_fail(request, r);
                return;
        }
        if (!unit_admit(request))
                return;
        r = revoke_person(request, person ? person : "");
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r < 0)
                request_fail(request, r);
        else if (r > 0)
                request_refuse(request, MHD_HTTP_NOT_FOUND, "not-found");
        else
                answer_change(request);
}

void page_forgot_declaration(Request *request) {
        const char *path = request->web.account_id[0] ? "/me" : "/login?next=%2Fme";
        Html html;

        web_begin(request, &html, "忘记申报密码", "Forgotten declaration password", NULL);
        html_print(&html,
                   "<h1>%s</h1><p>%s</p><p><a class=\"button\" href=\"%s\">%s</a></p><p>%s</p>",
                   html_words(&html, "忘记申报密码", "Forgotten declaration password"),
                   html_words(&html,
                              "申报密码由本单位的法定代表人或财务负责人实名登录后重置：登录后在“我的账号”中选择单位。",
                              "The unit's legal representative or finance manager resets it:"
                              " please log in and choose the unit on your page."),
                   path,
                   html_words(&html, "实名登录，选择单位", "Log in and choose the unit"),
                   html_words(&html,
                              "也可由上述人员携带有效身份证件到办税服务厅重置。",
                              "Or at a tax service hall, with the identity document."));
        web_answer(request, MHD_HTTP_OK, &html);
}
