/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many guests in one process: threads with handles of their own and the real client, and a module that
 * comes and goes a thousand times (threats 94). Built with -fsanitize=thread (CFLAGS and LDFLAGS) it also
 * says whether they share anything. */

#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/pam/box.h"
#include "tests/pam/harness.h"
#include "tests/pam/place.h"

#define ROUNDS 4
#define THREADS 50 /* at once: a bus takes only so many from one user; 200 together */
#define LOADS 1000
#define WARM 100   /* until then libc and libsystemd may keep what they need once */

_export_ ClientPlace test_place;

static const Play right = { .answers = { BOX_PASSWORD } }, wrong = { .answers = { "wrong" } };

static pthread_barrier_t barrier;

static void *thread_run(void *userdata) {
        const size_t i = (size_t)userdata;
        Scene scene = {};
        int code;

        scene_start(&scene, i % 2 ? &right : &wrong, "place", BOX_USER);
        (void)pthread_barrier_wait(&barrier);
        code = pam_authenticate(scene.handle, 0);
        if (code == PAM_SUCCESS && pam_acct_mgmt(scene.handle, 0) != PAM_SUCCESS)
                code = PAM_ABORT;
        scene_finish(&scene);
        return code == (i % 2 ? PAM_SUCCESS : PAM_AUTH_ERR) ? NULL : (void *)(intptr_t)(code + 1);
}

/* threats 94: 200 threads with the real client, each of which gets its own answer */
static void test_threads(_unused_ void **state) {
        Box box;

        if (getuid() != 0)
                skip();
        box_start(&box, BOX_NO_SERVICE);
        test_place = (ClientPlace){ .bus_path = box.bus_path, .passwd_path = box.passwd_path,
                                    .open_wait_usec = 30 * USEC_PER_SEC,
                                    .next_wait_usec = 30 * USEC_PER_SEC };
        box_add_daemon(&box, 0, BOX_SERVES);
        assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
        for (size_t round = 0; round < ROUNDS; round++) {
                pthread_t threads[THREADS];

                for (size_t i = 0; i < THREADS; i++)
                        assert_int_equal(pthread_create(&threads[i], NULL, thread_run, (void *)i), 0);
                for (size_t i = 0; i < THREADS; i++) {
                        void *result;

                        assert_int_equal(pthread_join(threads[i], &result), 0);
                        if (result)
                                fail_msg("thread %zu: code %i", i, (int)(intptr_t)result - 1);
                }
        }
        (void)pthread_barrier_destroy(&barrier);
        box_stop(&box);
}

static size_t entries_of(const char *path, const char *word) {
        char line[1024];
        size_t n = 0;
        FILE *f;

        f = fopen(path, "re");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f))
                n += strstr(line, word) != NULL;
        (void)fclose(f);
        return n;
}

static size_t n_descriptors(void) {
        size_t n = 0;
        DIR *dir;

        dir = opendir("/proc/self/fd");
        assert_non_null(dir);
        while (readdir(dir))
                n++;
        (void)closedir(dir);
        return n;
}

/* threats 94: loaded and unloaded with the real client, which nobody answers, so that each load also runs */
static void test_load_and_unload(_unused_ void **state) {
        size_t used = 0, mappings = 0, descriptors = 0;

        test_place = (ClientPlace){ .bus_path = "/nonexistent/bus", .passwd_path = "/etc/passwd",
                                    .open_wait_usec = USEC_PER_SEC, .next_wait_usec = USEC_PER_SEC };
        for (size_t i = 0; i < LOADS; i++) {
                Scene scene = {};

                scene_start(&scene, &right, "place", BOX_USER);
                assert_int_equal(pam_authenticate(scene.handle, 0), PAM_AUTHINFO_UNAVAIL);
                scene_finish(&scene);
                assert_int_equal(entries_of("/proc/self/maps", "/pam_itax_place"), 0);
                if (i == WARM) {
                        used = mallinfo2().uordblks;
                        mappings = entries_of("/proc/self/maps", "");
                        descriptors = n_descriptors();
                }
        }
        /* Not as much as the smallest block for every second load; under a sanitizer both are 0. */
        if (mallinfo2().uordblks > used + (LOADS - WARM) / 2 * 16)
                fail_msg("%zu bytes more", mallinfo2().uordblks - used);
        assert_int_equal(n_descriptors(), descriptors);
        if (entries_of("/proc/self/maps", "") > mappings + 4) /* the heap may get another piece or two */
                fail_msg("%zu mappings, %zu before", entries_of("/proc/self/maps", ""), mappings);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_threads),
                cmocka_unit_test(test_load_and_unload),
        };

        return cmocka_run_group_tests_name("pam-crowd", tests, harness_setup, harness_teardown);
}
