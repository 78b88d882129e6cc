/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Pages: the few addresses that people open. They show and change nothing; Chinese first, English
 * below. */

#include "lib/common/secret.h"

/** page_policy() - the Content-Security-Policy of every page: nothing but our one style sheet, by
 * its hash */
const char *page_policy(void);

/** page_error() - a page for a status of 400 and above. Return: 0, -ENOMEM. */
int page_error(unsigned status, Secret **ret);
