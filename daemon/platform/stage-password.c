/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Password: the challenge (draft-ietf-oauth-first-party-apps) and the code it gives (RFC 6749, RFC
 * 7636); of an account, or of a unit in the old way, where no person is known */

#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/platform/body.h"
#include "daemon/platform/platform-internal.h"
#include "daemon/platform/verdict.h"

static int challenge_build(PlatformLogin *login, Draft *draft) {
        const Question *question = &login->question;
        const bool refresh = question->kind == REQUEST_CAPTCHA;
        char challenge[PKCE_TEXT_BYTES + 1] = "";
        int r = 0;

        if (!login->verifier)
                r = pkce_new(&login->verifier);
        if (r == 0)
                r = pkce_challenge(login->verifier, challenge);
        if (r < 0)
                return r;

        const BodyField fields[] = {
                { "client_id", login->platform->client_id, NULL },
                { "auth_session", login->auth_session, NULL },
                { "refresh", refresh ? "captcha" : NULL, NULL },
                { "scope", refresh ? NULL : platform_scope(login->metadata), NULL },
                { "code_challenge", refresh ? NULL : challenge, NULL },
                { "code_challenge_method", refresh ? NULL : "S256", NULL },
                { "username", question->kind == REQUEST_PASSWORD ? question->account : NULL, NULL },
                { "unit_code", question->kind == REQUEST_UNIT_LOGIN ? question->unit : NULL, NULL },
                { "password", NULL, question->password },
                { "captcha_id", question->captcha ? login->captcha_id : NULL, NULL },
                { "captcha_answer", NULL, login->captcha_id ? question->captcha : NULL },
        };

        draft->request.uri = login->metadata->wire.challenge_endpoint;
        draft->request.authorization = login->platform->authorization;
        return body_new(fields, ELEMENTSOF(fields), &draft->request.body);
}

static void challenge_good(PlatformLogin *login, const HttpAnswer *answer) {
        WireChallengeAnswer wire = {};

        if (login->question.kind == REQUEST_CAPTCHA ||
            wire_challenge_answer_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the answer is not of the schema");
                return;
        }
        login->code = TAKE_PTR(wire.code);
        login_go(login, &stage_code);
}

/* The session has ended meanwhile: without it a password can be tried from the start, a picture not
 * be asked for. */
static bool session_renew(PlatformLogin *login, const WireChallengeError *wire) {
        if (strcmp(wire->error, "invalid_session") != 0 || login->session_renewed ||
            login->question.kind == REQUEST_CAPTCHA)
                return false;

        free(TAKE_PTR(login->auth_session));
        free(TAKE_PTR(login->captcha_id));
        login->session_renewed = true;
        login_go(login, &stage_challenge);
        return true;
}

static void challenge_refusal(PlatformLogin *login, const HttpAnswer *answer) {
        WireChallengeError wire = {};
        Reply reply;

        if (wire_challenge_error_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the refusal is not of the schema");
                return;
        }
        if (verdict_is_about_client(wire.error)) {
                login_client_refused(login, wire.error);
                wire_challenge_error_done(&wire);
                return;
        }
        if (session_renew(login, &wire)) {
                wire_challenge_error_done(&wire);
                return;
        }

        if (wire.auth_session) {
                free(login->auth_session);
                login->auth_session = TAKE_PTR(wire.auth_session);
        }
        free(login->captcha_id);
        verdict_of_challenge(&wire, login->tested, &reply);
        login->captcha_id = TAKE_PTR(wire.captcha.id);
        if (reply.kind == REPLY_BROKEN)
                login_log(login, LOG_ERR, wire.error);
        wire_challenge_error_done(&wire);
        login_reply(login, &reply);
}

const Stage stage_challenge = { "challenge", challenge_build, challenge_good, challenge_refusal };

static int code_build(PlatformLogin *login, Draft *draft) {
        const BodyField fields[] = {
                { "grant_type", "authorization_code", NULL },
                { "client_id", login->platform->client_id, NULL },
                { "code", NULL, login->code },
                { "code_verifier", NULL, login->verifier },
        };

        draft->request.uri = login->metadata->wire.token_endpoint;
        draft->request.authorization = login->platform->authorization;
        return body_new(fields, ELEMENTSOF(fields), &draft->request.body);
}

static void code_good(PlatformLogin *login, const HttpAnswer *answer) {
        WireTokenAnswer wire = {};

        if (wire_token_answer_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the token is not of the schema");
                return;
        }
        login_take_token(login, TAKE_PTR(wire.access_token));
        login->userinfo = wire.userinfo;
        login->has_userinfo = wire.has_userinfo;
        login_go_person(login);
}

static void code_refusal(PlatformLogin *login, const HttpAnswer *answer) {
        WireTokenError wire = {};
        Reply reply;

        if (wire_token_error_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the refusal is not of the schema");
                return;
        }
        if (verdict_is_about_client(wire.error)) {
                login_client_refused(login, wire.error);
                wire_token_error_done(&wire);
                return;
        }
        verdict_of_code(&wire, login->tested, &reply);
        if (reply.kind == REPLY_BROKEN)
                login_log(login, LOG_ERR, wire.error);
        wire_token_error_done(&wire);
        login_reply(login, &reply);
}

const Stage stage_code = { "token", code_build, code_good, code_refusal };
