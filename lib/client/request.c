/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Request: what the daemon is told, as a{sv}. Keys that say nothing are left out, so that a daemon that
 * does not know them yet need not be asked less of. */

#include <errno.h>
#include <string.h>

#include "lib/client/client-private.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"

/* What describes the application is cut and filtered, but never dropped: that there is a remote host
 * at all decides how a login is bound to its terminal. */
static int append_described(sd_bus_message *message, const char *key, const char *value, size_t n_max) {
        _cleanup_(freep) char *filtered = NULL;
        int r;

        if (!value || value[0] == '\0')
                return 0;
        r = text_filter(value, n_max, &filtered);
        if (r < 0)
                return r;
        return sd_bus_message_append(message, "{sv}", key, "s", filtered);
}

/* What must be taken literally is sent unchanged or not at all. */
static int append_literal(sd_bus_message *message, const char *key, const char *value, size_t n_max) {
        if (!value)
                return 0;
        if (value[0] == '\0' || strnlen(value, n_max + 1) > n_max || !text_is_showable(value))
                return -EINVAL;
        return sd_bus_message_append(message, "{sv}", key, "s", value);
}

static int append_number(sd_bus_message *message, const char *key, unsigned value) {
        return value ? sd_bus_message_append(message, "{sv}", key, "u", (uint32_t)value) : 0;
}

static int append_truth(sd_bus_message *message, const char *key, bool value) {
        return sd_bus_message_append(message, "{sv}", key, "b", (int)value);
}

static int begin(sd_bus_message *message) {
        int r;

        r = sd_bus_message_open_container(message, 'a', "{sv}");
        return r < 0 ? r : sd_bus_message_append(message, "{sv}", "protocol", "u", (uint32_t)CLIENT_PROTOCOL);
}

/* What every call about a user tells. */
static int append_application(sd_bus_message *message, const ClientRequest *request) {
        int r;

        r = append_described(message, "service", request->service, LIMIT_SERVICE_BYTES);
        if (r >= 0)
                r = append_literal(message, "user", request->user, LIMIT_USER_BYTES);
        if (r >= 0)
                r = append_described(message, "tty", request->tty, LIMIT_TTY_BYTES);
        if (r >= 0)
                r = append_described(message, "rhost", request->rhost, LIMIT_HOST_BYTES);
        if (r >= 0)
                r = append_literal(message, "session", request->session, LIMIT_SESSION_BYTES);
        return r;
}

static int append_wishes(sd_bus_message *message, const ClientRequest *request) {
        int r;

        r = append_described(message, "locale", request->locale, LIMIT_LOCALE_BYTES);
        if (r >= 0)
                r = append_literal(message, "method", request->method, LIMIT_OPTION_BYTES);
        if (r >= 0)
                r = append_literal(message, "unit", request->unit, LIMIT_UNIT_CODE_BYTES);
        if (r >= 0)
                r = append_literal(message, "prompts", request->prompts, LIMIT_OPTION_BYTES);
        if (r >= 0)
                r = append_literal(message, "purpose", request->purpose, LIMIT_OPTION_BYTES);
        if (r >= 0)
                r = append_number(message, "timeout", request->timeout_sec);
        if (r >= 0)
                r = append_number(message, "max_age", request->max_age_sec);
        if (r >= 0)
                r = append_truth(message, "silent", request->silent);
        if (r >= 0)
                r = append_truth(message, "refuse_empty", request->refuse_empty);
        if (r >= 0 && request->keys)
                r = append_truth(message, "keys", request->keys);
        return r;
}

int request_append_login(sd_bus_message *message, const void *request) {
        int r;

        r = begin(message);
        if (r >= 0)
                r = append_application(message, request);
        if (r >= 0)
                r = append_wishes(message, request);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

int request_append_check(sd_bus_message *message, const void *userdata) {
        const ClientRequest *request = userdata;
        int r;

        if (!request->user)
                return -EINVAL;
        r = begin(message);
        if (r >= 0)
                r = append_application(message, request);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

int request_append_session(sd_bus_message *message, const void *userdata) {
        const ClientRequest *request = userdata;

        return request->session ? request_append_check(message, userdata) : -EINVAL;
}

int request_append_name(sd_bus_message *message, const void *session) {
        return step_session_is_valid(session) ? sd_bus_message_append(message, "s", session) : -EINVAL;
}

int request_append_question(sd_bus_message *message, const void *userdata) {
        const ClientQuestion *question = userdata;
        int r;

        r = begin(message);
        if (r >= 0)
                r = append_literal(message, "account", question->account, LIMIT_ACCOUNT_BYTES);
        if (r >= 0)
                r = append_literal(message, "unit", question->unit, LIMIT_UNIT_CODE_BYTES);
        if (r >= 0)
                r = append_literal(message, "date", question->date, LIMIT_OPTION_BYTES);
        if (r >= 0)
                r = append_literal(message, "service", question->service, LIMIT_SERVICE_BYTES);
        return r < 0 ? r : sd_bus_message_close_container(message);
}
