/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Form bodies: what is written, what is read back, what is refused. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/common/form.h"

static Secret *secret_of(const char *bytes, size_t n) {
        Secret *secret = NULL;

        assert_int_equal(secret_new_from(bytes, n, &secret), 0);
        return secret;
}

typedef struct DecodeCase {
        const char *sentence;
        const char *body;
        size_t n_body; /* 0: strlen() */
        int result;
        size_t n_fields;
        const char *name, *value;
} DecodeCase;

static const DecodeCase decode_cases[] = {
        { "an empty body has no fields", "", 0, 0, 0, "a", NULL },
        { "one field", "a=b", 0, 0, 1, "a", "b" },
        { "an empty value", "a=", 0, 0, 1, "a", "" },
        { "a field without equals sign is empty", "x=1&a&y=2", 0, 0, 3, "a", "" },
        { "a last field without equals sign is empty", "x=1&a", 0, 0, 2, "a", "" },
        { "plus is a space", "a=b+c", 0, 0, 1, "a", "b c" },
        { "an escaped plus is a plus", "a=b%2Bc", 0, 0, 1, "a", "b+c" },
        { "escapes of either case", "a=%e6%B5%8B", 0, 0, 1, "a", "测" },
        { "an escaped name", "%61b=c", 0, 0, 1, "ab", "c" },
        { "escaped separators belong to the value", "a=b%26c%3Dd", 0, 0, 1, "a", "b&c=d" },
        { "a second equals sign belongs to the value", "a=b=c", 0, 0, 1, "a", "b=c" },
        { "empty pieces are passed over", "&&a=b&&c=d&", 0, 0, 2, "c", "d" },
        { "an escape cut off after the percent sign", "a=b%", 0, FORM_E_SYNTAX, 0, NULL, NULL },
        { "an escape cut off after one digit", "a=b%4", 0, FORM_E_SYNTAX, 0, NULL, NULL },
        { "an escape cut off by the separator", "a=b%4&1=2", 0, FORM_E_SYNTAX, 0, NULL, NULL },
        { "an escape without digits", "a=%zz", 0, FORM_E_SYNTAX, 0, NULL, NULL },
        { "an escape with a sign", "a=%-1", 0, FORM_E_SYNTAX, 0, NULL, NULL },
        { "an escaped NUL in a value", "a=b%00c", 0, FORM_E_SYNTAX, 0, NULL, NULL },
        { "an escaped NUL in a name", "a%00=b", 0, FORM_E_SYNTAX, 0, NULL, NULL },
        { "a raw NUL", "a=b\0c", 5, FORM_E_SYNTAX, 0, NULL, NULL },
        { "a name twice", "a=1&b=2&a=3", 0, FORM_E_SYNTAX, 0, NULL, NULL },
        { "a name twice, once escaped", "a=1&%61=3", 0, FORM_E_SYNTAX, 0, NULL, NULL },
};

static void test_decode(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(decode_cases); i++) {
                const DecodeCase *c = &decode_cases[i];
                Form form = {};
                int r;

                r = form_decode(secret_of(c->body, c->n_body ? c->n_body : strlen(c->body)), &form);
                if (r != c->result || form.n_fields != c->n_fields)
                        fail_msg("%s: %d, %zu fields", c->sentence, r, form.n_fields);
                if (r == 0) {
                        const char *value = form_get(&form, c->name);

                        if (!value != !c->value || (value && strcmp(value, c->value) != 0))
                                fail_msg("%s: value is %s", c->sentence, value);
                }
                form_done(&form);
                form_done(&form);
        }
}

static void test_decode_counts_fields(void **state) {
        char body[FORM_FIELDS_MAX * 8 + 8] = "";
        Form form = {};

        (void)state;
        for (int i = 0; i < FORM_FIELDS_MAX; i++) {
                size_t n = strlen(body);

                (void)snprintf(body + n, sizeof(body) - n, "%sn%d=", i ? "&" : "", i);
        }
        assert_int_equal(form_decode(secret_of(body, strlen(body)), &form), 0);
        assert_int_equal(form.n_fields, FORM_FIELDS_MAX);
        form_done(&form);

        strcat(body, "&m=");
        assert_int_equal(form_decode(secret_of(body, strlen(body)), &form), FORM_E_FIELDS);
        assert_int_equal(form_decode(NULL, &form), 0);
        assert_int_equal(form.n_fields, 0);
}

static void test_append(void **state) {
        _cleanup_(secret_freep) Secret *body = NULL, *value = secret_of("p&w=%\n", 6);

        (void)state;
        assert_int_equal(secret_new(256, &body), 0);
        assert_int_equal(form_append(body, "user name", "A-z_0.9*~ 测"), 0);
        assert_int_equal(form_append_secret(body, "password", value), 0);
        assert_int_equal(form_append_number(body, "wait", 18), 0);
        assert_int_equal(form_append(body, "empty", ""), 0);
        assert_string_equal(secret_text(body),
                            "user+name=A-z_0.9*%7E+%E6%B5%8B&password=p%26w%3D%25%0A&wait=18&empty=");
}

static void test_append_leaves_the_body_alone_when_it_is_full(void **state) {
        _cleanup_(secret_freep) Secret *body = NULL;

        (void)state;
        assert_int_equal(secret_new(9, &body), 0);
        assert_int_equal(form_append(body, "a", "b"), 0);
        assert_int_equal(form_append(body, "c", "%%"), -ENOBUFS);
        assert_string_equal(secret_text(body), "a=b");
        assert_int_equal(form_append(body, "c", "%"), 0);
        assert_int_equal(form_append(body, "", ""), -ENOBUFS);
        assert_string_equal(secret_text(body), "a=b&c=%25");
}

static void test_every_byte_comes_back(void **state) {
        _cleanup_(secret_freep) Secret *body = NULL;
        char all[256];
        Form form = {};

        (void)state;
        for (int i = 1; i < 256; i++)
                all[i - 1] = (char)i;
        all[255] = '\0';

        assert_int_equal(secret_new(4 + FORM_ENCODED_SIZE(255), &body), 0);
        assert_int_equal(form_append(body, "all", all), 0);
        assert_int_equal(form_decode(TAKE_PTR(body), &form), 0);
        assert_string_equal(form_get(&form, "all"), all);
        assert_int_equal(form.fields[0].n_value, 255);
        form_done(&form);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_decode),
                cmocka_unit_test(test_decode_counts_fields),
                cmocka_unit_test(test_append),
                cmocka_unit_test(test_append_leaves_the_body_alone_when_it_is_full),
                cmocka_unit_test(test_every_byte_comes_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
