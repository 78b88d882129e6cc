/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Chain: a record that was changed, removed, put elsewhere or added is found, whichever it is. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/chain.h"

#define RECORDS 6
#define T0 UINT64_C(1573228800000)

/* A chain of so many records, a line each. */
typedef struct Chain {
        char *lines[RECORDS + 4];
        size_t n;
        ChainHead heads[RECORDS + 1];
} Chain;

static void chain_fill(Chain *chain) {
        ChainHead head = CHAIN_HEAD_NONE;

        *chain = (Chain){ .heads[0] = CHAIN_HEAD_NONE };
        for (size_t i = 0; i < RECORDS; i++) {
                char number[24];
                const ChainMember members[] = {
                        { "message", "login granted: account=\"ce*****ia\" \\ 测试" },
                        { "login", number },
                        { "unit", NULL },
                };
                size_t n;

                (void)snprintf(number, sizeof(number), "%zu", i + 1);
                assert_int_equal(chain_make(&head, T0 + i, members, 3, &chain->lines[i], &n), 0);
                assert_int_equal(strlen(chain->lines[i]), n);
                chain->heads[i + 1] = head;
        }
        chain->n = RECORDS;
}

static void chain_done(Chain *chain) {
        for (size_t i = 0; i < chain->n; i++)
                free(chain->lines[i]);
}

static ChainFinding verify_text(const char *text, size_t n, const ChainHead *before,
                                const ChainHead *known) {
        FILE *file = fmemopen((void *)text, n ? n : 1, "r");
        ChainFinding finding;

        assert_non_null(file);
        if (n == 0)
                (void)fgetc(file);
        assert_int_equal(chain_verify(file, before, known, &finding), 0);
        (void)fclose(file);
        return finding;
}

static ChainFinding verify(const Chain *chain, const ChainHead *before, const ChainHead *known) {
        char text[16384] = "";

        for (size_t i = 0; i < chain->n; i++)
                (void)strcat(text, chain->lines[i]);
        return verify_text(text, strlen(text), before, known);
}

static void test_a_record_is_json_with_a_hash_that_others_can_compute(void **state) {
        ChainHead head = CHAIN_HEAD_NONE;
        const ChainMember members[] = { { "message", "a \"b\"" } };
        char *line = NULL;
        size_t n;

        (void)state;
        assert_int_equal(chain_make(&head, 7, members, 1, &line, &n), 0);
        /* printf '%s' '{…,"previous":"0…0"}' | sha256sum */
        assert_string_equal(line,
                            "{\"seq\":1,\"time\":7,\"message\":\"a \\\"b\\\"\",\"previous\":\""
                            "0000000000000000000000000000000000000000000000000000000000000000\","
                            "\"hash\":\"c131c3c70e20d652d5039c1bf0139a1273a17b403ce758b062817d2a1dc84046\"}\n");
        free(line);
}

static void test_a_whole_chain(void **state) {
        Chain chain;
        ChainFinding found;

        (void)state;
        chain_fill(&chain);
        found = verify(&chain, NULL, NULL);
        assert_int_equal(found.fault, CHAIN_WHOLE);
        assert_int_equal(found.n, RECORDS);
        assert_int_equal(found.first.seq, 0);
        assert_int_equal(found.last.seq, RECORDS);
        assert_string_equal(found.last.hash, chain.heads[RECORDS].hash);
        for (size_t i = 1; i <= RECORDS; i++)
                assert_int_equal(verify(&chain, &chain.heads[0], &chain.heads[i]).fault, CHAIN_WHOLE);
        assert_int_equal(verify_text("", 0, NULL, NULL).fault, CHAIN_WHOLE);
        chain_done(&chain);
}

/* Each byte of each record, and each bit of some. */
static void test_every_change_is_found(void **state) {
        Chain chain;

        (void)state;
        chain_fill(&chain);
        for (size_t i = 0; i < RECORDS; i++)
                for (size_t at = 0; chain.lines[i][at] && chain.lines[i][at] != '\n'; at++) {
                        const char was = chain.lines[i][at];
                        ChainFinding found;

                        chain.lines[i][at] = (char)(was ^ (at % 2 ? 1 : 4));
                        if (chain.lines[i][at] == '\n' || chain.lines[i][at] == '\0')
                                chain.lines[i][at] = '!';
                        found = verify(&chain, NULL, &chain.heads[RECORDS]);
                        if (found.fault == CHAIN_WHOLE || found.line != i + 1)
                                fail_msg("record %zu byte %zu: fault %d line %llu", i + 1, at,
                                         found.fault, (unsigned long long)found.line);
                        chain.lines[i][at] = was;
                }
        chain_done(&chain);
}

static void test_what_is_removed_or_put_elsewhere_is_found(void **state) {
        Chain chain;
        ChainFinding found;

        (void)state;
        chain_fill(&chain);
        for (size_t i = 0; i < RECORDS; i++) {
                char *removed = chain.lines[i];

                memmove(&chain.lines[i], &chain.lines[i + 1], (RECORDS - i - 1) * sizeof(char *));
                chain.n--;
                found = verify(&chain, &chain.heads[0], &chain.heads[RECORDS]);
                assert_int_equal(found.fault, i == 0                 ? CHAIN_BEGINNING :
                                              i + 1 == RECORDS       ? CHAIN_CUT :
                                                                       CHAIN_MOVED);
                assert_int_equal(found.n, i);
                memmove(&chain.lines[i + 1], &chain.lines[i], (RECORDS - i - 1) * sizeof(char *));
                chain.lines[i] = removed;
                chain.n++;
        }
        for (size_t i = 0; i + 1 < RECORDS; i++) {
                char *first = chain.lines[i];

                chain.lines[i] = chain.lines[i + 1];
                chain.lines[i + 1] = first;
                assert_int_not_equal(verify(&chain, &chain.heads[0], NULL).fault, CHAIN_WHOLE);
                chain.lines[i + 1] = chain.lines[i];
                chain.lines[i] = first;
        }
        /* once more, at the end */
        chain.lines[RECORDS] = strdup(chain.lines[0]);
        chain.n = RECORDS + 1;
        found = verify(&chain, NULL, NULL);
        assert_int_equal(found.fault, CHAIN_MOVED);
        assert_int_equal(found.line, RECORDS + 1);
        chain_done(&chain);
}

/* Made anew from the third on, as who may write the file could: only a record known from elsewhere shows it. */
static void test_a_chain_that_was_made_anew(void **state) {
        Chain chain;
        ChainHead head;
        const ChainMember members[] = { { "message", "nothing happened" } };

        (void)state;
        chain_fill(&chain);
        head = chain.heads[2];
        for (size_t i = 2; i < RECORDS; i++) {
                size_t n;

                free(chain.lines[i]);
                assert_int_equal(chain_make(&head, T0, members, 1, &chain.lines[i], &n), 0);
        }
        assert_int_equal(verify(&chain, NULL, NULL).fault, CHAIN_WHOLE);
        assert_int_equal(verify(&chain, NULL, &chain.heads[2]).fault, CHAIN_WHOLE);
        assert_int_equal(verify(&chain, NULL, &chain.heads[4]).fault, CHAIN_OTHER);
        chain_done(&chain);
}

static void test_a_line_that_was_cut_off(void **state) {
        static const char rest[] = "{\"seq\":7,\"time\":157322";
        char torn[CHAIN_HASH_BYTES + 1], mended[sizeof(rest) + 1];
        ChainMember members[] = { { "message", "cut off" }, { "torn", torn } };
        Chain chain;
        ChainHead head;
        ChainFinding found;
        size_t n;

        (void)state;
        chain_fill(&chain);
        head = chain.heads[RECORDS];
        chain.lines[RECORDS] = strdup(rest);
        chain.n = RECORDS + 1;
        found = verify(&chain, NULL, NULL);
        assert_int_equal(found.fault, CHAIN_TORN);
        assert_int_equal(found.line, RECORDS + 1);

        /* ended, but not told of */
        (void)snprintf(mended, sizeof(mended), "%s\n", rest);
        free(chain.lines[RECORDS]);
        chain.lines[RECORDS] = strdup(mended);
        found = verify(&chain, NULL, NULL);
        assert_int_equal(found.fault, CHAIN_TORN);
        assert_int_equal(found.line, RECORDS + 1);

        /* told of: whole again, but only with this rest */
        assert_int_equal(chain_hash(rest, strlen(rest), torn), 0);
        assert_int_equal(chain_make(&head, T0, members, 2, &chain.lines[RECORDS + 1], &n), 0);
        chain.n = RECORDS + 2;
        found = verify(&chain, NULL, &head);
        assert_int_equal(found.fault, CHAIN_WHOLE);
        assert_int_equal(found.n, RECORDS + 1);
        assert_int_equal(found.n_torn, 1);
        chain.lines[RECORDS][3] = 'x';
        found = verify(&chain, NULL, NULL);
        assert_int_equal(found.fault, CHAIN_NO_RECORD);
        assert_int_equal(found.line, RECORDS + 1);
        chain_done(&chain);
}

static void test_records_that_are_too_long(void **state) {
        ChainHead head = CHAIN_HEAD_NONE;
        char *value = malloc(CHAIN_LINE_BYTES_MAX + 1), *line = NULL;
        const ChainMember members[] = { { "message", value } };
        ChainFinding found;
        size_t n;

        (void)state;
        assert_non_null(value);
        memset(value, 'x', CHAIN_LINE_BYTES_MAX);
        value[CHAIN_LINE_BYTES_MAX] = '\0';
        assert_int_equal(chain_make(&head, T0, members, 1, &line, &n), -EINVAL);
        assert_int_equal(head.seq, 0);
        value[CHAIN_LINE_BYTES_MAX - 1] = '\n';
        value[0] = '{';
        found = verify_text(value, CHAIN_LINE_BYTES_MAX, NULL, NULL);
        assert_int_not_equal(found.fault, CHAIN_WHOLE);
        free(value);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_record_is_json_with_a_hash_that_others_can_compute),
                cmocka_unit_test(test_a_whole_chain),
                cmocka_unit_test(test_every_change_is_found),
                cmocka_unit_test(test_what_is_removed_or_put_elsewhere_is_found),
                cmocka_unit_test(test_a_chain_that_was_made_anew),
                cmocka_unit_test(test_a_line_that_was_cut_off),
                cmocka_unit_test(test_records_that_are_too_long),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
