/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Provision: one account is one user with one number for ever, whatever else this host or the platform
 * says (threats 75, 82; design.md D8) */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/directory/directory.h"
#include "daemon/log.h"

#define FIRST 70002U

typedef struct Place {
        char dir[40], map[64], state[64], records[64];
        sd_event *event;
        Directory *directory;
} Place;

static void file_write(const char *path, const char *text) {
        FILE *file = fopen(path, "we");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, 0644), 0);
}

static char *file_read(const Place *place, const char *name) {
        static char text[4096];
        char path[512];
        FILE *file;
        size_t n;

        (void)snprintf(path, sizeof(path), "%s/%s", place->records, name);
        file = fopen(path, "re");
        if (!file)
                return NULL;
        n = fread(text, 1, sizeof(text) - 1, file);
        text[n] = '\0';
        (void)fclose(file);
        return text;
}

static ProvisionConfig config_of(const Place *place, uid_t uid_min, uid_t uid_max) {
        return (ProvisionConfig){
                .uid_min = uid_min,
                .uid_max = uid_max,
                .home = "/home",
                .shell = "/bin/bash",
                .state = place->state,
                .records = place->records,
        };
}

static int place_open(Place *place, DirectoryAccounts accounts, uid_t uid_min, uid_t uid_max) {
        const ProvisionConfig config = config_of(place, uid_min, uid_max);

        place->directory = directory_free(place->directory);
        assert_int_equal(directory_new(place->event, place->map, &place->directory), 0);
        return directory_set_accounts(place->directory, accounts, &config);
}

static void place_init(Place *place, const char *map) {
        *place = (Place){ .dir = "/tmp/test-provision-XXXXXX" };
        assert_non_null(mkdtemp(place->dir));
        (void)snprintf(place->map, sizeof(place->map), "%s/users", place->dir);
        (void)snprintf(place->state, sizeof(place->state), "%s/made", place->dir);
        (void)snprintf(place->records, sizeof(place->records), "%s/userdb", place->dir);
        assert_int_equal(mkdir(place->records, 0755), 0);
        file_write(place->map, map);
        assert_int_equal(sd_event_new(&place->event), 0);
}

static void place_done(Place *place) {
        char command[128];

        place->directory = directory_free(place->directory);
        place->event = sd_event_unref(place->event);
        (void)snprintf(command, sizeof(command), "rm -r %s", place->dir);
        assert_int_equal(system(command), 0);
}

typedef struct Adopted {
        size_t n;
        int error;
        DirectoryUser user;
} Adopted;

static void on_adopted(DirectoryLookup *lookup _unused_, int error, const DirectoryUser *user,
                       void *userdata) {
        Adopted *adopted = userdata;

        adopted->n++;
        adopted->error = error;
        if (user)
                adopted->user = *user;
}

static Adopted adopt(Place *place, const char *account, const char *subject) {
        _cleanup_(directory_lookup_freep) DirectoryLookup *lookup = NULL;
        Adopted adopted = {};
        int r;

        r = directory_adopt(place->directory, account, subject, on_adopted, &adopted, &lookup);
        if (r < 0)
                return (Adopted){ .error = r };
        for (size_t i = 0; i < 1000 && adopted.n == 0; i++)
                assert_true(sd_event_run(place->event, 10 * USEC_PER_SEC) >= 0);
        assert_int_equal(adopted.n, 1);
        return adopted;
}

static void test_ranges(void **state) {
        static const struct {
                uid_t min, max;
                bool fit;
        } rows[] = {
                { 70002, 99999, true },  { 1000, 60000, true },      { 70002, 70002, true },
                { 0, 99999, false },     { 999, 2000, false },       { 2000, 1999, false },
                { 60000, 60100, false }, { 61184, 65519, false },    { 65000, 70000, false },
                { 65534, 65534, false }, { 65535, 70000, false },    { 65536, 70000, true },
                { 70000, 524287, true }, { 70000, 524288, false },   { 70000, 4294967295U, false },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (provision_range_is_fit(rows[i].min, rows[i].max) != rows[i].fit)
                        fail_msg("%u to %u", rows[i].min, rows[i].max);
}

static void test_a_user_is_made_once_and_for_ever(void **state) {
        Adopted first, second, again;
        char link[512], target[128] = "";
        struct stat st;
        Place place;

        (void)state;
        place_init(&place, "");
        assert_int_equal(place_open(&place, ACCOUNTS_PROVISION, FIRST, 99999), 0);

        first = adopt(&place, "测试_wu", "s-1");
        assert_int_equal(first.error, 0);
        assert_true(first.user.exists);
        assert_string_equal(first.user.name, "测试_wu");
        assert_in_range(first.user.uid, FIRST, 99999);
        second = adopt(&place, "ceshi_lu", "s-2");
        assert_int_equal(second.error, 0);
        assert_int_not_equal(first.user.uid, second.user.uid);

        /* The record says what the configuration says, and the number leads to it. */
        assert_non_null(strstr(file_read(&place, "ceshi_lu.user"),
                               "\"homeDirectory\":\"/home/ceshi_lu\",\"shell\":\"/bin/bash\""));
        assert_non_null(strstr(file_read(&place, "ceshi_lu.group"), "\"groupName\":\"ceshi_lu\""));
        (void)snprintf(link, sizeof(link), "%s/%u.user", place.records, second.user.uid);
        assert_true(readlink(link, target, sizeof(target) - 1) > 0);
        assert_string_equal(target, "ceshi_lu.user");
        assert_int_equal(stat(place.state, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);

        /* Records are gone with /run; the next start has the same users. */
        (void)snprintf(link, sizeof(link), "%s/ceshi_lu.user", place.records);
        assert_int_equal(unlink(link), 0);
        assert_int_equal(place_open(&place, ACCOUNTS_PROVISION, FIRST, 99999), 0);
        assert_non_null(file_read(&place, "ceshi_lu.user"));
        again = adopt(&place, "ceshi_lu", "s-2");
        assert_int_equal(again.error, 0);
        assert_int_equal(again.user.uid, second.user.uid);

        /* Also when they go while it runs, or when the range is another one by now. */
        assert_int_equal(unlink(link), 0);
        assert_int_equal(place_open(&place, ACCOUNTS_PROVISION, 2000, 2100), 0);
        again = adopt(&place, "ceshi_lu", "s-2");
        assert_int_equal(again.user.uid, second.user.uid);
        assert_non_null(file_read(&place, "ceshi_lu.user"));
        place_done(&place);
}

/* threats 75: nobody comes into the files of somebody else */
static void test_collisions_are_refused(void **state) {
        static const char *const taken[] = {
                "root",   /* a user of the system */
                "daemon", /* likewise, and a group */
                "sudo",   /* a group alone */
        };
        Place place;

        (void)state;
        place_init(&place, "mapped yi\n");
        assert_int_equal(place_open(&place, ACCOUNTS_PROVISION, FIRST, 99999), 0);
        for (size_t i = 0; i < ELEMENTSOF(taken); i++) {
                assert_int_equal(adopt(&place, taken[i], "s-1").error, -EEXIST);
                assert_null(file_read(&place, "root.user"));
        }

        /* Whoever registers the name of somebody who has gone is another person. */
        assert_int_equal(adopt(&place, "ceshi_lu", "s-1").error, 0);
        assert_int_equal(adopt(&place, "ceshi_lu", "s-2").error, -EEXIST);
        /* Who stands in the map is not made anew. */
        assert_int_equal(adopt(&place, "mapped", "s-3").error, -ENOENT);
        place_done(&place);
}

static void test_a_full_range_is_told(void **state) {
        Place place;

        (void)state;
        place_init(&place, "");
        assert_int_equal(place_open(&place, ACCOUNTS_PROVISION, FIRST, FIRST + 1), 0);
        assert_int_equal(adopt(&place, "ceshi_a", "s-1").error, 0);
        assert_int_equal(adopt(&place, "ceshi_b", "s-2").error, 0);
        assert_int_equal(adopt(&place, "ceshi_c", "s-3").error, -EEXIST);
        assert_null(file_read(&place, "ceshi_c.user"));
        place_done(&place);
}

/* threats 82: what is no login name becomes no file */
static void test_names(void **state) {
        static const char *const bad[] = {
                "", "a", "..", "../x", "a/b", "-rf", "a b", "a\nb", "a\"b", "a\\b", "a:b", "13800138000",
                "a.user", "$(id)", "%n%s", "\xff\xff", ("\xe2\x80\xae" "abc"), "12345678901234567",
        };
        Place place;

        (void)state;
        place_init(&place, "");
        assert_int_equal(place_open(&place, ACCOUNTS_PROVISION, FIRST, 99999), 0);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (adopt(&place, bad[i], "s-1").error != -ENOENT)
                        fail_msg("row %zu was adopted", i);
        /* Nor does a subject that would be two words of the list. */
        assert_int_equal(adopt(&place, "ceshi_lu", "s 1").error, -EEXIST);
        assert_int_equal(adopt(&place, "ceshi_lu", "").error, -EEXIST);
        place_done(&place);
}

static void test_a_damaged_list_gives_out_nothing(void **state) {
        static const char *const lists[] = {
                "ceshi_a 70002 s-1",              /* cut */
                "ceshi_a 70002\n",                /* a word is missing */
                "ceshi_a 0 s-1\n",                /* root's number */
                "ceshi_a 0070002 s-1\n",
                "ceshi_a 70002 s-1 x\n",
                "ceshi_a 70002 s-1\nceshi_b 70002 s-2\n",
                "ceshi_a 70002 s-1\nceshi_a 70003 s-2\n",
                "../x 70002 s-1\n",
                "\n",
        };
        Place place;

        (void)state;
        place_init(&place, "");
        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                file_write(place.state, lists[i]);
                if (place_open(&place, ACCOUNTS_PROVISION, FIRST, 99999) != -EBADMSG)
                        fail_msg("list %zu was taken", i);
        }
        file_write(place.state, "ceshi_a 70002 s-1\n");
        assert_int_equal(place_open(&place, ACCOUNTS_PROVISION, FIRST, 99999), 0);

        /* Where others may write, nothing is promised. */
        assert_int_equal(chmod(place.records, 0777), 0);
        assert_int_equal(place_open(&place, ACCOUNTS_PROVISION, FIRST, 99999), -EPERM);
        assert_int_equal(chmod(place.records, 0755), 0);
        assert_int_equal(chmod(place.state, 0666), 0);
        assert_int_equal(place_open(&place, ACCOUNTS_PROVISION, FIRST, 99999), -EPERM);
        place_done(&place);
}

static void test_accounts_for_users(void **state) {
        static const DirectoryUser nobody = {}, system_user = { true, 1, "daemon" },
                                   ordinary = { true, 1200, "alice" },
                                   spelt = { true, 1200, "alice" };
        Place place;
        size_t n;

        (void)state;
        place_init(&place, "ceshi_jia jia\nbob other\n");

        assert_int_equal(place_open(&place, ACCOUNTS_TABLE, 0, 0), 0);
        assert_string_equal(directory_account_for(place.directory, "jia", NULL, &n), "ceshi_jia");
        assert_null(directory_account_for(place.directory, "alice", &ordinary, &n));
        assert_int_equal(adopt(&place, "alice", "s-1").error, -ENOENT);

        assert_int_equal(place_open(&place, ACCOUNTS_NAME, 0, 0), 0);
        assert_string_equal(directory_account_for(place.directory, "alice", &ordinary, &n), "alice");
        assert_int_equal(n, 1);
        assert_null(directory_account_for(place.directory, "daemon", &system_user, &n));
        assert_int_equal(n, 0);
        assert_null(directory_account_for(place.directory, "alice", NULL, &n));
        assert_null(directory_account_for(place.directory, "Alice", &spelt, &n));
        /* The account of that name is somebody else. */
        assert_null(directory_account_for(place.directory, "bob", &ordinary, &n));
        /* Root and users of the system need a line of their own. */
        assert_int_equal(adopt(&place, "root", "s-1").error, -EEXIST);
        assert_int_equal(adopt(&place, "daemon", "s-1").error, -EEXIST);
        assert_false(adopt(&place, "nobody_of_that_name", "s-1").user.exists);

        assert_int_equal(place_open(&place, ACCOUNTS_PROVISION, FIRST, 99999), 0);
        assert_string_equal(directory_account_for(place.directory, "ceshi_lu", &nobody, &n), "ceshi_lu");
        assert_null(directory_account_for(place.directory, "alice", &ordinary, &n));
        assert_int_equal(adopt(&place, "ceshi_lu", "s-1").error, 0);
        assert_string_equal(directory_account_of_user(place.directory, "ceshi_lu", &n), "ceshi_lu");
        assert_int_equal(n, 1);
        place_done(&place);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ranges),
                cmocka_unit_test(test_a_user_is_made_once_and_for_ever),
                cmocka_unit_test(test_collisions_are_refused),
                cmocka_unit_test(test_a_full_range_is_told),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_a_damaged_list_gives_out_nothing),
                cmocka_unit_test(test_accounts_for_users),
        };

        log_set_level(-1); /* what is told to an administrator here is meant for nobody */
        return cmocka_run_group_tests_name("provision", tests, NULL, NULL);
}
