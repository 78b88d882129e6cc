/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Character: Chinese characters that no input method at hand has, found as in a dictionary: by the
 * radical and the strokes beside it
 *
 * All unified ideographs of Unicode 15 (kRSUnicode of Unihan, Unicode Standard Annex 38), also
 * those beyond the Basic Multilingual Plane. The 214 radicals of the Kangxi dictionary and their
 * simplified forms, which are radicals of their own here: who looks for 诗 does not want 詩. */

#include "lib/common/util.h"

/* A radical in one of the shapes in which people see it; several shapes are one radical. */
typedef struct CharacterRadical {
        int number;     /* 1 to 214 */
        int simplified; /* 0 or 1 */
        int strokes;    /* of this shape */
        const char *form;
} CharacterRadical;

/* by strokes */
extern const CharacterRadical *const character_radicals;
extern const size_t n_character_radicals;

#define CHARACTER_STROKES_MAX 99
#define CHARACTER_BYTES 4

/** characters_find() - those of a radical with so many strokes beside it, by code point
 * Return: characters in UTF-8, one behind the other; NULL for none. */
const char *characters_find(const CharacterRadical *radical, int strokes);

/** characters_strokes_next() - the next larger number of strokes that any character has beside its
 * radical, at most CHARACTER_STROKES_MAX
 * @strokes: -1 for the first
 *
 * Return: -1 at the end. */
int characters_strokes_next(int strokes);

/** character_next() - take the first one off *@characters
 * Return: its code point, with the character in @ret; 0 at the end. */
uint32_t character_next(const char **characters, char ret[static CHARACTER_BYTES + 1]);
