/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Config show: what holds, and who said so. Secrets are in files of their own; an address of a proxy may hold
 * one all the same. */

#include <string.h>

#include "daemon/config-keys.h"

#define BUILT_IN "built in"
#define NOT_SET "not set"

/* One line of it. */
typedef struct Shown {
        const char *section, *name, *value; /* NULL: nothing holds */
        const char *path;                   /* NULL: built in */
        unsigned line;
} Shown;

/* "http://user:password@host": what is before the host is nobody's to read. */
static const char *without_secret(const ConfigKey *key, const char *value) {
        const char *at = strcmp(key->name, "proxy") == 0 && value ? strrchr(value, '@') : NULL;

        return at ? at + 1 : value;
}

static void print_json_text(FILE *out, const char *s) {
        if (!s) {
                (void)fputs("null", out);
                return;
        }
        (void)fputc('"', out);
        for (; *s; s++)
                if (*s == '"' || *s == '\\')
                        (void)fprintf(out, "\\%c", *s);
                else if ((unsigned char)*s < 0x20)
                        (void)fprintf(out, "\\u%04x", (unsigned)(unsigned char)*s);
                else
                        (void)fputc(*s, out);
        (void)fputc('"', out);
}

static void print_json(FILE *out, const Shown *shown, bool is_first) {
        (void)fputs(is_first ? "{\"section\":" : ",{\"section\":", out);
        print_json_text(out, shown->section);
        (void)fputs(",\"key\":", out);
        print_json_text(out, shown->name);
        (void)fputs(",\"value\":", out);
        print_json_text(out, shown->value);
        (void)fputs(",\"file\":", out);
        print_json_text(out, shown->path);
        if (shown->path)
                (void)fprintf(out, ",\"line\":%u", shown->line);
        (void)fputc('}', out);
}

static void print_line(FILE *out, const Shown *shown) {
        char text[512];

        (void)snprintf(text, sizeof(text), "[%s] %s = %s", shown->section, shown->name,
                       shown->value ? shown->value : "");
        (void)fprintf(out, "%-48s # ", text);
        if (shown->path)
                (void)fprintf(out, "%s:%u\n", shown->path, shown->line);
        else
                (void)fprintf(out, "%s\n", shown->value ? BUILT_IN : NOT_SET);
}

static void print(FILE *out, bool json, const Shown *shown, bool *is_first) {
        if (json)
                print_json(out, shown, *is_first);
        else
                print_line(out, shown);
        *is_first = false;
}

static const ConfigGiven *find_given(const Config *config, const ConfigKey *key) {
        for (size_t i = 0; i < config->n_given; i++)
                if (config->given[i].key == key)
                        return &config->given[i];
        return NULL;
}

/* What holds where nothing was said. */
static const char *built_in(const Config *config, const ConfigKey *key) {
        if (strcmp(key->section, "login") == 0 && strcmp(key->name, "phase") == 0)
                return config_phase_to_string(config->phase);
        return key->fallback;
}

void config_print(const Config *config, FILE *out, bool json) {
        const ConfigKey *key;
        bool is_first = true;

        if (json)
                (void)fputc('[', out);
        for (size_t i = 0; (key = config_key_at(i)); i++) {
                const ConfigGiven *given = find_given(config, key);

                if (strcmp(key->section, CONFIG_SERVICE) == 0)
                        continue; /* there are none but those that are named */
                print(out, json,
                      &(Shown){ .section = key->section,
                                .name = key->name,
                                .value = without_secret(key, given ? given->value : built_in(config, key)),
                                .path = given ? given->path : NULL,
                                .line = given ? given->line : 0 },
                      &is_first);
        }
        for (size_t i = 0; i < config->n_given; i++) {
                const ConfigGiven *given = &config->given[i];

                if (strcmp(given->key->section, CONFIG_SERVICE) == 0)
                        print(out, json,
                              &(Shown){ .section = given->section, .name = given->key->name,
                                        .value = given->value, .path = given->path,
                                        .line = given->line },
                              &is_first);
        }
        if (json)
                (void)fputs("]\n", out);
}
