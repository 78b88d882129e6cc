/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Wire: the answers of doc/platform-api.yaml as C structs, both directions
 *
 * One struct a schema; itaxd decodes what itax-backend encodes. Decoding is strict: RFC 8259,
 * UTF-8, at most LIMIT_BODY_BYTES and LIMIT_JSON_DEPTH, no duplicate member, no NUL in a string,
 * each member of the schema's type, within its length, integers within their range; unknown members
 * are passed over. A member that is absent is NULL, -1 or false as told below. Showable text is not
 * judged here.
 *
 * jansson runs on wipe_malloc()/wipe_free(): call wire_init_process() once, before anything else.
 * It is the only JSON library and lib/wire its only user. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/common/limits.h"
#include "lib/common/secret.h"
#include "lib/common/util.h"

enum {
        WIRE_E_JSON = 1, /* not one JSON object, or beyond size or depth */
        WIRE_E_SCHEMA,   /* a required member is missing, or one has a wrong type, length or range */
};

/* Brackets and commas in one body: a list of LIMIT_UNITS units has 1,600. More is refused before a
 * value is allocated, as small values cost many times their text. */
#define WIRE_VALUES_MAX 4096

void wire_init_process(void);

/* All strings and arrays inside are owned by the struct and released by wire_X_done(), which is
 * idempotent. Encoders only borrow, so a caller may point at anything const-cast-free: members are
 * `const char *` where encoding needs no copy. */

typedef struct WireMetadata {
        char *issuer, *token_endpoint; /* required */
        char *challenge_endpoint, *device_endpoint, *userinfo_endpoint, *revocation_endpoint,
                *units_endpoint, *password_endpoint;
        bool scanned_state;
        int64_t long_poll_sec; /* 0 when absent */
        char *phase;           /* "dual", "relation", "realname" or NULL */
        char *phases[3];       /* first day of dual, relation, realname: "YYYY-MM-DD" or NULL */
        char *link_register, *link_forgot_password, *link_forgot_declaration, *link_app;
} WireMetadata;

typedef struct WireCaptcha {
        char *id;
        uint8_t *png; /* decoded from base64 */
        size_t n_png;
        bool wrong;
} WireCaptcha;

typedef struct WireChallengeAnswer {
        Secret *code; /* required */
} WireChallengeAnswer;

typedef struct WireChallengeError {
        char *error; /* required */
        char *auth_session;
        int64_t attempts_left; /* -1 when absent */
        int64_t retry_after;   /* 0 when absent */
        WireCaptcha captcha;
} WireChallengeError;

typedef struct WireDeviceAnswer {
        Secret *device_code;                /* required */
        char *user_code, *verification_uri; /* required */
        char *verification_uri_complete;
        int64_t expires_in; /* required */
        int64_t interval;   /* 5 when absent */
} WireDeviceAnswer;

typedef struct WireUnit {
        char *code, *name; /* required */
        bool authorised, has_relation, has_password, has_ca; /* the last three: methods */
} WireUnit;

typedef struct WireUnits {
        WireUnit *items;
        size_t n_items;
        bool present;
} WireUnits;

typedef struct WireUserinfo {
        char *sub; /* required */
        char *preferred_username, *name;
        int hint_matched; /* -1 absent, 0, 1 */
        bool unit_login;  /* a unit logged in, no person: sub is "unit:" and its code */
        WireUnits units;
} WireUserinfo;

typedef struct WireTokenAnswer {
        Secret *access_token; /* required */
        int64_t expires_in;   /* 0 when absent */
        bool has_userinfo;
        WireUserinfo userinfo;
} WireTokenAnswer;

typedef struct WireTokenError {
        char *error; /* required */
        char *state, *reason;
        int64_t attempts_left; /* -1 when absent */
} WireTokenError;

typedef struct WireVerification {
        char *code, *method; /* required; "relation", "declaration_password", "ca" */
        char *name;
} WireVerification;

typedef struct WireUnitChallenge {
        char *challenge;    /* required; base64url */
        int64_t expires_in; /* required; seconds */
} WireUnitChallenge;

/* Every RFC 9457 answer; the unit members are absent in the others. */
typedef struct WireProblem {
        char *type; /* required */
        char *title, *detail;
        char *reason;          /* unit-certificate-refused: a word; it may be one nobody knows yet */
        int64_t status;        /* 0 when absent */
        int64_t attempts_left; /* -1 when absent */
        int64_t retry_after;   /* 0 when absent */
        WireCaptcha captcha;
} WireProblem;

typedef struct WireDeviceView {
        char *user_code, *state; /* required */
        char *host, *service, *terminal, *remote_host, *account, *binding;
        int64_t requested_at, expires_in;
} WireDeviceView;

typedef struct WireConfirmation {
        char *state;  /* required */
        char *digits; /* NULL when none are asked for */
} WireConfirmation;

/* For each X of the list below:
 *   int wire_X_decode(const char *json, size_t n, WireX *ret);  0, WIRE_E_*, -ENOMEM; @ret only
 * written on 0 int wire_X_encode(const WireX *x, Secret **ret);            0, -ENOMEM, -EINVAL for
 * a missing required member, -ENOBUFS above LIMIT_BODY_BYTES; text in a Secret void
 * wire_X_done(WireX *x); plus WIRE_X_INIT-free zero initialisation: before encoding, set
 * attempts_left and hint_matched to -1. */
#define WIRE_LIST(_) \
        _(metadata, WireMetadata) \
        _(challenge_answer, WireChallengeAnswer) \
        _(challenge_error, WireChallengeError) \
        _(device_answer, WireDeviceAnswer) \
        _(userinfo, WireUserinfo) \
        _(units, WireUnits) \
        _(token_answer, WireTokenAnswer) \
        _(token_error, WireTokenError) \
        _(verification, WireVerification) \
        _(unit_challenge, WireUnitChallenge) \
        _(problem, WireProblem) \
        _(device_view, WireDeviceView) \
        _(confirmation, WireConfirmation)

#define WIRE_DECLARE(name, Type) \
        int wire_##name##_decode(const char *json, size_t n, Type *ret); \
        int wire_##name##_encode(const Type *x, Secret **ret); \
        void wire_##name##_done(Type *x);
WIRE_LIST(WIRE_DECLARE)
