/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Secrets leave no trace: the pages are private, and what was freed is gone. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/common/secret.h"
#include "lib/common/util.h"

/* The address sanitizer makes mlock() do nothing. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_MLOCK false
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HAVE_MLOCK false
#endif
#ifndef HAVE_MLOCK
#define HAVE_MLOCK true
#endif

/* True when /proc/self/smaps says @flag of the mapping that holds @p. */
static bool mapping_has_flag(const void *p, const char *flag) {
        const uintptr_t wanted = (uintptr_t)p;
        bool inside = false, found = false;
        char line[512];
        FILE *f;

        f = fopen("/proc/self/smaps", "re");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                uintptr_t first, last;

                if (sscanf(line, "%lx-%lx ", &first, &last) == 2)
                        inside = wanted >= first && wanted < last;
                else if (inside && strncmp(line, "VmFlags:", 8) == 0)
                        found = strstr(line, flag) != NULL;
        }
        (void)fclose(f);
        return found;
}

static void test_capacity(_unused_ void **state) {
        _cleanup_(secret_freep) Secret *secret = NULL;

        assert_int_equal(secret_new(0, &secret), -EINVAL);
        assert_int_equal(secret_new(1024 * 1024 + 1, &secret), -EINVAL);
        assert_int_equal(secret_new(SIZE_MAX, &secret), -EINVAL);
        assert_null(secret);

        assert_int_equal(secret_new(4, &secret), 0);
        assert_int_equal(secret_append(secret, "abc", 3), 0);
        assert_int_equal(secret_append(secret, "de", 2), -ENOBUFS);
        assert_string_equal(secret_text(secret), "abc");
        assert_int_equal(secret_append(secret, "x", SIZE_MAX), -ENOBUFS);
        assert_int_equal(secret_append_text(secret, "d"), 0);
        assert_int_equal(secret_append_text(secret, ""), 0);
        assert_string_equal(secret_text(secret), "abcd");
        assert_int_equal(secret_size(secret), 4);
}

static void test_erase(_unused_ void **state) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        const char *bytes;

        assert_int_equal(secret_new_from("correct horse", 13, &secret), 0);
        bytes = secret_text(secret);

        secret_truncate(secret, 20);
        assert_int_equal(secret_size(secret), 13);
        secret_truncate(secret, 7);
        assert_string_equal(secret_text(secret), "correct");
        for (size_t i = 7; i < 13; i++)
                assert_int_equal(bytes[i], 0);
        secret_clear(secret);
        for (size_t i = 0; i < 13; i++)
                assert_int_equal(bytes[i], 0);
        assert_int_equal(secret_size(secret), 0);
        secret_clear(NULL);
}

static void test_text(_unused_ void **state) {
        _cleanup_(secret_freep) Secret *nul = NULL, *empty = NULL;

        assert_int_equal(secret_new_from("a\0b", 3, &nul), 0);
        assert_int_equal(secret_new_from(NULL, 0, &empty), 0);
        assert_false(secret_is_text(nul));
        assert_true(secret_is_text(empty));
        assert_true(secret_is_text(NULL));
        assert_string_equal(secret_text(empty), "");
        assert_string_equal(secret_text(NULL), "");
        assert_int_equal(secret_size(NULL), 0);
}

typedef struct EqualCase {
        const char *sentence;
        const char *a, *b;
        bool equal;
} EqualCase;

static const EqualCase equal_cases[] = {
        { "the same bytes are equal", "Ceshi2024", "Ceshi2024", true },
        { "two empty ones are equal", "", "", true },
        { "a prefix is not equal", "Ceshi", "Ceshi2024", false },
        { "an empty one equals nothing else", "", "a", false },
        { "the first byte counts", "xb", "ab", false },
        { "the last byte counts", "ax", "ab", false },
        { "nothing equals nothing", NULL, NULL, true },
        { "nothing is not empty", NULL, "", false },
};

static void test_equal(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(equal_cases); i++) {
                const EqualCase *c = &equal_cases[i];
                _cleanup_(secret_freep) Secret *a = NULL, *b = NULL;

                if (c->a)
                        assert_int_equal(secret_new_from(c->a, strlen(c->a), &a), 0);
                if (c->b)
                        assert_int_equal(secret_new_from(c->b, strlen(c->b), &b), 0);
                if (secret_equal(a, b) != c->equal || secret_equal(b, a) != c->equal)
                        fail_msg("%s", c->sentence);
        }
}

static void test_dup(_unused_ void **state) {
        _cleanup_(secret_freep) Secret *a = NULL, *b = NULL, *none = (Secret *)&a;

        assert_int_equal(secret_new_from("x\0y", 3, &a), 0);
        assert_int_equal(secret_dup(a, &b), 0);
        assert_true(secret_equal(a, b));
        assert_ptr_not_equal(secret_text(a), secret_text(b));
        secret_clear(a);
        assert_int_equal(secret_size(b), 3);
        assert_int_equal(secret_dup(NULL, &none), 0);
        assert_null(none);
}

/* threats 84, 86 */
static void test_pages(_unused_ void **state) {
        _cleanup_(secret_freep) Secret *secret = NULL;

        assert_int_equal(secret_new(100, &secret), 0);
        assert_true(mapping_has_flag(secret_text(secret), " dd"));
        assert_int_equal(mapping_has_flag(secret_text(secret), " lo"), HAVE_MLOCK);
}

static void test_wipe_allocators(_unused_ void **state) {
        char *p, *q;

        p = wipe_strdup("secret");
        assert_string_equal(p, "secret");
        p = wipe_realloc(p, 1000);
        assert_string_equal(p, "secret");
        p = wipe_realloc(p, 3);
        assert_memory_equal(p, "sec", 3);
        wipe_free(p);
        wipe_free(NULL);

        q = wipe_calloc(4, 8);
        for (size_t i = 0; i < 32; i++)
                assert_int_equal(q[i], 0);
        assert_int_equal((uintptr_t)q % _Alignof(max_align_t), 0);
        wipe_free(q);

        q = wipe_realloc(NULL, 8);
        assert_non_null(q);
        wipe_free(q);

        assert_null(wipe_malloc(SIZE_MAX));
        assert_null(wipe_calloc(SIZE_MAX / 2, 3));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_capacity),
                cmocka_unit_test(test_erase),
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_equal),
                cmocka_unit_test(test_dup),
                cmocka_unit_test(test_pages),
                cmocka_unit_test(test_wipe_allocators),
        };

        return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
