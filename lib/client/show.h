/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Show: a step as the text a person reads
 *
 * The same for every client that shows text: pam_itax.so and itaxctl. Steps must be validated. */

#include "lib/common/step.h"

/**
 * show_body() - text, picture and numbered choices of a step, divided by newlines, none at the end
 * @ret: owned by the caller; NULL when the step has none of them
 *
 * Numbers stand flush right. Where labels of choices hold two spaces, what follows the first two starts
 * in the same column for all of them, whatever the width of the characters before it.
 *
 * Return: 0 or -ENOMEM.
 */
int show_body(const Step *step, char **ret);

/**
 * show_folded() - everything of a step in one message, the prompt last
 * @ret: owned by the caller; NULL when there is nothing to show
 *
 * Begins with a newline when more than one line is shown: sshd writes "(user@host) " in front of it.
 *
 * Return: 0 or -ENOMEM.
 */
int show_folded(const Step *step, char **ret);
