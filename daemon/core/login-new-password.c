/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Another account password (PAM's chauthtok, as by passwd)
 *
 * The current password logs in as always, with captcha and lock; then the new one is asked for
 * twice, held against the rule here, and sent together with the current one, kept for that.
 * Nothing is granted by it: login-verdict.c admits this end only for this purpose. */

#include "daemon/core/login-private.h"
#include "lib/common/password-rule.h"

static void ask_anew(Login *login) {
        login->new_password = secret_free(login->new_password);
        login_ask(login, ASK_NEW_PASSWORD);
}

void login_new_password_begin(Login *login) {
        login_tell(login, SAY_NEW_PASSWORD_RULES);
        ask_anew(login);
}

static void tell_broken(Login *login, unsigned broken) {
        static const struct {
                PasswordRule rule;
                SayId say;
        } sentences[] = {
                { PASSWORD_RULE_SHORT, SAY_NEW_PASSWORD_SHORT },
                { PASSWORD_RULE_LONG, SAY_NEW_PASSWORD_LONG },
                { PASSWORD_RULE_CLASSES, SAY_NEW_PASSWORD_CLASSES },
                { PASSWORD_RULE_SPACE, SAY_NEW_PASSWORD_SPACE },
                { PASSWORD_RULE_CHARACTERS, SAY_NEW_PASSWORD_CHARACTERS },
        };

        for (size_t i = 0; i < ELEMENTSOF(sentences); i++)
                if (broken & sentences[i].rule)
                        login_tell(login, sentences[i].say);
}

int login_new_password_answered(Login *login, const Secret *answer) {
        Secret *password = NULL;
        unsigned broken;
        int r;

        if (!answer) {
                login_tell(login, SAY_NEW_PASSWORD_EMPTY);
                ask_anew(login);
                return 0;
        }

        broken = password_rules_broken(secret_text(answer), secret_size(answer));
        if (broken != 0) {
                login_refused(login, "password-rule");
                tell_broken(login, broken);
                ask_anew(login);
                return 0;
        }
        if (secret_equal(answer, login->password)) {
                login_refused(login, "password-same");
                login_tell(login, SAY_NEW_PASSWORD_SAME);
                ask_anew(login);
                return 0;
        }

        r = secret_dup(answer, &password);
        if (r < 0)
                return r;

        (void)secret_free(login->new_password);
        login->new_password = password;
        login_ask(login, ASK_NEW_PASSWORD_AGAIN);
        return 0;
}

void login_new_password_send(Login *login) {
        login->request = (Request){
                .kind = REQUEST_NEW_PASSWORD,
                .account = login->account,
                .password = login->password,
                .new_password = login->new_password,
                .captcha = login->captcha,
        };
        login_send(login, LOGIN_WAIT_PLATFORM);
}

int login_new_password_again_answered(Login *login, const Secret *answer) {
        if (!secret_equal(answer, login->new_password)) {
                login_refused(login, "password-different");
                login_tell(login, SAY_NEW_PASSWORD_DIFFERENT);
                ask_anew(login);
                return 0;
        }

        login_new_password_send(login);
        return 0;
}

int login_new_password_changed(Login *login, Reply *reply) {
        (void)reply;

        login->password_changed = true;
        login_tell(login, SAY_NEW_PASSWORD_CHANGED);
        login_grant(login);
        return 0;
}

int login_new_password_weak(Login *login, Reply *reply) {
        (void)reply;

        login_refused(login, "password-weak");
        login_tell(login, SAY_NEW_PASSWORD_WEAK);
        login_tell(login, SAY_NEW_PASSWORD_RULES);
        ask_anew(login);
        return 0;
}

int login_new_password_same(Login *login, Reply *reply) {
        (void)reply;

        login_refused(login, "password-same");
        login_tell(login, SAY_NEW_PASSWORD_SAME);
        ask_anew(login);
        return 0;
}

/* It was right a moment ago: somebody has changed it meanwhile. */
int login_new_password_wrong(Login *login, Reply *reply) {
        if (reply->attempts_left == 0)
                return login_password_locked(login, reply);

        login_refused(login, "wrong-password");
        login_fail(login, REASON_DENIED, "wrong-password", SAY_PASSWORD_WRONG);
        return 0;
}

int login_new_password_expired(Login *login, Reply *reply) {
        (void)reply;

        login_fail(login, REASON_TIMEOUT, "session-expired", SAY_TIMEOUT);
        return 0;
}
