/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login by QR code (spec.md section 3.2)
 *
 * Where messages are shown at once, the code is a STEP_SCAN, and a poll is under way as long as it
 * stands: the login goes on by itself. Where they are not, the code is folded into a prompt, and
 * the state is asked for when the person answers it. */

#include <string.h>

#include "daemon/core/login-private.h"

void device_done(Device *device) {
        free(device->uri);
        free(device->short_uri);
        free(device->user_code);
        *device = (Device){};
}

void login_qr_start(Login *login) {
        if (++login->n_codes > LOGIN_CODES_MAX) {
                login_fail(login, REASON_TIMEOUT, "too-many-codes", SAY_SCAN_OVER);
                return;
        }

        login->route = ROUTE_QR;
        login->request = (Request){
                .kind = REQUEST_DEVICE,
                .account = login->account[0] ? login->account : NULL,
                .binding = login->binding,
        };
        login_send(login, LOGIN_WAIT_PLATFORM);
}

static void poll_wait(Login *login) {
        login->request = (Request){ .kind = REQUEST_POLL, .seen = login->device.state };
        login_send(login, LOGIN_WAIT_SCAN);
}

static void poll_at_once(Login *login) {
        login->request = (Request){
                .kind = REQUEST_POLL,
                .seen = login->device.state,
                .at_once = true,
        };
        login_send(login, LOGIN_WAIT_PLATFORM);
}

static void poll_with_digits(Login *login) {
        login->request = (Request){
                .kind = REQUEST_POLL,
                .seen = login->device.state,
                .digits = login->digits,
        };
        login_send(login, LOGIN_WAIT_PLATFORM);
}

/* Enough polls for a day of waiting; a platform that answers each at once must not keep us busy. */
static bool polls_are_over(Login *login) {
        if (++login->n_polls <= LOGIN_POLLS_MAX)
                return false;

        login_fail(login, REASON_UNAVAILABLE, "platform-broken", SAY_UNAVAILABLE);
        return true;
}

void login_code_tell(Login *login) {
        const Device *device = &login->device;
        bool typable = device->short_uri && device->user_code;

        if (!login->no_pictures) {
                login->plan.qr_uri = device->uri;
                login_tell(login, SAY_SCAN_INVITE);
        }
        if (typable)
                login_tell_text(login,
                                login->no_pictures ? SAY_SCAN_ADDRESS_ONLY : SAY_SCAN_ADDRESS,
                                device->short_uri, device->user_code);
        else if (login->no_pictures)
                login_tell_text(login, SAY_SCAN_OPEN, device->uri, NULL);
        if (login->binding)
                login_tell(login, SAY_SCAN_DIGITS);
}

static void tell_state(Login *login) {
        switch (login->device.state) {
        case DEVICE_PENDING:
        case _DEVICE_STATE_MAX:
                login_tell(login, SAY_SCAN_WAITING);
                break;
        case DEVICE_SCANNED:
                login_tell(login, SAY_SCAN_SCANNED);
                break;
        case DEVICE_DIGITS:
                login_tell(login, SAY_SCAN_CONFIRMED);
                break;
        }
        login->device.state_told = true;
}

/* A client that shows things at once is asked for digits only: Enter alone would tell nothing. */
static void ask_confirmed(Login *login) {
        bool digits = login->binding || login->device.state == DEVICE_DIGITS ||
                      login->mode == MODE_MANY;

        login_ask(login, digits ? ASK_DIGITS : ASK_CONFIRMED);
}

/* Show what is new, if anything, and wait on. A poll is under way already unless @poll says so. */
static void scan_on(Login *login) {
        if (login->device.state_told)
                login->plan.unchanged = true;
        else
                tell_state(login);
        login_show(login);
        if (login->request.kind == REQUEST_NONE)
                poll_wait(login);
        else
                login_state_enter(login, LOGIN_WAIT_SCAN);
}

int login_device_arrived(Login *login, Reply *reply) {
        Device *device = &login->device;

        if (!reply->uri || !reply->uri[0]) {
                login_fail(login, REASON_UNAVAILABLE, "platform-broken", SAY_UNAVAILABLE);
                return 0;
        }

        device_done(device);
        device->uri = TAKE_PTR(reply->uri);
        device->short_uri = TAKE_PTR(reply->short_uri);
        device->user_code = TAKE_PTR(reply->user_code);
        device->state = DEVICE_PENDING;
        device->state_told = true;

        login_code_tell(login);
        if (login->mode == MODE_MANY) {
                if (login->keys && login_offers_other(login, ASK_SCAN))
                        login_tell(login, SAY_SCAN_KEY);
                login_show(login);
                poll_wait(login);
        } else
                ask_confirmed(login);
        return 0;
}

void login_scan_hold_over(Login *login) {
        scan_on(login);
}

/* Away from the code. What the phone does with it from now on is nobody's business here. */
static void leave(Login *login) {
        login_cancel(login);
        reply_done(&login->parked);
        login->parked.kind = _REPLY_KIND_MAX;
        device_done(&login->device);
        login_first(login);
}

int login_scan_answered(Login *login, const Secret *answer) {
        Reply parked;

        if (answer && login_offers_other(login, ASK_SCAN)) {
                leave(login);
                return 0;
        }

        if (login->parked.kind != _REPLY_KIND_MAX) {
                int r;

                parked = login->parked;
                login->parked = (Reply){ .kind = _REPLY_KIND_MAX };
                r = login_replied(login, &parked);
                reply_done(&parked);
                return r;
        }

        /* Held, unless there is something to tell. */
        if (login->device.state_told)
                login_state_enter(login, LOGIN_WAIT_SCAN);
        else
                scan_on(login);
        return 0;
}

int login_poll_state(Login *login, Reply *reply) {
        Device *device = &login->device;
        bool waiting = login->state == LOGIN_WAIT_SCAN;

        if ((unsigned)reply->state >= _DEVICE_STATE_MAX) {
                login_fail(login, REASON_UNAVAILABLE, "platform-broken", SAY_UNAVAILABLE);
                return 0;
        }
        if (polls_are_over(login))
                return 0;

        device->state_told = device->state_told && device->state == reply->state;
        device->state = reply->state;

        if (waiting && !login->next_pending) {
                poll_wait(login);
                return 0;
        }
        if (waiting && device->state != DEVICE_DIGITS) {
                scan_on(login);
                return 0;
        }

        /* Asked for by an answer, so it is told even if it is old; with the code while that is of
         * use. */
        tell_state(login);
        if (device->state == DEVICE_PENDING)
                login_code_tell(login);
        ask_confirmed(login);
        return 0;
}

int login_poll_refused(Login *login, Reply *reply) {
        (void)reply;

        /* After the digits were wrong too often, the platform refuses as well. */
        if (login->answered.digits) {
                login_fail(login, REASON_DENIED, "digits-wrong", SAY_DIGITS_OVER);
                return 0;
        }
        login_refused(login, "refused");
        if (++login->n_refused > 1) {
                login_fail(login, REASON_DENIED, "refused", SAY_SCAN_REFUSED);
                return 0;
        }

        login_tell(login, SAY_SCAN_REFUSED);
        device_done(&login->device);
        login_first(login);
        return 0;
}

int login_poll_expired(Login *login, Reply *reply) {
        (void)reply;

        if (login->n_codes >= LOGIN_CODES_MAX) {
                login_fail(login, REASON_TIMEOUT, "qr-expired", SAY_SCAN_OVER);
                return 0;
        }

        login_tell(login, SAY_SCAN_RENEWED);
        device_done(&login->device);
        login_qr_start(login);
        return 0;
}

int login_digits_wrong(Login *login, Reply *reply) {
        login_refused(login, "wrong-digits");
        if (++login->device.n_wrong >= LOGIN_DIGITS_MAX || reply->attempts_left == 0) {
                login_fail(login, REASON_DENIED, "digits-wrong", SAY_DIGITS_OVER);
                return 0;
        }

        if (reply->attempts_left > 0)
                login_tell_number(login, SAY_DIGITS_WRONG_TRIES, reply->attempts_left);
        else
                login_tell(login, SAY_DIGITS_WRONG);
        login_ask(login, ASK_DIGITS);
        return 0;
}

/* What was typed beside a code. */
typedef enum Typed {
        TYPED_DIGITS, /* six, as they are wanted */
        TYPED_NUMBER, /* digits, and not six */
        TYPED_OTHER,
} Typed;

/* Digits in groups are digits: "123 456". The buffer is wiped: who does not read may have typed a
 * password. */
static int digits_read(const Secret *answer, Typed *ret_typed, Secret **ret_digits) {
        char plain[LIMIT_DIGITS * 3 + 1] = "";
        size_t n = 0;
        int r = 0;

        *ret_typed = TYPED_OTHER;
        if (answer_plain(answer, plain, sizeof(plain))) {
                for (const char *p = plain; *p; p++)
                        if (*p != ' ' && *p != '-')
                                plain[n++] = *p;
                plain[n] = '\0';

                if (strspn(plain, "0123456789") == n)
                        *ret_typed = n == LIMIT_DIGITS ? TYPED_DIGITS : TYPED_NUMBER;
                if (*ret_typed == TYPED_DIGITS)
                        r = secret_new_from(plain, n, ret_digits);
        }

        explicit_bzero(plain, sizeof(plain));
        return r;
}

int login_confirmed_answered(Login *login, const Secret *answer) {
        _cleanup_(secret_freep) Secret *digits = NULL;
        Typed typed = TYPED_NUMBER;
        int r;

        if (answer) {
                r = digits_read(answer, &typed, &digits);
                if (r < 0)
                        return r;
        }

        if (typed == TYPED_OTHER && login_offers_other(login, login->ask)) {
                leave(login);
                return 0;
        }

        /* Enter asks how it stands; in MODE_MANY that is known, and the digits are what is missing.
         */
        if (login->ask == ASK_CONFIRMED || (!answer && login->mode != MODE_MANY)) {
                poll_at_once(login);
                return 0;
        }
        if (typed != TYPED_DIGITS) {
                login_tell(login, SAY_DIGITS_SHAPE);
                login_ask(login, ASK_DIGITS);
                return 0;
        }

        (void)secret_free(login->digits);
        login->digits = TAKE_PTR(digits);
        poll_with_digits(login);
        return 0;
}
