/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login of before, taken up again (pam.d options max_age and only=unit)
 *
 * It stands for the person's own proof and for nothing else: the platform says anew who the person
 * is and which units there are, and all that is asked of a unit is asked as always. Whether the
 * method of before is admitted was decided then: METHOD_PASSWORD and METHOD_QR admit it alike. */

#include "daemon/core/login-private.h"

bool login_resume_is_due(const Login *login) {
        /* A program with one answer shows who it is by that answer, wherever it is asked. */
        if (login->mode == MODE_ONE && login->purpose == PURPOSE_LOGIN)
                return false;
        return login->resume && !login->resume_mark && !login->user_is_unknown &&
               !login_unit_is_mapped(login);
}

bool login_resume_fits(const Login *login) {
        return login->resume && !login->user_is_unknown &&
               mark_matches(login->resume_mark, ASK_PASSWORD, login->password);
}

void login_resume_send(Login *login) {
        login->route = ROUTE_SESSION;
        login->request = (Request){
                .kind = REQUEST_RESUME,
                .account = login->account[0] ? login->account : NULL,
        };
        login_send(login, LOGIN_WAIT_PLATFORM);
}

/* Then as if there had been none; with the answer, if one was given. */
int login_resume_expired(Login *login, Reply *reply) {
        (void)reply;

        login->route = ROUTE_NONE;
        if (login->password)
                login_password_send(login);
        else
                login_first(login);
        return 0;
}
