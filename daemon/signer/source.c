/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Source: by the rules of daemon/trusted.h. A file must also not be readable for others: with it in
 * hand its PIN could be guessed without anybody counting. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/log.h"
#include "daemon/signer/source.h"
#include "daemon/trusted.h"
#include "lib/common/identity.h"
#include "lib/common/util.h"

static int open_private(const char *path, int *ret) {
        _cleanup_(closep) int fd = -1;
        struct stat st;
        int r;

        r = trusted_open(path, &fd);
        if (r == 0 && fstat(fd, &st) < 0)
                r = -errno;
        if (r == -ENOENT || r == -ENOTDIR)
                return -ENOENT;
        if (r == 0 && !(st.st_mode & S_IROTH)) {
                *ret = TAKE_FD(fd);
                return 0;
        }

        log_record(LOG_ERR, 0, "%s: not used: %s", path,
                   r == 0 ? "is readable for others" : trusted_error_to_string(r));
        return r < 0 ? r : -EPERM;
}

int source_file(const char *folder, const char *unit, int *ret) {
        char path[PATH_MAX];
        int n;

        if (!folder || !unit_code_is_valid(unit)) /* letters and digits: nothing leads elsewhere */
                return -ENOENT;
        n = snprintf(path, sizeof(path), "%s/%s.p12", folder, unit);
        if (n < 0 || n >= (int)sizeof(path))
                return -ENAMETOOLONG;
        return open_private(path, ret);
}

/* Modules are called through links; what counts is the file that is loaded. */
int source_module(const char *module, char ret[PATH_MAX]) {
        _cleanup_(closep) int fd = -1;
        int r;

        r = realpath(module, ret) ? trusted_open(ret, &fd) : -errno;
        if (r == 0)
                return 0;

        log_record(LOG_ERR, 0, "%s: not used: %s", module, trusted_error_to_string(r));
        return r < 0 ? r : -EPERM;
}
