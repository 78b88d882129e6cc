/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* POST /account/password, through a whole server: what a new password must be, what the present one
 * costs, and what ends with it. */

#include "tests/unit/backend-world.h"

#define CHANGE "/account/password"
#define FRESH "Neu-pass22"

typedef struct PasswordCase {
        const char *sentence, *body;
        long status;
        const char *part;
} PasswordCase;

/* None of them takes a try. */
static const PasswordCase refused_cases[] = {
        { "nothing", "", 400, "/bad-request" },
        { "no new password", "current_password=Jia-pass1", 400, "/bad-request" },
        { "no present password", "new_password=" FRESH, 400, "/bad-request" },
        { "a picture and a password at once",
          "refresh=captcha&current_password=Jia-pass1&new_password=" FRESH, 400, "/bad-request" },
        { "too short", "current_password=Jia-pass1&new_password=Jia-pas", 403, "/password-weak" },
        { "too long", "current_password=Jia-pass1&new_password=Abcdefghijklmn-1", 403,
          "/password-weak" },
        { "two kinds of character", "current_password=Jia-pass1&new_password=abcdefg1", 403,
          "/password-weak" },
        { "a space", "current_password=Jia-pass1&new_password=Jia%20pass1-", 403,
          "/password-weak" },
        { "a weak one beside a wrong one", "current_password=Wrong-1&new_password=short", 403,
          "/password-weak" },
        { "the same", "current_password=Jia-pass1&new_password=Jia-pass1", 403,
          "/password-same" },
};

static void test_refused(void **state) {
        char token[64];
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, "ws", world.fixture->jia, token, sizeof(token));
        for (size_t i = 0; i < ELEMENTSOF(refused_cases); i++)
                expect(&world, CHANGE, refused_cases[i].body, token, refused_cases[i].status,
                       refused_cases[i].part);
        assert_int_equal(
                fixture_number(world.fixture, "SELECT COUNT(*) FROM guard WHERE tries_left < 5"),
                0);
        world_stop(&world);
}

static int64_t count(World *world, const char *sql) {
        return fixture_number(world->fixture, sql);
}

/* Text messages that lie in the outbox, waited for. */
static size_t messages(const World *world, size_t wanted) {
        size_t n = 0;

        for (int i = 0; i < 1000 && n < wanted; i++) {
                DIR *dir = opendir(world->outbox);
                const struct dirent *entry;

                assert_non_null(dir);
                n = 0;
                while ((entry = readdir(dir)))
                        n += entry->d_name[0] != '.';
                (void)closedir(dir);
                if (n < wanted)
                        (void)usleep(10000);
        }
        return n;
}

/* The token that asks stays; everything else of the person ends, and nothing of anybody else. */
static void test_changed(void **state) {
        WireDeviceAnswer confirmed = {}, hinted = {}, of_bing = {};
        char token[64], second[64], app[64], bing[64], bing_app[64], body[256];
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, "ws", world.fixture->jia, token, sizeof(token));
        token_make(&world, "ws", world.fixture->jia, second, sizeof(second));
        token_make(&world, CLIENT_APP, world.fixture->jia, app, sizeof(app));
        token_make(&world, "ws", world.fixture->bing, bing, sizeof(bing));
        token_make(&world, CLIENT_APP, world.fixture->bing, bing_app, sizeof(bing_app));
        device_begin(&world, "", &confirmed);
        phone(&world, &confirmed, "/confirm", app, 200, "confirmed");
        device_begin(&world, "&login_hint=ceshi_jia", &hinted);
        device_begin(&world, "", &of_bing);
        phone(&world, &of_bing, "/confirm", bing_app, 200, "confirmed");

        /* the app cannot do it, and neither can another person's token */
        expect(&world, CHANGE, "current_password=Jia-pass1&new_password=" FRESH, app, 401,
               "/unauthorized");
        expect(&world, CHANGE, "current_password=Jia-pass1&new_password=" FRESH, bing, 403,
               "/password-wrong");
        expect(&world, CHANGE, "current_password=Jia-pass1&new_password=" FRESH, token, 200, "{}");

        assert_int_equal(count(&world, "SELECT COUNT(*) FROM audit WHERE action = 'password change'"
                                       " AND who = 'account:ceshi_jia'"),
                         1);

        expect(&world, "/oauth2/userinfo", NULL, token, 200, "\"ceshi_jia\"");
        expect(&world, "/oauth2/userinfo", NULL, second, 401, "/unauthorized");
        expect(&world, "/oauth2/userinfo", NULL, app, 401, "/unauthorized");
        expect(&world, "/oauth2/userinfo", NULL, bing, 200, "\"Ceshi_Bing\"");
        poll_device(&world, &confirmed, "&wait=1&seen=pending", 400, "\"access_denied\"");
        poll_device(&world, &hinted, "&wait=1&seen=pending", 400, "\"access_denied\"");
        poll_device(&world, &of_bing, "&wait=1&seen=pending", 200, "\"access_token\"");

        (void)snprintf(body, sizeof(body), C "&username=ceshi_jia&password=" FRESH "&" ASKED,
                       world.challenge);
        expect(&world, "/oauth2/challenge", body, "basic", 200, "\"authorization_code\"");
        (void)snprintf(body, sizeof(body), C "&username=ceshi_jia&password=Jia-pass1&" ASKED,
                       world.challenge);
        expect(&world, "/oauth2/challenge", body, "basic", 400, "\"attempts_left\":4");
        wire_device_answer_done(&confirmed);
        wire_device_answer_done(&hinted);
        wire_device_answer_done(&of_bing);
        world_stop(&world);
}

static void refresh(World *world, const char *token, WireProblem *ret) {
        static Answer answer;

        ask(world, CHANGE, "refresh=captcha", token, &answer);
        assert_int_equal(answer.status, 403);
        assert_int_equal(wire_problem_decode(answer.body, answer.n_body, ret), 0);
        assert_non_null(strstr(ret->type, "/password-captcha-required"));
        assert_non_null(ret->captcha.png);
}

/* threats 48: one counter for login and change; a captcha is due here as there */
static void test_counted(void **state) {
        char token[64], body[512], answer[16];
        WireProblem problem = {};
        static Answer reply;
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, "ws", world.fixture->jia, token, sizeof(token));
        (void)snprintf(body, sizeof(body), C "&username=19900000001&password=Wrong-1&" ASKED,
                       world.challenge);
        expect(&world, "/oauth2/challenge", body, "basic", 400, "\"attempts_left\":4");
        expect(&world, CHANGE, "current_password=Jia-pass1&new_password=" FRESH, token, 403,
               "/password-captcha-required");

        for (int left = 3; left >= 0; left--) {
                refresh(&world, token, &problem);
                captcha_answer_of(&world, problem.captcha.id, answer, sizeof(answer));
                (void)snprintf(body, sizeof(body),
                               "current_password=Wrong-1&new_password=" FRESH
                               "&captcha_id=%s&captcha_answer=%s",
                               problem.captcha.id, answer);
                wire_problem_done(&problem);
                ask(&world, CHANGE, body, token, &reply);
                assert_int_equal(reply.status, 403);
                assert_int_equal(wire_problem_decode(reply.body, reply.n_body, &problem), 0);
                if (left > 0)
                        assert_true(strstr(problem.type, "/password-wrong") &&
                                    problem.attempts_left == left && problem.captcha.png);
                else
                        assert_true(strstr(problem.type, "/account-locked") &&
                                    problem.retry_after == 7200);
                wire_problem_done(&problem);
        }
        /* the owner hears of it, as after a lock by logins */
        assert_int_equal(messages(&world, 1), 1);
        expect(&world, CHANGE, "current_password=Jia-pass1&new_password=" FRESH, token, 403,
               "/account-locked");
        (void)snprintf(body, sizeof(body), C "&username=ceshi_jia&password=Jia-pass1&" ASKED,
                       world.challenge);
        expect(&world, "/oauth2/challenge", body, "basic", 400, "\"account_locked\"");
        /* threats 50: what else the person does does not lift it */
        expect(&world, "/oauth2/userinfo", NULL, token, 200, "\"ceshi_jia\"");
        assert_int_equal(count(&world, "SELECT COUNT(*) FROM guard WHERE locked_until > 0"), 1);
        world_stop(&world);
}

/* A right password gives back all five, also when the new one was refused afterwards. */
static void test_given_back(void **state) {
        char token[64], body[512], answer[16];
        WireProblem problem = {};
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, "ws", world.fixture->jia, token, sizeof(token));
        expect(&world, CHANGE, "current_password=Wrong-1&new_password=" FRESH, token, 403,
               "\"attempts_left\":4");
        refresh(&world, token, &problem);
        captcha_answer_of(&world, problem.captcha.id, answer, sizeof(answer));
        (void)snprintf(body, sizeof(body),
                       "current_password=Jia-pass1&new_password=Jia-pass1"
                       "&captcha_id=%s&captcha_answer=%s",
                       problem.captcha.id, answer);
        wire_problem_done(&problem);
        expect(&world, CHANGE, body, token, 403, "/password-same");
        expect(&world, CHANGE, "current_password=Jia-pass1&new_password=" FRESH, token, 200, "{}");
        assert_int_equal(count(&world, "SELECT MIN(tries_left) FROM guard"), 5);

        assert_int_equal(account_set_disabled(world.fixture->store, world.fixture->jia, 1), 0);
        expect(&world, CHANGE, "current_password=" FRESH "&new_password=Jia-pass1", token, 401,
               "/unauthorized");
        world_stop(&world);
}

/* threats 59, 114: userinfo looks everything up anew; disabling ends what was given out */
static void test_userinfo(void **state) {
        char token[64];
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, "ws", world.fixture->jia, token, sizeof(token));
        expect(&world, "/oauth2/userinfo", NULL, token, 200, "\"authorised\":true");
        assert_int_equal(relation_put(world.fixture->store, world.fixture->jia, UNIT_ONE, 0), 0);
        expect(&world, "/oauth2/userinfo", NULL, token, 200,
               "\"code\":\"" UNIT_ONE "\",\"name\":\"一\",\"authorised\":false");
        assert_int_equal(store_run(world.fixture->store, "DELETE FROM relation", ""), 0);
        expect(&world, "/oauth2/userinfo", NULL, token, 200, "\"units\":[]");

        assert_int_equal(account_set_disabled(world.fixture->store, world.fixture->jia, 1), 0);
        expect(&world, "/oauth2/userinfo", NULL, token, 401, "/unauthorized");
        assert_int_equal(account_set_disabled(world.fixture->store, world.fixture->jia, 0), 0);
        expect(&world, "/oauth2/userinfo", NULL, token, 401, "/unauthorized");
        world_stop(&world);
}

/* threats 114: a phone sees its own person's logins; of others not even where they are */
static void test_other_phone(void **state) {
        WireDeviceAnswer hinted = {}, scanned = {};
        static Answer answer;
        char jia[64], bing[64], path[64];
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, CLIENT_APP, world.fixture->jia, jia, sizeof(jia));
        token_make(&world, CLIENT_APP, world.fixture->bing, bing, sizeof(bing));
        device_begin(&world, "&host=ws-of-jia&service=login&login_hint=ceshi_jia", &hinted);
        device_begin(&world, "&host=ws-of-jia&service=login", &scanned);
        phone(&world, &scanned, "/scan", jia, 200, "\"scanned\"");

        for (const WireDeviceAnswer *i = &hinted; i; i = i == &hinted ? &scanned : NULL) {
                (void)snprintf(path, sizeof(path), "/app/device/%s", i->user_code);
                ask(&world, path, NULL, bing, &answer);
                assert_int_equal(answer.status, 403);
                assert_non_null(strstr(answer.body, "/wrong-person"));
                assert_null(strstr(answer.body, "ws-of-jia"));
                assert_null(strstr(answer.body, "ce"));
                /* looking has not ended it */
                phone(&world, i, "", jia, 200, "\"host\":\"ws-of-jia\"");
        }
        phone(&world, &scanned, "/confirm", bing, 409, "/device-decided");
        phone(&world, &scanned, "/confirm", jia, 200, "\"confirmed\"");
        phone(&world, &hinted, "/confirm", bing, 403, "/wrong-person");
        wire_device_answer_done(&hinted);
        wire_device_answer_done(&scanned);
        world_stop(&world);
}

/* threats 59: disabled, locked or with a new password between the QR code and its redemption */
static void test_between(void **state) {
        WireDeviceAnswer device = {};
        char app[64], hash[PASSWORD_HASH_BYTES + 1], id[RANDOM_ID_BYTES + 1];
        GuardTake take;
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, CLIENT_APP, world.fixture->jia, app, sizeof(app));

        device_begin(&world, "", &device);
        phone(&world, &device, "/confirm", app, 200, "confirmed");
        assert_int_equal(account_set_disabled(world.fixture->store, world.fixture->jia, 1), 0);
        poll_device(&world, &device, "&wait=1&seen=pending", 400, "\"reason\":\"disabled\"");
        assert_int_equal(account_set_disabled(world.fixture->store, world.fixture->jia, 0), 0);
        poll_device(&world, &device, "&wait=1&seen=pending", 400, "\"access_denied\"");
        wire_device_answer_done(&device);

        /* scanned, then disabled: the phone is told, and nothing is confirmed */
        device_begin(&world, "", &device);
        phone(&world, &device, "/scan", app, 200, "scanned");
        assert_int_equal(account_set_disabled(world.fixture->store, world.fixture->jia, 1), 0);
        phone(&world, &device, "/confirm", app, 403, "/account-disabled");
        assert_int_equal(account_set_disabled(world.fixture->store, world.fixture->jia, 0), 0);
        poll_device(&world, &device, "&wait=1&seen=pending", 400, "\"state\":\"scanned\"");
        wire_device_answer_done(&device);

        /* the lock stops the password; the QR login stays open */
        device_begin(&world, "", &device);
        for (int i = 0; i < GUARD_TRIES; i++) {
                char key[GUARD_KEY_BYTES + 1];
                Moment now;

                clock_moment(&now);
                assert_int_equal(account_guard_key(world.fixture->store, "ceshi_jia",
                                                   world.fixture->jia, key),
                                 0);
                assert_int_equal(guard_take(world.fixture->store, key, GUARD_CAPTCHA_SOLVED, &now,
                                            &take),
                                 0);
        }
        phone(&world, &device, "/confirm", app, 200, "confirmed");
        poll_device(&world, &device, "&wait=1&seen=pending", 200, "\"access_token\"");
        wire_device_answer_done(&device);

        device_begin(&world, "", &device);
        phone(&world, &device, "/confirm", app, 200, "confirmed");
        real_hash(FRESH, hash);
        fixture_account(world.fixture, "ceshi_jia", "resident_identity_card", "990101199001010019",
                        "19900000001", hash, id);
        poll_device(&world, &device, "&wait=1&seen=pending", 400, "\"access_denied\"");
        wire_device_answer_done(&device);
        world_stop(&world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_refused),    UNIT_TEST(test_changed),  UNIT_TEST(test_counted),
                UNIT_TEST(test_given_back), UNIT_TEST(test_userinfo), UNIT_TEST(test_other_phone),
                UNIT_TEST(test_between),
        };

        wire_init_process();
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
