/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unit verification by CA certificate (spec.md section 3.3)
 *
 * PIN -> the platform's challenge -> the signature of the unit's key -> the platform's verdict. The
 * PIN is held until the signature is there or cannot be, and never sent to the platform. What goes
 * wrong with the key leads back to the choice of the way, or of the unit. */

#include <string.h>

#include "daemon/core/login-private.h"

#define SIGNED_TEXT_BEGIN "itax-unit-verification-v1\n"
#define SIGNED_TEXT_BYTES (LIMIT_URI_BYTES + LIMIT_TOKEN_BYTES)

static const ReplyUnit *unit_chosen(const Login *login) {
        return &login->person.units[login->unit];
}

bool login_certificate_is_possible(const Login *login) {
        return login->unit != UNIT_NOBODY && login->mode != MODE_ONE &&
               phase_admits(login->phase, PROOF_CERTIFICATE) &&
               unit_chosen(login)->has_certificate && login->n_wrong_pins < LOGIN_PINS_MAX &&
               login->has_certificate &&
               login->has_certificate(unit_chosen(login)->code, login->userdata);
}

void login_certificate_forget(Login *login) {
        login->pin = secret_free(login->pin);
        free(TAKE_PTR(login->challenge));
        free(TAKE_PTR(login->to_sign));
        signed_done(&login->signature);
}

void login_certificate_begin(Login *login) {
        login_tell_text(login, SAY_UNIT_CHOSEN, unit_chosen(login)->name, unit_chosen(login)->code);
        login_ask(login, ASK_PIN);
}

int login_pin_answered(Login *login, const Secret *answer) {
        Secret *pin = NULL;
        int r;

        if (!answer) {
                login_unit_go_back(login, SAY_PIN_EMPTY);
                return 0;
        }
        if (!answer_is_password(answer)) {
                login_tell(login, SAY_PIN_IMPOSSIBLE);
                login_ask(login, ASK_PIN);
                return 0;
        }

        r = secret_dup(answer, &pin);
        if (r < 0)
                return r;

        login_certificate_forget(login);
        login->pin = pin;
        login->request = (Request){ .kind = REQUEST_UNIT_CHALLENGE,
                                    .unit = unit_chosen(login)->code };
        login_send(login, LOGIN_WAIT_PLATFORM);
        return 0;
}

/* The unit's key signs nothing but what says that it is for this, for this unit, and for the
 * challenge that was sent. */
static bool text_is_sound(const Login *login, const char *text, const char *challenge) {
        const char *code = unit_chosen(login)->code;
        size_t n, n_challenge, n_code = strlen(code);

        if (!text || !challenge || !challenge[0] || strchr(challenge, '\n'))
                return false;

        n = strnlen(text, SIGNED_TEXT_BYTES);
        n_challenge = strlen(challenge);
        if (n == SIGNED_TEXT_BYTES ||
            strncmp(text, SIGNED_TEXT_BEGIN, strlen(SIGNED_TEXT_BEGIN)) != 0 ||
            n < strlen(SIGNED_TEXT_BEGIN) + 1 + n_code + 1 + n_challenge)
                return false;

        text += n - n_challenge - 1 - n_code - 1;
        return text[0] == '\n' && strncmp(text + 1, code, n_code) == 0 &&
               text[1 + n_code] == '\n' && strcmp(text + 1 + n_code + 1, challenge) == 0;
}

int login_challenge_arrived(Login *login, Reply *reply) {
        LoginAction *sign;

        if (!text_is_sound(login, reply->to_sign, reply->challenge)) {
                login_platform_broken(login);
                return 0;
        }

        login->challenge = TAKE_PTR(reply->challenge);
        login->to_sign = TAKE_PTR(reply->to_sign);
        login->signing = true;
        sign = login_act(login, ACTION_SIGN);
        sign->unit = unit_chosen(login)->code;
        sign->text = login->to_sign;
        sign->pin = login->pin;
        login_state_enter(login, LOGIN_WAIT_SIGN);
        return 0;
}

static void certificate_leave(Login *login, SayId say, StepReason reason, const char *detail) {
        login_certificate_forget(login);
        login_tell(login, say);
        login_unit_other_way(login, reason, detail);
}

/* A token counts wrong PINs itself; a file does not, so they are counted here. */
static void pin_wrong(Login *login, int tries_left) {
        login_refused(login, "wrong-pin");
        if (tries_left < 0) {
                login->n_wrong_pins++;
                tries_left = LOGIN_PINS_MAX - (int)login->n_wrong_pins;
                if (tries_left == 0) {
                        certificate_leave(login, SAY_PIN_OVER, REASON_LOCKED, "wrong-pin");
                        return;
                }
        } else if (tries_left == 0) {
                certificate_leave(login, SAY_PIN_LOCKED, REASON_LOCKED, "pin-locked");
                return;
        }

        login_certificate_forget(login);
        login_tell_number(login, SAY_PIN_WRONG_TRIES, tries_left);
        login_ask(login, ASK_PIN);
}

static bool signature_is_whole(const Signed *result) {
        return result->algorithm && result->algorithm[0] && result->certificates &&
               result->certificates[0] && result->signature && result->signature[0];
}

void login_signed(Login *login, Signed *result) {
        login->pin = secret_free(login->pin);

        switch (result->status) {
        case SIGN_WRONG_PIN:
                pin_wrong(login, result->tries_left);
                return;
        case SIGN_PIN_LOCKED:
                certificate_leave(login, SAY_PIN_LOCKED, REASON_LOCKED, "pin-locked");
                return;
        case SIGN_NO_KEY:
                certificate_leave(login, SAY_CERTIFICATE_NO_KEY, REASON_UNIT, "no-key");
                return;
        case SIGN_OK:
                if (signature_is_whole(result))
                        break;
                __attribute__((fallthrough));
        case SIGN_FAILED:
        case _SIGN_STATUS_MAX:
                certificate_leave(login, SAY_CERTIFICATE_FAILED, REASON_UNIT, "signature-failed");
                return;
        }

        signed_done(&login->signature);
        login->signature = *result;
        *result = (Signed){ .status = SIGN_FAILED, .tries_left = -1 };
        login->request = (Request){
                .kind = REQUEST_UNIT_CERTIFICATE,
                .unit = unit_chosen(login)->code,
                .challenge = login->challenge,
                .result = &login->signature,
        };
        login_send(login, LOGIN_WAIT_PLATFORM);
}

int login_certificate_refused(Login *login, Reply *reply) {
        static const struct {
                SayId say;
                const char *detail;
        } faults[_CERTIFICATE_FAULT_MAX] = {
                [CERTIFICATE_UNTRUSTED] = { SAY_CERTIFICATE_UNTRUSTED, "certificate-untrusted" },
                [CERTIFICATE_EXPIRED] = { SAY_CERTIFICATE_EXPIRED, "certificate-expired" },
                [CERTIFICATE_REVOKED] = { SAY_CERTIFICATE_REVOKED, "certificate-revoked" },
                [CERTIFICATE_USAGE] = { SAY_CERTIFICATE_USAGE, "certificate-usage" },
                [CERTIFICATE_OTHER_UNIT] = { SAY_CERTIFICATE_OTHER_UNIT, "certificate-other-unit" },
                [CERTIFICATE_SIGNATURE] = { SAY_CERTIFICATE_SIGNATURE, "certificate-signature" },
        };
        CertificateFault fault = reply->certificate_fault;

        if ((unsigned)fault >= _CERTIFICATE_FAULT_MAX)
                fault = CERTIFICATE_UNTRUSTED;
        login_refused(login, faults[fault].detail);
        certificate_leave(login, faults[fault].say, REASON_UNIT, faults[fault].detail);
        return 0;
}
