/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What all pages share: markup, sessions of browsers, forms that only our own pages can send. */

#include <errno.h>

#include "backend/clock.h"
#include "backend/html.h"
#include "backend/model-login.h"
#include "backend/model-web.h"
#include "backend/web.h"
#include "tests/unit/browser.h"

/* threats 108 */
static void test_escaped(void **state _unused_) {
        static const struct {
                const char *name, *text, *expected;
        } cases[] = {
                { "plain text stays", "测试 abc", "测试 abc" },
                { "an element is text", "<script>alert(1)</script>",
                  "&lt;script&gt;alert(1)&lt;/script&gt;" },
                { "both quotes stay in the attribute", "\" onload='x", "&quot; onload=&#39;x" },
                { "an entity is not one", "&lt;", "&amp;lt;" },
                { "a backtick ends no attribute", "`x`", "&#96;x&#96;" },
                { "nothing is nothing", NULL, "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(secret_freep) Secret *text = NULL;
                Html html;

                print_message("  %s\n", cases[i].name);
                html_init(&html, 4096, false);
                html_print(&html, "<%s>", cases[i].text);
                text = html_take(&html);
                assert_non_null(text);
                assert_int_equal(secret_size(text), strlen(cases[i].expected) + 2);
                assert_memory_equal(secret_text(text) + 1, cases[i].expected,
                                    strlen(cases[i].expected));
        }
}

static void test_markup(void **state _unused_) {
        _cleanup_(secret_freep) Secret *text = NULL;
        Html html;

        html_init(&html, 4096, true);
        html_print(&html, "%d%% %s", INT64_C(-7), html_words(&html, "是", "yes"));
        text = html_take(&html);
        assert_string_equal(secret_text(text), "-7% yes");

        /* the first failure sticks */
        html_init(&html, 16, false);
        html_print(&html, "0123456789");
        html_print(&html, "0123456789");
        html_print(&html, "a");
        assert_null(html_take(&html));
        html_init(&html, 16, false);
        html_print(&html, "%q");
        assert_null(html_take(&html));

        /* it grows as far as it may */
        html_init(&html, 100000, false);
        for (int i = 0; i < 10000; i++)
                html_print(&html, "%s", &"123456789<"[i % 10]);
        assert_int_equal(html.error, 0);
        html_done(&html);
}

static void test_paths(void **state _unused_) {
        static const struct {
                const char *name, *path;
                bool ours;
        } cases[] = {
                { "a page", "/me", true },
                { "a page with a code", "/Q/K7Q39X4P", true },
                { "a page with arguments", "/me?before=1.a&lang=en", true },
                { "another host", "https://example.org/me", false },
                { "another host without scheme", "//example.org/me", false },
                { "what a browser takes for that", "/\\example.org", false },
                { "a tab, which a browser cuts out", "/\t/example.org", false },
                { "a line more", "/me\r\nX: y", false },
                { "no page", "/nothing", false },
                { "no page but an answer for programs", "/healthz", false },
                { "nothing", "", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (web_path_is_ours(cases[i].path) != cases[i].ours)
                        fail_msg("%s", cases[i].name);
}

static void test_cookie(void **state) {
        Fixture *fixture = *state;
        WebSession session, found;
        char csrf[HASH_HEX_BYTES + 1], other[HASH_HEX_BYTES + 1];

        assert_int_equal(web_session_new(fixture->store, T0, &session), -ENOKEY);
        assert_int_equal(web_key_prepare(fixture->store), 0);
        assert_int_equal(web_key_prepare(fixture->store), 0);
        assert_int_equal(web_session_new(fixture->store, T0, &session), 0);
        assert_true(session.set);

        assert_int_equal(web_session_find(fixture->store, session.cookie, T0 + 5, &found), 0);
        assert_string_equal(found.hash, session.hash);
        assert_string_equal(found.account_id, "");
        assert_false(found.set);
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM web_session"), 0);

        /* made up, changed, too old, of a future */
        assert_int_equal(web_session_find(fixture->store, "abc", T0, &found), WEB_E_INVALID);
        assert_int_equal(web_session_find(fixture->store, session.cookie, T0 + WEB_LIFETIME_SEC,
                                          &found),
                         WEB_E_INVALID);
        assert_int_equal(web_session_find(fixture->store, session.cookie, T0 - 60, &found),
                         WEB_E_INVALID);
        for (size_t i = 0; i < strlen(session.cookie); i += 7) {
                char changed[WEB_COOKIE_BYTES + 1];

                (void)strcpy(changed, session.cookie);
                changed[i] = changed[i] == '1' ? '2' : '1';
                assert_int_equal(web_session_find(fixture->store, changed, T0, &found),
                                 WEB_E_INVALID);
        }

        assert_int_equal(web_csrf(fixture->store, &session, csrf), 0);
        assert_int_equal(web_session_new(fixture->store, T0, &found), 0);
        assert_string_not_equal(found.cookie, session.cookie);
        assert_int_equal(web_csrf(fixture->store, &found, other), 0);
        assert_string_not_equal(csrf, other);
}

/* threats 107 */
static void test_session(void **state) {
        Fixture *fixture = *state;
        WebSession before, session, found;
        Transaction transaction = {};

        assert_int_equal(web_key_prepare(fixture->store), 0);
        assert_int_equal(web_session_new(fixture->store, T0, &before), 0);
        session = before;
        fixture_begin(fixture, &transaction);
        assert_int_equal(web_session_login(fixture->store, fixture->jia, T0, &session), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
        assert_string_not_equal(session.cookie, before.cookie);

        assert_int_equal(web_session_find(fixture->store, before.cookie, T0, &found), 0);
        assert_string_equal(found.account_id, "");
        assert_int_equal(web_session_find(fixture->store, session.cookie, T0, &found), 0);
        assert_string_equal(found.account_id, fixture->jia);
        assert_string_equal(found.name, "测试");

        /* seen every ten minutes it lives on; after fifteen without it does not */
        for (int64_t at = T0; at < T0 + 3600; at += 600) {
                assert_int_equal(web_session_find(fixture->store, session.cookie, at, &found), 0);
                assert_string_equal(found.account_id, fixture->jia);
        }
        assert_int_equal(web_session_find(fixture->store, session.cookie,
                                          T0 + 3000 + WEB_IDLE_SEC, &found),
                         0);
        assert_string_equal(found.account_id, "");

        fixture_begin(fixture, &transaction);
        assert_int_equal(web_session_login(fixture->store, fixture->jia, T0 + 4000, &session), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
        for (int64_t at = T0 + 4000; at < T0 + 4000 + WEB_LIFETIME_SEC; at += 800)
                assert_int_equal(web_session_find(fixture->store, session.cookie, at, &found), 0);
        assert_string_equal(found.account_id, fixture->jia);
        assert_int_equal(web_session_find(fixture->store, session.cookie,
                                          T0 + 4000 + WEB_LIFETIME_SEC, &found),
                         WEB_E_INVALID);

        /* of an account that is disabled it is nobody's; it is gone at the next purge */
        fixture_begin(fixture, &transaction);
        assert_int_equal(web_session_login(fixture->store, fixture->jia, T0, &session), 0);
        assert_int_equal(account_set_disabled(fixture->store, fixture->jia, 1), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
        assert_int_equal(web_session_find(fixture->store, session.cookie, T0, &found), 0);
        assert_string_equal(found.account_id, "");
        assert_int_equal(session_purge(fixture->store, T0 + 2 * WEB_LIFETIME_SEC), 0);
        assert_int_equal(fixture_number(fixture, "SELECT COUNT(*) FROM web_session"), 0);
}

static void test_flow(void **state) {
        _cleanup_(secret_freep) Secret *data = NULL, *kept = NULL, *large = NULL;
        Fixture *fixture = *state;
        Transaction transaction = {};
        WebSession session;

        assert_int_equal(web_key_prepare(fixture->store), 0);
        assert_int_equal(web_session_new(fixture->store, T0, &session), 0);
        assert_int_equal(secret_new_from("a=1&b=2", 7, &data), 0);
        assert_int_equal(web_session_flow(fixture->store, session.hash, "reset", T0, &kept), 0);
        assert_null(kept);

        fixture_begin(fixture, &transaction);
        assert_int_equal(web_session_flow_set(fixture->store, session.hash, "reset", data, T0), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
        assert_int_equal(web_session_flow(fixture->store, session.hash, "register", T0, &kept), 0);
        assert_null(kept);
        assert_int_equal(web_session_flow(fixture->store, session.hash, "reset",
                                          T0 + WEB_IDLE_SEC, &kept),
                         0);
        assert_null(kept);
        assert_int_equal(web_session_flow(fixture->store, session.hash, "reset", T0, &kept), 0);
        assert_string_equal(secret_text(kept), "a=1&b=2");
        kept = secret_free(kept);

        assert_int_equal(secret_new(WEB_FLOW_BYTES_MAX + 1, &large), 0);
        for (int i = 0; i <= WEB_FLOW_BYTES_MAX; i++)
                assert_int_equal(secret_append(large, "x", 1), 0);
        fixture_begin(fixture, &transaction);
        assert_int_equal(web_session_flow_set(fixture->store, session.hash, "reset", large, T0),
                         -EMSGSIZE);
        assert_int_equal(web_session_flow_set(fixture->store, session.hash, "reset", NULL, T0), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
        assert_int_equal(web_session_flow(fixture->store, session.hash, "reset", T0, &kept), 0);
        assert_null(kept);
}

/* threats 106 */
static void test_forms(void **state) {
        static const struct {
                const char *name, *origin, *header;
                bool cookie, csrf;
                long status;
        } cases[] = {
                { "as our own page sends it", ISSUER, NULL, true, true, 303 },
                { "without Origin, but known to be ours", NULL, "Sec-Fetch-Site: same-origin", true,
                  true, 303 },
                { "without csrf", ISSUER, NULL, true, false, 403 },
                { "without a session", ISSUER, NULL, false, true, 403 },
                { "without Origin", NULL, NULL, true, true, 403 },
                { "from another origin", "http://localhost.example.org", NULL, true, true, 403 },
                { "from another scheme", "https://localhost", NULL, true, true, 403 },
                { "from an origin that is hidden", "null", NULL, true, true, 403 },
                { "from another site", NULL, "Sec-Fetch-Site: cross-site", true, true, 403 },
                { "from a sibling", NULL, "Sec-Fetch-Site: same-site", true, true, 403 },
                { "typed in the address", NULL, "Sec-Fetch-Site: none", true, true, 403 },
                { "an origin that contradicts itself", ISSUER, "Sec-Fetch-Site: cross-site", true,
                  true, 403 },
        };
        static Answer answer;
        World world;

        world_begin(*state, PHASE_NONE, &world);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Browser browser = BROWSER;

                browser_get(&world, &browser, "/login", &answer);
                browser.origin = cases[i].origin;
                browser.header = cases[i].header;
                if (!cases[i].cookie)
                        browser.cookie[0] = '\0';
                if (!cases[i].csrf)
                        browser.csrf[0] = '\0';
                browser_post(&world, &browser, "/logout", "", &answer);
                if (answer.status != cases[i].status)
                        fail_msg("%s: %ld", cases[i].name, answer.status);
        }

        Browser one = BROWSER, other = BROWSER;

        /* another browser's csrf, a changed one, not as a form, by GET */
        browser_get(&world, &one, "/login", &answer);
        browser_get(&world, &other, "/login", &answer);
        (void)strcpy(one.csrf, other.csrf);
        browser_post(&world, &one, "/logout", "", &answer);
        assert_int_equal(answer.status, 403);
        assert_non_null(strstr(answer.body, "请重新提交"));
        other.header = "Content-Type: text/plain";
        browser_post(&world, &other, "/logout", "", &answer);
        assert_int_equal(answer.status, 400);
        other.header = NULL;
        browser_get(&world, &other, "/logout", &answer);
        assert_int_equal(answer.status, 405);
        browser_get(&world, &other, "/me/end", &answer);
        assert_int_equal(answer.status, 405);
        world_stop(&world);
}

static void test_frame(void **state) {
        static const char *const headers[] = {
                "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self';"
                " img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none';"
                " frame-ancestors 'none'\r\n",
                "X-Frame-Options: DENY\r\n",
                "X-Content-Type-Options: nosniff\r\n",
                "Referrer-Policy: same-origin\r\n",
                "Cross-Origin-Opener-Policy: same-origin\r\n",
                "Cache-Control: no-store\r\n",
        };
        Browser browser = BROWSER;
        static Answer answer;
        World world;

        world_begin(*state, PHASE_NONE, &world);
        browser_get(&world, &browser, "/", &answer);
        for (size_t i = 0; i < ELEMENTSOF(headers); i++) /* threats 108, 109 */
                if (!strstr(answer.headers, headers[i]))
                        fail_msg("no %s in %s", headers[i], answer.headers);
        assert_null(strstr(answer.headers, "Set-Cookie"));
        assert_null(strstr(answer.body, "style="));

        browser_get(&world, &browser, "/login", &answer);
        assert_non_null(strstr(answer.headers, "Set-Cookie: __Host-itax="));
        assert_non_null(strstr(answer.headers, "; Path=/; Secure; HttpOnly; SameSite=Lax\r\n"));

        /* an address that is none: a page for a browser, a problem for a program */
        browser_get(&world, &browser, "/nothing", &answer);
        assert_int_equal(answer.status, 404);
        assert_non_null(strstr(answer.body, "没有此页面"));
        browser.header = "Accept: application/json";
        browser_get(&world, &browser, "/nothing", &answer);
        assert_int_equal(answer.status, 404);
        world_stop(&world);
}

static void test_language(void **state) {
        static const struct {
                const char *name, *path, *header;
                bool cookie, english;
        } cases[] = {
                { "Chinese without a wish", "/", NULL, false, false },
                { "Chinese among others", "/", "Accept-Language: en-US,en;q=0.9,zh;q=0.1", false,
                  false },
                { "Chinese of any kind", "/", "Accept-Language: en, zh-TW", false, false },
                { "none of it", "/", "Accept-Language: de-DE, en;q=0.5", false, true },
                { "anything", "/", "Accept-Language: *", false, false },
                { "as switched", "/?lang=en", "Accept-Language: zh", false, true },
                { "as remembered", "/", "Accept-Language: zh", true, true },
                { "switched back", "/?lang=zh", NULL, true, false },
                { "no language of ours", "/?lang=%22%3E", NULL, false, false },
        };
        static Answer answer;
        World world;

        world_begin(*state, PHASE_NONE, &world);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Browser browser = { .header = cases[i].header, .english = cases[i].cookie };

                browser_get(&world, &browser, cases[i].path, &answer);
                if (!strstr(answer.body,
                            cases[i].english ? "<html lang=\"en\">" : "<html lang=\"zh-CN\">"))
                        fail_msg("%s: %s", cases[i].name, answer.body);
        }

        Browser browser = {};

        browser_get(&world, &browser, "/?lang=en", &answer);
        assert_non_null(strstr(answer.headers, "Set-Cookie: lang=en; Path=/"));
        browser_get(&world, &browser, "/Q?code=%22%3Cx&lang=en", &answer);
        assert_non_null(strstr(answer.body, "href=\"?code=%22%3Cx&amp;lang=zh\""));
        browser_get(&world, &browser, "/Q/%22%3Cb%3E", &answer);
        assert_null(strstr(answer.body, "<b>"));
        world_stop(&world);
}

static void test_assets(void **state) {
        Browser browser = BROWSER;
        static Answer answer;
        char path[64], header[96];
        World world;

        world_begin(*state, PHASE_NONE, &world);
        browser_get(&world, &browser, "/", &answer);
        answer_between(&answer, "rel=\"stylesheet\" href=\"", "\"", path, sizeof(path));
        browser_get(&world, &browser, path, &answer);
        assert_int_equal(answer.status, 200);
        assert_true(answer.n_body > 1000);
        assert_non_null(strstr(answer.headers, "Content-Type: text/css; charset=utf-8\r\n"));
        assert_non_null(strstr(answer.headers, "X-Content-Type-Options: nosniff\r\n"));
        assert_non_null(strstr(answer.headers, "immutable"));

        browser_get(&world, &browser, "/s/style.css", &answer);
        assert_non_null(strstr(answer.headers, "Cache-Control: no-cache\r\n"));
        (void)snprintf(header, sizeof(header), "If-None-Match: %.*s",
                       (int)strcspn(strstr(answer.headers, "ETag: ") + 6, "\r"),
                       strstr(answer.headers, "ETag: ") + 6);
        browser.header = header;
        browser_get(&world, &browser, "/s/style.css", &answer);
        assert_int_equal(answer.status, 304);
        assert_int_equal(answer.n_body, 0);
        browser_get(&world, &browser, "/s/nothing.css", &answer);
        assert_int_equal(answer.status, 404);
        browser_get(&world, &browser, "/s/..%2Fhtml.c", &answer);
        assert_int_equal(answer.status, 404);
        world_stop(&world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_escaped), cmocka_unit_test(test_markup),
                cmocka_unit_test(test_paths),   UNIT_TEST(test_cookie),
                UNIT_TEST(test_session),        UNIT_TEST(test_flow),
                UNIT_TEST(test_forms),          UNIT_TEST(test_frame),
                UNIT_TEST(test_language),       UNIT_TEST(test_assets),
        };

        wire_init_process();
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
