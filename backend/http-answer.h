/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "backend/http.h"

/** http_answer_queue() - hand the answer of an answered request to the library */
enum MHD_Result http_answer_queue(Request *request);
