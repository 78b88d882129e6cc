/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bus peer: the private socket lets one kind of call through, in order, of bounded size, and its
 * end is noticed */

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include <cmocka.h>

#include "daemon/bus/bus-private.h"
#include "lib/client/client-private.h"
#include "lib/common/limits.h"

#define AUTH "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"
#define AUTH_BYTES (sizeof(AUTH) - 1)

/* What the handlers saw, and what they shall do. */
typedef struct Seen {
        BusPeer *peer;
        size_t n_next, n_first, n_gone;
        char answer[BUS_ANSWER_BYTES_MAX + 1];
        size_t n_answer;
        enum { DO_NOTHING, DO_REPLY, DO_REPLY_AND_FREE, DO_FREE } act;
        StepKind kind;
} Seen;

static Step make_step(StepKind kind) {
        Step step = { .kind = kind, .layout = LAYOUT_FOLDED };

        if (kind == STEP_PROMPT_SECRET)
                step.prompt = strdup("Password: ");
        if (kind == STEP_INFO)
                step.text = strdup("welcome");
        if (kind == STEP_SCAN) {
                step.picture = strdup("##");
                step.key = true;
        }
        if (kind == STEP_FAIL)
                step.reason = REASON_DENIED;
        if (kind == STEP_DONE) {
                step.user = strdup("jia");
                step.account = strdup("ceshi_jia");
                step.name = strdup("测试甲");
                step.method = strdup("password");
        }
        return step;
}

static int reply(Seen *seen, StepKind kind) {
        _cleanup_(step_done) Step step = make_step(kind);

        return bus_peer_reply(seen->peer, &step);
}

static void on_next(BusPeer *peer, bool first, const Secret *answer, void *userdata) {
        Seen *seen = userdata;

        assert_ptr_equal(peer, seen->peer);
        seen->n_next++;
        seen->n_first += first;
        seen->n_answer = secret_size(answer);
        memcpy(seen->answer, secret_text(answer), seen->n_answer + 1);
        if (seen->act == DO_REPLY || seen->act == DO_REPLY_AND_FREE)
                assert_int_equal(reply(seen, seen->kind), 0);
        if (seen->act == DO_FREE || seen->act == DO_REPLY_AND_FREE)
                seen->peer = bus_peer_free(seen->peer);
}

static void on_gone(BusPeer *peer, void *userdata) {
        Seen *seen = userdata;

        assert_ptr_equal(peer, seen->peer);
        seen->n_gone++;
        if (seen->act == DO_FREE)
                seen->peer = bus_peer_free(seen->peer);
}

static const BusPeerHandlers handlers = { .next = on_next, .gone = on_gone };

typedef struct Place {
        sd_event *event;
        Seen seen;
        int fd; /* the client's end, blocking */
} Place;

static void place_init(Place *place) {
        int fds[2];

        *place = (Place){ .seen = { .act = DO_REPLY, .kind = STEP_PROMPT_SECRET } };
        assert_true(sd_event_new(&place->event) >= 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
                         0);
        assert_int_equal(
                bus_peer_new(place->event, fds[0], &handlers, &place->seen, &place->seen.peer), 0);
        place->fd = fds[1];
}

static void place_done(Place *place) {
        place->seen.peer = bus_peer_free(place->seen.peer);
        closep(&place->fd);
        place->event = sd_event_unref(place->event);
}

/* Do all that can be done without waiting. */
static void settle(Place *place) {
        for (size_t i = 0; i < 100 && sd_event_run(place->event, 0) > 0; i++)
                ;
}

static void put(Place *place, const void *bytes, size_t n) {
        assert_int_equal(send(place->fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
        settle(place);
}

/* What came back; 0 when nothing did or at the end. */
static size_t get(Place *place, char *ret, size_t n) {
        ssize_t got = recv(place->fd, ret, n - 1, MSG_DONTWAIT);

        ret[got > 0 ? got : 0] = '\0';
        return got > 0 ? (size_t)got : 0;
}

static void log_in(Place *place) {
        char out[512];

        put(place, AUTH, AUTH_BYTES);
        assert_true(get(place, out, sizeof(out)) > 0);
        assert_non_null(strstr(out, "OK "));
        assert_int_equal(place->seen.n_gone, 0);
}

/* A method call as its bytes, so that every one of them can be wrong. */
typedef struct Call {
        char bytes[16384];
        size_t n;
} Call;

static void call_pad(Call *call, size_t to) {
        while (call->n % to)
                call->bytes[call->n++] = '\0';
}

static void call_number(Call *call, uint32_t value) {
        call_pad(call, 4);
        memcpy(call->bytes + call->n, &value, 4);
        call->n += 4;
}

static void call_field(Call *call, char code, char type, const char *value) {
        call_pad(call, 8);
        call->bytes[call->n++] = code;
        call->bytes[call->n++] = 1;
        call->bytes[call->n++] = type;
        call->bytes[call->n++] = '\0';
        if (type == 'g')
                call->bytes[call->n++] = (char)strlen(value);
        else
                call_number(call, (uint32_t)strlen(value));
        memcpy(call->bytes + call->n, value, strlen(value) + 1);
        call->n += strlen(value) + 1;
}

static void make_call(const char *path, const char *interface, const char *member,
                      const char *signature, uint32_t serial, size_t n_answer, Call *ret) {
        const uint32_t one = 1;
        uint32_t n_fields, n_body;
        size_t body;

        *ret = (Call){};
        ret->bytes[0] = *(const char *)&one ? 'l' : 'B';
        ret->bytes[1] = 1;
        ret->bytes[3] = 1;
        ret->n = 8;
        call_number(ret, 77);
        call_number(ret, 0);
        call_field(ret, 1, 'o', path);
        call_field(ret, 2, 's', interface);
        call_field(ret, 3, 's', member);
        if (*signature)
                call_field(ret, 8, 'g', signature);
        n_fields = (uint32_t)(ret->n - 16);
        call_pad(ret, 8);
        body = ret->n;
        if (*signature == 'u')
                call_number(ret, serial);
        if (strchr(signature, 'a')) {
                call_number(ret, (uint32_t)n_answer);
                assert_true(ret->n + n_answer <= sizeof(ret->bytes));
                memset(ret->bytes + ret->n, 'x', n_answer);
                ret->n += n_answer;
        }
        n_body = (uint32_t)(ret->n - body);
        memcpy(ret->bytes + 4, &n_body, 4);
        memcpy(ret->bytes + 12, &n_fields, 4);
}

static void make_next(uint32_t serial, size_t n_answer, Call *ret) {
        make_call(BUS_PEER_PATH, BUS_PEER_INTERFACE, "Next", "uay", serial, n_answer, ret);
}

static void test_a_conversation(void **state) {
        Place place;
        Call call;

        (void)state;
        place_init(&place);
        log_in(&place);
        make_next(0, 0, &call);
        put(&place, call.bytes, call.n);
        assert_int_equal(place.seen.n_first, 1);
        for (uint32_t serial = 1; serial < 10; serial++) {
                make_next(serial, serial % 2 ? 9 : 0, &call);
                put(&place, call.bytes, call.n);
                assert_int_equal(place.seen.n_next, serial + 1);
                assert_string_equal(place.seen.answer, serial % 2 ? "xxxxxxxxx" : "");
        }
        assert_int_equal(place.seen.n_first, 1);
        assert_int_equal(place.seen.n_gone, 0);
        place_done(&place);
}

static void test_a_message_may_come_in_pieces(void **state) {
        Place place;
        Call call;

        (void)state;
        place_init(&place);
        for (size_t i = 0; i < AUTH_BYTES; i++)
                put(&place, &AUTH[i], 1);
        make_next(0, 0, &call);
        for (size_t i = 0; i < call.n; i++) {
                assert_int_equal(place.seen.n_next, 0);
                put(&place, call.bytes + i, 1);
        }
        assert_int_equal(place.seen.n_next, 1);
        assert_int_equal(place.seen.n_gone, 0);
        place_done(&place);
}

/* threats 24, 25, 29, 30: what is refused ends the login, and reaches nobody */
static const struct {
        const char *name, *path, *interface, *member, *signature;
        uint32_t serial;
        size_t n_answer;
} refused_cases[] = {
        { "a serial that was not given out", BUS_PEER_PATH, BUS_PEER_INTERFACE, "Next", "uay", 2,
          1 },
        { "the serial of the step before", BUS_PEER_PATH, BUS_PEER_INTERFACE, "Next", "uay", 0, 0 },
        { "the highest serial", BUS_PEER_PATH, BUS_PEER_INTERFACE, "Next", "uay", UINT32_MAX, 1 },
        { "an answer above the bound", BUS_PEER_PATH, BUS_PEER_INTERFACE, "Next", "uay", 1,
          BUS_ANSWER_BYTES_MAX + 1 },
        { "an answer far above it", BUS_PEER_PATH, BUS_PEER_INTERFACE, "Next", "uay", 1, 12000 },
        { "another method", BUS_PEER_PATH, BUS_PEER_INTERFACE, "Finish", "uay", 1, 1 },
        { "another interface", BUS_PEER_PATH, "org.itax.Auth1.Manager", "Next", "uay", 1, 1 },
        { "the method of the bus", BUS_PATH, BUS_INTERFACE, "OpenLogin", "", 0, 0 },
        { "another object", "/", BUS_PEER_INTERFACE, "Next", "uay", 1, 1 },
        { "no argument", BUS_PEER_PATH, BUS_PEER_INTERFACE, "Next", "", 0, 0 },
        { "half of the arguments", BUS_PEER_PATH, BUS_PEER_INTERFACE, "Next", "u", 1, 0 },
        { "a string for an answer", BUS_PEER_PATH, BUS_PEER_INTERFACE, "Next", "us", 1, 0 },
        { "an argument more", BUS_PEER_PATH, BUS_PEER_INTERFACE, "Next", "uayu", 1, 1 },
        { "introspection", BUS_PEER_PATH, "org.freedesktop.DBus.Introspectable", "Introspect", "",
          0, 0 },
        { "a ping", BUS_PEER_PATH, "org.freedesktop.DBus.Peer", "Ping", "", 0, 0 },
        { "the machine's id", BUS_PEER_PATH, "org.freedesktop.DBus.Peer", "GetMachineId", "", 0,
          0 },
        { "properties", BUS_PEER_PATH, "org.freedesktop.DBus.Properties", "GetAll", "", 0, 0 },
};

static void test_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(refused_cases); i++) {
                Place place;
                Call call;

                place_init(&place);
                log_in(&place);
                make_next(0, 0, &call);
                put(&place, call.bytes, call.n);
                assert_int_equal(place.seen.n_next, 1);

                make_call(refused_cases[i].path, refused_cases[i].interface,
                          refused_cases[i].member, refused_cases[i].signature,
                          refused_cases[i].serial, refused_cases[i].n_answer, &call);
                put(&place, call.bytes, call.n);
                if (place.seen.n_next != 1 || place.seen.n_gone != 1)
                        fail_msg("%s: next %zu gone %zu", refused_cases[i].name, place.seen.n_next,
                                 place.seen.n_gone);
                /* Once it is over, nothing brings it back. */
                make_next(1, 1, &call);
                put(&place, call.bytes, call.n);
                assert_int_equal(place.seen.n_next, 1);
                assert_int_equal(place.seen.n_gone, 1);
                assert_int_equal(reply(&place.seen, STEP_FAIL), -ENOTCONN);
                place_done(&place);
        }
}

static void test_the_first_call_brings_no_answer(void **state) {
        Place place;
        Call call;

        (void)state;
        place_init(&place);
        log_in(&place);
        make_next(0, 1, &call);
        put(&place, call.bytes, call.n);
        assert_int_equal(place.seen.n_next, 0);
        assert_int_equal(place.seen.n_gone, 1);
        place_done(&place);
}

static void test_a_second_call_while_one_waits(void **state) {
        char out[512];
        Place place;
        Call call;

        (void)state;
        place_init(&place);
        place.seen.act = DO_NOTHING;
        log_in(&place);
        make_next(0, 0, &call);
        put(&place, call.bytes, call.n);
        assert_int_equal(place.seen.n_next, 1);
        put(&place, call.bytes, call.n);
        assert_int_equal(place.seen.n_next, 1);
        assert_int_equal(place.seen.n_gone, 1);
        (void)get(&place, out, sizeof(out));
        place_done(&place);
}

/* threats 15: up to the bound an answer arrives whole, so that it can be refused with words */
static void test_long_answers(void **state) {
        static const size_t sizes[] = { 1, 255, 256, 257, 511, 512, 513, BUS_ANSWER_BYTES_MAX };
        Place place;
        Call call;

        (void)state;
        place_init(&place);
        log_in(&place);
        make_next(0, 0, &call);
        put(&place, call.bytes, call.n);
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                make_next((uint32_t)i + 1, sizes[i], &call);
                put(&place, call.bytes, call.n);
                assert_int_equal(place.seen.n_answer, sizes[i]);
        }
        assert_int_equal(place.seen.n_gone, 0);
        place_done(&place);
}

/* threats 29, 31: lengths that are only claimed cost nothing */
static void test_claimed_lengths(void **state) {
        static const uint32_t claims[] = { BUS_MESSAGE_BYTES_MAX, 1024 * 1024, 128 * 1024 * 1024,
                                           UINT32_MAX - 7, UINT32_MAX };

        (void)state;
        for (size_t i = 0; i < 2 * ELEMENTSOF(claims); i++) {
                size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
                Place place;
                Call call;

                place_init(&place);
                log_in(&place);
                make_next(0, 0, &call);
                memcpy(call.bytes + (i % 2 ? 4 : 12), &claims[i / 2], 4);
                put(&place, call.bytes, call.n);
                assert_int_equal(place.seen.n_next, 0);
                assert_int_equal(place.seen.n_gone, 1);
                assert_true(mallinfo2().uordblks + mallinfo2().hblkhd < before + 64 * 1024);
                place_done(&place);
        }
}

static void test_nothing_may_follow_the_authentication(void **state) {
        static const struct {
                const char *name, *bytes;
                size_t n;
        } cases[] = {
                { "a message behind BEGIN", AUTH "l\1\0\1", AUTH_BYTES + 4 },
                { "no NUL in front", "AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n", 29 },
                { "HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27 },
        };
        char flood[4096];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Place place;

                place_init(&place);
                put(&place, cases[i].bytes, cases[i].n);
                if (place.seen.n_gone != 1)
                        fail_msg("%s", cases[i].name);
                place_done(&place);
        }

        for (size_t i = 0; i < 2; i++) {
                Place place;

                memset(flood, i ? '\n' : 'A', sizeof(flood));
                flood[0] = '\0';
                place_init(&place);
                put(&place, flood, sizeof(flood));
                assert_int_equal(place.seen.n_gone, 1);
                place_done(&place);
        }
}

/* threats 26, 27: the client goes at each point, and it is noticed at once and once */
static void test_gone(void **state) {
        enum {
                AT_ONCE,
                IN_AUTH,
                AFTER_AUTH,
                IN_MESSAGE,
                WAITING,
                AFTER_REPLY,
                WITH_DATA,
                N_POINTS
        };

        (void)state;
        for (int point = 0; point < N_POINTS; point++)
                for (int freeing = 0; freeing < 2; freeing++) {
                        Place place;
                        Call call;

                        place_init(&place);
                        place.seen.act = DO_NOTHING;
                        make_next(0, 0, &call);
                        if (point == IN_AUTH)
                                put(&place, AUTH, 9);
                        if (point >= AFTER_AUTH)
                                log_in(&place);
                        if (point == IN_MESSAGE)
                                put(&place, call.bytes, 40);
                        if (point >= WAITING)
                                put(&place, call.bytes, call.n);
                        if (point >= AFTER_REPLY)
                                assert_int_equal(reply(&place.seen, STEP_PROMPT_SECRET), 0);
                        if (point == WITH_DATA) {
                                make_next(1, 4, &call);
                                assert_int_equal(send(place.fd, call.bytes, call.n, 0),
                                                 (ssize_t)call.n);
                        }
                        place.seen.act = freeing ? DO_FREE : DO_NOTHING;
                        closep(&place.fd);
                        place.fd = -1;
                        settle(&place);
                        assert_int_equal(place.seen.n_gone, 1);
                        assert_int_equal(place.seen.n_next, point >= WAITING);
                        if (!freeing)
                                assert_int_equal(reply(&place.seen, STEP_FAIL), -ENOTCONN);
                        place_done(&place);
                }
}

static void test_half_closed_is_gone(void **state) {
        Place place;

        (void)state;
        place_init(&place);
        log_in(&place);
        assert_int_equal(shutdown(place.fd, SHUT_WR), 0);
        settle(&place);
        assert_int_equal(place.seen.n_gone, 1);
        place_done(&place);
}

static void test_the_handler_may_free_it(void **state) {
        char out[1024];
        Place place;
        Call call;

        (void)state;
        for (int with_reply = 0; with_reply < 2; with_reply++) {
                place_init(&place);
                place.seen.act = with_reply ? DO_REPLY_AND_FREE : DO_FREE;
                place.seen.kind = STEP_FAIL;
                log_in(&place);
                make_next(0, 0, &call);
                put(&place, call.bytes, call.n);
                assert_null(place.seen.peer);
                assert_int_equal(place.seen.n_gone, 0);
                /* What was said last still arrives. */
                assert_true(get(&place, out, sizeof(out)) > 0 || !with_reply);
                assert_int_equal(recv(place.fd, out, sizeof(out), MSG_DONTWAIT), 0);
                place_done(&place);
        }
}

static void test_replies_have_their_time(void **state) {
        _cleanup_(step_done) Step shapeless = { .kind = STEP_PROMPT_SECRET };
        Place place;
        Call call;

        (void)state;
        place_init(&place);
        place.seen.act = DO_NOTHING;
        assert_int_equal(reply(&place.seen, STEP_FAIL), -EPROTO);
        log_in(&place);
        assert_int_equal(reply(&place.seen, STEP_FAIL), -EPROTO);
        make_next(0, 0, &call);
        put(&place, call.bytes, call.n);
        assert_int_equal(bus_peer_reply(place.seen.peer, &shapeless), -EINVAL);
        assert_int_equal(reply(&place.seen, STEP_PROMPT_SECRET), 0);
        assert_int_equal(reply(&place.seen, STEP_PROMPT_SECRET), -EPROTO);
        assert_int_equal(place.seen.n_gone, 0);
        place_done(&place);
}

/* What the client may say once a code stands on its screen, a word a call: "held", "held again" (nothing,
 * with the serial of the code), "key" (an answer with that serial), "late key" (the same, when the
 * serial has moved on), "next" (nothing, with the serial of the step after); and "STEP" for a step that
 * the daemon sends meanwhile. */
static const struct {
        const char *sentence;
        const char *words[5];
        StepKind kind;        /* of the first step: a code that a key leaves, or something else */
        size_t n_next, n_gone, n_superseded;
} key_cases[] = {
        { "a key overtakes the call that waits", { "held", "key", "STEP" }, STEP_SCAN, 3, 0, 1 },
        { "a key without a call that waits is an answer", { "key", "STEP" }, STEP_SCAN, 2, 0, 0 },
        { "a second key", { "held", "key", "key" }, STEP_SCAN, 3, 1, 1 },
        { "nothing does not overtake nothing", { "held", "held again" }, STEP_SCAN, 2, 1, 0 },
        { "nothing does not overtake a key", { "held", "key", "held again" }, STEP_SCAN, 3, 1, 1 },
        { "nothing does not overtake a key that was the answer", { "key", "held again" }, STEP_SCAN, 2, 1, 0 },
        { "a key does not overtake what waits at a prompt", { "held", "key" }, STEP_PROMPT_SECRET, 2, 1, 0 },
        { "a key does not overtake what waits after words", { "held", "key" }, STEP_INFO, 2, 1, 0 },
        { "a key that crosses the next step counts for nothing", { "held", "STEP", "late key", "next" },
          STEP_SCAN, 3, 0, 1 },
        { "it does so once", { "held", "STEP", "late key", "late key" }, STEP_SCAN, 2, 1, 1 },
        { "and not after the next call", { "held", "STEP", "next", "late key" }, STEP_SCAN, 3, 1, 0 },
        { "nothing cannot cross", { "held", "STEP", "held again" }, STEP_SCAN, 2, 1, 0 },
        { "nor a key after a key", { "held", "key", "STEP", "late key" }, STEP_SCAN, 3, 1, 1 },
        { "nor a key at a prompt", { "held", "STEP", "late key" }, STEP_PROMPT_SECRET, 2, 1, 0 },
};

/* Errors named Superseded among the bytes that came back. */
static size_t n_superseded(Place *place) {
        static const char name[] = "org.itax.Auth1.Error.Superseded";
        char out[16384];
        const char *at = out, *end;
        size_t n = 0;

        end = out + get(place, out, sizeof(out));
        while ((at = memmem(at, (size_t)(end - at), name, sizeof(name)))) {
                at += sizeof(name);
                n++;
        }
        return n;
}

static void test_a_key_overtakes(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(key_cases); i++) {
                Place place;
                Call call;

                place_init(&place);
                log_in(&place);
                place.seen.kind = key_cases[i].kind;
                make_next(0, 0, &call);
                put(&place, call.bytes, call.n);
                place.seen.act = DO_NOTHING;

                for (size_t j = 0; j < ELEMENTSOF(key_cases[i].words) && key_cases[i].words[j]; j++) {
                        const char *word = key_cases[i].words[j];

                        if (strcmp(word, "STEP") == 0) {
                                assert_int_equal(reply(&place.seen, STEP_INFO), 0);
                                continue;
                        }
                        make_next(strcmp(word, "next") == 0 ? 2 : 1, strstr(word, "key") ? 5 : 0, &call);
                        put(&place, call.bytes, call.n);
                }
                if (place.seen.n_next != key_cases[i].n_next || place.seen.n_gone != key_cases[i].n_gone)
                        fail_msg("%s: next %zu gone %zu", key_cases[i].sentence, place.seen.n_next,
                                 place.seen.n_gone);
                if (n_superseded(&place) != key_cases[i].n_superseded)
                        fail_msg("%s: not as many were superseded", key_cases[i].sentence);
                place_done(&place);
        }
}

/* The handler is told of both, and may end the login at the second. */
static void test_the_handler_may_free_it_at_the_key(void **state) {
        Place place;
        Call call;

        (void)state;
        place_init(&place);
        log_in(&place);
        place.seen.kind = STEP_SCAN;
        make_next(0, 0, &call);
        put(&place, call.bytes, call.n);
        place.seen.act = DO_NOTHING;
        make_next(1, 0, &call);
        put(&place, call.bytes, call.n);
        assert_int_equal(place.seen.n_answer, 0);
        place.seen.act = DO_REPLY_AND_FREE;
        place.seen.kind = STEP_FAIL;
        make_next(1, 5, &call);
        put(&place, call.bytes, call.n);
        assert_string_equal(place.seen.answer, "xxxxx");
        assert_null(place.seen.peer);
        assert_int_equal(n_superseded(&place), 1);
        place_done(&place);
}

/* threats 28: bytes flipped in an honest conversation do no more than end it */
static void test_flips(void **state) {
        uint32_t x = 1;

        (void)state;
        for (size_t i = 0; i < 3000; i++) {
                Place place;
                Call call;

                place_init(&place);
                log_in(&place);
                make_next(0, 0, &call);
                for (size_t j = 0; j <= i % 3; j++) {
                        x = x * 1664525U + 1013904223U;
                        call.bytes[(x >> 8) % call.n] = (char)(x >> 24);
                }
                put(&place, call.bytes, call.n);
                make_next(1, 8, &call);
                put(&place, call.bytes, call.n);
                assert_true(place.seen.n_gone <= 1);
                assert_true(place.seen.n_next <= 2);
                place_done(&place);
        }
}

/* The client library at the other end, which blocks and so has a thread of its own. */
typedef struct Talk {
        int fd;
        int results[4];
        Step last;
} Talk;

static void *talk(void *userdata) {
        _cleanup_(secret_freep) Secret *answer = NULL;
        Client *client = NULL;
        Talk *t = userdata;

        t->results[0] = client_new_from_fd(t->fd, 10 * USEC_PER_SEC, &client);
        if (t->results[0] != 0)
                return NULL;
        t->results[1] = client_next(client, NULL, &t->last);
        if (t->results[1] == 0 && secret_new_from("Jia-pass1", 9, &answer) == 0)
                t->results[2] = client_next(client, answer, &t->last);
        if (t->results[2] == 0)
                t->results[3] = client_next(client, NULL, &t->last);
        client = client_free(client);
        return NULL;
}

static void test_the_client_library(void **state) {
        static const StepKind kinds[] = { STEP_PROMPT_SECRET, STEP_INFO, STEP_DONE };
        Talk t = { .results = { -1, -1, -1, -1 } };
        pthread_t thread;
        Place place;

        (void)state;
        place_init(&place);
        place.seen.act = DO_NOTHING;
        t.fd = place.fd;
        place.fd = -1;
        assert_int_equal(pthread_create(&thread, NULL, talk, &t), 0);
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                for (size_t j = 0; j < 1000 && place.seen.n_next <= i && !place.seen.n_gone; j++)
                        assert_true(sd_event_run(place.event, 10 * USEC_PER_SEC) >= 0);
                assert_int_equal(place.seen.n_next, i + 1);
                if (i == 1)
                        assert_string_equal(place.seen.answer, "Jia-pass1");
                assert_int_equal(reply(&place.seen, kinds[i]), 0);
        }
        /* Freed at once, as a manager does with its last step: the client reads it all the same. */
        place.seen.peer = bus_peer_free(place.seen.peer);
        assert_int_equal(pthread_join(thread, NULL), 0);
        for (size_t i = 0; i < ELEMENTSOF(t.results); i++)
                assert_int_equal(t.results[i], 0);
        assert_int_equal(t.last.kind, STEP_DONE);
        assert_string_equal(t.last.user, "jia");
        assert_string_equal(t.last.name, "测试甲");
        step_done(&t.last);
        place_done(&place);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_conversation),
                cmocka_unit_test(test_a_message_may_come_in_pieces),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_the_first_call_brings_no_answer),
                cmocka_unit_test(test_a_second_call_while_one_waits),
                cmocka_unit_test(test_long_answers),
                cmocka_unit_test(test_claimed_lengths),
                cmocka_unit_test(test_nothing_may_follow_the_authentication),
                cmocka_unit_test(test_gone),
                cmocka_unit_test(test_half_closed_is_gone),
                cmocka_unit_test(test_the_handler_may_free_it),
                cmocka_unit_test(test_replies_have_their_time),
                cmocka_unit_test(test_a_key_overtakes),
                cmocka_unit_test(test_the_handler_may_free_it_at_the_key),
                cmocka_unit_test(test_flips),
                cmocka_unit_test(test_the_client_library),
        };

        return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
