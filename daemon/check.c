/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Check: the same functions as at a start, with records for a person */

#include <errno.h>
#include <libintl.h>
#include <locale.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/check.h"
#include "daemon/directory/map.h"
#include "daemon/era.h"
#include "daemon/log.h"
#include "daemon/trusted.h"

#define _(text) gettext(text)
#define DOMAIN "pam_itax"

void check_speak(const char *localedir) {
        const char *wanted = NULL;

        /* Where the locale is not installed, its language is taken all the same. */
        if (!setlocale(LC_ALL, "")) {
                static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

                for (size_t i = 0; i < ELEMENTSOF(names) && !(wanted && *wanted); i++)
                        wanted = getenv(names[i]);
                (void)setlocale(LC_ALL, "C.UTF-8");
                if (wanted && strncmp(wanted, "zh", 2) == 0)
                        (void)setenv("LANGUAGE", "zh_CN", 0);
        }
        (void)bindtextdomain(DOMAIN, localedir);
        (void)bind_textdomain_codeset(DOMAIN, "UTF-8");
        (void)textdomain(DOMAIN);
}

static void report(const char *problem, void *userdata _unused_) {
        fprintf(stderr, "%s\n", problem);
}

static void report_line(unsigned line _unused_, const char *problem _unused_,
                        void *userdata _unused_) {
}

static void _printf_(2, 3) warn(const char *path, const char *format, ...) {
        va_list ap;

        (void)fprintf(stderr, "%s: %s: ", path, _("warning"));
        va_start(ap, format);
        (void)vfprintf(stderr, format, ap);
        va_end(ap);
        (void)fputc('\n', stderr);
}

/* A user that is not there is no error: it may come with the network, or be made later. */
static void warn_of_user(const char *path, const char *user) {
        errno = 0;
        /* cppcheck-suppress getpwnamCalled ; there is one thread */
        if (getpwnam(user))
                return;
        if (errno)
                warn(path, _("the local user '%s' cannot be looked up: %s"), user, strerrordesc_np(errno));
        else
                warn(path, _("there is no local user '%s'"), user);
}

static void warn_of_users(const char *path) {
        _cleanup_(map_freep) Map *map = NULL;
        const char *before = "", *user;
        char *text = NULL;
        size_t n;

        if (trusted_read(path, MAP_BYTES_MAX, &text, &n) != 0 ||
            map_parse(text, n, report_line, NULL, &map) != 0)
                return;
        for (size_t i = 0; (user = map_user_at(map, i)); i++)
                if (strcmp(user, before) != 0) {
                        before = user;
                        warn_of_user(path, user);
                }
}

/* [service NAME] is for the file NAME of one of the folders of PAM. */
static void warn_of_services(const Config *config) {
        static const char *const folders[] = { "/etc/pam.d", "/usr/lib/pam.d" };

        for (size_t i = 0; i < config->n_services; i++) {
                bool is_there = false;

                for (size_t j = 0; j < ELEMENTSOF(folders); j++) {
                        char path[512];

                        (void)snprintf(path, sizeof(path), "%s/%s", folders[j], config->services[i].name);
                        is_there |= access(path, F_OK) == 0;
                }
                if (!is_there)
                        warn(config->path, _("[service %s]: there is no such file in %s"),
                             config->services[i].name, folders[0]);
        }
}

static void warn_of_provision(const Config *config) {
        if (config->accounts != ACCOUNTS_PROVISION)
                return;
        if (access(config->shell, X_OK) < 0)
                warn(config->path, _("[provision] shell: %s cannot be run"), config->shell);
        if (access(config->home, F_OK) < 0)
                warn(config->path, _("[provision] home: there is no folder %s"), config->home);
}

bool check_config(const char *path) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(era_unrefp) Era *era = NULL;

        log_to_person();
        if (config_load(path, report, NULL, &config) != 0)
                return false;
        if (sd_event_new(&event) < 0 || era_new(event, config, NULL, NULL, &era) < 0)
                return false;
        (void)TAKE_PTR(config);

        warn_of_users(era->config->users);
        for (size_t i = 0; i < era->config->n_callers; i++)
                warn_of_user(path, era->config->callers[i]);
        warn_of_services(era->config);
        warn_of_provision(era->config);
        printf(_("%s: can be used\n"), path);
        return true;
}

bool check_show(const char *path, bool json) {
        _cleanup_(config_freep) Config *config = NULL;

        if (config_load(path, report, NULL, &config) != 0)
                return false;
        config_print(config, stdout, json);
        return true;
}
