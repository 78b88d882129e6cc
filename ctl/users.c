/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Users: the map from accounts to local users, listed and changed. itaxd sees a change by itself. */

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/ctl.h"
#include "ctl/users-file.h"

#define FIRST_PERSON 1000 /* users below are of the system */
#define NOBODY 65534

/* The map that itaxd reads. */
static char *map_path(const CtlOptions *options) {
        char *path = NULL;

        if (!options->file && ctl_setting("login", "users", &path) == 0)
                return path;
        return strdup(options->file ? options->file : USERS_FILE);
}

static int fail(const char *path, int r) {
        ctl_complain("%s: %s", path, r == -ELOOP ? _("is a link; itaxd reads no map through a link") :
                                     r == -EBADMSG ? _("is no text file") :
                                     r == -EWOULDBLOCK ? _("somebody else is changing it; please try again") :
                                     strerror(-r));
        if (r == -EACCES || r == -EPERM || r == -EROFS) {
                ctl_complain("%s", _("the map is changed by root; please try again as root"));
                return CTL_DENIED;
        }
        return CTL_NO;
}

static const UsersLine *find_account(const UsersFile *file, const char *account) {
        for (size_t i = 0; i < file->n; i++)
                if (file->lines[i].account && strcmp(file->lines[i].account, account) == 0)
                        return &file->lines[i];
        return NULL;
}

enum Column { ACCOUNT, USER, STATE, _COLUMN_MAX };

typedef struct List {
        const UsersFile *file;
        size_t *shown; /* numbers of the lines */
} List;

static const char *cell(size_t row, size_t column, void *userdata) {
        const List *list = userdata;
        const UsersLine *line = &list->file->lines[list->shown[row]];

        if (column == ACCOUNT)
                return line->account;
        if (column == USER)
                return line->user;
        return getpwnam(line->user) ? _("exists") : _("does not exist on this host");
}

static void print_json(const UsersFile *file) {
        Json json = { .out = stdout };

        json_open(&json, NULL, '{');
        json_string(&json, "file", file->path);
        json_open(&json, "users", '[');
        for (size_t i = 0; i < file->n; i++)
                if (file->lines[i].account) {
                        json_open(&json, NULL, '{');
                        json_string(&json, "account", file->lines[i].account);
                        json_string(&json, "user", file->lines[i].user);
                        json_truth(&json, "exists", getpwnam(file->lines[i].user) != NULL);
                        json_number(&json, "line", i + 1);
                        json_close(&json, '}');
                }
        json_close(&json, ']');
        json_open(&json, "faults", '[');
        for (size_t i = 0; i < file->n; i++)
                if (file->lines[i].fault) {
                        json_open(&json, NULL, '{');
                        json_number(&json, "line", i + 1);
                        json_string(&json, "text", file->lines[i].fault);
                        json_close(&json, '}');
                }
        json_close(&json, ']');
        json_close(&json, '}');
        (void)printf("\n");
}

static int print_table(const UsersFile *file) {
        const char *headings[TABLE_COLUMNS] = { _("ACCOUNT"), _("USER"), _("STATE") };
        _cleanup_(freep) size_t *shown = calloc(file->n + 1, sizeof(*shown));
        List list = { .file = file, .shown = shown };
        size_t n = 0;

        if (!shown)
                return ctl_fail(-ENOMEM);
        for (size_t i = 0; i < file->n; i++)
                if (file->lines[i].account)
                        shown[n++] = i;
        if (n == 0)
                (void)printf(_("%s: no account is a local user here.\n"), file->path);
        else
                table_print(stdout, headings, n, cell, &list);
        return CTL_OK;
}

int ctl_user_list(_unused_ char **arguments, const CtlOptions *options) {
        _cleanup_(freep) char *path = map_path(options);
        _cleanup_(users_file_done) UsersFile file = USERS_FILE_NONE;
        struct stat st;
        int r;

        if (!path)
                return ctl_fail(-ENOMEM);
        r = users_file_read(path, &file);
        if (r < 0)
                return fail(path, r);
        if (options->json)
                print_json(&file);
        else
                r = print_table(&file);
        if (stat(path, &st) == 0 && (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))) {
                ctl_complain(_("%s: is not root's, or others may write to it: itaxd does not take it"), path);
                r = CTL_NO;
        }
        for (size_t i = 0; i < file.n; i++)
                if (file.lines[i].fault) {
                        ctl_complain("%s:%zu: %s", path, i + 1, _(file.lines[i].fault));
                        r = CTL_NO;
                }
        return r;
}

/* Whom an account must not become by a slip of the hand. */
static int check_user(const char *user, const CtlOptions *options) {
        const char *fault = users_user_fault(user);
        const struct passwd *entry;

        if (fault) {
                ctl_complain("%s: %s", user, _(fault));
                return CTL_USAGE;
        }
        entry = getpwnam(user);
        if (!entry) {
                ctl_complain(_("there is no local user %s yet; until there is, these accounts cannot log in"), user);
                return CTL_OK;
        }
        if (!options->system && (entry->pw_uid < FIRST_PERSON || entry->pw_uid == NOBODY)) {
                ctl_complain(_("%s is root or a user of the system. If persons shall log in as it, add --system."),
                             user);
                return CTL_NO;
        }
        return CTL_OK;
}

static void print_changed(const UsersFile *file, size_t n, const CtlOptions *options, const char *text) {
        Json json = { .out = stdout };

        if (!options->json) {
                (void)printf("%s\n", text);
                return;
        }
        json_open(&json, NULL, '{');
        json_string(&json, "file", file->path);
        json_number(&json, "changed", n);
        json_close(&json, '}');
        (void)printf("\n");
}

static int add_accounts(UsersFile *file, const char *user, char **accounts, size_t *ret_n) {
        size_t n = 0;

        for (char **account = accounts; *account; account++) {
                const char *fault = users_account_fault(*account);
                const UsersLine *line = fault ? NULL : find_account(file, *account);

                if (fault) {
                        ctl_complain("%s: %s", *account, _(fault));
                        return CTL_USAGE;
                }
                if (line && strcmp(line->user, user) == 0)
                        continue;
                if (line) {
                        ctl_complain(_("%s is the local user %s already. An account is never two users; "
                                       "\"itaxctl user unmap %s %s\" ends that."),
                                     *account, line->user, line->user, *account);
                        return CTL_NO;
                }
                if (users_file_add(file, *account, user) < 0)
                        return ctl_fail(-ENOMEM);
                n++;
        }
        *ret_n = n;
        return CTL_OK;
}

int ctl_user_map(char **arguments, const CtlOptions *options) {
        const char *user = arguments[0];
        _cleanup_(freep) char *path = map_path(options);
        _cleanup_(users_file_done) UsersFile file = USERS_FILE_NONE;
        char text[512];
        size_t n = 0;
        int r;

        r = check_user(user, options);
        if (r != CTL_OK)
                return r;
        if (!path)
                return ctl_fail(-ENOMEM);
        r = users_file_lock(path, &file);
        if (r < 0)
                return fail(path, r);
        r = add_accounts(&file, user, arguments + 1, &n);
        if (r != CTL_OK)
                return r;
        if (n > 0) {
                r = users_file_save(&file);
                if (r < 0)
                        return fail(path, r);
        }
        (void)snprintf(text, sizeof(text), _("%s: accounts added for %s: %zu. itaxd takes it over by itself."), path,
                       user, n);
        print_changed(&file, n, options, text);
        return CTL_OK;
}

static bool is_named(char **accounts, const char *account) {
        for (char **name = accounts; *name; name++)
                if (strcmp(*name, account) == 0)
                        return true;
        return !*accounts; /* none named: all */
}

int ctl_user_unmap(char **arguments, const CtlOptions *options) {
        const char *user = arguments[0];
        _cleanup_(freep) char *path = map_path(options);
        _cleanup_(users_file_done) UsersFile file = USERS_FILE_NONE;
        char text[512];
        size_t n = 0;
        int r;

        if (!path)
                return ctl_fail(-ENOMEM);
        r = users_file_lock(path, &file);
        if (r < 0)
                return fail(path, r);
        for (char **account = arguments + 1; *account; account++) {
                const UsersLine *line = find_account(&file, *account);

                if (!line || strcmp(line->user, user) != 0) {
                        ctl_complain(_("%s is not the local user %s; nothing was changed"), *account, user);
                        return CTL_NO;
                }
        }
        for (size_t i = file.n; i-- > 0;)
                if (file.lines[i].user && strcmp(file.lines[i].user, user) == 0 &&
                    is_named(arguments + 1, file.lines[i].account)) {
                        users_file_remove(&file, i);
                        n++;
                }
        if (n == 0) {
                ctl_complain(_("%s: no account is the local user %s; nothing was changed"), path, user);
                return CTL_NO;
        }
        r = users_file_save(&file);
        if (r < 0)
                return fail(path, r);
        (void)snprintf(text, sizeof(text), _("%s: accounts removed from %s: %zu. Sessions go on until they end."), path,
                       user, n);
        print_changed(&file, n, options, text);
        return CTL_OK;
}
