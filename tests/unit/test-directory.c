/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Directory: what the map may say, what happens when its file changes, and look-ups that come back,
 * are cancelled, or outlive whoever asked. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "daemon/directory/directory.h"
#include "daemon/directory/map.h"
#include "daemon/log.h"

typedef struct Folder {
        char path[64];
        char map[96];
        sd_event *event;
} Folder;

static void folder_write(const Folder *folder, const char *text) {
        FILE *f = fopen(folder->map, "we");

        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

static int setup(void **state) {
        static Folder folder;

        strcpy(folder.path, "/tmp/test-directory-XXXXXX");
        assert_non_null(mkdtemp(folder.path));
        snprintf(folder.map, sizeof(folder.map), "%s/users", folder.path);
        assert_int_equal(sd_event_new(&folder.event), 0);
        *state = &folder;
        return 0;
}

static int teardown(void **state) {
        Folder *folder = *state;

        (void)unlink(folder->map);
        (void)rmdir(folder->path);
        folder->event = sd_event_unref(folder->event);
        return 0;
}

static void test_map_lines(void **state _unused_) {
        static const struct {
                const char *sentence;
                const char *text;
                int r;
        } cases[] = {
                { "an empty file is an empty map", "", 0 },
                { "comments and empty lines are passed over", "# a\n\n  # b\nab c # d\n", 0 },
                { "tabs and a last line without newline are fine", "zhang_san\tzhang", 0 },
                { "a Chinese login name is one", "测试_戊 wu\n", 0 },
                { "two accounts may be one local user", "aa x1\nbb x1\n", 0 },
                { "one account is never two local users", "aa x1\naa x2\n", -EBADMSG },
                { "a line without a local user is wrong", "aa\n", -EBADMSG },
                { "a third word is wrong", "aa bb cc\n", -EBADMSG },
                { "a mobile number is no login name", "19900000001 jia\n", -EBADMSG },
                { "a path is no local user", "aa ../root\n", -EBADMSG },
                { "an option is no local user", "aa -rf\n", -EBADMSG },
                { "a number is no local user", "aa 0\n", -EBADMSG },
                { "a colon is no part of a local user", "aa root:x\n", -EBADMSG },
                { "an escape sequence is no part of a local user", "aa b\x1b[2Jc\n", -EBADMSG },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[128];
                Map *map = NULL;
                int r;

                print_message("%s\n", cases[i].sentence);
                strcpy(text, cases[i].text);
                r = map_parse("users", text, strlen(text), &map);
                assert_int_equal(r, cases[i].r);
                map_free(map);
        }
}

static void test_map_has_no_hidden_half(void **state _unused_) {
        char text[] = "aa x1\n\0bb root\n";
        Map *map = NULL;

        assert_int_equal(map_parse("users", text, sizeof(text) - 1, &map), -EBADMSG);
}

static void test_map_answers(void **state _unused_) {
        char text[] = "cc z1\naa x1\nbb x1\nAA x2\n";
        Map *map = NULL;
        size_t n;

        assert_int_equal(map_parse("users", text, strlen(text), &map), 0);
        assert_string_equal(map_user_of(map, "aa"), "x1");
        assert_string_equal(map_user_of(map, "AA"), "x2"); /* case matters */
        assert_null(map_user_of(map, "a"));
        assert_null(map_user_of(map, ""));
        assert_string_equal(map_account_of(map, "z1", &n), "cc");
        assert_int_equal(n, 1);
        assert_null(map_account_of(map, "x1", &n)); /* who of the two? nobody guesses */
        assert_int_equal(n, 2);
        assert_null(map_account_of(map, "root", &n));
        assert_int_equal(n, 0);
        map_free(map);
}

static void test_change_of_the_file_is_seen_and_a_bad_one_is_not_used(void **state) {
        Folder *folder = *state;
        Directory *directory = NULL;

        folder_write(folder, "aa x1\n");
        assert_int_equal(directory_new(folder->event, folder->map, &directory), 0);
        assert_string_equal(directory_user_of_account(directory, "aa"), "x1");

        folder_write(folder, "aa x2\nbb x3\n");
        assert_string_equal(directory_user_of_account(directory, "aa"), "x2");

        folder_write(folder, "aa\n");
        assert_string_equal(directory_user_of_account(directory, "aa"), "x2");

        assert_int_equal(chmod(folder->map, 0666), 0);
        folder_write(folder, "aa root-of-all\n");
        assert_string_equal(directory_user_of_account(directory, "aa"), "x2");
        directory_free(directory);
}

/* threats 118 */
static void test_untrusted_file_is_no_start(void **state) {
        Folder *folder = *state;
        Directory *directory = NULL;

        folder_write(folder, "aa x1\n");
        assert_int_equal(chmod(folder->map, 0622), 0);
        assert_int_equal(directory_new(folder->event, folder->map, &directory), -EPERM);
        assert_null(directory);
        assert_int_equal(unlink(folder->map), 0);
        assert_int_equal(symlink("/etc/passwd", folder->map), 0);
        assert_int_not_equal(directory_new(folder->event, folder->map, &directory), 0);
        assert_null(directory);
}

typedef struct Found {
        unsigned n_calls;
        int error;
        DirectoryUser user;
        Directory **end; /* freed from inside the call */
} Found;

static void on_found(DirectoryLookup *lookup _unused_, int error, const DirectoryUser *user, void *userdata) {
        Found *found = userdata;

        found->n_calls++;
        found->error = error;
        if (user)
                found->user = *user;
        if (found->end)
                *found->end = directory_free(*found->end);
}

static void run_until(sd_event *event, const unsigned *n, unsigned wanted) {
        for (int i = 0; i < 200 && *n < wanted; i++)
                assert_true(sd_event_run(event, 50 * USEC_PER_MSEC) >= 0);
        assert_int_equal(*n, wanted);
}

static void test_look_ups_come_back(void **state) {
        Folder *folder = *state;
        _cleanup_(directory_freep) Directory *directory = NULL;
        Found root = {}, nobody = {}, strange = {};
        DirectoryLookup *a = NULL, *b = NULL, *c = NULL;

        folder_write(folder, "");
        assert_int_equal(directory_new(folder->event, folder->map, &directory), 0);
        assert_int_equal(directory_find_name(directory, "root", on_found, &root, &a), 0);
        assert_int_equal(directory_find_uid(directory, 65534, on_found, &nobody, &b), 0);
        assert_int_equal(directory_find_name(directory, "no\x1b-such", on_found, &strange, &c), 0);
        assert_int_equal(root.n_calls, 0); /* never from inside */
        run_until(folder->event, &root.n_calls, 1);
        run_until(folder->event, &nobody.n_calls, 1);
        run_until(folder->event, &strange.n_calls, 1);
        assert_true(root.user.exists);
        assert_int_equal(root.user.uid, 0);
        assert_string_equal(nobody.user.name, "nobody");
        assert_int_equal(strange.error, 0);
        assert_false(strange.user.exists);
        directory_lookup_free(a);
        directory_lookup_free(b);
        directory_lookup_free(c);
}

static void test_cancelled_look_up_stays_silent(void **state) {
        Folder *folder = *state;
        _cleanup_(directory_freep) Directory *directory = NULL;
        Found first = {}, second = {};
        DirectoryLookup *a = NULL, *b = NULL;

        folder_write(folder, "");
        assert_int_equal(directory_new(folder->event, folder->map, &directory), 0);
        assert_int_equal(directory_find_name(directory, "root", on_found, &first, &a), 0);
        a = directory_lookup_free(a);
        assert_int_equal(directory_find_name(directory, "root", on_found, &second, &b), 0);
        run_until(folder->event, &second.n_calls, 1);
        assert_int_equal(first.n_calls, 0);
        directory_lookup_free(b);
}

static void test_directory_may_end_before_or_inside_an_answer(void **state) {
        Folder *folder = *state;
        Directory *directory = NULL;
        Found inside = { .end = &directory }, other = {};
        DirectoryLookup *a = NULL, *b = NULL;

        folder_write(folder, "");
        assert_int_equal(directory_new(folder->event, folder->map, &directory), 0);
        assert_int_equal(directory_find_name(directory, "root", on_found, &inside, &a), 0);
        run_until(folder->event, &inside.n_calls, 1);
        assert_null(directory);
        directory_lookup_free(a);

        assert_int_equal(directory_new(folder->event, folder->map, &directory), 0);
        assert_int_equal(directory_find_name(directory, "root", on_found, &other, &b), 0);
        directory = directory_free(directory);
        assert_true(sd_event_run(folder->event, 10 * USEC_PER_MSEC) >= 0);
        assert_int_equal(other.n_calls, 0);
        directory_lookup_free(b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_map_lines),
                cmocka_unit_test(test_map_has_no_hidden_half),
                cmocka_unit_test(test_map_answers),
                cmocka_unit_test_setup_teardown(test_change_of_the_file_is_seen_and_a_bad_one_is_not_used,
                                                setup, teardown),
                cmocka_unit_test_setup_teardown(test_untrusted_file_is_no_start, setup, teardown),
                cmocka_unit_test_setup_teardown(test_look_ups_come_back, setup, teardown),
                cmocka_unit_test_setup_teardown(test_cancelled_look_up_stays_silent, setup, teardown),
                cmocka_unit_test_setup_teardown(test_directory_may_end_before_or_inside_an_answer, setup,
                                                teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
