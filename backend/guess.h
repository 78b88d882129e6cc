/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Guess: an attempt at an account's password, as the API and the login page make it alike */

#include "backend/http.h"

/**
 * guess_start() - start request->attempt, which is filled in
 * @client: client id, "web" for a browser; it and the address are the source
 *
 * A source with too many failures is held, or sent away with 503.
 */
void guess_start(Request *request, const char *client);

/** guess_ended() - to be called first in done(): counts a failure against the source, and tells the
 * owner of an account that is locked now */
void guess_ended(Request *request);
