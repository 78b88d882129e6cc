/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /register: consent, registration code and document, residence and mobile number, login name and
 * password (spec.md section 4.1)
 *
 * What was found right stays with the server, in the flow of this browser, and is judged once more
 * when the account is made. The password comes with the last form only: no store ever has it. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-registration.h"
#include "backend/model-sms.h"
#include "backend/report.h"
#include "backend/residence.h"
#include "backend/routes.h"
#include "backend/web.h"
#include "lib/common/password-rule.h"

#define FLOW "register"
#define FLOW_BYTES 2048

/* The fields of the flow, in the order in which they come to be known. */
typedef enum Field {
        FIELD_CONSENT, /* when */
        FIELD_CODE,
        FIELD_NAME,
        FIELD_TYPE,
        FIELD_NUMBER,
        FIELD_RESIDENCE,
        FIELD_MOBILE,
        FIELD_PROVEN, /* the mobile number, once its code was right */
        _FIELD_MAX,
} Field;

static const char *const field_names[] = {
        [FIELD_CONSENT] = "consent", [FIELD_CODE] = "code",
        [FIELD_NAME] = "name",       [FIELD_TYPE] = "type",
        [FIELD_NUMBER] = "number",   [FIELD_RESIDENCE] = "residence",
        [FIELD_MOBILE] = "mobile",   [FIELD_PROVEN] = "proven",
};

typedef struct Kept {
        Form form;
        const char *fields[_FIELD_MAX]; /* point into it, or to what is to be kept; "" unknown */
} Kept;

static void kept_done(Kept *kept) {
        form_done(&kept->form);
}

static int kept_read(Request *request, Kept *ret) {
        int r;

        *ret = (Kept){};
        r = web_flow_get(request, FLOW, &ret->form);
        for (size_t i = 0; i < _FIELD_MAX; i++) {
                ret->fields[i] = r == 0 ? form_get(&ret->form, field_names[i]) : NULL;
                if (!ret->fields[i])
                        ret->fields[i] = "";
        }
        return r;
}

/* In the caller's transaction. */
static int kept_write(Request *request, const Kept *kept) {
        Secret *body = NULL;
        Form form = {};
        int r;

        r = secret_new(FLOW_BYTES, &body);
        for (size_t i = 0; r == 0 && i < _FIELD_MAX; i++)
                r = form_append(body, field_names[i], kept->fields[i]);
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

static int kept_store(Request *request, const Kept *kept) {
        _cleanup_(transaction_done) Transaction transaction = {};
        int r;

        r = web_session(request);
        if (r == 0)
                r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = kept_write(request, kept);
        return r == 0 ? transaction_commit(&transaction) : r;
}

/* @chinese: what was wrong, NULL: nothing */
static void begin(Request *request, Html *html, const char *script, const char *chinese,
                  const char *english) {
        web_begin(request, html, "注册", "Registration", script);
        html_print(html, "<h1>%s</h1>", html_words(html, "立即注册", "Registration"));
        if (chinese)
                web_error(html, chinese, english);
}

static unsigned status_of(const char *fault) {
        return fault ? MHD_HTTP_FORBIDDEN : MHD_HTTP_OK;
}

static void answer_consent(Request *request, const char *chinese, const char *english) {
        Html html;

        begin(request, &html, NULL, chinese, english);
        html_print(&html, "<p>%s</p><p>%s</p>",
                   html_words(&html,
                              "第1步，共4步：注册前请阅读并同意。本平台为办理税务登录收集您的姓名、证件类型和号码、"
                              "手机号码和户籍所在地，仅用于核验身份和登录，不向其他用途提供。",
                              "Step 1 of 4: please read this and agree. To log you in for tax"
                              " matters this platform keeps your name, document type and number,"
                              " mobile number and registered residence. They serve to tell who you"
                              " are, and nothing else."),
                   html_words(&html,
                              "账号限本人使用；请妥善保管密码，不要告诉他人。注册需要办税服务厅发放的注册码。",
                              "The account is for you alone; keep its password to yourself. You"
                              " need a registration code, which a tax service hall gives you."));
        web_form(request, &html, "/register");
        html_print(&html,
                   "<label class=\"inline\"><input type=\"checkbox\" name=\"consent\" value=\"1\""
                   " required>%s</label><button>%s</button></form>",
                   html_words(&html, "我已阅读并同意", "I have read this and agree"),
                   html_words(&html, "下一步", "Next"));
        web_answer(request, status_of(chinese), &html);
}

static void answer_lost(Request *request) {
        answer_consent(request, "页面停留时间过长，请重新开始。",
                       "That took too long. Please begin again.");
}

static void print_types(Html *html, const char *chosen) {
        for (size_t i = 0; i < n_document_types; i++)
                html_print(html,
                           chosen && strcmp(chosen, document_types[i].word) == 0
                                   ? "<option value=\"%s\" selected>%s</option>"
                                   : "<option value=\"%s\">%s</option>",
                           document_types[i].word,
                           html_words(html, document_types[i].chinese, document_types[i].english));
}

static void answer_identity(Request *request, const char *chinese, const char *english) {
        Html html;

        begin(request, &html, NULL, chinese, english);
        html_print(&html, "<p>%s</p>",
                   html_words(&html, "第2步，共4步：请填写注册码，以及领取注册码时所持证件上的信息。",
                              "Step 2 of 4: your registration code, and the document that you"
                              " showed when you got it."));
        web_form(request, &html, "/register/identity");
        html_print(&html,
                   "<label for=\"code\">%s</label><input id=\"code\" name=\"code\" class=\"code\""
                   " value=\"%s\" maxlength=\"16\" required autocomplete=\"off\""
                   " autocapitalize=\"characters\" spellcheck=\"false\">"
                   "<label for=\"name\">%s</label><input id=\"name\" name=\"name\" value=\"%s\""
                   " maxlength=\"%d\" required autocomplete=\"name\">",
                   html_words(&html, "注册码（6位字母和数字）",
                              "Registration code (6 letters and digits)"),
                   request_field(request, "code"), html_words(&html, "姓名", "Name"),
                   request_field(request, "name"), (int64_t)LIMIT_NAME_BYTES);
        html_print(&html, "<label for=\"type\">%s</label><select id=\"type\" name=\"type\">",
                   html_words(&html, "证件类型", "Document"));
        print_types(&html, request_field(request, "type"));
        html_print(&html,
                   "</select><label for=\"number\">%s</label><input id=\"number\" name=\"number\""
                   " value=\"%s\" maxlength=\"%d\" required autocomplete=\"off\""
                   " autocapitalize=\"characters\" spellcheck=\"false\"><button>%s</button></form>",
                   html_words(&html, "证件号码", "Number of the document"),
                   request_field(request, "number"), (int64_t)DOCUMENT_NUMBER_BYTES,
                   html_words(&html, "下一步", "Next"));
        web_answer(request, status_of(chinese), &html);
}

void page_register(Request *request) {
        answer_consent(request, NULL, NULL);
}

void page_register_consent(Request *request) {
        Kept kept = {};
        char now[24];
        int r;

        if (!request_field(request, "consent")) {
                answer_consent(request, "请先阅读并勾选同意。", "Please read this and agree first.");
                return;
        }
        (void)snprintf(now, sizeof(now), "%lld", (long long)request->now);
        for (size_t i = 0; i < _FIELD_MAX; i++)
                kept.fields[i] = "";
        kept.fields[FIELD_CONSENT] = now;
        r = kept_store(request, &kept);
        if (r < 0)
                request_fail(request, r);
        else
                answer_identity(request, NULL, NULL);
}

/* One of the three selects; @chosen may be none of them. */
static void print_places(Html *html, const char *id, const char *label, const char *parent,
                         const char *chosen) {
        html_print(html, "<label for=\"%s\">%s</label><select id=\"%s\" name=\"%s\">", id, label, id,
                   id);
        html_print(html, "<option value=\"\">%s</option>",
                   html_words(html, "请选择", "Please choose"));
        for (const char *code = NULL; parent && (code = residence_next(parent, code)) != NULL;)
                html_print(html,
                           chosen && strcmp(chosen, code) == 0
                                   ? "<option value=\"%s\" selected>%s</option>"
                                   : "<option value=\"%s\">%s</option>",
                           code, residence_name(code));
        html_print(html, "</select>");
}

/* The place that a field names, if it lies in @parent; else NULL. */
static const char *place_of(const Request *request, const char *name, const char *parent) {
        const char *code = request_field(request, name);

        return parent && code && residence_name(code) && strlen(code) == strlen(parent) + 2 &&
                               strncmp(code, parent, strlen(parent)) == 0
                       ? code
                       : NULL;
}

static void answer_contact(Request *request, const char *chinese, const char *english) {
        const char *province = place_of(request, "province", ""),
                   *city = place_of(request, "city", province);
        Html html;

        begin(request, &html, NULL, chinese, english);
        html_print(&html, "<p>%s</p>",
                   html_words(&html, "第3步，共4步：请选择户籍所在地，并填写手机号码。",
                              "Step 3 of 4: your registered residence and mobile number."));
        web_form(request, &html, "/register/contact");
        html_print(&html, "<fieldset><legend>%s</legend>",
                   html_words(&html, "户籍所在地", "Registered residence"));
        print_places(&html, "province", html_words(&html, "省（自治区、直辖市）", "Province"), "",
                     province);
        print_places(&html, "city", html_words(&html, "市", "City"), province, city);
        print_places(&html, "county", html_words(&html, "县（区）", "County"), city,
                     request_field(request, "county"));
        html_print(&html,
                   "<button class=\"second\" id=\"places\" name=\"places\" value=\"1\""
                   " formnovalidate>%s</button></fieldset>",
                   html_words(&html, "选择后，显示下一级", "Show the places in the one chosen"));
        html_print(&html,
                   "<label for=\"mobile\">%s</label><input id=\"mobile\" name=\"mobile\""
                   " type=\"tel\" value=\"%s\" maxlength=\"24\" autocomplete=\"tel\">"
                   "<button name=\"send\" value=\"1\">%s</button></form>",
                   html_words(&html, "手机号码", "Mobile number"), request_field(request, "mobile"),
                   html_words(&html, "发送短信验证码", "Send a code to my phone"));
        web_answer(request, status_of(chinese), &html);
}

static void answer_identity_fault(Request *request, const Document *document,
                                  DocumentFault fault) {
        switch (fault) {
        case DOCUMENT_FAULT_NAME:
                answer_identity(request, "请填写证件上的姓名。",
                                "Please enter the name as it stands in the document.");
                break;
        case DOCUMENT_FAULT_NONE:
        case DOCUMENT_FAULT_TYPE:
                answer_identity(request, "请选择证件类型。", "Please choose the document.");
                break;
        case DOCUMENT_FAULT_NUMBER:
                if (document->account == ACCOUNT_FAULT_DATE)
                        answer_identity(request, "身份证号码中的出生日期有误，请核对。",
                                        "No such date of birth as in this identity number. Please"
                                        " check it.");
                else if (document->account == ACCOUNT_FAULT_LENGTH)
                        answer_identity(request, "居民身份证号码应为18位，请核对。",
                                        "A resident identity number has 18 characters. Please check"
                                        " it.");
                else
                        answer_identity(request, "证件号码有误，请逐位核对。",
                                        "This number cannot be right. Please check each character.");
                break;
        }
}

/* @fault: REGISTRATION_E_* */
static void answer_code_fault(Request *request, int fault) {
        if (fault == REGISTRATION_E_EXPIRED)
                answer_identity(request, "注册码已超过7天有效期，请到办税服务厅重新领取。",
                                "This code was good for 7 days and is too old now. Please get a new"
                                " one at a tax service hall.");
        else if (fault == REGISTRATION_E_USED)
                answer_identity(request, "注册码已被使用。如不是您本人使用，请到办税服务厅重新领取。",
                                "This code has been used. If not by you, please get a new one at a"
                                " tax service hall.");
        else if (fault == REGISTRATION_E_REVOKED)
                answer_identity(request, "注册码已作废，请使用最近领取的注册码，或到办税服务厅重新领取。",
                                "This code was withdrawn. Please use the latest one you were given,"
                                " or get a new one at a tax service hall.");
        else if (fault == REGISTRATION_E_DOCUMENT)
                answer_identity(request, "该证件已注册，请直接登录；忘记密码的，请使用“忘记密码”。",
                                "There is an account for this document already. Please log in, or"
                                " use “Forgotten password”.");
        else if (fault == REGISTRATION_E_OVER)
                answer_identity(request, "尝试次数过多，请一小时后再试。",
                                "Too many tries. Please try again in an hour.");
        else
                answer_identity(request, "注册码与姓名、证件不符，请核对后重新填写。",
                                "The code does not belong to this name and document. Please check"
                                " all three.");
}

static int code_check(Request *request, const Document *document, Kept *kept, int *ret_fault) {
        _cleanup_(transaction_done) Transaction transaction = {};
        Store *store = request->server->store;
        int64_t wait_sec = 0;
        char peer[64];
        int r, q;

        request_peer(request, peer, sizeof(peer));
        r = web_session(request);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r < 0)
                return r;
        q = registration_check(store, kept->fields[FIELD_CODE], document, peer, request->web.hash,
                               request->now, &wait_sec);
        if (q == 0)
                q = kept_write(request, kept);
        r = q < 0 ? q : transaction_commit(&transaction);
        *ret_fault = q;
        return r;
}

void page_register_identity(Request *request) {
        const char *code = request_field(request, "code");
        _cleanup_(kept_done) Kept kept = {};
        DocumentFault fault;
        Document document;
        int r, q = 0;

        r = kept_read(request, &kept);
        if (r < 0) {
                request_fail(request, r);
                return;
        }
        if (!kept.fields[FIELD_CONSENT][0]) {
                answer_lost(request);
                return;
        }
        fault = document_parse(request_field(request, "name"), request_field(request, "type"),
                               request_field(request, "number"), &document);
        if (fault != DOCUMENT_FAULT_NONE) {
                answer_identity_fault(request, &document, fault);
                return;
        }
        kept.fields[FIELD_CODE] = code ? code : "";
        kept.fields[FIELD_NAME] = document.name;
        kept.fields[FIELD_TYPE] = document.type->word;
        kept.fields[FIELD_NUMBER] = document.number;
        kept.fields[FIELD_RESIDENCE] = kept.fields[FIELD_MOBILE] = kept.fields[FIELD_PROVEN] = "";
        r = code_check(request, &document, &kept, &q);
        if (r < 0)
                request_fail(request, r);
        else if (q > 0)
                answer_code_fault(request, q);
        else
                answer_contact(request, NULL, NULL);
}

static void print_proof(Html *html, const Kept *kept) {
        if (strcmp(kept->fields[FIELD_PROVEN], kept->fields[FIELD_MOBILE]) == 0) {
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

static void print_rules(Html *html, unsigned broken) {
        if (broken & (PASSWORD_RULE_SHORT | PASSWORD_RULE_LONG))
                web_error(html, "密码须为8至15个字符。", "A password has 8 to 15 characters.");
        if (broken & PASSWORD_RULE_CLASSES)
                web_error(html, "密码须包含大写字母、小写字母、数字、特殊字符中的至少三种。",
                          "A password has at least three of capital letters, small letters, digits"
                          " and other characters.");
        if (broken & PASSWORD_RULE_SPACE)
                web_error(html, "密码不能包含空格。", "A password has no space.");
        if (broken & PASSWORD_RULE_CHARACTERS)
                web_error(html, "密码中有不能使用的字符。",
                          "The password has a character that cannot be used.");
}

/* @broken: PasswordRule bits of what was typed */
static void answer_account(Request *request, const Kept *kept, unsigned broken, const char *chinese,
                           const char *english) {
        Html html;

        begin(request, &html, "keyboard.js", chinese, english);
        print_rules(&html, broken);
        html_print(&html, "<p>%s</p>",
                   html_words(&html, "第4步，共4步：请设置登录名和密码。",
                              "Step 4 of 4: your login name and password."));
        web_form(request, &html, "/register/account");
        print_proof(&html, kept);
        html_print(&html,
                   "<label for=\"login\">%s</label><input id=\"login\" name=\"login\" value=\"%s\""
                   " maxlength=\"%d\" required autocomplete=\"username\" autocapitalize=\"none\""
                   " spellcheck=\"false\"><p class=\"hint\">%s</p>",
                   html_words(&html, "登录名", "Login name"), request_field(request, "login"),
                   (int64_t)LIMIT_ACCOUNT_BYTES,
                   html_words(&html, "2至16个汉字、字母、数字或下划线，不能全为数字。",
                              "2 to 16 letters, digits, Chinese characters or “_”, not digits"
                              " only."));
        html_print(&html,
                   "<label for=\"password\">%s</label><input id=\"password\" name=\"password\""
                   " type=\"password\" maxlength=\"%d\" required autocomplete=\"new-password\">"
                   "<p class=\"hint\">%s</p><label for=\"repeated\">%s</label>"
                   "<input id=\"repeated\" name=\"repeated\" type=\"password\" maxlength=\"%d\""
                   " required autocomplete=\"new-password\"><button>%s</button></form>",
                   html_words(&html, "密码", "Password"), (int64_t)LIMIT_PASSWORD_BYTES,
                   html_words(&html,
                              "8至15个字符，至少包含大写字母、小写字母、数字、特殊字符中的三种，不能有空格。",
                              "8 to 15 characters, at least three of capital letters, small"
                              " letters, digits and other characters, no space."),
                   html_words(&html, "再次输入密码", "The password again"),
                   (int64_t)LIMIT_PASSWORD_BYTES, html_words(&html, "完成注册", "Register"));
        web_form(request, &html, "/register/again");
        html_print(&html, "<button class=\"second\">%s</button></form>",
                   html_words(&html, "没有收到？重新发送", "None arrived? Send it again"));
        web_answer(request, broken ? MHD_HTTP_FORBIDDEN : status_of(chinese), &html);
}

static void code_post(Request *request, const char *mobile, const char *code) {
        char text[160];
        int r;

        (void)snprintf(text, sizeof(text),
                       "您正在注册实名账号，验证码：%s，5分钟内有效。如非本人操作，请勿告诉任何人。", code);
        r = sms_sender_post(request->server->sms, mobile, text);
        if (r != 0)
                report_event("text message: not sent, %s",
                             r == SMS_SENDER_E_FULL   ? "too many wait"
                             : r == SMS_SENDER_E_NONE ? "no way is configured"
                                                      : "the number or the text is not fit");
        explicit_bzero(text, sizeof(text));
}

/* A new code for the number in @kept, and the page that asks for it. */
static int code_send(Request *request, const Kept *kept) {
        _cleanup_(transaction_done) Transaction transaction = {};
        char code[SMS_CODE_DIGITS + 1] = "", peer[64];
        const char *mobile = kept->fields[FIELD_MOBILE];
        Store *store = request->server->store;
        int64_t wait_sec = 0;
        int r, q;

        request_peer(request, peer, sizeof(peer));
        r = transaction_begin(store, &transaction);
        q = r < 0 ? r : kept_write(request, kept);
        if (q == 0)
                q = sms_code_new(store, request->web.hash, FLOW, mobile, peer, request->now, code,
                                 &wait_sec);
        r = q < 0 ? q : transaction_commit(&transaction);
        if (r == 0 && q == 0)
                code_post(request, mobile, code);
        explicit_bzero(code, sizeof(code));
        if (r < 0)
                return r;
        if (q == 0)
                answer_account(request, kept, 0, NULL, NULL);
        else
                answer_account(request, kept, 0, "发送过于频繁，请一分钟后再试；当天次数用完的，请次日再试。",
                               "Too soon: please try again after a minute, or tomorrow if it was"
                               " ten times today.");
        return 0;
}

void page_register_contact(Request *request) {
        const char *province = place_of(request, "province", ""),
                   *city = place_of(request, "city", province),
                   *county = place_of(request, "county", city),
                   *typed = request_field(request, "mobile");
        _cleanup_(kept_done) Kept kept = {};
        Account mobile;
        int r;

        account_parse(typed ? typed : "", &mobile);
        r = kept_read(request, &kept);
        if (r == 0 && !kept.fields[FIELD_NUMBER][0])
                answer_lost(request);
        else if (r == 0 && request_field(request, "places"))
                answer_contact(request, NULL, NULL);
        else if (r == 0 && !county)
                answer_contact(request, "请选择户籍所在地的省、市、县（区）。",
                               "Please choose province, city and county.");
        else if (r == 0 && (mobile.kind != ACCOUNT_MOBILE || mobile.unit[0]))
                answer_contact(request, "手机号码有误，请填写11位手机号码。",
                               "This is no mobile number. It has 11 digits.");
        else if (r == 0) {
                kept.fields[FIELD_RESIDENCE] = county;
                kept.fields[FIELD_MOBILE] = mobile.name;
                r = code_send(request, &kept);
        }
        if (r < 0)
                request_fail(request, r);
}

void page_register_again(Request *request) {
        _cleanup_(kept_done) Kept kept = {};
        int r;

        r = kept_read(request, &kept);
        if (r == 0 && !kept.fields[FIELD_MOBILE][0])
                answer_lost(request);
        else if (r == 0)
                r = code_send(request, &kept);
        if (r < 0)
                request_fail(request, r);
}

static void answer_taken(Request *request, const Kept *kept, int fault) {
        if (fault == REGISTRATION_E_NAME)
                answer_account(request, kept, 0, "该登录名已被使用，请换一个。",
                               "This login name is taken. Please choose another one.");
        else if (fault == REGISTRATION_E_MOBILE)
                answer_contact(request, "该手机号码已被其他账号使用，请填写本人使用的其他号码。",
                               "This mobile number belongs to another account. Please give another"
                               " one of yours.");
        else
                answer_code_fault(request, fault);
}

static int account_make(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        const char *typed = request_field(request, "login");
        _cleanup_(kept_done) Kept kept = {};
        char id[RANDOM_ID_BYTES + 1];
        Document document;
        Account login;
        int r, q;

        r = kept_read(request, &kept);
        if (r < 0)
                return r;
        account_parse(typed ? typed : "", &login);
        if (!kept.fields[FIELD_PROVEN][0] ||
            document_parse(kept.fields[FIELD_NAME], kept.fields[FIELD_TYPE],
                           kept.fields[FIELD_NUMBER], &document) != DOCUMENT_FAULT_NONE) {
                answer_lost(request);
                return 0;
        }
        const Registration registration = {
                .code = kept.fields[FIELD_CODE],
                .document = &document,
                .login_name = login.name,
                .mobile = kept.fields[FIELD_PROVEN],
                .password_hash = request->job.hash,
                .residence = kept.fields[FIELD_RESIDENCE],
                .consented_at = strtoll(kept.fields[FIELD_CONSENT], NULL, 10),
        };
        r = transaction_begin(request->server->store, &transaction);
        if (r < 0)
                return r;
        q = registration_do(request->server->store, &registration, request->now, id);
        if (q > 0) {
                transaction_done(&transaction);
                transaction = (Transaction){};
                answer_taken(request, &kept, q);
                return 0;
        }
        if (q == 0)
                q = web_flow_set(request, FLOW, NULL);
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
static int prove(Request *request, Kept *kept) {
        _cleanup_(transaction_done) Transaction transaction = {};
        const char *typed = request_field(request, "sms"), *mobile = kept->fields[FIELD_MOBILE];
        Store *store = request->server->store;
        int r, q;

        if (strcmp(kept->fields[FIELD_PROVEN], mobile) == 0)
                return 0;
        if (!typed)
                return SMS_CODE_E_WRONG;
        r = transaction_begin(store, &transaction);
        if (r < 0)
                return r;
        q = sms_code_check(store, request->web.hash, FLOW, mobile, typed, request->now);
        if (q == 0) {
                kept->fields[FIELD_PROVEN] = mobile;
                q = kept_write(request, kept);
        }
        r = q < 0 ? q : transaction_commit(&transaction);
        return r < 0 ? r : q;
}

static int account_try(Request *request, Kept *kept) {
        const char *typed = request_field(request, "login"),
                   *password = request_field(request, "password"),
                   *repeated = request_field(request, "repeated");
        unsigned broken = password_rules_broken(password ? password : "",
                                                password ? strlen(password) : 0);
        Account login;
        int r;

        account_parse(typed ? typed : "", &login);
        if (login.kind != ACCOUNT_LOGIN_NAME || login.unit[0]) {
                answer_account(request, kept, 0, "登录名不符合要求，请按说明重新填写。",
                               "This cannot be a login name. Please see the rule below it.");
                return 0;
        }
        if (!password || broken) {
                answer_account(request, kept, broken, NULL, NULL);
                return 0;
        }
        if (!repeated || strcmp(password, repeated) != 0) {
                answer_account(request, kept, 0, "两次输入的密码不一致，请重新输入。",
                               "The two passwords differ. Please type both again.");
                return 0;
        }
        r = prove(request, kept);
        if (r == SMS_CODE_E_OVER)
                answer_account(request, kept, 0, "验证码已失效，请重新发送。",
                               "The code is not good any more. Please send a new one.");
        else if (r > 0)
                answer_account(request, kept, 0, "验证码错误，请核对后重新输入。",
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
        _cleanup_(kept_done) Kept kept = {};
        int r;

        r = kept_read(request, &kept);
        if (r == 0 && !kept.fields[FIELD_MOBILE][0])
                answer_lost(request);
        else if (r == 0)
                r = account_try(request, &kept);
        if (r < 0)
                request_fail(request, r);
}
