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

/* The file that was put away before this one. Return: is it there, with at least one record? */
static bool read_before(const char *path, const ChainHead *known, ChainFinding *ret) {
        _cleanup_(freep) char *name = NULL;
        _cleanup_(filep) FILE *file = NULL;

        if (asprintf(&name, "%s.1", path) < 0) {
                name = NULL;
                return false;
        }
        return open_read(name, &file) == 0 && chain_verify(file, NULL, known, ret) == 0 && ret->n > 0;
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
        if (finding->fault == CHAIN_WHOLE && finding->is_known_older)
                (void)printf("%s\n", _("The record that is known from elsewhere is older than these files."));
        if (finding->n_torn)
                (void)printf(_("lines that were cut off, and told of: %llu\n"),
                             (unsigned long long)finding->n_torn);
}

/* What the file before this one has to say of it. */
static void judge_before(const ChainFinding *before, bool has_before, const ChainHead *known, ChainFinding *ret) {
        if (ret->n > 0 && ret->first.seq > 0 &&
            (!has_before || before->last.seq != ret->first.seq ||
             strcmp(before->last.hash, ret->first.hash) != 0)) {
                ret->fault = CHAIN_BEGINNING;
                ret->line = 1;
                return;
        }
        /* In an empty file, and in one that has just been begun, the newest record stands in the one before. */
        if (!known || (ret->n > 0 && !ret->is_known_older))
                return;
        if (!has_before)
                ret->fault = ret->n > 0 ? CHAIN_WHOLE : CHAIN_CUT;
        else if (before->fault == CHAIN_OTHER || before->fault == CHAIN_CUT)
                ret->fault = before->fault;
        else if (before->fault != CHAIN_WHOLE)
                ret->fault = CHAIN_BEGINNING;
        else {
                ret->fault = CHAIN_WHOLE;
                ret->is_known_older = before->is_known_older;
        }
}

/* Return: 0 or a negative errno. */
static int verify(const char *path, const ChainHead *known, ChainFinding *ret) {
        _cleanup_(filep) FILE *file = NULL;
        ChainFinding before = {};
        bool has_before;
        int r;

        *ret = (ChainFinding){};
        r = open_read(path, &file);
        if (r == 0)
                r = chain_verify(file, NULL, known, ret);
        if (r < 0 || (ret->fault != CHAIN_WHOLE && ret->n > 0) || ret->fault == CHAIN_NO_RECORD)
                return r;
        has_before = read_before(path, known, &before);
        judge_before(&before, has_before, known, ret);
        return 0;
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
