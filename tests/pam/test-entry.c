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
#define SESSION "0123456789abcdef0123456789abcdef"

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

static const Play granted_in_session = {
        .steps = { { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .account = S("ceshi_01"), .method = S("session"),
                     .session = S(SESSION) } },
        .verdict = CLIENT_GRANTED,
};
static const Play granted_to_unit = {
        .steps = { { .serial = 1, .kind = STEP_DONE, .user = S("zs"), .unit = S("91350100M000100Y43"),
                     .unit_name = S("u"), .method = S("unit"), .session = S(SESSION) } },
        .verdict = CLIENT_GRANTED,
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
        assert_int_equal(scene.n_opens, 0);
        assert_int_equal(scene.n_checks, 0); /* key logins and cron do not depend on itaxd */
        assert_string_equal(scene.reports, "");
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
        /* itaxd keeps nothing of this one: there is nothing to be asked or told. */
        assert_int_equal(scene.n_checks, 0);
        assert_string_equal(scene.reports, "");
        scene_finish(&scene);
}

static void test_session(_unused_ void **state) {
        Scene scene = {};

        scene_start(&scene, &granted_in_session, "alone", NULL);
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        assert_string_equal(pam_getenv(scene.handle, "ITAX_SESSION"), SESSION);
        assert_string_equal(pam_getenv(scene.handle, "ITAX_METHOD"), "session");
        assert_int_equal(pam_acct_mgmt(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(scene.n_checks, 1);
        assert_string_equal(scene.request.session, SESSION);
        assert_string_equal(scene.request.user, "zs");
        assert_string_equal(scene.request.service, "alone");
        assert_int_equal(pam_setcred(scene.handle, PAM_ESTABLISH_CRED), PAM_SUCCESS);
        assert_int_equal(pam_open_session(scene.handle, 0), PAM_SUCCESS);
        assert_string_equal(scene.reports, "+" SESSION ":zs");
        assert_int_equal(pam_close_session(scene.handle, 0), PAM_SUCCESS);
        assert_string_equal(scene.reports, "+" SESSION ":zs-" SESSION);
        scene_finish(&scene);
}

/* The old unit login: nobody is known, and nobody is named. */
static void test_unit_login(_unused_ void **state) {
        Scene scene = {};

        scene_start(&scene, &granted_to_unit, "alone", "zs");
        assert_int_equal(pam_putenv(scene.handle, "ITAX_ACCOUNT=stale"), PAM_SUCCESS);
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        assert_null(pam_getenv(scene.handle, "ITAX_ACCOUNT"));
        assert_null(pam_getenv(scene.handle, "ITAX_NAME"));
        assert_string_equal(pam_getenv(scene.handle, "ITAX_UNIT"), "91350100M000100Y43");
        assert_string_equal(pam_getenv(scene.handle, "ITAX_METHOD"), "unit");
        assert_int_equal(pam_acct_mgmt(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(pam_open_session(scene.handle, 0), PAM_SUCCESS);
        assert_string_equal(scene.reports, "+" SESSION ":zs");
        scene_finish(&scene);
}

/* The person is in: a daemon that is away does not put anybody out. */
static void test_session_unreported(_unused_ void **state) {
        static const int results[] = { CLIENT_E_AWAY, CLIENT_E_UNTRUSTED, CLIENT_E_REFUSED, CLIENT_E_PROTOCOL,
                                       CLIENT_E_SESSION, -ENOMEM, 77 };

        for (size_t i = 0; i < ELEMENTSOF(results); i++) {
                Play play = granted_in_session;
                Scene scene = {};

                play.session_result = results[i];
                scene_start(&scene, &play, "alone", "zs");
                assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
                assert_int_equal(pam_open_session(scene.handle, 0), PAM_SUCCESS);
                assert_int_equal(pam_close_session(scene.handle, 0), PAM_SUCCESS);
                scene_finish(&scene);
        }
}

/* A unit for the person who is logged in already: the session there is goes along. */
static void test_only_unit(_unused_ void **state) {
        Scene scene = {};

        scene_start(&scene, &granted_in_session, "unit", NULL);
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_USER_UNKNOWN);
        assert_int_equal(scene.n_opens, 0);
        scene_finish(&scene);

        scene_start(&scene, &granted_in_session, "unit", "zs");
        assert_int_equal(pam_putenv(scene.handle, "ITAX_SESSION=" SESSION), PAM_SUCCESS);
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        assert_string_equal(scene.request.purpose, "unit");
        assert_string_equal(scene.request.session, SESSION);
        scene_finish(&scene);

        scene_start(&scene, &granted_in_session, "unit", "zs");
        assert_int_equal(pam_putenv(scene.handle, "ITAX_SESSION=../../etc/passwd"), PAM_SUCCESS);
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        assert_string_equal(scene.request.purpose, "unit");
        assert_string_equal(scene.request.session, "");
        scene_finish(&scene);
}

/* PAM_IGNORE, of which libpam makes an error where nobody else is there. */
#define NOT_OURS (-1)

static void check_code(const Scene *scene, const char *sentence, int code, int expected) {
        if (expected == NOT_OURS ? code == PAM_SUCCESS : code != expected)
                fail_msg("%s: %s", sentence, pam_strerror(scene->handle, code));
}

typedef struct AccountCase {
        const char *sentence;
        const char *stack;
        const char *user;
        const char *variable; /* in the PAM environment, NULL for none */
        Play play;
        int code;
        size_t n_checks;
} AccountCase;

#define IN_SESSION "ITAX_SESSION=" SESSION

/* threats 5, 8 */
static const AccountCase account_cases[] = {
        { "granted once more", "alone", "zs", IN_SESSION, { .verdict = CLIENT_GRANTED }, PAM_SUCCESS, 1 },
        { "disabled meanwhile", "alone", "zs", IN_SESSION, { .verdict = CLIENT_DENIED }, PAM_PERM_DENIED, 1 },
        { "no longer for this unit", "alone", "zs", IN_SESSION, { .verdict = CLIENT_UNIT }, PAM_PERM_DENIED, 1 },
        { "the platform is away", "alone", "zs", IN_SESSION, { .verdict = CLIENT_UNAVAILABLE }, PAM_AUTHINFO_UNAVAIL, 1 },
        { "a session that itaxd has forgotten", "alone", "zs", IN_SESSION, { .verdict = CLIENT_MAPPED },
          PAM_AUTHINFO_UNAVAIL, 1 },
        { "the same of a user without an account", "alone", "zs", IN_SESSION, { .verdict = CLIENT_NOT_OURS },
          PAM_AUTHINFO_UNAVAIL, 1 },
        { "the same as an error", "alone", "zs", IN_SESSION, { .check_result = CLIENT_E_SESSION }, PAM_AUTHINFO_UNAVAIL, 1 },
        { "the daemon is away", "alone", "zs", IN_SESSION, { .check_result = CLIENT_E_AWAY }, PAM_AUTHINFO_UNAVAIL, 1 },
        { "the daemon is somebody else's", "alone", "zs", IN_SESSION, { .check_result = CLIENT_E_UNTRUSTED }, PAM_SYSTEM_ERR, 1 },
        { "the daemon talks nonsense", "alone", "zs", IN_SESSION, { .check_result = CLIENT_E_PROTOCOL }, PAM_SYSTEM_ERR, 1 },
        { "no memory", "alone", "zs", IN_SESSION, { .check_result = -ENOMEM }, PAM_BUF_ERR, 1 },
        { "a word that the module does not know", "alone", "zs", IN_SESSION, { .verdict = _CLIENT_VERDICT_MAX },
          PAM_SYSTEM_ERR, 1 },
        { "a session also where others are refused", "deny", "zs", IN_SESSION, { .verdict = CLIENT_GRANTED }, PAM_SUCCESS, 1 },
        { "a session also where accounts are refused", "mapped", "zs", IN_SESSION, { .verdict = CLIENT_GRANTED },
          PAM_SUCCESS, 1 },
        { "a session of an unknown user", "alone", NULL, IN_SESSION, { .verdict = CLIENT_GRANTED }, NOT_OURS, 0 },

        { "a key login", "alone", "zs", NULL, { .check_result = CLIENT_E_AWAY }, NOT_OURS, 0 },
        { "something that is no session", "alone", "zs", "ITAX_SESSION=x", { .check_result = CLIENT_E_AWAY }, NOT_OURS, 0 },
        { "an account that a user has put there", "alone", "zs", "ITAX_ACCOUNT=x", { .check_result = CLIENT_E_AWAY }, NOT_OURS, 0 },
        { "a key login that is refused", "deny", "zs", NULL, { .check_result = CLIENT_E_AWAY }, PAM_PERM_DENIED, 0 },
        { "a strange name that is refused", "deny", "a\nb", NULL, { .check_result = CLIENT_E_AWAY }, PAM_PERM_DENIED, 0 },
        { "a strange name has no account", "mapped", "a\nb", NULL, { .check_result = CLIENT_E_AWAY }, NOT_OURS, 0 },
        { "a key login of a user with an account", "mapped", "zs", NULL, { .verdict = CLIENT_MAPPED }, PAM_PERM_DENIED, 1 },
        { "a key login of a user without one", "mapped", "zs", NULL, { .verdict = CLIENT_NOT_OURS }, NOT_OURS, 1 },
        { "a key login of a disabled account", "mapped", "zs", NULL, { .verdict = CLIENT_DENIED }, PAM_PERM_DENIED, 1 },
        { "a key login that cannot be judged", "mapped", "zs", NULL, { .verdict = CLIENT_UNAVAILABLE },
          PAM_AUTHINFO_UNAVAIL, 1 },
        { "a key login without a daemon", "mapped", "zs", NULL, { .check_result = CLIENT_E_AWAY }, PAM_AUTHINFO_UNAVAIL, 1 },
        { "a key login that is granted out of thin air", "mapped", "zs", NULL, { .verdict = CLIENT_GRANTED },
          PAM_SYSTEM_ERR, 1 },
        { "nobody at all", "mapped", NULL, NULL, {}, PAM_USER_UNKNOWN, 0 },
};

static void test_account(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(account_cases); i++) {
                const AccountCase *c = &account_cases[i];
                Scene scene = {};
                int code;

                scene_start(&scene, &c->play, c->stack, c->user);
                if (c->variable)
                        assert_int_equal(pam_putenv(scene.handle, c->variable), PAM_SUCCESS);
                code = pam_acct_mgmt(scene.handle, 0);
                check_code(&scene, c->sentence, code, c->code);
                if (scene.n_checks != c->n_checks)
                        fail_msg("%s: asked %zu times", c->sentence, scene.n_checks);
                assert_int_equal(scene.n_opens, 0);
                scene_finish(&scene);
        }
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
        assert_int_equal(pam_putenv(scene.handle, "ITAX_METHOD=qr"), PAM_SUCCESS);
        assert_int_equal(pam_putenv(scene.handle, "ITAX_SESSION=" SESSION), PAM_SUCCESS);
        assert_int_equal(pam_setcred(scene.handle, PAM_ESTABLISH_CRED), PAM_SUCCESS);
        assert_int_equal(pam_open_session(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(pam_close_session(scene.handle, 0), PAM_SUCCESS);
        assert_string_equal(scene.reports, "+" SESSION ":zs-" SESSION);
        scene_finish(&scene);

        /* Of a login that itaxd does not keep. */
        scene_start(&scene, &granted, "alone", "zs");
        assert_int_equal(pam_putenv(scene.handle, "ITAX_METHOD=qr"), PAM_SUCCESS);
        assert_int_equal(pam_open_session(scene.handle, 0), PAM_SUCCESS);
        assert_string_equal(scene.reports, "");
        scene_finish(&scene);

        scene_start(&scene, &granted, "alone", "zs");
        assert_int_equal(pam_putenv(scene.handle, "ITAX_METHOD="), PAM_SUCCESS);
        assert_int_equal(pam_putenv(scene.handle, "ITAX_SESSION="), PAM_SUCCESS);
        assert_not_our_affair(pam_open_session(scene.handle, 0));
        assert_not_our_affair(pam_setcred(scene.handle, PAM_ESTABLISH_CRED));
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

#define ASK(number, what, which) \
        { .serial = (number), .kind = STEP_PROMPT_SECRET, .prompt = S(what), .token = (which) }
#define CHANGED { .serial = 9, .kind = STEP_DONE, .user = S("zs"), .account = S("ceshi"), .method = S("password") }

#define NEIGHBOURS PAM_SUCCESS

typedef struct ChangeCase {
        const char *sentence;
        const char *stack;
        const char *user;
        int flags;
        Play play;
        int code; /* NEIGHBOURS: that of the others in the stack, as it is not our affair */
        const char *sent, *noted_old, *noted;
        size_t n_checks;
} ChangeCase;

static const ChangeCase change_cases[] = {
        { "another password", "after", "zs", 0,
          { .verdict = CLIENT_MAPPED,
            .steps = { ASK(1, "old: ", TOKEN_CURRENT), ASK(2, "new: ", TOKEN_NEW), ASK(3, "again: ", TOKEN_NEW), CHANGED },
            .answers = { "Old-pass1", "New-pass2", "New-pass2" } },
          PAM_SUCCESS, "-<Old-pass1><New-pass2><New-pass2>", "Old-pass1", "New-pass2", 1 },
        { "refused", "after", "zs", 0,
          { .verdict = CLIENT_MAPPED,
            .steps = { ASK(1, "old: ", TOKEN_CURRENT), { .serial = 2, .kind = STEP_FAIL, .reason = REASON_DENIED } },
            .answers = { "Old-pass1" } },
          PAM_AUTH_ERR, "-<Old-pass1>", "", "", 1 },
        { "the platform goes away between the passes", "after", "zs", 0,
          { .verdict = CLIENT_MAPPED,
            .steps = { ASK(1, "old: ", TOKEN_CURRENT), { .serial = 2, .kind = STEP_FAIL, .reason = REASON_UNAVAILABLE } },
            .answers = { "Old-pass1" } },
          PAM_AUTHTOK_ERR, "-<Old-pass1>", "", "", 1 },
        { "the daemon goes away between the passes", "after", "zs", 0,
          { .verdict = CLIENT_MAPPED, .open_result = CLIENT_E_AWAY }, PAM_AUTHTOK_ERR, "", "", "", 1 },
        { "not one of ours any more in the second pass", "after", "zs", 0,
          { .verdict = CLIENT_MAPPED, .steps = { { .serial = 2, .kind = STEP_FAIL, .reason = REASON_NOT_OURS } } },
          PAM_AUTHTOK_ERR, "-", "", "", 1 },
        { "of somebody else", "after", "zs", 0,
          { .verdict = CLIENT_MAPPED, .steps = { { .serial = 2, .kind = STEP_DONE, .user = S("ls"), .account = S("a"),
                                                   .method = S("password") } } },
          PAM_AUTH_ERR, "-", "", "", 1 },
        { "the old one is known from an earlier module", "first", "zs", 0,
          { .verdict = CLIENT_MAPPED,
            .steps = { ASK(1, "old: ", TOKEN_CURRENT), ASK(2, "new: ", TOKEN_NEW), CHANGED }, .answers = { "New-pass2" } },
          PAM_SUCCESS, "-<Given-old1><New-pass2>", "Given-old1", "New-pass2", 1 },
        { "not one of ours", "after", "zs", 0, { .verdict = CLIENT_NOT_OURS }, NEIGHBOURS, "", "", "", 1 },
        { "without a daemon", "after", "zs", 0, { .check_result = CLIENT_E_AWAY }, PAM_AUTHINFO_UNAVAIL, "", "", "", 1 },
        { "without a platform", "after", "zs", 0, { .verdict = CLIENT_UNAVAILABLE }, PAM_AUTHINFO_UNAVAIL, "", "", "", 1 },
        { "of a disabled account", "after", "zs", 0, { .verdict = CLIENT_DENIED }, PAM_PERM_DENIED, "", "", "", 1 },
        { "granted out of thin air", "after", "zs", 0, { .verdict = CLIENT_GRANTED }, PAM_SYSTEM_ERR, "", "", "", 1 },
        { "of nobody", "after", NULL, 0, { .verdict = CLIENT_MAPPED }, PAM_USER_UNKNOWN, "", "", "", 0 },
        { "of a name that nobody has", "after", "a\nb", 0, { .verdict = CLIENT_MAPPED }, NEIGHBOURS, "", "", "", 0 },
        { "as it has expired here", "after", "zs", PAM_CHANGE_EXPIRED_AUTHTOK, { .verdict = CLIENT_MAPPED }, NEIGHBOURS, "", "", "", 0 },
};

static void test_chauthtok(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(change_cases); i++) {
                const ChangeCase *c = &change_cases[i];
                Scene scene = {};
                int code;

                harness_tokens = (HarnessTokens){ .given_old = strcmp(c->stack, "first") == 0 ? "Given-old1" : NULL };
                scene_start(&scene, &c->play, c->stack, c->user);
                code = pam_chauthtok(scene.handle, c->flags);
                check_code(&scene, c->sentence, code, c->code);
                assert_string_equal(scene.sent, c->sent);
                assert_int_equal(scene.n_checks, c->n_checks);
                if (c->code == PAM_SUCCESS && c->sent[0]) {
                        assert_string_equal(harness_tokens.noted_old, c->noted_old);
                        assert_string_equal(harness_tokens.noted, c->noted);
                        assert_string_equal(scene.request.purpose, "password");
                        assert_string_equal(scene.request.session, "");
                }
                /* Nobody has logged in by that. */
                assert_null(pam_getenv(scene.handle, "ITAX_ACCOUNT"));
                assert_null(pam_getenv(scene.handle, "ITAX_METHOD"));
                assert_not_our_affair(pam_setcred(scene.handle, PAM_ESTABLISH_CRED));
                assert_not_our_affair(pam_acct_mgmt(scene.handle, 0));
                scene_finish(&scene);
        }
}

/* A login that is there already stays as it was. */
static void test_chauthtok_after_login(_unused_ void **state) {
        const Play change = { .verdict = CLIENT_MAPPED, .steps = { CHANGED } };
        Scene scene = {};

        scene_start(&scene, &granted, "alone", "zs");
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        scene.play = &change;
        scene.i_step = 0;
        assert_int_equal(pam_chauthtok(scene.handle, 0), PAM_SUCCESS);
        assert_string_equal(pam_getenv(scene.handle, "ITAX_ACCOUNT"), "ceshi_01");
        assert_string_equal(pam_getenv(scene.handle, "ITAX_UNIT"), "91350100M000100Y43");
        assert_int_equal(pam_acct_mgmt(scene.handle, 0), PAM_SUCCESS);
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
        assert_string_equal(scene.request.purpose, "");
        assert_string_equal(scene.request.session, "");
        assert_int_equal(scene.request.timeout_sec, 0);
        assert_int_equal(scene.request.max_age_sec, 0);
        assert_false(scene.request.keys);
        scene_finish(&scene);

        scene_start(&scene, &granted, "age", "zs");
        assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SUCCESS);
        assert_int_equal(scene.request.timeout_sec, 60);
        assert_int_equal(scene.request.max_age_sec, 900);
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
        { "numbers", { "max_age=86400", "timeout=600" }, 0, NULL },
        { "the least numbers", { "max_age=1", "timeout=10" }, 0, NULL },
        { "numbers with zeroes in front", { "timeout=000060" }, 0, NULL },
        { "an earlier password alone", { "use_first_pass", "others=mapped" }, 0, NULL },
        { "an earlier password first", { "try_first_pass", "others=ignore" }, 0, NULL },
        { "only a unit, and which", { "only=unit", "unit=91350100M000100Y43", "others=deny" }, 0, NULL },
        { "an unknown option", { "debug", "retry=5" }, OPTIONS_E_UNKNOWN, "retry=5" },
        { "an option of other modules", { "use_authtok" }, OPTIONS_E_UNKNOWN, "use_authtok" },
        { "a time that is too short", { "timeout=9" }, OPTIONS_E_VALUE, "timeout=9" },
        { "a time that is too long", { "timeout=601" }, OPTIONS_E_VALUE, "timeout=601" },
        { "no time at all", { "timeout=0" }, OPTIONS_E_VALUE, "timeout=0" },
        { "an age of nothing", { "max_age=0" }, OPTIONS_E_VALUE, "max_age=0" },
        { "an age of more than a day", { "max_age=86401" }, OPTIONS_E_VALUE, "max_age=86401" },
        { "an age beyond all numbers", { "max_age=4294967297" }, OPTIONS_E_VALUE, "max_age=4294967297" },
        { "a negative age", { "max_age=-1" }, OPTIONS_E_VALUE, "max_age=-1" },
        { "an age with a unit of time", { "max_age=15m" }, OPTIONS_E_VALUE, "max_age=15m" },
        { "an age without a number", { "max_age=" }, OPTIONS_E_VALUE, "max_age=" },
        { "an age that is not said", { "max_age" }, OPTIONS_E_VALUE, "max_age" },
        { "an age twice", { "max_age=5", "max_age=6" }, OPTIONS_E_TWICE, "max_age=6" },
        { "only something else", { "only=person" }, OPTIONS_E_VALUE, "only=person" },
        { "others in an unknown way", { "others=allow" }, OPTIONS_E_VALUE, "others=allow" },
        { "an earlier password first and alone", { "use_first_pass", "try_first_pass" }, OPTIONS_E_CONFLICT,
          "try_first_pass" },
        { "the same the other way round", { "try_first_pass", "use_first_pass" }, OPTIONS_E_CONFLICT, "use_first_pass" },
        { "only a unit, and none", { "unit=off", "only=unit" }, OPTIONS_E_CONFLICT, "only=unit" },
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
                cmocka_unit_test(test_session),
                cmocka_unit_test(test_unit_login),
                cmocka_unit_test(test_session_unreported),
                cmocka_unit_test(test_only_unit),
                cmocka_unit_test(test_account),
                cmocka_unit_test(test_variables),
                cmocka_unit_test(test_other_user),
                cmocka_unit_test(test_sshd_split),
                cmocka_unit_test(test_fork),
                cmocka_unit_test(test_chauthtok),
                cmocka_unit_test(test_chauthtok_after_login),
                cmocka_unit_test(test_misspelt_line),
                cmocka_unit_test(test_request),
                cmocka_unit_test(test_strange_items),
                cmocka_unit_test(test_options),
        };

        return cmocka_run_group_tests_name("pam-entry", tests, harness_setup, harness_teardown);
}
