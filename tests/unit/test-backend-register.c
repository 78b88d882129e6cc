/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Registration: codes of the hall, what is typed in two ways, and the pages from consent to login. */

#include "backend/character.h"
#include "backend/clock.h"
#include "backend/model-registration.h"
#include "backend/residence.h"
#include "tests/unit/browser.h"

static Document person(const char *name, const char *number) {
        Document document;

        assert_int_equal(document_parse(name, DOCUMENT_RESIDENT, number, &document),
                         DOCUMENT_FAULT_NONE);
        return document;
}

static char check_digit(const char *number) {
        static const int weights[] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
        int sum = 0;

        for (size_t i = 0; i < ELEMENTSOF(weights); i++)
                sum += weights[i] * (number[i] - '0');
        return "10X98765432"[sum % 11];
}

/* The number of a person of 1999, the @n-th. */
static void number_of(int n, char ret[static 19]) {
        (void)strcpy(ret, "990101199901010000");
        ret[16] = (char)('0' + n % 10);
        ret[17] = check_digit(ret);
}

static void test_documents(void **state _unused_) {
        static const struct {
                const char *name, *typed, *type, *number;
                DocumentFault fault;
                const char *name_out, *number_out;
        } cases[] = {
                { "as it stands in the card", "测试", DOCUMENT_RESIDENT, "99010119790101004X",
                  DOCUMENT_FAULT_NONE, "测试", "99010119790101004X" },
                { "full width, small letter, spaces", "　测试 ", DOCUMENT_RESIDENT,
                  "９９0101 19790101 004x", DOCUMENT_FAULT_NONE, "测试", "99010119790101004X" },
                { "one dot for all dots", "阿•凡提", "passport", "x-99000003", DOCUMENT_FAULT_NONE,
                  "阿·凡提", "X99000003" },
                { "four bytes a character", "𠮷測", "passport", "X99000003", DOCUMENT_FAULT_NONE,
                  "𠮷測", "X99000003" },
                { "a character with a second form", "\uf900", "passport", "X99000003",
                  DOCUMENT_FAULT_NAME, "", "" },
                { "a control character", "a\033[2J", "passport", "X99000003", DOCUMENT_FAULT_NAME,
                  "", "" },
                { "no name", " ", "passport", "X99000003", DOCUMENT_FAULT_NAME, "", "" },
                { "no such document", "测试", "library_card", "1", DOCUMENT_FAULT_TYPE, "测试",
                  "" },
                { "a wrong check character", "测试", DOCUMENT_RESIDENT, "990101197901010041",
                  DOCUMENT_FAULT_NUMBER, "测试", "990101197901010041" },
                { "too short for a passport", "测试", "passport", "X1", DOCUMENT_FAULT_NUMBER,
                  "测试", "X1" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Document document;

                print_message("  %s\n", cases[i].name);
                assert_int_equal(document_parse(cases[i].typed, cases[i].type, cases[i].number,
                                                &document),
                                 cases[i].fault);
                assert_string_equal(document.name, cases[i].name_out);
                assert_string_equal(document.number, cases[i].number_out);
        }
}

static void test_residence(void **state _unused_) {
        const char *code = NULL;
        size_t n = 0;

        while ((code = residence_next("", code)) != NULL)
                n++;
        assert_int_equal(n, 31);
        assert_string_equal(residence_next("11", NULL), "1101");
        assert_string_equal(residence_next("1101", NULL), "110101");
        assert_string_equal(residence_name("440305"), "南山区");
        assert_null(residence_name("999999"));
        assert_null(residence_next("110101", NULL));
}

static const CharacterRadical *radical(const char *form) {
        for (size_t i = 0; i < n_character_radicals; i++)
                if (strcmp(character_radicals[i].form, form) == 0)
                        return &character_radicals[i];
        fail_msg("no radical %s", form);
        return NULL;
}

/* spec.md 4.1: rare characters */
static void test_characters(void **state _unused_) {
        static const struct {
                const char *name, *radical;
                int strokes;
                const char *has, *lacks;
        } cases[] = {
                { "the radical itself", "\u4e00", 0, "\u4e00", "\u4e01" },
                { "four bytes a character", "口", 3, "\U00020bb7", "\U00020b9f" },
                { "another shape of one radical", "氵", 5, "\u6cd5", "\u8bd7" },
                { "a simplified radical is one of its own", "讠", 6, "\u8bd7", "\u8a69" },
                { "and so is its full form", "言", 6, "\u8a69", "\u8bd7" },
        };
        bool seen[215] = {};
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *found = characters_find(radical(cases[i].radical), cases[i].strokes);

                print_message("  %s\n", cases[i].name);
                assert_non_null(found);
                assert_non_null(strstr(found, cases[i].has));
                assert_null(strstr(found, cases[i].lacks));
        }
        assert_null(characters_find(radical("龠"), 30));
        assert_null(characters_find(radical("口"), -1));

        /* whatever is offered can stand in a name, and every radical is offered */
        for (size_t i = 0; i < n_character_radicals; i++) {
                seen[character_radicals[i].number] = true;
                assert_true(i == 0 ||
                            character_radicals[i].strokes >= character_radicals[i - 1].strokes);
                for (int k = -1; (k = characters_strokes_next(k)) >= 0;) {
                        const char *found = characters_find(&character_radicals[i], k);
                        char text[CHARACTER_BYTES + 1];
                        Document document;

                        assert_true(k <= CHARACTER_STROKES_MAX);
                        for (; found && character_next(&found, text) != 0; n++)
                                if (document_parse(text, "", "", &document) == DOCUMENT_FAULT_NAME)
                                        fail_msg("%s is offered", text);
                }
        }
        for (size_t i = 1; i < ELEMENTSOF(seen); i++)
                assert_true(seen[i]);
        assert_true(n > 90000);
}

/* spec.md 4.1 and 4.2 */
static void test_codes(void **state) {
        Fixture *fixture = *state;
        Store *store = fixture->store;
        char number[19], first[REGISTRATION_CODE_CHARS + 1], code[REGISTRATION_CODE_CHARS + 1];
        const int64_t late = T0 + REGISTRATION_CODE_LIFETIME_SEC;
        Transaction transaction = {};
        Document xin, other;
        int64_t wait = 0;

        number_of(1, number);
        xin = person("测试新人", number);
        other = person("测试别人", number);
        fixture_begin(fixture, &transaction);
        assert_int_equal(code_issue(store, &xin, "operator:root", T0, first), 0);
        assert_int_equal(code_issue(store, &xin, "operator:root", T0, code), 0);
        assert_int_equal(strspn(code, "34679ACDEFGHJKMNPQRTWXY"), REGISTRATION_CODE_CHARS);
        assert_int_equal(registration_check(store, first, &xin, "a", "s", T0, &wait),
                         REGISTRATION_E_REVOKED);
        assert_int_equal(registration_check(store, code, &xin, "a", "s", late - 1, &wait), 0);
        assert_int_equal(registration_check(store, code, &other, "a", "s", late - 1, &wait),
                         REGISTRATION_E_WRONG);
        assert_int_equal(registration_check(store, "------", &xin, "a", "s", late - 1, &wait),
                         REGISTRATION_E_WRONG);
        assert_int_equal(registration_check(store, code, &xin, "a", "s", late, &wait),
                         REGISTRATION_E_EXPIRED);
        assert_int_equal(code_revoke(store, code, T0), 0);
        assert_int_equal(code_revoke(store, code, T0), REGISTRATION_E_REVOKED);
        assert_int_equal(code_revoke(store, "ZZZZZZ", T0), REGISTRATION_E_WRONG);
        for (int i = 0; i < REGISTRATION_CHECKS_PER_SESSION; i++)
                assert_int_equal(registration_check(store, "ZZZZZZ", &xin, "b", "t", T0, &wait),
                                 REGISTRATION_E_WRONG);
        assert_int_equal(registration_check(store, code, &xin, "b", "t", T0, &wait),
                         REGISTRATION_E_OVER);
        assert_int_equal(wait, 3600);
        xin = person("测试", "990101199001010019");
        assert_int_equal(code_issue(store, &xin, "operator:root", T0, code),
                         REGISTRATION_E_DOCUMENT);
        assert_int_equal(transaction_commit(&transaction), 0);
}

/* threats 111 */
static void test_one_name(void **state) {
        static const struct {
                const char *login, *why;
                int expected;
        } cases[] = {
                { "ceshi_xin", "the first one of this name", 0 },
                { "Ceshi_Xin", "it differs in case", REGISTRATION_E_NAME },
                { "CESHI_JIA", "it differs in case from one that was not registered here",
                  REGISTRATION_E_NAME },
                { "cesh1_xin", "1 for i", REGISTRATION_E_NAME },
                { "ceshI_xln", "I and l for i", REGISTRATION_E_NAME },
                { "ceshi_xino", "another letter behind it", 0 },
                { "ceshi_xin0", "0 for o", REGISTRATION_E_NAME },
                { "ceshi_xin\u3007", "the Chinese zero for o", REGISTRATION_E_NAME },
                { "l99OOOOOO99", "a mobile number in letters", REGISTRATION_E_NAME },
                { "ceshi__xin", "two lines for one", 0 },
        };
        Fixture *fixture = *state;
        Store *store = fixture->store;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char number[19], mobile[12], code[REGISTRATION_CODE_CHARS + 1],
                        id[RANDOM_ID_BYTES + 1];
                Transaction transaction = {};
                Document document;

                number_of((int)i + 1, number);
                print_message("  %s: %s\n", cases[i].login, cases[i].why);
                (void)snprintf(mobile, sizeof(mobile), "199000001%02zu", i);
                document = person("测试新人", number);
                fixture_begin(fixture, &transaction);
                assert_int_equal(code_issue(store, &document, "operator:root", T0, code), 0);
                const Registration registration = { .code = code,
                                                    .document = &document,
                                                    .login_name = cases[i].login,
                                                    .mobile = mobile,
                                                    .password_hash = "hash",
                                                    .residence = "110101",
                                                    .consented_at = T0 };
                assert_int_equal(registration_do(store, &registration, T0, id),
                                 cases[i].expected);
                if (i == 0)
                        assert_int_equal(registration_do(store, &registration, T0, id),
                                         REGISTRATION_E_USED);
                assert_int_equal(transaction_commit(&transaction), 0);
        }
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM account"), 5);
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM registration_code"
                                                 " WHERE used_at > 0"),
                         3);
        assert_int_equal(fixture_number(fixture,
                                        "SELECT COUNT(*) FROM audit WHERE action = 'register'"),
                         3);
}

static void post(World *world, Browser *browser, const char *path, const char *form, long status,
                 const char *part) {
        static Answer answer;

        browser_post(world, browser, path, form, &answer);
        if (answer.status != status || !strstr(answer.body, part))
                fail_msg("%s %s: %ld %s", path, form, answer.status, answer.body);
}

/* The code in the newest message; the messages are sent by a thread of the server's. */
static void sent_code(World *world, char ret[static 7]) {
        const struct timespec pause = { .tv_nsec = 5000000 };

        for (int i = 0; i < 4000; i++) {
                struct dirent *entry;
                DIR *dir = opendir(world->outbox);

                while (dir && (entry = readdir(dir)) != NULL) {
                        char path[400], text[1024] = "", *at;
                        FILE *file;

                        if (entry->d_name[0] == '.')
                                continue;
                        (void)snprintf(path, sizeof(path), "%s/%s", world->outbox, entry->d_name);
                        file = fopen(path, "re");
                        if (!file)
                                continue;
                        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
                        (void)fclose(file);
                        at = strstr(text, "验证码：");
                        if (!at)
                                continue;
                        (void)snprintf(ret, 7, "%.6s", at + strlen("验证码："));
                        (void)closedir(dir);
                        return;
                }
                if (dir)
                        (void)closedir(dir);
                (void)nanosleep(&pause, NULL);
        }
        fail_msg("no message");
}

static void test_pages(void **state) {
        Fixture *fixture = *state;
        char number[19], code[REGISTRATION_CODE_CHARS + 1], sms[7], form[512];
        Browser browser = BROWSER;
        Transaction transaction = {};
        static Answer answer;
        Document document;
        World world;

        number_of(5, number);
        document = person("𠮷测", number);
        world_prepare(fixture, PHASE_RELATION, &world);
        fixture_begin(fixture, &transaction);
        assert_int_equal(code_issue(fixture->store, &document, "operator:root", clock_wall_sec(),
                                    code),
                         0);
        assert_int_equal(transaction_commit(&transaction), 0);
        world_start(&world);

        browser_get(&world, &browser, "/register", &answer);
        assert_int_equal(answer.status, 200);
        post(&world, &browser, "/register/identity", "code=AAAAAA", 403, "重新开始");
        post(&world, &browser, "/register", "", 403, "勾选同意");
        post(&world, &browser, "/register", "consent=1", 200, "第2步");
        post(&world, &browser, "/register/identity", "code=ABC&find=1&radical=30&strokes=3", 200,
             "value=\"\U00020bb7\" title=\"U+20BB7\"");
        post(&world, &browser, "/register/identity", "radical=30&find=1", 200, "部首以外的笔画数");
        post(&world, &browser, "/register/identity", "radical=30s&strokes=1&find=1", 200,
             "请选择部首");
        post(&world, &browser, "/register/identity", "radical=214&strokes=29&find=1", 200,
             "没有这样的字");
        post(&world, &browser, "/register/identity",
             "code=ABC&name=%E6%B5%8B&pick=%F0%A0%AE%B7&radical=30&strokes=3", 200,
             "value=\"测\U00020bb7\"");
        (void)snprintf(form, sizeof(form),
                       "code=ZZZZZZ&name=%%F0%%A0%%AE%%B7%%E6%%B5%%8B&type=" DOCUMENT_RESIDENT
                       "&number=%s",
                       number);
        post(&world, &browser, "/register/identity", form, 403, "不符");
        (void)snprintf(form, sizeof(form),
                       "code=%s&name=%%F0%%A0%%AE%%B7%%E6%%B5%%8B&type=" DOCUMENT_RESIDENT
                       "&number=990101199913010015",
                       code);
        post(&world, &browser, "/register/identity", form, 403, "出生日期有误");
        (void)snprintf(form, sizeof(form),
                       "code=%s&name=%%F0%%A0%%AE%%B7%%E6%%B5%%8B&type=" DOCUMENT_RESIDENT
                       "&number=%s",
                       code, number);
        post(&world, &browser, "/register/identity", form, 200, "第3步");
        post(&world, &browser, "/register/contact", "places=1&province=44", 200, "深圳市");
        post(&world, &browser, "/register/contact", "places=1&province=44&city=4403", 200,
             "南山区");
        post(&world, &browser, "/register/contact",
             "province=44&city=4403&county=110101&mobile=19900000055", 403, "请选择户籍");
        post(&world, &browser, "/register/contact",
             "province=44&city=4403&county=440305&mobile=199", 403, "手机号码有误");
        post(&world, &browser, "/register/contact",
             "province=44&city=4403&county=440305&mobile=19900000055", 200, "第4步");
        browser_post(&world, &browser, "/register/again", "", &answer);
        assert_int_equal(answer.status, 429);
        assert_non_null(strstr(answer.body, "过于频繁"));
        assert_non_null(strcasestr(answer.headers, "\r\nRetry-After: "));
        sent_code(&world, sms);
        post(&world, &browser, "/register/account",
             "sms=1&login=ceshi_geng&password=Geng-pass5&repeated=Geng-pass5", 403, "验证码错误");
        (void)snprintf(form, sizeof(form),
                       "sms=%s&login=CESHI_JIA&password=Geng-pass5&repeated=Geng-pass5", sms);
        post(&world, &browser, "/register/account", form, 403, "已被使用");
        post(&world, &browser, "/register/account",
             "login=ceshi_geng&password=short&repeated=short", 403, "role=\"alert\"");
        post(&world, &browser, "/register/account",
             "login=ceshi_geng&password=Geng-pass5&repeated=Geng-pass6", 403, "不一致");
        post(&world, &browser, "/register/account",
             "login=ceshi_geng&password=Geng-pass5&repeated=Geng-pass5", 200, "注册成功");
        post(&world, &browser, "/register/account",
             "login=ceshi_geng&password=Geng-pass5&repeated=Geng-pass5", 403, "重新开始");

        /* all names log in, and the name is as it was typed */
        browser_login(&world, &browser, "ceshi_geng", "Geng-pass5");
        browser = (Browser)BROWSER;
        browser_login(&world, &browser, "19900000055", "Geng-pass5");
        browser = (Browser)BROWSER;
        browser_login(&world, &browser, number, "Geng-pass5");
        browser_get(&world, &browser, "/me", &answer);
        assert_non_null(strstr(answer.body, "𠮷测"));
        world_stop(&world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_documents),
                cmocka_unit_test(test_residence),
                cmocka_unit_test(test_characters),
                UNIT_TEST(test_codes),
                UNIT_TEST(test_one_name),
                UNIT_TEST(test_pages),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
