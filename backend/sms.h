/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Text messages: one file a message in an outbox folder, for whatever sends them
 *
 * The file appears under its final name only when it is complete, mode 0600:
 *
 *         To: 19900000001
 *         Date: 2026-01-31T08:30:00Z
 *
 *         text in UTF-8
 */

#include <stdint.h>

#define SMS_TEXT_BYTES 1024

enum {
        SMS_E_INVALID = 1, /* not a mobile number, or the text is empty, too long or not showable */
        SMS_E_FOLDER,      /* sms_outbox_check(): others may read or change the folder */
};

/** sms_outbox_check() - is @folder a folder that is ours or root's and closed to everybody else?
 * Return: 0, SMS_E_FOLDER, -errno. */
int sms_outbox_check(const char *folder);

/** sms_send() - put a message into the outbox. Return: 0, SMS_E_INVALID, -errno. */
int sms_send(const char *folder, const char *mobile, const char *text, int64_t now);
