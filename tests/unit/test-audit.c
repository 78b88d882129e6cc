/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Audit records: whatever the values hold, a record is one line with the same fields
 *
 * Each record is written twice, to a journal of the test and to a stream, and read again by a parser
 * of our own: the journal's as systemd's native protocol has it, where a line without "=" would
 * begin a binary field, and the stream's by its quotes. */

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/audit.h"
#include "daemon/log.h"

#define S(literal) ((char *)(literal))
#define RECORD_BYTES 32768
#define NAMES_BYTES 1024

/* What people have put into names to see what happens. */
static const char *const values[] = {
        "a\nPRIORITY=0",
        "a\n_UID=0\n",
        "a\r\nMESSAGE=login granted",
        "\n",
        "\n\n\x05\0\0\0\0\0\0\0",
        "tty1\" ITAX_RESULT=\"granted",
        "tty1\\\" ITAX_RESULT=\\\"granted",
        "\\",
        "\\\\\"",
        "\"",
        "=",
        "ITAX_USER=root",
        "login 1: login granted:",
        "\x1b[2J\x1b]0;x\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x1bP1$r0m\x1b\\",
        "\x9b"
        "31m",
        "\xc2\x9b"
        "31m",
        "\xc2\x85",
        "\xe2\x80\xa8" "b\xe2\x80\xa9" "c",
        "\xe2\x80\xae" "toor",
        "\xe2\x81\xa6" "x\xe2\x81\xa9",
        "a\xe2\x80\x8b" "b\xef\xbb\xbf",
        "\xff\xfe\xc0\xaf",
        "\xed\xa0\x80",
        "\xf0\x9f\x98",
        "%n%s%99999d",
        "$(id)`id`;|&",
        "../../etc/passwd",
        "'; DROP TABLE account; --",
        "*)(uid=*",
        "<script>alert(1)</script>",
        "{\"a\":1}",
        "-rf",
        " ",
        "\t",
        "\x7f\x08\x08",
        "测试甲",
        "Ａｄｍｉｎ",
};

static struct {
        char folder[32];
        struct sockaddr_un address;
        int fd;
} journal;

static int journal_setup(void **state) {
        (void)state;
        (void)strcpy(journal.folder, "/tmp/test-audit-XXXXXX");
        assert_non_null(mkdtemp(journal.folder));
        journal.address.sun_family = AF_UNIX;
        (void)snprintf(journal.address.sun_path, sizeof(journal.address.sun_path), "%s/journal",
                       journal.folder);
        journal.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(journal.fd >= 0);
        assert_int_equal(bind(journal.fd, (struct sockaddr *)&journal.address,
                              sizeof(journal.address)),
                         0);
        return 0;
}

static int journal_teardown(void **state) {
        (void)state;
        log_open("/nonexistent/journal", NULL);
        (void)close(journal.fd);
        (void)unlink(journal.address.sun_path);
        (void)rmdir(journal.folder);
        return 0;
}

/* The record that @value stands in everywhere. */
static void write_outcome(const char *value, const char *what) {
        const bool granted = strcmp(what, "granted") == 0;
        const Outcome outcome = { .reason = granted ? REASON_NONE : REASON_DENIED,
                                  .detail = granted ? "granted" : "wrong-password",
                                  .account = strcmp(what, "typed") == 0 ? NULL : value,
                                  .typed = value,
                                  .user = value,
                                  .unit = value,
                                  .method = value,
                                  .last_refusal = "wrong-password",
                                  .n_refusals = 2 };
        const AuditRecord record = { .login_id = 7,
                                     .service = value,
                                     .tty = value,
                                     .rhost = value,
                                     .purpose = strcmp(what, "password") == 0 ? PURPOSE_PASSWORD
                                                                              : PURPOSE_LOGIN,
                                     .outcome = &outcome };

        audit_outcome(&record);
}

static void write_session(const char *value, const char *what) {
        Grant grant = { .id = "0123456789abcdef0123456789abcdef" };

        for (size_t i = 0; i < _GRANT_FIELD_MAX; i++)
                grant.text[i] = S(value);
        if (strcmp(what, "check") == 0)
                audit_check(&grant, "granted", 1000);
        else
                audit_session(&grant, what, 1000);
}

static const struct {
        const char *sentence, *what;
        void (*write)(const char *value, const char *what);
} records[] = {
        { "a login that was granted", "granted", write_outcome },
        { "a login that was denied", "denied", write_outcome },
        { "an account that was only typed", "typed", write_outcome },
        { "a change of password", "password", write_outcome },
        { "a session that began", "opened", write_session },
        { "a session that ended", "closed", write_session },
        { "a session whose process is gone", "gone", write_session },
        { "an account that was looked at again", "check", write_session },
};

static bool is_printable(const char *s, size_t n) {
        for (size_t i = 0; i < n; i++)
                if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
                        return false;
        return true;
}

static size_t name_length(const char *s) {
        size_t n = 0;

        while (isupper((unsigned char)s[n]) || isdigit((unsigned char)s[n]) || s[n] == '_')
                n++;
        return n;
}

/* The names of one record, each with a space behind it; false where it cannot be read. */
static bool journal_names(const char *text, size_t n, char *ret_names) {
        const char *end = text + n;

        ret_names[0] = '\0';
        while (text < end) {
                const char *line_end = memchr(text, '\n', (size_t)(end - text));
                size_t length = name_length(text);

                if (!line_end || length == 0 || text[length] != '=' ||
                    !is_printable(text, (size_t)(line_end - text)))
                        return false;
                (void)snprintf(ret_names + strlen(ret_names), NAMES_BYTES - strlen(ret_names),
                               "%.*s ", (int)length, text);
                text = line_end + 1;
        }
        return true;
}

/* The same of a line of the stream: ` NAME="value"`, in which a quote has a backslash in front. What
 * is before the first field is the sentence for people, in which no value has a quote of its own. */
static bool stream_names(const char *text, char *ret_names) {
        const char *line_end = strchr(text, '\n');

        ret_names[0] = '\0';
        if (!line_end || line_end[1] || !is_printable(text, (size_t)(line_end - text)))
                return false;
        text = strstr(text, " ITAX_RESULT=\"");
        while (text && text < line_end) {
                size_t length = name_length(text + 1);

                if (*text != ' ' || length == 0 || strncmp(text + 1 + length, "=\"", 2) != 0)
                        return false;
                (void)snprintf(ret_names + strlen(ret_names), NAMES_BYTES - strlen(ret_names),
                               "%.*s ", (int)length, text + 1);
                for (text += length + 3; *text != '"'; text++) {
                        if (*text == '\\')
                                text++;
                        if (text >= line_end)
                                return false;
                }
                text++;
        }
        return text == line_end;
}

static bool journal_of(size_t i, const char *value, char *ret_names) {
        static char text[RECORD_BYTES];
        ssize_t n;

        log_open(journal.address.sun_path, NULL);
        records[i].write(value, records[i].what);
        n = recv(journal.fd, text, sizeof(text), 0);
        assert_true(n > 0);
        /* one record, not two */
        assert_true(recv(journal.fd, text + n, sizeof(text) - (size_t)n, 0) < 0);
        return journal_names(text, (size_t)n, ret_names);
}

static char last_line[RECORD_BYTES];

static bool stream_of(size_t i, const char *value, char *ret_names) {
        char *const text = last_line;
        FILE *stream;

        memset(text, 0, RECORD_BYTES);
        stream = fmemopen(text, RECORD_BYTES - 1, "w");
        assert_non_null(stream);
        log_open("/nonexistent/journal", stream);
        records[i].write(value, records[i].what);
        assert_int_equal(fclose(stream), 0);
        log_open("/nonexistent/journal", NULL);
        return stream_names(text, ret_names);
}

/* threats 16, 81 */
static void assert_same_fields(size_t i, const char *value, const char *told) {
        char expected[NAMES_BYTES], found[NAMES_BYTES];

        assert_true(journal_of(i, "plain", expected));
        if (!journal_of(i, value, found) || strcmp(expected, found) != 0)
                fail_msg("%s, '%s' in the journal: %s", records[i].sentence, told, found);
        assert_true(stream_of(i, "plain", expected));
        assert_non_null(strstr(expected, "ITAX_RESULT "));
        if (!stream_of(i, value, found) || strcmp(expected, found) != 0)
                fail_msg("%s, '%s' in the stream: %s", records[i].sentence, told, last_line);
}

static void test_hostile_values(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(records); i++)
                for (size_t j = 0; j < ELEMENTSOF(values); j++)
                        assert_same_fields(i, values[j], values[j]);
}

/* threats 81: every byte, alone and cut off in the middle of what is escaped */
static void test_each_byte(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(records); i++)
                for (int c = 1; c < 256; c++) {
                        char value[] = { 'a', (char)c, 'b', '\0' };
                        char name[16];

                        (void)snprintf(name, sizeof(name), "byte %#x", (unsigned)c);
                        assert_same_fields(i, value, name);
                }
}

/* threats 76, 81 */
static void test_long_values(void **state) {
        static const char of[] = "x\"\\\n\xff";
        static char value[1024 * 1024 + 1];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(records); i++)
                for (size_t j = 0; j < sizeof(of) - 1; j++) {
                        memset(value, of[j], sizeof(value) - 1);
                        for (size_t n = 250; n < 262; n++) {
                                value[n] = '\0';
                                assert_same_fields(i, value, "about as long as there is room");
                                value[n] = of[j];
                        }
                        value[4096] = '\0';
                        assert_same_fields(i, value, "4 KiB");
                        value[4096] = of[j];
                        assert_same_fields(i, value, "a megabyte");
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hostile_values),
                cmocka_unit_test(test_each_byte),
                cmocka_unit_test(test_long_values),
        };

        return cmocka_run_group_tests_name("audit", tests, journal_setup, journal_teardown);
}
