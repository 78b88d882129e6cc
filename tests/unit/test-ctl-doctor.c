/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Doctor: each way of writing a stack wrong is found, at its line, and nothing is found in one that works */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "ctl/doctor.h"

#define FOUND_BYTES 2048

static const char *const modules[] = { "itax", "unix", "deny", "permit", "succeed_if", "nologin", "faillock", "listfile", "rootok", "env",
                                       "limits", "keyinit", "loginuid", "lastlog", "faildelay", "group", "shells", "gnome_keyring", "access" };

static char root[64];
static char *paths[128]; /* what was made, to be removed in reverse */
static size_t n_paths;

static void remember(const char *path) {
        for (size_t i = 0; i < n_paths; i++)
                if (strcmp(paths[i], path) == 0)
                        return;
        assert_true(n_paths < ELEMENTSOF(paths));
        paths[n_paths] = strdup(path);
        assert_non_null(paths[n_paths++]);
}

static void make_folder(const char *name) {
        char path[256];

        (void)snprintf(path, sizeof(path), "%s%s", root, name);
        assert_int_equal(mkdir(path, 0755), 0);
        assert_int_equal(chmod(path, 0755), 0);
        remember(path);
}

static void put(const char *name, const char *text) {
        char path[256];
        FILE *file;

        (void)snprintf(path, sizeof(path), "%s%s", root, name);
        file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, 0644), 0);
        remember(path);
}

static void set_mode(const char *name, mode_t mode) {
        char path[256];

        (void)snprintf(path, sizeof(path), "%s%s", root, name);
        assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state) {
        static const char *const folders[] = { "/etc", "/etc/pam.d", "/etc/itax", "/etc/itax/itaxd.conf.d", "/etc/ssh", "/etc/ssh/sshd_config.d",
                                               "/usr", "/usr/lib", "/usr/lib/somewhere", "/usr/lib/somewhere/security", "/usr/lib/systemd",
                                               "/usr/lib/systemd/system" };

        (void)state;
        (void)snprintf(root, sizeof(root), "%s/itax-doctor-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        if (!mkdtemp(root))
                return -1;
        for (size_t i = 0; i < ELEMENTSOF(folders); i++)
                make_folder(folders[i]);
        for (size_t i = 0; i < ELEMENTSOF(modules); i++) {
                char name[128];

                (void)snprintf(name, sizeof(name), "/usr/lib/somewhere/security/pam_%s.so", modules[i]);
                put(name, "");
        }
        put("/etc/pam.d/other", "auth required pam_deny.so\naccount required pam_deny.so\n");
        return 0;
}

static int teardown(void **state) {
        (void)state;
        while (n_paths > 0) {
                (void)remove(paths[--n_paths]);
                free(paths[n_paths]);
        }
        return rmdir(root);
}

/* "NAME@LINE" of each finding, in order. */
static void render(const Report *report, char ret[static FOUND_BYTES]) {
        size_t n = 0;

        ret[0] = '\0';
        for (size_t i = 0; i < report->n; i++) {
                const Finding *finding = &report->list[i];

                assert_true(finding->text[0] && finding->advice[0] && !strstr(finding->text, "{what}"));
                n += (size_t)snprintf(ret + n, FOUND_BYTES - n, "%s%s@%u", i ? " " : "", check_table[finding->check].name, finding->line);
                assert_true(n < FOUND_BYTES);
        }
}

static void examine(const char *service, char ret[static FOUND_BYTES]) {
        _cleanup_(report_done) Report report = { .root = root, .service = service };
        _cleanup_(stack_service_done) StackService read = {};
        const StackPlace place = { .root = root };

        assert_int_equal(stack_read(&place, service, &read), 0);
        assert_int_equal(doctor_service(&report, &read), 0);
        assert_false(report.is_short);
        render(&report, ret);
}

#define OURS "[success=2 ignore=ignore user_unknown=ignore authinfo_unavail=ignore module_unknown=ignore default=die] pam_itax.so"
#define AUTH "auth " OURS "\nauth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n"
#define ACCOUNT "account [success=ok new_authtok_reqd=ok ignore=ignore module_unknown=ignore default=bad] pam_itax.so\naccount required pam_unix.so\n"
#define REST ACCOUNT "session optional pam_itax.so\nsession required pam_unix.so\n"
#define ALONE "account required pam_itax.so\n"

static const struct {
        const char *name, *service, *text, *found;
} cases[] = {
        { "the way of the examples", "login", AUTH REST, "" },
        { "pam_itax alone, for a program that serves nobody else", "nginx", "auth required pam_itax.so\n" ALONE, "" },
        { "local users tried by jumps of another count", "sudo",
          "auth [success=done ignore=ignore user_unknown=ignore authinfo_unavail=ignore module_unknown=ignore default=die] pam_itax.so\nauth required pam_unix.so\n" REST,
          "" },
        { "root led past it", "su",
          "auth sufficient pam_rootok.so\nauth [success=1 default=ignore] pam_succeed_if.so quiet uid = 0\n" AUTH REST, "" },
        { "a substack around it", "login", "auth substack inner\n" REST, "" },

        /* threats 6: whoever is refused stays refused, whatever the reason */
        { "pam_permit behind an optional line lets everybody in", "web", "auth optional pam_itax.so\nauth required pam_permit.so\n" ALONE,
          "denial-ignored@2" },
        { "a refusal that is ignored, and pam_permit at the end", "web",
          "auth [success=1 default=ignore] pam_itax.so\nauth optional pam_unix.so\nauth sufficient pam_permit.so\n" ALONE,
          "denial-ignored@3 account-locks-out@4" },
        { "pam_deny passed by through a wrong count", "login",
          "auth [success=2 default=1] pam_itax.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n" REST,
          "denial-ignored@3 success-refused@1" },
        { "errors taken for ignore", "web",
          "auth [success=done system_err=ignore default=die] pam_itax.so\nauth required pam_permit.so\n" ALONE, "denial-ignored@2" },
        { "a sufficient pam_itax leaves the local password open to those it refuses", "login",
          "auth sufficient pam_itax.so\nauth required pam_unix.so\n" REST, "other-way@1" },
        { "an optional pam_itax changes nothing", "login", "auth required pam_unix.so\nauth optional pam_itax.so\n" REST, "no-influence@2" },
        { "a local password that is asked for first", "login",
          "auth sufficient pam_unix.so\nauth required pam_itax.so\n" REST, "asked-late@2" },
        { "both are needed", "login", "auth required pam_unix.so\nauth required pam_itax.so\n" REST,
          "both-needed@2 local-users-out@2 away-locks-out@2" },

        { "everybody locked out while the platform is away", "login",
          "auth [success=2 ignore=ignore user_unknown=ignore default=die] pam_itax.so\nauth [success=1 default=ignore] pam_unix.so\n"
          "auth requisite pam_deny.so\nauth required pam_permit.so\n" REST, "away-locks-out@1" },
        { "local users without an account locked out", "sudo",
          "auth [success=2 ignore=ignore authinfo_unavail=ignore module_unknown=ignore default=die] pam_itax.so\nauth [success=1 default=ignore] pam_unix.so\n"
          "auth requisite pam_deny.so\nauth required pam_permit.so\n" REST, "local-users-out@1" },
        { "pam_deny taken out: a local password that is wrong is enough", "sudo",
          "auth [success=1 ignore=ignore user_unknown=ignore authinfo_unavail=ignore module_unknown=ignore default=die] pam_itax.so\n"
          "auth [success=1 default=ignore] pam_unix.so\nauth required pam_permit.so\n" REST,
          "unproven@3 local-users-out@1 away-locks-out@1 setcred@1" },
        { "and the jump left as it was", "sudo",
          "auth [success=2 ignore=ignore user_unknown=ignore authinfo_unavail=ignore module_unknown=ignore default=die] pam_itax.so\n"
          "auth [success=1 default=ignore] pam_unix.so\nauth required pam_permit.so\n" REST,
          "unproven@3 success-refused@1" },
        /* threats 121 */
        { "root locked out where the module is missing, by the auth line", "login",
          "auth [success=2 ignore=ignore user_unknown=ignore authinfo_unavail=ignore default=die] pam_itax.so\n"
          "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n" REST,
          "module-gone-locks-out@1" },
        { "and by the account line", "login", AUTH ALONE "account required pam_unix.so\nsession optional pam_itax.so\nsession required pam_unix.so\n",
          "module-gone-locks-out@5" },
        { "root alone locked out", "login",
          "auth [success=2 ignore=ignore user_unknown=ignore authinfo_unavail=ignore module_unknown=ignore default=die] pam_itax.so\n"
          "auth requisite pam_succeed_if.so quiet uid >= 1000\nauth sufficient pam_unix.so\nauth required pam_permit.so\n" REST,
          "unproven@2 root-out@1" },
        { "no other way into a host", "login", "auth required pam_itax.so\n" REST, "nobody-in@1" },
        { "success that jumps into pam_deny", "login",
          "auth [success=1 ignore=ignore user_unknown=ignore authinfo_unavail=ignore module_unknown=ignore default=die] pam_itax.so\n"
          "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n" REST, "success-refused@1" },
        { "success that jumps behind the end", "login",
          "auth [success=9 ignore=ignore user_unknown=ignore authinfo_unavail=ignore module_unknown=ignore default=die] pam_itax.so\n"
          "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n" REST,
          "jump@1 success-refused@1" },
        { "a key of sshd fails at pam_setcred", "sshd",
          "auth [success=2 user_unknown=ignore authinfo_unavail=ignore module_unknown=ignore default=die] pam_itax.so\nauth [success=1 default=ignore] pam_unix.so\n"
          "auth requisite pam_deny.so\nauth required pam_permit.so\n" REST, "setcred@1" },
        { "pam_faillock passed by", "login",
          "auth [success=3 ignore=ignore user_unknown=ignore authinfo_unavail=ignore module_unknown=ignore default=die] pam_itax.so\n"
          "auth requisite pam_faillock.so preauth\nauth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\n"
          "auth required pam_permit.so\n" REST, "gate-skipped@2" },
        { "pam_faillock counts the success of pam_itax as a failure", "login",
          "auth [success=1 ignore=ignore user_unknown=ignore authinfo_unavail=ignore module_unknown=ignore default=die] pam_itax.so\n"
          "auth [success=1 default=ignore] pam_unix.so\nauth [default=die] pam_faillock.so authfail\nauth required pam_permit.so\n" REST,
          "success-refused@1" },
        { "pam_itax twice", "sudo", "auth required pam_itax.so\nauth required pam_itax.so\n" REST, "twice@2 nobody-in@1" },
        { "who it is, and then for which unit, is no repetition", "filing",
          "auth required pam_itax.so unit=off\nauth required pam_itax.so only=unit\n" ALONE, "" },
        { "pam_itax behind the end", "login",
          "auth sufficient pam_permit.so\nauth required pam_itax.so\n" REST, "never-asked@2 success-refused@2" },
        { "a line that nothing leads to", "web",
          "auth required pam_itax.so\nauth [default=1] pam_permit.so\nauth required pam_env.so\nauth required pam_permit.so\n" ALONE,
          "unreachable@3" },

        { "no account line", "web", "auth required pam_itax.so\naccount required pam_unix.so\n", "no-account-line@1" },
        { "no account lines at all, as screen lockers have it", "locker", "auth required pam_itax.so\n", "no-account-lines@1" },
        { "an account that is refused gets in", "login", AUTH "account optional pam_itax.so\naccount required pam_unix.so\n"
          "session optional pam_itax.so\nsession required pam_unix.so\n", "account-ignored@5" },
        { "pam_unix ends the account stack in front", "login", AUTH "account sufficient pam_unix.so\naccount required pam_itax.so\n"
          "session optional pam_itax.so\n", "account-passed-by@6 account-skips@6 session-locks-out@7" },
        /* threats 42: a sufficient account line */
        { "success of pam_itax ends the account stack", "login", AUTH "account sufficient pam_itax.so\naccount required pam_nologin.so\n"
          "account required pam_unix.so\nsession optional pam_itax.so\nsession required pam_unix.so\n",
          "account-ignored@5 account-skips@5 account-skips@5" },
        { "logins by others refused as accounts", "login", AUTH "account [success=ok default=bad] pam_itax.so\naccount required pam_unix.so\n"
          "session optional pam_itax.so\nsession required pam_unix.so\n", "account-locks-out@5" },
        { "root kept to its account", "sshd", AUTH "account required pam_itax.so others=mapped\naccount required pam_unix.so\n"
          "session optional pam_itax.so\nsession required pam_unix.so\n", "module-gone-locks-out@5 root-not-excepted@5" },
        { "root excepted", "sshd", AUTH "account [success=1 default=ignore] pam_succeed_if.so quiet uid = 0\n"
          "account required pam_itax.so others=mapped\naccount required pam_unix.so\n"
          "session optional pam_itax.so\nsession required pam_unix.so\n", "" },
        { "no session line at a door", "sudo", AUTH ACCOUNT, "no-session-line@0" },

        { "a change that was refused changes the local password", "passwd",
          "password sufficient pam_itax.so\npassword required pam_unix.so\n", "password-ignored@1" },
        { "users without an account cannot change theirs", "passwd",
          "password required pam_itax.so\npassword [success=1 default=bad] pam_unix.so\npassword required pam_permit.so\n",
          "password-locks-out@1" },

        { "an option that there is not", "web", "auth required pam_itax.so methd=qr\n" ALONE, "option@1" },
        { "a value that does not fit", "web", "auth required pam_itax.so timeout=5\n" ALONE, "option@1" },
        { "an option twice", "web", "auth required pam_itax.so unit=off unit=ask\n" ALONE, "option@1" },
        { "options that are right", "web", "auth required pam_itax.so method=qr unit=91990000000000002B timeout=60 max_age=900 debug\n" ALONE, "" },
        { "a module that is not installed", "web", "auth required pam_itax.so\nauth optional pam_nowhere.so\n" ALONE, "module-missing@2" },
        { "a module that may be missing", "web", "auth required pam_itax.so\n-auth optional pam_nowhere.so\n" ALONE, "" },
        { "pam_itax not installed", "web", "auth required /lib/nowhere/pam_itax.so\n" ALONE, "pam-itax-missing@1" },
        { "a kind misspelt", "web", "auth required pam_itax.so\nacount required pam_itax.so\n" ALONE, "line-kind@2 success-refused@1" },
        { "a file to include that is not there", "web", "auth required pam_itax.so\nauth include gone\n" ALONE,
          "include-missing@2 success-refused@1" },
        { "a file that ends in the middle of a line", "web", "auth required pam_itax.so\n" ALONE "session required \\\n", "line-unfinished@3" },
};

static void test_cases(void **state) {
        size_t n_wrong = 0;

        (void)state;
        put("/etc/pam.d/inner", AUTH);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char found[FOUND_BYTES], path[128];

                (void)snprintf(path, sizeof(path), "/etc/pam.d/%s", cases[i].service);
                put(path, cases[i].text);
                examine(cases[i].service, found);
                if (strcmp(found, cases[i].found) == 0)
                        continue;
                (void)fprintf(stderr, "%s:\n  wanted \"%s\"\n  found  \"%s\"\n", cases[i].name, cases[i].found, found);
                n_wrong++;
        }
        assert_int_equal(n_wrong, 0);
}

/* Every file that we give away, with the common ones of Debian. */
static void test_samples(void **state) {
        DIR *dir = opendir("conf/pam.d");
        struct dirent *entry;
        size_t n = 0;

        (void)state;
        assert_non_null(dir);
        put("/etc/pam.d/common-account", "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\naccount requisite pam_deny.so\n"
                                         "account required pam_permit.so\n");
        put("/etc/pam.d/common-session", "session [default=1] pam_permit.so\nsession requisite pam_deny.so\nsession required pam_permit.so\n"
                                         "session required pam_unix.so\n");
        put("/etc/pam.d/common-session-noninteractive", "session [default=1] pam_permit.so\nsession requisite pam_deny.so\n"
                                                        "session required pam_permit.so\nsession required pam_unix.so\n");
        put("/etc/pam.d/common-password", "password [success=1 default=ignore] pam_unix.so obscure yescrypt\npassword requisite pam_deny.so\n"
                                          "password required pam_permit.so\n");
        while ((entry = readdir(dir))) {
                _cleanup_(freep) char *text = NULL;
                char found[FOUND_BYTES], path[300];

                if (entry->d_name[0] == '.')
                        continue;
                (void)snprintf(path, sizeof(path), "conf/pam.d/%s", entry->d_name);
                assert_int_equal(stack_file_read("", path, &text), 0);
                (void)snprintf(path, sizeof(path), "/etc/pam.d/%s", entry->d_name);
                put(path, text);
                examine(entry->d_name, found);
                if (found[0])
                        (void)fprintf(stderr, "%s: %s\n", path, found);
                assert_string_equal(found, "");
                n++;
        }
        (void)closedir(dir);
        assert_true(n >= 19);
}

static void expect(int (*side)(Report *report), const char *wanted) {
        _cleanup_(report_done) Report report = { .root = root };
        char found[FOUND_BYTES];

        assert_int_equal(side(&report), 0);
        render(&report, found);
        assert_string_equal(found, wanted);
}

static void test_sshd(void **state) {
        (void)state;
        expect(doctor_sshd, "");
        put("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\nKbdInteractiveAuthentication no\nLoginGraceTime 2m\n");
        expect(doctor_sshd, "sshd-keyboard@3");
        put("/etc/ssh/sshd_config.d/a.conf", "kbdinteractiveauthentication yes\nLoginGraceTime 30\n");
        expect(doctor_sshd, "sshd-grace@2");
        put("/etc/ssh/sshd_config", "UsePAM=no\nMatch User x\nKbdInteractiveAuthentication no\n");
        expect(doctor_sshd, "sshd-pam@1");
        put("/etc/ssh/sshd_config", "# UsePAM yes\nPort 22\nLoginGraceTime 0\n");
        expect(doctor_sshd, "sshd-pam@0");
}

static void test_login(void **state) {
        (void)state;
        expect(doctor_login, "");
        put("/etc/login.defs", "# LOGIN_TIMEOUT 200\nLOGIN_TIMEOUT 60\n");
        expect(doctor_login, "login-timeout@2");
        put("/etc/login.defs", "LOGIN_TIMEOUT\t120\n");
        put("/usr/lib/systemd/system/getty@.service", "[Service]\nExecStart=-/sbin/agetty -o '-p -- \\\\u' --noclear - $TERM\n");
        expect(doctor_login, "skip-login@0");
        put("/usr/lib/systemd/system/getty@.service", "[Service]\nExecStart=-/sbin/agetty --skip-login --noclear - $TERM\n");
        expect(doctor_login, "");
}

static void test_users(void **state) {
        (void)state;
        put("/etc/nsswitch.conf", "passwd: files\ngroup: files systemd\n");
        expect(doctor_users, "");
        put("/etc/itax/itaxd.conf", "[login]\naccounts = provision\n");
        expect(doctor_users, "nsswitch@1");
        put("/etc/nsswitch.conf", "passwd: files systemd\ngroup: files systemd\n");
        expect(doctor_users, "");
        put("/etc/itax/itaxd.conf.d/10-accounts.conf", "[login]\naccounts = table\n");
        put("/etc/nsswitch.conf", "passwd: files\n");
        expect(doctor_users, "");
}

static void test_modes(void **state) {
        char found[FOUND_BYTES], secret[256];

        (void)state;
        put("/etc/itax/secret", "x\n");
        put("/etc/itax/users", "");
        set_mode("/etc/itax/secret", 0640);
        put("/etc/itax/itaxd.conf", "[platform]\nclient_secret_file = /etc/itax/secret\n");
        expect(doctor_configuration, "");
        set_mode("/etc/itax/secret", 0644);
        expect(doctor_configuration, "secret@0");
        set_mode("/etc/itax/secret", 0640);
        set_mode("/etc/itax/users", 0664);
        expect(doctor_configuration, "writable@0");
        set_mode("/etc/itax/users", 0644);
        set_mode("/etc/itax/itaxd.conf.d", 0777);
        expect(doctor_configuration, "writable@0");
        set_mode("/etc/itax/itaxd.conf.d", 0755);
        put("/etc/itax/itaxd.conf", "[platform]\nca_file = /etc/itax/gone.pem\n");
        expect(doctor_configuration, "file-missing@0");
        put("/etc/itax/itaxd.conf", "");
        (void)snprintf(secret, sizeof(secret), "%s/etc/itax/users", root);
        if (geteuid() == 0) {
                assert_int_equal(chown(secret, 12345, 0), 0);
                expect(doctor_configuration, "owner@0");
                assert_int_equal(chown(secret, 0, 0), 0);
        }

        put("/etc/pam.d/web", "auth required pam_itax.so\n" ALONE);
        set_mode("/etc/pam.d/web", 0666);
        examine("web", found);
        assert_string_equal(found, "writable@0");
        set_mode("/etc/pam.d/web", 0644);
        set_mode("/etc/pam.d", 0775);
        examine("web", found);
        assert_string_equal(found, "writable@0");
        set_mode("/etc/pam.d", 0755);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases), cmocka_unit_test(test_samples), cmocka_unit_test(test_sshd),
                cmocka_unit_test(test_login), cmocka_unit_test(test_users),   cmocka_unit_test(test_modes),
        };

        return cmocka_run_group_tests_name("doctor", tests, setup, teardown);
}
