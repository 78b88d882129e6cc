/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Registry files: what was written comes back as it was, and nothing else comes back */

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

#include "daemon/log.h"
#include "daemon/registry-files.h"

#define ID "0123456789abcdef0123456789abcdef"
#define GOOD \
        "itaxd session 1\nuser=jia\nmethod=qr\nproof=1\ncaller=0\nsince=1573228800\nproven=77\n" \
        "leader=4711\nstart=99\n"

typedef struct Place {
        char folder[32], sessions[64], file[128];
        RegistryFiles *files;
        Grant *read[4];
        size_t n_read;
        FILE *log;
        char *told;
        size_t n_told;
} Place;

static void on_read(Grant *grant, void *userdata) {
        Place *place = userdata;

        assert_true(place->n_read < ELEMENTSOF(place->read));
        place->read[place->n_read++] = grant;
}

static void place_init(Place *place) {
        *place = (Place){ .folder = "/tmp/test-files-XXXXXX" };
        assert_non_null(mkdtemp(place->folder));
        (void)snprintf(place->sessions, sizeof(place->sessions), "%s/sessions", place->folder);
        (void)snprintf(place->file, sizeof(place->file), "%s/" ID, place->sessions);
        place->log = open_memstream(&place->told, &place->n_told);
        log_open("/nonexistent", place->log);
        assert_int_equal(registry_files_new(place->folder, &place->files), 0);
}

static void read_all(Place *place) {
        for (size_t i = 0; i < place->n_read; i++)
                place->read[i] = grant_unref(place->read[i]);
        place->n_read = 0;
        assert_int_equal(registry_files_read(place->files, on_read, place), 0);
        (void)fflush(place->log);
}

static void place_done(Place *place) {
        for (size_t i = 0; i < place->n_read; i++)
                place->read[i] = grant_unref(place->read[i]);
        place->files = registry_files_free(place->files);
        log_open("/nonexistent", NULL);
        (void)fclose(place->log);
        free(place->told);
        (void)unlink(place->file);
        assert_int_equal(rmdir(place->sessions), 0);
        assert_int_equal(rmdir(place->folder), 0);
}

static void write_file(const Place *place, const char *text, size_t n, mode_t mode) {
        FILE *f = fopen(place->file, "w");

        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, n, f), n);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(chmod(place->file, mode), 0);
}

static void test_what_was_written_comes_back(void **state) {
        static const char *const values[_GRANT_FIELD_MAX] = {
                [GRANT_USER] = "zhangsan",
                [GRANT_ACCOUNT] = "测试_戊",
                [GRANT_NAME] = "测试 甲=乙",
                [GRANT_UNIT] = "919900000000000018",
                [GRANT_UNIT_NAME] = "测试一号有限公司 \"x\" %n \\n",
                [GRANT_METHOD] = "password",
                [GRANT_TTY] = "/dev/tty1",
        };
        Grant *grant = NULL;
        struct stat st;
        Place place;

        (void)state;
        place_init(&place);
        assert_int_equal(grant_new(&grant), 0);
        for (GrantField field = 0; field < _GRANT_FIELD_MAX; field++)
                assert_int_equal(grant_set(grant, field, values[field]), 0);
        memcpy(grant->id, ID, sizeof(ID));
        grant->proof = GRANT_PROOF_CERTIFICATE;
        grant->caller = 1000;
        grant->since_sec = 1573228800;
        grant->proven_usec = 1234567;
        grant->leader = (Leader){ .pid = 4711, .start = 815 };
        assert_int_equal(registry_files_write(place.files, grant), 0);
        /* Once more in the place of itself. */
        assert_int_equal(registry_files_write(place.files, grant), 0);

        /* threats 89 */
        assert_int_equal(stat(place.file, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(stat(place.sessions, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);

        read_all(&place);
        assert_int_equal(place.n_read, 1);
        assert_string_equal(place.read[0]->id, ID);
        for (GrantField field = 0; field < _GRANT_FIELD_MAX; field++)
                if (values[field])
                        assert_string_equal(place.read[0]->text[field], values[field]);
                else
                        assert_null(place.read[0]->text[field]);
        assert_int_equal(place.read[0]->proof, GRANT_PROOF_CERTIFICATE);
        assert_int_equal(place.read[0]->caller, 1000);
        assert_int_equal(place.read[0]->since_sec, 1573228800);
        assert_int_equal(place.read[0]->proven_usec, 1234567);
        assert_int_equal(place.read[0]->leader.pid, 4711);
        assert_int_equal(place.read[0]->leader.start, 815);
        assert_true(place.read[0]->is_open);
        assert_null(place.read[0]->token);
        assert_int_equal(place.n_told, 0);

        registry_files_remove(place.files, grant->id);
        read_all(&place);
        assert_int_equal(place.n_read, 0);
        grant = grant_unref(grant);
        place_done(&place);
}

/* threats 82: no value becomes another line */
static void test_a_value_of_two_lines_is_not_written(void **state) {
        Grant *grant = NULL;
        Place place;

        (void)state;
        place_init(&place);
        assert_int_equal(grant_new(&grant), 0);
        memcpy(grant->id, ID, sizeof(ID));
        assert_int_equal(grant_set(grant, GRANT_USER, "jia"), 0);
        assert_int_equal(grant_set(grant, GRANT_NAME, "a\nuser=root"), 0);
        assert_int_equal(registry_files_write(place.files, grant), -EINVAL);
        assert_int_not_equal(access(place.file, F_OK), 0);
        grant = grant_unref(grant);
        place_done(&place);
}

static void test_what_cannot_be_a_session_is_removed(void **state) {
#define ROW(text) { text, sizeof(text) - 1, 0600 }
        static const struct {
                const char *text;
                size_t n;
                mode_t mode;
        } cases[] = {
                ROW(""),
                ROW("\0"),
                ROW("itaxd session 2\n"),
                ROW("itaxd session 1\nuser=jia\n"),
                ROW("user=jia\n" GOOD),
                ROW(GOOD "user=root\n"),
                ROW(GOOD "start=100\n"),
                ROW(GOOD "token=x\n"),
                ROW(GOOD "nothing\n"),
                ROW(GOOD "name=\n"),
                ROW(GOOD "name=a\033[2J\n"),
                ROW(GOOD "unit=919900000000000018919900000000000018\n"),
                ROW(GOOD "\0"),
                { GOOD, sizeof(GOOD) - 1, 0644 },
                { GOOD, sizeof(GOOD) - 1, 0660 },
        };
        Place place;

        (void)state;
        place_init(&place);
        write_file(&place, GOOD, strlen(GOOD), 0600);
        read_all(&place);
        assert_int_equal(place.n_read, 1);
        assert_string_equal(place.read[0]->text[GRANT_USER], "jia");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                size_t n_told = place.n_told;

                write_file(&place, cases[i].text, cases[i].n, cases[i].mode);
                read_all(&place);
                if (place.n_read || access(place.file, F_OK) == 0 || place.n_told == n_told)
                        fail_msg("case %zu was taken", i);
        }
        place_done(&place);
}

static void test_numbers_out_of_range(void **state) {
        static const char *const changes[][2] = {
                { "proof=1", "proof=4" },
                { "proof=1", "proof=-1" },
                { "caller=0", "caller=4294967295" },
                { "since=1573228800", "since=18446744073709551616" },
                { "since=1573228800", "since= 1" },
                { "leader=4711", "leader=0" },
                { "leader=4711", "leader=2147483648" },
                { "start=99", "start=" },
        };
        Place place;

        (void)state;
        place_init(&place);
        for (size_t i = 0; i < ELEMENTSOF(changes); i++) {
                const char *at = strstr(GOOD, changes[i][0]);
                char text[512];

                assert_non_null(at);
                (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - GOOD), GOOD,
                               changes[i][1], at + strlen(changes[i][0]));
                write_file(&place, text, strlen(text), 0600);
                read_all(&place);
                if (place.n_read)
                        fail_msg("%s was taken", changes[i][1]);
        }
        place_done(&place);
}

/* threats 19, 22: links, and folders that others may write */
static void test_places_that_are_not_ours(void **state) {
        RegistryFiles *files = NULL;
        char path[128];
        Place place;

        (void)state;
        place_init(&place);
        (void)snprintf(path, sizeof(path), "%s/x", place.folder);
        assert_int_equal(mkdir(path, 0755), 0);
        assert_int_equal(symlink("/etc/passwd", place.file), 0);
        read_all(&place);
        assert_int_equal(place.n_read, 0);
        assert_int_equal(access("/etc/passwd", F_OK), 0);

        assert_int_equal(chmod(path, 0777), 0);
        assert_int_equal(registry_files_new(path, &files), -EPERM);
        assert_int_equal(chmod(path, 0755), 0);
        (void)snprintf(path, sizeof(path), "%s/x/sessions", place.folder);
        assert_int_equal(symlink(place.sessions, path), 0);
        (void)snprintf(path, sizeof(path), "%s/x", place.folder);
        assert_true(registry_files_new(path, &files) < 0);
        assert_int_equal(registry_files_new("/nonexistent", &files), -ENOENT);
        assert_null(files);

        (void)snprintf(path, sizeof(path), "%s/x/sessions", place.folder);
        (void)unlink(path);
        (void)snprintf(path, sizeof(path), "%s/x", place.folder);
        (void)rmdir(path);
        place_done(&place);
}

/* threats 125 */
static void test_a_full_disk(void **state) {
        Grant *grant = NULL;
        Place place;

        (void)state;
        place_init(&place);
        assert_int_equal(grant_new(&grant), 0);
        memcpy(grant->id, ID, sizeof(ID));
        /* The folder is gone under it. */
        assert_int_equal(rmdir(place.sessions), 0);
        assert_true(registry_files_write(place.files, grant) < 0);
        assert_int_equal(mkdir(place.sessions, 0700), 0);
        grant = grant_unref(grant);
        place_done(&place);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_was_written_comes_back),
                cmocka_unit_test(test_a_value_of_two_lines_is_not_written),
                cmocka_unit_test(test_what_cannot_be_a_session_is_removed),
                cmocka_unit_test(test_numbers_out_of_range),
                cmocka_unit_test(test_places_that_are_not_ours),
                cmocka_unit_test(test_a_full_disk),
        };

        return cmocka_run_group_tests_name("registry-files", tests, NULL, NULL);
}
