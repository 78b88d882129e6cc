/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Verdict: the platform's words for no, as replies
 *
 * Pure. Tables of words; a word that is in none of them is REPLY_BROKEN, never a yes. */

#include <stdbool.h>

#include "daemon/core/reply.h"
#include "lib/wire/wire.h"

/** verdict_is_about_client() - the platform does not know this workstation or its secret */
bool verdict_is_about_client(const char *error);

/* Each fills @ret, taking the captcha picture out of what it was made from.
 * verdict_of_challenge(), verdict_of_code(): the challenge endpoint, and the token endpoint asked with
 * what it gave; @tested is REQUEST_PASSWORD or REQUEST_UNIT_LOGIN.
 * verdict_of_device(): the token endpoint, asked with a device code; not for "slow_down".
 * verdict_of_unit(): challenge or verification of a unit; @kind is what was asked for.
 * verdict_of_new_password(): the password endpoint. */
void verdict_of_challenge(WireChallengeError *error, RequestKind tested, Reply *ret);
void verdict_of_code(const WireTokenError *error, RequestKind tested, Reply *ret);
void verdict_of_device(const WireTokenError *error, Reply *ret);
void verdict_of_unit(WireProblem *problem, RequestKind kind, Reply *ret);
void verdict_of_new_password(WireProblem *problem, Reply *ret);

/** verdict_of_token() - a resource that does not take a token it once took: the token has ended, or
 * whom it was given to is disabled. @n_body bytes at @body may be anything. */
ReplyKind verdict_of_token(long status, const char *body, size_t n_body);

/** verdict_state() - state of a pending QR login; absent: nobody has scanned as far as we know */
DeviceState verdict_state(const char *word);
/** verdict_state_word() - the same in the other direction */
const char *verdict_state_word(DeviceState state);
