/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backend/http.h"

/** auth_admit() - check what the route asks for, and answer 401 if it is not there. Return: whether
 * the handler may run. */
bool auth_admit(Request *request);
