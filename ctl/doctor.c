/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Doctor: which services are looked at, and the report on them. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ctl/doctor.h"
#include "lib/common/text.h"

#define WHAT_BYTES_MAX 400
#define SERVICES_MAX 512

/* @text with what was found in it, fit to be shown. */
static char *fill(const char *text, const char *what) {
        const char *place = strstr(text, "{what}");
        _cleanup_(freep) char *shown = NULL;
        char *filled = NULL;

        if (!place)
                return strdup(text);
        if (text_filter(what ? what : "?", WHAT_BYTES_MAX, &shown) < 0 ||
            asprintf(&filled, "%.*s%s%s", (int)(place - text), text, shown, place + strlen("{what}")) < 0)
                return NULL;
        return filled;
}

static bool names(const char *services, const char *service) {
        const size_t n = strlen(service);

        for (const char *at = services; at; at = strstr(at, ", ") ? strstr(at, ", ") + 2 : NULL)
                if (strncmp(at, service, n) == 0 && (at[n] == '\0' || at[n] == ','))
                        return true;
        return false;
}

/* The same line in a file that many include is one finding. */
static bool add_service(Report *report, Finding *finding) {
        char *more = NULL;

        if (!report->service || !finding->services || names(finding->services, report->service))
                return true;
        if (asprintf(&more, "%s, %s", finding->services, report->service) < 0)
                return false;
        free(finding->services);
        finding->services = more;
        return true;
}

static void finding_done(Finding *finding) {
        free(finding->services);
        free(finding->file);
        free(finding->text);
        free(finding->advice);
}

void report_add(Report *report, Check check, const char *file, unsigned line, const char *what) {
        const CheckRule *rule = &check_table[check];
        Finding finding = { .check = check, .line = line, .text = fill(_(rule->text), what), .advice = fill(_(rule->advice), what) };
        Finding *more;

        for (size_t i = 0; i < report->n && finding.text; i++) {
                Finding *known = &report->list[i];

                if (known->check == check && known->line == line && strcmp(known->file ? known->file : "", file ? file : "") == 0 &&
                    strcmp(known->text, finding.text) == 0) {
                        report->is_short |= !add_service(report, known);
                        finding_done(&finding);
                        return;
                }
        }

        finding.services = report->service ? strdup(report->service) : NULL;
        finding.file = file ? strdup(file) : NULL;
        more = reallocarray(report->list, report->n + 1, sizeof(*more));
        if (more)
                report->list = more;
        if (!more || !finding.text || !finding.advice || (report->service && !finding.services) || (file && !finding.file)) {
                report->is_short = true;
                finding_done(&finding);
                return;
        }
        more[report->n++] = finding;
        report->n_of[rule->severity]++;
}

void report_done(Report *report) {
        for (size_t i = 0; i < report->n; i++)
                finding_done(&report->list[i]);
        free(report->list);
        *report = (Report){};
}

/* Services by name, each with what was read of it. */
typedef struct Ward {
        char *names[SERVICES_MAX];
        StackService services[SERVICES_MAX];
        size_t n;
        size_t n_examined;
} Ward;

static Ward *ward_free(Ward *ward) {
        for (size_t i = 0; i < ward->n; i++) {
                free(ward->names[i]);
                stack_service_done(&ward->services[i]);
        }
        free(ward);
        return NULL;
}
DEFINE_CLEANUP(Ward, ward_free)

static bool has_itax(const StackService *service) {
        for (StackKind kind = 0; kind < _STACK_KIND_MAX; kind++)
                if (stack_find_itax(&service->stacks[kind]))
                        return true;
        return false;
}

static int examine(Report *report, const char *name, const StackService *service) {
        int r;

        report->service = name;
        r = doctor_service(report, service);
        if (r == 0 && strcmp(name, "sshd") == 0 && stack_find_itax(&service->stacks[STACK_AUTH]))
                r = doctor_sshd(report);
        if (r == 0 && strcmp(name, "login") == 0 && stack_find_itax(&service->stacks[STACK_AUTH]))
                r = doctor_login(report);
        report->service = NULL;
        return r;
}

/* Return: 0, also when the service cannot be read, which is a finding then; or -ENOMEM. */
static int read_service(Report *report, Ward *ward, const char *name) {
        const StackPlace place = { .root = report->root };
        int r;

        if (ward->n == SERVICES_MAX)
                return 0;
        r = stack_read(&place, name, &ward->services[ward->n]);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                _cleanup_(freep) char *path = NULL;

                if (asprintf(&path, "/etc/pam.d/%s", name) < 0)
                        return -ENOMEM;
                report_add(report, r == -ENOENT ? CHECK_NO_FILE : CHECK_NOT_READABLE, r == -ENOENT ? NULL : path, 0,
                           r == -ENOENT ? name : strerror(-r));
                return 0;
        }
        ward->names[ward->n] = strdup(name);
        if (!ward->names[ward->n]) {
                stack_service_done(&ward->services[ward->n]);
                return -ENOMEM;
        }
        ward->n++;
        return 0;
}

/* Copies that editors and packages leave behind are no services. */
static bool is_service(const char *name) {
        static const char *const endings[] = { "~", ".bak", ".old", ".orig", ".save", ".swp", ".dpkg-old", ".dpkg-dist", ".dpkg-new",
                                               ".pam-old", ".rpmsave", ".rpmnew" };
        const size_t n = strlen(name);

        for (size_t i = 0; i < ELEMENTSOF(endings); i++)
                if (n >= strlen(endings[i]) && strcmp(name + n - strlen(endings[i]), endings[i]) == 0)
                        return false;
        return name[0] != '.';
}

static int visible(const struct dirent *entry) {
        return is_service(entry->d_name);
}

static int by_name(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_known(const Ward *ward, const char *name) {
        for (size_t i = 0; i < ward->n; i++)
                if (strcmp(ward->names[i], name) == 0)
                        return true;
        return false;
}

static int read_folder(Report *report, Ward *ward, const char *folder) {
        _cleanup_(freep) char *full = NULL;
        struct dirent **entries = NULL;
        int n, r = 0;

        if (asprintf(&full, "%s%s", report->root, folder) < 0)
                return -ENOMEM;
        n = scandir(full, &entries, visible, by_name);
        for (int i = 0; i < n; i++) {
                if (r == 0 && !is_known(ward, entries[i]->d_name))
                        r = read_service(report, ward, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        return r;
}

/* A file that others include is judged where it is included. */
static bool is_included(const Ward *ward, size_t i) {
        const StackService *own = &ward->services[i];

        for (size_t k = 0; k < ward->n; k++)
                for (size_t m = 1; m < ward->services[k].n_files; m++)
                        if (k != i && own->n_files > 0 && strcmp(ward->services[k].files[m], own->files[0]) == 0 &&
                            !ward->services[k].is_other[STACK_AUTH])
                                return true;
        return false;
}

static int examine_all(Report *report, Ward *ward) {
        int r;

        r = read_folder(report, ward, "/etc/pam.d");
        if (r == 0)
                r = read_folder(report, ward, "/usr/lib/pam.d");
        for (size_t i = 0; i < ward->n && r == 0; i++)
                if (has_itax(&ward->services[i]) && !is_included(ward, i)) {
                        r = examine(report, ward->names[i], &ward->services[i]);
                        ward->n_examined++;
                }
        if (r == 0)
                r = doctor_configuration(report);
        if (r == 0)
                r = doctor_users(report);
        if (r == 0 && !*report->root)
                r = doctor_chain(report);
        return r;
}

/* Is there a file of its own? Else "other" was read. */
static bool has_file(const StackService *service, const char *name) {
        const char *slash = service->n_files > 0 ? strrchr(service->files[0], '/') : NULL;

        return slash && strcasecmp(slash + 1, name) == 0;
}

static int examine_named(Report *report, Ward *ward, char **names_wanted) {
        for (; *names_wanted; names_wanted++) {
                const size_t n = ward->n;
                const StackService *service = &ward->services[n];
                int r;

                r = read_service(report, ward, *names_wanted);
                if (r < 0)
                        return r;
                if (ward->n == n)
                        continue;
                if (!has_file(service, *names_wanted))
                        report_add(report, CHECK_NO_FILE, NULL, 0, *names_wanted);
                else if (!has_itax(service))
                        report_add(report, CHECK_NOT_OURS, service->n_files ? service->files[0] : NULL, 0, *names_wanted);
                r = examine(report, ward->names[n], service);
                if (r < 0)
                        return r;
                ward->n_examined++;
        }
        /* Without it none of them works. */
        return doctor_configuration(report);
}

static const char *severity_word(Severity severity) {
        switch (severity) {
        case SEVERITY_ERROR:
                return _("error");
        case SEVERITY_WARNING:
                return _("warning");
        case SEVERITY_NOTE:
                return _("note");
        case _SEVERITY_MAX:
                break;
        }
        return "";
}

static void print_finding(const Finding *finding) {
        if (finding->file && finding->line > 0)
                (void)printf("%s:%u: ", finding->file, finding->line);
        else if (finding->file)
                (void)printf("%s: ", finding->file);
        (void)printf("%s: %s", severity_word(check_table[finding->check].severity), finding->text);
        if (finding->services)
                (void)printf(" (%s)", finding->services);
        (void)printf("\n        %s\n", finding->advice);
}

/* What is worst comes first. */
static void print_text(const Report *report, const Ward *ward) {
        for (Severity severity = 0; severity < _SEVERITY_MAX; severity++)
                for (size_t i = 0; i < report->n; i++)
                        if (check_table[report->list[i].check].severity == severity)
                                print_finding(&report->list[i]);
        (void)printf(_("Services looked at: %zu; errors: %zu, warnings: %zu, notes: %zu.\n"), ward->n_examined,
                     report->n_of[SEVERITY_ERROR], report->n_of[SEVERITY_WARNING], report->n_of[SEVERITY_NOTE]);
}

static void print_json(const Report *report, const Ward *ward) {
        Json json = { .out = stdout };

        json_open(&json, NULL, '{');
        json_truth(&json, "ok", report->n_of[SEVERITY_ERROR] == 0 && !report->is_short);
        json_number(&json, "services", ward->n_examined);
        json_open(&json, "findings", '[');
        for (size_t i = 0; i < report->n; i++) {
                const Finding *finding = &report->list[i];
                const CheckRule *rule = &check_table[finding->check];

                json_open(&json, NULL, '{');
                json_string(&json, "severity", severity_to_string(rule->severity));
                json_string(&json, "check", rule->name);
                json_string(&json, "services", finding->services);
                json_string(&json, "file", finding->file);
                json_number(&json, "line", finding->line);
                json_string(&json, "text", finding->text);
                json_string(&json, "advice", finding->advice);
                json_close(&json, '}');
        }
        json_close(&json, ']');
        json_close(&json, '}');
        (void)printf("\n");
}

/* A daemon that is away is told by a status of its own, if nothing else is wrong. */
static int status_of(const Report *report) {
        if (report->n_of[SEVERITY_ERROR] > (report->is_away ? 1 : 0) || report->is_short)
                return CTL_NO;
        return report->is_away ? CTL_AWAY : CTL_OK;
}

int ctl_doctor(char **arguments, const CtlOptions *options) {
        _cleanup_(report_done) Report report = { .root = options->root && strcmp(options->root, "/") != 0 ? options->root : "" };
        _cleanup_(ward_freep) Ward *ward = calloc(1, sizeof(*ward));
        int r = -ENOMEM;

        if (report.root[0] && access(report.root, X_OK) < 0) {
                ctl_complain("%s: %s", report.root, strerror(errno));
                return CTL_USAGE;
        }
        for (char **name = arguments; *name; name++)
                if (!**name || strchr(*name, '/')) {
                        ctl_complain(_("\"%s\" is no name of a service"), *name);
                        return CTL_USAGE;
                }
        if (ward)
                r = *arguments ? examine_named(&report, ward, arguments) : examine_all(&report, ward);
        if (r < 0) {
                ctl_complain("%s", strerror(-r));
                return CTL_NO;
        }
        if (options->json)
                print_json(&report, ward);
        else
                print_text(&report, ward);
        return status_of(&report);
}
