/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backend/model-captcha.h"
#include "lib/wire/wire.h"

/** captcha_answer() - make and draw a captcha, in the caller's transaction
 * @ret: its id and picture, to be released by captcha_answer_done(). Return: 0 or -errno. */
int captcha_answer(Store *store, const char *session_hash, const char *guard_key, int64_t now,
                   WireCaptcha *ret);
void captcha_answer_done(WireCaptcha *captcha);
