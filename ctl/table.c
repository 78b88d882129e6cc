/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Table: columns by the width that characters take on a terminal, which printf() does not know. */

#include <string.h>

#include "ctl/ctl.h"
#include "lib/common/text.h"

static const char *shown(const char *s) {
        return s ? s : "-";
}

static void print_padded(FILE *out, const char *s, size_t width) {
        (void)fputs(s, out);
        for (size_t n = text_width(s); n < width; n++)
                (void)fputc(' ', out);
}

void table_print(FILE *out, const char *const headings[TABLE_COLUMNS], size_t n_rows,
                 const char *(*cell)(size_t row, size_t column, void *userdata), void *userdata) {
        size_t widths[TABLE_COLUMNS], n = 0;

        for (; n < TABLE_COLUMNS && headings[n]; n++) {
                widths[n] = text_width(headings[n]);
                for (size_t row = 0; row < n_rows; row++) {
                        const size_t width = text_width(shown(cell(row, n, userdata)));

                        widths[n] = width > widths[n] ? width : widths[n];
                }
        }

        for (size_t row = 0; row <= n_rows; row++) {
                for (size_t i = 0; i < n; i++) {
                        const char *s = row == 0 ? headings[i] : shown(cell(row - 1, i, userdata));

                        /* Nothing is put behind the last one. */
                        print_padded(out, s, i + 1 < n ? widths[i] + 2 : 0);
                }
                (void)fputc('\n', out);
        }
}

void label_print_part(FILE *out, const char *label, size_t width) {
        print_padded(out, label, width);
}

void label_print(FILE *out, const char *label, size_t width, const char *value) {
        print_padded(out, label, width);
        (void)fprintf(out, "%s\n", shown(value));
}
