/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Parts of forms that several pages have */

#include "backend/html.h"
#include "lib/wire/wire.h"

/** part_captcha() - the picture, and fields "captcha_id" and "captcha_answer" */
void part_captcha(Html *html, const WireCaptcha *captcha);

/** part_rules() - which rules a new password breaks, each as an error above the form
 * @broken: PasswordRule bits; none for 0 */
void part_rules(Html *html, unsigned broken);
