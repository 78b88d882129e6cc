/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pages that only tell something. */

#include "backend/pages.h"
#include "backend/routes.h"
#include "backend/web.h"

void page_error(Request *request, unsigned status) {
        switch (status) {
        case MHD_HTTP_SERVICE_UNAVAILABLE:
                web_notice(request, status, "暂时无法使用", "Not available just now",
                           "请稍后再试。", "Please try again later.", NULL);
                break;
        case MHD_HTTP_FORBIDDEN:
                web_notice(request, status, "请重新提交", "Please send it again",
                           "本页面已过期，或不是从本平台打开的。请返回该页面，刷新后再提交一次；如已退出，请重新登录。",
                           "This page is too old, or was not opened on this platform. Please go"
                           " back to it, load it again and send it once more; log in again if"
                           " you have been logged out.",
                           "/");
                break;
        case MHD_HTTP_BAD_REQUEST:
        case MHD_HTTP_CONTENT_TOO_LARGE:
                web_notice(request, status, "无法处理", "This cannot be used",
                           "提交的内容不完整或过长，请返回检查后重新提交。",
                           "What was sent is incomplete or too long. Please go back, check it and"
                           " send it again.",
                           "/");
                break;
        default:
                web_notice(request, status, "没有此页面", "No such page", "请核对网址。",
                           "Please check the address.", "/");
                break;
        }
}

static void print_link(Html *html, const char *path, const char *chinese, const char *english) {
        html_print(html, "<li><a href=\"%s\">%s</a></li>", path,
                   html_words(html, chinese, english));
}

void page_home(Request *request) {
        Html html;

        web_begin(request, &html, "首页", "Home", NULL);
        html_print(&html, "<h1>%s</h1><p>%s</p><ul class=\"links\">",
                   html_words(&html, "实名登录", "Real-name login"),
                   html_words(&html,
                              "这里是自然人税收管理系统的实名登录平台，供办公电脑上的程序使用。",
                              "This platform logs people in to the programs of their"
                              " workstations."));
        if (request->web.account_id[0])
                print_link(&html, "/me", "我的账号与登录记录", "My account and logins");
        print_link(&html, "/Q", "扫码登录", "QR login");
        print_link(&html, "/r", "立即注册", "Registration");
        print_link(&html, "/f", "忘记密码", "Forgotten password");
        print_link(&html, "/d", "忘记申报密码", "Forgotten declaration password");
        print_link(&html, "/a", "手机端下载", "The app");
        html_print(&html, "</ul>");
        web_answer(request, MHD_HTTP_OK, &html);
}

void page_app(Request *request) {
        web_notice(request, MHD_HTTP_OK, "手机端下载", "The app",
                   "请在手机应用商店搜索“个人所得税”下载安装官方APP，或到办税服务厅咨询。",
                   "Look for “个人所得税” in the app store of your phone, or ask at a tax service"
                   " hall.",
                   "/");
}
