/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The pages of /register: what they share (spec.md section 4.1)
 *
 * page-register.c has consent, page-register-identity.c code, name and document,
 * page-register-contact.c residence and mobile number, page-register-account.c login name and
 * password.
 *
 * What was found right stays with the server, in the flow of this browser, and is judged once more
 * when the account is made. The password comes with the last form only: no store ever has it. */

#include "backend/web.h"

#define REGISTER_FLOW "register"

/* The fields of the flow, in the order in which they come to be known. */
typedef enum RegisterField {
        REGISTER_CONSENT, /* when */
        REGISTER_CODE,
        REGISTER_NAME,
        REGISTER_TYPE,
        REGISTER_NUMBER,
        REGISTER_RESIDENCE,
        REGISTER_MOBILE,
        REGISTER_PROVEN, /* the mobile number, once its code was right */
        _REGISTER_FIELD_MAX,
} RegisterField;

typedef struct RegisterFlow {
        Form form;
        const char *fields[_REGISTER_FIELD_MAX]; /* point into it, or to what is to be kept; ""
                                                  * unknown */
} RegisterFlow;

void register_flow_done(RegisterFlow *flow);

/** register_flow_read() - all fields "" when there is no flow. Return: 0 or -errno. */
int register_flow_read(Request *request, RegisterFlow *ret);

/** register_flow_write() - in the caller's transaction. Return: 0 or -errno. */
int register_flow_write(Request *request, const RegisterFlow *flow);

/** register_begin() - web_begin() with the heading and what was wrong
 * @chinese: NULL: nothing */
void register_begin(Request *request, Html *html, const char *script, const char *chinese,
                    const char *english);

/** register_default() - the button that Enter presses: first in its form, where nobody sees it, so
 * that it is none of those that only look something up */
void register_default(Html *html);

/* Whole answers: a page with a message above its form, or with NULL as it is at first. */

/** register_answer_lost() - from the beginning: the flow is gone, or its order was not kept */
void register_answer_lost(Request *request);

void register_answer_identity(Request *request, const char *chinese, const char *english);

/** register_answer_code_fault() - the same, with the words for a REGISTRATION_E_* */
void register_answer_code_fault(Request *request, int fault);

void register_answer_contact(Request *request, const char *chinese, const char *english);

/** register_answer_account()
 * @broken: PasswordRule bits of what was typed
 * @wait_sec: until a text message may be sent again, 0: unknown */
void register_answer_account(Request *request, const RegisterFlow *flow, unsigned broken,
                             int64_t wait_sec, const char *chinese, const char *english);
