/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Codes by text message: six digits, 5 minutes, five tries, for one purpose of one browser session
 *
 * Limits: one message a minute and ten a day to a number, twenty an hour from an address
 * (threats.md 115). They count also for numbers that no account has. */

#include <stdint.h>

#include "backend/store.h"

#define SMS_CODE_DIGITS 6
#define SMS_CODE_LIFETIME_SEC 300
#define SMS_CODE_TRIES 5
#define SMS_CODE_PAUSE_SEC 60 /* between two messages to one number */

enum {
        SMS_CODE_E_WRONG = 1, /* wrong, none was sent, or for another number */
        SMS_CODE_E_OVER,      /* too old, or five wrong ones: ask for a new one */
        SMS_CODE_E_ADDRESS,   /* too many messages from this address; ret_wait_sec: when the next may go */
        SMS_CODE_E_NUMBER,    /* too many messages to this number; the same */
};

/** sms_code_new() - a new code in the place of an earlier one, in the caller's transaction. Sends
 * nothing. Return: 0, SMS_CODE_E_ADDRESS, SMS_CODE_E_NUMBER, -errno. */
int sms_code_new(Store *store, const char *session_hash, const char *purpose, const char *mobile,
                 const char *peer, int64_t now, char ret_code[static SMS_CODE_DIGITS + 1],
                 int64_t *ret_wait_sec);

/** sms_code_decoy() - a code that nobody is told, in the place of an earlier one, in the caller's
 * transaction: for a page that must not tell that the number got none. Return: 0 or -errno. */
int sms_code_decoy(Store *store, const char *session_hash, const char *purpose, const char *mobile,
                   int64_t now);

/** sms_code_check() - takes a try before it compares; the right one is used up. In the caller's
 * transaction, to be committed whatever comes out >= 0.
 * Return: 0, SMS_CODE_E_WRONG, SMS_CODE_E_OVER, -errno. */
int sms_code_check(Store *store, const char *session_hash, const char *purpose, const char *mobile,
                   const char *typed, int64_t now);

/** sms_code_purge() - forget codes that are too old, in the caller's transaction. Return: 0 or
 * -errno. */
int sms_code_purge(Store *store, int64_t now);
