/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* SmsSender: text messages on their way, one after the other on a thread of its own
 *
 * They go by one of three ways: a file in an outbox folder (sms.h), a program, or a form posted to an
 * address over HTTPS. Nobody waits for them: whoever asks for a code gets the same answer in the same
 * time whether there is somebody to send it to or not.
 *
 * The program is started without a shell as "PROGRAM NUMBER", text on its standard input, in "/", with
 * nothing of our environment but PATH and LANG, and is killed after SMS_SECONDS. 0 is sent. An address
 * gets a form of "to" and "text"; any 2xx status is sent. */

#include <stddef.h>
#include <stdint.h>

#include "lib/common/secret.h"
#include "lib/common/util.h"

#define SMS_QUEUE_MAX 64
#define SMS_SECONDS 15

/* Where they go to; all borrowed. One of the first three, or none. */
typedef struct SmsWay {
        const char *outbox;   /* folder */
        const char *command;  /* absolute path of a program */
        const char *hook;     /* https:// address */
        const char *hook_key; /* NULL, or sent to it as a bearer token (RFC 6750) */
        const char *hook_ca;  /* NULL, or file with the CAs to believe instead of the system's */
} SmsWay;

enum {
        SMS_SENDER_E_INVALID = 1, /* not a mobile number, or a text that cannot be sent */
        SMS_SENDER_E_FULL,        /* SMS_QUEUE_MAX wait already */
        SMS_SENDER_E_NONE,        /* no way is configured */
};

typedef struct SmsSender SmsSender;

/** sms_sender_new() - start the thread. @way must stay as it is. Return: 0 or -errno. */
int sms_sender_new(const SmsWay *way, SmsSender **ret);

/** sms_sender_free() - what is on its way is finished, what waits is written to the outbox, or lost
 * and told; takes NULL.
 * Return: NULL. */
SmsSender *sms_sender_free(SmsSender *sender);
DEFINE_CLEANUP(SmsSender, sms_sender_free)

/**
 * sms_sender_post() - hand over one message; a failure later is told on stderr with the number masked
 * @mobile: mobile number, @text: UTF-8, SMS_TEXT_BYTES at most; both copied
 *
 * Return: 0, SMS_SENDER_E_*, -ENOMEM.
 */
int sms_sender_post(SmsSender *sender, const char *mobile, const char *text);

/** sms_sender_wait() - until nothing is on its way; for tests and the end of a program */
void sms_sender_wait(SmsSender *sender);
