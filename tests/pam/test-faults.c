/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Out of memory at each single place of a login (threats 9): an error, never a crash, never a success that
 * was not one, and nothing left behind. Not built with a sanitizer, which has allocators of its own. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/pam/box.h"
#include "tests/pam/harness.h"
#include "tests/pam/place.h"

#define S(literal) ((char *)(literal))
#define FAULTS_MAX 5000
#define LIVE_SLACK 16 /* what libc keeps for itself, whatever the number of logins */

_export_ ClientPlace test_place;

/* The next-but-.countdown allocation of the module fails; negative: none does. */
static _Thread_local long countdown = -1;
static _Thread_local bool happened;
static _Thread_local long n_live;

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

_export_ void *malloc(size_t n);
_export_ void *calloc(size_t n, size_t size);
_export_ void *realloc(void *p, size_t n);
_export_ void free(void *p);

static bool fails_now(void) {
        if (harness_depth > 0 || countdown < 0 || countdown-- > 0)
                return false;
        happened = true;
        errno = ENOMEM;
        return true;
}

void *malloc(size_t n) {
        if (fails_now())
                return NULL;
        n_live++;
        return __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
        if (fails_now())
                return NULL;
        n_live++;
        return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
        if (fails_now())
                return NULL;
        if (!p)
                n_live++;
        return __libc_realloc(p, n);
}

void free(void *p) {
        if (p)
                n_live--;
        __libc_free(p);
}

static const Play granted = {
        .steps = { { .serial = 1, .kind = STEP_CHOICE, .text = S("t"), .prompt = S("which: "),
                     .choices = (char *[]){ S("a  1"), S("b  2"), NULL } },
                   { .serial = 2, .kind = STEP_PROMPT_SECRET, .layout = LAYOUT_LINES, .text = S("a\nb"),
                     .prompt = S("pw: ") },
                   { .serial = 3, .kind = STEP_DONE, .user = S("zs"), .account = S("ceshi"), .name = S("n"),
                     .unit = S("9135"), .unit_name = S("u"), .method = S("password"), .text = S("Welcome") } },
        .answers = { "1", "password" },
};
static const Play refused = {
        .steps = { { .serial = 1, .kind = STEP_PROMPT_SECRET, .text = S("t"), .prompt = S("pw: ") },
                   { .serial = 2, .kind = STEP_FAIL, .reason = REASON_DENIED, .text = S("No.") } },
        .answers = { "password" },
};
static const Play handed = {
        .verdict = CLIENT_GRANTED,
        .steps = { { .serial = 1, .kind = STEP_PROMPT_SECRET, .prompt = S("pw: "), .token = TOKEN_CURRENT },
                   { .serial = 3, .kind = STEP_DONE, .user = S("zs"), .account = S("ceshi"), .session = S(BOX_SESSION),
                     .method = S("password") } },
};
static const Play denied = { .verdict = CLIENT_DENIED };
static const Play change = {
        .verdict = CLIENT_MAPPED,
        .steps = { { .serial = 1, .kind = STEP_PROMPT_SECRET, .prompt = S("old: "), .token = TOKEN_CURRENT },
                   { .serial = 2, .kind = STEP_PROMPT_SECRET, .prompt = S("new: "), .token = TOKEN_NEW },
                   { .serial = 3, .kind = STEP_DONE, .user = S("zs"), .account = S("ceshi"), .method = S("password") } },
        .answers = { "password", "Another-1" },
};
static const Play no_change = {
        .verdict = CLIENT_MAPPED,
        .steps = { { .serial = 1, .kind = STEP_PROMPT_SECRET, .prompt = S("old: "), .token = TOKEN_CURRENT },
                   { .serial = 2, .kind = STEP_FAIL, .reason = REASON_DENIED } },
        .answers = { "password" },
};
static const Play right = { .answers = { BOX_PASSWORD } }, wrong = { .answers = { "wrong" } };

typedef struct FaultCase {
        const char *sentence;
        const char *stack;
        const Play *play;
        const char *user;
        int code; /* when nothing fails */
        int (*call)(pam_handle_t *handle, int flags); /* NULL: pam_authenticate() and what follows from it */
} FaultCase;

static int n_descriptors(void) {
        int n = 0;

        for (int fd = 0; fd < 256; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

/* One call without a login, as try_fault(). A session that cannot be told of is one all the same. */
static bool try_call(const FaultCase *c, long n) {
        Scene scene = {};
        int code;

        scene_start(&scene, c->play, c->stack, c->user);
        assert_int_equal(pam_putenv(scene.handle, "ITAX_SESSION=" BOX_SESSION), PAM_SUCCESS);
        countdown = n;
        happened = false;
        code = c->call(scene.handle, 0);
        countdown = -1;

        if (code == PAM_IGNORE)
                fail_msg("%s: allocation %ld: ignored", c->sentence, n);
        if (!happened)
                assert_int_equal(code, c->code);
        if (c->code != PAM_SUCCESS)
                assert_int_not_equal(code, PAM_SUCCESS);
        assert_null(pam_getenv(scene.handle, "ITAX_METHOD"));
        scene_finish(&scene);
        return happened;
}

/* One login with the @n-th allocation failing. Return: false once there is no n-th. */
static bool try_fault(const FaultCase *c, long n) {
        Scene scene = {};
        bool marked;
        int code;

        scene_start(&scene, c->play, c->stack, c->user);
        countdown = n;
        happened = false;
        code = pam_authenticate(scene.handle, 0);
        countdown = -1;

        if (code == PAM_IGNORE)
                fail_msg("%s: allocation %ld: ignored", c->sentence, n);
        /* Marks only where the module granted, and then all of them; libpam itself may still run out of memory
         * after that, and so it may before a code of ours is seen. */
        marked = pam_getenv(scene.handle, "ITAX_ACCOUNT");
        assert_true(code != PAM_SUCCESS || marked);
        assert_true(c->code == PAM_SUCCESS || !marked);
        if (marked)
                assert_string_equal(scene_user(&scene), "zs");
        assert_int_equal(pam_acct_mgmt(scene.handle, 0) == PAM_SUCCESS, marked);
        if (!happened)
                assert_int_equal(code, c->code);
        scene_finish(&scene);
        return happened;
}

static void run_case(const FaultCase *c) {
        long n_live_before, n = 0;
        int n_fds;

        bool (*const try)(const FaultCase *, long) = c->call ? try_call : try_fault;

        assert_false(try(c, FAULTS_MAX)); /* once for what libc keeps */
        n_live_before = n_live;
        n_fds = n_descriptors();
        while (n < FAULTS_MAX && try(c, n))
                n++;
        assert_true(n > (c->call ? 0 : 3) && n < FAULTS_MAX);
        print_message("         %s: %ld allocations\n", c->sentence, n);
        assert_int_equal(n_descriptors(), n_fds);
        if (n_live - n_live_before > LIVE_SLACK)
                fail_msg("%s: %ld blocks left", c->sentence, n_live - n_live_before);
}

static void test_script(_unused_ void **state) {
        static const FaultCase cases[] = {
                { "granted", "alone", &granted, "zs", PAM_SUCCESS, NULL },
                { "granted to nobody named", "alone", &granted, NULL, PAM_SUCCESS, NULL },
                { "refused", "alone", &refused, "zs", PAM_AUTH_ERR, NULL },
                { "granted by an earlier password", "first", &handed, "zs", PAM_SUCCESS, NULL },
                { "account granted", "alone", &handed, "zs", PAM_SUCCESS, pam_acct_mgmt },
                { "account denied", "alone", &denied, "zs", PAM_PERM_DENIED, pam_acct_mgmt },
                { "session opened", "alone", &handed, "zs", PAM_SUCCESS, pam_open_session },
                { "another password", "after", &change, "zs", PAM_SUCCESS, pam_chauthtok },
                { "another password refused", "after", &no_change, "zs", PAM_AUTH_ERR, pam_chauthtok },
        };

        harness_tokens.given = "password";

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                run_case(&cases[i]);
}

static void test_bus(_unused_ void **state) {
        static const FaultCase cases[] = {
                { "granted over the bus", "place", &right, "zs", PAM_SUCCESS, NULL },
                { "refused over the bus", "place", &wrong, "zs", PAM_AUTH_ERR, NULL },
                { "account granted over the bus", "place", &right, "zs", PAM_SUCCESS, pam_acct_mgmt },
                { "session opened over the bus", "place", &right, "zs", PAM_SUCCESS, pam_open_session },
                { "session closed over the bus", "place", &right, "zs", PAM_SUCCESS, pam_close_session },
                { "another password over the bus", "place", &right, "zs", PAM_SUCCESS, pam_chauthtok },
        };
        Box box;

        if (getuid() != 0)
                skip();
        box_start(&box, BOX_NO_SERVICE);
        test_place = (ClientPlace){ .bus_path = box.bus_path, .passwd_path = box.passwd_path,
                                    .open_wait_usec = 5 * USEC_PER_SEC, .next_wait_usec = 5 * USEC_PER_SEC };
        box_add_daemon(&box, 0, BOX_SERVES);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                run_case(&cases[i]);
        box_stop(&box);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_script),
                cmocka_unit_test(test_bus),
        };

        return cmocka_run_group_tests_name("pam-faults", tests, harness_setup, harness_teardown);
}
