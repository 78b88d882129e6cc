/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Stack, within its own files */

#include <security/pam_modules.h>

#include "ctl/stack.h"

#define STACK_BLANKS " \n\t"

/** stack_kind_from_string() - in upper or lower case. Return: false for none of them. */
bool stack_kind_from_string(const char *word, StackKind *ret);

/** stack_word() - the next word of a line, taken apart in place; what stands in brackets is one. NULL at the end. */
char *stack_word(char **rest);

/** stack_actions_default() - fill what is still STACK_UNSET */
void stack_actions_default(int actions[STACK_CODES], int action);
