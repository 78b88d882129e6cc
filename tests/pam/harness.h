/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Harness: pam_itax.so under the real libpam, with a scripted daemon and an application that remembers
 *
 * The module is linked without lib/client/client.c, so that the calls of client.h are found in
 * the test program (script.c). What a test gives stands in a Play, what it sees in a Scene. */

#include <security/pam_appl.h>

#include "lib/client/client.h"
#include "lib/common/step.h"
#include "lib/common/util.h"

#define PLAY_STEPS 8
#define PLAY_ANSWERS 8

/* How the application's conversation function misbehaves. */
typedef enum ConvFault {
        CONV_FINE,
        CONV_FAILS,        /* PAM_CONV_ERR */
        CONV_FAILS_FULL,   /* PAM_CONV_ERR, and yet a response is handed over */
        CONV_AGAIN,        /* PAM_CONV_AGAIN */
        CONV_NO_RESPONSE,  /* PAM_SUCCESS without a response */
        CONV_NO_TEXT,      /* PAM_SUCCESS with a response that holds no text */
        CONV_SPEAKS_FIRST, /* answers information, too */
} ConvFault;

typedef struct Play {
        Step steps[PLAY_STEPS]; /* what the daemon says; up to the first with serial 0 */
        int open_result;        /* of client_open() */
        int next_result;        /* of client_next() once the steps are over; 0 stands for CLIENT_E_AWAY */
        size_t n_inputs;        /* a code is waited for until there was input this often, or a key was sent */
        ClientVerdict verdict;  /* of client_check(), if .check_result is 0 */
        int check_result;
        int session_result;     /* of client_open_session() and client_close_session() */
        const char *answers[PLAY_ANSWERS]; /* what the person types, in order; then "" */
        ConvFault fault;
        size_t fault_at;        /* with the message of this number; the first is 0 */
} Play;

typedef struct Scene {
        const Play *play;     /* borrowed */
        pam_handle_t *handle; /* owned */
        struct pam_conv conv;
        void (*on_message)(struct Scene *scene); /* called within the conversation function */
        size_t i_answer, i_step, n_inputs;

        /* Each message as "I:…", "E:…", "?:…" (echo) or "*:…" (hidden), divided by '|'. */
        char *shown;
        /* Each answer that reached the daemon, in '<>', "-" for none. */
        char *sent;
        size_t n_messages, n_opens, n_frees, n_checks;
        /* Each report of a session as "+ID:user" or "-ID". */
        char *reports;
        /* The request, copied; "" where it was NULL. */
        struct {
                char service[64], user[300], tty[64], rhost[64], locale[64], method[16], unit[32], prompts[16];
                char purpose[16], session[64];
                unsigned timeout_sec, max_age_sec;
                bool has_user, silent, refuse_empty, keys;
        } request;
} Scene;

/** harness_setup() - make the folder with the stacks below; for cmocka's group setup and teardown */
int harness_setup(void **state);
int harness_teardown(void **state);

/* Stacks:
 *      alone        required, all four kinds of lines, without options
 *      chance       sufficient, then pam_deny
 *      quiet        as alone, with quiet
 *      options      as alone, with method=qr unit=off prompts=many debug
 *      misspelt     as alone, with an option that does not exist
 *      first        as alone, with use_first_pass, behind a module that has asked for a password
 *      try          as alone, with try_first_pass, behind the same
 *      unit         as alone, with only=unit
 *      age          as alone, with max_age=900 timeout=60
 *      deny         as alone, with others=deny
 *      mapped       as alone, with others=mapped
 *      after        as alone; behind it, as behind first and try, a module that notes the passwords
 *      place        as alone, with the real client and a bus of the test (test_place) */

/** scene_start() - pam_start() on one of the stacks. The scene must be {} or finished. */
void scene_start(Scene *scene, const Play *play, const char *stack, const char *user);
void scene_finish(Scene *scene);

/** scene_user() - PAM_USER, NULL if none is set */
const char *scene_user(const Scene *scene);

/** harness_depth - above 0 while the application or the scripted daemon runs, not the module */
extern _Thread_local unsigned harness_depth;

/* What the neighbours of the stacks first, try and after hand on, and what they find. */
typedef struct HarnessTokens {
        const char *given, *given_old; /* NULL for none */
        char noted[600], noted_old[600]; /* "" for none */
} HarnessTokens;
extern HarnessTokens harness_tokens;

/** step_copy() - a deep copy */
void step_copy(const Step *step, Step *ret);

/** script_scene() - from now on this thread's client calls play this scene; NULL for none */
void script_scene(Scene *scene);
