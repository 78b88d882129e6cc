/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /login, /logout and /me. */

#include "backend/clock.h"
#include "backend/model-login.h"
#include "backend/model-web.h"
#include "tests/unit/browser.h"

#define RIGHT "account=ceshi_jia&password=Jia-pass1"
#define WRONG "account=ceshi_jia&password=Jia-pass2"

/* The fields of the captcha in a page, solved. */
static void captcha_solve(World *world, const Answer *answer, char *ret, size_t n) {
        char id[64], text[16];

        answer_between(answer, "name=\"captcha_id\" value=\"", "\"", id, sizeof(id));
        captcha_answer_of(world, id, text, sizeof(text));
        (void)snprintf(ret, n, "&captcha_id=%s&captcha_answer=%s", id, text);
}

/* threats 107 */
static void test_login(void **state) {
        Browser browser = BROWSER, fixed = BROWSER;
        static Answer answer;
        char before[256];
        World world;

        world_begin(*state, PHASE_NONE, &world);
        browser_get(&world, &browser, "/me", &answer);
        assert_int_equal(answer.status, 303);
        assert_non_null(strstr(answer.headers, "Location: /login?next=%2Fme\r\n"));

        browser_get(&world, &browser, "/login?next=%2Fme", &answer);
        (void)strcpy(before, browser.cookie);
        browser_post(&world, &browser, "/login", RIGHT "&next=%2FQ", &answer);
        assert_int_equal(answer.status, 303);
        assert_non_null(strstr(answer.headers, "Location: /Q\r\n"));
        assert_string_not_equal(browser.cookie, before);
        browser_get(&world, &browser, "/me", &answer);
        assert_int_equal(answer.status, 200);
        assert_non_null(strstr(answer.body, "测试"));
        browser_get(&world, &browser, "/login", &answer);
        assert_int_equal(answer.status, 303);

        /* the session from before the login is nobody's */
        (void)strcpy(fixed.cookie, before);
        browser_get(&world, &fixed, "/me", &answer);
        assert_int_equal(answer.status, 303);

        /* a session that somebody else chose is not used */
        (void)snprintf(fixed.cookie, sizeof(fixed.cookie), WEB_COOKIE_NAME "=chosen-by-another");
        browser_get(&world, &fixed, "/login", &answer);
        assert_null(strstr(fixed.cookie, "chosen-by-another"));

        browser_get(&world, &browser, "/me", &answer);
        browser_post(&world, &browser, "/logout", "", &answer);
        assert_int_equal(answer.status, 303);
        assert_non_null(strstr(answer.headers, "Set-Cookie: __Host-itax=; Path=/;"));
        assert_int_equal(fixture_number(world.fixture, "SELECT COUNT(*) FROM web_session"), 0);
        assert_int_equal(
                fixture_number(world.fixture, "SELECT COUNT(*) FROM login WHERE ended_at > 0"), 1);
        world_stop(&world);
}

static void test_next(void **state) {
        static const char *const bad[] = { "https%3A%2F%2Fexample.org%2F", "%2F%2Fexample.org%2Fme",
                                           "%2F%5Cexample.org", "%2Fnothing", "me",
                                           "javascript%3Aalert(1)" };
        static Answer answer;
        char form[128];
        World world;

        world_begin(*state, PHASE_NONE, &world);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                Browser browser = BROWSER;

                browser_get(&world, &browser, "/login", &answer);
                (void)snprintf(form, sizeof(form), RIGHT "&next=%s", bad[i]);
                browser_post(&world, &browser, "/login", form, &answer);
                assert_int_equal(answer.status, 303);
                assert_non_null(strstr(answer.headers, "Location: /me\r\n"));
        }
        world_stop(&world);
}

static void test_captcha(void **state) {
        Browser browser = BROWSER;
        char first[64], captcha[128], form[256];
        static Answer answer;
        World world;

        world_begin(*state, PHASE_NONE, &world);
        browser_get(&world, &browser, "/login", &answer);
        browser_post(&world, &browser, "/login", "account=ceshi_jia", &answer);
        assert_non_null(strstr(answer.body, "请输入账号和密码"));
        browser_post(&world, &browser, "/login", WRONG, &answer);
        assert_int_equal(answer.status, 403);
        assert_non_null(strstr(answer.body, "再错4次"));
        assert_non_null(strstr(answer.body, "role=\"alert\""));
        assert_non_null(strstr(answer.body, "src=\"data:image/png;base64,iVBOR"));
        assert_non_null(strstr(answer.body, "value=\"ceshi_jia\""));
        assert_null(strstr(answer.body, "Jia-pass2"));

        /* without it nothing is tested; another picture costs no try */
        browser_post(&world, &browser, "/login", RIGHT, &answer);
        assert_non_null(strstr(answer.body, "请输入图片中的验证码"));
        answer_between(&answer, "name=\"captcha_id\" value=\"", "\"", first, sizeof(first));
        browser_post(&world, &browser, "/login", "account=ceshi_jia&refresh=captcha", &answer);
        assert_int_equal(answer.status, 403);
        assert_null(strstr(answer.body, first));
        (void)snprintf(form, sizeof(form), RIGHT "&captcha_id=%s&captcha_answer=AAAA", first);
        browser_post(&world, &browser, "/login", form, &answer);
        assert_non_null(strstr(answer.body, "验证码错误或已失效"));

        captcha_solve(&world, &answer, captcha, sizeof(captcha));
        (void)snprintf(form, sizeof(form), RIGHT "%s", captcha);
        browser_post(&world, &browser, "/login", form, &answer);
        assert_int_equal(answer.status, 303);
        world_stop(&world);
}

/* The same five tries as at a workstation, and a name that nobody has is no different. */
static void test_lock(void **state) {
        static const struct {
                const char *account, *left[5];
        } cases[] = {
                { "ceshi_jia", { "再错4次", "再错3次", "再错2次", "再错1次", "请120分钟后再试" } },
                { "nobody_at_all",
                  { "再错4次", "再错3次", "再错2次", "再错1次", "请120分钟后再试" } },
        };
        char captcha[128] = "", form[256];
        static Answer answer;
        World world;

        world_begin(*state, PHASE_NONE, &world);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Browser browser = BROWSER;

                captcha[0] = '\0';
                browser_get(&world, &browser, "/login", &answer);
                for (int j = 0; j < 5; j++) {
                        (void)snprintf(form, sizeof(form), "account=%s&password=wrong-one-1%s",
                                       cases[i].account, captcha);
                        browser_post(&world, &browser, "/login", form, &answer);
                        if (!strstr(answer.body, cases[i].left[j]))
                                fail_msg("%s %d: %s", cases[i].account, j, answer.body);
                        if (j < 4)
                                captcha_solve(&world, &answer, captcha, sizeof(captcha));
                }
                (void)snprintf(form, sizeof(form), "account=%s&password=Jia-pass1",
                               cases[i].account);
                browser_get(&world, &browser, "/login", &answer);
                browser_post(&world, &browser, "/login", form, &answer);
                assert_int_equal(answer.status, 403);
                assert_non_null(strstr(answer.body, "已锁定"));
        }
        assert_int_equal(fixture_number(world.fixture, "SELECT COUNT(*) FROM login"), 0);
        world_stop(&world);
}

static void test_disabled(void **state) {
        Transaction transaction = {};
        Browser browser = BROWSER, in = BROWSER;
        static Answer answer;
        World world;

        world_begin(*state, PHASE_NONE, &world);
        browser_login(&world, &in, "ceshi_jia", "Jia-pass1");
        fixture_begin(world.fixture, &transaction);
        assert_int_equal(account_set_disabled(world.fixture->store, world.fixture->jia, 1), 0);
        assert_int_equal(transaction_commit(&transaction), 0);

        browser_get(&world, &browser, "/login", &answer);
        browser_post(&world, &browser, "/login", RIGHT, &answer);
        assert_int_equal(answer.status, 403);
        assert_non_null(strstr(answer.body, "该账号已停用"));
        browser_get(&world, &in, "/me", &answer);
        assert_int_equal(answer.status, 303);
        world_stop(&world);
}

/* One QR login from beginning to token. */
static void qr_login(World *world, const char *more, char *ret_token, size_t n) {
        char app[64], body[512];
        static Answer answer;
        WireDeviceAnswer device;
        WireTokenAnswer token;

        token_make(world, CLIENT_APP, world->fixture->jia, app, sizeof(app));
        device_begin(world, more, &device);
        phone(world, &device, "/scan", app, 200, "");
        phone(world, &device, "/confirm", app, 200, "");
        (void)snprintf(body, sizeof(body), C DEVICE_GRANT "&device_code=%s",
                       secret_text(device.device_code));
        ask(world, "/oauth2/token", body, "basic", &answer);
        assert_int_equal(answer.status, 200);
        assert_int_equal(wire_token_answer_decode(answer.body, answer.n_body, &token), 0);
        (void)snprintf(ret_token, n, "%s", secret_text(token.access_token));
        wire_token_answer_done(&token);
        wire_device_answer_done(&device);
}

/* threats 108, 114 */
static void test_me(void **state) {
        Statement *statement = NULL;
        Browser jia = BROWSER, bing = BROWSER;
        char token[64], form[96], id[64];
        const char *at;
        Transaction transaction = {};
        static Answer answer;
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        fixture_begin(world.fixture, &transaction);
        assert_int_equal(unit_put(world.fixture->store,
                                  &(const UnitNew){ .code = UNIT_TWO,
                                                    .name = "<img src=x onerror=alert(2)>",
                                                    .finance_manager = world.fixture->jia }),
                         0);
        assert_int_equal(transaction_commit(&transaction), 0);

        qr_login(&world, "&host=ws-7%22%3E%3Cscript%3E&service=gdm-password&terminal=tty2", token,
                 sizeof(token));
        expect(&world, "/units/" UNIT_ONE "/verification", "method=relation", token, 200,
               "relation");
        browser_login(&world, &jia, "ceshi_jia", "Jia-pass1");
        browser_get(&world, &jia, "/me", &answer);
        assert_non_null(strstr(answer.body, "<dd>ws-7&quot;&gt;&lt;script&gt;</dd>"));
        assert_non_null(strstr(answer.body, "<dd>gdm-password</dd>"));
        assert_non_null(strstr(answer.body, "<dd>tty2</dd>"));
        assert_non_null(strstr(answer.body, "扫码"));
        assert_non_null(strstr(answer.body, "<dt>办税单位</dt><dd>一</dd>"));
        assert_non_null(strstr(answer.body, "已授权"));
        assert_non_null(strstr(answer.body, "未授权"));
        assert_non_null(strstr(answer.body, "href=\"/unit/" UNIT_TWO "\""));
        assert_null(strstr(answer.body, "href=\"/unit/" UNIT_ONE "\""));
        assert_null(strstr(answer.body, "<img"));
        assert_null(strstr(answer.body, "<script>"));

        /* nobody else can end it */
        at = strstr(answer.body, "<dd>gdm-password</dd>");
        at = strstr(at, "name=\"login\" value=\"");
        assert_non_null(at);
        at += strlen("name=\"login\" value=\"");
        (void)snprintf(id, sizeof(id), "%.*s", (int)strcspn(at, "\""), at);
        (void)snprintf(form, sizeof(form), "login=%s", id);
        browser_login(&world, &bing, "Ceshi_Bing", "Bing-pass3");
        browser_post(&world, &bing, "/me/end", form, &answer);
        assert_int_equal(answer.status, 404);
        expect(&world, "/oauth2/userinfo", NULL, token, 200, "ceshi_jia");

        browser_get(&world, &jia, "/me", &answer);
        browser_post(&world, &jia, "/me/end", form, &answer);
        assert_int_equal(answer.status, 303);
        expect(&world, "/oauth2/userinfo", NULL, token, 401, "unauthorized");
        browser_get(&world, &jia, "/me", &answer);
        assert_null(strstr(answer.body, id));
        assert_non_null(strstr(answer.body, "已结束"));
        browser_post(&world, &jia, "/me/end", form, &answer);
        assert_int_equal(answer.status, 404);

        /* once in the audit */
        assert_int_equal(store_query(world.fixture->store, &statement,
                                     "SELECT who, object FROM audit WHERE action = 'login end'", ""),
                         0);
        assert_int_equal(statement_next(statement), 1);
        assert_string_equal(statement_text(statement, 0), "account:ceshi_jia");
        assert_string_equal(statement_text(statement, 1), id);
        assert_int_equal(statement_next(statement), 0);
        statement = statement_free(statement);
        world_stop(&world);
}

/* Fifty a page; the rest by the link below them. */
static void test_pages(void **state) {
        Transaction transaction = {};
        Browser jia = BROWSER;
        static Answer answer;
        const char *at;
        char older[96];
        World world;
        int n = 0;

        world_prepare(*state, PHASE_RELATION, &world);
        fixture_begin(world.fixture, &transaction);
        for (int i = 0; i < 60; i++)
                assert_int_equal(login_row_add(world.fixture->store,
                                               &(const LoginNew){ .account_id = world.fixture->jia,
                                                                  .client_id = "ws",
                                                                  .method = "password",
                                                                  .token_hash = "none",
                                                                  .expires_at = T0 - 1 },
                                               clock_wall_sec() - 100 - i),
                                 0);
        assert_int_equal(transaction_commit(&transaction), 0);
        world_start(&world);

        browser_login(&world, &jia, "ceshi_jia", "Jia-pass1");
        browser_get(&world, &jia, "/me", &answer);
        assert_non_null(strstr(answer.body, "登录中（当前浏览器）"));
        for (at = answer.body; (at = strstr(at, "<li class=\"card\">")) != NULL; at++)
                n++;
        assert_int_equal(n, 50);
        answer_between(&answer, "<a href=\"/me?before=", "\"", older + strlen("/me?before="),
                       sizeof(older) - strlen("/me?before="));
        memcpy(older, "/me?before=", strlen("/me?before="));
        browser_get(&world, &jia, older, &answer);
        for (n = 0, at = answer.body; (at = strstr(at, "<li class=\"card\">")) != NULL; at++)
                n++;
        assert_int_equal(n, 11);
        assert_null(strstr(answer.body, "<a href=\"/me?before="));

        browser_get(&world, &jia, "/me?before=x", &answer);
        assert_int_equal(answer.status, 400);
        browser_get(&world, &jia, "/me?before=1", &answer);
        assert_int_equal(answer.status, 400);
        world_stop(&world);
}

static void test_revoked(void **state) {
        static Answer answer;
        char token[64], body[128];
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        qr_login(&world, "", token, sizeof(token));
        assert_int_equal(
                fixture_number(world.fixture, "SELECT COUNT(*) FROM login WHERE ended_at = 0"), 1);
        (void)snprintf(body, sizeof(body), C "&token=%s", token);
        ask(&world, "/oauth2/revoke", body, "basic", &answer);
        assert_int_equal(answer.status, 200);
        assert_int_equal(
                fixture_number(world.fixture, "SELECT COUNT(*) FROM login WHERE ended_at > 0"), 1);
        world_stop(&world);
}

static void test_list(void **state) {
        Fixture *fixture = *state;
        Transaction transaction = {};
        LoginRow *rows = NULL;
        char id[RANDOM_ID_BYTES + 1];
        int64_t at;
        size_t n;

        fixture_begin(fixture, &transaction);
        for (int i = 0; i < 7; i++)
                assert_int_equal(login_row_add(fixture->store,
                                           &(const LoginNew){ .account_id = fixture->jia,
                                                              .client_id = "ws",
                                                              .method = "password",
                                                              .token_hash = "none",
                                                              .expires_at = T0 + 60 },
                                           T0 + i / 2),
                                 0);
        assert_int_equal(transaction_commit(&transaction), 0);

        /* three, three, one; each once, the newest first */
        assert_int_equal(login_row_list(fixture->store, fixture->jia, "", INT64_MAX, "", 3, T0,
                                        &rows, &n),
                         0);
        assert_int_equal(n, 3);
        assert_int_equal(rows[0].created_at, T0 + 3);
        assert_false(rows[0].open);
        assert_false(rows[0].own);
        for (int page = 1; page < 3; page++) {
                at = rows[n - 1].created_at;
                (void)strcpy(id, rows[n - 1].id);
                free(rows);
                assert_int_equal(
                        login_row_list(fixture->store, fixture->jia, "", at, id, 3, T0, &rows,
                                               &n), 0);
                assert_int_equal(n, page == 1 ? 3 : 1);
        }
        assert_int_equal(rows[0].created_at, T0);
        free(rows);
        assert_int_equal(
                login_row_list(fixture->store, fixture->bing, "", INT64_MAX, "", 3, T0, &rows,
                                       &n), 0);
        assert_int_equal(n, 0);
        free(rows);

        assert_int_equal(session_purge(fixture->store, T0 + LOGIN_KEEP_SEC - 1), 0);
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM login"), 7);
        assert_int_equal(session_purge(fixture->store, T0 + LOGIN_KEEP_SEC + 4), 0);
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM login"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_login),    UNIT_TEST(test_next), UNIT_TEST(test_captcha),
                UNIT_TEST(test_lock),     UNIT_TEST(test_me),   UNIT_TEST(test_disabled),
                UNIT_TEST(test_revoked),  UNIT_TEST(test_list), UNIT_TEST(test_pages),
        };

        wire_init_process();
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
