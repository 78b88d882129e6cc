/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A QR login in a browser: who sees what, and what changes it. */

#include "backend/model-device.h"
#include "tests/unit/browser.h"

#define JIA "ceshi_jia"
#define BING "Ceshi_Bing"

static char path[64];

static const char *at(const WireDeviceAnswer *device, const char *deed) {
        (void)snprintf(path, sizeof(path), "/Q/%s%s", device->user_code, deed);
        return path;
}

static void look(World *world, Browser *browser, const WireDeviceAnswer *device, long status,
                 const char *part) {
        static Answer answer;

        browser_get(world, browser, at(device, ""), &answer);
        if (answer.status != status || !strstr(answer.body, part))
                fail_msg("%s: %ld %s", path, answer.status, answer.body);
}

static void deed(World *world, Browser *browser, const WireDeviceAnswer *device, const char *what,
                 long status, const char *part) {
        static Answer answer;

        browser_post(world, browser, at(device, what), "", &answer);
        if (answer.status != status || !strstr(answer.body, part))
                fail_msg("%s: %ld %s", path, answer.status, answer.body);
}

/* Looking changes nothing; "scanned" is told at once; only the person's word confirms, once. */
static void test_confirm(void **state) {
        Browser browser = BROWSER, stranger = BROWSER;
        WireDeviceAnswer device = {};
        static Answer answer;
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        device_begin(&world, "&host=%3Cws01%3E&service=login&terminal=tty1&remote_host=pc7", &device);

        /* threats 114: the same page for a code that there is and one that nobody has */
        look(&world, &stranger, &device, 200, "登录后查看");
        browser_get(&world, &stranger, at(&device, ""), &answer);
        assert_null(strstr(answer.body, "ws01"));

        browser_login(&world, &browser, JIA, "Jia-pass1");
        /* threats 55 */
        for (int i = 0; i < 5; i++)
                look(&world, &browser, &device, 200, "<dd>&lt;ws01&gt;</dd>");
        poll_device(&world, &device, "", 400, "\"state\":\"pending\"");

        deed(&world, &browser, &device, "/scan", 303, "");
        poll_device(&world, &device, "&wait=1&seen=pending", 400, "\"state\":\"scanned\"");
        look(&world, &browser, &device, 200, "<dd>pc7</dd>");

        deed(&world, &browser, &device, "/confirm", 200, "已确认登录");
        deed(&world, &browser, &device, "/confirm", 409, "此登录已处理");
        deed(&world, &browser, &device, "/refuse", 409, "此登录已处理");
        poll_device(&world, &device, "&wait=1&seen=scanned", 200, "access_token");
        look(&world, &browser, &device, 409, "此登录已处理");
        wire_device_answer_done(&device);
        world_stop(&world);
}

static void test_refuse(void **state) {
        Browser browser = { .origin = ISSUER, .english = true };
        WireDeviceAnswer device = {};
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        device_begin(&world, "&host=ws01", &device);
        browser_login(&world, &browser, JIA, "Jia-pass1");
        look(&world, &browser, &device, 200, "Is it you who logs in?");
        deed(&world, &browser, &device, "/refuse", 200, "Login refused");
        poll_device(&world, &device, "", 400, "access_denied");
        deed(&world, &browser, &device, "/confirm", 409, "Already decided");
        wire_device_answer_done(&device);
        world_stop(&world);
}

/* threats 60: the digits are shown once, to who confirmed */
static void test_digits(void **state) {
        Browser browser = BROWSER;
        WireDeviceAnswer device = {};
        static Answer answer;
        char digits[16], more[64];
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        device_begin(&world, "&host=ws01&binding=digits", &device);
        browser_login(&world, &browser, JIA, "Jia-pass1");
        look(&world, &browser, &device, 200, "ws01");
        browser_post(&world, &browser, at(&device, "/confirm"), "", &answer);
        assert_int_equal(answer.status, 200);
        answer_between(&answer, "<p class=\"big\">", "</p>", digits, sizeof(digits));
        assert_int_equal(strlen(digits), LIMIT_DIGITS);
        (void)snprintf(more, sizeof(more), "&digits=%s", digits);
        poll_device(&world, &device, more, 200, "access_token");
        wire_device_answer_done(&device);
        world_stop(&world);
}

/* threats 114, 57: what was begun for another is no other page than what there is not; and who says
 * yes to it ends it */
static void test_another(void **state) {
        Browser browser = BROWSER;
        WireDeviceAnswer device = {};
        static Answer another, none;
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        device_begin(&world, "&host=ws01&login_hint=ceshi_jia", &device);
        browser_login(&world, &browser, BING, "Bing-pass3");
        browser_get(&world, &browser, at(&device, "?lang=zh"), &another);
        browser_get(&world, &browser, "/Q/AAAAAAAA?lang=zh", &none);
        assert_int_equal(another.status, 404);
        assert_int_equal(none.status, 404);
        assert_string_equal(another.body, none.body);

        browser_get(&world, &browser, "/me", &none);
        deed(&world, &browser, &device, "/confirm", 404, "没有这个登录请求");
        poll_device(&world, &device, "", 400, "wrong_person");
        wire_device_answer_done(&device);
        world_stop(&world);
}

/* threats 106: nothing without a session of a person, the csrf field, and our origin */
static void test_forged(void **state) {
        static const char *const deeds[] = { "/scan", "/confirm", "/refuse" };
        Browser browser = BROWSER, forged;
        WireDeviceAnswer device = {};
        static Answer answer;
        World world;

        world_begin(*state, PHASE_RELATION, &world);
        device_begin(&world, "&host=ws01", &device);
        browser_login(&world, &browser, JIA, "Jia-pass1");
        look(&world, &browser, &device, 200, "ws01");

        for (size_t i = 0; i < ELEMENTSOF(deeds); i++) {
                browser_get(&world, &browser, at(&device, deeds[i]), &answer);
                assert_int_equal(answer.status, 405);

                forged = browser;
                forged.csrf[0] = '\0';
                deed(&world, &forged, &device, deeds[i], 403, "");
                forged = browser;
                forged.csrf[0] = forged.csrf[0] == 'a' ? 'b' : 'a';
                deed(&world, &forged, &device, deeds[i], 403, "");
                forged = browser;
                forged.origin = "https://example.org";
                deed(&world, &forged, &device, deeds[i], 403, "");
                forged = browser;
                forged.origin = NULL;
                deed(&world, &forged, &device, deeds[i], 403, "");
                forged = (Browser)BROWSER;
                deed(&world, &forged, &device, deeds[i], 403, "");
        }
        poll_device(&world, &device, "", 400, "\"state\":\"pending\"");
        wire_device_answer_done(&device);
        world_stop(&world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_confirm), UNIT_TEST(test_refuse), UNIT_TEST(test_digits),
                UNIT_TEST(test_another), UNIT_TEST(test_forged),
        };

        wire_init_process();
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
