/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Account: another password for the account, under the person's token */

#include "daemon/log.h"
#include "daemon/platform/body.h"
#include "daemon/platform/platform-internal.h"
#include "daemon/platform/verdict.h"

static int new_password_build(PlatformLogin *login, Draft *draft) {
        const Question *question = &login->question;
        const BodyField fields[] = {
                { "refresh", question->kind == REQUEST_CAPTCHA ? "captcha" : NULL, NULL },
                { "current_password", NULL, question->password },
                { "new_password", NULL, question->new_password },
                { "captcha_id", question->captcha ? login->resource_captcha_id : NULL, NULL },
                { "captcha_answer", NULL, login->resource_captcha_id ? question->captcha : NULL },
        };
        int r;

        r = authorization_new_bearer(login->token, &draft->authorization);
        if (r < 0)
                return r;
        draft->request.uri = login->metadata->wire.password_endpoint;
        draft->request.authorization = draft->authorization;
        return body_new(fields, ELEMENTSOF(fields), &draft->request.body);
}

/* Any JSON object will do, but not one that speaks of a problem. */
static bool body_is_plain(const HttpAnswer *answer) {
        WireProblem wire = {};
        int r;

        r = wire_problem_decode(answer->body, answer->n_body, &wire);
        wire_problem_done(&wire);
        return r == WIRE_E_SCHEMA;
}

static void new_password_good(PlatformLogin *login, const HttpAnswer *answer) {
        if (login->question.kind == REQUEST_NEW_PASSWORD && body_is_plain(answer))
                login_reply_kind(login, REPLY_CHANGED);
        else
                login_break(login, "the answer is not of the schema");
}

static void new_password_refusal(PlatformLogin *login, const HttpAnswer *answer) {
        WireProblem wire = {};
        Reply reply;

        if (wire_problem_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the problem is not of the schema");
                return;
        }
        free(login->resource_captcha_id);
        verdict_of_new_password(&wire, &reply);
        login->resource_captcha_id = TAKE_PTR(wire.captcha.id);
        if (reply.kind == REPLY_BROKEN)
                login_log(login, LOG_ERR, wire.type);
        wire_problem_done(&wire);
        login_reply(login, &reply);
}

const Stage stage_new_password = { "new password", new_password_build, new_password_good,
                                   new_password_refusal };
