/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Audit file: it goes on where it ended, over restarts, rotations, full disks and torn lines, and never stops
 * anything. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "daemon/audit-file.h"

typedef struct Place {
        char folder[32], path[48], before[48];
        FILE *log;
        char *told;
        size_t n_told;
        char head[AUDIT_HEAD_BYTES + 1];
} Place;

static int setup(void **state) {
        Place *place = calloc(1, sizeof(*place));

        assert_non_null(place);
        (void)snprintf(place->folder, sizeof(place->folder), "/tmp/itax-test-XXXXXX");
        assert_non_null(mkdtemp(place->folder));
        (void)snprintf(place->path, sizeof(place->path), "%s/audit.log", place->folder);
        (void)snprintf(place->before, sizeof(place->before), "%s/audit.log.1", place->folder);
        place->log = open_memstream(&place->told, &place->n_told);
        log_open("/nonexistent", place->log);
        *state = place;
        return 0;
}

static int teardown(void **state) {
        Place *place = *state;

        audit_file_close();
        log_open("/nonexistent", NULL);
        (void)fclose(place->log);
        (void)unlink(place->path);
        (void)unlink(place->before);
        (void)rmdir(place->folder);
        free(place->told);
        free(place);
        return 0;
}

static void add(Place *place, const char *result) {
        const LogField fields[] = {
                { "ITAX_RESULT", result }, { "ITAX_UNIT", NULL }, { "ITAX_TTY", "a\"b\\c\n\x1b[2J" },
        };

        audit_file_add(1573228800001, "login granted", fields, ELEMENTSOF(fields), place->head);
}

static ChainFinding verify(const char *path, const ChainHead *before) {
        FILE *file = fopen(path, "r");
        ChainFinding finding;

        assert_non_null(file);
        assert_int_equal(chain_verify(file, before, NULL, &finding), 0);
        (void)fclose(file);
        return finding;
}

static void whole(const Place *place, uint64_t n, uint64_t n_torn) {
        ChainFinding found = verify(place->path, NULL);

        if (found.fault != CHAIN_WHOLE || found.n != n || found.n_torn != n_torn)
                fail_msg("fault %d line %llu, %llu records, %llu torn", found.fault,
                         (unsigned long long)found.line, (unsigned long long)found.n,
                         (unsigned long long)found.n_torn);
}

static void append(const char *path, const char *text) {
        FILE *file = fopen(path, "a");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void test_it_goes_on_over_restarts(void **state) {
        Place *place = *state;
        struct stat st;
        char text[4096];
        FILE *file;

        assert_null(audit_file_state());
        audit_file_open(place->path);
        assert_string_equal(audit_file_state(), "ok");
        for (int i = 0; i < 3; i++) {
                add(place, "granted");
                assert_int_equal(strtoul(place->head, NULL, 10), (unsigned long)i + 1);
        }
        assert_int_equal(stat(place->path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        audit_file_close();
        audit_file_open(place->path);
        add(place, "denied");
        assert_int_equal(strtoul(place->head, NULL, 10), 4);
        whole(place, 4, 0);

        file = fopen(place->path, "r");
        assert_non_null(file);
        assert_non_null(fgets(text, sizeof(text), file));
        (void)fclose(file);
        assert_non_null(strstr(text, ",\"message\":\"login granted\",\"login\":\"1573228800001\",\"result\":\"granted\","
                                     "\"tty\":\"a\\\"b\\\\\\\\c\\\\x0a\\\\x1b[2J\",\"previous\":"));
}

static void test_what_was_put_away_is_followed(void **state) {
        Place *place = *state;
        char old[AUDIT_HEAD_BYTES + 1];
        ChainFinding before;

        audit_file_open(place->path);
        add(place, "granted");
        add(place, "granted");
        (void)snprintf(old, sizeof(old), "%s", place->head);
        assert_int_equal(rename(place->path, place->before), 0);
        /* put away, and nothing was written since: what is known stands in the file before */
        append(place->path, "");
        assert_int_equal(audit_file_verify(place->path, old, false), 0);
        assert_int_equal(unlink(place->path), 0);
        /* until it is told, itaxd goes on in the old one */
        add(place, "granted");
        audit_file_open(place->path);
        add(place, "granted");
        before = verify(place->before, NULL);
        assert_int_equal(before.last.seq, 3);
        assert_int_equal(verify(place->path, &before.last).fault, CHAIN_WHOLE);
        assert_int_equal(audit_file_verify(place->path, place->head, true), 0);

        assert_int_equal(audit_file_verify(place->path, old, false), 0); /* an older one is no accusation */
        /* emptied instead of put away */
        {
                char text[4096];
                FILE *file = fopen(place->path, "r");
                const size_t n = fread(text, 1, sizeof(text) - 1, file);

                (void)fclose(file);
                text[n] = '\0';
                file = fopen(place->path, "w");
                (void)fclose(file);
                assert_int_equal(audit_file_verify(place->path, place->head, false), 1);
                append(place->path, text);
                assert_int_equal(audit_file_verify(place->path, place->head, false), 0);
        }

        /* put away while nobody was there */
        audit_file_close();
        assert_int_equal(rename(place->path, place->before), 0);
        audit_file_open(place->path);
        add(place, "granted");
        assert_int_equal(strtoul(place->head, NULL, 10), 5);
        assert_int_equal(audit_file_verify(place->path, place->head, false), 0);

        /* and the one before it lost */
        assert_int_equal(unlink(place->before), 0);
        assert_int_equal(audit_file_verify(place->path, NULL, false), 1);
}

static void test_a_torn_line_is_told_of(void **state) {
        Place *place = *state;

        audit_file_open(place->path);
        add(place, "granted");
        audit_file_close();
        append(place->path, "{\"seq\":2,\"ti");
        assert_int_equal(audit_file_verify(place->path, NULL, false), 1);
        audit_file_open(place->path);
        add(place, "granted");
        whole(place, 3, 1);
        (void)fflush(place->log);
        assert_non_null(strstr(place->told, "ends in a line that was cut off"));

        /* a whole line that is no record, as somebody may have written it, is not mended by anything */
        append(place->path, "hello\n");
        add(place, "granted");
        assert_int_equal(verify(place->path, NULL).fault, CHAIN_NO_RECORD);
}

/* threats: a full disk stops no login, and is told of */
static void test_a_full_disk(void **state) {
        Place *place = *state;
        struct rlimit limit, before;
        struct stat st;

        audit_file_open(place->path);
        add(place, "granted");
        assert_int_equal(stat(place->path, &st), 0);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        (void)signal(SIGXFSZ, SIG_IGN);
        limit = before;
        limit.rlim_cur = (rlim_t)st.st_size + 20; /* the next is cut in its middle */
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        for (int i = 0; i < 3; i++) {
                add(place, "granted");
                assert_string_equal(place->head, "");
        }
        assert_non_null(strstr(audit_file_state(), "records lost: 3"));
        whole(place, 1, 0);

        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        add(place, "granted");
        assert_string_equal(audit_file_state(), "ok");
        whole(place, 3, 0); /* one of them tells what was lost */
        (void)fflush(place->log);
        assert_non_null(strstr(place->told, "can be written again; records lost: 3"));
}

static void test_places_that_cannot_be_used(void **state) {
        Place *place = *state;
        char path[80], link[48];

        (void)snprintf(path, sizeof(path), "%s/none/audit.log", place->folder);
        audit_file_open(path);
        add(place, "granted");
        assert_string_equal(place->head, "");
        assert_non_null(strstr(audit_file_state(), "No such file"));

        audit_file_open(place->folder);
        assert_non_null(audit_file_state());
        assert_string_not_equal(audit_file_state(), "ok");

        append(place->path, "");
        (void)snprintf(link, sizeof(link), "%s/l", place->folder);
        assert_int_equal(symlink(place->path, link), 0);
        audit_file_open(link);
        assert_string_not_equal(audit_file_state(), "ok");
        assert_int_equal(unlink(link), 0);

        assert_int_equal(chmod(place->path, 0666), 0);
        audit_file_open(place->path);
        assert_string_not_equal(audit_file_state(), "ok");

        audit_file_open(AUDIT_FILE_OFF);
        assert_null(audit_file_state());
        add(place, "granted");
        assert_string_equal(place->head, "");
        assert_int_equal(audit_file_verify(path, NULL, false), 2);
        assert_int_equal(audit_file_verify(place->path, "7", false), 2);
        assert_int_equal(audit_file_verify(place->path, "7:zz", false), 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_it_goes_on_over_restarts, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_was_put_away_is_followed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_torn_line_is_told_of, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_full_disk, setup, teardown),
                cmocka_unit_test_setup_teardown(test_places_that_cannot_be_used, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
