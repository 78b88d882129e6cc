/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/chain.h"

/* The end of a record: ,"previous":"HASH","hash":"HASH"} */
#define PREVIOUS ",\"previous\":\""
#define HASH "\",\"hash\":\""
#define END "\"}"
#define HASH_MEMBER_BYTES (strlen(",\"hash\":\"") + CHAIN_HASH_BYTES + 1) /* without the brace */
#define TAIL_BYTES (strlen(PREVIOUS HASH END) + 2 * CHAIN_HASH_BYTES)
#define SEQ "{\"seq\":"
#define TORN ",\"torn\":\""

int chain_hash(const void *data, size_t n, char ret[static CHAIN_HASH_BYTES + 1]) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned n_digest = 0;

        if (EVP_Digest(data, n, digest, &n_digest, EVP_sha256(), NULL) != 1 ||
            2 * n_digest != CHAIN_HASH_BYTES)
                return -EIO;
        for (unsigned i = 0; i < n_digest; i++)
                (void)snprintf(ret + 2 * i, 3, "%02x", digest[i]);
        return 0;
}

/* Of a record without its member "hash": what is before it, and the closing brace. */
static int hash_record(const char *line, size_t n_before, char ret[static CHAIN_HASH_BYTES + 1]) {
        _cleanup_(freep) char *text = malloc(n_before + 1);

        if (!text)
                return -ENOMEM;
        memcpy(text, line, n_before);
        text[n_before] = '}';
        return chain_hash(text, n_before + 1, ret);
}

static void write_text(FILE *out, const char *s) {
        for (; *s; s++) {
                if (*s == '"' || *s == '\\')
                        (void)fputc('\\', out);
                (void)fputc((unsigned char)*s < 0x20 ? ' ' : *s, out);
        }
}

int chain_make(ChainHead *head, uint64_t time_msec, const ChainMember *members, size_t n,
               char **ret_line, size_t *ret_n) {
        _cleanup_(freep) char *line = NULL;
        ChainHead next = { .seq = head->seq + 1 };
        size_t n_line = 0, n_before;
        FILE *out = open_memstream(&line, &n_line);
        int r;

        if (!out)
                return -ENOMEM;
        (void)fprintf(out, SEQ "%" PRIu64 ",\"time\":%" PRIu64, next.seq, time_msec);
        for (size_t i = 0; i < n; i++)
                if (members[i].value) {
                        (void)fprintf(out, ",\"%s\":\"", members[i].name);
                        write_text(out, members[i].value);
                        (void)fputc('"', out);
                }
        (void)fprintf(out, PREVIOUS "%s\"", head->hash);
        if (fflush(out) != 0) {
                (void)fclose(out);
                return -ENOMEM;
        }
        n_before = n_line;
        r = hash_record(line, n_before, next.hash);
        if (r == 0)
                (void)fprintf(out, ",\"hash\":\"%s" END "\n", next.hash);
        if (fclose(out) != 0)
                return -ENOMEM;
        if (r < 0)
                return r;
        if (n_line > CHAIN_LINE_BYTES_MAX)
                return -EINVAL;

        *head = next;
        *ret_line = TAKE_PTR(line);
        *ret_n = n_line;
        return 0;
}

static bool is_hash(const char *s) {
        return strspn(s, "0123456789abcdef") >= CHAIN_HASH_BYTES;
}

int chain_record_read(const char *line, size_t n, ChainHead *ret, char *ret_previous) {
        const char *tail, *previous, *hash;
        char found[CHAIN_HASH_BYTES + 1];
        char *end;
        int r;

        if (n <= TAIL_BYTES + strlen(SEQ))
                return CHAIN_NO_RECORD;
        tail = line + n - TAIL_BYTES;
        previous = tail + strlen(PREVIOUS);
        hash = previous + CHAIN_HASH_BYTES + strlen(HASH);
        if (strlen(line) != n ||
            strncmp(line, SEQ, strlen(SEQ)) != 0 || strncmp(tail, PREVIOUS, strlen(PREVIOUS)) != 0 ||
            strncmp(previous + CHAIN_HASH_BYTES, HASH, strlen(HASH)) != 0 ||
            strcmp(hash + CHAIN_HASH_BYTES, END) != 0 || !is_hash(previous) || !is_hash(hash))
                return CHAIN_NO_RECORD;
        errno = 0;
        ret->seq = strtoull(line + strlen(SEQ), &end, 10);
        if (errno || *end != ',' || ret->seq == 0)
                return CHAIN_NO_RECORD;
        memcpy(ret->hash, hash, CHAIN_HASH_BYTES);
        ret->hash[CHAIN_HASH_BYTES] = '\0';
        if (ret_previous) {
                memcpy(ret_previous, previous, CHAIN_HASH_BYTES);
                ret_previous[CHAIN_HASH_BYTES] = '\0';
        }

        r = hash_record(line, n - 1 - HASH_MEMBER_BYTES, found);
        if (r < 0)
                return r;
        return strcmp(found, ret->hash) == 0 ? 0 : CHAIN_CHANGED;
}

/* One reading of a file. */
typedef struct Reading {
        ChainFinding *finding;
        const ChainHead *before, *known;
        char torn[CHAIN_HASH_BYTES + 1]; /* of the line before, which is no record; "" */
        bool known_seen;
} Reading;

static ChainFault follows(Reading *reading, const ChainHead *record, const char *previous) {
        ChainFinding *finding = reading->finding;
        const bool is_first = finding->n == 0;

        if (is_first) {
                finding->first.seq = record->seq - 1;
                memcpy(finding->first.hash, previous, CHAIN_HASH_BYTES + 1);
                if (!reading->before)
                        return CHAIN_WHOLE;
                return record->seq == reading->before->seq + 1 &&
                                strcmp(previous, reading->before->hash) == 0 ?
                        CHAIN_WHOLE :
                        CHAIN_BEGINNING;
        }
        return record->seq == finding->last.seq + 1 && strcmp(previous, finding->last.hash) == 0 ?
                CHAIN_WHOLE :
                CHAIN_MOVED;
}

/* The record behind a line that was cut off tells of it. */
static bool tells_of_torn(const char *line, const char *torn) {
        const char *told = strstr(line, TORN);

        return told && strncmp(told + strlen(TORN), torn, CHAIN_HASH_BYTES) == 0;
}

/* Return: a fault, or a negative errno. */
static int take_line(Reading *reading, const char *line, size_t n) {
        ChainFinding *finding = reading->finding;
        char previous[CHAIN_HASH_BYTES + 1];
        ChainHead record;
        int r;

        r = n > CHAIN_LINE_BYTES_MAX ? CHAIN_NO_RECORD : chain_record_read(line, n, &record, previous);
        if (r == CHAIN_NO_RECORD) {
                if (*reading->torn)
                        return r;
                finding->line--; /* it may be the one before that is wrong */
                return chain_hash(line, n, reading->torn);
        }
        if (r != 0)
                return r;
        if (*reading->torn) {
                if (!tells_of_torn(line, reading->torn))
                        return CHAIN_NO_RECORD;
                reading->torn[0] = '\0';
                finding->line++;
                finding->n_torn++;
        }
        r = follows(reading, &record, previous);
        if (r != CHAIN_WHOLE)
                return r;
        finding->last = record;
        finding->n++;
        if (reading->known && reading->known->seq == record.seq) {
                reading->known_seen = true;
                if (strcmp(reading->known->hash, record.hash) != 0)
                        return CHAIN_OTHER;
        }
        return CHAIN_WHOLE;
}

/* What is wrong with the end. */
static ChainFault judge_end(const Reading *reading, bool is_torn) {
        const ChainFinding *finding = reading->finding;

        if (*reading->torn || is_torn)
                return CHAIN_TORN;
        if (!reading->known || reading->known_seen)
                return CHAIN_WHOLE;
        return reading->known->seq > finding->last.seq ? CHAIN_CUT : CHAIN_WHOLE;
}

int chain_verify(FILE *file, const ChainHead *before, const ChainHead *known, ChainFinding *ret) {
        Reading reading = { .finding = ret, .before = before, .known = known };
        _cleanup_(freep) char *line = NULL;
        size_t room = 0;
        bool is_torn = false;
        int r = CHAIN_WHOLE;

        *ret = (ChainFinding){ .first = CHAIN_HEAD_NONE, .last = CHAIN_HEAD_NONE };
        if (before)
                ret->last = *before;
        while (r == CHAIN_WHOLE) {
                ssize_t n = getline(&line, &room, file);

                if (n < 0)
                        break;
                ret->line++;
                is_torn = line[n - 1] != '\n';
                if (is_torn)
                        break;
                line[--n] = '\0';
                ret->n_whole += n + 1;
                r = take_line(&reading, line, (size_t)n);
        }
        if (ferror(file))
                return -EIO;
        if (r < 0)
                return r;
        ret->fault = r != CHAIN_WHOLE ? (ChainFault)r : judge_end(&reading, is_torn);
        ret->is_known_older = ret->fault == CHAIN_WHOLE && known && !reading.known_seen;
        if (ret->fault == CHAIN_TORN && *reading.torn)
                ret->line++;
        if (ret->fault == CHAIN_WHOLE || ret->fault == CHAIN_CUT)
                ret->line = 0;
        return 0;
}
