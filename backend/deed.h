/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Deed: what a phone does with a QR login, by the app or by a page */

#include "backend/http.h"

typedef enum Deed {
        DEED_SCAN,
        DEED_CONFIRM,
        DEED_REFUSE,
} Deed;

/**
 * deed_look() - a login as it stands, for @account_id; changes nothing
 *
 * Who guesses codes gets DEVICE_E_UNKNOWN for a while, right or not.
 *
 * Return: 0, DEVICE_E_UNKNOWN, DEVICE_E_WRONG_PERSON (another's, or begun for another), -errno.
 */
int deed_look(Request *request, const char *account_id, const char *code, DeviceRow *ret);

/**
 * deed_do() - do it, in a transaction of its own, and wake the workstation that waits
 * @ret_digits: DEED_CONFIRM: what to type at the login prompt, "" when nothing; to be erased
 *
 * Return: 0, DEVICE_E_*, -errno.
 */
int deed_do(Request *request, const char *account_id, Deed deed, const char *code, DeviceRow *ret,
            char ret_digits[static LIMIT_DIGITS + 1]);
