/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /Q/CODE: what a phone opens that scans the code of a QR login with its camera, where the app is not
 * at hand
 *
 * Opening it changes nothing, whoever does it: cameras, previews and crawlers do. Who is not logged in
 * learns nothing about the login either. A person who is sees who asks, and says yes or no; that the
 * code was scanned is told to the workstation by a form that scan.js sends at once. */

#include <stdio.h>
#include <string.h>

#include "backend/clock.h"
#include "backend/deed.h"
#include "backend/routes.h"
#include "backend/web.h"

#define ACTION_BYTES 48

static void print_code_form(Html *html) {
        html_print(html,
                   "<form action=\"/Q\" method=\"get\"><label for=\"code\">%s</label>"
                   "<input id=\"code\" name=\"code\" maxlength=\"16\" required autocomplete=\"off\""
                   " autocapitalize=\"characters\" spellcheck=\"false\" class=\"code\">"
                   "<button>%s</button></form>",
                   html_words(html, "无法扫码时，请输入屏幕上的8位代码：",
                              "If you cannot scan: the 8 characters on the screen"),
                   html_words(html, "查看", "Show"));
}

/* The same whether there is such a code or not. */
static void answer_stranger(Request *request, const char *code) {
        Html html;

        web_begin(request, &html, "扫码登录", "QR login", NULL);
        html_print(&html, "<h1>%s</h1><p>%s</p>",
                   html_words(&html, "扫码登录", "QR login"),
                   html_words(&html,
                              "请打开个人所得税APP，用其中的“扫一扫”扫描屏幕上的二维码，核对登录信息后再确认。"
                              "也可以在本页面登录后确认。不是您本人的登录，请勿确认。",
                              "Please open the app (个人所得税APP) and scan the code on the screen"
                              " there; check what is shown, then confirm. You can also log in on"
                              " this page and confirm here. Do not confirm a login that is not"
                              " your own."));
        if (code)
                html_print(&html,
                           "<form action=\"/login\" method=\"get\"><input type=\"hidden\""
                           " name=\"next\" value=\"/Q/%s\"><button>%s</button></form>",
                           code, html_words(&html, "登录后查看", "Log in to see it"));
        print_code_form(&html);
        web_answer(request, MHD_HTTP_OK, &html);
}

static void print_row(Html *html, const char *chinese, const char *english, const char *value) {
        if (value[0])
                html_print(html, "<dt>%s</dt><dd>%s</dd>", html_words(html, chinese, english),
                           value);
}

static void print_device(Html *html, const DeviceRow *device) {
        html_print(html, "<dl>");
        print_row(html, "主机", "Host", device->host);
        print_row(html, "服务", "Service", device->service);
        print_row(html, "终端", "Terminal", device->terminal);
        print_row(html, "来自", "From", device->remote_host);
        print_row(html, "要登录的账号", "Account asked for", device->hint_masked);
        html_print(html, "<dt>%s</dt><dd>", html_words(html, "时间", "Time"));
        web_time(html, device->created_at);
        html_print(html, "</dd></dl>");
}

static void print_deed(Request *request, Html *html, const char *code, const char *deed,
                       const char *chinese, const char *english) {
        char action[ACTION_BYTES];

        (void)snprintf(action, sizeof(action), "/Q/%s/%s", code, deed);
        web_form(request, html, action);
        html_print(html, "<button>%s</button></form>", html_words(html, chinese, english));
}

static void answer_question(Request *request, const DeviceRow *device) {
        char action[ACTION_BYTES];
        Html html;

        web_begin(request, &html, "确认登录", "Confirm a login", "scan.js");
        html_print(&html, "<h1>%s</h1><p>%s</p>",
                   html_words(&html, "是您本人在登录吗？", "Is it you who logs in?"),
                   html_words(&html,
                              "有人请求用您的实名账号登录下面的计算机。请与您面前的屏幕核对；"
                              "不是您本人操作的，请拒绝。",
                              "Somebody asks to log in to this computer with your account. Please"
                              " compare it with the screen in front of you, and refuse if it is"
                              " not you."));
        print_device(&html, device);
        html_print(&html, "<div class=\"pair\">");
        print_deed(request, &html, device->user_code, "confirm", "确认登录", "Confirm");
        print_deed(request, &html, device->user_code, "refuse", "拒绝", "Refuse");
        html_print(&html, "</div>");
        if (device->state == DEVICE_PENDING) {
                (void)snprintf(action, sizeof(action), "/Q/%s/scan", device->user_code);
                html_print(&html, "<div hidden id=\"scan\">");
                web_form(request, &html, action);
                html_print(&html, "</form></div>");
        }
        web_answer(request, MHD_HTTP_OK, &html);
}

static void answer_confirmed(Request *request, const char *digits) {
        Html html;

        web_begin(request, &html, "已确认", "Confirmed", NULL);
        html_print(&html, "<h1>%s</h1>", html_words(&html, "已确认登录", "Login confirmed"));
        if (digits[0])
                html_print(&html, "<p>%s</p><p class=\"big\">%s</p><p class=\"hint\">%s</p>",
                           html_words(&html, "请在登录的屏幕上输入这6位数字：",
                                      "Please type these six digits where you log in:"),
                           digits,
                           html_words(&html, "请勿把数字告诉任何人，也不要输入到别的地方。",
                                      "Tell them to nobody, and type them nowhere else."));
        else
                html_print(&html, "<p class=\"good\" role=\"status\">%s</p>",
                           html_words(&html, "请回到计算机继续操作，本页面可以关闭。",
                                      "Please go on at the computer. You can close this page."));
        web_answer(request, MHD_HTTP_OK, &html);
}

static void answer_refusal(Request *request, int r) {
        switch (r) {
        case DEVICE_E_EXPIRED:
                web_notice(request, MHD_HTTP_GONE, "二维码已过期", "The code is too old",
                           "请在计算机上刷新二维码，再扫描一次。",
                           "Please get a new code at the computer, and scan it.", "/Q");
                break;
        case DEVICE_E_DECIDED:
                web_notice(request, MHD_HTTP_CONFLICT, "此登录已处理", "Already decided",
                           "这次登录已经确认、拒绝或完成，不能再更改。",
                           "This login was confirmed, refused or finished; it cannot be changed"
                           " any more.",
                           "/me");
                break;
        case DEVICE_E_DISABLED:
                web_notice(request, MHD_HTTP_FORBIDDEN, "账号已停用", "The account is disabled",
                           "请联系本单位管理员或办税服务厅。",
                           "Please ask your administrator or a tax service hall.", "/");
                break;
        default:
                /* threats 114: another person's is no other page than none */
                if (r < 0)
                        request_fail(request, r);
                else
                        web_notice(request, MHD_HTTP_NOT_FOUND, "没有这个登录请求",
                                   "No such login request",
                                   "请核对屏幕上的8位代码；它可能已过期，或是为其他账号生成的。",
                                   "Please check the 8 characters on the screen. The code may be"
                                   " too old, or meant for another account.",
                                   "/Q");
                break;
        }
}

static void device_show(Request *request, const char *code) {
        DeviceRow device;
        int r;

        if (request->web.account_id[0] == '\0') {
                answer_stranger(request, code);
                return;
        }
        r = deed_look(request, request->web.account_id, code, &device);
        if (r == 0 && device.state != DEVICE_PENDING && device.state != DEVICE_SCANNED)
                r = DEVICE_E_DECIDED;
        else if (r == 0 && device.expired)
                r = DEVICE_E_EXPIRED;
        if (r == 0)
                answer_question(request, &device);
        else
                answer_refusal(request, r);
}

void page_device(Request *request) {
        device_show(request, request->parameter);
}

/* With the code as a person typed it, with spaces or a hyphen in it, or without any. */
void page_device_typed(Request *request) {
        const char *typed = request_argument(request, "code");
        char code[USER_CODE_CHARS + 2] = ""; /* one more than there are, to be refused */
        size_t n = 0;
        Html html;

        for (; typed && *typed && n < USER_CODE_CHARS + 1; typed++)
                if (*typed != ' ' && *typed != '-')
                        code[n++] = *typed;
        if (n > 0)
                device_show(request, code);
        else if (request->web.account_id[0] == '\0')
                answer_stranger(request, NULL);
        else {
                web_begin(request, &html, "扫码登录", "QR login", NULL);
                html_print(&html, "<h1>%s</h1>", html_words(&html, "扫码登录", "QR login"));
                print_code_form(&html);
                web_answer(request, MHD_HTTP_OK, &html);
        }
}

static void deed(Request *request, Deed asked) {
        char digits[LIMIT_DIGITS + 1], path[ACTION_BYTES];
        DeviceRow device;
        int r;

        r = deed_do(request, request->web.account_id, asked, request->parameter, &device, digits);
        if (r != 0)
                answer_refusal(request, r);
        else if (asked == DEED_CONFIRM)
                answer_confirmed(request, digits);
        else if (asked == DEED_REFUSE)
                web_notice(request, MHD_HTTP_OK, "已拒绝登录", "Login refused",
                           "这次登录已被拒绝。如不是您本人操作，请及时修改密码。",
                           "This login was refused. If it was not you, please change your"
                           " password.",
                           "/me");
        else {
                (void)snprintf(path, sizeof(path), "/Q/%s", device.user_code);
                web_redirect(request, path);
        }
        explicit_bzero(digits, sizeof(digits));
}

void page_device_scan(Request *request) {
        deed(request, DEED_SCAN);
}

void page_device_confirm(Request *request) {
        deed(request, DEED_CONFIRM);
}

void page_device_refuse(Request *request) {
        deed(request, DEED_REFUSE);
}
