/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Config read: inih takes the lines apart. Each line is looked at before inih sees it, because inih cuts
 * long lines silently, continues indented ones, and tells only its first error. */

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config-read.h"
#include "lib/common/text.h"

#define CONFIG_LINE_BYTES_MAX 190U /* inih's own buffer is 200 */
#define CONFIG_SECTION_BYTES_MAX 48U /* inih cuts names of sections at 49 */
#define SECTIONS \
        "[platform], [phases], [login], [provision], [certificate], [callers], [audit], [service NAME]"

void reading_problem(Reading *reading, unsigned line, const char *format, ...) {
        char what[512], whole[1024];
        va_list ap;

        va_start(ap, format);
        (void)vsnprintf(what, sizeof(what), gettext(format), ap);
        va_end(ap);

        if (line)
                (void)snprintf(whole, sizeof(whole), "%s:%u: %s", reading->path, line, what);
        else
                (void)snprintf(whole, sizeof(whole), "%s: %s", reading->path, what);
        reading->is_bad = true;
        reading->report(whole, reading->userdata);
}

static void report_unknown_key(Reading *reading, const char *section, const char *name) {
        const ConfigKey *nearest = config_key_guess(section, name);

        if (!nearest)
                reading_problem(reading, reading->line, N_("unknown key '%s' in [%s]"), name, section);
        else if (strcmp(nearest->name, name) == 0)
                reading_problem(reading, reading->line, N_("key '%s' belongs in [%s], not in [%s]"), name,
                        nearest->section, section);
        else
                reading_problem(reading, reading->line,
                        N_("unknown key '%s' in [%s]; did you mean '%s' in [%s]?"), name, section,
                        nearest->name, nearest->section);
}

static void report_unknown_section(Reading *reading, const char *section) {
        const char *nearest = config_section_guess(section);

        if (!*section)
                reading_problem(reading, reading->line,
                        N_("a key before the first section; sections are %s"), SECTIONS);
        else if (nearest)
                reading_problem(reading, reading->line, N_("unknown section [%s]; did you mean [%s]?"), section,
                        nearest);
        else
                reading_problem(reading, reading->line, N_("unknown section [%s]; sections are %s"), section, SECTIONS);
}

/* The setting of one service, made when it is first named. Return: 0 (@ret NULL when there are too
 * many), -ENOMEM. */
static int service_setting(Reading *reading, const char *name, ServiceSetting **ret) {
        Config *config = reading->config;
        ServiceSetting *more;

        *ret = NULL;
        for (size_t i = 0; i < config->n_services; i++)
                if (strcmp(config->services[i].name, name) == 0) {
                        *ret = &config->services[i];
                        return 0;
                }
        if (config->n_services >= CONFIG_SERVICES_MAX) {
                reading_problem(reading, reading->line, N_("more than %u services"), CONFIG_SERVICES_MAX);
                return 0;
        }

        more = reallocarray(config->services, config->n_services + 1, sizeof(*more));
        if (!more)
                return -ENOMEM;
        config->services = more;
        more[config->n_services] = (ServiceSetting){
                .name = strdup(name),
                .mode = _LOGIN_MODE_MAX,
                .layout = _STEP_LAYOUT_MAX,
                .picture = _SERVICE_PICTURE_MAX,
        };
        if (!more[config->n_services].name)
                return -ENOMEM;
        *ret = &more[config->n_services++];
        return 0;
}

/* Where it was said, for who asks later; what was said of it before is forgotten, but for a list that goes on. */
static int note_given(Reading *reading, const char *section, const ConfigKey *key, const char *value) {
        Config *config = reading->config;
        ConfigGiven *given = NULL, *more;
        char *text = NULL;

        for (size_t i = 0; i < config->n_given; i++)
                if (config->given[i].key == key && strcmp(config->given[i].section, section) == 0)
                        given = &config->given[i];
        if (!given) {
                more = reallocarray(config->given, config->n_given + 1, sizeof(*more));
                if (!more)
                        return -ENOMEM;
                config->given = more;
                given = &more[config->n_given];
                *given = (ConfigGiven){ .key = key, .section = strdup(section) };
                if (!given->section)
                        return -ENOMEM;
                config->n_given++;
        }
        if (given->value && given->file == reading->n_files && config_key_may_repeat(key)) {
                if (asprintf(&text, "%s %s", given->value, value) < 0)
                        return -ENOMEM;
        } else {
                text = strdup(value);
                if (!text)
                        return -ENOMEM;
        }
        free(given->value);
        given->value = text;
        given->file = reading->n_files;
        given->line = reading->line;
        free(given->path);
        given->path = strdup(reading->path);
        return given->path ? 0 : -ENOMEM;
}

static int take_value(Reading *reading, const char *section, const char *name, const char *value) {
        const char *whole_section = section;
        uint64_t *seen = &reading->seen[0];
        char *base = (char *)reading->config;
        const ConfigKey *key;
        int r;

        if (strncmp(section, "service ", 8) == 0 && section[8]) {
                ServiceSetting *setting;

                r = service_setting(reading, section + 8, &setting);
                if (r < 0 || !setting)
                        return r;
                base = (char *)setting;
                seen = &reading->seen[1 + (setting - reading->config->services)];
                section = "service";
        } else if (strcmp(section, "service") == 0) {
                reading_problem(reading, reading->line, N_("[service] needs the name of one: [service NAME]"));
                return 0;
        } else if (!config_section_guess(section) ||
                   strcmp(config_section_guess(section), section) != 0) {
                report_unknown_section(reading, section);
                return 0;
        }

        key = config_key_find(section, name);
        if (!key) {
                report_unknown_key(reading, section, name);
                return 0;
        }
        if (!config_key_may_repeat(key) && (*seen & (UINT64_C(1) << config_key_index(key)))) {
                reading_problem(reading, reading->line, N_("key '%s' is given twice"), name);
                return 0;
        }
        /* What another file said before does not hold any more, of a list neither. */
        if (!(*seen & (UINT64_C(1) << config_key_index(key))))
                config_key_clear(key, reading->config);
        *seen |= UINT64_C(1) << config_key_index(key);
        r = note_given(reading, whole_section, key, value);
        if (r < 0)
                return r;

        r = *value || key->may_be_empty ? key->parse(key, value, base + key->offset) :
                                          CONFIG_E_VALUE;
        if (r == CONFIG_E_VALUE)
                reading_problem(reading, reading->line, N_("bad value '%s' of '%s'; allowed: %s"), value,
                                name, gettext(key->allowed));
        return r < 0 ? r : 0;
}

static int on_value(void *userdata, const char *section, const char *name, const char *value) {
        Reading *reading = userdata;
        int r;

        reading->is_open = false;
        if (reading->error)
                return 1;
        r = take_value(reading, section, name, value ? value : "");
        if (r < 0)
                reading->error = r;
        return 1;
}

static void line_close(Reading *reading) {
        if (reading->is_open)
                reading_problem(reading, reading->line,
                        N_("neither a section, nor KEY = VALUE, nor a comment"));
        reading->is_open = false;
}

/* Return: the line as inih may see it, "" when it must not. */
static const char *line_look(Reading *reading, char *line, size_t n) {
        size_t n_indent = strspn(line, " \t");

        if (reading->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0)
                n_indent = 3 + strspn(line + 3, " \t");

        if (strlen(line) != n || !text_is_utf8(line, n)) {
                reading_problem(reading, reading->line, N_("bytes that are no text (UTF-8)"));
                return "";
        }
        if (n > CONFIG_LINE_BYTES_MAX) {
                reading_problem(reading, reading->line, N_("longer than %u bytes"), CONFIG_LINE_BYTES_MAX);
                return "";
        }

        line += n_indent;
        if (*line == '[') {
                char *end = strchr(line, ']');

                if (!end || (size_t)(end - line) > CONFIG_SECTION_BYTES_MAX) {
                        reading_problem(reading, reading->line,
                                N_("a section is [NAME], its name at most %u bytes"),
                                CONFIG_SECTION_BYTES_MAX);
                        return "";
                }
                return line;
        }
        reading->is_open = *line && *line != '#' && *line != ';' && *line != '\r';
        return line;
}

/* As fgets(3) for inih. */
static char *on_read(char *ret, int n, void *userdata) {
        Reading *reading = userdata;
        char *line = reading->text + reading->at, *end;
        size_t n_line;

        line_close(reading);
        if (reading->at >= reading->n || n < (int)CONFIG_LINE_BYTES_MAX + 2)
                return NULL;

        reading->line++;
        end = memchr(line, '\n', reading->n - reading->at);
        n_line = end ? (size_t)(end - line) : reading->n - reading->at;
        reading->at += n_line + (end ? 1 : 0);
        line[n_line] = '\0';

        (void)snprintf(ret, (size_t)n, "%s\n", line_look(reading, line, n_line));
        return ret;
}

int reading_take(Reading *reading, const char *path, char *text, size_t n) {
        int r;

        reading->path = path;
        reading->text = text;
        reading->n = n;
        reading->at = 0;
        reading->line = 0;
        reading->is_open = false;
        reading->n_files++;
        memset(reading->seen, 0, sizeof(reading->seen));

        r = ini_parse_stream(on_read, reading, on_value, reading);
        if (r < -1)
                return -ENOMEM;
        if (reading->error < 0)
                return reading->error;
        if (r != 0 && !reading->is_bad)
                reading_problem(reading, (unsigned)r, N_("cannot be read"));
        return 0;
}

bool reading_given(const Reading *reading, const char *section, const char *name) {
        const Config *config = reading->config;

        for (size_t i = 0; i < config->n_given; i++)
                if (strcmp(config->given[i].section, section) == 0 &&
                    strcmp(config->given[i].key->name, name) == 0)
                        return true;
        return false;
}
