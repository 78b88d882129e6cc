/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/audit-file.h"

#define MEMBERS_MAX 32U
#define NAME_BYTES 40

static struct {
        char *path; /* NULL: none */
        int fd;     /* -1: not to be had */
        ChainHead head;
        uint64_t n_lost; /* since the last that was written */
        int error;
        char state[160], told[AUDIT_HEAD_BYTES + 1];
} audit = { .fd = -1, .head = CHAIN_HEAD_NONE };

static uint64_t now_msec(void) {
        struct timespec t = {};

        (void)clock_gettime(CLOCK_REALTIME, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void failed(int error) {
        if (audit.error != error)
                log_record(LOG_WARNING, 0, "the audit file %s cannot be written: %s", audit.path,
                           strerrordesc_np(-error));
        audit.error = error;
        audit.n_lost++;
}

/* All of it or nothing: half a line would hide what comes after it. Return: 0 or a negative errno. */
static int write_whole(const char *line, size_t n) {
        struct stat st;
        ssize_t written;
        int error;

        if (audit.fd < 0)
                return audit.error ? audit.error : -ENOENT;
        if (fstat(audit.fd, &st) < 0)
                return -errno;
        written = write(audit.fd, line, n);
        if (written == (ssize_t)n)
                return 0;
        error = written < 0 ? -errno : -ENOSPC;
        /* What cannot be taken back is mended when the file is opened again. */
        if (written > 0 && ftruncate(audit.fd, st.st_size) < 0) {
                (void)close(audit.fd);
                audit.fd = -1;
        }
        return error;
}

static int write_record(const ChainMember *members, size_t n) {
        _cleanup_(freep) char *line = NULL;
        ChainHead next = audit.head;
        size_t n_line;
        int r;

        r = chain_make(&next, now_msec(), members, n, &line, &n_line);
        if (r == 0)
                r = write_whole(line, n_line);
        if (r == 0)
                audit.head = next;
        return r;
}

/* What could not be written is told before anything else is. Return: 0 or a negative errno. */
static int tell_lost(void) {
        char lost[24];
        const ChainMember members[] = {
                { "message", "records were lost: the file could not be written" },
                { "lost", lost },
                { "reason", strerrordesc_np(-audit.error) },
        };
        int r;

        if (audit.n_lost == 0)
                return 0;
        (void)snprintf(lost, sizeof(lost), "%" PRIu64, audit.n_lost);
        r = write_record(members, ELEMENTSOF(members));
        if (r == 0) {
                log_record(LOG_NOTICE, 0, "the audit file %s can be written again; records lost: %s",
                           audit.path, lost);
                audit.n_lost = 0;
                audit.error = 0;
        }
        return r;
}

/* "ITAX_RESULT" in the journal is "result" here. */
static void name_of(const char *field, char ret[static NAME_BYTES]) {
        const char *name = strncmp(field, "ITAX_", 5) == 0 ? field + 5 : field;
        size_t i = 0;

        for (; name[i] && i + 1 < NAME_BYTES; i++)
                ret[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
        ret[i] = '\0';
}

void audit_file_add(uint64_t login_id, const char *message, const LogField *fields, size_t n_fields,
                    char ret_head[static AUDIT_HEAD_BYTES + 1]) {
        char names[MEMBERS_MAX][NAME_BYTES], values[MEMBERS_MAX][LOG_VALUE_BYTES], login[24] = "",
                text[LOG_MESSAGE_BYTES];
        ChainMember members[MEMBERS_MAX + 2] = {};
        size_t n = 0;
        int r;

        ret_head[0] = '\0';
        if (!audit.path)
                return;
        log_escape(message, text, sizeof(text));
        members[n++] = (ChainMember){ "message", text };
        if (login_id) {
                (void)snprintf(login, sizeof(login), "%" PRIu64, login_id);
                members[n++] = (ChainMember){ "login", login };
        }
        for (size_t i = 0; i < n_fields && i < MEMBERS_MAX; i++) {
                if (!fields[i].value)
                        continue;
                name_of(fields[i].name, names[i]);
                log_escape(fields[i].value, values[i], LOG_VALUE_BYTES);
                members[n++] = (ChainMember){ names[i], values[i] };
        }

        r = tell_lost();
        if (r == 0)
                r = write_record(members, n);
        if (r < 0)
                failed(r);
        else
                (void)snprintf(ret_head, AUDIT_HEAD_BYTES + 1, "%" PRIu64 ":%s", audit.head.seq,
                               audit.head.hash);
}

const char *audit_file_state(void) {
        if (!audit.path)
                return NULL;
        if (audit.n_lost == 0 && audit.error == 0)
                return "ok";
        (void)snprintf(audit.state, sizeof(audit.state), "%s: records lost: %" PRIu64,
                       strerrordesc_np(-audit.error), audit.n_lost);
        return audit.state;
}

const char *audit_file_head(void) {
        if (!audit.path || audit.head.seq == 0)
                return NULL;
        (void)snprintf(audit.told, sizeof(audit.told), "%" PRIu64 ":%s", audit.head.seq, audit.head.hash);
        return audit.told;
}

/* The end of the chain in an open file. @ret_torn: the hash of a last line without end, "" for none.
 * Return: 0 or a negative errno. */
static int read_end(int fd, ChainHead *ret, char *ret_torn) {
        const size_t n_room = 2 * CHAIN_LINE_BYTES_MAX;
        _cleanup_(freep) char *text = malloc(n_room + 1);
        char *line = NULL, *end;
        struct stat st;
        off_t from;
        ssize_t n;

        if (!text)
                return -ENOMEM;
        if (fstat(fd, &st) < 0)
                return -errno;
        from = st.st_size > (off_t)n_room ? st.st_size - (off_t)n_room : 0;
        n = pread(fd, text, n_room, from);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        end = memrchr(text, '\n', (size_t)n);
        if (ret_torn) {
                const char *rest = end ? end + 1 : text;
                const size_t n_rest = (size_t)(text + n - rest);

                ret_torn[0] = '\0';
                if (n_rest > 0 && chain_hash(rest, n_rest, ret_torn) < 0)
                        return -EIO;
        }
        while (end) {
                *end = '\0';
                line = memrchr(text, '\n', (size_t)(end - text));
                line = line ? line + 1 : text;
                if (chain_record_read(line, (size_t)(end - line), ret, NULL) != CHAIN_NO_RECORD)
                        return 0;
                end = line > text ? line - 1 : NULL;
        }
        return 0;
}

/* Where a file begins is told by the end of the one that was put away. */
static void read_file_before(ChainHead *ret) {
        _cleanup_(freep) char *path = NULL;
        _cleanup_(closep) int fd = -1;

        if (asprintf(&path, "%s.1", audit.path) < 0) {
                path = NULL;
                return;
        }
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0)
                (void)read_end(fd, ret, NULL);
}

/* A line that was cut off is ended, and told of. Return: 0 or a negative errno. */
static int mend(const char *torn) {
        const ChainMember members[] = {
                { "message", "the line before was cut off, as by the end of the machine" },
                { "torn", torn },
        };
        int r;

        log_record(LOG_WARNING, 0, "the audit file %s ends in a line that was cut off", audit.path);
        r = write_whole("\n", 1);
        return r < 0 ? r : write_record(members, ELEMENTSOF(members));
}

static int open_file(void) {
        char torn[CHAIN_HASH_BYTES + 1] = "";
        ChainHead head = CHAIN_HEAD_NONE;
        struct stat st;
        int r;

        audit.fd = open(audit.path,
                        O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
        if (audit.fd < 0)
                return -errno;
        if (fstat(audit.fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != 0) ||
            (st.st_mode & (S_IWGRP | S_IWOTH)))
                return -EPERM;
        r = read_end(audit.fd, &head, torn);
        if (r < 0)
                return r;
        if (head.seq == 0)
                read_file_before(&head);
        /* What this process has written last is the end, wherever it lies by now. */
        if (head.seq >= audit.head.seq)
                audit.head = head;
        return *torn ? mend(torn) : 0;
}

void audit_file_close(void) {
        if (audit.fd >= 0)
                (void)close(audit.fd);
        audit.fd = -1;
        free(audit.path);
        audit.path = NULL;
        audit.head = (ChainHead)CHAIN_HEAD_NONE;
        audit.n_lost = 0;
        audit.error = 0;
}

void audit_file_open(const char *path) {
        int r;

        if (!audit.path || strcmp(audit.path, path) != 0) {
                audit_file_close();
                if (strcmp(path, AUDIT_FILE_OFF) == 0)
                        return;
                audit.path = strdup(path);
        }
        if (audit.fd >= 0)
                (void)close(audit.fd);
        audit.fd = -1;
        r = audit.path ? open_file() : -ENOMEM;
        audit.error = r;
        if (r == 0)
                return;
        if (audit.fd >= 0)
                (void)close(audit.fd);
        audit.fd = -1;
        log_record(LOG_WARNING, 0, "the audit file %s cannot be used: %s", path, strerrordesc_np(-r));
}
