/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Itaxctl: verbs and options. */

#include <getopt.h>
#include <limits.h>
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

#define MANY INT_MAX

typedef struct Verb {
        const char *name, *second; /* a verb of one word or of two */
        int n_least, n_most;       /* arguments behind it */
        int (*run)(char **arguments, const CtlOptions *options); /* arguments end in NULL */
        const char *synopsis, *usage;
} Verb;

static int run_version(_unused_ char **arguments, const CtlOptions *options) {
        Json json = { .out = stdout };

        if (!options->json) {
                (void)printf("itaxctl %s\n", VERSION);
                return CTL_OK;
        }
        json_open(&json, NULL, '{');
        json_string(&json, "version", VERSION);
        json_close(&json, '}');
        (void)printf("\n");
        return CTL_OK;
}

/* The order is that of a day: is it well, who is there, what may they, what is written where. */
static const Verb verb_table[] = {
        { "status", NULL, 0, 0, ctl_status, "status", N_("tell how the daemon and the platform are") },
        { "doctor", NULL, 0, MANY, ctl_doctor, "doctor [SERVICE...]", N_("tell what is wrong with pam.d and all around it") },
        { "try", NULL, 1, 1, ctl_try, "try NAME", N_("log in here as a local user or an account") },
        { "sessions", NULL, 0, 0, ctl_sessions, "sessions", N_("list who is logged in, for which unit, since when") },
        { "end", NULL, 1, 1, ctl_end, "end SESSION", N_("end a session, here and at the platform") },
        { "logins", NULL, 0, 0, ctl_logins, "logins", N_("list who is logging in at this moment") },
        { "log", NULL, 0, 1, ctl_log, "log [LOGIN]", N_("tell how the last logins ended, or the story of one") },
        { "lock", "show", 0, 0, ctl_lock_show, "lock show", N_("list what nobody may try for a while") },
        { "user", "list", 0, 0, ctl_user_list, "user list", N_("list which local user each account is") },
        { "user", "map", 2, MANY, ctl_user_map, "user map USER ACCOUNT...", N_("let accounts log in as a local user") },
        { "user", "unmap", 1, MANY, ctl_user_unmap, "user unmap USER [ACCOUNT...]",
          N_("end that, for all accounts or for some") },
        { "policy", "simulate", 0, 0, ctl_simulate, "policy simulate",
          N_("tell what an account, unit and date would get") },
        { "config", "check", 0, 1, ctl_config_check, "config check [FILE]",
          N_("tell everything that is wrong with the configuration") },
        { "config", "show", 0, 0, ctl_config_show, "config show",
          N_("tell which values hold, and who says so") },
        { "audit", "verify", 0, 1, ctl_audit_verify, "audit verify [FILE]",
          N_("find what was changed in the audit file, removed or put elsewhere") },
        { "version", NULL, 0, 0, run_version, "version", N_("print the version") },
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
        { OPTION(json, no_argument), "--json", N_("for programs") },
        { OPTION(file, required_argument), "--file PATH", N_("this file instead of the usual one (user)") },
        { OPTION(journal, required_argument), "--journal DIR", N_("the journal in this folder (log, audit)") },
        { OPTION(head, required_argument), "--head SEQ:HASH", N_("a record that is known from elsewhere (audit)") },
        { OPTION(system, no_argument), "--system", N_("map root or a system user all the same (user map)") },
        { OPTION(root, required_argument), "--root DIR", N_("the files below this folder (doctor)") },
};

static void print_usage(FILE *out) {
        (void)fprintf(out, "%s\n\n", _("Usage: itaxctl VERB [OPTIONS]"));
        for (size_t i = 0; i < ELEMENTSOF(verb_table); i++)
                (void)fprintf(out, "  %-30s%s\n", verb_table[i].synopsis, _(verb_table[i].usage));
        (void)fprintf(out, "\n%s\n", _("Options:"));
        for (size_t i = 0; i < ELEMENTSOF(option_table); i++)
                (void)fprintf(out, "  %-30s%s\n", option_table[i].synopsis, _(option_table[i].usage));
        (void)fprintf(out, "\n%s\n",
                      _("Exit status: 0 done or granted, 1 refused or something found, 2 wrong usage, 3 no daemon, 4 not permitted."));
}

static const Verb *find_verb(char **words, int n_words) {
        for (size_t i = 0; i < ELEMENTSOF(verb_table); i++) {
                const Verb *verb = &verb_table[i];
                const int n = verb->second ? 2 : 1;

                if (n_words >= n + verb->n_least && n_words - n <= verb->n_most && strcmp(verb->name, words[0]) == 0 &&
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
                if (optind < argc)
                        ctl_complain(_("%s: no such verb, or not these words behind it"), argv[optind]);
                print_usage(stderr);
                return CTL_USAGE;
        }
        return verb->run(argv + optind + (verb->second ? 2 : 1), &values);
}
