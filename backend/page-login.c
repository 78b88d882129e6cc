/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /login and /logout: the account's password in a browser, by the rules of api-challenge.c: the same
 * five tries, the same captcha, the same work for a name that nobody has. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/captcha-answer.h"
#include "backend/guess.h"
#include "backend/model-login.h"
#include "backend/page-parts.h"
#include "backend/routes.h"
#include "backend/web.h"

#define SOURCE_BROWSER "web"

/* Where the person wanted to go; our own addresses only. */
static const char *next_of(const Request *request) {
        const char *next = request_field(request, "next");

        if (!next)
                next = request_argument(request, "next");
        return next && web_path_is_ours(next) ? next : NULL;
}

/* The form from the first to the last field; the message above it has been written. */
static void print_form(Request *request, Html *html, const char *account,
                       const WireCaptcha *captcha) {
        web_form(request, html, "/login");
        if (next_of(request))
                html_print(html, "<input type=\"hidden\" name=\"next\" value=\"%s\">",
                           next_of(request));
        html_print(html,
                   "<label for=\"account\">%s</label><input id=\"account\" name=\"account\""
                   " value=\"%s\" maxlength=\"%d\" required autocomplete=\"username\""
                   " autocapitalize=\"none\" spellcheck=\"false\">",
                   html_words(html, "手机号码、证件号码或登录名",
                              "Mobile number, identity number or login name"),
                   account, (int64_t)LIMIT_ACCOUNT_BYTES);
        html_print(html,
                   "<label for=\"password\">%s</label><input id=\"password\" name=\"password\""
                   " type=\"password\" maxlength=\"%d\" required"
                   " autocomplete=\"current-password\">",
                   html_words(html, "密码", "Password"), (int64_t)LIMIT_PASSWORD_BYTES);
        if (captcha)
                part_captcha(html, captcha);
        /* the first button is the one that Enter in a field presses */
        html_print(html, "<button>%s</button>", html_words(html, "登录", "Log in"));
        if (captcha)
                html_print(html,
                           "<button class=\"second\" name=\"refresh\" value=\"captcha\""
                           " formnovalidate>%s</button>",
                           html_words(html, "换一张图片", "Another picture"));
        html_print(html, "</form><p class=\"hint\"><a href=\"/f\">%s</a> · <a href=\"/r\">%s</a></p>",
                   html_words(html, "忘记密码", "Forgotten password"),
                   html_words(html, "立即注册", "Register"));
}

static void begin(Request *request, Html *html) {
        web_begin(request, html, "登录", "Log in", "keyboard.js");
        html_print(html, "<h1>%s</h1>", html_words(html, "实名登录", "Real-name login"));
}

void page_login(Request *request) {
        const char *next = next_of(request);
        Html html;

        if (request->web.account_id[0]) {
                web_redirect(request, next ? next : "/me");
                return;
        }
        begin(request, &html);
        print_form(request, &html, NULL, NULL);
        web_answer(request, MHD_HTTP_OK, &html);
}

static void answer_form(Request *request, const char *chinese, const char *english) {
        Html html;

        begin(request, &html);
        web_error(&html, chinese, english);
        print_form(request, &html, request_field(request, "account"), NULL);
        web_answer(request, MHD_HTTP_FORBIDDEN, &html);
}

/* The form with a new picture. The message is written by the verdict. */
static int answer_with_captcha(Request *request) {
        const Attempt *attempt = &request->attempt;
        _cleanup_(transaction_done) Transaction transaction = {};
        WireCaptcha captcha = {};
        Html html;
        int r;

        r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = captcha_answer(request->server->store, request->web.hash, attempt->guard_key,
                                   request->now, &captcha);
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r == 0) {
                begin(request, &html);
                if (attempt->verdict == ATTEMPT_WRONG)
                        html_print(&html,
                                   html_words(&html,
                                              "<p class=\"error\" role=\"alert\">"
                                              "账号或密码错误，再错%d次账号将被锁定。</p>",
                                              "<p class=\"error\" role=\"alert\">The account or"
                                              " the password is wrong. Tries left before it is"
                                              " locked: %d.</p>"),
                                   attempt->tries_left);
                else if (attempt->verdict == ATTEMPT_CAPTCHA_WRONG)
                        web_error(&html, "验证码错误或已失效，请输入新图片中的字符，并重新输入密码。",
                                  "The captcha is wrong or too old. Please type the characters of"
                                  " the new picture, and the password again.");
                else
                        web_error(&html, "请输入图片中的验证码和密码。",
                                  "Please type the captcha in the picture, and the password.");
                print_form(request, &html, request_field(request, "account"), &captcha);
                web_answer(request, MHD_HTTP_FORBIDDEN, &html);
        }
        captcha_answer_done(&captcha);
        return r;
}

static void answer_locked(Request *request) {
        Html html;

        begin(request, &html);
        html_print(&html,
                   html_words(&html,
                              "<p class=\"error\" role=\"alert\">密码错误次数过多，密码登录已锁定，"
                              "请%d分钟后再试；扫码登录不受影响。通过<a href=\"/f\">忘记密码</a>重置，"
                              "或携带身份证件到办税服务厅办理，可立即解除锁定。</p>",
                              "<p class=\"error\" role=\"alert\">The password is locked after too"
                              " many wrong ones. Minutes until you can try again: %d. QR login"
                              " still works. <a href=\"/f\">Forgotten password</a>, or a tax"
                              " service hall with your identity document, unlocks it at once.</p>"),
                   (request->attempt.retry_after_sec + 59) / 60);
        web_answer(request, MHD_HTTP_FORBIDDEN, &html);
}

/* In one transaction: the try goes back, this browser is the person's, and the person may see it. */
static int browser_login(Request *request) {
        char peer[64];
        int r;

        request_peer(request, peer, sizeof(peer));
        r = web_login(request, request->account.id);
        if (r < 0)
                return r;
        return login_row_add(request->server->store,
                             &(const LoginNew){ .account_id = request->account.id,
                                                .client_id = LOGIN_CLIENT_BROWSER,
                                                .method = "password",
                                                .remote_host = peer,
                                                .token_hash = request->web.hash,
                                                .expires_at = request->now + WEB_LIFETIME_SEC },
                             request->now);
}

/* The password may have been changed, or the account disabled, while the hash was computed. */
static int answer_right(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        Store *store = request->server->store;
        const char *next = next_of(request);
        WebSession before = request->web;
        bool same, disabled;
        AccountRow now = {};
        int r, q;

        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = guard_give_back(store, request->attempt.guard_key, &request->attempt.take);
        if (r < 0)
                return r;
        q = account_get(store, request->account.id, &now);
        same = q == 0 && strcmp(now.password_hash, request->account.password_hash) == 0;
        disabled = same && now.disabled;
        explicit_bzero(&now, sizeof(now));
        if (q >= 0 && same && !disabled)
                q = browser_login(request);
        r = q < 0 ? q : transaction_commit(&transaction);
        if (r < 0)
                request->web = before;
        explicit_bzero(&before, sizeof(before));
        if (r < 0)
                return r;

        if (disabled)
                answer_form(request, "该账号已停用，请联系本单位管理员或办税服务厅。",
                            "This account is disabled. Please ask your administrator or a tax"
                            " service hall.");
        else if (!same)
                answer_form(request, "密码刚刚已更改，请用新密码登录。",
                            "The password has just been changed. Please log in with the new one.");
        else
                web_redirect(request, next ? next : "/me");
        return 0;
}

static int answer_verdict(Request *request) {
        switch (request->attempt.verdict) {
        case ATTEMPT_RIGHT:
                return answer_right(request);
        case ATTEMPT_WRONG:
        case ATTEMPT_CAPTCHA:
        case ATTEMPT_CAPTCHA_WRONG:
                return answer_with_captcha(request);
        case ATTEMPT_LOCKED_NOW:
        case ATTEMPT_LOCKED:
                answer_locked(request);
                return 0;
        case ATTEMPT_BUSY:
                request_busy(request);
                return 0;
        case ATTEMPT_FAILED:
        case _ATTEMPT_VERDICT_MAX:
                break;
        }
        return -EIO;
}

static void on_attempt(Attempt *attempt) {
        Request *request = attempt->userdata;
        int r;

        guess_ended(request);
        r = answer_verdict(request);
        if (r < 0)
                request_fail(request, r);
}

static int account_read(Request *request, const char *account) {
        Store *store = request->server->store;
        int r;

        r = account_find(store, account, &request->account);
        if (r < 0)
                return r;
        r = account_guard_key(store, account, r == 0 ? request->account.id : NULL,
                              request->attempt.guard_key);
        return r < 0 ? r : 0;
}

void page_login_try(Request *request) {
        Attempt *attempt = &request->attempt;
        bool refresh = request_field(request, "refresh") != NULL;
        const char *account, *password;
        int r;

        if (request_field_max(request, "account", LIMIT_ACCOUNT_BYTES, &account) < 0 ||
            request_field_max(request, "password", LIMIT_PASSWORD_BYTES, &password) < 0 ||
            request_field_max(request, "captcha_id", HASH_HEX_BYTES, &attempt->captcha_id) < 0 ||
            request_field_max(request, "captcha_answer", LIMIT_CAPTCHA_ANSWER_BYTES,
                              &attempt->captcha_answer) < 0) {
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "bad-request");
                return;
        }
        if (!account || (!password && !refresh)) {
                answer_form(request, "请输入账号和密码。",
                            "Please type the account and the password.");
                return;
        }

        r = account_read(request, account);
        if (r == 0 && refresh) {
                attempt->verdict = ATTEMPT_CAPTCHA;
                r = answer_with_captcha(request);
                if (r == 0)
                        return;
        }
        if (r < 0) {
                request_fail(request, r);
                return;
        }
        memcpy(attempt->session_hash, request->web.hash, sizeof(attempt->session_hash));
        memcpy(attempt->hash, request->account.password_hash, sizeof(attempt->hash));
        attempt->password = password;
        attempt->done = on_attempt;
        attempt->userdata = request;
        guess_start(request, SOURCE_BROWSER);
}

void page_logout(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        Store *store = request->server->store;
        int r;

        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = web_session_end(store, request->web.hash);
        if (r == 0)
                r = login_row_ended(store, request->web.hash, request->now);
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r < 0) {
                request_fail(request, r);
                return;
        }
        request->web = (WebSession){ .cleared = true };
        web_redirect(request, "/");
}
