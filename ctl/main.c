/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Itaxctl: verbs and options. */

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"

#ifndef LOCALEDIR
#define LOCALEDIR "/usr/share/locale"
#endif

#define DOMAIN "pam_itax"
#define LANGUAGE_CHINESE "zh_CN"

typedef struct Verb {
        const char *name, *second; /* a verb of one word or of two */
        int n_arguments;
        int (*run)(char **arguments, const CtlOptions *options);
        const char *synopsis, *usage;
} Verb;

static int run_status(_unused_ char **arguments, _unused_ const CtlOptions *options) {
        return ctl_status();
}

static int run_try(char **arguments, const CtlOptions *options) {
        return ctl_try(arguments[0], options);
}

static int run_sessions(_unused_ char **arguments, const CtlOptions *options) {
        return ctl_sessions(options);
}

static int run_simulate(_unused_ char **arguments, const CtlOptions *options) {
        return ctl_simulate(options);
}

static int run_version(_unused_ char **arguments, _unused_ const CtlOptions *options) {
        (void)printf("itaxctl %s\n", VERSION);
        return CTL_OK;
}

static const Verb verb_table[] = {
        { "status", NULL, 0, run_status, "status", N_("tell whether the daemon can be reached") },
        { "try", NULL, 1, run_try, "try NAME", N_("log in here as a local user or an account") },
        { "sessions", NULL, 0, run_sessions, "sessions", N_("list who is logged in, for which unit, since when") },
        { "policy", "simulate", 0, run_simulate, "policy simulate",
          N_("tell what an account, unit and date would get") },
        { "version", NULL, 0, run_version, "version", N_("print the version") },
};

#define OPTION(word, argument) { #word, argument, NULL, 0 }, offsetof(CtlOptions, word)
static const struct {
        struct option option;
        size_t offset;
        const char *synopsis, *usage;
} option_table[] = {
        { OPTION(service, required_argument), "--service NAME", N_("of this PAM service (try, policy)") },
        { OPTION(method, required_argument), "--method WORD", N_("any, password or qr (try)") },
        { OPTION(unit, required_argument), "--unit WORD",
          N_("off, ask, required or a unit code (try); a unit code (policy)") },
        { OPTION(prompts, required_argument), "--prompts WORD", N_("auto, many, buffered or one (try)") },
        { OPTION(rhost, required_argument), "--rhost HOST", N_("as if from this remote host (try)") },
        { OPTION(account, required_argument), "--account NAME", N_("login name of the account (policy)") },
        { OPTION(date, required_argument), "--date YYYY-MM-DD", N_("on that day, in China Standard Time (policy)") },
        { OPTION(json, no_argument), "--json", N_("for programs (sessions, policy)") },
};

static void print_usage(FILE *out) {
        (void)fprintf(out, "%s\n\n", _("Usage: itaxctl VERB [OPTIONS]"));
        for (size_t i = 0; i < ELEMENTSOF(verb_table); i++)
                (void)fprintf(out, "  %-20s%s\n", verb_table[i].synopsis, _(verb_table[i].usage));
        (void)fprintf(out, "\n%s\n", _("Options:"));
        for (size_t i = 0; i < ELEMENTSOF(option_table); i++)
                (void)fprintf(out, "  %-20s%s\n", option_table[i].synopsis, _(option_table[i].usage));
        (void)fprintf(out, "\n%s\n",
                      _("Exit status: 0 done or granted, 1 refused, 2 wrong usage, 3 no daemon."));
}

static const Verb *find_verb(char **words, int n_words) {
        for (size_t i = 0; i < ELEMENTSOF(verb_table); i++) {
                const Verb *verb = &verb_table[i];
                const int n = verb->second ? 2 : 1;

                if (n_words == n + verb->n_arguments && strcmp(verb->name, words[0]) == 0 &&
                    (!verb->second || strcmp(verb->second, words[1]) == 0))
                        return verb;
        }
        return NULL;
}

/* Where the locale of the environment is not installed, its language is taken all the same. */
static void choose_language(void) {
        const char *wanted = NULL;

        if (!setlocale(LC_ALL, "")) {
                wanted = getenv("LC_ALL");
                if (!wanted || !*wanted)
                        wanted = getenv("LC_MESSAGES");
                if (!wanted || !*wanted)
                        wanted = getenv("LANG");
                (void)setlocale(LC_ALL, "C.UTF-8");
                if (wanted && strncmp(wanted, "zh", 2) == 0)
                        (void)setenv("LANGUAGE", LANGUAGE_CHINESE, 0);
        }
        (void)bindtextdomain(DOMAIN, LOCALEDIR);
        (void)bind_textdomain_codeset(DOMAIN, "UTF-8");
        (void)textdomain(DOMAIN);
}

int main(int argc, char **argv) {
        struct option options[ELEMENTSOF(option_table) + 2] = {};
        CtlOptions values = {};
        const Verb *verb;
        int c, index = 0;

        choose_language();
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
                *(const char **)((char *)&values + option_table[index].offset) =
                        optarg ? optarg : option_table[index].option.name;
        }

        verb = optind < argc ? find_verb(argv + optind, argc - optind) : NULL;
        if (!verb) {
                print_usage(stderr);
                return CTL_USAGE;
        }
        return verb->run(argv + optind + (verb->second ? 2 : 1), &values);
}
