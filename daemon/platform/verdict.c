/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Verdict: tables from words to replies */

#include <string.h>

#include "daemon/platform/verdict.h"
#include "lib/common/util.h"

typedef struct VerdictRow {
        const char *word;
        ReplyKind kind;
} VerdictRow;

#define ROWS_END { NULL, REPLY_BROKEN }

static const VerdictRow challenge_rows[] = {
        { "invalid_credentials", REPLY_WRONG },
        { "invalid_grant", REPLY_WRONG },
        { "captcha_required", REPLY_CAPTCHA },
        { "account_locked", REPLY_LOCKED },
        { "account_disabled", REPLY_DISABLED },
        { "temporarily_unavailable", REPLY_UNAVAILABLE },
        { "server_error", REPLY_UNAVAILABLE },
        ROWS_END,
};

static const VerdictRow code_rows[] = {
        { "invalid_grant", REPLY_WRONG },
        { "account_locked", REPLY_LOCKED },
        { "account_disabled", REPLY_DISABLED },
        { "temporarily_unavailable", REPLY_UNAVAILABLE },
        { "server_error", REPLY_UNAVAILABLE },
        ROWS_END,
};

static const VerdictRow device_rows[] = {
        { "authorization_pending", REPLY_STATE },
        { "expired_token", REPLY_EXPIRED },
        { "invalid_grant", REPLY_EXPIRED }, /* used, or forgotten by the server */
        { "access_denied", REPLY_REFUSED },
        { "invalid_digits", REPLY_DIGITS_WRONG },
        { "account_disabled", REPLY_DISABLED },
        { "temporarily_unavailable", REPLY_UNAVAILABLE },
        { "server_error", REPLY_UNAVAILABLE },
        ROWS_END,
};

static const VerdictRow denial_rows[] = {
        { "refused", REPLY_REFUSED },
        { "wrong_person", REPLY_WRONG_PERSON },
        { "digits_wrong", REPLY_DIGITS_WRONG },
        { "disabled", REPLY_DISABLED },
        ROWS_END,
};

static const VerdictRow relation_rows[] = {
        { "unit-not-related", REPLY_UNIT_UNRELATED },
        { "not-found", REPLY_UNIT_UNKNOWN },
        { "account-disabled", REPLY_DISABLED },
        { "unavailable", REPLY_UNAVAILABLE },
        ROWS_END,
};

static const VerdictRow declaration_rows[] = {
        { "unit-password-wrong", REPLY_WRONG },
        { "unit-captcha-required", REPLY_CAPTCHA },
        { "unit-locked", REPLY_LOCKED },
        { "unit-not-related", REPLY_UNIT_UNRELATED },
        { "not-found", REPLY_UNIT_UNKNOWN },
        { "account-disabled", REPLY_DISABLED },
        { "unavailable", REPLY_UNAVAILABLE },
        ROWS_END,
};

static const VerdictRow unit_challenge_rows[] = {
        { "unit-not-related", REPLY_UNIT_UNRELATED },
        { "not-found", REPLY_UNIT_UNKNOWN }, /* or has no login by certificate */
        { "account-disabled", REPLY_DISABLED },
        { "unavailable", REPLY_UNAVAILABLE },
        ROWS_END,
};

static const VerdictRow certificate_rows[] = {
        { "unit-certificate-refused", REPLY_CERTIFICATE },
        { "unit-not-related", REPLY_UNIT_UNRELATED },
        { "not-found", REPLY_UNIT_UNKNOWN },
        { "account-disabled", REPLY_DISABLED },
        { "unavailable", REPLY_UNAVAILABLE },
        ROWS_END,
};

static const VerdictRow new_password_rows[] = {
        { "password-wrong", REPLY_WRONG },
        { "password-captcha-required", REPLY_CAPTCHA },
        { "account-locked", REPLY_LOCKED },
        { "password-weak", REPLY_WEAK },
        { "password-same", REPLY_SAME },
        { "account-disabled", REPLY_DISABLED },
        { "unauthorized", REPLY_EXPIRED },
        { "unavailable", REPLY_UNAVAILABLE },
        ROWS_END,
};

static const struct {
        const char *word;
        CertificateFault fault;
} certificate_faults[] = {
        { "untrusted", CERTIFICATE_UNTRUSTED }, { "expired", CERTIFICATE_EXPIRED },
        { "revoked", CERTIFICATE_REVOKED },     { "usage", CERTIFICATE_USAGE },
        { "weak", CERTIFICATE_USAGE },          { "other-unit", CERTIFICATE_OTHER_UNIT },
        { "signature", CERTIFICATE_SIGNATURE }, { "challenge", CERTIFICATE_SIGNATURE },
};

static CertificateFault certificate_fault(const char *reason) {
        for (size_t i = 0; reason && i < ELEMENTSOF(certificate_faults); i++)
                if (strcmp(certificate_faults[i].word, reason) == 0)
                        return certificate_faults[i].fault;
        return CERTIFICATE_UNTRUSTED;
}

static ReplyKind find(const VerdictRow *row, const char *word) {
        while (row->word && strcmp(row->word, word) != 0)
                row++;
        return row->kind;
}

bool verdict_is_about_client(const char *error) {
        return strcmp(error, "invalid_client") == 0 || strcmp(error, "unauthorized_client") == 0;
}

static void take_captcha(WireCaptcha *captcha, Reply *ret) {
        ret->captcha_wrong = captcha->wrong;
        if (!captcha->id)
                return; /* a picture that nobody could answer to */
        ret->captcha_png = TAKE_PTR(captcha->png);
        ret->n_captcha_png = captcha->n_png;
}

/* A reply that asks for a captcha and has none cannot be met. */
static void settle(Reply *reply) {
        if (reply->kind == REPLY_CAPTCHA && !reply->captcha_png)
                reply->kind = REPLY_BROKEN;
}

/* What the first two ways to a token have in common. Only a unit is told so that its time is over. */
static ReplyKind find_login(const VerdictRow *rows, const char *word, RequestKind tested) {
        if (tested == REQUEST_UNIT_LOGIN && strcmp(word, "access_denied") == 0)
                return REPLY_PHASE;
        return find(rows, word);
}

void verdict_of_challenge(WireChallengeError *error, RequestKind tested, Reply *ret) {
        *ret = (Reply){
                .kind = find_login(challenge_rows, error->error, tested),
                .attempts_left = (int)error->attempts_left,
                .retry_after_sec = (uint32_t)error->retry_after,
        };
        take_captcha(&error->captcha, ret);
        settle(ret);
}

void verdict_of_code(const WireTokenError *error, RequestKind tested, Reply *ret) {
        *ret = (Reply){
                .kind = find_login(code_rows, error->error, tested),
                .attempts_left = (int)error->attempts_left,
        };
}

void verdict_of_device(const WireTokenError *error, Reply *ret) {
        *ret = (Reply){
                .kind = find(device_rows, error->error),
                .attempts_left = (int)error->attempts_left,
                .state = verdict_state(error->state),
        };
        if (ret->kind == REPLY_REFUSED && error->reason) {
                ret->kind = find(denial_rows, error->reason);
                if (ret->kind == REPLY_DIGITS_WRONG)
                        ret->attempts_left = 0; /* denied: there is no other try */
        }
}

/* The last part of a problem's type, which is an address. */
static const char *word_of(const WireProblem *problem) {
        const char *slash = strrchr(problem->type, '/');

        return slash ? slash + 1 : problem->type;
}

static void judge_problem(WireProblem *problem, const VerdictRow *rows, Reply *ret) {
        *ret = (Reply){
                .kind = find(rows, word_of(problem)),
                .attempts_left = (int)problem->attempts_left,
                .retry_after_sec = (uint32_t)problem->retry_after,
                .certificate_fault = certificate_fault(problem->reason),
        };
        take_captcha(&problem->captcha, ret);
        settle(ret);
}

void verdict_of_unit(WireProblem *problem, RequestKind kind, Reply *ret) {
        judge_problem(problem,
                      kind == REQUEST_UNIT_RELATION      ? relation_rows
                      : kind == REQUEST_UNIT_CHALLENGE   ? unit_challenge_rows
                      : kind == REQUEST_UNIT_CERTIFICATE ? certificate_rows
                                                         : declaration_rows,
                      ret);
}

void verdict_of_new_password(WireProblem *problem, Reply *ret) {
        judge_problem(problem, new_password_rows, ret);
}

ReplyKind verdict_of_token(long status, const char *body, size_t n_body) {
        WireProblem problem = {};
        bool disabled;

        if (wire_problem_decode(body, n_body, &problem) != 0)
                return status == 401 ? REPLY_EXPIRED : REPLY_BROKEN; /* RFC 6750 wants no body */
        disabled = strcmp(word_of(&problem), "account-disabled") == 0;
        wire_problem_done(&problem);
        return disabled ? REPLY_DISABLED : status == 401 ? REPLY_EXPIRED : REPLY_BROKEN;
}

static const char *const state_words[_DEVICE_STATE_MAX] = {
        [DEVICE_PENDING] = "pending",
        [DEVICE_SCANNED] = "scanned",
        [DEVICE_DIGITS] = "digits_required",
};

DeviceState verdict_state(const char *word) {
        for (DeviceState state = 0; word && state < _DEVICE_STATE_MAX; state++)
                if (strcmp(state_words[state], word) == 0)
                        return state;
        return DEVICE_PENDING;
}

const char *verdict_state_word(DeviceState state) {
        return state_words[state];
}
