/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Records: written beside and renamed, below a folder that is held open */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/directory/records.h"
#include "lib/common/limits.h"
#include "lib/common/util.h"

#define NAME_BYTES (LIMIT_USER_BYTES + 32)
#define FRESH ".itaxd-new"

static int folder_open(const char *path, int *ret) {
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        struct stat st;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)))
                return -EPERM;

        *ret = TAKE_FD(fd);
        return 0;
}

static int file_write(int folder, const char *name, const char *text) {
        _cleanup_(closep) int fd = -1;
        size_t n = strlen(text);
        ssize_t n_written;

        if (unlinkat(folder, FRESH, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(folder, FRESH, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
                return -errno;
        /* Whatever the umask is: every program looks users up. */
        if (fchmod(fd, 0644) < 0)
                return -errno;
        n_written = write(fd, text, n);
        if (n_written < 0)
                return -errno;
        if ((size_t)n_written != n)
                return -EIO;
        return renameat(folder, FRESH, folder, name) < 0 ? -errno : 0;
}

static int link_write(int folder, const char *target, const char *name) {
        if (unlinkat(folder, FRESH, 0) < 0 && errno != ENOENT)
                return -errno;
        if (symlinkat(target, folder, FRESH) < 0)
                return -errno;
        return renameat(folder, FRESH, folder, name) < 0 ? -errno : 0;
}

/* @text, then what it is found by: its name and its number. */
static int pair_write(int folder, const char *kind, const Record *record, const char *text) {
        char by_name[NAME_BYTES], by_number[NAME_BYTES];
        int r;

        (void)snprintf(by_name, sizeof(by_name), "%s.%s", record->name, kind);
        (void)snprintf(by_number, sizeof(by_number), "%lu.%s", (unsigned long)record->uid, kind);
        r = file_write(folder, by_name, text);
        return r < 0 ? r : link_write(folder, by_name, by_number);
}

/* A path of the configuration becomes a JSON string as it is. */
static bool path_is_plain(const char *path) {
        if (path[0] != '/')
                return false;
        for (const char *p = path; *p; p++)
                if ((unsigned char)*p < ' ' || *p == '"' || *p == '\\' || *p == 0x7f)
                        return false;
        return true;
}

int records_write(const char *folder, const Record *record) {
        _cleanup_(freep) char *user = NULL, *group = NULL;
        _cleanup_(closep) int fd = -1;
        unsigned long uid = record->uid;
        int r;

        if (!path_is_plain(record->home) || !path_is_plain(record->shell) ||
            strlen(record->name) > LIMIT_USER_BYTES)
                return -EINVAL;
        r = folder_open(folder, &fd);
        if (r < 0)
                return r;

        if (asprintf(&group, "{\"groupName\":\"%s\",\"gid\":%lu,\"disposition\":\"regular\"}\n",
                     record->name, uid) < 0) {
                group = NULL;
                return -ENOMEM;
        }
        if (asprintf(&user,
                     "{\"userName\":\"%s\",\"uid\":%lu,\"gid\":%lu,\"homeDirectory\":\"%s/%s\","
                     "\"shell\":\"%s\",\"disposition\":\"regular\"}\n",
                     record->name, uid, uid, record->home, record->name, record->shell) < 0) {
                user = NULL;
                return -ENOMEM;
        }

        /* The group first: whoever sees the user sees its group. */
        r = pair_write(fd, "group", record, group);
        return r < 0 ? r : pair_write(fd, "user", record, user);
}
