/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "backend/page-parts.h"
#include "backend/web.h"
#include "lib/common/limits.h"
#include "lib/common/password-rule.h"

#define RETRY_MAX_SEC 86400

void part_captcha(Html *html, const WireCaptcha *captcha) {
        _cleanup_(freep) unsigned char *text = malloc(4 * ((captcha->n_png + 2) / 3) + 1);

        if (!text) {
                html->error = html->error ? html->error : -ENOMEM;
                return;
        }
        (void)EVP_EncodeBlock(text, captcha->png, (int)captcha->n_png);
        html_print(html,
                   "<label for=\"captcha\">%s</label><img class=\"captcha\" alt=\"%s\""
                   " src=\"data:image/png;base64,%s\"><input type=\"hidden\" name=\"captcha_id\""
                   " value=\"%s\"><input id=\"captcha\" name=\"captcha_answer\" class=\"code\""
                   " maxlength=\"%d\" autocomplete=\"off\" autocapitalize=\"characters\""
                   " spellcheck=\"false\">",
                   html_words(html, "验证码（图片中的字符，不区分大小写）",
                              "Captcha (the characters in the picture, in either case)"),
                   html_words(html, "验证码图片；看不清可换一张",
                              "Picture of the captcha; another one can be had"),
                   (const char *)text, captcha->id, (int64_t)LIMIT_CAPTCHA_ANSWER_BYTES);
}

static void print_rule(Html *html, unsigned broken, unsigned bit, const char *chinese,
                       const char *english) {
        if (broken & bit)
                web_error(html, chinese, english);
}

void part_rules(Html *html, unsigned broken) {
        print_rule(html, broken, PASSWORD_RULE_SHORT | PASSWORD_RULE_LONG, "密码须为8至15个字符。",
                   "A password has 8 to 15 characters.");
        print_rule(html, broken, PASSWORD_RULE_CLASSES,
                   "密码须包含大写字母、小写字母、数字、特殊字符中的至少三种。",
                   "A password has at least three of capital letters, small letters, digits and"
                   " other characters.");
        print_rule(html, broken, PASSWORD_RULE_SPACE, "密码不能包含空格。",
                   "A password has no space.");
        print_rule(html, broken, PASSWORD_RULE_CHARACTERS, "密码中有不能使用的字符。",
                   "The password has a character that cannot be used.");
}

void part_new_password(Html *html) {
        html_print(html,
                   "<label for=\"password\">%s</label><input id=\"password\" name=\"password\""
                   " type=\"password\" maxlength=\"%d\" required autocomplete=\"new-password\""
                   " aria-describedby=\"password-rules\">"
                   "<ul id=\"password-rules\" class=\"rules\">",
                   html_words(html, "密码", "Password"), (int64_t)LIMIT_PASSWORD_BYTES);
        html_print(html,
                   "<li data-rule=\"length\">%s</li><li data-rule=\"classes\">%s</li>"
                   "<li data-rule=\"space\">%s</li></ul>",
                   html_words(html, "8至15个字符", "8 to 15 characters"),
                   html_words(html, "包含大写字母、小写字母、数字、特殊字符中的至少三种",
                              "at least three of capital letters, small letters, digits and other"
                              " characters"),
                   html_words(html, "没有空格", "no space"));
        html_print(html,
                   "<label for=\"repeated\">%s</label><input id=\"repeated\" name=\"repeated\""
                   " type=\"password\" maxlength=\"%d\" required autocomplete=\"new-password\">"
                   "<p id=\"password-told\" class=\"hint\" role=\"status\"></p>",
                   html_words(html, "再次输入密码", "The password again"),
                   (int64_t)LIMIT_PASSWORD_BYTES);
}

void part_too_often(Request *request, int64_t wait_sec) {
        request->retry_after_sec = wait_sec < 1            ? 1
                                   : wait_sec > RETRY_MAX_SEC ? RETRY_MAX_SEC
                                                              : (unsigned)wait_sec;
}

unsigned part_status(const Request *request, const char *fault) {
        if (!fault)
                return MHD_HTTP_OK;
        return request->retry_after_sec > 0 ? MHD_HTTP_TOO_MANY_REQUESTS : MHD_HTTP_FORBIDDEN;
}
