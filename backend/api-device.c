/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Device authorization endpoint: RFC 8628 section 3.1, with what the phone shows and whom it may
 * be. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/routes.h"
#include "lib/common/text.h"

/* The fields that a person will read: filtered here, once. */
enum { FIELD_HOST, FIELD_SERVICE, FIELD_TERMINAL, FIELD_REMOTE_HOST, _FIELD_MAX };

static const char *const names[_FIELD_MAX] = {
        [FIELD_HOST] = "host",
        [FIELD_SERVICE] = "service",
        [FIELD_TERMINAL] = "terminal",
        [FIELD_REMOTE_HOST] = "remote_host",
};

typedef struct Fields {
        char *text[_FIELD_MAX];
} Fields;

static void fields_done(Fields *fields) {
        for (size_t i = 0; i < _FIELD_MAX; i++)
                free(fields->text[i]);
}

static int fields_read(const Request *request, Fields *ret) {
        for (size_t i = 0; i < _FIELD_MAX; i++) {
                const char *value;
                int r;

                r = request_field_max(request, names[i], LIMIT_HOST_BYTES, &value);
                if (r == 0 && value)
                        r = text_filter(value, LIMIT_HOST_BYTES, &ret->text[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int device_begin(Request *request) {
        const char *hint, *scope, *binding = request_field(request, "binding");
        const ServerOptions *options = request->server->options;
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(secret_freep) Secret *device_code = NULL;
        _cleanup_(fields_done) Fields fields = {};
        char user_code[USER_CODE_CHARS + 1], uri[LIMIT_URI_BYTES + 1],
                complete[LIMIT_URI_BYTES + 1];
        Secret *json = NULL;
        int r;

        r = fields_read(request, &fields);
        if (r < 0)
                return r;
        if (request_field_max(request, "login_hint", LIMIT_ACCOUNT_BYTES, &hint) < 0 ||
            request_field_max(request, "scope", 128, &scope) < 0 ||
            (binding && strcmp(binding, "none") != 0 && strcmp(binding, "digits") != 0))
                return -EINVAL;

        r = transaction_begin(request->server->store, &transaction);
        if (r == 0)
                r = device_new(request->server->store,
                               &(const DeviceNew){
                                       .client_id = request->client_id,
                                       .login_hint = hint,
                                       .host = fields.text[FIELD_HOST],
                                       .service = fields.text[FIELD_SERVICE],
                                       .terminal = fields.text[FIELD_TERMINAL],
                                       .remote_host = fields.text[FIELD_REMOTE_HOST],
                                       .binding = binding && strcmp(binding, "digits") == 0
                                                          ? BINDING_DIGITS
                                                          : BINDING_NONE,
                                       .lifetime_sec = options->qr_lifetime_sec,
                               },
                               request->now, &device_code, user_code);
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r < 0)
                return r;

        (void)snprintf(uri, sizeof(uri), "%s/Q", options->issuer);
        (void)snprintf(complete, sizeof(complete), "%s/Q/%s", request->server->issuer_capitals,
                       user_code);
        (void)wire_device_answer_encode(
                &(const WireDeviceAnswer){ .device_code = device_code,
                                           .user_code = user_code,
                                           .verification_uri = uri,
                                           .verification_uri_complete = complete,
                                           .expires_in = options->qr_lifetime_sec,
                                           .interval = DEVICE_INTERVAL_SEC },
                &json);
        request_json(request, MHD_HTTP_OK, json);
        return 0;
}

void api_device(Request *request) {
        int r;

        /* the phone confirms logins, it does not begin them */
        if (strcmp(request->client_id, CLIENT_APP) == 0) {
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "unauthorized_client");
                return;
        }
        r = device_begin(request);
        if (r == -EINVAL)
                request_refuse(request, MHD_HTTP_BAD_REQUEST, "invalid_request");
        else if (r < 0)
                request_fail(request, r);
}
