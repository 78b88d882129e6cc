/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The other entry points, the options, and what the daemon is told of the application (threats 8, 10, 11, 16). */

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "pam_module/options.h"
#include "tests/pam/harness.h"

#define S(literal) ((char *)(literal))
#define PASSWORD_ADVICE "E:请在办税服务平台修改密码。Change the password on the platform, please."

static const Play granted = {
        .steps = { { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("ceshi_01"), .name = S("张三"),
                     .unit = S("91350100M000100Y43"), .unit_name = S("某=公司"), .method = S("password") } },
};
static const Play granted_without_unit = {
        .steps = { { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("ceshi_01"), .method = S("qr") } },
};
static const Play refused = {
        .steps = { { .serial = 1, .kind = STEP_FAIL, .reason = REASON_DENIED } },
};

static const int credential_flags[] = { PAM_ESTABLISH_CRED, PAM_DELETE_CRED, PAM_REINITIALIZE_CRED,
                                        PAM_REFRESH_CRED };

/* libpam turns a stack of nothing but PAM_IGNORE into an error: these are not success. */
static void assert_not_our_affair(int code) {
        assert_int_not_equal(code, PAM_SUCCESS);
}

/* threats 8, 10: without a login of ours we have nothing to say. */
static void test_no_login(_unused_ void **state) {
        Scene scene = {};

        scene_start(&scene, &granted, "alone", "zs");
        for (size_t i = 0; i < ELEMENTSOF(credential_flags); i++)
                assert_not_our_affair(pam_setcred(scene.handle, credential_flags[i]));
        assert_not_our_affair(pam_acct_mgmt(scene.handle, 0));
        assert_not_our_affair(pam_open_session(scene.handle, 0));
        assert_not_our_affair(pam_close_session(scene.handle, 0));
        assert_not_our_affair(pam_chauthtok(scene.handle, 0));
        assert_int_equal(scene.n_opens, 0);
        assert_int_equal(scene.n_messages, 0);
        scene_finish(&scene);
}

static void test_refused_login(_unused_ void **state) {
        Scene scene = {};

        scene_start(&scene, &refused, "alone", "zs");
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_AUTH_ERR);
        for (size_t i = 0; i < ELEMENTSOF(credential_flags); i++)
                assert_not_our_affair(pam_setcred(scene.handle, credential_flags[i]));
        assert_not_our_affair(pam_acct_mgmt(scene.handle, 0));
        assert_not_our_affair(pam_open_session(scene.handle, 0));
        scene_finish(&scene);
}

static void test_login(_unused_ void **state) {
        Scene scene = {};

        scene_start(&scene, &granted, "alone", NULL);
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        assert_string_equal(scene_user(&scene), "zs");
        assert_string_equal(pam_getenv(scene.handle, "ITAX_ACCOUNT"), "ceshi_01");
        assert_string_equal(pam_getenv(scene.handle, "ITAX_NAME"), "张三");
        assert_string_equal(pam_getenv(scene.handle, "ITAX_UNIT"), "91350100M000100Y43");
        assert_string_equal(pam_getenv(scene.handle, "ITAX_UNIT_NAME"), "某=公司");
        assert_string_equal(pam_getenv(scene.handle, "ITAX_METHOD"), "password");
        assert_int_equal(pam_acct_mgmt(scene.handle, 0), PAM_SUCCESS);
        for (size_t i = 0; i < ELEMENTSOF(credential_flags); i++)
                assert_int_equal(pam_setcred(scene.handle, credential_flags[i]), PAM_SUCCESS);
        assert_int_equal(pam_open_session(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(pam_close_session(scene.handle, 0), PAM_SUCCESS);
        scene_finish(&scene);
}

static void test_variables(_unused_ void **state) {
        char **list;
        Scene scene = {};

        scene_start(&scene, &granted_without_unit, "alone", "zs");
        /* What another login or the application has left there is not ours to pass on. */
        assert_int_equal(pam_putenv(scene.handle, "ITAX_UNIT=stale"), PAM_SUCCESS);
        assert_int_equal(pam_putenv(scene.handle, "ITAX_UNIT_NAME=stale"), PAM_SUCCESS);
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        list = pam_getenvlist(scene.handle);
        assert_string_equal(list[0], "ITAX_ACCOUNT=ceshi_01");
        assert_string_equal(list[1], "ITAX_METHOD=qr");
        assert_null(list[2]);
        for (size_t i = 0; list[i]; i++)
                free(list[i]);
        free(list);
        scene_finish(&scene);
}

/* A handle that goes on as another user is not the one that logged in. */
static void test_other_user(_unused_ void **state) {
        Scene scene = {};

        scene_start(&scene, &granted, "alone", "zs");
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(pam_set_item(scene.handle, PAM_USER, "root"), PAM_SUCCESS);
        assert_not_our_affair(pam_acct_mgmt(scene.handle, 0));
        assert_int_equal(pam_set_item(scene.handle, PAM_USER, "zs"), PAM_SUCCESS);
        assert_int_equal(pam_acct_mgmt(scene.handle, 0), PAM_SUCCESS);
        scene_finish(&scene);
}

/* sshd: one process asks, another sets credentials and opens the session; the PAM environment is all
 * that comes across. */
static void test_sshd_split(_unused_ void **state) {
        Scene scene = {};

        scene_start(&scene, &granted, "alone", "zs");
        assert_int_equal(pam_putenv(scene.handle, "ITAX_ACCOUNT=ceshi_01"), PAM_SUCCESS);
        assert_int_equal(pam_setcred(scene.handle, PAM_ESTABLISH_CRED), PAM_SUCCESS);
        assert_int_equal(pam_open_session(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(pam_close_session(scene.handle, 0), PAM_SUCCESS);
        /* The account phase is run where the questions were asked. */
        assert_not_our_affair(pam_acct_mgmt(scene.handle, 0));
        scene_finish(&scene);

        scene_start(&scene, &granted, "alone", "zs");
        assert_int_equal(pam_putenv(scene.handle, "ITAX_ACCOUNT="), PAM_SUCCESS);
        assert_not_our_affair(pam_open_session(scene.handle, 0));
        scene_finish(&scene);
}

/* threats 94: su and sshd fork after the login; the child's end does not touch the parent's handle. */
static void test_fork(_unused_ void **state) {
        Scene scene = {};
        int status;
        pid_t pid;

        scene_start(&scene, &granted, "alone", "zs");
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                bool good = pam_setcred(scene.handle, PAM_ESTABLISH_CRED) == PAM_SUCCESS &&
                            pam_acct_mgmt(scene.handle, 0) == PAM_SUCCESS &&
                            pam_end(scene.handle, PAM_SUCCESS | PAM_DATA_SILENT) == PAM_SUCCESS;
                _exit(good ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(pam_setcred(scene.handle, PAM_ESTABLISH_CRED), PAM_SUCCESS);
        scene_finish(&scene);
}

static void test_chauthtok(_unused_ void **state) {
        Scene scene = {};

        scene_start(&scene, &granted, "alone", "zs");
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(pam_chauthtok(scene.handle, 0), PAM_AUTHTOK_ERR);
        assert_string_equal(scene.shown, PASSWORD_ADVICE);
        assert_int_equal(pam_chauthtok(scene.handle, PAM_SILENT | PAM_CHANGE_EXPIRED_AUTHTOK), PAM_AUTHTOK_ERR);
        assert_string_equal(scene.shown, PASSWORD_ADVICE);
        scene_finish(&scene);
}

/* A line that is not understood lets nobody through, in any phase. */
static void test_misspelt_line(_unused_ void **state) {
        Scene scene = {};

        scene_start(&scene, &granted, "misspelt", "zs");
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SERVICE_ERR);
        assert_int_equal(pam_setcred(scene.handle, PAM_ESTABLISH_CRED), PAM_SERVICE_ERR);
        assert_int_equal(pam_acct_mgmt(scene.handle, 0), PAM_SERVICE_ERR);
        assert_int_equal(pam_open_session(scene.handle, 0), PAM_SERVICE_ERR);
        assert_int_equal(pam_close_session(scene.handle, 0), PAM_SERVICE_ERR);
        assert_int_equal(pam_chauthtok(scene.handle, 0), PAM_SERVICE_ERR);
        assert_int_equal(scene.n_opens, 0);
        scene_finish(&scene);
}

static void test_request(_unused_ void **state) {
        Scene scene = {};

        scene_start(&scene, &granted, "options", "zs");
        assert_int_equal(pam_set_item(scene.handle, PAM_TTY, "/dev/pts/7"), PAM_SUCCESS);
        assert_int_equal(pam_set_item(scene.handle, PAM_RHOST, "192.0.2.7"), PAM_SUCCESS);
        assert_int_equal(pam_authenticate(scene.handle, PAM_DISALLOW_NULL_AUTHTOK), PAM_SUCCESS);
        assert_string_equal(scene.request.service, "options");
        assert_true(scene.request.has_user);
        assert_string_equal(scene.request.user, "zs");
        assert_string_equal(scene.request.tty, "/dev/pts/7");
        assert_string_equal(scene.request.rhost, "192.0.2.7");
        assert_string_equal(scene.request.locale, "C");
        assert_string_equal(scene.request.method, "qr");
        assert_string_equal(scene.request.unit, "off");
        assert_string_equal(scene.request.prompts, "many");
        assert_false(scene.request.silent);
        /* threats 11: whether an empty answer is a password is decided where the passwords are known. */
        assert_true(scene.request.refuse_empty);
        scene_finish(&scene);

        scene_start(&scene, &granted, "alone", NULL);
        assert_int_equal(pam_authenticate(scene.handle, PAM_SILENT), PAM_SUCCESS);
        assert_false(scene.request.has_user);
        assert_string_equal(scene.request.tty, "");
        assert_string_equal(scene.request.rhost, "");
        assert_string_equal(scene.request.method, "");
        assert_true(scene.request.silent);
        assert_false(scene.request.refuse_empty);
        scene_finish(&scene);

        scene_start(&scene, &granted, "quiet", "zs");
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        assert_true(scene.request.silent);
        scene_finish(&scene);
}

/* threats 16 */
static void test_strange_items(_unused_ void **state) {
        static char long_item[4097];
        static const char *const items[] = { "", "a\nb", "\xff\xfe", "\x1b[2J", "%n%s", long_item };

        memset(long_item, 'x', sizeof(long_item) - 1);
        for (size_t i = 0; i < ELEMENTSOF(items); i++) {
                Scene scene = {};

                scene_start(&scene, &granted, "alone", "zs");
                assert_int_equal(pam_set_item(scene.handle, PAM_TTY, items[i]), PAM_SUCCESS);
                assert_int_equal(pam_set_item(scene.handle, PAM_RHOST, items[i]), PAM_SUCCESS);
                assert_int_equal(pam_set_item(scene.handle, PAM_RUSER, items[i]), PAM_SUCCESS);
                assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
                scene_finish(&scene);
        }
        /* A user name as long as that is not one of ours. */
        for (size_t n = 256; n <= 4096; n += n == 256 ? 1 : 3839) {
                char user[4097] = {};
                const Play play = { .steps = { { .serial = 1, .kind = STEP_DONE, .user = user, .account = S("a"),
                                                 .method = S("qr") } } };
                Scene scene = {};

                memset(user, 'u', n);
                scene_start(&scene, &play, "alone", user);
                assert_int_equal(pam_authenticate(scene.handle, 0), n > 256 ? PAM_USER_UNKNOWN : PAM_SUCCESS);
                assert_int_equal(scene.n_opens, n > 256 ? 0 : 1);
                scene_finish(&scene);
        }
}

typedef struct OptionCase {
        const char *sentence;
        const char *arguments[4];
        int result;
        const char *wrong;
} OptionCase;

static const OptionCase option_cases[] = {
        { "no options", {}, 0, NULL },
        { "every option", { "method=qr", "unit=ask", "prompts=one", "debug" }, 0, NULL },
        { "a unit code", { "unit=91350100M000100Y43" }, 0, NULL },
        { "an unknown option", { "debug", "timeout=5" }, OPTIONS_E_UNKNOWN, "timeout=5" },
        { "an option of other modules", { "use_first_pass" }, OPTIONS_E_UNKNOWN, "use_first_pass" },
        { "an empty argument", { "" }, OPTIONS_E_UNKNOWN, "" },
        { "only a value", { "=qr" }, OPTIONS_E_UNKNOWN, "=qr" },
        { "the start of an option", { "meth=qr" }, OPTIONS_E_UNKNOWN, "meth=qr" },
        { "an option in capitals", { "METHOD=qr" }, OPTIONS_E_UNKNOWN, "METHOD=qr" },
        { "an unknown value", { "method=card" }, OPTIONS_E_VALUE, "method=card" },
        { "an empty value", { "method=" }, OPTIONS_E_VALUE, "method=" },
        { "an option without its value", { "method" }, OPTIONS_E_VALUE, "method" },
        { "a flag with a value", { "quiet=yes" }, OPTIONS_E_VALUE, "quiet=yes" },
        { "a unit code with a wrong check character", { "unit=91350100M000100Y44" }, OPTIONS_E_VALUE,
          "unit=91350100M000100Y44" },
        { "a value twice", { "method=qr", "method=any" }, OPTIONS_E_TWICE, "method=any" },
        { "a flag twice", { "debug", "debug" }, OPTIONS_E_TWICE, "debug" },
};

static void test_options(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(option_cases); i++) {
                const OptionCase *c = &option_cases[i];
                const char *arguments[4], *wrong = NULL;
                Options options = {};
                int n = 0, r;

                for (; n < 4 && c->arguments[n]; n++)
                        arguments[n] = c->arguments[n];
                r = options_parse(n, arguments, &options, &wrong);
                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                if (r != 0) {
                        assert_string_equal(wrong, c->wrong);
                        assert_null(options.method);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_no_login),
                cmocka_unit_test(test_refused_login),
                cmocka_unit_test(test_login),
                cmocka_unit_test(test_variables),
                cmocka_unit_test(test_other_user),
                cmocka_unit_test(test_sshd_split),
                cmocka_unit_test(test_fork),
                cmocka_unit_test(test_chauthtok),
                cmocka_unit_test(test_misspelt_line),
                cmocka_unit_test(test_request),
                cmocka_unit_test(test_strange_items),
                cmocka_unit_test(test_options),
        };

        return cmocka_run_group_tests_name("pam-entry", tests, harness_setup, harness_teardown);
}
