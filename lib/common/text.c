/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Text: one decoder and one table of code points. The locale of the process is never asked: it belongs
 * to a foreign program, and a filter must not depend on it. */

#include <errno.h>
#include <string.h>

#include "lib/common/limits.h"
#include "lib/common/text.h"
#include "lib/common/util.h"

#define TEXT_SGR_BYTES 32 /* "ESC [ 38;2;255;255;255;48;2;0;0;0 m" is as long as it gets */
#define TEXT_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define TEXT_ELLIPSIS "\xE2\x80\xA6"    /* U+2026 */

typedef enum TextClass {
        TEXT_NARROW,  /* not in the table: shown, one column */
        TEXT_WIDE,    /* shown, two columns */
        TEXT_ZERO,    /* shown with the character before it */
        TEXT_REFUSED, /* never shown */
} TextClass;

typedef struct TextRange {
        uint32_t first;
        uint32_t last;
        TextClass class;
} TextRange;

#include "lib/common/text-table.h"

static int compare_range(const void *key, const void *element) {
        const uint32_t c = *(const uint32_t *)key;
        const TextRange *range = element;

        if (c < range->first)
                return -1;
        return c > range->last;
}

static TextClass classify(uint32_t c) {
        const TextRange *range;

        range = bsearch(&c, text_table, ELEMENTSOF(text_table), sizeof(text_table[0]), compare_range);
        return range ? range->class : TEXT_NARROW;
}

size_t text_decode(const char *s, size_t n, uint32_t *ret) {
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const unsigned char *u = (const unsigned char *)s;
        uint32_t c;
        size_t size;

        if (n == 0)
                return 0;

        if (u[0] < 0x80) {
                *ret = u[0];
                return 1;
        }

        if (u[0] >= 0xF8)
                return 0;
        if (u[0] >= 0xF0) {
                size = 4;
                c = u[0] & 0x07U;
        } else if (u[0] >= 0xE0) {
                size = 3;
                c = u[0] & 0x0FU;
        } else if (u[0] >= 0xC0) {
                size = 2;
                c = u[0] & 0x1FU;
        } else
                return 0;

        if (size > n)
                return 0;
        for (size_t i = 1; i < size; i++) {
                if ((u[i] & 0xC0U) != 0x80U)
                        return 0;
                c = c << 6 | (u[i] & 0x3FU);
        }

        if (c < smallest[size] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
                return 0;

        *ret = c;
        return size;
}

/* The next character of a name, with U+FFFD in place of what must not be shown.
 * Return: bytes taken from @s. */
static size_t next_filtered(const char *s, size_t n, const char **ret_bytes, size_t *ret_n_bytes) {
        uint32_t c;
        size_t size;

        size = text_decode(s, n, &c);
        if (size == 0 || classify(c) == TEXT_REFUSED) {
                *ret_bytes = TEXT_REPLACEMENT;
                *ret_n_bytes = strlen(TEXT_REPLACEMENT);
                return size ? size : 1;
        }

        *ret_bytes = s;
        *ret_n_bytes = size;
        return size;
}

bool text_is_utf8(const char *s, size_t n) {
        uint32_t c;
        size_t size;

        for (; n > 0; s += size, n -= size) {
                size = text_decode(s, n, &c);
                if (size == 0)
                        return false;
        }
        return true;
}

bool text_is_showable(const char *s) {
        uint32_t c;
        size_t size;

        for (size_t n = strlen(s); n > 0; s += size, n -= size) {
                size = text_decode(s, n, &c);
                if (size == 0 || (classify(c) == TEXT_REFUSED && c != '\n'))
                        return false;
        }
        return true;
}

/* Return: the bytes of the colour sequence at @s, or 0 when there is none. */
static size_t match_colour(const char *s) {
        size_t n;

        if (s[0] != '\x1b' || s[1] != '[')
                return 0;
        n = 2 + strspn(s + 2, "0123456789;");
        if (s[n] != 'm' || n + 1 > TEXT_SGR_BYTES)
                return 0;
        return n + 1;
}

bool text_is_picture(const char *s) {
        while (*s) {
                size_t n;

                if (*s == '#' || *s == ' ' || *s == '\n')
                        n = 1;
                else if (s[0] == '\xE2' && s[1] == '\x96' && (unsigned char)s[2] >= 0x80 &&
                         (unsigned char)s[2] <= 0x9F)
                        n = 3;
                else
                        n = match_colour(s);
                if (n == 0)
                        return false;
                s += n;
        }
        return true;
}

int text_filter(const char *s, size_t n_max, char **ret) {
        const size_t n_ellipsis = n_max >= strlen(TEXT_ELLIPSIS) ? strlen(TEXT_ELLIPSIS) : 0;
        const size_t n_input = strlen(s);
        size_t n_out = 0, n_cut = 0, i = 0;
        _cleanup_(freep) char *out = NULL;

        out = malloc(n_max + 1);
        if (!out)
                return -ENOMEM;

        while (i < n_input) {
                const char *bytes;
                size_t n_bytes;

                i += next_filtered(s + i, n_input - i, &bytes, &n_bytes);
                if (n_out + n_bytes > n_max) {
                        memcpy(out + n_cut, TEXT_ELLIPSIS, n_ellipsis);
                        n_out = n_cut + n_ellipsis;
                        break;
                }

                memcpy(out + n_out, bytes, n_bytes);
                n_out += n_bytes;
                /* Up to here the ellipsis would still fit behind it. */
                if (n_out + n_ellipsis <= n_max)
                        n_cut = n_out;
        }

        out[n_out] = '\0';
        *ret = TAKE_PTR(out);
        return 0;
}

size_t text_width(const char *s) {
        size_t size, width = 0;
        uint32_t c;

        for (size_t n = strlen(s); n > 0; s += size, n -= size) {
                size = text_decode(s, n, &c);
                if (size == 0)
                        return width;
                switch (classify(c)) {
                case TEXT_NARROW:
                        width += 1;
                        break;
                case TEXT_WIDE:
                        width += 2;
                        break;
                case TEXT_ZERO:
                case TEXT_REFUSED:
                        break;
                }
        }
        return width;
}

int text_mask(const char *s, char **ret) {
        _cleanup_(freep) char *filtered = NULL, *out = NULL;
        size_t n_chars = 0, n_out = 0, n_head, n_tail, n_digits, size, k = 0;
        uint32_t c;
        int r;

        r = text_filter(s, LIMIT_USER_BYTES, &filtered);
        if (r < 0)
                return r;

        for (const char *p = filtered; *p; n_chars++)
                p += text_decode(p, strlen(p), &c);

        n_head = n_tail = n_chars / 4;
        n_digits = strspn(filtered, "0123456789");
        /* A mobile number, or an identity number, which may end in X. */
        if ((n_chars == 11 && n_digits == 11) || (n_chars == 18 && n_digits >= 17)) {
                n_head = 3;
                n_tail = 4;
        } else if (n_chars == 0) {
                *ret = TAKE_PTR(filtered);
                return 0;
        }

        out = malloc(strlen(filtered) + 1);
        if (!out)
                return -ENOMEM;

        for (const char *p = filtered; *p; p += size, k++) {
                size = text_decode(p, strlen(p), &c);
                if (k < n_head || k >= n_chars - n_tail) {
                        memcpy(out + n_out, p, size);
                        n_out += size;
                } else
                        out[n_out++] = '*';
        }

        out[n_out] = '\0';
        *ret = TAKE_PTR(out);
        return 0;
}
