/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Config keys: the parsers and the one table of what may stand in itaxd.conf */

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "daemon/config-keys.h"
#include "lib/common/identity.h"

/* For xgettext: whoever shows it looks it up. */
#define N_(text) text

#define CONFIG_CALLERS_MAX 32U
#define CONFIG_GUESS_DISTANCE 3U

static int parse_string(const char *value, char **field) {
        char *copy = strdup(value);

        if (!copy)
                return -ENOMEM;
        free(*field);
        *field = copy;
        return 0;
}

static int parse_path(const ConfigKey *key, const char *value, void *field) {
        (void)key;
        if (value[0] != '/' || value[strlen(value) - 1] == '/')
                return CONFIG_E_VALUE;
        return parse_string(value, field);
}

static int parse_issuer(const ConfigKey *key, const char *value, void *field) {
        const char *host = value + strlen("https://");

        (void)key;
        if (strncmp(value, "https://", strlen("https://")) != 0 || !isalnum((unsigned char)*host))
                return CONFIG_E_VALUE;
        for (const char *p = host; *p; p++)
                if (!isalnum((unsigned char)*p) && !strchr("-._~:[]/%", *p))
                        return CONFIG_E_VALUE;
        if (value[strlen(value) - 1] == '/')
                return CONFIG_E_VALUE;
        return parse_string(value, field);
}

static int parse_proxy(const ConfigKey *key, const char *value, void *field) {
        (void)key;
        if (*value && strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0)
                return CONFIG_E_VALUE;
        return parse_string(value, field);
}

static int parse_name(const ConfigKey *key, const char *value, void *field) {
        (void)key;
        for (const char *p = value; *p; p++)
                if (!isgraph((unsigned char)*p))
                        return CONFIG_E_VALUE;
        return *value ? parse_string(value, field) : CONFIG_E_VALUE;
}

static int parse_seconds(const ConfigKey *key, const char *value, void *field) {
        unsigned long seconds = 0;

        if (!*value || strlen(value) > 4)
                return CONFIG_E_VALUE;
        for (const char *p = value; *p; p++) {
                if (!isdigit((unsigned char)*p))
                        return CONFIG_E_VALUE;
                seconds = 10 * seconds + (unsigned long)(*p - '0');
        }
        if (seconds < key->min || seconds > key->max)
                return CONFIG_E_VALUE;
        *(uint64_t *)field = seconds * USEC_PER_SEC;
        return 0;
}

static int parse_phase(const ConfigKey *key, const char *value, void *field) {
        (void)key;
        for (Phase phase = 0; phase < _PHASE_MAX; phase++)
                if (strcmp(config_phase_to_string(phase), value) == 0) {
                        *(Phase *)field = phase;
                        return 0;
                }
        return CONFIG_E_VALUE;
}

const char *config_phase_to_string(Phase phase) {
        static const char *const words[_PHASE_MAX] = {
                [PHASE_DUAL] = "dual",
                [PHASE_RELATION] = "relation",
                [PHASE_REALNAME] = "realname",
        };

        return phase < _PHASE_MAX ? words[phase] : NULL;
}

static int parse_day(const ConfigKey *key, const char *value, void *field) {
        (void)key;
        return phase_day_parse(value, field) == 0 ? 0 : CONFIG_E_VALUE;
}

static int parse_number(const ConfigKey *key, const char *value, void *field) {
        unsigned long number = 0;

        if (!*value || strlen(value) > 9)
                return CONFIG_E_VALUE;
        for (const char *p = value; *p; p++) {
                if (!isdigit((unsigned char)*p))
                        return CONFIG_E_VALUE;
                number = 10 * number + (unsigned long)(*p - '0');
        }
        if (number < key->min || number > key->max)
                return CONFIG_E_VALUE;
        *(uint64_t *)field = number;
        return 0;
}

/* What goes into a record of a user: a path without what divides the fields of passwd(5). */
static int parse_user_path(const ConfigKey *key, const char *value, void *field) {
        for (const char *p = value; *p; p++)
                if (!isgraph((unsigned char)*p) || *p == ':')
                        return CONFIG_E_VALUE;
        return parse_path(key, value, field);
}

static int parse_accounts(const ConfigKey *key, const char *value, void *field) {
        (void)key;
        for (DirectoryAccounts accounts = 0; accounts < _DIRECTORY_ACCOUNTS_MAX; accounts++)
                if (strcmp(config_accounts_to_string(accounts), value) == 0) {
                        *(DirectoryAccounts *)field = accounts;
                        return 0;
                }
        return CONFIG_E_VALUE;
}

const char *config_accounts_to_string(DirectoryAccounts accounts) {
        static const char *const words[_DIRECTORY_ACCOUNTS_MAX] = {
                [ACCOUNTS_TABLE] = "table",
                [ACCOUNTS_NAME] = "name",
                [ACCOUNTS_PROVISION] = "provision",
        };

        return accounts < _DIRECTORY_ACCOUNTS_MAX ? words[accounts] : NULL;
}

LoginMethod config_method_from_string(const char *word) {
        static const char *const words[_LOGIN_METHOD_MAX] = {
                [METHOD_ANY] = "any",
                [METHOD_PASSWORD] = "password",
                [METHOD_QR] = "qr",
        };
        LoginMethod method = 0;

        while (method < _LOGIN_METHOD_MAX && strcmp(words[method], word) != 0)
                method++;
        return method;
}

static int parse_method(const ConfigKey *key, const char *value, void *field) {
        LoginMethod method = config_method_from_string(value);

        (void)key;
        if (method == _LOGIN_METHOD_MAX)
                return CONFIG_E_VALUE;
        *(LoginMethod *)field = method;
        return 0;
}

int config_unit_from_string(const char *word, ConfigUnit *ret) {
        static const char *const words[_UNIT_POLICY_MAX] = {
                [UNIT_OFF] = "off",
                [UNIT_ASK] = "ask",
                [UNIT_REQUIRED] = "required",
        };
        ConfigUnit unit = { .policy = UNIT_REQUIRED };

        for (UnitPolicy policy = 0; policy < _UNIT_POLICY_MAX; policy++)
                if (strcmp(words[policy], word) == 0) {
                        *ret = (ConfigUnit){ .policy = policy };
                        return 0;
                }

        if (strlen(word) > LIMIT_UNIT_CODE_BYTES)
                return CONFIG_E_VALUE;
        for (size_t i = 0; word[i]; i++)
                unit.code[i] = (char)toupper((unsigned char)word[i]);
        if (!unit_code_is_valid(unit.code))
                return CONFIG_E_VALUE;
        *ret = unit;
        return 0;
}

/* @field is the Config itself: two members are filled. */
static int parse_units(const ConfigKey *key, const char *value, void *field) {
        _cleanup_(freep) char *copy = strdup(value);
        Config *config = field;
        char *save = NULL;

        (void)key;
        if (!copy)
                return -ENOMEM;
        for (char *word = strtok_r(copy, " \t,", &save); word;
             word = strtok_r(NULL, " \t,", &save)) {
                ConfigUnit unit;
                char **more;

                if (config_unit_from_string(word, &unit) != 0 || !*unit.code ||
                    config->n_units >= LIMIT_UNITS)
                        return CONFIG_E_VALUE;
                more = reallocarray(config->units, config->n_units + 2, sizeof(*more));
                if (!more)
                        return -ENOMEM;
                config->units = more;
                more[config->n_units] = strdup(unit.code);
                if (!more[config->n_units])
                        return -ENOMEM;
                more[++config->n_units] = NULL;
        }
        return config->n_units ? 0 : CONFIG_E_VALUE;
}

static int parse_unit(const ConfigKey *key, const char *value, void *field) {
        (void)key;
        return config_unit_from_string(value, field);
}

static int parse_language(const ConfigKey *key, const char *value, void *field) {
        TextsLanguage language = texts_language_from_string(value);

        (void)key;
        if (language == _TEXTS_LANGUAGE_MAX)
                return CONFIG_E_VALUE;
        *(TextsLanguage *)field = language;
        return 0;
}

/* @field is the Config itself: two members are filled. */
static int parse_callers(const ConfigKey *key, const char *value, void *field) {
        _cleanup_(freep) char *copy = strdup(value);
        Config *config = field;
        char *save = NULL;

        (void)key;
        if (!copy)
                return -ENOMEM;
        for (char *name = strtok_r(copy, " \t,", &save); name;
             name = strtok_r(NULL, " \t,", &save)) {
                char **more;

                if (isdigit((unsigned char)*name) || *name == '-' ||
                    strlen(name) > LIMIT_USER_BYTES || config->n_callers >= CONFIG_CALLERS_MAX)
                        return CONFIG_E_VALUE;
                more = reallocarray(config->callers, config->n_callers + 1, sizeof(*more));
                if (!more)
                        return -ENOMEM;
                config->callers = more;
                more[config->n_callers] = strdup(name);
                if (!more[config->n_callers])
                        return -ENOMEM;
                config->n_callers++;
        }
        return 0;
}

static int parse_mode(const ConfigKey *key, const char *value, void *field) {
        LoginMode mode = services_mode_from_string(value);

        (void)key;
        if (mode == _LOGIN_MODE_MAX)
                return CONFIG_E_VALUE;
        *(LoginMode *)field = mode;
        return 0;
}

static int parse_layout(const ConfigKey *key, const char *value, void *field) {
        StepLayout layout = step_layout_from_string(value);

        (void)key;
        if (layout == _STEP_LAYOUT_MAX)
                return CONFIG_E_VALUE;
        *(StepLayout *)field = layout;
        return 0;
}

static int parse_picture(const ConfigKey *key, const char *value, void *field) {
        ServicePicture picture = services_picture_from_string(value);

        (void)key;
        if (picture == _SERVICE_PICTURE_MAX)
                return CONFIG_E_VALUE;
        *(ServicePicture *)field = picture;
        return 0;
}

static int parse_audit(const ConfigKey *key, const char *value, void *field) {
        return strcmp(value, "off") == 0 ? parse_string(value, field) : parse_path(key, value, field);
}

#define AT(member) offsetof(Config, member)
#define DAY N_("a day that exists, as YYYY-MM-DD")
#define OF(member) offsetof(ServiceSetting, member)
#define BACKEND_WAIT_SEC (unsigned)(LIMIT_BACKEND_WAIT_USEC / USEC_PER_SEC)

static const ConfigKey keys[] = {
        { "platform", "issuer", parse_issuer, AT(issuer), 0, 0, false,
          N_("an address with https:// and no '/' at the end"), NULL },
        { "platform", "ca_file", parse_path, AT(ca_file), 0, 0, false, N_("an absolute path"), NULL },
        { "platform", "client_id", parse_name, AT(client_id), 0, 0, false,
          N_("a name without spaces"), "workstation" },
        { "platform", "client_secret_file", parse_path, AT(client_secret_file), 0, 0, false,
          N_("an absolute path"), NULL },
        { "platform", "unix_socket", parse_path, AT(unix_socket), 0, 0, false, N_("an absolute path"), NULL },
        { "platform", "proxy", parse_proxy, AT(proxy), 0, 0, true,
          N_("nothing, or an address with http:// or https://"), NULL },
        { "platform", "timeout", parse_seconds, AT(timeout_usec), 1, BACKEND_WAIT_SEC, false,
          N_("1 to 15 seconds"), "5" },
        { "phases", "dual", parse_day, AT(phases.first[PHASE_DUAL]), 0, 0, false, DAY, NULL },
        { "phases", "relation", parse_day, AT(phases.first[PHASE_RELATION]), 0, 0, false, DAY, NULL },
        { "phases", "realname", parse_day, AT(phases.first[PHASE_REALNAME]), 0, 0, false, DAY, NULL },
        { "login", "phase", parse_phase, AT(phase), 0, 0, false, N_("dual, relation or realname"), NULL },
        { "login", "unit", parse_unit, AT(unit), 0, 0, false, N_("off, ask, required or a unit code"), "required" },
        { "login", "units", parse_units, 0, 0, 0, false,
          N_("at most 200 unit codes, divided by spaces; the key may stand on several lines"), NULL },
        { "login", "accounts", parse_accounts, AT(accounts), 0, 0, false,
          N_("table, name or provision"), "table" },
        { "login", "method", parse_method, AT(method), 0, 0, false, N_("any, password or qr"), "any" },
        { "login", "language", parse_language, AT(language), 0, 0, false, N_("zh_CN or en"), "zh_CN" },
        { "login", "users", parse_path, AT(users), 0, 0, false, N_("an absolute path"), "/etc/itax/users" },
        { "login", "timeout", parse_seconds, AT(login_timeout_usec), 10, 600, false,
          N_("10 to 600 seconds"), "110" },
        { "provision", "uid_min", parse_number, AT(uid_min), PROVISION_UID_LOWEST,
          PROVISION_UID_HIGHEST, false, N_("a number from 1000 to 524287"), "200000" },
        { "provision", "uid_max", parse_number, AT(uid_max), PROVISION_UID_LOWEST,
          PROVISION_UID_HIGHEST, false, N_("a number from 1000 to 524287"), "299999" },
        { "provision", "home", parse_user_path, AT(home), 0, 0, false,
          N_("an absolute path without spaces and ':'"), "/home" },
        { "provision", "shell", parse_user_path, AT(shell), 0, 0, false,
          N_("an absolute path without spaces and ':'"), "/bin/bash" },
        { "certificate", "folder", parse_path, AT(certificates), 0, 0, false, N_("an absolute path"), NULL },
        { "certificate", "pkcs11_module", parse_path, AT(pkcs11_module), 0, 0, false,
          N_("an absolute path"), NULL },
        { "certificate", "timeout", parse_seconds, AT(sign_timeout_usec), 1, 120, false,
          N_("1 to 120 seconds"), "10" },
        { "callers", "services", parse_callers, 0, 0, 0, true,
          N_("at most 32 names of local users, divided by spaces"), NULL },
        { "service", "mode", parse_mode, OF(mode), 0, 0, false, N_("many, buffered or one"), NULL },
        { "service", "layout", parse_layout, OF(layout), 0, 0, false, N_("folded, lines or bare"), NULL },
        { "service", "picture", parse_picture, OF(picture), 0, 0, false,
          N_("terminal, blocks, ascii or none"), NULL },
        { "service", "timeout", parse_seconds, OF(timeout_usec), 10, 600, false,
          N_("10 to 600 seconds"), NULL },
        { "audit", "file", parse_audit, AT(audit_file), 0, 0, false,
          N_("an absolute path, or off"), "/var/log/itax/audit.log" },
};

const ConfigKey *config_key_at(size_t i) {
        return i < ELEMENTSOF(keys) ? &keys[i] : NULL;
}

int config_keys_fill(Config *config) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const ConfigKey *key = &keys[i];
                int r = key->fallback ? key->parse(key, key->fallback, (char *)config + key->offset) : 0;

                if (r < 0)
                        return r;
                assert(r == 0);
        }
        return 0;
}

void config_key_clear(const ConfigKey *key, Config *config) {
        if (key->parse == parse_units) {
                while (config->n_units > 0)
                        free(config->units[--config->n_units]);
                if (config->units)
                        config->units[0] = NULL;
        } else if (key->parse == parse_callers)
                while (config->n_callers > 0)
                        free(config->callers[--config->n_callers]);
}

/* Levenshtein's distance; names are short. */
static size_t word_distance(const char *a, const char *b) {
        size_t n = strlen(b), row[64];

        if (n >= ELEMENTSOF(row))
                return SIZE_MAX;
        for (size_t j = 0; j <= n; j++)
                row[j] = j;
        for (size_t i = 0; a[i]; i++) {
                size_t diagonal = row[0];

                row[0] = i + 1;
                for (size_t j = 0; j < n; j++) {
                        size_t change = diagonal + (a[i] != b[j]),
                               best = row[j] < row[j + 1] ? row[j] : row[j + 1];

                        diagonal = row[j + 1];
                        row[j + 1] = best + 1 < change ? best + 1 : change;
                }
        }
        return row[n];
}

const ConfigKey *config_key_find(const char *section, const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
                        return &keys[i];
        return NULL;
}

const ConfigKey *config_key_guess(const char *section, const char *name) {
        const ConfigKey *nearest = NULL;
        size_t best = CONFIG_GUESS_DISTANCE + 1;

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                size_t distance = word_distance(name, keys[i].name);
                /* Between two that are equally near, the one of this section is meant. */
                bool is_nearer = distance < best ||
                        (distance == best && nearest && strcmp(nearest->section, section) != 0 &&
                         strcmp(keys[i].section, section) == 0);

                if (is_nearer) {
                        best = distance;
                        nearest = &keys[i];
                }
        }
        return nearest;
}

const char *config_section_guess(const char *section) {
        const char *nearest = NULL;
        size_t best = CONFIG_GUESS_DISTANCE + 1;

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                size_t distance = word_distance(section, keys[i].section);

                if (distance < best) {
                        best = distance;
                        nearest = keys[i].section;
                }
        }
        return nearest;
}

bool config_key_may_repeat(const ConfigKey *key) {
        return key->parse == parse_units;
}

unsigned config_key_index(const ConfigKey *key) {
        return (unsigned)(key - keys);
}
