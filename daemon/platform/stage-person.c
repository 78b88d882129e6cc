/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Person: what the token does not tell - userinfo (OpenID Connect Core section 5.3) and units - and
 * the reply */

#include <errno.h>
#include <string.h>

#include "daemon/platform/body.h"
#include "daemon/platform/person.h"
#include "daemon/platform/platform-internal.h"
#include "daemon/platform/verdict.h"

void login_take_token(PlatformLogin *login, Secret *token) {
        if (login->token)
                revocation_begin(login->platform, login_metadata(login), TAKE_PTR(login->token));
        login->token = token;
        free(TAKE_PTR(login->subject));
        free(TAKE_PTR(login->hinted));
        wire_userinfo_done(&login->userinfo);
        login->has_userinfo = false;
        login->device_code = secret_free(login->device_code); /* redeemed or no longer wanted */
}

/* The unit that must be alone in the answer; NULL where it is a person's. */
static const char *unit_expected(const PlatformLogin *login) {
        return login->question.kind == REQUEST_UNIT_LOGIN ? login->question.unit
               : login->question.kind == REQUEST_RESUME   ? person_subject_unit(login->subject)
                                                          : NULL;
}

/* Is it who was asked for? A password was tested for the account that was named; a phone may be
 * anybody's unless told; who has logged in before is who that was found to be then. */
static bool hint_matches(const PlatformLogin *login) {
        const Question *question = &login->question;

        if (question->kind == REQUEST_PASSWORD)
                return login->userinfo.hint_matched != 0;
        if (question->kind == REQUEST_RESUME)
                return question->account && login->hinted &&
                       strcmp(question->account, login->hinted) == 0;
        return login->userinfo.hint_matched == 1;
}

/* What a resumed login is measured by. Return: 0 or -ENOMEM. */
static int keep_identity(PlatformLogin *login, const ReplyPerson *person) {
        int r = 0;

        if (login->question.kind == REQUEST_RESUME)
                return 0;
        if (person->hint_matched)
                r = text_copy(login->question.kind == REQUEST_POLL ? login->device_hint
                                                                   : login->question.account,
                              &login->hinted);
        if (r == 0)
                r = text_copy(person->subject, &login->subject);
        return r;
}

static int make_person(PlatformLogin *login, ReplyPerson *ret) {
        const char *unit = unit_expected(login);
        int r;

        if (login->question.kind == REQUEST_RESUME &&
            strcmp(login->userinfo.sub, login->subject) != 0)
                return PERSON_E_OTHER;
        r = unit ? person_new_unit(&login->userinfo, unit, ret) : person_new(&login->userinfo, ret);
        if (r != 0)
                return r;
        ret->hint_matched = hint_matches(login);
        return keep_identity(login, ret);
}

static void reply_person(PlatformLogin *login) {
        static const char *const faults[] = {
                [PERSON_E_NAMELESS] = "the person has no login name",
                [PERSON_E_NAME] = "the login name is not fit to be shown",
                [PERSON_E_UNIT] = "a unit for a person, or not the unit asked for",
                [PERSON_E_OTHER] = "the token is somebody else's now",
        };
        Reply reply = { .kind = REPLY_PERSON, .attempts_left = -1 };
        int r;

        r = make_person(login, &reply.person);
        if (r == 0) {
                login_reply(login, &reply);
                return;
        }

        reply_done(&reply);
        if (r > 0)
                login_take_token(login, NULL); /* nobody's we know */
        login_break(login, r > 0 ? faults[r] : "out of memory");
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
        ReplyKind kind = REPLY_BROKEN;

        if (login->question.kind == REQUEST_RESUME)
                kind = verdict_of_token(answer->status, answer->body, answer->n_body);
        if (kind == REPLY_BROKEN)
                login_break(login, "the platform does not take its own token");
        else
                login_reply_kind(login, kind);
}

const Stage stage_userinfo = { "userinfo", userinfo_build, userinfo_good, token_refusal };
const Stage stage_units = { "units", units_build, units_good, token_refusal };
