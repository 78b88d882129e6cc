/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /register/account: the code of the text message, login name and password; then the account is
 * made */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/model-registration.h"
#include "backend/model-sms.h"
#include "backend/page-parts.h"
#include "backend/page-register.h"
#include "backend/routes.h"
#include "lib/common/password-rule.h"

static void print_proof(Html *html, const RegisterFlow *flow) {
        if (strcmp(flow->fields[REGISTER_PROVEN], flow->fields[REGISTER_MOBILE]) == 0) {
                html_print(html, "<p class=\"good\">%s</p>",
                           html_words(html, "手机号码已验证。", "Your mobile number is confirmed."));
                return;
        }
        html_print(html,
                   "<label for=\"sms\">%s</label><input id=\"sms\" name=\"sms\" class=\"code\""
                   " inputmode=\"numeric\" maxlength=\"%d\" autocomplete=\"one-time-code\">"
                   "<p class=\"hint\">%s</p>",
                   html_words(html, "短信验证码（6位数字）", "Code (six digits)"),
                   (int64_t)SMS_CODE_DIGITS,
                   html_words(html, "验证码已发送到您填写的手机，5分钟内有效。",
                              "It was sent to your phone and is good for 5 minutes."));
}

static void print_login(Html *html, const char *typed) {
        html_print(html,
                   "<label for=\"login\">%s</label><input id=\"login\" name=\"login\" value=\"%s\""
                   " maxlength=\"%d\" required autocomplete=\"username\" autocapitalize=\"none\""
                   " spellcheck=\"false\" aria-describedby=\"login-rule\">"
                   "<p class=\"hint\" id=\"login-rule\">%s</p>",
                   html_words(html, "登录名", "Login name"), typed, (int64_t)LIMIT_ACCOUNT_BYTES,
                   html_words(html, "2至16个汉字、字母、数字或下划线，不能全为数字。",
                              "2 to 16 letters, digits, Chinese characters or “_”, not digits"
                              " only."));
}

static void print_again(Request *request, Html *html, int64_t wait_sec) {
        web_form(request, html, "/register/again");
        html_print(html, "<button class=\"second\" data-wait=\"%d\">%s</button></form>",
                   wait_sec <= SMS_CODE_PAUSE_SEC ? wait_sec : 0,
                   html_words(html, "没有收到？重新发送", "None arrived? Send it again"));
}

void register_answer_account(Request *request, const RegisterFlow *flow, unsigned broken,
                             int64_t wait_sec, const char *chinese, const char *english) {
        Html html;

        register_begin(request, &html, "keyboard.js", chinese, english);
        web_script(&html, "register.js");
        part_rules(&html, broken);
        html_print(&html, "<p>%s</p>",
                   html_words(&html, "第4步，共4步：请设置登录名和密码。",
                              "Step 4 of 4: your login name and password."));
        web_form(request, &html, "/register/account");
        print_proof(&html, flow);
        print_login(&html, request_field(request, "login"));
        part_new_password(&html);
        html_print(&html, "<button>%s</button></form>",
                   html_words(&html, "完成注册", "Register"));
        if (strcmp(flow->fields[REGISTER_PROVEN], flow->fields[REGISTER_MOBILE]) != 0)
                print_again(request, &html, wait_sec);
        web_answer(request, broken ? MHD_HTTP_FORBIDDEN : part_status(request, chinese), &html);
}

static void answer_taken(Request *request, const RegisterFlow *flow, int fault) {
        if (fault == REGISTRATION_E_NAME)
                register_answer_account(request, flow, 0, 0,
                                        "该登录名已被使用，或与已有的登录名难以区分，请换一个。",
                                        "This login name is taken, or looks like one that is."
                                        " Please choose another one.");
        else if (fault == REGISTRATION_E_MOBILE)
                register_answer_contact(request,
                                        "该手机号码已被其他账号使用，请填写本人使用的其他号码。",
                                        "This mobile number belongs to another account. Please give"
                                        " another one of yours.");
        else
                register_answer_code_fault(request, fault);
}

static int account_make(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        const char *typed = request_field(request, "login");
        _cleanup_(register_flow_done) RegisterFlow flow = {};
        char id[RANDOM_ID_BYTES + 1];
        Document document;
        Account login;
        int r, q;

        r = register_flow_read(request, &flow);
        if (r < 0)
                return r;
        account_parse(typed ? typed : "", &login);
        if (!flow.fields[REGISTER_PROVEN][0] ||
            document_parse(flow.fields[REGISTER_NAME], flow.fields[REGISTER_TYPE],
                           flow.fields[REGISTER_NUMBER], &document) != DOCUMENT_FAULT_NONE) {
                register_answer_lost(request);
                return 0;
        }
        const Registration registration = {
                .code = flow.fields[REGISTER_CODE],
                .document = &document,
                .login_name = login.name,
                .mobile = flow.fields[REGISTER_PROVEN],
                .password_hash = request->job.hash,
                .residence = flow.fields[REGISTER_RESIDENCE],
                .consented_at = strtoll(flow.fields[REGISTER_CONSENT], NULL, 10),
        };
        r = transaction_begin(request->server->store, &transaction);
        if (r < 0)
                return r;
        q = registration_do(request->server->store, &registration, request->now, id);
        if (q > 0) {
                transaction_done(&transaction);
                transaction = (Transaction){};
                answer_taken(request, &flow, q);
                return 0;
        }
        if (q == 0)
                q = web_flow_set(request, REGISTER_FLOW, NULL);
        r = q < 0 ? q : transaction_commit(&transaction);
        if (r == 0)
                web_notice(request, MHD_HTTP_OK, "注册成功", "You are registered",
                           "您可以用手机号码或登录名登录；持居民身份证注册的，也可以用身份证号码登录。",
                           "You can log in by mobile number or login name and, registered with a"
                           " resident identity card, by its number.",
                           "/login");
        return r;
}

static void on_hashed(HashJob *job) {
        Request *request = job->userdata;
        int r = job->result;

        if (r == 0)
                r = account_make(request);
        explicit_bzero(&request->job, sizeof(request->job));
        if (r < 0)
                request_fail(request, r);
}

/* A right code is used up at once, so that the flow remembers that it was right. Return: 0,
 * SMS_CODE_E_*, -errno. */
static int prove(Request *request, RegisterFlow *flow) {
        _cleanup_(transaction_done) Transaction transaction = {};
        const char *typed = request_field(request, "sms"), *mobile = flow->fields[REGISTER_MOBILE];
        Store *store = request->server->store;
        int r, q;

        if (strcmp(flow->fields[REGISTER_PROVEN], mobile) == 0)
                return 0;
        if (!typed)
                return SMS_CODE_E_WRONG;
        r = transaction_begin(store, &transaction);
        if (r < 0)
                return r;
        q = sms_code_check(store, request->web.hash, REGISTER_FLOW, mobile, typed, request->now);
        if (q == 0) {
                flow->fields[REGISTER_PROVEN] = mobile;
                q = register_flow_write(request, flow);
        }
        r = q < 0 ? q : transaction_commit(&transaction);
        return r < 0 ? r : q;
}

static int account_try(Request *request, RegisterFlow *flow) {
        const char *typed = request_field(request, "login"),
                   *password = request_field(request, "password"),
                   *repeated = request_field(request, "repeated");
        unsigned broken = password_rules_broken(password ? password : "",
                                                password ? strlen(password) : 0);
        Account login;
        int r;

        account_parse(typed ? typed : "", &login);
        if (login.kind != ACCOUNT_LOGIN_NAME || login.unit[0]) {
                register_answer_account(request, flow, 0, 0,
                                        "登录名不符合要求，请按说明重新填写。",
                                        "This cannot be a login name. Please see the rule below"
                                        " it.");
                return 0;
        }
        if (!password || broken) {
                register_answer_account(request, flow, broken, 0, NULL, NULL);
                return 0;
        }
        if (!repeated || strcmp(password, repeated) != 0) {
                register_answer_account(request, flow, 0, 0, "两次输入的密码不一致，请重新输入。",
                                        "The two passwords differ. Please type both again.");
                return 0;
        }
        r = prove(request, flow);
        if (r == SMS_CODE_E_OVER)
                register_answer_account(request, flow, 0, 0, "验证码已失效，请重新发送。",
                                        "The code is not good any more. Please send a new one.");
        else if (r > 0)
                register_answer_account(request, flow, 0, 0, "验证码错误，请核对后重新输入。",
                                        "The code is wrong. Please check it.");
        if (r != 0)
                return r < 0 ? r : 0;

        request->job = (HashJob){ .kind = HASH_MAKE,
                                  .password = password,
                                  .done = on_hashed,
                                  .userdata = request };
        if (hash_pool_submit(request->server->pool, &request->job) != 0)
                request_busy(request);
        return 0;
}

void page_register_account(Request *request) {
        _cleanup_(register_flow_done) RegisterFlow flow = {};
        int r;

        r = register_flow_read(request, &flow);
        if (r == 0 && !flow.fields[REGISTER_MOBILE][0])
                register_answer_lost(request);
        else if (r == 0)
                r = account_try(request, &flow);
        if (r < 0)
                request_fail(request, r);
}
