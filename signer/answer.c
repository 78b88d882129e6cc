/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answer: built as a whole before the first byte is written, so that nobody sees half of one */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/err.h>

#include "lib/common/netstring.h"
#include "signer/answer.h"

SigningStatus answer_fail(Answer *answer, SigningStatus status, const char *detail) {
        answer->status = status;
        answer->detail = detail;
        return status;
}

/* What went wrong first is the reason; the rest of the queue is who was calling. */
SigningStatus answer_fail_library(Answer *answer, SigningStatus status, const char *detail) {
        const char *reason = ERR_reason_error_string(ERR_peek_error());

        (void)snprintf(answer->room, sizeof(answer->room), "%s (%s)", detail,
                       reason ? reason : "no reason told");
        for (char *p = answer->room; *p; p++)
                if (*p < ' ' || *p > '~')
                        *p = '?';
        return answer_fail(answer, status, answer->room);
}

static int answer_encode(const Answer *answer, Secret *out) {
        char tries[16];
        const char *const fields[] = {
                SIGNING_VERSION,
                signing_status_to_string(answer->status),
                tries,
                answer->algorithm,
                answer->certificates,
                answer->signature,
                answer->detail,
        };

        (void)snprintf(tries, sizeof(tries), "%d", answer->tries_left);
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                int r = netstring_append_text(out, fields[i] ? fields[i] : "");

                if (r < 0)
                        return r;
        }
        return 0;
}

int answer_write(const Answer *answer, int fd) {
        _cleanup_(secret_freep) Secret *out = NULL;
        const char *p;
        size_t n;
        int r;

        r = secret_new(SIGNING_ANSWER_BYTES, &out);
        if (r == 0)
                r = answer_encode(answer, out);
        if (r < 0)
                return r;

        p = secret_text(out);
        n = secret_size(out);
        while (n > 0) {
                ssize_t n_written = write(fd, p, n);

                if (n_written < 0 && errno == EINTR)
                        continue;
                if (n_written < 0)
                        return -errno;
                p += n_written;
                n -= (size_t)n_written;
        }
        return 0;
}

void answer_done(Answer *answer) {
        free(answer->certificates);
        free(answer->signature);
        *answer = (Answer){};
}
