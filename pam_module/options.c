/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Options: one table of names, places and values. */

#include <string.h>

#include "lib/common/identity.h"
#include "lib/common/limits.h"
#include "pam_module/options.h"

#define OPTION_VALUES 4
#define OPTION_DIGITS 6 /* more than any limit has */

typedef struct OptionRule {
        const char *name;
        size_t offset;
        enum { FORM_FLAG, FORM_WORD, FORM_NUMBER } form;
        const char *values[OPTION_VALUES + 1];      /* of a word */
        bool (*accepts)(const char *value);         /* further words, or NULL */
        unsigned min, max;                          /* of a number */
} OptionRule;

#define FLAG(n) { .name = #n, .offset = offsetof(Options, n), .form = FORM_FLAG }
#define WORD(n, ...) { .name = #n, .offset = offsetof(Options, n), .form = FORM_WORD, .values = { __VA_ARGS__ } }
#define NUMBER(n, least, most) \
        { .name = #n, .offset = offsetof(Options, n##_sec), .form = FORM_NUMBER, .min = (least), .max = (most) }

static const OptionRule option_table[] = {
        WORD(method, "any", "password", "qr"),
        { .name = "unit", .offset = offsetof(Options, unit), .form = FORM_WORD,
          .values = { "off", "ask", "required" }, .accepts = unit_code_is_valid },
        WORD(prompts, "auto", "many", "buffered", "one"),
        WORD(only, "unit"),
        WORD(others, "ignore", "deny", "mapped"),
        NUMBER(max_age, 1, LIMIT_MAX_AGE_SEC),
        NUMBER(timeout, LIMIT_TIMEOUT_MIN_SEC, LIMIT_TIMEOUT_MAX_SEC),
        FLAG(use_first_pass),
        FLAG(try_first_pass),
        FLAG(quiet),
        FLAG(debug),
};

static const OptionRule *find_rule(const char *argument, size_t n_name) {
        for (size_t i = 0; i < ELEMENTSOF(option_table); i++)
                if (strlen(option_table[i].name) == n_name &&
                    strncmp(option_table[i].name, argument, n_name) == 0)
                        return &option_table[i];
        return NULL;
}

static int set_flag(bool *flag, const char *value) {
        if (value)
                return OPTIONS_E_VALUE;
        if (*flag)
                return OPTIONS_E_TWICE;
        *flag = true;
        return 0;
}

static bool word_fits(const OptionRule *rule, const char *value) {
        for (size_t i = 0; rule->values[i]; i++)
                if (strcmp(rule->values[i], value) == 0)
                        return true;
        return rule->accepts && rule->accepts(value);
}

static int set_word(const OptionRule *rule, const char **place, const char *value) {
        if (!value || !word_fits(rule, value))
                return OPTIONS_E_VALUE;
        if (*place)
                return OPTIONS_E_TWICE;
        *place = value;
        return 0;
}

static int set_number(const OptionRule *rule, unsigned *place, const char *value) {
        const size_t n = value ? strlen(value) : 0;
        unsigned number = 0;

        if (n == 0 || n > OPTION_DIGITS || strspn(value, "0123456789") != n)
                return OPTIONS_E_VALUE;
        for (size_t i = 0; i < n; i++)
                number = 10 * number + (unsigned)(value[i] - '0');
        if (number < rule->min || number > rule->max)
                return OPTIONS_E_VALUE;
        if (*place)
                return OPTIONS_E_TWICE;
        *place = number;
        return 0;
}

static int set_option(Options *options, const OptionRule *rule, const char *value) {
        void *place = (char *)options + rule->offset;

        switch (rule->form) {
        case FORM_FLAG:
                return set_flag(place, value);
        case FORM_WORD:
                return set_word(rule, place, value);
        case FORM_NUMBER:
                return set_number(rule, place, value);
        }
        return OPTIONS_E_UNKNOWN;
}

static bool contradict(const Options *options) {
        return (options->use_first_pass && options->try_first_pass) ||
               (options->only && options->unit && strcmp(options->unit, "off") == 0);
}

int options_parse(int argc, const char **argv, Options *ret, const char **ret_argument) {
        Options options = {};

        for (int i = 0; i < argc; i++) {
                const char *equals = strchr(argv[i], '=');
                const OptionRule *rule;
                int r;

                rule = find_rule(argv[i], equals ? (size_t)(equals - argv[i]) : strlen(argv[i]));
                r = rule ? set_option(&options, rule, equals ? equals + 1 : NULL) : OPTIONS_E_UNKNOWN;
                if (r == 0 && contradict(&options))
                        r = OPTIONS_E_CONFLICT;
                if (r != 0) {
                        *ret_argument = argv[i];
                        return r;
                }
        }

        *ret = options;
        return 0;
}
