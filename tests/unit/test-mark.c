/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Mark: the fingerprint is SipHash-2-4, it knows answers again, and keeps none. The file itself is
 * included, to try its arithmetic against the published values. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/core/mark.c"

/* Appendix A of the paper, and the first vectors of the reference implementation: key 00 to 0f,
 * message 00, 01, 02, ... of n bytes. */
static void test_published_values(void **state) {
        static const struct {
                size_t n;
                uint64_t hash;
        } cases[] = {
                { 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd },  { 7, 0xab0200f58b01d137 },
                { 8, 0x93f5f5799a932462 }, { 15, 0xa129ca6149be45e5 },
        };
        const MarkKey key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
        unsigned char message[16];

        (void)state;

        for (size_t i = 0; i < sizeof(message); i++)
                message[i] = (unsigned char)i;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(sip_hash(&key, message, cases[i].n), cases[i].hash);
}

static void test_known_again(void **state) {
        _cleanup_(mark_freep) Mark *mark = NULL;
        _cleanup_(secret_freep) Secret *one = NULL, *same = NULL, *other = NULL, *empty = NULL;

        (void)state;
        assert_int_equal(mark_new(&mark), 0);
        assert_int_equal(secret_new_from("Jia-pass1", 9, &one), 0);
        assert_int_equal(secret_new_from("Jia-pass1", 9, &same), 0);
        assert_int_equal(secret_new_from("Jia-pass2", 9, &other), 0);
        assert_int_equal(secret_new_from("", 0, &empty), 0);

        assert_false(mark_matches(mark, 0, one));
        mark_set(mark, 0, one);
        assert_true(mark_matches(mark, 0, same));
        assert_false(mark_matches(mark, 0, other));
        assert_false(mark_matches(mark, 0, empty));
        assert_false(mark_matches(mark, MARK_SLOTS - 1, same));
        mark_set(mark, MARK_SLOTS - 1, empty);
        assert_true(mark_matches(mark, MARK_SLOTS - 1, empty));
        mark_set(mark, 0, other);
        assert_false(mark_matches(mark, 0, same));
        assert_false(mark_matches(NULL, 0, one));
}

static void test_forgets_all_but_one(void **state) {
        _cleanup_(mark_freep) Mark *mark = NULL;
        _cleanup_(secret_freep) Secret *one = NULL;

        (void)state;
        assert_int_equal(mark_new(&mark), 0);
        assert_int_equal(secret_new_from("Jia-pass1", 9, &one), 0);
        for (size_t slot = 0; slot < MARK_SLOTS; slot++)
                mark_set(mark, slot, one);

        mark_keep(mark, 2);
        for (size_t slot = 0; slot < MARK_SLOTS; slot++)
                assert_int_equal(mark_matches(mark, slot, one), slot == 2);
}

static void test_keeps_nothing(void **state) {
        _cleanup_(mark_freep) Mark *mark = NULL, *second = NULL;
        _cleanup_(secret_freep) Secret *one = NULL;

        (void)state;
        assert_int_equal(mark_new(&mark), 0);
        assert_int_equal(mark_new(&second), 0);
        assert_int_equal(secret_new_from("Jia-pass1", 9, &one), 0);
        mark_set(mark, 3, one);
        mark_set(second, 3, one);

        assert_null(memmem(mark_data(mark), sizeof(MarkData), "Jia", 3));
        /* Each login has a key of its own. */
        assert_memory_not_equal(&mark_data(mark)->key, &mark_data(second)->key, sizeof(MarkKey));
        assert_true(mark_data(mark)->prints[3] != mark_data(second)->prints[3]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_published_values),
                cmocka_unit_test(test_known_again),
                cmocka_unit_test(test_forgets_all_but_one),
                cmocka_unit_test(test_keeps_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
