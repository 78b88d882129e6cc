/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unit: verification of a unit under the person's token */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/platform/body.h"
#include "daemon/platform/platform-internal.h"
#include "daemon/platform/verdict.h"

static const char *method_of(const Question *question) {
        return question->kind == REQUEST_UNIT_RELATION ? "relation" : "declaration_password";
}

/* The code becomes part of an address. */
static bool code_is_plain(const char *code) {
        size_t n = strlen(code);

        return n >= 1 && n <= LIMIT_UNIT_CODE_BYTES &&
               strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n;
}

static int verification_build(PlatformLogin *login, Draft *draft) {
        const Question *question = &login->question;
        const BodyField fields[] = {
                { "method", method_of(question), NULL },
                { "refresh", question->kind == REQUEST_CAPTCHA ? "captcha" : NULL, NULL },
                { "password", NULL, question->password },
                { "captcha_id", question->captcha ? login->unit_captcha_id : NULL, NULL },
                { "captcha_answer", NULL, login->unit_captcha_id ? question->captcha : NULL },
        };
        int r;

        if (!code_is_plain(question->unit))
                return -EINVAL;
        if (asprintf(&draft->uri, "%s/%s/verification", login->metadata->wire.units_endpoint,
                     question->unit) < 0) {
                draft->uri = NULL;
                return -ENOMEM;
        }
        r = authorization_new_bearer(login->token, &draft->authorization);
        if (r < 0)
                return r;

        draft->request.uri = draft->uri;
        draft->request.authorization = draft->authorization;
        return body_new(fields, ELEMENTSOF(fields), &draft->request.body);
}

/* An answer to another question than the one asked is none (threats 66). */
static void verification_good(PlatformLogin *login, const HttpAnswer *answer) {
        WireVerification wire = {};
        bool same;

        if (wire_verification_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the verification is not of the schema");
                return;
        }
        same = login->question.kind != REQUEST_CAPTCHA &&
               strcmp(wire.code, login->question.unit) == 0 &&
               strcmp(wire.method, method_of(&login->question)) == 0;
        wire_verification_done(&wire);
        if (same)
                login_reply_kind(login, REPLY_UNIT);
        else
                login_break(login, "the verification is of another unit or method");
}

static void verification_refusal(PlatformLogin *login, const HttpAnswer *answer) {
        WireProblem wire = {};
        Reply reply;

        if (wire_problem_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the problem is not of the schema");
                return;
        }
        free(login->unit_captcha_id);
        verdict_of_unit(&wire, login->question.kind, &reply);
        login->unit_captcha_id = TAKE_PTR(wire.captcha.id);
        if (reply.kind == REPLY_BROKEN)
                login_log(login, LOG_ERR, wire.type);
        wire_problem_done(&wire);
        login_reply(login, &reply);
}

const Stage stage_verification = { "verification", verification_build, verification_good,
                                   verification_refusal };
