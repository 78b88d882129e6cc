/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bodies, headers and proofs: known answers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/platform/body.h"

static void test_body_leaves_out_what_is_not_there(void **state) {
        _cleanup_(secret_freep) Secret *body = NULL, *password = NULL;

        (void)state;
        assert_int_equal(secret_new_from("p&=", 3, &password), 0);
        const BodyField fields[] = {
                { "a", NULL, NULL },
                { "b", "x y", NULL },
                { "c", NULL, password },
                { "d", "", NULL },
        };

        assert_int_equal(body_new(fields, ELEMENTSOF(fields), &body), 0);
        assert_string_equal(secret_text(body), "b=x+y&c=p%26%3D&d=");
}

static void test_body_without_fields(void **state) {
        _cleanup_(secret_freep) Secret *body = NULL;

        (void)state;
        assert_int_equal(body_new(NULL, 0, &body), 0);
        assert_int_equal(secret_size(body), 0);
}

/* RFC 6749 section 2.3.1: each part is form encoded before both are joined. */
static void test_basic(void **state) {
        _cleanup_(secret_freep) Secret *line = NULL, *secret = NULL;

        (void)state;
        assert_int_equal(secret_new_from("7Fjfp0ZBr1KtDRbnfVdmIw", 22, &secret), 0);
        assert_int_equal(authorization_new_basic("s6BhdRkqt3", secret, &line), 0);
        assert_string_equal(secret_text(line), /* the example of that section */
                            "Authorization: Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
}

static void test_bearer(void **state) {
        _cleanup_(secret_freep) Secret *line = NULL, *token = NULL;

        (void)state;
        assert_int_equal(secret_new_from("mF_9.B5f-4.1JqM", 15, &token), 0);
        assert_int_equal(authorization_new_bearer(token, &line), 0);
        assert_string_equal(secret_text(line), "Authorization: Bearer mF_9.B5f-4.1JqM");
}

/* RFC 7636 appendix B */
static void test_pkce_challenge(void **state) {
        static const char text[] = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        _cleanup_(secret_freep) Secret *verifier = NULL;
        char challenge[PKCE_TEXT_BYTES + 1];

        (void)state;
        assert_int_equal(secret_new_from(text, strlen(text), &verifier), 0);
        assert_int_equal(pkce_challenge(verifier, challenge), 0);
        assert_string_equal(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static void test_pkce_verifiers_differ(void **state) {
        _cleanup_(secret_freep) Secret *a = NULL, *b = NULL;

        (void)state;
        assert_int_equal(pkce_new(&a), 0);
        assert_int_equal(pkce_new(&b), 0);
        assert_int_equal(secret_size(a), PKCE_TEXT_BYTES);
        assert_int_equal(strspn(secret_text(a), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                         PKCE_TEXT_BYTES);
        assert_false(secret_equal(a, b));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_body_leaves_out_what_is_not_there),
                cmocka_unit_test(test_body_without_fields),
                cmocka_unit_test(test_basic),
                cmocka_unit_test(test_bearer),
                cmocka_unit_test(test_pkce_challenge),
                cmocka_unit_test(test_pkce_verifiers_differ),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
