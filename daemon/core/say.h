/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Say: what the machine wants said, without the words
 *
 * The words are in daemon/texts.c (English, translated by gettext). One list, so that no id can be
 * without its text: a test walks it. */

#include <stdint.h>

typedef enum SayId {
        SAY_NONE,
        _SAY_MAX, /* the list is filled with the machine */
} SayId;

typedef struct Say {
        SayId id;
        int64_t number;     /* tries, minutes, count */
        const char *text;   /* a name, an address; already filtered; borrowed */
        const char *text2;
} Say;
