/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Subject: one certificate names one unit or none; netstrings have one form */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/common/netstring.h"
#include "lib/common/signing.h"
#include "lib/common/subject.h"

#define OWN "91990000000000002B"
#define OTHER "91990000000000003E"
#define OLD "990101000000004"

/* threats 71: the unit is the certificate's, and clearly one */
static const struct {
        const char *name;
        struct {
                SubjectAttribute attribute;
                const char *value;
        } values[4];
        const char *unit;
} subjects[] = {
        { "an empty subject names no unit", {}, NULL },
        { "a code as organizationIdentifier", { { SUBJECT_ORGANIZATION_IDENTIFIER, OWN } }, OWN },
        { "the national trade register in front", { { SUBJECT_ORGANIZATION_IDENTIFIER, "NTRCN-" OWN } }, OWN },
        { "the tax number's prefix in front", { { SUBJECT_ORGANIZATION_IDENTIFIER, "VATCN-" OWN } }, OWN },
        { "another country's prefix is no unit", { { SUBJECT_ORGANIZATION_IDENTIFIER, "NTRDE-" OWN } }, NULL },
        { "a prefix alone is no unit", { { SUBJECT_ORGANIZATION_IDENTIFIER, "NTRCN-" } }, NULL },
        { "two prefixes are no unit", { { SUBJECT_ORGANIZATION_IDENTIFIER, "NTRCN-NTRCN-" OWN } }, NULL },
        { "an old code of 15 digits as organizationIdentifier", { { SUBJECT_ORGANIZATION_IDENTIFIER, OLD } }, OLD },
        { "an old code proves nothing as serialNumber", { { SUBJECT_SERIAL_NUMBER, OLD } }, NULL },
        { "a code as serialNumber", { { SUBJECT_SERIAL_NUMBER, OWN } }, OWN },
        { "a code as organizationalUnitName", { { SUBJECT_ORGANIZATIONAL_UNIT, OWN } }, OWN },
        { "a department is no unit", { { SUBJECT_ORGANIZATIONAL_UNIT, "SALESDEPARTMENT" } }, NULL },
        { "a code as commonName", { { SUBJECT_COMMON_NAME, OWN } }, OWN },
        { "a code in a field of the commonName", { { SUBJECT_COMMON_NAME, "测试企业@" OWN "@01" } }, OWN },
        { "a code with a letter before it in a field", { { SUBJECT_COMMON_NAME, "051@测试企业@N" OWN } }, OWN },
        { "two letters before it are no code", { { SUBJECT_COMMON_NAME, "051@NN" OWN } }, NULL },
        { "a letter before it only in the commonName", { { SUBJECT_SERIAL_NUMBER, "N" OWN } }, NULL },
        { "a code within a word is none", { { SUBJECT_COMMON_NAME, "x" OWN "x" } }, NULL },
        { "a space behind it makes it none", { { SUBJECT_SERIAL_NUMBER, OWN " " } }, NULL },
        { "lower case is none", { { SUBJECT_SERIAL_NUMBER, "91990000000000002b" } }, NULL },
        { "a check character that does not fit is none", { { SUBJECT_SERIAL_NUMBER, "91990000000000002C" } }, NULL },
        { "the stronger attribute decides",
          { { SUBJECT_COMMON_NAME, OTHER }, { SUBJECT_SERIAL_NUMBER, OTHER }, { SUBJECT_ORGANIZATION_IDENTIFIER, OWN } },
          OWN },
        { "an attribute without a code says nothing",
          { { SUBJECT_ORGANIZATION_IDENTIFIER, "VATDE-123456789" }, { SUBJECT_ORGANIZATIONAL_UNIT, OWN } }, OWN },
        { "the same code twice is one unit",
          { { SUBJECT_ORGANIZATION_IDENTIFIER, OWN }, { SUBJECT_ORGANIZATION_IDENTIFIER, "VATCN-" OWN } }, OWN },
        { "two codes name no unit, in either order",
          { { SUBJECT_ORGANIZATION_IDENTIFIER, OWN }, { SUBJECT_ORGANIZATION_IDENTIFIER, OTHER } }, NULL },
        { "two codes name no unit even if a weaker attribute is clear",
          { { SUBJECT_ORGANIZATION_IDENTIFIER, OTHER }, { SUBJECT_ORGANIZATION_IDENTIFIER, OWN }, { SUBJECT_SERIAL_NUMBER, OWN } },
          NULL },
        { "two codes in one commonName name no unit", { { SUBJECT_COMMON_NAME, OWN "@" OTHER } }, NULL },
        { "empty fields are passed over", { { SUBJECT_COMMON_NAME, "@@" OWN "@@" } }, OWN },
        { "an empty value is passed over", { { SUBJECT_COMMON_NAME, "" }, { SUBJECT_SERIAL_NUMBER, OWN } }, OWN },
};

static void test_subjects(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(subjects); i++) {
                Subject subject = {};
                const char *unit;

                for (size_t j = 0; j < ELEMENTSOF(subjects[i].values); j++)
                        if (subjects[i].values[j].value)
                                subject_add(&subject, subjects[i].values[j].attribute, subjects[i].values[j].value,
                                            strlen(subjects[i].values[j].value));
                unit = subject_unit(&subject);
                if (!unit != !subjects[i].unit || (unit && strcmp(unit, subjects[i].unit) != 0))
                        fail_msg("%s: %s", subjects[i].name, unit ? unit : "none");
        }
}

static void test_subject_nul(void **state) {
        static const char value[] = OWN "\0.example";
        Subject subject = {};

        (void)state;
        subject_add(&subject, SUBJECT_COMMON_NAME, value, sizeof(value) - 1);
        subject_add(&subject, SUBJECT_ORGANIZATION_IDENTIFIER, OWN, strlen(OWN));
        assert_null(subject_unit(&subject));
}

static void test_subject_length(void **state) {
        Subject subject = {};

        (void)state;
        subject_add(&subject, SUBJECT_SERIAL_NUMBER, OWN "rest that does not count", strlen(OWN));
        assert_string_equal(subject_unit(&subject), OWN);
}

static const struct {
        const char *name, *in;
        size_t n;
} bad_fields[] = {
        { "nothing", "", 0 },
        { "no length", ":x,", 3 },
        { "a length alone", "1", 1 },
        { "a length and a colon", "1:", 2 },
        { "no comma", "1:x", 3 },
        { "another character in its place", "1:x;", 4 },
        { "longer than what is there", "3:xx,", 5 },
        { "a zero in front", "01:x,", 5 },
        { "a sign", "-1:x,", 5 },
        { "white space", " 1:x,", 5 },
        { "seven digits", "1000000:", 8 },
        { "a length beyond all numbers", "99999999999999999999:x,", 23 },
        { "no colon", "1xx,", 4 },
};

static void test_fields(void **state) {
        _cleanup_(secret_freep) Secret *out = NULL;
        const char *in, *field;
        size_t n, n_field;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(bad_fields); i++) {
                in = bad_fields[i].in;
                n = bad_fields[i].n;
                if (netstring_next(&in, &n, &field, &n_field) || in != bad_fields[i].in || n != bad_fields[i].n)
                        fail_msg("%s", bad_fields[i].name);
        }

        assert_int_equal(secret_new(16, &out), 0);
        assert_int_equal(netstring_append_text(out, ""), 0);
        assert_int_equal(netstring_append(out, "a\0,", 3), 0);
        assert_int_equal(secret_size(out), 9);
        assert_memory_equal(secret_text(out), "0:,3:a\0,,", 9);
        assert_true(netstring_append_text(out, "12345") < 0);
        assert_int_equal(secret_size(out), 9);
        assert_int_equal(netstring_append_text(out, "1234"), 0);

        in = secret_text(out);
        n = secret_size(out);
        assert_true(netstring_next(&in, &n, &field, &n_field));
        assert_int_equal(n_field, 0);
        assert_true(netstring_next(&in, &n, &field, &n_field));
        assert_int_equal(n_field, 3);
        assert_memory_equal(field, "a\0,", 3);
        assert_true(netstring_next(&in, &n, &field, &n_field));
        assert_int_equal(n, 0);
        assert_false(netstring_next(&in, &n, &field, &n_field));
}

static void test_words(void **state) {
        (void)state;
        for (SigningStatus status = SIGNING_OK; status < _SIGNING_STATUS_MAX; status++)
                assert_int_equal(signing_status_from_string(signing_status_to_string(status)), status);
        assert_int_equal(signing_status_from_string("OK"), _SIGNING_STATUS_MAX);
        assert_int_equal(signing_status_from_string(""), _SIGNING_STATUS_MAX);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_subjects),       cmocka_unit_test(test_subject_nul),
                cmocka_unit_test(test_subject_length), cmocka_unit_test(test_fields),
                cmocka_unit_test(test_words),
        };

        return cmocka_run_group_tests_name("subject", tests, NULL, NULL);
}
