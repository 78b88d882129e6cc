/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Trusted: the folder is opened first and the file in it by its name, so that both are judged as
 * they are read */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/trusted.h"
#include "lib/common/util.h"

/* For xgettext: whoever shows it looks it up. */
#define N_(text) text

static int judge(const struct stat *st) {
        if (st->st_uid != 0 && st->st_uid != geteuid())
                return TRUSTED_E_OWNER;
        if (st->st_mode & (S_IWGRP | S_IWOTH))
                return TRUSTED_E_WRITABLE;
        return 0;
}

static int folder_open(const char *path, const char **ret_name, int *ret) {
        _cleanup_(freep) char *folder = NULL;
        _cleanup_(closep) int fd = -1;
        const char *slash = strrchr(path, '/');
        struct stat st;

        if (!slash || slash[1] == '\0')
                return -EINVAL;

        folder = slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
        if (!folder)
                return -ENOMEM;
        fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (judge(&st) != 0)
                return TRUSTED_E_FOLDER;

        *ret_name = slash + 1;
        *ret = TAKE_FD(fd);
        return 0;
}

int trusted_open(const char *path, int *ret) {
        _cleanup_(closep) int folder = -1, fd = -1;
        const char *name = "";
        struct stat st;
        int r;

        r = folder_open(path, &name, &folder);
        if (r != 0)
                return r;

        /* Not blocking: a pipe in its place must not stop the start. */
        fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return errno == ELOOP ? TRUSTED_E_TYPE : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return TRUSTED_E_TYPE;
        r = judge(&st);
        if (r != 0)
                return r;

        *ret = TAKE_FD(fd);
        return 0;
}

int trusted_folder(const char *path) {
        _cleanup_(closep) int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (fd < 0)
                return errno == ENOTDIR || errno == ELOOP ? TRUSTED_E_NO_FOLDER : -errno;
        return fstat(fd, &st) < 0 ? -errno : judge(&st);
}

int trusted_read(const char *path, size_t n_max, char **ret, size_t *ret_n) {
        _cleanup_(freep) char *bytes = NULL;
        _cleanup_(closep) int fd = -1;
        size_t n = 0, n_room = 0;
        int r;

        r = trusted_open(path, &fd);
        if (r != 0)
                return r;

        for (;;) {
                ssize_t n_read;

                if (n + 1 >= n_room) {
                        size_t n_more = n_room ? 2 * n_room : 4096;
                        char *more = realloc(bytes, n_more);

                        if (!more)
                                return -ENOMEM;
                        bytes = more;
                        n_room = n_more;
                }
                n_read = read(fd, bytes + n, n_room - n - 1);
                if (n_read < 0)
                        return -errno;
                if (n_read == 0)
                        break;
                n += (size_t)n_read;
                if (n > n_max)
                        return TRUSTED_E_SIZE;
        }

        bytes[n] = '\0';
        *ret = TAKE_PTR(bytes);
        *ret_n = n;
        return 0;
}

const char *trusted_error_to_string(int r) {
        static const char *const words[_TRUSTED_E_MAX] = {
                [TRUSTED_E_TYPE] = N_("is no regular file (links are not followed)"),
                [TRUSTED_E_OWNER] = N_("does not belong to root"),
                [TRUSTED_E_WRITABLE] = N_("is writable for its group or for others"),
                [TRUSTED_E_FOLDER] =
                        N_("lies in a folder that does not belong to root, or that others may write"),
                [TRUSTED_E_SIZE] = N_("is too large"),
                [TRUSTED_E_NO_FOLDER] = N_("is no folder (links are not followed)"),
        };

        if (r < 0)
                return strerrordesc_np(-r);
        return r > 0 && r < _TRUSTED_E_MAX ? words[r] : "is in order";
}
