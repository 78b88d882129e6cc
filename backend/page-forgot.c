/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /forgot: a new account password, by document, code on the mobile phone, new password
 *
 * Every step gives the same answer for a person that there is and for one that there is not; only a
 * phone in the person's hand tells the difference (threats 110). What was found stays with the server,
 * in the flow of this browser; the right to a new password is in the page alone, and in the store as
 * its hash. */

#include <stdio.h>
#include <string.h>

#include "backend/model-reset.h"
#include "backend/model-sms.h"
#include "backend/page-parts.h"
#include "backend/report.h"
#include "backend/routes.h"
#include "backend/web.h"
#include "lib/common/password-rule.h"

#define FLOW "reset"
#define PURPOSE "reset"
#define FLOW_BYTES 1024

/* What the flow holds. */
typedef struct Kept {
        Form form;
        const char *account_id, *mobile, *document_key; /* point into it; NULL when not there */
} Kept;

static int kept_read(Request *request, Kept *ret) {
        int r;

        *ret = (Kept){};
        r = web_flow_get(request, FLOW, &ret->form);
        if (r < 0)
                return r;
        ret->account_id = form_get(&ret->form, "account");
        ret->mobile = form_get(&ret->form, "mobile");
        ret->document_key = form_get(&ret->form, "document");
        return 0;
}

static int kept_write(Request *request, const ResetPerson *person) {
        Secret *body = NULL;
        Form form = {};
        int r;

        r = secret_new(FLOW_BYTES, &body);
        if (r == 0)
                r = form_append(body, "account", person->account_id);
        if (r == 0)
                r = form_append(body, "mobile", person->mobile);
        if (r == 0)
                r = form_append(body, "document", person->document_key);
        if (r < 0) {
                (void)secret_free(body);
                return r;
        }
        r = form_decode(body, &form);
        if (r == 0)
                r = web_flow_set(request, FLOW, &form);
        form_done(&form);
        return r;
}

static void begin(Request *request, Html *html, const char *script) {
        web_begin(request, html, "忘记密码", "Forgotten password", script);
        html_print(html, "<h1>%s</h1>", html_words(html, "忘记密码", "Forgotten password"));
}

static void print_step(Html *html, const char *chinese, const char *english) {
        html_print(html, "<p>%s</p>", html_words(html, chinese, english));
}

static void print_types(Html *html, const char *chosen) {
        for (size_t i = 0; i < n_document_types; i++) {
                bool selected = chosen && strcmp(chosen, document_types[i].word) == 0;

                html_print(html,
                           selected ? "<option value=\"%s\" selected>%s</option>"
                                    : "<option value=\"%s\">%s</option>",
                           document_types[i].word,
                           html_words(html, document_types[i].chinese, document_types[i].english));
        }
}

/* First step. @chinese: what was wrong, NULL: nothing. */
static void answer_identity(Request *request, const char *chinese, const char *english) {
        Html html;

        begin(request, &html, NULL);
        if (chinese)
                web_error(&html, chinese, english);
        print_step(&html, "第1步，共3步：请填写注册时的姓名和证件。",
                   "Step 1 of 3: the name and document you registered with.");
        web_form(request, &html, "/forgot");
        html_print(&html,
                   "<label for=\"name\">%s</label><input id=\"name\" name=\"name\" value=\"%s\""
                   " maxlength=\"%d\" required autocomplete=\"name\">",
                   html_words(&html, "姓名", "Name"), request_field(request, "name"),
                   (int64_t)LIMIT_NAME_BYTES);
        html_print(&html, "<label for=\"type\">%s</label><select id=\"type\" name=\"type\">",
                   html_words(&html, "证件类型", "Document"));
        print_types(&html, request_field(request, "type"));
        html_print(&html,
                   "</select><label for=\"number\">%s</label><input id=\"number\" name=\"number\""
                   " value=\"%s\" maxlength=\"%d\" required autocomplete=\"off\""
                   " autocapitalize=\"characters\" spellcheck=\"false\"><button>%s</button></form>"
                   "<p class=\"hint\">%s</p>",
                   html_words(&html, "证件号码", "Number of the document"),
                   request_field(request, "number"), (int64_t)DOCUMENT_NUMBER_BYTES,
                   html_words(&html, "发送短信验证码", "Send a code to my phone"),
                   html_words(&html, "手机号码已更换的，请携带身份证件到办税服务厅重置密码。",
                              "If you have another mobile number now, please go to a tax service"
                              " hall with your identity document."));
        web_answer(request, chinese ? MHD_HTTP_FORBIDDEN : MHD_HTTP_OK, &html);
}

static void answer_code(Request *request, unsigned status, const char *chinese,
                        const char *english) {
        Html html;

        begin(request, &html, NULL);
        if (chinese)
                web_error(&html, chinese, english);
        print_step(&html,
                   "第2步，共3步：如果信息无误，验证码已发送到您注册时的手机，5分钟内有效。"
                   "没有收到的，请检查姓名和证件号码，一分钟后重新发送。",
                   "Step 2 of 3: if what you entered is right, a code is on its way to the mobile"
                   " number you registered with; it is good for 5 minutes. If none arrives, please"
                   " check name and number, and send it again after a minute.");
        web_form(request, &html, "/forgot/code");
        html_print(&html,
                   "<label for=\"sms\">%s</label><input id=\"sms\" name=\"sms\" class=\"code\""
                   " inputmode=\"numeric\" maxlength=\"%d\" autocomplete=\"one-time-code\">"
                   "<button>%s</button><button class=\"second\" name=\"again\" value=\"1\""
                   " formnovalidate>%s</button></form><p class=\"hint\"><a href=\"/forgot\">%s</a></p>",
                   html_words(&html, "短信验证码（6位数字）", "Code (six digits)"),
                   (int64_t)SMS_CODE_DIGITS, html_words(&html, "下一步", "Next"),
                   html_words(&html, "重新发送", "Send it again"),
                   html_words(&html, "返回修改姓名和证件", "Back to name and document"));
        web_answer(request, status, &html);
}

/* @broken: PasswordRule bits of what was typed */
static void answer_password(Request *request, const char *token, unsigned broken, bool differ) {
        Html html;

        begin(request, &html, "keyboard.js");
        part_rules(&html, broken);
        if (differ)
                web_error(&html, "两次输入的密码不一致，请重新输入。",
                          "The two passwords differ. Please type both again.");
        print_step(&html,
                   "第3步，共3步：请设置新密码。8至15个字符，至少包含大写字母、小写字母、数字、特殊字符中的三种，"
                   "不能有空格。",
                   "Step 3 of 3: your new password. 8 to 15 characters, at least three of capital"
                   " letters, small letters, digits and other characters, no space.");
        web_form(request, &html, "/forgot/password");
        html_print(&html, "<input type=\"hidden\" name=\"token\" value=\"%s\">", token);
        html_print(&html,
                   "<label for=\"password\">%s</label><input id=\"password\" name=\"password\""
                   " type=\"password\" maxlength=\"%d\" required autocomplete=\"new-password\">"
                   "<label for=\"repeated\">%s</label><input id=\"repeated\" name=\"repeated\""
                   " type=\"password\" maxlength=\"%d\" required autocomplete=\"new-password\">"
                   "<button>%s</button></form>",
                   html_words(&html, "新密码", "New password"), (int64_t)LIMIT_PASSWORD_BYTES,
                   html_words(&html, "再次输入新密码", "The new password again"),
                   (int64_t)LIMIT_PASSWORD_BYTES,
                   html_words(&html, "设置新密码", "Set the new password"));
        web_answer(request, broken || differ ? MHD_HTTP_FORBIDDEN : MHD_HTTP_OK, &html);
}

static void answer_over(Request *request, int64_t wait_sec) {
        Html html;

        begin(request, &html, NULL);
        html_print(&html,
                   html_words(&html,
                              "<p class=\"error\" role=\"alert\">操作过于频繁，请%d分钟后再试。</p>",
                              "<p class=\"error\" role=\"alert\">This was asked for too often."
                              " Minutes until you can try again: %d.</p>"),
                   (wait_sec + 59) / 60);
        part_too_often(request, wait_sec);
        web_answer(request, MHD_HTTP_TOO_MANY_REQUESTS, &html);
}

static void answer_lost(Request *request) {
        answer_identity(request, "页面停留时间过长，请重新开始。",
                        "That took too long. Please begin again.");
}

void page_forgot_password(Request *request) {
        answer_identity(request, NULL, NULL);
}

/* A failure to send is the operator's to see: the person is told the same in any case. */
static void code_send(Request *request, const char *mobile, const char *code) {
        char text[160];
        int r;

        (void)snprintf(text, sizeof(text),
                       "您正在重置实名账号的密码，验证码：%s，5分钟内有效。如非本人操作，请勿告诉任何人。", code);
        r = sms_sender_post(request->server->sms, mobile, text);
        if (r != 0)
                report_event("text message: not sent, %s",
                             r == SMS_SENDER_E_FULL   ? "too many wait"
                             : r == SMS_SENDER_E_NONE ? "no way is configured"
                                                      : "the number or the text is not fit");
        explicit_bzero(text, sizeof(text));
}

/* A new code for who is in the flow. To a number that had one for something else a moment ago none is
 * sent, and nobody is told: it would tell that there is such a number. What is kept is the same.
 * Return: 0, RESET_E_OVER, -errno. */
static int code_make(Request *request, const ResetPerson *person, int64_t *ret_wait_sec) {
        _cleanup_(transaction_done) Transaction transaction = {};
        char code[SMS_CODE_DIGITS + 1] = "", peer[64];
        Store *store = request->server->store;
        const char *session = request->web.hash;
        bool is_sent = false;
        int r, q;

        request_peer(request, peer, sizeof(peer));
        r = transaction_begin(store, &transaction);
        if (r < 0)
                return r;
        q = reset_admit(store, person, peer, request->now, ret_wait_sec);
        if (q == 0)
                q = kept_write(request, person);
        if (q == 0) {
                q = sms_code_new(store, session, PURPOSE, person->mobile, peer, request->now, code,
                                 ret_wait_sec);
                is_sent = q == 0 && person->account_id[0];
                if (q == SMS_CODE_E_NUMBER)
                        q = sms_code_decoy(store, session, PURPOSE, person->mobile, request->now);
                else if (q == SMS_CODE_E_ADDRESS)
                        q = RESET_E_OVER; /* whoever was asked for */
        }
        r = q < 0 ? q : transaction_commit(&transaction);
        if (r == 0 && is_sent)
                code_send(request, person->mobile, code);
        explicit_bzero(code, sizeof(code));
        return r < 0 ? r : q;
}

void page_forgot_identity(Request *request) {
        ResetPerson person;
        Document document;
        int64_t wait_sec = 0;
        int r;

        switch (document_parse(request_field(request, "name"), request_field(request, "type"),
                               request_field(request, "number"), &document)) {
        case DOCUMENT_FAULT_NONE:
                break;
        case DOCUMENT_FAULT_NAME:
                answer_identity(request, "请填写证件上的姓名。",
                                "Please enter the name as it stands in the document.");
                return;
        case DOCUMENT_FAULT_TYPE:
                answer_identity(request, "请选择证件类型。", "Please choose the document.");
                return;
        case DOCUMENT_FAULT_NUMBER:
                answer_identity(request, "证件号码有误，请逐位核对。",
                                "This number cannot be right. Please check each character.");
                return;
        }

        r = web_session(request);
        if (r == 0)
                r = reset_find(request->server->store, &document, &person);
        if (r == 0)
                r = code_make(request, &person, &wait_sec);
        if (r < 0)
                request_fail(request, r);
        else if (r > 0)
                answer_over(request, wait_sec);
        else
                answer_code(request, MHD_HTTP_OK, NULL, NULL);
}

static int code_again(Request *request, const Kept *kept) {
        ResetPerson person = {};
        int64_t wait_sec = 0;
        int r;

        (void)snprintf(person.account_id, sizeof(person.account_id), "%s", kept->account_id);
        (void)snprintf(person.mobile, sizeof(person.mobile), "%s", kept->mobile);
        (void)snprintf(person.document_key, sizeof(person.document_key), "%s", kept->document_key);
        r = code_make(request, &person, &wait_sec);
        if (r < 0)
                return r;
        part_too_often(request, r > 0 ? wait_sec : 0);
        if (r > 0)
                answer_code(request, MHD_HTTP_TOO_MANY_REQUESTS,
                            "发送过于频繁，请一分钟后再试；当天次数用完的，请次日再试。",
                            "Too soon: please try again after a minute, or tomorrow if it was ten"
                            " times today.");
        else
                answer_code(request, MHD_HTTP_OK, NULL, NULL);
        return 0;
}

/* The right code of a person becomes the right to a new password. Nobody has a right code. */
static int code_test(Request *request, const Kept *kept, const char *typed) {
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(secret_freep) Secret *token = NULL;
        Store *store = request->server->store;
        int r, q;

        r = transaction_begin(store, &transaction);
        if (r < 0)
                return r;
        q = sms_code_check(store, request->web.hash, PURPOSE, kept->mobile, typed, request->now);
        if (q == 0 && kept->account_id[0] == '\0')
                q = SMS_CODE_E_WRONG;
        if (q == 0)
                q = reset_new(store, kept->account_id, request->now, &token);
        r = q < 0 ? q : transaction_commit(&transaction);
        if (r < 0)
                return r;

        if (q == 0)
                answer_password(request, secret_text(token), 0, false);
        else if (q == SMS_CODE_E_OVER)
                answer_code(request, MHD_HTTP_FORBIDDEN, "验证码已失效，请重新发送。",
                            "The code is not good any more. Please send a new one.");
        else
                answer_code(request, MHD_HTTP_FORBIDDEN, "验证码错误，请核对后重新输入。",
                            "The code is wrong. Please check it.");
        return 0;
}

void page_forgot_code(Request *request) {
        const char *typed = request_field(request, "sms");
        Kept kept;
        int r;

        r = kept_read(request, &kept);
        if (r == 0 && (!kept.mobile || !kept.account_id || !kept.document_key))
                answer_lost(request);
        else if (r == 0 && request_field(request, "again"))
                r = code_again(request, &kept);
        else if (r == 0 && (!typed || strlen(typed) != SMS_CODE_DIGITS))
                answer_code(request, MHD_HTTP_FORBIDDEN, "请输入6位数字的短信验证码。",
                            "Please type the six digits of the text message.");
        else if (r == 0)
                r = code_test(request, &kept, typed);
        form_done(&kept.form);
        if (r < 0)
                request_fail(request, r);
}

static int password_set(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        Store *store = request->server->store;
        int r, q;

        r = transaction_begin(store, &transaction);
        q = r;
        if (q == 0)
                q = reset_use(store, request_field(request, "token"), request->job.hash,
                              request->now);
        if (q == 0)
                q = web_flow_set(request, FLOW, NULL);
        r = q < 0 ? q : transaction_commit(&transaction);
        if (r < 0)
                return r;
        if (q > 0) {
                answer_lost(request);
                return 0;
        }
        /* open QR logins of the account are over: who waits for one is told */
        waiters_wake(&request->server->waiters, NULL);
        web_notice(request, MHD_HTTP_OK, "密码已重置", "Your new password is set",
                   "锁定已解除，此前在各处的登录均已退出。请用新密码登录。",
                   "The lock is lifted, and you have been logged out everywhere. Please log in with"
                   " the new password.",
                   "/login");
        return 0;
}

static void on_hashed(HashJob *job) {
        Request *request = job->userdata;
        int r = job->result;

        if (r == 0)
                r = password_set(request);
        explicit_bzero(&request->job, sizeof(request->job));
        if (r < 0)
                request_fail(request, r);
}

void page_forgot_set(Request *request) {
        const char *password = request_field(request, "password"),
                   *repeated = request_field(request, "repeated"),
                   *token = request_field(request, "token");
        unsigned broken;
        bool allowed;
        Kept kept;
        int r;

        r = kept_read(request, &kept);
        allowed = r == 0 && kept.account_id && token && token[0];
        form_done(&kept.form);
        if (r < 0) {
                request_fail(request, r);
                return;
        }
        if (!allowed) {
                answer_lost(request);
                return;
        }
        broken = password_rules_broken(password ? password : "", password ? strlen(password) : 0);
        if (!password || broken || !repeated || strcmp(password, repeated) != 0) {
                answer_password(request, token, broken, !broken);
                return;
        }
        request->job = (HashJob){ .kind = HASH_MAKE,
                                  .password = password,
                                  .done = on_hashed,
                                  .userdata = request };
        if (hash_pool_submit(request->server->pool, &request->job) != 0)
                request_busy(request);
}
