/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Person: who logged in, from the platform's words to those of the login */

#include "daemon/core/reply.h"
#include "lib/wire/wire.h"

enum {
        PERSON_E_NAMELESS = 1, /* no login name: nobody could be mapped to a local user */
        PERSON_E_NAME,         /* a login name that must not be shown */
        PERSON_E_OTHER,        /* not who has logged in before; by the caller */
        PERSON_E_UNIT,         /* a unit where a person was expected, or not just the unit asked for */
};

/**
 * person_new() - make a person for the login machine
 *
 * Names of people and units are filtered. The login name decides which local user it is, so it is
 * never changed: one that the filter would touch is refused. A unit that logged in is nobody.
 * .hint_matched is left for the caller.
 *
 * Return: 0, PERSON_E_*, -ENOMEM. @ret is written on 0 only; reply_person_done() releases it.
 */
int person_new(const WireUserinfo *userinfo, ReplyPerson *ret);

/**
 * person_new_unit() - the same for the old unit login: nobody, and the unit @code alone
 *
 * Return: 0, PERSON_E_UNIT, -ENOMEM.
 */
int person_new_unit(const WireUserinfo *userinfo, const char *code, ReplyPerson *ret);

/** person_subject_unit() - the unit of a subject that is one, else NULL; borrowed from @subject */
const char *person_subject_unit(const char *subject);
