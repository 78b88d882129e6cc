/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Mark: knows an answer again without keeping it
 *
 * A client that answers blindly gives the same answer at every prompt, and a person may type one
 * password where another is wanted. To see that, an answer must be known again after the request
 * that used it; but a password must not be kept for longer. So only a fingerprint stays:
 * SipHash-2-4 (Aumasson and Bernstein 2012) under a key of this login alone, in memory that is
 * locked and never dumped. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/common/secret.h"
#include "lib/common/util.h"

#define MARK_SLOTS 16

typedef struct Mark Mark;

/** mark_new() - Return: 0, -ENOMEM, or a negative errno when the kernel gives no randomness. */
int mark_new(Mark **ret);
Mark *mark_free(Mark *mark);
DEFINE_CLEANUP(Mark, mark_free)

/** mark_set() - let slot @slot, below MARK_SLOTS, stand for @answer */
void mark_set(Mark *mark, size_t slot, const Secret *answer);

/** mark_keep() - forget every slot but @slot */
void mark_keep(Mark *mark, size_t slot);

/** mark_matches() - was @answer the last one set in @slot? false for a slot never set, and for a
 * NULL @mark */
bool mark_matches(const Mark *mark, size_t slot, const Secret *answer);
