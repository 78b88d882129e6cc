/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login by account and password (spec.md section 3.1)
 *
 * account -> password -> captcha if one is due -> the platform; and round again after a wrong
 * password, until the platform locks. A password is held until the platform has tested it: "a
 * captcha is due" is no test, so then it waits for the captcha. */

#include <string.h>

#include "daemon/core/login-private.h"

/* What sshd hands to PAM in place of each answer of somebody it does not let in: again and again,
 * as long as what was typed (fake_password() in auth-pam.c). */
#define SSHD_JUNK "\b\n\r\177INCORRECT"

/* Stands for a password that nobody can have, so that one which cannot be sent is wrong like any
 * other. */
#define IMPOSSIBLE_PASSWORD "\xef\xbf\xbd"

/* Whoever has to be shown is known; or nobody is, until an account is typed. */
static void account_begin(Login *login) {
        memcpy(login->account, login->mapped, sizeof(login->account));
        login->account_kind = login->mapped[0] ? ACCOUNT_LOGIN_NAME : ACCOUNT_INVALID;
}

/* What one answer cannot do; NULL if it will do. */
static const char *one_answer_lacks(const Login *login) {
        if (login->method == METHOD_QR)
                return "one-answer-qr";
        if (login->purpose == PURPOSE_PASSWORD)
                return "one-answer-password";
        return login->mapped[0] ? NULL : "one-answer-account";
}

void login_begin(Login *login) {
        if (login->user_is_other)
                login_fail(login, REASON_NOT_OURS, "not-ours", SAY_NONE);
        else if (login_resume_is_due(login)) {
                account_begin(login);
                login_resume_send(login);
        } else
                login_first(login);
}

void login_first(Login *login) {
        const char *lacks = login->mode == MODE_ONE ? one_answer_lacks(login) : NULL;

        account_begin(login);
        if (login_unit_login_first(login))
                return;
        if (lacks) {
                login_fail(login, REASON_CLIENT, lacks, SAY_CLIENT_CANNOT);
                return;
        }

        if (login->mode == MODE_ONE)
                login_ask(login, ASK_ONE);
        else if (login->method == METHOD_QR)
                login_qr_start(login);
        else
                login_ask(login, login->mapped[0] ? ASK_PASSWORD : ASK_ACCOUNT);
}

void login_password_send(Login *login) {
        login->route = ROUTE_PASSWORD;
        login->request = (Request){
                .kind = REQUEST_PASSWORD,
                .account = login->account,
                .password = login->password,
                .captcha = login->captcha,
        };
        login_send(login, LOGIN_WAIT_PLATFORM);
}

static SayId account_fault_text(AccountFault fault) {
        switch (fault) {
        case ACCOUNT_FAULT_EMPTY:
                return SAY_ACCOUNT_EMPTY;
        case ACCOUNT_FAULT_LENGTH:
                return SAY_ACCOUNT_LENGTH;
        case ACCOUNT_FAULT_CHECK:
                return SAY_ACCOUNT_CHECK;
        case ACCOUNT_FAULT_DATE:
                return SAY_ACCOUNT_DATE;
        case ACCOUNT_FAULT_DIGITS:
                return SAY_ACCOUNT_DIGITS;
        case ACCOUNT_FAULT_MOBILE:
                return SAY_ACCOUNT_MOBILE;
        case ACCOUNT_FAULT_OLD_IDENTITY:
                return SAY_ACCOUNT_OLD_IDENTITY;
        case ACCOUNT_FAULT_DOCUMENT:
                return SAY_ACCOUNT_DOCUMENT;
        case ACCOUNT_FAULT_NONE:
        case ACCOUNT_FAULT_CHARACTERS:
                break;
        }
        return SAY_ACCOUNT_CHARACTERS;
}

int login_account_answered(Login *login, const Secret *answer) {
        Account account;

        if (secret_is_text(answer))
                account_parse(secret_text(answer), &account);
        else
                account = (Account){ .kind = ACCOUNT_INVALID, .fault = ACCOUNT_FAULT_CHARACTERS };
        if (login_unit_login_answered(login, answer, &account))
                return 0;

        if (account.unit[0] && login->fixed_unit[0] &&
            strcmp(account.unit, login->fixed_unit) != 0) {
                login_tell_text(login, SAY_ACCOUNT_OTHER_UNIT, login->fixed_unit, NULL);
                login_ask(login, ASK_ACCOUNT);
                return 0;
        }

        if (account.kind == ACCOUNT_INVALID &&
            !(account.fault == ACCOUNT_FAULT_EMPTY && login_offers_other(login, ASK_ACCOUNT))) {
                login_tell(login, account_fault_text(account.fault));
                login_ask(login, ASK_ACCOUNT);
                return 0;
        }

        if (strcmp(login->account, account.name) != 0)
                login_captcha_forget(login);
        memcpy(login->account, account.name, sizeof(login->account));
        memcpy(login->typed, account.name, sizeof(login->typed));
        login->back_told = false;
        memcpy(login->typed_unit, account.unit, sizeof(login->typed_unit));
        login->account_kind = account.kind;

        if (account.kind == ACCOUNT_INVALID)
                login_qr_start(login);
        else if (!login->user[0] && account.kind == ACCOUNT_LOGIN_NAME && !account.unit[0]) {
                login_act(login, ACTION_FIND)->account = login->account;
                login_state_enter(login, LOGIN_WAIT_FIND);
        } else
                login_ask(login, ASK_PASSWORD);
        return 0;
}

/* Root, or another local user without an account, typed a name at the prompt for the account:
 * theirs is the next module of the stack, which is told the name so that nobody types it twice. */
void login_account_found(Login *login, const char *user) {
        if (!user || strcmp(user, login->account) != 0) {
                login_ask(login, ASK_PASSWORD);
                return;
        }

        login_fail(login, REASON_NOT_OURS, "local-user", SAY_NONE);
        login->plan.user = login->account;
}

void login_account_again(Login *login) {
        login->password = secret_free(login->password);
        login_ask(login, ASK_ACCOUNT);
}

/* To the other method, or, where there is none, the same question with @say. */
static void other_or_again(Login *login, SayId say) {
        if (login_offers_other(login, login->ask)) {
                login->password = secret_free(login->password);
                login_qr_start(login);
                return;
        }

        login_tell(login, say);
        login_ask(login, login->ask);
}

static bool is_sshd_junk(const Secret *answer) {
        const char *bytes = secret_text(answer);
        size_t n = secret_size(answer);

        for (size_t i = 0; i < n; i++)
                if (bytes[i] != SSHD_JUNK[i % strlen(SSHD_JUNK)])
                        return false;
        return n > 0;
}

/* Nobody typed this, so it costs the account no try (threats 19). All else is as for a user who
 * does not exist here, or sshd would show whom it knows and does not let in (threats 52, 53). */
static void account_spare(Login *login) {
        login_name_impossible(login, login->account);
        login->account_kind = ACCOUNT_LOGIN_NAME;
}

/* A password as it is sent. One that cannot be sent is not told apart from a wrong one: sshd
 * changes what is typed for users it does not know, and the difference would show who exists. */
static int password_take(const Secret *typed, Secret **ret) {
        if (secret_is_text(typed) && answer_is_password(typed))
                return secret_dup(typed, ret);
        return secret_new_from(IMPOSSIBLE_PASSWORD, strlen(IMPOSSIBLE_PASSWORD), ret);
}

int login_password_answered(Login *login, const Secret *answer) {
        Secret *password = NULL;
        int r;

        if (!answer) {
                other_or_again(login, SAY_PASSWORD_EMPTY);
                return 0;
        }
        if (secret_size(answer) > LIMIT_PASSWORD_BYTES) {
                login_tell(login, SAY_PASSWORD_IMPOSSIBLE);
                login_ask(login, ASK_PASSWORD);
                return 0;
        }

        if (is_sshd_junk(answer))
                account_spare(login);

        r = password_take(answer, &password);
        if (r < 0)
                return r;

        login->password = secret_free(login->password);
        login->password = password;
        if (login->captcha_due) {
                login_tell(login, SAY_CAPTCHA_DUE);
                login_captcha_ask(login);
        } else
                login_password_send(login);
        return 0;
}

int login_captcha_answered(Login *login, const Secret *answer) {
        CaptchaAnswer what;
        int r;

        if (!answer) {
                other_or_again(login, SAY_CAPTCHA_DUE);
                return 0;
        }

        r = login_captcha_take(login, answer, &what);
        if (r < 0)
                return r;

        switch (what) {
        case CAPTCHA_TYPED:
                if (login->new_password)
                        login_new_password_send(login);
                else
                        login_password_send(login);
                break;
        case CAPTCHA_REFRESH:
                login_captcha_request(login);
                break;
        case CAPTCHA_IMPOSSIBLE:
                login_refused(login, "wrong-captcha");
                login_tell(login, SAY_CAPTCHA_WRONG);
                login_ask(login, ASK_CAPTCHA);
                break;
        }
        return 0;
}

int login_one_answered(Login *login, const Secret *answer) {
        _cleanup_(secret_freep) Secret *password = NULL, *unit_password = NULL;
        const char *bytes = secret_text(answer), *space, *rest = NULL;
        size_t n = secret_size(answer), n_password, n_rest = 0;
        int r;

        space = memchr(bytes, ' ', n);
        n_password = space ? (size_t)(space - bytes) : n;
        if (n_password == 0 || n_password > LIMIT_PASSWORD_BYTES) {
                login_fail(login, REASON_DENIED,
                           n_password == 0 ? "empty-password" : "impossible-password",
                           SAY_PASSWORD_WRONG);
                return 0;
        }
        if (is_sshd_junk(answer))
                account_spare(login);

        if (space) {
                rest = space + 1;
                n_rest = n - n_password - 1;
                login_unit_take(login, &rest, &n_rest);
        }
        if (n_rest > 0) {
                r = secret_new_from(rest, n_rest, &unit_password);
                if (r < 0)
                        return r;
        }

        /* A unit's password that is the person's own is a mistake, and would be sent to a place
         * where the person's password has no business (threats 69). */
        if (unit_password && secret_size(unit_password) == n_password &&
            secret_equal_bytes(bytes, secret_text(unit_password), n_password)) {
                login_fail(login, REASON_DENIED, "same-password-twice", SAY_UNIT_PASSWORD_SAME);
                return 0;
        }

        r = secret_new_from(bytes, n_password, &password);
        if (r < 0)
                return r;
        r = password_take(password, &login->password);
        if (r < 0)
                return r;

        login->unit_password = TAKE_PTR(unit_password);
        mark_set(login->mark, ASK_PASSWORD, login->password);
        if (login_resume_fits(login))
                login_resume_send(login);
        else
                login_password_send(login);
        return 0;
}

/* A picture is wanted where none can be shown. It is not insisted on: whoever goes back to the
 * password may have got rid of it elsewhere meanwhile. */
static void captcha_impossible(Login *login) {
        login->password = secret_free(login->password);
        login_captcha_forget(login);

        if (login->method == METHOD_ANY) {
                login_tell(login, SAY_CAPTCHA_NO_PICTURE);
                login_qr_start(login);
        } else
                login_fail(login, REASON_DENIED, "captcha-without-picture",
                           SAY_CAPTCHA_NO_PICTURE_END);
}

/* What helps after a wrong password: both by what was typed alone, never by what is known of it. */
static void tell_advice(Login *login) {
        if (login->back_told || login->mapped[0] || login->mode == MODE_ONE)
                return;

        if (login->account_kind == ACCOUNT_LOGIN_NAME &&
            account_looks_like_document(login->account))
                login_tell(login, SAY_PASSWORD_DOCUMENT);
        login_tell(login, SAY_PASSWORD_BACK);
        login->back_told = true;
}

int login_password_wrong(Login *login, Reply *reply) {
        login_refused(login, "wrong-password");
        login_captcha_keep(login, reply);

        if (reply->attempts_left == 0) {
                login_fail_locked(login, reply, SAY_LOCKED, SAY_LOCKED_MINUTES, "locked");
                return 0;
        }

        if (reply->attempts_left > 0)
                login_tell_number(login, SAY_PASSWORD_WRONG_TRIES, reply->attempts_left);
        else
                login_tell(login, SAY_PASSWORD_WRONG);

        if (login->mode == MODE_ONE)
                login_fail(login, REASON_DENIED, "wrong-password", SAY_NONE);
        else if (login->captcha_due && login->no_pictures)
                captcha_impossible(login);
        else {
                tell_advice(login);
                login_ask(login, ASK_PASSWORD);
        }
        return 0;
}

int login_password_captcha(Login *login, Reply *reply) {
        login_captcha_keep(login, reply);
        login->captcha_due = true;

        if (login->mode == MODE_ONE) {
                login_fail(login, REASON_DENIED, "captcha-due", SAY_ONE_CAPTCHA);
                return 0;
        }

        if (reply->captcha_wrong)
                login_refused(login, "wrong-captcha");
        if (login->no_pictures) {
                captcha_impossible(login);
                return 0;
        }

        login_tell(login, reply->captcha_wrong ? SAY_CAPTCHA_WRONG : SAY_CAPTCHA_DUE);
        login_captcha_ask(login);
        return 0;
}

int login_password_locked(Login *login, Reply *reply) {
        login_refused(login, "locked");
        login_fail_locked(login, reply, SAY_LOCKED, SAY_LOCKED_MINUTES, "locked");
        return 0;
}
