/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Show: one growing string, and the columns of a list. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/client/show.h"
#include "lib/common/text.h"

#define SHOW_COLUMN_MAX 60 /* a wider first column is not waited for */
#define SHOW_DIVIDER "  "

typedef struct Buffer {
        char *s; /* owned */
        size_t n;
        size_t capacity;
} Buffer;

static void buffer_done(Buffer *buffer) {
        free(buffer->s);
}

static int buffer_add(Buffer *buffer, const char *s, size_t n) {
        if (!buffer->s || n >= buffer->capacity - buffer->n) {
                size_t capacity = 2 * buffer->capacity + n + 64;
                char *grown;

                grown = realloc(buffer->s, capacity);
                if (!grown)
                        return -ENOMEM;
                buffer->s = grown;
                buffer->capacity = capacity;
        }

        memcpy(buffer->s + buffer->n, s, n);
        buffer->n += n;
        buffer->s[buffer->n] = '\0';
        return 0;
}

/* Add a part that starts on a line of its own and does not end one. */
static int buffer_add_part(Buffer *buffer, const char *s) {
        size_t n = s ? strlen(s) : 0;
        int r = 0;

        while (n > 0 && s[n - 1] == '\n')
                n--;
        if (n == 0)
                return 0;
        if (buffer->n > 0)
                r = buffer_add(buffer, "\n", 1);
        return r < 0 ? r : buffer_add(buffer, s, n);
}

static size_t column_bytes(const char *label) {
        const char *divider = strstr(label, SHOW_DIVIDER);

        return divider ? (size_t)(divider - label) : 0;
}

/* Width of what stands before the divider; text_width() measures whole strings. */
static int column_width(const char *label, size_t *ret) {
        _cleanup_(freep) char *column = NULL;

        column = strndup(label, column_bytes(label));
        if (!column)
                return -ENOMEM;
        *ret = text_width(column);
        return 0;
}

static int widest_column(char *const *choices, size_t *ret) {
        size_t widest = 0, width;
        int r;

        for (size_t i = 0; choices[i]; i++) {
                r = column_width(choices[i], &width);
                if (r < 0)
                        return r;
                if (width > widest && width <= SHOW_COLUMN_MAX)
                        widest = width;
        }

        *ret = widest;
        return 0;
}

static int add_choice(Buffer *buffer, const char *label, size_t widest) {
        const size_t n = column_bytes(label);
        size_t width;
        int r;

        if (n == 0)
                return buffer_add(buffer, label, strlen(label));

        r = column_width(label, &width);
        if (r >= 0)
                r = buffer_add(buffer, label, n);
        for (; r >= 0 && width < widest; width++)
                r = buffer_add(buffer, " ", 1);
        return r < 0 ? r : buffer_add(buffer, label + n, strlen(label + n));
}

static int add_choices(Buffer *buffer, char *const *choices) {
        size_t n_choices = 0, widest;
        int r;

        while (choices[n_choices])
                n_choices++;
        r = widest_column(choices, &widest);

        for (size_t i = 0; i < n_choices && r >= 0; i++) {
                char number[32];
                int n;

                n = snprintf(number, sizeof(number), "%s%*zu) ", buffer->n > 0 ? "\n" : "",
                             n_choices < 10 ? 1 : 2, i + 1);
                r = buffer_add(buffer, number, (size_t)n);
                if (r >= 0)
                        r = add_choice(buffer, choices[i], widest);
        }
        return r;
}

int show_body(const Step *step, char **ret) {
        _cleanup_(buffer_done) Buffer buffer = {};
        int r;

        r = buffer_add_part(&buffer, step->text);
        if (r >= 0)
                r = buffer_add_part(&buffer, step->picture);
        if (r >= 0 && step->choices)
                r = add_choices(&buffer, step->choices);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(buffer.s);
        return 0;
}

int show_folded(const Step *step, char **ret) {
        _cleanup_(buffer_done) Buffer buffer = {};
        _cleanup_(freep) char *body = NULL;
        int r;

        r = show_body(step, &body);
        if (r < 0)
                return r;

        if (body && (step->prompt || strchr(body, '\n')))
                r = buffer_add(&buffer, "\n", 1);
        if (r >= 0 && body)
                r = buffer_add(&buffer, body, strlen(body));
        if (r >= 0 && body && step->prompt)
                r = buffer_add(&buffer, "\n", 1);
        if (r >= 0 && step->prompt)
                r = buffer_add(&buffer, step->prompt, strlen(step->prompt));
        if (r < 0)
                return r;

        *ret = TAKE_PTR(buffer.s);
        return 0;
}
