/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the hall and the operator do, by the command line: what it changes, what it says, and that
 * every change and no refusal stands in the audit. */

#include <ctype.h>
#include <fcntl.h>
#include <getopt.h>
#include <time.h>

#include "backend/command.h"
#include "backend/commands.h"
#include "backend/hash-pool.h"
#include "backend/model-client.h"
#include "backend/model-registration.h"
#include "lib/common/password-rule.h"
#include "lib/common/text.h"
#include "tests/unit/backend-fixture.h"

#define SAID_BYTES 16384
#define TIME_BYTES 32

typedef struct Said {
        char out[SAID_BYTES], err[SAID_BYTES];
} Said;

static void file_slurp(Fixture *fixture, const char *name, char *ret) {
        char path[160];
        FILE *file;
        size_t n;

        (void)snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
        file = fopen(path, "re");
        assert_non_null(file);
        n = fread(ret, 1, SAID_BYTES - 1, file);
        ret[n] = '\0';
        (void)fclose(file);
}

static int stream_into(Fixture *fixture, const char *name, int fd) {
        int saved = dup(fd), file;
        char path[160];

        (void)snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(saved >= 0 && file >= 0);
        assert_true(dup2(file, fd) >= 0);
        (void)close(file);
        return saved;
}

/* itax-backend --store … @words; the exit status. */
static int run_words(Fixture *fixture, const char *const *words, Said *ret) {
        char *argv[24] = { (char *)"itax-backend", (char *)"--store", fixture->path };
        int argc = 3, out, err, r;
        Options options;

        for (; words[argc - 3]; argc++)
                argv[argc] = (char *)words[argc - 3];
        (void)fflush(stdout);
        (void)fflush(stderr);
        out = stream_into(fixture, "out", 1);
        err = stream_into(fixture, "err", 2);
        optind = 0;
        r = options_read(argc, argv, &options);
        r = r == 0 ? command_run(&options) : COMMAND_E_USAGE;
        (void)fflush(stdout);
        (void)fflush(stderr);
        assert_true(dup2(out, 1) >= 0 && dup2(err, 2) >= 0);
        (void)close(out);
        (void)close(err);
        file_slurp(fixture, "out", ret->out);
        file_slurp(fixture, "err", ret->err);
        return r;
}

#define RUN(fixture, ...) \
        run_words(fixture, (const char *const[]){ __VA_ARGS__, NULL }, &(Said){})
#define RUN_SAID(fixture, said, ...) \
        run_words(fixture, (const char *const[]){ __VA_ARGS__, NULL }, said)

static int64_t n_audit(Fixture *fixture) {
        return fixture_number(fixture, "SELECT count(*) FROM audit");
}

/* The newest row of the audit. */
static void expect_audit(Fixture *fixture, const char *action, const char *object,
                         const char *why) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        _cleanup_(freep) char *who = NULL;

        assert_int_equal(command_who(&who), 0);
        assert_int_equal(strncmp(who, "operator:", 9), 0);
        assert_int_equal(store_query(fixture->store, &statement,
                                     "SELECT who, action, object, why FROM audit"
                                     " ORDER BY at DESC, id DESC LIMIT 1",
                                     ""),
                         0);
        assert_int_equal(statement_next(statement), 1);
        assert_string_equal(statement_text(statement, 0), who);
        assert_string_equal(statement_text(statement, 1), action);
        assert_string_equal(statement_text(statement, 2), object);
        assert_string_equal(statement_text(statement, 3), why);
}

typedef struct RefusedCase {
        const char *sentence;
        const char *words[14];
        int status;
        const char *says;
} RefusedCase;

/* Nothing is changed, and it says what to do. */
static const RefusedCase refused_cases[] = {
        { "nobody of that name",
          { "account", "unlock", "nobody", "--why", "x" },
          COMMAND_E_REFUSED,
          "account list" },
        { "a change without reason",
          { "account", "disable", "ceshi_jia" },
          COMMAND_E_USAGE,
          "--why TEXT" },
        { "a unit code with a wrong character",
          { "unit", "reset", "919900000000000019", "--why", "x" },
          COMMAND_E_REFUSED,
          "look at each character" },
        { "a unit that is not there",
          { "unit", "unlock", "990101000000004", "--why", "x" },
          COMMAND_E_REFUSED,
          "unit list" },
        { "a unit that is there already",
          { "unit", "add", UNIT_ONE, "--name", "n", "--why", "x" },
          COMMAND_E_REFUSED,
          "already" },
        { "a legal representative without account",
          { "unit", "add", "990101000000004", "--name", "n", "--legal-representative", "nobody",
            "--why", "x" },
          COMMAND_E_REFUSED,
          "nobody" },
        { "neither on nor off",
          { "unit", "ca", UNIT_ONE, "maybe", "--why", "x" },
          COMMAND_E_USAGE,
          "'on' or 'off'" },
        { "a unit with nothing to change",
          { "unit", "change", UNIT_ONE, "--why", "x" },
          COMMAND_E_REFUSED,
          "nothing to change" },
        { "a relation that there is not",
          { "relation", "revoke", "Ceshi_Bing", UNIT_ONE, "--why", "x" },
          COMMAND_E_REFUSED,
          "relation list" },
        { "the key of a client that there is not",
          { "client", "rotate", "ws" },
          COMMAND_E_REFUSED,
          "client add" },
        { "a client that there is not", { "client", "revoke", "ws" }, COMMAND_E_REFUSED, "ws" },
        { "the app has no key", { "client", "add", CLIENT_APP }, COMMAND_E_REFUSED, "phone app" },
        { "a client with a space", { "client", "add", "a b" }, COMMAND_E_REFUSED, "letters" },
        { "a password file that is not there",
          { "account", "reset", "ceshi_jia", "--password-file", "/nonexistent", "--why", "x" },
          COMMAND_E_REFUSED,
          "/nonexistent" },
        { "a code for a document of no known kind",
          { "code", "issue", "--name", "n", "--document-type", "id_card", "--document-number", "1",
            "--why", "x" },
          COMMAND_E_USAGE,
          "resident_identity_card (居民身份证)" },
        { "a code for a number with a slip",
          { "code", "issue", "--name", "n", "--document-type", "resident_identity_card",
            "--document-number", "990101199901010082", "--why", "x" },
          COMMAND_E_REFUSED,
          "each character" },
        { "a code for who has an account",
          { "code", "issue", "--name", "n", "--document-type", "passport", "--document-number",
            "X99000003", "--why", "x" },
          COMMAND_E_REFUSED,
          "account reset" },
        { "a code that there is not",
          { "code", "revoke", "ABCDEF", "--why", "x" },
          COMMAND_E_REFUSED,
          "code list" },
        { "a code without the document",
          { "code", "issue", "--name", "n", "--why", "x" },
          COMMAND_E_USAGE,
          "--document-number" },
        { "a slip in the second word", { "account", "rset", "x" }, COMMAND_E_USAGE, "account reset" },
        { "a slip in the first word",
          { "relaton", "grant", "a", "b" },
          COMMAND_E_USAGE,
          "relation grant" },
        { "a slip in the only word", { "laod", "x" }, COMMAND_E_USAGE, "'load'" },
        { "half a command", { "unit" }, COMMAND_E_USAGE, "unlock" },
        { "nothing like it", { "dance", "wildly" }, COMMAND_E_USAGE, "--help" },
};

static void test_refused(void **state) {
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(refused_cases); i++) {
                const RefusedCase *c = &refused_cases[i];
                Said said;
                int r;

                r = run_words(fixture, c->words, &said);
                if (r != c->status || !strstr(said.err, c->says) || said.out[0] != '\0')
                        fail_msg("%s: %d\n%s%s", c->sentence, r, said.out, said.err);
                assert_int_equal(n_audit(fixture), 0);
        }
}

/* Does @password belong to the hash that the query gives? */
static int password_test(Fixture *fixture, const char *sql, const char *password) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        HashJob job = { .kind = HASH_TEST, .password = password };

        assert_int_equal(store_query(fixture->store, &statement, sql, ""), 0);
        assert_int_equal(statement_next(statement), 1);
        (void)snprintf(job.hash, sizeof(job.hash), "%s", statement_text(statement, 0));
        hash_run(&job);
        return job.result;
}

static void lock(Fixture *fixture, const char *key) {
        assert_int_equal(store_run(fixture->store,
                                   "INSERT INTO guard (key, tries_left, locked_until, touched_at)"
                                   " VALUES ($1, 0, 4000000000, 0)",
                                   "t", key),
                         0);
}

/* What @fixture's first person was given before. */
static void give(Fixture *fixture) {
        Transaction transaction = {};

        fixture_begin(fixture, &transaction);
        assert_int_equal(
                store_run(fixture->store,
                          "INSERT INTO token (hash, client_id, account_id, hinted, origin,"
                          " created_at, expires_at) VALUES ('t', 'ws', $1, 0, 'o', 0, 4000000000)",
                          "t", fixture->jia),
                0);
        assert_int_equal(store_run(fixture->store,
                                   "INSERT INTO web_session (hash, account_id, created_at, seen_at,"
                                   " expires_at) VALUES ('w', $1, 0, 0, 4000000000)",
                                   "t", fixture->jia),
                         0);
        assert_int_equal(
                store_run(fixture->store,
                          "INSERT INTO device (hash, user_code, client_id, state, hinted,"
                          " hint_account, binding, digits_left, created_at, expires_at)"
                          " VALUES ('d', 'u', 'ws', 'pending', 1, $1, 0, 3, 0, 4000000000)",
                          "t", fixture->jia),
                0);
        assert_int_equal(store_run(fixture->store,
                                   "INSERT INTO token (hash, client_id, unit_code, hinted, origin,"
                                   " created_at, expires_at) VALUES ('tu', 'ws', $1, 0, 'ou', 0,"
                                   " 4000000000)",
                                   "t", UNIT_ONE),
                         0);
        assert_int_equal(transaction_commit(&transaction), 0);
}

static void test_account_reset(void **state) {
        Fixture *fixture = *state;
        char key[GUARD_KEY_BYTES + 1];
        Said said;

        give(fixture);
        (void)snprintf(key, sizeof(key), "a:%s", fixture->jia);
        lock(fixture, key);
        assert_int_equal(RUN_SAID(fixture, &said, "account", "reset", "19900000001", "--why",
                                  "本人到厅"),
                         0);
        expect_audit(fixture, "account reset", "ceshi_jia", "本人到厅");

        /* printed once: one line, within the rules, and it fits */
        assert_int_equal(strcspn(said.out, "\n"), strlen(said.out) - 1);
        said.out[strlen(said.out) - 1] = '\0';
        assert_int_equal(password_rules_broken(said.out, strlen(said.out)), 0);
        assert_int_equal(password_test(fixture,
                                       "SELECT password_hash FROM account WHERE login_name ="
                                       " 'ceshi_jia'",
                                       said.out),
                         0);
        assert_null(strstr(said.err, said.out));
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM token WHERE hash = 't'"), 0);
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM web_session"), 0);
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM guard"), 0);
        assert_int_equal(
                fixture_number(fixture, "SELECT count(*) FROM device WHERE state = 'refused'"), 1);
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM token"), 1);
}

static void test_account_states(void **state) {
        Fixture *fixture = *state;
        char key[GUARD_KEY_BYTES + 1];

        give(fixture);
        (void)snprintf(key, sizeof(key), "a:%s", fixture->jia);
        lock(fixture, key);
        assert_int_equal(RUN(fixture, "account", "unlock", "990101199001010019", "--why", "u"), 0);
        expect_audit(fixture, "account unlock", "ceshi_jia", "u");
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM guard"), 0);

        assert_int_equal(RUN(fixture, "account", "disable", "ceshi_jia", "--why", "left"), 0);
        expect_audit(fixture, "account disable", "ceshi_jia", "left");
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM web_session"), 0);
        assert_int_equal(fixture_number(fixture, "SELECT sum(disabled) FROM account"), 1);
        assert_int_equal(RUN(fixture, "account", "reset", "ceshi_jia", "--why", "x"),
                         COMMAND_E_REFUSED);
        expect_audit(fixture, "account disable", "ceshi_jia", "left");

        assert_int_equal(RUN(fixture, "account", "enable", "ceshi_jia", "--why", "back"), 0);
        expect_audit(fixture, "account enable", "ceshi_jia", "back");
        assert_int_equal(fixture_number(fixture, "SELECT sum(disabled) FROM account"), 0);
        assert_int_equal(n_audit(fixture), 3);
}

static void password_file(Fixture *fixture, mode_t mode, const char *content, char *ret_path) {
        FILE *file;

        (void)snprintf(ret_path, 160, "%s/password", fixture->folder);
        (void)unlink(ret_path);
        file = fopen(ret_path, "we");
        assert_non_null(file);
        (void)fputs(content, file);
        (void)fclose(file);
        assert_int_equal(chmod(ret_path, mode), 0);
}

static void test_units(void **state) {
        Fixture *fixture = *state;
        char path[160];
        Said said;

        password_file(fixture, 0600, "Declare-4\n", path);
        assert_int_equal(RUN_SAID(fixture, &said, "unit", "add", "990101000000004", "--name",
                                  "测试四号", "--legal-representative", "ceshi_jia",
                                  "--password-file", path, "--why", "new"),
                         0);
        assert_string_equal(said.out, "");
        expect_audit(fixture, "unit add", "990101000000004", "new");
        assert_int_equal(password_test(fixture,
                                       "SELECT password_hash FROM unit WHERE code ="
                                       " '990101000000004'",
                                       "Declare-4"),
                         0);

        assert_int_equal(RUN(fixture, "unit", "change", "990101000000004",
                             "--legal-representative", "-", "--finance-manager", "Ceshi_Bing",
                             "--why", "sold"),
                         0);
        expect_audit(fixture, "unit change", "990101000000004", "sold");
        assert_int_equal(
                fixture_number(fixture,
                               "SELECT count(*) FROM unit JOIN account ON account.id ="
                               " finance_manager WHERE legal_representative IS NULL"
                               " AND unit.name = '测试四号' AND login_name = 'Ceshi_Bing'"),
                1);

        assert_int_equal(RUN(fixture, "unit", "ca", UNIT_ONE, "on", "--why", "card"), 0);
        expect_audit(fixture, "unit ca", UNIT_ONE " on", "card");
        assert_int_equal(fixture_number(fixture, "SELECT sum(ca) FROM unit"), 1);
        assert_int_equal(RUN(fixture, "unit", "ca", UNIT_ONE, "off", "--why", "lost"), 0);
        expect_audit(fixture, "unit ca", UNIT_ONE " off", "lost");
        assert_int_equal(fixture_number(fixture, "SELECT sum(ca) FROM unit"), 0);
        assert_int_equal(n_audit(fixture), 4);
}

static void test_unit_reset(void **state) {
        Fixture *fixture = *state;
        char path[160];
        Said said;

        give(fixture);
        lock(fixture, "u:" UNIT_ONE);
        assert_int_equal(RUN_SAID(fixture, &said, "unit", "reset", UNIT_ONE, "--why", "forgot"), 0);
        expect_audit(fixture, "unit reset", UNIT_ONE, "forgot");
        said.out[strcspn(said.out, "\n")] = '\0';
        assert_int_equal(password_rules_broken(said.out, strlen(said.out)), 0);
        assert_int_equal(password_test(fixture,
                                       "SELECT password_hash FROM unit WHERE code = '" UNIT_ONE "'",
                                       said.out),
                         0);
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM guard"), 0);
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM token WHERE hash = 'tu'"),
                         0);
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM token"), 1);

        lock(fixture, "u:" UNIT_ONE);
        assert_int_equal(RUN(fixture, "unit", "unlock", UNIT_ONE, "--why", "u"), 0);
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM guard"), 0);

        /* what a file may not be */
        password_file(fixture, 0644, "Declare-9", path);
        assert_int_equal(RUN_SAID(fixture, &said, "unit", "reset", UNIT_ONE, "--password-file",
                                  path, "--why", "x"),
                         COMMAND_E_REFUSED);
        assert_non_null(strstr(said.err, "chmod"));
        password_file(fixture, 0600, "declare9", path);
        assert_int_equal(RUN_SAID(fixture, &said, "unit", "reset", UNIT_ONE, "--password-file",
                                  path, "--why", "x"),
                         COMMAND_E_REFUSED);
        assert_non_null(strstr(said.err, "8 to 15"));
        assert_null(strstr(said.err, "declare9"));
        assert_int_equal(n_audit(fixture), 2);
}

static void test_relations(void **state) {
        Fixture *fixture = *state;

        assert_int_equal(RUN(fixture, "relation", "grant", "Ceshi_Bing", UNIT_ONE, "--why", "g"),
                         0);
        expect_audit(fixture, "relation grant", "Ceshi_Bing " UNIT_ONE, "g");
        assert_int_equal(fixture_number(fixture, "SELECT sum(authorised) FROM relation"), 2);
        assert_int_equal(RUN(fixture, "relation", "revoke", "ceshi_jia", UNIT_ONE, "--why", "r"),
                         0);
        expect_audit(fixture, "relation revoke", "ceshi_jia " UNIT_ONE, "r");
        assert_int_equal(fixture_number(fixture, "SELECT sum(authorised) FROM relation"), 1);
        /* the unit stays one of the person's */
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM relation"), 3);
}

/* spec.md section 4: 6 letters and digits, 7 days, bound to the document */
static void test_codes(void **state) {
        Fixture *fixture = *state;
        char first[8], masked[128], until[TIME_BYTES];
        time_t t;
        struct tm tm;
        Said said;

        t = (time_t)clock_wall_sec() + 7 * 86400;
        assert_int_equal(RUN_SAID(fixture, &said, "code", "issue", "--name", "测试过期",
                                  "--document-type", "resident_identity_card",
                                  "--document-number", "99010119990101009x", "--why", "new"),
                         0);
        assert_non_null(localtime_r(&t, &tm));
        assert_int_not_equal(strftime(until, sizeof(until), "good until %Y-%m-%d", &tm), 0);
        assert_non_null(strstr(said.out, until));
        assert_int_equal(strspn(said.out, "34679ACDEFGHJKMNPQRTWXY"), 6);
        (void)snprintf(first, sizeof(first), "%.6s", said.out);
        (void)snprintf(masked, sizeof(masked),
                       "%c****%c for 测试过期 resident_identity_card 990***********009X", first[0],
                       first[5]);
        expect_audit(fixture, "code issue", masked, "new");
        assert_int_equal(
                fixture_number(fixture, "SELECT count(*) FROM registration_code WHERE name ="
                                        " '测试过期' AND document_number = '99010119990101009X'"
                                        " AND issued_by LIKE 'operator:%' AND revoked_at = 0"),
                1);

        /* a second one for the same document voids the first */
        assert_int_equal(RUN_SAID(fixture, &said, "code", "issue", "--name", "测试过期",
                                  "--document-type", "resident_identity_card",
                                  "--document-number", "99010119990101009X", "--why", "lost",
                                  "--json"),
                         0);
        assert_int_equal(strncmp(said.out, "{\"code\":\"", 9), 0);
        assert_int_equal(RUN_SAID(fixture, &(Said){}, "code", "revoke", first, "--why", "x"),
                         COMMAND_E_REFUSED);
        (void)snprintf(first, sizeof(first), "%.6s", said.out + 9);
        for (size_t i = 0; i < 6; i++)
                first[i] = (char)tolower(first[i]);
        assert_int_equal(RUN(fixture, "code", "revoke", first, "--why", "left"), 0);
        assert_int_equal(n_audit(fixture), 3);

        assert_int_equal(store_run(fixture->store,
                                   "UPDATE registration_code SET revoked_at = 0, issued_at = $1", "i",
                                   (int64_t)clock_wall_sec() - 7 * 86400),
                         0);
        assert_int_equal(RUN_SAID(fixture, &said, "code", "list"), 0);
        assert_non_null(strstr(said.out, "expired"));
        assert_null(strstr(said.out, "open"));
        assert_null(strstr(said.out, "99010119990101009X"));
        assert_int_equal(store_run(fixture->store, "UPDATE registration_code SET used_at = 1", ""),
                         0);
        assert_int_equal(RUN_SAID(fixture, &said, "code", "list", "--json"), 0);
        assert_non_null(strstr(said.out, "\"state\":\"used\""));
        assert_int_equal(RUN_SAID(fixture, &said, "code", "revoke", first, "--why", "late"),
                         COMMAND_E_REFUSED);
        assert_non_null(strstr(said.err, "account disable"));
}

/* The row of the audit comes with the load, or not at all. */
static void test_load(void **state) {
        static const char people[] = "{\"units\":[{\"code\":\"990101000000004\",\"name\":\"测试四号\","
                                     "\"ca\":false}]}";
        Fixture *fixture = *state;
        char path[160];
        Said said;

        password_file(fixture, 0600, "{\"units\":[{\"code\":\"1\",\"name\":\"n\",\"ca\":false}]}",
                      path);
        assert_int_equal(RUN(fixture, "load", path), COMMAND_E_REFUSED);
        assert_int_equal(n_audit(fixture), 0);
        password_file(fixture, 0600, people, path);
        assert_int_equal(RUN_SAID(fixture, &said, "load", path, "--why", "begin"), 0);
        assert_string_equal(said.out, "loaded 0 accounts, 1 units, 0 relations, 0 registration"
                                      " codes; 0 passwords hashed\n");
        expect_audit(fixture, "load",
                     "0 accounts, 1 units, 0 relations, 0 registration codes; 0 passwords hashed",
                     "begin");
        assert_int_equal(n_audit(fixture), 1);
}

/* threats 115 */
static void test_clients(void **state) {
        Fixture *fixture = *state;
        Said first, second;

        assert_int_equal(RUN_SAID(fixture, &first, "client", "add", "ws", "--note", "三楼"), 0);
        expect_audit(fixture, "client add", "ws", "");
        assert_int_equal(RUN_SAID(fixture, &second, "client", "rotate", "ws", "--keep-old", "1h",
                                  "--why", "yearly"),
                         0);
        expect_audit(fixture, "client rotate", "ws", "yearly");
        first.out[strcspn(first.out, "\n")] = '\0';
        second.out[strcspn(second.out, "\n")] = '\0';
        assert_string_not_equal(first.out, second.out);
        for (int i = 0; i < 2; i++)
                assert_int_equal(client_check(fixture->store, "ws", i ? first.out : second.out,
                                              CLIENT_UNKNOWN_REFUSED, clock_wall_sec()),
                                 0);

        assert_int_equal(RUN(fixture, "client", "revoke", "ws", "--why", "stolen"), 0);
        expect_audit(fixture, "client revoke", "ws", "stolen");
        assert_int_equal(client_check(fixture->store, "ws", second.out, CLIENT_UNKNOWN_REFUSED,
                                      clock_wall_sec()),
                         CLIENT_E_REFUSED);
}

/* Columns begin at the same place in every line, however wide the characters are. */
static void expect_aligned(const char *text, const char *heading, const char *const *cells) {
        const char *at = strstr(text, heading);
        char before[512];
        size_t column;

        assert_non_null(at);
        (void)snprintf(before, sizeof(before), "%.*s", (int)(at - text), text);
        column = text_width(before);
        for (; *cells; cells++) {
                const char *line;

                at = strstr(text, *cells);
                assert_non_null(at);
                for (line = at; line[-1] != '\n'; line--)
                        ;
                (void)snprintf(before, sizeof(before), "%.*s", (int)(at - line), line);
                assert_int_equal(text_width(before), column);
        }
}

static void test_lists(void **state) {
        Fixture *fixture = *state;
        Said said;

        assert_int_equal(RUN_SAID(fixture, &said, "account", "list"), 0);
        expect_aligned(said.out, "MOBILE", (const char *const[]){ "199****0001", NULL });
        assert_null(strstr(said.out, "19900000001"));
        assert_null(strstr(said.out, "990101199001010019"));
        assert_null(strstr(said.out, "hash-jia"));
        assert_int_equal(RUN_SAID(fixture, &said, "account", "show", "ceshi_jia"), 0);
        assert_non_null(strstr(said.out, UNIT_TWO));
        assert_null(strstr(said.out, "990101199001010019"));

        assert_int_equal(RUN(fixture, "unit", "change", UNIT_ONE, "--name",
                             "测试\"一号\\有限公司", "--finance-manager", "Ceshi_Bing", "--why",
                             "n"),
                         0);
        assert_int_equal(RUN_SAID(fixture, &said, "unit", "list"), 0);
        expect_aligned(said.out, "FINANCE", (const char *const[]){ "Ceshi_Bing", NULL });
        assert_int_equal(RUN_SAID(fixture, &said, "unit", "show", UNIT_ONE, "--json"), 0);
        assert_non_null(strstr(said.out, "\"name\":\"测试\\\"一号\\\\有限公司\""));
        assert_non_null(strstr(said.out, "\"locked_until\":null,\"tries_left\":5}"));

        assert_int_equal(RUN_SAID(fixture, &said, "relation", "list", UNIT_TWO, "--json"), 0);
        assert_string_equal(said.out,
                            "[{\"login_name\":\"ceshi_jia\",\"name\":\"测试\",\"unit\":\"" UNIT_TWO
                            "\",\"unit_name\":\"二\",\"authorised\":false}]\n");
        assert_int_equal(RUN_SAID(fixture, &said, "relation", "list", "Ceshi_Bing", "--json"), 0);
        assert_string_equal(said.out, "[]\n");

        assert_int_equal(RUN_SAID(fixture, &said, "audit", "list", "--since", "1h"), 0);
        assert_non_null(strstr(said.out, "unit change"));
        assert_int_equal(RUN_SAID(fixture, &said, "audit", "list", "--since", "2099-01-01",
                                  "--json"),
                         0);
        assert_string_equal(said.out, "[]\n");
        /* looking changes nothing */
        assert_int_equal(n_audit(fixture), 1);
}

static void test_store(void **state) {
        Fixture *fixture = *state;
        char path[PLACE_BYTES];

        (void)strcpy(path, fixture->path);
        (void)strcpy(fixture->path, "/nonexistent/store.db");
        assert_int_equal(RUN(fixture, "account", "list"), COMMAND_E_STORE);
        (void)strcpy(fixture->path, path);
        if (place_is_shared())
                return;
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(RUN(fixture, "account", "list"), COMMAND_E_STORE);
        assert_int_equal(chmod(path, 0600), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_refused),        UNIT_TEST(test_account_reset),
                UNIT_TEST(test_account_states), UNIT_TEST(test_units),
                UNIT_TEST(test_unit_reset),     UNIT_TEST(test_relations),
                UNIT_TEST(test_codes),          UNIT_TEST(test_clients),
                UNIT_TEST(test_lists),          UNIT_TEST(test_load),
                UNIT_TEST(test_store),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
