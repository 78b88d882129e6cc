/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A forgotten password, threats 110: the same for a person and for nobody, once, 15 minutes, and
 * nothing that was given out before is good afterwards. */

#include "backend/model-guard.h"
#include "backend/model-reset.h"
#include "backend/model-sms.h"
#include "tests/unit/browser.h"

#define IDENTITY(name, number) "name=" name "&type=resident_identity_card&number=" number
#define KNOWN IDENTITY("%E6%B5%8B%E8%AF%95", "990101199001010019")
#define FRESH "&password=Fresh-pass7&repeated=Fresh-pass7"

static void step(World *world, Browser *browser, const char *path, const char *form, long status,
                 const char *part) {
        static Answer answer;

        browser_post(world, browser, path, form, &answer);
        if (answer.status != status || !strstr(answer.body, part))
                fail_msg("%s %s: %ld %s", path, form, answer.status, answer.body);
}

/* The newest code in the outbox, waited for; "" when none comes within a second and @needed is not. */
static void code_read(const World *world, bool needed, char ret[static 8]) {
        char file[512], text[512] = "";

        ret[0] = '\0';
        for (int i = 0; i < (needed ? 1000 : 20) && ret[0] == '\0'; i++) {
                DIR *directory = opendir(world->outbox);
                const struct dirent *entry;

                assert_non_null(directory);
                while ((entry = readdir(directory))) {
                        FILE *message;
                        const char *at;

                        if (entry->d_name[0] == '.')
                                continue;
                        (void)snprintf(file, sizeof(file), "%s/%s", world->outbox, entry->d_name);
                        message = fopen(file, "r");
                        assert_non_null(message);
                        assert_true(fread(text, 1, sizeof(text) - 1, message) > 0);
                        (void)fclose(message);
                        assert_int_equal(unlink(file), 0);
                        at = strstr(text, "验证码：");
                        assert_non_null(at);
                        (void)snprintf(ret, 7, "%s", at + strlen("验证码："));
                }
                (void)closedir(directory);
                (void)usleep(10000);
        }
        assert_int_equal(strlen(ret), needed ? 6 : 0);
}

static void wrong_of(const char *code, char ret[static 8]) {
        (void)snprintf(ret, 8, "%s", code);
        ret[0] = ret[0] == '9' ? '0' : (char)(ret[0] + 1);
}

/* The right to a new password, from the page; it stands nowhere in the store (threats 110). */
static void token_read(World *world, const Answer *page, char ret[static 64]) {
        static const char mark[] = "name=\"token\" value=\"";
        const char *at = strstr(page->body, mark);
        _cleanup_(statement_freep) Statement *statement = NULL;

        assert_non_null(at);
        at += strlen(mark);
        (void)snprintf(ret, 64, "%.*s", (int)strcspn(at, "\""), at);
        assert_int_equal(strlen(ret), 43);
        assert_int_equal(store_query(world->fixture->store, &statement,
                                     "SELECT count(*) FROM web_session WHERE data LIKE '%' || $1 ||"
                                     " '%'",
                                     "t", ret),
                         0);
        assert_int_equal(statement_next(statement), 1);
        assert_int_equal(statement_int(statement, 0), 0);
}

static void test_reset(void **state) {
        Browser browser = BROWSER, before = BROWSER, other = BROWSER;
        char code[8], wrong[8], form[192], jia[64], token[64];
        WireDeviceAnswer device = {};
        static Answer answer;
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        token_make(&world, "ws", world.fixture->jia, jia, sizeof(jia));
        browser_login(&world, &before, "ceshi_jia", "Jia-pass1");
        device_begin(&world, "&login_hint=ceshi_jia", &device);
        expect(&world, "/oauth2/userinfo", NULL, jia, 200, "ceshi_jia");

        browser_get(&world, &browser, "/forgot", &answer);
        step(&world, &browser, "/forgot", KNOWN, 200, "第2步");
        code_read(&world, true, code);
        wrong_of(code, wrong);
        (void)snprintf(form, sizeof(form), "sms=%s", wrong);
        step(&world, &browser, "/forgot/code", form, 403, "验证码错误");
        /* no step can be left out */
        step(&world, &browser, "/forgot/password", FRESH, 403, "重新开始");
        step(&world, &browser, "/forgot/password", "token=x" FRESH, 403, "重新开始");

        /* threats 107: another browser cannot go on with it */
        browser_get(&world, &other, "/forgot", &answer);
        (void)snprintf(form, sizeof(form), "sms=%s", code);
        step(&world, &other, "/forgot/code", form, 403, "重新开始");

        browser_post(&world, &browser, "/forgot/code", form, &answer);
        assert_int_equal(answer.status, 200);
        token_read(&world, &answer, token);
        step(&world, &browser, "/forgot/code", form, 403, "验证码错误");
        (void)snprintf(form, sizeof(form), "token=%s&password=short&repeated=short", token);
        step(&world, &browser, "/forgot/password", form, 403, "8至15个字符");
        (void)snprintf(form, sizeof(form), "token=%s&password=Fresh-pass7&repeated=Fresh-pass8",
                       token);
        step(&world, &browser, "/forgot/password", form, 403, "不一致");
        (void)snprintf(form, sizeof(form), "token=%s" FRESH, token);
        /* the right alone, in another browser, is not enough */
        step(&world, &other, "/forgot/password", form, 403, "重新开始");
        step(&world, &browser, "/forgot/password", form, 200, "密码已重置");
        step(&world, &browser, "/forgot/password", form, 403, "重新开始");

        /* open sessions and QR logins are over */
        expect(&world, "/oauth2/userinfo", NULL, jia, 401, "");
        browser_get(&world, &before, "/me", &answer);
        assert_int_equal(answer.status, 303);
        poll_device(&world, &device, "", 400, "");
        other = (Browser)BROWSER;
        browser_login(&world, &other, "ceshi_jia", "Fresh-pass7");
        wire_device_answer_done(&device);
        world_stop(&world);
}

static void limits_forget(const Fixture *fixture) {
        Transaction transaction = {};

        assert_int_equal(transaction_begin(fixture->store, &transaction), 0);
        assert_int_equal(store_run(fixture->store, "DELETE FROM rate", ""), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
}

/* threats 110: nothing tells whether there is such a person */
static void test_nobody(void **state) {
        static const char *const nobody[] = {
                IDENTITY("%E6%B5%8B%E8%AF%95", "990101199001010035"),
                /* the document, under another name */
                IDENTITY("%E5%BC%A0%E4%B8%89", "990101199001010019"),
        };
        Browser known = BROWSER;
        static Answer expected, got;
        char code[8];
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        browser_get(&world, &known, "/forgot?lang=zh", &got);
        browser_post(&world, &known, "/forgot", KNOWN, &expected);
        assert_int_equal(expected.status, 200);
        code_read(&world, true, code);

        step(&world, &known, "/forgot/code", "again=1", 429, "过于频繁");

        /* each alone: the limits of a document are the same for all who ask */
        for (size_t i = 0; i < ELEMENTSOF(nobody); i++) {
                Browser browser = BROWSER;
                char *at, *end;

                limits_forget(*state);
                browser_get(&world, &browser, "/forgot?lang=zh", &got);
                browser_post(&world, &browser, "/forgot", nobody[i], &got);
                assert_int_equal(got.status, expected.status);
                assert_int_equal(got.n_body, expected.n_body);
                /* alike but for the csrf field */
                at = strstr(got.body, "name=\"csrf\" value=\"");
                assert_non_null(at);
                at += strlen("name=\"csrf\" value=\"");
                end = strchr(at, '"');
                memcpy(at, strstr(expected.body, "name=\"csrf\" value=\"") +
                                   strlen("name=\"csrf\" value=\""),
                       (size_t)(end - at));
                assert_string_equal(got.body, expected.body);
                code_read(&world, false, code);
                step(&world, &browser, "/forgot/code", "sms=000000", 403, "验证码错误");
                step(&world, &browser, "/forgot/code", "again=1", 429, "过于频繁");
        }
        world_stop(&world);
}

/* threats 110: who tries names for a document meets the same limit at the right one */
static void test_minute(void **state) {
        static const char *const names[] = { IDENTITY("%E5%BC%A0%E4%B8%89", "990101199001010019"), KNOWN };
        Browser browser = BROWSER;
        static Answer answer;
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        browser_get(&world, &browser, "/forgot", &answer);
        step(&world, &browser, "/forgot", names[0], 200, "第2步");
        step(&world, &browser, "/forgot", names[1], 429, "过于频繁");
        step(&world, &browser, "/forgot", names[0], 429, "过于频繁");
        world_stop(&world);
}

/* One message to each of @n numbers, 0: ten to the first, which are all that it gets in a day. */
static void limit_use_up(const Fixture *fixture, int first, int n, const char *peer) {
        const int64_t now = time(NULL);
        Transaction transaction = {};
        char code[SMS_CODE_DIGITS + 1];
        int64_t wait;

        assert_int_equal(transaction_begin(fixture->store, &transaction), 0);
        for (int i = 0; i < (n ? n : 10); i++) {
                char number[16];

                (void)snprintf(number, sizeof(number), "199%08d", n ? first + i : first);
                assert_int_equal(sms_code_new(fixture->store, "other", "register", number, peer,
                                              n ? now : now - 600 + 60 * i, code, &wait),
                                 0);
        }
        assert_int_equal(transaction_commit(&transaction), 0);
}

/* threats 110: who used up the limit of a number learns nothing of whose it is */
static void test_number_without_message(void **state) {
        static const char *const asked[] = { KNOWN, IDENTITY("%E6%B5%8B%E8%AF%95", "990101199001010035") };
        World world;
        char code[8];

        world_begin(*state, PHASE_RELATION, &world);
        limit_use_up(*state, 1, 0, "192.0.2.77");
        for (size_t i = 0; i < ELEMENTSOF(asked); i++) {
                Browser browser = BROWSER;
                static Answer answer;

                browser_get(&world, &browser, "/forgot", &answer);
                step(&world, &browser, "/forgot", asked[i], 200, "第2步");
                code_read(&world, false, code);
                for (int n = 0; n < SMS_CODE_TRIES; n++)
                        step(&world, &browser, "/forgot/code", "sms=abcdef", 403, "验证码错误");
                step(&world, &browser, "/forgot/code", "sms=abcdef", 403, "已失效");
        }
        world_stop(&world);
}

/* An address that has had its messages is told, whoever it asks for: nobody waits for nothing. */
static void test_address_without_message(void **state) {
        static const char *const asked[] = { KNOWN, IDENTITY("%E6%B5%8B%E8%AF%95", "990101199001010035") };
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        limit_use_up(*state, 100, 20, "unix");
        for (size_t i = 0; i < ELEMENTSOF(asked); i++) {
                Browser browser = BROWSER;
                static Answer answer;

                browser_get(&world, &browser, "/forgot", &answer);
                step(&world, &browser, "/forgot", asked[i], 429, "过于频繁");
        }
        world_stop(&world);
}

static int use(Store *store, const char *token, int64_t now) {
        Transaction transaction = {};
        int r;

        assert_int_equal(transaction_begin(store, &transaction), 0);
        r = reset_use(store, token, "$y$new", now);
        assert_true(r >= 0);
        assert_int_equal(transaction_commit(&transaction), 0);
        return r;
}

static void make(Store *store, const char *account, Secret **ret) {
        Transaction transaction = {};

        assert_int_equal(transaction_begin(store, &transaction), 0);
        assert_int_equal(reset_new(store, account, T0, ret), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
}

/* threats 110: once, 15 minutes, hashed, dead after any other change of the password */
static void test_right(void **state) {
        Fixture *fixture = *state;
        _cleanup_(statement_freep) Statement *statement = NULL;
        _cleanup_(secret_freep) Secret *first = NULL, *second = NULL, *late = NULL;
        Transaction transaction = {};
        GuardTake take;
        char key[GUARD_KEY_BYTES + 1];

        make(fixture->store, fixture->jia, &late);
        assert_int_equal(use(fixture->store, secret_text(late), T0 + RESET_LIFETIME_SEC),
                         RESET_E_INVALID);
        assert_int_equal(use(fixture->store, "", T0), RESET_E_INVALID);

        assert_int_equal(store_query(fixture->store, &statement,
                                     "SELECT count(*) FROM reset WHERE hash = $1", "t",
                                     secret_text(late)),
                         0);
        assert_int_equal(statement_next(statement), 1);
        assert_int_equal(statement_int(statement, 0), 0);
        statement = statement_free(statement);

        /* five wrong ones: locked */
        assert_int_equal(account_guard_key(fixture->store, "ceshi_jia", fixture->jia, key), 0);
        assert_int_equal(transaction_begin(fixture->store, &transaction), 0);
        for (int i = 0; i < GUARD_TRIES; i++)
                assert_int_equal(guard_take(fixture->store, key, GUARD_CAPTCHA_SOLVED,
                                            &(const Moment){ .wall_sec = T0 }, &take),
                                 0);
        assert_int_equal(transaction_commit(&transaction), 0);

        make(fixture->store, fixture->jia, &first);
        make(fixture->store, fixture->jia, &second);
        assert_int_equal(use(fixture->store, secret_text(first), T0 + 10), 0);
        assert_int_equal(use(fixture->store, secret_text(first), T0 + 10), RESET_E_INVALID);
        assert_int_equal(use(fixture->store, secret_text(second), T0 + 10), RESET_E_INVALID);

        assert_int_equal(transaction_begin(fixture->store, &transaction), 0);
        assert_int_equal(guard_take(fixture->store, key, GUARD_CAPTCHA_NONE,
                                    &(const Moment){ .wall_sec = T0 + 11 }, &take),
                         0);
        assert_int_equal(take.tries_left, GUARD_TRIES - 1);
        assert_int_equal(transaction_commit(&transaction), 0);

        /* the audit has one row of it, with nothing of the password */
        assert_int_equal(store_query(fixture->store, &statement,
                                     "SELECT who, action FROM audit", ""),
                         0);
        assert_int_equal(statement_next(statement), 1);
        assert_string_equal(statement_text(statement, 0), "account:ceshi_jia");
        assert_string_equal(statement_text(statement, 1), "password reset");
        assert_int_equal(statement_next(statement), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_reset),
                UNIT_TEST(test_nobody),
                UNIT_TEST(test_minute),
                UNIT_TEST(test_number_without_message),
                UNIT_TEST(test_address_without_message),
                UNIT_TEST(test_right),
        };

        wire_init_process();
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
