/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backend/random.h"
#include "backend/sms.h"
#include "lib/common/identity.h"
#include "lib/common/text.h"

int sms_outbox_check(const char *folder) {
        struct stat st;

        if (stat(folder, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode) || (st.st_mode & 077) ||
            (st.st_uid != 0 && st.st_uid != geteuid()))
                return SMS_E_FOLDER;
        return 0;
}

static bool is_mobile(const char *mobile) {
        Account account;

        account_parse(mobile, &account);
        return account.kind == ACCOUNT_MOBILE && strcmp(account.name, mobile) == 0;
}

static int write_all(int fd, const char *data, size_t n) {
        while (n > 0) {
                ssize_t k = write(fd, data, n);

                if (k < 0)
                        return -errno;
                data += k;
                n -= (size_t)k;
        }
        return 0;
}

int sms_send(const char *folder, const char *mobile, const char *text, int64_t now) {
        char id[RANDOM_ID_BYTES + 1], stamp[32], name[128], hidden[130],
                message[SMS_TEXT_BYTES + 128];
        _cleanup_(closep) int folder_fd = -1, fd = -1;
        time_t seconds = (time_t)now;
        struct tm tm;
        int r, n;

        if (!is_mobile(mobile) || text[0] == '\0' || strlen(text) > SMS_TEXT_BYTES ||
            !text_is_showable(text))
                return SMS_E_INVALID;

        r = random_id(id);
        if (r < 0)
                return r;
        if (!gmtime_r(&seconds, &tm) ||
            strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                return -EINVAL;
        (void)snprintf(name, sizeof(name), "%010lld-%s.txt", (long long)now, id);
        (void)snprintf(hidden, sizeof(hidden), ".%s", name);
        n = snprintf(message, sizeof(message), "To: %s\nDate: %s\n\n%s\n", mobile, stamp, text);

        folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder_fd < 0)
                return -errno;
        fd = openat(folder_fd, hidden, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;

        r = write_all(fd, message, (size_t)n);
        if (r == 0 && renameat(folder_fd, hidden, folder_fd, name) < 0)
                r = -errno;
        if (r < 0)
                (void)unlinkat(folder_fd, hidden, 0);
        return r;
}
