/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backend/sms-sender.h"

/** sms_way_send() - send one message now; may take SMS_SECONDS. Tells a failure on stderr.
 * Return: 0 sent, -errno. */
int sms_way_send(const SmsWay *way, const char *mobile, const char *text);
