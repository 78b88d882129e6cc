/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The store: files closed to others, transactions that hold or never were. */

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>

#include "backend/model-session.h"
#include "backend/schema.h"
#include "tests/unit/backend-fixture.h"

static void test_modes(void **state) {
        Fixture *fixture = *state;
        struct stat st;

        /* threats 89 */
        assert_int_equal(stat(fixture->path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
}

typedef struct PathCase {
        const char *sentence;
        mode_t folder, file;
        int result;
} PathCase;

static const PathCase path_cases[] = {
        { "a closed file in a closed folder opens", 0700, 0600, 0 },
        { "a folder that others may look into opens", 0755, 0600, 0 },
        { "a folder that others may write to is refused", 0777, 0600, STORE_E_PATH },
        { "a folder that the group may write to is refused", 0770, 0600, STORE_E_PATH },
        { "a sticky folder for everybody is refused", 01777, 0600, STORE_E_PATH },
        { "a file that others may read is refused", 0700, 0604, STORE_E_PATH },
        { "a file that the group may read is refused", 0700, 0640, STORE_E_PATH },
        { "an executable file is refused", 0700, 0700, STORE_E_PATH },
};

static void test_paths(void **state) {
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(path_cases); i++) {
                const PathCase *c = &path_cases[i];
                Store *store = NULL;
                int r;

                assert_int_equal(chmod(fixture->folder, c->folder), 0);
                assert_int_equal(chmod(fixture->path, c->file), 0);
                r = store_open(fixture->path, &store);
                (void)store_close(store);
                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
        }
        assert_int_equal(chmod(fixture->folder, 0700), 0);
}

static void test_link(void **state) {
        Fixture *fixture = *state;
        Store *store = NULL;
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/link.db", fixture->folder);
        assert_int_equal(symlink(fixture->path, path), 0);
        assert_int_equal(chmod(fixture->path, 0600), 0);
        assert_int_equal(store_open(path, &store), STORE_E_PATH);
        (void)snprintf(path, sizeof(path), "%s/nowhere/store.db", fixture->folder);
        assert_int_equal(store_open(path, &store), -ENOENT);
}

static void test_newer(void **state) {
        Fixture *fixture = *state;
        Store *store = NULL;

        assert_int_equal(store_run(fixture->store, "PRAGMA user_version = 4711", ""), 0);
        assert_int_equal(store_open(fixture->path, &store), STORE_E_VERSION);
}

/* A store of the first version keeps what it holds: the lock, the token, the code. */
static void test_older(void **state) {
        static const char *const rows[] = {
                "INSERT INTO account (id, login_name, name, document_type, document_number, mobile,"
                " password_hash, residence, created_at) VALUES ('id', 'old', 'n', 'passport', '1',"
                " '19900000009', 'hash', 'r', 0)",
                "INSERT INTO unit (code, name) VALUES ('" UNIT_ONE "', 'u')",
                "INSERT INTO guard (key, tries_left, locked_until, touched_at) VALUES ('a:id', 0,"
                " 1800007200, 1800000000)",
                "INSERT INTO code (hash, client_id, account_id, challenge, created_at, expires_at)"
                " VALUES ('code', 'ws', 'id', 'c', 1800000000, 1800000060)",
                "INSERT INTO token (hash, client_id, account_id, hinted, origin, created_at,"
                " expires_at) VALUES ('token', 'ws', 'id', 1, 'code', 1800000000, 1800000600)",
                "PRAGMA user_version = 1",
        };
        Fixture *fixture = *state;
        Store *store = NULL;
        sqlite3 *handle;
        char path[128];
        TokenRow token;
        GuardTake take;
        int fd;

        (void)snprintf(path, sizeof(path), "%s/old.db", fixture->folder);
        fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        (void)close(fd);
        assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
        assert_int_equal(sqlite3_exec(handle, schema_migration(0), NULL, NULL, NULL), SQLITE_OK);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                assert_int_equal(sqlite3_exec(handle, rows[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(handle), SQLITE_OK);

        assert_int_equal(store_open(path, &store), 0);
        assert_int_equal(token_find(store, "token", T0, &token), 0);
        assert_string_equal(token.account_id, "id");
        assert_string_equal(token.unit_code, "");
        assert_true(token.hinted);
        assert_int_equal(guard_take(store, "a:id", GUARD_CAPTCHA_NONE,
                                    &(const Moment){ .wall_sec = T0 + 60, .boot_id = "x" }, &take),
                         GUARD_E_LOCKED);
        assert_int_equal(take.retry_after_sec, GUARD_LOCK_SEC - 60);
        /* nobody's token and everybody's are refused by the table itself */
        assert_int_equal(store_run(store, "UPDATE token SET unit_code = '" UNIT_ONE "'", ""),
                         STORE_E_EXISTS);
        assert_int_equal(store_run(store, "UPDATE code SET account_id = NULL", ""), STORE_E_EXISTS);
        assert_int_equal(store_run(store, "DELETE FROM account", ""), 0);
        assert_int_equal(token_find(store, "token", T0, &token), SESSION_E_INVALID);
        (void)store_close(store);
}

static void test_reopened(void **state) {
        Fixture *fixture = *state;
        AccountRow row;

        fixture->store = store_close(fixture->store);
        assert_int_equal(store_open(fixture->path, &fixture->store), 0);
        assert_int_equal(account_find(fixture->store, "ceshi_jia", &row), 0);
        assert_string_equal(row.id, fixture->jia);
}

static void test_rollback(void **state) {
        Fixture *fixture = *state;

        {
                _cleanup_(transaction_done) Transaction transaction = {};

                fixture_begin(fixture, &transaction);
                assert_int_equal(store_run(fixture->store, "DELETE FROM account", ""), 0);
        }
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM account"), 2);
}

static void test_constraints(void **state) {
        Fixture *fixture = *state;

        assert_int_equal(
                store_run(fixture->store,
                          "INSERT INTO account_name (name, account_id) VALUES ('ceshi_jia', $1)",
                          "t", fixture->bing),
                STORE_E_EXISTS);
        assert_int_equal(
                store_run(fixture->store,
                          "INSERT INTO account_name (name, account_id) VALUES ('new', 'nobody')",
                          ""),
                STORE_E_EXISTS);
        assert_int_equal(
                store_run(fixture->store,
                          "INSERT INTO guard (key, tries_left, touched_at) VALUES ('x', 6, 0)", ""),
                STORE_E_EXISTS);
        /* STRICT: a text is no number */
        assert_int_equal(
                store_run(fixture->store,
                          "INSERT INTO guard (key, tries_left, touched_at) VALUES ('x', 'a', 0)",
                          ""),
                STORE_E_EXISTS);
}

static void test_parameters(void **state) {
        Fixture *fixture = *state;
        Statement *statement = NULL, *again = NULL;
        static const char sql[] = "SELECT $2, $1, $2";

        assert_int_equal(
                store_query(fixture->store, &statement, sql, "ti", "a", (int64_t)5000000000), 0);
        assert_int_equal(statement_next(statement), 1);
        assert_int_equal(statement_int(statement, 0), 5000000000);
        assert_string_equal(statement_text(statement, 1), "a");
        assert_int_equal(store_query(fixture->store, &again, sql, "ti", "b", (int64_t)1), -EBUSY);
        assert_int_equal(statement_next(statement), 0);
        (void)statement_free(statement);

        assert_int_equal(store_query(fixture->store, &statement, "SELECT $1", "x"), -EINVAL);
        assert_int_equal(store_query(fixture->store, &statement, "SELECT $1", "tt", "a", "b"),
                         -EINVAL);
        assert_int_equal(store_query(fixture->store, &statement, "SELECT nonsense", ""), -EIO);
}

/* threats 82: what looks like SQL is text */
static void test_injection(void **state) {
        static const char *const names[] = {
                "'; DROP TABLE account; --", "\" OR 1=1", "%n%s", "a\nb", "$1", "?1", "\\' OR ''='"
        };
        Fixture *fixture = *state;
        AccountRow row;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                UnitRow unit;

                assert_int_equal(account_find(fixture->store, names[i], &row), ACCOUNT_E_UNKNOWN);
                assert_int_equal(unit_find(fixture->store, fixture->jia, names[i], &unit),
                                 UNIT_E_UNKNOWN);
        }
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM account"), 2);
}

/* How often a text stands in the files of the store. */
static size_t occurrences(const Fixture *fixture, const char *text) {
        static const char *const suffixes[] = { "", "-wal" };
        size_t found = 0;

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                static char bytes[1 << 22];
                char path[128];
                ssize_t n;
                int fd;

                (void)snprintf(path, sizeof(path), "%s%s", fixture->path, suffixes[i]);
                fd = open(path, O_RDONLY | O_CLOEXEC);
                n = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes));
                if (fd >= 0)
                        (void)close(fd);
                assert_true(n < (ssize_t)sizeof(bytes));
                for (ssize_t k = 0; k + (ssize_t)strlen(text) <= n; k++)
                        found += memcmp(bytes + k, text, strlen(text)) == 0;
        }
        return found;
}

/* What was used and deleted does not stay on the disk, neither in the file nor in its log. */
static void test_nothing_stays(void **state) {
        static const char answer[] = "QQCAPTCHAQQANSWERQQ", digits[] = "QQDIGITSQQOFQQPHONEQQ";
        Fixture *fixture = *state;
        Transaction transaction = {};

        fixture_begin(fixture, &transaction);
        assert_int_equal(
                store_run(fixture->store,
                          "INSERT INTO captcha (id, session_hash, guard_key, answer, created_at,"
                          " expires_at) VALUES ('id', 's', 'k', $1, 0, 1)",
                          "t", answer),
                0);
        assert_int_equal(
                store_run(fixture->store,
                          "INSERT INTO device (hash, user_code, client_id, state, hinted, binding,"
                          " digits, digits_left, created_at, expires_at)"
                          " VALUES ('h', 'c', 'ws', 'confirmed', 0, 1, $1, 3, 0, 1)",
                          "t", digits),
                0);
        assert_int_equal(transaction_commit(&transaction), 0);
        assert_true(occurrences(fixture, answer) > 0 && occurrences(fixture, digits) > 0);

        fixture_begin(fixture, &transaction);
        assert_int_equal(store_run(fixture->store, "DELETE FROM captcha", ""), 0);
        assert_int_equal(
                store_run(fixture->store, "UPDATE device SET state = 'redeemed', digits = ''", ""),
                0);
        assert_int_equal(transaction_commit(&transaction), 0);
        assert_int_equal(store_settle(fixture->store), 0);
        assert_int_equal(occurrences(fixture, answer), 0);
        assert_int_equal(occurrences(fixture, digits), 0);
        assert_int_equal(store_settle(fixture->store), 0);
}

/* A reader in another process is not waited for. */
static void test_settle_later(void **state) {
        static const char sql[] = "SELECT id FROM account";
        Fixture *fixture = *state;
        Statement *statement = NULL;
        Transaction transaction = {};
        Store *other = NULL;

        assert_int_equal(store_open(fixture->path, &other), 0);
        assert_int_equal(store_query(other, &statement, sql, ""), 0);
        assert_int_equal(statement_next(statement), 1);
        fixture_begin(fixture, &transaction);
        assert_int_equal(store_run(fixture->store, "UPDATE account SET name = 'x'", ""), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
        assert_int_equal(store_settle(fixture->store), 1);
        (void)statement_free(statement);
        assert_int_equal(store_settle(fixture->store), 0);
        (void)store_close(other);
}

static void test_elsewhere(void **state) {
        Fixture *fixture = *state;
        Store *other = NULL;
        char hash[STORE_HASH_BYTES + 1];

        assert_int_equal(chmod(fixture->path, 0600), 0);
        assert_int_equal(store_next_change(fixture->store, hash), 0);
        assert_int_equal(store_open(fixture->path, &other), 0);
        assert_int_equal(store_run(fixture->store, "UPDATE account SET name = 'x'", ""), 0);
        assert_int_equal(store_next_change(fixture->store, hash), 0);
        assert_int_equal(store_run(other, "UPDATE account SET name = 'y'", ""), 0);
        assert_int_equal(store_next_change(fixture->store, hash), 1);
        assert_int_equal(store_next_change(fixture->store, hash), 0);
        (void)store_close(other);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_modes),       UNIT_TEST(test_paths),      UNIT_TEST(test_link),
                UNIT_TEST(test_newer),       UNIT_TEST(test_older),
                     UNIT_TEST(test_reopened),   UNIT_TEST(test_rollback),
                UNIT_TEST(test_constraints), UNIT_TEST(test_parameters), UNIT_TEST(test_injection),
                UNIT_TEST(test_elsewhere),   UNIT_TEST(test_nothing_stays),
                UNIT_TEST(test_settle_later),
        };

        store_init_process();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
