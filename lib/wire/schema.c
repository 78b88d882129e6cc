/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Schema: the tables. The order is that of doc/platform-api.yaml, so that the two can be read side
 * by side. */

#include <string.h>

#include "lib/wire/schema.h"

/* Lengths that only this file knows; the rest is in limits.h. */
#define ERROR_BYTES_MAX       128
#define ID_BYTES_MAX          64
#define USER_CODE_BYTES_MAX   32
#define CONTEXT_BYTES_MAX     255
#define LOGIN_NAME_BYTES_MAX  96
#define TITLE_BYTES_MAX       256
#define DETAIL_BYTES_MAX      1024
#define REASON_BYTES_MAX      32
#define DATE_BYTES            10
#define CHALLENGE_BYTES_MIN   43 /* 32 bytes in base64url */
#define CHALLENGE_BYTES_MAX   256
#define CHALLENGE_SEC_MAX     600
#define RETRY_AFTER_SEC_MAX   86400
#define EXPIRES_SEC_MAX       INT32_MAX
#define TIME_SEC_MAX          253402300799 /* the end of the year 9999 */

static const char *const words_phase[] = { "dual", "relation", "realname", NULL };
static const char *const words_state[] = { "pending", "scanned", "digits_required", NULL };
static const char *const words_reason[] = { "refused", "wrong_person", "digits_wrong", "disabled", NULL };
static const char *const words_methods[] = { "relation", "declaration_password", "ca", NULL };
static const char *const words_view[] = { "pending", "scanned", "confirmed", "refused", "redeemed", NULL };
static const char *const words_confirmed[] = { "confirmed", NULL };
static const char *const words_binding[] = { "none", "digits", NULL };

static const char *const fixed_response_types[] = { "code", NULL };
static const char *const fixed_grant_types[] = { "authorization_code",
                                                 "urn:ietf:params:oauth:grant-type:device_code", NULL };
static const char *const fixed_challenge_methods[] = { "S256", NULL };
static const char *const fixed_auth_methods[] = { "client_secret_basic", "client_secret_post", "none", NULL };
static const char *const fixed_scopes[] = { "openid", "profile", "units", NULL };

#define AT(Type, member) .offset = offsetof(Type, member)
#define MORE(Type, member) .offset_more = offsetof(Type, member)
#define TEXT(key, set, lo, hi) .name = key, .type = WIRE_TEXT, .chars = set, .min = lo, .max = hi
#define URI(key) TEXT(key, CHARS_VISIBLE, 1, LIMIT_URI_BYTES)
#define NAME(key) TEXT(key, CHARS_ANY, 0, LIMIT_NAME_BYTES)
#define UNIT_CODE(key) TEXT(key, CHARS_UNIT, 15, LIMIT_UNIT_CODE_BYTES)
#define TOKEN(key) .name = key, .type = WIRE_TOKEN, .chars = CHARS_VISIBLE, .min = 1, .max = LIMIT_TOKEN_BYTES
#define WORD(key, list) .name = key, .type = WIRE_WORD, .words = list
#define NUMBER(key, lo, hi, none) .name = key, .type = WIRE_NUMBER, .min = lo, .max = hi, .absent = none
#define FLAG(key) .name = key, .type = WIRE_FLAG
#define FIXED(key, list) .name = key, .type = WIRE_FIXED, .words = list
#define REQUIRED .presence = WIRE_REQUIRED

#define ATTEMPTS_LEFT(Type) { NUMBER("attempts_left", 0, 5, -1), AT(Type, attempts_left) }
#define RETRY_AFTER(Type) { NUMBER("retry_after", 1, RETRY_AFTER_SEC_MAX, 0), AT(Type, retry_after) }
#define CAPTCHA(Type) \
        { TEXT("captcha_id", CHARS_ID, 1, ID_BYTES_MAX), AT(Type, captcha.id) }, \
        { .name = "captcha_png", .type = WIRE_PNG, AT(Type, captcha.png), MORE(Type, captcha.n_png) }, \
        { FLAG("captcha_wrong"), AT(Type, captcha.wrong) }

#define DEFINE_ROWS(which, name) \
        which const WireSchema wire_##name##_schema = { .members = name##_rows, \
                                                        .n_members = ELEMENTSOF(name##_rows) };
#define DEFINE_SCHEMA(name) DEFINE_ROWS(, name)
#define DEFINE_INNER_SCHEMA(name) DEFINE_ROWS(static, name)

static const WireMember links_rows[] = {
        { URI("register"), AT(WireMetadata, link_register) },
        { URI("forgot_password"), AT(WireMetadata, link_forgot_password) },
        { URI("forgot_declaration_password"), AT(WireMetadata, link_forgot_declaration) },
        { URI("app_download"), AT(WireMetadata, link_app) },
};
DEFINE_INNER_SCHEMA(links)

#define DATE(key) TEXT(key, CHARS_DATE, DATE_BYTES, DATE_BYTES)

static const WireMember phases_rows[] = {
        { DATE("dual"), AT(WireMetadata, phases[0]) },
        { DATE("relation"), AT(WireMetadata, phases[1]) },
        { DATE("realname"), AT(WireMetadata, phases[2]) },
};
DEFINE_INNER_SCHEMA(phases)

static const WireMember metadata_rows[] = {
        { URI("issuer"), REQUIRED, AT(WireMetadata, issuer) },
        { URI("token_endpoint"), REQUIRED, AT(WireMetadata, token_endpoint) },
        { URI("authorization_challenge_endpoint"), AT(WireMetadata, challenge_endpoint) },
        { URI("device_authorization_endpoint"), AT(WireMetadata, device_endpoint) },
        { URI("userinfo_endpoint"), AT(WireMetadata, userinfo_endpoint) },
        { URI("revocation_endpoint"), AT(WireMetadata, revocation_endpoint) },
        { URI("units_endpoint"), AT(WireMetadata, units_endpoint) },
        { URI("password_endpoint"), AT(WireMetadata, password_endpoint) },
        { FIXED("response_types_supported", fixed_response_types), REQUIRED },
        { FIXED("grant_types_supported", fixed_grant_types) },
        { FIXED("code_challenge_methods_supported", fixed_challenge_methods) },
        { FIXED("token_endpoint_auth_methods_supported", fixed_auth_methods) },
        { FIXED("scopes_supported", fixed_scopes) },
        { FLAG("device_scanned_state_supported"), AT(WireMetadata, scanned_state) },
        { NUMBER("device_long_poll_seconds", 0, 60, 0), AT(WireMetadata, long_poll_sec) },
        { WORD("phase", words_phase), AT(WireMetadata, phase) },
        { .name = "phases", .type = WIRE_GROUP, .schema = &wire_phases_schema },
        { .name = "links", .type = WIRE_GROUP, .schema = &wire_links_schema },
};
DEFINE_SCHEMA(metadata)

static const WireMember challenge_answer_rows[] = {
        { TOKEN("authorization_code"), REQUIRED, AT(WireChallengeAnswer, code) },
};
DEFINE_SCHEMA(challenge_answer)

static const WireMember challenge_error_rows[] = {
        { TEXT("error", CHARS_ERROR, 1, ERROR_BYTES_MAX), REQUIRED, AT(WireChallengeError, error) },
        { TEXT("auth_session", CHARS_VISIBLE, 1, LIMIT_TOKEN_BYTES), AT(WireChallengeError, auth_session) },
        ATTEMPTS_LEFT(WireChallengeError),
        RETRY_AFTER(WireChallengeError),
        CAPTCHA(WireChallengeError),
};
DEFINE_SCHEMA(challenge_error)

static const WireMember device_answer_rows[] = {
        { TOKEN("device_code"), REQUIRED, AT(WireDeviceAnswer, device_code) },
        { TEXT("user_code", CHARS_VISIBLE, 1, USER_CODE_BYTES_MAX), REQUIRED, AT(WireDeviceAnswer, user_code) },
        { URI("verification_uri"), REQUIRED, AT(WireDeviceAnswer, verification_uri) },
        { URI("verification_uri_complete"), AT(WireDeviceAnswer, verification_uri_complete) },
        { NUMBER("expires_in", 1, 1800, 0), REQUIRED, AT(WireDeviceAnswer, expires_in) },
        { NUMBER("interval", 1, 60, 5), AT(WireDeviceAnswer, interval) },
};
DEFINE_SCHEMA(device_answer)

static const WireMember unit_rows[] = {
        { UNIT_CODE("code"), REQUIRED, AT(WireUnit, code) },
        { NAME("name"), REQUIRED, AT(WireUnit, name) },
        { FLAG("authorised"), .presence = WIRE_SHOWN, AT(WireUnit, authorised) },
        { .name = "methods", .type = WIRE_FLAGS, .words = words_methods, AT(WireUnit, has_relation) },
};
DEFINE_INNER_SCHEMA(unit)

/* WIRE_FLAGS counts on these three standing in a row, in the order of words_methods. */
_Static_assert(offsetof(WireUnit, has_password) == offsetof(WireUnit, has_relation) + sizeof(bool) &&
                       offsetof(WireUnit, has_ca) == offsetof(WireUnit, has_relation) + 2 * sizeof(bool),
               "methods of a unit");

#define UNITS(key) .name = key, .type = WIRE_UNITS, .schema = &wire_unit_schema, .max = LIMIT_UNITS

static const WireMember units_rows[] = {
        { UNITS("units"), REQUIRED, .offset = 0 },
};
DEFINE_SCHEMA(units)

static const WireMember userinfo_rows[] = {
        { TEXT("sub", CHARS_VISIBLE, 1, LIMIT_SUBJECT_BYTES), REQUIRED, AT(WireUserinfo, sub) },
        { TEXT("preferred_username", CHARS_ANY, 1, LOGIN_NAME_BYTES_MAX), AT(WireUserinfo, preferred_username) },
        { NAME("name"), AT(WireUserinfo, name) },
        { .name = "login_hint_matched", .type = WIRE_TRISTATE, AT(WireUserinfo, hint_matched) },
        { FLAG("unit_login"), AT(WireUserinfo, unit_login) },
        { UNITS("units"), AT(WireUserinfo, units) },
};
DEFINE_SCHEMA(userinfo)

static const WireMember token_answer_rows[] = {
        { TOKEN("access_token"), REQUIRED, AT(WireTokenAnswer, access_token) },
        { .name = "token_type", .type = WIRE_BEARER, REQUIRED },
        { NUMBER("expires_in", 1, EXPIRES_SEC_MAX, 0), AT(WireTokenAnswer, expires_in) },
        { .name = "userinfo", .type = WIRE_OBJECT, .schema = &wire_userinfo_schema,
          AT(WireTokenAnswer, userinfo), MORE(WireTokenAnswer, has_userinfo) },
};
DEFINE_SCHEMA(token_answer)

static const WireMember token_error_rows[] = {
        { TEXT("error", CHARS_ERROR, 1, ERROR_BYTES_MAX), REQUIRED, AT(WireTokenError, error) },
        { WORD("state", words_state), AT(WireTokenError, state) },
        { WORD("reason", words_reason), AT(WireTokenError, reason) },
        ATTEMPTS_LEFT(WireTokenError),
};
DEFINE_SCHEMA(token_error)

static const WireMember verification_rows[] = {
        { UNIT_CODE("code"), REQUIRED, AT(WireVerification, code) },
        { NAME("name"), AT(WireVerification, name) },
        { WORD("method", words_methods), REQUIRED, AT(WireVerification, method) },
};
DEFINE_SCHEMA(verification)

static const WireMember unit_challenge_rows[] = {
        { TEXT("challenge", CHARS_ID, CHALLENGE_BYTES_MIN, CHALLENGE_BYTES_MAX), REQUIRED,
          AT(WireUnitChallenge, challenge) },
        { NUMBER("expires_in", 1, CHALLENGE_SEC_MAX, 0), REQUIRED, AT(WireUnitChallenge, expires_in) },
};
DEFINE_SCHEMA(unit_challenge)

static const WireMember problem_rows[] = {
        { TEXT("type", CHARS_VISIBLE, 1, LIMIT_URI_BYTES), REQUIRED, AT(WireProblem, type) },
        { TEXT("title", CHARS_ANY, 0, TITLE_BYTES_MAX), AT(WireProblem, title) },
        { NUMBER("status", 100, 599, 0), AT(WireProblem, status) },
        { TEXT("detail", CHARS_ANY, 0, DETAIL_BYTES_MAX), AT(WireProblem, detail) },
        { TEXT("reason", CHARS_ID, 1, REASON_BYTES_MAX), AT(WireProblem, reason) },
        ATTEMPTS_LEFT(WireProblem),
        RETRY_AFTER(WireProblem),
        CAPTCHA(WireProblem),
};
DEFINE_SCHEMA(problem)

#define CONTEXT(key) TEXT(key, CHARS_ANY, 0, CONTEXT_BYTES_MAX)

static const WireMember device_view_rows[] = {
        { TEXT("user_code", CHARS_VISIBLE, 1, USER_CODE_BYTES_MAX), REQUIRED, AT(WireDeviceView, user_code) },
        { WORD("state", words_view), REQUIRED, AT(WireDeviceView, state) },
        { CONTEXT("host"), AT(WireDeviceView, host) },
        { CONTEXT("service"), AT(WireDeviceView, service) },
        { CONTEXT("terminal"), AT(WireDeviceView, terminal) },
        { CONTEXT("remote_host"), AT(WireDeviceView, remote_host) },
        { CONTEXT("account"), AT(WireDeviceView, account) },
        { NUMBER("requested_at", 1, TIME_SEC_MAX, 0), AT(WireDeviceView, requested_at) },
        { NUMBER("expires_in", 0, EXPIRES_SEC_MAX, -1), REQUIRED, AT(WireDeviceView, expires_in) },
        { WORD("binding", words_binding), AT(WireDeviceView, binding) },
};
DEFINE_SCHEMA(device_view)

static const WireMember confirmation_rows[] = {
        { WORD("state", words_confirmed), REQUIRED, AT(WireConfirmation, state) },
        { TEXT("digits", CHARS_DIGITS, LIMIT_DIGITS, LIMIT_DIGITS), AT(WireConfirmation, digits) },
};
DEFINE_SCHEMA(confirmation)

static bool byte_fits(WireChars chars, unsigned char c) {
        bool digit = c >= '0' && c <= '9';
        bool capital = c >= 'A' && c <= 'Z';
        bool small = c >= 'a' && c <= 'z';

        switch (chars) {
        case CHARS_ANY:
                return c != '\0';
        case CHARS_VISIBLE:
                return c >= 0x21 && c <= 0x7e;
        case CHARS_ERROR:
                return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
        case CHARS_ID:
                return digit || capital || small || c == '-' || c == '_';
        case CHARS_UNIT:
                return digit || capital;
        case CHARS_DIGITS:
                return digit;
        case CHARS_DATE:
                return digit || c == '-';
        }
        return false;
}

bool wire_text_fits(const WireMember *member, const char *text, size_t n) {
        if (n < (size_t)member->min || n > (size_t)member->max)
                return false;

        for (size_t i = 0; i < n; i++)
                if (!byte_fits(member->chars, (unsigned char)text[i]) ||
                    (member->chars == CHARS_DATE && (text[i] == '-') != (i == 4 || i == 7)))
                        return false;
        return true;
}

int wire_word_index(const WireMember *member, const char *word) {
        for (int i = 0; member->words[i]; i++)
                if (strcmp(member->words[i], word) == 0)
                        return i;
        return -1;
}
