/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The old unit login: unit code and declaration password, no person; and the phases that have it. */

#include <errno.h>
#include <time.h>

#include "backend/clock.h"
#include "tests/unit/backend-world.h"

#define LOGIN C "&unit_code=%s&password=%s&" ASKED "%s"
#define UNKNOWN_UNIT "91990000000000003E"
#define VERIFY_ONE "/units/" UNIT_ONE "/verification"
#define DECLARE "method=declaration_password&password="

static void login(World *world, const char *code, const char *password, const char *more,
                  long status, const char *part) {
        char body[1024];

        (void)snprintf(body, sizeof(body), LOGIN, code, password, world->challenge, more);
        expect(world, "/oauth2/challenge", body, "basic", status, part);
}

/* A code for UNIT_ONE, and the request that redeems it. */
static void code_get(World *world, char *ret_body, size_t n) {
        WireChallengeAnswer code = {};
        static Answer answer;
        char body[1024];

        (void)snprintf(body, sizeof(body), LOGIN, UNIT_ONE, "Declare-1", world->challenge, "");
        ask(world, "/oauth2/challenge", body, "basic", &answer);
        assert_int_equal(answer.status, 200);
        assert_int_equal(wire_challenge_answer_decode(answer.body, answer.n_body, &code), 0);
        (void)snprintf(ret_body, n,
                       C "&grant_type=authorization_code&code=%s&code_verifier=" VERIFIER,
                       secret_text(code.code));
        wire_challenge_answer_done(&code);
}

static void token_get(World *world, char *ret, size_t n) {
        WireTokenAnswer token = {};
        static Answer answer;
        char body[1024];

        code_get(world, body, sizeof(body));
        ask(world, "/oauth2/token", body, "basic", &answer);
        assert_int_equal(answer.status, 200);
        assert_int_equal(wire_token_answer_decode(answer.body, answer.n_body, &token), 0);
        assert_true(token.has_userinfo && token.userinfo.unit_login);
        assert_string_equal(token.userinfo.sub, "unit:" UNIT_ONE);
        assert_null(token.userinfo.preferred_username);
        assert_null(token.userinfo.name);
        assert_int_equal(token.userinfo.units.n_items, 1);
        assert_string_equal(token.userinfo.units.items[0].code, UNIT_ONE);
        assert_false(token.userinfo.units.items[0].authorised);
        assert_int_equal(token.expires_in, 12 * 3600);
        (void)snprintf(ret, n, "%s", secret_text(token.access_token));
        wire_token_answer_done(&token);
}

/* The token is good for userinfo and revocation, and for nothing else. */
static void test_token(void **state) {
        char token[64], body[256];
        World world;

        world_begin(*state, PHASE_DUAL, &world);
        token_get(&world, token, sizeof(token));
        expect(&world, "/oauth2/userinfo", NULL, token, 200,
               "{\"sub\":\"unit:" UNIT_ONE "\",\"unit_login\":true,\"units\":[");
        expect(&world, "/units", NULL, token, 401, "/unauthorized");
        expect(&world, VERIFY_ONE, "method=relation", token, 401, "/unauthorized");
        expect(&world, VERIFY_ONE, DECLARE "Declare-1", token, 401, "/unauthorized");
        expect(&world, "/units/" UNIT_ONE "/challenge", "", token, 401, "/unauthorized");
        expect(&world, "/account/password", "current_password=Declare-1&new_password=Neu-pass22",
               token, 401, "/unauthorized");
        expect(&world, "/app/device/AAAAAAAA", NULL, token, 401, "/unauthorized");
        expect(&world, "/app/device/AAAAAAAA/confirm", "", token, 401, "/unauthorized");
        (void)snprintf(body, sizeof(body), C "&token=%s", token);
        expect(&world, "/oauth2/revoke", body, "basic", 200, "{}");
        expect(&world, "/oauth2/userinfo", NULL, token, 401, "/unauthorized");

        /* another declaration password ends it */
        token_get(&world, token, sizeof(token));
        assert_int_equal(unit_put(world.fixture->store, &(const UnitNew){ .code = UNIT_ONE,
                                                                          .name = "一",
                                                                          .password_hash = "x" }),
                         0);
        expect(&world, "/oauth2/userinfo", NULL, token, 401, "/unauthorized");
        world_stop(&world);
}

typedef struct FormCase {
        const char *sentence, *code;
        const char *more;
        const char *error;
} FormCase;

static const FormCase form_cases[] = {
        { "a unit and a person at once", UNIT_ONE, "&username=ceshi_jia", "\"invalid_request\"" },
        { "small letters", "91990000000000002b", "", "\"invalid_request\"" },
        { "a space", "%2091990000000000001", "", "\"invalid_request\"" },
        { "a star", "*", "", "\"invalid_request\"" },
        { "a path", "../../../../../../1", "", "\"invalid_request\"" },
        { "fourteen characters", "91990000000000", "", "\"invalid_request\"" },
        { "twenty-one characters", "919900000000000018000", "", "\"invalid_request\"" },
        { "a picture for nobody", UNIT_ONE, "&refresh=captcha", "\"invalid_request\"" },
};

static void test_forms(void **state) {
        char body[512];
        World world;

        world_begin(*state, PHASE_DUAL, &world);
        for (size_t i = 0; i < ELEMENTSOF(form_cases); i++)
                login(&world, form_cases[i].code, "Declare-1", form_cases[i].more, 400,
                      form_cases[i].error);
        (void)snprintf(body, sizeof(body),
                       "client_id=itax-app&unit_code=" UNIT_ONE "&password=Declare-1&" ASKED,
                       world.challenge);
        expect(&world, "/oauth2/challenge", body, NULL, 400, "\"unauthorized_client\"");
        assert_int_equal(fixture_number(world.fixture, "SELECT COUNT(*) FROM guard"), 0);
        world_stop(&world);
}

/* A wrong password with a captcha solved, and what is said to it, without what is random in it. */
static void wrong_once(World *world, const char *code, char *ret_session, size_t n_session,
                       WireChallengeError *ret) {
        char more[512] = "", solved[16], body[1024];
        static Answer answer;

        if (ret_session[0]) {
                (void)snprintf(body, sizeof(body), C "&refresh=captcha&auth_session=%s",
                               ret_session);
                ask(world, "/oauth2/challenge", body, "basic", &answer);
                assert_int_equal(wire_challenge_error_decode(answer.body, answer.n_body, ret), 0);
                captcha_answer_of(world, ret->captcha.id, solved, sizeof(solved));
                (void)snprintf(more, sizeof(more),
                               "&auth_session=%s&captcha_id=%s&captcha_answer=%s", ret_session,
                               ret->captcha.id, solved);
                wire_challenge_error_done(ret);
        }
        (void)snprintf(body, sizeof(body), LOGIN, code, "Wrong-1", world->challenge, more);
        ask(world, "/oauth2/challenge", body, "basic", &answer);
        assert_int_equal(answer.status, 400);
        assert_int_equal(wire_challenge_error_decode(answer.body, answer.n_body, ret), 0);
        (void)snprintf(ret_session, n_session, "%s", ret->auth_session);
}

/* threats 52: a known unit, one without a password and one that does not exist: word for word the
 * same, to the lock */
static void test_alike(void **state) {
        static const char *const codes[] = { UNIT_ONE, UNIT_TWO, UNKNOWN_UNIT, "ABCDEFGHIJKLMNO" };
        WireChallengeError errors[ELEMENTSOF(codes)] = {};
        char sessions[ELEMENTSOF(codes)][128] = {};
        World world;

        world_begin(*state, PHASE_DUAL, &world);
        for (int left = 4; left >= 0; left--)
                for (size_t i = 0; i < ELEMENTSOF(codes); i++) {
                        wrong_once(&world, codes[i], sessions[i], sizeof(sessions[i]), &errors[i]);
                        assert_string_equal(errors[i].error,
                                            left ? "invalid_credentials" : "account_locked");
                        assert_int_equal(errors[i].attempts_left, left ? left : -1);
                        assert_int_equal(errors[i].captcha.png != NULL, left != 0);
                        assert_int_equal(errors[i].retry_after, left ? 0 : 7200);
                        wire_challenge_error_done(&errors[i]);
                }
        login(&world, UNIT_ONE, "Declare-1", "", 400, "\"account_locked\"");
        login(&world, UNKNOWN_UNIT, "Declare-1", "", 400, "\"account_locked\"");
        /* no name that nobody has is kept as it was typed */
        assert_int_equal(fixture_number(world.fixture, "SELECT COUNT(*) FROM guard WHERE key LIKE"
                                                       " '%" UNKNOWN_UNIT "%'"),
                         0);
        world_stop(&world);
}

/* threats 48: the unit's counter is one, by the old login and by verification */
static void test_one_counter(void **state) {
        char session[128] = "", jia[64];
        WireChallengeError error = {};
        World world;

        world_begin(*state, PHASE_DUAL, &world);
        token_make(&world, "ws", world.fixture->jia, jia, sizeof(jia));
        expect(&world, VERIFY_ONE, DECLARE "wrong", jia, 403, "\"attempts_left\":4");
        login(&world, UNIT_ONE, "Declare-1", "", 400, "\"captcha_required\"");
        {
                char body[256];
                static Answer answer;

                (void)snprintf(body, sizeof(body), LOGIN, UNIT_ONE, "x", world.challenge, "");
                ask(&world, "/oauth2/challenge", body, "basic", &answer);
                assert_int_equal(wire_challenge_error_decode(answer.body, answer.n_body, &error),
                                 0);
                (void)snprintf(session, sizeof(session), "%s", error.auth_session);
                wire_challenge_error_done(&error);
        }
        for (int left = 3; left >= 0; left--) {
                wrong_once(&world, UNIT_ONE, session, sizeof(session), &error);
                assert_int_equal(error.attempts_left, left ? left : -1);
                wire_challenge_error_done(&error);
        }
        expect(&world, VERIFY_ONE, DECLARE "Declare-1", jia, 403, "/unit-locked");
        login(&world, UNIT_ONE, "Declare-1", "", 400, "\"account_locked\"");
        /* and it is no person's */
        assert_int_equal(fixture_number(world.fixture,
                                        "SELECT COUNT(*) FROM guard WHERE key LIKE 'a:%'"),
                         0);
        world_stop(&world);
}

/* The day in China, so many days from today. */
static const char *day_text(int64_t days) {
        static char texts[2][16];
        time_t then = (time_t)(clock_wall_sec() + 8 * 3600 + days * 86400);
        char *text = texts[days > 0];
        struct tm tm;

        assert_non_null(gmtime_r(&then, &tm));
        (void)strftime(text, sizeof(texts[0]), "%Y-%m-%d", &tm);
        return text;
}

static void test_phases(void **state) {
        static const struct {
                const char *sentence;
                Phase floor, dated;
                int64_t days;
                bool unit_login, relation, password;
        } cases[] = {
                { "nothing told", PHASE_NONE, PHASE_NONE, 0, true, true, true },
                { "dual", PHASE_DUAL, PHASE_NONE, 0, true, false, true },
                { "relation", PHASE_RELATION, PHASE_NONE, 0, true, true, true },
                { "realname", PHASE_REALNAME, PHASE_NONE, 0, false, true, false },
                { "realname from today on", PHASE_NONE, PHASE_REALNAME, 0, false, true, false },
                { "realname in two days, until then dual", PHASE_NONE, PHASE_REALNAME, 2, true,
                  false, true },
                { "relation since yesterday, over the floor", PHASE_DUAL, PHASE_RELATION, -1, true,
                  true, true },
                { "a date that is milder than the floor", PHASE_REALNAME, PHASE_DUAL, -1, false,
                  true, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char jia[64], metadata[64] = "\"token_endpoint\"", code[1024] = "";
                World world;

                world_prepare(*state, cases[i].floor, &world);
                if (cases[i].dated != PHASE_NONE) {
                        assert_int_equal(phase_rule_date(&world.options.phase, cases[i].dated,
                                                         day_text(cases[i].days)),
                                         0);
                        (void)snprintf(metadata, sizeof(metadata), "\"phases\":{\"%s\":\"%s\"}",
                                       phase_to_string(cases[i].dated), day_text(cases[i].days));
                }
                world_start(&world);
                token_make(&world, "ws", world.fixture->jia, jia, sizeof(jia));
                expect(&world, "/.well-known/oauth-authorization-server", NULL, NULL, 200,
                       metadata);
                login(&world, UNIT_ONE, "Declare-1", "", cases[i].unit_login ? 200 : 400,
                      cases[i].unit_login ? "\"authorization_code\"" : "\"access_denied\"");
                /* refused, and nothing told by how */
                if (!cases[i].unit_login) {
                        login(&world, UNKNOWN_UNIT, "x", "", 400, "\"access_denied\"");
                        login(&world, UNIT_ONE, "Wrong-1", "", 400, "\"access_denied\"");
                        assert_int_equal(
                                fixture_number(world.fixture, "SELECT COUNT(*) FROM guard"), 0);
                } else
                        code_get(&world, code, sizeof(code));
                expect(&world, VERIFY_ONE, "method=relation", jia, cases[i].relation ? 200 : 403,
                       cases[i].relation ? "\"relation\"" : "/unit-not-related");
                expect(&world, VERIFY_ONE, DECLARE "Declare-1", jia, cases[i].password ? 200 : 403,
                       cases[i].password ? "\"declaration_password\"" : "/unit-not-related");
                world_stop(&world);
                assert_int_equal(
                        store_run(world.fixture->store, "DELETE FROM guard", ""), 0);

                /* a code or token from before the last phase leads nowhere in it */
                if (code[0]) {
                        world_prepare(*state, PHASE_REALNAME, &world);
                        world_start(&world);
                        expect(&world, "/oauth2/token", code, "basic", 400, "\"invalid_grant\"");
                        world_stop(&world);
                }
        }
}

static void test_token_in_the_last_phase(void **state) {
        char token[64];
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_get(&world, token, sizeof(token));
        world_stop(&world);
        world.options.phase.floor = PHASE_REALNAME;
        assert_int_equal(mkdir(world.outbox, 0700), 0);
        world_start(&world);
        expect(&world, "/oauth2/userinfo", NULL, token, 401, "/unauthorized");
        world_stop(&world);
}

static const struct {
        const char *date;
        int result;
        int64_t begins;
} date_cases[] = {
        { "2019-11-09", 0, 1573228800 },  { "2020-01-01", 0, 1577808000 },
        { "2020-02-29", 0, 1582905600 },  { "1970-01-02", 0, 57600 },
        { "2019-02-29", -EINVAL, 0 },     { "2019-13-01", -EINVAL, 0 },
        { "2019-00-01", -EINVAL, 0 },     { "2019-01-00", -EINVAL, 0 },
        { "2019-04-31", -EINVAL, 0 },     { "2100-02-29", -EINVAL, 0 },
        { "2000-02-29", 0, 951753600 },   { "19-11-09", -EINVAL, 0 },
        { "2019-11-9", -EINVAL, 0 },      { "2019/11/09", -EINVAL, 0 },
        { "2019-11-09 ", -EINVAL, 0 },    { "", -EINVAL, 0 },
        { "9999-12-31", 0, 253402185600 }, { "1969-12-31", -EINVAL, 0 },
};

static void test_dates(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(date_cases); i++) {
                PhaseRule rule = {};
                int r = phase_rule_date(&rule, PHASE_RELATION, date_cases[i].date);

                if (r != date_cases[i].result ||
                    rule.begins_sec[PHASE_RELATION] != date_cases[i].begins)
                        fail_msg("%s: %d %lld", date_cases[i].date, r,
                                 (long long)rule.begins_sec[PHASE_RELATION]);
                if (r == 0) {
                        assert_int_equal(phase_at(&rule, date_cases[i].begins - 1), PHASE_DUAL);
                        assert_int_equal(phase_at(&rule, date_cases[i].begins), PHASE_RELATION);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_token),  UNIT_TEST(test_forms),
                UNIT_TEST(test_alike),  UNIT_TEST(test_one_counter),
                UNIT_TEST(test_phases), UNIT_TEST(test_token_in_the_last_phase),
                cmocka_unit_test(test_dates),
        };

        wire_init_process();
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
