/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Characters that no input method has, for a field of a form (spec.md section 4.1)
 *
 * Fields "radical" and "strokes", button "find", then a button "pick" for each character. Without
 * scripts each of them shows the form again with what was typed so far, and a picked character
 * comes to the end of the field; register.js looks up without leaving the page and puts it at the
 * cursor. */

#include "backend/html.h"
#include "backend/http.h"

/** part_characters() - inside a form; open when it was just used */
void part_characters(Html *html, const Request *request);

/** part_characters_asked() - was this form sent by one of its buttons? */
bool part_characters_asked(const Request *request);
