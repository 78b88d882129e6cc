/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Terminal: quiet while a code stands on it
 *
 * Somebody who waits for the phone types: a password, because it always was one, or the first command.
 * Nothing waits for that text, so it would be echoed beside the code and then be read by the shell. Where
 * standard input is the very terminal that PAM names and this process is in its foreground, echo is
 * therefore off while a code is shown, and what was typed is thrown away unread. A finished line is noticed,
 * which is how Enter leads to the other way.
 *
 * Lines stay lines (ICANON) and ^C stays ^C (ISIG): should the application be killed meanwhile, the terminal
 * it leaves behind lacks its echo and nothing else, as after any password prompt. */

#include <termios.h>

#include "lib/common/util.h"

typedef struct Terminal {
        bool is_ours;
        bool is_quiet;   /* .before is what is to come back */
        bool is_watched; /* quiet, and we are in the foreground */
        struct termios before;
} Terminal;

/** terminal_init() - find out whether standard input is @tty, in our hands; changes nothing. NULL: no */
void terminal_init(Terminal *terminal, const char *tty);

/** terminal_quiet() - a code is about to be shown: throw away what was typed ahead, take the echo away.
 * Without effect where it is not ours; may be called again. */
void terminal_quiet(Terminal *terminal);

/** terminal_fd() - the descriptor to look at for finished lines, -1 where there is none to look at */
int terminal_fd(const Terminal *terminal);

/** terminal_discard() - throw away what was typed. Return: false when nobody can type any more. */
bool terminal_discard(Terminal *terminal);

/** terminal_restore() - throw away what was typed, and leave everything as it was; idempotent, and the
 * function for _cleanup_ */
void terminal_restore(Terminal *terminal);
