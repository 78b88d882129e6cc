/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Wrap: pieces that must not be divided, laid into lines one after the other. */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/wrap.h"
#include "lib/common/text.h"
#include "lib/common/util.h"

typedef struct Character {
        uint32_t code;
        size_t n_bytes, width;
} Character;

/* The character at @s; text that is showable is well-formed. */
static Character character_at(const char *s) {
        Character c = { .code = 0 };
        char alone[5] = "";

        c.n_bytes = text_decode(s, strnlen(s, 4), &c.code);
        if (c.n_bytes == 0)
                return (Character){ .code = (unsigned char)*s, .n_bytes = *s ? 1 : 0 };

        memcpy(alone, s, c.n_bytes);
        c.width = text_width(alone);
        return c;
}

static bool is_in(uint32_t code, const char *set) {
        for (const char *p = set; *p;) {
                Character c = character_at(p);

                if (c.code == code)
                        return true;
                p += c.n_bytes;
        }
        return false;
}

static bool opens(uint32_t code) {
        return is_in(code, "（【《“‘");
}

static bool closes(uint32_t code) {
        return is_in(code, "、。，：；？！）】》”’…");
}

typedef struct Piece {
        const char *start;
        size_t n_bytes, width;
} Piece;

static void piece_take(Piece *piece, const Character *c) {
        piece->n_bytes += c->n_bytes;
        piece->width += c->width;
}

/* What comes at @s, which is no space: a word, or one wide character, with the signs that belong to
 * it. */
static Piece piece_at(const char *s) {
        Piece piece = { .start = s };
        Character c = character_at(s);

        for (; opens(c.code); c = character_at(s + piece.n_bytes))
                piece_take(&piece, &c);

        if (c.width > 1 || c.n_bytes == 0)
                piece_take(&piece, &c);
        else
                for (; c.n_bytes > 0 && c.code != ' ' && c.width < 2 && !opens(c.code);
                     c = character_at(s + piece.n_bytes))
                        piece_take(&piece, &c);

        for (c = character_at(s + piece.n_bytes); c.n_bytes > 0 && closes(c.code);
             c = character_at(s + piece.n_bytes))
                piece_take(&piece, &c);
        return piece;
}

int wrap_line(const char *line, size_t n_columns, char **ret) {
        /* Each piece is followed by at most one newline that was not there. */
        char *text = malloc(2 * strlen(line) + 1), *to = text;
        size_t column = 0;

        if (!text)
                return -ENOMEM;

        for (const char *p = line; *p;) {
                size_t n_spaces = strspn(p, " ");
                Piece piece;

                p += n_spaces;
                if (!*p)
                        break;

                piece = piece_at(p);
                if (column > 0 && column + n_spaces + piece.width > n_columns) {
                        *to++ = '\n';
                        column = n_spaces = 0;
                }
                memset(to, ' ', n_spaces);
                to += n_spaces;
                memcpy(to, piece.start, piece.n_bytes);
                to += piece.n_bytes;
                column += n_spaces + piece.width;
                p += piece.n_bytes;
        }
        *to = '\0';

        *ret = text;
        return 0;
}
