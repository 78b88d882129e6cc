/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Parts of forms that several pages have */

#include "backend/html.h"
#include "backend/http.h"
#include "lib/wire/wire.h"

/** part_captcha() - the picture, and fields "captcha_id" and "captcha_answer" */
void part_captcha(Html *html, const WireCaptcha *captcha);

/** part_rules() - which rules a new password breaks, each as an error above the form
 * @broken: PasswordRule bits; none for 0 */
void part_rules(Html *html, unsigned broken);

/** part_new_password() - fields "password" and "repeated" with the rules; register.js tells which
 * of them hold while it is typed */
void part_new_password(Html *html);

/** part_too_often() - what was asked for comes too often: part_status() will be 429, with
 * Retry-After (RFC 6585 section 4, RFC 9110 section 10.2.3)
 * @wait_sec: as rate_take() gives it */
void part_too_often(Request *request, int64_t wait_sec);

/** part_status() - of a page with a form: 200, or 429 after part_too_often(), or 403
 * @fault: what was wrong, NULL for nothing */
unsigned part_status(const Request *request, const char *fault);
