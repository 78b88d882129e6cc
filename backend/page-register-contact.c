/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /register/contact: registered residence, mobile number, and the code that is sent to it */

#include <stdio.h>
#include <string.h>

#include "backend/model-sms.h"
#include "backend/page-parts.h"
#include "backend/page-register.h"
#include "backend/report.h"
#include "backend/residence.h"
#include "backend/routes.h"
#include "lib/common/identity.h"

/* One of the three selects; @chosen may be none of them, @inner is what depends on the choice. */
static void print_places(Html *html, const char *id, const char *label, const char *parent,
                         const char *chosen, const char *inner) {
        html_print(html, "<label for=\"%s\">%s</label>", id, label);
        html_print(html, "<select id=\"%s\" name=\"%s\" data-part=\"%s\" data-by=\"places\">", id,
                   id, inner);
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

void register_answer_contact(Request *request, const char *chinese, const char *english) {
        const char *province = place_of(request, "province", ""),
                   *city = place_of(request, "city", province);
        Html html;

        register_begin(request, &html, "register.js", chinese, english);
        html_print(&html, "<p>%s</p>",
                   html_words(&html, "第3步，共4步：请选择户籍所在地，并填写手机号码。",
                              "Step 3 of 4: your registered residence and mobile number."));
        web_form(request, &html, "/register/contact");
        register_default(&html);
        html_print(&html, "<fieldset><legend>%s</legend>",
                   html_words(&html, "户籍所在地", "Registered residence"));
        print_places(&html, "province", html_words(&html, "省（自治区、直辖市）", "Province"), "",
                     province, "in-province");
        html_print(&html, "<div id=\"in-province\">");
        print_places(&html, "city", html_words(&html, "市", "City"), province, city, "in-city");
        html_print(&html, "<div id=\"in-city\">");
        print_places(&html, "county", html_words(&html, "县（区）", "County"), city,
                     request_field(request, "county"), "");
        html_print(&html, "</div></div>");
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
        web_answer(request, part_status(request, chinese), &html);
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

/* A new code for the number in @flow, and the page that asks for it. */
static int code_send(Request *request, const RegisterFlow *flow) {
        _cleanup_(transaction_done) Transaction transaction = {};
        char code[SMS_CODE_DIGITS + 1] = "", peer[64];
        const char *mobile = flow->fields[REGISTER_MOBILE];
        Store *store = request->server->store;
        int64_t wait_sec = 0;
        int r, q;

        request_peer(request, peer, sizeof(peer));
        r = transaction_begin(store, &transaction);
        q = r < 0 ? r : register_flow_write(request, flow);
        if (q == 0)
                q = sms_code_new(store, request->web.hash, REGISTER_FLOW, mobile, peer,
                                 request->now, code, &wait_sec);
        r = q < 0 ? q : transaction_commit(&transaction);
        if (r == 0 && q == 0)
                code_post(request, mobile, code);
        explicit_bzero(code, sizeof(code));
        if (r < 0)
                return r;
        if (q == 0) {
                register_answer_account(request, flow, 0, SMS_CODE_PAUSE_SEC, NULL, NULL);
                return 0;
        }
        part_too_often(request, wait_sec);
        register_answer_account(request, flow, 0, wait_sec,
                                "发送过于频繁，请一分钟后再试；当天次数用完的，请次日再试。",
                                "Too soon: please try again after a minute, or tomorrow if it was"
                                " ten times today.");
        return 0;
}

void page_register_contact(Request *request) {
        const char *province = place_of(request, "province", ""),
                   *city = place_of(request, "city", province),
                   *county = place_of(request, "county", city),
                   *typed = request_field(request, "mobile");
        _cleanup_(register_flow_done) RegisterFlow flow = {};
        Account mobile;
        int r;

        account_parse(typed ? typed : "", &mobile);
        r = register_flow_read(request, &flow);
        if (r == 0 && !flow.fields[REGISTER_NUMBER][0])
                register_answer_lost(request);
        else if (r == 0 && request_field(request, "places"))
                register_answer_contact(request, NULL, NULL);
        else if (r == 0 && !county)
                register_answer_contact(request, "请选择户籍所在地的省、市、县（区）。",
                                        "Please choose province, city and county.");
        else if (r == 0 && (mobile.kind != ACCOUNT_MOBILE || mobile.unit[0]))
                register_answer_contact(request, "手机号码有误，请填写11位手机号码。",
                                        "This is no mobile number. It has 11 digits.");
        else if (r == 0) {
                flow.fields[REGISTER_RESIDENCE] = county;
                flow.fields[REGISTER_MOBILE] = mobile.name;
                r = code_send(request, &flow);
        }
        if (r < 0)
                request_fail(request, r);
}

void page_register_again(Request *request) {
        _cleanup_(register_flow_done) RegisterFlow flow = {};
        int r;

        r = register_flow_read(request, &flow);
        if (r == 0 && !flow.fields[REGISTER_MOBILE][0])
                register_answer_lost(request);
        else if (r == 0)
                r = code_send(request, &flow);
        if (r < 0)
                request_fail(request, r);
}

