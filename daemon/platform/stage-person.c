/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Person: what the token does not tell - userinfo (OpenID Connect Core section 5.3) and units - and
 * the reply */

#include <errno.h>

#include "daemon/platform/body.h"
#include "daemon/platform/person.h"
#include "daemon/platform/platform-internal.h"

void login_take_token(PlatformLogin *login, Secret *token) {
        if (login->token)
                revocation_begin(login->platform, login->metadata, TAKE_PTR(login->token));
        login->token = token;
        wire_userinfo_done(&login->userinfo);
        login->has_userinfo = false;
        login->device_code = secret_free(login->device_code); /* redeemed or no longer wanted */
}

static void reply_person(PlatformLogin *login) {
        Reply reply = { .kind = REPLY_PERSON, .attempts_left = -1 };
        int r;

        r = person_new(&login->userinfo, &reply.person);
        if (r != 0) {
                login_break(login, r == PERSON_E_NAMELESS ? "the person has no login name"
                                   : r == PERSON_E_NAME   ? "the login name is not fit to be shown"
                                                          : "out of memory");
                return;
        }

        /* A password was tested for the account that was named; a phone may be anybody's unless
         * told. */
        reply.person.hint_matched = login->question.kind == REQUEST_PASSWORD
                                            ? login->userinfo.hint_matched != 0
                                            : login->userinfo.hint_matched == 1;
        login_reply(login, &reply);
}

void login_go_person(PlatformLogin *login) {
        const WireMetadata *wire = &login->metadata->wire;

        if (!login->has_userinfo) {
                if (wire->userinfo_endpoint)
                        login_go(login, &stage_userinfo);
                else
                        login_break(login, "the platform does not tell who logged in");
        } else if (!login->userinfo.units.present && wire->units_endpoint)
                login_go(login, &stage_units);
        else
                reply_person(login);
}

static int bearer_get(PlatformLogin *login, const char *uri, Draft *draft) {
        int r;

        r = authorization_new_bearer(login->token, &draft->authorization);
        draft->request.uri = uri;
        draft->request.authorization = draft->authorization;
        return r;
}

static int userinfo_build(PlatformLogin *login, Draft *draft) {
        return bearer_get(login, login->metadata->wire.userinfo_endpoint, draft);
}

static void userinfo_good(PlatformLogin *login, const HttpAnswer *answer) {
        WireUserinfo wire = {};

        if (wire_userinfo_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the person is not of the schema");
                return;
        }
        login->userinfo = wire;
        login->has_userinfo = true;
        login_go_person(login);
}

static int units_build(PlatformLogin *login, Draft *draft) {
        return bearer_get(login, login->metadata->wire.units_endpoint, draft);
}

static void units_good(PlatformLogin *login, const HttpAnswer *answer) {
        WireUnits wire = {};

        if (wire_units_decode(answer->body, answer->n_body, &wire) != 0) {
                login_break(login, "the units are not of the schema");
                return;
        }
        login->userinfo.units = wire; /* empty before, else nobody had asked */
        login_go_person(login);
}

static void token_refusal(PlatformLogin *login, const HttpAnswer *answer) {
        (void)answer;
        login_break(login, "the platform does not take its own token");
}

const Stage stage_userinfo = { "userinfo", userinfo_build, userinfo_good, token_refusal };
const Stage stage_units = { "units", units_build, units_good, token_refusal };
