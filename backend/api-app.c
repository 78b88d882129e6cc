/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the phone app calls: look at a QR login, tell that it was scanned, confirm or refuse it. */

#include <stdio.h>
#include <string.h>

#include "backend/deed.h"
#include "backend/routes.h"

#define UNCONST(s) ((char *)(uintptr_t)(s))

/* How a login looks from outside: what ended it otherwise than by the person's word is
 * "refused". */
static const char *view_state(DeviceState state) {
        switch (state) {
        case DEVICE_PENDING:
        case DEVICE_SCANNED:
        case DEVICE_CONFIRMED:
        case DEVICE_REFUSED:
        case DEVICE_REDEEMED:
                return device_state_to_string(state);
        case DEVICE_WRONG_PERSON:
        case DEVICE_DIGITS_WRONG:
        case _DEVICE_STATE_MAX:
                break;
        }
        return device_state_to_string(DEVICE_REFUSED);
}

static char *unless_empty(char *text) {
        return text[0] ? text : NULL;
}

static void answer_view(Request *request, DeviceRow *device, DeviceState state) {
        int64_t left = device->expired ? 0 : device->expires_at - request->now;
        Secret *json = NULL;

        (void)wire_device_view_encode(
                &(const WireDeviceView){
                        .user_code = device->user_code,
                        .state = UNCONST(view_state(state)),
                        .host = unless_empty(device->host),
                        .service = unless_empty(device->service),
                        .terminal = unless_empty(device->terminal),
                        .remote_host = unless_empty(device->remote_host),
                        .account = unless_empty(device->hint_masked),
                        .requested_at = device->created_at,
                        .expires_in = left,
                        .binding = UNCONST(device->binding == BINDING_DIGITS ? "digits" : "none"),
                },
                &json);
        request_json(request, MHD_HTTP_OK, json);
}

static void answer_refusal(Request *request, int r) {
        static const struct {
                unsigned status;
                const char *word;
        } refusals[] = {
                [DEVICE_E_UNKNOWN] = { MHD_HTTP_NOT_FOUND, "not-found" },
                [DEVICE_E_EXPIRED] = { MHD_HTTP_GONE, "device-expired" },
                [DEVICE_E_DECIDED] = { MHD_HTTP_CONFLICT, "device-decided" },
                [DEVICE_E_WRONG_PERSON] = { MHD_HTTP_FORBIDDEN, "wrong-person" },
                [DEVICE_E_DISABLED] = { MHD_HTTP_FORBIDDEN, "account-disabled" },
        };

        if (r < 0 || (size_t)r >= ELEMENTSOF(refusals)) {
                request_fail(request, r);
                return;
        }
        request_refuse(request, refusals[r].status, refusals[r].word);
}

void api_app_show(Request *request) {
        DeviceRow device;
        int r;

        if (request->token.disabled) {
                request_refuse(request, MHD_HTTP_UNAUTHORIZED, "unauthorized");
                return;
        }
        r = deed_look(request, request->token.account_id, request->parameter, &device);
        if (r == 0)
                answer_view(request, &device, device.state);
        else
                answer_refusal(request, r);
}

static void deed_answer(Request *request, Deed deed, DeviceRow *device, char *digits) {
        Secret *json = NULL;

        switch (deed) {
        case DEED_SCAN:
                answer_view(request, device, DEVICE_SCANNED);
                break;
        case DEED_REFUSE:
                answer_view(request, device, DEVICE_REFUSED);
                break;
        case DEED_CONFIRM:
                (void)wire_confirmation_encode(
                        &(const WireConfirmation){ .state = UNCONST("confirmed"),
                                                   .digits = unless_empty(digits) },
                        &json);
                request_json(request, MHD_HTTP_OK, json);
                break;
        }
}

static void deed(Request *request, Deed asked) {
        char digits[LIMIT_DIGITS + 1];
        DeviceRow device;
        int r;

        r = deed_do(request, request->token.account_id, asked, request->parameter, &device, digits);
        if (r == 0)
                deed_answer(request, asked, &device, digits);
        else
                answer_refusal(request, r);
        explicit_bzero(digits, sizeof(digits));
}

void api_app_scan(Request *request) {
        deed(request, DEED_SCAN);
}

void api_app_confirm(Request *request) {
        deed(request, DEED_CONFIRM);
}

void api_app_refuse(Request *request) {
        deed(request, DEED_REFUSE);
}
