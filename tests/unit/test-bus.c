/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bus server: its methods on a bus of the test's own. It is strict, it believes only the bus daemon
 * about who asks, and a caller who is gone gets nothing. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>

#include <cmocka.h>

#include "daemon/bus/bus-private.h"
#include "lib/common/limits.h"
#include "tests/unit/bus-fixture.h"

#define NOBODY 65534
#define WAIT_USEC (10 * USEC_PER_SEC)

/* What OpenLogin's caller said, as the handler got it. */
typedef struct Heard {
        size_t n_open, n_name, n_gone;
        int name_error;
        uid_t uid;
        pid_t pid;
        bool uid_zero_seen;
        bool has_user, silent, refuse_empty, keys;
        unsigned timeout_sec, max_age_sec;
        BusMember member;
        char purpose[64], session[64], account[128], date[64];
        char service[128], user[512], tty[128], rhost[512], locale[128], method[64], unit[64],
                prompts[64];
        BusPeer *peers[512];
        size_t n_peers;
        bool refuse;
} Heard;

typedef struct Place {
        BusFixture bus;
        sd_event *event;
        BusServer *server;
        sd_bus *client;
        Heard heard;
} Place;

static void on_next(BusPeer *peer _unused_, bool first _unused_, const Secret *answer _unused_,
                    void *userdata _unused_) {
}

static void on_gone(BusPeer *peer, void *userdata) {
        Heard *heard = userdata;

        heard->n_gone++;
        for (size_t i = 0; i < heard->n_peers; i++)
                if (heard->peers[i] == peer)
                        heard->peers[i] = bus_peer_free(peer);
}

static const BusPeerHandlers peer_handlers = { .next = on_next, .gone = on_gone };

static void answer_other(BusCall *call, BusMember member) {
        static const BusSession sessions[] = {
                { .session = "0123456789abcdef0123456789abcdef", .user = "jia", .method = "qr",
                  .since_sec = 1573228800, .open = true },
                { .session = "fedcba9876543210fedcba9876543210", .user = "yi", .name = "测试乙" },
        };

        switch (member) {
        case BUS_CHECK_ACCOUNT:
                assert_null(bus_call_word(call, "granted"));
                return;
        case BUS_LIST_SESSIONS:
                assert_null(bus_call_sessions(call, sessions, ELEMENTSOF(sessions)));
                return;
        case BUS_SIMULATE:
                assert_null(bus_call_simulation(
                        call, &(BusSimulation){ .phase = "dual", .unit_login = true }));
                return;
        case BUS_STATUS:
                assert_null(bus_call_status(
                        call, &(BusStatus){ .version = "1", .started_sec = 1573228800, .waiting = 2,
                                            .has_clock = true, .clock_offset_sec = -3 }));
                return;
        case BUS_LIST_LOGINS:
                assert_null(bus_call_logins(
                        call, &(BusLogin){ .login = 7, .service = "sshd", .step = "scan" }, 1));
                return;
        case BUS_LIST_LOCKS:
                assert_null(bus_call_locks(
                        call, &(BusLock){ .kind = "pin", .subject = "x", .tries = 5 }, 1));
                return;
        case BUS_OPEN_SESSION:
        case BUS_CLOSE_SESSION:
        case BUS_END_SESSION:
                assert_null(bus_call_done(call));
                return;
        case BUS_OPEN_LOGIN:
        case _BUS_MEMBER_MAX:
                break;
        }
        fail();
}

static void on_call(BusCall *call, const BusCaller *caller, void *userdata) {
        Heard *heard = userdata;

        heard->n_open++;
        heard->uid = caller->uid;
        heard->uid_zero_seen |= caller->uid == 0;
        heard->pid = caller->pid;
        heard->has_user = caller->has_user;
        heard->silent = caller->silent;
        heard->refuse_empty = caller->refuse_empty;
        (void)snprintf(heard->service, sizeof(heard->service), "%s", caller->service);
        (void)snprintf(heard->user, sizeof(heard->user), "%s", caller->user);
        (void)snprintf(heard->tty, sizeof(heard->tty), "%s", caller->tty);
        (void)snprintf(heard->rhost, sizeof(heard->rhost), "%s", caller->rhost);
        (void)snprintf(heard->locale, sizeof(heard->locale), "%s", caller->locale);
        (void)snprintf(heard->method, sizeof(heard->method), "%s", caller->method);
        (void)snprintf(heard->unit, sizeof(heard->unit), "%s", caller->unit);
        (void)snprintf(heard->prompts, sizeof(heard->prompts), "%s", caller->prompts);
        (void)snprintf(heard->purpose, sizeof(heard->purpose), "%s", caller->purpose);
        (void)snprintf(heard->session, sizeof(heard->session), "%s", caller->session);
        (void)snprintf(heard->account, sizeof(heard->account), "%s", caller->account);
        (void)snprintf(heard->date, sizeof(heard->date), "%s", caller->date);
        heard->member = caller->member;
        heard->keys = caller->keys;
        heard->timeout_sec = caller->timeout_sec;
        heard->max_age_sec = caller->max_age_sec;
        if (caller->member != BUS_OPEN_LOGIN) {
                answer_other(call, caller->member);
                return;
        }
        if (heard->refuse || heard->n_peers == ELEMENTSOF(heard->peers)) {
                assert_null(bus_call_refuse(call, BUS_REFUSE_LIMIT));
                return;
        }
        if (bus_call_accept(call, &peer_handlers, heard, &heard->peers[heard->n_peers]) == 0)
                heard->n_peers++;
}

static void on_name(int error, void *userdata) {
        Heard *heard = userdata;

        heard->n_name++;
        heard->name_error = error;
}

static const BusHandlers handlers = { .call = on_call, .name = on_name };

static void run_until(Place *place, const size_t *n, size_t wanted) {
        for (size_t i = 0; i < 100000 && *n < wanted; i++) {
                int r = sd_event_run(place->event, WAIT_USEC);

                assert_true(r >= 0);
                if (r == 0)
                        break;
        }
        assert_true(*n >= wanted);
}

static void run_a_while(Place *place) {
        for (size_t i = 0; i < 1000 && sd_event_run(place->event, 20 * USEC_PER_MSEC) > 0; i++)
                ;
}

static int place_setup(void **state) {
        Place *place = calloc(1, sizeof(*place));

        assert_non_null(place);
        if (bus_fixture_start(&place->bus) < 0) {
                print_message("there is no dbus-daemon\n");
                free(place);
                return -1;
        }

        assert_true(sd_event_new(&place->event) >= 0);
        assert_int_equal(bus_server_new(place->event, place->bus.address, &handlers, &place->heard,
                                        &place->server),
                         0);
        assert_int_equal(place->heard.n_name, 0);
        run_until(place, &place->heard.n_name, 1);
        assert_int_equal(place->heard.name_error, 0);

        assert_true(sd_bus_new(&place->client) >= 0);
        assert_true(sd_bus_set_address(place->client, place->bus.address) >= 0);
        assert_true(sd_bus_set_bus_client(place->client, 1) >= 0);
        assert_true(sd_bus_start(place->client) >= 0);
        assert_true(sd_bus_attach_event(place->client, place->event, 0) >= 0);
        *state = place;
        return 0;
}

static int place_teardown(void **state) {
        Place *place = *state;

        for (size_t i = 0; i < place->heard.n_peers; i++)
                place->heard.peers[i] = bus_peer_free(place->heard.peers[i]);
        place->server = bus_server_free(place->server);
        if (place->client) {
                (void)sd_bus_detach_event(place->client);
                place->client = sd_bus_close_unref(place->client);
        }
        place->event = sd_event_unref(place->event);
        bus_fixture_stop(&place->bus);
        free(place);
        return 0;
}

/* One call from the client to the server, both on the same loop. */
typedef struct Answer {
        size_t n;
        char error[128], text[128];
        char signature[16], body[8192]; /* what came back: "key=value;", in order */
        int fd;
} Answer;

static void note(Answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(Answer *answer, const char *format, ...) {
        size_t used = strlen(answer->body);
        va_list ap;

        va_start(ap, format);
        (void)vsnprintf(answer->body + used, sizeof(answer->body) - used, format, ap);
        va_end(ap);
}

static void note_value(Answer *answer, sd_bus_message *m, char type) {
        union {
                const char *s;
                uint64_t t;
                int64_t x;
                uint32_t u;
                int b;
        } value;

        if (sd_bus_message_read_basic(m, type, &value) <= 0)
                return;
        if (type == 's')
                note(answer, "%s", value.s);
        else if (type == 't')
                note(answer, "%llu", (unsigned long long)value.t);
        else if (type == 'x')
                note(answer, "%lld", (long long)value.x);
        else if (type == 'u')
                note(answer, "%u", value.u);
        else
                note(answer, "%s", value.b ? "yes" : "no");
}

static void note_map(Answer *answer, sd_bus_message *m) {
        const char *key, *type;

        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(m, "s", &key) > 0);
                assert_true(sd_bus_message_peek_type(m, NULL, &type) > 0);
                assert_true(sd_bus_message_enter_container(m, 'v', type) > 0);
                note(answer, "%s=", key);
                note_value(answer, m, *type);
                note(answer, ";");
                assert_true(sd_bus_message_exit_container(m) > 0);
                assert_true(sd_bus_message_exit_container(m) > 0);
        }
}

static void note_reply(Answer *answer, sd_bus_message *m) {
        (void)snprintf(answer->signature, sizeof(answer->signature), "%s",
                       sd_bus_message_get_signature(m, 1));
        if (strcmp(answer->signature, "s") == 0)
                note_value(answer, m, 's');
        else if (strcmp(answer->signature, "a{sv}") == 0 &&
                 sd_bus_message_enter_container(m, 'a', "{sv}") > 0)
                note_map(answer, m);
        else if (strcmp(answer->signature, "aa{sv}") == 0 &&
                 sd_bus_message_enter_container(m, 'a', "a{sv}") > 0)
                while (sd_bus_message_enter_container(m, 'a', "{sv}") > 0) {
                        note_map(answer, m);
                        note(answer, "|");
                        assert_true(sd_bus_message_exit_container(m) > 0);
                }
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error _unused_) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        Answer *answer = userdata;
        int fd;

        answer->n++;
        if (e) {
                (void)snprintf(answer->error, sizeof(answer->error), "%s", e->name);
                (void)snprintf(answer->text, sizeof(answer->text), "%s",
                               e->message ? e->message : "");
        } else if (sd_bus_message_has_signature(reply, "h") > 0 &&
                   sd_bus_message_read(reply, "h", &fd) > 0)
                answer->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        else
                note_reply(answer, reply);
        return 0;
}

typedef int (*FillFn)(sd_bus_message *message);

static void call_member(Place *place, const char *path, const char *interface, const char *member,
                        FillFn fill, Answer *ret) {
        _cleanup_(bus_message_unrefp) sd_bus_message *message = NULL;

        *ret = (Answer){ .fd = -1 };
        assert_true(sd_bus_message_new_method_call(place->client, &message, BUS_NAME, path,
                                                   interface, member) >= 0);
        if (fill)
                assert_true(fill(message) >= 0);
        assert_true(sd_bus_call_async(place->client, NULL, message, on_answer, ret, WAIT_USEC) >=
                    0);
        run_until(place, &ret->n, 1);
}

static void call_other(Place *place, const char *member, FillFn fill, Answer *ret) {
        call_member(place, BUS_PATH, BUS_INTERFACE, member, fill, ret);
}

static void call(Place *place, FillFn fill, Answer *ret) {
        call_member(place, BUS_PATH, BUS_INTERFACE, "OpenLogin", fill, ret);
}

/* Arguments, right and wrong. ADD() within a{sv}. */
#define ADD(key, type, value) sd_bus_message_append(m, "{sv}", key, type, value)
#define DEFINE_FILL(name, ...) \
        static int name(sd_bus_message *m) { \
                int r = sd_bus_message_open_container(m, 'a', "{sv}"); \
                if (r >= 0) \
                        r = (__VA_ARGS__) < 0 ? -EINVAL : 0; \
                return r < 0 ? r : sd_bus_message_close_container(m); \
        }

static int add_long(sd_bus_message *m, const char *key, size_t n) {
        _cleanup_(freep) char *value = malloc(n + 1);

        if (!value)
                return -ENOMEM;
        memset(value, 'x', n);
        value[n] = '\0';
        return ADD(key, "s", value);
}

static int add_many(sd_bus_message *m, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                char key[16];

                (void)snprintf(key, sizeof(key), "k%zu", i);
                r = ADD(key, "u", 1U);
        }
        return r;
}

static int add_nested(sd_bus_message *m, const char *key, size_t depth) {
        int r = sd_bus_message_open_container(m, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append(m, "s", key);
        for (size_t i = 0; i < depth && r >= 0; i++)
                r = sd_bus_message_open_container(m, 'v', i + 1 < depth ? "v" : "s");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "deep");
        for (size_t i = 0; i < depth && r >= 0; i++)
                r = sd_bus_message_close_container(m);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

#define P ADD("protocol", "u", 1U)
#define ID "0123456789abcdef0123456789abcdef"
DEFINE_FILL(fill_least, P)
DEFINE_FILL(fill_all,
            P | ADD("service", "s", "login") | ADD("user", "s", "jia") |
                    ADD("tty", "s", "/dev/tty1") | ADD("rhost", "s", "192.0.2.1") |
                    ADD("locale", "s", "zh_CN.UTF-8") | ADD("method", "s", "qr") |
                    ADD("unit", "s", "ask") | ADD("prompts", "s", "many") | ADD("silent", "b", 1) |
                    ADD("refuse_empty", "b", 1) | ADD("purpose", "s", "unit") |
                    ADD("session", "s", ID) | ADD("timeout", "u", 600U) |
                    ADD("max_age", "u", 86400U) | ADD("keys", "b", 1))
DEFINE_FILL(fill_user, P | ADD("user", "s", "测试_戊"))
DEFINE_FILL(fill_harmless, P | add_long(m, "tty", 5000) | ADD("rhost", "s", "a\033]0;x\007b\nc") |
                    add_long(m, "locale", 33))
DEFINE_FILL(fill_percent, P | ADD("user", "s", "%n%s$(id)`'\"../..") | ADD("service", "s", "-rf"))
DEFINE_FILL(fill_at_limit,
            P | add_long(m, "user", LIMIT_USER_BYTES) | add_long(m, "service", LIMIT_SERVICE_BYTES))

DEFINE_FILL(bad_empty, 0)
DEFINE_FILL(bad_no_protocol, ADD("user", "s", "jia"))
DEFINE_FILL(bad_protocol_0, ADD("protocol", "u", 0U))
DEFINE_FILL(bad_protocol_2, ADD("protocol", "u", 2U))
DEFINE_FILL(bad_protocol_type, ADD("protocol", "s", "1"))
DEFINE_FILL(bad_protocol_signed, ADD("protocol", "i", 1))
DEFINE_FILL(bad_unknown, P | ADD("uid", "u", 0U))
DEFINE_FILL(bad_twice, P | ADD("user", "s", "jia") | ADD("user", "s", "root"))
DEFINE_FILL(bad_user_long, P | add_long(m, "user", LIMIT_USER_BYTES + 1))
DEFINE_FILL(bad_user_huge, P | add_long(m, "user", 1024 * 1024))
DEFINE_FILL(bad_user_empty, P | ADD("user", "s", ""))
DEFINE_FILL(bad_user_line, P | ADD("user", "s", "root\n"))
DEFINE_FILL(bad_user_escape, P | ADD("user", "s", "a\033[2J"))
DEFINE_FILL(bad_user_bidi, P | ADD("user", "s", "a\xe2\x80\xae""b"))
DEFINE_FILL(bad_user_type, P | ADD("user", "u", 0U))
DEFINE_FILL(bad_service_long, P | add_long(m, "service", LIMIT_SERVICE_BYTES + 1))
DEFINE_FILL(bad_method_long, P | add_long(m, "method", 100))
DEFINE_FILL(bad_unit_line, P | ADD("unit", "s", "o\nff"))
DEFINE_FILL(bad_prompts_empty, P | ADD("prompts", "s", ""))
DEFINE_FILL(bad_silent_type, P | ADD("silent", "s", "true"))
DEFINE_FILL(bad_timeout_short, P | ADD("timeout", "u", 9U))
DEFINE_FILL(bad_timeout_long, P | ADD("timeout", "u", 601U))
DEFINE_FILL(bad_timeout_type, P | ADD("timeout", "i", 60))
DEFINE_FILL(bad_max_age_none, P | ADD("max_age", "u", 0U))
DEFINE_FILL(bad_max_age_long, P | ADD("max_age", "u", 86401U))
DEFINE_FILL(bad_session_short, P | ADD("session", "s", "0123456789abcdef0123456789abcde"))
DEFINE_FILL(bad_session_capitals, P | ADD("session", "s", "0123456789ABCDEF0123456789ABCDEF"))
DEFINE_FILL(bad_session_path, P | ADD("session", "s", "../../../../../../../etc/passwd/"))
DEFINE_FILL(bad_purpose_empty, P | ADD("purpose", "s", ""))
DEFINE_FILL(bad_account, P | ADD("account", "s", "ceshi_jia"))
DEFINE_FILL(bad_many, P | add_many(m, 20000))
DEFINE_FILL(bad_nested, P | add_nested(m, "user", 60))

static int bad_signature_string(sd_bus_message *m) {
        return sd_bus_message_append(m, "s", "login");
}

static int bad_signature_more(sd_bus_message *m) {
        return sd_bus_message_append(m, "a{sv}s", 1, "protocol", "u", 1U, "more");
}

static int bad_signature_map(sd_bus_message *m) {
        return sd_bus_message_append(m, "a{ss}", 1, "protocol", "1");
}

static const struct {
        const char *name;
        FillFn fill;
} bad_calls[] = {
        { "nothing said", bad_empty },
        { "no protocol", bad_no_protocol },
        { "protocol 0", bad_protocol_0 },
        { "protocol 2", bad_protocol_2 },
        { "a protocol in words", bad_protocol_type },
        { "a signed protocol", bad_protocol_signed },
        { "an unknown key, were it a uid", bad_unknown },
        { "a user given twice", bad_twice },
        { "a user above the limit", bad_user_long },
        { "a user of 1 MiB", bad_user_huge },
        { "an empty user", bad_user_empty },
        { "a user of two lines", bad_user_line },
        { "a user with an escape sequence", bad_user_escape },
        { "a user that turns the direction", bad_user_bidi },
        { "a number for a user", bad_user_type },
        { "a service above the limit", bad_service_long },
        { "a method above the limit", bad_method_long },
        { "a unit of two lines", bad_unit_line },
        { "empty prompts", bad_prompts_empty },
        { "a word for a truth", bad_silent_type },
        { "a timeout below the range", bad_timeout_short },
        { "a timeout above the range", bad_timeout_long },
        { "a signed timeout", bad_timeout_type },
        { "an age of nothing", bad_max_age_none },
        { "an age of more than a day", bad_max_age_long },
        { "an id that is too short", bad_session_short },
        { "an id in capitals", bad_session_capitals },
        { "an id that is a path", bad_session_path },
        { "an empty purpose", bad_purpose_empty },
        { "a key of another method", bad_account },
        { "20000 keys", bad_many },
        { "60 levels of variants", bad_nested },
        { "a string for the arguments", bad_signature_string },
        { "an argument more", bad_signature_more },
        { "another kind of map", bad_signature_map },
        { "no argument", NULL },
};

/* threats 29, 76 */
static void test_bad_calls(void **state) {
        Place *place = *state;

        for (size_t i = 0; i < ELEMENTSOF(bad_calls); i++) {
                Answer answer;

                call(place, bad_calls[i].fill, &answer);
                if (strcmp(answer.error, "org.freedesktop.DBus.Error.InvalidArgs") != 0)
                        fail_msg("%s: '%s' '%s'", bad_calls[i].name, answer.error, answer.text);
        }
        assert_int_equal(place->heard.n_open, 0);
}

static void test_good_calls(void **state) {
        static const char *const filtered = "a\xef\xbf\xbd]0;x\xef\xbf\xbd""b\xef\xbf\xbd""c";
        Place *place = *state;
        Heard *heard = &place->heard;
        Answer answer;

        call(place, fill_least, &answer);
        assert_string_equal(answer.error, "");
        assert_true(answer.fd >= 0);
        closep(&answer.fd);
        assert_int_equal(heard->n_open, 1);
        assert_int_equal(heard->uid, getuid());
        assert_int_equal(heard->pid, getpid());
        assert_false(heard->has_user || heard->silent || heard->refuse_empty);
        assert_string_equal(heard->service, "");

        call(place, fill_all, &answer);
        closep(&answer.fd);
        assert_string_equal(heard->service, "login");
        assert_string_equal(heard->user, "jia");
        assert_string_equal(heard->tty, "/dev/tty1");
        assert_string_equal(heard->rhost, "192.0.2.1");
        assert_string_equal(heard->locale, "zh_CN.UTF-8");
        assert_string_equal(heard->method, "qr");
        assert_string_equal(heard->unit, "ask");
        assert_string_equal(heard->prompts, "many");
        assert_true(heard->has_user && heard->silent && heard->refuse_empty && heard->keys);
        assert_string_equal(heard->purpose, "unit");
        assert_string_equal(heard->session, ID);
        assert_int_equal(heard->timeout_sec, 600);
        assert_int_equal(heard->max_age_sec, 86400);

        call(place, fill_user, &answer);
        closep(&answer.fd);
        assert_string_equal(heard->user, "测试_戊");
        call(place, fill_percent, &answer);
        closep(&answer.fd);
        assert_string_equal(heard->user, "%n%s$(id)`'\"../..");
        call(place, fill_at_limit, &answer);
        closep(&answer.fd);
        assert_int_equal(strlen(heard->user), LIMIT_USER_BYTES);

        /* threats 16: what only describes the place is made harmless, but never gets lost */
        call(place, fill_harmless, &answer);
        closep(&answer.fd);
        assert_int_equal(heard->n_open, 6);
        assert_true(strlen(heard->tty) <= LIMIT_TTY_BYTES && *heard->tty);
        assert_true(strlen(heard->locale) <= LIMIT_LOCALE_BYTES && *heard->locale);
        assert_string_equal(heard->rhost, filtered);

        /* The callers closed their sockets: each login is gone. */
        run_until(place, &heard->n_gone, 6);
}

DEFINE_FILL(fill_check, P | ADD("user", "s", "jia") | ADD("service", "s", "login") |
                    ADD("tty", "s", "tty1") | ADD("rhost", "s", "") | ADD("session", "s", ID))
DEFINE_FILL(fill_check_least, P | ADD("user", "s", "jia"))
DEFINE_FILL(fill_check_nobody, P | ADD("session", "s", ID))
DEFINE_FILL(fill_check_method, P | ADD("user", "s", "jia") | ADD("method", "s", "qr"))
DEFINE_FILL(fill_simulate, ADD("account", "s", "ceshi_jia") | ADD("unit", "s", "91") |
                    ADD("date", "s", "2019-11-09") | ADD("service", "s", "sshd"))
DEFINE_FILL(fill_simulate_user, ADD("user", "s", "jia"))
DEFINE_FILL(fill_simulate_protocol, ADD("protocol", "u", 2U))

static int fill_id(sd_bus_message *m) {
        return sd_bus_message_append(m, "s", ID);
}

static int fill_not_id(sd_bus_message *m) {
        return sd_bus_message_append(m, "s", "0123");
}

static int fill_nothing(sd_bus_message *m _unused_) {
        return 0;
}

#define INVALID "org.freedesktop.DBus.Error.InvalidArgs"

static const struct {
        const char *name, *member;
        FillFn fill;
        const char *error, *signature, *body;
} other_calls[] = {
        { "a check", "CheckAccount", fill_check, "", "s", "granted" },
        { "a check without session", "CheckAccount", fill_check_least, "", "s", "granted" },
        { "a check of no user", "CheckAccount", fill_check_nobody, INVALID, "", "" },
        { "a check without protocol", "CheckAccount", bad_no_protocol, INVALID, "", "" },
        { "a check with a key of a login", "CheckAccount", fill_check_method, INVALID, "", "" },
        { "a check of a string", "CheckAccount", fill_id, "*", "", "" },
        { "a session opens", "OpenSession", fill_check, "", "", "" },
        { "a session without id does not open", "OpenSession", fill_check_least, INVALID, "", "" },
        { "a session without user does not open", "OpenSession", fill_check_nobody, INVALID, "", "" },
        { "a session closes", "CloseSession", fill_id, "", "", "" },
        { "a session that cannot be does not close", "CloseSession", fill_not_id, INVALID, "", "" },
        { "sessions", "ListSessions", fill_nothing, "", "aa{sv}",
          "session=" ID ";user=jia;method=qr;since=1573228800;open=yes;|"
          "session=fedcba9876543210fedcba9876543210;user=yi;name=测试乙;since=0;open=no;|" },
        { "sessions of whom", "ListSessions", fill_id, "*", "", "" },
        { "a simulation", "Simulate", fill_simulate, "", "a{sv}",
          "phase=dual;unit_allowed=no;relation=no;declaration_password=no;certificate=no;unit_login=yes;" },
        { "a simulation of another protocol", "Simulate", fill_simulate_protocol, INVALID, "", "" },
        { "a simulation of a user", "Simulate", fill_simulate_user, INVALID, "", "" },
        { "the status", "Status", fill_nothing, "", "a{sv}",
          "version=1;started=1573228800;logins=0;waiting=2;sessions=0;clock_offset=-3;" },
        { "the status of what", "Status", fill_id, "*", "", "" },
        { "logins", "ListLogins", fill_nothing, "", "aa{sv}",
          "service=sshd;step=scan;login=7;since=0;caller=0;|" },
        { "locks", "ListLocks", fill_nothing, "", "aa{sv}", "kind=pin;subject=x;until=0;tries=5;|" },
        { "the end of a session", "EndSession", fill_id, "", "", "" },
        { "the end of a session that cannot be", "EndSession", fill_not_id, INVALID, "", "" },
};

/* threats 29 */
static void test_other_calls(void **state) {
        Place *place = *state;

        for (size_t i = 0; i < ELEMENTSOF(other_calls); i++) {
                Answer answer;
                bool is_error_right;

                call_other(place, other_calls[i].member, other_calls[i].fill, &answer);
                /* A wrong signature is refused by the library, with an error of its own. */
                is_error_right = strcmp(other_calls[i].error, "*") == 0 ?
                        *answer.error != '\0' :
                        strcmp(answer.error, other_calls[i].error) == 0;
                if (!is_error_right || strcmp(answer.signature, other_calls[i].signature) != 0 ||
                    strcmp(answer.body, other_calls[i].body) != 0)
                        fail_msg("%s: '%s' '%s' %s", other_calls[i].name, answer.error,
                                 answer.signature, answer.body);
        }
        call_other(place, "Simulate", fill_simulate, &(Answer){});
        assert_string_equal(place->heard.account, "ceshi_jia");
        assert_string_equal(place->heard.date, "2019-11-09");
        assert_string_equal(place->heard.service, "sshd");
        call_other(place, "CloseSession", fill_id, &(Answer){});
        assert_string_equal(place->heard.session, ID);
        assert_int_equal(place->heard.uid, getuid());
}

static const char golden[] =
        " <interface name=\"org.itax.Auth1.Manager\">\n"
        "  <method name=\"OpenLogin\">\n"
        "   <arg type=\"a{sv}\" name=\"request\" direction=\"in\"/>\n"
        "   <arg type=\"h\" name=\"login\" direction=\"out\"/>\n"
        "  </method>\n"
        "  <method name=\"CheckAccount\">\n"
        "   <arg type=\"a{sv}\" name=\"request\" direction=\"in\"/>\n"
        "   <arg type=\"s\" name=\"verdict\" direction=\"out\"/>\n"
        "  </method>\n"
        "  <method name=\"OpenSession\">\n"
        "   <arg type=\"a{sv}\" name=\"request\" direction=\"in\"/>\n"
        "  </method>\n"
        "  <method name=\"CloseSession\">\n"
        "   <arg type=\"s\" name=\"session\" direction=\"in\"/>\n"
        "  </method>\n"
        "  <method name=\"ListSessions\">\n"
        "   <arg type=\"aa{sv}\" name=\"sessions\" direction=\"out\"/>\n"
        "  </method>\n"
        "  <method name=\"Simulate\">\n"
        "   <arg type=\"a{sv}\" name=\"request\" direction=\"in\"/>\n"
        "   <arg type=\"a{sv}\" name=\"result\" direction=\"out\"/>\n"
        "  </method>\n"
        "  <method name=\"Status\">\n"
        "   <arg type=\"a{sv}\" name=\"status\" direction=\"out\"/>\n"
        "  </method>\n"
        "  <method name=\"ListLogins\">\n"
        "   <arg type=\"aa{sv}\" name=\"logins\" direction=\"out\"/>\n"
        "  </method>\n"
        "  <method name=\"EndSession\">\n"
        "   <arg type=\"s\" name=\"session\" direction=\"in\"/>\n"
        "  </method>\n"
        "  <method name=\"ListLocks\">\n"
        "   <arg type=\"aa{sv}\" name=\"locks\" direction=\"out\"/>\n"
        "  </method>\n"
        " </interface>\n";

/* threats 30: these methods and nothing else */
static void test_introspection_is_golden(void **state) {
        Place *place = *state;
        const char *mine;
        Answer answer;
        char *end;

        call_member(place, BUS_PATH, "org.freedesktop.DBus.Introspectable", "Introspect", NULL,
                    &answer);
        assert_string_equal(answer.signature, "s");
        mine = strstr(answer.body, " <interface name=\"org.itax.");
        assert_non_null(mine);
        end = strstr(mine, " </interface>\n");
        assert_non_null(end);
        end += strlen(" </interface>\n");
        assert_null(strstr(end, "org.itax."));
        *end = '\0';
        assert_string_equal(mine, golden);
}

/* threats 30: what is not in the vtable does not exist here, whatever the bus lets through */
static void test_other_members(void **state) {
        static const struct {
                const char *path, *interface, *member;
        } others[] = {
                { BUS_PATH, BUS_INTERFACE, "CloseLogin" },
                { BUS_PATH, "org.itax.Auth1.Login", "Next" },
                { BUS_PEER_PATH, BUS_PEER_INTERFACE, "Next" },
                { "/", BUS_INTERFACE, "OpenLogin" },
                { BUS_PATH, "org.freedesktop.DBus.Properties", "Get" },
        };
        Place *place = *state;

        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                Answer answer;

                call_member(place, others[i].path, others[i].interface, others[i].member,
                            fill_least, &answer);
                assert_true(*answer.error);
        }
        assert_int_equal(place->heard.n_open, 0);
}

static void test_refusals_are_constant(void **state) {
        Place *place = *state;
        Answer answer;

        place->heard.refuse = true;
        call(place, fill_all, &answer);
        assert_string_equal(answer.error, "org.freedesktop.DBus.Error.LimitsExceeded");
        assert_string_equal(answer.text, "too many at once");
}

static void test_a_name_that_is_taken(void **state) {
        Place *place = *state;
        BusServer *second = NULL;
        Heard heard = {};

        assert_int_equal(
                bus_server_new(place->event, place->bus.address, &handlers, &heard, &second), 0);
        run_until(place, &heard.n_name, 1);
        assert_int_equal(heard.name_error, -EEXIST);
        second = bus_server_free(second);
}

/* threats 23 */
static void test_signals_of_others_mean_nothing(void **state) {
        Place *place = *state;

        for (size_t i = 0; i < 3; i++) {
                static const char *const members[] = { "NameLost", "NameOwnerChanged",
                                                       "Disconnected" };
                _cleanup_(bus_message_unrefp) sd_bus_message *signal = NULL;

                assert_true(sd_bus_message_new_signal(place->client, &signal,
                                                      "/org/freedesktop/DBus",
                                                      "org.freedesktop.DBus", members[i]) >= 0);
                assert_true(sd_bus_message_set_destination(signal, BUS_NAME) >= 0);
                assert_true(sd_bus_message_append(signal, "s", BUS_NAME) >= 0);
                assert_true(sd_bus_send(place->client, signal, NULL) >= 0);
        }
        run_a_while(place);
        assert_int_equal(place->heard.n_name, 1);
}

/* threats 124 */
static void test_the_bus_goes_away(void **state) {
        Place *place = *state;

        bus_fixture_kill(&place->bus);
        run_until(place, &place->heard.n_name, 2);
        assert_true(place->heard.name_error < 0);
        run_a_while(place);
        assert_int_equal(place->heard.n_name, 2);
}

/* In a child: become nobody, ask, and leave after @n_usec at the latest. */
static pid_t child_asks(const Place *place, unsigned n_usec, bool waits) {
        pid_t pid = fork();
        sd_bus_message *message = NULL;
        sd_bus *bus = NULL;

        if (pid != 0)
                return pid;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
                _exit(2);
        if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, place->bus.address) < 0 ||
            sd_bus_set_bus_client(bus, 1) < 0 || sd_bus_start(bus) < 0 ||
            sd_bus_message_new_method_call(bus, &message, BUS_NAME, BUS_PATH, BUS_INTERFACE,
                                           "OpenLogin") < 0 ||
            fill_least(message) < 0)
                _exit(3);
        if (waits)
                _exit(sd_bus_call(bus, message, WAIT_USEC, NULL, NULL) < 0 ? 4 : 0);
        if (sd_bus_call_async(bus, NULL, message, on_answer, NULL, WAIT_USEC) < 0 ||
            sd_bus_flush(bus) < 0)
                _exit(5);
        if (n_usec)
                (void)usleep(n_usec);
        _exit(0);
}

static int on_child(sd_event_source *source _unused_, const siginfo_t *info, void *userdata) {
        size_t *n = userdata;

        (void)info;
        (*n)++;
        return 0;
}

/* threats 20, 26, 27, 35: asked by nobody, and gone between the call, the question who it was, and
 * the answer */
static void test_vanishing_callers(void **state) {
        enum { N = 60 };
        Place *place = *state;
        size_t n_ended = 0;
        sigset_t mask;

        if (getuid() != 0)
                skip();
        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGCHLD);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
        for (unsigned i = 0; i < N; i++) {
                pid_t pid = child_asks(place, i * 10, false);

                assert_true(pid > 0);
                assert_true(sd_event_add_child(place->event, NULL, pid, WEXITED, on_child,
                                               &n_ended) >= 0);
                /* Some callers are served while they leave, some only afterwards. */
                if (i % 2)
                        run_until(place, &n_ended, i + 1);
        }
        run_until(place, &n_ended, N);
        run_a_while(place);
        assert_false(place->heard.uid_zero_seen);
        /* Whoever was let in has left, and that was noticed. */
        assert_int_equal(place->heard.n_gone, place->heard.n_peers);
}

static void test_the_uid_is_the_bus_daemons(void **state) {
        Place *place = *state;
        size_t n_ended = 0;
        sigset_t mask;
        pid_t pid;

        if (getuid() != 0)
                skip();
        (void)sigemptyset(&mask);
        (void)sigaddset(&mask, SIGCHLD);
        (void)sigprocmask(SIG_BLOCK, &mask, NULL);
        pid = child_asks(place, 0, true);
        assert_true(sd_event_add_child(place->event, NULL, pid, WEXITED, on_child, &n_ended) >= 0);
        run_until(place, &place->heard.n_open, 1);
        assert_int_equal(place->heard.uid, NOBODY);
        assert_int_equal(place->heard.pid, pid);
        run_until(place, &n_ended, 1);
        run_until(place, &place->heard.n_gone, 1);
}

/* threats 27: freed while questions are under way */
static void test_the_server_may_go_first(void **state) {
        Place *place = *state;
        Answer answers[BUS_CALLS_PER_SENDER] = {};

        for (size_t i = 0; i < ELEMENTSOF(answers); i++) {
                _cleanup_(bus_message_unrefp) sd_bus_message *message = NULL;

                assert_true(sd_bus_message_new_method_call(place->client, &message, BUS_NAME,
                                                           BUS_PATH, BUS_INTERFACE,
                                                           "OpenLogin") >= 0);
                assert_true(fill_all(message) >= 0);
                assert_true(sd_bus_call_async(place->client, NULL, message, on_answer, &answers[i],
                                              WAIT_USEC) >= 0);
                assert_true(sd_event_run(place->event, 0) >= 0);
        }
        place->server = bus_server_free(place->server);
        for (size_t i = 0; i < ELEMENTSOF(answers); i++) {
                run_until(place, &answers[i].n, 1);
                if (!*answers[i].error)
                        closep(&answers[i].fd);
        }
}

/* threats 31: a flood by one sender is refused before anybody is asked about it, and whoever asks
 * beside it is heard */
static void test_a_flood_leaves_room_for_others(void **state) {
        enum { N = 400 };
        Place *place = *state;
        sd_bus *flooder = NULL;
        Answer *answers = calloc(N, sizeof(*answers)), own;
        size_t n_refused = 0;

        assert_non_null(answers);
        assert_true(sd_bus_new(&flooder) >= 0);
        assert_true(sd_bus_set_address(flooder, place->bus.address) >= 0);
        assert_true(sd_bus_set_bus_client(flooder, 1) >= 0);
        assert_true(sd_bus_start(flooder) >= 0);
        for (size_t i = 0; i < N; i++) {
                _cleanup_(bus_message_unrefp) sd_bus_message *message = NULL;

                assert_true(sd_bus_message_new_method_call(flooder, &message, BUS_NAME, BUS_PATH,
                                                           BUS_INTERFACE, "CheckAccount") >= 0);
                assert_true(fill_check_least(message) >= 0);
                assert_true(sd_bus_call_async(flooder, NULL, message, on_answer, &answers[i],
                                              WAIT_USEC) >= 0);
        }
        assert_true(sd_bus_flush(flooder) >= 0);
        call_other(place, "CheckAccount", fill_check_least, &own);
        assert_string_equal(own.body, "granted");

        assert_true(sd_bus_attach_event(flooder, place->event, 0) >= 0);
        for (size_t i = 0; i < N; i++) {
                run_until(place, &answers[i].n, 1);
                n_refused += strcmp(answers[i].error,
                                    "org.freedesktop.DBus.Error.LimitsExceeded") == 0;
        }
        assert_true(n_refused > 0);
        (void)sd_bus_detach_event(flooder);
        flooder = sd_bus_close_unref(flooder);
        free(answers);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_good_calls, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(test_bad_calls, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(test_other_members, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(test_other_calls, place_setup, place_teardown),
                cmocka_unit_test_setup_teardown(test_introspection_is_golden, place_setup,
                                                place_teardown),
                cmocka_unit_test_setup_teardown(test_a_flood_leaves_room_for_others, place_setup,
                                                place_teardown),
                cmocka_unit_test_setup_teardown(test_refusals_are_constant, place_setup,
                                                place_teardown),
                cmocka_unit_test_setup_teardown(test_a_name_that_is_taken, place_setup,
                                                place_teardown),
                cmocka_unit_test_setup_teardown(test_signals_of_others_mean_nothing, place_setup,
                                                place_teardown),
                cmocka_unit_test_setup_teardown(test_the_bus_goes_away, place_setup,
                                                place_teardown),
                cmocka_unit_test_setup_teardown(test_vanishing_callers, place_setup,
                                                place_teardown),
                cmocka_unit_test_setup_teardown(test_the_uid_is_the_bus_daemons, place_setup,
                                                place_teardown),
                cmocka_unit_test_setup_teardown(test_the_server_may_go_first, place_setup,
                                                place_teardown),
        };

        return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
