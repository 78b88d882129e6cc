/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* JSON: RFC 8259, output only. Strings are UTF-8 already, as lib/client lets nothing else through. */

#include "ctl/ctl.h"

static void write_string(FILE *out, const char *s) {
        (void)fputc('"', out);
        for (; *s; s++) {
                if (*s == '"' || *s == '\\')
                        (void)fprintf(out, "\\%c", *s);
                else if ((unsigned char)*s < 0x20)
                        (void)fprintf(out, "\\u%04x", (unsigned)(unsigned char)*s);
                else
                        (void)fputc(*s, out);
        }
        (void)fputc('"', out);
}

static void begin_member(Json *json, const char *key) {
        if (json->has_member)
                (void)fputc(',', json->out);
        json->has_member = true;
        if (key) {
                write_string(json->out, key);
                (void)fputc(':', json->out);
        }
}

void json_open(Json *json, const char *key, char bracket) {
        begin_member(json, key);
        (void)fputc(bracket, json->out);
        json->has_member = false;
}

void json_close(Json *json, char bracket) {
        (void)fputc(bracket, json->out);
        json->has_member = true;
}

void json_string(Json *json, const char *key, const char *value) {
        begin_member(json, key);
        if (value)
                write_string(json->out, value);
        else
                (void)fputs("null", json->out);
}

void json_number(Json *json, const char *key, uint64_t value) {
        begin_member(json, key);
        (void)fprintf(json->out, "%llu", (unsigned long long)value);
}

void json_signed(Json *json, const char *key, int64_t value) {
        begin_member(json, key);
        (void)fprintf(json->out, "%lld", (long long)value);
}

void json_truth(Json *json, const char *key, bool value) {
        begin_member(json, key);
        (void)fputs(value ? "true" : "false", json->out);
}
