/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Users file: see users-file.h. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "ctl/ctl.h"
#include "ctl/users-file.h"
#include "lib/common/identity.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"

#define SPACES " \t\r"
#define LOCK_PAUSE_NSEC 50000000L
#define REGION_DIGITS 6 /* older taxpayer numbers begin with the digits of a place */

const char *users_account_fault(const char *account) {
        if (!*account || strlen(account) > LIMIT_ACCOUNT_BYTES)
                return N_("this is empty, or too long for an account");
        if (!text_is_showable(account) || strpbrk(account, SPACES "#\n"))
                return N_("an account has no spaces, no '#', and no characters that cannot be shown");
        if (account[0] == '@' && !unit_code_is_valid(account + 1))
                return N_("behind '@' stands the code of a unit");
        if (unit_code_is_valid(account) && login_name_is_valid(account) &&
            strspn(account, "0123456789") >= REGION_DIGITS)
                return N_("this may be a unit or a login name; for the unit write '@' before it");
        return NULL;
}

const char *users_user_fault(const char *user) {
        if (!*user || strlen(user) > LIMIT_USER_BYTES)
                return N_("this is empty, or too long for a local user");
        if (!text_is_showable(user) || strpbrk(user, ":/\\\"',#\n" SPACES) || user[0] == '-' || user[0] == '.')
                return N_("no local user can have such characters");
        if (user[strspn(user, "0123456789")] == '\0')
                return N_("a local user cannot be digits alone");
        return NULL;
}

static int parse_line(UsersLine *line) {
        _cleanup_(freep) char *copy = strdup(line->text);
        char *comment, *account, *user, *save = NULL;

        if (!copy)
                return -ENOMEM;
        if (!text_is_utf8(copy, strlen(copy))) {
                line->fault = N_("this is no text in UTF-8");
                return 0;
        }
        comment = strchr(copy, '#');
        if (comment)
                *comment = '\0';
        account = strtok_r(copy, SPACES, &save);
        if (!account)
                return 0;
        user = strtok_r(NULL, SPACES, &save);
        if (!user || strtok_r(NULL, SPACES, &save)) {
                line->fault = N_("a line is ACCOUNT LOCAL-USER, divided by spaces");
                return 0;
        }
        line->fault = users_account_fault(account);
        if (!line->fault)
                line->fault = users_user_fault(user);
        if (line->fault)
                return 0;
        line->account = strdup(account);
        line->user = strdup(user);
        return line->account && line->user ? 0 : -ENOMEM;
}

static int add_line(UsersFile *file, const char *text, size_t n) {
        UsersLine *more = reallocarray(file->lines, file->n + 1, sizeof(*more)), *line;

        if (!more)
                return -ENOMEM;
        file->lines = more;
        line = &file->lines[file->n];
        *line = (UsersLine){ .text = strndup(text, n) };
        if (!line->text)
                return -ENOMEM;
        file->n++;
        return parse_line(line);
}

static void line_done(UsersLine *line) {
        free(line->text);
        free(line->account);
        free(line->user);
}

void users_file_done(UsersFile *file) {
        for (size_t i = 0; i < file->n; i++)
                line_done(&file->lines[i]);
        free(file->lines);
        if (file->folder >= 0)
                (void)close(file->folder);
        if (file->lock >= 0)
                (void)close(file->lock); /* which gives it up */
        *file = (UsersFile)USERS_FILE_NONE;
}

/* The folder, and the name in it. */
static int open_folder(const char *path, int *ret) {
        _cleanup_(freep) char *copy = strdup(path);
        int fd;

        if (!copy)
                return -ENOMEM;
        fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        *ret = fd;
        return 0;
}

static const char *name_of(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

static int read_lines(UsersFile *file, int fd, size_t n) {
        _cleanup_(freep) char *text = malloc(n + 1);
        size_t got = 0;
        int r;

        if (!text)
                return -ENOMEM;
        while (got < n) {
                const ssize_t more = read(fd, text + got, n - got);

                if (more < 0 && errno == EINTR)
                        continue;
                if (more < 0)
                        return -errno;
                if (more == 0)
                        break;
                got += (size_t)more;
        }
        if (memchr(text, '\0', got))
                return -EBADMSG;
        for (size_t at = 0; at < got;) {
                const char *end = memchr(text + at, '\n', got - at);
                const size_t length = end ? (size_t)(end - text) - at : got - at;

                r = add_line(file, text + at, length);
                if (r < 0)
                        return r;
                at += length + 1;
        }
        return 0;
}

/* Return: 0, -EWOULDBLOCK, or another negative errno. */
static int take_lock(UsersFile *file) {
        const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NSEC };
        char name[256];

        (void)snprintf(name, sizeof(name), ".%.200s.lock", name_of(file->path));
        file->lock = openat(file->folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file->lock < 0)
                return -errno;
        for (long i = 0; flock(file->lock, LOCK_EX | LOCK_NB) < 0; i++) {
                if (errno != EWOULDBLOCK || i >= USERS_FILE_WAIT_SEC * (1000000000L / LOCK_PAUSE_NSEC))
                        return -errno;
                (void)nanosleep(&pause, NULL);
        }
        return 0;
}

static int open_file(const char *path, bool to_change, UsersFile *ret) {
        _cleanup_(users_file_done) UsersFile file = { .path = path, .mode = 0644, .folder = -1, .lock = -1 };
        _cleanup_(closep) int fd = -1;
        struct stat st;
        int r;

        r = open_folder(path, &file.folder);
        if (r == 0 && to_change)
                r = take_lock(&file);
        if (r < 0)
                return r;

        fd = openat(file.folder, name_of(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 && errno != ENOENT)
                return -errno;
        if (fd >= 0) {
                if (fstat(fd, &st) < 0)
                        return -errno;
                if (!S_ISREG(st.st_mode))
                        return -EBADMSG;
                if (st.st_size > (off_t)USERS_FILE_BYTES_MAX)
                        return -EFBIG;
                file.mode = st.st_mode & 07777;
                file.uid = st.st_uid;
                file.gid = st.st_gid;
                r = read_lines(&file, fd, (size_t)st.st_size);
                if (r < 0)
                        return r;
        }

        *ret = file;
        file = (UsersFile)USERS_FILE_NONE;
        return 0;
}

int users_file_read(const char *path, UsersFile *ret) {
        return open_file(path, false, ret);
}

int users_file_lock(const char *path, UsersFile *ret) {
        return open_file(path, true, ret);
}

int users_file_add(UsersFile *file, const char *account, const char *user) {
        char line[LIMIT_ACCOUNT_BYTES + LIMIT_USER_BYTES + 2];

        (void)snprintf(line, sizeof(line), "%s %s", account, user);
        return add_line(file, line, strlen(line));
}

void users_file_remove(UsersFile *file, size_t i) {
        line_done(&file->lines[i]);
        memmove(&file->lines[i], &file->lines[i + 1], (file->n - i - 1) * sizeof(UsersLine));
        file->n--;
}

static int write_lines(const UsersFile *file, int fd) {
        FILE *out;
        int r = 0;

        out = fdopen(fd, "w");
        if (!out) {
                r = -errno;
                (void)close(fd);
                return r;
        }
        for (size_t i = 0; i < file->n; i++)
                if (fprintf(out, "%s\n", file->lines[i].text) < 0)
                        r = -EIO;
        if (fflush(out) != 0 && r == 0)
                r = -errno;
        if (r == 0 && fsync(fileno(out)) < 0)
                r = -errno;
        if (fclose(out) != 0 && r == 0)
                r = -errno;
        return r;
}

int users_file_save(UsersFile *file) {
        _cleanup_(closep) int fd = -1;
        char name[256];
        int r;

        (void)snprintf(name, sizeof(name), ".%.200s.%ld", name_of(file->path), (long)getpid());
        fd = openat(file->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = fchown(fd, file->uid, file->gid) < 0 || fchmod(fd, file->mode) < 0 ? -errno : 0;
        if (r == 0)
                r = write_lines(file, TAKE_FD(fd));
        if (r == 0 && renameat(file->folder, name, file->folder, name_of(file->path)) < 0)
                r = -errno;
        if (r < 0) {
                (void)unlinkat(file->folder, name, 0);
                return r;
        }
        return fsync(file->folder) < 0 ? -errno : 0;
}
