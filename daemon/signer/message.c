/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Message: both directions of lib/common/signing.h, as itaxd sees them */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/signer/message.h"
#include "lib/common/netstring.h"

static int request_encode(const MessageRequest *request, Secret *out) {
        char seconds[16];
        int r;

        (void)snprintf(seconds, sizeof(seconds), "%u", request->seconds);
        r = netstring_append_text(out, SIGNING_VERSION);
        if (r == 0)
                r = netstring_append_text(out, request->source);
        if (r == 0)
                r = netstring_append_text(out, request->path);
        if (r == 0)
                r = netstring_append_text(out, request->unit);
        if (r == 0)
                r = netstring_append_text(out, seconds);
        if (r == 0)
                r = netstring_append(out, secret_text(request->pin), secret_size(request->pin));
        if (r == 0)
                r = netstring_append_text(out, request->text);
        return r;
}

static int message_fill(Message *message, const Secret *bytes) {
        size_t n = secret_size(bytes);
        void *p;

        message->fd = memfd_create("itax-sign", MFD_CLOEXEC);
        if (message->fd < 0 || ftruncate(message->fd, (off_t)n) < 0)
                return -errno;
        p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, message->fd, 0);
        if (p == MAP_FAILED)
                return -errno;
        message->bytes = p;
        message->n_mapped = n;

        /* Best effort, as in a Secret. */
        (void)mlock(p, n);
        (void)madvise(p, n, MADV_DONTDUMP);
        memcpy(p, secret_text(bytes), n);
        return 0;
}

int message_new(const MessageRequest *request, Message *ret) {
        _cleanup_(secret_freep) Secret *bytes = NULL;
        _cleanup_(message_done) Message message = { .fd = -1 };
        int r;

        r = secret_new(SIGNING_REQUEST_BYTES, &bytes);
        if (r == 0)
                r = request_encode(request, bytes);
        if (r == 0)
                r = message_fill(&message, bytes);
        if (r < 0)
                return r;

        *ret = message;
        message = (Message){ .fd = -1 };
        return 0;
}

void message_done(Message *message) {
        if (message->bytes) {
                explicit_bzero(message->bytes, message->n_mapped);
                (void)munmap(message->bytes, message->n_mapped);
        }
        closep(&message->fd);
        *message = (Message){ .fd = -1 };
}

typedef struct Field {
        const char *bytes;
        size_t n;
} Field;

enum {
        FIELD_VERSION,
        FIELD_STATUS,
        FIELD_TRIES,
        FIELD_ALGORITHM,
        FIELD_CERTIFICATES,
        FIELD_SIGNATURE,
        FIELD_DETAIL,
        _FIELD_MAX,
};

static bool field_is(Field field, const char *text) {
        return field.n == strlen(text) && memcmp(field.bytes, text, field.n) == 0;
}

static bool field_begins(Field field, const char *text) {
        return field.n >= strlen(text) && memcmp(field.bytes, text, strlen(text)) == 0;
}

static bool fields_split(const char *answer, size_t n, Field fields[_FIELD_MAX]) {
        for (size_t i = 0; i < _FIELD_MAX; i++)
                if (!netstring_next(&answer, &n, &fields[i].bytes, &fields[i].n))
                        return false;
        return n == 0;
}

static SigningStatus status_read(Field field) {
        for (SigningStatus status = SIGNING_OK; status < _SIGNING_STATUS_MAX; status++)
                if (field_is(field, signing_status_to_string(status)))
                        return status;
        return _SIGNING_STATUS_MAX;
}

/* "-1" or up to two digits. Return: false for anything else. */
static bool tries_read(Field field, int *ret) {
        int tries = 0;

        if (field_is(field, "-1")) {
                *ret = -1;
                return true;
        }
        if (field.n == 0 || field.n > 2)
                return false;
        for (size_t i = 0; i < field.n; i++) {
                if (field.bytes[i] < '0' || field.bytes[i] > '9')
                        return false;
                tries = 10 * tries + (field.bytes[i] - '0');
        }
        *ret = tries;
        return true;
}

static bool is_algorithm(Field field) {
        return field_is(field, "RS256") || field_is(field, "ES256") || field_is(field, "SM2");
}

static bool is_certificates(Field field) {
        if (field.n > SIGNING_CERTIFICATES_BYTES ||
            !field_begins(field, "-----BEGIN CERTIFICATE-----\n"))
                return false;
        for (size_t i = 0; i < field.n; i++)
                if (field.bytes[i] != '\n' && (field.bytes[i] < ' ' || field.bytes[i] > '~'))
                        return false;
        return true;
}

static bool is_signature(Field field) {
        static const char alphabet[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

        if (field.n == 0 || field.n > SIGNING_SIGNATURE_BYTES)
                return false;
        for (size_t i = 0; i < field.n; i++)
                if (!memchr(alphabet, field.bytes[i], sizeof(alphabet) - 1))
                        return false;
        return true;
}

static bool fields_fit(const Field fields[_FIELD_MAX], SigningStatus status) {
        if (!field_is(fields[FIELD_VERSION], SIGNING_VERSION) || status == _SIGNING_STATUS_MAX ||
            fields[FIELD_DETAIL].n > SIGNING_DETAIL_BYTES ||
            memchr(fields[FIELD_DETAIL].bytes, '\0', fields[FIELD_DETAIL].n))
                return false;
        if (status == SIGNING_OK)
                return is_algorithm(fields[FIELD_ALGORITHM]) &&
                       is_certificates(fields[FIELD_CERTIFICATES]) &&
                       is_signature(fields[FIELD_SIGNATURE]);
        return fields[FIELD_ALGORITHM].n == 0 && fields[FIELD_CERTIFICATES].n == 0 &&
               fields[FIELD_SIGNATURE].n == 0;
}

static int field_copy(Field field, char **ret) {
        if (field.n == 0)
                return 0;
        *ret = strndup(field.bytes, field.n);
        return *ret ? 0 : -ENOMEM;
}

int message_read(const char *answer, size_t n, Signed *ret, char **ret_detail) {
        static const SignStatus statuses[_SIGNING_STATUS_MAX] = {
                [SIGNING_OK] = SIGN_OK,
                [SIGNING_WRONG_PIN] = SIGN_WRONG_PIN,
                [SIGNING_PIN_LOCKED] = SIGN_PIN_LOCKED,
                [SIGNING_NO_KEY] = SIGN_NO_KEY,
                [SIGNING_BAD_SOURCE] = SIGN_FAILED,
                [SIGNING_FAILED] = SIGN_FAILED,
        };
        _cleanup_(signed_done) Signed result = {};
        _cleanup_(freep) char *detail = NULL;
        Field fields[_FIELD_MAX];
        SigningStatus status;
        int r;

        if (!fields_split(answer, n, fields))
                return -EBADMSG;
        status = status_read(fields[FIELD_STATUS]);
        if (!fields_fit(fields, status) || !tries_read(fields[FIELD_TRIES], &result.tries_left))
                return -EBADMSG;

        result.status = statuses[status];
        r = field_copy(fields[FIELD_ALGORITHM], &result.algorithm);
        if (r == 0)
                r = field_copy(fields[FIELD_CERTIFICATES], &result.certificates);
        if (r == 0)
                r = field_copy(fields[FIELD_SIGNATURE], &result.signature);
        if (r == 0)
                r = field_copy(fields[FIELD_DETAIL], &detail);
        if (r < 0)
                return r;

        *ret = result;
        result = (Signed){};
        *ret_detail = TAKE_PTR(detail);
        return 0;
}
