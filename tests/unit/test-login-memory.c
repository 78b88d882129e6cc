/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login, memory: every flow again with the n-th allocation failing, and with all from the n-th on
 *
 * The files that allocate are included, so that their allocations are ours. Whatever fails, nobody
 * gets in who would not have, a client that waits is told, and nothing leaks (the sanitizer build
 * sees). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static bool armed, for_good;
static unsigned countdown, n_failed;

static bool must_fail(void) {
        if (!armed)
                return false;
        if (countdown > 0 && --countdown > 0)
                return false;
        if (n_failed > 0 && !for_good)
                return false;
        n_failed++;
        return true;
}

static void *scarce_calloc(size_t n, size_t size) {
        return must_fail() ? NULL : calloc(n, size);
}

static void *scarce_mmap(void *addr, size_t n, int protection, int flags, int fd, off_t offset) {
        return must_fail() ? MAP_FAILED : mmap(addr, n, protection, flags, fd, offset);
}

#define calloc(n, size) scarce_calloc(n, size)
#define mmap scarce_mmap
#include "lib/common/secret.c"
#include "daemon/core/mark.c"
#include "daemon/core/login.c"
#undef calloc
#undef mmap

#include "tests/unit/login-script.h"

#define JIA .user = "jia", .account = "ceshi_jia"
#define BING .user = "bing", .account = "Ceshi_Bing"

static const ScriptPerson bing_with_key = { .login_name = "Ceshi_Bing", .units = { U2 ":pc" } };
static const ScriptPerson unit_alone = { .units = { U1 ":p" } };

static bool has_key(const char *unit, void *userdata) {
        (void)unit;
        (void)userdata;
        return true;
}

static const ScriptCase flows[] = {
        { "password, captcha, relation",
          { JIA, .unit_policy = UNIT_REQUIRED, .phase = PHASE_RELATION },
          { BEGIN(""), ANSWER("Falsch-11", ""), WRONG_WITH_CAPTCHA(4, ""), ANSWER("Jia-pass1", ""),
            ANSWER("k7Qm", ""), PERSON(script_jia, ""), RESOLVED("jia", "") } },
        { "a typed account",
          { .unit_policy = UNIT_REQUIRED, .phase = PHASE_RELATION },
          { BEGIN(""), ANSWER("ceshi_jia", ""), FOUND(NULL, ""), ANSWER("Jia-pass1", ""),
            PERSON(script_jia, ""), RESOLVED("jia", "") } },
        { "a password that cannot be sent",
          { JIA },
          { BEGIN(""), ANSWER("Jia\377pass1", ""), PERSON(script_jia, ""), RESOLVED("jia", "") } },
        { "one answer with declaration password",
          { BING, .mode = MODE_ONE, .unit_policy = UNIT_REQUIRED, .phase = PHASE_RELATION },
          { BEGIN(""), ANSWER("Bing-pass3 Declare-2", ""), PERSON(script_bing, ""),
            RESOLVED("bing", ""), REPLY(UNIT, "") } },
        { "QR code, left, password, QR code, digits",
          { JIA, .mode = MODE_BUFFERED, .binding = true },
          { BEGIN(""), ENTER(""), DEVICE(""), ANSWER("p", ""), ENTER(""), DEVICE(""),
            ANSWER("123456", ""), DIGITS_WRONG(2, ""), ANSWER("654321", ""), PERSON(script_jia, ""),
            RESOLVED("jia", "") } },
        { "QR code, held",
          { JIA, .method = METHOD_QR },
          { BEGIN(""), DEVICE(""), ENTER(""), STATE(SCANNED, ""), ENTER(""), PERSON(script_jia, ""),
            RESOLVED("jia", "") } },
        { "a key pressed beside the code while a poll is under way",
          { JIA },
          { BEGIN(""), ENTER(""), DEVICE(""), ANSWER("p", ""), ANSWER("Jia-pass1", ""),
            PERSON(script_jia, ""), RESOLVED("jia", "") } },
        { "a login of before, too old, then the password and another account",
          { .user = "jia", .resume = true, .unit_policy = UNIT_REQUIRED, .phase = PHASE_RELATION },
          { BEGIN(""), REPLY(EXPIRED, ""), ANSWER("19900000002", ""), ANSWER("b", ""),
            ANSWER("ceshi_jia", ""), ANSWER("?", ""), ANSWER("Jia-pass1", ""),
            PERSON(script_jia, ""), RESOLVED("jia", "") } },
        { "another password",
          { JIA, .purpose = PURPOSE_PASSWORD },
          { BEGIN(""), ANSWER("Jia-pass1", ""), PERSON(script_jia, ""), RESOLVED("jia", ""),
            ANSWER("Jia-pass2", ""), ANSWER("Jia-pass2", ""), CAPTCHA(""), ANSWER("k7Qm", ""),
            REPLY(CHANGED, "") } },
        { "a key pressed while the code is waited for",
          { JIA, .keys = true },
          { BEGIN(""), ENTER(""), DEVICE(""), ENTER(""), ANSWER("\n", ""), ANSWER("Jia-pass1", ""),
            PERSON(script_jia, ""), RESOLVED("jia", "") } },
        { "list, declaration password, captcha",
          { .user = "yi",
            .account = "ceshi_yi",
            .unit_policy = UNIT_REQUIRED,
            .phase = PHASE_DUAL },
          { BEGIN(""), ANSWER("Yi-pass22", ""), PERSON(script_yi, ""), RESOLVED("yi", ""),
            ANSWER("2", ""), ANSWER("Falsch-21", ""), WRONG_WITH_CAPTCHA(4, ""),
            ANSWER("Declare-2", ""), ANSWER("k7Qm", ""), REPLY(UNIT, "") } },
        { "a certificate, its PIN wrong at first",
          { BING,
            .unit_policy = UNIT_REQUIRED,
            .phase = PHASE_DUAL,
            .has_certificate = has_key },
          { BEGIN(""), ANSWER("Bing-pass3", ""), PERSON(bing_with_key, ""), RESOLVED("bing", ""),
            ANSWER("2", ""), ANSWER("1111", ""), CHALLENGE(U2, ""), SIGNED(WRONG_PIN, "4", ""),
            ANSWER("1357-9", ""), CHALLENGE(U2, ""), SIGNED(OK, NULL, ""), REPLY(UNIT, "") } },
        { "a search in the list, back to the beginning, a unit by itself",
          { .unit_policy = UNIT_REQUIRED, .phase = PHASE_DUAL },
          { BEGIN(""), ANSWER("ceshi_yi", ""), FOUND(NULL, ""), ANSWER("Yi-pass22", ""),
            PERSON(script_yi, ""), RESOLVED_LAST("yi", U3, ""), ANSWER("00002", ""), ENTER(""),
            ANSWER("b", ""), ANSWER("@" U1, ""), ANSWER("Falsch-11", ""),
            WRONG_WITH_CAPTCHA(4, ""), ANSWER("Declare-1", ""), ANSWER("k7Qm", ""),
            PERSON(unit_alone, ""), RESOLVED("lager", "") } },
        { "one answer that names the unit",
          { .user = "yi",
            .account = "ceshi_yi",
            .mode = MODE_ONE,
            .unit_policy = UNIT_REQUIRED,
            .phase = PHASE_DUAL },
          { BEGIN(""), ANSWER("Yi-pass22 @" U2 " Declare-2", ""), PERSON(script_yi, ""),
            RESOLVED("yi", ""), REPLY(UNIT, "") } },
};

/* Only the machine lacks memory, not the script that plays it. */
static void arm(void) {
        armed = !armed;
}

static bool granted(const Script *script) {
        return strncmp(script->did, "done ", 5) == 0;
}

/* Return: true when nothing had to fail, so that there is nothing further to try. */
static bool play(const ScriptCase *flow, unsigned n) {
        LoginSetup setup = flow->setup;
        Script script = { .now_usec = SCRIPT_NOW_USEC, .around = arm };
        int r;

        setup.timeout_usec = SCRIPT_TIMEOUT_USEC;
        countdown = n;
        n_failed = 0;

        arm();
        r = login_new(&setup, script.now_usec, &script.login);
        arm();
        if (r < 0) {
                assert_int_equal(r, -ENOMEM);
                assert_null(script.login);
                return false;
        }

        for (size_t i = 0; flow->moves[i].kind != MOVE_END && !login_is_closed(script.login); i++) {
                const Move *move = &flow->moves[i];
                bool waited = script.login->next_pending || move->kind == MOVE_BEGIN ||
                              move->kind == MOVE_ANSWER;
                bool polled = script.login->request.kind == REQUEST_POLL &&
                              move->kind == MOVE_ANSWER;

                script_move(&script, move);
                if (script.result >= 0)
                        continue;

                assert_int_equal(script.result, -ENOMEM);
                assert_true(login_is_closed(script.login));
                if (polled)
                        assert_non_null(strstr(script.did, "cancel; "));
                if (waited)
                        assert_non_null(strstr(script.did, "fail unavailable +UNAVAILABLE; "));
                assert_non_null(strstr(script.did, "end no-memory"));
        }

        if (n_failed == 0)
                assert_true(granted(&script));
        else
                assert_false(granted(&script));
        script_done(&script);
        return n_failed == 0;
}

static void run_flow(void **state) {
        const ScriptCase *flow = *state;

        for (unsigned mode = 0; mode < 2; mode++) {
                unsigned n = 1;

                for_good = mode;
                while (!play(flow, n))
                        n++;
                assert_true(n >= 2);
        }
}

int main(void) {
        struct CMUnitTest tests[ELEMENTSOF(flows)];

        for (size_t i = 0; i < ELEMENTSOF(flows); i++)
                tests[i] = (struct CMUnitTest){
                        .name = flows[i].sentence,
                        .test_func = run_flow,
                        .initial_state = (void *)&flows[i],
                };
        return cmocka_run_group_tests_name("logins without memory", tests, NULL, NULL);
}
