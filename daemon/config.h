/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Config: itaxd.conf, and the files *.conf in the folder itaxd.conf.d beside it
 *
 * Those are read after it, by their names; what the later one says of a key holds. They are trusted by the
 * same rules.
 *
 * One table holds every key with its parser, its place and what is allowed (config.c);
 * conf/itaxd.conf shows them all. A file with anything wrong in it is not used at all, and
 * everything wrong in it is told at once, with file and line. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/core/phase.h"
#include "daemon/directory/directory.h"
#include "daemon/services.h"
#include "daemon/texts.h"
#include "lib/common/limits.h"
#include "lib/common/util.h"

#define CONFIG_PATH "/etc/itax/itaxd.conf"

/* Which unit is asked for: configuration and pam.d option "unit" have the same words. */
typedef struct ConfigUnit {
        UnitPolicy policy;
        char code[LIMIT_UNIT_CODE_BYTES +
                  1]; /* "" unless one unit was named; then .policy is UNIT_REQUIRED */
} ConfigUnit;

/* Where a key was given, and how. */
typedef struct ConfigKey ConfigKey;
typedef struct ConfigGiven {
        const ConfigKey *key;
        char *section; /* "service NAME" for that of a service */
        char *value;
        char *path;
        unsigned line, file;
} ConfigGiven;

/* Strings are owned by the configuration; NULL where nothing was said and nothing holds without it.
 */
typedef struct Config {
        char *path;       /* where it was read, for people; NULL if nowhere */
        char *issuer, *ca_file, *client_id; /* never NULL */
        char *client_secret_file, *unix_socket, *proxy;
        uint64_t timeout_usec;

        Phase phase;    /* in force always: nothing milder is */
        PhaseSchedule phases;
        ConfigUnit unit;
        char **units;   /* codes of the units that may be chosen on this host, NULL at the end; NULL: all */
        size_t n_units;
        LoginMethod method;
        TextsLanguage language; /* where the terminal does not tell one */
        char *users;    /* path of the map; never NULL */
        DirectoryAccounts accounts;
        uint64_t uid_min, uid_max; /* of local users that are made */
        char *home, *shell;        /* likewise; never NULL */
        uint64_t login_timeout_usec;

        char *certificates, *pkcs11_module; /* a folder, or NULL; a path, or NULL */
        uint64_t sign_timeout_usec;

        char **callers; /* names of local users whose programs may ask for others */
        size_t n_callers;

        char *audit_file; /* "off": none; never NULL */

        ServiceSetting *services;
        size_t n_services;

        ConfigGiven *given; /* each key once, as it holds */
        size_t n_given;
} Config;

enum {
        CONFIG_E_PROBLEMS = 1, /* told by the report function */
};

/* @problem is one line: "FILE:LINE: what is wrong, what is allowed" */
typedef void (*ConfigReportFn)(const char *problem, void *userdata);

/** config_print() - every key with its value, a line each, and where it was given: for itaxd --show
 * @json: for programs */
void config_print(const Config *config, FILE *out, bool json);

/**
 * config_load() - read @path and its parts, and look whether the files that it names can be used
 *
 * Return: 0, CONFIG_E_PROBLEMS after at least one report, or -ENOMEM.
 */
int config_load(const char *path, ConfigReportFn report, void *userdata, Config **ret);

/** config_parse() - the same for @n bytes at @text; @path is only for the reports. @text is
 * changed; a NUL byte stands behind it. */
int config_parse(const char *path, char *text, size_t n, ConfigReportFn report, void *userdata,
                 Config **ret);

/** config_phase() - the phase that the configuration has in force at @time_sec (Unix time) */
Phase config_phase(const Config *config, int64_t time_sec);

Config *config_free(Config *config);
DEFINE_CLEANUP(Config, config_free)

/* The words that pam.d options share with the configuration. */

/** config_method_from_string() - "any", "password" or "qr"; _LOGIN_METHOD_MAX for anything else */
LoginMethod config_method_from_string(const char *word);

const char *config_phase_to_string(Phase phase);
const char *config_accounts_to_string(DirectoryAccounts accounts);

enum {
        CONFIG_E_VALUE = 2,
};

/** config_unit_from_string() - "off", "ask", "required" or a unit code. Return: 0 or
 * CONFIG_E_VALUE. */
int config_unit_from_string(const char *word, ConfigUnit *ret);
