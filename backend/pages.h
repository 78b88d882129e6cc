/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Pages: the few addresses that people open and that change nothing */

#include "backend/http.h"

/** page_error() - answer with a page for a status of 400 and above */
void page_error(Request *request, unsigned status);
