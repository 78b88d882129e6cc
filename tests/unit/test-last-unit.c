/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Last unit: remembered across restarts, bounded, and a damaged file is told of and counts as empty */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/last-unit.h"
#include "daemon/log.h"

#define UNIT_1 "919900000000000018"
#define UNIT_2 "110105194912310"

typedef struct Place {
        char folder[32], path[64], link[64];
        FILE *log;
        char *told;
        size_t n_told;
} Place;

static void place_init(Place *place) {
        *place = (Place){ .folder = "/tmp/test-last-XXXXXX" };
        assert_non_null(mkdtemp(place->folder));
        (void)snprintf(place->path, sizeof(place->path), "%s/last-units", place->folder);
        (void)snprintf(place->link, sizeof(place->link), "%s/other", place->folder);
        place->log = open_memstream(&place->told, &place->n_told);
        log_open("/nonexistent", place->log);
}

static void place_done(Place *place) {
        log_open("/nonexistent", NULL);
        (void)fclose(place->log);
        free(place->told);
        (void)unlink(place->path);
        (void)unlink(place->link);
        assert_int_equal(rmdir(place->folder), 0);
}

static void write_file(const char *path, const char *text, size_t n, mode_t mode) {
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, n, f), n);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(chmod(path, mode), 0);
}

static LastUnits *open_units(const Place *place) {
        LastUnits *units = NULL;

        assert_int_equal(last_units_new(place->path, &units), 0);
        return units;
}

static void test_remembered_across_restarts(void **state) {
        LastUnits *units;
        struct stat st;
        Place place;

        (void)state;
        place_init(&place);
        units = open_units(&place);
        assert_null(last_units_get(units, "ceshi_jia"));
        last_units_set(units, "ceshi_jia", UNIT_1);
        last_units_set(units, "测试_戊", UNIT_2);
        last_units_set(units, "ceshi_jia", UNIT_2);
        units = last_units_free(units);

        /* threats 89 */
        assert_int_equal(stat(place.path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);

        units = open_units(&place);
        assert_string_equal(last_units_get(units, "ceshi_jia"), UNIT_2);
        assert_string_equal(last_units_get(units, "测试_戊"), UNIT_2);
        units = last_units_free(units);
        (void)fflush(place.log);
        assert_int_equal(place.n_told, 0);
        place_done(&place);
}

static void test_the_latest_thousand(void **state) {
        LastUnits *units;
        char account[32];
        Place place;

        (void)state;
        place_init(&place);
        units = open_units(&place);
        for (unsigned i = 0; i < LAST_UNIT_MAX; i++) {
                (void)snprintf(account, sizeof(account), "person_%u", i);
                last_units_set(units, account, UNIT_1);
        }
        last_units_set(units, "person_0", UNIT_1); /* is here again */
        last_units_set(units, "one_more", UNIT_1);
        for (unsigned again = 0; again < 2; again++) {
                assert_string_equal(last_units_get(units, "person_0"), UNIT_1);
                assert_null(last_units_get(units, "person_1"));
                assert_string_equal(last_units_get(units, "person_2"), UNIT_1);
                assert_string_equal(last_units_get(units, "one_more"), UNIT_1);
                units = last_units_free(units);
                units = open_units(&place);
        }
        units = last_units_free(units);
        place_done(&place);
}

/* threats 82: nothing that would become another line, or another file */
static void test_what_is_no_account_or_unit_is_not_kept(void **state) {
        static const struct {
                const char *account, *unit;
        } cases[] = {
                { "", UNIT_1 },
                { "a b", UNIT_1 },
                { "a\nb " UNIT_1, UNIT_1 },
                { "\xff", UNIT_1 },
                { "ceshi_jia", "" },
                { "ceshi_jia", "root" },
                { "ceshi_jia", UNIT_1 "\nroot " UNIT_2 },
                { "ceshi_jia", "../../etc/passwd" },
        };
        LastUnits *units;
        Place place;

        (void)state;
        place_init(&place);
        units = open_units(&place);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                last_units_set(units, cases[i].account, cases[i].unit);
                assert_null(last_units_get(units, cases[i].account));
        }
        assert_int_not_equal(access(place.path, F_OK), 0);
        units = last_units_free(units);
        place_done(&place);
}

static void test_damaged_files_are_told_and_empty(void **state) {
#define FIRST "itaxd last units 1\n"
#define ROW(text) { text, sizeof(text) - 1, 0600 }
        static const struct {
                const char *text;
                size_t n;
                mode_t mode;
        } cases[] = {
                ROW(""),
                ROW("\0\0\0\0"),
                ROW("ceshi_jia " UNIT_1 "\n"),
                ROW("itaxd last units 2\nceshi_jia " UNIT_1 "\n"),
                ROW(FIRST "ceshi_jia " UNIT_1 "\nhalf"),
                ROW(FIRST "ceshi_jia " UNIT_1),
                ROW(FIRST "ceshi_jia 919900000000000019\n"),
                ROW(FIRST "ceshi_jia\0 " UNIT_1 "\n"),
                ROW(FIRST "ceshi_jia " UNIT_1 "\nceshi_jia " UNIT_2 "\n"),
                { FIRST "ceshi_jia " UNIT_1 "\n", sizeof(FIRST "ceshi_jia " UNIT_1 "\n") - 1, 0666 },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                LastUnits *units;
                Place place;

                place_init(&place);
                write_file(place.path, cases[i].text, cases[i].n, cases[i].mode);
                units = open_units(&place);
                assert_null(last_units_get(units, "ceshi_jia"));
                (void)fflush(place.log);
                assert_non_null(strstr(place.told, "no unit is remembered"));
                /* And then it is one that can be read. */
                last_units_set(units, "ceshi_yi", UNIT_1);
                units = last_units_free(units);
                units = open_units(&place);
                assert_string_equal(last_units_get(units, "ceshi_yi"), UNIT_1);
                units = last_units_free(units);
                place_done(&place);
        }
}

/* threats 19: what a link leads to is neither read nor written */
static void test_a_link_in_its_place(void **state) {
        static const char text[] = FIRST "ceshi_jia " UNIT_1 "\n";
        LastUnits *units;
        struct stat st;
        Place place;

        (void)state;
        place_init(&place);
        write_file(place.link, text, strlen(text), 0600);
        assert_int_equal(symlink(place.link, place.path), 0);
        units = open_units(&place);
        assert_null(last_units_get(units, "ceshi_jia"));
        last_units_set(units, "ceshi_yi", UNIT_1);
        units = last_units_free(units);
        assert_int_equal(stat(place.link, &st), 0);
        assert_int_equal(st.st_size, strlen(text));
        place_done(&place);
}

/* threats 125 */
static void test_a_folder_that_is_not_there(void **state) {
        LastUnits *units = NULL;
        Place place;

        (void)state;
        place_init(&place);
        assert_int_equal(last_units_new("/nonexistent/last-units", &units), 0);
        last_units_set(units, "ceshi_jia", UNIT_1);
        last_units_set(units, "ceshi_jia", UNIT_2);
        assert_string_equal(last_units_get(units, "ceshi_jia"), UNIT_2);
        (void)fflush(place.log);
        assert_non_null(strstr(place.told, "cannot be written"));
        assert_null(strstr(strstr(place.told, "cannot be written") + 1, "cannot be written"));
        units = last_units_free(units);
        place_done(&place);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_remembered_across_restarts),
                cmocka_unit_test(test_the_latest_thousand),
                cmocka_unit_test(test_what_is_no_account_or_unit_is_not_kept),
                cmocka_unit_test(test_damaged_files_are_told_and_empty),
                cmocka_unit_test(test_a_link_in_its_place),
                cmocka_unit_test(test_a_folder_that_is_not_there),
        };

        return cmocka_run_group_tests_name("last-unit", tests, NULL, NULL);
}
