/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A page in a Secret that grows: it may hold what nobody but its reader may know. */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backend/html.h"

#define ROOM_FIRST 8192

void html_init(Html *html, size_t n_max, bool english) {
        *html = (Html){ .n_max = n_max, .english = english };
}

/* Room for @n more bytes: a secret does not grow, so a larger one takes its place. */
static int room_make(Html *html, size_t n) {
        _cleanup_(secret_freep) Secret *larger = NULL;
        size_t n_used = secret_size(html->text), n_room = html->n_room ? html->n_room : ROOM_FIRST;
        int r;

        if (html->text && n_used + n <= html->n_room)
                return 0;
        if (n > html->n_max - n_used)
                return -ENOBUFS;
        while (n_room < n_used + n)
                n_room *= 2;
        n_room = n_room < html->n_max ? n_room : html->n_max;

        r = secret_new(n_room, &larger);
        if (r == 0 && html->text)
                r = secret_append(larger, secret_text(html->text), n_used);
        if (r < 0)
                return r;
        (void)secret_free(html->text);
        html->text = TAKE_PTR(larger);
        html->n_room = n_room;
        return 0;
}

static void append(Html *html, const char *text, size_t n) {
        if (html->error || n == 0)
                return;
        html->error = room_make(html, n);
        if (html->error == 0)
                html->error = secret_append(html->text, text, n);
}

/* Every character that could end the text, or the attribute it stands in, is spelt out. */
static void append_escaped(Html *html, const char *text) {
        while (text && *text) {
                size_t n = strcspn(text, "&<>\"'`");
                const char *special = NULL;

                append(html, text, n);
                text += n;
                switch (*text) {
                case '&':
                        special = "&amp;";
                        break;
                case '<':
                        special = "&lt;";
                        break;
                case '>':
                        special = "&gt;";
                        break;
                case '"':
                        special = "&quot;";
                        break;
                case '\'':
                        special = "&#39;";
                        break;
                case '`':
                        special = "&#96;";
                        break;
                case '\0':
                        return;
                }
                if (special)
                        append(html, special, strlen(special));
                text++;
        }
}

void html_print(Html *html, const char *format, ...) {
        char number[24];
        va_list args;

        va_start(args, format);
        while (*format && !html->error) {
                size_t n = strcspn(format, "%");

                append(html, format, n);
                format += n;
                if (*format == '\0')
                        break;
                format++;
                switch (*format) {
                case 's':
                        append_escaped(html, va_arg(args, const char *));
                        break;
                case 'd':
                        (void)snprintf(number, sizeof(number), "%" PRId64, va_arg(args, int64_t));
                        append(html, number, strlen(number));
                        break;
                case '%':
                        append(html, "%", 1);
                        break;
                default: /* not one of ours: nothing is better than half of it */
                        html->error = -EINVAL;
                        break;
                }
                if (!html->error)
                        format++;
        }
        va_end(args);
}

const char *html_words(const Html *html, const char *chinese, const char *english) {
        return html->english ? english : chinese;
}

Secret *html_take(Html *html) {
        Secret *text = html->error ? NULL : TAKE_PTR(html->text);

        html_done(html);
        return text;
}

void html_done(Html *html) {
        (void)secret_free(html->text);
        *html = (Html){};
}
