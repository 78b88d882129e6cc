/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Question: a copy of what was asked, as the original is borrowed only for the call */

#include <errno.h>
#include <string.h>

#include "daemon/platform/platform-internal.h"

void question_done(Question *question) {
        free(question->account);
        free(question->unit);
        free(question->challenge);
        free(question->algorithm);
        free(question->signature);
        free(question->certificates);
        (void)secret_free(question->password);
        (void)secret_free(question->new_password);
        (void)secret_free(question->captcha);
        (void)secret_free(question->digits);
        *question = (Question){};
}

static void question_donep(Question *question) {
        question_done(question);
}

int text_copy(const char *text, char **ret) {
        *ret = text ? strdup(text) : NULL;
        return text && !*ret ? -ENOMEM : 0;
}

static int copy_result(const Signed *result, Question *question) {
        int r;

        r = text_copy(result->algorithm, &question->algorithm);
        if (r == 0)
                r = text_copy(result->signature, &question->signature);
        if (r == 0)
                r = text_copy(result->certificates, &question->certificates);
        return r;
}

int question_copy(const Request *request, Question *ret) {
        _cleanup_(question_donep) Question question = {
                .kind = request->kind,
                .seen = request->seen,
                .at_once = request->at_once,
                .binding = request->binding,
        };
        int r;

        r = text_copy(request->account, &question.account);
        if (r == 0)
                r = text_copy(request->unit, &question.unit);
        if (r == 0)
                r = text_copy(request->challenge, &question.challenge);
        if (r == 0 && request->result)
                r = copy_result(request->result, &question);
        if (r == 0)
                r = secret_dup(request->password, &question.password);
        if (r == 0)
                r = secret_dup(request->new_password, &question.new_password);
        if (r == 0)
                r = secret_dup(request->captcha, &question.captcha);
        if (r == 0)
                r = secret_dup(request->digits, &question.digits);
        if (r == 0) {
                *ret = question;
                question = (Question){};
        }
        return r;
}
