/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Config: a file and the parts beside it become one configuration, which is used whole or not at all. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/config-read.h"
#include "daemon/trusted.h"

#define CONFIG_BYTES_MAX 65536U
#define SUFFIX ".conf"

/* Whether a bad value was given does not matter here: it has been told already. */
static void report_missing(Reading *reading, const char *name, const char *what) {
        if (!reading_given(reading, "platform", name))
                reading_problem(reading, 0, N_("[platform] %s is missing: %s, %s"), name, gettext(what),
                                gettext(config_key_find("platform", name)->allowed));
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
                        reading_problem(reading, 0, N_("[phases] %s begins before %s; allowed: one after another"),
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
                reading_problem(reading, 0,
                        N_("[provision] uid_min and uid_max are no range for users; allowed: %u to %u, uid_min not "
                        "above uid_max, nothing that systemd keeps for itself"),
                        PROVISION_UID_LOWEST, PROVISION_UID_HIGHEST);
        if (config->n_units && *config->unit.code) {
                size_t i = 0;

                while (i < config->n_units && strcmp(config->units[i], config->unit.code) != 0)
                        i++;
                if (i == config->n_units)
                        reading_problem(reading, 0, N_("[login] unit is %s, which is not among units"),
                                config->unit.code);
        }
}

static int config_new(Config **ret) {
        _cleanup_(config_freep) Config *config = calloc(1, sizeof(*config));
        int r;

        if (!config)
                return -ENOMEM;
        config->phase = _PHASE_MAX; /* as the days say */
        r = config_keys_fill(config);
        if (r < 0)
                return r;
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
        for (size_t i = 0; i < config->n_given; i++) {
                free(config->given[i].section);
                free(config->given[i].value);
                free(config->given[i].path);
        }
        free(config->given);
        free(config->audit_file);
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

/* All files have been read. */
static void finish(Reading *reading, const char *path) {
        reading->path = path;
        report_missing(reading, "issuer", N_("the address of the platform"));
        report_missing(reading, "ca_file", N_("the certificates that the platform's must chain up to"));
        report_contradictions(reading);
}

int config_parse(const char *path, char *text, size_t n, ConfigReportFn report, void *userdata,
                 Config **ret) {
        _cleanup_(config_freep) Config *config = NULL;
        Reading reading = { .report = report, .userdata = userdata };
        int r;

        r = config_new(&config);
        if (r < 0)
                return r;
        reading.config = config;
        r = reading_take(&reading, path, text, n);
        if (r < 0)
                return r;
        finish(&reading, path);
        if (reading.is_bad)
                return CONFIG_E_PROBLEMS;
        *ret = TAKE_PTR(config);
        return 0;
}

/* One file that the configuration names; the certificates may lie in a link, as other programs manage
 * them. */
static void check_file(Reading *reading, const char *section, const char *name, const char *path) {
        struct stat st;

        if (!path)
                return;
        if (stat(path, &st) < 0)
                reading_problem(reading, 0, "[%s] %s: %s: %s", section, name, path, strerrordesc_np(errno));
}

static void check_files(Reading *reading) {
        const Config *config = reading->config;
        int fd = -1, r;

        check_file(reading, "platform", "ca_file", config->ca_file);
        check_file(reading, "platform", "client_secret_file", config->client_secret_file);
        check_file(reading, "certificate", "pkcs11_module", config->pkcs11_module);
        check_file(reading, "certificate", "folder", config->certificates);
        r = trusted_open(config->users, &fd);
        if (r < 0)
                reading_problem(reading, 0, N_("[login] users: %s cannot be read: %s"), config->users,
                                trusted_error_to_string(r));
        else if (r > 0)
                reading_problem(reading, 0, "[login] users: %s %s", config->users,
                                gettext(trusted_error_to_string(r)));
        closep(&fd);
}

Phase config_phase(const Config *config, int64_t time_sec) {
        return phase_stricter(config->phase, phase_in_force(&config->phases, time_sec));
}

/* Return: 0, also where it is bad, or -ENOMEM. */
static int read_file(Reading *reading, const char *path) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r;

        r = trusted_read(path, CONFIG_BYTES_MAX, &text, &n);
        if (r == -ENOMEM)
                return r;
        if (r == 0)
                return reading_take(reading, path, text, n);
        reading->path = path;
        reading_problem(reading, 0, "%s", gettext(trusted_error_to_string(r)));
        return 0;
}

static int is_part(const struct dirent *entry) {
        const size_t n = strlen(entry->d_name);

        return entry->d_name[0] != '.' && n > strlen(SUFFIX) &&
                strcmp(entry->d_name + n - strlen(SUFFIX), SUFFIX) == 0;
}

/* By bytes, so that the order is the same in every language. */
static int by_name(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

/* The files beside @path. Who may write their folder may take one away as well, so it is judged even when
 * it is empty. Return: as read_file(). */
static int read_parts(Reading *reading, const char *path) {
        _cleanup_(freep) char *folder = NULL;
        struct dirent **parts = NULL;
        int n, r;

        if (asprintf(&folder, "%s.d", path) < 0) {
                folder = NULL;
                return -ENOMEM;
        }
        r = trusted_folder(folder);
        if (r == -ENOENT)
                return 0;
        if (r != 0) {
                reading->path = folder;
                reading_problem(reading, 0, "%s", gettext(trusted_error_to_string(r)));
                return 0;
        }
        n = scandir(folder, &parts, is_part, by_name);
        r = n < 0 && errno == ENOMEM ? -ENOMEM : 0;
        if (n < 0 && r == 0) {
                reading->path = folder;
                reading_problem(reading, 0, "%s", strerrordesc_np(errno));
        }
        for (int i = 0; i < n; i++) {
                _cleanup_(freep) char *name = NULL;

                if (r == 0 && asprintf(&name, "%s/%s", folder, parts[i]->d_name) < 0) {
                        name = NULL;
                        r = -ENOMEM;
                }
                if (r == 0)
                        r = read_file(reading, name);
                free(parts[i]);
        }
        free(parts);
        return r;
}

int config_load(const char *path, ConfigReportFn report, void *userdata, Config **ret) {
        _cleanup_(config_freep) Config *config = NULL;
        Reading reading = { .report = report, .userdata = userdata };
        bool is_readable;
        int r;

        r = config_new(&config);
        if (r < 0)
                return r;
        reading.config = config;
        r = read_file(&reading, path);
        if (r < 0)
                return r;
        is_readable = reading.n_files > 0;
        r = read_parts(&reading, path);
        if (r < 0)
                return r;
        /* Of a file that could not be read nothing is known, least of all what it lacks. */
        if (is_readable) {
                finish(&reading, path);
                /* Beside what is wrong with the words, so that both are mended at once. */
                check_files(&reading);
        }
        if (reading.is_bad)
                return CONFIG_E_PROBLEMS;
        config->path = strdup(path);
        if (!config->path)
                return -ENOMEM;

        *ret = TAKE_PTR(config);
        return 0;
}
