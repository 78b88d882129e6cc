/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Form: form bodies in secrets. Encoding appends byte by byte and takes everything back when the
 * room ends; decoding writes over the body, which can only shrink: neither makes a second copy. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/common/form.h"

/* The application/x-www-form-urlencoded percent-encode set leaves these as they are. */
static bool byte_is_plain(unsigned char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '*' || c == '-' || c == '.' || c == '_';
}

static int append_encoded(Secret *body, const char *data, size_t n) {
        static const char hex[] = "0123456789ABCDEF";
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++) {
                unsigned char c = (unsigned char)data[i];

                if (byte_is_plain(c))
                        r = secret_append(body, &data[i], 1);
                else if (c == ' ')
                        r = secret_append(body, "+", 1);
                else {
                        char escape[] = { '%', hex[c >> 4], hex[c & 15] };

                        r = secret_append(body, escape, sizeof(escape));
                        explicit_bzero(escape, sizeof(escape));
                }
        }
        return r;
}

static int append_field(Secret *body, const char *name, const char *value, size_t n_value) {
        size_t n_before = secret_size(body);
        int r;

        r = n_before ? secret_append(body, "&", 1) : 0;
        if (r == 0)
                r = append_encoded(body, name, strlen(name));
        if (r == 0)
                r = secret_append(body, "=", 1);
        if (r == 0)
                r = append_encoded(body, value, n_value);
        if (r < 0)
                secret_truncate(body, n_before);
        return r;
}

int form_append(Secret *body, const char *name, const char *value) {
        return append_field(body, name, value, strlen(value));
}

int form_append_secret(Secret *body, const char *name, const Secret *value) {
        return append_field(body, name, secret_text(value), secret_size(value));
}

int form_append_number(Secret *body, const char *name, unsigned long value) {
        char digits[3 * sizeof(value) + 1];

        (void)snprintf(digits, sizeof(digits), "%lu", value);
        return form_append(body, name, digits);
}

static int hex_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return -1;
}

/* Decodes [from, end) onto itself and puts a NUL behind it; the byte at end may be written. */
static int decode_piece(char *from, const char *end, size_t *ret_n) {
        char *to = from;

        for (const char *p = from; p < end; p++) {
                char c = *p;

                if (c == '+')
                        c = ' ';
                else if (c == '%') {
                        int high, low;

                        if (end - p < 3)
                                return FORM_E_SYNTAX;
                        high = hex_value(p[1]);
                        low = hex_value(p[2]);
                        if (high < 0 || low < 0)
                                return FORM_E_SYNTAX;
                        c = (char)(high << 4 | low);
                        p += 2;
                }
                if (c == '\0')
                        return FORM_E_SYNTAX;
                *to++ = c;
        }
        *to = '\0';
        *ret_n = (size_t)(to - from);
        return 0;
}

static int decode_field(char *from, char *end, Form *form) {
        char *equals = memchr(from, '=', (size_t)(end - from));
        size_t n_name, n_value;
        char *value;
        int r;

        r = decode_piece(from, equals ? equals : end, &n_name);
        if (r)
                return r;

        if (equals) {
                value = equals + 1;
                r = decode_piece(value, end, &n_value);
                if (r)
                        return r;
        } else {
                value = from + n_name; /* its NUL: the empty string */
                n_value = 0;
        }

        if (form_get(form, from))
                return FORM_E_SYNTAX;
        if (form->n_fields == FORM_FIELDS_MAX)
                return FORM_E_FIELDS;

        form->fields[form->n_fields].name = from;
        form->fields[form->n_fields].value = value;
        form->fields[form->n_fields].n_value = n_value;
        form->n_fields++;
        return 0;
}

int form_decode(Secret *body, Form *ret) {
        Form form = { .body = body };
        /* The form owns the secret now, and decoding shortens it only. */
        char *p = (char *)secret_text(body);
        char *end = p + secret_size(body);

        while (p < end) {
                char *separator = memchr(p, '&', (size_t)(end - p));
                char *next = separator ? separator : end;

                if (next > p) {
                        int r = decode_field(p, next, &form);

                        if (r) {
                                form_done(&form);
                                return r;
                        }
                }
                p = next + 1;
        }
        *ret = form;
        return 0;
}

const char *form_get(const Form *form, const char *name) {
        for (size_t i = 0; i < form->n_fields; i++)
                if (strcmp(form->fields[i].name, name) == 0)
                        return form->fields[i].value;
        return NULL;
}

void form_done(Form *form) {
        (void)secret_free(form->body);
        *form = (Form){};
}
