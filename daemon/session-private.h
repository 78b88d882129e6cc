/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Session, inside: its parts that need nothing but what the session holds */

#include "daemon/session.h"

/** session_read() - take over what @caller says. Return: 0, SESSION_E_OPTIONS, -ENOMEM. */
int session_read(Session *session, const BusCaller *caller);

/**
 * session_source() - a login of before that this one may go on with
 *
 * What goes on is decided by the machine; this decides who may ask for it. Return: a reference, or NULL.
 */
Grant *session_source(const Session *session);

/**
 * session_grant() - the machine has granted the login: somebody may come back to it
 * @plan: of the done step
 *
 * Return: borrowed from the registry; NULL when nobody can, then why was logged.
 */
Grant *session_grant(Session *session, const Plan *plan);
