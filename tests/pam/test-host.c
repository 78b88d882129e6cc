/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A guest in a foreign process: whatever happens, the host finds it as it was (threats 9, 90, 92-94). */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/pam/harness.h"

#define S(literal) ((char *)(literal))
#define THREADS 200
#define LOADS 200

static const Play granted = {
        .steps = { { .serial = 1, .kind = STEP_PROMPT_SECRET, .text = S("t"), .prompt = S("pw: ") },
                   { .serial = 2, .kind = STEP_DONE, .user = S("zs"), .account = S("ceshi"), .name = S("n"),
                     .unit = S("9135"), .unit_name = S("u"), .method = S("password") } },
        .answers = { "password" },
};
static const Play refused = {
        .steps = { { .serial = 1, .kind = STEP_PROMPT_SECRET, .layout = LAYOUT_LINES, .text = S("a\nb"),
                     .prompt = S("pw: ") },
                   { .serial = 2, .kind = STEP_FAIL, .reason = REASON_DENIED, .text = S("No.") } },
        .answers = { "password" },
};
static const Play cancelled = {
        .steps = { { .serial = 1, .kind = STEP_PROMPT_SECRET, .prompt = S("pw: ") } },
        .fault = CONV_FAILS,
};
static const Play away = { .open_result = CLIENT_E_AWAY };
static const Play *const outcomes[] = { &granted, &refused, &cancelled, &away };

/* What of the process a guest could change. */
typedef struct Snapshot {
        struct {
                void (*handler)(int);
                int flags;
                uint64_t mask;
        } actions[NSIG];
        uint64_t mask;
        mode_t mask_files;
        char folder[4096];
        char locale[256];
        struct rlimit limits[RLIM_NLIMITS];
        unsigned fds[64];
        size_t n_fds;
        char **environment;
} Snapshot;

/* The kernel fills the start of a sigset_t only. */
static uint64_t mask_bits(const sigset_t *set) {
        uint64_t bits = 0;

        for (int i = 1; i < NSIG; i++)
                if (sigismember(set, i) == 1)
                        bits |= UINT64_C(1) << (i - 1);
        return bits;
}

static void take_snapshot(Snapshot *s) {
        struct dirent *entry;
        sigset_t set;
        DIR *dir;

        memset(s, 0, sizeof(*s));
        for (int i = 1; i < NSIG; i++) {
                struct sigaction action = {};

                if (sigaction(i, NULL, &action) < 0)
                        continue;
                s->actions[i].handler = action.sa_handler;
                s->actions[i].flags = action.sa_flags;
                s->actions[i].mask = mask_bits(&action.sa_mask);
        }
        assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &set), 0);
        s->mask = mask_bits(&set);
        s->mask_files = umask(022);
        (void)umask(s->mask_files);
        assert_non_null(getcwd(s->folder, sizeof(s->folder)));
        (void)snprintf(s->locale, sizeof(s->locale), "%s", setlocale(LC_ALL, NULL));
        for (int i = 0; i < (int)RLIM_NLIMITS; i++)
                assert_int_equal(getrlimit((__rlimit_resource_t)i, &s->limits[i]), 0);
        s->environment = environ;

        dir = opendir("/proc/self/fd");
        assert_non_null(dir);
        while ((entry = readdir(dir)) && s->n_fds < ELEMENTSOF(s->fds))
                if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir))
                        s->fds[s->n_fds++] = (unsigned)atoi(entry->d_name);
        (void)closedir(dir);
}

static void visit(const Play *play, int expected) {
        Scene scene = {};
        int code;

        scene_start(&scene, play, "alone", "zs");
        code = pam_authenticate(scene.handle, 0);
        if (expected >= 0)
                assert_int_equal(code, expected);
        (void)pam_setcred(scene.handle, PAM_ESTABLISH_CRED);
        (void)pam_acct_mgmt(scene.handle, 0);
        (void)pam_open_session(scene.handle, 0);
        (void)pam_close_session(scene.handle, 0);
        scene_finish(&scene);
}

static void on_alarm(_unused_ int number) {
}

/* threats 90 */
static void test_host_is_unchanged(_unused_ void **state) {
        const struct sigaction mine = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
        Snapshot before, after;
        sigset_t blocked;

        assert_int_equal(sigaction(SIGALRM, &mine, NULL), 0);
        assert_int_equal(sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL), 0);
        (void)sigemptyset(&blocked);
        (void)sigaddset(&blocked, SIGUSR2);
        assert_int_equal(pthread_sigmask(SIG_BLOCK, &blocked, NULL), 0);

        /* The first visit opens the connection to the log, which belongs to libc. */
        visit(&granted, PAM_SUCCESS);
        for (size_t i = 0; i < ELEMENTSOF(outcomes); i++) {
                take_snapshot(&before);
                visit(outcomes[i], -1);
                take_snapshot(&after);
                assert_memory_equal(&before, &after, sizeof(before));
        }
}

/* threats 92 */
static void test_standard_descriptors_closed(_unused_ void **state) {
        int status;
        pid_t pid;

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                const Play *play = &granted;
                Scene scene = {};
                int code;

                scene_start(&scene, play, "alone", "zs");
                (void)close(0);
                (void)close(1);
                (void)close(2);
                code = pam_authenticate(scene.handle, 0);
                /* Nothing of ours has moved in there for good. */
                _exit(code == PAM_SUCCESS && scene.n_frees == 1 ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

/* threats 93; that the real client polls is in test-bus */
static void test_many_descriptors(_unused_ void **state) {
        struct rlimit limit, more;
        int fds[2000];

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        more = limit;
        if (more.rlim_cur < 2200)
                more.rlim_cur = more.rlim_max < 2200 ? more.rlim_max : 2200;
        if (more.rlim_cur < 2200)
                skip();
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &more), 0);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
                assert_true(fds[i] >= 0);
        }
        visit(&granted, PAM_SUCCESS);
        visit(&refused, PAM_AUTH_ERR);
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                (void)close(fds[i]);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* threats 94 */
static void *thread_run(void *userdata) {
        const size_t i = (size_t)userdata;
        const Play *play = i % 2 ? &granted : &refused;
        Scene scene = {};
        int code;

        scene_start(&scene, play, "alone", "zs");
        code = pam_authenticate(scene.handle, 0);
        scene_finish(&scene);
        return code == (i % 2 ? PAM_SUCCESS : PAM_AUTH_ERR) ? NULL : userdata;
}

static void test_threads(_unused_ void **state) {
        pthread_t threads[THREADS];

        for (size_t i = 0; i < THREADS; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, thread_run, (void *)(i + 2)), 0);
        for (size_t i = 0; i < THREADS; i++) {
                void *result;

                assert_int_equal(pthread_join(threads[i], &result), 0);
                assert_null(result);
        }
}

static size_t module_mappings(void) {
        char line[512];
        size_t n = 0;
        FILE *f;

        f = fopen("/proc/self/maps", "re");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f))
                n += strstr(line, "/pam_itax_") != NULL; /* the tree may be called pam_itax */
        (void)fclose(f);
        return n;
}

static void test_load_and_unload(_unused_ void **state) {
        size_t used_before = 0, used_after;

        for (size_t i = 0; i < LOADS; i++) {
                visit(i % 2 ? &granted : &refused, i % 2 ? PAM_SUCCESS : PAM_AUTH_ERR);
                assert_int_equal(module_mappings(), 0); /* really gone between two visits */
                if (i == LOADS / 4)
                        used_before = mallinfo2().uordblks;
        }
        used_after = mallinfo2().uordblks;
        /* Less than the smallest block for each visit; under a sanitizer both are 0. */
        if (used_after > used_before && used_after - used_before > (LOADS - LOADS / 4) * 16)
                fail_msg("%zu bytes more", used_after - used_before);
}

/* threats 104: as little as a host may leave us */
static void test_small_limits(_unused_ void **state) {
        static const struct {
                __rlimit_resource_t what;
                rlim_t limit;
        } limits[] = {
                { RLIMIT_NOFILE, 3 }, { RLIMIT_NPROC, 0 }, { RLIMIT_FSIZE, 0 }, { RLIMIT_MEMLOCK, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                int status;
                pid_t pid;

                pid = fork();
                assert_true(pid >= 0);
                if (pid == 0) {
                        const struct rlimit limit = { .rlim_cur = limits[i].limit, .rlim_max = limits[i].limit };
                        Scene scene = {};

                        (void)signal(SIGXFSZ, SIG_IGN);
                        scene_start(&scene, &refused, "alone", "zs");
                        (void)setrlimit(limits[i].what, &limit);
                        _exit(pam_authenticate(scene.handle, 0) == PAM_SUCCESS ? 1 : 0);
                }
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_host_is_unchanged),
                cmocka_unit_test(test_standard_descriptors_closed),
                cmocka_unit_test(test_many_descriptors),
                cmocka_unit_test(test_threads),
                cmocka_unit_test(test_load_and_unload),
                cmocka_unit_test(test_small_limits),
        };

        return cmocka_run_group_tests_name("pam-host", tests, harness_setup, harness_teardown);
}
