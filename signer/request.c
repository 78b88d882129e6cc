/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Request: the whole of it is read into a Secret, as the PIN is in it, and then taken apart */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/common/identity.h"
#include "lib/common/netstring.h"
#include "signer/request.h"

static const char *const sources[_SOURCE_KIND_MAX] = {
        [SOURCE_PKCS12] = "pkcs12",
        [SOURCE_PKCS12_DESCRIPTOR] = "pkcs12-descriptor",
        [SOURCE_PKCS11] = "pkcs11",
};

typedef struct Fields {
        const char *in;
        size_t n;
} Fields;

/* A field as text into @ret of @n_room bytes. */
static int next_text(Fields *fields, char *ret, size_t n_room) {
        const char *field;
        size_t n;

        if (!netstring_next(&fields->in, &fields->n, &field, &n) || n >= n_room ||
            memchr(field, '\0', n))
                return -EBADMSG;

        memcpy(ret, field, n);
        ret[n] = '\0';
        return 0;
}

static int next_version(Fields *fields) {
        char version[sizeof(SIGNING_VERSION)];
        int r;

        r = next_text(fields, version, sizeof(version));
        return r == 0 && strcmp(version, SIGNING_VERSION) != 0 ? -EBADMSG : r;
}

static int next_source(Fields *fields, SourceKind *ret) {
        char word[32];
        int r;

        r = next_text(fields, word, sizeof(word));
        if (r < 0)
                return r;

        for (SourceKind kind = 0; kind < _SOURCE_KIND_MAX; kind++)
                if (strcmp(word, sources[kind]) == 0) {
                        *ret = kind;
                        return 0;
                }
        return -EBADMSG;
}

static int next_seconds(Fields *fields, unsigned *ret) {
        char digits[4];
        unsigned long seconds;
        char *end;
        int r;

        r = next_text(fields, digits, sizeof(digits));
        if (r < 0)
                return r;

        seconds = strtoul(digits, &end, 10);
        if (digits[0] < '1' || digits[0] > '9' || *end != '\0' || seconds > SIGNING_SECONDS_MAX)
                return -EBADMSG;
        *ret = (unsigned)seconds;
        return 0;
}

static int next_pin(Fields *fields, Secret **ret) {
        const char *field;
        size_t n;

        if (!netstring_next(&fields->in, &fields->n, &field, &n) || n > LIMIT_ANSWER_BYTES ||
            memchr(field, '\0', n))
                return -EBADMSG;
        return secret_new_from(field, n, ret);
}

static int request_parse(Fields fields, Request *request) {
        const char *field;
        int r;

        r = next_version(&fields);
        if (r == 0)
                r = next_source(&fields, &request->source);
        if (r == 0)
                r = next_text(&fields, request->path, sizeof(request->path));
        if (r == 0)
                r = next_text(&fields, request->unit, sizeof(request->unit));
        if (r == 0)
                r = next_seconds(&fields, &request->seconds);
        if (r == 0)
                r = next_pin(&fields, &request->pin);
        if (r < 0)
                return r;

        if (!netstring_next(&fields.in, &fields.n, &field, &request->n_text) ||
            request->n_text > sizeof(request->text) || fields.n != 0)
                return -EBADMSG;
        memcpy(request->text, field, request->n_text);

        if ((request->path[0] == '/') != (request->source != SOURCE_PKCS12_DESCRIPTOR) ||
            !unit_code_is_valid(request->unit))
                return -EBADMSG;
        return 0;
}

static int read_all(int fd, Secret **ret) {
        _cleanup_(secret_freep) Secret *bytes = NULL;
        int r;

        r = secret_new(SIGNING_REQUEST_BYTES, &bytes);
        if (r < 0)
                return r;

        for (;;) {
                char piece[512];
                ssize_t n = read(fd, piece, sizeof(piece));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                r = secret_append(bytes, piece, (size_t)n);
                explicit_bzero(piece, sizeof(piece));
                if (r < 0)
                        return -EBADMSG;
        }

        *ret = TAKE_PTR(bytes);
        return 0;
}

int request_read(int fd, Request *ret) {
        _cleanup_(secret_freep) Secret *bytes = NULL;
        _cleanup_(request_done) Request request = {};
        int r;

        r = read_all(fd, &bytes);
        if (r == 0)
                r = request_parse((Fields){ secret_text(bytes), secret_size(bytes) }, &request);
        if (r < 0)
                return r;

        *ret = request;
        request = (Request){};
        return 0;
}

void request_done(Request *request) {
        secret_free(request->pin);
        *request = (Request){};
}
