/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login, captcha: the picture that goes with the next try, for an account and for a unit alike
 *
 * One picture, one answer: what the platform sends with a reply replaces what was there. */

#include <string.h>

#include "daemon/core/login-private.h"

void login_captcha_forget(Login *login) {
        free(TAKE_PTR(login->captcha_png));
        login->n_captcha_png = 0;
        login->captcha_due = false;
}

void login_captcha_keep(Login *login, Reply *reply) {
        login_captcha_forget(login);
        login->captcha_png = TAKE_PTR(reply->captcha_png);
        login->n_captcha_png = login->captcha_png ? reply->n_captcha_png : 0;
        login->captcha_due = login->captcha_png != NULL;
}

static bool is_for_unit(const Login *login) {
        return login_unit_code(login) != NULL;
}

/* In the old unit login the unit is asked like an account: there is no person to ask it for. */
void login_captcha_request(Login *login) {
        login->request = (Request){
                .kind = REQUEST_CAPTCHA,
                .account = login->account[0] ? login->account : NULL,
                .unit = login->unit != UNIT_NOBODY ? login_unit_code(login) : NULL,
        };
        login_send(login, LOGIN_WAIT_PLATFORM);
}

void login_captcha_ask(Login *login) {
        if (login->captcha_png)
                login_ask(login, is_for_unit(login) ? ASK_UNIT_CAPTCHA : ASK_CAPTCHA);
        else
                login_captcha_request(login);
}

int login_captcha_take(Login *login, const Secret *answer, CaptchaAnswer *ret) {
        char plain[LIMIT_CAPTCHA_ANSWER_BYTES + 1] = "";
        Secret *captcha = NULL;
        int r = 0;

        if (!answer_plain(answer, plain, sizeof(plain)) || !plain[0] || strchr(plain, ' '))
                *ret = CAPTCHA_IMPOSSIBLE;
        else if (strcmp(plain, "r") == 0 || strcmp(plain, "R") == 0)
                *ret = CAPTCHA_REFRESH;
        else {
                *ret = CAPTCHA_TYPED;
                r = secret_new_from(plain, strlen(plain), &captcha);
        }

        explicit_bzero(plain, sizeof(plain));
        if (r < 0)
                return r;

        if (captcha) {
                (void)secret_free(login->captcha);
                login->captcha = captcha;
        }
        return 0;
}

int login_captcha_arrived(Login *login, Reply *reply) {
        login_captcha_keep(login, reply);

        if (login->captcha_png)
                login_captcha_ask(login);
        else
                login_fail(login, REASON_UNAVAILABLE, "platform-broken", SAY_UNAVAILABLE);
        return 0;
}
