/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Audit verify: itaxd --verify-audit, in words for a person or as JSON */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libintl.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/audit-file.h"

#define _(text) gettext(text)
#define N_(text) text

enum { VERIFY_WHOLE = 0, VERIFY_BROKEN = 1, VERIFY_UNREAD = 2 };

static const struct {
        const char *word, *text;
} fault_table[_CHAIN_FAULT_MAX] = {
        [CHAIN_WHOLE] = { "whole", N_("whole") },
        [CHAIN_NO_RECORD] = { "no-record", N_("this line is no record") },
        [CHAIN_CHANGED] = { "changed", N_("this record was changed") },
        [CHAIN_MOVED] = { "moved", N_("records before this one were removed or put elsewhere") },
        [CHAIN_TORN] = { "torn", N_("the last line was cut off; itaxd tells of it when it starts again") },
        [CHAIN_CUT] = { "cut", N_("records at the end were removed") },
        [CHAIN_OTHER] = { "other", N_("the record that is known from elsewhere is another one here") },
        [CHAIN_BEGINNING] = { "beginning",
                              N_("records at the beginning were removed, or the file before this one was changed") },
};

static void filep(FILE **file) {
        if (*file)
                (void)fclose(*file);
}

/* Return: 0 or a negative errno. */
static int open_read(const char *path, FILE **ret) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

        if (fd < 0)
                return -errno;
        *ret = fdopen(fd, "r");
        if (*ret)
                return 0;
        (void)close(fd);
        return -ENOMEM;
}

/* "SEQ:HASH" */
static bool read_head(const char *text, ChainHead *ret) {
        char *end;

        errno = 0;
        ret->seq = strtoull(text, &end, 10);
        if (errno || end == text || *end != ':' || strlen(end + 1) != CHAIN_HASH_BYTES ||
            strspn(end + 1, "0123456789abcdef") != CHAIN_HASH_BYTES)
                return false;
        memcpy(ret->hash, end + 1, sizeof(ret->hash));
        return true;
}

/* The end of the file that was put away before this one. Return: is there any, or need none be? */
static bool find_before(const char *path, const ChainHead *first, ChainHead *ret) {
        _cleanup_(freep) char *name = NULL;
        _cleanup_(filep) FILE *file = NULL;
        ChainFinding finding;

        *ret = (ChainHead)CHAIN_HEAD_NONE;
        if (first->seq == 0)
                return true;
        if (asprintf(&name, "%s.1", path) < 0) {
                name = NULL;
                return false;
        }
        if (open_read(name, &file) < 0 || chain_verify(file, NULL, NULL, &finding) < 0)
                return false;
        *ret = finding.last;
        return finding.last.seq > 0;
}

static void print_json(const char *path, const ChainFinding *finding) {
        (void)printf("{\"file\":\"");
        for (const char *p = path; *p; p++)
                (void)printf(*p == '"' || *p == '\\' ? "\\%c" : "%c", (unsigned char)*p < 0x20 ? ' ' : *p);
        (void)printf("\",\"result\":\"%s\",\"records\":%" PRIu64 ",\"torn\":%" PRIu64,
                     fault_table[finding->fault].word, finding->n, finding->n_torn);
        if (finding->n)
                (void)printf(",\"first\":%" PRIu64 ",\"last\":%" PRIu64 ",\"hash\":\"%s\"",
                             finding->first.seq + 1, finding->last.seq, finding->last.hash);
        if (finding->line)
                (void)printf(",\"line\":%" PRIu64, finding->line);
        (void)printf("}\n");
}

static void print_text(const char *path, const ChainFinding *finding) {
        if (finding->fault != CHAIN_WHOLE && finding->line)
                (void)printf("%s:%" PRIu64 ": %s\n", path, finding->line, _(fault_table[finding->fault].text));
        else
                (void)printf("%s: %s\n", path, _(fault_table[finding->fault].text));
        if (finding->n)
                (void)printf(_("good records: %llu (%llu to %llu), the last is %llu:%s\n"),
                             (unsigned long long)finding->n, (unsigned long long)finding->first.seq + 1,
                             (unsigned long long)finding->last.seq, (unsigned long long)finding->last.seq,
                             finding->last.hash);
        if (finding->n_torn)
                (void)printf(_("lines that were cut off, and told of: %llu\n"),
                             (unsigned long long)finding->n_torn);
}

/* Return: 0 or a negative errno. */
static int verify(const char *path, const ChainHead *known, ChainFinding *ret) {
        _cleanup_(filep) FILE *file = NULL;
        ChainHead before;
        int r;

        r = open_read(path, &file);
        if (r == 0)
                r = chain_verify(file, NULL, known, ret);
        if (r < 0 || ret->n == 0)
                return r;
        /* Once more, now that it is known what it has to follow. */
        if (!find_before(path, &ret->first, &before) && ret->fault == CHAIN_WHOLE) {
                ret->fault = CHAIN_BEGINNING;
                ret->line = 1;
                return 0;
        }
        if (ret->fault != CHAIN_WHOLE)
                return 0;
        rewind(file);
        return chain_verify(file, &before, known, ret);
}

int audit_file_verify(const char *path, const char *known, bool json) {
        ChainHead head;
        ChainFinding finding;
        int r;

        if (known && !read_head(known, &head)) {
                (void)fprintf(stderr, _("--head %s: allowed: SEQ:HASH, as ITAX_AUDIT_HASH in the journal\n"), known);
                return VERIFY_UNREAD;
        }
        r = verify(path, known ? &head : NULL, &finding);
        if (r < 0) {
                (void)fprintf(stderr, "%s: %s\n", path, strerrordesc_np(-r));
                return VERIFY_UNREAD;
        }
        if (json)
                print_json(path, &finding);
        else
                print_text(path, &finding);
        return finding.fault == CHAIN_WHOLE ? VERIFY_WHOLE : VERIFY_BROKEN;
}
