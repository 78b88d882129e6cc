/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Options: one table of names, places and values. */

#include <string.h>

#include "lib/common/identity.h"
#include "pam_module/options.h"

#define OPTION_VALUES 4

typedef struct OptionRule {
        const char *name;
        size_t offset;
        const char *values[OPTION_VALUES + 1];      /* empty for a flag */
        bool (*accepts)(const char *value);         /* further values, or NULL */
} OptionRule;

static const OptionRule option_table[] = {
        { "method", offsetof(Options, method), { "any", "password", "qr" }, NULL },
        { "unit", offsetof(Options, unit), { "off", "ask", "required" }, unit_code_is_valid },
        { "prompts", offsetof(Options, prompts), { "auto", "many", "buffered", "one" }, NULL },
        { "quiet", offsetof(Options, quiet), {}, NULL },
        { "debug", offsetof(Options, debug), {}, NULL },
};

static const OptionRule *find_rule(const char *argument, size_t n_name) {
        for (size_t i = 0; i < ELEMENTSOF(option_table); i++)
                if (strlen(option_table[i].name) == n_name &&
                    strncmp(option_table[i].name, argument, n_name) == 0)
                        return &option_table[i];
        return NULL;
}

static bool value_fits(const OptionRule *rule, const char *value) {
        for (size_t i = 0; rule->values[i]; i++)
                if (strcmp(rule->values[i], value) == 0)
                        return true;
        return rule->accepts && rule->accepts(value);
}

static int set_flag(Options *options, const OptionRule *rule, const char *value) {
        bool *flag = (bool *)((char *)options + rule->offset);

        if (value)
                return OPTIONS_E_VALUE;
        if (*flag)
                return OPTIONS_E_TWICE;
        *flag = true;
        return 0;
}

static int set_value(Options *options, const OptionRule *rule, const char *value) {
        const char **place = (const char **)((char *)options + rule->offset);

        if (!value || !value_fits(rule, value))
                return OPTIONS_E_VALUE;
        if (*place)
                return OPTIONS_E_TWICE;
        *place = value;
        return 0;
}

int options_parse(int argc, const char **argv, Options *ret, const char **ret_argument) {
        Options options = {};

        for (int i = 0; i < argc; i++) {
                const char *equals = strchr(argv[i], '=');
                const char *value = equals ? equals + 1 : NULL;
                const OptionRule *rule;
                int r;

                rule = find_rule(argv[i], equals ? (size_t)(equals - argv[i]) : strlen(argv[i]));
                if (!rule)
                        r = OPTIONS_E_UNKNOWN;
                else if (rule->values[0])
                        r = set_value(&options, rule, value);
                else
                        r = set_flag(&options, rule, value);
                if (r != 0) {
                        *ret_argument = argv[i];
                        return r;
                }
        }

        *ret = options;
        return 0;
}
