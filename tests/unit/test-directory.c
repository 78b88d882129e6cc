/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Directory: the map is strict and follows its file; look-ups come back, in time, and only to who
 * waits */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "daemon/directory/directory.h"
#include "daemon/directory/map.h"
#include "daemon/directory/worker.h"
#include "daemon/log.h"

typedef struct Told {
        char text[2048];
} Told;

static void tell(unsigned line, const char *problem, void *userdata) {
        Told *told = userdata;
        size_t n = strlen(told->text);

        (void)snprintf(told->text + n, sizeof(told->text) - n, "%u: %s\n", line, problem);
}

static int parse(const char *text, size_t n, Told *told, Map **ret) {
        char *copy = calloc(1, n + 1);

        assert_non_null(copy);
        memcpy(copy, text, n);
        *told = (Told){};
        return map_parse(copy, n, tell, told, ret);
}

static const struct {
        const char *name, *text, *told;
} bad_maps[] = {
        { "an account alone", "a\n", "1: a line is ACCOUNT LOCAL-USER, divided by spaces\n" },
        { "three words", "a b c\n", "1: a line is ACCOUNT LOCAL-USER, divided by spaces\n" },
        { "every bad line is told", "a\n# good\na b\nb\n",
          "1: a line is ACCOUNT LOCAL-USER, divided by spaces\n4: a line is ACCOUNT LOCAL-USER, divided by spaces\n" },
        { "an account that is two users", "a x\nb y\na z\n",
          "3: the account stands in line 1 already\n" },
        { "an account given three times", "a x\na x\na x\n",
          "2: the account stands in line 1 already\n3: the account stands in line 2 already\n" },
        { "a user of digits", "a 1000\n", "1: a local user cannot be digits only\n" },
        { "a user that is an option", "a -rf\n",
          "1: the local user has characters that no user can have\n" },
        { "a user that is a path", "a ../x\n",
          "1: the local user has characters that no user can have\n" },
        { "a user that would be two fields", "a x:y\n",
          "1: the local user has characters that no user can have\n" },
        { "a direction that is turned", "a \xe2\x80\xaex\n",
          "1: the local user has characters that no user can have\n" },
        { "a unit or a login name", "110108MA0012345 x\n",
          "1: this may be a unit or a login name; for the unit write '@' before it\n" },
        { "a unit that is none", "@110108 x\n", "1: behind '@' stands the code of a unit\n" },
        { "an escape sequence", "a\033[2J x\n",
          "1: the account has characters that cannot be shown\n" },
        { "bytes that are no text", "a\xff x\n", "1: bytes that are no text (UTF-8)\n" },
};

static void test_bad_maps(void **state) {
        char long_line[1024];
        Map *map = NULL;
        Told told;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(bad_maps); i++) {
                assert_int_equal(parse(bad_maps[i].text, strlen(bad_maps[i].text), &told, &map),
                                 MAP_E_LINES);
                if (strcmp(told.text, bad_maps[i].told) != 0)
                        fail_msg("%s: told\n%s", bad_maps[i].name, told.text);
        }

        assert_int_equal(parse("a x\0b y\n", 8, &told, &map), MAP_E_LINES);
        memset(long_line, 'x', sizeof(long_line));
        memcpy(long_line, "a ", 2);
        assert_int_equal(parse(long_line, sizeof(long_line), &told, &map), MAP_E_LINES);
        assert_string_equal(told.text, "1: the local user is longer than any can be\n");
        memcpy(long_line + sizeof(long_line) - 2, " y", 2);
        long_line[1] = 'a';
        assert_int_equal(parse(long_line, sizeof(long_line), &told, &map), MAP_E_LINES);
        assert_string_equal(told.text, "1: the account is longer than any can be\n");
        assert_null(map);
}

static void test_map(void **state) {
        static const char text[] =
                "# people\n\n  ceshi_jia\tjia  # the first\r\n"
                "Ceshi_Bing bing\nceshi_bing other\n测试_戊 wu\ndeputy jia\nadmin root";
        _cleanup_(map_freep) Map *map = NULL;
        Told told;
        size_t n;

        (void)state;
        assert_int_equal(parse(text, strlen(text), &told, &map), 0);
        assert_int_equal(map_size(map), 6);
        assert_string_equal(map_user_of_account(map, "ceshi_jia"), "jia");
        assert_string_equal(map_user_of_account(map, "测试_戊"), "wu");
        assert_string_equal(map_user_of_account(map, "admin"), "root");
        /* Case matters: these are two accounts. */
        assert_string_equal(map_user_of_account(map, "Ceshi_Bing"), "bing");
        assert_string_equal(map_user_of_account(map, "ceshi_bing"), "other");
        assert_null(map_user_of_account(map, "CESHI_BING"));
        assert_null(map_user_of_account(map, "ceshi_ji"));
        assert_null(map_user_of_account(map, "ceshi_jia "));
        assert_null(map_user_of_account(map, ""));

        assert_string_equal(map_account_of_user(map, "bing", &n), "Ceshi_Bing");
        assert_int_equal(n, 1);
        assert_null(map_account_of_user(map, "jia", &n));
        assert_int_equal(n, 2);
        assert_null(map_account_of_user(map, "nobody", &n));
        assert_int_equal(n, 0);
}

/* One file, two name spaces: nobody gets a unit's user by registering under its code, or the other way
 * round. */
static void test_units_are_no_accounts(void **state) {
        static const char text[] = "ceshi_jia jia\n@110108MA0012345 danwei\n91990000000000002B er\n"
                                   "ZHANGSANZHANGSA san\n";
        _cleanup_(map_freep) Map *map = NULL;
        Told told;

        (void)state;
        assert_int_equal(parse(text, strlen(text), &told, &map), 0);
        assert_string_equal(map_user_of_unit(map, "110108MA0012345"), "danwei");
        assert_null(map_user_of_account(map, "110108MA0012345"));
        assert_null(map_user_of_account(map, "@110108MA0012345"));
        assert_string_equal(map_user_of_unit(map, "91990000000000002B"), "er");
        assert_null(map_user_of_account(map, "91990000000000002B"));
        assert_string_equal(map_user_of_account(map, "ZHANGSANZHANGSA"), "san");
        assert_null(map_user_of_unit(map, "ZHANGSANZHANGSA"));
        assert_null(map_user_of_unit(map, "ceshi_jia"));
}

static void test_empty_map(void **state) {
        _cleanup_(map_freep) Map *map = NULL;
        Told told;
        size_t n;

        (void)state;
        assert_int_equal(parse("", 0, &told, &map), 0);
        assert_null(map_user_of_account(map, "a"));
        assert_null(map_account_of_user(map, "a", &n));
        assert_int_equal(n, 0);
}

/* A folder with one map in it, and an event loop. */
typedef struct Place {
        char dir[32], path[64];
        sd_event *event;
        Directory *directory;
} Place;

static void place_write(const Place *place, const char *text) {
        char path[80];
        FILE *file;

        /* As an editor does it: a new file takes the place of the old one. */
        (void)snprintf(path, sizeof(path), "%s.new", place->path);
        file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(rename(path, place->path), 0);
}

static void place_init(Place *place, const char *text) {
        *place = (Place){ .dir = "/tmp/test-directory-XXXXXX" };
        assert_non_null(mkdtemp(place->dir));
        (void)snprintf(place->path, sizeof(place->path), "%s/users", place->dir);
        place_write(place, text);
        assert_int_equal(sd_event_new(&place->event), 0);
        assert_int_equal(directory_new(place->event, place->path, &place->directory), 0);
}

static void place_done(Place *place) {
        place->directory = directory_free(place->directory);
        place->event = sd_event_unref(place->event);
        (void)unlink(place->path);
        (void)rmdir(place->dir);
}

static void test_map_follows_its_file(void **state) {
        Place place;
        size_t n;

        (void)state;
        place_init(&place, "a jia\n");
        assert_string_equal(directory_user_of_account(place.directory, "a"), "jia");

        place_write(&place, "a yi\nb jia\n");
        assert_string_equal(directory_user_of_account(place.directory, "a"), "yi");
        assert_string_equal(directory_account_of_user(place.directory, "jia", &n), "b");

        /* What cannot be read, or could have been written by anybody, changes nothing. */
        place_write(&place, "a\n");
        assert_string_equal(directory_user_of_account(place.directory, "a"), "yi");
        place_write(&place, "a root\n");
        assert_int_equal(chmod(place.path, 0666), 0);
        assert_string_equal(directory_user_of_account(place.directory, "a"), "yi");
        assert_int_equal(chmod(place.path, 0644), 0);
        assert_string_equal(directory_user_of_account(place.directory, "a"), "root");
        assert_int_equal(unlink(place.path), 0);
        assert_string_equal(directory_user_of_account(place.directory, "a"), "root");
        place_done(&place);
}

static void test_bad_file_is_no_directory(void **state) {
        Directory *directory = NULL;
        Place place;

        (void)state;
        place_init(&place, "a jia\n");
        assert_int_equal(chmod(place.path, 0666), 0);
        assert_int_equal(directory_new(place.event, place.path, &directory), -EPERM);
        place_write(&place, "a\n");
        assert_int_equal(directory_new(place.event, place.path, &directory), -EBADMSG);
        assert_int_equal(unlink(place.path), 0);
        assert_int_equal(directory_new(place.event, place.path, &directory), -ENOENT);
        assert_null(directory);
        place_done(&place);
}

typedef struct Found {
        size_t n;
        int error;
        DirectoryUser user;
        DirectoryLookup **free_this;
} Found;

static void on_found(DirectoryLookup *lookup, int error, const DirectoryUser *user,
                     void *userdata) {
        Found *found = userdata;

        assert_non_null(lookup);
        found->n++;
        found->error = error;
        if (user)
                found->user = *user;
        if (found->free_this)
                *found->free_this = directory_lookup_free(*found->free_this);
}

static void run_until(sd_event *event, const size_t *n, size_t wanted) {
        for (size_t i = 0; i < 1000 && *n < wanted; i++)
                assert_true(sd_event_run(event, 10 * USEC_PER_SEC) >= 0);
        assert_int_equal(*n, wanted);
}

static void test_lookups(void **state) {
        _cleanup_(directory_lookup_freep) DirectoryLookup *root = NULL, *zero = NULL, *none = NULL,
                                                          *left = NULL;
        Found found_root = {}, found_zero = {}, found_none = {}, found_left = {};
        char long_name[LIMIT_USER_BYTES + 2];
        Place place;

        (void)state;
        place_init(&place, "");
        assert_int_equal(directory_find_name(place.directory, "root", on_found, &found_root, &root),
                         0);
        found_root.free_this = &root; /* a callback may free its own look-up */
        assert_int_equal(directory_find_uid(place.directory, 0, on_found, &found_zero, &zero), 0);
        assert_int_equal(directory_find_name(place.directory, "no-such-user-here", on_found,
                                             &found_none, &none),
                         0);
        assert_int_equal(directory_find_name(place.directory, "root", on_found, &found_left, &left),
                         0);
        left = directory_lookup_free(left);
        assert_int_equal(found_root.n, 0);

        run_until(place.event, &found_root.n, 1);
        run_until(place.event, &found_zero.n, 1);
        run_until(place.event, &found_none.n, 1);
        assert_int_equal(found_left.n, 0);
        assert_null(root);
        assert_int_equal(found_root.error, 0);
        assert_true(found_root.user.exists);
        assert_int_equal(found_root.user.uid, 0);
        assert_true(found_zero.user.exists);
        assert_string_equal(found_zero.user.name, "root");
        assert_int_equal(found_none.error, 0);
        assert_false(found_none.user.exists);
        assert_string_equal(found_none.user.name, "");

        memset(long_name, 'x', sizeof(long_name));
        long_name[sizeof(long_name) - 1] = '\0';
        assert_int_equal(
                directory_find_name(place.directory, long_name, on_found, &found_left, &left),
                -EINVAL);
        place_done(&place);
}

/* A directory service that hangs: reads from a pipe into which nobody writes. */
typedef struct Hang {
        int fd;
        char byte;
} Hang;

static void hang_run(void *data) {
        Hang *hang = data;

        if (read(hang->fd, &hang->byte, 1) < 0)
                hang->byte = '?';
}

typedef struct Done {
        size_t n;
        int error;
        char byte;
} Done;

static void on_done(WorkerJob *job, int error, void *data, void *userdata) {
        Done *done = userdata;

        assert_non_null(job);
        done->n++;
        done->error = error;
        done->byte = data ? ((Hang *)data)->byte : '-';
}

/* threats 26, 27: what comes late finds nobody */
static void test_a_hung_service_is_bounded(void **state) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(worker_freep) Worker *worker = NULL;
        WorkerJob *jobs[2 * WORKER_THREADS_MAX] = {}, *last = NULL;
        Done done[ELEMENTSOF(jobs)] = {}, done_last = {};
        int fds[2];

        (void)state;
        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(worker_new(event, &worker), 0);

        /* All threads hang and as many jobs wait; each is told in time. */
        for (size_t i = 0; i < ELEMENTSOF(jobs); i++)
                assert_int_equal(worker_start(worker, hang_run, &(Hang){ .fd = fds[0] },
                                              sizeof(Hang), 20 * USEC_PER_MSEC, on_done, &done[i],
                                              &jobs[i]),
                                 0);
        for (size_t i = 0; i < ELEMENTSOF(jobs); i++) {
                run_until(event, &done[i].n, 1);
                assert_int_equal(done[i].error, -ETIMEDOUT);
                jobs[i] = worker_job_free(jobs[i]);
        }

        /* It comes back: the late answers are dropped, the next question is answered. */
        assert_int_equal(write(fds[1], "aaaab", 5), 5);
        assert_int_equal(worker_start(worker, hang_run, &(Hang){ .fd = fds[0] }, sizeof(Hang),
                                      10 * USEC_PER_SEC, on_done, &done_last, &last),
                         0);
        run_until(event, &done_last.n, 1);
        assert_int_equal(done_last.error, 0);
        for (size_t i = 0; i < ELEMENTSOF(jobs); i++)
                assert_int_equal(done[i].n, 1);
        last = worker_job_free(last);

        /* Freed while a thread still hangs in it. */
        assert_int_equal(worker_start(worker, hang_run, &(Hang){ .fd = fds[0] }, sizeof(Hang),
                                      10 * USEC_PER_SEC, on_done, &done_last, &last),
                         0);
        last = worker_job_free(last);
        worker = worker_free(worker);
        assert_int_equal(write(fds[1], "cccccccccc", 10), 10);
        (void)close(fds[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bad_maps),
                cmocka_unit_test(test_map),
                cmocka_unit_test(test_units_are_no_accounts),
                cmocka_unit_test(test_empty_map),
                cmocka_unit_test(test_map_follows_its_file),
                cmocka_unit_test(test_bad_file_is_no_directory),
                cmocka_unit_test(test_lookups),
                cmocka_unit_test(test_a_hung_service_is_bounded),
        };

        log_set_level(-1); /* what is told to an administrator here is meant for nobody */
        return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
