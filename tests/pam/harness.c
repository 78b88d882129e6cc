/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Harness: stacks in a folder of our own, and an application that notes each message. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/pam/harness.h"

#define SCRIPTED "pam_itax_scripted.so"
#define PLACED "pam_itax_place.so"
#define NEIGHBOUR "pam_itax_neighbour.so"

static char harness_folder[64];

_export_ HarnessTokens harness_tokens;

#define LINES(options) \
        "auth required @ " options "\naccount required @ " options "\npassword required @ " options \
        "\nsession required @ " options "\n"
#define AMONG(options) \
        "auth optional & set\nauth required @ " options "\nauth optional & note\naccount required @ " options \
        "\npassword optional & set\npassword required @ " options "\npassword optional & note\n"

/* The stacks; '@' stands for the module's path, '&' for that of the neighbour. */
static const struct {
        const char *name;
        const char *module;
        const char *text;
} stack_table[] = {
        { "alone", SCRIPTED, "auth required @\naccount required @\npassword required @\nsession required @\n" },
        { "chance", SCRIPTED, "auth sufficient @\nauth required pam_deny.so\naccount required @\n" },
        { "quiet", SCRIPTED,
          "auth required @ quiet\naccount required @ quiet\npassword required @ quiet\nsession required @ quiet\n" },
        { "options", SCRIPTED, "auth required @ method=qr unit=off prompts=many debug\n" },
        { "misspelt", SCRIPTED,
          "auth required @ methode=qr\naccount required @ methode=qr\n"
          "password required @ methode=qr\nsession required @ methode=qr\n" },
        { "first", SCRIPTED, AMONG("use_first_pass") },
        { "try", SCRIPTED, AMONG("try_first_pass") },
        { "after", SCRIPTED, AMONG("") },
        { "unit", SCRIPTED, LINES("only=unit") },
        { "age", SCRIPTED, LINES("max_age=900 timeout=60") },
        { "deny", SCRIPTED, LINES("others=deny") },
        { "mapped", SCRIPTED, LINES("others=mapped") },
        { "place", PLACED, "auth required @\naccount required @\npassword required @\nsession required @\n" },
};

static void find_module(const char *name, char *ret, size_t n) {
        char *slash;

        memset(ret, 0, n);
        assert_true(readlink("/proc/self/exe", ret, n - 64) > 0);
        slash = strrchr(ret, '/');
        (void)snprintf(slash + 1, 64, "%s", name);
}

static void write_stack(const char *folder, size_t i) {
        char path[128], module[512], neighbour[512];
        FILE *f;

        find_module(stack_table[i].module, module, sizeof(module));
        find_module(NEIGHBOUR, neighbour, sizeof(neighbour));
        (void)snprintf(path, sizeof(path), "%s/%s", folder, stack_table[i].name);
        f = fopen(path, "we");
        assert_non_null(f);
        for (const char *c = stack_table[i].text; *c; c++)
                (void)(*c == '@' ? fputs(module, f) : *c == '&' ? fputs(neighbour, f) : fputc(*c, f));
        assert_int_equal(fclose(f), 0);
}

int harness_setup(_unused_ void **state) {
        (void)snprintf(harness_folder, sizeof(harness_folder), "/tmp/itax-pam-XXXXXX");
        if (!mkdtemp(harness_folder))
                return -1;
        for (size_t i = 0; i < ELEMENTSOF(stack_table); i++)
                write_stack(harness_folder, i);
        return 0;
}

int harness_teardown(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(stack_table); i++) {
                char path[128];

                (void)snprintf(path, sizeof(path), "%s/%s", harness_folder, stack_table[i].name);
                (void)unlink(path);
        }
        return rmdir(harness_folder);
}

static void note_message(Scene *scene, const struct pam_message *message) {
        static const char *const marks[] = {
                [PAM_PROMPT_ECHO_OFF] = "*",
                [PAM_PROMPT_ECHO_ON] = "?",
                [PAM_ERROR_MSG] = "E",
                [PAM_TEXT_INFO] = "I",
        };
        char *shown = NULL;

        assert_true(asprintf(&shown, "%s%s%s:%s", scene->shown, scene->shown[0] ? "|" : "",
                             marks[message->msg_style], message->msg) >= 0);
        free(scene->shown);
        scene->shown = shown;
}

static const char *next_answer(Scene *scene) {
        const char *answer;

        if (scene->i_answer >= PLAY_ANSWERS)
                return "";
        answer = scene->play->answers[scene->i_answer++];
        return answer ? answer : "";
}

static struct pam_response *respond(const char *text) {
        struct pam_response *response;

        response = calloc(1, sizeof(*response));
        assert_non_null(response);
        response->resp = text ? strdup(text) : NULL;
        return response;
}

_Thread_local unsigned harness_depth;

static int answer_message(int n, const struct pam_message **messages, struct pam_response **ret, void *userdata) {
        Scene *scene = userdata;
        const struct pam_message *message = messages[0];
        const bool asks = message->msg_style == PAM_PROMPT_ECHO_ON || message->msg_style == PAM_PROMPT_ECHO_OFF;
        const size_t i = scene->n_messages++;

        assert_int_equal(n, 1);
        note_message(scene, message);
        if (scene->on_message)
                scene->on_message(scene);

        *ret = NULL;
        switch (i == scene->play->fault_at ? scene->play->fault : CONV_FINE) {
        case CONV_FAILS:
                return PAM_CONV_ERR;
        case CONV_FAILS_FULL:
                *ret = respond("half a password");
                return PAM_CONV_ERR;
        case CONV_AGAIN:
                return PAM_CONV_AGAIN;
        case CONV_NO_RESPONSE:
                return PAM_SUCCESS;
        case CONV_NO_TEXT:
                *ret = respond(NULL);
                return PAM_SUCCESS;
        case CONV_SPEAKS_FIRST:
                *ret = respond("chatter");
                return PAM_SUCCESS;
        case CONV_FINE:
                break;
        }
        if (asks)
                *ret = respond(next_answer(scene));
        return PAM_SUCCESS;
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret, void *userdata) {
        int code;

        harness_depth++;
        code = answer_message(n, messages, ret, userdata);
        harness_depth--;
        return code;
}

void scene_start(Scene *scene, const Play *play, const char *stack, const char *user) {
        scene->play = play;
        scene->conv = (struct pam_conv){ .conv = converse, .appdata_ptr = scene };
        scene->shown = strdup("");
        scene->sent = strdup("");
        scene->reports = strdup("");
        assert_int_equal(pam_start_confdir(stack, user, &scene->conv, harness_folder, &scene->handle),
                         PAM_SUCCESS);
        script_scene(scene);
}

void scene_finish(Scene *scene) {
        if (scene->handle)
                assert_int_equal(pam_end(scene->handle, PAM_SUCCESS), PAM_SUCCESS);
        free(scene->shown);
        free(scene->sent);
        free(scene->reports);
        *scene = (Scene){};
        script_scene(NULL);
}

const char *scene_user(const Scene *scene) {
        const void *item = NULL;

        assert_int_equal(pam_get_item(scene->handle, PAM_USER, &item), PAM_SUCCESS);
        return item;
}

static char *copy(const char *s) {
        return s ? strdup(s) : NULL;
}

void step_copy(const Step *step, Step *ret) {
        size_t n = 0;

        *ret = *step;
        ret->text = copy(step->text);
        ret->picture = copy(step->picture);
        ret->prompt = copy(step->prompt);
        ret->user = copy(step->user);
        ret->account = copy(step->account);
        ret->name = copy(step->name);
        ret->unit = copy(step->unit);
        ret->unit_name = copy(step->unit_name);
        ret->method = copy(step->method);
        ret->session = copy(step->session);
        if (!step->choices)
                return;
        while (step->choices[n])
                n++;
        ret->choices = calloc(n + 1, sizeof(char *));
        for (size_t i = 0; i < n; i++)
                ret->choices[i] = copy(step->choices[i]);
}
