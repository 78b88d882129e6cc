/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backend/clock.h"
#include "backend/pages.h"
#include "backend/routes.h"

#define PAGE_BYTES_MAX 16384
#define STYLE \
        "body{font:16px/1.6 sans-serif;max-width:34em;margin:2em auto;padding:0" \
        " 1em;color:#111;background:#fff}" \
        "h1{font-size:1.3em}dt{color:#555}dd{margin:0 0" \
        " .5em;font-weight:bold;overflow-wrap:anywhere}" \
        "section+section{border-top:1px solid #ccc;margin-top:2em}" \
        "input,button{font:inherit;padding:.3em .6em}input{width:9em;text-transform:uppercase}"

const char *page_policy(void) {
        static char policy[256]; /* the same for every page; made at the first */
        unsigned char digest[32], text[48];

        if (policy[0] == '\0' &&
            EVP_Digest(STYLE, sizeof(STYLE) - 1, digest, NULL, EVP_sha256(), NULL) == 1) {
                (void)EVP_EncodeBlock(text, digest, sizeof(digest));
                (void)snprintf(
                        policy, sizeof(policy),
                        "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action"
                        " 'self';"
                        " frame-ancestors 'none'",
                        (const char *)text);
        }
        return policy[0] ? policy : "default-src 'none'; frame-ancestors 'none'";
}

/* Text from outside into HTML; every character that could end the text is spelt out. */
static int append_escaped(Secret *html, const char *text) {
        int r = 0;

        for (; *text && r == 0; text++) {
                const char *special = *text == '&'    ? "&amp;"
                                      : *text == '<'  ? "&lt;"
                                      : *text == '>'  ? "&gt;"
                                      : *text == '"'  ? "&quot;"
                                      : *text == '\'' ? "&#39;"
                                                      : NULL;

                r = special ? secret_append_text(html, special) : secret_append(html, text, 1);
        }
        return r;
}

/* A page from pieces: the texts are ours, between them stands @middle, already HTML or NULL. */
static int page_make(const char *title, const char *chinese, const char *english,
                     const Secret *middle, Secret **ret) {
        _cleanup_(secret_freep) Secret *html = NULL;
        const char *const pieces[] = {
                "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width\"><title>",
                title,
                "</title><style>" STYLE "</style></head><body><section>",
                chinese,
                secret_text(middle),
                "</section><section lang=\"en\">",
                english,
                "</section></body></html>\n",
        };
        int r;

        r = secret_new(PAGE_BYTES_MAX, &html);
        for (size_t i = 0; r == 0 && i < ELEMENTSOF(pieces); i++)
                r = secret_append_text(html, pieces[i]);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(html);
        return 0;
}

static void answer_page(Request *request, const char *title, const char *chinese,
                        const char *english, const Secret *middle) {
        Secret *html = NULL;

        (void)page_make(title, chinese, english, middle, &html);
        request_html(request, MHD_HTTP_OK, html);
}

int page_error(unsigned status, Secret **ret) {
        if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
                return page_make("暂时无法使用", "<h1>暂时无法使用</h1><p>请稍后再试。</p>",
                                 "<h1>Not available just now</h1><p>Please try again later.</p>",
                                 NULL, ret);
        return page_make("没有此页面", "<h1>没有此页面</h1><p>请核对网址。</p>",
                         "<h1>No such page</h1><p>Please check the address.</p>", NULL, ret);
}

static int append_row(Secret *list, const char *label, const char *value) {
        int r;

        if (value[0] == '\0')
                return 0;
        r = secret_append_text(list, "<dt>");
        if (r == 0)
                r = secret_append_text(list, label);
        if (r == 0)
                r = secret_append_text(list, "</dt><dd>");
        if (r == 0)
                r = append_escaped(list, value);
        if (r == 0)
                r = secret_append_text(list, "</dd>");
        return r;
}

static int device_list(const DeviceRow *device, Secret **ret) {
        _cleanup_(secret_freep) Secret *list = NULL;
        time_t seconds = (time_t)device->created_at;
        char stamp[64] = "";
        struct tm tm;
        int r;

        if (localtime_r(&seconds, &tm))
                (void)strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S %z", &tm);

        r = secret_new(PAGE_BYTES_MAX, &list);
        if (r == 0)
                r = secret_append_text(list, "<dl>");
        if (r == 0)
                r = append_row(list, "主机 · Host", device->host);
        if (r == 0)
                r = append_row(list, "服务 · Service", device->service);
        if (r == 0)
                r = append_row(list, "终端 · Terminal", device->terminal);
        if (r == 0)
                r = append_row(list, "来自 · From", device->remote_host);
        if (r == 0)
                r = append_row(list, "实名账号 · Account", device->hint_masked);
        if (r == 0)
                r = append_row(list, "时间 · Time", stamp);
        if (r == 0)
                r = secret_append_text(list, "</dl>");
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        return 0;
}

/* One text whether the code is known or not. */
static void answer_device(Request *request, const Secret *list) {
        answer_page(
                request, "扫码登录",
                "<h1>请用个人所得税APP扫码</h1><p>这是扫码登录的二维码。请打开个人所得税APP，用其中的“扫一扫”扫描，"
                "核对登录信息后再确认。不是您本人的登录，请勿确认。</p>"
                "<form action=\"/Q\" method=\"get\"><p><label>无法扫码时，请输入屏幕上的8位代码："
                "<br>If you cannot scan: the 8 characters on the screen"
                "<br><input name=\"code\" maxlength=\"16\" autocomplete=\"off\"></label>"
                " <button>查看 · Show</button></p></form>",
                "<h1>Scan this with the app</h1><p>This is the code of a QR login. Open the app"
                " (个人所得税APP) and scan it "
                "there; check what is shown, then confirm. Do not confirm a login that is not"
                " your own.</p>",
                list);
}

static void device_show(Request *request, const char *code) {
        _cleanup_(secret_freep) Secret *list = NULL;
        DeviceRow device;
        char peer[64];
        int r;

        request_peer(request, peer, sizeof(peer));
        if (misses_blocked(&request->server->misses, peer, clock_boot_usec())) {
                answer_device(request, NULL);
                return;
        }

        r = device_find_user_code(request->server->store, code, request->now, &device);
        if (r < 0) {
                request_fail(request, r);
                return;
        }
        if (r > 0)
                misses_note(&request->server->misses, peer, clock_boot_usec());
        if (r > 0 || device.expired ||
            (device.state != DEVICE_PENDING && device.state != DEVICE_SCANNED)) {
                answer_device(request, NULL);
                return;
        }

        r = device_list(&device, &list);
        if (r < 0) {
                request_fail(request, r);
                return;
        }
        answer_device(request, list);
}

/* Opening the address by a camera, a preview or a browser changes nothing; an unknown code shows
 * the same page without details. */
void page_device(Request *request) {
        device_show(request, request->parameter);
}

/* With the code as a person typed it, with spaces or a hyphen in it, or without any. */
void page_device_typed(Request *request) {
        const char *typed = request_argument(request, "code");
        char code[USER_CODE_CHARS + 2] = ""; /* one more than there are, to be refused */
        size_t n = 0;

        for (; typed && *typed && n < USER_CODE_CHARS + 1; typed++)
                if (*typed != ' ' && *typed != '-')
                        code[n++] = *typed;
        if (n == 0)
                answer_device(request, NULL);
        else
                device_show(request, code);
}

void page_home(Request *request) {
        answer_page(
                request, "实名登录",
                "<h1>实名登录</h1><p>这里是自然人税收管理系统的实名登录平台，供办公电脑上的程序使用。</p>"
                "<ul><li><a href=\"/Q\">扫码登录</a><li><a href=\"/r\">立即注册</a>"
                "<li><a href=\"/f\">忘记密码</a><li><a href=\"/d\">忘记申报密码</a>"
                "<li><a href=\"/a\">手机端下载</a></ul>",
                "<h1>Real-name login</h1><p>This platform logs people in to the programs of their"
                " workstations.</p>"
                "<ul><li><a href=\"/Q\">QR login</a><li><a href=\"/r\">Registration</a>"
                "<li><a href=\"/f\">Forgotten password</a>"
                "<li><a href=\"/d\">Forgotten declaration password</a>"
                "<li><a href=\"/a\">The app</a></ul>",
                NULL);
}

void page_register(Request *request) {
        answer_page(
                request, "立即注册",
                "<h1>立即注册</h1><p>请携带有效身份证件到办税服务厅办理实名注册，或联系本单位管理员。</p>",
                "<h1>Registration</h1><p>Please go to a tax service hall with your identity"
                " document, or ask your "
                "administrator.</p>",
                NULL);
}

void page_forgot_password(Request *request) {
        answer_page(
                request, "忘记密码",
                "<h1>忘记密码</h1><p>请携带有效身份证件到办税服务厅重置密码，或联系本单位管理员。重置后锁定立即解除。</p>",
                "<h1>Forgotten password</h1><p>Please go to a tax service hall with your identity"
                " document, or ask your "
                "administrator. A reset lifts the lock at once.</p>",
                NULL);
}

void page_forgot_declaration(Request *request) {
        answer_page(
                request, "忘记申报密码",
                "<h1>忘记申报密码</h1><p>请由本单位的法定代表人或财务负责人携带有效身份证件到办税服务厅重置申报密码，"
                "或联系管理员。</p>",
                "<h1>Forgotten declaration password</h1><p>The unit's legal representative or"
                " finance manager can have it "
                "reset at a tax service hall with the identity document, or ask the"
                " administrator.</p>",
                NULL);
}

void page_app(Request *request) {
        answer_page(
                request, "手机端下载",
                "<h1>手机端下载</h1><p>请在手机应用商店搜索“个人所得税”下载安装官方APP，或到办税服务厅咨询。</p>",
                "<h1>The app</h1><p>Look for “个人所得税” in the app store of your phone, or ask at a"
                " tax service hall.</p>",
                NULL);
}
