/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The file of people, and loading it once, twice and wrongly. */

#include "backend/file.h"
#include "backend/load.h"
#include "lib/wire/wire.h"
#include "tests/unit/backend-fixture.h"

#define UNITS \
        "\"units\":[{\"code\":\"" UNIT_ONE \
        "\",\"name\":\"一\",\"declaration_password\":\"Declare-1\"}]"
#define ACCOUNT(login, mobile, password, more) \
        "{\"login_name\":\"" login \
        "\",\"name\":\"某\",\"document_type\":\"passport\",\"document_number\":\"" login "\"," \
        "\"mobile\":\"" mobile "\",\"password\":\"" password "\",\"residence\":\"110101\"" more \
        "}"

typedef struct PeopleCase {
        const char *sentence, *json;
        int decoded, loaded;
        const char *where;
} PeopleCase;

static const PeopleCase people_cases[] = {
        { "nothing", "{}", 0, 0, "" },
        { "not JSON", "{", WIRE_E_JSON, 0, "line" },
        { "a member twice", "{\"units\":[],\"units\":[]}", WIRE_E_JSON, 0, "line" },
        { "units that are no array", "{\"units\":{}}", WIRE_E_SCHEMA, 0, "units" },
        { "a unit without name", "{\"units\":[{\"code\":\"" UNIT_ONE "\"}]}", WIRE_E_SCHEMA, 0,
          "units[0]" },
        { "a password that is a number",
          "{\"units\":[{\"code\":\"" UNIT_ONE "\",\"name\":\"x\",\"declaration_password\":1}]}",
          WIRE_E_SCHEMA, 0, "units[0]" },
        { "a unit", "{" UNITS "}", 0, 0, "" },
        { "an account",
          "{" UNITS ",\"accounts\":[" ACCOUNT("ceshi_xin", "19900000050", "Xin-pass1", "") "]}", 0,
          0, "" },
        { "an account of a unit",
          "{" UNITS ",\"accounts\":[" ACCOUNT("ceshi_xin", "19900000050", "Xin-pass1",
                                              ",\"units\":[{\"code\":\"" UNIT_ONE "\"}]") "]}",
          0, 0, "" },
        { "disabled that is no boolean",
          "{\"accounts\":[" ACCOUNT("ceshi_xin", "19900000050", "Xin-pass1",
                                    ",\"disabled\":1") "]}",
          WIRE_E_SCHEMA, 0, "accounts[0]" },
        { "a unit code with a wrong check character",
          "{\"units\":[{\"code\":\"919900000000000019\",\"name\":\"x\"}]}", 0, LOAD_E_INVALID,
          "units[0]" },
        { "a login name of digits only",
          "{\"accounts\":[" ACCOUNT("123456", "19900000050", "Xin-pass1", "") "]}", 0,
          LOAD_E_INVALID, "accounts[0]" },
        { "a password of one class",
          "{\"accounts\":[" ACCOUNT("ceshi_xin", "19900000050", "aaaaaaaaaa", "") "]}", 0,
          LOAD_E_INVALID, "accounts[0]" },
        { "a mobile number that is none",
          "{\"accounts\":[" ACCOUNT("ceshi_xin", "1990000005", "Xin-pass1", "") "]}", 0,
          LOAD_E_INVALID, "accounts[0]" },
        { "a mobile number that another has",
          "{\"accounts\":[" ACCOUNT("ceshi_xin", "19900000001", "Xin-pass1", "") "]}", 0,
          LOAD_E_INVALID, "accounts[0]" },
        { "a name with an escape sequence",
          "{\"units\":[{\"code\":\"" UNIT_ONE "\",\"name\":\"\\u001b[31m\"}]}", 0, LOAD_E_INVALID,
          "units[0]" },
        { "a relation to a unit that does not exist",
          "{\"accounts\":[" ACCOUNT("ceshi_xin", "19900000050", "Xin-pass1",
                                    ",\"units\":[{\"code\":\"990101000000004\"}]") "]}",
          0, LOAD_E_INVALID, "accounts[0]" },
        { "a representative who has no account",
          "{\"units\":[{\"code\":\"" UNIT_ONE
          "\",\"name\":\"x\",\"legal_representative\":\"nobody\"}]}",
          0, LOAD_E_INVALID, "units[0]" },
        { "a registration code that is too short",
          "{\"registration_codes\":[{\"code\":\"A1\",\"name\":\"x\","
          "\"document_type\":\"d\",\"document_number\":\"1\"}]}",
          0, LOAD_E_INVALID, "registration_codes[0]" },
        { "a registration code of tomorrow",
          "{\"registration_codes\":[{\"code\":\"A1B2C3\",\"name\":\"x\","
          "\"document_type\":\"d\",\"document_number\":\"1\","
          "\"issued_days_ago\":-1}]}",
          WIRE_E_SCHEMA, 0, "registration_codes[0]" },
};

static void test_people(void **state) {
        for (size_t i = 0; i < ELEMENTSOF(people_cases); i++) {
                const PeopleCase *c = &people_cases[i];
                char where[PEOPLE_WHERE_BYTES] = "", why[LOAD_WHY_BYTES] = "";
                Fixture *fixture = *state;
                LoadCount count;
                People people = {};
                int64_t n_before = fixture_number(fixture, "SELECT COUNT(*) FROM account");
                int r, q = 0;

                r = people_decode(c->json, strlen(c->json), &people, where);
                if (r == 0) {
                        q = load_people(fixture->store, &people, NULL, T0, &count, why);
                        /* all or nothing */
                        if (q != 0)
                                assert_int_equal(
                                        fixture_number(fixture, "SELECT COUNT(*) FROM account"),
                                        n_before);
                }
                people_done(&people);
                if (r != c->decoded || q != c->loaded ||
                    (r && strncmp(where, c->where, strlen(c->where)) != 0) ||
                    (q && strncmp(why, c->where, strlen(c->where)) != 0))
                        fail_msg("%s: %d %d '%s' '%s'", c->sentence, r, q, where, why);
                /* no password in what is told */
                assert_null(strstr(why, "pass1"));
        }
}

static void demo_load(Fixture *fixture, int64_t now, LoadCount *ret) {
        char where[PEOPLE_WHERE_BYTES], why[LOAD_WHY_BYTES] = "";
        _cleanup_(secret_freep) Secret *text = NULL;
        _cleanup_(people_done) People people = {};

        assert_int_equal(file_read("tests/lab/demo-data.json", LOAD_BYTES_MAX, &text), 0);
        assert_int_equal(people_decode(secret_text(text), secret_size(text), &people, where), 0);
        if (load_people(fixture->store, &people, NULL, now, ret, why) != 0)
                fail_msg("%s", why);
}

#define SUM \
        "SELECT (SELECT COUNT(*) FROM account) + 100 * (SELECT COUNT(*) FROM unit) + 10000 *" \
        " (SELECT COUNT(*) FROM relation)" \
        " + 1000000 * (SELECT COUNT(*) FROM registration_code) + 100000000 * (SELECT COUNT(*)" \
        " FROM account_name)"

static void test_demo(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {};
        AccountRow first, again;
        LoadCount count;
        int64_t sum;

        /* what the fixture made would be in the way */
        fixture_begin(fixture, &transaction);
        assert_int_equal(store_run(fixture->store, "DELETE FROM account", ""), 0);
        assert_int_equal(store_run(fixture->store, "DELETE FROM unit", ""), 0);
        assert_int_equal(transaction_commit(&transaction), 0);

        demo_load(fixture, T0, &count);
        assert_int_equal(count.n_accounts, 7);
        assert_int_equal(count.n_units, 4);
        assert_int_equal(count.n_codes, 2);
        assert_int_equal(count.n_hashes, 11);
        assert_int_equal(account_find(fixture->store, "990101199001010019", &first), 0);
        assert_string_equal(first.login_name, "ceshi_jia");
        assert_false(first.disabled);
        assert_int_equal(account_find(fixture->store, "ceshi_tingyong", &again), 0);
        assert_true(again.disabled);
        assert_int_equal(
                fixture_number(fixture,
                               "SELECT COUNT(*) FROM account WHERE password_hash NOT LIKE '$y$jAT$%'"),
                0);
        sum = fixture_number(fixture, SUM);

        /* a lock and an id survive the second time, and no hash is made anew */
        fixture_begin(fixture, &transaction);
        assert_int_equal(
                store_run(fixture->store,
                          "INSERT INTO guard (key, tries_left, touched_at) VALUES ('a:x', 2, 0)",
                          ""),
                0);
        assert_int_equal(transaction_commit(&transaction), 0);
        demo_load(fixture, T0 + 86400, &count);
        assert_int_equal(count.n_hashes, 0);
        assert_int_equal(account_find(fixture->store, "ceshi_jia", &again), 0);
        assert_string_equal(again.id, first.id);
        assert_string_equal(again.password_hash, first.password_hash);
        assert_int_equal(fixture_number(fixture, SUM), sum);
        assert_int_equal(fixture_number(fixture, "SELECT tries_left FROM guard WHERE key = 'a:x'"),
                         2);
        assert_int_equal(
                fixture_number(fixture,
                               "SELECT issued_at FROM registration_code WHERE code = 'Z9Y8X7'"),
                T0 - 8 * 86400);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_people),
                UNIT_TEST(test_demo),
        };

        wire_init_process();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
