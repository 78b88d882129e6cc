/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backend/listing.h"
#include "lib/common/text.h"

#define COLUMNS_MAX 16
#define TIME_BYTES 32
#define CELL_BYTES_MAX 1024

/* One row as it is shown; NULL: nothing. */
typedef struct Cells {
        char *texts[COLUMNS_MAX];
} Cells;

static void cells_done(Cells *cells) {
        for (size_t i = 0; i < COLUMNS_MAX; i++)
                free(cells->texts[i]);
}

static int time_show(int64_t sec, Format format, char **ret) {
        char buffer[TIME_BYTES];
        time_t t = (time_t)sec;
        bool json = format == FORMAT_JSON;
        struct tm tm;

        if (sec == 0)
                return 0;
        if (!(json ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) ||
            strftime(buffer, sizeof(buffer), json ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M:%S",
                     &tm) == 0)
                return -ERANGE;
        *ret = strdup(buffer);
        return *ret ? 0 : -ENOMEM;
}

static int flag_show(int64_t flag, Format format, char **ret) {
        if (format == FORMAT_JSON)
                *ret = strdup(flag ? "true" : "false");
        else
                *ret = strdup(flag ? "yes" : "no");
        return *ret ? 0 : -ENOMEM;
}

static int text_show(const char *text, char **ret) {
        return text ? text_filter(text, CELL_BYTES_MAX, ret) : 0;
}

static int mask_show(const char *text, char **ret) {
        return text ? text_mask(text, ret) : 0;
}

static int cell_read(Statement *statement, int column, ColumnKind kind, Format format, char **ret) {
        switch (kind) {
        case COLUMN_TEXT:
                return text_show(statement_text(statement, column), ret);
        case COLUMN_MASKED:
                return mask_show(statement_text(statement, column), ret);
        case COLUMN_TIME:
                return time_show(statement_int(statement, column), format, ret);
        case COLUMN_NUMBER:
                return asprintf(ret, "%" PRId64, statement_int(statement, column)) < 0 ? -ENOMEM
                                                                                       : 0;
        case COLUMN_FLAG:
                return flag_show(statement_int(statement, column), format, ret);
        case _COLUMN_KIND_MAX:
                break;
        }
        return -EINVAL;
}

/* What is done with each row. */
typedef struct Printer {
        const Listing *listing;
        Format format;
        void (*row)(struct Printer *printer, const Cells *cells);
        size_t widths[COLUMNS_MAX], n_rows;
} Printer;

static int rows_each(Store *store, Printer *printer) {
        const Listing *listing = printer->listing;
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = listing->query(store, listing->userdata, &statement);
        if (r < 0)
                return r;
        while ((r = statement_next(statement)) == 1) {
                _cleanup_(cells_done) Cells cells = {};

                for (size_t i = 0; i < listing->n_columns; i++) {
                        r = cell_read(statement, (int)i, listing->columns[i].kind, printer->format,
                                      &cells.texts[i]);
                        if (r < 0)
                                return r;
                }
                printer->row(printer, &cells);
                printer->n_rows++;
        }
        return r;
}

static const char *shown(const char *text) {
        return text && text[0] ? text : "-";
}

static void put_padded(const char *text, size_t width) {
        fputs(text, stdout);
        for (size_t n = text_width(text); n < width; n++)
                putchar(' ');
}

static void widen(Printer *printer, const Cells *cells) {
        for (size_t i = 0; i < printer->listing->n_columns; i++) {
                size_t width = text_width(shown(cells->texts[i]));

                if (width > printer->widths[i])
                        printer->widths[i] = width;
        }
}

/* Nothing is put behind the last one. */
static void put_line(Printer *printer, const Cells *cells) {
        size_t n = printer->listing->n_columns;

        for (size_t i = 0; i < n; i++)
                put_padded(shown(cells->texts[i]), i + 1 < n ? printer->widths[i] + 2 : 0);
        putchar('\n');
}

static void put_record(Printer *printer, const Cells *cells) {
        const Listing *listing = printer->listing;
        size_t width = 0;

        for (size_t i = 0; i < listing->n_columns; i++)
                if (text_width(listing->columns[i].heading) > width)
                        width = text_width(listing->columns[i].heading);
        for (size_t i = 0; i < listing->n_columns; i++) {
                put_padded(listing->columns[i].heading, width + 2);
                puts(shown(cells->texts[i]));
        }
}

/* The text is UTF-8 without controls: it went through text_filter(). */
static void put_json_string(const char *text) {
        putchar('"');
        for (; *text; text++) {
                if (*text == '"' || *text == '\\')
                        putchar('\\');
                putchar(*text);
        }
        putchar('"');
}

static void put_json(Printer *printer, const Cells *cells) {
        const Listing *listing = printer->listing;

        fputs(printer->n_rows > 0 ? ",\n{" : "{", stdout);
        for (size_t i = 0; i < listing->n_columns; i++) {
                const Column *column = &listing->columns[i];

                if (i > 0)
                        putchar(',');
                put_json_string(column->key);
                putchar(':');
                if (!cells->texts[i])
                        fputs("null", stdout);
                else if (column->kind == COLUMN_NUMBER || column->kind == COLUMN_FLAG)
                        fputs(cells->texts[i], stdout);
                else
                        put_json_string(cells->texts[i]);
        }
        putchar('}');
}

static int print_table(Store *store, const Listing *listing) {
        Printer printer = { .listing = listing, .row = widen };
        Cells headings = {};
        int r;

        for (size_t i = 0; i < listing->n_columns; i++) {
                headings.texts[i] = (char *)listing->columns[i].heading;
                printer.widths[i] = text_width(headings.texts[i]);
        }
        r = rows_each(store, &printer);
        if (r < 0)
                return r;

        put_line(&printer, &headings);
        printer.row = put_line;
        return rows_each(store, &printer);
}

static int print_json(Store *store, const Listing *listing) {
        Printer printer = { .listing = listing, .format = FORMAT_JSON, .row = put_json };
        int r;

        fputs(listing->shape == LISTING_TABLE ? "[" : "", stdout);
        r = rows_each(store, &printer);
        fputs(listing->shape == LISTING_TABLE ? "]" : "", stdout);
        return r;
}

static int print_text(Store *store, const Listing *listing) {
        Printer printer = { .listing = listing, .row = put_record };

        return listing->shape == LISTING_TABLE ? print_table(store, listing)
                                               : rows_each(store, &printer);
}

int listing_print(Store *store, const Listing *listings, size_t n, Format format) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < n; i++) {
                if (format == FORMAT_TEXT) {
                        fputs(i > 0 ? "\n" : "", stdout);
                        r = print_text(store, &listings[i]);
                        continue;
                }
                if (n > 1) {
                        fputs(i > 0 ? ",\n" : "{", stdout);
                        put_json_string(listings[i].key);
                        putchar(':');
                }
                r = print_json(store, &listings[i]);
        }
        if (format == FORMAT_JSON)
                puts(n > 1 ? "}" : "");
        return r;
}
