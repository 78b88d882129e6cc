/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /unit/CODE: the declaration password and the relations, for who manages the unit and nobody
 * else. */

#include "tests/unit/browser.h"

#define PAGE "/unit/" UNIT_ONE
#define PAGE_TWO "/unit/" UNIT_TWO
#define RESET "password=Unit-pass9&repeated=Unit-pass9&current="
#define RELATIONS "SELECT COUNT(*) FROM relation"
#define TEST_NAME "%E6%B5%8B%E8%AF%95"

static void step(World *world, Browser *browser, const char *path, const char *form, long status,
                 const char *part) {
        static Answer answer;

        if (form)
                browser_post(world, browser, path, form, &answer);
        else
                browser_get(world, browser, path, &answer);
        if (answer.status != status || !strstr(answer.body, part))
                fail_msg("%s %s: %ld %s", path, form ? form : "", answer.status, answer.body);
}

/* ceshi_jia is finance manager of UNIT_ONE. */
static void begin(Fixture *fixture, World *ret) {
        Transaction transaction = {};

        world_prepare(fixture, PHASE_RELATION, ret);
        fixture_begin(fixture, &transaction);
        assert_int_equal(store_run(fixture->store,
                                   "UPDATE unit SET finance_manager = $1 WHERE code = $2", "tt",
                                   fixture->jia, UNIT_ONE),
                         0);
        assert_int_equal(transaction_commit(&transaction), 0);
        world_start(ret);
}

/* threats 114: to who is neither, the page of a unit that there is and of one that there is not are
 * alike, and nothing can be done */
static void test_others(void **state) {
        static const char *const paths[] = { PAGE, (PAGE_TWO), "/unit/nothing" };
        static const char *const deeds[] = { "/password", "/grant", "/revoke" };
        Browser jia = BROWSER, bing = BROWSER, nobody = BROWSER;
        static Answer answer;
        char path[64], form[256];
        World world;
        int64_t n;

        begin(*state, &world);
        n = fixture_number(world.fixture, RELATIONS);
        browser_login(&world, &bing, "Ceshi_Bing", "Bing-pass3");
        browser_login(&world, &jia, "ceshi_jia", "Jia-pass1");
        browser_get(&world, &nobody, PAGE, &answer);
        assert_int_equal(answer.status, 303);

        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                browser_get(&world, &bing, paths[i], &answer);
                assert_int_equal(answer.status, 404);
                assert_non_null(strstr(answer.body, "没有此页面"));
                browser_get(&world, &bing, "/me", &answer);
                for (size_t j = 0; j < ELEMENTSOF(deeds); j++) {
                        (void)snprintf(path, sizeof(path), "%s%s", paths[i], deeds[j]);
                        (void)snprintf(form, sizeof(form),
                                       "%s&person=%s",
                                       RESET "Bing-pass3&account=Ceshi_Bing&name=" TEST_NAME,
                                       world.fixture->jia);
                        step(&world, &bing, path, form, 404, "没有此页面");
                }
        }
        /* her own unit, which she acts for but does not manage */
        step(&world, &jia, PAGE_TWO, NULL, 404, "没有此页面");
        assert_int_equal(fixture_number(world.fixture, "SELECT COUNT(*) FROM audit"), 0);
        assert_int_equal(fixture_number(world.fixture, "SELECT COUNT(*) FROM rate"), 0);
        assert_int_equal(fixture_number(world.fixture, RELATIONS), n);
        world_stop(&world);
}

static void test_reset(void **state) {
        Browser browser = BROWSER;
        World world;

        begin(*state, &world);
        browser_login(&world, &browser, "ceshi_jia", "Jia-pass1");
        step(&world, &browser, "/d", NULL, 200, "href=\"/me\"");
        step(&world, &browser, "/me", NULL, 200, "href=\"" PAGE "\"");
        step(&world, &browser, PAGE, NULL, 200, "重置申报密码");

        step(&world, &browser, PAGE "/password", "password=short&repeated=short&current=Jia-pass1",
             403, "8至15个字符");
        step(&world, &browser, PAGE "/password",
             "password=Unit-pass9&repeated=Unit-pass8&current=Jia-pass1", 403, "不一致");
        step(&world, &browser, PAGE "/password",
             "password=Jia-pass1&repeated=Jia-pass1&current=Jia-pass1", 403, "不能与账号密码相同");
        step(&world, &browser, PAGE "/password", "password=Unit-pass9&repeated=Unit-pass9", 403,
             "您的账号密码");
        assert_int_equal(fixture_number(world.fixture, "SELECT COUNT(*) FROM audit"), 0);

        /* what the unit had been given ends with it, and its lock */
        {
                Transaction transaction = {};

                fixture_begin(world.fixture, &transaction);
                assert_int_equal(store_run(world.fixture->store,
                                           "INSERT INTO token (hash, client_id, unit_code, hinted,"
                                           " origin, created_at, expires_at)"
                                           " VALUES ('x', 'ws', $1, 0, '', 0, 9000000000)",
                                           "t", UNIT_ONE),
                                 0);
                assert_int_equal(store_run(world.fixture->store,
                                           "INSERT INTO guard (key, tries_left, locked_until,"
                                           " touched_at) VALUES ($1, 0, 9000000000, 0)",
                                           "t", "u:" UNIT_ONE),
                                 0);
                assert_int_equal(transaction_commit(&transaction), 0);
        }
        step(&world, &browser, PAGE "/password", RESET "Jia-pass1", 200, "申报密码已重置");
        assert_int_equal(fixture_number(world.fixture,
                                        "SELECT COUNT(*) FROM token WHERE unit_code IS NOT NULL"),
                         0);
        assert_int_equal(fixture_number(world.fixture,
                                        "SELECT COUNT(*) FROM guard WHERE key = 'u:" UNIT_ONE
                                        "' AND tries_left < 5"),
                         0);
        assert_int_equal(fixture_number(world.fixture,
                                        "SELECT COUNT(*) FROM audit WHERE who ="
                                        " 'account:ceshi_jia' AND action = 'unit reset'"
                                        " AND object = '" UNIT_ONE "'"),
                         1);
        world_stop(&world);
}

/* The account's password is asked by the rules of a login: five tries, a captcha after the
 * first. */
static void test_again(void **state) {
        Browser browser = BROWSER;
        char id[64], text[16], form[256];
        static Answer answer;
        World world;

        begin(*state, &world);
        browser_login(&world, &browser, "ceshi_jia", "Jia-pass1");
        browser_get(&world, &browser, PAGE, &answer);
        step(&world, &browser, PAGE "/password", RESET "wrong-One-1", 403, "再错4次");
        step(&world, &browser, PAGE "/password", RESET "Jia-pass1", 403, "请输入图片中的验证码");
        /* another picture takes no try, whatever else is filled in */
        for (int i = 0; i < 6; i++) {
                step(&world, &browser, PAGE "/password", "refresh=captcha", 403, "换一张图片");
                step(&world, &browser, PAGE "/password", RESET "wrong-One-1&refresh=captcha", 403,
                     "请输入图片中的验证码");
        }
        for (int i = 0; i < 4; i++) {
                browser_post(&world, &browser, PAGE "/password", RESET "wrong-One-1", &answer);
                answer_between(&answer, "name=\"captcha_id\" value=\"", "\"", id, sizeof(id));
                captcha_answer_of(&world, id, text, sizeof(text));
                (void)snprintf(form, sizeof(form),
                               RESET "wrong-One-1&captcha_id=%s&captcha_answer=%s", id, text);
                step(&world, &browser, PAGE "/password", form, 403, i < 3 ? "再错" : "120分钟");
        }
        step(&world, &browser, PAGE "/password", RESET "Jia-pass1", 403, "120分钟");
        assert_int_equal(fixture_number(world.fixture, "SELECT COUNT(*) FROM audit"), 0);
        world_stop(&world);
}

static void test_relations(void **state) {
        Browser browser = BROWSER;
        static Answer answer, other;
        char form[128];
        World world;

        begin(*state, &world);
        browser_login(&world, &browser, "ceshi_jia", "Jia-pass1");
        browser_get(&world, &browser, PAGE, &answer);

        /* a wrong name, and an account that there is not: one answer */
        browser_post(&world, &browser, PAGE "/grant", "account=Ceshi_Bing&name=Wrong", &answer);
        browser_post(&world, &browser, PAGE "/grant", "account=Ceshi_Dong&name=Wrong", &other);
        assert_int_equal(answer.status, 403);
        assert_int_equal(other.status, 403);
        assert_non_null(strstr(answer.body, "没有与该姓名相符的账号"));
        assert_non_null(strstr(other.body, "没有与该姓名相符的账号"));
        assert_int_equal(answer.n_body, other.n_body);

        browser_post(&world, &browser, PAGE "/grant", "account=Ceshi_Bing&name=" TEST_NAME,
                     &answer);
        assert_int_equal(answer.status, 303);
        assert_int_equal(fixture_number(world.fixture,
                                        "SELECT COUNT(*) FROM relation WHERE authorised = 1"),
                         2);
        /* masked */
        browser_get(&world, &browser, PAGE, &answer);
        assert_non_null(strstr(answer.body, "199****0003"));
        assert_null(strstr(answer.body, "19900000003"));
        assert_null(strstr(answer.body, "X99000003"));

        step(&world, &browser, PAGE "/revoke", "person=nobody", 404, "没有此页面");
        browser_get(&world, &browser, PAGE, &answer);
        (void)snprintf(form, sizeof(form), "person=%s", world.fixture->bing);
        browser_post(&world, &browser, PAGE "/revoke", form, &answer);
        assert_int_equal(answer.status, 303);
        assert_int_equal(fixture_number(world.fixture,
                                        "SELECT COUNT(*) FROM relation WHERE authorised = 1"),
                         1);
        assert_int_equal(fixture_number(world.fixture,
                                        "SELECT COUNT(*) FROM audit WHERE object ="
                                        " 'Ceshi_Bing " UNIT_ONE "'"),
                         2);

        /* who tries out names is soon stopped */
        for (int i = 3; i < 20; i++)
                step(&world, &browser, PAGE "/grant", "account=Ceshi_Bing&name=Wrong", 403,
                     "没有与该姓名相符的账号");
        step(&world, &browser, PAGE "/grant", "account=Ceshi_Bing&name=" TEST_NAME, 429,
             "过于频繁");
        world_stop(&world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_others),
                UNIT_TEST(test_reset),
                UNIT_TEST(test_again),
                UNIT_TEST(test_relations),
        };

        wire_init_process();
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
