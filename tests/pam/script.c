/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Script: client.h as a list of steps. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/pam/harness.h"

struct Client {
        Scene *scene;
};

static _Thread_local Scene *scene_now;

void script_scene(Scene *scene) {
        scene_now = scene;
}

static void keep(char *place, size_t n, const char *value) {
        (void)snprintf(place, n, "%s", value ? value : "");
}

#define KEEP(scene, member, from) keep((scene)->request.member, sizeof((scene)->request.member), (from)->member)

_export_ int client_open(const ClientRequest *request, Client **ret) {
        Scene *scene = scene_now;
        Client *client;

        harness_depth++;
        scene->n_opens++;
        KEEP(scene, service, request);
        KEEP(scene, user, request);
        KEEP(scene, tty, request);
        KEEP(scene, rhost, request);
        KEEP(scene, locale, request);
        KEEP(scene, method, request);
        KEEP(scene, unit, request);
        KEEP(scene, prompts, request);
        scene->request.has_user = request->user;
        scene->request.silent = request->silent;
        scene->request.refuse_empty = request->refuse_empty;
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

static int next_step(Scene *scene, const Secret *answer, Step *step) {
        const Step *next;

        note_answer(scene, answer);
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

_export_ int client_next(Client *client, const Secret *answer, Step *step) {
        int r;

        harness_depth++;
        r = next_step(client->scene, answer, step);
        harness_depth--;
        return r;
}

_export_ Client *client_free(Client *client) {
        if (client)
                client->scene->n_frees++;
        free(client);
        return NULL;
}
