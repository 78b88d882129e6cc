/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The private socket against a scripted daemon: what is taken for a step, and what is not. */

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "lib/client/client-private.h"
#include "lib/common/limits.h"

#define WAIT_USEC (2 * USEC_PER_SEC)
#define STRANGERS 4

/* One entry of a body: the type of the variant, and its value as text or number. */
typedef struct Entry {
        const char *key;
        const char *type; /* "s", "as", "u", "b", "ay" */
        const char *value;
} Entry;

typedef enum Manner {
        MANNER_STEP,      /* reply with .serial, .kind, .entries */
        MANNER_SHORT,     /* reply "us" only */
        MANNER_LONG,      /* reply with one argument more */
        MANNER_EMPTY,     /* reply without arguments */
        MANNER_ERROR,     /* reply with the error .kind */
        MANNER_HANG_UP,   /* close the socket instead */
        MANNER_SILENT,    /* do not reply, now or later */
        MANNER_OVERTAKEN, /* the call before is superseded, this one gets the step */
        MANNER_CROSSED,   /* the other way round */
        MANNER_BOTH_SUPERSEDED,
} Manner;

typedef struct Reply {
        Manner manner;
        uint32_t serial;
        const char *kind;
        Entry entries[8];
} Reply;

/* The scripted daemon, on the other end of a socket pair, in its own thread. */
typedef struct Peer {
        int fd;
        pthread_t thread;
        const Reply *replies;
        size_t n_replies;
        /* what it saw */
        size_t n_calls;
        uint32_t serials[STRANGERS];
        char answers[STRANGERS][LIMIT_ANSWER_BYTES + 1];
        size_t n_answers[STRANGERS];
        sd_bus_message *held; /* the call that got no reply yet */
} Peer;

static int append_entry(sd_bus_message *m, const Entry *e) {
        int r;

        if (strcmp(e->type, "s") == 0)
                return sd_bus_message_append(m, "{sv}", e->key, "s", e->value);
        if (strcmp(e->type, "u") == 0)
                return sd_bus_message_append(m, "{sv}", e->key, "u", (uint32_t)7);
        if (strcmp(e->type, "b") == 0)
                return sd_bus_message_append(m, "{sv}", e->key, "b", 1);
        if (strcmp(e->type, "ay") == 0)
                return sd_bus_message_append(m, "{sv}", e->key, "ay", (unsigned)2, 1, 2);

        /* "as": one label for each character of the value */
        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", e->key);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "s");
        for (const char *c = e->value; *c && r >= 0; c++)
                r = sd_bus_message_append(m, "s", (char[]){ *c, '\0' });
        for (size_t i = 0; i < 3 && r >= 0; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int send_step(sd_bus_message *call, const Reply *reply) {
        _cleanup_(message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &m);
        if (r >= 0 && reply->manner == MANNER_EMPTY)
                return sd_bus_send(NULL, m, NULL);
        if (r >= 0)
                r = sd_bus_message_append(m, "us", reply->serial, reply->kind);
        if (r >= 0 && reply->manner == MANNER_SHORT)
                return sd_bus_send(NULL, m, NULL);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        for (size_t i = 0; i < ELEMENTSOF(reply->entries) && reply->entries[i].key && r >= 0; i++)
                r = append_entry(m, &reply->entries[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0 && reply->manner == MANNER_LONG)
                r = sd_bus_message_append(m, "s", "more");
        return r < 0 ? r : sd_bus_send(NULL, m, NULL);
}

static int supersede(sd_bus_message *call) {
        return sd_bus_reply_method_errorf(call, "org.itax.Auth1.Error.Superseded", "the other call counts");
}

static int on_message(sd_bus_message *m, void *userdata, _unused_ sd_bus_error *error) {
        Peer *peer = userdata;
        const Reply *reply;
        const void *bytes;
        size_t n, i;

        if (!sd_bus_message_is_method_call(m, "org.itax.Auth1.Login", "Next") ||
            strcmp(sd_bus_message_get_path(m), "/org/itax/Auth1/Login") != 0 ||
            !sd_bus_message_has_signature(m, "uay"))
                return -EPROTO;

        i = peer->n_calls++;
        if (i >= STRANGERS || i >= peer->n_replies)
                return -EPROTO;
        if (sd_bus_message_read(m, "u", &peer->serials[i]) < 0 ||
            sd_bus_message_read_array(m, 'y', &bytes, &n) < 0 || n > LIMIT_ANSWER_BYTES)
                return -EPROTO;
        if (n)
                memcpy(peer->answers[i], bytes, n);
        peer->n_answers[i] = n;

        reply = &peer->replies[i];
        switch (reply->manner) {
        case MANNER_STEP:
        case MANNER_SHORT:
        case MANNER_LONG:
        case MANNER_EMPTY:
                return send_step(m, reply) < 0 ? -EPROTO : 1;
        case MANNER_ERROR:
                return sd_bus_reply_method_errorf(m, reply->kind, "no");
        case MANNER_SILENT:
                peer->held = sd_bus_message_ref(m);
                return 1;
        case MANNER_OVERTAKEN:
                return supersede(peer->held) < 0 || send_step(m, reply) < 0 ? -EPROTO : 1;
        case MANNER_CROSSED:
                return send_step(peer->held, reply) < 0 || supersede(m) < 0 ? -EPROTO : 1;
        case MANNER_BOTH_SUPERSEDED:
                return supersede(peer->held) < 0 || supersede(m) < 0 ? -EPROTO : 1;
        case MANNER_HANG_UP:
                break;
        }
        return -EPROTO;
}

/* Serves until the client is gone, or the script wants the socket closed. */
static void *peer_run(void *userdata) {
        _cleanup_(bus_closep) sd_bus *bus = NULL;
        Peer *peer = userdata;
        sd_id128_t id = SD_ID128_MAKE(01, 02, 03, 04, 05, 06, 07, 08, 09, 0a, 0b, 0c, 0d, 0e, 0f, 10);
        int r;

        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_server(bus, 1, id);
        if (r >= 0)
                r = sd_bus_set_anonymous(bus, 1);
        if (r >= 0)
                r = sd_bus_set_fd(bus, peer->fd, peer->fd);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = sd_bus_add_filter(bus, NULL, on_message, peer);
        while (r >= 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        peer->held = sd_bus_message_unref(peer->held);
        return NULL;
}

static void peer_start(Peer *peer, const Reply *replies, size_t n_replies, Client **ret) {
        int fds[2];

        *peer = (Peer){ .replies = replies, .n_replies = n_replies };
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        peer->fd = fds[0];
        assert_int_equal(pthread_create(&peer->thread, NULL, peer_run, peer), 0);
        assert_int_equal(client_new_from_fd(fds[1], WAIT_USEC, ret), 0);
}

static void peer_stop(Peer *peer, Client **client) {
        *client = client_free(*client);
        assert_int_equal(pthread_join(peer->thread, NULL), 0);
}

typedef struct ReadCase {
        const char *sentence;
        Reply reply;
        int result;
} ReadCase;

#define STEP(number, word, ...) { MANNER_STEP, number, word, { __VA_ARGS__ } }
#define DONE(...) STEP(1, "done", { "user", "s", "zs" }, { "account", "s", "a" }, { "method", "s", "qr" }, __VA_ARGS__)

static const ReadCase read_cases[] = {
        { "a prompt", STEP(1, "prompt-echo", { "prompt", "s", "p" }), 0 },
        { "a prompt with a layout", STEP(1, "prompt-secret", { "prompt", "s", "p" }, { "layout", "s", "bare" }), 0 },
        { "a choice", STEP(1, "choice", { "prompt", "s", "p" }, { "choices", "as", "abc" }), 0 },
        { "a choice of 20", STEP(1, "choice", { "prompt", "s", "p" }, { "choices", "as", "abcdefghijklmnopqrst" }), 0 },
        { "a choice of 21",
          STEP(1, "choice", { "prompt", "s", "p" }, { "choices", "as", "abcdefghijklmnopqrstu" }), CLIENT_E_PROTOCOL },
        { "a choice of nothing", STEP(1, "choice", { "prompt", "s", "p" }, { "choices", "as", "" }), CLIENT_E_PROTOCOL },
        { "a repeated scan", STEP(4294967295, "scan", {}), 0 },
        { "a failure", STEP(1, "fail", { "reason", "s", "locked" }, { "text", "s", "t" }), 0 },
        { "a success", DONE({ "unit", "s", "9" }, { "unit_name", "s", "u" }, { "name", "s", "n" }), 0 },
        { "an unknown key is passed over", STEP(1, "info", { "future", "s", "x" }), 0 },
        { "an unknown key of any type is passed over",
          STEP(1, "info", { "future", "ay", "" }, { "text", "s", "t" }, { "more", "as", "ab" }), 0 },
        { "an unknown key twice is nobody's business",
          STEP(1, "info", { "future", "s", "x" }, { "future", "s", "x" }), 0 },

        { "a prompt for the account password", STEP(1, "prompt-secret", { "prompt", "s", "p" }, { "authtok", "s", "current" }), 0 },
        { "a code that a key leaves", STEP(1, "scan", { "key", "b", "" }), 0 },
        { "a session", DONE({ "session", "s", "0123456789abcdef0123456789abcdef" }), 0 },
        { "a unit without a person",
          STEP(1, "done", { "user", "s", "zs" }, { "unit", "s", "9" }, { "method", "s", "unit" }), 0 },

        { "a session that is no such name", DONE({ "session", "s", "0123456789abcdef" }), CLIENT_E_PROTOCOL },
        { "a person without an account", STEP(1, "done", { "user", "s", "zs" }, { "unit", "s", "9" }, { "method", "s", "qr" }),
          CLIENT_E_PROTOCOL },
        { "an unknown password", STEP(1, "prompt-secret", { "prompt", "s", "p" }, { "authtok", "s", "old" }), CLIENT_E_PROTOCOL },
        { "a password that is seen", STEP(1, "prompt-echo", { "prompt", "s", "p" }, { "authtok", "s", "new" }), CLIENT_E_PROTOCOL },
        { "two passwords", STEP(1, "prompt-secret", { "prompt", "s", "p" }, { "authtok", "s", "new" }, { "authtok", "s", "new" }),
          CLIENT_E_PROTOCOL },
        { "a key at a prompt", STEP(1, "prompt-secret", { "prompt", "s", "p" }, { "key", "b", "" }), CLIENT_E_PROTOCOL },
        { "a key that is a string", STEP(1, "scan", { "key", "s", "true" }), CLIENT_E_PROTOCOL },
        { "a key twice", STEP(1, "scan", { "key", "b", "" }, { "key", "b", "" }), CLIENT_E_PROTOCOL },

        { "serial 0", STEP(0, "info", {}), CLIENT_E_PROTOCOL },
        { "an unknown kind", STEP(1, "success", { "user", "s", "zs" }), CLIENT_E_PROTOCOL },
        { "an unknown layout", STEP(1, "info", { "layout", "s", "wide" }), CLIENT_E_PROTOCOL },
        { "an unknown reason", STEP(1, "fail", { "reason", "s", "none of your business" }), CLIENT_E_PROTOCOL },
        { "a failure for no reason", STEP(1, "fail", { "reason", "s", "none" }), CLIENT_E_PROTOCOL },
        { "a text twice", STEP(1, "info", { "text", "s", "a" }, { "text", "s", "a" }), CLIENT_E_PROTOCOL },
        { "a user twice", DONE({ "user", "s", "root" }), CLIENT_E_PROTOCOL },
        { "a layout twice", STEP(1, "info", { "layout", "s", "bare" }, { "layout", "s", "bare" }), CLIENT_E_PROTOCOL },
        { "a reason twice", STEP(1, "fail", { "reason", "s", "denied" }, { "reason", "s", "denied" }),
          CLIENT_E_PROTOCOL },
        { "choices twice", STEP(1, "choice", { "prompt", "s", "p" }, { "choices", "as", "a" }, { "choices", "as", "a" }),
          CLIENT_E_PROTOCOL },
        { "a text that is a number", STEP(1, "info", { "text", "u", "" }), CLIENT_E_PROTOCOL },
        { "a user that is a truth value",
          STEP(1, "done", { "user", "b", "" }, { "account", "s", "a" }, { "method", "s", "qr" }), CLIENT_E_PROTOCOL },
        { "a layout that is a number", STEP(1, "info", { "layout", "u", "" }), CLIENT_E_PROTOCOL },
        { "choices that are one string", STEP(1, "choice", { "prompt", "s", "p" }, { "choices", "s", "a" }),
          CLIENT_E_PROTOCOL },
        { "a text that is a list", STEP(1, "info", { "text", "as", "ab" }), CLIENT_E_PROTOCOL },
        { "a prompt without a question", STEP(1, "prompt-echo", {}), CLIENT_E_PROTOCOL },
        { "a success for nobody", STEP(1, "done", { "account", "s", "a" }, { "method", "s", "qr" }), CLIENT_E_PROTOCOL },
        { "an escape sequence in a text", STEP(1, "info", { "text", "s", "\x1b[2J" }), CLIENT_E_PROTOCOL },
        { "a letter in a picture", STEP(1, "scan", { "picture", "s", "#x#" }), CLIENT_E_PROTOCOL },

        { "no body", { MANNER_SHORT, 1, "info", {} }, CLIENT_E_PROTOCOL },
        { "an argument more", { MANNER_LONG, 1, "info", {} }, CLIENT_E_PROTOCOL },
        { "nothing at all", { MANNER_EMPTY, 0, NULL, {} }, CLIENT_E_PROTOCOL },

        { "access denied", { MANNER_ERROR, 0, "org.freedesktop.DBus.Error.AccessDenied", {} }, CLIENT_E_REFUSED },
        { "no room", { MANNER_ERROR, 0, "org.freedesktop.DBus.Error.LimitsExceeded", {} }, CLIENT_E_REFUSED },
        { "bad arguments", { MANNER_ERROR, 0, "org.freedesktop.DBus.Error.InvalidArgs", {} }, CLIENT_E_PROTOCOL },
        { "no such method", { MANNER_ERROR, 0, "org.freedesktop.DBus.Error.UnknownMethod", {} }, CLIENT_E_PROTOCOL },
        { "unavailable", { MANNER_ERROR, 0, "org.itax.Auth1.Error.Unavailable", {} }, CLIENT_E_AWAY },
        { "an error of no known name", { MANNER_ERROR, 0, "org.example.Success", {} }, CLIENT_E_AWAY },
        { "the other side hangs up", { MANNER_HANG_UP, 0, NULL, {} }, CLIENT_E_AWAY },
};

static void test_read(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(read_cases); i++) {
                const ReadCase *c = &read_cases[i];
                _cleanup_(client_freep) Client *client = NULL;
                _cleanup_(step_done) Step step = { .serial = 99, .kind = STEP_INFO };
                Peer peer;
                int r;

                peer_start(&peer, &c->reply, 1, &client);
                r = client_next(client, NULL, &step);
                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                if (r == 0) {
                        assert_int_equal(step.serial, c->reply.serial);
                        assert_string_equal(step_kind_to_string(step.kind), c->reply.kind);
                } else {
                        /* Untouched, and the login is over. */
                        assert_int_equal(step.serial, 99);
                        assert_int_equal(client_next(client, NULL, &step), -EINVAL);
                }
                peer_stop(&peer, &client);
                assert_int_equal(peer.serials[0], 0);
                assert_int_equal(peer.n_answers[0], 0);
        }
}

static void test_members(_unused_ void **state) {
        static const Reply replies[] = {
                STEP(5, "choice", { "layout", "s", "lines" }, { "text", "s", "t1\nt2" }, { "picture", "s", "##" },
                     { "prompt", "s", "p" }, { "choices", "as", "ab" }),
                DONE({ "name", "s", "n" }, { "unit", "s", "9" }, { "unit_name", "s", "u" }, { "text", "s", "t" }),
        };
        _cleanup_(client_freep) Client *client = NULL;
        _cleanup_(secret_freep) Secret *answer = NULL;
        _cleanup_(step_done) Step step = {};
        Peer peer;

        peer_start(&peer, replies, ELEMENTSOF(replies), &client);
        assert_int_equal(client_next(client, NULL, &step), 0);
        assert_int_equal(step.kind, STEP_CHOICE);
        assert_int_equal(step.layout, LAYOUT_LINES);
        assert_int_equal(step.reason, REASON_NONE);
        assert_string_equal(step.text, "t1\nt2");
        assert_string_equal(step.picture, "##");
        assert_string_equal(step.prompt, "p");
        assert_string_equal(step.choices[0], "a");
        assert_string_equal(step.choices[1], "b");
        assert_null(step.choices[2]);
        assert_null(step.user);

        assert_int_equal(secret_new_from("a\0\xff\x1b", 4, &answer), 0);
        assert_int_equal(client_next(client, answer, &step), 0);
        assert_int_equal(step.kind, STEP_DONE);
        assert_int_equal(step.layout, LAYOUT_FOLDED);
        assert_string_equal(step.user, "zs");
        assert_string_equal(step.account, "a");
        assert_string_equal(step.name, "n");
        assert_string_equal(step.unit, "9");
        assert_string_equal(step.unit_name, "u");
        assert_string_equal(step.method, "qr");
        assert_null(step.prompt);
        assert_null(step.choices);

        /* Nothing follows a terminal step. */
        assert_int_equal(client_next(client, answer, &step), -EINVAL);
        peer_stop(&peer, &client);
        assert_int_equal(peer.n_calls, 2);
        assert_int_equal(peer.serials[0], 0);
        assert_int_equal(peer.serials[1], 5);
        assert_int_equal(peer.n_answers[1], 4);
        assert_memory_equal(peer.answers[1], "a\0\xff\x1b", 4);
}

/* threats 15 */
static void test_answer_length(_unused_ void **state) {
        static const Reply replies[] = {
                STEP(1, "prompt-secret", { "prompt", "s", "p" }),
                STEP(2, "prompt-secret", { "prompt", "s", "p" }),
                STEP(3, "prompt-secret", { "prompt", "s", "p" }),
        };
        _cleanup_(client_freep) Client *client = NULL;
        _cleanup_(secret_freep) Secret *empty = NULL, *full = NULL, *long_answer = NULL;
        _cleanup_(step_done) Step step = {};
        char bytes[LIMIT_ANSWER_BYTES + 1];
        Peer peer;

        memset(bytes, 'x', sizeof(bytes));
        assert_int_equal(secret_new_from(bytes, 0, &empty), 0);
        assert_int_equal(secret_new_from(bytes, LIMIT_ANSWER_BYTES, &full), 0);
        assert_int_equal(secret_new_from(bytes, LIMIT_ANSWER_BYTES + 1, &long_answer), 0);

        peer_start(&peer, replies, ELEMENTSOF(replies), &client);
        assert_int_equal(client_next(client, NULL, &step), 0);
        assert_int_equal(client_next(client, empty, &step), 0);
        assert_int_equal(client_next(client, full, &step), 0);
        assert_int_equal(client_next(client, long_answer, &step), -EINVAL);
        assert_int_equal(step.serial, 3);
        peer_stop(&peer, &client);
        assert_int_equal(peer.n_calls, 3);
        assert_int_equal(peer.n_answers[1], 0);
        assert_int_equal(peer.n_answers[2], LIMIT_ANSWER_BYTES);
}

static void test_same_serial(_unused_ void **state) {
        static const Reply replies[] = {
                STEP(7, "info", {}),
                STEP(7, "info", {}),
        };
        _cleanup_(client_freep) Client *client = NULL;
        _cleanup_(step_done) Step step = {};
        Peer peer;

        peer_start(&peer, replies, ELEMENTSOF(replies), &client);
        assert_int_equal(client_next(client, NULL, &step), 0);
        assert_int_equal(client_next(client, NULL, &step), CLIENT_E_PROTOCOL);
        peer_stop(&peer, &client);
}

typedef struct KeyCase {
        const char *sentence;
        Reply replies[3]; /* to the first call, to nothing, to the key */
        int result;
        StepKind kind;
} KeyCase;

#define SCAN(manner, ...) { manner, 1, "scan", { __VA_ARGS__ } }
#define KEY { "key", "b", "" }
#define PROMPT { "prompt", "s", "p" }
static const KeyCase key_cases[] = {
        { "the key overtakes",
          { SCAN(MANNER_STEP, KEY), { .manner = MANNER_SILENT }, { MANNER_OVERTAKEN, 2, "prompt-echo", { PROMPT } } },
          0, STEP_PROMPT_ECHO },
        { "the key comes too late",
          { SCAN(MANNER_STEP, KEY), { .manner = MANNER_SILENT }, { MANNER_CROSSED, 2, "info", {} } }, 0, STEP_INFO },
        { "the key comes after the end",
          { SCAN(MANNER_STEP, KEY), { .manner = MANNER_SILENT },
            { MANNER_CROSSED, 2, "fail", { { "reason", "s", "denied" } } } }, 0, STEP_FAIL },
        { "the key is not answered", { SCAN(MANNER_STEP, KEY), { .manner = MANNER_SILENT }, { .manner = MANNER_HANG_UP } },
          CLIENT_E_AWAY, 0 },
        { "neither counts",
          { SCAN(MANNER_STEP, KEY), { .manner = MANNER_SILENT }, { .manner = MANNER_BOTH_SUPERSEDED } },
          CLIENT_E_AWAY, 0 },
        { "the key overtakes with the same serial",
          { SCAN(MANNER_STEP, KEY), { .manner = MANNER_SILENT }, { MANNER_OVERTAKEN, 1, "info", {} } },
          CLIENT_E_PROTOCOL, 0 },
};

static void test_key(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(key_cases); i++) {
                const KeyCase *c = &key_cases[i];
                _cleanup_(client_freep) Client *client = NULL;
                _cleanup_(secret_freep) Secret *key = NULL;
                _cleanup_(step_done) Step step = {};
                int fds[2], r;
                Peer peer;

                assert_int_equal(pipe(fds), 0);
                assert_int_equal(secret_new_from("key", 3, &key), 0);
                peer_start(&peer, c->replies, 3, &client);
                assert_int_equal(client_receive(client, -1, &step), -EINVAL); /* nothing was sent */
                assert_int_equal(client_next(client, NULL, &step), 0);
                assert_int_equal(client_send(client, NULL), 0);
                assert_int_equal(client_send(client, NULL), -EINVAL);
                assert_int_equal(write(fds[1], "x", 1), 1);
                /* The descriptor is looked at and not read. */
                for (int n = 0; n < 3; n++)
                        assert_int_equal(client_receive(client, fds[0], &step), CLIENT_INPUT);
                assert_int_equal(client_send(client, key), 0);
                assert_int_equal(client_send(client, key), -EINVAL);
                r = client_receive(client, -1, &step);
                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                if (r == 0)
                        assert_int_equal(step.kind, c->kind);
                peer_stop(&peer, &client);
                assert_int_equal(peer.n_answers[1], 0);
                assert_int_equal(peer.n_answers[2], 3);
                assert_int_equal(peer.serials[2], 1);
                (void)close(fds[0]);
                (void)close(fds[1]);
        }
}

/* Only where the daemon offers it. */
static void test_key_out_of_turn(_unused_ void **state) {
        static const Reply cases[][2] = {
                { { MANNER_STEP, 1, "scan", {} }, { .manner = MANNER_SILENT } },
                { { MANNER_STEP, 1, "prompt-echo", { PROMPT } }, { .manner = MANNER_SILENT } },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(client_freep) Client *client = NULL;
                _cleanup_(secret_freep) Secret *key = NULL;
                _cleanup_(step_done) Step step = {};
                Peer peer;

                assert_int_equal(secret_new_from("key", 3, &key), 0);
                peer_start(&peer, cases[i], 2, &client);
                assert_int_equal(client_next(client, NULL, &step), 0);
                assert_int_equal(client_send(client, NULL), 0);
                assert_int_equal(client_send(client, key), -EINVAL);
                peer_stop(&peer, &client);
                assert_int_equal(peer.n_calls <= 2, true);
        }
}

/* The end of the other descriptor is input, too. */
static void test_input(_unused_ void **state) {
        static const Reply replies[] = { SCAN(MANNER_STEP, KEY), { .manner = MANNER_SILENT } };
        _cleanup_(client_freep) Client *client = NULL;
        _cleanup_(step_done) Step step = {};
        int fds[2];
        Peer peer;

        assert_int_equal(pipe(fds), 0);
        peer_start(&peer, replies, 2, &client);
        assert_int_equal(client_next(client, NULL, &step), 0);
        assert_int_equal(client_send(client, NULL), 0);
        (void)close(fds[1]);
        assert_int_equal(client_receive(client, fds[0], &step), CLIENT_INPUT);
        (void)close(fds[0]);
        assert_int_equal(client_receive(client, fds[0], &step), CLIENT_INPUT);
        peer_stop(&peer, &client);
}

/* threats 33: a daemon that is stopped, before it greets and in the middle of the conversation */
static void test_no_greeting(_unused_ void **state) {
        _cleanup_(client_freep) Client *client = NULL;
        _cleanup_(closep) int other = -1;
        _cleanup_(step_done) Step step = {};
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        other = fds[0];
        assert_int_equal(client_new_from_fd(fds[1], 10 * USEC_PER_MSEC, &client), 0);
        assert_int_equal(client_next(client, NULL, &step), CLIENT_E_AWAY);
}

static void test_no_reply(_unused_ void **state) {
        static const Reply silent = { .manner = MANNER_SILENT };
        _cleanup_(client_freep) Client *client = NULL;
        _cleanup_(step_done) Step step = {};
        int fds[2];
        Peer peer = { .replies = &silent, .n_replies = 1 };

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        peer.fd = fds[0];
        assert_int_equal(pthread_create(&peer.thread, NULL, peer_run, &peer), 0);
        assert_int_equal(client_new_from_fd(fds[1], 50 * USEC_PER_MSEC, &client), 0);
        assert_int_equal(client_next(client, NULL, &step), CLIENT_E_AWAY);
        peer_stop(&peer, &client);
}

static void test_hang_up_first(_unused_ void **state) {
        _cleanup_(client_freep) Client *client = NULL;
        _cleanup_(step_done) Step step = {};
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
        (void)close(fds[0]);
        /* Noticed at once or with the first call; SIGPIPE is never raised (threats 91). */
        if (client_new_from_fd(fds[1], WAIT_USEC, &client) == 0)
                assert_int_equal(client_next(client, NULL, &step), CLIENT_E_AWAY);
}

/* threats 94: a child has no part in its parent's login, and ends nothing by ending. */
static void test_fork(_unused_ void **state) {
        static const Reply replies[] = {
                STEP(1, "prompt-secret", { "prompt", "s", "p" }),
                STEP(2, "fail", { "reason", "s", "denied" }),
        };
        _cleanup_(client_freep) Client *client = NULL;
        _cleanup_(step_done) Step step = {};
        Peer peer;
        int status;
        pid_t pid;

        peer_start(&peer, replies, ELEMENTSOF(replies), &client);
        assert_int_equal(client_next(client, NULL, &step), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                int r = client_next(client, NULL, &step);

                (void)client_free(client);
                _exit(r == CLIENT_E_AWAY ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(client_next(client, NULL, &step), 0);
        assert_int_equal(step.kind, STEP_FAIL);
        peer_stop(&peer, &client);
        assert_int_equal(peer.n_calls, 2);
}

typedef struct TrustCase {
        const char *sentence;
        const char *passwd;
        uid_t uid;
        bool trusted;
} TrustCase;

static const TrustCase trust_cases[] = {
        { "root is trusted", "", 0, true },
        { "the daemon's user is trusted", "_itaxd:x:998:998::/:/bin/false\n", 998, true },
        { "somebody else is not", "_itaxd:x:998:998::/:/bin/false\n", 997, false },
        { "nobody is, where there is no such user", "a:x:998:998::/:/bin/sh\n", 998, false },
        { "the first line of a name counts", "_itaxd:x:1:1::/:/\n_itaxd:x:998:998::/:/\n", 998, false },
        { "a longer name is another", "_itaxd2:x:998:998::/:/\nx_itaxd:x:998:998::/:/\n", 998, false },
        { "an empty file names nobody", "", 998, false },
        { "the unknown uid is not trusted", "_itaxd:x:998:998::/:/bin/false\n", (uid_t)-1, false },
};

static void test_trust(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(trust_cases); i++) {
                const TrustCase *c = &trust_cases[i];
                char path[] = "/tmp/itax-test-XXXXXX";
                FILE *f;
                int fd;

                fd = mkstemp(path);
                assert_true(fd >= 0);
                f = fdopen(fd, "w");
                assert_non_null(f);
                assert_true(fputs(c->passwd, f) >= 0);
                assert_int_equal(fclose(f), 0);
                if (trust_owner(c->uid, path) != c->trusted)
                        fail_msg("%s", c->sentence);
                (void)unlink(path);
        }

        assert_true(trust_owner(0, "/nonexistent"));
        assert_false(trust_owner(998, "/nonexistent"));
}

/* threats 105: no bus, or something else in its place */
static void test_no_bus(_unused_ void **state) {
        ClientPlace place = { .bus_path = "/nonexistent/bus", .passwd_path = "/dev/null",
                              .open_wait_usec = WAIT_USEC, .next_wait_usec = WAIT_USEC };
        _cleanup_(client_freep) Client *client = NULL;
        ClientRequest request = {};
        ClientProbe probe;
        char path[200];

        assert_int_equal(client_open_at(&place, &request, &client), CLIENT_E_AWAY);
        place.bus_path = "/dev/null";
        assert_int_equal(client_open_at(&place, &request, &client), CLIENT_E_AWAY);
        assert_int_equal(client_probe_at(&place, &probe), CLIENT_E_AWAY);
        assert_int_equal(probe.stage, CLIENT_STAGE_BUS);
        memset(path, 'x', sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        place.bus_path = path;
        assert_int_equal(client_open_at(&place, &request, &client), -EINVAL);
        assert_null(client);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_read),
                cmocka_unit_test(test_members),
                cmocka_unit_test(test_answer_length),
                cmocka_unit_test(test_same_serial),
                cmocka_unit_test(test_key),
                cmocka_unit_test(test_key_out_of_turn),
                cmocka_unit_test(test_input),
                cmocka_unit_test(test_no_greeting),
                cmocka_unit_test(test_no_reply),
                cmocka_unit_test(test_hang_up_first),
                cmocka_unit_test(test_fork),
                cmocka_unit_test(test_trust),
                cmocka_unit_test(test_no_bus),
        };

        return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
