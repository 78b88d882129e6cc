/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Log: the native protocol of the journal is written here and not through sd_journal_sendv(),
 * because that one blocks when the journal hangs, and a daemon that hangs with it stops every
 * login. As escaped values never hold a newline, its plain form NAME=value is all that is needed.
 */

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "daemon/log.h"
#include "lib/common/text.h"

#define LOG_FIELDS_MAX 24
#define ELLIPSIS "\xe2\x80\xa6"

static struct {
        int fd; /* -1 for no journal */
        struct sockaddr_un journal;
        FILE *fallback;
        int level;
        unsigned long n_lost;
        bool is_for_person;
} log_state = { .fd = -1, .level = LOG_INFO };

/* Length of the character at @s when it may stand in a log as it is, else 0. */
static size_t character_fits(const char *s) {
        unsigned char c = (unsigned char)*s;
        size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
        char one[5] = {};

        if (c < 0x20 || c == 0x7f || c == '\\')
                return 0;
        for (size_t i = 0; i < n; i++) {
                if (s[i] == '\0')
                        return 0;
                one[i] = s[i];
        }
        return text_is_utf8(one, n) && text_is_showable(one) ? n : 0;
}

void log_escape(const char *s, char *ret, size_t n) {
        size_t used = 0, cut = 0; /* @cut: the last place where the mark of a cut has room */

        while (*s) {
                size_t n_char = character_fits(s), n_out = n_char ? n_char : *s == '\\' ? 2 : 4;

                if (used + strlen(ELLIPSIS) < n)
                        cut = used;
                if (used + n_out >= n) {
                        memcpy(ret + cut, ELLIPSIS, strlen(ELLIPSIS));
                        used = cut + strlen(ELLIPSIS);
                        break;
                }
                if (n_char)
                        memcpy(ret + used, s, n_char);
                else if (*s == '\\')
                        memcpy(ret + used, "\\\\", 2);
                else
                        (void)snprintf(ret + used, n - used, "\\x%02x", (unsigned char)*s);
                used += n_out;
                s += n_char ? n_char : 1;
        }
        ret[used] = '\0';
}

void log_open(const char *journal_path, FILE *fallback) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(closep) int fd = -1;

        closep(&log_state.fd);
        log_state.fd = -1;
        log_state.fallback = fallback;
        log_state.n_lost = 0;
        /* A record is one write, not one for each of its characters; stream_write() flushes. */
        if (fallback == stderr)
                (void)setvbuf(stderr, NULL, _IOFBF, LOG_MESSAGE_BYTES);

        if (strlen(journal_path) >= sizeof(address.sun_path))
                return;
        memcpy(address.sun_path, journal_path, strlen(journal_path) + 1);

        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return;

        /* The connection was only a question; with the address in each record, a journal that was
         * started anew is found again. */
        (void)connect(fd, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(sa_family_t));
        log_state.journal = address;
        log_state.fd = TAKE_FD(fd);
}

void log_to_person(void) {
        log_state.is_for_person = true;
}

void log_set_level(int priority) {
        log_state.level = priority;
}

static int journal_send(int priority, uint64_t login_id, const char *message,
                        const LogField *fields, size_t n_fields) {
        char head[128], id[48] = "", line[LOG_FIELDS_MAX][LOG_VALUE_BYTES + 64];
        struct iovec iov[LOG_FIELDS_MAX + 3];
        struct msghdr header = {
                .msg_name = &log_state.journal,
                .msg_namelen = sizeof(log_state.journal),
                .msg_iov = iov,
        };
        size_t n = 0;

        if (login_id)
                (void)snprintf(id, sizeof(id), "ITAX_LOGIN=%llu\n", (unsigned long long)login_id);
        (void)snprintf(head, sizeof(head),
                       "PRIORITY=%i\nSYSLOG_IDENTIFIER=itaxd\n%sMESSAGE=", priority, id);
        iov[n++] = (struct iovec){ head, strlen(head) };
        iov[n++] = (struct iovec){ (void *)message, strlen(message) };
        iov[n++] = (struct iovec){ (void *)"\n", 1 };
        for (size_t i = 0; i < n_fields && i < LOG_FIELDS_MAX; i++) {
                size_t used;

                if (!fields[i].value)
                        continue;
                used = (size_t)snprintf(line[i], 64, "%.60s=", fields[i].name);
                log_escape(fields[i].value, line[i] + used, LOG_VALUE_BYTES);
                used += strlen(line[i] + used);
                line[i][used++] = '\n';
                iov[n++] = (struct iovec){ line[i], used };
        }
        header.msg_iovlen = n;

        return sendmsg(log_state.fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* On one line, values quoted: NAME="value" */
static void stream_write(int priority, uint64_t login_id, const char *message,
                         const LogField *fields, size_t n_fields) {
        FILE *stream = log_state.fallback ? log_state.fallback : stderr;

        flockfile(stream);
        /* For the service manager, not for people. */
        if (!log_state.is_for_person && !isatty(fileno(stream)))
                (void)fprintf(stream, "<%i>", priority);
        if (login_id)
                (void)fprintf(stream, "login %llu: ", (unsigned long long)login_id);
        (void)fputs(message, stream);
        for (size_t i = 0; i < n_fields && i < LOG_FIELDS_MAX; i++) {
                char value[LOG_VALUE_BYTES];

                if (!fields[i].value)
                        continue;
                log_escape(fields[i].value, value, sizeof(value));
                (void)fprintf(stream, " %s=\"", fields[i].name);
                for (const char *p = value; *p; p++) {
                        if (*p == '"')
                                (void)fputc('\\', stream);
                        (void)fputc(*p, stream);
                }
                (void)fputc('"', stream);
        }
        (void)fputc('\n', stream);
        (void)fflush(stream);
        funlockfile(stream);
}

void log_fields(int priority, uint64_t login_id, const char *message, const LogField *fields,
                size_t n_fields) {
        char escaped[LOG_MESSAGE_BYTES];

        if (priority > log_state.level)
                return;

        log_escape(message, escaped, sizeof(escaped));
        if (log_state.fd < 0) {
                stream_write(priority, login_id, escaped, fields, n_fields);
                return;
        }

        if (log_state.n_lost) {
                char lost[96];

                (void)snprintf(lost, sizeof(lost),
                               "%lu records were lost, the journal did not take them",
                               log_state.n_lost);
                if (journal_send(LOG_WARNING, 0, lost, NULL, 0) == 0)
                        log_state.n_lost = 0;
        }
        if (journal_send(priority, login_id, escaped, fields, n_fields) < 0)
                log_state.n_lost++;
}

void log_record(int priority, uint64_t login_id, const char *format, ...) {
        char message[LOG_MESSAGE_BYTES];
        va_list ap;

        va_start(ap, format);
        (void)vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);

        log_fields(priority, login_id, message, NULL, 0);
}
