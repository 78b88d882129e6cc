/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Log: one line a record, whatever the values hold */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "daemon/log.h"

static const struct {
        const char *name, *in, *out;
} escape_cases[] = {
        { "plain text stays", "login refused", "login refused" },
        { "Chinese stays", "测试甲", "测试甲" },
        { "a newline cannot begin a second record", "a\nitaxd: login granted",
          "a\\x0aitaxd: login granted" },
        { "carriage return and tabulator are told", "a\r\tb", "a\\x0d\\x09b" },
        { "an escape sequence does not reach a terminal", "\033[2Jx", "\\x1b[2Jx" },
        { "a C1 control does not either",
          "\xc2\x9b"
          "2J",
          "\\xc2\\x9b2J" },
        { "bytes that are not UTF-8 are told", "a\xff\xc0\xaf", "a\\xff\\xc0\\xaf" },
        { "a character that is cut off is told", "a\xe6\xb5", "a\\xe6\\xb5" },
        { "a bidirectional override is told",
          "a\xe2\x80\xae"
          "b",
          "a\\xe2\\x80\\xaeb" },
        { "a backslash is doubled, so that nothing can be feigned", "\\x41", "\\\\x41" },
        { "nothing is nothing", "", "" },
};

/* threats 16, 78, 79, 81 */
static void test_escape(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(escape_cases); i++) {
                char out[128];

                log_escape(escape_cases[i].in, out, sizeof(out));
                if (strcmp(out, escape_cases[i].out) != 0)
                        fail_msg("%s: '%s'", escape_cases[i].name, out);
        }
}

static void test_escape_cuts(void **state) {
        char long_text[4096], out[16];

        (void)state;
        memset(long_text, 'x', sizeof(long_text) - 1);
        long_text[sizeof(long_text) - 1] = '\0';

        for (size_t n = 5; n <= sizeof(out); n++) {
                log_escape(long_text, out, n);
                assert_int_equal(strlen(out), n - 1);
                assert_string_equal(out + n - 4, "…");
        }
        log_escape("0123456789abcde", out, sizeof(out));
        assert_string_equal(out, "0123456789abcde");
        log_escape("\n\n\n\n\n\n\n", out, sizeof(out));
        assert_string_equal(out, "\\x0a\\x0a\\x0a…");
}

/* What @write leaves on standard error's stand-in. */
static void capture(void (*write)(void), char *ret, size_t n) {
        FILE *stream = fmemopen(ret, n, "w");

        assert_non_null(stream);
        log_open("/nonexistent/journal", stream);
        write();
        assert_int_equal(fclose(stream), 0);
        log_open("/nonexistent/journal", NULL);
}

static void write_some(void) {
        const LogField fields[] = {
                { "ITAX_SERVICE", "login" },
                { "ITAX_RHOST", NULL },
                { "ITAX_TTY", "tty1\" ITAX_RESULT=\"granted\n" },
        };

        log_record(LOG_WARNING, 0, "it is %s", "so\nso");
        log_record(LOG_DEBUG, 0, "nobody wants to know");
        log_fields(LOG_NOTICE, 17, "login refused", fields, ELEMENTSOF(fields));
}

/* threats 16, 81: hostile values are one line, and cannot feign another field */
static void test_stream(void **state) {
        char out[1024] = "";

        (void)state;
        capture(write_some, out, sizeof(out));
        assert_string_equal(out,
                            "<4>it is so\\x0aso\n"
                            "<5>login 17: login refused ITAX_SERVICE=\"login\""
                            " ITAX_TTY=\"tty1\\\" ITAX_RESULT=\\\"granted\\x0a\"\n");
}

static void write_long(void) {
        char value[8192];
        const LogField field = { "ITAX_TTY", value };

        memset(value, 'y', sizeof(value) - 1);
        value[sizeof(value) - 1] = '\0';
        log_record(LOG_ERR, 0, "%s", value);
        log_fields(LOG_ERR, 0, value, &field, 1);
}

static void test_long_records_are_cut(void **state) {
        static char out[16384];
        size_t n_lines = 0;

        (void)state;
        capture(write_long, out, sizeof(out));
        assert_true(strlen(out) < 2 * LOG_MESSAGE_BYTES + LOG_VALUE_BYTES + 64);
        for (const char *p = out; *p; p++)
                n_lines += *p == '\n';
        assert_int_equal(n_lines, 2);
}

static int journal_listen(char *dir, struct sockaddr_un *address) {
        int fd;

        assert_non_null(mkdtemp(dir));
        address->sun_family = AF_UNIX;
        (void)snprintf(address->sun_path, sizeof(address->sun_path), "%s/journal", dir);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof(*address)), 0);
        return fd;
}

static void test_journal(void **state) {
        char dir[] = "/tmp/test-log-XXXXXX", out[1024];
        struct sockaddr_un address = {};
        const LogField field = { "ITAX_UNIT", "a\nPRIORITY=0" };
        ssize_t n;
        int fd;

        (void)state;
        fd = journal_listen(dir, &address);
        log_open(address.sun_path, NULL);
        log_fields(LOG_NOTICE, 5, "login granted", &field, 1);
        n = recv(fd, out, sizeof(out) - 1, 0);
        assert_true(n > 0);
        out[n] = '\0';
        assert_string_equal(
                out,
                "PRIORITY=5\nSYSLOG_IDENTIFIER=itaxd\nITAX_LOGIN=5\nMESSAGE=login granted\n"
                "ITAX_UNIT=a\\x0aPRIORITY=0\n");

        /* A journal that hangs takes records until its queue is full; then nobody waits for it. */
        for (size_t i = 0; i < 5000; i++)
                log_record(LOG_NOTICE, 0, "record %zu", i);
        while (recv(fd, out, sizeof(out), 0) > 0)
                ;
        log_record(LOG_NOTICE, 0, "the next");
        n = recv(fd, out, sizeof(out) - 1, 0);
        assert_true(n > 0);
        out[n] = '\0';
        assert_non_null(strstr(out, "records were lost"));
        n = recv(fd, out, sizeof(out) - 1, 0);
        out[n > 0 ? n : 0] = '\0';
        assert_non_null(strstr(out, "MESSAGE=the next\n"));

        log_open("/nonexistent/journal", NULL);
        (void)close(fd);
        (void)unlink(address.sun_path);
        (void)rmdir(dir);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_escape),
                cmocka_unit_test(test_escape_cuts),
                cmocka_unit_test(test_stream),
                cmocka_unit_test(test_long_records_are_cut),
                cmocka_unit_test(test_journal),
        };

        return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
