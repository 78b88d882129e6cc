/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The three ways of a text message, and what is not one. */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/sms-sender.h"
#include "backend/sms-way.h"

#define MOBILE "19900000001"

static char folder[64], program[96], written[96];

static int setup(void **state _unused_) {
        (void)snprintf(folder, sizeof(folder), "/tmp/test-sms-XXXXXX");
        assert_non_null(mkdtemp(folder));
        (void)snprintf(program, sizeof(program), "%s/program", folder);
        (void)snprintf(written, sizeof(written), "%s/written", folder);
        return 0;
}

static int teardown(void **state _unused_) {
        DIR *directory = opendir(folder);
        const struct dirent *entry;

        while ((entry = readdir(directory)))
                if (entry->d_name[0] != '.')
                        (void)unlinkat(dirfd(directory), entry->d_name, 0);
        (void)closedir(directory);
        return rmdir(folder);
}

static void program_write(const char *rest) {
        FILE *file = fopen(program, "w");

        assert_non_null(file);
        assert_true(fprintf(file, "#!/bin/sh\n%s\n", rest) > 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(program, 0700), 0);
}

static void expect_written(const char *expected) {
        char got[512] = "";
        FILE *file = fopen(written, "r");

        assert_non_null(file);
        assert_true(fread(got, 1, sizeof(got) - 1, file) > 0);
        (void)fclose(file);
        assert_string_equal(got, expected);
}

/* No shell reads number or text; nothing of our environment or descriptors reaches the program. */
static void test_program(void **state _unused_) {
        const SmsWay way = { .command = program };
        SmsSender *sender = NULL;
        char script[512];

        (void)setenv("SECRET_OF_OURS", "1", 1);
        assert_int_equal(dup2(STDERR_FILENO, 50), 50);
        (void)snprintf(script, sizeof(script),
                       "test -e /proc/$$/fd/50 && echo leaked >> %s\n"
                       "echo \"$#|$1|$(cat)|$SECRET_OF_OURS|$PWD\" >> %s",
                       written,
                       written);
        program_write(script);
        assert_int_equal(sms_sender_new(&way, &sender), 0);
        assert_int_equal(sms_sender_post(sender, MOBILE, "验证码 123456; $(touch /tmp/x) 'a"), 0);
        assert_int_equal(sms_sender_post(sender, MOBILE, "second"), 0);
        sms_sender_wait(sender);
        assert_null(sms_sender_free(sender));
        assert_int_equal(close(50), 0);
        expect_written("1|" MOBILE "|验证码 123456; $(touch /tmp/x) 'a||/\n1|" MOBILE
                       "|second||/\n");
}

static void test_program_fails(void **state _unused_) {
        program_write("exit 3");
        assert_true(sms_way_send(&(SmsWay){ .command = program }, MOBILE, "text") < 0);
        assert_true(sms_way_send(&(SmsWay){ .command = "/nonexistent" }, MOBILE, "text") < 0);
        program_write("kill -9 $$");
        assert_true(sms_way_send(&(SmsWay){ .command = program }, MOBILE, "text") < 0);
}

static void test_hook_is_https(void **state _unused_) {
        assert_true(sms_way_send(&(SmsWay){ .hook = "http://127.0.0.1:9/" }, MOBILE, "text") < 0);
        assert_true(sms_way_send(&(SmsWay){ .hook = "file:///etc/passwd" }, MOBILE, "text") < 0);
}

static void test_outbox(void **state _unused_) {
        assert_int_equal(sms_way_send(&(SmsWay){ .outbox = folder }, MOBILE, "text"), 0);
}

static void test_invalid(void **state _unused_) {
        const SmsWay none = {}, way = { .command = program };
        SmsSender *sender = NULL;

        assert_int_equal(sms_sender_new(&none, &sender), 0);
        assert_int_equal(sms_sender_post(sender, MOBILE, "text"), SMS_SENDER_E_NONE);
        assert_null(sms_sender_free(sender));

        assert_int_equal(sms_sender_new(&way, &sender), 0);
        assert_int_equal(sms_sender_post(sender, "ceshi_jia", "text"), SMS_SENDER_E_INVALID);
        assert_int_equal(sms_sender_post(sender, "--help", "text"), SMS_SENDER_E_INVALID);
        assert_int_equal(sms_sender_post(sender, MOBILE, ""), SMS_SENDER_E_INVALID);
        assert_int_equal(sms_sender_post(sender, MOBILE, "a\033[2J"), SMS_SENDER_E_INVALID);
        assert_null(sms_sender_free(sender));
        assert_null(sms_sender_free(NULL));
}

/* Who cannot send fast enough says so, and what waits at the end does not hold the end up. */
static void test_full(void **state _unused_) {
        const SmsWay way = { .command = program };
        SmsSender *sender = NULL;
        size_t n = 0;
        int r;

        program_write("read x; sleep 0.2");
        assert_int_equal(sms_sender_new(&way, &sender), 0);
        while ((r = sms_sender_post(sender, MOBILE, "text")) == 0)
                n++;
        assert_int_equal(r, SMS_SENDER_E_FULL);
        assert_in_range(n, SMS_QUEUE_MAX, SMS_QUEUE_MAX + 2);
        assert_null(sms_sender_free(sender));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_program, setup, teardown),
                cmocka_unit_test_setup_teardown(test_program_fails, setup, teardown),
                cmocka_unit_test_setup_teardown(test_hook_is_https, setup, teardown),
                cmocka_unit_test_setup_teardown(test_outbox, setup, teardown),
                cmocka_unit_test_setup_teardown(test_invalid, setup, teardown),
                cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
