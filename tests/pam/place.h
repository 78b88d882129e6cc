/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Place: where the module of the stack "place" looks for its bus. Belongs to the test program. */

#include "lib/client/client-private.h"

extern ClientPlace test_place;
