/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/file.h"

static int read_fd(int fd, size_t n_max, Secret **ret) {
        _cleanup_(secret_freep) Secret *content = NULL;
        char buffer[4096];
        ssize_t n;
        int r;

        r = secret_new(n_max, &content);
        if (r < 0)
                return r;

        while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
                r = secret_append(content, buffer, (size_t)n);
                if (r < 0)
                        break;
        }
        if (n < 0)
                r = -errno;
        explicit_bzero(buffer, sizeof(buffer));
        if (r < 0)
                return r == -ENOBUFS ? FILE_E_TOO_LARGE : r;

        *ret = TAKE_PTR(content);
        return 0;
}

int file_read(const char *path, size_t n_max, Secret **ret) {
        _cleanup_(closep) int fd = -1;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        return read_fd(fd, n_max, ret);
}

int file_read_secret(const char *path, size_t n_max, Secret **ret) {
        _cleanup_(closep) int fd = -1;
        struct stat st;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if ((st.st_mode & 037) || (st.st_uid != 0 && st.st_uid != geteuid()))
                return FILE_E_EXPOSED;
        return read_fd(fd, n_max, ret);
}
