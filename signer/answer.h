/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Answer: what came of it (lib/common/signing.h has the form) */

#include "lib/common/signing.h"

/* {} is empty; owns its strings. .detail is a constant, or stands in .room. */
typedef struct Answer {
        SigningStatus status;
        int tries_left;
        const char *algorithm;
        char *certificates, *signature;
        const char *detail;
        char room[SIGNING_DETAIL_BYTES + 1];
} Answer;

/** answer_fail() - note why. Return: @status, to be handed on. */
SigningStatus answer_fail(Answer *answer, SigningStatus status, const char *detail);

/** answer_fail_library() - the same, with what OpenSSL's error queue says behind it */
SigningStatus answer_fail_library(Answer *answer, SigningStatus status, const char *detail);

/** answer_write() - write it to @fd. Return: 0 or a negative errno. */
int answer_write(const Answer *answer, int fd);
void answer_done(Answer *answer);
