/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* itaxd: identifies persons, and the units they act for, to PAM applications over D-Bus */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "daemon/audit-file.h"
#include "daemon/check.h"
#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/platform/platform.h"
#include "daemon/texts.h"

#ifndef LOCALEDIR
#define LOCALEDIR "/usr/share/locale"
#endif

#define FILES_WANTED 32768U

typedef struct Program {
        const char *config_path;
        Manager *manager;
} Program;

enum {
        EXIT_OK = 0,
        EXIT_TROUBLE = 1,
        EXIT_USAGE = 2,
        EXIT_CONFIG =
                78, /* EX_CONFIG of sysexits.h: systemd then knows that trying again is of no use */
};

static void print_usage(FILE *f) {
        fputs("Usage: itaxd [OPTION]...\n"
              "Identify persons and their units to PAM applications.\n\n"
              "  --config PATH   read PATH instead of " CONFIG_PATH "\n"
              "  --check         read the configuration, tell everything that is wrong with it, and end\n"
              "  --show          tell what holds of it, and where it is said, and end\n"
              "  --verify-audit[=FILE]  find what was changed in the audit file, and end\n"
              "  --head SEQ:HASH the newest record that is known from elsewhere (--verify-audit)\n"
              "  --json          for programs (--show, --verify-audit)\n"
              "  --debug         log more\n"
              "  --help          show this\n"
              "  --version       show the version\n",
              f);
}

/* @userdata: where the first of them is kept, or NULL */
static void report_to_log(const char *problem, void *userdata) {
        char **first = userdata;

        log_record(LOG_ERR, 0, "%s", problem);
        if (first && !*first)
                *first = strdup(problem);
}

static void report_to_person(const char *problem, void *userdata _unused_) {
        (void)fprintf(stderr, "%s\n", problem);
}

/* Nothing of this process may end up in a core file, be read by a debugger, or be left for others
 * to read. */
static void process_close_up(void) {
        const struct rlimit none = {};
        struct rlimit files;

        (void)umask(077);
        (void)prctl(PR_SET_DUMPABLE, 0);
        (void)setrlimit(RLIMIT_CORE, &none);

        /* A login that waits holds a descriptor; started by the bus, we were given room for 1024.
         */
        if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
                files.rlim_cur = files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
                (void)setrlimit(RLIMIT_NOFILE, &files);
        }
}

static int on_end(sd_event_source *source, const struct signalfd_siginfo *info _unused_,
                  void *userdata _unused_) {
        (void)sd_notify(0, "STOPPING=1");
        return sd_event_exit(sd_event_source_get_event(source), EXIT_OK);
}

static int on_reload(sd_event_source *source _unused_, const struct signalfd_siginfo *info _unused_,
                     void *userdata) {
        Program *program = userdata;
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(freep) char *first = NULL;
        int r;

        r = config_load(program->config_path, report_to_log, &first, &config);
        if (r == 0)
                r = manager_reload(program->manager, config);
        /* Whatever became of it: the file may have been put away, and this is how we are told. */
        audit_file_open(r == 0 ? config->audit_file : manager_config(program->manager)->audit_file);
        if (r != 0) {
                manager_refused_config(program->manager, first ? first : "see the journal");
                log_record(LOG_ERR, 0,
                           "%s: not taken over; the configuration from before stays in force",
                           program->config_path);
                return 0;
        }

        (void)TAKE_PTR(config);
        log_record(LOG_INFO, 0, "%s: taken over", program->config_path);
        return 0;
}

static int add_signals(sd_event *event, Program *program) {
        static const struct {
                int number;
                sd_event_signal_handler_t handler;
        } table[] = {
                { SIGTERM, on_end },
                { SIGINT, on_end },
                { SIGHUP, on_reload },
        };
        sigset_t mask;

        (void)sigemptyset(&mask);
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                (void)sigaddset(&mask, table[i].number);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return -errno;
        (void)signal(SIGPIPE, SIG_IGN);

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                int r = sd_event_add_signal(event, NULL, table[i].number, table[i].handler,
                                            program);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int serve(Program *program) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        int r;

        r = config_load(program->config_path, report_to_log, NULL, &config);
        if (r != 0)
                return EXIT_CONFIG;
        audit_file_open(config->audit_file);

        r = texts_init(LOCALEDIR);
        if (r < 0)
                log_record(LOG_WARNING, 0, "no C.UTF-8 locale: all texts are English");

        r = sd_event_new(&event);
        if (r >= 0)
                r = add_signals(event, program);
        if (r >= 0)
                r = manager_new(event, NULL, config, &program->manager);
        if (r < 0) {
                log_record(LOG_ERR, 0, "itaxd cannot start: %s", strerror(-r));
                return EXIT_TROUBLE;
        }
        (void)TAKE_PTR(config);

        r = sd_event_loop(event);
        program->manager = manager_free(program->manager);
        audit_file_close();
        return r < 0 ? EXIT_TROUBLE : r;
}

/* Without a name, the file of the configuration. */
static int verify_audit(const char *config_path, const char *path, const char *head, bool json) {
        _cleanup_(config_freep) Config *config = NULL;

        if (!path) {
                if (config_load(config_path, report_to_person, NULL, &config) != 0)
                        return EXIT_USAGE;
                path = config->audit_file;
        }
        return audit_file_verify(path, head, json);
}

int main(int argc, char **argv) {
        static const struct option options[] = {
                { "config", required_argument, NULL, 'c' }, { "check", no_argument, NULL, 'k' },
                { "show", no_argument, NULL, 's' },         { "json", no_argument, NULL, 'j' },
                { "verify-audit", optional_argument, NULL, 'v' }, { "head", required_argument, NULL, 'e' },
                { "debug", no_argument, NULL, 'd' },        { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'V' },      {},
        };
        Program program = { .config_path = CONFIG_PATH };
        bool check = false, show = false, json = false, verify = false;
        const char *audit_file = NULL, *head = NULL;
        int c;

        process_close_up();
        while ((c = getopt_long(argc, argv, "c:h", options, NULL)) >= 0)
                switch (c) {
                case 'c':
                        program.config_path = optarg;
                        break;
                case 'k':
                        check = true;
                        break;
                case 's':
                        show = true;
                        break;
                case 'v':
                        verify = true;
                        audit_file = optarg;
                        break;
                case 'e':
                        head = optarg;
                        break;
                case 'j':
                        json = true;
                        break;
                case 'd':
                        log_set_level(LOG_DEBUG);
                        break;
                case 'h':
                        print_usage(stdout);
                        return EXIT_OK;
                case 'V':
                        printf("itaxd %s\n", VERSION);
                        return EXIT_OK;
                default:
                        print_usage(stderr);
                        return EXIT_USAGE;
                }
        if (optind < argc) {
                print_usage(stderr);
                return EXIT_USAGE;
        }

        if (platform_init_process() < 0) {
                log_record(LOG_ERR, 0, "itaxd cannot start: the libraries could not be set up");
                return EXIT_TROUBLE;
        }
        if (check || show || verify)
                check_speak(LOCALEDIR);
        if (verify)
                return verify_audit(program.config_path, audit_file, head, json);
        if (show)
                return check_show(program.config_path, json) ? EXIT_OK : EXIT_CONFIG;
        if (check)
                return check_config(program.config_path) ? EXIT_OK : EXIT_CONFIG;

        log_open(LOG_JOURNAL_SOCKET, stderr);
        if (geteuid() == 0) {
                log_record(
                        LOG_ERR, 0,
                        "itaxd does not run as root: start itaxd.service, or let the bus start it as _itaxd");
                return EXIT_TROUBLE;
        }
        return serve(&program);
}
