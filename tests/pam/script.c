/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Script: client.h as a list of steps. */

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/pam/harness.h"

#define INPUT_MSEC 20000

struct Client {
        Scene *scene;
        bool is_waiting; /* a code stands, and neither input nor a key has come */
        size_t n_sent;   /* since the last step */
};

static _Thread_local Scene *scene_now;

void script_scene(Scene *scene) {
        scene_now = scene;
}

static void keep(char *place, size_t n, const char *value) {
        (void)snprintf(place, n, "%s", value ? value : "");
}

#define KEEP(scene, member, from) keep((scene)->request.member, sizeof((scene)->request.member), (from)->member)

static void note_request(Scene *scene, const ClientRequest *request) {
        KEEP(scene, service, request);
        KEEP(scene, user, request);
        KEEP(scene, tty, request);
        KEEP(scene, rhost, request);
        KEEP(scene, locale, request);
        KEEP(scene, method, request);
        KEEP(scene, unit, request);
        KEEP(scene, prompts, request);
        KEEP(scene, purpose, request);
        KEEP(scene, session, request);
        scene->request.timeout_sec = request->timeout_sec;
        scene->request.max_age_sec = request->max_age_sec;
        scene->request.has_user = request->user;
        scene->request.silent = request->silent;
        scene->request.refuse_empty = request->refuse_empty;
        scene->request.keys = request->keys;
}

_export_ int client_open(const ClientRequest *request, Client **ret) {
        Scene *scene = scene_now;
        Client *client;

        harness_depth++;
        scene->n_opens++;
        note_request(scene, request);
        harness_depth--;
        if (scene->play->open_result)
                return scene->play->open_result;

        client = calloc(1, sizeof(*client));
        if (!client)
                return -ENOMEM;
        client->scene = scene;
        *ret = client;
        return 0;
}

_export_ int client_check(const ClientRequest *request, ClientVerdict *ret) {
        Scene *scene = scene_now;

        harness_depth++;
        scene->n_checks++;
        note_request(scene, request);
        harness_depth--;
        if (scene->play->check_result)
                return scene->play->check_result;
        *ret = scene->play->verdict;
        return 0;
}

static int note_report(const char *sign, const char *session, const char *user) {
        Scene *scene = scene_now;
        char *reports = NULL;

        harness_depth++;
        assert_true(asprintf(&reports, "%s%s%s%s%s", scene->reports, sign, session, user ? ":" : "",
                             user ? user : "") >= 0);
        free(scene->reports);
        scene->reports = reports;
        harness_depth--;
        return scene->play->session_result;
}

_export_ int client_open_session(const ClientRequest *request) {
        return note_report("+", request->session, request->user);
}

_export_ int client_close_session(const char *session) {
        return note_report("-", session, NULL);
}

static void note_answer(Scene *scene, const Secret *answer) {
        char *sent = NULL;

        if (answer)
                assert_true(asprintf(&sent, "%s<%.*s>", scene->sent, (int)secret_size(answer),
                                     secret_text(answer)) >= 0);
        else
                assert_true(asprintf(&sent, "%s-", scene->sent) >= 0);
        free(scene->sent);
        scene->sent = sent;
}

static int next_step(Scene *scene, Step *step) {
        const Step *next;

        next = scene->i_step < PLAY_STEPS ? &scene->play->steps[scene->i_step] : NULL;
        if (!next || next->serial == 0)
                return scene->play->next_result ? scene->play->next_result : CLIENT_E_AWAY;

        scene->i_step++;
        /* A step that the real client would have refused has no place in a test. */
        assert_int_equal(step_validate(next), 0);
        step_done(step);
        step_copy(next, step);
        return 0;
}

_export_ int client_send(Client *client, const Secret *answer) {
        Scene *scene = client->scene;
        const Step *last = scene->i_step > 0 ? &scene->play->steps[scene->i_step - 1] : NULL;

        harness_depth++;
        /* Once for each step, or once more where it is a code that a key leaves. */
        assert_true(client->n_sent == 0 || (client->n_sent == 1 && last && last->key && answer));
        client->n_sent++;
        note_answer(scene, answer);
        client->is_waiting = last && last->kind == STEP_SCAN && !answer && scene->play->n_inputs > 0;
        harness_depth--;
        return 0;
}

/* Somebody types, or nobody does and the test fails. */
static int wait_for_input(Client *client, int input_fd) {
        struct pollfd fd = { .fd = input_fd, .events = POLLIN };

        assert_true(input_fd >= 0);
        if (client->scene->n_inputs == client->scene->play->n_inputs)
                return 0;
        assert_int_equal(poll(&fd, 1, INPUT_MSEC), 1);
        client->scene->n_inputs++;
        return CLIENT_INPUT;
}

_export_ int client_receive(Client *client, int input_fd, Step *step) {
        int r;

        harness_depth++;
        r = client->is_waiting ? wait_for_input(client, input_fd) : 0;
        if (r == 0) {
                client->n_sent = 0;
                r = next_step(client->scene, step);
        }
        harness_depth--;
        return r;
}

_export_ int client_next(Client *client, const Secret *answer, Step *step) {
        int r;

        r = client_send(client, answer);
        return r != 0 ? r : client_receive(client, -1, step);
}

_export_ Client *client_free(Client *client) {
        if (client)
                client->scene->n_frees++;
        free(client);
        return NULL;
}
