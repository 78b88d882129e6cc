/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Registry files: KEY=VALUE, one a line, every key of the table once and in any order. What was
 * not written here, or was changed by somebody, is no session. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/log.h"
#include "daemon/registry-files.h"
#include "lib/common/text.h"

#define FOLDER "sessions"
#define FIRST_LINE "itaxd session 1\n"
#define FILE_BYTES_MAX 8192U
#define TEMPORARY ".new"

struct RegistryFiles {
        int folder;
};

static const struct {
        const char *key;
        size_t n_max;
} words[_GRANT_FIELD_MAX] = {
        [GRANT_USER] = { "user", LIMIT_USER_BYTES },
        [GRANT_ACCOUNT] = { "account", LIMIT_ACCOUNT_BYTES },
        [GRANT_NAME] = { "name", LIMIT_NAME_BYTES },
        [GRANT_UNIT] = { "unit", LIMIT_UNIT_CODE_BYTES },
        [GRANT_UNIT_NAME] = { "unit_name", LIMIT_NAME_BYTES },
        [GRANT_METHOD] = { "method", LIMIT_OPTION_BYTES },
        [GRANT_SERVICE] = { "service", LIMIT_SERVICE_BYTES },
        [GRANT_TTY] = { "tty", LIMIT_TTY_BYTES },
        [GRANT_RHOST] = { "rhost", LIMIT_HOST_BYTES },
        [GRANT_LOGIN] = { "login", LIMIT_OPTION_BYTES },
};

typedef enum Number {
        NUMBER_PROOF,
        NUMBER_CALLER,
        NUMBER_SINCE,
        NUMBER_PROVEN,
        NUMBER_LEADER,
        NUMBER_START,
        _NUMBER_MAX,
} Number;

static const struct {
        const char *key;
        uint64_t max;
} numbers[_NUMBER_MAX] = {
        [NUMBER_PROOF] = { "proof", _GRANT_PROOF_MAX - 1 },
        [NUMBER_CALLER] = { "caller", UINT32_MAX - 1 },
        [NUMBER_SINCE] = { "since", INT64_MAX },
        [NUMBER_PROVEN] = { "proven", INT64_MAX },
        [NUMBER_LEADER] = { "leader", INT32_MAX },
        [NUMBER_START] = { "start", INT64_MAX },
};

static int judge_folder(int fd) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)))
                return -EPERM;
        return 0;
}

int registry_files_new(const char *folder, RegistryFiles **ret) {
        _cleanup_(closep) int above = -1, fd = -1;
        RegistryFiles *files;
        int r;

        above = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (above < 0)
                return -errno;
        r = judge_folder(above);
        if (r < 0)
                return r;
        if (mkdirat(above, FOLDER, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(above, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        r = judge_folder(fd);
        if (r < 0)
                return r;

        files = calloc(1, sizeof(*files));
        if (!files)
                return -ENOMEM;
        files->folder = TAKE_FD(fd);
        *ret = files;
        return 0;
}

RegistryFiles *registry_files_free(RegistryFiles *files) {
        if (files) {
                closep(&files->folder);
                free(files);
        }
        return NULL;
}

static bool word_fits(GrantField field, const char *value) {
        return *value && strlen(value) <= words[field].n_max && text_is_showable(value) &&
                !strchr(value, '\n');
}

/* What the file says. Return: 0, -EINVAL for a grant that cannot be written. */
static int put_grant(const Grant *grant, FILE *f) {
        const uint64_t values[_NUMBER_MAX] = {
                [NUMBER_PROOF] = grant->proof,
                [NUMBER_CALLER] = grant->caller,
                [NUMBER_SINCE] = grant->since_sec,
                [NUMBER_PROVEN] = grant->proven_usec,
                [NUMBER_LEADER] = (uint64_t)grant->leader.pid,
                [NUMBER_START] = grant->leader.start,
        };

        (void)fputs(FIRST_LINE, f);
        for (GrantField field = 0; field < _GRANT_FIELD_MAX; field++) {
                if (!grant->text[field])
                        continue;
                if (!word_fits(field, grant->text[field]))
                        return -EINVAL;
                (void)fprintf(f, "%s=%s\n", words[field].key, grant->text[field]);
        }
        for (Number number = 0; number < _NUMBER_MAX; number++)
                (void)fprintf(f, "%s=%llu\n", numbers[number].key,
                              (unsigned long long)values[number]);
        return 0;
}

static int write_all(int fd, const char *bytes, size_t n) {
        while (n > 0) {
                ssize_t n_written = write(fd, bytes, n);

                if (n_written < 0)
                        return -errno;
                bytes += n_written;
                n -= (size_t)n_written;
        }
        return 0;
}

int registry_files_write(RegistryFiles *files, const Grant *grant) {
        _cleanup_(closep) int fd = -1;
        _cleanup_(freep) char *bytes = NULL;
        char name[LIMIT_SESSION_BYTES + sizeof(TEMPORARY)];
        size_t n;
        FILE *f;
        int r;

        f = open_memstream(&bytes, &n);
        if (!f)
                return -ENOMEM;
        r = put_grant(grant, f);
        if (fclose(f) != 0)
                return -ENOMEM;
        if (r < 0)
                return r;

        (void)snprintf(name, sizeof(name), "%s%s", grant->id, TEMPORARY);
        (void)unlinkat(files->folder, name, 0);
        fd = openat(files->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, bytes, n);
        if (r == 0 && renameat(files->folder, name, files->folder, grant->id) < 0)
                r = -errno;
        if (r < 0)
                (void)unlinkat(files->folder, name, 0);
        return r;
}

void registry_files_remove(RegistryFiles *files, const char *id) {
        (void)unlinkat(files->folder, id, 0);
}

static bool read_number(const char *value, uint64_t max, uint64_t *ret) {
        uint64_t number = 0;

        if (!*value || strlen(value) > 19)
                return false;
        for (const char *p = value; *p; p++) {
                if (*p < '0' || *p > '9')
                        return false;
                number = 10 * number + (uint64_t)(*p - '0');
        }
        *ret = number;
        return number <= max;
}

/* Return: 0, -EBADMSG, -ENOMEM. */
static int take_line(Grant *grant, const char *key, const char *value,
                     uint64_t values[_NUMBER_MAX], uint32_t *seen) {
        for (GrantField field = 0; field < _GRANT_FIELD_MAX; field++)
                if (strcmp(words[field].key, key) == 0)
                        return grant->text[field] || !word_fits(field, value) ?
                                -EBADMSG :
                                grant_set(grant, field, value);

        for (Number number = 0; number < _NUMBER_MAX; number++)
                if (strcmp(numbers[number].key, key) == 0) {
                        if ((*seen & (1U << number)) ||
                            !read_number(value, numbers[number].max, &values[number]))
                                return -EBADMSG;
                        *seen |= 1U << number;
                        return 0;
                }
        return -EBADMSG;
}

/* @text is changed. Return: 0, -EBADMSG, or another negative errno. */
static int take_grant(char *text, size_t n, const char *id, Grant **ret) {
        _cleanup_(grant_unrefp) Grant *grant = NULL;
        uint64_t values[_NUMBER_MAX] = {};
        uint32_t seen = 0;
        char *line, *save = NULL;
        int r;

        if (strlen(text) != n || strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0)
                return -EBADMSG;
        r = grant_new(&grant);
        if (r < 0)
                return r;
        for (line = strtok_r(text + strlen(FIRST_LINE), "\n", &save); line;
             line = strtok_r(NULL, "\n", &save)) {
                char *value = strchr(line, '=');

                if (!value)
                        return -EBADMSG;
                *value++ = '\0';
                r = take_line(grant, line, value, values, &seen);
                if (r < 0)
                        return r;
        }
        if (seen != (1U << _NUMBER_MAX) - 1 || !grant->text[GRANT_USER] ||
            !grant->text[GRANT_METHOD] || values[NUMBER_LEADER] == 0)
                return -EBADMSG;

        memcpy(grant->id, id, LIMIT_SESSION_BYTES + 1);
        grant->proof = (GrantProof)values[NUMBER_PROOF];
        grant->caller = (uid_t)values[NUMBER_CALLER];
        grant->since_sec = values[NUMBER_SINCE];
        grant->proven_usec = values[NUMBER_PROVEN];
        grant->leader = (Leader){ .pid = (pid_t)values[NUMBER_LEADER],
                                  .start = values[NUMBER_START] };
        grant->is_open = true;
        *ret = TAKE_PTR(grant);
        return 0;
}

/* Return: 0, -EBADMSG for a file that was not written here, or another negative errno. */
static int read_file(const RegistryFiles *files, const char *name, Grant **ret) {
        _cleanup_(closep) int fd = -1;
        char text[FILE_BYTES_MAX + 1];
        struct stat st;
        ssize_t n;

        if (strlen(name) != LIMIT_SESSION_BYTES ||
            strspn(name, "0123456789abcdef") != LIMIT_SESSION_BYTES)
                return -EBADMSG;
        fd = openat(files->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return errno == ELOOP ? -EBADMSG : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
                return -EBADMSG;

        n = read(fd, text, sizeof(text));
        if (n < 0)
                return -errno;
        if ((size_t)n > FILE_BYTES_MAX)
                return -EBADMSG;
        text[n] = '\0';
        return take_grant(text, (size_t)n, name, ret);
}

int registry_files_read(RegistryFiles *files, RegistryFilesFn fn, void *userdata) {
        _cleanup_(closep) int fd = openat(files->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dirent *entry;
        size_t n = 0;
        DIR *dir;

        dir = fd < 0 ? NULL : fdopendir(fd);
        if (!dir)
                return -errno;
        (void)TAKE_FD(fd);

        /* cppcheck-suppress readdirCalled ; the stream is this function's own */
        while (n < REGISTRY_FILES_MAX && (entry = readdir(dir))) {
                Grant *grant = NULL;
                int r;

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                n++;
                r = read_file(files, entry->d_name, &grant);
                if (r == 0)
                        fn(grant, userdata);
                else {
                        log_record(LOG_WARNING, 0, "%s/%s is no session and is removed: %s", FOLDER,
                                   entry->d_name, strerrordesc_np(-r));
                        (void)unlinkat(files->folder, entry->d_name, 0);
                }
        }
        (void)closedir(dir);
        return 0;
}
