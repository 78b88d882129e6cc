/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The store: files closed to others, transactions that hold or never were. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/wait.h>

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
                char path[PLACE_BYTES + 8];
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

/* What was refused is refused alone. */
static void test_refused_alone(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {}, second = {};

        fixture_begin(fixture, &transaction);
        assert_int_equal(transaction_begin(fixture->store, &second), -EINVAL);
        assert_int_equal(store_run(fixture->store, "UPDATE account SET name = 'x'", ""), 0);
        for (int i = 0; i < 3; i++)
                assert_int_equal(
                        store_run(fixture->store,
                                  "INSERT INTO account_name (name, account_id) VALUES"
                                  " ('ceshi_jia', $1)",
                                  "t", fixture->bing),
                        STORE_E_EXISTS);
        assert_int_equal(store_run(fixture->store, "DELETE FROM relation", ""), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
        assert_int_equal(
                fixture_number(fixture, "SELECT COUNT(*) FROM account WHERE name = 'x'"), 2);
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM relation"), 0);
}

/* Names are the same, and in the same order, in every database: by their bytes. */
static void test_bytes(void **state) {
        static const char *const names[] = { "Ba", "aB", "a_", "b", "\xE4\xB8\x80", "\xF0\xA0\x85\xA4" };
        static const char *const strange[] = { "\xff", "\xC0\xAF", "\xED\xA0\x80", "a\xE4" };
        static const char sql[] = "SELECT name FROM account_name WHERE account_id = $1 ORDER BY name",
                          insert[] = "INSERT INTO account_name (name, account_id) VALUES ($1, $2)";
        Fixture *fixture = *state;
        Statement *statement = NULL;
        AccountRow row;

        assert_int_equal(store_run(fixture->store, "DELETE FROM account_name", ""), 0);
        for (size_t i = ELEMENTSOF(names); i-- > 0;)
                assert_int_equal(
                        store_run(fixture->store, insert, "tt", names[i], fixture->jia), 0);
        assert_int_equal(store_query(fixture->store, &statement, sql, "t", fixture->jia), 0);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_int_equal(statement_next(statement), 1);
                assert_string_equal(statement_text(statement, 0), names[i]);
        }
        assert_int_equal(statement_next(statement), 0);
        (void)statement_free(statement);

        /* what is no text is the name of nobody, not an error */
        for (size_t i = 0; i < ELEMENTSOF(strange); i++)
                assert_int_equal(account_find(fixture->store, strange[i], &row), ACCOUNT_E_UNKNOWN);
}

/* One writer at a time: the second is sent away when it has waited long enough. */
static void test_one_writer(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {}, second = {};
        Store *other = NULL;

        assert_int_equal(store_open(fixture->path, &other), 0);
        fixture_begin(fixture, &transaction);
        assert_int_equal(transaction_begin(other, &second), -EBUSY);
        assert_int_equal(transaction_commit(&transaction), 0);
        assert_int_equal(transaction_begin(other, &second), 0);
        transaction_done(&second);
        (void)store_close(other);
}

#define OPENERS 8

/* Eight processes that start at once on a store that is not there yet. */
static void test_eight_at_once(void **state) {
        Fixture *fixture = *state;
        char place[PLACE_BYTES];
        pid_t pids[OPENERS];
        Store *store = NULL;
        int gate[2];

        fixture->store = store_close(fixture->store);
        if (place_is_shared())
                place_make(fixture->folder, place);
        else
                (void)snprintf(place, sizeof(place), "%.64s/eight.db", fixture->folder);
        assert_int_equal(pipe(gate), 0);
        for (size_t i = 0; i < OPENERS; i++) {
                pids[i] = fork();
                assert_true(pids[i] >= 0);
                if (pids[i] == 0) {
                        char byte;

                        (void)close(gate[1]);
                        (void)!read(gate[0], &byte, 1); /* until the gate is opened for all */
                        _exit(store_open(place, &store) == 0 &&
                                              store_run(store,
                                                        "INSERT INTO setting (name, value) VALUES"
                                                        " ($1, 'x')",
                                                        "t", (const char[]){ (char)('a' + i), 0 }) ==
                                                      0
                                      ? 0
                                      : 1);
                }
        }
        (void)close(gate[0]);
        (void)close(gate[1]);
        for (size_t i = 0; i < OPENERS; i++) {
                int status;

                assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
                assert_int_equal(status, 0);
        }
        assert_int_equal(store_open(place, &fixture->store), 0);
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM setting"), OPENERS);
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM client"), 1);
        fixture->store = store_close(fixture->store);
        place_drop(place);
}

static void test_addresses(void **state) {
        static const char *const addresses[] = {
                "postgres://user:secret@/db",
                "postgresql://user@/db?password=secret",
                "postgresql://user@/db?sslpassword=secret",
                "postgresql://user@/db?nonsense=1",
                "postgres://[",
                "mysql://user@host/db",
        };
        Store *store = NULL;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(addresses); i++)
                if (store_open(addresses[i], &store) != STORE_E_ADDRESS)
                        fail_msg("%s", addresses[i]);
        assert_int_equal(store_open("postgresql:///db?host=/nonexistent", &store), -EBUSY);
}

static void test_shared_newer(void **state) {
        Fixture *fixture = *state;
        Store *store = NULL;

        place_run(fixture->path, "UPDATE schema_version SET version = 4711");
        assert_int_equal(store_open(fixture->path, &store), STORE_E_VERSION);
}

/* Tables of the first version are brought forward with what they hold. */
static void test_shared_older(void **state) {
        Fixture *fixture = *state;
        char place[PLACE_BYTES];
        Store *store = NULL;
        TokenRow token;

        place_make(fixture->folder, place);
        place_run(place, "CREATE TABLE schema_version (version BIGINT NOT NULL);"
                         "INSERT INTO schema_version (version) VALUES (1)");
        place_run(place, schema_migration(0));
        place_run(place, "INSERT INTO account (id, login_name, name, document_type,"
                         " document_number, mobile, password_hash, residence, created_at) VALUES"
                         " ('id', 'old', 'n', 'passport', '1', '19900000009', 'hash', 'r', 0);"
                         "INSERT INTO token (hash, client_id, account_id, hinted, origin,"
                         " created_at, expires_at)"
                         " VALUES ('token', 'ws', 'id', 1, 'code', 1800000000, 1800000600)");
        assert_int_equal(store_open(place, &store), 0);
        assert_int_equal(token_find(store, "token", T0, &token), 0);
        assert_string_equal(token.account_id, "id");
        assert_int_equal(store_run(store, "UPDATE token SET account_id = NULL", ""),
                         STORE_E_EXISTS);
        (void)store_close(store);
        place_drop(place);
}

/* The server ends every connection but the one that asks for it. */
static void connections_end(const Fixture *fixture) {
        place_run(fixture->path, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE"
                                 " application_name = 'itax-backend'");
}

/* A connection that is lost between transactions is not missed; in one, nothing of it holds. */
static void test_connection_lost(void **state) {
        static const char update[] = "UPDATE account SET name = 'x'",
                          count[] = "SELECT COUNT(*) FROM account WHERE name = 'x'";
        Fixture *fixture = *state;
        Transaction transaction = {};
        char hash[STORE_HASH_BYTES + 1] = "x";
        AccountRow row;

        while (store_next_change(fixture->store, hash) == 1)
                ;
        connections_end(fixture);
        assert_int_equal(account_find(fixture->store, "ceshi_jia", &row), 0);
        /* nobody knows what was told meanwhile */
        (void)strcpy(hash, "x");
        assert_int_equal(store_next_change(fixture->store, hash), 1);
        assert_string_equal(hash, "");
        assert_int_equal(store_next_change(fixture->store, hash), 0);

        connections_end(fixture);
        fixture_begin(fixture, &transaction);
        assert_int_equal(store_run(fixture->store, update, ""), 0);
        connections_end(fixture);
        assert_int_equal(store_run(fixture->store, update, ""), -EIO);
        assert_int_equal(account_find(fixture->store, "ceshi_jia", &row), -EIO);
        assert_int_equal(transaction_commit(&transaction), -EIO);
        transaction_done(&transaction);
        assert_int_equal(fixture_number(fixture, count), 0);

        fixture_begin(fixture, &transaction);
        assert_int_equal(store_run(fixture->store, update, ""), 0);
        connections_end(fixture);
        assert_int_equal(transaction_commit(&transaction), -EIO);
        transaction_done(&transaction);
        assert_int_equal(fixture_number(fixture, count), 0);

        /* an error that is none of a row's ends the transaction */
        fixture_begin(fixture, &transaction);
        assert_int_equal(store_run(fixture->store, update, ""), 0);
        assert_int_equal(store_run(fixture->store, "UPDATE nowhere SET name = 'x'", ""), -EIO);
        assert_int_equal(transaction_commit(&transaction), -EIO);
        transaction_done(&transaction);
        assert_int_equal(fixture_number(fixture, count), 0);
}

/* What a process changes is told to the others when it is committed, and to nobody otherwise. */
static void test_told(void **state) {
        Fixture *fixture = *state;
        char hash[STORE_HASH_BYTES + 1];
        Transaction transaction = {};
        struct pollfd pollfd;
        Store *other = NULL;

        assert_int_equal(store_open(fixture->path, &other), 0);
        assert_int_equal(store_next_change(other, hash), 0);
        fixture_begin(fixture, &transaction);
        assert_int_equal(store_tell(fixture->store, "never"), 0);
        transaction_done(&transaction);

        fixture_begin(fixture, &transaction);
        assert_int_equal(store_tell(fixture->store, "one"), 0);
        assert_int_equal(store_tell(fixture->store, ""), 0);
        assert_int_equal(store_next_change(other, hash), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
        pollfd = (struct pollfd){ .fd = store_fd(other), .events = POLLIN };
        assert_int_equal(poll(&pollfd, 1, 20000), 1);
        assert_int_equal(store_next_change(other, hash), 1);
        assert_string_equal(hash, "one");
        assert_int_equal(store_next_change(other, hash), 1);
        assert_string_equal(hash, "");
        assert_int_equal(store_next_change(other, hash), 0);
        assert_int_equal(store_next_change(fixture->store, hash), 0);
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

/* Of every store. */
#define COMMON_TESTS \
        UNIT_TEST(test_reopened), UNIT_TEST(test_rollback), UNIT_TEST(test_constraints), \
                UNIT_TEST(test_parameters), UNIT_TEST(test_injection), \
                UNIT_TEST(test_refused_alone), UNIT_TEST(test_bytes), UNIT_TEST(test_one_writer), \
                UNIT_TEST(test_eight_at_once), UNIT_TEST(test_addresses)

int main(void) {
        const struct CMUnitTest file_tests[] = {
                COMMON_TESTS,
                UNIT_TEST(test_modes),
                UNIT_TEST(test_paths),
                UNIT_TEST(test_link),
                UNIT_TEST(test_newer),
                UNIT_TEST(test_older),
                UNIT_TEST(test_elsewhere),
                UNIT_TEST(test_nothing_stays),
                UNIT_TEST(test_settle_later),
        };
        const struct CMUnitTest shared_tests[] = {
                COMMON_TESTS,
                UNIT_TEST(test_shared_newer),
                UNIT_TEST(test_shared_older),
                UNIT_TEST(test_connection_lost),
                UNIT_TEST(test_told),
        };

        store_init_process();
        return place_is_shared() ? cmocka_run_group_tests(shared_tests, NULL, NULL)
                                 : cmocka_run_group_tests(file_tests, NULL, NULL);
}
