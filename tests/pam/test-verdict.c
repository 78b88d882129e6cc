/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who gets in: the one return that grants, and the codes of everything else (threats 2-6, 14, 15). */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pam_module/codes.h"
#include "tests/pam/harness.h"

#define S(literal) ((char *)(literal))
#define SECRET(number) { .serial = (number), .kind = STEP_PROMPT_SECRET, .prompt = S("pw: ") }
#define DONE(name) { .serial = 9, .kind = STEP_DONE, .user = S(name), .account = S("ceshi"), .method = S("qr") }
#define FAIL(why) { .serial = 9, .kind = STEP_FAIL, .reason = (why) }

static int authenticate(Scene *scene, const Play *play, const char *stack, const char *user, int flags) {
        scene_start(scene, play, stack, user);
        return pam_authenticate(scene->handle, flags);
}

typedef struct VerdictCase {
        const char *sentence;
        const char *user; /* that the application sets, or NULL */
        Play play;
        int code;
        const char *user_after;
} VerdictCase;

static const VerdictCase verdict_cases[] = {
        { "a login for the user of the application", "zs", { .steps = { SECRET(1), DONE("zs") } }, PAM_SUCCESS, "zs" },
        { "a login that names the user", NULL, { .steps = { SECRET(1), DONE("zs") } }, PAM_SUCCESS, "zs" },
        { "a login without a question", "zs", { .steps = { DONE("zs") } }, PAM_SUCCESS, "zs" },
        /* threats 4 */
        { "a login for somebody else", "a", { .steps = { DONE("b") } }, PAM_AUTH_ERR, "a" },
        { "a login for root", "a", { .steps = { DONE("root") } }, PAM_AUTH_ERR, "a" },
        { "a login in other letters", "a", { .steps = { DONE("A") } }, PAM_AUTH_ERR, "a" },
        { "a login for a longer name", "a", { .steps = { DONE("aa") } }, PAM_AUTH_ERR, "a" },
        { "a login for a shorter name", "aa", { .steps = { DONE("a") } }, PAM_AUTH_ERR, "aa" },

        { "denied", "a", { .steps = { SECRET(1), FAIL(REASON_DENIED) } }, PAM_AUTH_ERR, "a" },
        { "locked", "a", { .steps = { FAIL(REASON_LOCKED) } }, PAM_MAXTRIES, "a" },
        { "no unit", "a", { .steps = { FAIL(REASON_UNIT) } }, PAM_PERM_DENIED, "a" },
        { "too late", "a", { .steps = { FAIL(REASON_TIMEOUT) } }, PAM_AUTH_ERR, "a" },
        { "not one of ours", "a", { .steps = { FAIL(REASON_NOT_OURS) } }, PAM_USER_UNKNOWN, "a" },
        { "the platform is away", "a", { .steps = { FAIL(REASON_UNAVAILABLE) } }, PAM_AUTHINFO_UNAVAIL, "a" },
        { "the application cannot ask", "a", { .steps = { FAIL(REASON_CLIENT) } }, PAM_AUTH_ERR, "a" },
        { "denied, and nobody was named", NULL, { .steps = { SECRET(1), FAIL(REASON_DENIED) } }, PAM_AUTH_ERR, NULL },

        { "no daemon", "a", { .open_result = CLIENT_E_AWAY }, PAM_AUTHINFO_UNAVAIL, "a" },
        { "a daemon under a foreign uid", "a", { .open_result = CLIENT_E_UNTRUSTED }, PAM_SYSTEM_ERR, "a" },
        { "a daemon that refuses us", "a", { .open_result = CLIENT_E_REFUSED }, PAM_AUTHINFO_UNAVAIL, "a" },
        { "a daemon that knows no such session", "a", { .open_result = CLIENT_E_SESSION }, PAM_AUTHINFO_UNAVAIL, "a" },
        { "a daemon of another version", "a", { .open_result = CLIENT_E_PROTOCOL }, PAM_SYSTEM_ERR, "a" },
        { "no memory", "a", { .open_result = -ENOMEM }, PAM_BUF_ERR, "a" },
        { "no descriptors", "a", { .open_result = -EMFILE }, PAM_SYSTEM_ERR, "a" },
        { "a daemon that goes away", "a", { .steps = { SECRET(1) }, .next_result = CLIENT_E_AWAY },
          PAM_AUTHINFO_UNAVAIL, "a" },
        { "a daemon that goes away at once", "a", { .next_result = CLIENT_E_AWAY }, PAM_AUTHINFO_UNAVAIL, "a" },
        { "a daemon that talks nonsense", "a", { .steps = { SECRET(1) }, .next_result = CLIENT_E_PROTOCOL },
          PAM_SYSTEM_ERR, "a" },
        { "no memory in the middle", "a", { .steps = { SECRET(1) }, .next_result = -ENOMEM }, PAM_BUF_ERR, "a" },
        { "an unknown condition", "a", { .next_result = 77 }, PAM_SYSTEM_ERR, "a" },

        { "an empty user name", "", { .steps = { DONE("a") } }, PAM_USER_UNKNOWN, "" },
        { "a user name with a newline", "a\nb", { .steps = { DONE("a") } }, PAM_USER_UNKNOWN, "a\nb" },
        { "a user name with an escape sequence", "\x1b[2J", { .steps = { DONE("a") } }, PAM_USER_UNKNOWN, "\x1b[2J" },
        { "a user name that is not UTF-8", "\xff", { .steps = { DONE("a") } }, PAM_USER_UNKNOWN, "\xff" },
        { "a user name like a format", "%n%s", { .steps = { DONE("%n%s") } }, PAM_SUCCESS, "%n%s" },
};

static void test_verdict(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(verdict_cases); i++) {
                const VerdictCase *c = &verdict_cases[i];
                Scene scene = {};
                int code;

                code = authenticate(&scene, &c->play, "alone", c->user, 0);
                if (code != c->code)
                        fail_msg("%s: %s", c->sentence, pam_strerror(scene.handle, code));
                if (!c->user_after)
                        assert_null(scene_user(&scene));
                else
                        assert_string_equal(scene_user(&scene), c->user_after);
                /* Only a login that got in leaves anything behind. */
                assert_int_equal(!pam_getenv(scene.handle, "ITAX_ACCOUNT"), code != PAM_SUCCESS);
                if (c->play.open_result == 0 && c->code != PAM_USER_UNKNOWN)
                        assert_int_equal(scene.n_frees, scene.n_opens);
                scene_finish(&scene);
        }
}

/* threats 6: `sufficient` gives nothing away on any of these paths. */
static void test_sufficient(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(verdict_cases); i++) {
                const VerdictCase *c = &verdict_cases[i];
                Scene scene = {};
                int code;

                code = authenticate(&scene, &c->play, "chance", c->user, 0);
                if ((code == PAM_SUCCESS) != (c->code == PAM_SUCCESS))
                        fail_msg("%s: %s", c->sentence, pam_strerror(scene.handle, code));
                scene_finish(&scene);
        }
}

/* threats 3: eight conditions, of which all must hold. */
enum {
        HOLDS_OPEN,      /* the daemon is there */
        HOLDS_CONV,      /* the application can ask */
        HOLDS_LENGTH,    /* the answer is short enough */
        HOLDS_TERMINAL,  /* the daemon comes to an end */
        HOLDS_DONE,      /* the end is `done` */
        HOLDS_USER,      /* for the user that was asked for */
        HOLDS_UNCHANGED, /* the application has not changed its mind meanwhile */
        HOLDS_LINE,      /* the line in pam.d is understood */
        _HOLDS_MAX,
};

static void change_user(Scene *scene) {
        assert_int_equal(pam_set_item(scene->handle, PAM_USER, "somebody"), PAM_SUCCESS);
}

static void test_truth_table(_unused_ void **state) {
        static char long_answer[258];
        unsigned n_granted = 0;

        memset(long_answer, 'x', sizeof(long_answer) - 1);
        for (unsigned row = 0; row < 1U << _HOLDS_MAX; row++) {
                const Step done = DONE("zs"), other = DONE("ls"), refused = FAIL(REASON_DENIED);
                Play play = { .steps = { SECRET(1) }, .answers = { "pw" } };
                Scene scene = {};

                if (!(row & 1U << HOLDS_OPEN))
                        play.open_result = CLIENT_E_AWAY;
                if (!(row & 1U << HOLDS_CONV))
                        play.fault = CONV_FAILS;
                if (!(row & 1U << HOLDS_LENGTH))
                        play.answers[0] = long_answer;
                if (row & 1U << HOLDS_TERMINAL)
                        play.steps[1] = !(row & 1U << HOLDS_DONE) ? refused :
                                        row & 1U << HOLDS_USER    ? done :
                                                                    other;
                scene_start(&scene, &play, row & 1U << HOLDS_LINE ? "alone" : "misspelt", "zs");
                if (!(row & 1U << HOLDS_UNCHANGED))
                        scene.on_message = change_user;
                if (pam_authenticate(scene.handle, 0) == PAM_SUCCESS) {
                        assert_int_equal(row, (1U << _HOLDS_MAX) - 1);
                        n_granted++;
                }
                scene_finish(&scene);
        }
        assert_int_equal(n_granted, 1);
}

/* The application takes the user's name away, or gives one, while it is asked. */
static void forget_user(Scene *scene) {
        assert_int_equal(pam_set_item(scene->handle, PAM_USER, NULL), PAM_SUCCESS);
}

static void name_user(Scene *scene) {
        assert_int_equal(pam_set_item(scene->handle, PAM_USER, "zs"), PAM_SUCCESS);
}

static void test_user_changes(_unused_ void **state) {
        const Play play = { .steps = { SECRET(1), DONE("zs") } };
        Scene scene = {};

        scene_start(&scene, &play, "alone", "zs");
        scene.on_message = forget_user;
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_AUTH_ERR);
        assert_null(scene_user(&scene));
        scene_finish(&scene);

        scene_start(&scene, &play, "alone", NULL);
        scene.on_message = name_user;
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_AUTH_ERR);
        scene_finish(&scene);

        /* Replaced by the same name: nothing has changed but the pointer. */
        scene_start(&scene, &play, "alone", "zs");
        scene.on_message = name_user;
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        scene_finish(&scene);
}

/* threats 5: everything that the tables can be asked for, and beyond. */
static void test_codes(_unused_ void **state) {
        for (int r = -200; r < 100; r++) {
                int code = code_from_client(r);

                assert_int_not_equal(code, PAM_SUCCESS);
                assert_int_not_equal(code, PAM_IGNORE);
                assert_non_null(word_from_client(r));
        }
        /* Of all verdicts, one is a success, and none says that somebody is not our affair. */
        for (int verdict = -1; verdict <= _CLIENT_VERDICT_MAX; verdict++) {
                int code = code_from_verdict((ClientVerdict)verdict);

                assert_int_equal(code == PAM_SUCCESS, verdict == CLIENT_GRANTED);
                assert_int_not_equal(code, PAM_IGNORE);
                assert_non_null(word_from_verdict((ClientVerdict)verdict));
        }
        for (int kind = -1; kind <= _STEP_KIND_MAX; kind++)
                for (int reason = -1; reason <= _STEP_REASON_MAX; reason++) {
                        const Step step = { .kind = (StepKind)kind, .reason = (StepReason)reason };
                        int code = code_from_step(&step);

                        assert_int_not_equal(code, PAM_SUCCESS);
                        assert_int_not_equal(code, PAM_IGNORE);
                }
}

typedef struct AnswerCase {
        size_t n;
        int code;
        const char *sent_prefix;
} AnswerCase;

/* threats 15: what is too long is refused here, whole; no start of it is ever sent. */
static const AnswerCase answer_cases[] = {
        { 0, PAM_SUCCESS, "-<>" },
        { 1, PAM_SUCCESS, "-<x>" },
        { 255, PAM_SUCCESS, "-<xxxx" },
        { 256, PAM_SUCCESS, "-<xxxx" },
        { 257, PAM_AUTH_ERR, "-" },
        { 511, PAM_AUTH_ERR, "-" },
        { 512, PAM_AUTH_ERR, "-" },
        { 513, PAM_AUTH_ERR, "-" },
        { 4096, PAM_AUTH_ERR, "-" },
        { 1024 * 1024, PAM_AUTH_ERR, "-" },
};

static void test_answers(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(answer_cases); i++) {
                const AnswerCase *c = &answer_cases[i];
                _cleanup_(freep) char *answer = calloc(1, c->n + 1);
                Play play = { .steps = { SECRET(1), DONE("zs") }, .answers = { answer } };
                Scene scene = {};

                assert_non_null(answer);
                memset(answer, 'x', c->n);
                assert_int_equal(authenticate(&scene, &play, "alone", "zs", 0), c->code);
                if (c->code == PAM_SUCCESS) {
                        assert_int_equal(strncmp(scene.sent, c->sent_prefix, strlen(c->sent_prefix)), 0);
                        assert_int_equal(strlen(scene.sent), c->n + 3);
                } else
                        assert_string_equal(scene.sent, c->sent_prefix);
                assert_int_equal(scene.n_frees, 1);
                scene_finish(&scene);
        }
}

/* A daemon that never comes to an end does not hold the application for ever. */
static void rewind_script(Scene *scene) {
        scene->i_step = 0;
        scene->i_answer = 0;
}

static void test_endless(_unused_ void **state) {
        const Play play = { .steps = { SECRET(1) } };
        Scene scene = {};

        scene_start(&scene, &play, "alone", "zs");
        scene.on_message = rewind_script;
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SYSTEM_ERR);
        assert_int_equal(scene.n_messages, 1000);
        scene_finish(&scene);
}

/* threats 14 */
static void test_no_conversation(_unused_ void **state) {
        const Play asks = { .steps = { SECRET(1), DONE("zs") } }, says = { .steps = { DONE("zs") } };
        const struct pam_conv none = { .conv = NULL };
        Scene scene = {};

        scene_start(&scene, &asks, "alone", "zs");
        assert_int_equal(pam_set_item(scene.handle, PAM_CONV, &none), PAM_SUCCESS);
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_CONV_ERR);
        assert_int_equal(scene.n_frees, 1);
        scene_finish(&scene);

        /* Nothing is asked, so nothing is missing. */
        scene_start(&scene, &says, "alone", "zs");
        assert_int_equal(pam_set_item(scene.handle, PAM_CONV, &none), PAM_SUCCESS);
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        scene_finish(&scene);
}

/* A second try through the same handle starts from nothing. */
static void test_second_try(_unused_ void **state) {
        const Play good = { .steps = { { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("ceshi"),
                                         .unit = S("9135"), .unit_name = S("u"), .method = S("password") } } };
        const Play bad = { .steps = { FAIL(REASON_DENIED) } };
        Scene scene = {};

        assert_int_equal(authenticate(&scene, &good, "alone", NULL, 0), PAM_SUCCESS);
        assert_string_equal(pam_getenv(scene.handle, "ITAX_UNIT"), "9135");
        assert_int_equal(pam_acct_mgmt(scene.handle, 0), PAM_SUCCESS);

        scene.play = &bad;
        scene.i_step = 0;
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_AUTH_ERR);
        assert_null(pam_getenv(scene.handle, "ITAX_ACCOUNT"));
        assert_null(pam_getenv(scene.handle, "ITAX_UNIT"));
        assert_null(pam_getenv(scene.handle, "ITAX_UNIT_NAME"));
        assert_null(pam_getenv(scene.handle, "ITAX_METHOD"));
        assert_int_not_equal(pam_acct_mgmt(scene.handle, 0), PAM_SUCCESS);
        scene_finish(&scene);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_verdict),
                cmocka_unit_test(test_sufficient),
                cmocka_unit_test(test_truth_table),
                cmocka_unit_test(test_user_changes),
                cmocka_unit_test(test_codes),
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_endless),
                cmocka_unit_test(test_no_conversation),
                cmocka_unit_test(test_second_try),
        };

        return cmocka_run_group_tests_name("pam-verdict", tests, harness_setup, harness_teardown);
}
