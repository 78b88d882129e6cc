/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Doctor host: programs in front of PAM, and the host's table of users. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ctl/doctor.h"

#define SSHD "/usr/sbin/sshd"
#define SSHD_CONFIG "/etc/ssh/sshd_config"
#define LOGIN_DEFS "/etc/login.defs"
#define NSSWITCH "/etc/nsswitch.conf"
#define BLANKS " \t\"=\r"
#define PHONE_SEC 100 /* to find the phone, scan and confirm */
#define LOGIN_SEC 60  /* what login has without a setting */
#define INCLUDES_MAX 64

/* What sshd does, and where it is said. sshd takes the first value of each. */
typedef struct Sshd {
        const char *pam, *keyboard; /* "yes", "no"; NULL: nothing is said */
        long grace_sec;             /* -1: nothing is said; 0: no limit */
        char where_pam[128], where_keyboard[128], where_grace[128];
        unsigned line_pam, line_keyboard, line_grace;
        unsigned n_files;
} Sshd;

static const char *yes_or_no(const char *value) {
        return strcasecmp(value, "no") == 0 ? "no" : "yes";
}

/* "120", "2m", "1h30m"; in seconds. */
static long read_time(const char *s) {
        long total = 0;

        while (*s) {
                char *end;
                const long n = strtol(s, &end, 10);

                if (end == s || n < 0 || n > 86400)
                        return -1;
                total += n * (*end == 'm' || *end == 'M' ? 60 : *end == 'h' || *end == 'H' ? 3600 : 1);
                s = *end ? end + 1 : end;
        }
        return total;
}

static void take(Sshd *sshd, const char *key, const char *value, const char *path, unsigned line) {
        if (strcasecmp(key, "UsePAM") == 0 && !sshd->pam) {
                sshd->pam = yes_or_no(value);
                (void)snprintf(sshd->where_pam, sizeof(sshd->where_pam), "%s", path);
                sshd->line_pam = line;
        } else if ((strcasecmp(key, "KbdInteractiveAuthentication") == 0 ||
                    strcasecmp(key, "ChallengeResponseAuthentication") == 0) && !sshd->keyboard) {
                sshd->keyboard = yes_or_no(value);
                (void)snprintf(sshd->where_keyboard, sizeof(sshd->where_keyboard), "%s", path);
                sshd->line_keyboard = line;
        } else if (strcasecmp(key, "LoginGraceTime") == 0 && sshd->grace_sec < 0) {
                sshd->grace_sec = read_time(value);
                (void)snprintf(sshd->where_grace, sizeof(sshd->where_grace), "%s", path);
                sshd->line_grace = line;
        }
}

static int read_sshd(const Report *report, const char *path, Sshd *sshd);

static int not_hidden(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

/* "FOLDER/" with "*" or "*.conf" behind it, or a path; what is relative is so to /etc/ssh. */
static int include_sshd(const Report *report, const char *pattern, Sshd *sshd) {
        _cleanup_(freep) char *folder = NULL, *full = NULL;
        struct dirent **entries = NULL;
        const char *ending;
        char *star;
        int n, r = 0;

        if (asprintf(&folder, "%s%s", pattern[0] == '/' ? "" : "/etc/ssh/", pattern) < 0)
                return -ENOMEM;
        star = strchr(folder, '*');
        if (!star)
                return read_sshd(report, folder, sshd);
        ending = strdupa(star + 1);
        if (star == folder || star[-1] != '/' || strpbrk(ending, "*?[/"))
                return 0; /* a pattern of another kind: whoever has sshd is told by sshd itself */
        star[-1] = '\0';
        if (asprintf(&full, "%s%s", report->root, folder) < 0)
                return -ENOMEM;
        n = scandir(full, &entries, not_hidden, by_name);
        for (int i = 0; i < n; i++) {
                const size_t n_name = strlen(entries[i]->d_name), n_ending = strlen(ending);
                _cleanup_(freep) char *path = NULL;

                if (r == 0 && n_name >= n_ending && strcmp(entries[i]->d_name + n_name - n_ending, ending) == 0)
                        r = asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0 ? -ENOMEM : read_sshd(report, path, sshd);
                free(entries[i]);
        }
        free(entries);
        return r;
}

static int read_sshd(const Report *report, const char *path, Sshd *sshd) {
        _cleanup_(freep) char *text = NULL;
        unsigned number = 0;
        int r;

        if (++sshd->n_files > INCLUDES_MAX)
                return 0;
        r = stack_file_read(report->root, path, &text);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        for (char *next, *at = text; at; at = next) {
                char *save = NULL, *key, *value;

                next = strchr(at, '\n');
                if (next)
                        *next++ = '\0';
                number++;
                key = strtok_r(at, BLANKS, &save);
                if (!key || *key == '#')
                        continue;
                if (strcasecmp(key, "Match") == 0)
                        break; /* what follows is for some only */
                for (bool is_first = true; (value = strtok_r(NULL, BLANKS, &save)) && *value != '#'; is_first = false) {
                        if (strcasecmp(key, "Include") == 0)
                                r = include_sshd(report, value, sshd);
                        else if (is_first)
                                take(sshd, key, value, path, number);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* What sshd itself says, "key value" a line. Return: 0, 1 when it cannot be asked, or -ENOMEM. */
static int ask_sshd(Report *report, Sshd *sshd) {
        static const char *const argv[] = { SSHD, "-T", NULL };
        _cleanup_(freep) char *output = NULL;
        char *save = NULL;
        int status, r;

        if (*report->root || geteuid() != 0)
                return 1;
        r = run_program(SSHD, argv, RUN_OUTPUT_AND_ERRORS, &output, &status);
        if (r < 0 || status != 0)
                return r == -ENOMEM ? r : 1;
        for (char *line = strtok_r(output, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                char *space = strchr(line, ' ');

                if (space) {
                        *space = '\0';
                        take(sshd, line, space + 1, SSHD_CONFIG, 0);
                }
        }
        return sshd->pam ? 0 : 1;
}

int doctor_sshd(Report *report) {
        Sshd said = { .grace_sec = -1 }, real = { .grace_sec = -1 };
        char seconds[24];
        int r;

        /* The file is read for its line numbers, too. */
        r = read_sshd(report, SSHD_CONFIG, &said);
        if (r < 0)
                return r;
        r = ask_sshd(report, &real);
        if (r < 0)
                return r;
        if (r > 0)
                real = said;
        else {
                (void)snprintf(real.where_pam, sizeof(real.where_pam), "%s", said.pam ? said.where_pam : SSHD_CONFIG);
                (void)snprintf(real.where_keyboard, sizeof(real.where_keyboard), "%s", said.keyboard ? said.where_keyboard : SSHD_CONFIG);
                (void)snprintf(real.where_grace, sizeof(real.where_grace), "%s", said.grace_sec >= 0 ? said.where_grace : SSHD_CONFIG);
                real.line_pam = said.line_pam;
                real.line_keyboard = said.line_keyboard;
                real.line_grace = said.line_grace;
        }
        if (said.n_files == 0 || (!real.pam && !real.keyboard && real.grace_sec < 0))
                return 0; /* no sshd here */

        if (!real.pam || strcmp(real.pam, "no") == 0)
                report_add(report, CHECK_SSHD_PAM, real.pam ? real.where_pam : SSHD_CONFIG, real.line_pam, NULL);
        if (real.keyboard && strcmp(real.keyboard, "no") == 0)
                report_add(report, CHECK_SSHD_KEYBOARD, real.where_keyboard, real.line_keyboard, NULL);
        if (real.grace_sec > 0 && real.grace_sec < PHONE_SEC) {
                (void)snprintf(seconds, sizeof(seconds), "%ld", real.grace_sec);
                report_add(report, CHECK_SSHD_GRACE, real.where_grace, real.line_grace, seconds);
        }
        return 0;
}

/* A line "KEY value…" of a file. Return: 0 with NULL where there is none, or -ENOMEM. */
static int find_key(const Report *report, const char *path, const char *key, char **ret, unsigned *ret_line) {
        _cleanup_(freep) char *text = NULL, *found = NULL;
        unsigned number = 0;

        *ret = NULL;
        *ret_line = 0;
        if (stack_file_read(report->root, path, &text) < 0)
                return 0;
        for (char *next, *at = text; at; at = next) {
                const size_t n = strlen(key);

                next = strchr(at, '\n');
                if (next)
                        *next++ = '\0';
                number++;
                at += strspn(at, " \t");
                if (strncmp(at, key, n) != 0 || !strchr(" \t", at[n]))
                        continue;
                free(found);
                found = strdup(at + n + strspn(at + n, " \t"));
                if (!found)
                        return -ENOMEM;
                *ret_line = number;
        }
        *ret = TAKE_PTR(found);
        return 0;
}

static int examine_agetty(Report *report) {
        static const char *const units[] = { "/etc/systemd/system/getty@.service.d/override.conf", "/etc/systemd/system/getty@.service",
                                             "/usr/lib/systemd/system/getty@.service", "/lib/systemd/system/getty@.service" };

        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                _cleanup_(freep) char *text = NULL;

                if (stack_file_read(report->root, units[i], &text) < 0 || !strstr(text, "\nExecStart="))
                        continue;
                if (!strstr(text, "--skip-login") && !strstr(text, " -n "))
                        report_add(report, CHECK_SKIP_LOGIN, units[i], 0, NULL);
                return 0;
        }
        return 0;
}

int doctor_login(Report *report) {
        _cleanup_(freep) char *value = NULL;
        char seconds[24];
        unsigned line;
        long sec;
        int r;

        if (stack_file_read(report->root, LOGIN_DEFS, &value) < 0)
                return 0; /* no login here */
        free(TAKE_PTR(value));
        r = find_key(report, LOGIN_DEFS, "LOGIN_TIMEOUT", &value, &line);
        if (r < 0)
                return r;
        sec = value ? strtol(value, NULL, 10) : LOGIN_SEC;
        if (sec > 0 && sec < PHONE_SEC) {
                (void)snprintf(seconds, sizeof(seconds), "%ld", sec);
                report_add(report, CHECK_LOGIN_TIMEOUT, LOGIN_DEFS, line, seconds);
        }
        return examine_agetty(report);
}

int doctor_users(Report *report) {
        static const char *const keys[] = { "passwd:", "group:" };
        _cleanup_(freep) char *accounts = NULL;
        int r;

        r = doctor_setting(report, "login", "accounts", &accounts, NULL, NULL);
        if (r < 0 || !accounts || strcmp(accounts, "provision") != 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                _cleanup_(freep) char *value = NULL;
                unsigned line;

                r = find_key(report, NSSWITCH, keys[i], &value, &line);
                if (r < 0)
                        return r;
                if (!value || !strstr(value, "systemd")) {
                        report_add(report, CHECK_NSSWITCH, NSSWITCH, line, NULL);
                        return 0;
                }
        }
        return 0;
}
