/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A hundred registrations at once, from several processes on one store: whoever has the same name,
 * code, document or mobile number as another is one account in the end, and it is whole. threats
 * 111 */

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "backend/model-registration.h"
#include "tests/unit/backend-world.h"

#define PROCESSES 20
#define EACH 5
#define ALL (PROCESSES * EACH)

/* What the @n-th of a race brings along. */
typedef struct Entrant {
        char code[REGISTRATION_CODE_CHARS + 1], number[16], login[20], mobile[12];
} Entrant;

typedef enum Same {
        SAME_LOGIN = 1 << 0,
        SAME_LOOK = 1 << 1,
        SAME_CODE = 1 << 2,
        SAME_DOCUMENT = 1 << 3,
        SAME_MOBILE = 1 << 4,
} Same;

static Entrant entrant(unsigned same, int n) {
        static const char eyes[] = "iIlL1";
        Entrant ret;
        int code = same & SAME_CODE ? 0 : n, number = same & SAME_DOCUMENT ? 0 : n,
            mobile = same & SAME_MOBILE ? 0 : n;

        (void)snprintf(ret.code, sizeof(ret.code), "C%05d", code);
        (void)snprintf(ret.number, sizeof(ret.number), "X99%06d", number);
        (void)snprintf(ret.mobile, sizeof(ret.mobile), "199000001%02d", mobile);
        if (same & SAME_LOOK)
                (void)snprintf(ret.login, sizeof(ret.login), "cesh%c_x%cng%c%c", eyes[n % 5],
                               eyes[n / 5 % 5], n & 1 ? 'o' : '0', n & 2 ? 'O' : '0');
        else if (same & SAME_LOGIN)
                (void)snprintf(ret.login, sizeof(ret.login), "ceshi_xing");
        else /* letters that no other looks like */
                (void)snprintf(ret.login, sizeof(ret.login), "ceshi_%c%c", 'a' + n / 10,
                               "mnpqrstuvw"[n % 10]);
        return ret;
}

static int try(Store *store, const Entrant *entrant) {
        _cleanup_(transaction_done) Transaction transaction = {};
        char id[RANDOM_ID_BYTES + 1];
        Document document;
        int r;

        (void)document_parse("测试新人", "taiwan_permit", entrant->number, &document);
        const Registration registration = { .code = entrant->code,
                                            .document = &document,
                                            .login_name = entrant->login,
                                            .mobile = entrant->mobile,
                                            .password_hash = "hash",
                                            .residence = "110101",
                                            .consented_at = T0 };
        r = transaction_begin(store, &transaction);
        if (r == 0)
                r = registration_do(store, &registration, T0, id);
        return r == 0 ? transaction_commit(&transaction) : r;
}

/* All of them begin when the other end of @gate is closed. */
static void run(const char *place, unsigned same, int first, int gate, int *results) {
        Store *store = NULL;
        char byte;

        if (store_open(place, &store) != 0)
                _exit(1);
        (void)!read(gate, &byte, 1);
        for (int i = first; i < first + EACH; i++) {
                const Entrant one = entrant(same, i);

                results[i] = try(store, &one);
        }
        (void)store_close(store);
        _exit(0);
}

static void codes_put(Fixture *fixture, unsigned same) {
        Transaction transaction = {};

        fixture_begin(fixture, &transaction);
        for (int i = 0; i < (same & SAME_CODE ? 1 : ALL); i++) {
                const Entrant one = entrant(same, i);

                assert_int_equal(store_run(fixture->store,
                                           "INSERT INTO registration_code (code, name,"
                                           " document_type, document_number, issued_at, issued_by)"
                                           " VALUES ($1, '测试新人', 'taiwan_permit', $2, $3, 'test')",
                                           "tti", one.code, one.number, (int64_t)T0),
                                 0);
        }
        assert_int_equal(transaction_commit(&transaction), 0);
}

static void race(Fixture *fixture, unsigned same, int refusal) {
        int *results, gate[2], status, n_done = 0;
        pid_t pids[PROCESSES];

        results = mmap(NULL, ALL * sizeof(*results), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(results != MAP_FAILED);
        for (int i = 0; i < ALL; i++)
                results[i] = -ECHILD;
        codes_put(fixture, same);
        fixture->store = store_close(fixture->store);
        assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
        for (int i = 0; i < PROCESSES; i++) {
                pids[i] = fork();
                assert_true(pids[i] >= 0);
                if (pids[i] == 0) {
                        (void)close(gate[1]);
                        run(fixture->path, same, i * EACH, gate[0], results);
                }
        }
        (void)close(gate[0]);
        (void)close(gate[1]);
        for (int i = 0; i < PROCESSES; i++) {
                assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
                assert_int_equal(status, 0);
        }
        assert_int_equal(store_open(fixture->path, &fixture->store), 0);

        for (int i = 0; i < ALL; i++) {
                if (results[i] != 0 && results[i] != refusal)
                        fail_msg("the %d-th: %d", i, results[i]);
                n_done += results[i] == 0;
        }
        assert_int_equal(n_done, 1);
        (void)munmap(results, ALL * sizeof(*results));
}

static void test_races(void **state) {
        static const struct {
                const char *name;
                unsigned same;
                int refusal;
        } cases[] = {
                { "one login name", SAME_LOGIN, REGISTRATION_E_NAME },
                { "login names that look alike", SAME_LOOK, REGISTRATION_E_NAME },
                { "one code", SAME_CODE | SAME_DOCUMENT, REGISTRATION_E_USED },
                { "one document, each with a code of its own", SAME_DOCUMENT,
                  REGISTRATION_E_DOCUMENT },
                { "one mobile number", SAME_MOBILE, REGISTRATION_E_MOBILE },
                { "everything", SAME_LOGIN | SAME_CODE | SAME_DOCUMENT | SAME_MOBILE,
                  REGISTRATION_E_USED },
        };
        Fixture *fixture = *state;
        const int64_t before = fixture_number(fixture, "SELECT COUNT(*) FROM account");

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Transaction transaction = {};

                print_message("  %s\n", cases[i].name);
                race(fixture, cases[i].same, cases[i].refusal);
                assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM account"),
                                 before + 1);
                assert_int_equal(fixture_number(fixture,
                                                "SELECT COUNT(*) FROM account_name WHERE"
                                                " account_id = (SELECT id FROM account WHERE"
                                                " document_type = 'taiwan_permit')"),
                                 2);
                assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM registration_code"
                                                         " WHERE used_at > 0"),
                                 1);
                assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM audit"
                                                         " WHERE action = 'register'"),
                                 1);

                fixture_begin(fixture, &transaction);
                assert_int_equal(store_run(fixture->store,
                                           "DELETE FROM account_name WHERE account_id IN (SELECT id"
                                           " FROM account WHERE document_type = 'taiwan_permit')",
                                           ""),
                                 0);
                assert_int_equal(store_run(fixture->store,
                                           "DELETE FROM account WHERE document_type ="
                                           " 'taiwan_permit'",
                                           ""),
                                 0);
                assert_int_equal(store_run(fixture->store, "DELETE FROM registration_code", ""),
                                 0);
                assert_int_equal(store_run(fixture->store, "DELETE FROM audit", ""), 0);
                assert_int_equal(transaction_commit(&transaction), 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_races),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
