/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Codes: the border where PAM's numbers begin
 *
 * No error is ever PAM_SUCCESS or PAM_IGNORE; a test walks every input. The one cell that is a success
 * stands in the table of verdicts. */

#include "lib/client/client.h"
#include "lib/common/step.h"

/** code_from_client() - for CLIENT_E_* and negative errnos; 0 is no error and gives PAM_SYSTEM_ERR */
int code_from_client(int r);

/** code_from_step() - for the last step of a login that is not granted */
int code_from_step(const Step *step);

/** code_from_verdict() - for a login of ours whose account is looked at once more: PAM_SUCCESS for
 * CLIENT_GRANTED and for nothing else */
int code_from_verdict(ClientVerdict verdict);

/** word_from_verdict() - for the log: a fixed word, never NULL */
const char *word_from_verdict(ClientVerdict verdict);

/** word_from_client() - for the log: a fixed word, never NULL */
const char *word_from_client(int r);
