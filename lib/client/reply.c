/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reply: (u serial, s kind, a{sv} body) becomes a Step, or nothing does. */

#include <errno.h>
#include <string.h>

#include "lib/client/client-private.h"
#include "lib/common/limits.h"

#define REPLY_SIGNATURE "usa{sv}"

/* The keys of the body. Strings of the step are named by their place in it. */
static const struct {
        const char *key;
        size_t offset;
} string_table[] = {
        { "text", offsetof(Step, text) },
        { "picture", offsetof(Step, picture) },
        { "prompt", offsetof(Step, prompt) },
        { "user", offsetof(Step, user) },
        { "account", offsetof(Step, account) },
        { "name", offsetof(Step, name) },
        { "unit", offsetof(Step, unit) },
        { "unit_name", offsetof(Step, unit_name) },
        { "method", offsetof(Step, method) },
        { "session", offsetof(Step, session) },
};

typedef struct Reader {
        Step step;
        bool has_layout, has_reason, has_token, has_key;
} Reader;

static void reader_done(Reader *reader) {
        step_done(&reader->step);
}

/* Return: 0, CLIENT_E_PROTOCOL when the variant holds another type, or -ENOMEM. */
static int read_string(sd_bus_message *message, const char **ret) {
        int r;

        r = sd_bus_message_read(message, "v", "s", ret);
        if (r == -ENOMEM)
                return r;
        return r < 0 ? CLIENT_E_PROTOCOL : 0;
}

static int read_member(sd_bus_message *message, char **member) {
        const char *value;
        int r;

        if (*member)
                return CLIENT_E_PROTOCOL;
        r = read_string(message, &value);
        if (r != 0)
                return r;
        *member = strdup(value);
        return *member ? 0 : -ENOMEM;
}

static int read_choices(sd_bus_message *message, Step *step) {
        const char *choice;
        size_t n = 0;
        int r;

        if (step->choices)
                return CLIENT_E_PROTOCOL;
        step->choices = calloc(LIMIT_STEP_CHOICES + 1, sizeof(char *));
        if (!step->choices)
                return -ENOMEM;

        r = sd_bus_message_enter_container(message, 'v', "as");
        if (r > 0)
                r = sd_bus_message_enter_container(message, 'a', "s");
        while (r > 0) {
                r = sd_bus_message_read(message, "s", &choice);
                if (r <= 0)
                        break;
                if (n == LIMIT_STEP_CHOICES)
                        return CLIENT_E_PROTOCOL;
                step->choices[n] = strdup(choice);
                if (!step->choices[n++])
                        return -ENOMEM;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r == -ENOMEM)
                return r;
        return r < 0 ? CLIENT_E_PROTOCOL : 0;
}

static int read_layout(sd_bus_message *message, Reader *reader) {
        const char *word;
        int r;

        if (reader->has_layout)
                return CLIENT_E_PROTOCOL;
        r = read_string(message, &word);
        if (r != 0)
                return r;
        reader->step.layout = step_layout_from_string(word);
        reader->has_layout = true;
        return 0;
}

static int read_reason(sd_bus_message *message, Reader *reader) {
        const char *word;
        int r;

        if (reader->has_reason)
                return CLIENT_E_PROTOCOL;
        r = read_string(message, &word);
        if (r != 0)
                return r;
        reader->step.reason = step_reason_from_string(word);
        reader->has_reason = true;
        return 0;
}

static int read_token(sd_bus_message *message, Reader *reader) {
        const char *word;
        int r;

        if (reader->has_token)
                return CLIENT_E_PROTOCOL;
        r = read_string(message, &word);
        if (r != 0)
                return r;
        reader->step.token = step_token_from_string(word);
        reader->has_token = true;
        return 0;
}

static int read_key(sd_bus_message *message, Reader *reader) {
        int value, r;

        if (reader->has_key)
                return CLIENT_E_PROTOCOL;
        r = sd_bus_message_read(message, "v", "b", &value);
        if (r < 0)
                return r == -ENOMEM ? r : CLIENT_E_PROTOCOL;
        reader->step.key = value;
        reader->has_key = true;
        return 0;
}

static int read_entry(sd_bus_message *message, Reader *reader) {
        const char *key;
        int r;

        r = sd_bus_message_read(message, "s", &key);
        if (r <= 0)
                return r == -ENOMEM ? r : CLIENT_E_PROTOCOL;

        if (strcmp(key, "layout") == 0)
                return read_layout(message, reader);
        if (strcmp(key, "reason") == 0)
                return read_reason(message, reader);
        if (strcmp(key, "authtok") == 0)
                return read_token(message, reader);
        if (strcmp(key, "key") == 0)
                return read_key(message, reader);
        if (strcmp(key, "choices") == 0)
                return read_choices(message, &reader->step);
        for (size_t i = 0; i < ELEMENTSOF(string_table); i++)
                if (strcmp(key, string_table[i].key) == 0)
                        return read_member(message,
                                           (char **)((char *)&reader->step + string_table[i].offset));

        r = sd_bus_message_skip(message, "v");
        if (r < 0)
                return r == -ENOMEM ? r : CLIENT_E_PROTOCOL;
        return 0;
}

static int read_body(sd_bus_message *message, Reader *reader) {
        int r, q;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        while (r > 0) {
                r = sd_bus_message_enter_container(message, 'e', "sv");
                if (r <= 0)
                        break;
                q = read_entry(message, reader);
                if (q != 0)
                        return q;
                r = sd_bus_message_exit_container(message);
        }
        if (r == -ENOMEM)
                return r;
        return r < 0 ? CLIENT_E_PROTOCOL : 0;
}

int reply_read_step(sd_bus_message *message, Step *ret) {
        _cleanup_(reader_done) Reader reader = {};
        const char *kind;
        int r;

        r = sd_bus_message_has_signature(message, REPLY_SIGNATURE);
        if (r <= 0)
                return CLIENT_E_PROTOCOL;
        r = sd_bus_message_read(message, "us", &reader.step.serial, &kind);
        if (r < 0)
                return r == -ENOMEM ? r : CLIENT_E_PROTOCOL;
        reader.step.kind = step_kind_from_string(kind);

        r = read_body(message, &reader);
        if (r != 0)
                return r;
        if (step_validate(&reader.step) != 0)
                return CLIENT_E_PROTOCOL;

        *ret = reader.step;
        reader.step = (Step){};
        return 0;
}
