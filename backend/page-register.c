/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "backend/page-parts.h"
#include "backend/page-register.h"
#include "backend/routes.h"

#define FLOW_BYTES 2048

static const char *const field_names[] = {
        [REGISTER_CONSENT] = "consent", [REGISTER_CODE] = "code",
        [REGISTER_NAME] = "name",       [REGISTER_TYPE] = "type",
        [REGISTER_NUMBER] = "number",   [REGISTER_RESIDENCE] = "residence",
        [REGISTER_MOBILE] = "mobile",   [REGISTER_PROVEN] = "proven",
};

void register_flow_done(RegisterFlow *flow) {
        form_done(&flow->form);
}

int register_flow_read(Request *request, RegisterFlow *ret) {
        int r;

        *ret = (RegisterFlow){};
        r = web_flow_get(request, REGISTER_FLOW, &ret->form);
        for (size_t i = 0; i < _REGISTER_FIELD_MAX; i++) {
                ret->fields[i] = r == 0 ? form_get(&ret->form, field_names[i]) : NULL;
                if (!ret->fields[i])
                        ret->fields[i] = "";
        }
        return r;
}

int register_flow_write(Request *request, const RegisterFlow *flow) {
        Secret *body = NULL;
        Form form = {};
        int r;

        r = secret_new(FLOW_BYTES, &body);
        for (size_t i = 0; r == 0 && i < _REGISTER_FIELD_MAX; i++)
                r = form_append(body, field_names[i], flow->fields[i]);
        if (r < 0) {
                (void)secret_free(body);
                return r;
        }
        r = form_decode(body, &form);
        if (r == 0)
                r = web_flow_set(request, REGISTER_FLOW, &form);
        form_done(&form);
        return r;
}

static int flow_store(Request *request, const RegisterFlow *flow) {
        _cleanup_(transaction_done) Transaction transaction = {};
        int r;

        r = web_session(request);
        if (r == 0)
                r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = register_flow_write(request, flow);
        return r == 0 ? transaction_commit(&transaction) : r;
}

void register_begin(Request *request, Html *html, const char *script, const char *chinese,
                    const char *english) {
        web_begin(request, html, "注册", "Registration", script);
        html_print(html, "<h1>%s</h1>", html_words(html, "立即注册", "Registration"));
        if (chinese)
                web_error(html, chinese, english);
}

void register_default(Html *html) {
        html_print(html,
                   "<button class=\"default\" tabindex=\"-1\" aria-hidden=\"true\"></button>");
}

static void answer_consent(Request *request, const char *chinese, const char *english) {
        Html html;

        register_begin(request, &html, NULL, chinese, english);
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
        web_answer(request, part_status(request, chinese), &html);
}

void register_answer_lost(Request *request) {
        answer_consent(request, "页面停留时间过长，请重新开始。",
                       "That took too long. Please begin again.");
}

void page_register(Request *request) {
        answer_consent(request, NULL, NULL);
}

void page_register_consent(Request *request) {
        RegisterFlow flow = {};
        char now[24];
        int r;

        if (!request_field(request, "consent")) {
                answer_consent(request, "请先阅读并勾选同意。", "Please read this and agree first.");
                return;
        }
        (void)snprintf(now, sizeof(now), "%lld", (long long)request->now);
        for (size_t i = 0; i < _REGISTER_FIELD_MAX; i++)
                flow.fields[i] = "";
        flow.fields[REGISTER_CONSENT] = now;
        r = flow_store(request, &flow);
        if (r < 0)
                request_fail(request, r);
        else
                register_answer_identity(request, NULL, NULL);
}

