/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Itaxctl: verbs and options. */

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

#define DEFAULT_SERVICE "itaxctl"

typedef struct Verb {
        const char *name;
        int n_arguments;
        int (*run)(char **arguments, const CtlOptions *options);
        const char *usage;
} Verb;

static int run_status(_unused_ char **arguments, _unused_ const CtlOptions *options) {
        return ctl_status();
}

static int run_try(char **arguments, const CtlOptions *options) {
        return ctl_try(arguments[0], options);
}

static int run_version(_unused_ char **arguments, _unused_ const CtlOptions *options) {
        (void)printf("itaxctl %s\n", VERSION);
        return CTL_OK;
}

static const Verb verb_table[] = {
        { "status", 0, run_status, "status              tell whether the daemon can be reached" },
        { "try", 1, run_try, "try NAME [OPTIONS]  log in here as a local user or an account" },
        { "version", 0, run_version, "version             print the version" },
};

static const struct {
        struct option option;
        size_t offset;
        const char *usage;
} option_table[] = {
        { { "service", required_argument, NULL, 0 }, offsetof(CtlOptions, service),
          "--service NAME      as this PAM service (default: " DEFAULT_SERVICE ")" },
        { { "method", required_argument, NULL, 0 }, offsetof(CtlOptions, method),
          "--method WORD       any, password or qr" },
        { { "unit", required_argument, NULL, 0 }, offsetof(CtlOptions, unit),
          "--unit WORD         off, ask, required or a unit code" },
        { { "prompts", required_argument, NULL, 0 }, offsetof(CtlOptions, prompts),
          "--prompts WORD      auto, many, buffered or one" },
        { { "rhost", required_argument, NULL, 0 }, offsetof(CtlOptions, rhost),
          "--rhost HOST        as if from this remote host" },
};

static void print_usage(FILE *out) {
        (void)fprintf(out, "Usage: itaxctl VERB\n\n");
        for (size_t i = 0; i < ELEMENTSOF(verb_table); i++)
                (void)fprintf(out, "  %s\n", verb_table[i].usage);
        (void)fprintf(out, "\nOptions of try:\n");
        for (size_t i = 0; i < ELEMENTSOF(option_table); i++)
                (void)fprintf(out, "  %s\n", option_table[i].usage);
        (void)fprintf(out, "\nExit status: 0 done or granted, 1 refused, 2 wrong usage, 3 no daemon.\n");
}

static const Verb *find_verb(const char *name, int n_arguments) {
        for (size_t i = 0; i < ELEMENTSOF(verb_table); i++)
                if (strcmp(verb_table[i].name, name) == 0 && verb_table[i].n_arguments == n_arguments)
                        return &verb_table[i];
        return NULL;
}

int main(int argc, char **argv) {
        struct option options[ELEMENTSOF(option_table) + 2] = {};
        CtlOptions values = { .service = DEFAULT_SERVICE };
        const Verb *verb;
        int c, index = 0;

        (void)setlocale(LC_ALL, "");
        for (size_t i = 0; i < ELEMENTSOF(option_table); i++)
                options[i] = option_table[i].option;
        options[ELEMENTSOF(option_table)] = (struct option){ "help", no_argument, NULL, 'h' };

        while ((c = getopt_long(argc, argv, "h", options, &index)) != -1) {
                if (c == 'h') {
                        print_usage(stdout);
                        return CTL_OK;
                }
                if (c != 0) {
                        print_usage(stderr);
                        return CTL_USAGE;
                }
                *(const char **)((char *)&values + option_table[index].offset) = optarg;
        }

        verb = optind < argc ? find_verb(argv[optind], argc - optind - 1) : NULL;
        if (!verb) {
                print_usage(stderr);
                return CTL_USAGE;
        }
        return verb->run(argv + optind + 1, &values);
}
