/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Config: inih takes the lines apart; this file knows the keys. Each line is looked at before inih
 * sees it, because inih cuts long lines silently, continues indented ones, and tells only its first
 * error. */

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/config-keys.h"
#include "daemon/trusted.h"
#include "lib/common/text.h"

#define CONFIG_BYTES_MAX 65536U
#define CONFIG_LINE_BYTES_MAX 190U /* inih's own buffer is 200 */
#define CONFIG_SECTION_BYTES_MAX 48U /* inih cuts names of sections at 49 */
#define CONFIG_SERVICES_MAX 64U
#define SECTIONS \
        "[platform], [phases], [login], [provision], [certificate], [callers], [service NAME]"

/* One reading of one file. */
typedef struct Reading {
        const char *path;
        char *text;
        size_t n, at;
        unsigned line;
        bool is_open; /* the line should give a key, and has not yet */
        bool is_bad;
        int error;
        ConfigReportFn report;
        void *userdata;
        Config *config;
        uint64_t
                seen[CONFIG_SERVICES_MAX + 1]; /* keys given, a bit each; [0] outside of services */
} Reading;

static void _printf_(3, 4) problem(Reading *reading, unsigned line, const char *format, ...) {
        char what[512], whole[1024];
        va_list ap;

        va_start(ap, format);
        (void)vsnprintf(what, sizeof(what), format, ap);
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
                problem(reading, reading->line, "unknown key '%s' in [%s]", name, section);
        else if (strcmp(nearest->name, name) == 0)
                problem(reading, reading->line, "key '%s' belongs in [%s], not in [%s]", name,
                        nearest->section, section);
        else
                problem(reading, reading->line,
                        "unknown key '%s' in [%s]; did you mean '%s' in [%s]?", name, section,
                        nearest->name, nearest->section);
}

static void report_unknown_section(Reading *reading, const char *section) {
        const char *nearest = config_section_guess(section);

        if (!*section)
                problem(reading, reading->line,
                        "a key before the first section; sections are " SECTIONS);
        else if (nearest)
                problem(reading, reading->line, "unknown section [%s]; did you mean [%s]?", section,
                        nearest);
        else
                problem(reading, reading->line, "unknown section [%s]; sections are " SECTIONS,
                        section);
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
                problem(reading, reading->line, "more than %u services", CONFIG_SERVICES_MAX);
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

static int take_value(Reading *reading, const char *section, const char *name, const char *value) {
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
                problem(reading, reading->line, "[service] needs the name of one: [service NAME]");
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
                problem(reading, reading->line, "key '%s' is given twice", name);
                return 0;
        }
        *seen |= UINT64_C(1) << config_key_index(key);

        r = *value || key->may_be_empty ? key->parse(key, value, base + key->offset) :
                                          CONFIG_E_VALUE;
        if (r == CONFIG_E_VALUE)
                problem(reading, reading->line, "bad value '%s' of '%s'; allowed: %s", value, name,
                        key->allowed);
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
                problem(reading, reading->line,
                        "neither a section, nor KEY = VALUE, nor a comment");
        reading->is_open = false;
}

/* Return: the line as inih may see it, "" when it must not. */
static const char *line_look(Reading *reading, char *line, size_t n) {
        size_t n_indent = strspn(line, " \t");

        if (reading->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0)
                n_indent = 3 + strspn(line + 3, " \t");

        if (strlen(line) != n || !text_is_utf8(line, n)) {
                problem(reading, reading->line, "bytes that are no text (UTF-8)");
                return "";
        }
        if (n > CONFIG_LINE_BYTES_MAX) {
                problem(reading, reading->line, "longer than %u bytes", CONFIG_LINE_BYTES_MAX);
                return "";
        }

        line += n_indent;
        if (*line == '[') {
                char *end = strchr(line, ']');

                if (!end || (size_t)(end - line) > CONFIG_SECTION_BYTES_MAX) {
                        problem(reading, reading->line,
                                "a section is [NAME], its name at most %u bytes",
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

/* Whether a bad value was given does not matter here: it has been told already. */
static void report_missing(Reading *reading, const char *name, const char *what) {
        const ConfigKey *key = config_key_find("platform", name);

        if (!(reading->seen[0] & (UINT64_C(1) << config_key_index(key))))
                problem(reading, 0, "[platform] %s is missing: %s, %s", name, what, key->allowed);
}

/* What is wrong with values that are right one by one. */
static void report_contradictions(Reading *reading) {
        Config *config = reading->config;
        const PhaseDay *before = NULL;
        Phase before_phase = 0;
        bool has_days = false;

        for (Phase phase = 0; phase < _PHASE_MAX; phase++) {
                const PhaseDay *day = &config->phases.first[phase];

                if (!day->is_set)
                        continue;
                if (before && day->number < before->number)
                        problem(reading, 0, "[phases] %s begins before %s; allowed: one after another",
                                config_phase_to_string(phase),
                                config_phase_to_string(before_phase));
                before = day;
                before_phase = phase;
                has_days = true;
        }
        /* Days begin with the mildest phase; without any, the one of today holds. */
        if (config->phase == _PHASE_MAX)
                config->phase = has_days ? PHASE_DUAL : PHASE_RELATION;

        if (!provision_range_is_fit((uid_t)config->uid_min, (uid_t)config->uid_max))
                problem(reading, 0,
                        "[provision] uid_min and uid_max are no range for users; allowed: %u to %u, uid_min not "
                        "above uid_max, nothing that systemd keeps for itself",
                        PROVISION_UID_LOWEST, PROVISION_UID_HIGHEST);
        if (config->n_units && *config->unit.code) {
                size_t i = 0;

                while (i < config->n_units && strcmp(config->units[i], config->unit.code) != 0)
                        i++;
                if (i == config->n_units)
                        problem(reading, 0, "[login] unit is %s, which is not among units",
                                config->unit.code);
        }
}

static int config_new(Config **ret) {
        _cleanup_(config_freep) Config *config = calloc(1, sizeof(*config));

        if (!config)
                return -ENOMEM;
        config->timeout_usec = 5 * USEC_PER_SEC;
        config->phase = _PHASE_MAX;
        config->unit.policy = UNIT_REQUIRED;
        config->method = METHOD_ANY;
        config->login_timeout_usec = 110 * USEC_PER_SEC;
        config->client_id = strdup("workstation");
        config->language = TEXTS_ZH_CN;
        config->users = strdup("/etc/itax/users");
        config->accounts = ACCOUNTS_TABLE;
        config->uid_min = 200000;
        config->uid_max = 299999;
        config->home = strdup("/home");
        config->shell = strdup("/bin/bash");
        config->sign_timeout_usec = 10 * USEC_PER_SEC;
        if (!config->client_id || !config->users || !config->home || !config->shell)
                return -ENOMEM;
        *ret = TAKE_PTR(config);
        return 0;
}

Config *config_free(Config *config) {
        if (!config)
                return NULL;

        for (size_t i = 0; i < config->n_callers; i++)
                free(config->callers[i]);
        for (size_t i = 0; i < config->n_services; i++)
                free(config->services[i].name);
        for (size_t i = 0; i < config->n_units; i++)
                free(config->units[i]);
        free(config->units);
        free(config->home);
        free(config->shell);
        free(config->certificates);
        free(config->pkcs11_module);
        free(config->callers);
        free(config->services);
        free(config->path);
        free(config->issuer);
        free(config->ca_file);
        free(config->client_id);
        free(config->client_secret_file);
        free(config->unix_socket);
        free(config->proxy);
        free(config->users);
        free(config);
        return NULL;
}

/* Return: 0, CONFIG_E_PROBLEMS, or a negative errno. @ret is what could be read of it, also after
 * CONFIG_E_PROBLEMS. */
static int parse_all(Reading *reading, Config **ret) {
        _cleanup_(config_freep) Config *config = NULL;
        int r;

        r = config_new(&config);
        if (r < 0)
                return r;
        reading->config = config;

        r = ini_parse_stream(on_read, reading, on_value, reading);
        if (r < -1)
                return -ENOMEM;
        if (reading->error < 0)
                return reading->error;
        if (r != 0 && !reading->is_bad)
                problem(reading, (unsigned)r, "cannot be read");

        report_missing(reading, "issuer", "the address of the platform");
        report_missing(reading, "ca_file",
                       "the certificates that the platform's must chain up to");
        report_contradictions(reading);

        *ret = TAKE_PTR(config);
        return reading->is_bad ? CONFIG_E_PROBLEMS : 0;
}

int config_parse(const char *path, char *text, size_t n, ConfigReportFn report, void *userdata,
                 Config **ret) {
        _cleanup_(config_freep) Config *config = NULL;
        Reading reading = {
                .path = path, .text = text, .n = n, .report = report, .userdata = userdata
        };
        int r;

        r = parse_all(&reading, &config);
        if (r == 0)
                *ret = TAKE_PTR(config);
        return r;
}

/* One file that the configuration names; the certificates may lie in a link, as other programs manage
 * them. */
static void check_file(Reading *reading, const char *section, const char *name, const char *path) {
        struct stat st;

        if (!path)
                return;
        if (stat(path, &st) < 0)
                problem(reading, 0, "[%s] %s: %s: %s", section, name, path, strerrordesc_np(errno));
}

static void check_files(Reading *reading) {
        const Config *config = reading->config;
        int fd = -1, r;

        check_file(reading, "platform", "ca_file", config->ca_file);
        check_file(reading, "platform", "client_secret_file", config->client_secret_file);
        check_file(reading, "certificate", "pkcs11_module", config->pkcs11_module);
        check_file(reading, "certificate", "folder", config->certificates);
        r = trusted_open(config->users, &fd);
        if (r != 0)
                problem(reading, 0, "[login] users: %s %s%s", config->users, r < 0 ? "cannot be read: " : "",
                        trusted_error_to_string(r));
        closep(&fd);
}

Phase config_phase(const Config *config, int64_t time_sec) {
        return phase_stricter(config->phase, phase_in_force(&config->phases, time_sec));
}

int config_load(const char *path, ConfigReportFn report, void *userdata, Config **ret) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *text = NULL;
        Reading reading = { .path = path, .report = report, .userdata = userdata };
        int r;

        r = trusted_read(path, CONFIG_BYTES_MAX, &text, &reading.n);
        if (r == -ENOMEM)
                return r;
        if (r != 0) {
                problem(&reading, 0, "%s", trusted_error_to_string(r));
                return CONFIG_E_PROBLEMS;
        }

        reading.text = text;
        r = parse_all(&reading, &config);
        if (r < 0)
                return r;
        /* Beside what is wrong with the words, so that both are mended at once. */
        check_files(&reading);
        if (reading.is_bad)
                return CONFIG_E_PROBLEMS;
        config->path = strdup(path);
        if (!config->path)
                return -ENOMEM;

        *ret = TAKE_PTR(config);
        return 0;
}
