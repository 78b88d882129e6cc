/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unit: verification of a unit under the person's token, and what its key has to sign for that */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/platform/body.h"
#include "daemon/platform/platform-internal.h"
#include "daemon/platform/verdict.h"

#define SIGNED_TEXT_HEAD "itax-unit-verification-v1"

/* The code becomes part of an address. */
static bool code_is_plain(const char *code) {
        size_t n = strlen(code);

        return n >= 1 && n <= LIMIT_UNIT_CODE_BYTES &&
               strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n;
}

/* A question to @what of the unit, under the token. */
static int draft_unit(PlatformLogin *login, const char *what, Draft *draft) {
        const char *code = login->question.unit;
        int r;

        if (!code_is_plain(code))
                return -EINVAL;
        if (asprintf(&draft->uri, "%s/%s/%s", login->metadata->wire.units_endpoint, code, what) <
            0) {
                draft->uri = NULL;
                return -ENOMEM;
        }
        r = authorization_new_bearer(login->token, &draft->authorization);
        draft->request.uri = draft->uri;
        draft->request.authorization = draft->authorization;
        return r;
}

static const char *method_of(const Question *question) {
        return question->kind == REQUEST_UNIT_RELATION      ? "relation"
               : question->kind == REQUEST_UNIT_CERTIFICATE ? "ca"
                                                            : "declaration_password";
}

static int verification_build(PlatformLogin *login, Draft *draft) {
        const Question *question = &login->question;
        const BodyField fields[] = {
                { "method", method_of(question), NULL },
                { "refresh", question->kind == REQUEST_CAPTCHA ? "captcha" : NULL, NULL },
                { "password", NULL, question->password },
                { "captcha_id", question->captcha ? login->resource_captcha_id : NULL, NULL },
                { "captcha_answer", NULL, login->resource_captcha_id ? question->captcha : NULL },
                { "challenge", question->challenge, NULL },
                { "algorithm", question->algorithm, NULL },
                { "signature", question->signature, NULL },
                { "certificates", question->certificates, NULL },
        };
        int r;

        r = draft_unit(login, "verification", draft);
        if (r < 0)
                return r;
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

static void unit_refusal(PlatformLogin *login, const HttpAnswer *answer) {
        WireProblem wire = {};
        Reply reply;

        if (wire_problem_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the problem is not of the schema");
                return;
        }
        free(login->resource_captcha_id);
        verdict_of_unit(&wire, login->question.kind, &reply);
        login->resource_captcha_id = TAKE_PTR(wire.captcha.id);
        if (reply.kind == REPLY_BROKEN)
                login_log(login, LOG_ERR, wire.type);
        else if (reply.kind == REPLY_CERTIFICATE)
                login_log(login, LOG_NOTICE, wire.reason ? wire.reason : "no reason told");
        wire_problem_done(&wire);
        login_reply(login, &reply);
}

const Stage stage_verification = { "verification", verification_build, verification_good,
                                   unit_refusal };

static int unit_challenge_build(PlatformLogin *login, Draft *draft) {
        int r;

        r = draft_unit(login, "challenge", draft);
        if (r < 0)
                return r;
        return body_new(NULL, 0, &draft->request.body);
}

/* Everything but the challenge is our own, so a signature is good for this platform and this unit
 * only, whatever the challenge was made for. */
static void unit_challenge_good(PlatformLogin *login, const HttpAnswer *answer) {
        WireUnitChallenge wire = {};
        Reply reply = { .kind = REPLY_CHALLENGE, .attempts_left = -1 };

        if (wire_unit_challenge_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the challenge is not of the schema");
                return;
        }
        if (asprintf(&reply.to_sign, SIGNED_TEXT_HEAD "\n%s\n%s\n%s", login->platform->issuer,
                     login->question.unit, wire.challenge) < 0) {
                wire_unit_challenge_done(&wire);
                login_reply_kind(login, REPLY_UNAVAILABLE);
                return;
        }
        reply.expires_in_sec = (uint32_t)wire.expires_in;
        reply.challenge = TAKE_PTR(wire.challenge);
        wire_unit_challenge_done(&wire);
        login_reply(login, &reply);
}

const Stage stage_unit_challenge = { "challenge of a unit", unit_challenge_build,
                                     unit_challenge_good, unit_refusal };
