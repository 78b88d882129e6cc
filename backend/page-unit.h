/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Pages of a unit, for its legal representative and its finance manager. To everybody else there is
 * no such page (threats 114). */

#include "backend/html.h"
#include "backend/http.h"
#include "lib/wire/wire.h"

/** unit_admit() - the unit that the path names, into request->unit. Return: is it this person's to
 * manage? If not the request is answered. */
bool unit_admit(Request *request);

/* What stands above the form it belongs to; any may be absent. */
typedef struct UnitTold {
        const char *password_chinese, *password_english; /* about the declaration password */
        const char *grant_chinese, *grant_english;       /* about who is to be authorised */
        unsigned broken;                                 /* PasswordRule bits of the new password */
        int64_t minutes;            /* not 0: the account's password is locked for as long */
        int64_t tries_left;         /* not 0: the account's password was wrong */
        const WireCaptcha *captcha; /* due with the account's password */
} UnitTold;

/** unit_answer() - the page of request->unit */
void unit_answer(Request *request, unsigned status, const UnitTold *told);

/** unit_audit() - who manages request->unit did this, in the caller's transaction
 * @whom: NULL for the unit alone. Return: 0 or -errno. */
int unit_audit(Request *request, const char *action, const char *whom);
