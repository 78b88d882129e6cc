/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /register/identity: the code of the hall, and the person it was given to */

#include <string.h>

#include "backend/model-registration.h"
#include "backend/page-characters.h"
#include "backend/page-parts.h"
#include "backend/page-register.h"
#include "backend/routes.h"

static void print_types(Html *html, const char *chosen) {
        for (size_t i = 0; i < n_document_types; i++)
                html_print(html,
                           chosen && strcmp(chosen, document_types[i].word) == 0
                                   ? "<option value=\"%s\" selected>%s</option>"
                                   : "<option value=\"%s\">%s</option>",
                           document_types[i].word,
                           html_words(html, document_types[i].chinese, document_types[i].english));
}

void register_answer_identity(Request *request, const char *chinese, const char *english) {
        Html html;

        register_begin(request, &html, "register.js", chinese, english);
        html_print(&html, "<p>%s</p>",
                   html_words(&html, "第2步，共4步：请填写注册码，以及领取注册码时所持证件上的信息。",
                              "Step 2 of 4: your registration code, and the document that you"
                              " showed when you got it."));
        web_form(request, &html, "/register/identity");
        register_default(&html);
        html_print(&html,
                   "<label for=\"code\">%s</label><input id=\"code\" name=\"code\" class=\"code\""
                   " value=\"%s\" maxlength=\"16\" required autocomplete=\"off\""
                   " autocapitalize=\"characters\" spellcheck=\"false\">"
                   "<label for=\"name\">%s</label><input id=\"name\" name=\"name\""
                   " value=\"%s%s\" maxlength=\"%d\" required autocomplete=\"name\">",
                   html_words(&html, "注册码（6位字母和数字）",
                              "Registration code (6 letters and digits)"),
                   request_field(request, "code"), html_words(&html, "姓名", "Name"),
                   request_field(request, "name"), request_field(request, "pick"),
                   (int64_t)LIMIT_NAME_BYTES);
        part_characters(&html, request);
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
        web_answer(request, part_status(request, chinese), &html);
}

typedef struct Words {
        const char *chinese, *english;
} Words;

static Words document_fault(const Document *document, DocumentFault fault) {
        switch (fault) {
        case DOCUMENT_FAULT_NAME:
                return (Words){ "请填写证件上的姓名。",
                                "Please enter the name as it stands in the document." };
        case DOCUMENT_FAULT_NONE:
        case DOCUMENT_FAULT_TYPE:
                return (Words){ "请选择证件类型。", "Please choose the document." };
        case DOCUMENT_FAULT_NUMBER:
                break;
        }
        if (document->account == ACCOUNT_FAULT_DATE)
                return (Words){ "身份证号码中的出生日期有误，请核对。",
                                "No such date of birth as in this identity number. Please check"
                                " it." };
        if (document->account == ACCOUNT_FAULT_LENGTH)
                return (Words){ "居民身份证号码应为18位，请核对。",
                                "A resident identity number has 18 characters. Please check it." };
        return (Words){ "证件号码有误，请逐位核对。",
                        "This number cannot be right. Please check each character." };
}

void register_answer_code_fault(Request *request, int fault) {
        static const struct {
                int fault;
                Words words;
        } faults[] = {
                { REGISTRATION_E_WRONG,
                  { "注册码与姓名、证件不符，请核对后重新填写。",
                    "The code does not belong to this name and document. Please check all"
                    " three." } },
                { REGISTRATION_E_EXPIRED,
                  { "注册码已超过7天有效期，请到办税服务厅重新领取。",
                    "This code was good for 7 days and is too old now. Please get a new one at a"
                    " tax service hall." } },
                { REGISTRATION_E_USED,
                  { "注册码已被使用。如不是您本人使用，请到办税服务厅重新领取。",
                    "This code has been used. If not by you, please get a new one at a tax service"
                    " hall." } },
                { REGISTRATION_E_REVOKED,
                  { "注册码已作废，请使用最近领取的注册码，或到办税服务厅重新领取。",
                    "This code was withdrawn. Please use the latest one you were given, or get a"
                    " new one at a tax service hall." } },
                { REGISTRATION_E_OVER,
                  { "尝试次数过多，请一小时后再试。",
                    "Too many tries. Please try again in an hour." } },
                { REGISTRATION_E_DOCUMENT,
                  { "该证件已注册，请直接登录；忘记密码的，请使用“忘记密码”。",
                    "There is an account for this document already. Please log in, or use"
                    " “Forgotten password”." } },
        };
        size_t i = 0;

        for (size_t k = 0; k < ELEMENTSOF(faults); k++)
                if (faults[k].fault == fault)
                        i = k;
        register_answer_identity(request, faults[i].words.chinese, faults[i].words.english);
}

static int code_check(Request *request, const Document *document, const RegisterFlow *flow,
                      int *ret_fault) {
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
        q = registration_check(store, flow->fields[REGISTER_CODE], document, peer,
                               request->web.hash, request->now, &wait_sec);
        if (q == REGISTRATION_E_OVER)
                part_too_often(request, wait_sec);
        if (q == 0)
                q = register_flow_write(request, flow);
        r = q < 0 ? q : transaction_commit(&transaction);
        *ret_fault = q;
        return r;
}

void page_register_identity(Request *request) {
        const char *code = request_field(request, "code");
        _cleanup_(register_flow_done) RegisterFlow flow = {};
        DocumentFault fault;
        Document document;
        int r, q = 0;

        r = register_flow_read(request, &flow);
        if (r < 0) {
                request_fail(request, r);
                return;
        }
        if (!flow.fields[REGISTER_CONSENT][0]) {
                register_answer_lost(request);
                return;
        }
        if (part_characters_asked(request)) {
                register_answer_identity(request, NULL, NULL);
                return;
        }
        fault = document_parse(request_field(request, "name"), request_field(request, "type"),
                               request_field(request, "number"), &document);
        if (fault != DOCUMENT_FAULT_NONE) {
                Words words = document_fault(&document, fault);

                register_answer_identity(request, words.chinese, words.english);
                return;
        }
        flow.fields[REGISTER_CODE] = code ? code : "";
        flow.fields[REGISTER_NAME] = document.name;
        flow.fields[REGISTER_TYPE] = document.type->word;
        flow.fields[REGISTER_NUMBER] = document.number;
        for (RegisterField i = REGISTER_RESIDENCE; i < _REGISTER_FIELD_MAX; i++)
                flow.fields[i] = "";
        r = code_check(request, &document, &flow, &q);
        if (r < 0)
                request_fail(request, r);
        else if (q > 0)
                register_answer_code_fault(request, q);
        else
                register_answer_contact(request, NULL, NULL);
}

