/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers that nobody asked for: on a bus without policy, a stranger owns the name and tells the module,
 * in the name of the bus, that its owner is root (threats 23; sd-bus matches answers by number alone). */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/pam/box.h"
#include "tests/pam/harness.h"
#include "tests/pam/place.h"

#define STRANGER_UID 65534
#define LOGINS 50
#define NAMES 8          /* how far ahead unique names are guessed */
#define ANSWERED_CALL 3  /* Hello, GetNameOwner, GetConnectionUnixUser */

_export_ ClientPlace test_place;

/* A message in the making (D-Bus specification, message format; little endian). */
typedef struct Raw {
        unsigned char bytes[256];
        size_t n;
} Raw;

static void raw_align(Raw *raw, size_t to) {
        while (raw->n % to)
                raw->bytes[raw->n++] = 0;
}

static void raw_u32(Raw *raw, uint32_t value) {
        raw_align(raw, 4);
        value = htole32(value);
        memcpy(raw->bytes + raw->n, &value, 4);
        raw->n += 4;
}

static void raw_field(Raw *raw, unsigned char code, char type) {
        raw_align(raw, 8);
        raw->bytes[raw->n++] = code;
        raw->bytes[raw->n++] = 1;
        raw->bytes[raw->n++] = (unsigned char)type;
        raw->bytes[raw->n++] = 0;
}

static void raw_string(Raw *raw, const char *s) {
        const size_t n = strlen(s);

        raw_u32(raw, (uint32_t)n);
        memcpy(raw->bytes + raw->n, s, n + 1);
        raw->n += n + 1;
}

/* "The answer to your call is uid 0." */
static void forge_answer(Raw *raw, uint32_t serial, const char *to) {
        static const unsigned char start[] = { 'l', 2 /* method return */, 1 /* no reply */, 1 };
        uint32_t n_fields;

        *raw = (Raw){};
        memcpy(raw->bytes, start, sizeof(start));
        raw->n = sizeof(start);
        raw_u32(raw, 4); /* the body's length */
        raw_u32(raw, serial);
        raw_u32(raw, 0); /* the fields' length, below */
        raw_field(raw, 5, 'u');
        raw_u32(raw, ANSWERED_CALL);
        raw_field(raw, 6, 's');
        raw_string(raw, to);
        raw_field(raw, 8, 'g');
        raw->bytes[raw->n++] = 1;
        raw->bytes[raw->n++] = 'u';
        raw->bytes[raw->n++] = 0;
        n_fields = htole32((uint32_t)(raw->n - 16));
        memcpy(raw->bytes + 12, &n_fields, 4);
        raw_align(raw, 8);
        raw_u32(raw, 0); /* uid 0 */
}

static void put(int fd, const void *bytes, size_t n) {
        if (send(fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n)
                _exit(1);
}

static void hello(int fd) {
        /* Hello, serial 1, to the bus; fields: path, interface, member, destination. */
        Raw raw = { .bytes = { 'l', 1, 0, 1 }, .n = 4 };
        char answer[512];
        uint32_t n_fields;

        put(fd, "\0AUTH EXTERNAL 3635353334\r\n", 27); /* "65534" */
        if (recv(fd, answer, sizeof(answer), 0) <= 0 || strncmp(answer, "OK", 2) != 0)
                _exit(2);
        put(fd, "BEGIN\r\n", 7);
        raw_u32(&raw, 0);
        raw_u32(&raw, 1);
        raw_u32(&raw, 0);
        raw_field(&raw, 1, 'o');
        raw_string(&raw, "/org/freedesktop/DBus");
        raw_field(&raw, 2, 's');
        raw_string(&raw, "org.freedesktop.DBus");
        raw_field(&raw, 3, 's');
        raw_string(&raw, "Hello");
        raw_field(&raw, 6, 's');
        raw_string(&raw, "org.freedesktop.DBus");
        n_fields = htole32((uint32_t)(raw.n - 16));
        memcpy(raw.bytes + 12, &n_fields, 4);
        raw_align(&raw, 8);
        put(fd, raw.bytes, raw.n);
}

/* Send to each name that could be given out next, for as long as we live. */
static void flood(const char *bus_path, const volatile unsigned *next_name, volatile unsigned *n_sent) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        uint32_t serial = 2;
        char drain[4096];
        int fd;

        if (setgroups(0, NULL) < 0 || setresgid(STRANGER_UID, STRANGER_UID, STRANGER_UID) < 0 ||
            setresuid(STRANGER_UID, STRANGER_UID, STRANGER_UID) < 0)
                _exit(3);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", bus_path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                _exit(4);
        hello(fd);
        for (;;) {
                for (unsigned i = 0; i < NAMES; i++) {
                        char name[32];
                        Raw raw;

                        (void)snprintf(name, sizeof(name), ":1.%u", *next_name + i);
                        forge_answer(&raw, serial++, name);
                        put(fd, raw.bytes, raw.n);
                }
                *n_sent += NAMES;
                while (recv(fd, drain, sizeof(drain), MSG_DONTWAIT) > 0)
                        ;
        }
}

static void test_forged_owner(_unused_ void **state) {
        const Play play = { .answers = { BOX_PASSWORD } };
        volatile unsigned *shared; /* the next name, and how many answers were sent */
        pid_t pid;
        Box box;

        if (getuid() != 0)
                skip();
        box_start(&box, BOX_NO_SERVICE);
        test_place = (ClientPlace){ .bus_path = box.bus_path, .passwd_path = box.passwd_path,
                                    .open_wait_usec = 20 * USEC_PER_SEC, .next_wait_usec = 5 * USEC_PER_SEC };
        box_add_daemon(&box, STRANGER_UID, BOX_SERVES);

        shared = mmap(NULL, 2 * sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_ptr_not_equal(shared, MAP_FAILED);
        shared[0] = 2; /* the stranger's two connections are :1.0 and :1.1 */
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                flood(box.bus_path, &shared[0], &shared[1]);
        }
        while (shared[1] == 0 && waitpid(pid, NULL, WNOHANG) == 0)
                (void)sched_yield();
        assert_true(shared[1] > 0);

        for (unsigned i = 0; i < LOGINS; i++) {
                Scene scene = {};

                scene_start(&scene, &play, "place", BOX_USER);
                assert_int_equal(pam_authenticate(scene.handle, 0), PAM_SYSTEM_ERR);
                assert_int_equal(scene.n_messages, 0);
                scene_finish(&scene);
                shared[0] = shared[0] + 1;
        }
        assert_int_equal(box_n_opened(&box, 0), 0);

        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        (void)munmap((void *)shared, 2 * sizeof(*shared));
        box_stop(&box);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forged_owner),
        };

        return cmocka_run_group_tests_name("pam-forgery", tests, harness_setup, harness_teardown);
}
