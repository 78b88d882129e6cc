/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The a{sv} that a client sends, and the a{sv} that it takes for an answer. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "lib/client/client-private.h"
#include "lib/common/limits.h"

#define SESSION "0123456789abcdef0123456789abcdef"

/* A bus object that never says anything: messages need one. */
static sd_bus *bus;

static int setup(_unused_ void **state) {
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
                return -1;
        return sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fds[0], fds[0]) < 0 || sd_bus_start(bus) < 0 ? -1 : 0;
}

static int teardown(_unused_ void **state) {
        bus_closep(&bus);
        return 0;
}

static sd_bus_message *new_message(void) {
        sd_bus_message *message = NULL;

        assert_true(sd_bus_message_new_signal(bus, &message, "/x", "x.y", "Z") >= 0);
        return message;
}

/* Entries as "key=value", divided by spaces; numbers and truth values in digits. */
static void read_entries(sd_bus_message *message, char *ret, size_t n) {
        ret[0] = '\0';
        assert_true(sd_bus_message_seal(message, 1, 0) >= 0);
        assert_true(sd_bus_message_enter_container(message, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
                const char *key, *type, *value;
                uint32_t number = 0;
                int truth = 0;

                assert_true(sd_bus_message_read(message, "s", &key) > 0);
                assert_true(sd_bus_message_peek_type(message, NULL, &type) > 0);
                (void)snprintf(ret + strlen(ret), n - strlen(ret), "%s%s=", ret[0] ? " " : "", key);
                if (*type == 's') {
                        assert_true(sd_bus_message_read(message, "v", "s", &value) > 0);
                        (void)snprintf(ret + strlen(ret), n - strlen(ret), "%s", value);
                } else {
                        assert_true(sd_bus_message_read(message, "v", type, *type == 'u' ? (void *)&number : &truth) > 0);
                        (void)snprintf(ret + strlen(ret), n - strlen(ret), "%u", *type == 'u' ? number : (unsigned)truth);
                }
                assert_true(sd_bus_message_exit_container(message) >= 0);
        }
}

typedef struct RequestCase {
        const char *sentence;
        int (*append)(sd_bus_message *message, const void *request);
        ClientRequest request;
        int result;
        const char *entries;
} RequestCase;

static const RequestCase request_cases[] = {
        { "a login that says nothing", request_append_login, {}, 0, "protocol=1 silent=0 refuse_empty=0" },
        { "a login that says all", request_append_login,
          { .service = "s", .user = "u", .tty = "t", .rhost = "h", .locale = "l", .method = "qr", .unit = "off",
            .prompts = "many", .purpose = "unit", .session = SESSION, .timeout_sec = 60, .max_age_sec = 900,
            .silent = true, .refuse_empty = true, .keys = true },
          0,
          "protocol=1 service=s user=u tty=t rhost=h session=" SESSION " locale=l method=qr unit=off prompts=many "
          "purpose=unit timeout=60 max_age=900 silent=1 refuse_empty=1 keys=1" },
        { "a login in no session", request_append_login, { .session = "" }, -EINVAL, NULL },
        { "a login for an escape sequence", request_append_login, { .user = "\x1b[2J" }, -EINVAL, NULL },
        { "a check tells of the application alone", request_append_check,
          { .service = "s", .user = "u", .locale = "l", .method = "qr", .timeout_sec = 60, .silent = true }, 0,
          "protocol=1 service=s user=u" },
        { "a check in a session", request_append_check, { .user = "u", .session = SESSION }, 0,
          "protocol=1 user=u session=" SESSION },
        { "a check of nobody", request_append_check, { .service = "s" }, -EINVAL, NULL },
        { "a session", request_append_session, { .user = "u", .session = SESSION, .tty = "t" }, 0,
          "protocol=1 user=u tty=t session=" SESSION },
        { "a session without a name", request_append_session, { .user = "u" }, -EINVAL, NULL },
        { "a session of nobody", request_append_session, { .session = SESSION }, -EINVAL, NULL },
};

static void test_requests(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(request_cases); i++) {
                const RequestCase *c = &request_cases[i];
                _cleanup_(message_unrefp) sd_bus_message *message = new_message();
                char entries[1024];
                int r;

                r = c->append(message, &c->request);
                if ((r < 0 ? r : 0) != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                if (r < 0)
                        continue;
                read_entries(message, entries, sizeof(entries));
                if (strcmp(entries, c->entries) != 0)
                        fail_msg("%s: %s", c->sentence, entries);
        }
}

static void test_question(_unused_ void **state) {
        static const ClientQuestion questions[] = { {}, { .account = "a", .unit = "9", .date = "2026-01-02", .service = "s" } };
        static const char *const entries[] = { "protocol=1", "protocol=1 account=a unit=9 date=2026-01-02 service=s" };

        for (size_t i = 0; i < ELEMENTSOF(questions); i++) {
                _cleanup_(message_unrefp) sd_bus_message *message = new_message();
                char found[256];

                assert_true(request_append_question(message, &questions[i]) >= 0);
                read_entries(message, found, sizeof(found));
                assert_string_equal(found, entries[i]);
        }
}

static void test_name(_unused_ void **state) {
        static const char *const wrong[] = { "", "x", "0123456789ABCDEF0123456789ABCDEF", SESSION "0", "../../../../../../../etc/passwd00" };
        _cleanup_(message_unrefp) sd_bus_message *message = new_message();

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                assert_int_equal(request_append_name(message, wrong[i]), -EINVAL);
        assert_true(request_append_name(message, SESSION) >= 0);
}

/* What is read back. */
typedef struct Thing {
        char *line, *other;
        uint64_t time_sec;
        bool truth;
} Thing;

static const DictKey thing_keys[] = {
        { "line", offsetof(Thing, line), DICT_LINE, 5 },
        { "other", offsetof(Thing, other), DICT_LINE, 5 },
        { "time", offsetof(Thing, time_sec), DICT_TIME, 0 },
        { "truth", offsetof(Thing, truth), DICT_TRUTH, 0 },
};

typedef struct DictCase {
        const char *sentence;
        struct {
                const char *key, *type, *value;
        } entries[4];
        int result;
} DictCase;

static const DictCase dict_cases[] = {
        { "nothing", {}, 0 },
        { "all", { { "line", "s", "12345" }, { "time", "t", "7" }, { "truth", "b", "1" }, { "other", "s", "x" } }, 0 },
        { "more than is known", { { "future", "s", "x" }, { "line", "s", "x" }, { "more", "t", "1" } }, 0 },
        { "unknown twice", { { "future", "s", "x" }, { "future", "s", "x" } }, 0 },
        { "known twice", { { "line", "s", "x" }, { "line", "s", "x" } }, CLIENT_E_PROTOCOL },
        { "a time that is text", { { "time", "s", "7" } }, CLIENT_E_PROTOCOL },
        { "a line that is a time", { { "line", "t", "7" } }, CLIENT_E_PROTOCOL },
        { "a truth that is a time", { { "truth", "t", "1" } }, CLIENT_E_PROTOCOL },
        { "a line that is too long", { { "line", "s", "123456" } }, CLIENT_E_PROTOCOL },
        { "a line of nothing", { { "line", "s", "" } }, CLIENT_E_PROTOCOL },
        { "two lines", { { "line", "s", "a\nb" } }, CLIENT_E_PROTOCOL },
        { "an escape sequence", { { "line", "s", "\x1b[2J" } }, CLIENT_E_PROTOCOL },
};

static void test_dict(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(dict_cases); i++) {
                const DictCase *c = &dict_cases[i];
                _cleanup_(message_unrefp) sd_bus_message *message = new_message();
                Thing thing = {};
                int r;

                assert_true(sd_bus_message_open_container(message, 'a', "{sv}") >= 0);
                for (size_t j = 0; j < ELEMENTSOF(c->entries) && c->entries[j].key; j++) {
                        const char *value = c->entries[j].value, *type = c->entries[j].type;

                        if (*type == 's')
                                r = sd_bus_message_append(message, "{sv}", c->entries[j].key, "s", value);
                        else if (*type == 't')
                                r = sd_bus_message_append(message, "{sv}", c->entries[j].key, "t", (uint64_t)atoi(value));
                        else
                                r = sd_bus_message_append(message, "{sv}", c->entries[j].key, "b", atoi(value));
                        assert_true(r >= 0);
                }
                assert_true(sd_bus_message_close_container(message) >= 0);
                assert_true(sd_bus_message_seal(message, 1, 0) >= 0);

                r = dict_read(message, thing_keys, ELEMENTSOF(thing_keys), &thing);
                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                if (i == 1) {
                        assert_string_equal(thing.line, "12345");
                        assert_string_equal(thing.other, "x");
                        assert_int_equal(thing.time_sec, 7);
                        assert_true(thing.truth);
                }
                free(thing.line);
                free(thing.other);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_requests),
                cmocka_unit_test(test_question),
                cmocka_unit_test(test_name),
                cmocka_unit_test(test_dict),
        };

        return cmocka_run_group_tests_name("client-words", tests, setup, teardown);
}
