/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "backend/character.h"
#include "lib/common/text.h"

typedef struct CharacterGroup {
        int radical, simplified, strokes;
        const char *characters;
} CharacterGroup;

#include "backend/character-table.h"

const CharacterRadical *const character_radicals = radicals;
const size_t n_character_radicals = ELEMENTSOF(radicals);

const char *characters_find(const CharacterRadical *radical, int strokes) {
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (groups[i].radical == radical->number &&
                    groups[i].simplified == radical->simplified && groups[i].strokes == strokes)
                        return groups[i].characters;
        return NULL;
}

int characters_strokes_next(int strokes) {
        int next = -1;

        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (groups[i].strokes > strokes && (next < 0 || groups[i].strokes < next))
                        next = groups[i].strokes;
        return next;
}

uint32_t character_next(const char **characters, char ret[static CHARACTER_BYTES + 1]) {
        uint32_t c = 0;
        size_t n = text_decode(*characters, strlen(*characters), &c);

        if (n == 0)
                return 0;
        memcpy(ret, *characters, n);
        ret[n] = '\0';
        *characters += n;
        return c;
}
