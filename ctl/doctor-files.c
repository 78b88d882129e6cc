/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Doctor files: who may write what decides over logins, who may read what proves who this host is. */

#include <errno.h>
#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/doctor.h"

#define FOLDER "/etc/itax"
#define CONF FOLDER "/itaxd.conf"
#define CONF_FOLDER FOLDER "/itaxd.conf.d"
#define WHAT_BYTES 64

/* Return: 0, or -errno of stat(). */
static int look_at(const Report *report, const char *path, struct stat *ret) {
        _cleanup_(freep) char *full = NULL;

        if (asprintf(&full, "%s%s", report->root, path) < 0)
                return -ENOMEM;
        return stat(full, ret) < 0 ? -errno : 0;
}

static void judge(Report *report, const char *path, const struct stat *st) {
        const struct passwd *entry;
        char what[WHAT_BYTES];
        struct stat root;
        const uid_t owner = look_at(report, "/", &root) == 0 ? root.st_uid : 0;

        if (st->st_mode & (S_IWGRP | S_IWOTH)) {
                (void)snprintf(what, sizeof(what), "%04o", (unsigned)(st->st_mode & 07777));
                report_add(report, CHECK_WRITABLE, path, 0, what);
        }
        /* Below another root, whoever owns that stands for root. */
        if (st->st_uid != 0 && st->st_uid != owner) {
                entry = getpwuid(st->st_uid);
                (void)snprintf(what, sizeof(what), "%s", entry ? entry->pw_name : "?");
                report_add(report, CHECK_OWNER, path, 0, what);
        }
}

int doctor_file(Report *report, const char *path) {
        _cleanup_(freep) char *folder = strdup(path);
        struct stat st;
        char *slash;

        if (!folder)
                return -ENOMEM;
        if (look_at(report, path, &st) == 0)
                judge(report, path, &st);
        slash = strrchr(folder, '/');
        if (slash && slash != folder) {
                *slash = '\0';
                if (look_at(report, folder, &st) == 0)
                        judge(report, folder, &st);
        }
        return 0;
}

static char *trim(char *s) {
        size_t n;

        s += strspn(s, " \t");
        for (n = strlen(s); n > 0 && strchr(" \t\r", s[n - 1]); n--)
                ;
        s[n] = '\0';
        return s;
}

/* The last value of the key in one file. Return: 0 or -ENOMEM. */
static int search_file(const Report *report, const char *path, const char *section, const char *key, char **value, char **file,
                       unsigned *line) {
        _cleanup_(freep) char *text = NULL;
        bool is_here = false;
        unsigned number = 0;

        if (stack_file_read(report->root, path, &text) < 0)
                return 0;
        for (char *save = NULL, *at = text; at; at = save) {
                char *equals;

                save = strchr(at, '\n');
                if (save)
                        *save++ = '\0';
                number++;
                at = trim(at);
                if (*at == '[')
                        is_here = strncmp(at + 1, section, strlen(section)) == 0 && at[1 + strlen(section)] == ']';
                equals = strchr(at, '=');
                if (!is_here || !equals || strchr("#;[", *at))
                        continue;
                *equals = '\0';
                if (strcmp(trim(at), key) != 0)
                        continue;
                free(*value);
                free(*file);
                *value = strdup(trim(equals + 1));
                *file = strdup(path);
                *line = number;
                if (!*value || !*file)
                        return -ENOMEM;
        }
        return 0;
}

static int is_conf(const struct dirent *entry) {
        const size_t n = strlen(entry->d_name);

        return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

/* Call @visit with each file of the configuration. */
static int each_conf(const Report *report, int (*visit)(const char *path, void *userdata), void *userdata) {
        _cleanup_(freep) char *folder = NULL;
        struct dirent **entries = NULL;
        int n, r;

        r = visit(CONF, userdata);
        if (r < 0)
                return r;
        if (asprintf(&folder, "%s" CONF_FOLDER, report->root) < 0)
                return -ENOMEM;
        n = scandir(folder, &entries, is_conf, by_name);
        for (int i = 0; i < n; i++) {
                _cleanup_(freep) char *path = NULL;

                if (r == 0)
                        r = asprintf(&path, CONF_FOLDER "/%s", entries[i]->d_name) < 0 ? -ENOMEM : visit(path, userdata);
                free(entries[i]);
        }
        free(entries);
        return r;
}

typedef struct Search {
        const Report *report;
        const char *section, *key;
        char *value, *file;
        unsigned line;
} Search;

static int search_visit(const char *path, void *userdata) {
        Search *search = userdata;

        return search_file(search->report, path, search->section, search->key, &search->value, &search->file, &search->line);
}

int doctor_setting(const Report *report, const char *section, const char *key, char **ret, char **ret_file, unsigned *ret_line) {
        Search search = { .report = report, .section = section, .key = key };
        int r;

        r = each_conf(report, search_visit, &search);
        if (r < 0 || !ret_file)
                free(search.file);
        if (r < 0) {
                free(search.value);
                return r;
        }
        *ret = search.value;
        if (ret_file)
                *ret_file = search.file;
        if (ret_line)
                *ret_line = search.line;
        return 0;
}

static int judge_visit(const char *path, void *userdata) {
        Report *report = userdata;
        struct stat st;

        if (look_at(report, path, &st) == 0)
                judge(report, path, &st);
        return 0;
}

/* A file that the configuration names: there, and as it should be. */
static int examine_named(Report *report, const char *section, const char *key, const char *usual, bool is_secret) {
        _cleanup_(freep) char *value = NULL, *file = NULL;
        const char *path;
        char what[WHAT_BYTES];
        struct stat st;
        unsigned line;
        int r;

        r = doctor_setting(report, section, key, &value, &file, &line);
        if (r < 0)
                return r;
        path = value && *value ? value : usual;
        if (!path || path[0] != '/')
                return 0;
        r = look_at(report, path, &st);
        if (r == -ENOENT && file) {
                (void)snprintf(what, sizeof(what), "%s:%u", file, line);
                report_add(report, CHECK_FILE_GONE, path, 0, what);
        }
        if (r < 0)
                return 0;
        judge(report, path, &st);
        if (is_secret && (st.st_mode & S_IROTH)) {
                (void)snprintf(what, sizeof(what), "%04o", (unsigned)(st.st_mode & 07777));
                report_add(report, CHECK_SECRET, path, 0, what);
        }
        return 0;
}

int doctor_configuration(Report *report) {
        struct stat st;
        int r;

        if (look_at(report, FOLDER, &st) == 0)
                judge(report, FOLDER, &st);
        if (look_at(report, CONF_FOLDER, &st) == 0)
                judge(report, CONF_FOLDER, &st);
        r = each_conf(report, judge_visit, report);
        if (r == 0)
                r = examine_named(report, "platform", "client_secret_file", NULL, true);
        if (r == 0)
                r = examine_named(report, "platform", "ca_file", NULL, false);
        if (r == 0)
                r = examine_named(report, "login", "users", FOLDER "/users", false);
        return r;
}
