/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "backend/captcha-answer.h"
#include "backend/captcha-picture.h"

int captcha_answer(Store *store, const char *session_hash, const char *guard_key, int64_t now,
                   WireCaptcha *ret) {
        WireCaptcha answer = {};
        Captcha captcha;
        int r;

        r = captcha_new(store, session_hash, guard_key, now, &captcha);
        if (r == 0)
                r = captcha_draw(captcha.answer, &answer.png, &answer.n_png);
        explicit_bzero(captcha.answer, sizeof(captcha.answer));
        if (r < 0)
                return r;

        answer.id = strdup(captcha.id);
        if (!answer.id) {
                captcha_answer_done(&answer);
                return -ENOMEM;
        }
        *ret = answer;
        return 0;
}

void captcha_answer_done(WireCaptcha *captcha) {
        free(captcha->id);
        free(captcha->png);
        *captcha = (WireCaptcha){};
}
