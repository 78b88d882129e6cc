/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* After a login the host's memory holds nothing of what was typed (threats 83, as far as the module and
 * its client go). Not built with a sanitizer, whose own bookkeeping is in the way. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/pam/box.h"
#include "tests/pam/harness.h"
#include "tests/pam/place.h"

#define MASK 0x5A
#define N_SECRET 24
#define BIG_BYTES (1UL << 30) /* reservations of the allocator, not memory */

_export_ ClientPlace test_place;

/* The secret, masked, so that it is nowhere but where it is typed. */
static unsigned char masked[N_SECRET];

static void make_secret(void) {
        for (size_t i = 0; i < N_SECRET; i++)
                masked[i] = (unsigned char)(('A' + (int)(i * 7 % 23)) ^ MASK);
}

static void unmask(char *place) {
        for (size_t i = 0; i < N_SECRET; i++)
                ((volatile char *)place)[i] = (char)(masked[i] ^ MASK);
}

static bool is_secret(const unsigned char *p) {
        for (size_t i = 0; i < N_SECRET; i++)
                if ((p[i] ^ MASK) != masked[i])
                        return false;
        return true;
}

static size_t count_in(const unsigned char *first, const unsigned char *last) {
        size_t n = 0;

        for (const unsigned char *p = first; p + N_SECRET <= last; p++)
                n += is_secret(p);
        return n;
}

/* How often the secret stands in memory that can be written. */
static size_t count_secret(void) {
        char line[512];
        size_t n = 0;
        FILE *f;

        f = fopen("/proc/self/maps", "re");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                uintptr_t first, last;
                char mode[8];

                if (sscanf(line, "%lx-%lx %7s", &first, &last, mode) == 3 && strncmp(mode, "rw", 2) == 0 &&
                    last - first < BIG_BYTES)
                        n += count_in((const unsigned char *)first, (const unsigned char *)last);
        }
        (void)fclose(f);
        return n;
}

typedef struct Typist {
        int code;     /* of the conversation function */
        size_t n_pad; /* typed before the secret, which is then not where free() writes its own notes */
} Typist;

static int type_secret(_unused_ int n, _unused_ const struct pam_message **messages, struct pam_response **ret,
                       void *userdata) {
        const Typist *typist = userdata;

        *ret = calloc(1, sizeof(**ret));
        (*ret)->resp = calloc(1, typist->n_pad + N_SECRET + 1);
        memset((*ret)->resp, 'x', typist->n_pad);
        unmask((*ret)->resp + typist->n_pad);
        return typist->code;
}

typedef struct MemoryCase {
        const char *sentence;
        Typist typist;
        BoxManner manner;
        int code;
} MemoryCase;

static const MemoryCase memory_cases[] = {
        { "a password that is wrong", { PAM_SUCCESS, 32 }, BOX_SERVES, PAM_AUTH_ERR },
        { "a password behind others", { PAM_SUCCESS, 200 }, BOX_SERVES, PAM_AUTH_ERR },
        { "a password that is too long", { PAM_SUCCESS, 300 }, BOX_SERVES, PAM_AUTH_ERR },
        { "a password that comes with an error", { PAM_CONV_ERR, 32 }, BOX_SERVES, PAM_CONV_ERR },
        { "a password that nobody answers", { PAM_SUCCESS, 32 }, BOX_DEAF, PAM_AUTHINFO_UNAVAIL },
};

static void test_memory(_unused_ void **state) {
        char *probe;

        if (getuid() != 0)
                skip();
        make_secret();

        /* The search finds what is there. */
        probe = malloc(N_SECRET);
        assert_non_null(probe);
        unmask(probe);
        assert_int_equal(count_secret(), 1);
        explicit_bzero(probe, N_SECRET);
        free(probe);
        assert_int_equal(count_secret(), 0);

        for (size_t i = 0; i < ELEMENTSOF(memory_cases); i++) {
                const MemoryCase *c = &memory_cases[i];
                const struct pam_conv conv = { .conv = type_secret, .appdata_ptr = (void *)&c->typist };
                const Play play = {};
                Scene scene = {};
                Box box;

                print_message("         %s\n", c->sentence);
                box_start(&box, BOX_NO_SERVICE);
                test_place = (ClientPlace){ .bus_path = box.bus_path, .passwd_path = box.passwd_path,
                                            .open_wait_usec = 5 * USEC_PER_SEC,
                                            .next_wait_usec = c->manner == BOX_DEAF ? 200 * USEC_PER_MSEC :
                                                                                      5 * USEC_PER_SEC };
                box_add_daemon(&box, 0, c->manner);
                scene_start(&scene, &play, "place", BOX_USER);
                assert_int_equal(pam_set_item(scene.handle, PAM_CONV, &conv), PAM_SUCCESS);
                assert_int_equal(pam_authenticate(scene.handle, 0), c->code);
                assert_int_equal(count_secret(), 0); /* the handle is still open */
                scene_finish(&scene);
                assert_int_equal(count_secret(), 0);
                box_stop(&box);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_memory),
        };

        return cmocka_run_group_tests_name("pam-memory", tests, harness_setup, harness_teardown);
}
