/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Query, inside: the members of the bus interface, a file each where they are more than a few lines */

#include "daemon/query.h"

/* The end of a query: an answer was given. */
void query_over(Query *query);
void query_refuse(Query *query, BusRefusal refusal);
/** query_deny() - refuse as not for this caller, and write it down */
void query_deny(Query *query, const char *why);

/** query_grant() - the grant that the caller named, if it is his to use; borrowed; else NULL */
Grant *query_grant(Query *query);

/** query_may_use() - is the login the caller's business? */
bool query_may_use(const Query *query, const Grant *grant);

/* query-check.c, query-simulate.c: the caller is known, and may ask for .user */
void query_check(Query *query);
void query_simulate(Query *query);
/* query-overview.c: for root */
void query_status(Query *query);
void query_list_logins(Query *query);
void query_list_locks(Query *query);
